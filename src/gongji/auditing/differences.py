"""Differences as a table, their summary by cause, and both as files."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from gongji.auditing.causes import CAUSES
from gongji.auditing.history import POOL, Finding
from gongji.auditing.rows import BadRow
from gongji.law.compile.citations import books_note
from gongji.law.explain.rules_sheet import rules_sheet
from gongji.law.explain.show import cited_alone
from gongji.law.rulebook.law import Law
from gongji.tabular.formulas import FORMULA, NUMBER
from gongji.tabular.frame_sheets import frame_sheet
from gongji.tabular.handed_on import result_book
from gongji.tabular.sheets import ending_of
from gongji.tabular.texts import ROW
from gongji.tabular.whole_files import appearing
from gongji.units import Fen, date_of, yuan_text

FIXED: dict[str, Any] = {
    ROW: pl.Int64,
    "person": pl.String,
    "visit": pl.String,
    "date": pl.Date,
    "area": pl.String,
    "benefit": pl.String,
    "cause": pl.String,
    "cause_name": pl.String,
    "reason": pl.String,
    "articles": pl.String,
    "doubts": pl.String,
    "also": pl.String,
    "exact": pl.Boolean,
    "from_row": pl.Int64,
}
AMOUNTS = ("due_", "paid_", "difference_")
"""How the names of columns with amounts begin."""
BAD = {
    ROW: pl.Int64,
    "person": pl.String,
    "column": pl.String,
    "code": pl.String,
    "reason": pl.String,
}


@dataclass
class Tally:
    """The differences of one cause: how many, what the pool paid too much, what too little."""

    count: int = 0
    over_fen: Fen = 0
    under_fen: Fen = 0


@dataclass
class AuditSummary:
    """How many rows were audited, what differed by cause, what could not be audited."""

    rows: int = 0
    bad: int = 0
    causes: dict[str, Tally] = field(default_factory=dict)
    own_note: str = ""
    """That rulebooks audited by did not come with the program."""

    def rest_on(self, laws: Iterable[Law]) -> None:
        """Note which of the laws' documents did not come with the program."""
        self.own_note = books_note(book for law in laws for book in law.books)

    def add(self, found: Finding | BadRow) -> None:
        """Count a finding or a bad row."""
        if isinstance(found, BadRow):
            self.bad += 1
            return
        tally = self.causes.setdefault(found.cause, Tally())
        tally.count += 1
        tally.over_fen += max(0, found.difference_fen)
        tally.under_fen += max(0, -found.difference_fen)

    @property
    def count(self) -> int:
        """How many visits differ."""
        return sum(tally.count for tally in self.causes.values())

    def rows_by_cause(self) -> list[tuple[str, Tally]]:
        """The causes, the most frequent first."""
        return sorted(self.causes.items(), key=lambda pair: (-pair[1].count, pair[0]))

    def as_json(self) -> dict[str, Any]:
        """The summary for machines; amounts in yuan as text with two decimals."""
        return {
            "rows": self.rows,
            "bad_rows": self.bad,
            "differences": self.count,
            "own_note": self.own_note,
            "over": yuan_text(sum(tally.over_fen for tally in self.causes.values())),
            "under": yuan_text(sum(tally.under_fen for tally in self.causes.values())),
            "causes": [
                {
                    "cause": cause,
                    "name": CAUSES[cause],
                    "count": tally.count,
                    "over": yuan_text(tally.over_fen),
                    "under": yuan_text(tally.under_fen),
                }
                for cause, tally in self.rows_by_cause()
            ],
        }


def as_row(finding: Finding, names: Iterable[str]) -> dict[str, Any]:
    """A finding as a row: what it is, then due, paid and difference of each amount, in yuan."""
    visit = finding.visit
    row: dict[str, Any] = {
        ROW: finding.row_number,
        "person": visit.person,
        "visit": visit.visit,
        "date": date_of(visit.day),
        "area": visit.area,
        "benefit": visit.benefit,
        "cause": finding.cause,
        "cause_name": CAUSES[finding.cause],
        "reason": finding.sentence,
        "articles": cited_alone(finding.cites).strip("〔〕"),
        "doubts": "；".join(f"{d.question}？采用：{d.reading}" for d in finding.doubts),
        "also": "、".join(CAUSES[cause] for cause in finding.also),
        "exact": finding.exact,
        "from_row": finding.from_row or None,
    }
    for name in names:
        due, paid = finding.due.get(name), finding.paid.get(name)
        row[f"due_{name}"] = None if due is None else yuan_text(due)
        row[f"paid_{name}"] = None if paid is None else yuan_text(paid)
        difference = None if due is None or paid is None else yuan_text(paid - due)
        row[f"difference_{name}"] = difference
    return row


def schema(names: Iterable[str]) -> dict[str, Any]:
    """The columns of a table of differences."""
    amounts = [f"{kind}_{name}" for name in names for kind in ("due", "paid", "difference")]
    return FIXED | dict.fromkeys(amounts, pl.String)


def findings_frame(findings: Iterable[Finding], names: Iterable[str] = (POOL,)) -> pl.DataFrame:
    """The differences as a frame, in the order of the file."""
    names = tuple(names)
    rows = [as_row(finding, names) for finding in findings]
    return pl.DataFrame(rows, schema=schema(names)).sort(ROW)


def bad_frame(bad: Iterable[BadRow]) -> pl.DataFrame:
    """The rows that could not be audited, as a frame."""
    return pl.DataFrame([vars(found) for found in bad], schema=BAD).sort(ROW)


def write(
    path: Path,
    differences: pl.DataFrame,
    summary: AuditSummary,
    bad: pl.DataFrame,
    laws: Sequence[Law] = (),
) -> list[Path]:
    """Write the differences whole or not at all.

    An Excel file has the summary, the rows not audited and what rests on the laws as sheets; beside
    a CSV or Parquet file the rows stand in `<name>.rejected.csv`.

    Returns: the files written.
    Refuses: value_invalid for another ending.
    """
    ending = ending_of(path, "-o")
    if ending == ".xlsx":
        with appearing(path) as target:
            _write_excel(target, differences, summary, bad, laws)
        return [path]
    with appearing(path) as target:
        if ending == ".csv":
            _guarded(differences).write_csv(target, include_bom=True)
        else:
            differences.write_parquet(target)
    if bad.is_empty():
        beside(path).unlink(missing_ok=True)
        return [path]
    with appearing(beside(path)) as target:
        _guarded(bad).write_csv(target, include_bom=True)
    return [path, beside(path)]


def _guarded(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame whose texts no spreadsheet takes for formulas."""
    formula = pl.col(pl.String).str.contains(FORMULA) & ~pl.col(pl.String).str.contains(NUMBER)
    marked = pl.when(formula).then("'" + pl.col(pl.String)).otherwise(pl.col(pl.String))
    return frame.with_columns(marked.name.keep())


def beside(path: Path) -> Path:
    """Where the rows that could not be audited stand."""
    return path.with_name(f"{path.stem}.rejected.csv")


def _write_excel(
    path: Path,
    differences: pl.DataFrame,
    summary: AuditSummary,
    bad: pl.DataFrame,
    laws: Sequence[Law],
) -> None:
    causes = [
        (CAUSES[cause], t.count, yuan_text(t.over_fen), yuan_text(t.under_fen))
        for cause, t in summary.rows_by_cause()
    ]
    columns: dict[str, Any] = {
        "原因": pl.String,
        "笔数": pl.Int64,
        "多付": pl.String,
        "少付": pl.String,
    }
    totals = pl.DataFrame(causes, schema=columns, orient="row")
    money = [name for name in differences.columns if name.startswith(AMOUNTS)]
    with result_book(path, rules_sheet(laws)) as book:
        book.add(frame_sheet("差异", differences, money))
        book.add(frame_sheet("汇总", totals, ("多付", "少付")))
        book.add(frame_sheet("未核对", bad))
