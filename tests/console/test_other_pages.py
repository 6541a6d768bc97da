"""Rules, the day, the trail: what they show, to whom, and what the trail says of it."""

from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from python_calamine import CalamineWorkbook
from tests.console.conftest import SignIn
from tests.console.office import Office
from tests.platform.review_world import OPERATOR
from tests.portal.browser import fits, serious

from gongji.demo.figures import PARAMETERS
from gongji.law.engine.areas import Areas
from gongji.platform import retention, trail
from gongji.platform.laws import LawText, Publication, publish_law, read_laws
from gongji.supervision.crowd_leads import note_crowds


def _published_again(office: Office) -> None:
    """A second version of the law of Chuxiong: some parameters more."""
    law = {one.area: one for one in read_laws(Areas())}["532300"]
    new = LawText(law.area, law.documents, PARAMETERS["532300"])
    publish_law(office.owner, Publication((new,)), actor=OPERATOR, now=office.now)


def an_old_paper(office: Office) -> int:
    """A bill of long ago whose papers are due; gives the number of what the job proposes."""
    number = office.bill("D0", 20_000)
    old = datetime(1990, 1, 1, tzinfo=UTC)
    with office.owner.transaction():
        office.owner.execute("set local session_replication_role = replica")
        office.owner.execute(
            "update command set state = 'executed', executed_at = %s where id = %s", [old, number]
        )
    made = retention.propose(office.owner, "532300", retention.PAPER, office.day)
    assert made
    return made


@pytest.mark.slow
def test_rules_the_day_and_their_parts(office: Office, signed_in: SignIn) -> None:
    window = signed_in("clerk")
    page = window.page
    page.click("text=规则")
    assert "现行" in page.inner_text("table")
    page.click("tbody a")
    page.wait_for_url("**/rulebook/*/*")
    page.click("summary >> nth=0")
    assert "第" in page.inner_text("details table")
    assert not serious(page)
    fits(page)
    office.bill("D1", 10_000)
    flag = trail.Trace(trail.FLAG, "people", reason="一天读取 4 人的证件，超过约定的 3 人")
    trail.log(office.owner, ("institution", "H1"), flag)
    note_crowds(office.owner, office.now - timedelta(days=1))
    proposed = an_old_paper(office)
    page.click("text=今天")
    said = page.inner_text("main")
    assert "测试医院（H1）" in said and "待核查" in said and "零星报销" in said
    page.click("#check")
    page.wait_for_selector("h3:has-text('平')")
    assert not serious(page)
    fits(page)
    page.click(f"button[aria-label='受理第 {proposed} 号销毁建议']")
    page.wait_for_url("**/command/*")
    said = page.inner_text("main")
    assert "销毁到期记录" in said and "事项材料 3 件" in said


@pytest.mark.slow
def test_two_versions_are_held_beside_each_other(office: Office, signed_in: SignIn) -> None:
    _published_again(office)
    window = signed_in("clerk")
    window.goto("/console/rulebook/532300/1/2")
    assert "改动" in window.page.inner_text("table")
    assert not serious(window.page)


@pytest.mark.slow
def test_the_trail_is_searched_and_taken_along(office: Office, signed_in: SignIn) -> None:
    clerk = signed_in("clerk")
    clerk.goto("/console/institution/H1")
    assert clerk.page.request.get(f"{clerk.address}/console/trail").status == 403
    trail.log(office.owner, ("institution", "H1"), trail.Trace(trail.FLAG, "people"))
    window = signed_in("auditor")
    page = window.page
    page.click("text=留痕")
    page.fill("#actor", "clerk")
    page.click("text=查找")
    told = page.inner_text("table")
    assert "医药机构 H1" in told and "留痕" in told and "否" in told
    assert not serious(page)
    fits(page)
    answer = page.request.get(f"{window.address}/console/trail?actor=clerk&as=xlsx")
    book = CalamineWorkbook.from_filelike(BytesIO(answer.body()))
    rows = book.get_sheet_by_index(0).to_python()
    assert rows[0][0] == "时间" and any("医药机构 H1" in row for row in rows)
