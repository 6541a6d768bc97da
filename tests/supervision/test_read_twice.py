"""What the detectors find by columns is what a slow reading of their definitions finds."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from tests.supervision.slow_reading import SLOW, Tables

from gongji.supervision.claim_tables import ClaimPart, ClaimTables
from gongji.supervision.detectors.detector_words import DETECTORS, POINT
from gongji.supervision.inspection import look
from gongji.supervision.prefecture import Wishes, make_prefecture
from gongji.supervision.rules_folded import Rule, fold_rules

TIGHTER = {
    "次数": 3, "上限天数": 40, "高龄上限天数": 60, "重叠天数": 5, "家数": 2, "人数": 2, "张数": 3,
    "品种": 2, "克数": 100, "味数": 2, "同额人数": 3, "天数": 30, "起算金额": 1_000, "年末天数": 40,
}  # fmt: skip
"""Figures under which even a small prefecture has something of everything."""
PLAIN = [rule for rule in fold_rules("000000") if not rule.points and rule.since.year == 2021]


@pytest.fixture(scope="module")
def part(tmp_path_factory: pytest.TempPathFactory) -> ClaimPart:
    folder = tmp_path_factory.mktemp("small")
    make_prefecture(folder, Wishes(persons=900, seed=8))
    return _stirred(next(iter(ClaimTables(folder).parts()))())


def _stirred(part: ClaimPart) -> ClaimPart:
    """With some visits far away, some lines that do not add up, some codes twice in a visit."""
    far = pl.when(pl.col("visit").hash(4) % 7 == 0).then(pl.lit("430100")).otherwise("region")
    first = pl.col("settled_at").min().over("person", "begin")
    nearby = pl.when(pl.col("visit").hash(5) % 2 == 0).then(first).otherwise("settled_at")
    wrong = pl.when(pl.col("line").hash(4) % 50 == 0).then(pl.col("amount") + 3).otherwise("amount")
    packs = pl.col("trace").drop_nulls().first().over("visit")
    trace = pl.when(pl.col("visit").hash(7) % 9 == 0).then(packs).otherwise("trace")
    lines = part.lines.with_columns(amount=wrong, trace=trace)
    middle = part.visits["begin"].median()
    died = pl.when(pl.col("person").hash(6) % 20 == 0).then(pl.lit(middle).cast(pl.Date))
    return replace(
        part,
        visits=part.visits.with_columns(region=far, settled_at=nearby),
        lines=lines,
        persons=part.persons.with_columns(died=died.otherwise("died")),
    )


@pytest.mark.parametrize("rule", PLAIN, ids=lambda rule: rule.name)
def test_columns_find_what_a_slow_reading_finds(part: ClaimPart, rule: Rule) -> None:
    tight = {name: TIGHTER.get(name, value) for name, value in rule.figures.items()}
    rule = replace(rule, figures=tight)
    found = look(rule, part, pl.DataFrame(schema=POINT)).found
    key = pl.coalesce("line", "visit")
    fast = set(found.select(key.alias("key"), "money").iter_rows())
    slow = SLOW[rule.detector](Tables(part), rule)
    assert fast == slow
    assert len(fast) == len(found)
    assert fast or rule.detector in ("年末用尽",), "nothing to compare"


def test_every_detector_that_looks_beyond_one_point_is_read_twice() -> None:
    alone = {name for name, one in DETECTORS.items() if not one.points}
    assert alone == SLOW.keys()
    assert {rule.detector for rule in PLAIN} == SLOW.keys()


def test_files_that_are_cut_by_person_are_read_as_they_are(tmp_path: Path) -> None:
    make_prefecture(tmp_path, Wishes(persons=400, seed=2, part=200, frauds=False))
    parts = [read() for read in ClaimTables(tmp_path).parts()]
    assert [len(one.persons) for one in parts] == [200, 200]
    both = pl.concat([one.lines for one in parts])
    assert len(both) == ClaimTables(tmp_path).scan("lines").select(pl.len()).collect().item()
    some = parts[0].persons["person"].head(5).to_frame()
    (read,) = ClaimTables(tmp_path).parts(some)
    few = read()
    assert set(few.visits["person"]) <= set(some["person"])
