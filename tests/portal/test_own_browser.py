"""My pages on a phone, in a real browser: the year's rest and a reason, a bond, a statement."""

from typing import Any

import pytest
from tests.portal.browser import fits, serious, watched
from tests.portal.conftest import PHONE, Family

SMALL = """() => [...document.querySelectorAll('main a, main button, main input, main select')]
  .filter(one => !one.closest('.why, .note, p') && one.getBoundingClientRect().height > 0
    && one.getBoundingClientRect().height < 43.5)
  .map(one => one.outerHTML.slice(0, 80))"""
"""What one taps that is lower than 44 pixels; links inside sentences are left out."""
YEAR = "?from=2023-01-01&to=2023-12-31"


def enter(seen: Any, psn_no: str) -> None:
    """Sign somebody in."""
    from gongji.portal.sign_in import code_of

    seen.goto("/sign-in")
    seen.page.fill("#psn_no", psn_no)
    seen.page.fill("#code", code_of(psn_no))
    seen.page.press("#code", "Enter")
    seen.page.wait_for_url("**/me")


def fit_for_a_phone(page: Any) -> None:
    """Not wider than the screen, targets of 44 pixels, nothing serious for axe."""
    fits(page)
    assert page.evaluate(SMALL) == []
    assert serious(page) == []


def test_the_years_rest_a_reason_and_a_printed_statement(
    chromium: Any, address: str, family: Family
) -> None:
    with watched(chromium, address, PHONE) as seen:
        page = seen.page
        enter(seen, family.person)
        assert "今年还能报" in page.inner_text(".gauge >> nth=0")
        fit_for_a_phone(page)
        page.click(f"a[href='/me/settlements/{family.settled}']")
        # (800 - 300) x 60 %; 50 outside the catalogue.
        assert "按60%支付300.00元" in page.inner_text(".why")
        assert page.inner_text("tr:has-text('统筹支付') td") == "300.00元"
        fit_for_a_phone(page)
        for path in ("/me/settlements", "/me/items", "/me/looks", "/me/filings"):
            seen.goto(path)
            fits(page)
            assert page.evaluate(SMALL) == [], path
        assert serious(page) == []
        seen.goto("/me/account" + YEAR)
        fit_for_a_phone(page)
        page.emulate_media(media="print")
        assert page.is_visible("text=出具机构") and page.is_visible("text=本期合计")
        assert not page.is_visible("text=看这段时间") and not page.is_visible("header.top")
        with page.expect_download() as got:
            page.emulate_media(media="screen")
            page.click("text=下载对账单")
        assert got.value.suggested_filename == "account.pdf"
        with open(got.value.path(), "rb") as made:
            assert made.read(5) == b"%PDF-"


@pytest.mark.usefixtures("fresh_database")
def test_a_bond_is_asked_and_given_without_scripts(
    chromium: Any, address: str, family: Family
) -> None:
    off = {"java_script_enabled": False}
    with watched(chromium, address, PHONE, **off) as one:
        enter(one, family.person)
        one.goto("/me/family")
        one.page.fill("#ask-no", family.spouse)
        one.page.fill("#ask-name", "测试·丙")
        one.page.click("text=提出请求")
        # What was typed stands where it was typed, below what is wrong with it.
        assert "没有这个编号和姓名的参保人" in one.page.inner_text("[role=alert]")
        assert one.page.input_value("#ask-no") == family.spouse
        refused = "the server responded with a status of 422"
        assert one.complaints and all(refused in text for text in one.complaints)
        one.complaints.clear()
        # Whoever comes back to the address finds the same again, and no error of its own.
        one.goto("/me/family/ask")
        assert one.page.input_value("#ask-no") == family.spouse
        one.page.fill("#ask-name", "测试·乙")
        one.page.click("text=提出请求")
        assert "等对方同意" in one.page.inner_text("main")
        with watched(chromium, address, PHONE, **off) as other:
            enter(other, family.spouse)
            assert "请您的账户为其支付" in other.page.inner_text(".waits")
            other.page.click(".waits a")
            other.page.click("button:text-is('同意')")
            assert "自 20" in other.page.inner_text("main")
        one.goto("/me/family")
        assert "自 20" in one.page.inner_text("main")
