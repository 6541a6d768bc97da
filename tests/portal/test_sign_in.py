"""Signing in by OpenID Connect, with a made-up issuer on this machine."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.portal.conftest import Family


class Issuer(BaseHTTPRequestHandler):
    """Says who it is, gives a token for any code, and tells the claims."""

    claims: dict[str, str] = {}
    asked: list[str] = []

    def _answer(self, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def do_GET(self) -> None:
        """The configuration, or the claims."""
        host, port = self.server.server_address[:2]
        base = f"http://{host!s}:{port}"
        if "openid-configuration" in self.path:
            self._answer(
                {
                    "issuer": base,
                    "authorization_endpoint": f"{base}/authorize",
                    "token_endpoint": f"{base}/token",
                    "userinfo_endpoint": f"{base}/userinfo",
                    "jwks_uri": f"{base}/jwks",
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                }
            )
        else:
            self._answer(self.claims)

    def do_POST(self) -> None:
        """The token."""
        self.asked.append(self.rfile.read(int(self.headers["content-length"])).decode())
        self._answer({"access_token": "made-up", "token_type": "Bearer"})

    def log_message(self, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def issuer(django_database: None) -> Iterator[type[Issuer]]:
    """The issuer, running and configured."""
    from django.conf import settings

    server = HTTPServer(("127.0.0.1", 0), Issuer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    apps = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    before, Issuer.asked = settings.GONGJI_OIDC_CLAIM, []
    apps.append(
        {
            "provider_id": "issuer",
            "name": "made up",
            "client_id": "gongji",
            "secret": "made-up",
            "settings": {"server_url": f"http://127.0.0.1:{server.server_address[1]}"},
        }
    )
    yield Issuer
    apps.clear()
    settings.GONGJI_OIDC_CLAIM = before
    server.shutdown()
    server.server_close()
    thread.join()


def come_back(client: Any) -> Any:
    """Go to the issuer and come back with a code; the answer to that."""
    leaving = client.post("/accounts/oidc/issuer/login/")
    assert leaving.status_code == 302
    asked = parse_qs(urlsplit(leaving["Location"]).query)
    assert asked["code_challenge_method"] == ["S256"]
    return client.get(
        "/accounts/oidc/issuer/login/callback/", {"code": "made-up", "state": asked["state"][0]}
    )


def test_who_the_issuer_names_sees_their_pages(
    client: Any, issuer: type[Issuer], family: Family
) -> None:
    issuer.claims = {"sub": "a", "psn_no": family.person}
    assert "oidc" in client.get("/sign-in").content.decode()
    assert "form-action 'self' http://127.0.0.1" in client.get("/")["Content-Security-Policy"]
    for _ in range(2):
        answer = come_back(client)
        assert answer.status_code == 302 and answer["Location"] == "/me"
        assert f"settlements/{family.settled}" in client.get("/me").content.decode()
        client.post("/sign-out")
    assert "code_verifier" in issuer.asked[0] and "made-up" in issuer.asked[0]


def test_who_is_not_in_the_registry_is_refused(client: Any, issuer: type[Issuer]) -> None:
    from django.contrib.auth import get_user_model

    for claims in ({"sub": "b", "psn_no": "99999900000000000001"}, {"sub": "c"}):
        issuer.claims = claims
        before = get_user_model().objects.count()
        answer = come_back(client)
        assert answer.status_code == 403 and "没有与这个账号对应的参保人" in answer.content.decode()
        assert get_user_model().objects.count() == before
        assert client.get("/me").status_code == 302


def test_an_account_of_the_issuer_stays_with_one_person(
    client: Any, issuer: type[Issuer], family: Family
) -> None:
    issuer.claims = {"sub": "d", "psn_no": family.spouse}
    assert come_back(client)["Location"] == "/me"
    client.post("/sign-out")
    issuer.claims = {"sub": "d", "psn_no": family.stranger}
    answer = come_back(client)
    assert answer.status_code == 403 and "另一位参保人" in answer.content.decode()


@pytest.mark.usefixtures("fresh_database")
def test_an_identity_number_is_looked_up_by_its_keyed_hash(
    client: Any, issuer: type[Issuer], family: Family, pages_database: str
) -> None:
    import psycopg
    from django.conf import settings

    from gongji.platform.identity import Identity

    number = "110101190001010010"
    identity = Identity(settings.GONGJI_IDENTITY_KEY, settings.GONGJI_LOOKUP_KEY)
    with psycopg.connect(pages_database, autocommit=True) as owner:
        owner.execute(
            "update person set certificate_hash = %s where psn_no = %s",
            [identity.lookup_hash("01", number), family.stranger],
        )
    settings.GONGJI_OIDC_CLAIM = "id_number"
    issuer.claims = {"sub": "e", "id_number": number}
    assert come_back(client)["Location"] == "/me"
    assert "测试·丙" in client.get("/me").content.decode()


def test_nobody_signs_up_by_a_form_of_the_library(client: Any) -> None:
    for path in ("/accounts/signup/", "/accounts/password/reset/", "/accounts/email/"):
        assert client.get(path).status_code in (302, 404), path
    assert client.post("/accounts/login/", {"login": "a", "password": "b"}).status_code != 302


@pytest.mark.parametrize("place", ["userinfo", "id_token", ""])
def test_a_claim_is_read_wherever_the_issuer_puts_it(
    django_database: None, family: Family, place: str
) -> None:
    from gongji.portal.sign_in import number_told

    said: dict[str, Any] = {"sub": "x", "psn_no": family.stranger}
    assert number_told({place: said} if place else said) == family.stranger
    for nothing in ({}, {"psn_no": ""}, {"psn_no": None}, {"userinfo": None, "id_token": None}):
        assert number_told(nothing) == ""
    # Another claim is not asked, whatever it says.
    assert number_told({"sub": family.person, "id_number": family.person}) == ""


NUMBER = "11010119000101004X"
HELD = [
    ("01", NUMBER, True),
    ("01", NUMBER.lower(), True),
    ("01", f" {NUMBER[:6]} {NUMBER[6:]} ", True),
    ("01", "110101190001010041", False),
    ("03", NUMBER, False),
]


@pytest.mark.usefixtures("fresh_database")
@pytest.mark.parametrize(("kind", "told", "found"), HELD)
def test_an_identity_number_is_that_of_a_resident_however_it_is_written(
    django_database: None,
    family: Family,
    pages_database: str,
    kind: str,
    told: str,
    found: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import psycopg
    from django.conf import settings

    from gongji.platform.identity import Identity
    from gongji.portal.sign_in import number_told

    monkeypatch.setattr(settings, "GONGJI_OIDC_CLAIM", "id_number")
    identity = Identity(settings.GONGJI_IDENTITY_KEY, settings.GONGJI_LOOKUP_KEY)
    with psycopg.connect(pages_database, autocommit=True) as owner:
        owner.execute(
            "update person set certificate_kind = %s, certificate_hash = %s where psn_no = %s",
            [kind, identity.lookup_hash("01", NUMBER), family.stranger],
        )
    assert number_told({"id_number": told}) == (family.stranger if found else "")
    # The person's number is no identity number.
    assert number_told({"psn_no": family.stranger, "id_number": family.stranger}) == ""


def test_two_accounts_of_the_issuer_may_be_one_person(
    client: Any, issuer: type[Issuer], family: Family
) -> None:
    from django.contrib.auth import get_user_model

    for sub in ("f", "g"):
        issuer.claims = {"sub": sub, "psn_no": family.person}
        assert come_back(client)["Location"] == "/me"
        assert "测试·甲" in client.get("/me").content.decode()
        client.post("/sign-out")
    assert [user.username for user in get_user_model().objects.all()] == [family.person]


def test_coming_back_without_having_left_opens_nothing(client: Any, issuer: type[Issuer]) -> None:
    answer = client.get(
        "/accounts/oidc/issuer/login/callback/", {"code": "made-up", "state": "made-up"}
    )
    assert answer.status_code != 302 or answer["Location"] != "/me"
    assert client.get("/me").status_code == 302
    assert issuer.asked == []


def test_the_issuer_leads_to_the_page_that_was_asked_for(
    client: Any, issuer: type[Issuer], family: Family
) -> None:
    from tests.portal.reading import read

    issuer.claims = {"sub": "h", "psn_no": family.person}
    page = read(client.get("/sign-in?next=/me/family"))
    assert page.fields["next"]["value"] == "/me/family"
    leaving = client.post("/accounts/oidc/issuer/login/", {"next": "/me/family"})
    asked = parse_qs(urlsplit(leaving["Location"]).query)
    assert asked["client_id"] == ["gongji"] and asked["response_type"] == ["code"]
    assert "openid" in asked["scope"][0].split()
    given = {"code": "made-up", "state": asked["state"][0]}
    back = client.get("/accounts/oidc/issuer/login/callback/", given)
    assert back["Location"] == "/me/family"
