"""A change of the law at the desk: what is wrong told at once, compared, tried, handed in."""

import re
from collections.abc import Iterator

import pytest
from tests.console.office import Office
from tests.console.visitor import TOKEN, Visitor
from tests.platform.review_world import AREA

from gongji.review import desk as life

CHANGE = f"/console/rulebook/{AREA}/change"
PATIENCE_SECONDS = 180
"""A change is checked as a whole, which takes its time on a busy machine."""


@pytest.fixture(scope="module")
def planner(console: str, office: Office) -> Iterator[Visitor]:
    """Somebody of the business post."""
    office.planner = office.post("planner", "business", "city")  # type: ignore[attr-defined]
    made = Visitor(console).enter("planner")
    made.client.timeout = PATIENCE_SECONDS
    yield made
    made.client.close()


def asked(planner: Visitor, document: str = "", **figures: str) -> tuple[int, str, str]:
    """The form handed in: status, address, page."""
    page = planner.get(CHANGE).text
    token, msg_id = TOKEN.search(page), re.search(r'name="msg_id" value="(\w+)"', page)
    assert token and msg_id
    data = {"csrfmiddlewaretoken": token[1], "msg_id": msg_id[1]}
    data |= {f"figure:{name}": figure for name, figure in figures.items()}
    files = {"files": ("规程.yaml", document.encode())} if document else None
    headers = {"referer": str(planner.client.base_url)}
    answer = planner.client.post(CHANGE, data=data, files=files, headers=headers)
    return answer.status_code, str(answer.url), answer.text


def test_every_problem_is_told_and_nothing_is_kept(planner: Visitor, office: Office) -> None:
    page = planner.get(CHANGE).text
    assert "inpatient_rate" in page and "subsidy_rate" in page
    count = "select count(*) from command where kind = 'change_law'"
    before = office.owner.execute(count).fetchone()
    status, _, text = asked(planner, inpatient_rate="八成", subsidy_rate="七成")
    assert status == 422 and "2 处问题" in text and 'value="八成"' in text
    status, _, text = asked(planner, document=f'文件: {{统筹区: "{AREA}"}}\n没有的部分: 1\n')
    assert status == 422 and "没有的部分" in text and "<td>2</td>" in text
    status, _, text = asked(planner)
    assert status == 422 and "没有任何改动" in text
    assert office.owner.execute(count).fetchone() == before


@pytest.mark.slow
def test_a_change_is_tried_compared_and_handed_in(planner: Visitor, office: Office) -> None:
    status, url, text = asked(planner, subsidy_rate="61%")
    assert status == 200 and "/law-change/" in url
    assert "上月结算试算 · 完成" in text and "逐条对照" in text
    number = int(url.rsplit("/", 1)[1])
    page = planner.get(f"/console/command/{number}").text
    assert "参数 subsidy_rate：没有给出 → 61%" in page and "试算" in page
    # Mended before it is handed in: the same draft says something else.
    form = planner.get(f"{CHANGE}?command={number}").text
    assert 'value="61%"' in form and f'name="command" value="{number}"' in form
    life.submit(office.desk(), office.planner, office.acting(number))  # type: ignore[attr-defined]
    assert planner.get(f"{CHANGE}?command={number}").status_code == 404
    reviewer = Visitor(str(planner.client.base_url)).enter("second")
    seen = reviewer.get(f"/console/law-change/{number}")
    assert seen.status_code == 200 and "上月结算试算 · 完成" in seen.text
    reviewer.client.close()
    acting = office.acting(number, reason="试验完毕")
    life.withdraw(office.desk(), office.planner, acting)  # type: ignore[attr-defined]


def test_others_see_no_form(planner: Visitor, office: Office) -> None:
    clerk = Visitor(str(planner.client.base_url)).enter("clerk")
    assert clerk.get(CHANGE).status_code == 403
    assert "修改规则（" not in clerk.get(f"/console/rulebook/{AREA}/1").text
    clerk.client.close()
    assert "修改规则（" in planner.get(f"/console/rulebook/{AREA}/1").text
    assert planner.get("/console/rulebook/430500/change").status_code == 404


def test_filters_and_jobs_are_my_own(planner: Visitor, office: Office) -> None:
    told = planner.post("/console/filters", list="work", name="共济", kind="family_bond")
    assert str(told.url).endswith("?kind=family_bond") and ">共济</a>" in told.text
    other = Visitor(str(planner.client.base_url)).enter("second")
    assert ">共济</a>" not in other.get("/console/").text
    gone = planner.post("/console/filters", list="work", name="共济", drop="1")
    assert ">共济</a>" not in gone.text
    number = office.owner.execute(
        "insert into staff_job (kind, area, staff, content, made_at) select 'trail_export', %s, id,"
        " '{}', now() from staff where subject = 'planner' returning id",
        [AREA],
    ).fetchone()
    assert number is not None
    assert "等候" in planner.get("/console/my-jobs").text
    path = f"/console/my-jobs/{number[0]}/file"
    assert planner.get(path).status_code == 422 and other.get(path).status_code == 404
    for page in ("my-jobs", "day"):
        assert "留痕" in planner.get(f"/console/{page}").text
    stop = f"/console/my-jobs/{number[0]}/stop"
    assert other.post(stop).status_code == 404
    assert "已停止" in planner.post(stop).text
    other.client.close()
    refused = office.owner.execute(
        "select granted from access_log where what = %s order by id", [f"file {number[0]}"]
    ).fetchall()
    assert refused == [(False,)]


def test_acts_of_power_need_rights_that_are_taken_up(planner: Visitor, office: Office) -> None:
    admin = Visitor(str(planner.client.base_url)).enter("admin")
    link = {"act": "link", "subject": "powerless", "name": "新人"}
    first = admin.post("/console/staff", **link)
    assert first.status_code == 422 and "须先提升权限" in first.text
    taken = {"reason": "新人报到", "minutes": "15", "next": "/console/staff"}
    page = admin.post("/console/elevate", **taken)
    assert str(page.url).endswith("/console/staff") and "权限已提升至" in page.text
    assert "/console/first/" in admin.post("/console/staff", **link).text
    admin.post("/console/elevate", end="1", next="https://elsewhere.example/")
    again = link | {"subject": "another"}
    assert admin.post("/console/staff", **again).status_code == 422
    admin.client.close()
    assert planner.post("/console/elevate", **taken).status_code == 403
    row = office.owner.execute(
        "select reason from access_log where what = 'staff link powerless'"
    ).fetchone()
    assert row == ("新人报到",)
