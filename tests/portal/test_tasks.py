"""What people come for, done on a phone and at a desk by tapping, each ending in the right figure;
then by the keyboard alone, without scripts, in large letters, and on paper."""

from typing import Any

import pytest
from tests.portal.browser import Watched, fits, serious, watched
from tests.portal.conftest import DESK, PHONE

SCREENS = {
    "phone": (PHONE, {"is_mobile": True, "has_touch": True}),
    "desk": (DESK, {}),
}
SLOW_BITS, SLOW_TRIP, MOST_SECONDS = 400_000, 0.4, 2
"""A slow 3G connection: bits a second, seconds to and fro; and what the first page may take."""


def tapped(seen: Watched, **answers: str) -> None:
    """Cards tapped one after the other, each answered before the next."""
    for name, code in answers.items():
        if seen.page.is_checked(f"#f-{name}-{code}"):
            continue
        with seen.page.expect_response(lambda reply: "/answer?" in reply.url):
            seen.page.check(f"#f-{name}-{code}")


def told(seen: Watched, sentence: str) -> None:
    """The answer's sentence; the bar at the foot and the live region say the same."""
    seen.page.wait_for_function(
        "said => ['#answer h2', '#foot', '#told'].every(one =>"
        " document.querySelector(one).textContent.replace(/\\s+/g, '') === said)",
        arg="".join(sentence.split()),
    )


def rows(seen: Watched, heading: str) -> list[str]:
    """The rows of the table below a heading of the answer."""
    found = seen.page.locator(f"#answer h3:has-text('{heading}') + table tr").all_inner_texts()
    return [" ".join(row.split()) for row in found]


@pytest.mark.parametrize("screen", ["phone", pytest.param("desk", marks=pytest.mark.slow)])
def test_each_task_ends_in_its_figure(chromium: Any, address: str, screen: str) -> None:
    size, options = SCREENS[screen]
    with watched(chromium, address, size, **options) as seen:
        page = seen.page
        # A retiree of 68 at the county hospital: (800 - 40) x 65 % since 2024-11-01.
        seen.goto("/")
        tapped(seen, area="532300", status="retired", level="2")
        page.fill("[name=total]", "800")
        told(seen, "医保报 494.00元，自己付 306.00元")
        assert page.locator("#f-birth_date").count() == 0, "the age changes nothing here"
        assert page.locator("#foot").is_visible() == (screen == "phone")
        assert page.locator("#d-why ol").is_visible() == (screen == "desk")
        plotted = page.get_attribute(".plot", "aria-label")
        assert plotted == "花 800.00元，医保报 494.00元"
        assert "5,506.00元" in page.inner_text("#answer"), "what is left of 6,000"
        # The same with hypertension: registered (800 - 300) x 90 %, or not.
        tapped(seen, disease="高血压")
        page.wait_for_selector("#answer :text('登记与没登记，差多少')")
        assert rows(seen, "登记与没登记，差多少")[:2] == [
            "普通门诊（所选） 医保报 494.00元，自己付 306.00元",
            "慢性病（已登记） 医保报 450.00元，自己付 350.00元",
        ]
        tapped(seen, benefit="chronic")
        told(seen, "医保报 450.00元，自己付 350.00元")
        # In Yunfu, today, no hospital chosen: 800 x 55 %, below a ceiling that nobody published.
        seen.goto("/")
        tapped(seen, area="445300", status="active", level="2")
        page.click(".picks button[value='800']")
        ceiling = "（没有超过最高支付限额的话）"
        told(seen, f"在选定的机构看，或经转诊：医保报 440.00元，自己付 360.00元{ceiling}")
        assert rows(seen, "是选定的那家机构吗") == [
            f"是 医保报 440.00元，自己付 360.00元{ceiling}",
            "不是 不报：不是选定的定点医疗机构，也没有转诊",
        ]
        tapped(seen, selected="false")
        told(seen, "医保不报，自己付 800.00元")
        assert "到选定的那家机构看：医保报 440.00元" in page.inner_text(".ways")
        # At a pharmacy in Panzhihua: (300 - 200) x 50 % with a prescription.
        seen.goto("/")
        tapped(seen, area="510400", status="active", level="pharmacy")
        page.click(".picks button[value='300']")
        told(seen, "有医院的处方：医保报 50.00元，自己付 250.00元")
        tapped(seen, prescriber_level="none")
        told(seen, "医保不报，自己付 300.00元")
        assert "有定点医疗机构开的处方：医保报 50.00元" in page.inner_text(".ways")
        tapped(seen, prescriber_level="1")
        told(seen, "医保报 50.00元，自己付 250.00元")
        fits(page)
        # The first again, in English.
        seen.goto("/?area=532300&status=retired&level=2&total=800")
        page.click("text=English")
        page.wait_for_selector("#answer h2:has-text('Insurance pays ¥494.00, you pay ¥306.00')")


def test_the_keyboard_alone_is_enough_and_is_always_seen(chromium: Any, address: str) -> None:
    with watched(chromium, address, DESK) as seen:
        page = seen.page
        seen.goto("/")
        press = page.keyboard.press
        focused = "document.activeElement.name"
        press("Tab")
        press("Enter")
        press("Tab")
        assert page.evaluate(focused) == "area"
        for _ in range(6):
            if page.evaluate("document.activeElement.value") == "532300":
                break
            with page.expect_response(lambda reply: "/answer?" in reply.url):
                press("ArrowDown")
        press("Tab")
        assert page.evaluate(focused) == "status"
        press("ArrowDown")
        for _ in range(12):
            seen_focus = page.evaluate(
                """() => { const one = document.activeElement.closest('.choice')
                  ?? document.activeElement;
                  return getComputedStyle(one).outlineStyle; }"""
            )
            assert seen_focus == "solid", page.evaluate("document.activeElement.outerHTML")
            if page.evaluate(focused) == "total":
                break
            press("Tab")
        press("Control+A")
        page.keyboard.type("800")
        told(seen, "医保报 494.00元，自己付 306.00元")
        press("Enter")
        page.wait_for_function("document.activeElement.id === 'answer'")
        told(seen, "医保报 494.00元，自己付 306.00元")


def test_without_scripts_the_form_asks_step_by_step(chromium: Any, address: str) -> None:
    with watched(chromium, address, PHONE, java_script_enabled=False) as seen:
        page = seen.page
        seen.goto("/")
        page.check("#f-area-532300")
        page.check("#f-status-retired")
        page.fill("[name=total]", "800")
        page.press("[name=total]", "Enter")
        assert "494.00元" in page.inner_text("#answer h2"), "and not the first quick pick"
        page.check("#f-level-pharmacy")
        page.click("button.main")
        page.check("#f-prescriber_level-3")
        page.click(".picks button[value='300']")
        # (300 - 60) x 60 %: the level of who prescribed.
        assert "144.00元" in page.inner_text("#answer h2")


LOOKS = {
    "dark": {"color_scheme": "dark"},
    "more contrast": {"contrast": "more"},
    "forced colours": {"forced_colors": "active"},
}


RARE = [pytest.param(look, marks=pytest.mark.slow) for look in LOOKS if look != "dark"]


@pytest.mark.parametrize("look", ["large", "zoomed", "dark", *RARE])
def test_every_look_is_readable(chromium: Any, address: str, look: str) -> None:
    size = {"width": 195, "height": 422} if look == "zoomed" else PHONE
    with watched(chromium, address, size, **LOOKS.get(look, {})) as seen:
        page = seen.page
        if look == "large":
            seen.goto("/areas")
            page.click("text=大字")
            page.wait_for_selector("html.large")
        for path in (
            "/?area=532300&status=retired&level=2&total=800&disease=高血压",
            "/?area=510400&level=pharmacy&total=300&prescriber_level=none",
        ):
            seen.goto(path)
            fits(page)
            assert serious(page) == []
        size_of = "parseFloat(getComputedStyle(document.body).fontSize)"
        assert page.evaluate(size_of) >= (22 if look == "large" else 18)
        small = page.evaluate(
            """() => [...document.querySelectorAll('button, select, input, .choice, summary')]
              .filter(one => one.checkVisibility() && !one.closest('.choice label, .hidden'))
              .filter(one => one.type !== 'radio' && !one.classList.contains('hidden'))
              .filter(one => one.getBoundingClientRect().height < 44).map(one => one.outerHTML)"""
        )
        assert small == []


def test_on_paper_the_form_is_gone_and_the_disclaimer_is_there(chromium: Any, address: str) -> None:
    with watched(chromium, address, PHONE) as seen:
        page = seen.page
        seen.goto("/?area=532300&status=retired&level=2&total=800")
        page.emulate_media(media="print")
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert not page.is_visible("#question") and not page.is_visible("header")
        assert page.is_visible("text=不代替经办机构的结算")
        assert page.is_visible("#d-why ol") and page.is_visible("#answer h2")


def test_on_a_slow_connection_the_first_page_can_be_used_in_two_seconds(
    chromium: Any, address: str
) -> None:
    with watched(chromium, address, PHONE) as seen:
        seen.goto("/")
        seen.page.wait_for_load_state("networkidle")
        needed = {
            url: size for url, size in seen.weights.items() if not url.endswith((".svg", ".ico"))
        }
        assert len(needed) == 3, "the page, its styles, its script"
        # The page, then styles and script side by side.
        seconds = 2 * SLOW_TRIP + sum(needed.values()) * 8 / SLOW_BITS
        print(f"{sum(needed.values()) / 1024:.1f} KiB, {seconds:.2f} s")
        assert seconds < MOST_SECONDS
