"""Figures that a user supplies for open parameters (--set): known names, readable values."""

import re
from collections.abc import Iterable, Mapping

from gongji.law.compile.figures import parse_setting
from gongji.law.rulebook import provision_kinds, value_mistakes
from gongji.law.rulebook.law import Law
from gongji.refusals import Refusal
from gongji.units import MAX_FEN, WHOLE


def check(laws: Iterable[Law], settings: Mapping[str, str]) -> None:
    """Every supplied figure names a parameter of these laws, or one value of it, and can be read.

    Refuses: value_invalid, naming the parameters or values there are, or how the figure is written.
    """
    known: dict[str, list[tuple[Law, provision_kinds.Parameter]]] = {}
    for law in laws:
        for provision in law.all(provision_kinds.Parameter).values():
            known.setdefault(provision.value.code, []).append((law, provision.value))
    for path, text in settings.items():
        code, *values = path.split(".")
        if code not in known:
            allowed = "、".join(sorted(known)) or "（这些规则没有参数）"
            raise Refusal("value_invalid", "--set", {"value": path, "allowed": allowed})
        misnamed = [_misnamed(law, parameter, values) for law, parameter in known[code]]
        if all(misnamed):
            raise Refusal("value_invalid", "--set", {"value": path, "allowed": misnamed[0]})
        _check_figure(path, text, known[code][0][1].unit)


def _misnamed(law: Law, parameter: provision_kinds.Parameter, values: list[str]) -> str:
    """How the values of a parameter are named, where these are not; otherwise nothing."""
    code = parameter.code
    if not parameter.axes:
        years = len(values) <= 1 and all(re.fullmatch(r"\d{4}", text) for text in values)
        return "" if years else f"{code} 或 {code}.年份"
    if len(values) > len(parameter.axes):
        return ".".join((code, *parameter.axes))
    for axis, text in zip(parameter.axes, values, strict=False):
        fact = law.facts[axis]
        names = [choice or name for name, choice in fact.choices.items()] or list(fact.bands)
        if names and text not in names:
            return f"{'.'.join((code, *parameter.axes))}，其中{axis}：{'、'.join(names)}"
    return ""


def _check_figure(path: str, text: str, unit: str) -> None:
    form = "0% 至 100% 的百分比，如 85%" if unit == "ppm" else "以元为单位的金额，如 1200"
    try:
        figure = parse_setting(text, unit)
    except ValueError:
        figure = -1
    if re.fullmatch(r"[0-9.]+", text) and unit == "ppm":
        form = f"0% 至 100% 的百分比，须写百分号，如 {text}%"
    elif unit != "ppm" and figure < 0:
        mend = value_mistakes.money(text)
        form += f"（{mend}）" if mend else ""
    if not 0 <= figure <= (WHOLE if unit == "ppm" else MAX_FEN):
        raise Refusal("value_invalid", path, {"value": text, "allowed": form})
