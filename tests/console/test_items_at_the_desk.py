"""The three items at the console, from the form to the end, with changes of who is at work."""

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from python_calamine import CalamineWorkbook
from tests.console.conftest import SignIn
from tests.console.office import PAPERS, Office
from tests.platform.review_world import COUNTY, PDF
from tests.portal.browser import Watched, fits, serious

PERSON, OWNER = "53230000000000000001", "53230000000000000002"


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    """A paper to hand in."""
    made = tmp_path / "paper.pdf"
    made.write_bytes(PDF)
    return made


def hand_in(window: Watched, path: Path, *names: str) -> None:
    for name in names:
        window.page.select_option("#paper-name", name)
        window.page.set_input_files("#paper-file", str(path))
        window.page.click("text=交材料")


def fill(window: Watched, kind: str, fields: dict[str, str]) -> str:
    """Fill a form in; the address of the draft."""
    page = window.page
    window.goto(f"/console/new/{kind}")
    page.select_option("#place", f"532300|{COUNTY}")
    for name, value in fields.items():
        place = page.locator(f"#f-{name}")
        choice = place.evaluate("one => one.tagName") == "SELECT"
        place.select_option(value) if choice else place.fill(value)
    page.click("text=建草稿")
    page.wait_for_url("**/command/*")
    return str(page.url)


def act(window: Watched, address: str, words: str) -> str:
    """Take a step on a command's page; what is told."""
    page = window.page
    page.goto(address)
    page.click(f"button >> text={words}")
    return str(page.inner_text(".messages"))


def seen_by(window: Watched) -> None:
    assert not serious(window.page)
    fits(window.page)


def test_a_family_bond_from_the_form_to_the_end(
    office: Office, signed_in: SignIn, paper: Path
) -> None:
    clerk = signed_in("clerk")
    fields = {"psn_no": PERSON, "name": "测试1", "owner": OWNER, "owner_name": "测试2"}
    fields |= {"relation": "spouse", "consented_on": str(office.desk().today)}
    address = fill(clerk, "family_bond", fields)
    assert "还缺" in clerk.page.inner_text("main")
    wrong = paper.with_name("wrong.pdf")
    wrong.write_bytes(b"MZ no paper")
    hand_in(clerk, wrong, "结婚证")
    assert "不是 PDF" in clerk.page.inner_text("[role=alert]")
    hand_in(clerk, paper, "结婚证")
    assert "测试2的个人账户为测试1支付" in clerk.page.inner_text("#preview")
    seen_by(clerk)
    assert "审核中" in act(clerk, address, "提交")
    assert not clerk.page.locator("button[value=approve]").count(), "not by whoever took it in"
    reviewer = signed_in("first")
    reviewer.page.click(f"td a:text-is('{address.rsplit('/', 1)[1]}')")
    reviewer.page.wait_for_url("**/command/*")
    told = act(reviewer, address, "同意")
    assert "已办结" in told and "家庭共济第" in told
    assert "不服" in reviewer.page.inner_text("main"), "the remedy stands with the decision"


@pytest.mark.slow
def test_a_chronic_filing_is_returned_with_a_reason_and_comes_again(
    office: Office, signed_in: SignIn, paper: Path
) -> None:
    clerk = signed_in("clerk")
    fields = {"psn_no": PERSON, "disease": "M03900", "certifier": "H1", "since": str(office.day)}
    address = fill(clerk, "chronic_filing", fields)
    names = clerk.page.locator("#paper-name option").all_inner_texts()
    hand_in(clerk, paper, *[name for name in names if "承诺" not in name])
    act(clerk, address, "提交")
    reviewer = signed_in("first")
    reviewer.page.goto(address)
    reviewer.page.click("text=退回 >> nth=-1")
    assert "reason" in reviewer.page.inner_text("[role=alert]")
    reviewer.page.fill("#reason", "请补充病历")
    reviewer.page.click("button[value=return]")
    assert "已退回" in reviewer.page.inner_text(".messages")
    clerk.page.goto(address)
    assert "请补充病历" in clerk.page.inner_text("main")
    act(clerk, address, "提交")
    for subject in ("first", "countysecond"):
        told = act(signed_in(subject), address, "同意")
    assert "备案流水号" in told
    assert office.state(int(address.rsplit("/", 1)[1])) == "executed"


@pytest.mark.slow
def test_a_bill_is_settled_after_three_reviews(
    office: Office, signed_in: SignIn, paper: Path
) -> None:
    clerk = signed_in("clerk")
    fields = {"psn_no": PERSON, "institution": "H1", "number": "P1"}
    fields |= {"service_date": str(office.day), "total_fen": "300", "in_scope_fen": "300.00"}
    address = fill(clerk, "manual_reimbursement", fields)
    hand_in(clerk, paper, *PAPERS)
    act(clerk, address, "提交")
    told = ""
    for subject in ("first", "second", "third"):
        window = signed_in(subject)
        window.page.goto(address)
        told = act(window, address, "同意")
    assert "已办结" in told and "报销" in told
    printed = window.page.request.get(f"{address}/decision.pdf")
    assert printed.status == 200 and printed.body().startswith(b"%PDF-")
    assert window.page.request.get(f"{address}/receipt.pdf").body().startswith(b"%PDF-")
    entry = office.owner.execute(
        "select count(*) from entry where kind = 'reimbursement' and command = %s",
        [int(address.rsplit("/", 1)[1])],
    )
    assert entry.fetchone() == (1,)


def test_bills_are_pasted_and_told_by_line(office: Office, signed_in: SignIn) -> None:
    clerk = signed_in("clerk")
    clerk.goto("/console/bills")
    clerk.page.fill("#psn", PERSON)
    good = f"Q1\tH1\t{office.day}\t100\t100"
    clerk.page.fill("#bills", f"{good}\nQ2\tH1\t昨天\t100\t100\n")
    clerk.page.click("text=逐张建草稿")
    rows = clerk.page.locator("main table tbody tr").all_inner_texts()
    assert "第" in rows[0] and "就医日期" in rows[1]
    seen_by(clerk)


@pytest.mark.slow
def test_several_are_approved_together_after_they_were_looked_at(
    office: Office, signed_in: SignIn
) -> None:
    numbers = [office.bill(f"B{n}", 10_000) for n in range(3)]
    office.post("bulk", "first_reviewer")
    window = signed_in("bulk")
    seen_by(window)
    page: Any = window.page
    taken = page.request.get(f"{window.address}/console/?as=xlsx")
    rows = CalamineWorkbook.from_filelike(BytesIO(taken.body())).get_sheet_by_index(0).to_python()
    assert {str(number) for number in numbers} <= {row[0] for row in rows}
    for _ in range(2):
        page.keyboard.press("j")
    page.keyboard.press("x")
    page.click("text=核对所选")
    assert page.locator("input[name=chosen]").count() == 1
    number = int(page.locator("input[name=chosen]").get_attribute("value"))
    page.click("text=逐件同意")
    assert "审核中" in page.inner_text("table")
    done = office.owner.execute("select position from command where id = %s", [number])
    assert done.fetchone() == (1,)
