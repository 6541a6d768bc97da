"""No page says a word of programs: no English key, no `--`, no code of an area without its name."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.portal.conftest import Family, sign_in
from tests.portal.reading import read

from gongji.law.compile.cells import offered_benefits
from gongji.law.engine.areas import Areas
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.vocabulary import FACTS
from gongji.units import date_of

LATIN = re.compile(r"[A-Za-z][A-Za-z_.]*")
KNOWN = {"English", "APP", "APG"}
"""Words of other scripts that belong on a Chinese page."""
AREAS = ("430500", "445300", "510400", "530000", "530900", "532300")


def words_of_programs(text: str) -> list[str]:
    """What only programs know in a text that is shown."""
    found = [word for word in LATIN.findall(text) if word not in KNOWN and len(word) > 1]
    codes = [code for code in AREAS if re.search(rf"(?<!\d){code}(?!\d)", text)]
    return found + (["--"] if "--" in text else []) + codes


def asked(area: str, benefit: str, day: str, **more: str) -> str:
    facts = {"area": area, "date": day, "status": "retired", "level": "2", "total": "800"}
    facts |= {"benefit": benefit} | more
    return "/?" + "&".join(f"{name}={text}" for name, text in facts.items())


def every_pair() -> Iterator[tuple[str, str, str]]:
    """Every area and benefit on the last day that the rules of this test cover."""
    for area in Areas().every({}):
        law = area.laws[-1]
        day = str(date_of(min(law.until - 1, law.since + 800)))
        for name in offered_benefits(law):
            yield area.code, law.benefits[name], day


PAIRS = list(every_pair())


@pytest.mark.parametrize(("area", "benefit", "day"), PAIRS)
def test_every_benefit_of_every_area_ends_in_a_figure_or_a_bound_in_plain_words(
    client: Any, area: str, benefit: str, day: str
) -> None:
    for more in ({}, {"level": "1"}, {"institution_kind": "pharmacy"}, {"designated": "false"}):
        page = client.get(asked(area, benefit, day, **more)).content.decode()
        shown = read(page).text
        assert not words_of_programs(shown), (words_of_programs(shown), more)
        if not more:
            assert "还算不出来" not in shown and "统筹基金支付 " in shown, shown


WRONG = {
    "a status": "status=dead",
    "a level": "level=9",
    "a kind": "institution_kind=shop",
    "a benefit": "benefit=day_surgery",
    "no benefit": "benefit=x",
    "a day": "date=yesterday",
    "a day before": "date=2001-01-01",
    "an area": "area=999999",
    "an amount": "total=four",
    "below zero": "total=-1",
    "a meter": "used.ordinary_paid=x",
    "no meter": "used.nothing=1",
    "a value of a meter": "used.level_deductible.9=1",
    "a figure": "benefit=chronic&set.disease_ceiling=x",
    "no figure": "set.nothing=1",
    "a value of a figure": "benefit=emergency&set.inpatient_rate.dead=1",
    "a flag": "designated=perhaps",
    "a month": "retired_month=May",
    "a moment": "rescue_at=noon",
    "a name": "nonsense=1",
    "an earlier visit": "earlier_in_scope=1&earlier_date=x",
    "an item": "line_item=NONE&line_price=1",
    "an institution": "institution=nowhere",
}
TYPED = {"dead", "shop", "yesterday", "four", "x", "May", "noon", "NONE", "nowhere", "perhaps"}
"""What the visitor typed is said back."""


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_wrong_is_told_in_plain_words(client: Any, kind: str) -> None:
    base = "area=430500&date=2023-02-01&status=active&level=3&total=9&"
    for query in (base + WRONG[kind],):
        page = client.get("/?" + query).content.decode()
        shown = read(page).text
        found = [w for w in words_of_programs(shown) if w not in TYPED and w not in AREAS]
        assert not found, (found, shown)


PAGES = [
    "/areas",
    *(f"/areas/{area}" for area in AREAS),
    "/areas/430500?at=2001-01-01",
    "/texts/532300/2022-07-01",
    "/compare",
    "/compare?a=430500@2022-11-01&b=532300@2023-06-01&all=1",
    "/compare?a=430500@x&b=532300@2001-01-01",
    "/sign-in",
    "/nowhere",
]


@pytest.mark.parametrize("path", PAGES)
def test_the_other_pages_are_in_plain_words(client: Any, path: str) -> None:
    shown = read(client.get(path)).text
    found = [word for word in words_of_programs(shown) if word not in ("x",)]
    if path == "/areas" or "2001" in path:
        # A code may stand beside its name.
        found = [word for word in found if word not in AREAS]
    assert not found, found


def test_my_pages_are_in_plain_words(client: Any, family: Family) -> None:
    sign_in(client, family.person)
    for path in (
        "",
        "/settlements",
        f"/settlements/{family.settled}",
        "/account?from=2023-01-01&to=2023-12-31",
        "/account?from=x",
        "/family",
        "/filings",
    ):
        shown = read(client.get("/me" + path)).text
        found = [w for w in words_of_programs(shown) if w != "x" and not w.startswith("H4305")]
        assert not found, (path, found)
    wrong = client.post("/me/family/ask", {"psn_no": "1", "name": "x", "relation": "friend"})
    found = [w for w in words_of_programs(read(wrong).text) if w not in ("x", "friend")]
    assert not found, found


def test_every_open_figure_is_called_by_its_name(portal: Any) -> None:
    from gongji.portal import refusal_words
    from gongji.refusals import Refusal

    seen = 0
    for area in Areas().every({}):
        law = area.laws[-1]
        for name, provision in law.all(provision_kinds.Parameter).items():
            code = provision.value.code
            values = {"parameter": code, "reason": "", "also": "；--set"}
            found = refusal_words.in_words(Refusal("parameter_missing", code, values), "", area)
            text = refusal_words.sentence(found)
            assert name in text and "--" not in text and code not in text
            assert refusal_words.figure_in_words(f"未定（{code}）", law) == f"未定（{name}）"
            seen += 1
    assert seen > 20 and len(FACTS) > 20
