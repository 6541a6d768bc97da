"""Texts that a spreadsheet would take for a formula: marked in CSV as spreadsheets mark a text.

An Excel file says of each cell that it is a text; CSV cannot, so a text that begins as a formula
does gets an apostrophe before it, which reading takes away again.
"""

import re

BEGINNINGS = "=+-@\t\r"
"""How a formula begins."""
FORMULA = r"^[=+\-@\t\r]"
NUMBER = r"^[+-][0-9][0-9,.]*%?$"
"""The same as patterns, and what begins so and is none."""
_NUMBER = re.compile(NUMBER)


def no_formula(value: object) -> object:
    """A value as it stands in a CSV file; numbers stay numbers."""
    if not isinstance(value, str) or value[:1] not in BEGINNINGS or not value:
        return value
    return value if _NUMBER.fullmatch(value) else f"'{value}"


def formula_again(text: str) -> str:
    """A text without the apostrophe that `no_formula` put before it."""
    return text[1:] if text[:1] == "'" and text[1:2] and text[1] in BEGINNINGS else text
