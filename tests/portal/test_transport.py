"""What a browser keeps and for how long, whom the pages believe, what means nothing to them."""

from typing import Any

import pytest
from tests.portal.conftest import Family, sign_in
from tests.portal.test_headers import PAGE

SECURE = {"HTTP_X_FORWARDED_PROTO": "https"}


def signed_in(client: Any, psn_no: str, **more: Any) -> Any:
    from gongji.portal.sign_in import code_of

    given = {"psn_no": psn_no, "code": code_of(psn_no)}
    return client.post("/sign-in", given, **more)


def test_behind_tls_cookies_and_the_whole_site_stay_behind_tls(client: Any, family: Family) -> None:
    answer = signed_in(client, family.person, **SECURE)
    assert answer.status_code == 302 and "sessionid" in answer.cookies
    for cookie in answer.cookies.values():
        assert cookie["secure"], cookie
    assert answer["Strict-Transport-Security"] == "max-age=31536000"


def test_a_session_is_no_script_s_and_no_other_site_s(client: Any, family: Family) -> None:
    cookie = signed_in(client, family.person).cookies["sessionid"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and not cookie["secure"]


@pytest.mark.parametrize(("peer", "believed"), [("127.0.0.1", True), ("203.0.113.5", False)])
def test_only_a_named_proxy_says_how_somebody_came(client: Any, peer: str, believed: bool) -> None:
    answer = client.get("/areas", REMOTE_ADDR=peer, **SECURE)
    assert ("Strict-Transport-Security" in answer) == believed


def test_only_a_named_proxy_says_who_came(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from gongji.api.service import LIMIT

    monkeypatch.setattr(LIMIT, "num_requests", 2)
    monkeypatch.setattr("ninja.conf.settings.NUM_PROXIES", 1)

    def ask(peer: str, said: str) -> int:
        answer = client.get(
            "/api/v1/areas",
            REMOTE_ADDR=peer,
            headers={"x-forwarded-for": said, "host": "localhost"},
        )
        return int(answer.status_code)

    stranger = [ask("203.0.113.77", f"198.51.100.{n}") for n in range(3)]
    assert stranger == [200, 200, 429]
    assert [ask("127.0.0.1", f"198.51.100.{n}") for n in range(3)] == [200, 200, 200]


def test_a_session_ends_however_busy_it_is(
    client: Any, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gongji.portal import headers

    told = {"now": 1_700_000_000.0}
    monkeypatch.setattr(headers.time, "time", lambda: told["now"])
    sign_in(client, family.person)
    assert client.get("/me").status_code == 200
    told["now"] += headers.LONGEST_SESSION
    assert client.get("/me").status_code == 200
    told["now"] += 1
    answer = client.get("/me")
    assert answer.status_code == 302 and "/sign-in" in answer["Location"]


@pytest.mark.usefixtures("fresh_database")
@pytest.mark.parametrize("path", ["/me/family/ask", "/me/family/give"])
def test_names_of_others_are_not_tried_out(client: Any, family: Family, path: str) -> None:
    from django.core.cache import cache

    from gongji.portal.own_pages import BONDS_ASKED
    from gongji.refusals import REFUSALS

    sentence = REFUSALS["bonds_asked_often"].format(limit=BONDS_ASKED)
    sign_in(client, family.person)
    cache.delete(f"bonds:{family.person}")
    given = {"psn_no": family.stranger, "name": "猜的", "relation": "spouse"}
    for _ in range(BONDS_ASKED):
        answer = client.post(path, given)
        assert answer.status_code == 422 and sentence not in answer.content.decode()
    answer = client.post(path, given)
    assert answer.status_code == 422 and sentence in answer.content.decode()
    cache.delete(f"bonds:{family.person}")


@pytest.mark.parametrize("path", ["/areas", "/static/portal/portal.css", "/static/nothing.css"])
def test_whatever_is_answered_carries_a_policy(client: Any, path: str) -> None:
    assert client.get(path)["Content-Security-Policy"] == PAGE
    assert client.get(path, headers={"host": "elsewhere.example"})["Content-Security-Policy"]
