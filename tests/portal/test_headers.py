"""What every answer carries, route by route: policy, frames, types, storing; static files."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.portal.conftest import Family, sign_in

PAGE = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'"
)
DRAWN = "default-src 'none'; style-src 'unsafe-inline'"
TRIED = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'none'"
)
PROBLEM = "application/problem+json"
HTML, JSON, SVG = "text/html; charset=utf-8", "application/json", "image/svg+xml"
QUESTION = "area=430500&date=2023-02-01&status=active&level=3&total=4000"

ROUTES = {
    # route: (an address of it, status of GET, type, policy)
    "": (f"/?{QUESTION}", 200, HTML, PAGE),
    "answer": (f"/answer?{QUESTION}", 200, JSON, PAGE),
    "items": ("/items?area=430500&date=2023-02-01&words=T", 200, JSON, PAGE),
    "institutions": ("/institutions?area=430500&date=2023-02-01&words=T", 200, JSON, PAGE),
    "areas": ("/areas", 200, HTML, PAGE),
    "areas/<str:code>": ("/areas/430500?at=2023-02-01", 200, HTML, PAGE),
    "areas/<str:code>/curve.svg": ("/areas/430500/curve.svg?at=2023-02-01", 200, SVG, DRAWN),
    "texts/<str:code>/<str:date>": ("/texts/430500/2022-11-01", 200, HTML, PAGE),
    "texts/<str:code>/<str:date>/<str:named>": ("/texts/430500/2022-11-01/第六条", 200, HTML, PAGE),
    "compare": ("/compare", 200, HTML, PAGE),
    "sign-in": ("/sign-in", 200, HTML, PAGE),
    "sign-out": ("/sign-out", 405, HTML, PAGE),
    "me": ("/me", 302, HTML, PAGE),
    "me/settlements": ("/me/settlements", 302, HTML, PAGE),
    "me/settlements/<int:number>": ("/me/settlements/1", 302, HTML, PAGE),
    "me/settlements/<int:number>.pdf": ("/me/settlements/1.pdf", 302, HTML, PAGE),
    "me/account": ("/me/account", 302, HTML, PAGE),
    "me/account.pdf": ("/me/account.pdf", 302, HTML, PAGE),
    "me/looks": ("/me/looks", 302, HTML, PAGE),
    "me/records.xlsx": ("/me/records.xlsx", 302, HTML, PAGE),
    "me/items": ("/me/items", 302, HTML, PAGE),
    "me/items/new/<str:kind>": ("/me/items/new/chronic_filing", 302, HTML, PAGE),
    "me/items/<int:number>": ("/me/items/1", 302, HTML, PAGE),
    "me/items/<int:number>/edit": ("/me/items/1/edit", 302, HTML, PAGE),
    "me/items/<int:number>/paper": ("/me/items/1/paper", 302, HTML, PAGE),
    "me/items/<int:number>/act": ("/me/items/1/act", 302, HTML, PAGE),
    "me/items/<int:number>.pdf": ("/me/items/1.pdf", 302, HTML, PAGE),
    "me/family": ("/me/family", 302, HTML, PAGE),
    "me/family/ask": ("/me/family/ask", 302, HTML, PAGE),
    "me/family/give": ("/me/family/give", 302, HTML, PAGE),
    "me/family/consent": ("/me/family/consent", 302, HTML, PAGE),
    "me/family/end": ("/me/family/end", 302, HTML, PAGE),
    "me/filings": ("/me/filings", 302, HTML, PAGE),
    "language": ("/language", 405, HTML, PAGE),
    "text-size": ("/text-size", 405, HTML, PAGE),
    "api/v1/openapi.json": ("/api/v1/openapi.json", 200, JSON, PAGE),
    "api/v1/docs": ("/api/v1/docs", 200, HTML, TRIED),
    "api/v1/": ("/api/v1/", 404, PROBLEM, PAGE),
    "api/v1/quote": ("/api/v1/quote", 405, PROBLEM, PAGE),
    "api/v1/quotes": ("/api/v1/quotes", 405, PROBLEM, PAGE),
    "api/v1/areas": ("/api/v1/areas", 200, JSON, PAGE),
    "api/v1/areas/<code>/rules": ("/api/v1/areas/430500/rules", 200, JSON, PAGE),
    "api/v1/areas/<code>/articles": ("/api/v1/areas/430500/articles", 200, JSON, PAGE),
    "api/v1/areas/<code>/facts": ("/api/v1/areas/430500/facts", 200, JSON, PAGE),
}
"""Every route of ours; those of allauth under accounts/ are below."""
OTHERS = {
    "/nowhere": (404, HTML, PAGE),
    "/areas/x": (404, HTML, PAGE),
    "/me/nothing": (404, HTML, PAGE),
    "/accounts/login/": (200, HTML, PAGE),
    "/accounts/inactive/": (200, HTML, PAGE),
    "/accounts/oidc/issuer/login/": (404, HTML, PAGE),
    "/api/v2/": (404, HTML, PAGE),
    "/accounts/3rdparty/login/error/": (401, HTML, PAGE),
    "/api/v1/areas/999999/rules": (404, PROBLEM, PAGE),
    "/api/v1/nowhere": (404, PROBLEM, PAGE),
    "/static/nothing.css": (404, HTML, PAGE),
}


def routes(patterns: Any = None, before: str = "") -> Iterator[str]:
    """Every route of the pages."""
    from django.urls import URLResolver, get_resolver

    for one in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns, before + str(one.pattern))
        else:
            yield before + str(one.pattern)


def checked(answer: Any, status: int, kind: str, policy: str) -> None:
    """An answer carries what it must."""
    assert answer.status_code == status, answer.content.decode()[:500]
    assert answer["Content-Type"].startswith(kind)
    assert answer["Content-Security-Policy"] == policy
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"


def test_every_route_is_in_the_table(client: Any) -> None:
    ours = {route for route in routes() if not route.startswith("accounts/")}
    assert ours == set(ROUTES)


@pytest.mark.parametrize("route", ROUTES)
def test_each_route_carries_its_policy(client: Any, route: str) -> None:
    path, status, kind, policy = ROUTES[route]
    checked(client.get(path), status, kind, policy)
    head = client.head(path)
    assert head.status_code in (status, 405) and head.content == b""


@pytest.mark.parametrize("path", OTHERS)
def test_what_does_not_exist_and_what_is_another_library_s_carry_it_too(
    client: Any, path: str
) -> None:
    checked(client.get(path), *OTHERS[path])


CHANGES = "me/family/"
"""What changes a bond; who only looks is led to the bonds."""


@pytest.mark.parametrize("route", [route for route in ROUTES if route.startswith("me")])
def test_my_pages_are_stored_nowhere(client: Any, family: Family, route: str) -> None:
    path = ROUTES[route][0].replace("/1", f"/{family.settled}")
    sign_in(client, family.person)
    if route.startswith("me/items/"):
        # None of that number is theirs, and no agency works here.
        answer = client.post(path) if route.endswith(("/paper", "/act")) else client.get(path)
        assert answer.status_code == 404
        return
    if route.startswith(CHANGES):
        answer = client.post(path)
        checked(answer, 422, HTML, PAGE)
    elif route.endswith((".pdf", ".xlsx")):
        answer = client.get(path)
        checked(answer, 200, "application/", PAGE)
    else:
        answer = client.get(path)
        checked(answer, 200, HTML, PAGE)
    assert answer["Cache-Control"] == "no-store"


POSTED = {
    "/sign-in": 403,
    "/sign-out": 302,
    "/language": 302,
    "/text-size": 302,
    "/me/family/ask": 302,
    "/me/family/give": 302,
    "/me/family/consent": 302,
    "/me/family/end": 302,
}


@pytest.mark.parametrize("path", POSTED)
def test_answers_to_forms_carry_it_and_forms_of_other_sites_are_refused(
    client: Any, path: str
) -> None:
    from django.test import Client

    checked(client.post(path), POSTED[path], HTML, PAGE)
    strict = Client(enforce_csrf_checks=True, headers={"host": "localhost"})
    refused = strict.post(path)
    checked(refused, 403, HTML, PAGE)
    said = refused.content.decode()
    assert "请再来一次" in said and "CSRF" not in said and 'href="/me"' in said


READ_ONLY = [
    r
    for r, row in ROUTES.items()
    if row[1] in (200, 302)
    and r != "sign-in"
    and not r.startswith(("api", CHANGES, "me/items/new"))
    and not r.endswith(("/edit", "/paper", "/act"))
]


@pytest.mark.parametrize("route", READ_ONLY)
def test_what_is_only_looked_at_takes_no_form(client: Any, route: str) -> None:
    assert client.post(ROUTES[route][0]).status_code == 405


def test_a_fault_of_ours_is_told_without_its_details(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gongji.portal import area_pages

    def broken() -> None:
        raise RuntimeError("secret details")

    monkeypatch.setattr(area_pages, "installed_areas", broken)
    client.raise_request_exception = False
    answer = client.get("/areas")
    checked(answer, 500, HTML, PAGE)
    page = answer.content.decode()
    assert "出错了" in page and "secret details" not in page and "Traceback" not in page


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("127.0.0.1", 200),
        ("localhost:8087", 200),
        ("elsewhere.example", 400),
        ("localhost.elsewhere.example", 400),
        ("", 400),
    ],
)
def test_the_pages_answer_to_their_own_names_only(client: Any, host: str, status: int) -> None:
    answer = client.get("/areas", headers={"host": host})
    assert answer.status_code == status
    assert "elsewhere" not in answer.content.decode()
    assert status == 200 or "这个地址打不开" in answer.content.decode()


STATIC = {
    "portal/portal.css": "text/css",
    "portal/portal.js": "text/javascript",
    "portal/icon.svg": "image/svg+xml",
}


@pytest.mark.parametrize("name", STATIC)
def test_a_static_file_is_whole_of_its_type_and_known_again(client: Any, name: str) -> None:
    from pathlib import Path

    import gongji.portal

    kept = (Path(gongji.portal.__file__).parent / "static" / name).read_bytes()
    answer = client.get(f"/static/{name}")
    assert answer.status_code == 200 and answer.content == kept
    assert not answer.streaming and answer["Content-Type"].startswith(STATIC[name])
    assert answer["Content-Length"] == str(len(kept))
    assert answer["Cache-Control"] == "max-age=60, public"
    assert answer["X-Content-Type-Options"] == "nosniff"
    head = client.head(f"/static/{name}")
    assert head.status_code == 200 and head.content == b""
    assert head["Content-Length"] == str(len(kept))
    again = client.get(f"/static/{name}", headers={"if-none-match": answer["ETag"]})
    assert again.status_code == 304 and again.content == b""
    again = client.get(f"/static/{name}", headers={"if-modified-since": answer["Last-Modified"]})
    assert again.status_code == 304
    assert client.post(f"/static/{name}").status_code in (404, 405)


@pytest.mark.parametrize(
    "name",
    [
        "portal/nothing.css",
        "",
        "../settings.py",
        "portal/../../mine.py",
        "%2e%2e/mine.py",
        "/etc/passwd",
        "portal/templates/base.html",
    ],
)
def test_nothing_else_is_a_static_file(client: Any, name: str) -> None:
    answer = client.get(f"/static/{name}")
    assert answer.status_code == 404 and "没有这一页" in answer.content.decode()


def test_what_a_page_names_is_there(client: Any) -> None:
    import re

    for path in ("/", "/api/v1/docs"):
        page = client.get(path).content.decode()
        named = re.findall(r'(?:src|href)="(/static/[^"]+)"', page)
        assert len(named) >= 2
        for address in named:
            assert client.get(address).status_code == 200, address
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
        assert not re.findall(r"<[^>]+\s(?:style|on\w+)=", page)
