"""Documents over one another: which holds on which day, what replaces, what gives way, what is
no law at all."""

from pathlib import Path

import pytest

from gongji.law.checks.check_rulebooks import check_area
from gongji.law.checks.library import Library
from gongji.law.compile.cells import offered_benefits
from gongji.law.engine.areas import Areas
from gongji.law.engine.engine import Result, settle
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import read_visit
from gongji.law.rulebook.law import NATION, Law, parents
from gongji.law.rulebook.rulebook import FOREVER
from gongji.refusals import Refusal, RulebookError
from gongji.units import date_of, parse_day
from made_rulebooks import AREA, head, write

PROVINCE = "620000"


def benefit(rate: str, article: str = "第一条") -> str:
    """An ordinary benefit of one rate."""
    share = f"支付比例: {{比例: {rate}, 依据: {article}}}"
    return (
        f"待遇:\n  普通门诊:\n    依据: {article}\n"
        f"    层:\n      - {{名称: 普通门诊, 代号: ordinary, {share}}}\n"
    )


REPLACES = "  替换: [待遇.普通门诊]\n"
FALLBACK = "  缺省: [待遇.普通门诊]\n"
ENDS = "  有效期至: {}\n"


class Documents:
    """Documents put into a folder, and the law they make."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0

    def add(self, rate: str, since: str, more: str = "", area: str = AREA, text: str = "") -> None:
        """A document of one rate; its number tells which one a rate comes from."""
        self.count += 1
        said = head(since, f"第{self.count}号", more) + (text or benefit(rate))
        write(self.folder, said, since, area)

    def law(self, day: str, area: str = AREA) -> Law | None:
        """The law of a day; none where there is none."""
        at = parse_day(day)
        laws = Library([self.folder]).laws(area)
        return next((law for law in laws if law.since <= at < law.until), None)

    def rate(self, day: str, area: str = AREA) -> str:
        """The rate on a day, empty without law."""
        found = self.law(day, area)
        if found is None:
            return ""
        return str(found.section("待遇")["普通门诊"].value.layers[0].rate.value.node.text())


@pytest.fixture
def documents(tmp_path: Path) -> Documents:
    return Documents(tmp_path)


def test_a_document_holds_on_its_first_and_its_last_day(documents: Documents) -> None:
    documents.add("50%", "2023-03-01", ENDS.format("2023-06-30"))
    days = ("2023-02-28", "2023-03-01", "2023-06-30", "2023-07-01")
    assert [documents.rate(day) for day in days] == ["", "50%", "50%", ""]


def test_a_document_of_one_day(documents: Documents) -> None:
    documents.add("50%", "2023-03-01", ENDS.format("2023-03-01"))
    days = ("2023-02-28", "2023-03-01", "2023-03-02")
    assert [documents.rate(day) for day in days] == ["", "50%", ""]


def test_a_later_document_replaces_from_its_own_day_and_only_while_it_holds(
    documents: Documents,
) -> None:
    """What it replaced is in force again when it ends."""
    documents.add("50%", "2023-01-01")
    documents.add("60%", "2023-03-01", REPLACES + ENDS.format("2023-03-31"))
    days = ("2023-02-28", "2023-03-01", "2023-03-31", "2023-04-01")
    assert [documents.rate(day) for day in days] == ["50%", "60%", "60%", "50%"]


def test_what_is_replaced_is_replaced_whole(documents: Documents) -> None:
    """A document that replaces and says nothing leaves nothing."""
    documents.add("50%", "2023-01-01", text=benefit("50%") + TWO)
    text = "门槛:\n  非定点: {当: {定点: 否}, 拒付: not_designated, 依据: 第二条}\n"
    documents.add("", "2023-03-01", "  替换: [待遇.慢性病]\n", text=text)
    before, after = documents.law("2023-02-28"), documents.law("2023-03-01")
    assert before and list(before.section("待遇")) == ["普通门诊", "慢性病"]
    assert after and list(after.section("待遇")) == ["普通门诊"]
    own = [name for name, gate in after.section("门槛").items() if not gate.national]
    assert own == ["非定点"]
    numbers = [book.head.number for book in after.books]
    assert numbers == ["中华人民共和国社会保险法", "第1号", "第2号"]


TWO = """\
  慢性病:
    依据: 第二条
    层: [{名称: 慢性病, 代号: chronic, 支付比例: {比例: 70%, 依据: 第二条}}]
"""


def test_a_fallback_gives_way_before_and_after(documents: Documents) -> None:
    """The later document's fallback does not take the place of an earlier rule, and an earlier
    fallback leaves it to a later rule."""
    documents.add("50%", "2023-01-01", FALLBACK)
    documents.add("60%", "2023-02-01")
    documents.add("70%", "2023-03-01", FALLBACK)
    days = ("2023-01-31", "2023-02-01", "2023-03-01")
    assert [documents.rate(day) for day in days] == ["50%", "60%", "60%"]


def test_of_two_fallbacks_the_later_holds(documents: Documents) -> None:
    documents.add("50%", "2023-01-01", FALLBACK)
    documents.add("70%", "2023-03-01", FALLBACK)
    assert [documents.rate(day) for day in ("2023-02-28", "2023-03-01")] == ["50%", "70%"]


def test_on_one_day_the_province_comes_before_its_area(documents: Documents) -> None:
    """So the area may replace what the province says, and not the other way round."""
    documents.add("50%", "2023-03-01", area=PROVINCE)
    documents.add("60%", "2023-03-01", REPLACES)
    assert documents.rate("2023-03-01") == "60%"
    assert documents.rate("2023-03-01", PROVINCE) == "50%"
    law = documents.law("2023-03-01")
    assert law and [book.head.area for book in law.books] == [NATION, PROVINCE, AREA]


def test_a_later_province_replaces_its_areas(documents: Documents) -> None:
    documents.add("60%", "2023-01-01")
    documents.add("50%", "2023-03-01", REPLACES, PROVINCE)
    assert [documents.rate(day) for day in ("2023-02-28", "2023-03-01")] == ["60%", "50%"]


def test_two_rules_of_one_thing_without_a_word_are_refused(documents: Documents) -> None:
    documents.add("50%", "2023-01-01")
    documents.add("60%", "2023-03-01")
    with pytest.raises(RulebookError) as error:
        documents.rate("2023-03-01")
    assert "第1号也有这项规定" in error.value.problems[0].message
    assert error.value.problems[0].key == "待遇.普通门诊"


def test_spans_are_cut_wherever_a_document_begins_or_ends(documents: Documents) -> None:
    """And a day without any document is in no span."""
    documents.add("50%", "2023-01-01", ENDS.format("2023-12-31"))
    documents.add("60%", "2023-07-01", REPLACES + ENDS.format("2023-09-30"))
    documents.add("70%", "2024-02-01")
    laws = Library([documents.folder]).laws(AREA)
    spans = [
        (str(date_of(law.since)), "" if law.until >= FOREVER else str(date_of(law.until)))
        for law in laws
    ]
    assert spans == [
        ("2023-01-01", "2023-07-01"),
        ("2023-07-01", "2023-10-01"),
        ("2023-10-01", "2024-01-01"),
        ("2024-02-01", ""),
    ]
    for day, rate in (("2023-09-30", "60%"), ("2023-10-01", "50%"), ("2024-01-01", "")):
        assert documents.rate(day) == rate


@pytest.mark.parametrize(
    ("until", "since", "pause"),
    [
        ("2023-12-31", "2024-01-01", ""),
        ("2023-12-31", "2024-01-02", "2024-01-01 至 2024-01-01 没有规则"),
        ("2024-02-28", "2024-03-01", "2024-02-29 至 2024-02-29 没有规则"),
        ("2023-12-31", "2024-02-01", "2024-01-01 至 2024-01-31 没有规则"),
    ],
)
def test_days_without_law_are_found_to_the_day(
    documents: Documents, until: str, since: str, pause: str
) -> None:
    documents.add("50%", "2023-01-01", ENDS.format(until))
    documents.add("60%", since)
    found = check_area(Library([documents.folder]), AREA).problems
    assert [problem.message for problem in found] == ([pause] if pause else [])


@pytest.mark.parametrize(
    ("area", "above"),
    [
        ("629921", ["629921", "629900", "620000"]),
        ("629900", ["629900", "620000"]),
        ("620000", ["620000"]),
    ],
)
def test_an_area_stands_below_its_city_and_province(area: str, above: list[str]) -> None:
    assert parents(area) == above


def test_a_county_has_the_law_of_its_city_and_no_other(documents: Documents) -> None:
    documents.add("50%", "2023-01-01")
    assert documents.rate("2023-01-01", "629921") == "50%"
    law = documents.law("2023-01-01", "629921")
    assert law and (law.area, law.place) == (AREA, "某市")
    for other in ("628900", "62992", "62*900", "../../"):
        with pytest.raises(Refusal) as refusal:
            documents.rate("2023-01-01", other)
        assert refusal.value.code == "area_unknown"


def test_a_folder_of_ones_own_stands_instead_of_the_shipped_area(tmp_path: Path) -> None:
    """Of that area only: its province's documents stay."""
    write(tmp_path, head("2023-01-01") + benefit("33%"), "2023-01-01", "532300")
    law = Library([tmp_path]).laws("532300")[0]
    own = [book.path.parent.parent.parent == tmp_path for book in law.books]
    assert own == [False, True] and law.books[0].head.area == NATION
    assert any(
        b.head.area == "530000" for found in Library([tmp_path]).laws("532300") for b in found.books
    )
    assert len(Library([tmp_path]).laws("430500")) == len(Library().laws("430500"))


NATIONS = "门槛.社会保险法第三人"


def test_the_nations_law_lies_under_every_area_and_is_none_itself(documents: Documents) -> None:
    documents.add("50%", "2023-03-01")
    law = documents.law("2023-03-01")
    assert law and law.area == AREA and law.books[0].head.area == NATION
    assert documents.rate("2023-02-28") == ""
    assert NATION not in Library().areas()
    for other in (NATION, "999999"):
        with pytest.raises(Refusal) as refusal:
            Areas(Library()).area(other).law(parse_day("2023-03-01"))
        assert refusal.value.code in ("area_unknown", "date_outside")


def test_no_document_of_an_area_takes_away_what_the_nations_law_says(documents: Documents) -> None:
    """Neither by replacing it, nor under the same name, nor with a nation of its own."""
    documents.add("50%", "2023-01-01", f"  替换: [{NATIONS}]\n")
    with pytest.raises(RulebookError) as error:
        documents.law("2023-01-01")
    assert error.value.problems[0].key == "文件.替换"


def test_a_rule_under_a_name_of_the_nations_is_refused(documents: Documents) -> None:
    text = "门槛:\n  社会保险法第三人: {当: {转诊: 是}, 拒付: third_party, 依据: 第一条}\n"
    documents.add("", "2023-01-01", text=text)
    with pytest.raises(RulebookError) as error:
        documents.law("2023-01-01")
    assert error.value.problems[0].key == NATIONS
    assert "地方文件不能改动" in error.value.problems[0].message


def test_a_folder_has_no_nation_of_its_own(documents: Documents) -> None:
    documents.add("50%", "2023-01-01")
    documents.add("", "2011-07-01", area=NATION, text="计量:\n  付: {代号: a, 量: 支付, 期: 年}\n")
    law = documents.law("2023-01-01")
    assert law and NATIONS.partition(".")[2] in law.section("门槛")


EVERY_AREA = pytest.mark.parametrize(
    "area", ["430500", "445300", "510400", "530000", "530925", "532300"]
)


def in_every_benefit(area: str, fact: str, value: str) -> list[Result]:
    """The result of a visit of 100.00 with a fact, in each benefit that an area offers."""
    rules = Areas(Library()).area(area)
    law = rules.law(parse_day("2025-03-01"))
    row = {"date": "2025-03-01", "status": "active", "level": "2", "total": "100", fact: value}
    visits = [read_visit(row | {"benefit": name}, law) for name in offered_benefits(law)]
    return [settle(rules, visit, Meters(rules.layout)) for visit in visits]


@EVERY_AREA
@pytest.mark.parametrize(
    ("fact", "refusal", "article"),
    [
        ("other_fund", "other_fund", "第三十条第一款（一）"),
        ("third_party", "third_party", "第三十条第一款（二）"),
        ("public_health", "public_health", "第三十条第一款（三）"),
        ("abroad", "abroad", "第三十条第一款（四）"),
    ],
)
def test_the_nations_law_holds_in_every_area_for_every_benefit(
    area: str, fact: str, refusal: str, article: str
) -> None:
    """Quoted, beside the area's own text where there is one."""
    for result in in_every_benefit(area, fact, "true"):
        assert result.refusal == refusal and result.pool_fen == 0
        assert result.gate and article in [cite.article for cite in result.gate.cites]


@EVERY_AREA
@pytest.mark.parametrize(
    ("fact", "value", "refusal"),
    [
        ("excluded_by_law", "true", "excluded_by_law"),
        ("in_benefit_period", "false", "outside_benefit_period"),
    ],
)
def test_no_benefit_of_any_area_pays_outside_the_period_or_what_a_law_excludes(
    area: str, fact: str, value: str, refusal: str
) -> None:
    """By the area's own article where it has one, else by the nation's."""
    for result in in_every_benefit(area, fact, value):
        assert result.refusal == refusal and result.pool_fen == 0
        assert result.gate and result.gate.cites
