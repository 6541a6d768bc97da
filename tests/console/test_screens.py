"""The console's screens as pictures (build/screenshots/console), each from what leads to it:
a desk, a record, a bill in its three reviews, a post refused, a law changed and in force."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests import databases
from tests.console.conftest import CONSOLE, SignIn, console_process
from tests.console.office import Office
from tests.platform.counter import PARAMETERS, Counter
from tests.platform.review_world import AREA, COUNTY, OPERATOR
from tests.portal.browser import Watched, fits

from gongji.agency.law_changes import last_month
from gongji.law.engine.areas import Areas
from gongji.platform.laws import LawText, Publication, publish_law, read_laws
from gongji.settlement.settle import settle

GATEWAY = "-c role=gongji_gateway -c timezone=UTC"
HOSPITAL = f"H{AREA}00001"
PATIENCE_MS = 240_000
"""A law is checked as a whole and tried before its page is shown."""
SCREENS = {
    "desk": ("first", "/console/"),
    "new-bill": ("clerk", "/console/new/manual_reimbursement"),
    "institutions": ("clerk", "/console/institutions"),
    "institution": ("clerk", f"/console/institution/{HOSPITAL}"),
    "day": ("first", "/console/day"),
    "rulebooks": ("first", "/console/rulebooks"),
    "rulebook": ("first", f"/console/rulebook/{AREA}/1"),
    "policy": ("planner", "/console/policy"),
    "my-jobs": ("planner", "/console/my-jobs"),
    "trail": ("auditor", "/console/trail"),
    "posts": ("admin", "/console/posts"),
    "coverage": ("admin", "/console/coverage"),
    "staff": ("admin", "/console/staff"),
}
"""Screens that need no more than somebody who opens them."""


@dataclass
class County:
    """A county whose counter settles beside the console, by one reading of the law."""

    office: Office
    counter: Counter
    gateway: Any

    def supplement_fen(self, number: int, day: str, fen: int) -> int:
        """What the civil servants' subsidy pays of a bill of somebody new."""
        psn_no = self.counter.person(number)
        self.counter.fact(psn_no, "subsidy", "2020-01-01", subsidy="civil_servant")
        bill = self.counter.bill(psn_no, HOSPITAL, day, fen)
        (outcome,) = settle(self.gateway, [bill], self.office.law, datetime.now(UTC))
        assert outcome.entry is not None, outcome
        return int(outcome.entry.settlement.supplements_fen)


@pytest.fixture(scope="module")
def console_database(server: str) -> Iterator[str]:
    """A database of its own: a law is published in it."""
    with databases.copy(server) as made:
        yield made


@pytest.fixture(scope="module")
def county(console_database: str) -> Iterator[County]:
    """The office, a law whose figures are given, and settlements of last month."""
    with (
        psycopg.connect(console_database, autocommit=True) as owner,
        psycopg.connect(console_database, autocommit=True, options=CONSOLE) as by,
        psycopg.connect(console_database, autocommit=True, options=GATEWAY) as gateway,
    ):
        office = Office(owner, by)
        office.post("planner", "business", "city")
        law = {one.area: one for one in read_laws(Areas())}[AREA]
        given = LawText(AREA, law.documents, PARAMETERS[AREA])
        publish_law(owner, Publication((given,)), actor=OPERATOR, now=office.now)
        owner.execute("select setval(pg_get_serial_sequence('person', 'id'), 100)")
        made = County(office, Counter(owner, AREA), gateway)
        made.counter.institution(1, "2")
        since, _ = last_month(office.desk().today)
        for number in (11, 12, 13):
            made.supplement_fen(number, str(since + timedelta(days=number)), 100_000)
        yield made


@pytest.fixture(scope="module")
def office(county: County) -> Office:
    """The staff of the county."""
    return county.office


@pytest.fixture(scope="module")
def console(office: Office, console_database: str) -> Iterator[str]:
    """The console of the county."""
    with console_process(console_database) as made:
        yield made


@pytest.fixture
def pictures(screenshots: Path) -> Path:
    """Where the pictures go."""
    folder = screenshots / "console"
    folder.mkdir(exist_ok=True)
    return folder


def taken(window: Watched, picture: Path) -> str:
    """A picture of the whole page, which moves in one direction only; gives what it says."""
    window.page.wait_for_load_state("networkidle")
    fits(window.page)
    said = str(window.page.inner_text("main"))
    assert len(said) > 20, picture.stem
    window.page.screenshot(path=picture, full_page=True)
    return said


@pytest.mark.slow
def test_each_screen_has_its_picture(signed_in: SignIn, office: Office, pictures: Path) -> None:
    made = office.bill("S1", 400_000)
    # Whoever signs in again ends their session before.
    window_of = cache(signed_in)
    for name, (subject, path) in SCREENS.items():
        window_of(subject).goto(path)
        taken(window_of(subject), pictures / f"{name}.png")
    for number, subject in enumerate(("first", "second", "third"), 1):
        window = window_of(subject)
        window.goto(f"/console/command/{made}")
        assert "合计支付" in taken(window, pictures / f"review-{number}.png")
        window.page.click("button[value=approve]")
    assert "已办结" in taken(window, pictures / "reviewed.png")
    clerk = window_of("clerk")
    clerk.goto("/console/person/1")
    taken(clerk, pictures / "person-masked.png")
    clerk.page.fill("#reason", "窗口咨询")
    clerk.page.click("button.main")
    clerk.page.wait_for_selector("svg.band")
    assert "零星报销" in taken(clerk, pictures / "person.png")


@pytest.mark.slow
def test_a_post_that_conflicts_is_refused(signed_in: SignIn, pictures: Path) -> None:
    admin = signed_in("admin")
    admin.goto("/console/posts")
    admin.page.select_option("#g-staff", label="测试clerk（clerk）")
    admin.page.select_option("#g-post", "second_reviewer")
    admin.page.select_option("#g-place", f"{AREA}|{COUNTY}")
    admin.page.click("text=核对后提交任命")
    assert "不相容" in taken(admin, pictures / "posts-conflict.png")


@pytest.mark.slow
def test_a_law_is_drafted_reviewed_and_in_force_at_the_counter(
    signed_in: SignIn, county: County, pictures: Path
) -> None:
    today = str(county.office.desk().today)
    before = county.supplement_fen(21, today, 100_000)
    planner = signed_in("planner")
    planner.page.set_default_timeout(PATIENCE_MS)
    planner.goto("/console/rulebooks")
    planner.page.click(f"tr:has-text('{AREA}'):has-text('现行') a")
    planner.page.click("text=修改规则（参数、文件）")
    planner.page.fill("#f-subsidy_rate", "八成")
    planner.page.click("button.go")
    assert "1 处问题" in taken(planner, pictures / "law-change-wrong.png")
    planner.page.fill("#f-subsidy_rate", "80%")
    planner.page.click("button.go")
    planner.page.wait_for_url("**/law-change/*")
    said = taken(planner, pictures / "law-change-trial.png")
    assert "上月结算试算 · 完成" in said and "subsidy_rate" not in said
    assert "3 笔，3 人" in said and "逐条对照" in said
    planner.page.click("text=提交、审核")
    planner.page.click("button[value=submit]")
    assert "审核中" in planner.page.inner_text(".messages")
    address = planner.page.url
    # Nothing holds yet: the law in force is the one before.
    assert county.supplement_fen(22, today, 100_000) == before
    for number, subject in enumerate(("second", "third"), 1):
        reviewer = signed_in(subject)
        reviewer.page.set_default_timeout(PATIENCE_MS)
        reviewer.page.goto(address)
        taken(reviewer, pictures / f"law-change-review-{number}.png")
        reviewer.page.click("button[value=approve]")
    assert "已办结" in reviewer.page.inner_text(".messages")
    # The counter that settled before settles by the new figure, without a restart.
    after = county.supplement_fen(23, today, 100_000)
    assert before > 0 and after * 60 == before * 80
    planner.goto("/console/rulebooks")
    assert planner.page.locator(f"tr:has-text('{AREA}'):has-text('现行')").count() == 1
