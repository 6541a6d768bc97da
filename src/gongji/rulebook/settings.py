"""Figures that a user supplies for open parameters (--set): known names, readable values."""

from collections.abc import Iterable, Mapping

from gongji.errors import Refusal
from gongji.rulebook import documents
from gongji.rulebook.figures import parse_setting
from gongji.rulebook.law import Law


def check(laws: Iterable[Law], settings: Mapping[str, str]) -> None:
    """Every supplied figure names a parameter of these laws and can be read.

    Refuses: value_invalid, naming the parameters there are, or how the figure is written.
    """
    known: dict[str, documents.Parameter] = {}
    for law in laws:
        for provision in law.section("参数").values():
            assert isinstance(provision.value, documents.Parameter)
            known[provision.value.code] = provision.value
    for path, text in settings.items():
        parameter = known.get(path.split(".")[0])
        if parameter is None:
            allowed = "、".join(sorted(known)) or "（这些规则没有参数）"
            raise Refusal("value_invalid", "--set", {"value": path, "allowed": allowed})
        try:
            parse_setting(text, parameter.unit)
        except ValueError:
            form = "百分比，如 85%" if parameter.unit == "ppm" else "以元为单位的金额，如 1200"
            raise Refusal("value_invalid", path, {"value": text, "allowed": form}) from None
