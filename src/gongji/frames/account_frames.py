"""`gongji.accrue` and `gongji.clear`: rosters and institutions in frames, a result a row."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack, overload

import pyarrow as pa

from gongji.frames.facts_given import fact_text, paths_of, texts_of
from gongji.frames.frame_kinds import (
    ArrowArray,
    ArrowStream,
    Named,
    Rows,
    Taken,
    WantedAmounts,
    taken,
)
from gongji.frames.wishes import Money
from gongji.law.accounts.account_files import (
    Accrual,
    ClearingJob,
    RowAnswer,
    Values,
    check_columns,
    in_fen,
    months_between,
)
from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.refusals import RowRefusal
from gongji.tabular.arrow_tables import FAULT, ROW, refusal_of_fault
from gongji.tabular.cell_forms import COLUMN_FORMS
from gongji.tabular.sheets import typed_record

if TYPE_CHECKING:
    import pandas
    import polars as pl


class ClearWishes(TypedDict, total=False):
    """Names that `clear` takes beside the frame, as those of `adjudicate`; with `strict` false rows
    that cannot be computed stay, with their refusal and its sentence."""

    area: str
    settings: Mapping[str, object]
    folders: Sequence[str | Path]
    strict: bool
    money: Money
    sheet: str


class AccrueWishes(ClearWishes, total=False):
    """The same, and the month to compute, or the first and last of several (2024-05, or a date)."""

    month: date | str
    since: date | str
    until: date | str


@overload
def accrue(
    frame: "pl.DataFrame | pl.LazyFrame | str | Path", **wishes: Unpack[AccrueWishes]
) -> "pl.DataFrame": ...
@overload
def accrue(frame: Rows, **wishes: Unpack[AccrueWishes]) -> list[dict[str, object]]: ...
@overload
def accrue(frame: Named, **wishes: Unpack[AccrueWishes]) -> dict[str, list[object]]: ...
@overload
def accrue(frame: "pandas.DataFrame", **wishes: Unpack[AccrueWishes]) -> "pandas.DataFrame": ...
@overload
def accrue(frame: ArrowStream | ArrowArray, **wishes: Unpack[AccrueWishes]) -> pa.Table: ...
def accrue(frame: object, **wishes: Unpack[AccrueWishes]) -> object:
    """The monthly credits of a roster; columns as in docs/use/roster-file.md.

    Returns: a row a person and month: credit, to_pool, funded_by, refusal, articles, explanation.
    Refuses: row_rejected for the first row that cannot be computed, unless `strict` is false.

    >>> import gongji
    >>> person = {"person": "甲", "status": "active", "base": 6000}
    >>> gongji.accrue([person], area="445300", month="2024-05")[0]["credit"]
    Decimal('120.00')
    """
    given = dict(wishes)
    wanted = [fact_text(name, given.pop(name, "")) for name in ("month", "since", "until")]
    months: tuple[str, ...] = ()
    if wanted[0]:
        months = months_between(wanted[0], wanted[0], ("month", "month"))
    elif wanted[1] or wanted[2]:
        months = months_between(wanted[1], wanted[2], ("since", "until"))
    asked = _Asked(**given)  # type: ignore[arg-type]
    source = taken(frame, sheet=asked.sheet)
    return _computed(source, Accrual(asked.areas, months, True), asked)


@overload
def clear(
    frame: "pl.DataFrame | pl.LazyFrame | str | Path", **wishes: Unpack[ClearWishes]
) -> "pl.DataFrame": ...
@overload
def clear(frame: Rows, **wishes: Unpack[ClearWishes]) -> list[dict[str, object]]: ...
@overload
def clear(frame: Named, **wishes: Unpack[ClearWishes]) -> dict[str, list[object]]: ...
@overload
def clear(frame: "pandas.DataFrame", **wishes: Unpack[ClearWishes]) -> "pandas.DataFrame": ...
@overload
def clear(frame: ArrowStream | ArrowArray, **wishes: Unpack[ClearWishes]) -> pa.Table: ...
def clear(frame: object, **wishes: Unpack[ClearWishes]) -> object:
    """The annual clearing of institutions; columns as in docs/use/institutions-file.md.

    Returns: a row an institution: prepaid by month, used, balance, kept, returned, borne.
    Refuses: as `accrue`.

    >>> import gongji
    >>> gongji.clear([{"institution": "甲", "area": "430500", "year": 2023}])
    Traceback (most recent call last):
    ...
    gongji.refusals.classes.RowRefusal: 第 1 行 year_end：…
    """
    asked = _Asked(**wishes)
    return _computed(taken(frame, sheet=asked.sheet), ClearingJob(asked.areas, True), asked)


@dataclass(frozen=True)
class _Asked:
    area: str = ""
    settings: Mapping[str, object] | None = None
    folders: Sequence[str | Path] = ()
    strict: bool = True
    money: Money = ""
    sheet: str = ""

    @property
    def areas(self) -> Areas:
        found = Areas(Library(paths_of(self.folders)), everywhere=texts_of(self.settings))
        found.check_given(found.library.areas())
        return found


def _computed(source: Taken, job: Accrual | ClearingJob, asked: _Asked) -> object:
    """The results of a frame's rows as a frame of its kind."""
    names = [name for name in source.table.column_names if name not in (ROW, FAULT)]
    check_columns(names, job)
    rows: list[Values] = []
    for number, row in _rows(source.table, names):
        if asked.area and not row.get("area"):
            row["area"] = asked.area
        for answer in job.answers(row):
            if answer.refused is not None and asked.strict:
                why = answer.refused
                raise RowRefusal(number, why.field, why.code, str(why))
            rows.append(_whole(answer))
    money = asked.money or ("fen" if in_fen(names) else "decimal")
    return source.give(_table(job, rows), WantedAmounts(money))


def _whole(answer: RowAnswer) -> Values:
    return tuple(None if value == "" else value for value in answer.values)


def _rows(table: pa.Table, names: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows as texts, each with its number.

    Refuses: row_rejected for a cell of a wrong type.
    """
    forms = [COLUMN_FORMS.get(name, "text") for name in names]
    columns = [table.column(name).to_pylist() for name in names]
    count = table.num_rows
    numbers = table.column(ROW).to_pylist() if ROW in table.column_names else range(1, count + 1)
    faults = table.column(FAULT).to_pylist() if FAULT in table.column_names else [None] * count
    for number, fault, *values in zip(numbers, faults, *columns, strict=True):
        if fault:
            why = refusal_of_fault(fault)
            raise RowRefusal(number, why.field, why.code, str(why))
        record = typed_record(number, tuple(names), values, forms)
        for column, reason in record.problems:
            raise RowRefusal(number, column, "cell_unreadable", reason)
        yield number, dict(zip(names, record.cells, strict=True))


def _table(job: Accrual | ClearingJob, rows: Sequence[Values]) -> pa.Table:
    kinds = [pa.int64() if name.endswith("_fen") else pa.string() for name in job.results]
    columns = zip(*rows, strict=True) if rows else [()] * len(kinds)
    arrays = [pa.array(values, kind) for values, kind in zip(columns, kinds, strict=True)]
    return pa.table(arrays, names=list(job.results))
