"""What the form asks and what not, and that no question ends without a way on."""

import re
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.portal.reading import Page, read
from tests.portal.test_calculator import of_quote
from tests.portal.test_calculator_fields import every_form
from tests.portal.test_plain_words import words_of_programs

from gongji.law.checks.library import Library
from gongji.law.compile.cells import offered_benefits
from gongji.law.engine.areas import Areas
from gongji.refusals import Refusal
from gongji.units import date_of, parse_fen, yuan_text

YUNFU = {"area": "445300", "date": "2023-03-01", "status": "active", "level": "2"}
CHUXIONG = {"area": "532300", "date": "2024-06-01", "status": "retired", "level": "2"}
PHARMACY = {"area": "510400", "date": "2023-02-01", "status": "active", "level": "pharmacy"}
COSTS = ("300", "800", "5000", "30000")


def page(client: Any, **given: str) -> Page:
    return read(client.get("/?" + urlencode(given)))


def headline(found: str) -> str:
    """The answer's one sentence."""
    (told,) = re.findall(r'<section id="answer".*?<h2>(.*?)</h2>', found, re.DOTALL)
    return "".join(re.sub("<[^>]+>", "", told).split())


def test_what_is_not_asked_changes_nothing(portal: Any) -> None:
    """Each fact that a form leaves out, with each value, at costs between those tried."""
    from gongji.portal import asked_facts
    from gongji.portal.calculation import settled
    from gongji.portal.inputs import Question

    def told(facts: dict[str, str]) -> Any:
        try:
            result = settled(Question(facts))[1][-1]
        except Refusal as refusal:
            return refusal.code, refusal.field
        return result.refusal, result.pool_fen, result.supplements_fen

    left_out = asked = 0
    for area, law, code, form in every_form():
        facts = {"area": area.code, "date": str(date_of(law.since)), "benefit": code}
        facts |= {"level": "2", "status": "active"}
        deciding = asked_facts.deciding(Question(facts | {"total": "800"}), form)
        asked += len(deciding)
        for field in (*form.facts, *form.circumstances):
            if field.name in deciding or field.kind == "words":
                continue
            left_out += 1
            for value, cost in product(asked_facts._values(Question(facts), field), COSTS):
                usual = facts | {"total": cost}
                assert told(usual | {field.name: value}) == told(usual), (code, field.name, value)
    assert asked > 50 and left_out > 30


def test_a_fact_is_asked_where_it_can_change_the_answer_and_stays_once_it_is_said(
    client: Any,
) -> None:
    plain = page(client, **CHUXIONG, total="800")
    assert not {"birth_date", "selected", "inpatient", "wellness"} & plain.fields.keys()
    assert {"offsite", "third_party", "designated"} <= plain.fields.keys()
    said = page(client, **CHUXIONG, total="800", birth_date="1956-02-03", wellness="true")
    assert said.fields["birth_date"]["value"] == "1956-02-03"
    # What is not asked elsewhere is kept, and asked again where it counts.
    moved = page(client, **CHUXIONG, total="800", selected="false")
    assert moved.fields["selected"]["value"] == "false"
    assert "医保报 444.00元" in moved.text
    back = page(client, **YUNFU, total="800", selected="false")
    assert back.fields["selected"]["value"] == "false" and "医保不报" in back.text


PLACES = {
    # what a card sends -> what it comes to; 邵阳: 70 %, (1000 - 200) and (1000 - 300) x 60 %
    "level=1": "医保报700.00元，自己付300.00元",
    "level=pharmacy&prescriber_level=3": "医保报420.00元，自己付580.00元",
    "level=药店&prescriber_level=1": "医保报700.00元，自己付300.00元",
    "level=pharmacy": "有县医院（二级）的处方：医保报480.00元，自己付520.00元",
    "level=pharmacy&prescriber_level=none": "医保不报，自己付1,000.00元",
    "level=internet": "县医院（二级）：医保报480.00元，自己付520.00元",
    "level=internet&internet_level=1": "医保报700.00元，自己付300.00元",
    "level=2&internet_level=1&prescriber_level=1": "医保报480.00元，自己付520.00元",
    "level=2&prescriber_level=none": "医保报480.00元，自己付520.00元",
    "level=1&parent_level=3": "医保报420.00元，自己付580.00元",
}


@pytest.mark.parametrize("sent", PLACES)
def test_a_card_of_the_place_counts_as_its_level(client: Any, sent: str) -> None:
    query = f"/?area=430500&date=2023-02-01&status=active&total=1000&{sent}"
    found = client.get(query).content.decode()
    assert headline(found) == PLACES[sent]
    link = next(href for text, href in read(found).links if text == "这一结果的链接")
    assert headline(client.get("/" + link).content.decode()) == PLACES[sent], "the link asks it too"


def test_internet_hospitals_are_offered_where_the_rules_know_them(client: Any) -> None:
    cards = {
        area: [code for code, _ in page(client, area=area).fields["level"]["options"]]
        for area in ("430500", "532300", "510400", "445300")
    }
    assert {area for area, codes in cards.items() if "internet" in codes} == {
        "430500",
        "510400",
        "532300",
    }


WAYS = {
    "elsewhere, not filed": (
        CHUXIONG | {"offsite": "unfiled"},
        [
            "在参保地看：医保报 444.00元，自己付 356.00元",
            "先办异地就医备案：医保报 444.00元，自己付 356.00元",
        ],
    ),
    "not designated": (
        CHUXIONG | {"designated": "false"},
        ["到定点医药机构看：医保报 444.00元，自己付 356.00元"],
    ),
    "a level too low": (
        CHUXIONG | {"level": "1", "benefit": "special", "disease": "重性精神病"},
        [
            "到县医院（二级）看：医保报 720.00元，自己付 80.00元（没有超过最高支付限额的话）",
            "到市州医院（三级）看：医保报 720.00元，自己付 80.00元（没有超过最高支付限额的话）",
        ],
    ),
    "no prescription": (
        PHARMACY | {"prescriber_level": "none"},
        ["有定点医疗机构开的处方：医保报 300.00元，自己付 500.00元"],
    ),
    "a third party": (
        CHUXIONG | {"third_party": "true"},
        [
            "不是应当由第三人负担的：医保报 444.00元，自己付 356.00元",
            "第三人不支付或者找不到第三人的，由基金先行支付：医保报 444.00元，自己付 356.00元",
        ],
    ),
    # 云浮 第二十条: a pharmacy is paid for dual-channel drugs only, and on a prescription.
    "two reasons at once": (
        YUNFU | {"level": "pharmacy", "prescriber_level": "none", "set.average_wage": "96957"},
        [
            "到社区、卫生院（一级）看：医保报 480.00元，自己付 320.00元",
            *(
                f"有{place}（{level}）开的处方，并且买的是“双通道”管理药品：医保报 {paid}"
                for place, level, paid in (
                    ("社区、卫生院", "一级", "480.00元，自己付 320.00元"),
                    ("县医院", "二级", "440.00元，自己付 360.00元"),
                    ("市州医院", "三级", "400.00元，自己付 400.00元"),
                )
            ),
        ],
    ),
}


@pytest.mark.parametrize("case", WAYS)
def test_a_refusal_ends_with_how_it_would_be_paid_and_with_what(client: Any, case: str) -> None:
    facts, expected = WAYS[case]
    found = page(client, **facts, total="800")
    third = facts.get("third_party")
    assert (
        "医保不报，800.00元 由第三人负担" if third else "医保不报，自己付 800.00元"
    ) in found.text
    told = found.text.partition("怎样才能报")[2].partition("这样计算")[0]
    for way in expected:
        assert way in told, told
    links = dict(found.links)
    first = expected[0].partition("：")[0]
    assert f"医保报 {expected[0].partition('报 ')[2]}" in page_of(client, links[first]).text


def page_of(client: Any, link: str) -> Page:
    return read(client.get("/" + link))


def test_below_a_ceiling_that_nobody_published_the_figure_is_told(client: Any) -> None:
    """云浮 第六条: the ceiling is 2 % of a wage; 800 x 55 % are paid while it is not passed."""
    found = page(client, **YUNFU, total="800", selected="true")
    assert "医保报 440.00元 ，自己付 360.00元 （没有超过最高支付限额的话）" in found.text.replace(
        "元，", "元 ，"
    ).replace("元（没", "元 （没")
    assert "统筹基金支付 0.00元 至 440.00元" in found.text
    why = found.text.partition("为什么")
    assert "最高支付限额取决于：城镇在岗职工年平均工资（本市上上年度" in why[0]
    assert "无法计算" not in why[0] and "至少支付0.00元，至多支付440.00元" in why[2]
    # A rate that is open bounds, and is no figure: 楚雄 special disease.
    special = page(client, **CHUXIONG, total="800", benefit="special")
    assert "医保至少报 0.00元，至多报" in special.text and "限额的话" not in special.text


def every_pair() -> list[tuple[str, str]]:
    """Every area with each benefit that its last law offers."""
    areas = Areas().every({})
    return [
        (area.code, area.laws[-1].benefits[name])
        for area in areas
        for name in offered_benefits(area.laws[-1])
    ]


def test_every_benefit_asked_today_ends_in_a_figure_or_a_bound(client: Any) -> None:
    pairs = every_pair()
    assert len(pairs) >= 22
    for (area, benefit), level in product(pairs, ("2", "pharmacy")):
        given = {"area": area, "benefit": benefit, "status": "retired", "level": level}
        found = client.get("/?" + urlencode(given | {"total": "800"})).content.decode()
        told = headline(found)
        assert re.search(r"医保(报|至少报|不报，自己付)[\d,]+\.\d\d元", told), (area, benefit, told)
        assert not words_of_programs(read(found).text), (area, benefit)


def test_an_open_question_is_told_at_each_level_and_the_links_say_what_they_are(
    client: Any, clock: Any
) -> None:
    clock("2026-02-01T00:00:00+00:00")
    found = page(client, **YUNFU, total="800")
    ceiling = "（没有超过最高支付限额的话）"
    levels = next(table for table in found.tables if table[0][0] == "一级")
    assert levels == [
        ["一级", f"医保报 480.00元，自己付 320.00元{ceiling}"],
        ["二级（所选）", f"医保报 440.00元，自己付 360.00元{ceiling}"],
        ["三级", f"医保报 400.00元，自己付 400.00元{ceiling}"],
    ]
    pharmacy = page(client, **PHARMACY, total="300")
    without = next(href for text, href in pharmacy.links if text == "没有处方")
    shown = page_of(client, without)
    assert shown.fields["prescriber_level"]["value"] == "none"
    assert "医保不报，自己付 300.00元" in shown.text
    # A law that has ended says so where nobody named a day.
    assert "现有规则的最后一天是 2025-12-31" in page(client, area="445300").text
    assert "现有规则的最后一天" not in page(client, area="532300").text


def test_a_day_after_the_rules_is_answered_by_their_last_day(client: Any) -> None:
    found = page(client, **YUNFU | {"date": "2026-06-01"}, total="100", selected="true")
    assert "不在统筹区" not in found.text.partition("更多情况")[0]
    assert "下面按规则有效的最后一天算" in found.text and "医保报 55.00元" in found.text
    assert found.fields["date"]["value"] == "2026-06-01", "what was typed stays"


def test_a_day_before_the_rules_is_answered_by_their_first_day(client: Any) -> None:
    found = page(client, **YUNFU | {"date": "2001-01-01"}, total="100", selected="true")
    assert "下面按规则有效的第一天算" in found.text and "医保报 55.00元" in found.text
    (link,) = [href for text, href in found.links if text.startswith("按规则有效的第一天计算")]
    assert "date=2022-09-01" in link
    assert found.fields["date"]["value"] == "2001-01-01", "what was typed stays"


def test_the_bill_lies_on_the_curve_that_quote_gives(portal: Any) -> None:
    from gongji.portal.bill_curve import bill_curve, drawn
    from gongji.portal.calculation import answer
    from gongji.portal.inputs import Question

    library, facts = Library(), CHUXIONG | {"benefit": "ordinary"}
    for cost, end in (("800", 300_000), ("2600", 360_000), ("5000", 720_000)):
        question = Question(facts | {"total": cost})
        found = bill_curve(question, answer(question).result)
        assert found and found.end_fen == end and found.points[0] == (0, 0)
        for at, paid in found.points[::20]:
            told = of_quote(Question(facts | {"total": yuan_text(at)}), library)
            assert parse_fen(told["pool_pays"]) == paid
        assert found.bill == (int(cost) * 100, answer(question).result.pool_fen)
        picture = drawn(found)
        assert 62 <= picture["bill"]["x"] <= 342 and 26 <= picture["bill"]["y"] <= 194  # type: ignore[index]
    refused = Question(facts | {"total": "800", "designated": "false"})
    assert bill_curve(refused, answer(refused).result) is None


def test_english_has_no_chinese_of_ours_on_the_path(client: Any) -> None:
    from tests.portal.test_languages import ENGLISH, foreign, ours_in_chinese

    for facts in (
        CHUXIONG | {"disease": "高血压"},
        PHARMACY,
        PHARMACY | {"prescriber_level": "none"},
        YUNFU | {"date": "2026-06-01"},
        CHUXIONG | {"level": "internet"},
    ):
        found = client.get("/?" + urlencode(facts | {"total": "800"}), headers=ENGLISH)
        left = [
            text
            for text in foreign(found.content.decode())
            if any(word in text for word in ours_in_chinese())
        ]
        assert not left, left


@pytest.mark.parametrize(("size", "kept"), [("large", "large"), ("usual", "usual"), ("x", "")])
def test_the_size_of_letters_is_kept_for_a_year(client: Any, size: str, kept: str) -> None:
    answer = client.post("/text-size", {"size": size, "next": "/areas?x=1"})
    assert answer.status_code == 302 and answer["Location"] == "/areas?x=1"
    assert ("text_size" in answer.cookies) == bool(kept)
    if kept:
        cookie = answer.cookies["text_size"]
        assert cookie.value == kept and cookie["max-age"] == 365 * 86400 and cookie["httponly"]
    shown = client.get("/areas").content.decode()
    assert ('class="large"' in shown) == (kept == "large")
    assert client.post("/text-size", {"size": "large", "next": "//x.example"})["Location"] == "/"


def colours(text: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", text))


def contrast(one: str, other: str) -> float:
    """The ratio of two colours' luminance, as WCAG reckons it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_colours_stand_out_enough_in_each_scheme() -> None:
    import gongji.portal

    folder = Path(gongji.portal.__file__).parent / "static/portal"
    style = (folder / "portal.css").read_text("utf-8")
    light = colours(style.partition("@media")[0])
    dark = light | colours(style.partition("@media")[2].partition("@media (prefers-contrast")[0])
    large = [light | colours(one) for one in re.findall(r"\nhtml\.large \{[^}]*\}", style)]
    assert len(large) == 1
    for scheme, least in ((light, 4.5), (dark, 4.5), (large[0], 7)):
        for text, ground in product(
            ("ink", "soft", "accent", "good", "warn"), ("paper", "ground", "tint", "noted")
        ):
            assert contrast(scheme[text], scheme[ground]) >= least, (text, ground)
        assert contrast(scheme["accent"], scheme["on-accent"]) >= least
        for part in ("pool", "supplement", "account", "deductible", "share", "beyond", "edge"):
            assert contrast(scheme[part], scheme["paper"]) >= 3, part
        assert contrast(scheme["ring"], scheme["focus"]) >= 3
