"""The institution page: what stands of it, keys shown once and revoked, by whom."""

from datetime import date

import psycopg
import pytest
from tests.console.conftest import SignIn, elevate
from tests.console.office import Office
from tests.console.page_client import page_client
from tests.portal.browser import fits, serious

from gongji.institutions.access_keys import (
    AccessKeyAsked,
    AccessKeyEnd,
    issue_access_key,
    revoke_access_key,
)
from gongji.platform.installation import installed_identity
from gongji.refusals import Fault, Refusal


@pytest.mark.slow
def test_a_key_is_shown_once_and_two_may_count(office: Office, signed_in: SignIn) -> None:
    window = signed_in("technician")
    page = window.page
    page.click("text=医药机构")
    page.click("text=H1")
    page.wait_for_url("**/institution/H1")
    elevate(window)
    page.click("text=发新凭证")
    secret = page.inner_text("#secret")
    kept = office.owner.execute("select secret from credential where institution = 'H1'").fetchone()
    assert kept is not None and installed_identity().decrypt(kept[0]) == secret
    assert not serious(page)
    fits(page)
    page.click("#count")
    page.wait_for_selector("#owed >> text=期末应付")
    window.goto("/console/institution/H1")
    assert secret not in page.content()
    page.click("text=发新凭证")
    page.click("text=发新凭证")
    assert "已有 2 个" in page.inner_text("[role=alert]")
    page.click("button[name=revoke] >> nth=0")
    page.wait_for_selector("td:has-text('已作废')")
    counting = office.owner.execute(
        "select count(*) from credential where institution = 'H1' and revoked_at is null"
    )
    assert counting.fetchone() == (1,)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        office.by.execute("select secret from credential")


@pytest.mark.slow
def test_a_clerk_sees_the_institution_and_issues_nothing(office: Office, signed_in: SignIn) -> None:
    window = signed_in("clerk")
    window.goto("/console/institution/H1")
    assert "测试医院" in window.page.inner_text("h1")
    assert not window.page.locator("text=发新凭证").count()


def test_what_an_institution_is_owed_is_a_part_of_its_page(
    office: Office, console_database: str
) -> None:
    with page_client(console_database, "technician") as client:
        page = client.page("/console/institution/H1?after=2020-01-01_5")
        assert "最近记的账" in page and "/console/institution/H1/owed" in page
        today = office.desk().today
        for month, since in (("", today.replace(day=1)), ("2024-02", date(2024, 2, 1))):
            told = client.page(f"/console/institution/H1/owed?month={month}")
            assert f"{since} 至" in told and "期末应付" in told
        assert f"至 {today}" in client.page("/console/institution/H1/owed?month=9999-12")
        assert "至 2024-02-29" in told


def test_a_fault_is_told_in_its_own_words(
    office: Office, console_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*given: object) -> None:
        raise Fault("账簿正在封存；请稍后再试")

    monkeypatch.setattr("gongji.console.institution_page.of_institution", fails)
    with page_client(console_database, "technician") as client:
        answer = client.client.get("/console/institution/H1/owed")
        assert answer.status_code == 503 and "正在封存" in answer.content.decode()


def test_a_key_that_is_not_there_is_not_revoked(office: Office) -> None:
    with pytest.raises(Refusal) as told:
        revoke_access_key(
            office.owner, AccessKeyEnd("nobody"), actor=office.technician, now=office.now
        )
    assert told.value.code == "access_key_unknown"


def test_a_third_key_is_refused(office: Office) -> None:
    office.owner.execute(
        "insert into institution (code, area, name, kind)"
        " values ('K1', '532300', '测试药店', 'pharmacy')"
    )

    def issue() -> None:
        asked = AccessKeyAsked("K1")
        by = {"actor": office.technician, "now": office.now, "encrypt": str.encode}
        issue_access_key(office.owner, asked, **by)  # type: ignore[arg-type]

    with pytest.raises(Refusal) as told:
        for _ in range(3):
            issue()
    assert told.value.code == "access_keys_many"
