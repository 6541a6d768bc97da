"""The person page: found and masked, opened with a reason, everything on it, who looked."""

import psycopg
from tests.console.conftest import SignIn
from tests.console.office import Office
from tests.console.visitor import Visitor
from tests.portal.browser import fits, serious

from gongji.platform.identity import CARD, RESIDENT
from gongji.platform.installation import installed_identity

NUMBER = "53230000000000000001"
CERTIFICATE = "530000199001011234"


def _known(owner: psycopg.Connection[object]) -> None:
    keys = installed_identity()
    owner.execute(
        "update person set certificate = %s, certificate_hash = %s, certificate_kind = '01',"
        " card_hash = %s where id = 1",
        [
            keys.encrypt(CERTIFICATE),
            keys.lookup_hash(RESIDENT, CERTIFICATE),
            keys.lookup_hash(CARD, "A12345678"),
        ],
    )


def test_a_person_is_found_masked_and_opened_with_a_reason(
    office: Office, signed_in: SignIn
) -> None:
    _known(office.owner)
    made = office.bill("P9", 400_000)
    for who in (office.first, office.second, office.third):
        office.approve(who, made)
    window = signed_in("clerk")
    page = window.page
    for text in ("测试1", NUMBER, CERTIFICATE, "a12345678"):
        window.goto("/console/persons")
        page.fill("#q", text)
        page.keyboard.press("Enter")
        page.wait_for_selector("#found table")
        found = page.inner_text("#found")
        assert "测*" in found and NUMBER not in found, text
    page.click("#found a")
    page.wait_for_url("**/person/1")
    assert NUMBER not in page.content() and "测试1" not in page.content()
    assert not serious(page)
    paper = f"{page.url}/account.pdf"
    assert page.request.get(paper).status == 404, "a statement is of a record that is open"
    page.fill("#reason", "窗口咨询")
    page.click("button.main")
    page.wait_for_selector("svg.band")
    told = page.inner_text("main")
    assert NUMBER in told and "零星报销" in told and CERTIFICATE not in page.content()
    assert "窗口咨询" in told, "who looked, and why"
    assert page.request.get(paper).body().startswith(b"%PDF-")
    assert not serious(page)
    fits(page)


def test_another_area_and_another_post_see_nobody(office: Office, console: str) -> None:
    office.post("stranger", "handler", "elsewhere")
    for subject, status in (("stranger", 404), ("admin", 403), ("clerk", 200)):
        visitor = Visitor(console).enter(subject)
        assert visitor.get("/console/person/2").status_code == status, subject
        visitor.client.close()
    refused = office.owner.execute(
        "select count(*) from access_log where actor = 'admin' and not granted"
    )
    row = refused.fetchone()
    assert row is not None and row[0] >= 1
