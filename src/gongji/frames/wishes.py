"""What may be said beside a frame: by name in the call, checked, with the names that there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Generic, Literal, TypedDict, TypeVar

from gongji.frames.facts_given import paths_of, texts_of
from gongji.frames.reform_overlays import ReformOverlay
from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.refusals import RowRefusal

F = TypeVar("F")
Money = Literal["", "fen", "decimal", "float"]
Order = Literal["person", "input"]


class CompareWishes(TypedDict, total=False):
    """Names that may be said beside a frame of visits.

    Shape:   `area` for rows that name none; `settings` figures for open parameters; `folders` of
             further rulebooks; `opening` what persons have used, meter -> fen; `strict` false
             leaves out rows that cannot be read; `order` person (by person, date, sequence) or
             input; `keep` further columns that come through, True for all that rules know;
             `ignore` columns that are passed over; `money` fen, decimal, float, empty as the frame
             gives it (fen where it gave fen, else decimal); `sheet` of a workbook.
    """

    area: str
    settings: Mapping[str, object]
    folders: Sequence[str | Path]
    opening: Mapping[str, Mapping[str, int]]
    strict: bool
    order: Order
    keep: bool | Sequence[str]
    ignore: Sequence[str]
    money: Money
    sheet: str


class FrameWishes(CompareWishes, total=False):
    """The same, and `reform`, what `gongji.reform` gave, for the law that it makes."""

    reform: ReformOverlay


@dataclass(frozen=True)
class GivenWishes:
    """The same with what holds where nothing is said; a name that there is not is a TypeError."""

    area: str = ""
    settings: Mapping[str, object] | None = None
    folders: Sequence[str | Path] = ()
    opening: Mapping[str, Mapping[str, int]] | None = None
    strict: bool = True
    order: Order = "person"
    keep: bool | Sequence[str] = False
    ignore: Sequence[str] = ()
    money: Money = ""
    reform: ReformOverlay | None = None
    sheet: str = ""

    @cached_property
    def own_areas(self) -> Areas:
        """The areas without the reform."""
        return Areas(Library(paths_of(self.folders)), everywhere=texts_of(self.settings))

    @cached_property
    def areas(self) -> Areas:
        """The areas that frames are settled by."""
        return self.reform.overlay.over(self.own_areas) if self.reform else self.own_areas

    @property
    def kept(self) -> tuple[str, ...]:
        """The further columns that are named."""
        return () if isinstance(self.keep, bool) else tuple(self.keep)


class FrameRowRefusal(RowRefusal):
    """Why the first bad row of a frame stops it, and what to say to go on without it."""

    def __str__(self) -> str:
        return (
            f"第 {self.row_number} 行 {self.field}：{self.values['reason']}"
            "（strict=False 则略过这样的行；adjudicate_or_reject 把它们连同原因交还）"
        )


@dataclass(frozen=True)
class Adjudicated(Generic[F]):
    """Visits settled, and the rows that could not be read, each with column, refusal and reason."""

    results: F
    rejected: F


@dataclass(frozen=True)
class Audited(Generic[F]):
    """What was paid against what the law gives: each difference, the sums by cause, rows not
    audited."""

    differences: F
    by_cause: F
    not_audited: F
