"""Somebody who uses the pages: by taps, by the keyboard alone, or without scripts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.portal.browser import Watched
from tests.portal.test_typing import in_order

MOST_STEPS = 400
"""Presses after which whoever has not come to where they wanted is lost."""
SEEN = """() => { const e = document.activeElement.closest('.choice') ?? document.activeElement;
  const box = e.getBoundingClientRect(), top = document.elementFromPoint(
    (box.left + box.right) / 2, (Math.max(box.top, 0) + Math.min(box.bottom, innerHeight)) / 2);
  return getComputedStyle(e).outlineStyle === 'solid' && box.bottom > 0 && box.top < innerHeight
    && (top === null || e.contains(top) || top.contains(e)); }"""
"""Whether what has the focus is on the screen, marked, and not below something else."""


@dataclass
class Tapping:
    """By taps: the answer follows each of them."""

    seen: Watched

    def choose(self, **answers: str) -> None:
        """Cards, one after the other."""
        for name, code in answers.items():
            if not self.seen.page.is_checked(f"#f-{name}-{code}"):
                with self._answered():
                    self.seen.page.check(f"#f-{name}-{code}")

    def _answered(self) -> Any:
        return self.seen.page.expect_response(lambda reply: "/answer?" in reply.url)

    def cost(self, yuan: str) -> None:
        """What the visit cost."""
        self.write("[name=total]", yuan)

    def write(self, field: str, text: str) -> None:
        """Words or a number in a field."""
        self.seen.page.fill(field, text)

    def pick(self, field: str, code: str) -> None:
        """One of a list."""
        self.seen.page.select_option(field, code)

    def day(self, field: str, day: str) -> None:
        """A day in its field."""
        self.seen.page.fill(field, day)

    def press(self, selector: str) -> None:
        """A link or a button that leads to another page."""
        with self.seen.page.expect_navigation():
            self.use(selector)

    def use(self, selector: str) -> None:
        """A link or a button."""
        self.seen.page.locator(selector).first.click()

    def fetched(self, selector: str) -> bytes:
        """The file behind a link."""
        with self.seen.page.expect_download() as got:
            self.use(selector)
        return Path(got.value.path()).read_bytes()

    def read(self, selector: str, *figures: str) -> None:
        """Wait for figures at a place, whatever the language."""
        self.seen.page.wait_for_function(
            "([place, figures]) => { const e = document.querySelector(place);"
            " return e && figures.every(one => e.innerText.includes(one)); }",
            arg=[selector, figures],
        )


class WithoutScripts(Tapping):
    """By taps where no script runs: a button asks."""

    def choose(self, **answers: str) -> None:
        for name, code in answers.items():
            self.seen.page.check(f"#f-{name}-{code}")
            self.press("button.main")

    def cost(self, yuan: str) -> None:
        self.seen.page.fill("[name=total]", yuan)
        with self.seen.page.expect_navigation():
            self.seen.page.press("[name=total]", "Enter")

    def read(self, selector: str, *figures: str) -> None:
        said = self.seen.page.locator(selector).first.inner_text()
        assert all(one in said for one in figures), said


class ByKeyboard(Tapping):
    """By the keyboard alone: Tab, arrows, Space, Enter and what one types."""

    def _reach(self, selector: str) -> None:
        """Tab until something has the focus, which is seen wherever it is."""
        page = self.seen.page
        for _ in range(MOST_STEPS):
            if page.evaluate("one => document.activeElement.matches(one)", selector):
                assert page.evaluate(SEEN), page.evaluate("document.activeElement.outerHTML")
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"no way to {selector}")

    def choose(self, **answers: str) -> None:
        page = self.seen.page
        for name, code in answers.items():
            self._reach(f"[name={name}]")
            if not page.evaluate("document.activeElement.checked"):
                with self._answered():
                    page.keyboard.press("Space")
            for _ in range(MOST_STEPS):
                if page.evaluate("document.activeElement.value") == code:
                    break
                with self._answered():
                    page.keyboard.press("ArrowDown")
            assert page.is_checked(f"#f-{name}-{code}")

    def write(self, field: str, text: str) -> None:
        self._reach(field)
        self.seen.page.keyboard.press("Control+A")
        self.seen.page.keyboard.type(text)

    def pick(self, field: str, code: str) -> None:
        self._reach(field)
        self.seen.page.keyboard.press("Home")
        for _ in range(MOST_STEPS):
            if self.seen.page.input_value(field) == code:
                return
            self.seen.page.keyboard.press("ArrowDown")

    def day(self, field: str, day: str) -> None:
        digits = in_order(self.seen.page, *day.split("-"))
        self._reach(field)
        self.seen.page.keyboard.type(digits)
        assert self.seen.page.input_value(field) == day

    def use(self, selector: str) -> None:
        self._reach(selector)
        self.seen.page.keyboard.press("Enter")
