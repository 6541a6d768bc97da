"""All rules over all claims: what they find, what they could not look at; the next day its own.

Rules that look at persons run on whole persons, part by part, so that memory is bounded; rules
that look at cards, codes and accounts run on the few columns of everybody that they need.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

import polars as pl

from gongji.batch.ordering import side_by_side
from gongji.supervision.claim_tables import ClaimPart, ClaimTables
from gongji.supervision.detectors import cards, combinations, limits, quantities, whereabouts
from gongji.supervision.detectors.detector_words import DETECTORS, HIT, Detector
from gongji.supervision.findings import FINDING, merged, ruled, spread
from gongji.supervision.kept_looks import KeptLooks, Look, PartLook
from gongji.supervision.rules_folded import RESTING, Rule

ROOMS = (cards, combinations, limits, quantities, whereabouts)
"""Modules that fill the vocabulary."""
VISIT_COLUMNS = (
    *("visit", "person", "institution", "begin", "settled_at", "care", "level", "doctor", "total"),
    *("in_scope", "deductible", "pool", "family", "payer_account", "terminal"),
)
LINE_COLUMNS = (
    *(
        "line",
        "visit",
        "person",
        "institution",
        "doctor",
        "occurred_at",
        "count",
        "amount",
        "trace",
    ),
)
DAYS = ("begin", "settled_at")
"""A visit is of these days."""
NOT_LOOKED_AT = {"rule": pl.String, "reason": pl.String, "rows": pl.Int64}


@dataclass(frozen=True)
class Inspected:
    """What an inspection found and what it could not look at, and how many visits it read."""

    findings: pl.DataFrame
    not_looked_at: pl.DataFrame
    visits: int
    new_visits: pl.DataFrame


@dataclass(frozen=True)
class RuleLook:
    """What one rule found in one part, and the rows that it passed over."""

    found: pl.DataFrame
    passed: list[tuple[str, str, int]]


def look(rule: Rule, part: ClaimPart, points: pl.DataFrame) -> RuleLook:
    """One rule on one part.

    Returns: no hits and the reason where a needed column is not there, or has no points.
    """
    detector = DETECTORS[rule.detector]
    for needed in detector.needs:
        table, _, column = needed.partition(".")
        if column not in part.table(table).columns:
            return RuleLook(pl.DataFrame(schema=HIT), [(rule.name, f"没有列 {needed}", 0)])
    mine = points.filter(pl.col("rule") == rule.points)
    if (detector.points or rule.points) and mine.is_empty():
        return RuleLook(pl.DataFrame(schema=HIT), [(rule.name, "没有导入知识点", 0)])
    found = detector.find(part, rule, mine)
    return RuleLook(found.select(list(HIT)), _passed(rule, detector, part))


def _passed(rule: Rule, detector: Detector, part: ClaimPart) -> list[tuple[str, str, int]]:
    """How many rows lack a column that the rule needs."""
    passed = []
    for needed in detector.needs:
        table, _, column = needed.partition(".")
        if (table, column) in OFTEN_EMPTY:
            continue
        frame = part.table(table)
        empty = frame[column].null_count()
        if needed == "lines.days":
            empty = frame.filter(pl.col("days").is_null() & (pl.col("kind") == "101")).height
        if empty:
            passed.append((rule.name, f"{needed} 为空", empty))
    return passed


OFTEN_EMPTY = {("persons", "died"), ("visits", "payer_account"), ("lines", "trace")}
"""Columns whose being empty says something: not dead, paid from the own account, no drug."""


def inspect(
    tables: ClaimTables,
    rules: tuple[Rule, ...],
    points: pl.DataFrame,
    before: pl.DataFrame | None = None,
    told: Callable[[str], object] = lambda what: None,
    kept: KeptLooks | None = None,
) -> Inspected:
    """Every rule that does not rest, over all claims; with `before` only what is new is sought.

    Shape:   `before` has the numbers `_visit` of visits that were looked at already; `kept` what
             was found in buckets by a run of the same over the same.
    """
    awake = tuple(rule for rule in rules if rule.state != RESTING)
    new = _new_visits(tables, before)
    persons = None if before is None else new.select("person").unique()
    found: list[pl.DataFrame] = []
    passed: list[tuple[str, str, int]] = []
    by_person = [r for r in awake if not DETECTORS[r.detector].whole]

    def looked(read: Callable[[], ClaimPart]) -> PartLook:
        part = read()
        mine = _of_part(by_person, part, points)
        return PartLook(spread(mine.found, part.lines), mine.passed, len(part.persons))

    jobs: list[Look] = [partial(looked, read) for read in tables.parts(persons)]
    if kept is not None and persons is None:
        jobs = kept.jobs(jobs)
    _ = tables.everybodys  # Read once, before the parts that share it.
    for one in side_by_side(jobs):
        found.append(one.found)
        passed += one.passed
        told(f"{one.persons} 人")
    everybody = everybodys(tables)
    beside = everybody if before is None else _near(everybody, new)
    mine = _of_part([r for r in awake if DETECTORS[r.detector].whole], everybody, points, beside)
    lines = tables.scan("lines").select("line", "visit", "amount")
    hit = mine.found.select("visit").unique().lazy()
    found.append(spread(mine.found, lines.join(hit, on="visit", how="semi").collect()))
    return Inspected(
        merged(pl.concat(found)) if found else pl.DataFrame(schema=FINDING),
        _not_looked_at(passed + mine.passed),
        len(everybody.visits),
        new,
    )


def _of_part(
    rules: list[Rule], part: ClaimPart, points: pl.DataFrame, beside: ClaimPart | None = None
) -> RuleLook:
    """All rules on one part; those that look near on what lies `beside` the new visits."""
    empty = ruled_nothing()
    found, passed = [empty], []
    for rule in rules:
        seen = beside if beside and DETECTORS[rule.detector].near else part
        mine = look(rule, seen, points)
        passed += mine.passed
        if len(mine.found):
            found.append(ruled(rule, mine.found, part.proofs).select(empty.columns))
    return RuleLook(pl.concat(found), passed)


def ruled_nothing() -> pl.DataFrame:
    """No hits, with the columns of ruled ones."""
    texts = ("excused", "rule", "kind", "grounds", "state")
    schema = HIT | dict.fromkeys(texts, pl.String) | {"grey": pl.Boolean}
    return pl.DataFrame(schema=schema)


def _not_looked_at(passed: list[tuple[str, str, int]]) -> pl.DataFrame:
    frame = pl.DataFrame(passed, schema=NOT_LOOKED_AT, orient="row")
    return frame.group_by("rule", "reason", maintain_order=True).agg(pl.col("rows").sum())


def _new_visits(tables: ClaimTables, before: pl.DataFrame | None) -> pl.DataFrame:
    """Persons, days and numbers of visits that were not looked at before."""
    scan = tables.scan("visits")
    there = scan.collect_schema().names()
    days = [pl.col(name).cast(pl.Date) for name in DAYS if name in there]
    visits = scan.select("person", *days, _visit=pl.col("visit").hash(1)).collect()
    return visits if before is None else visits.join(before, on="_visit", how="anti")


def _near(everybody: ClaimPart, new: pl.DataFrame) -> ClaimPart:
    """Everybody's visits of the days of the new ones and of the days beside."""
    days = [name for name in DAYS if name in new.columns]
    ranges = [new[name].dt.offset_by(by) for name in days for by in ("-1d", "0d", "1d")]
    wanted = pl.concat([one.alias("day") for one in ranges]).unique().implode()
    near = pl.any_horizontal(pl.col(name).cast(pl.Date).is_in(wanted) for name in days)
    return replace(everybody, visits=everybody.visits.filter(near))


def everybodys(tables: ClaimTables) -> ClaimPart:
    """The columns of everybody that rules on cards, codes and accounts need.

    Of the lines only those whose code of a pack stands more than once.
    """
    there = tables.scan("visits").collect_schema().names()
    visits = tables.scan("visits").select([c for c in VISIT_COLUMNS if c in there]).collect()
    columns = [c for c in LINE_COLUMNS if tables.has(f"lines.{c}")]
    lines = tables.scan("lines").select(columns)
    if "trace" in columns:
        codes = lines.select(_code=pl.col("trace").hash(1)).filter(
            pl.col("_code").is_not_null() & (pl.col("_code") != _EMPTY)
        )
        code = codes.collect()["_code"].sort()
        many = code.filter(code == code.shift(1)).unique()
        lines = lines.filter(
            pl.col("trace").hash(1).is_in(many.implode()) & pl.col("trace").is_not_null()
        )
    else:
        lines = lines.head(0)
    frame = lines.collect()
    persons = tables.scan("persons").head(0).collect()
    return ClaimPart(visits, frame, persons, **tables.everybodys)


def _hash_of_nothing() -> int:
    return int(pl.Series([None], dtype=pl.String).hash(1).item())


_EMPTY = _hash_of_nothing()


def rules_and_days(rules: tuple[Rule, ...]) -> Iterator[tuple[str, str, str, str]]:
    """Name, kind, state and detector of every rule, for the report."""
    for rule in rules:
        yield rule.name, rule.kind, rule.state, rule.detector
