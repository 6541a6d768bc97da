"""Signs that nobody types, digits of other scripts and numbers beyond all bounds: never a fault."""

from typing import Any

import pytest
from tests.portal.conftest import Family, sign_in

ODD = {
    "NUL": "\x00",
    "NUL inside": "1\x002",
    "a superscript": "²",
    "a circled digit": "①",
    "another script's digits": "٣٤",
    "wide digits": "１２",
    "a line end": "1\n2",
    "half a pair": "\udc80",
    "an odd amount": "1e999",
    "many digits": "9" * 400,
    "a far day": "9999-12-31",
    "the first day": "0001-01-01",
    "a day that is none": "2023-02-30",
    "a pattern": "%_\\",
    "a form": "{0}{x}%s",
    "a mark": "<script>",
    "nothing": "",
}
QUESTION = {"area": "430500", "date": "2023-02-01", "status": "active", "level": "3", "total": "9"}
NAMES = {
    "/": (
        *QUESTION,
        "benefit",
        "institution_kind",
        "prescriber_level",
        "institution",
        "in_scope",
        "birth_date",
        "disease",
        "disease_count",
        "approval_date",
        "selected",
        "retired_month",
        "rescue_at",
        "total_fen",
        "used.ordinary_paid",
        "used.nothing",
        "set.disease_ceiling",
        "set.disease_ceiling.x",
        "set.nothing",
        "earlier_date",
        "earlier_in_scope",
        "earlier_level",
        "line_item",
        "line_quantity",
        "line_price",
        "lang",
        "whole",
        "nonsense",
    ),
    "/items": ("area", "date", "words"),
    "/institutions": ("area", "date", "words"),
    "/areas": ("at",),
    "/areas/430500": ("at",),
    "/areas/430500/curve.svg": ("at", "benefit"),
    "/compare": ("a", "b", "a_area", "b_area", "a_date", "b_date", "all"),
    "/sign-in": ("next",),
    "/api/v1/areas/430500/rules": ("at",),
    "/me/account": ("from", "to"),
    "/me/settlements": ("page",),
    "/me/family": ("next",),
    "/me/family/ask": ("psn_no",),
}
BESIDE = {
    "/": QUESTION | {"earlier_in_scope": "1", "line_item": ""},
    "/items": {"area": "430500", "date": "2023-02-01", "words": "测"},
    "/institutions": {"area": "430500", "date": "2023-02-01", "words": "测"},
}


def sent(text: str) -> bytes:
    """A text as a link has it, half a pair of a sign as its byte."""
    return text.encode("utf-8", "surrogateescape")


@pytest.mark.slow
@pytest.mark.parametrize("path", NAMES)
def test_no_page_has_a_fault_whatever_a_link_says(client: Any, family: Family, path: str) -> None:
    ask_oddly(client, family, path, 1)


@pytest.mark.parametrize("path", NAMES)
def test_no_page_has_a_fault_over_a_part_of_what_links_say(
    client: Any, family: Family, path: str
) -> None:
    """Every name with some odd value, every odd value under some name."""
    ask_oddly(client, family, path, 8 if path == "/" else 2)


def ask_oddly(client: Any, family: Family, path: str, every: int) -> None:
    """Ask a page by each so-many-eth pair of a name and an odd value."""
    from urllib.parse import quote_plus

    if path.startswith("/me"):
        sign_in(client, family.person)
    paths = [path, "/answer"] if path == "/" else [path]
    for place, name in enumerate(NAMES[path]):
        for number, (kind, odd) in enumerate(ODD.items()):
            if (place + number) % every:
                continue
            given = {n: sent(t) for n, t in BESIDE.get(path, {}).items()} | {name: sent(odd)}
            query = "&".join(f"{n}={quote_plus(t)}" for n, t in given.items())
            for one in paths:
                answer = client.get(f"{one}?{query}")
                assert answer.status_code < 500, (one, name, kind)


def test_a_count_of_diseases_in_other_digits_is_told_at_its_field(client: Any) -> None:
    facts = "/answer?area=530900&date=2023-02-01&status=active&level=2&total=9&benefit=chronic"
    found = client.get(facts + "&set.chronic_deductible=0&disease_count=²").json()
    assert list(found["errors"]) == ["disease_count"]
    assert "²" in found["errors"]["disease_count"]


@pytest.mark.parametrize("odd", ["%00", "%C2%B2", "9" * 30, "-1"])
def test_addresses_with_odd_signs_are_no_pages(client: Any, family: Family, odd: str) -> None:
    sign_in(client, family.person)
    for path in (
        f"/areas/{odd}",
        f"/areas/{odd}/curve.svg",
        f"/texts/430500/{odd}",
        f"/texts/{odd}/2022-11-01",
        f"/texts/430500/2022-11-01/{odd}",
        f"/me/settlements/{odd}",
        f"/api/v1/areas/{odd}/rules",
        f"/api/v1/areas/{odd}/articles",
    ):
        assert client.get(path).status_code in (404, 422), path


@pytest.mark.parametrize("odd", ["\x00", "1\x00", "²", "9" * 400])
def test_forms_with_odd_signs_are_answered(client: Any, family: Family, odd: str) -> None:
    names = ("psn_no", "code", "next", "language")
    for path in ("/sign-in", "/language"):
        assert client.post(path, dict.fromkeys(names, odd)).status_code < 500, path
    sign_in(client, family.person)
    for what in ("ask", "give", "consent", "end"):
        given = dict.fromkeys(("psn_no", "name", "relation", "bond"), odd)
        assert client.post(f"/me/family/{what}", given).status_code == 422, what
    body = {
        "facts": {**QUESTION, "disease": odd},
        "used": {"ordinary_paid": odd},
        "settings": {"disease_ceiling": odd},
    }
    answer = client.post("/api/v1/quote", body, content_type="application/json")
    assert answer.status_code < 500
