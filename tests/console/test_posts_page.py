"""Posts, coverage and staff at the console: conflicts in words, two offices for one grant."""

import pytest
from tests.console.conftest import SignIn, elevate
from tests.console.office import Office
from tests.platform.review_world import AREA, COUNTY
from tests.portal.browser import fits, serious


def test_a_conflict_is_refused_in_words_and_leaves_nothing(
    office: Office, signed_in: SignIn
) -> None:
    page = signed_in("admin").page
    page.click("text=岗位 >> nth=0")
    page.select_option("#g-staff", label="测试clerk（clerk）")
    page.select_option("#g-post", "second_reviewer")
    page.select_option("#g-place", f"{AREA}|{COUNTY}")
    page.click("text=核对后提交任命")
    told = page.inner_text("[role=alert]")
    assert "不相容" in told and "云府办〔2022〕20号" in told
    assert not serious(page)
    fits(page)
    left = office.owner.execute(
        "select count(*) from command where content ->> 'post' = 'second_reviewer'"
    )
    assert left.fetchone() == (0,)


@pytest.mark.slow
def test_a_post_is_granted_by_two_offices_and_ended(office: Office, signed_in: SignIn) -> None:
    page = signed_in("admin").page
    page.click("text=岗位 >> nth=0")
    page.select_option("#g-staff", label="测试newcomer（newcomer）")
    page.select_option("#g-post", "reader")
    page.click("text=核对后提交任命")
    page.wait_for_url("**/command/*")
    page.click("button[value=submit]")
    assert "审核中" in page.inner_text(".messages")
    security = signed_in("security").page
    number = page.url.rsplit("/", 1)[1]
    security.click(f"td a:text-is('{number}')")
    security.wait_for_url("**/command/*")
    security.click("button[value=approve]")
    assert "已办结" in security.inner_text(".messages")
    held = "select count(*) from post_holding where staff = %s and retired_at is null"
    assert office.owner.execute(held, [office.newcomer]).fetchone() == (1,)
    window = signed_in("newcomer")
    window.goto("/console/persons")
    assert window.page.inner_text("h1") == "参保人"


@pytest.mark.slow
def test_coverage_tells_what_nobody_can_finish(office: Office, signed_in: SignIn) -> None:
    window = signed_in("admin")
    window.goto("/console/coverage")
    assert "零星报销" in window.page.inner_text("table")
    assert not serious(window.page)


@pytest.mark.slow
def test_a_link_is_shown_once_and_a_new_one_by_the_security_officer(
    office: Office, signed_in: SignIn
) -> None:
    admin = signed_in("admin")
    admin.goto("/console/staff")
    elevate(admin)
    admin.page.fill("#subject", "xinren")
    admin.page.fill("#name", "新人")
    admin.page.click("text=登记并发链接")
    assert "/console/first/" in admin.page.inner_text("#link")
    assert (
        not admin.page.locator("text=重发链接 >> visible=true")
        .locator("xpath=self::button")
        .count()
    )
    assert not serious(admin.page)
    fits(admin.page)
    admin.goto("/console/staff")
    assert not admin.page.locator("#link").count()
    security = signed_in("security")
    security.goto("/console/staff")
    elevate(security)
    security.page.click("[aria-label='给 新人 重发链接']")
    assert "/console/first/" in security.page.inner_text("#link")
    security.page.click("[aria-label='停用 新人']")
    row = office.owner.execute("select disabled_at from staff where subject = 'xinren'").fetchone()
    assert row is not None and row[0] is not None
