"""A figure as a rulebook writes it, as a value with its unit: `1500元`, `70%`, 不限."""

import re

YUAN, PERCENT, POINTS, NUMBER = "yuan", "percent", "points", "number"
_UNITS = {"元": YUAN, "%": PERCENT, "个百分点": POINTS, "": NUMBER}
_WORDS: dict[str, tuple[str | None, str]] = {"不限": (None, YUAN), "不设": ("0.00", YUAN)}
_FIGURE = re.compile(r"(-?\d[\d,]*(?:\.\d+)?)(元|%|个百分点|)")


def figure_value(text: str) -> tuple[str | None, str]:
    """The value and the unit of a figure; no unit where the text is no single figure.

    Units:   yuan with two decimals; percent, points and numbers as they are written.
    Returns: None as the value of what has no limit, and of what is no figure.
    """
    if text in _WORDS:
        return _WORDS[text]
    found = _FIGURE.fullmatch(text)
    if found is None:
        return None, ""
    number, unit = found[1].replace(",", ""), _UNITS[found[2]]
    if unit != YUAN:
        return number, unit
    whole, _, decimals = number.partition(".")
    return f"{whole}.{decimals:0<2}", unit
