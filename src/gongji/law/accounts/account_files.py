"""Files of months and of years: each row computed, explained, or reported with its reason.

Rows that say the same but for the base share their case and sentences. A row that cannot be
computed never stops the others; it goes to a report with its number, column and reason.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from gongji.law.accounts import check_accounts
from gongji.law.accounts.clearing import HEADS, INSTITUTION_COLUMNS, MONTHS, clear
from gongji.law.accounts.credits import CreditCase, MonthCredit, case_of, credit_of
from gongji.law.accounts.explain_accounts import (
    FUND_NAMES,
    PLACES,
    amounts_of,
    explain_credit,
    explain_statement,
    fill,
)
from gongji.law.accounts.roster import (
    ROSTER_COLUMNS,
    month_name,
    read_base,
    read_person_month,
)
from gongji.law.engine.areas import Areas
from gongji.law.engine.visit import read_month_name
from gongji.law.explain.rules_sheet import rules_sheet
from gongji.refusals import Refusal, RowRefusal
from gongji.tabular.handed_on import BookTable
from gongji.tabular.header_rows import no_rows, unknown_columns
from gongji.tabular.sheets import Sheet, Whole
from gongji.tabular.workbooks import Record
from gongji.units import Fen, show_ppm, yuan_text

REJECTED = ("row_number", "column", "refusal", "reason")
MAX_REMEMBERED = 200_000
EXPLAINED = ("refusal", "articles", "rulebook", "explanation")

Row = Mapping[str, str]
Values = tuple[object, ...]


@dataclass(frozen=True)
class RowAnswer:
    """The results of one row (of one month), or why there are none."""

    values: Values
    tally: str
    fen: Fen = 0
    refused: Refusal | None = None


class Job(Protocol):
    """What is done with each row of a file."""

    areas: Areas

    columns: Sequence[str]
    """Every column that the file may have."""
    keys: tuple[str, ...]
    """What two rows may not have in common, the first of the results."""
    same: str
    """What such rows are, in words."""
    results: tuple[str, ...]
    money: frozenset[str]

    def answers(self, row: dict[str, str]) -> Iterator[RowAnswer]:
        """The answers of a row."""


class Accrual:
    """Monthly credits: each row of a roster for its month, or for each of the months given."""

    columns: Sequence[str] = ROSTER_COLUMNS
    keys: tuple[str, ...] = ("person", "area", "month")
    same = "同一人同一月份"

    def __init__(self, areas: Areas, months: tuple[str, ...] = (), in_fen: bool = False) -> None:
        self.areas, self.months, self.in_fen = areas, months, in_fen
        unit = "_fen" if in_fen else ""
        self.amounts = (f"credit{unit}", f"to_pool{unit}")
        self.results: tuple[str, ...] = (*self.keys, *self.amounts, "funded_by", *EXPLAINED)
        self.money: frozenset[str] = frozenset() if in_fen else frozenset(self.amounts)
        self.cases: dict[Values, CreditCase | Refusal] = {}
        self.told: dict[tuple[CreditCase, bool, bool], tuple[str, ...]] = {}

    def answers(self, row: dict[str, str]) -> Iterator[RowAnswer]:
        """One answer a month."""
        person, own = row.pop("person", ""), row.get("month", "")
        for month in self.months or (own,):
            if self.months and own and self._of_another_month(own):
                yield self._another_month(person, row, own)
                return
            row["month"] = month
            answer = self._answer(row)
            keys = (person, row.get("area", ""), month)
            yield RowAnswer((*keys, *answer.values), answer.tally, answer.fen, answer.refused)

    def _of_another_month(self, own: str) -> bool:
        """Whether a row says its month, and it is none of those that are asked for."""
        try:
            return month_name(read_month_name("month", own)) not in self.months
        except Refusal:
            return True

    def _another_month(self, person: str, row: dict[str, str], own: str) -> RowAnswer:
        asked = " 至 ".join(dict.fromkeys((self.months[0], self.months[-1])))
        allowed = f"空，或所要计算的月份（{asked}）"
        refusal = Refusal("value_invalid", "month", {"value": own, "allowed": allowed})
        answer = refused(refusal, len(self.amounts) + 1)
        keys = (person, row.get("area", ""), own)
        return RowAnswer((*keys, *answer.values), answer.tally, 0, answer.refused)

    def _answer(self, row: dict[str, str]) -> RowAnswer:
        try:
            result = credit_of(self._case(row), read_base(row))
        except Refusal as refusal:
            return refused(refusal, len(self.amounts) + 1)
        rule = result.case.plan.credit
        fund = FUND_NAMES[rule[1].fund] if rule and not result.refusal else ""
        amounts = (money(fen, self.in_fen) for fen in (result.credit_fen, result.pool_fen))
        articles, rulebook, pattern = self._told(result)
        text = fill(pattern, amounts_of(result))
        said = (result.refusal, articles, rulebook, text)
        return RowAnswer((*amounts, fund, *said), result.refusal or fund, result.credit_fen)

    def _case(self, row: dict[str, str]) -> CreditCase:
        """The case of a row, or its refusal again: rows differ in little but the base."""
        key = tuple(item for item in row.items() if item[0] not in ("base", "base_fen"))
        if key not in self.cases:
            if len(self.cases) >= MAX_REMEMBERED:
                self.cases.clear()
                self.told.clear()
            self.cases[key] = self._new_case(row)
        case = self.cases[key]
        if isinstance(case, Refusal):
            raise case
        return case

    def _new_case(self, row: dict[str, str]) -> CreditCase | Refusal:
        try:
            if not row.get("area", ""):
                raise Refusal("field_missing", "area")
            return case_of(
                check_accounts.sound(self.areas.area(row["area"])), read_person_month(row)
            )
        except Refusal as refusal:
            return refusal

    def _told(self, result: MonthCredit) -> tuple[str, ...]:
        """Articles, rulebook and the sentences with places for amounts, once for each case."""
        base, used = result.base_fen, result.used_fen
        key = (result.case, used > base, used < base)
        if key not in self.told:
            told = explain_credit(result, PLACES)
            self.told[key] = (told.articles, told.rulebook, told.as_text())
        return self.told[key]


class ClearingJob:
    """Annual clearing: each row of an institutions file."""

    columns: Sequence[str] = INSTITUTION_COLUMNS
    keys: tuple[str, ...] = ("institution", "area", "year")
    same = "同一机构同一年度"

    def __init__(self, areas: Areas, in_fen: bool = False) -> None:
        self.areas, self.in_fen = areas, in_fen
        unit = "_fen" if in_fen else ""
        self.prepaid = tuple(f"prepaid_{month}{unit}" for month in MONTHS)
        self.totals = tuple(f"{n}{unit}" for n in ("prepaid", "used", "balance"))
        self.ends = tuple(f"{n}{unit}" for n in ("kept", "returned", "borne"))
        amounts = (*self.prepaid, *self.totals, *self.ends)
        shares = ("usage", "kept_share")
        self.results: tuple[str, ...] = (
            *self.keys,
            *self.prepaid,
            *self.totals,
            *shares,
            *self.ends,
            *EXPLAINED,
        )
        self.money: frozenset[str] = frozenset() if in_fen else frozenset(amounts)

    def answers(self, row: dict[str, str]) -> Iterator[RowAnswer]:
        """One answer."""
        keys = tuple(row.get(name, "") for name in self.keys)
        row.pop("institution", None)
        try:
            if not row.get("area", ""):
                raise Refusal("field_missing", "area")
            result = clear(check_accounts.sound(self.areas.area(row["area"])), row)
        except Refusal as refusal:
            width = len(self.results) - len(keys) - len(EXPLAINED)
            answer = refused(refusal, width)
            yield RowAnswer((*keys, *answer.values), answer.tally, 0, answer.refused)
            return
        told = explain_statement(result)
        totals = (result.prepaid_fen, result.given.spent_fen, result.balance_fen)
        ends = (result.kept_fen, result.returned_fen, result.borne_fen)
        yield RowAnswer(
            (
                *keys,
                *(money(fen, self.in_fen) for fen in (*result.monthly_fen, *totals)),
                show_ppm(result.usage_ppm),
                show_ppm(result.kept_ppm),
                *(money(fen, self.in_fen) for fen in ends),
                "",
                told.articles,
                told.rulebook,
                told.as_text(),
            ),
            "机构留用",
            result.kept_fen,
        )


def money(fen: Fen, in_fen: bool) -> object:
    """An amount as the file writes it."""
    return fen if in_fen else yuan_text(fen)


def refused(refusal: Refusal, width: int) -> RowAnswer:
    """An answer without figures; a row that lacks a parameter stays in the result."""
    values = ("",) * width + (refusal.code, "", "", str(refusal))
    kept = refusal.code == "parameter_missing"
    return RowAnswer(values, refusal.code, 0, None if kept else refusal)


@dataclass
class JobSummary:
    """What became of a file."""

    rows: int = 0
    results: int = 0
    rejected: int = 0
    repeated: int = 0
    """Rows of whom and of when an earlier row was."""
    counts: Counter[str] = field(default_factory=Counter)
    fen: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, object]:
        """The counts and amounts, for machines."""
        return {
            "rows": self.rows,
            "results": self.results,
            "rejected": self.rejected,
            "repeated": self.repeated,
            "by_outcome": {
                name: {"count": count, "amount": yuan_text(self.fen[name])}
                for name, count in sorted(self.counts.items())
            },
        }


def check_columns(names: Iterable[str], job: Job) -> None:
    """A table has no columns but those that the job knows.

    Refuses: field_unknown.
    """
    if unknown := [name for name in names if name not in job.columns]:
        raise unknown_columns(unknown, job.columns)


def run(
    job: Job,
    sheet: Sheet,
    area: str = "",
    strict: bool = False,
    progress: Callable[[int], object] = lambda rows: None,
) -> Iterator[tuple[list[Values], list[Values], JobSummary]]:
    """The results and the rejected rows of a file, piece by piece, with the summary so far.

    Refuses: field_unknown for a column that the job does not know; value_invalid for a file without
             rows; with `strict`, row_rejected at the first row that cannot be computed.
    """
    check_columns(sheet.columns, job)
    summary, seen = JobSummary(), _Seen(job)
    for chunk in sheet.records():
        done: list[Values] = []
        rejected: list[Values] = []
        for record in chunk:
            summary.rows += 1
            answers, before = seen.told(record.number, _answers(job, sheet.columns, record, area))
            summary.repeated += before
            for answer in answers:
                summary.counts[answer.tally] += 1
                summary.fen[answer.tally] += answer.fen
                if answer.refused is None:
                    done.append(answer.values)
                    continue
                why = answer.refused
                if strict:
                    raise RowRefusal(record.number, why.field, why.code, str(why))
                rejected.append((str(record.number), why.field, why.code, str(why)))
        summary.results += len(done)
        summary.rejected += len(rejected)
        progress(len(chunk))
        yield done, rejected, summary
    if not summary.rows:
        raise no_rows()


class _Seen:
    """The rows so far, by whom they are of and of when: one that comes again is paid again."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._rows: dict[int, int] = {}

    def told(self, number: int, answers: Iterator[RowAnswer]) -> tuple[list[RowAnswer], bool]:
        """The answers of a row, and whether an earlier row was of the same, which they then say."""
        found = list(answers)
        kept = next((one.values for one in found if one.refused is None), ("",))
        if not kept[0]:
            return found, False
        first = self._rows.setdefault(hash(kept[: len(self._job.keys)]), number)
        if first == number:
            return found, False
        said = f"\n注意：第 {first} 行也是{self._job.same}，这里又算了一次。"
        return [
            replace(one, values=(*one.values[:-1], f"{one.values[-1]}{said}")) for one in found
        ], True


def _answers(job: Job, columns: Sequence[str], record: Record, area: str) -> Iterator[RowAnswer]:
    for column, reason in record.problems:
        # In a row of another width nothing is certain: most likely a comma inside an amount.
        yield refused(Refusal("cell_unreadable", column, {"reason": reason}), 0)
        return
    row = dict(zip(columns, record.cells, strict=False))
    if area and not row.get("area"):
        row["area"] = area
    yield from job.answers(row)


def write(
    pieces: Iterator[tuple[list[Values], list[Values], JobSummary]],
    job: Job,
    result: Path,
    report: Path,
) -> JobSummary:
    """Write results and, where there are any, rejected rows; both appear only when complete."""
    summary = JobSummary()
    with ExitStack() as stack:
        # Opened first, so that it is closed and shown last.
        place = job.results.index("rulebook")
        seen: dict[object, None] = {}
        output = stack.enter_context(
            Whole(result, job.results, job.money, lambda: rules_of(job.areas, seen))
        )
        bad: Whole | None = None
        for done, rejected, current in pieces:
            summary = current
            output.write(done)
            seen |= dict.fromkeys(values[place] for values in done)
            if rejected and bad is None:
                bad = stack.enter_context(Whole(report, REJECTED))
            if bad is not None:
                bad.write(rejected)
    if bad is None:
        report.unlink(missing_ok=True)
    return summary


def rules_of(areas: Areas, documents: Collection[object]) -> list[BookTable]:
    """The sheet of the laws whose documents results name, as they name them."""
    named = [code for code in areas.library.areas() if any(code in str(d) for d in documents)]
    laws = [law for code in named for law in areas.area(code).laws]
    return rules_sheet(law for law in laws if law.labels in documents)


def months_between(
    first: str, last: str, options: tuple[str, str] = ("--from", "--to")
) -> tuple[str, ...]:
    """The months from one to another, both included, as the two options give them.

    Refuses: value_invalid.
    """
    since, until = read_month_name(options[0], first), read_month_name(options[1], last)
    if until < since:
        raise Refusal("value_invalid", options[1], {"value": last, "allowed": f"不早于 {first}"})
    return tuple(month_name(month) for month in range(since, until + 1))


def in_fen(columns: Sequence[str]) -> bool:
    """Whether a file gives its amounts in fen."""
    return any(column.endswith("_fen") for column in columns if column not in HEADS)
