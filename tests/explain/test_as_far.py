"""Never a dead end: what is settled where a figure is missing, between which bounds, on what it
depends; what no rule asked for; why nothing flows on."""

import json

import pytest
from click.testing import CliRunner

from gongji.cli.main import cli
from gongji.law.explain import as_json, as_text
from gongji.law.explain.as_far import as_far, by_level
from gongji.law.explain.quote import quote
from gongji.refusals import Refusal

CHUXIONG = {"area": "532300", "date": "2023-11-01", "status": "active", "level": "3"}


def test_the_layers_before_a_missing_figure_are_told_with_the_bounds_of_the_rest() -> None:
    """500 of the 6,000 are left; of the 1,000 above them nothing or all may be paid."""
    found = as_far(CHUXIONG | {"in_scope": "2090"}, {"ordinary_paid": "5500"})
    assert found is not None
    assert (found.least_fen, found.most_fen) == (50_000, 150_000)
    assert found.missing == ("inpatient_rate.3.active", "inpatient_ceiling")
    text = as_text(found.explanation)
    assert "本次只能支付500.00元。" in text
    assert "其余政策范围内费用1,000.00元无法计算，取决于：住院支付比例" in text
    assert "统筹基金至少支付500.00元，至多支付1,500.00元。" in text
    assert "合计" not in text and "设定" not in text and "住院统筹：" not in text


def test_a_missing_deductible_bounds_the_other_way_round() -> None:
    """攀枝花 第十条: the deductible of chronic disease is open, the rate and the ceiling given."""
    row = {"area": "510400", "date": "2023-03-01", "status": "active", "level": "2"}
    settings = {"chronic_rate": "80%", "chronic_ceiling": "1000"}
    found = as_far(row | {"benefit": "chronic", "in_scope": "500"}, settings=settings)
    assert found is not None and (found.least_fen, found.most_fen) == (0, 40_000)


def test_what_lacks_nothing_but_a_figure_is_told_and_nothing_else() -> None:
    assert as_far(CHUXIONG | {"in_scope": "100"}) is None
    assert as_far(CHUXIONG | {"in_scope": "100", "date": "2020-01-01"}) is None


def test_without_a_level_each_level_is_told() -> None:
    row = {name: text for name, text in CHUXIONG.items() if name != "level"}
    found = by_level(row | {"in_scope": "1000"})
    pool = {level: explanation.result.pool_fen for level, explanation in found.items()}
    assert pool == {"1": 58_200, "2": 51_700, "3": 45_500}


ASKED = ["quote", "--area", "532300", "--date", "2023-11-01", "--status", "active"]


def test_the_command_tells_how_far_it_came_and_still_refuses() -> None:
    used = ["--level", "3", "--in-scope", "2090", "--used", "ordinary_paid=5500"]
    shown = CliRunner().invoke(cli, [*ASKED, *used])
    assert isinstance(shown.exception, Refusal) and shown.exception.code == "parameter_missing"
    assert "至多支付1,500.00元" in shown.output
    machine = CliRunner().invoke(cli, [*ASKED, *used, "--json"])
    assert isinstance(machine.exception, Refusal)
    told = machine.exception.as_json()
    assert (told["at_least"], told["at_most"]) == ("500.00", "1500.00")
    levels = CliRunner().invoke(cli, [*ASKED, "--in-scope", "1000"])
    assert "一级：合计：统筹基金支付582.00元" in levels.output


def test_the_command_reads_amounts_as_people_write_them() -> None:
    used = ["--level", "3", "--in-scope", "￥1,090", "--used", "ordinary_paid=5,500元"]
    shown = CliRunner().invoke(cli, [*ASKED, *used])
    assert "统筹基金支付500.00元" in shown.output, shown.output


def test_a_fact_that_no_rule_asks_for_is_told_and_never_dropped() -> None:
    explanation = quote(CHUXIONG | {"in_scope": "1000", "selected": "否", "wellness": "是"})
    assert [fact.column for fact in explanation.unread] == ["selected", "wellness"]
    assert "没有规定读取的事实：选定机构、保健美容；" in as_text(explanation)
    told = json.loads(json.dumps(as_json(explanation)))
    assert told["unread"][0] == {"name": "选定机构", "column": "selected"}
    # What some rule asks for is read, also where it is spared or refused; so is the ordinary case.
    for more in ({"designated": "否"}, {"selected": "是"}, {"third_party": "是"}):
        assert quote(CHUXIONG | {"in_scope": "1000"} | more).unread == ()


SHAOYANG = {"area": "430500", "date": "2023-02-01", "status": "active", "level": "1"}


def test_what_does_not_flow_on_is_told_with_the_gate_that_holds_it_back() -> None:
    row = SHAOYANG | {"benefit": "chronic", "disease": "痛风", "in_scope": "3000", "direct": "否"}
    explanation = quote(row, settings={"disease_ceiling": "2000"})
    assert explanation.result.pool_fen == 200_000
    text = as_text(explanation)
    assert "超过限额的费用500.00元由个人负担" in text
    line = next(s for s in explanation.sentences if s.kind == "stopped")
    assert line.text == (
        "超过慢特病门诊年度限额的500.00元不再转入其他待遇：没有在定点医药机构直接结算。"
    )
    assert [cite.article for cite in line.cites] == ["第七条（四）"]
    on = quote(row | {"direct": "是"}, settings={"disease_ceiling": "2000"})
    assert "超过慢特病门诊年度限额的500.00元，按“职工门诊统筹”计算。" in as_text(on)
    assert on.result.pool_fen == 235_000


@pytest.mark.parametrize(
    ("facts", "words", "articles"),
    [
        ({"third_party": "是"}, "由第三人负担", ["第三十条第一款（二）"]),
        ({"other_fund": "是"}, "由应当支付的其他基金负担", ["第三十条第一款（一）"]),
        ({"public_health": "是"}, "由公共卫生负担", ["第三十条第一款（三）"]),
        ({"designated": "否"}, "由个人负担", ["第十三条第一款"]),
    ],
)
def test_a_refusal_says_who_bears_the_cost(
    facts: dict[str, str], words: str, articles: list[str]
) -> None:
    explanation = quote(CHUXIONG | {"in_scope": "1000"} | facts)
    refusal = next(s for s in explanation.sentences if s.kind == "refusal")
    assert f"全部费用1,000.00元{words}" in refusal.text
    assert [cite.article for cite in refusal.cites] == articles


def test_an_advance_is_paid_and_said_to_be_recovered() -> None:
    row = CHUXIONG | {"in_scope": "1000", "third_party": "是", "advance": "是"}
    explanation = quote(row)
    assert explanation.result.pool_fen == 45_500
    said = next(s for s in explanation.sentences if s.kind == "advance")
    assert "先行支付" in said.text and said.cites[0].article == "第三十条第二款"


@pytest.mark.parametrize(
    ("facts", "words", "article"),
    [
        ({"parent_level": "2"}, "互联网医院按其依托的二级实体医疗机构", "第二十九条"),
        (
            {"institution_kind": "pharmacy", "prescriber_level": "2"},
            "按开具处方的二级定点医疗机构",
            "第三十条",
        ),
        ({"offsite": "filed"}, "异地就医已备案", "第二十五条"),
        ({"benefit": "chronic", "disease": "gout"}, "慢性病（", "第十四条、第十六条"),
        ({"benefit": "special", "disease": "cancer"}, "病种：恶性肿瘤", "第十五条、第十六条"),
        (
            {"benefit": "emergency", "designated": "否"},
            "不受“不是定点医药机构”的限制",
            "第二十七条",
        ),
        ({"benefit": "emergency", "offsite": "unfiled"}, "没有备案”的限制", "第二十七条"),
    ],
)
def test_what_a_result_rests_on_beside_figures_is_told_with_its_article(
    facts: dict[str, str], words: str, article: str
) -> None:
    settings = {
        "inpatient_deductible": "100",
        "inpatient_rate": "80%",
        "inpatient_ceiling": "50000",
    }
    explanation = quote(CHUXIONG | {"in_scope": "1000"} | facts, settings=settings)
    said = next(s for s in explanation.sentences if words in s.text)
    assert [cite.article for cite in said.cites] == [article]


@pytest.mark.parametrize(
    ("area", "status", "article"),
    [("510400", "active", "第七条第二款"), ("510400", "retired", "第七条第三款")],
)
def test_the_paragraph_that_applies_is_cited(area: str, status: str, article: str) -> None:
    row = {"area": area, "date": "2023-03-01", "status": status, "level": "2", "in_scope": "900"}
    cited = {cite.article for sentence in quote(row).sentences for cite in sentence.cites}
    assert cited == {article}


def test_what_an_explanation_tells_is_cited_as_the_explanation() -> None:
    row = {"area": "530925", "date": "2023-03-01", "status": "active", "level": "2"}
    lincang = quote(row | {"in_scope": "11000"})
    documents = {cite.text for sentence in lincang.sentences for cite in sentence.cites}
    assert documents == {"双江自治县政策解读 二（二）", "临沧市职工医保待遇表"}
    assert [doubt.article for doubt in lincang.doubts] == ["二（二）", "待遇表"]


@pytest.mark.parametrize(
    ("row", "used", "questions"),
    [
        # A reading that would change nothing is none that the result rests on.
        ({"in_scope": "1000"}, {}, 0),
        ({"in_scope": "1000", "visit": "v"}, {"visit_deductible": "40"}, 1),
    ],
)
def test_doubts_are_shown_where_the_result_rests_on_them(
    row: dict[str, str], used: dict[str, str], questions: int
) -> None:
    assert len(quote(CHUXIONG | row, used).doubts) == questions


def test_how_a_limit_is_rounded_is_no_question_where_it_is_not_reached_or_whole() -> None:
    row = {"area": "445300", "date": "2023-03-01", "status": "active", "level": "1"}
    for wage, cost, questions in (("96957", "100", 0), ("96957", "9000", 1), ("96950", "9000", 0)):
        found = quote(row | {"in_scope": cost}, settings={"average_wage": wage})
        assert len(found.doubts) == questions, (wage, cost)


def test_meters_that_do_not_move_are_left_out_of_the_text() -> None:
    text = as_text(quote(CHUXIONG | {"in_scope": "1000"}))
    assert "普通统筹：0.00元 → 455.00元" in text and "住院统筹：" not in text


def test_a_benefit_whose_figures_ask_for_nothing_has_no_empty_brackets() -> None:
    """邵阳 第十五条: one rate of dual-channel drugs for everybody."""
    row = {"area": "430500", "date": "2023-02-01", "status": "active", "in_scope": "1000"}
    settings = {"dual_channel_rate": "80%", "dual_channel_ceiling": "9000"}
    found = quote(row | {"benefit": "dual_channel"}, settings=settings)
    assert found.result.pool_fen == 80_000
    assert "双通道药。总费用1,000.00元" in found.sentences[0].text
    assert "（）" not in as_text(found)


@pytest.mark.parametrize(
    ("area", "fact", "articles"),
    [
        ("430500", "third_party", ["第七条（五）", "第三十条第一款（二）"]),
        ("430500", "public_health", ["第七条（六）", "第三十条第一款（三）"]),
        ("510400", "other_fund", ["第八条（一）", "第三十条第一款（一）"]),
        ("510400", "third_party", ["第八条（三）", "第三十条第一款（二）"]),
    ],
)
def test_what_area_and_nation_both_refuse_is_cited_from_both(
    area: str, fact: str, articles: list[str]
) -> None:
    row = {"area": area, "date": "2023-03-01", "status": "active", "level": "2", "total": "100"}
    found = quote(row | {fact: "是"})
    assert found.result.gate and [cite.article for cite in found.result.gate.cites] == articles
    refusal = next(one for one in found.sentences if one.kind == "refusal")
    assert [cite.article for cite in refusal.cites] == articles
    assert refusal.cites[1].document == "中华人民共和国社会保险法"


INPATIENT = {
    "inpatient_deductible": "100",
    "inpatient_rate": "80%",
    "inpatient_ceiling": "50000",
}
SETTINGS = {"532300": INPATIENT, "445300": {"average_wage": "96957"}, "510400": {}}
YUNFU = {"area": "445300", "date": "2023-03-01", "status": "active", "level": "1"}
PANZHIHUA = {"area": "510400", "date": "2023-03-01", "status": "active", "level": "2"}


@pytest.mark.parametrize(
    ("row", "words", "articles", "pool_fen"),
    [
        # 1,000.00 less the 100.00 of a stay, at 80%.
        (CHUXIONG | {"benefit": "negotiated_drug"}, "国家医保谈判药品：", ["第十八条"], 72_000),
        # 1,000.00 less 200.00 of the year, at 60%.
        (PANZHIHUA | {"offsite": "filed"}, "异地就医已备案", ["第七条第四款"], 48_000),
        (PANZHIHUA | {"offsite": "unfiled"}, "没有备案", ["第七条第四款"], 0),
        (YUNFU | {"selected": "否"}, "不是选定的", ["第十七条、第十八条（三）"], 0),
        (YUNFU | {"selected": "否", "referred": "是"}, "转诊为“是”", ["第十七条"], 60_000),
        (
            YUNFU
            | {"benefit": "dual_channel", "institution_kind": "pharmacy", "prescriber_level": "2"},
            "按普通门诊的规定结算",
            ["第二十条（一）"],
            55_000,
        ),
    ],
)
def test_what_is_paid_and_what_is_not_is_told_with_the_article_that_it_rests_on(
    row: dict[str, str], words: str, articles: list[str], pool_fen: int
) -> None:
    """楚雄 第十八条, 攀枝花 第七条第四款, 云浮 第十七条 and 第二十条（一）."""
    found = quote(row | {"in_scope": "1000"}, settings=SETTINGS[row["area"]])
    assert found.result.pool_fen == pool_fen
    said = next(sentence for sentence in found.sentences if words in sentence.text)
    assert [cite.article for cite in said.cites] == articles


def test_what_is_beyond_the_limit_of_ordinary_care_is_paid_at_the_rate_of_a_stay() -> None:
    """Told in the words of the document, without a layer's name: 500.00 of 900.00 are left."""
    found = quote(CHUXIONG | {"in_scope": "1890"}, {"ordinary_paid": "5500"}, settings=INPATIENT)
    assert found.result.pool_fen == 50_000 + 64_000
    onward = next(sentence for sentence in found.sentences if sentence.kind == "onward")
    assert onward.text == "超过普通门诊年度限额的800.00元，按就诊医疗机构住院支付比例计算。"
    assert {cite.article for cite in onward.cites} == {"第十三条第四款"}
    assert "下一层" not in as_text(found)
