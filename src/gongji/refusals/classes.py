"""What gongji says no with: refusals (decisions), faults (accidents), problems of files.

A refusal knows its code and its values; the sentences stand beside it, a file for each room.
"""

import dataclasses
from dataclasses import dataclass

from gongji.refusals.sentences import REFUSALS


class GongjiError(Exception):
    """Anything gongji says no to."""


BOUNDS = ("at_least", "at_most")
"""Values that say, in yuan, between what the pool pays of a visit that lacks a figure."""


@dataclass
class Refusal(GongjiError):
    """A decision not to do what was asked.

    Shape:   `known` among `values` is what may stand instead, where it can be listed.
    Ensures: `code` is one of REFUSALS; `str()` is one Chinese sentence.
    """

    code: str
    field: str = ""
    values: dict[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(str(self))

    def __str__(self) -> str:
        sentence = REFUSALS[self.code]
        values = {"field": self.field, "known": ""} | self.values
        # Where a sentence has no place of its own for it, what may stand instead follows it.
        return sentence.format(**values) + ("" if "{known}" in sentence else values["known"])

    @property
    def row(self) -> int | None:
        """The row of a file or frame that is refused, counted from 1; None where it is no row."""
        return None

    def as_json(self) -> dict[str, str]:
        """Code, field and sentence, for machines; the bounds of a payment that lacks a figure."""
        bounds = {name: self.values[name] for name in BOUNDS if name in self.values}
        return {"refusal": self.code, "field": self.field, "reason": str(self)} | bounds


class RowRefusal(Refusal):
    """Why the first bad row of a file stops it: which row, which column, the row's own refusal.

    Shape:   rows of a file are counted from 1, its head not counted; `reason` is the sentence of
             the refusal `why`.
    """

    def __init__(self, row_number: int, column: str, why: str, reason: str, file: str = "") -> None:
        self.row_number, self.why = row_number, why
        values = {"file": f"{file} " if file else "", "row": str(row_number), "reason": reason}
        super().__init__("row_rejected", column, values)

    @property
    def row(self) -> int | None:
        """The row, counted from 1."""
        return self.row_number

    def as_json(self) -> dict[str, str]:
        """With the row and its own refusal."""
        return super().as_json() | {"row_number": str(self.row_number), "row_refusal": self.why}


@dataclass(frozen=True)
class Problem:
    """One mistake in a file: where, which key, what is wrong and what to do."""

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.key}：{self.message}"


@dataclass(frozen=True)
class RowProblem(Problem):
    """One mistake in a file of rows: `line` counts its rows from 1, zero being its head."""

    def __str__(self) -> str:
        row = f"第 {self.line} 行 " if self.line else ""
        return f"{self.file}: {row}{self.key}：{self.message}"


class RulebookError(GongjiError):
    """A rulebook that cannot be used, with every problem found."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems, key=lambda p: (p.file, p.line, p.key))
        super().__init__("\n".join(map(str, self.problems)))


class Fault(GongjiError):
    """Something that should not happen; a retry may succeed."""
