"""Fee lines priced: every kind of split by hand, every mistake reported, nothing lost."""

import random

import polars as pl
import pytest

from gongji.batch.lines import explain_line, price_files, read_catalogue, with_scope
from gongji.batch.lines.price_lines import SPLIT, price
from gongji.law.checks.library import Library
from gongji.law.explain.quote import quote
from gongji.law.kernel.price import price_line
from gongji.refusals import Refusal, RulebookError
from gongji.tabular.texts import ROW, read_texts

CATALOGUE = """\
item,name,from,to,class,first_self_pay,standard,standard_3,listing,part,negotiated
A,甲药,2020-01-01,2024-01-01,甲,,2.50,,,,
A,甲药,2024-01-01,2025-01-01,甲,,2.00,,,,
B,乙药,2020-01-01,,乙,10%,,,100.00,,
B0,乙药二,2020-01-01,,b,,,,,,
C,丙项,2020-01-01,,丙,,,,,,
N,谈判药,2020-01-01,,乙,20%,,,,,是
L,分级,2020-01-01,,甲,,5.00,6.00,,,
S,只有分级,2020-01-01,,甲,,,6.00,,,
E,零分,2020-01-01,,甲,,0.33,,,,
"""
VISITS = """\
person,visit,date,area,status,level,benefit,total
甲,v1,2023-03-01,532300,active,1,,
甲,v2,2023-03-02,532300,active,3,chronic,
乙,v3,2024-12-01,532300,active,2,,
丙,v4,2024-12-01,445300,active,2,,
丁,v5,2024-12-01,510400,active,,,10.00
戊,v6,2023-03-01,430500,active,1,慢性病,
"""
HEAD = "visit,item,quantity,amount,related,benefit,date,level\n"


def texts(csv):
    return read_texts(pl.read_csv(csv.encode(), infer_schema=False))


def catalogued(csv):
    return read_catalogue(texts(csv).drop(ROW))


def priced(*lines, unknown_items="refuse", visits=VISITS, catalogue=CATALOGUE, **more):
    return price(
        texts(HEAD + "\n".join(lines)),
        catalogued(catalogue),
        texts(visits),
        Library(),
        unknown_items=unknown_items,
        **more,
    )


SPLITS = [
    ("v1,A,10,30.00", (500, 0, 0, 2500)),  # 10×2.50=25
    ("v3,A,10,30.00", (1000, 0, 0, 2000)),  # 2024年的版本：10×2.00
    ("v3,A,10,30.00,,,2023-12-31", (500, 0, 0, 2500)),  # 明细自己的日期
    ("v1,A,10,20.00", (0, 0, 0, 2000)),  # 低于支付标准
    ("v1,A,1.5,3.76", (1, 0, 0, 375)),  # 1.5×2.50=3.75
    ("v1,B,1,99.99", (0, 0, 1000, 8999)),  # 10%，9.999 进为 10.00
    ("v1,B,1,120.00", (2000, 0, 1000, 9000)),  # 挂网价格100，其余的10%
    ("v1,C,1,5.00", (0, 500, 0, 0)),
    ("v1,N,1,1000.05", (0, 0, 10001, 90004)),  # 楚雄谈判药 10%，不是目录的 20%
    ("v5,N,1,10.00", (0, 0, 200, 800)),  # 攀枝花没有规定，用目录的 20%
    ("v2,L,2,13.00", (100, 0, 0, 1200)),  # 三级 6.00
    ("v1,L,2,13.00", (300, 0, 0, 1000)),  # 一级用通用的 5.00
    ("v1,L,2,13.00,,,,3", (100, 0, 0, 1200)),  # 明细自己的级别
    ("v2,A,1,2.50,否", (0, 250, 0, 0)),  # 与慢性病无关
    ("v1,A,1,2.50,否", (0, 0, 0, 250)),  # 普通门诊不问是否相关
    ("v1,E,0.5,1.00", (83, 0, 0, 17)),  # 0.165 进为 0.17
    ("v1,A,1,0", (0, 0, 0, 0)),
]


@pytest.mark.parametrize(("line", "split"), SPLITS)
def test_a_line_is_split_as_computed_by_hand(line, split):
    found = priced(line)
    assert found.problems.is_empty(), found.problems["reason"].to_list()
    assert found.lines.select(SPLIT).row(0) == split
    sentences, _ = explain_line(found, found.lines.row(0, named=True))
    for sentence in sentences[1:-1]:
        assert sentence.cites and sentence.cites[0].article


MISTAKES = [
    ("v9,A,1,1.00", "visit", "line_visit_unknown"),
    ("v1,X,1,1.00", "item", "item_unknown"),
    ("v1,A,1,1.00,,,2019-12-31", "item", "item_outside_dates"),
    ("v3,A,1,1.00,,,2025-01-01", "item", "item_outside_dates"),
    ("v1,A,1,1.005", "amount", "amount_invalid"),
    ("v1,A,1,-1.00", "amount", "amount_negative"),
    ("v1,A,1,10000000000.01", "amount", "amount_too_large"),
    ("v1,A,1,１２", "amount", "amount_invalid"),
    ("v1,A,1,1²", "amount", "amount_invalid"),
    ("v1,A,٣,1.00", "quantity", "value_invalid"),
    ("v1,A,1,", "amount", "field_missing"),
    ("v1,,1,1.00", "item", "field_missing"),
    ("v1,A,0,1.00", "quantity", "value_invalid"),
    ("v1,A,1.00001,1.00", "quantity", "value_invalid"),
    ("v1,A,1,1.00,也许", "related", "value_invalid"),
    ("v1,A,1,1.00,,,2023-02-30", "date", "value_invalid"),
    ("v1,A,1,1.00,,,,9", "level", "value_invalid"),
    ("v1,B0,1,1.00", "first_self_pay", "self_pay_missing"),
    ("v5,S,1,10.00", "level", "level_missing"),
    ("v5,A,1,9.99", "total", "lines_differ"),
]


@pytest.mark.parametrize(("line", "column", "code"), MISTAKES)
def test_a_bad_line_is_reported_and_its_visit_left_out(line, column, code):
    found = priced("v2,A,1,2.50", line, file="lines.csv")
    assert found.problems.select("file", "row_number", "column", "code").rows() == [
        ("lines.csv", 2, column, code)
    ]
    assert found.problems["reason"][0]
    assert found.visits["visit"].to_list() == ["v2"]


def test_what_is_unrelated_to_the_disease_is_of_no_benefit_of_diseases():
    """邵阳 第十条: the person's own, told with its article, whether or not a rule names it."""
    found = priced("v6,A,1,1.00,否", "v6,A,1,2.00,是")
    row = found.visits.row(0, named=True)
    assert (row["total_fen"], row["wholly_own_fen"], row["in_scope_fen"]) == (300, 100, 200)
    sentences, doubts = explain_line(found, found.lines.row(0, named=True))
    assert "与病种治疗无关" in sentences[1].text and sentences[1].cites[0].article == "第十条"
    assert len(doubts) == 1


NO_DEDUCTIBLE = {"chronic_deductible": "0", "chronic_rate.active": "50%"}


@pytest.mark.parametrize(
    ("area", "benefit", "settings"),
    [
        ("510400", "two_diseases", {"two_diseases_rate": "50%", "two_diseases_ceiling": "500"}),
        ("510400", "chronic", NO_DEDUCTIBLE | {"chronic_ceiling": "500"}),
        (
            "445300",
            "special",
            {
                "special_deductible": "0",
                "special_rate.active": "50%",
                "special_ceiling": "500",
            },
        ),
        ("530900", "chronic", NO_DEDUCTIBLE),
    ],
)
def test_the_pool_pays_nothing_of_what_is_unrelated_to_the_disease(area, benefit, settings):
    """Of 100.00 related and 300.00 unrelated it pays half of the 100.00, not of the 400.00."""
    facts = {"date": "2023-03-01", "area": area, "status": "active", "level": "2"}
    facts |= {"benefit": benefit, "disease": "糖尿病"}
    visit = {"person": "甲", "visit": "v1"} | facts
    csv = ",".join(visit) + "\n" + ",".join(visit.values()) + "\n"
    found = priced("v1,E,400,100.00,是", "v1,E,1000,300.00,否", visits=csv)
    row = found.visits.row(0, named=True)
    assert (row["total_fen"], row["wholly_own_fen"], row["in_scope_fen"]) == (40000, 30000, 10000)
    cost = {"total": "400.00", "in_scope": f"{row['in_scope_fen'] / 100:.2f}"}
    assert quote(facts | cost, settings=settings).result.pool_fen == 5000


def test_unknown_items_are_outside_the_catalogue_only_if_the_user_says_so():
    found = priced("v1,X,1,1.00", unknown_items="own")
    row = found.visits.row(0, named=True)
    assert (row["total_fen"], row["wholly_own_fen"], row["in_scope_fen"]) == (100, 100, 0)


def test_a_bill_that_mixes_benefits_is_refused_with_the_lines_named():
    found = priced("v4,A,1,1.00,,ordinary", "v4,A,1,1.00,,特殊病", "v4,A,1,1.00")
    (reason,) = found.problems["reason"]
    assert found.problems["code"].to_list() == ["benefits_mixed"]
    assert "普通门诊（第 1 行）、特殊病（第 2 行）" in reason and "第十九条" in reason
    assert found.visits.is_empty()


def test_two_rows_of_one_registration_need_a_sequence():
    twice = VISITS + "甲,v1,2023-03-01,532300,active,1,,\n"
    found = priced("v1,A,1,1.00", visits=twice)
    assert found.problems["code"].to_list() == ["line_visit_ambiguous"]


def test_dates_and_areas_without_rules_are_reported():
    bad = "person,visit,date,area\n甲,v1,2019-01-01,532300\n甲,v2,2023-01-01,999999\n"
    found = priced("v1,A,1,1.00", "v2,A,1,1.00", visits=bad)
    assert found.problems["code"].to_list() == ["date_outside", "area_unknown"]


def test_every_fen_of_random_lines_is_accounted_for_as_the_kernel_splits_it():
    rng = random.Random(7)
    items = ["A", "B", "C", "N", "L", "E"]
    lines = [
        f"{rng.choice(['v1', 'v2'])},{rng.choice(items)},{rng.randint(1, 5000) / 1000:.3f},"
        f"{rng.randint(0, 50000) / 100:.2f}"
        for _ in range(2000)
    ]
    found = priced(*lines)
    assert found.problems.is_empty()
    assert len(found.lines) == 2000
    parts = found.lines.select(pl.sum_horizontal(SPLIT)).to_series()
    assert (parts == found.lines["amount_fen"]).all()
    for line in found.lines.iter_rows(named=True):
        expected = price_line(
            line["amount_fen"],
            line["quantity_e4"],
            line["standard_fen"],
            line["share_ppm"],
            int(line["covered"]),
        )
        assert tuple(line[name] for name in SPLIT) == expected
    whole = found.visits.select(pl.col("total_fen", *SPLIT).sum()).row(0)
    assert whole[0] == sum(whole[1:]) == found.lines["amount_fen"].sum()


def test_visits_take_the_costs_that_their_lines_make():
    found = priced("v1,A,10,30.00", "v1,C,1,5.00", "v3,X,1,1.00")
    visits = with_scope(texts(VISITS), found)
    rows = {row["visit"]: row for row in visits.iter_rows(named=True)}
    assert (rows["v1"]["total_fen"], rows["v1"]["in_scope_fen"]) == ("3500", "2500")
    assert rows["v1"]["total"] is None
    assert "v3" not in rows
    assert (rows["v5"]["total"], rows["v5"]["total_fen"]) == ("10.00", None)


def test_doubts_of_the_readings_taken_are_told():
    found = priced("v1,A,10,30.00", "v3,A,10,30.00")
    told = [explain_line(found, line)[1] for line in found.lines.iter_rows(named=True)]
    assert [len(doubts) for doubts in told] == [1, 0]  # 楚雄2022年未写支付标准，云南2024年写明


BAD_CATALOGUES = [
    ("A,甲,2020-01-01,,丁,,,,,,", "class"),
    ("A,甲,2020-01-01,,乙,0.1,,,,,", "first_self_pay"),
    ("A,甲,2020-01-01,2020-01-01,甲,,,,,,", "to"),
    ("A,甲,2020-13-01,,甲,,,,,,", "from"),
    ("A,甲,2020-01-01,,甲,,-1,,,,", "standard"),
    ("A,甲,2020-01-01,,甲,,,,,,\nA,甲,2021-01-01,,甲,,,,,,", "from"),
]


@pytest.mark.parametrize(("rows", "key"), BAD_CATALOGUES)
def test_a_catalogue_with_a_mistake_is_not_used(rows, key):
    with pytest.raises(RulebookError) as error:
        catalogued(CATALOGUE.splitlines()[0] + "\n" + rows)
    assert [problem.key for problem in error.value.problems] == [key]


def test_parts_of_the_cost_are_summed_apart(tmp_path):
    folder = tmp_path / "990000" / "990100"
    folder.mkdir(parents=True)
    (folder / "2023-01-01.yaml").write_text(PARTS, encoding="utf-8")
    catalogue = CATALOGUE.splitlines()[0] + (
        "\nA,甲,2020-01-01,,甲,,,,,class_a,\nB,乙,2020-01-01,,乙,10%,,,,,\n"
        "P,错,2020-01-01,,甲,,,,,class_x,\n"
    )
    visits = "visit,date,area,level\nv1,2023-03-01,990100,1\nv2,2023-03-01,990100,1\n"
    found = price(
        texts(HEAD + "v1,A,1,10.00\nv1,B,1,10.00\nv2,P,1,1.00"),
        catalogued(catalogue),
        texts(visits),
        Library((tmp_path,)),
    )
    row = found.visits.row(0, named=True)
    assert (row["in_scope_fen"], row["in_scope_class_a_fen"]) == (1900, 1000)
    assert with_scope(texts(visits), found)["in_scope_class_a"].to_list() == ["10.00"]
    assert found.problems.select("column", "code").rows() == [("part", "value_invalid")]


PARTS = """\
文件:
  名称: 甲类分开的示例
  文号: 示例〔2023〕1号
  统筹区: "990100"
  地名: 示例市
  施行: 2023-01-01
  来源: 演示
  出处: 测试
费用部分:
  甲类: {代号: class_a, 依据: 第一条}
费用明细:
  先行自付: {类: 先行自付, 依据: 第一条}
计量:
  统筹: {代号: pool_paid, 量: 支付, 期: 年}
待遇:
  普通门诊:
    依据: 第一条
    层:
      - 名称: 普通门诊
        代号: ordinary
        支付比例: {比例: {按: 费用部分, 甲类: 70%, 其余: 60%}, 依据: 第一条}
"""


def test_files_of_every_kind_are_read_alike(tmp_path):
    lines = pl.read_csv((HEAD + "v1,A,10,30.00,,,,").encode(), infer_schema=False)
    lines = lines.with_columns(pl.col("quantity", "amount").cast(pl.Float64))
    lines.write_parquet(tmp_path / "lines.parquet")
    lines.write_excel(tmp_path / "lines.xlsx")
    (tmp_path / "lines.csv").write_text(HEAD + "v1,A,10,30.00,,,,", encoding="utf-8-sig")
    (tmp_path / "catalogue.csv").write_text(CATALOGUE, encoding="gb18030")
    (tmp_path / "visits.csv").write_text(VISITS, encoding="utf-8")
    for name in ("lines.parquet", "lines.xlsx", "lines.csv"):
        found = price_files(tmp_path / name, tmp_path / "catalogue.csv", tmp_path / "visits.csv")
        assert found.visits["in_scope_fen"].to_list() == [2500], found.problems["reason"]
    with pytest.raises(Refusal, match="lines.txt"):
        price_files(tmp_path / "lines.txt", tmp_path / "catalogue.csv", tmp_path / "visits.csv")


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_slices_of_a_big_file_give_what_the_whole_file_gives(tmp_path, ending):
    rows = [f"v{n % 3 + 1},{'ABC'[n % 3]},1,{n}.00" for n in range(60)] + ["v9,A,1,1.00"]
    lines = pl.read_csv((HEAD + "\n".join(rows)).encode(), infer_schema=False)
    lines = lines if ending == "csv" else lines.with_columns(pl.col("amount").cast(pl.Float64))
    getattr(lines, f"write_{ending}")(tmp_path / f"lines.{ending}")
    (tmp_path / "catalogue.csv").write_text(CATALOGUE, encoding="utf-8")
    (tmp_path / "visits.csv").write_text(VISITS, encoding="utf-8")
    files = (tmp_path / f"lines.{ending}", tmp_path / "catalogue.csv", tmp_path / "visits.csv")
    whole, sliced = price_files(*files), price_files(*files, at_once=7)
    assert sliced.visits.equals(whole.visits)
    assert sliced.lines.equals(whole.lines)
    assert sliced.problems.equals(whole.problems)
    assert price_files(*files, at_once=7, keep_lines=False).lines.is_empty()


def test_columns_missing_or_unknown_stop_the_file():
    with pytest.raises(Refusal, match="amount"):
        price(texts("visit,item,quantity\nv1,A,1"), catalogued(CATALOGUE), texts(VISITS), Library())
    with pytest.raises(Refusal, match="金额"):
        price(
            texts("visit,item,quantity,amount,金额\nv1,A,1,1,1"),
            catalogued(CATALOGUE),
            texts(VISITS),
            Library(),
        )
