"""One line of one item, at the counter and in a file: which price limits it, which share is paid
first, what is covered, and by which article; by hand."""

from dataclasses import dataclass

import polars as pl
import pytest

from gongji.batch.lines import explain_line, read_catalogue
from gongji.batch.lines.price_lines import SPLIT, price
from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.pricing.price_line import Judgement, judge, split, terms_of
from gongji.refusals import Refusal
from gongji.tabular.texts import ROW, read_texts
from gongji.units import UNIT, parse_day, parse_fen, parse_ppm
from made_rulebooks import AREA, library

RULES = """\
费用明细:
  目录外: {类: 目录外, 依据: 第一条}
  支付标准: {类: 超支付标准, 依据: 第二条}
  挂网价格: {类: 超挂网价格, 依据: 第三条}
  先行自付: {类: 先行自付, 比例: 5%, 依据: 第四条}
待遇:
  普通门诊:
    依据: 第五条
    层: [{名称: 普通门诊, 代号: ordinary, 支付比例: {比例: 50%, 依据: 第五条}}]
"""
NEGOTIATED = """\
  谈判药:
    依据: 第六条
    先行自付: {比例: 30%, 依据: 第六条第二款}
    层: [{名称: 谈判药, 代号: negotiated_drug, 支付比例: {比例: 50%, 依据: 第六条}}]
"""


@dataclass(frozen=True)
class Item:
    """An item as a catalogue writes it, and as the counter takes it."""

    grade: str = "甲"
    first_self_pay: str = ""
    standard: str = ""
    levels: tuple[str, str, str] = ("", "", "")
    listing: str = ""
    part: str = ""
    negotiated: bool = False
    item: str = "A"

    @property
    def first_self_pay_ppm(self) -> int | None:
        return parse_ppm(self.first_self_pay) if self.first_self_pay else None

    @property
    def standard_fen(self) -> int | None:
        return parse_fen(self.standard) if self.standard else None

    @property
    def standards_fen(self) -> tuple[int | None, int | None, int | None]:
        first, second, third = (parse_fen(text) if text else None for text in self.levels)
        return first, second, third

    @property
    def listing_fen(self) -> int | None:
        return parse_fen(self.listing) if self.listing else None

    def row(self) -> str:
        """The row of a catalogue."""
        head = "item,name,from,to,class,first_self_pay,standard,standard_1,standard_2,standard_3,"
        flag = "是" if self.negotiated else ""
        cells = ("A", "甲", "2023-01-01", "", self.grade, self.first_self_pay, self.standard)
        cells += (*self.levels, self.listing, self.part, flag)
        return f"{head}listing,part,negotiated\n{','.join(cells)}\n"


LEVELS = ("6.00", "7.00", "8.00")
CASES = [
    # item, level, (above, wholly own, first self-pay, in scope) of 10.00 for one unit, articles
    (Item(), 2, (0, 0, 0, 1_000), []),
    (Item(standard="9.00"), 2, (100, 0, 0, 900), ["第二条"]),
    (Item(standard="10.00"), 2, (0, 0, 0, 1_000), []),
    (Item(standard="9.99"), 2, (1, 0, 0, 999), ["第二条"]),
    (Item(standard="0"), 2, (1_000, 0, 0, 0), ["第二条"]),
    (Item(levels=LEVELS), 1, (400, 0, 0, 600), ["第二条"]),
    (Item(levels=LEVELS), 2, (300, 0, 0, 700), ["第二条"]),
    (Item(levels=LEVELS), 3, (200, 0, 0, 800), ["第二条"]),
    (Item(levels=LEVELS), 0, "level_missing", []),
    # Where the level has none of its own the general one, where there is neither the listing.
    (Item(standard="9.00", levels=("6.00", "", "")), 1, (400, 0, 0, 600), ["第二条"]),
    (Item(standard="9.00", levels=("6.00", "", "")), 2, (100, 0, 0, 900), ["第二条"]),
    (Item(standard="9.00", levels=("6.00", "", "")), 0, (100, 0, 0, 900), ["第二条"]),
    (Item(listing="9.50"), 2, (50, 0, 0, 950), ["第三条"]),
    (Item(standard="9.00", listing="5.00"), 2, (100, 0, 0, 900), ["第二条"]),
    (Item(levels=("6.00", "", ""), listing="5.00"), 1, (400, 0, 0, 600), ["第二条"]),
    (Item(levels=("6.00", "", ""), listing="5.00"), 2, (500, 0, 0, 500), ["第三条"]),
    # The share of what is at the standard; the area's where the catalogue gives none.
    (Item("乙", "20%"), 2, (0, 0, 200, 800), ["第四条"]),
    (Item("乙"), 2, (0, 0, 50, 950), ["第四条"]),
    (Item("乙", "0%"), 2, (0, 0, 0, 1_000), []),
    (Item("乙", "20%", standard="9.00"), 2, (100, 0, 180, 720), ["第二条", "第四条"]),
    (Item("甲", "20%"), 2, (0, 0, 200, 800), ["第四条"]),
    (Item("丙", "20%", standard="9.00"), 2, (0, 1_000, 0, 0), ["第一条"]),
    # A negotiated drug: the law's 30 % whatever the catalogue says.
    (Item("乙", "20%", negotiated=True), 2, (0, 0, 300, 700), ["第六条第二款"]),
    (Item("乙", negotiated=True), 2, (0, 0, 300, 700), ["第六条第二款"]),
]


def at_the_counter(law, item, level, permitted=True):
    """How a line of 10.00 for one unit is split, or what refuses it."""
    terms = terms_of(law)
    try:
        return split(judge(item, terms, level, permitted), terms, 1_000, UNIT)
    except Refusal as refusal:
        return refusal.code


def in_a_file(books, item, level):
    """The same by columns, and the articles that are told."""
    lines = pl.DataFrame({"visit": ["v"], "item": ["A"], "quantity": ["1"], "amount": ["10.00"]})
    visits = pl.DataFrame(
        {
            "visit": ["v"],
            "date": ["2023-06-01"],
            "area": [AREA],
            "level": [str(level) if level else ""],
        }
    )
    items = read_catalogue(
        read_texts(pl.read_csv(item.row().encode(), infer_schema=False)).drop(ROW)
    )
    found = price(read_texts(lines), items, read_texts(visits), books)
    if not found.problems.is_empty():
        return found.problems["code"][0], []
    sentences, _ = explain_line(found, found.lines.row(0, named=True))
    told = [(s.text, s.cites[0].article) for s in sentences if s.cites]
    return found.lines.select(SPLIT).row(0), told


@pytest.mark.parametrize(("item", "level", "wanted", "articles"), CASES)
def test_a_line_at_the_counter_and_in_a_file(tmp_path, item, level, wanted, articles):
    """The four parts and, of each that is the person's, its own article and amount."""
    books = library(tmp_path, RULES + NEGOTIATED)
    law = Areas(books).area(AREA).law(parse_day("2023-06-01"))
    assert at_the_counter(law, item, level) == wanted
    found, told = in_a_file(books, item, level)
    assert found == wanted
    assert [article for _, article in told] == articles
    if isinstance(wanted, tuple):
        amounts = [fen for fen in (wanted[1], wanted[0], wanted[2]) if fen]
        for (text, _), fen in zip(told, amounts, strict=True):
            assert f"{fen // 100}.{fen % 100:02d}元" in text


def test_without_a_rule_for_negotiated_drugs_the_catalogue_counts(tmp_path):
    books = library(tmp_path, RULES)
    law = Areas(books).area(AREA).law(parse_day("2023-06-01"))
    item = Item("乙", "20%", negotiated=True)
    assert at_the_counter(law, item, 2) == in_a_file(books, item, 2)[0] == (0, 0, 200, 800)


CEILINGS = """\
  单项限额: {类: 超单项限额, 金额: 8.50元, 级别: [一级, 二级], 依据: 第七条}
  单项限额一级: {类: 超单项限额, 金额: 8元, 级别: [一级], 依据: 第七条第二款}
"""
UNDER_A_CEILING = [
    # The lower of the item's own price limit and the ceiling that is set for every item.
    (Item(), 1, (200, 0, 0, 800), ["第七条"]),
    (Item(), 2, (150, 0, 0, 850), ["第七条"]),
    (Item(), 3, (0, 0, 0, 1_000), []),
    (Item(), 0, "level_missing", []),
    (Item("丙"), 0, (0, 1_000, 0, 0), ["第一条"]),
    (Item(standard="8.50"), 2, (150, 0, 0, 850), ["第二条"]),
    (Item(standard="8.49"), 2, (151, 0, 0, 849), ["第二条"]),
    (Item(standard="9.00"), 2, (150, 0, 0, 850), ["第七条"]),
    (Item(listing="9.50"), 2, (150, 0, 0, 850), ["第七条"]),
    (Item(listing="9.50"), 3, (50, 0, 0, 950), ["第三条"]),
    (Item(levels=LEVELS), 1, (400, 0, 0, 600), ["第二条"]),
    (Item("乙", "20%"), 2, (150, 0, 170, 680), ["第七条", "第四条"]),
]


@pytest.mark.parametrize(("item", "level", "wanted", "articles"), UNDER_A_CEILING)
def test_a_ceiling_of_every_single_item_needs_no_row_for_each(
    tmp_path, item, level, wanted, articles
):
    rules = RULES.replace("待遇:", CEILINGS + "待遇:", 1)
    books = library(tmp_path, rules)
    law = Areas(books).area(AREA).law(parse_day("2023-06-01"))
    assert at_the_counter(law, item, level) == wanted
    found, told = in_a_file(books, item, level)
    assert found == wanted
    assert [article for _, article in told] == articles
    assert ("单项限额" in "".join(text for text, _ in told)) is ("第七条" in articles)


WITHOUT = [
    ("目录外: {类: 目录外, 依据: 第一条}", Item("丙")),
    ("支付标准: {类: 超支付标准, 依据: 第二条}", Item(standard="9.00")),
    ("挂网价格: {类: 超挂网价格, 依据: 第三条}", Item(listing="9.00")),
    ("先行自付: {类: 先行自付, 比例: 5%, 依据: 第四条}", Item("乙", "20%")),
]


@pytest.mark.parametrize(("rule", "item"), WITHOUT)
def test_what_is_the_persons_needs_a_rule_that_says_so(tmp_path, rule, item):
    """And where nothing is the person's none is needed."""
    text = RULES.replace(f"  {rule}\n", "")
    assert text != RULES
    books = library(tmp_path, text)
    law = Areas(books).area(AREA).law(parse_day("2023-06-01"))
    assert at_the_counter(law, item, 2) == in_a_file(books, item, 2)[0] == "not_ruled"
    plain = Item(standard="10.00", listing="10.00")
    assert at_the_counter(law, plain, 2) == in_a_file(books, plain, 2)[0] == (0, 0, 0, 1_000)


def test_an_item_without_any_share_is_refused(tmp_path):
    """Class 乙, and neither catalogue nor area says how much."""
    books = library(tmp_path, RULES.replace(", 比例: 5%", ""))
    law = Areas(books).area(AREA).law(parse_day("2023-06-01"))
    item = Item("乙")
    assert at_the_counter(law, item, 2) == in_a_file(books, item, 2)[0] == "self_pay_missing"


def test_what_was_not_approved_or_is_unknown_is_wholly_the_persons():
    """楚雄; also without a level, and whatever the standard."""
    law = Areas(Library()).area("532300").law(parse_day("2023-06-01"))
    for item, permitted in ((Item(standard="9.00"), False), (Item(levels=LEVELS), False)):
        assert at_the_counter(law, item, 0, permitted) == (0, 1_000, 0, 0)
    assert judge(None, terms_of(law), 2, True) == Judgement(covered=False)


@pytest.mark.parametrize(
    ("quantity", "standard", "fine"),
    [
        (10_000, 10**12, True),
        # The product is 2 to the 61st at most: rounded it still fits into 63 bits.
        (1 << 31, 1 << 30, True),
        (1 << 31, (1 << 30) + 1, False),
        (1 << 21, 1 << 40, True),
        (1 << 21, (1 << 40) + 1, False),
    ],
)
def test_a_quantity_times_a_standard_stays_within_what_a_number_holds(quantity, standard, fine):
    terms = terms_of(Areas(Library()).area("532300").law(parse_day("2023-06-01")))
    judged = Judgement(True, "超支付标准", standard)
    if fine:
        assert split(judged, terms, 1, quantity) == (0, 0, 0, 1)
        return
    with pytest.raises(Refusal) as refusal:
        split(judged, terms, 1, quantity)
    assert refusal.value.code == "amount_too_large"


def test_a_part_that_the_law_does_not_know_is_refused(tmp_path):
    """A law without parts asks for none."""
    plain = Areas(library(tmp_path / "a", RULES)).area(AREA).law(parse_day("2023-06-01"))
    assert judge(Item(part="class_x"), terms_of(plain), 2, True).part == ""
    parts = "费用部分:\n  甲类: {代号: class_a, 依据: 第一条}\n"
    law = Areas(library(tmp_path / "b", RULES + parts)).area(AREA).law(parse_day("2023-06-01"))
    assert judge(Item(part="class_a"), terms_of(law), 2, True).part == "class_a"
    with pytest.raises(Refusal) as refusal:
        judge(Item(part="class_x"), terms_of(law), 2, True)
    assert (refusal.value.code, refusal.value.values["allowed"]) == ("value_invalid", "class_a")
