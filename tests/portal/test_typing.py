"""What people type, in a real browser: a day by the keyboard, a hospital's name, an amount."""

from typing import Any

import psycopg
import pytest
from tests.portal.browser import Watched, watched
from tests.portal.conftest import DESK, PHONE, Family
from tests.portal.test_items_and_places import place

QUESTION = "/?area=430500&date=2023-02-01&status=active&level=3&total=4000"
PHONES = {"is_mobile": True, "has_touch": True}


def calculated(seen: Watched, amount: str) -> None:
    seen.page.wait_for_selector(f"#answer h2:has-text('{amount}')")


def in_order(page: Any, year: str, month: str, day: str) -> str:
    """The digits of a day in the order of this browser's fields, which is its system's."""
    page.evaluate(
        """() => { const probe = document.createElement('input');
        probe.type = 'date'; probe.max = '2099-12-31'; probe.id = 'probe';
        document.body.append(probe); probe.focus(); }"""
    )
    page.keyboard.type("12252023")
    first = page.input_value("#probe") == "2023-12-25"
    page.evaluate("document.getElementById('probe').remove()")
    return month + day + year if first else year + month + day


@pytest.mark.parametrize(
    ("size", "options"),
    [
        pytest.param(PHONE, PHONES, id="phone"),
        pytest.param(DESK, {}, id="desk", marks=pytest.mark.slow),
    ],
)
def test_a_day_typed_by_the_keyboard_is_the_day_that_counts(
    chromium: Any, address: str, size: Any, options: Any
) -> None:
    """An old person taps the year and types slowly, digit by digit, and nothing is taken away."""
    with watched(chromium, address, size, **options) as seen:
        page = seen.page
        asked: list[str] = []
        page.on("request", lambda one: "/answer?" in one.url and asked.append(one.url))
        seen.goto(QUESTION)
        calculated(seen, "1,500.00")
        digits = in_order(page, "2023", "06", "15")
        page.focus("[name=date]")
        for digit in digits:
            page.keyboard.press(digit)
            page.wait_for_timeout(300)
            assert page.evaluate("document.activeElement.name") == "date"
        assert page.input_value("[name=date]") == "2023-06-15"
        page.keyboard.press("Tab")
        page.wait_for_url("**date=2023-06-15**")
        calculated(seen, "1,500.00")
        assert not [url for url in asked if "date=0" in url or "date=&" in url], asked
        link = page.get_attribute("text=这一结果的链接", "href")
        assert "date=2023-06-15" in link
        # The day changed the form (since 2023-06-01 there is another law), the field stayed.
        assert page.locator("[name=date]").count() == 1


def test_a_year_on_its_way_is_never_asked_about_nor_kept_in_the_link(
    chromium: Any, address: str
) -> None:
    with watched(chromium, address, PHONE, **PHONES) as seen:
        page = seen.page
        seen.goto(QUESTION)
        calculated(seen, "1,500.00")
        page.evaluate(
            """() => { const field = document.querySelector('[name=date]');
            for (const value of ['0002-02-01', '0020-02-01', '0202-02-01']) {
              field.value = value;
              for (const kind of ['input', 'change'])
                field.dispatchEvent(new Event(kind, { bubbles: true }));
            } }"""
        )
        page.wait_for_timeout(600)
        assert "date=2023-02-01" in page.url and "1,500.00" in page.inner_text("#answer h2")
        assert page.inner_text("#e-date") == ""


def test_a_day_of_an_earlier_visit_is_typed_too(chromium: Any, address: str) -> None:
    with watched(chromium, address, DESK) as seen:
        page = seen.page
        seen.goto(QUESTION.replace("4000", "1000"))
        page.click("text=今年已经用了多少")
        page.fill("[name=earlier_in_scope]", "300")
        page.select_option("[name=earlier_level]", "3")
        digits = in_order(page, "2023", "01", "05")
        page.focus("[name=earlier_date]")
        for digit in digits:
            page.keyboard.press(digit)
            page.wait_for_timeout(250)
        assert page.input_value("[name=earlier_date]") == "2023-01-05"
        calculated(seen, "600.00")


@pytest.fixture
def county(fresh_database: str, address: str) -> str:
    """The pages with some hospitals of a county."""
    with psycopg.connect(fresh_database, autocommit=True) as owner:
        place(owner, "H1", "邵东县人民医院", "2")
        place(owner, "H2", "新邵县中医医院", "1")
    return address


def test_a_hospitals_name_is_typed_without_an_error_and_the_answer_stays(
    chromium: Any, county: str
) -> None:
    with watched(chromium, county, PHONE, **PHONES) as seen:
        page = seen.page
        seen.goto(QUESTION.replace("4000", "1000"))
        calculated(seen, "420.00")
        page.focus("[name=institution]")
        for sign in "邵东县人民医":
            page.keyboard.insert_text(sign)
            page.wait_for_timeout(300)
            assert page.inner_text("#e-institution") == ""
            assert "420.00" in page.inner_text("#answer h2")
        page.keyboard.insert_text("院")
        calculated(seen, "480.00")
        assert page.input_value("[name=institution]") == "邵东县人民医院", "no code is written in"
        assert page.input_value("[name=level]:checked") == "2"
        assert page.evaluate("document.activeElement.name") == "institution"
        page.keyboard.press("Tab")
        page.wait_for_url("**institution=**")
        page.reload()
        assert page.input_value("[name=institution]") == "邵东县人民医院"
        page.check("#f-area-532300")
        page.wait_for_url("**area=532300**")
        assert "institution" not in page.url, "a hospital does not move to another area"


def test_a_hospital_is_found_as_people_call_it_and_an_unknown_one_takes_nothing_away(
    chromium: Any, county: str
) -> None:
    with watched(chromium, county, DESK) as seen:
        page = seen.page
        seen.goto(QUESTION.replace("4000", "1000"))
        page.fill("[name=institution]", "县医院")
        page.wait_for_selector("#institutions option", state="attached")
        values = page.eval_on_selector_all("#institutions option", "all => all.map(o => o.value)")
        assert values == ["新邵县中医医院", "邵东县人民医院"]
        page.fill("[name=institution]", "协和")
        page.press("[name=institution]", "Tab")
        page.wait_for_selector("#e-institution:has-text('没有找到这家机构')")
        assert "420.00" in page.inner_text("#answer h2")


@pytest.mark.parametrize(
    "typed", ["1,000", "1000元", "￥1000", "¥ 1,000.00", "１，０００", "1 000"]
)
def test_an_amount_is_typed_as_people_write_it(chromium: Any, address: str, typed: str) -> None:
    with watched(chromium, address, PHONE, **PHONES) as seen:
        page = seen.page
        seen.goto(QUESTION)
        page.fill("[name=total]", typed)
        calculated(seen, "420.00")
        assert page.inner_text("#e-total") == ""


def test_what_was_emptied_stays_empty_and_back_brings_the_first_question_again(
    chromium: Any, address: str
) -> None:
    with watched(chromium, address, DESK) as seen:
        page = seen.page
        seen.goto("/?area=430500&date=2023-02-01")
        calculated(seen, "480.00")
        page.fill("[name=total]", "")
        page.press("[name=total]", "Tab")
        page.wait_for_selector("#answer :text('还算不出来')")
        page.reload()
        assert "还算不出来" in page.inner_text("#answer")
        page.go_back()
        calculated(seen, "480.00")
        assert page.input_value("[name=total]") == "1000"


def test_a_lost_network_takes_no_answer_away(chromium: Any, address: str) -> None:
    with watched(chromium, address, PHONE, **PHONES) as seen:
        page = seen.page
        seen.goto(QUESTION)
        calculated(seen, "1,500.00")
        page.context.set_offline(True)
        page.fill("[name=total]", "1000")
        page.wait_for_selector("#answer .lost:has-text('没有连上')")
        assert "1,500.00" in page.inner_text("#answer h2")
        page.context.set_offline(False)
        page.fill("[name=total]", "1001")
        calculated(seen, "420.60")
        assert page.locator("#answer .lost").count() == 0
        seen.complaints.clear()  # The browser says that it was offline.


def test_an_error_of_the_family_form_keeps_what_was_typed_and_a_page_one_can_stay_on(
    chromium: Any, address: str, family: Family
) -> None:
    with watched(chromium, address, PHONE, **PHONES) as seen:
        page = seen.page
        seen.goto("/me/family")
        code = page.inner_text(f"tr:has-text('{family.person}') td:last-child")
        page.fill("#psn_no", family.person)
        page.fill("#code", code)
        page.press("#code", "Enter")
        page.wait_for_selector("#ask-no")
        page.fill("#ask-no", family.spouse)
        page.fill("#ask-name", "写错的人")
        page.select_option("#ask-relation", "parent")
        seen.complaints.clear()
        page.click("text=提出请求")
        page.wait_for_selector(".error:has-text('没有这个编号和姓名的参保人')")
        seen.complaints.clear()  # The browser says of 422 that it failed.
        typed = {"#ask-no": family.spouse, "#ask-name": "写错的人", "#ask-relation": "parent"}
        assert {name: page.input_value(name) for name in typed} == typed
        assert page.input_value("#give-no") == ""
        page.click("text=English")
        page.wait_for_selector("button:has-text('中文')")
        assert {name: page.input_value(name) for name in typed} == typed
        seen.goto("/me/family/ask")
        assert page.url.endswith("/me/family")
