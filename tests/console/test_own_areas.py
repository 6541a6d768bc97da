"""What a colleague of another area, or of another post, tries at the console."""

import re
from datetime import UTC, datetime, timedelta
from io import BytesIO

from python_calamine import CalamineWorkbook
from tests.console.conftest import Enter
from tests.console.office import Office
from tests.platform.review_world import AREA, ELSEWHERE
from tests.platform.test_review_life import refused

from gongji.agency.personal_copy import DAYS, copy_workbook, may_be_handed_out
from gongji.people.person_rows import get_person
from gongji.platform import trail
from gongji.platform.actors import Actor
from gongji.platform.command_rows import find_command
from gongji.review import desk as life
from gongji.supervision.crowd_leads import note_crowds

PERSON = "53230000000000000001"
COPY = {"psn_no": PERSON, "applicant": "guardian", "checked": "certificate", "asker": "王语嫣"}
COPY |= {"authority": "监护证明"}


def sheets(made: bytes) -> dict[str, list[list[object]]]:
    book = CalamineWorkbook.from_filelike(BytesIO(made))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def looks(office: Office, actor: str) -> list[tuple[str, str, bool]]:
    """What somebody looked at: the way, what, whether they were let."""
    rows = office.owner.execute(
        "select way, what, granted from access_log where actor = %s order by id", [actor]
    )
    return [(str(way), str(what), bool(granted)) for way, what, granted in rows]


def test_a_copy_is_handed_out_to_whom_a_command_names(office: Office, enter: Enter) -> None:
    made = office.draft(office.clerk, COPY | {"authority": " "}, kind="personal_copy")
    refused("value_invalid", life.preview, office.desk(), made)
    made = office.submitted(office.clerk, COPY, kind="personal_copy")
    path = f"/console/command/{made}/copy.xlsx"
    clerk = enter("clerk")
    assert clerk.get(path).status_code == 404, "not before it was approved"
    office.approve(office.post("cityfirst", "first_reviewer", "city"), made)
    assert "下载复制件" in clerk.get(f"/console/command/{made}").text
    answer = clerk.get(path)
    person = get_person(office.owner, PERSON)
    mine, theirs = (
        sheets(answer.content),
        sheets(copy_workbook(office.by, person, office.desk().today)),
    )
    assert list(mine) == list(theirs) and "谁看过我的记录" in mine
    assert all(mine[name] == theirs[name] for name in mine)
    exported = office.owner.execute(
        "select person, reason from access_log where way = 'export' and what = %s",
        [f"handed-out {made}"],
    ).fetchall()
    assert exported == [(1, "交给监护人")]
    told = office.owner.execute("select text from notice where command = %s", [made]).fetchone()
    assert told and "监护人王语嫣（凭监护证明）" in str(told[0]) and "第四十五条" in str(told[0])
    for subject, status in (("auditor", 403), ("cityfirst", 403)):
        assert enter(subject).get(path).status_code == status
    row = find_command(office.owner, made)
    assert row is not None and row.executed_at is not None
    for late, given in ((timedelta(0), True), (timedelta(days=DAYS), False)):
        assert may_be_handed_out(row, row.executed_at + late) is given


def fact(office: Office, person: int, area: str, kind: str, key: str, details: str) -> int:
    """A fact of a person that holds; its number."""
    row = office.owner.execute(
        "insert into person_fact (person_id, area, kind, key, since, details)"
        " values (%s, %s, %s, %s, '2020-01-01', %s) returning id",
        [person, area, kind, key, details],
    ).fetchone()
    assert row is not None
    return int(row[0])


def number(person: int) -> str:
    return f"{PERSON[:-1]}{person}"


def test_nobody_acts_on_a_person_of_another_area(office: Office) -> None:
    far = office.post("farhandler", "handler", "elsewhere")
    consented = '{"order": 1, "relation": "child", "consented_on": "2020-01-01"}'
    bond = fact(office, 7, AREA, "bond", number(8), consented)
    wanted = {
        "personal_copy": COPY | {"psn_no": number(7)},
        "personal_correction": {"psn_no": number(7), "name": "改名"},
        "personal_erasure": {"psn_no": number(7)},
        "family_bond": office.bond(7, 6),
        "family_bond_end": {"bond": bond},
    }

    def tried(kind: str, code: str, who: Actor, **given: str) -> None:
        made = office.draft(who, wanted[kind], kind=kind, **{"subject": "7"} | given)
        refused(code, life.preview, office.desk(), made)

    place = {"area": ELSEWHERE, "agency": ELSEWHERE}
    for kind in wanted:
        tried(kind, "person_elsewhere", far, **place)
    # Nor by a draft about somebody else, of which the form is changed.
    for kind in ("personal_copy", "family_bond_end"):
        tried(kind, "value_invalid", office.clerk, subject="3")
    # Who was insured there is theirs, but not with what others keep, nor with another's account.
    fact(office, 7, ELSEWHERE, "insured", "", '{"status": "active"}')
    for kind in ("personal_copy", "family_bond"):
        tried(kind, "person_elsewhere", far, **place)
    made = office.draft(
        far, wanted["family_bond_end"], kind="family_bond_end", subject="7", **place
    )
    assert life.preview(office.desk(), made).examined.lines


def test_a_post_opens_nothing_where_another_is_held(office: Office, enter: Enter) -> None:
    office.post("twoplaces", "reader", "elsewhere")
    office.post("twoplaces", "technician", "city")
    made = office.bill("A1", 10_000)
    both = enter("twoplaces")
    for path in ("person/2", f"command/{made}", f"command/{made}/edit"):
        assert both.get(f"/console/{path}").status_code == 404, path
    assert both.get("/console/institution/H1").status_code == 200, "a technician's, too"


def test_whatever_shows_a_command_asks_for_a_post_and_is_logged(
    office: Office, enter: Enter
) -> None:
    made = office.draft(office.clerk, office.bond(5, 6), subject="5")
    technician = enter("technician")
    page = f"/console/command/{made}"
    for answer in (
        technician.get(f"{page}/edit"),
        technician.post(f"{page}/act", act="approve"),
        technician.post("/console/bulk", chosen=str(made), listed=str(made)),
    ):
        assert answer.status_code == 403 and "测试6" not in answer.text
    assert enter("first").get(f"{page}/edit").status_code == 403
    colleague = enter("colleague")
    for seen in (
        colleague.get(f"{page}/edit"),
        colleague.post(f"{page}/act", act="return"),
        colleague.post("/console/bulk", chosen=str(made), listed=str(made)),
    ):
        assert "测试6" in seen.text
    assert looks(office, "colleague").count(("look", f"command {made}", True)) == 3


def test_the_trail_tells_each_area_its_own(office: Office, enter: Enter) -> None:
    office.post("faraudit", "audit_officer", "elsewhere")
    enter("first").get("/console/institution/H1")
    told = {who: enter(who).get("/console/trail").text for who in ("auditor",)}
    far = enter("faraudit")
    far.get("/console/institutions")
    told["faraudit"] = far.get("/console/trail").text
    assert "医药机构 H1" in told["auditor"] and "first" in told["auditor"]
    assert "faraudit" in told["faraudit"] and "first" not in told["faraudit"]


def test_a_sign_in_link_is_made_for_staff_of_the_own_area_only(
    office: Office, enter: Enter
) -> None:
    office.post("farsecurity", "security_officer", "elsewhere")
    office.staff("nopost")
    far, near = (enter(who) for who in ("farsecurity", "security"))
    for one in (far, near):
        one.post("/console/elevate", reason="测试需要一条新的链接", minutes="15", next="/console/")
    for act in ("link", "disable"):
        assert far.post("/console/staff", act=act, subject="clerk").status_code == 403
    assert ("look", "staff clerk", False) in looks(office, "farsecurity")
    for subject in ("clerk", "nopost"):
        answer = near.post("/console/staff", act="link", subject=subject)
        assert answer.status_code == 200 and "/console/first/" in answer.text


def _works_on_the_lead(office: Office, enter: Enter, number: int) -> None:
    """The supervisor gives the lead away, the inspector hears; a clerk sees nothing of it."""
    chief, inspector, clerk = (enter(who) for who in ("watcher", "third", "clerk"))
    (holding,) = office.owner.execute(
        "select h.id from post_holding h join staff s on s.id = h.staff where s.subject = 'third'"
    ).fetchone() or (0,)
    page, ask = f"/console/lead/{number}", f"/console/lead/{number}/ask"
    assert "指派线索" in chief.get(page).text and "指派线索" not in inspector.get(page).text
    told = chief.post(ask, kind="lead_assign", holding="999", due_on="2099-01-05", msg_id="l1")
    assert told.status_code == 422 and "没有第 999 号任职" in told.text
    given = {"kind": "lead_assign", "holding": str(holding), "due_on": "2099-01-05"}
    made = str(chief.post(ask, **given, msg_id="l2").url).rpartition("/")[2]
    shown = chief.get(f"/console/command/{made}").text
    seen = {name: re.findall(f'name="{name}" value="([^"]*)"', shown)[0] for name in STEP}
    chief.post(f"/console/command/{made}/act", act="submit", **seen)
    assert "测试third" in chief.get("/console/leads?state=open").text
    assert clerk.get(f"/console/command/{made}").status_code == 403
    assert looks(office, "clerk")[-1] == ("look", f"command {made}", False)
    assert clerk.post(ask, **given, msg_id="l3").status_code == 403
    report = {"area": AREA, "institution": "H1", "reasons": "名次 1", "grounds": "国务院令第735号"}
    told = inspector.post("/console/leads/open", **report, stake_fen="￥1,000", msg_id="l4")
    assert "测试医院：名次 1" in told.text and "1000.00" in told.text
    assert inspector.post("/console/leads/open", **report | {"area": ELSEWHERE}).status_code == 403
    assert inspector.post(ask, kind="lead_open").status_code == 404


STEP = ("msg_id", "version", "seen")
"""What a step names of the page that was looked at."""


def test_a_flag_of_the_trail_is_a_lead_with_its_evidence(office: Office, enter: Enter) -> None:
    hospital = ("institution", "H1")
    at = datetime.now(UTC)
    trail.log(office.owner, hospital, trail.Trace(trail.LOOK, "1101", 3, "certificate", at=at))
    trail.log(office.owner, hospital, trail.Trace(trail.LOOK, "5301", 4, "", False, at=at))
    for hours in (2, 1):
        said = trail.Trace(
            trail.FLAG, "people", reason="一天读取 3 人", at=at + timedelta(hours=hours)
        )
        trail.log(office.owner, hospital, said)
    assert [note_crowds(office.owner, at - timedelta(days=1)) for _ in range(2)] == [2, 0]
    office.post("watcher", "supervisor", "city")
    office.post("farwatcher", "supervisor", "elsewhere")
    near, far = (enter(who) for who in ("watcher", "farwatcher"))
    (number,) = office.owner.execute("select max(id) from lead").fetchone() or (0,)
    page = near.get(f"/console/lead/{number}")
    assert page.text.count("一天读取 3 人") == 2
    assert "读取 1 人的证件，其中 0 人" in page.text and "测试3" not in page.text
    assert f"/console/lead/{number}" in near.get("/console/leads").text
    assert "测试医院（H1）" not in far.get("/console/leads").text
    assert far.get(f"/console/lead/{number}").status_code == 404
    assert enter("clerk").get("/console/leads").status_code == 403
    _works_on_the_lead(office, enter, number)
    assert "测试医院（H1）" in enter("clerk").get("/console/day").text


def test_a_list_that_changed_is_told_line_by_line(office: Office, enter: Enter) -> None:
    """One of a list was paid meanwhile: the others are looked at all the same."""
    again, paid, other = (office.bill(number, 20_000) for number in ("W1", "w 1", "W2"))
    for who in (office.first, office.second, office.third):
        office.approve(who, paid)
    first = enter("first")
    listed = re.findall(r'name="listed" value="([^"]*)"', first.get("/console/").text)[0]
    for chosen, said in ((again, "已经报销过"), (other, "起付标准")):
        shown = first.post("/console/bulk", listed=listed, chosen=str(chosen))
        assert shown.status_code == 200 and said in shown.text
    clerk = enter("clerk")
    draft = office.draft(office.clerk, office.bond())
    answer = clerk.post(f"/console/command/{draft}/edit", version="abc", msg_id="e1")
    assert answer.status_code == 422
