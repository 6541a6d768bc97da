"""The calculator: the same as `gongji quote`, in two languages, with every cent shown."""

import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from tests.portal.reading import read

from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.explain.show import as_json
from gongji.refusals import Refusal
from gongji.units import Fen, date_of, parse_fen, yuan_text

MANY = 1000
CHINESE = re.compile("[\u3400-\u9fff]")


def questions(count: int, seed: int) -> Iterator[Any]:
    """Random questions about every area, law and benefit, some of them wrong."""
    from gongji.platform.installation import installed_areas
    from gongji.portal import fields
    from gongji.portal.inputs import SET, USED, Question

    rng = random.Random(seed)
    for number in range(count):
        area = installed_areas().every({})[number % len(installed_areas().every({}))]
        law = rng.choice(area.laws)
        day = str(date_of(min(law.since + rng.randrange(400), law.until + 3)))
        asked = Question({"area": area.code, "date": day})
        offered = fields.form(asked).benefits or (("ordinary", ""),)
        facts = {
            "benefit": rng.choice(offered)[0],
            "status": rng.choice(("active", "retired", "在职")),
            "level": rng.choice(("1", "2", "3", "3", "三级", "")),
            "birth_date": "1950-05-01",
            "total": yuan_text(rng.choice((0, 1, 9_999, 123_456, 4_000_000, 90_000_000))),
        }
        if rng.random() < 0.3:
            facts["in_scope"] = yuan_text(rng.randrange(200_000))
        asked = asked.with_facts(**facts)
        form = fields.form(asked)
        extra = {}
        for field in (*form.facts, *form.circumstances):
            if field.choices and rng.random() < 0.4:
                extra[field.name] = rng.choice(field.choices)[0]
            elif field.default in ("true", "false") and rng.random() < 0.04:
                extra[field.name] = "false" if field.default == "true" else "true"
        used = {
            field.name.removeprefix(USED): yuan_text(rng.randrange(300_000))
            for field in form.used
            if rng.random() < 0.3
        }
        figures = {
            field.name.removeprefix(SET): "85%" if field.kind == "rate" else "3000"
            for field in form.figures
            if rng.random() < 0.9
        }
        yield replace(asked.with_facts(**extra), used=used, figures=figures)


def of_quote(question: Any, library: Library) -> Any:
    """What `gongji quote --json` says, or its refusal."""
    from gongji.law.explain import quote as module

    with pytest.MonkeyPatch.context() as patch:
        # The command reads the rulebooks anew each time; a thousand times is too slow for a test.
        patch.setattr(module, "Library", lambda folders: library)
        try:
            return as_json(module.quote(question.facts, question.used, question.figures))
        except Refusal as refusal:
            return refusal.as_json()


def test_the_answer_is_that_of_gongji_quote_for_a_thousand_questions(portal: Any) -> None:
    from gongji.portal.calculation import answer

    library = Library()
    answered: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    pools = set()
    for question in questions(MANY, 4):
        expected = of_quote(question, library)
        try:
            found = as_json(answer(question).explanation)
        except Refusal as refusal:
            found = refusal.as_json()
            refused[refusal.code] += 1
        else:
            answered[question.get("area")] += 1
            pools.add(found["pool_pays"])
        assert found == expected, question
    # The questions are of every area, differ in what they give, and some are wrong in each way.
    assert 20 < refused.total() < MANY // 2 and answered.total() + refused.total() == MANY
    assert set(answered) == set(library.areas()) and min(answered.values()) > 50, answered
    assert len(pools) > 100
    assert {"in_scope_above_total", "level_missing", "parameter_missing"} <= set(refused), refused


def parts_of(told: dict[str, Any]) -> dict[str, Fen]:
    """The parts of the cost as the quote's own amounts give them, where it says them."""
    amount = {
        name: parse_fen(told[name])
        for name in (
            "total",
            "in_scope",
            "first_self_pay",
            "deductible",
            "pool_pays",
            "supplements",
            "person_pays",
        )
    }
    outside = amount["total"] - amount["in_scope"] - amount["first_self_pay"]
    found = {
        "pool": amount["pool_pays"],
        "supplement": amount["supplements"],
        "first_self_pay": amount["first_self_pay"],
        "outside": outside,
    }
    assert sum(amount[n] for n in ("pool_pays", "supplements", "person_pays")) == amount["total"]
    return {code: fen for code, fen in found.items() if fen}


def test_the_shares_add_up_and_every_sentence_has_its_english(portal: Any) -> None:
    from gongji.portal import english
    from gongji.portal.calculation import answer

    library, codes, told_sentences = Library(), Counter(), 0
    for question in questions(400, 5):
        try:
            found = answer(question)
        except Refusal as refusal:
            assert refusal.code in english.REFUSALS, refusal.code
            continue
        assert sum(share.amount_fen for share in found.shares) == found.result.total_fen
        assert all(share.amount_fen > 0 for share in found.shares)
        shares: Counter[str] = Counter()
        for share in found.shares:
            shares[share.code] += share.amount_fen
        codes.update(shares.keys())
        quoted = of_quote(question, library)
        expected = parts_of(quoted)
        if not quoted["supplements"].strip("0."):
            # A supplement may bear first self-pay or what is outside; then those parts are smaller.
            own = ("deductible", "share", "refused", "beyond", "account")
            assert {c: f for c, f in shares.items() if c not in own} == expected, question
            if not quoted["refusal"]:
                assert shares["deductible"] == parse_fen(quoted["deductible"]), question
        assert shares["pool"] == expected.get("pool", 0)
        for sentence in found.explanation.sentences:
            told = english.sentence(sentence.text)
            assert not CHINESE.search(told.partition("Documents that apply")[0]), sentence.text
            amounts = re.findall(r"[\d,]+\.\d\d", sentence.text)
            assert sorted(amounts) == sorted(re.findall(r"[\d,]+\.\d\d", told))
            told_sentences += 1
    assert told_sentences > 800
    assert set(codes) >= {"pool", "deductible", "share", "beyond", "outside", "first_self_pay"}


def test_earlier_visits_are_settled_first_and_the_next_one_follows(portal: Any) -> None:
    from gongji.portal.calculation import answer
    from gongji.portal.inputs import Question

    facts = {"area": "430500", "date": "2023-02-01", "status": "active", "level": "3"}
    earlier = ({"date": "2023-01-09", "level": "2", "in_scope": "500"},)
    found = answer(Question({**facts, "in_scope": "1000"}, earlier=earlier))
    # 200 of the year's 300 are borne; (1000 - 100) x 60%.
    assert found.result.pool_fen == 54_000
    assert found.following and found.following.pool_fen == 60_000
    assert {e.level: e.result.pool_fen for e in found.elsewhere if e.result} == {
        "一级": 70_000,
        "二级": 60_000,
        "三级": 54_000,
    }
    late = ({"date": "2023-03-01", "in_scope": "1"},)
    with pytest.raises(Refusal) as refused:
        answer(Question({**facts, "in_scope": "1000"}, earlier=late))
    assert refused.value.field == "earlier.0.date"


def test_a_link_keeps_the_question(portal: Any) -> None:
    from django.http import QueryDict

    from gongji.portal.inputs import Question, read_question

    question = Question(
        {"area": "430500", "date": "2023-02-01", "total": "10"},
        {"ordinary_paid": "1"},
        {"inpatient_rate": "85%"},
        ({"date": "2023-01-01", "in_scope": "5"},),
        ({"item": "T001", "quantity": "2", "price": "3.5"},),
    )
    assert read_question(QueryDict(question.link())) == question


WRONG = {
    "area=999999&date=2023-02-01&status=active&level=1&total=1": "area",
    "area=430500&date=&status=active&level=1&total=1": "date",
    "area=430500&date=2021-02-01&status=active&level=1&total=1": "date",
    "area=430500&date=2023-02-30&status=active&level=1&total=1": "date",
    "area=430500&date=2023-02-01&status=dead&level=1&total=1": "status",
    "area=430500&date=2023-02-01&status=active&level=9&total=1": "level",
    "area=430500&date=2023-02-01&status=active&total=1": "level",
    "area=430500&date=2023-02-01&status=active&level=1": "total",
    "area=430500&date=2023-02-01&status=active&level=1&total=-1": "total",
    "area=430500&date=2023-02-01&status=active&level=1&total=1&in_scope=2": "in_scope",
    "area=430500&date=2023-02-01&status=active&level=1&total=1&benefit=day_surgery": "benefit",
    "area=430500&date=2023-02-01&status=active&level=1&total=1&used.ordinary_paid=x": "used.ordinary_paid",
    "area=430500&date=2023-02-01&status=active&level=1&total=9&benefit=chronic&disease=a": "set.disease_ceiling",
    "area=430500&date=2023-02-01&status=active&level=1&total=9&benefit=chronic"
    "&set.disease_ceiling=x": "set.disease_ceiling",
    "area=430500&date=2023-02-01&status=active&level=1&total=9&earlier_date=2023-01-01"
    "&earlier_in_scope=x": "earlier.0.in_scope",
    "area=430500&date=2023-02-01&status=active&level=1&line_item=NONE&line_quantity=1"
    "&line_price=1": "line.0.item",
}


@pytest.mark.parametrize("asked", WRONG)
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_wrong_input_is_told_at_its_field(client: Any, asked: str, language: str) -> None:
    found = client.get("/answer?" + asked, headers={"accept-language": language}).json()
    assert list(found["errors"]) == [WRONG[asked]]
    sentence = found["errors"][WRONG[asked]]
    assert (
        bool(CHINESE.search(sentence.split("cover")[0].split("allowed")[0])) == (language != "en")
        or "benefit" in asked
    )
    assert f'data-field="{WRONG[asked]}"' in found["form"] or "earlier" in asked


def test_items_of_the_catalogue_are_priced(client: Any) -> None:
    asked = "/answer?area=430500&date=2023-02-01&status=active&level=1"
    for item, price in (("T001", "100"), ("T002", "100"), ("T003", "100")):
        asked += f"&line_item={item}&line_quantity=2&line_price={price}"
    found = client.get(asked).json()
    # 200 + 200 less 10 % first self-pay = 380 in scope, x 70 %; 200 are outside the catalogue.
    assert found["errors"] == {}
    assert "266.00元" in found["answer"] and "600.00元" in found["answer"]
    listed = client.get("/items?area=430500&date=2023-02-01&words=T00").json()["found"]
    assert [row["code"] for row in listed] == ["T001", "T002", "T003"]


def test_an_institution_that_is_chosen_brings_its_level(client: Any) -> None:
    listed = client.get("/institutions?area=430500&date=2023-02-01&words=测").json()["found"]
    assert [row["code"] for row in listed] == ["H43050000001"]
    asked = "/answer?area=430500&date=2023-02-01&status=active&level=1&total=1000&institution="
    found = client.get(asked + "H43050000001").json()
    assert "420.00元" in found["answer"], "level 3, not 1"
    assert read(found["form"]).fields["level"]["value"] == "3"
    found = client.get(asked + "H43050000009").json()
    assert list(found["errors"]) == ["institution"]


def test_what_only_another_area_asks_for_is_dropped_when_the_area_changes(client: Any) -> None:
    asked = "/answer?area=430500&date=2023-02-01&status=active&level=1&total=1000"
    found = client.get(asked + "&set.average_wage=96957&tier=1").json()
    assert found["errors"] == {} and "700.00元" in found["answer"]
    mistyped = client.get(asked + "&used.ordinary_payd=1").json()
    assert mistyped["errors"]


def test_every_word_of_the_pages_and_of_the_rulebooks_has_its_english(portal: Any) -> None:
    from pathlib import Path

    import gongji.portal
    from gongji.law.compile.cells import axes_of, axis_values, reached_layers
    from gongji.ledger.statement import ACCOUNTS, EVENTS
    from gongji.portal import family, own_pages, present
    from gongji.portal.area_tables import SECTIONS
    from gongji.portal.law_terms import TERMS
    from gongji.portal.ui_texts import WORDS

    folder = Path(gongji.portal.__file__).parent
    said = r"""\bsay\(?\s*(?:"([^"]*[\u3400-\u9fff，]+[^"]*)"|'([^']*[\u3400-\u9fff，]+[^']*)')"""
    files = [*folder.glob("templates/**/*.html"), *folder.glob("*.py")]
    words = {a or b for file in files for a, b in re.findall(said, file.read_text("utf-8"))}
    for mapping in (
        ACCOUNTS,
        EVENTS,
        family.RELATIONS,
        own_pages.FILINGS,
        own_pages.STATES,
        SECTIONS,
    ):
        words |= set(mapping.values())
    assert len(words) > 150
    assert not {
        word
        for word in words | set(present.LABELS.values())
        if word not in WORDS and word not in TERMS
    }
    law_words = set()
    library = Library()
    for law in (law for code in library.areas() for law in Areas(library).area(code).laws):
        law_words |= {law.place, *law.section("计量"), *law.section("参数"), *law.section("转归")}
        for benefit in law.benefits:
            law_words |= {layer.name for layer in reached_layers(law, benefit)}
            for axis in axes_of(law, benefit):
                law_words |= {axis, *axis_values(law.facts[axis])}
    assert law_words <= TERMS.keys() | WORDS.keys(), law_words - TERMS.keys()
