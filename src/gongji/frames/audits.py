"""`gongji.audit`: visits with what was paid, in frames, against what the law gives."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, overload

import pyarrow as pa

from gongji.auditing.causes import CAUSES
from gongji.auditing.differences import AuditSummary, bad_frame, findings_frame
from gongji.auditing.history import Finding
from gongji.auditing.rows import BadRow, PaidFile
from gongji.auditing.rows import audit as audit_rows
from gongji.auditing.suspects import suspects_of
from gongji.frames.facts_given import paths_of, texts_of
from gongji.frames.frame_kinds import ArrowArray, ArrowStream, Named, Rows, WantedAmounts, taken
from gongji.frames.wishes import Audited, Money
from gongji.tabular.arrow_tables import FAULT, ROW
from gongji.units import Fen, parse_fen

if TYPE_CHECKING:
    import pandas
    import polars as pl


class AuditWishes(TypedDict, total=False):
    """Names that `audit` takes beside the frame: as those of `adjudicate`, and by which `meters`
    later visits are judged, the law's or those of what was paid."""

    area: str
    settings: Mapping[str, object]
    folders: Sequence[str | Path]
    meters: Literal["law", "paid"]
    ignore: Sequence[str]
    money: Money
    sheet: str


@overload
def audit(
    frame: "pl.DataFrame | pl.LazyFrame | str | Path", **wishes: Unpack[AuditWishes]
) -> "Audited[pl.DataFrame]": ...
@overload
def audit(frame: Rows, **wishes: Unpack[AuditWishes]) -> Audited[list[dict[str, object]]]: ...
@overload
def audit(frame: Named, **wishes: Unpack[AuditWishes]) -> Audited[dict[str, list[object]]]: ...
@overload
def audit(
    frame: "pandas.DataFrame", **wishes: Unpack[AuditWishes]
) -> "Audited[pandas.DataFrame]": ...
@overload
def audit(frame: ArrowStream | ArrowArray, **wishes: Unpack[AuditWishes]) -> Audited[pa.Table]: ...
def audit(frame: object, **wishes: Unpack[AuditWishes]) -> Audited[Any]:
    """Hold what was paid against what the law gives; columns as in docs/use/audit.md.

    Shape:   as `adjudicate`, with a column `paid_pool` (yuan) or `paid_pool_fen`.
    Returns: `differences` (a row a visit, with cause, reason, articles, and what was due, paid and
             the difference of each amount), `by_cause`, `not_audited`; frames of the kind given.
    Refuses: what a visits file is refused for.

    >>> import gongji
    >>> visit = {"person": "甲", "date": "2023-03-01", "area": "430500", "status": "active",
    ...          "level": 2, "total": 1000, "paid_pool": "600.00"}
    >>> found = gongji.audit([visit])
    >>> found.differences[0]["due_pool"], found.differences[0]["difference_pool"]
    (Decimal('480.00'), Decimal('120.00'))
    >>> found.by_cause[0]["name"]
    '起付标准未扣'
    """
    known = AuditWishes.__annotations__
    if strange := [name for name in wishes if name not in known]:
        raise TypeError(f"audit() takes no {strange[0]!r}; known: {', '.join(known)}")
    source = taken(frame, wishes.get("ignore", ()), wishes.get("sheet", ""))
    file = PaidFile(
        _texts(source.table, wishes.get("ignore", ())),
        area=wishes.get("area", ""),
        folders=paths_of(wishes.get("folders", ())),
        settings=texts_of(wishes.get("settings")),
    )
    findings: list[Finding] = []
    bad: list[BadRow] = []
    summary = AuditSummary(rows=len(file.frame))
    for found in audit_rows(file, wishes.get("meters", "law"), suspects=suspects_of(file)):
        summary.add(found)
        (bad if isinstance(found, BadRow) else findings).append(found)  # type: ignore[arg-type]
    in_fen = "paid_pool_fen" in source.table.column_names
    money = wishes.get("money") or ("fen" if in_fen else "decimal")
    tables = (_findings(findings, tuple(file.names)), _causes(summary), bad_frame(bad).to_arrow())
    return Audited(*(source.give(table, WantedAmounts(money)) for table in tables))


def _texts(table: pa.Table, ignored: Sequence[str]) -> "pl.DataFrame":
    import polars as pl

    names = [name for name in table.column_names if name not in (ROW, FAULT, *ignored)]
    return pl.DataFrame(pl.from_arrow(table.select(names)))


def _findings(findings: Sequence[Finding], names: tuple[str, ...]) -> pa.Table:
    """The differences with amounts in whole fen."""
    import polars as pl

    frame = findings_frame(findings, names)
    amounts = [n for n in frame.columns if n.startswith(("due_", "paid_", "difference_"))]
    made = frame.with_columns(
        pl.Series(name, list(map(_fen, frame[name])), pl.Int64) for name in amounts
    )
    return made.rename({name: f"{name}_fen" for name in amounts}).to_arrow()


def _fen(text: str | None) -> Fen | None:
    return None if text is None else parse_fen(text)


def _causes(summary: AuditSummary) -> pa.Table:
    rows = summary.rows_by_cause()
    return pa.table(
        {
            "cause": pa.array([cause for cause, _ in rows], pa.string()),
            "name": pa.array([CAUSES[cause] for cause, _ in rows], pa.string()),
            "count": pa.array([tally.count for _, tally in rows], pa.int64()),
            "over_fen": pa.array([tally.over_fen for _, tally in rows], pa.int64()),
            "under_fen": pa.array([tally.under_fen for _, tally in rows], pa.int64()),
        }
    )
