"""What a rule invites: planted in a rulebook never seen; re-run by `quote` for a shipped area."""

import json

import pytest
from tests.made_rulebooks import AREA, head, write

import gongji
from gongji.cli.main import main
from gongji.refusals import Refusal
from gongji.simulation.incentives import Trier, cliffs, incentives, told
from gongji.simulation.reforms import Reform, side_of
from gongji.units import parse_day, yuan_text

RULES = """
计量:
  每次起付: {代号: visit_deductible, 量: 起付, 期: 次}
  年度起付: {代号: year_deductible, 量: 起付, 期: 年}
  每月起付: {代号: month_deductible, 量: 起付, 期: 月}
  每次支付: {代号: visit_paid, 量: 支付, 期: 次}
  每月支付: {代号: month_paid, 量: 支付, 期: 月}
  年度支付: {代号: year_paid, 量: 支付, 期: 年}
待遇:
  普通门诊:
    依据: 第一条
    层:
      - 名称: 门诊统筹
        代号: ordinary
        DEDUCTIBLE支付比例: {比例: RATE, 依据: 第二条}
        最高支付限额:
          - {计量: METER, 金额: 700元, 依据: 第三条}
"""
DEDUCTIBLE = """起付标准:
          - {计量: 每次起付, 金额: 37元, 依据: 第四条}
        """
BY_LEVEL = "{按: 医院级别, 一级: 40%, 二级: 50%, 三级: 60%}"


SIGNED = """
事实:
  家庭医生: {列: signed, 类: 是否, 归属: 参保人, 依据: 第一条}
"""


def planted(folder, meter="年度支付", deductible="", rate="50%", facts=""):
    rules = facts + RULES.replace("DEDUCTIBLE", deductible).replace("RATE", rate).replace(
        "METER", meter
    )
    write(folder, head() + rules)
    return side_of(Reform(), AREA, parse_day("2024-01-01"), (folder,))


def kinds(side):
    return {one.kind: one for one in incentives(side)}


def test_a_limit_on_each_visit_invites_splitting_it(tmp_path):
    found = kinds(planted(tmp_path, meter="每次支付"))
    assert {"split", "split_many"} <= found.keys() and "january" not in found
    # Five visits are paid five limits of 700 yuan.
    many = found["split_many"]
    assert many.pool_after_fen - many.pool_before_fen == many.gain_fen == 4 * 700_00
    assert "第三条" in many.articles
    assert found["split"].least_fen <= 2000_00


def test_a_yearly_limit_invites_waiting_for_january_and_nothing_else(tmp_path):
    found = kinds(planted(tmp_path))
    assert found.keys() == {"january"}
    assert found["january"].gain_fen == 700_00


def test_a_deductible_for_each_visit_invites_joining_visits(tmp_path):
    found = kinds(planted(tmp_path, deductible=DEDUCTIBLE))
    assert found.keys() == {"january", "join"}
    # The second deductible is paid at half.
    assert found["join"].gain_fen == 37_00 // 2


def test_a_monthly_limit_invites_spreading_over_months(tmp_path):
    found = kinds(planted(tmp_path, meter="每月支付"))
    assert found.keys() == {"split_months", "spread", "january"}
    # 700 yuan in each of five months instead of in one; in two months instead of one.
    assert found["split_months"].gain_fen == 4 * 700_00
    assert found["spread"].gain_fen == 700_00


def test_a_limit_on_each_visit_is_told_once(tmp_path):
    assert not {"split_months", "spread", "gather"} & kinds(planted(tmp_path, "每次支付")).keys()


def test_a_yearly_deductible_invites_bringing_january_forward(tmp_path):
    yearly = DEDUCTIBLE.replace("每次起付", "年度起付")
    found = kinds(planted(tmp_path, deductible=yearly))
    assert found.keys() == {"january", "december"}
    (before, after), (_, forward) = found["december"].before, found["december"].after
    assert (before["date"], after["date"], forward["date"]) == (
        "2024-12-09",
        "2025-01-10",
        "2024-12-10",
    )
    # What January's deductible would take is paid at half.
    assert found["december"].gain_fen == 37_00 // 2


def test_a_monthly_deductible_invites_gathering_visits_in_one_month(tmp_path):
    found = kinds(planted(tmp_path, deductible=DEDUCTIBLE.replace("每次起付", "每月起付")))
    assert {"gather", "december"} <= found.keys() and "join" not in found
    assert found["gather"].gain_fen == 37_00 // 2


def test_a_fact_of_the_area_s_own_invites_having_it(tmp_path):
    side = planted(tmp_path, rate="{按: 家庭医生, 否: 50%, 是: 60%}", facts=SIGNED)
    found = kinds(side)
    assert "fact.signed.true" in found and "fact.signed.false" not in found
    one = found["fact.signed.true"]
    assert "家庭医生：是" in one.said and one.after[-1]["signed"] == "true"


def test_a_year_that_begins_in_july_invites_waiting_for_july(tmp_path):
    write(tmp_path, head() + _ruled("年度支付").replace("year_paid, 量: 支付, 期: 年", JULY))
    found = kinds(side_of(Reform(), AREA, parse_day("2024-01-01"), (tmp_path,)))
    assert found.keys() == {"next_year.7"}
    one = found["next_year.7"]
    assert one.gain_fen == 700_00
    assert (one.before[-1]["date"], one.after[-1]["date"]) == ("2024-06-10", "2024-07-10")


JULY = "year_paid, 量: 支付, 期: 年, 起: 7月"
AGED = """
事实:
  年龄段: {取自: 年龄, 段: {七十岁以下: 0, 七十岁及以上: 70}, 依据: 第一条}
"""
YEARS = """
事实:
  连续缴费: {列: years_paid, 类: 数, 段: {不满一年: 0, 满一年: 12}, 依据: 第一条}
"""
BANDS = [
    (AGED, "{按: 年龄段, 七十岁以下: 50%, 七十岁及以上: 60%}", "age.age"),
    (YEARS, "{按: 连续缴费, 不满一年: 50%, 满一年: 60%}", "fact.years_paid"),
    ("", "{按: 转诊, 否: 50%, 是: 60%}", "fact.referred.true"),
]


def _ruled(meter, rate="50%"):
    return RULES.replace("DEDUCTIBLE", "").replace("RATE", rate).replace("METER", meter)


@pytest.mark.parametrize(("facts", "rate", "kind"), BANDS)
def test_a_band_of_age_or_number_and_a_referral_invite(tmp_path, facts, rate, kind):
    one = kinds(planted(tmp_path, rate=rate, facts=facts))[kind]
    # Ten points of 1,000 yuan at least, which stay under the ceiling.
    assert one.gain_fen == one.pool_after_fen - one.pool_before_fen >= 100_00


def test_a_rate_that_rises_with_the_level_draws_patients_up(tmp_path):
    found = kinds(planted(tmp_path, rate=BY_LEVEL))
    assert {"place.三级", "place.二级"} <= found.keys() and "place.一级" not in found
    assert found["place.三级"].place in ("一级", "二级")


def test_a_law_without_limits_invites_nothing(tmp_path):
    side = planted(tmp_path)
    free = side_of(
        Reform(figures={"待遇.普通门诊.最高支付限额": "不限"}),
        AREA,
        side.day,
        (tmp_path,),
    )
    assert incentives(free) == [] and cliffs(free) == []


def test_the_examples_of_a_shipped_area_are_what_quote_says():
    side = side_of(Reform(), "430500", parse_day("2024-06-05"))
    found = incentives(side, ("ordinary",))
    assert {"january", "join", "retire"} <= {one.kind for one in found}
    for one in (one for one in found if one.kind in ("january", "join")):
        for history, own in ((one.before, one.own_before_fen), (one.after, one.own_after_fen)):
            assert _by_quote(side, history) == own, one.kind


def _by_quote(side, history):
    """What `gongji.quote` leaves to the person over a history, told each time what was used."""
    borne, used = 0, {}
    for row in history:
        year = row["date"][:4]
        before = used.get(year, {})
        explained = gongji.quote(row, {name: yuan_text(fen) for name, fen in before.items()})
        borne += explained.result.person_fen
        after = dict(before)
        for reading in explained.result.readings:
            place = next(p for p in side.area.layout.meters.values() if p.code == reading.code)
            if side.area.layout.dimensions[place.dimension].period == "年":
                value = reading.where.split("：")[-1]
                after[f"{reading.code}.{value}" if value else reading.code] = reading.after
        used[year] = after
    return borne


def test_an_incentive_is_told_with_its_amounts(tmp_path):
    side = planted(tmp_path)
    (one,) = incentives(side)
    said = told(one, {"ordinary": "普通门诊"})
    assert "次年一月" in said and "少负担 700.00 元" in said and "普通门诊" in said
    assert Trier(side.area).amounts(one.before) == (one.own_before_fen, one.pool_before_fen)


@pytest.mark.slow
def test_the_command_lists_them(tmp_path, capsys):
    planted(tmp_path)
    asked = ["incentives", "--area", AREA, "--date", "2024-01-01", "--rulebooks", str(tmp_path)]
    for more, words in ((["--benefit", "ordinary"], "少负担"), (["--json"], "gain_fen")):
        with pytest.raises(SystemExit) as leaving:
            main([*asked, *more])
        said = capsys.readouterr().out
        assert leaving.value.code == 0 and words in said
    assert json.loads(said)["incentives"][0]["kind"] == "january"


def test_where_nothing_can_be_settled_that_is_said(tmp_path):
    """A number whose bands begin at one is not told by a history: no silence for "nothing pays"."""
    numbered = "\n事实:\n  第几次: {列: nth, 类: 数, 段: {首次: 1, 再次: 2}, 依据: 第一条}\n"
    side = planted(tmp_path, rate="{按: 第几次, 首次: 50%, 再次: 60%}", facts=numbered)
    with pytest.raises(Refusal, match="nth|第几次"):
        incentives(side)
