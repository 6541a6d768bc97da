"""A page in the browser that is watched: what it loads, what its scripts say."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest


@dataclass
class Watched:
    """A page with everything it loaded and every complaint of its scripts."""

    page: Any
    address: str
    complaints: list[str] = field(default_factory=list)
    weights: dict[str, int] = field(default_factory=dict)

    def goto(self, path: str) -> None:
        """Open a page of the server."""
        self.page.goto(self.address + path)


@contextmanager
def watched(browser: Any, address: str, size: dict[str, int], **options: Any) -> Iterator[Watched]:
    """A new page; afterwards no script complained and no other host was asked."""
    context = browser.new_context(viewport=size, locale="zh-CN", **options)
    page = context.new_page()
    made = Watched(page, address)
    hosts: set[str] = set()
    page.on(
        "console",
        lambda said: said.type in ("error", "warning") and made.complaints.append(said.text),
    )
    page.on("pageerror", lambda error: made.complaints.append(str(error)))
    page.on("request", lambda asked: hosts.add(urlsplit(asked.url).netloc))
    page.on(
        "requestfinished",
        lambda asked: made.weights.__setitem__(
            asked.url, asked.sizes()["responseBodySize"] + asked.sizes()["responseHeadersSize"]
        ),
    )
    try:
        yield made
    finally:
        context.close()
    assert not made.complaints, made.complaints
    assert hosts <= {urlsplit(address).netloc}, hosts


def serious(page: Any) -> list[str]:
    """What axe finds that is serious or critical."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['html'][:160]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]


def fits(page: Any) -> None:
    """The page is not wider than the screen."""
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    if wide > 0:
        pytest.fail(f"{page.url} is {wide} pixels wider than the screen")
