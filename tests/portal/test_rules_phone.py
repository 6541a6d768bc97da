"""The pages about the rules in a real browser: a reform and two areas found by tapping, on a phone
and a desk; nothing scrolls sideways, curves can be read, an area prints on two pages.
"""

import re
from typing import Any

import pytest
from tests.portal.browser import fits, serious, watched
from tests.portal.conftest import DESK, PHONE

SIZES = {"phone": PHONE, "desk": DESK}
CHUXIONG, SHAOYANG = "532300", "430500"
LONGEST = "/compare?a=532300@2025-11-01&b=430500@2025-11-01"
"""Of the same parts as the others; axe takes long over it."""
PATHS = (
    "/areas",
    "/areas/532300",
    "/areas/445300",
    LONGEST,
    "/compare",
    "/compare?mode=all",
)
SIDEWAYS = """[...document.querySelectorAll('main *')].filter(e =>
  e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0 &&
  !e.closest('svg, select, thead, .hidden') &&
  !['inline', 'contents'].includes(getComputedStyle(e).display))
  .map(e => e.outerHTML.slice(0, 120))"""
CUT = """[...document.querySelectorAll('main td, main .pair')].filter(e => e.offsetParent &&
  e.getBoundingClientRect().right > innerWidth).map(e => e.outerHTML.slice(0, 120))"""


def person(page: Any, label: str) -> str:
    """What a comparison says of one kind of person."""
    row = page.locator(".people li").filter(
        has=page.locator("h3", has_text=re.compile(f"^{label}$"))
    )
    return " ".join(row.locator(".pair").inner_text().split())


@pytest.mark.parametrize("size", ["phone", pytest.param("desk", marks=pytest.mark.slow)])
def test_a_reform_and_two_areas_are_compared_by_tapping(
    chromium: Any, address: str, size: str
) -> None:
    with watched(chromium, address, SIZES[size]) as shown:
        page = shown.page
        # Chuxiong before and after 2024-11-01, in Chinese and in English.
        shown.goto("/")
        page.get_by_role("link", name="两地对照").click()
        page.get_by_role("link", name="楚雄彝族自治州 2024-11-01 前后").click()
        said = person(page, "退休、县医院（二级）、800 元")
        assert said.startswith("444 元 →") and said.endswith("494 元 多报 50 元"), said
        # A figure opens its article in place.
        page.locator("#rules .pairs").first.get_by_role("link", name="20 元").click()
        assert "20元" in page.locator("dialog[open]").inner_text()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="English").click()
        said = person(page, r"Retired, county hospital \(level 2\), ¥800")
        assert said.startswith("¥444 →") and said.endswith("¥494 ¥50 more"), said
        page.get_by_role("button", name="中文").click()
        # Chuxiong against Shaoyang, by the form; the link asks the same again.
        for side, code in (("a", CHUXIONG), ("b", SHAOYANG)):
            page.select_option(f"#{side}_area", code)
            page.fill(f"#{side}_date", "2025-11-01")
        page.get_by_role("button", name="对照").click()
        said = person(page, "退休、县医院（二级）、800 元")
        assert said.startswith("494 元 |") and said.endswith("450 元 少报 44 元"), said
        page.locator("#link").click()
        assert page.url.endswith("/compare?a=532300@2025-11-01&b=430500@2025-11-01")
        assert person(page, "退休、县医院（二级）、800 元") == said


def test_nothing_is_cut_or_moves_sideways_on_a_phone(chromium: Any, address: str) -> None:
    with watched(chromium, address, PHONE) as shown:
        for path in PATHS:
            shown.goto(path)
            shown.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            fits(shown.page)
            assert not shown.page.evaluate(CUT), path
            assert not shown.page.evaluate(SIDEWAYS), path
            assert path == LONGEST or not serious(shown.page), path


def test_a_curve_can_be_read_on_a_phone_and_an_area_prints_on_two_pages(
    chromium: Any, address: str
) -> None:
    with watched(chromium, address, PHONE) as shown:
        page = shown.page
        shown.goto("/areas/532300?at=2024-12-01#b1")
        assert page.locator("details.benefit").first.get_attribute("open") is not None
        for number in (0, 1):
            drawn = page.locator("img.curve").nth(number)
            drawn.scroll_into_view_if_needed()
            page.wait_for_function("e => e.complete && e.naturalWidth", arg=drawn.element_handle())
            svg = page.request.get(address + drawn.get_attribute("src")).text()
            width = float(re.findall(r'viewBox="0 0 ([\d.]+) ', svg)[0])
            letters = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", svg)]
            shown_width = drawn.bounding_box()["width"]
            assert letters and min(letters) * shown_width / width >= 12, (letters, shown_width)
        near = page.request.get(address + "/areas/532300/curve.svg?at=2024-12-01&reach=near").text()
        assert "3,000" in near and "10,000" not in near
        shown.goto("/areas/532300?at=2024-12-01")
        printed = page.pdf(format="A4")
        assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) <= 2
