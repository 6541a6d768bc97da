"""Versions of an item on their first and last days, quantities and amounts as texts, sums of
bills, costs of parts: each by hand."""

import polars as pl
import pytest

from gongji.batch.lines import price_files, read_catalogue, with_scope
from gongji.batch.lines.price_lines import price
from gongji.law.checks.library import Library
from gongji.refusals import RulebookError
from gongji.tabular.texts import ROW, read_texts
from gongji.units import MAX_FEN, yuan_text
from made_rulebooks import AREA, library

HEAD = "item,name,from,to,class,first_self_pay,standard,standard_1,standard_2,standard_3,listing,part,negotiated\n"  # noqa: E501  (one row)
CATALOGUE = (
    HEAD
    + """\
A,甲药,2023-01-01,2024-01-01,甲,,2.50,,,,,,
A,甲药,2024-01-01,2024-02-29,甲,,2.00,,,,,,
A,甲药,2024-03-02,,甲,,1.00,,,,,,
B,乙药,2023-01-01,,乙,10%,,,,,,,
"""
)
LINES = "visit,item,quantity,amount,date\n"


def texts(csv):
    return read_texts(pl.read_csv(csv.encode(), infer_schema=False))


def priced(lines, visits, catalogue=CATALOGUE, books=None, **more):
    items = read_catalogue(texts(catalogue).drop(ROW))
    given = texts(visits)
    return price(texts(LINES + lines), items, given, books or Library(), **more), given


DAYS = [
    ("2022-12-31", ""),
    ("2023-01-01", "250"),
    ("2023-12-31", "250"),
    ("2024-01-01", "200"),
    ("2024-02-28", "200"),
    ("2024-02-29", ""),
    ("2024-03-01", ""),
    ("2024-03-02", "100"),
    ("2030-01-01", "100"),
]


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize(("day", "inside"), DAYS)
def test_a_line_is_priced_by_the_version_of_its_day(day, inside, own):
    """Its own day, or that of its visit; a version ends the day before its `to`."""
    visit_day = "2023-06-01" if own else day
    visits = f"visit,date,area,level\nv1,{visit_day},532300,2\n"
    found, _ = priced(f"v1,A,1,9.00,{day if own else ''}", visits)
    if inside:
        assert found.lines["in_scope_fen"].to_list() == [int(inside)]
        assert found.problems.is_empty()
        return
    assert found.problems.select("column", "code").rows() == [("item", "item_outside_dates")]
    reason = found.problems["reason"][0]
    assert f"在 {day} 没有有效的目录版本" in reason
    assert "2023-01-01 至 2023-12-31；2024-01-01 至 2024-02-28；2024-03-02 起" in reason


@pytest.mark.parametrize(
    ("first", "second", "sound"),
    [
        (("2023-01-01", "2023-07-01"), ("2023-07-01", ""), True),
        (("2023-01-01", "2023-07-02"), ("2023-07-01", ""), False),
        (("2023-07-01", ""), ("2023-01-01", "2023-07-01"), True),
        (("2023-07-01", ""), ("2023-01-01", ""), False),
        (("2023-01-01", "2023-01-02"), ("2023-01-01", "2023-01-02"), False),
    ],
)
def test_versions_may_follow_at_once_but_not_overlap(first, second, sound):
    """In any order of rows; the later one is the mistake."""
    rows = "".join(f"A,甲,{since},{until},甲,,,,,,,,\n" for since, until in (first, second))
    if sound:
        assert len(read_catalogue(texts(HEAD + rows).drop(ROW)).versions) == 2
        return
    with pytest.raises(RulebookError) as error:
        read_catalogue(texts(HEAD + rows).drop(ROW))
    (problem,) = error.value.problems
    assert problem.key == "from" and "日期重叠" in problem.message


@pytest.mark.parametrize(
    ("until", "sound"), [("2022-12-31", False), ("2023-01-01", False), ("2023-01-02", True)]
)
def test_a_version_holds_for_a_day_at_least(until, sound):
    row = HEAD + f"A,甲,2023-01-01,{until},甲,,,,,,,,\n"
    if sound:
        assert read_catalogue(texts(row).drop(ROW)).spans("A") == "2023-01-01 至 2023-01-01"
        return
    with pytest.raises(RulebookError) as error:
        read_catalogue(texts(row).drop(ROW))
    assert error.value.problems[0].key == "to"


@pytest.mark.parametrize(
    ("share", "sound"),
    [("0%", True), ("100%", True), ("100.01%", False), ("-1%", False), ("0.1", False)],
)
def test_a_first_self_pay_is_a_percentage_of_the_whole_at_most(share, sound):
    row = HEAD + f"B,乙,2023-01-01,,乙,{share},,,,,,,\n"
    if sound:
        assert len(read_catalogue(texts(row).drop(ROW)).versions) == 1
        return
    with pytest.raises(RulebookError) as error:
        read_catalogue(texts(row).drop(ROW))
    assert error.value.problems[0].key == "first_self_pay"


VISIT = "visit,date,area,level\nv1,2023-06-01,532300,2\n"


@pytest.mark.parametrize(
    ("quantity", "amount", "above", "inside"),
    [
        ("1", "3", 50, 250),
        ("1.0", "3.0", 50, 250),
        ("1", "3.1", 60, 250),
        ("1", "3.01", 51, 250),
        ("2.5", "6.3", 5, 625),
        ("0.1", "0.3", 5, 25),
        ("0.01", "0.03", 0, 3),
        ("0.001", "0.01", 1, 0),
        ("0.0357", "0.09", 0, 9),
        ("0.0001", "0.01", 1, 0),
        ("10", "24.99", 0, 2_499),
    ],
)
def test_quantities_and_amounts_with_any_decimals(quantity, amount, above, inside):
    """2.50 a unit: a tenth is 0.25, a hundredth 0.03, a thousandth nothing."""
    found, _ = priced(f"v1,A,{quantity},{amount},", VISIT)
    row = found.lines.row(0, named=True)
    assert (row["above_standard_fen"], row["in_scope_fen"]) == (above, inside)


TOTALS = [
    ("total", "8.50", ""),
    ("total", "8.5", ""),
    ("total", "8.49", "lines_differ"),
    ("total", "8.51", "lines_differ"),
    ("total_fen", "850", ""),
    ("total_fen", "849", "lines_differ"),
    ("total", "", ""),
]


@pytest.mark.parametrize(("column", "total", "code"), TOTALS)
def test_lines_add_up_to_the_total_to_the_fen(column, total, code):
    """5.50 and 3.00; the other visit is priced all the same."""
    visits = (
        f"visit,date,area,level,{column}\nv1,2023-06-01,532300,2,{total}\nv2,2023-06-01,532300,2,\n"  # noqa: E501  (one text)
    )
    found, _ = priced("v1,A,1,5.50,\nv2,A,1,1.00,\nv1,B,1,3.00,", visits)
    assert found.problems["code"].to_list() == ([code] if code else [])
    assert found.visits["visit"].to_list() == (["v2"] if code else ["v1", "v2"])
    if code:
        assert f"合计 8.50 与就诊的总费用 {total[:1]}" in found.problems["reason"][0]


@pytest.mark.parametrize(("more", "code"), [(0, []), (1, ["amount_too_large"])])
def test_a_bill_is_priced_up_to_the_bound_of_an_amount(more, code):
    """Two lines of half the bound, then a fen more."""
    half = yuan_text(MAX_FEN // 2)
    found, _ = priced(f"v1,B,1,{half},\nv1,B,1,{yuan_text(MAX_FEN // 2 + more)},", VISIT)
    assert found.problems["code"].to_list() == code
    assert len(found.visits) == 1 - len(code)


PARTS = """\
费用部分:
  甲类: {代号: class_a, 依据: 第一条}
费用明细:
  先行自付: {类: 先行自付, 比例: 5%, 依据: 第二条}
待遇:
  普通门诊:
    依据: 第一条
    层:
      - 名称: 普通门诊
        代号: ordinary
        支付比例: {比例: {按: 费用部分, 甲类: 70%, 其余: 60%}, 依据: 第一条}
"""
IN_PARTS = HEAD + "A,甲,2023-01-01,,甲,,,,,,,class_a,\nB,乙,2023-01-01,,乙,,,,,,,,\n"


@pytest.mark.parametrize(
    ("amount", "text"), [("10.05", "10.05"), ("0.07", "0.07"), ("1200.50", "1200.50")]
)
def test_costs_of_parts_keep_their_zeros(tmp_path, amount, text):
    """And the area's own first self-pay is taken where the catalogue gives none: 5 % of 9.00."""
    books = library(tmp_path, PARTS)
    visits = f"visit,date,area,level\nv1,2023-06-01,{AREA},2\nv2,2023-06-01,{AREA},2\n"
    found, given = priced(f"v1,A,1,{amount},\nv1,B,1,9.00,", visits, IN_PARTS, books)
    rows = {row["visit"]: row for row in with_scope(given, found).iter_rows(named=True)}
    assert rows["v1"]["in_scope_class_a"] == text
    fen = round(float(amount) * 100)
    assert (rows["v1"]["total_fen"], rows["v1"]["in_scope_fen"]) == (str(fen + 900), str(fen + 855))
    assert rows["v2"]["in_scope_class_a"] is None and rows["v2"]["total_fen"] is None


def test_a_slice_keeps_the_lines_of_a_visit_together(tmp_path):
    """Totals of visits whose lines stand far apart, whatever the size of a slice."""
    visits = "visit,date,area,level,total\n" + "".join(
        f"v{n},2023-06-01,532300,2,3.00\n" for n in range(9)
    )
    lines = LINES + "".join(
        f"v{n},A,1,{amount},\n" for amount in ("1.00", "2.00") for n in range(9)
    )
    for name, text in (("v", visits), ("l", lines), ("c", CATALOGUE)):
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    for at_once in (1, 2, 5, 18, 100):
        found = price_files(*(tmp_path / f"{name}.csv" for name in "lcv"), at_once=at_once)
        assert found.problems.is_empty(), at_once
        assert found.visits["total_fen"].to_list() == [300] * 9


def test_the_same_registration_of_two_persons_needs_the_person():
    visits = "person,visit,date,area,level\n甲,v1,2023-06-01,532300,2\n乙,v1,2023-06-01,532300,2\n"
    found, _ = priced("v1,A,1,1.00,", visits)
    assert found.problems["code"].to_list() == ["line_visit_ambiguous"]
    items = read_catalogue(texts(CATALOGUE).drop(ROW))
    lines = texts("visit,person,item,quantity,amount\nv1,乙,A,1,1.00\n")
    found = price(lines, items, texts(visits), Library())
    assert found.problems.is_empty() and found.visits["visit_row"].to_list() == [2]
