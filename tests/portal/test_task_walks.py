"""The ten tasks of docs/inside/pages-compared.md, each walked to its figure on a phone: by taps in
English, in letters of the double size, over a slow connection, without scripts, and by the keyboard
alone."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.portal.browser import Watched, fits, watched
from tests.portal.conftest import PHONE, Family
from tests.portal.walkers import ByKeyboard, Tapping, WithoutScripts

from gongji.units import day_in_china

PATIENCE_MS = 120_000
SLOW_3G = {
    "offline": False,
    "latency": 400,
    "downloadThroughput": 50_000,
    "uploadThroughput": 50_000,
}
"""Milliseconds to and fro, bytes a second."""
NARROW = {"width": 195, "height": 422}
"""What a phone of 390 pixels holds where everything is shown twice as large."""


@dataclass(frozen=True)
class Way:
    """How somebody comes."""

    walker: type[Tapping] = Tapping
    size: dict[str, int] = field(default_factory=lambda: PHONE)
    options: dict[str, Any] = field(default_factory=dict)
    language: str = ""
    slow: bool = False


TOUCH = {"is_mobile": True, "has_touch": True}
WAYS = {
    "english": Way(options=TOUCH, language="en"),
    "double": Way(size=NARROW),
    "slow": Way(options=TOUCH, slow=True),
    "no-scripts": Way(WithoutScripts, options={"java_script_enabled": False}),
    "keyboard": Way(ByKeyboard),
}


@contextmanager
def walking(chromium: Any, address: str, way: Way) -> Iterator[tuple[Tapping, Watched]]:
    """Somebody new at the first page."""
    with watched(chromium, address, way.size, **way.options) as seen:
        seen.page.set_default_timeout(PATIENCE_MS)
        if way.slow:
            line = seen.page.context.new_cdp_session(seen.page)
            line.send("Network.emulateNetworkConditions", SLOW_3G)
        seen.goto("/")
        if way.language:
            seen.page.click(f"[name=language][value={way.language}]")
        yield way.walker(seen), seen


def a_retiree_with_and_without_a_disease(one: Tapping) -> None:
    """Tasks 1 and 2: (800 - 40) x 65 %; registered, (800 - 300) x 90 %."""
    one.choose(area="532300", status="retired", level="2")
    one.cost("800")
    one.read("#answer h2", "494.00", "306.00")
    one.choose(disease="高血压")
    one.read("#answer", "494.00", "306.00", "450.00", "350.00")
    one.choose(benefit="chronic")
    one.read("#answer h2", "450.00", "350.00")


def no_hospital_chosen(one: Tapping) -> None:
    """Task 3: 800 x 55 % where it is the one selected, else nothing."""
    one.choose(area="445300", status="active", level="2")
    one.cost("800")
    one.read("#answer h2", "440.00", "360.00")
    one.choose(selected="false")
    one.read("#answer h2", "800.00")
    one.read(".ways", "440.00")


def a_pharmacy_customer(one: Tapping) -> None:
    """Task 4: (300 - 200) x 50 % with a prescription, nothing without."""
    one.choose(area="510400", status="active", level="pharmacy")
    one.cost("300")
    one.read("#answer h2", "50.00", "250.00")
    one.choose(prescriber_level="none")
    one.read("#answer h2", "300.00")
    one.read(".ways", "50.00")


def before_and_after(one: Tapping) -> None:
    """Task 5: Chuxiong before and after 2024-11-01."""
    one.press("nav a[href='/compare']")
    one.press("a.pick[href*='532300']")
    one.read(".people li:has(a[href*='level=2'][href*='retired']) .old", "444")
    one.read(".people li:has(a[href*='level=2'][href*='retired']) .new", "494")


def two_areas(one: Tapping) -> None:
    """Task 6: Chuxiong against Shaoyang."""
    one.press("nav a[href='/compare']")
    for side, code in (("a", "532300"), ("b", "430500")):
        one.pick(f"#{side}_area", code)
        one.day(f"#{side}_date", "2025-11-01")
    one.press("#choose form button")
    one.read(".people li:has(a[href*='level=2'][href*='retired']) .old", "494")
    one.read(".people li:has(a[href*='level=2'][href*='retired']) .new", "450")


def signed_in(one: Tapping, psn_no: str) -> None:
    """By the code of the moment; nothing is used yet of this year's 1,500."""
    from gongji.portal.sign_in import code_of

    one.press("nav a[href='/me']")
    one.write("#psn_no", psn_no)
    one.write("#code", code_of(psn_no))
    one.press("main form button:not(.main)")
    one.read("main .gauge", "1,500.00")


def the_years_rest_and_a_reason(one: Tapping, family: Family) -> None:
    """Task 7: (800 - 50 - 250) x 60 %."""
    one.press(f"a[href='/me/settlements/{family.settled}']")
    one.read(".why", "300.00")


def a_bond_asked(one: Tapping, family: Family) -> None:
    """Task 8, on one side."""
    one.press("nav a[href='/me']")
    one.press("a[href='/me/family']")
    one.write("#ask-no", family.spouse)
    one.write("#ask-name", "测试·乙")
    one.press("form[action='/me/family/ask'] button")
    one.read("main table", family.spouse[-4:])


def a_bond_given(one: Tapping, family: Family) -> None:
    """Task 8, on the other: it holds since a day."""
    one.press(".waits a")
    one.press("form[action='/me/family/consent'] button")
    one.read(
        "main section:nth-of-type(2) table",
        family.person[-4:],
        str(day_in_china(datetime.now(UTC)).year),
    )


def a_statement(one: Tapping) -> None:
    """Task 9: days asked for, balances before and after, on paper."""
    one.press("a[href='/me/account']")
    one.day("#from", "2023-01-01")
    one.day("#to", "2023-12-31")
    one.press("main form button")
    one.read("main", "2023-01-01 – 2023-12-31", "500.00")
    assert one.fetched("a.button[href*='account.pdf']").startswith(b"%PDF-")


@pytest.mark.slow
@pytest.mark.usefixtures("fresh_database")
@pytest.mark.parametrize("way", WAYS)
def test_the_ten_tasks_end_in_their_figures(
    chromium: Any, address: str, family: Family, way: str
) -> None:
    asked: tuple[Callable[[Tapping], None], ...] = (
        a_retiree_with_and_without_a_disease,
        no_hospital_chosen,
        a_pharmacy_customer,
        before_and_after,
        two_areas,
    )
    with walking(chromium, address, WAYS[way]) as (one, seen):
        for task in asked:
            seen.goto("/")
            task(one)
            fits(seen.page)
        signed_in(one, family.person)
        the_years_rest_and_a_reason(one, family)
        fits(seen.page)
        a_bond_asked(one, family)
        fits(seen.page)
        with walking(chromium, address, WAYS[way]) as (other, _):
            signed_in(other, family.spouse)
            a_bond_given(other, family)
        a_statement(one)
        fits(seen.page)
        assert seen.page.get_attribute("html", "lang") == (WAYS[way].language or "zh-Hans")
