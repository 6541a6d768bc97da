"""The calculator's fields: which there are, what they preset, and that presets are counted."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.portal.reading import read

from gongji.refusals import Refusal
from gongji.units import date_of


def test_who_has_said_nothing_finds_a_whole_question(client: Any, clock: Any) -> None:
    clock("2023-05-01T00:00:00+00:00")
    page = read(client.get("/"))
    given = {
        name: page.fields[name]["value"]
        for name in (
            "area",
            "date",
            "status",
            "level",
            "benefit",
            "total",
            "in_scope",
        )
    }
    assert given == {
        "area": "430500",
        "date": "2023-05-01",
        "status": "active",
        "level": "2",
        "benefit": "ordinary",
        "total": "1000",
        "in_scope": "",
    }
    assert "birth_date" not in page.fields, "no rule here looks at the age"
    # (1000 - 200) x 60 %.
    assert "统筹基金支付 480.00元" in page.text


CARDS = [
    ["1", "社区、卫生院（一级）"],
    ["2", "县医院（二级）"],
    ["3", "市州医院（三级）"],
    ["pharmacy", "药店"],
    ["internet", "互联网医院"],
]
FIXED = {
    "area": ("在哪参保", None),
    "date": ("就诊日期", None),
    "status": ("在职还是退休", [["active", "在职"], ["retired", "退休"]]),
    "level": ("去哪看", CARDS),
    "total": ("花了多少（ 元 ）", None),
    "in_scope": ("政策范围内费用（ 元 ）", None),
    "benefit": (
        "按哪种待遇",
        [
            ["ordinary", "普通门诊"],
            ["chronic", "慢性病（已登记）"],
            ["special", "特殊病（已登记）"],
            ["emergency", "急诊抢救"],
            ["dual_channel", "双通道药"],
        ],
    ),
}


@pytest.mark.parametrize("name", FIXED)
def test_a_fixed_field_has_its_label_and_its_choices(client: Any, name: str) -> None:
    page = read(client.get("/?area=430500&date=2023-02-01&status=retired&level=3&total=1"))
    label, choices = FIXED[name]
    assert page.labels[f"f-{name}"].replace(" ", "") == label.replace(" ", "")
    if choices is not None:
        assert page.fields[name]["options"] == choices
    if name in ("status", "level"):
        assert page.fields[name]["value"] == {"status": "retired", "level": "3"}[name]


def test_the_areas_are_chosen_by_their_names(client: Any) -> None:
    page = read(client.get("/?area=532300&date=2023-02-01&status=active&level=3&total=1"))
    assert page.fields["area"]["options"] == [
        ["430500", "湖南省邵阳市"],
        ["445300", "广东省云浮市"],
        ["510400", "四川省攀枝花市"],
        ["530900", "云南省临沧市"],
        ["532300", "云南省楚雄彝族自治州"],
        ["530000", "云南省（其他州市）"],
    ]
    assert page.fields["area"]["value"] == "532300"


@pytest.mark.parametrize("kind", ["pharmacy", "药店"])
def test_at_a_pharmacy_the_level_of_the_prescriber_is_asked_for(client: Any, kind: str) -> None:
    query = "/?area=430500&date=2023-02-01&status=active&total=1000&institution_kind="
    page = read(client.get(query + kind + "&prescriber_level=2"))
    assert page.fields["level"]["value"] == "pharmacy"
    assert page.labels["f-prescriber_level"] == "有医院开的处方吗"
    assert page.fields["prescriber_level"]["options"] == [
        ["", "不清楚"],
        ["1", "有社区、卫生院（一级）的处方"],
        ["2", "有县医院（二级）的处方"],
        ["3", "有市州医院（三级）的处方"],
        ["none", "没有处方"],
    ]
    assert page.fields["prescriber_level"]["value"] == "2"
    assert "统筹基金支付 480.00元" in page.text
    page = read(client.get(query + "hospital&level=2"))
    assert "prescriber_level" not in page.fields and page.fields["level"]["value"] == "2"


def every_form() -> Iterator[tuple[Any, Any, str, Any]]:
    """Every area, law and benefit with its form."""
    from gongji.platform.installation import installed_areas
    from gongji.portal import fields
    from gongji.portal.inputs import Question

    for area in installed_areas().every({}):
        for law in area.laws:
            day = str(date_of(law.since))
            for code in law.benefits.values():
                facts = {"area": area.code, "date": day, "benefit": code}
                yield area, law, code, fields.form(Question(facts))


def test_a_preset_is_what_is_counted_where_nothing_is_given(portal: Any) -> None:
    """The script leaves out what is at its preset, so the two must be one."""
    from gongji.portal.calculation import answer
    from gongji.portal.inputs import SET, Question

    compared = changed = 0
    for area, law, code, form in every_form():
        facts = {
            "area": area.code,
            "date": str(date_of(law.since)),
            "benefit": code,
            "level": "2",
            "status": "active",
            "total": "5000",
            "birth_date": "1950-01-01",
        }
        figures = {
            field.name.removeprefix(SET): "50%" if field.kind == "rate" else "1000"
            for field in form.figures
        }
        filled = {field.name: "x" for field in form.facts if field.kind == "words"}

        def paid(facts: dict[str, str], figures: dict[str, str] = figures) -> Any:
            try:
                found = answer(Question(facts, figures=figures)).result
            except Refusal as refusal:
                return refusal.code
            return found.refusal, found.pool_fen, found.person_fen

        plain = paid(facts | filled)
        for field in (*form.facts, *form.circumstances):
            if not field.default:
                continue
            assert paid(facts | filled | {field.name: field.default}) == plain, (code, field)
            compared += 1
            if field.kind == "check":
                other = "false" if field.default == "true" else "true"
                changed += paid(facts | filled | {field.name: other}) != plain
    assert compared > 100 and changed > 50


def test_a_form_asks_for_what_its_benefit_depends_on_and_no_more(portal: Any) -> None:
    forms = {
        (area.code, str(date_of(law.since)), code): form for area, law, code, form in every_form()
    }

    def names(group: str, *place: str) -> list[str]:
        return [field.name for field in getattr(forms[place], group)]

    ordinary = ("430500", "2022-11-01", "ordinary")
    assert names("facts", *ordinary) == ["offsite"]
    assert set(names("circumstances", *ordinary)) == {
        "in_benefit_period",
        "designated",
        "inpatient",
        "third_party",
        "advance",
        "other_fund",
        "public_health",
        "abroad",
        "wellness",
        "excluded_by_law",
        "direct",
        "parent_level",
    }
    assert names("used", *ordinary) == [
        "used.level_deductible",
        "used.year_deductible",
        "used.ordinary_paid",
    ]
    assert names("figures", *ordinary) == []
    chronic = ("430500", "2022-11-01", "chronic")
    assert names("facts", *chronic) == ["offsite", "disease"]
    assert names("figures", *chronic) == ["set.disease_ceiling"]
    assert names("used", *chronic)[0] == "used.disease_paid"
    # 邵阳 since 2023-06-01 has a deductible of each visit too, which nobody has used before it.
    assert names("used", "430500", "2023-06-01", "ordinary") == names("used", *ordinary)
    # 临沧: the ceiling by the month of approval, and by the number of diseases.
    assert {"disease_count", "approval_date"} <= set(
        names("facts", "530900", "2023-01-01", "chronic")
    )
    assert names("figures", "430500", "2022-11-01", "emergency") == [
        "set.inpatient_deductible",
        "set.inpatient_rate",
        "set.inpatient_ceiling",
    ]


def test_a_figure_that_is_open_has_its_unit_its_article_and_what_was_given(portal: Any) -> None:
    from gongji.portal import fields
    from gongji.portal.inputs import Question

    facts = {"area": "430500", "date": "2022-11-01", "benefit": "emergency"}
    deductible, rate, ceiling = fields.form(
        Question(facts, figures={"inpatient_rate": "85%"})
    ).figures
    assert (deductible.kind, rate.kind, ceiling.kind) == ("money", "rate", "money")
    assert (deductible.value, rate.value, ceiling.value) == ("", "85%", "")
    assert rate.label == "住院支付比例" and rate.article == "邵市政办发〔2022〕22号 第八条"
    assert rate.note == "住院文件另定" and rate.own
    # What the documents do say is not asked for: 临沧 has its inpatient figures.
    lincang = {"area": "530900", "date": "2023-02-01", "benefit": "ordinary"}
    assert [one.name for one in fields.form(Question(lincang)).figures] == [
        "set.lincang_retired_bonus"
    ]


def test_the_kinds_of_fields_are_those_of_their_facts(portal: Any) -> None:
    kinds = {
        field.name: field.kind
        for _, _, _, form in every_form()
        for field in (*form.facts, *form.circumstances)
    }
    assert kinds["disease"] == kinds["drug"] == "words" and kinds["third_party"] == "check"
    assert kinds["approval_date"] == "day" and kinds["disease_count"] == "whole"
    assert kinds["parent_level"] == kinds["subsidy"] == "select"
    assert "institution" not in kinds and "level" not in kinds


def test_the_key_changes_with_whatever_changes_the_form(portal: Any) -> None:
    from gongji.portal import fields
    from gongji.portal.inputs import Question

    facts = {"area": "430500", "date": "2022-11-01", "benefit": "ordinary"}
    before = fields.form(Question(facts)).key
    same = ({"date": "2023-05-31"}, {"institution_kind": "hospital"}, {"total": "7"})
    for more in same:
        assert fields.form(Question(facts | more)).key == before
    others = (
        {"area": "532300"},
        {"date": "2023-06-01"},
        {"benefit": "chronic"},
        {"institution_kind": "pharmacy"},
        {"date": "2022-10-31"},
        {"area": "999999"},
    )
    assert len({before, *(fields.form(Question(facts | more)).key for more in others)}) == 6
    assert fields.form(Question(facts | {"date": "x"})).key == "none"


def test_what_an_area_does_not_know_is_dropped_and_what_none_knows_is_kept(portal: Any) -> None:
    from gongji.portal.fields import fitting
    from gongji.portal.inputs import Question

    given = Question(
        {"area": "430500", "tier": "1", "status": "active", "nonsense": "1"},
        {"large_amount_paid": "1", "ordinary_paid": "2", "nonsense": "3"},
        {"average_wage": "1", "disease_ceiling": "2", "disease_ceiling.x": "3", "nonsense": "4"},
    )
    found = fitting(given)
    # Facts of the shipped rulebooks are everybody's; meters and parameters are an area's own.
    # A name that is no fact anywhere does not count, and that is told.
    assert found.facts == {n: t for n, t in given.facts.items() if n != "nonsense"}
    assert found.unknown == ("nonsense",)
    assert found.used == {"ordinary_paid": "2", "nonsense": "3"}
    assert found.figures == {"disease_ceiling": "2", "disease_ceiling.x": "3", "nonsense": "4"}
    assert fitting(Question({"area": "999999", "tier": "1"})).facts["tier"] == "1"


QUERIES = {
    "a=1&b=&c=%20": {"a": "1"},
    "total=1&total=2": {"total": "2"},
    "lang=en&total=1": {"total": "1"},
    "total=%201%20": {"total": "1"},
}


@pytest.mark.parametrize("query", QUERIES)
def test_a_question_is_read_from_its_link(portal: Any, query: str) -> None:
    from django.http import QueryDict

    from gongji.portal.inputs import read_question

    assert read_question(QueryDict(query)).facts == QUERIES[query]


def test_rows_are_read_by_their_place_and_those_that_say_nothing_left_out(portal: Any) -> None:
    from django.http import QueryDict

    from gongji.portal.inputs import read_question

    query = "earlier_date=2023-01-01&earlier_level=1&earlier_in_scope=&earlier_benefit=ordinary"
    query += "&earlier_date=2023-01-02&earlier_level=3&earlier_in_scope=%205%20&earlier_benefit="
    query += "&line_item=T1&line_quantity=2&line_price=3&line_item=&line_quantity=9&line_price=9"
    query += "&line_item=T2"
    found = read_question(QueryDict(query))
    assert found.earlier == ({"date": "2023-01-02", "level": "3", "in_scope": "5"},)
    assert found.items == ({"item": "T1", "quantity": "2", "price": "3"}, {"item": "T2"})
    assert found.facts == {}
    many = "&".join(f"earlier_in_scope={n}" for n in range(1, 63))
    assert [row["in_scope"] for row in read_question(QueryDict(many)).earlier] == [
        str(n) for n in range(1, 61)
    ]


def test_the_rows_given_are_shown_again_and_one_more_is_empty(client: Any) -> None:
    query = "/?area=430500&date=2023-02-01&status=active&level=3&total=1000&earlier_date=2023-01-05"
    page = client.get(query + "&earlier_level=2&earlier_in_scope=500").content.decode()
    assert 'id="f-earlier.0.in_scope" name="earlier_in_scope" value="500"' in page
    assert 'id="f-earlier.1.in_scope" name="earlier_in_scope" value=""' in page
    assert "f-earlier.2.in_scope" not in page
    # 200 of the year's 300 were borne: (1000 - 100) x 60 %.
    assert "统筹基金支付 540.00元" in read(page).text
