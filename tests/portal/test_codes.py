"""Codes of a demonstration and what they open: last seconds, attempts, sessions."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from tests.portal.conftest import Family, sign_in
from tests.portal.reading import read

BEGUN = 1_700_000_000.0


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """The clock by which codes are kept: so many seconds after the beginning."""
    told = {"now": BEGUN}
    made = SimpleNamespace(time=lambda: told["now"])
    for module in ("base", "locmem"):
        monkeypatch.setattr(f"django.core.cache.backends.{module}.time", made)
    return lambda after: told.update(now=BEGUN + after)


def tries(psn_no: str, code: str) -> int:
    """The status of an attempt by a browser of its own: 302 is in."""
    from django.test import Client

    client = Client(headers={"accept-language": "zh-CN", "host": "localhost"})
    return int(client.post("/sign-in", {"psn_no": psn_no, "code": code}).status_code)


def wrong(code: str) -> str:
    """Another code."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


@pytest.mark.parametrize(("after", "status"), [(0, 302), (599.9, 302), (600, 403), (601, 403)])
def test_a_code_holds_ten_minutes_and_not_a_moment_longer(
    client: Any, family: Family, seconds: Callable[[float], None], after: float, status: int
) -> None:
    from gongji.portal.sign_in import code_of

    seconds(0)
    code = code_of(family.person)
    seconds(after)
    assert tries(family.person, code) == status


def test_looking_at_a_code_does_not_make_it_hold_longer(
    client: Any, family: Family, seconds: Callable[[float], None]
) -> None:
    from gongji.portal.sign_in import code_of

    seconds(0)
    code = code_of(family.person)
    assert len(code) == 6 and code.isdigit()
    seconds(599)
    assert code_of(family.person) == code
    seconds(600)
    assert tries(family.person, code) == 403
    assert len({code_of(f"nobody{n}") for n in range(50)}) > 45, "codes are drawn, not the same"


@pytest.mark.parametrize(("count", "status"), [(0, 302), (4, 302), (5, 403), (6, 403)])
def test_a_code_bears_four_wrong_attempts_and_not_five(
    client: Any, family: Family, count: int, status: int
) -> None:
    from gongji.portal.sign_in import code_of

    code = code_of(family.person)
    for _ in range(count):
        assert tries(family.person, wrong(code)) == 403
    # What somebody else got wrong counts for them alone.
    assert tries(family.spouse, "x") == 403
    assert tries(family.person, code) == status


def test_attempts_are_counted_for_ten_minutes_and_end_with_the_right_code(
    client: Any, family: Family, seconds: Callable[[float], None]
) -> None:
    from gongji.portal.sign_in import code_of

    seconds(0)
    code = code_of(family.person)
    assert [tries(family.person, wrong(code)) for _ in range(4)] == [403] * 4
    assert tries(family.person, code) == 302
    # The next code has its five attempts again.
    code = code_of(family.person)
    assert [tries(family.person, wrong(code)) for _ in range(4)] == [403] * 4
    seconds(600)
    code = code_of(family.person)
    assert tries(family.person, wrong(code)) == 403
    assert tries(family.person, code) == 302


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"psn_no": ""},
        {"code": ""},
        {"code": "００００００"},
        {"code": "x" * 10_000},
        {"psn_no": "1"},
        {"psn_no": "430500'--", "code": "1"},
    ],
)
def test_whatever_is_not_number_and_code_is_told_in_one_sentence(
    client: Any, family: Family, given: dict[str, str]
) -> None:
    asked = {"psn_no": family.person, "code": "not it"} | given
    answer = client.post("/sign-in", asked)
    assert answer.status_code == 403
    page = answer.content.decode()
    assert "号码或验证码不对，或验证码已经用过。" in page
    assert client.get("/me").status_code == 302


def test_number_and_code_are_typed_with_blanks_and_wide_digits(client: Any, family: Family) -> None:
    from gongji.portal.sign_in import code_of

    code = code_of(family.person)
    wide = code.translate({digit: digit + 0xFEE0 for digit in range(ord("0"), ord("9") + 1)})
    assert tries(f"{family.person[:6]} {family.person[6:]}", f"{wide[:3]} {wide[3:]}") == 302


def test_the_code_of_one_person_opens_nobody_else(client: Any, family: Family) -> None:
    from gongji.portal.sign_in import code_of

    code, other = code_of(family.person), code_of(family.spouse)
    if code != other:
        assert tries(family.spouse, code) == 403
    blanks = {"psn_no": f"  {family.person} ", "code": f" {code}  "}
    assert client.post("/sign-in", blanks).status_code == 302


def test_a_code_of_somebody_who_is_not_in_the_registry_opens_nothing(
    client: Any, family: Family
) -> None:
    from django.contrib.auth import get_user_model

    from gongji.portal.sign_in import code_of

    assert tries("43050099999999999999", code_of("43050099999999999999")) == 403
    assert get_user_model().objects.count() == 0


def test_the_list_of_invented_persons_shows_three_of_an_area_with_their_codes(
    client: Any, family: Family
) -> None:
    from gongji.portal.sign_in import code_of

    (table,) = read(client.get("/sign-in")).tables
    # Those with settlements first, then by number.
    assert table[1:] == [
        ["测试·甲", "湖南省邵阳市", family.person, code_of(family.person)],
        ["测试·丙", "湖南省邵阳市", family.stranger, code_of(family.stranger)],
        ["测试·乙", "湖南省邵阳市", family.spouse, code_of(family.spouse)],
    ]
    assert code_of(family.person) != ""


def test_the_user_of_a_person_has_no_password_and_is_made_once(client: Any, family: Family) -> None:
    from django.contrib.auth import get_user_model

    for _ in range(2):
        sign_in(client, family.person)
    (user,) = get_user_model().objects.all()
    assert user.username == family.person and not user.has_usable_password()
    assert not user.is_staff and not user.is_superuser


def test_a_session_begins_anew_with_signing_in_and_is_gone_with_signing_out(
    client: Any, family: Family
) -> None:
    from django.test import Client

    client.get("/me/family")
    client.cookies["sessionid"] = planted = "a" * 32
    sign_in(client, family.person)
    cookie = client.cookies["sessionid"]
    assert cookie.value != planted and cookie["httponly"] and cookie["samesite"] == "Lax"
    assert client.get("/me").status_code == 200
    old = cookie.value
    answer = client.post("/sign-out")
    assert answer.status_code == 302 and answer["Location"] == "/"
    assert client.get("/me").status_code == 302
    kept = Client(headers={"host": "localhost"})
    kept.cookies["sessionid"] = old
    assert kept.get("/me").status_code == 302, "a session that was left opens nothing"
    assert client.get("/sign-out").status_code == 405


def test_a_session_ends_half_an_hour_after_the_last_look(
    client: Any, family: Family, clock: Callable[[str], None]
) -> None:
    clock("2025-01-01T00:00:00+00:00")
    sign_in(client, family.person)
    for instant in ("00:29:59", "00:59:58", "01:29:57"):
        clock(f"2025-01-01T{instant}+00:00")
        assert client.get("/me/filings").status_code == 200, instant
    assert client.cookies["sessionid"]["max-age"] == 1800
    clock("2025-01-01T01:59:57+00:00")
    assert client.get("/me/filings").status_code == 302


def test_who_leaves_the_registry_sees_nothing_more(
    client: Any, family: Family, fresh_database: str
) -> None:
    from django.contrib.auth import get_user_model

    sign_in(client, family.spouse)
    get_user_model().objects.update(username="43050088888888888888")
    assert client.get("/me").status_code == 403


ONWARD = {
    "/me/family": "/me/family",
    "/?area=430500": "/?area=430500",
    "": "/me",
    "https://elsewhere.example/": "/me",
    "//elsewhere.example/": "/me",
    "javascript:alert(1)": "/me",
    "http://localhost/areas": "http://localhost/areas",
    "/\\elsewhere.example": "/me",
}


@pytest.mark.parametrize("asked", ONWARD)
def test_after_signing_in_one_is_where_one_wanted_to_be(
    client: Any, family: Family, asked: str
) -> None:
    from gongji.portal.sign_in import code_of

    assert read(client.get("/sign-in", {"next": asked})).fields["next"]["value"] == ONWARD[asked]
    given = {"psn_no": family.person, "code": code_of(family.person), "next": asked}
    assert client.post("/sign-in", given)["Location"] == ONWARD[asked]


def test_each_page_of_mine_leads_back_to_itself_after_signing_in(client: Any) -> None:
    answer = client.get("/me/account?from=2023-01-01&to=2023-02-01")
    assert answer["Location"] == "/sign-in?next=/me/account%3Ffrom%3D2023-01-01%26to%3D2023-02-01"


def test_where_no_way_is_open_the_page_says_so(
    client: Any, family: Family, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.conf import settings

    monkeypatch.setattr(settings, "GONGJI_DEMO", False)
    page = read(client.get("/sign-in"))
    assert "这里没有开通登录。" in page.text
    assert "psn_no" not in page.fields and page.tables == []
    assert family.person not in page.text
