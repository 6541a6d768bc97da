"""Explanations: every figure with its article, meters, doubts, supplied and unofficial figures."""

import json

import pytest

from gongji.law.explain import as_json, as_markdown, as_text
from gongji.law.explain.quote import quote

CROSSING = {
    "area": "532300",
    "date": "2023-11-01",
    "status": "active",
    "level": "3",
    "in_scope": "2090",
}
INPATIENT = {"inpatient_rate": "85%", "inpatient_ceiling": "80000"}


def crossing():
    """A Chuxiong visit that passes the 6,000 of article 13 and goes on at the inpatient rate."""
    return quote(CROSSING, {"ordinary_paid": "5500"}, INPATIENT)


def test_each_step_of_the_arithmetic_is_said_with_its_article():
    said = [(s.kind, sorted({c.article for c in s.cites})) for s in crossing().sentences]
    assert said == [
        ("facts", []),
        ("deductible", ["第十三条第二款"]),
        ("rate", ["第十三条第三款"]),
        ("ceiling", ["第十三条第四款"]),
        ("onward", ["第十三条第四款"]),
        ("rate", ["第十三条第四款"]),
        ("total", []),
    ]


def test_the_amounts_of_the_arithmetic_are_in_the_sentences():
    text = as_text(crossing())
    for amount in ("90.00元", "2,000.00元", "1,000.00元", "500.00元", "850.00元", "1,350.00元"):
        assert amount in text


def test_meters_before_and_after():
    readings = {r.name: (r.before, r.after) for r in crossing().result.readings}
    assert readings["普通统筹"] == (550000, 600000)
    assert readings["住院统筹"] == (0, 85000)


def test_supplied_figures_are_named():
    explanation = crossing()
    assert explanation.supplied == ("inpatient_rate", "inpatient_ceiling")
    assert "【设定】" in as_text(explanation)


def test_a_result_on_unofficial_figures_says_so():
    row = {"area": "430500", "date": "2023-07-01", "status": "active", "level": "3", "total": "500"}
    explanation = quote(row)
    assert {c.source for c in explanation.unofficial} == {"非官方"}
    assert "【非官方】" in as_text(explanation)


def test_a_result_on_official_figures_does_not():
    row = {"area": "430500", "date": "2023-02-01", "status": "active", "level": "3", "total": "500"}
    assert quote(row).unofficial == ()


def test_doubts_that_a_result_rests_on_are_shown_once():
    questions = [doubt.question for doubt in crossing().doubts]
    # The registration bore nothing before, so it does not matter what a visit is.
    assert len(questions) == len(set(questions)) == 1


def test_a_refusal_names_its_article_and_moves_nothing():
    row = CROSSING | {"area": "510400", "has_account": "false"}
    explanation = quote(row)
    result = explanation.result
    assert (result.refusal, result.pool_fen, result.person_fen) == ("no_account", 0, 209000)
    refusal = next(s for s in explanation.sentences if s.kind == "refusal")
    assert refusal.cites[0].article == "第七条第一款"


def test_first_self_pay_and_what_is_outside_the_scope_are_said():
    row = {
        "area": "532300",
        "date": "2023-03-01",
        "status": "active",
        "level": "3",
        "benefit": "negotiated_drug",
        "total": "1000",
    }
    settings = INPATIENT | {"inpatient_deductible": "400"}
    explanation = quote(row, settings=settings)
    assert explanation.result.pool_fen == 42500  # (1000 - 100 - 400) x 85 %
    assert "先行自付10%，即100.00元" in as_text(explanation)
    outside = quote(CROSSING | {"total": "2100"}, settings=INPATIENT)
    assert "政策范围外费用10.00元" in as_text(outside)


def test_json_adds_up_and_is_plain():
    answer = json.loads(json.dumps(as_json(crossing()), ensure_ascii=False))
    assert (answer["pool_pays"], answer["person_pays"]) == ("1350.00", "740.00")
    assert answer["layers"] == {"ordinary": "500.00", "overflow": "850.00"}
    assert answer["explanation"][1]["cites"][0]["document"] == "楚政规〔2022〕2号"
    assert answer["explanation"][1]["cites"][0]["line"] > 0


def test_markdown_has_a_table_of_meters():
    assert "| 普通统筹 | 5,500.00元 | 6,000.00元 |" in as_markdown(crossing())


@pytest.mark.parametrize("level", ["1", "2", "3"])
def test_a_meter_spread_over_levels_names_the_level(level):
    row = {"area": "430500", "date": "2023-02-01", "status": "active", "level": level, "total": "9"}
    where = {r.code: r.where for r in quote(row).result.readings}
    assert where["level_deductible"] == {"1": "一级", "2": "二级", "3": "三级"}[level]
