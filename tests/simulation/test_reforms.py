"""A reform is a law like any other: read, checked, kept, shown against what it changes."""

import pytest

from gongji.law.engine.engine import settle
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import read_visit
from gongji.refusals import Refusal, RulebookError
from gongji.simulation.reforms import Reform, differences, read_reform, side_of, write_reform
from gongji.units import parse_day

DAY = parse_day("2024-06-05")
CEILING = "待遇.普通门诊.最高支付限额.退休"


def paid(side, date, cost):
    row = {"date": date, "status": "retired", "level": "3", "total_fen": str(cost)}
    visit = read_visit({**row, "area": side.code}, side.area.law(parse_day(date)))
    return settle(side.area, visit, Meters(side.area.layout)).pool_fen


def test_a_side_holds_at_any_date():
    base = side_of(Reform(), "430500", DAY)
    assert paid(base, "2001-05-05", 100_000_00) == paid(base, "2031-05-05", 100_000_00)
    older = side_of(Reform(day="2023-05-31"), "430500", DAY)
    assert older.day != base.day and older.hash != base.hash


def test_a_changed_ceiling_is_what_is_paid_and_is_cited(tmp_path):
    base = side_of(Reform(), "430500", DAY)
    raised = side_of(Reform(figures={CEILING: "8000元"}), "430500", DAY)
    assert paid(raised, "2024-07-01", 100_000_00) == 8_000_00
    shown = differences(base, raised)
    assert shown and all("8000" in row.right or "8,000" in row.right for row in shown)
    assert all(row.right_articles for row in shown)
    assert not differences(base, side_of(Reform(), "430500", DAY))


def test_a_reform_is_kept_and_read_again(tmp_path):
    wanted = Reform(
        "提高限额", "2024-06-05", (), {CEILING: "8000元"}, {"average_wage": "96957"}, "试算"
    )
    write_reform(tmp_path / "reform.yaml", wanted)
    assert read_reform(tmp_path / "reform.yaml") == wanted


def test_what_does_not_fit_is_refused(tmp_path):
    with pytest.raises(RulebookError):
        side_of(Reform(figures={CEILING: "80%"}), "430500", DAY)
    with pytest.raises(RulebookError):
        side_of(Reform(figures={"待遇.没有": "1元"}), "430500", DAY)
    with pytest.raises(Refusal):
        side_of(Reform(), "990000", DAY)
    with pytest.raises(Refusal):
        side_of(Reform(settings={"no_such": "1"}), "430500", DAY)
    file = tmp_path / "r.yaml"
    for text in ("名称: 甲\n日子: 2024-01-01\n", "名称: 甲\n名称: 乙\n", "- 1\n"):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(RulebookError):
            read_reform(file)
