"""`gongji.adjudicate`, `gongji.adjudicate_or_reject` and `gongji.compare`: visits in frames."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gongji.batch.adjudicate import TableWishes, settle_table
from gongji.batch.columns import one_array
from gongji.batch.encode import KEYS
from gongji.batch.visit_files import Rejected
from gongji.frames.frame_kinds import (
    ArrowArray,
    ArrowStream,
    Named,
    Rows,
    Taken,
    WantedAmounts,
    taken,
    tidied,
)
from gongji.frames.reform_overlays import ReformOverlay
from gongji.frames.wishes import (
    Adjudicated,
    CompareWishes,
    FrameRowRefusal,
    FrameWishes,
    GivenWishes,
)
from gongji.law.engine.areas import Areas
from gongji.refusals import Refusal
from gongji.tabular.arrow_tables import FAULT, ROW

if TYPE_CHECKING:
    import pandas
    import polars as pl

T = TypeVar("T")
AMOUNTS = ("pool_pays", "deductible", "supplements", "person_pays")
"""What `compare` tells of each visit under both laws."""


@overload
def adjudicate(
    frame: "pl.DataFrame | pl.LazyFrame | str | Path", **wishes: Unpack[FrameWishes]
) -> "pl.DataFrame": ...
@overload
def adjudicate(frame: Rows, **wishes: Unpack[FrameWishes]) -> list[dict[str, object]]: ...
@overload
def adjudicate(frame: Named, **wishes: Unpack[FrameWishes]) -> dict[str, list[object]]: ...
@overload
def adjudicate(frame: "pandas.DataFrame", **wishes: Unpack[FrameWishes]) -> "pandas.DataFrame": ...
@overload
def adjudicate(frame: ArrowStream | ArrowArray, **wishes: Unpack[FrameWishes]) -> pa.Table: ...
def adjudicate(frame: object, **wishes: Unpack[FrameWishes]) -> object:
    """Settle visits; columns as in docs/use/visits-file.md.

    Shape:   `frame` is a Polars, pandas or Arrow table, a list of dictionaries, a dictionary of
             columns, or the path of a file or folder; what may be said beside it is in
             `gongji.FrameWishes`: area, settings, folders, opening, strict, order, keep, ignore,
             money, reform, sheet.
    Returns: the results as a frame of the same kind (of a path or LazyFrame a Polars DataFrame).
    Refuses: row_rejected for the first row that cannot be read, with row and column; with `strict`
             false such rows are left out.

    >>> import gongji
    >>> visit = {"person": "甲", "date": "2023-03-01", "area": "430500", "status": "active",
    ...          "level": 2, "total": 1000}
    >>> gongji.adjudicate([visit])[0]["pool_pays"]
    Decimal('480.00')
    """
    results, rejected = _settled(frame, GivenWishes(**wishes))
    if rejected and wishes.get("strict", True):
        raise _first(rejected)
    return results()


@overload
def adjudicate_or_reject(
    frame: "pl.DataFrame | pl.LazyFrame | str | Path", **wishes: Unpack[FrameWishes]
) -> "Adjudicated[pl.DataFrame]": ...
@overload
def adjudicate_or_reject(
    frame: Rows, **wishes: Unpack[FrameWishes]
) -> Adjudicated[list[dict[str, object]]]: ...
@overload
def adjudicate_or_reject(
    frame: Named, **wishes: Unpack[FrameWishes]
) -> Adjudicated[dict[str, list[object]]]: ...
@overload
def adjudicate_or_reject(
    frame: "pandas.DataFrame", **wishes: Unpack[FrameWishes]
) -> "Adjudicated[pandas.DataFrame]": ...
@overload
def adjudicate_or_reject(
    frame: ArrowStream | ArrowArray, **wishes: Unpack[FrameWishes]
) -> Adjudicated[pa.Table]: ...
def adjudicate_or_reject(frame: object, **wishes: Unpack[FrameWishes]) -> Adjudicated[Any]:
    """Settle visits as `adjudicate` does, and give back the rows that could not be read.

    Returns: `results` and `rejected`, frames of the kind that was given; a rejected row has its
             number, `column`, `refusal` and `reason` before its own columns.

    >>> import gongji
    >>> visit = {"person": "甲", "date": "2023-03-01", "area": "430500", "status": "learner",
    ...          "level": 2, "total": 1000}
    >>> found = gongji.adjudicate_or_reject([visit])
    >>> found.results, found.rejected[0]["column"], found.rejected[0]["refusal"]
    ([], 'status', 'value_invalid')
    """
    given = GivenWishes(**wishes)
    source = taken(frame, given.ignore, given.sheet)
    table, rejected = _results(source, given, given.areas)
    return Adjudicated(_give(source, table, given), _give(source, _back(source, rejected), given))


@overload
def compare(
    frame: "pl.DataFrame | pl.LazyFrame | str | Path",
    reform: ReformOverlay,
    **wishes: Unpack[CompareWishes],
) -> "pl.DataFrame": ...
@overload
def compare(
    frame: Rows, reform: ReformOverlay, **wishes: Unpack[CompareWishes]
) -> list[dict[str, object]]: ...
@overload
def compare(
    frame: Named, reform: ReformOverlay, **wishes: Unpack[CompareWishes]
) -> dict[str, list[object]]: ...
@overload
def compare(
    frame: "pandas.DataFrame", reform: ReformOverlay, **wishes: Unpack[CompareWishes]
) -> "pandas.DataFrame": ...
@overload
def compare(
    frame: ArrowStream | ArrowArray, reform: ReformOverlay, **wishes: Unpack[CompareWishes]
) -> pa.Table: ...
def compare(frame: object, reform: ReformOverlay, **wishes: Unpack[CompareWishes]) -> object:
    """Settle visits as the law is and under a reform: each amount, the reform's, the difference.

    Returns: by visit `pool_pays`, `pool_pays_reform`, `pool_pays_change`, and so for deductible,
             supplements and person_pays; refusals and articles under both.
    Refuses: as `adjudicate`.

    >>> import gongji
    >>> visit = {"person": "甲", "date": "2023-03-01", "area": "430500", "status": "retired",
    ...          "level": 3, "total": 8000}
    >>> ceiling = {"待遇.普通门诊.最高支付限额.退休": "3000元"}
    >>> more = gongji.reform("430500", ceiling, start="2023-01-01")
    >>> row = gongji.compare([visit], more)[0]
    >>> row["pool_pays"], row["pool_pays_reform"], row["pool_pays_change"]
    (Decimal('2000.00'), Decimal('3000.00'), Decimal('1000.00'))
    """
    given = GivenWishes(**wishes)
    source = taken(frame, given.ignore, given.sheet)
    (before, bad), (after, _) = (
        _results(source, given, areas) for areas in (given.areas, reform.overlay.over(given.areas))
    )
    if bad and given.strict:
        raise _first(bad)
    return _give(source, _side_by_side(before, after), given)


def _settled(frame: object, given: GivenWishes) -> "tuple[Any, list[Rejected]]":
    """The results, to be made a frame when they are wanted, and the rows left out."""
    source = taken(frame, given.ignore, given.sheet)
    table, rejected = _results(source, given, given.areas)
    return lambda: _give(source, table, given), rejected


def _results(source: Taken, given: GivenWishes, areas: Areas) -> tuple[pa.Table, list[Rejected]]:
    """The results in whole fen, in the order and with the further columns that are wanted."""
    named = [name for name in given.kept if name not in source.table.column_names]
    if named:
        raise Refusal("field_missing", "、".join(named))
    passed = tuple(given.ignore)
    wishes = TableWishes(
        areas, given.area, given.opening, passed, given.kept, True, source.numbered
    )
    table, rejected = settle_table(source.table, wishes)
    table = tidied(table)
    if given.order == "input":
        table = table.take(pc.sort_indices(table.column(ROW)))
    elif given.order != "person":
        values = {"value": str(given.order), "allowed": "person、input"}
        raise Refusal("value_invalid", "order", values)
    return _with_kept(source, table, given), rejected


def _with_kept(source: Taken, table: pa.Table, given: GivenWishes) -> pa.Table:
    """The results with further columns of the frame behind the keys."""
    names = source.table.column_names if given.keep is True else given.kept
    wanted = [n for n in names if n not in (*table.column_names, *given.ignore, FAULT)]
    if not wanted:
        return table
    rows = source.table.select(wanted).take(source.places(one_array(table.column(ROW))))
    at = sum(name in KEYS for name in table.column_names)
    for place, name in enumerate(wanted, start=at):
        table = table.add_column(place, name, rows.column(name))
    return table


def _amounts(source: Taken, given: GivenWishes) -> WantedAmounts:
    names = source.table.column_names
    in_fen = {"total_fen", "in_scope_fen"} & set(names)
    return WantedAmounts(given.money or ("fen" if in_fen else "decimal"), names)


def _give(source: Taken, table: pa.Table, given: GivenWishes) -> object:
    return source.give(table, _amounts(source, given))


def _first(rejected: Sequence[Rejected]) -> FrameRowRefusal:
    first = min(rejected, key=lambda bad: bad.row_number)
    return FrameRowRefusal(first.row_number, first.column, first.code, first.reason)


def _back(source: Taken, rejected: Sequence[Rejected]) -> pa.Table:
    """The rows that could not be read, as they were, with what is wrong with them."""
    bad = sorted(rejected, key=lambda one: one.row_number)
    numbers = pa.array([one.row_number for one in bad], pa.int64())
    said = {
        ROW: numbers,
        "column": pa.array([one.column for one in bad], pa.string()),
        "refusal": pa.array([one.code for one in bad], pa.string()),
        "reason": pa.array([one.reason for one in bad], pa.string()),
    }
    own = [name for name in source.table.column_names if name not in (*said, FAULT)]
    rows = source.table.select(own).take(source.places(numbers))
    return pa.table(said | {name: rows.column(name) for name in own})


def _side_by_side(before: pa.Table, after: pa.Table) -> pa.Table:
    """Two results of the same visits as one table; a visit that one law cannot read is left out."""
    rows = [one_array(table.column(ROW)).to_numpy() for table in (before, after)]
    before, after = (
        table.filter(pa.array(np.isin(mine, other)))
        for table, mine, other in zip((before, after), rows, rows[::-1], strict=True)
    )
    own = before.column_names[: before.column_names.index("pool_pays_fen")]
    made = {name: before.column(name) for name in own}
    for name in AMOUNTS:
        one, other = (table.column(f"{name}_fen") for table in (before, after))
        made |= {f"{name}_fen": one, f"{name}_reform_fen": other}
        made[f"{name}_change_fen"] = pc.subtract(other, one)
    for name in ("refusal", "articles", "rulebook"):
        made |= {name: before.column(name), f"{name}_reform": after.column(name)}
    return pa.table(made)
