"""Twenty-five screens as pictures (build/screenshots/screens), on a phone and at a desk.

None is empty, moves sideways or cuts what it says; in letters of the double size neither.
"""

from pathlib import Path
from typing import Any

import pytest
from tests.portal.browser import Watched, watched
from tests.portal.conftest import DESK, PHONE, Family
from tests.portal.test_own_browser import enter

LOOKS = {"phone": PHONE, "desk": DESK}
"""The size of the screen."""
PATIENCE_MS = 120_000
DOUBLE = {"standard": 32, "fixed": 32}
"""Letters twice as large as a browser's own, in pixels."""
OPEN = {
    "first": "/",
    "answer": "/?area=532300&status=retired&level=2&total=800",
    "disease": "/?area=532300&status=retired&level=2&total=800&disease=高血压",
    "refused": "/?area=445300&date=2025-12-01&status=active&level=2&total=800&selected=false",
    "open-figure": "/?area=510400&date=2024-03-01&status=retired&level=2&total=20000",
    "pharmacy": "/?area=510400&level=pharmacy&total=300&prescriber_level=none",
    "wrong": "/?area=532300&status=retired&level=2&total=eight",
    "areas": "/areas",
    "area": "/areas/532300",
    "area-ended": "/areas/430500?at=2022-11-02",
    "text": "/texts/532300/2022-07-01",
    "compare-form": "/compare",
    "compare-reform": "/compare?a=532300@2024-10-31&b=532300@2024-11-01",
    "compare-areas": "/compare?a=532300@2025-11-01&b=430500@2025-11-01",
    "compare-all": "/compare?mode=all&status=retired&level=2&cost=800",
    "sign-in": "/sign-in",
    "nowhere": "/nowhere",
}
MINE = ("", "settlements", "account", "family", "filings", "items", "looks")
CUT = """() => [...document.querySelectorAll('main *')].filter(one => one.checkVisibility() &&
  [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()) &&
  one.clientWidth > 0 && !one.closest('svg, select, .hidden, thead, .wide') &&
  !['inline', 'contents'].includes(getComputedStyle(one).display) &&
  (one.scrollWidth > one.clientWidth + 1 || one.getBoundingClientRect().right > innerWidth + 1))
  .map(one => one.outerHTML.slice(0, 120))"""
"""What says something and is wider than its place or than the screen; tables that scroll by
themselves are not cut."""


def taken(seen: Watched, path: str, picture: Path) -> list[str]:
    """A screen's picture, and what is wrong with it."""
    seen.goto(path)
    seen.page.wait_for_load_state("networkidle")
    said = len(seen.page.inner_text("main"))
    wrong = [] if said > 20 else [f"only {said} letters"]
    wrong += too_wide(seen.page)
    letters = seen.page.context.new_cdp_session(seen.page)
    letters.send("Page.setFontSizes", {"fontSizes": DOUBLE})
    wrong += [f"in double letters: {one}" for one in too_wide(seen.page)]
    # A picture has the browser's usual letters again.
    seen.page.screenshot(path=picture, full_page=True)
    return [f"{picture.stem}: {one}" for one in wrong]


def too_wide(page: Any) -> list[str]:
    """What is cut or moves sideways."""
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    found: list[str] = page.evaluate(CUT)
    return found + ([f"{wide} pixels wider than the screen"] if wide > 0 else [])


@pytest.mark.slow
@pytest.mark.parametrize("look", LOOKS)
def test_each_screen_has_its_picture_and_nothing_is_cut(
    chromium: Any, address: str, family: Family, screenshots: Path, look: str
) -> None:
    folder = screenshots / "screens"
    folder.mkdir(exist_ok=True)
    wrong: list[str] = []
    with watched(chromium, address, LOOKS[look]) as seen:
        seen.page.set_default_timeout(PATIENCE_MS)
        for name, path in OPEN.items():
            wrong += taken(seen, path, folder / f"{name}-{look}.png")
        seen.complaints.clear()  # The browser's own words on a page that is not there.
        enter(seen, family.person)
        for path in (*MINE, f"settlements/{family.settled}"):
            name = path.partition("/")[0].removesuffix("s") if "/" in path else path or "year"
            wrong += taken(seen, f"/me/{path}".rstrip("/"), folder / f"mine-{name}-{look}.png")
    assert not wrong, "\n".join(wrong)
