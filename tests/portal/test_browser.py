"""Each page in a real browser on the real server: phone and desk, wrong inputs, back, keyboard."""

from pathlib import Path
from typing import Any

import pytest
from tests.portal.browser import fits, serious, watched
from tests.portal.conftest import DESK, PHONE, Family

QUESTION = "/?area=430500&date=2023-02-01&status=active&level=3&total=4000"
MOST_BYTES = 100 * 1024
PAGES = {
    "calculator": QUESTION,
    "areas": "/areas",
    "area": "/areas/430500?at=2023-02-01",
    "text": "/texts/532300/2022-07-01",
    "comparison": "/compare?a=430500@2022-11-01&b=430500@2023-06-01",
    "sign-in": "/sign-in",
}


@pytest.mark.parametrize("name", PAGES)
def test_each_page_on_phone_and_desk_is_accessible_and_calm(
    name: str, chromium: Any, address: str, screenshots: Path
) -> None:
    for kind, size in (("phone", PHONE), ("desk", DESK)):
        with watched(chromium, address, size) as seen:
            seen.goto(PAGES[name])
            fits(seen.page)
            whole = kind == "phone" and name == "calculator"
            seen.page.screenshot(path=screenshots / f"{name}-{kind}.png", full_page=whole)
            if kind == "phone":
                assert serious(seen.page) == []


def test_the_first_page_is_light(chromium: Any, address: str) -> None:
    with watched(chromium, address, PHONE) as seen:
        seen.goto("/")
        seen.page.wait_for_load_state("networkidle")
        weight = sum(seen.weights.values())
        print(f"first page: {weight / 1024:.1f} KiB in {len(seen.weights)} requests")
        assert 0 < weight < MOST_BYTES


def test_the_answer_follows_what_is_typed_and_the_link_keeps_it(
    chromium: Any, address: str
) -> None:
    with watched(chromium, address, PHONE) as seen:
        page = seen.page
        seen.goto(QUESTION)
        page.wait_for_selector("#answer h2:has-text('1,500.00')")
        page.fill("[name=total]", "1000")
        page.wait_for_selector("#answer h2:has-text('420.00')")
        page.press("[name=total]", "Tab")
        page.wait_for_url("**total=1000**")
        page.check("#f-level-1")
        page.wait_for_selector("#answer h2:has-text('700.00')")
        page.wait_for_url("**level=1**")
        page.go_back()
        page.wait_for_selector("#answer h2:has-text('420.00')")
        assert page.input_value("[name=level]:checked") == "3"
        link = page.get_attribute("text=这一结果的链接", "href")
        seen.goto("/" + link)
        assert "420.00" in page.inner_text("#answer h2")


def test_a_wrong_input_is_told_beside_its_field(
    chromium: Any, address: str, screenshots: Path
) -> None:
    with watched(chromium, address, PHONE) as seen:
        page = seen.page
        seen.goto(QUESTION)
        page.fill("[name=total]", "四千")
        page.wait_for_selector("#e-total:has-text('不是金额')")
        assert page.get_attribute("[name=total]", "aria-invalid") == "true"
        page.screenshot(path=screenshots / "wrong-input-phone.png")
        page.fill("[name=total]", "4000")
        page.wait_for_selector("#answer h2:has-text('1,500.00')")
        assert page.inner_text("#e-total") == ""
        page.fill("[name=date]", "2021-01-01")
        page.wait_for_selector("#e-date:has-text('有效期')")


def test_a_citation_opens_its_article_in_place(
    chromium: Any, address: str, screenshots: Path
) -> None:
    with watched(chromium, address, DESK) as seen:
        page = seen.page
        seen.goto(QUESTION)
        page.click("#answer .why a.cite >> nth=0")
        page.wait_for_selector("dialog[open] :text('一个自然年度内')")
        page.screenshot(path=screenshots / "explanation-desk.png")
        page.keyboard.press("Escape")
        assert page.query_selector("dialog[open]") is None


def test_the_form_works_without_scripts(chromium: Any, address: str) -> None:
    with watched(chromium, address, PHONE, java_script_enabled=False) as seen:
        seen.goto(QUESTION)
        seen.page.fill("[name=total]", "1000")
        seen.page.click("button.main")
        assert "420.00" in seen.page.inner_text("#answer h2")


def test_english_is_a_click_away_and_explains_in_english(
    chromium: Any, address: str, screenshots: Path
) -> None:
    with watched(chromium, address, DESK) as seen:
        page = seen.page
        seen.goto(QUESTION)
        page.click("text=English")
        page.wait_for_selector("h1:has-text('What will this visit cost me')")
        assert "the pooled fund would pay" in page.inner_text(".why")
        assert serious(page) == []
        page.screenshot(path=screenshots / "english-desk.png")


def test_earlier_visits_are_rows_one_can_add(chromium: Any, address: str) -> None:
    with watched(chromium, address, DESK) as seen:
        page = seen.page
        seen.goto(QUESTION.replace("4000", "1000"))
        page.click("text=今年已经用了多少")
        page.fill("[name=earlier_date]", "2023-01-05")
        page.fill("[name=earlier_in_scope]", "300")
        page.wait_for_selector("#answer h2:has-text('420.00')")
        page.select_option("[name=earlier_level]", "3")
        page.wait_for_selector("#answer h2:has-text('600.00')")
        page.locator(".add:visible").last.click()
        assert page.locator("[name=earlier_date]").count() == 2


def test_an_institution_is_found_by_its_name(chromium: Any, address: str) -> None:
    with watched(chromium, address, DESK) as seen:
        page = seen.page
        seen.goto(QUESTION.replace("4000", "1000").replace("level=3", "level=1"))
        page.wait_for_selector("#answer h2:has-text('700.00')")
        page.fill("[name=institution]", "测试")
        page.wait_for_selector("#institutions option", state="attached")
        page.fill("[name=institution]", "H43050000001")
        page.wait_for_selector("#answer h2:has-text('420.00')")
        assert page.input_value("[name=level]:checked") == "3"
        page.check("#f-level-1")
        page.wait_for_selector("#answer h2:has-text('700.00')")
        assert page.input_value("[name=institution]") == ""


@pytest.mark.parametrize(
    ("kind", "size"),
    [("phone", PHONE), pytest.param("desk", DESK, marks=pytest.mark.slow)],
)
def test_a_person_signs_in_looks_and_leaves(
    chromium: Any, address: str, family: Family, screenshots: Path, kind: str, size: Any
) -> None:
    with watched(chromium, address, size) as seen:
        page = seen.page
        seen.goto("/me")
        code = page.inner_text(f"tr:has-text('{family.person}') td:last-child")
        page.fill("#psn_no", family.person)
        page.fill("#code", code)
        page.press("#code", "Enter")
        page.wait_for_selector("h1:has-text('我的门诊共济')")
        for name in (
            "",
            "/settlements",
            f"/settlements/{family.settled}",
            "/account",
            "/family",
            "/filings",
        ):
            seen.goto("/me" + name)
            fits(page)
            if name in ("", "/family"):
                assert serious(page) == []
            shown = name.strip("/").replace("/", "-") or "me"
            page.screenshot(path=screenshots / f"my-{shown}-{kind}.png", full_page=True)
        page.click("text=退出")
        page.wait_for_selector("h1:has-text('这次门诊能报销多少')")
        seen.goto("/me")
        page.wait_for_selector("#psn_no")


def test_the_page_to_try_the_interface_asks_no_other_host(chromium: Any, address: str) -> None:
    with watched(chromium, address, DESK) as seen:
        seen.goto("/api/v1/docs")
        seen.page.wait_for_selector(".opblock-post")
