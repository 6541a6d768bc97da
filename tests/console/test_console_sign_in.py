"""Signing in at the console: first link, second factor, lock, one session, walls of accounts."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from tests.console.conftest import CONSOLE, SCREEN
from tests.console.office import Office
from tests.console.visitor import Visitor
from tests.portal.browser import fits, serious, watched

from gongji.review.staff import NewStaff, add_staff

PASSWORD = "zhe-shi-ceshi-mima"


def invited(office: Office, subject: str) -> str:
    made = NewStaff(subject, f"测试{subject}")
    token = add_staff(office.owner, made, actor=office.admin, now=datetime.now(UTC)).token
    return f"/console/first/{token}"


def code(secret: str, ahead: int = 0) -> str:
    import base64

    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    now = datetime.now(UTC) + timedelta(seconds=30 * ahead)
    made = TOTP(key, 6, SHA1(), 30, enforce_key_length=False)
    return made.generate(int(now.timestamp())).decode()


@pytest.fixture
def guest(console: str) -> Iterator[Visitor]:
    made = Visitor(console)
    yield made
    made.client.close()


def test_the_first_link_sets_a_password_and_a_second_factor(
    console: str, office: Office, chromium: Any
) -> None:
    link = invited(office, "fresh")
    with watched(chromium, console, SCREEN) as window:
        page = window.page
        page.set_default_timeout(15_000)
        window.goto(link)
        page.fill("#password", PASSWORD)
        page.fill("#again", PASSWORD)
        page.click("button.main")
        secret = page.inner_text("#secret")
        assert not serious(page)
        window.goto("/console/")
        assert page.url.endswith("/2fa/totp/activate/"), "no page without a second factor"
        secret = page.inner_text("#secret")
        page.fill("#code", code(secret))
        page.click("button.main")
        window.goto("/console/")
        assert page.inner_text("h1") == "待办"
        assert not serious(page)
        fits(page)
        page.click("text=退出")
    kept = office.owner.execute(
        "select string_agg(data::text, ' ') from mfa_authenticator"
    ).fetchone()
    assert kept is not None and secret not in kept[0]
    with watched(chromium, console, SCREEN) as window:
        page = window.page
        page.set_default_timeout(15_000)
        window.goto("/console/")
        page.fill("#login", "fresh")
        page.fill("#password", PASSWORD)
        page.click("button.main >> text=登录")
        assert page.inner_text("h1") == "第二重验证"
        window.goto("/console/")
        assert page.inner_text("h1") == "第二重验证", "a password alone opens nothing"
        page.fill("#code", code(secret, 1))
        page.click("button.main")
        page.wait_for_url("**/console/")
        assert page.inner_text("h1") == "待办"


def test_a_passkey_is_a_second_factor(console: str, office: Office, chromium: Any) -> None:
    # A passkey belongs to a name: an address of numbers has none.
    address = console.replace("127.0.0.1", "localhost")
    link = invited(office, "passkey")
    with watched(chromium, address, SCREEN) as window:
        page = window.page
        page.set_default_timeout(15_000)
        device = page.context.new_cdp_session(page)
        device.send("WebAuthn.enable")
        options = {"protocol": "ctap2", "transport": "internal", "hasUserVerification": True}
        options |= {"hasResidentKey": True, "isUserVerified": True}
        options |= {"automaticPresenceSimulation": True}
        device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        window.goto(link)
        page.fill("#password", PASSWORD)
        page.fill("#again", PASSWORD)
        page.click("button.main")
        page.click("text=改用通行密钥")
        assert not serious(page)
        page.click("#add-passkey")
        page.wait_for_url("**/recovery-codes/**")
        window.goto("/console/")
        assert page.inner_text("h1") == "待办"
        page.click("text=退出")
        page.fill("#login", "passkey")
        page.fill("#password", PASSWORD)
        page.click("button.main >> text=登录")
        assert page.inner_text("h1") == "第二重验证"
        window.goto("/console/")
        assert page.inner_text("h1") == "第二重验证", "a password alone opens nothing"
        assert not serious(page)
        fits(page)
        page.click("#use-passkey")
        page.wait_for_url("**/console/")
        assert page.inner_text("h1") == "待办"
    kept = office.owner.execute(
        "select m.type from mfa_authenticator m join auth_user u on u.id = m.user_id"
        " where u.username = 'passkey' order by 1"
    ).fetchall()
    assert kept == [("recovery_codes",), ("webauthn",)]


def test_a_link_works_once_and_only_with_a_strong_password(guest: Visitor, office: Office) -> None:
    link = invited(office, "once")
    weak = guest.post(link, password="123456789012", again="123456789012")
    assert weak.status_code == 422
    assert guest.post(link, password=PASSWORD, again=PASSWORD + "x").status_code == 422
    assert guest.post(link, password=PASSWORD, again=PASSWORD).status_code == 200
    other = Visitor(str(guest.client.base_url))
    again = other.post(link, password=PASSWORD, again=PASSWORD)
    other.client.close()
    assert again.status_code == 403 and "已经用过" in again.text


def test_wrong_passwords_lock_the_account(guest: Visitor, office: Office) -> None:
    guest.post(invited(office, "locked"), password=PASSWORD, again=PASSWORD)
    other = Visitor(str(guest.client.base_url))
    told = [
        other.post("/console/accounts/login/", login=name, password="x")
        for name in ("locked", "Locked") * 2
    ]
    assert [one.status_code for one in told] == [200] * 4
    assert other.post("/console/accounts/login/", login="LOCKED", password="x").status_code == 429
    last = other.post("/console/accounts/login/", login="locked", password=PASSWORD)
    other.client.close()
    assert last.status_code == 429 and "锁定" in last.text


def test_whoever_signs_in_anew_ends_the_earlier_session(guest: Visitor, office: Office) -> None:
    guest.post("/console/demo-sign-in", subject="colleague")
    assert "待办" in guest.get("/console/").text
    other = Visitor(str(guest.client.base_url))
    other.post("/console/demo-sign-in", subject="colleague")
    assert "待办" in other.get("/console/").text
    other.client.close()
    assert "经办人员登录" in guest.get("/console/").text


@pytest.mark.parametrize("path", ["signup/", "email/", "password/reset/", "2fa/totp/deactivate/"])
def test_other_pages_of_accounts_are_not_there(guest: Visitor, path: str) -> None:
    assert guest.get(f"/console/accounts/{path}").status_code == 404


def test_somebody_disabled_is_let_in_no_more(guest: Visitor, office: Office) -> None:
    number = office.staff("leaver")
    guest.post("/console/demo-sign-in", subject="leaver")
    assert guest.get("/console/").status_code == 200
    office.owner.execute("update staff set disabled_at = now() where id = %s", [number])
    assert guest.get("/console/").status_code == 403


def test_a_form_of_another_site_is_refused(guest: Visitor, office: Office) -> None:
    guest.post("/console/demo-sign-in", subject="clerk")
    before = office.owner.execute("select count(*) from command").fetchone()
    answer = guest.client.post("/console/new/family_bond", data={"psn_no": "1"})
    assert answer.status_code == 403 and "刚才填的没有交上来" in answer.text
    assert office.owner.execute("select count(*) from command").fetchone() == before


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("persons?q=%00", 400),
        ("person/99999999999999999999", 404),
        ("command/99999999999999999999/edit", 404),
        ("persons?q=测&after=99999999999999999999", 200),
        ("?after=2026-01-01_99999999999999999999", 200),
        ("institutions?q=%25%27&after=x", 200),
        ("coverage?day=x", 403),
    ],
)
def test_odd_addresses_are_told(guest: Visitor, office: Office, path: str, status: int) -> None:
    guest.post("/console/demo-sign-in", subject="clerk")
    assert guest.get(f"/console/{path}").status_code == status


def test_the_policy_is_strict(guest: Visitor) -> None:
    told = guest.get("/console/accounts/login/").headers["content-security-policy"]
    assert "unsafe" not in told and "default-src 'none'" in told


def test_each_face_reaches_its_own_accounts_only(office: Office, console_database: str) -> None:
    add = "insert into auth_user (username, password, is_superuser, first_name, last_name, email,"
    add += " is_staff, is_active, date_joined) values (%s, '', false, '', '', '', %s, true, now())"
    office.owner.execute(add, ["532300insured", False])
    office.owner.execute(add, ["somestaff", True])
    pages = "-c role=gongji_pages"
    with (
        psycopg.connect(console_database, options=pages, autocommit=True) as by_pages,
        psycopg.connect(console_database, options=CONSOLE, autocommit=True) as by_console,
    ):
        seen = by_pages.execute("select username from auth_user").fetchall()
        assert ("532300insured",) in seen and ("somestaff",) not in seen
        assert not by_pages.execute("update auth_user set password = 'x' where is_staff").rowcount
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            by_pages.execute(add, ["forged", True])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            by_pages.execute("select * from console_session")
        staff = by_console.execute("select bool_and(is_staff) from auth_user").fetchone()
        assert staff == (True,)
