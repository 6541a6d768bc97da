"""One line, one finding, money once; grey, excused and shadow stay and do not count; rules fold."""

from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from tests.supervision.small_tables import POINT_ROW, Small, points

from gongji.refusals import RulebookError
from gongji.supervision.claim_tables import ClaimTables
from gongji.supervision.detectors.detector_words import POINT
from gongji.supervision.findings import counting, merged, ruled, spread
from gongji.supervision.inspection import inspect, look, ruled_nothing
from gongji.supervision.rules_folded import Rule, fold_rules

DAY, MINUTE = date(2025, 6, 10), timedelta(minutes=1)
HIT = {
    "line": "L1", "visit": "V1", "person": "P1", "institution": "H1", "doctor": "D1", "day": DAY,
    "money": 300, "over_percent": None, "evidence": "", "excused": None, "rule": "甲",
    "kind": "可疑", "grounds": "", "state": "启用", "grey": False,
}  # fmt: skip


def hits(*rows: dict[str, object]) -> pl.DataFrame:
    """Ruled hits."""
    return pl.DataFrame([HIT | row for row in rows], schema=ruled_nothing().schema)


def lines(*amounts: int) -> pl.DataFrame:
    """The lines of one visit."""
    named = [{"line": f"L{n}", "visit": "V1", "amount": one} for n, one in enumerate(amounts, 1)]
    return pl.DataFrame(named)


def test_a_line_that_three_rules_hit_is_one_finding_with_money_once() -> None:
    found = hits({}, {"rule": "乙", "kind": "明确违规", "money": 200}, {"rule": "丙", "money": 900})
    (one,) = merged(spread(found, lines(1_000))).to_dicts()
    assert (one["rule"], one["money"], one["also"]) == ("乙", 200, "丙；甲")


def test_a_hit_on_a_visit_is_spread_over_its_lines_and_closes() -> None:
    found = spread(hits({"line": None, "money": 1_000}), lines(333, 333, 334, 0))
    assert found["money"].sum() == 1_000 and found["line"].n_unique() == 4
    fee = spread(hits({"line": None, "money": 7}), lines(5, 5, 5))
    assert fee["money"].sum() == 7 and fee["money"].max() <= 5


def test_a_line_s_money_is_never_more_than_its_amount() -> None:
    assert spread(hits({"money": 5_000}), lines(1_000))["money"].to_list() == [1_000]


def test_what_does_not_count_never_leads_what_counts() -> None:
    shadow = {"rule": "乙", "kind": "明确违规", "state": "影子", "money": 999}
    (one,) = merged(hits({}, shadow)).to_dicts()
    assert one["rule"] == "甲" and one["state"] == "启用"
    rows = hits({}, {"grey": True}, {"excused": "出国"}, {"state": "影子"})
    assert rows.filter(counting()).height == 1


def test_within_the_grey_zone_a_finding_is_grey() -> None:
    rule = Rule("超单价", "明确违规", "超单价", "启用", "", (), "价", grey_percent=10)
    part = Small(lines=[{"price": 11_000_000}, {"line": "L2", "price": 11_100_000}]).part()
    found = look(rule, part, points("价", {"high": 10_000_000})).found
    assert ruled(rule, found, part.proofs).sort("line")["grey"].to_list() == [True, False]


def test_a_claim_is_judged_by_the_points_and_the_rule_of_its_day() -> None:
    rule = Rule("性", "明确违规", "限性别", "启用", "", (), "性", since=date(2025, 6, 10))
    two = points(
        "性",
        {"allowed": "2", "until": DAY},
        {"allowed": "1", "since": DAY},
    )
    assert look(rule, Small().part(), two).found.is_empty()
    old = look(
        rule, Small().part(), two.head(1).with_columns(until=pl.lit(date(2025, 6, 11)))
    ).found
    assert len(ruled(rule, old, Small().part().proofs)) == 1
    later = Rule("性", "明确违规", "限性别", "启用", "", (), "性", since=date(2025, 6, 11))
    assert ruled(later, old, Small().part().proofs).is_empty()


def write(folder: Path, area: str, day: str, text: str) -> None:
    """A file of rules."""
    path = folder / f"{area[:2]}0000" / area / f"{day}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    head = f'适用: "{area}"\n生效: {day}\n文件: 虚构\n规则:\n'
    path.write_text(head + text, encoding="utf-8")


def test_an_area_changes_some_keys_of_the_nation_s_rule_from_a_day_on(tmp_path: Path) -> None:
    write(tmp_path, "439900", "2024-01-01", "  频繁门诊: {参数: {次数: 9}, 状态: 影子}\n")
    rules = [one for one in fold_rules("439900", (tmp_path,)) if one.name == "频繁门诊"]
    assert [(one.number("次数"), one.state, one.number("天数")) for one in rules] == [
        (15, "启用", 30),
        (9, "影子", 30),
    ]
    assert rules[0].until == rules[1].since == date(2024, 1, 1)
    (national,) = [one for one in fold_rules("530000", (tmp_path,)) if one.name == "频繁门诊"]
    assert national.number("次数") == 15


def test_the_rules_of_2026_take_the_place_of_those_before() -> None:
    first, second = (one for one in fold_rules("000000") if one.name == "超量开药")
    assert (first.until, second.since) == (date(2026, 4, 1), date(2026, 4, 1))
    assert len(second.grounds) == 2 and second.figures == first.figures


@pytest.mark.parametrize(
    "text",
    [
        "  频繁门诊: {状态: 有时}\n",
        "  频繁门诊: {次: 3}\n",
        "  新规则: {性质: 可疑}\n",
        "  频繁门诊: [\n",
    ],
)
def test_a_file_that_is_wrong_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    write(tmp_path, "439900", "2024-01-01", text)
    with pytest.raises(RulebookError, match="2024-01-01.yaml"):
        fold_rules("439900", (tmp_path,))


def test_every_rule_names_its_law_and_what_excuses_it() -> None:
    for rule in fold_rules("000000"):
        assert rule.grounds and rule.excuses and rule.at_stake, rule.name
    assert POINT_ROW["rule"] == ""


def test_cards_that_run_over_midnight_are_found_with_the_next_day(tmp_path: Path) -> None:
    """Three cards just before midnight were looked at yesterday, three come after it today."""
    ids = [f"V{number}" for number in range(6)]
    begin = datetime(2025, 6, 10, 23, 58)
    swiped = [
        {"visit": one, "person": f"P{n}", "total": 6_000, "settled_at": begin + n * MINUTE}
        | {"begin": (begin + n * MINUTE).date()}
        for n, one in enumerate(ids)
    ]
    bought = [{"line": f"L{n}", "visit": one, "person": f"P{n}"} for n, one in enumerate(ids)]
    part = Small(swiped, bought, [{"person": f"P{n}"} for n in range(6)]).part()
    for name in ("visits", "lines", "persons", "institutions"):
        part.table(name).write_parquet(tmp_path / f"{name}.parquet")
    rules = tuple(rule for rule in fold_rules("439900") if rule.detector == "连续刷卡")
    seen = pl.DataFrame({"visit": ids[:3]}).select(_visit=pl.col("visit").hash(1))
    for before in (None, seen, seen.head(1)):
        found = inspect(ClaimTables(tmp_path), rules, pl.DataFrame(schema=POINT), before)
        assert sorted(found.findings["visit"]) == ids
