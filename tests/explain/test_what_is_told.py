"""Every sentence of a visit in which everybody pays, word for word: the right payer, figure,
article; each amount another, by hand (`every_payer`)."""

import json
from pathlib import Path

import pytest

import gongji
from every_payer import AREA, settled
from gongji.law.explain import as_json, as_markdown, as_text
from gongji.law.explain.quote import quote
from gongji.law.explain.sentences import explain
from gongji.refusals import Refusal
from made_rulebooks import library

SENTENCES = [
    ("outside", "政策范围外费用500.00元，由个人负担。", ()),
    ("rate", "当年账户：2,500.00元，按100%应由个人账户支付2,500.00元。", ("第一条第一款",)),
    (
        "ceiling",
        "最高支付限额80.00元，此前本笔账户已支付0.00元，本次只能支付80.00元。",
        ("第一条第二款",),
    ),
    ("onward", "超过当年账户限额的2,420.00元，按“普通门诊”计算。", ()),
    (
        "deductible",
        "起付标准120.00元（年度起付此前已承担20.00元），本次扣除100.00元，由个人负担。",
        ("第二条第一款",),
    ),
    (
        "rate",
        "普通门诊：起付标准以上2,320.00元，按60%应由统筹基金支付1,392.00元。",
        ("第二条第二款",),
    ),
    (
        "ceiling",
        "最高支付限额700.00元，此前普通统筹已支付150.00元，本次只能支付550.00元。",
        ("第二条第三款",),
    ),
    ("onward", "超过普通门诊年度限额的1,403.33元，按“超额部分”计算。", ()),
    ("rate", "超额部分：1,403.33元，按30%应由统筹基金支付421.00元。", ("第三条第一款",)),
    (
        "ceiling",
        "最高支付限额350.00元，此前超额统筹已支付0.00元，本次只能支付350.00元。",
        ("第三条第二款",),
    ),
    ("supplement", "大额补助：以余下的1,520.00元计算。", ("第四条",)),
    ("rate", "大额补助：1,520.00元，大额医疗费用补助按90%支付1,368.00元。", ("第四条第一款",)),
    ("supplement", "公务员补助：以余下的152.00元计算。", ("第五条",)),
    ("rate", "公务员补助：152.00元，公务员医疗补助按50%支付76.00元。", ("第五条第一款",)),
    (
        "total",
        "合计：统筹基金支付900.00元，补充保障支付1,444.00元，个人负担656.00元，"
        "其中个人账户支付80.00元。",
        (),
    ),
]


def test_every_sentence_has_its_payer_figures_and_article(tmp_path: Path) -> None:
    explanation = explain(settled(tmp_path)[0])
    opening, *said = explanation.sentences
    assert (
        "总费用3,000.00元，其中政策范围内费用2,500.00元。适用文件：某政〔2023〕1号。"
        in opening.text.replace("中华人民共和国社会保险法、", "")
    )
    assert len(said) == len(SENTENCES)
    for sentence, (kind, text, articles) in zip(said, SENTENCES, strict=True):
        assert sentence.kind == kind and sentence.text.startswith(text), sentence.text
        assert tuple(cite.article for cite in sentence.cites) == articles


METERS = [
    ("本笔账户", "0.00", "80.00"),
    ("年度起付", "20.00", "120.00"),
    ("普通统筹", "150.00", "700.00"),
    ("超额统筹", "0.00", "350.00"),
]


@pytest.mark.parametrize("shown", [as_text, as_markdown])
def test_the_text_has_every_sentence_with_its_article_and_every_meter(shown, tmp_path):
    text = shown(explain(settled(tmp_path)[0]))
    for number, (_, words, articles) in enumerate(SENTENCES, start=2):
        (line,) = [line for line in text.splitlines() if line.startswith(f"{number}. ")]
        assert words in line
        assert (f"〔某政〔2023〕1号 {'；'.join(articles)}〕" in line) == bool(articles)
    arrow = " → " if shown is as_text else " | "
    colon = "：" if shown is as_text else " | "
    for meter, before, after in METERS:
        assert f"{meter}{colon}{before}元{arrow}{after}元" in text
    assert "本结果用到演示的数字，出自：某政〔2023〕1号。" in text


def test_machines_are_told_the_same(tmp_path: Path) -> None:
    told = json.loads(json.dumps(as_json(explain(settled(tmp_path)[0]))))
    amounts = {
        "total": "3000.00",
        "in_scope": "2500.00",
        "first_self_pay": "0.00",
        "deductible": "100.00",
        "pool_pays": "900.00",
        "supplements": "1444.00",
        "person_pays": "656.00",
        "refusal": "",
        "date": "2023-03-01",
        "benefit": "ordinary",
        "unofficial": ["某政〔2023〕1号"],
        "supplied": [],
    }
    assert {name: told[name] for name in amounts} == amounts
    assert told["layers"] == {
        "account": "80.00",
        "ordinary": "550.00",
        "overflow": "350.00",
        "large": "1368.00",
        "servants": "76.00",
    }
    assert [(m["meter"], m["before"], m["after"]) for m in told["meters"]] == [
        ("bill_account", "0.00", "80.00"),
        ("year_deductible", "20.00", "120.00"),
        ("ordinary_paid", "150.00", "700.00"),
        ("overflow_paid", "0.00", "350.00"),
    ]
    lines = (tmp_path / "620000/629900/2023-01-01.yaml").read_text().splitlines()
    for sentence in told["explanation"]:
        for cite in sentence["cites"]:
            assert cite["article"] in "".join(lines[cite["line"] - 1 : cite["line"] + 1])
            assert cite["file"] == "2023-01-01.yaml"


ORDINARY = {"area": "532300", "date": "2023-03-01", "status": "active", "level": "3"}


@pytest.mark.parametrize(
    ("facts", "used", "words"),
    [
        # Nothing above the deductible: no rate is told.
        (
            {"in_scope": "90"},
            {},
            [
                "本次扣除90.00元",
                "未超过起付标准，统筹基金不支付。",
                "统筹基金支付0.00元，个人负担90.00元",
            ],
        ),
        ({"in_scope": "90.01"}, {}, ["起付标准以上0.01元，统筹基金按50%支付0.01元"]),
        # To the very ceiling nothing is cut; a fen of cost more is.
        (
            {"in_scope": "1090"},
            {"ordinary_paid": "5500"},
            ["统筹基金按50%支付500.00元", "统筹基金支付500.00元，个人负担590.00元"],
        ),
        # The deductible of a first visit of the registration, met in part.
        (
            {"in_scope": "1000", "visit": "v"},
            {"visit_deductible": "40"},
            [
                "起付标准90.00元（每次起付此前已承担40.00元），本次扣除50.00元",
                "起付标准以上950.00元，统筹基金按50%支付475.00元",
            ],
        ),
        (
            {"in_scope": "1000", "visit": "v"},
            {"visit_deductible": "90"},
            [
                "此前已承担90.00元），本次扣除0.00元",
                "普通门诊：1,000.00元，统筹基金按50%支付500.00元",
            ],
        ),
        (
            {"in_scope": "800", "total": "1000", "designated": "否"},
            {},
            [
                "统筹基金不予支付：不是定点医药机构。全部费用1,000.00元由个人负担",
                "统筹基金支付0.00元，个人负担1,000.00元",
                "第十三条第一款",
            ],
        ),
    ],
)
def test_a_visit_at_its_edges_is_told_to_the_fen(facts, used, words):
    text = as_text(quote(ORDINARY | facts, used))
    for wanted in words:
        assert wanted in text, text


SHARED = """\
计量:
  年度起付: {代号: year_deductible, 量: 起付, 期: 年}
  年度支付: {代号: year_paid, 量: 支付, 期: 年}
  年度费用: {代号: year_cost, 量: 费用, 期: 年}
待遇:
  普通门诊:
    依据: 第一条
    层:
      - 名称: 第一段
        代号: first
        起付标准: [{计量: 年度起付, 金额: 100元, 依据: 第二条}]
        费用段: [{计量: 年度费用, 金额: 1000元, 依据: 第三条}]
        支付比例: {比例: 50%, 依据: 第四条}
        最高支付限额: [{计量: 年度支付, 金额: 3000元, 依据: 第五条}]
      - 名称: 第二段
        代号: second
        起付标准: [{计量: 年度起付, 金额: 130元, 依据: 第六条}]
        费用段: [{计量: 年度费用, 金额: 8000元, 依据: 第七条}]
        支付比例: {比例: 60%, 依据: 第八条}
        最高支付限额: [{计量: 年度支付, 金额: 710元, 依据: 第九条}]
"""


def test_a_later_layer_is_told_with_what_the_earlier_one_used(tmp_path: Path) -> None:
    """Of 1,500, 1,000 are in the first band: 100 off, 450 paid. The second layer finds 100 of its
    130, 1,000 of its band and 450 of its 710 used: 30 off, 282 wanted of 470, 260 paid of 433.33;
    36.67 above the ceiling, after the last layer, are the person's.
    """
    library(tmp_path, SHARED)
    row = {"area": AREA, "date": "2023-03-01", "status": "active", "in_scope": "1500"}
    explanation = quote(row, folders=(tmp_path,))
    assert [sentence.text for sentence in explanation.sentences[1:]] == [
        "本段费用至1,000.00元为止，此前年度费用已累计0.00元，本次进入本段1,000.00元。",
        "起付标准100.00元（年度起付此前已承担0.00元），本次扣除100.00元，由个人负担。",
        "第一段：起付标准以上900.00元，统筹基金按50%支付450.00元。",
        "余下500.00元，按“第二段”计算。",
        "本段费用至8,000.00元为止，此前年度费用已累计1,000.00元，本次进入本段500.00元。",
        "起付标准130.00元（年度起付此前已承担100.00元），本次扣除30.00元，由个人负担。",
        "第二段：起付标准以上470.00元，按60%应由统筹基金支付282.00元。",
        "最高支付限额710.00元，此前年度支付已支付450.00元，本次只能支付260.00元；"
        "超过限额的费用36.67元由个人负担。",
        "合计：统筹基金支付710.00元，个人负担790.00元。",
    ]


def test_doubts_of_a_result_are_told_each_once_with_both_readings() -> None:
    """楚雄, past the ceiling: what a visit is (part of its deductible was borne before), whether
    the inpatient deductible is due."""
    settings = {"inpatient_rate": "85%", "inpatient_ceiling": "80000"}
    used = {"ordinary_paid": "5500", "visit_deductible": "40"}
    explanation = quote(ORDINARY | {"in_scope": "2090", "visit": "v"}, used, settings)
    articles = ["第十三条第二款", "第十三条第四款"]
    assert sorted(doubt.article for doubt in explanation.doubts) == articles
    text = as_text(explanation)
    for doubt in explanation.doubts:
        assert text.count(doubt.question) == 1
        assert f"采用：{doubt.reading}。另解：{doubt.other}。理由：{doubt.reason}。" in text
    assert "不是规则文件中的数字：住院支付比例、住院年度最高支付限额。" in text
    assert as_json(explanation)["supplied"] == ["inpatient_rate", "inpatient_ceiling"]


@pytest.mark.parametrize("column", ["area", "date"])
@pytest.mark.parametrize("text", ["", " ", None])
def test_a_quote_needs_an_area_and_a_date(column, text):
    facts = {**ORDINARY, "total": "1", column: text}
    with pytest.raises(Refusal) as refusal:
        quote({name: given for name, given in facts.items() if given is not None})
    assert (refusal.value.code, refusal.value.field) == ("field_missing", column)


SHIPPED = {
    "inpatient_deductible.1": "200",
    "inpatient_deductible.3": "1200",
    "inpatient_rate": "85%",
    "inpatient_ceiling": "50000",
    "special_deductible": "300",
    "special_rate": "80%",
    "special_ceiling": "5000",
}


def shipped(area: str, **facts: str) -> str:
    """What is said of a visit by the law as it is shipped."""
    wanted = {"532300": "inpatient", "445300": "special"}.get(area, "nothing")
    given = {"area": area, "date": "2023-03-01", "status": "active", "in_scope": "1000", **facts}
    settings = {name: value for name, value in SHIPPED.items() if name.startswith(wanted)}
    return str(gongji.quote(given, settings=settings))


def test_a_doubt_about_which_figure_counts_is_told_at_the_first_visit() -> None:
    """楚雄 第十七条: admitted at once, the admitting hospital's deductible or the higher of two."""
    rescue = {"benefit": "emergency", "level": "3", "admission_level": "1"}
    joined = shipped("532300", **rescue, admitted="true")
    assert "起付标准200.00元" in joined and "另解：两者取高" in joined
    assert "两者取高" not in shipped("532300", **rescue)


def test_the_paragraph_of_pharmacies_and_of_the_internet_is_the_one_that_applies() -> None:
    """攀枝花: 第七条第一款 takes pharmacies in; the rates of retirees are 第三款 alone."""
    bought = shipped("510400", status="retired", institution_kind="pharmacy", prescriber_level="1")
    assert "第七条第一款、第十四条" in bought and "统筹基金按55%支付467.50元" in bought
    assert "第二款" not in bought
    online = shipped("510400", parent_level="2")
    assert "互联网医院按其依托的二级实体医疗机构的标准结算。" in online
    assert online.split("的标准结算。")[1].split("\n")[0].endswith("第十四条〕")


def test_without_a_prescription_no_level_is_told() -> None:
    """云浮 第八条: a special disease has one rate whatever the level."""
    bought = shipped("445300", benefit="special", institution_kind="pharmacy")
    assert "统筹基金按80%支付560.00元" in bought
    assert "开具处方的" not in bought and "双通道" not in bought


def test_what_joins_a_stay_is_not_said_to_be_settled_as_ordinary() -> None:
    """邵阳 第八条."""
    joined = shipped("430500", benefit="emergency", level="3", admitted="true")
    assert "并入住院费用结算" in joined and "按普通门诊的规定结算" not in joined
    assert "按普通门诊的规定结算" in shipped("430500", benefit="emergency", level="3")
