"""The policy page: figures changed, simulated by the jobs as by the command, kept, shared."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest
from psycopg.conninfo import make_conninfo
from tests.console.conftest import Enter, SignIn
from tests.console.office import Office
from tests.console.visitor import Visitor
from tests.portal.browser import fits, serious

from gongji.agency.policy_jobs import PolicyRun, policy_run
from gongji.cli.main import main
from gongji.platform.installation import policy_runs_folder, populations_folder
from gongji.review import staff_jobs
from gongji.simulation.margins import default_margins
from gongji.simulation.populations import PopulationWish, make_population

AREA = "532300"
CEILING = "待遇.普通门诊.普通门诊.最高支付限额"
RATE = "待遇.普通门诊.普通门诊.支付比例.三级"
DAY = "2025-01-01"
JOBS = "-c role=gongji_jobs -c timezone=UTC"
PATIENCE_SECONDS = 120


@pytest.fixture(scope="module")
def people(office: Office) -> str:
    """A population that is offered, and who works with it."""
    for subject, post in (("planner", "business"), ("onlooker", "reader")):
        office.post(subject, post, "city")
    office.post("farplanner", "business", "elsewhere")
    wish = PopulationWish(AREA, 400, 2025, default_margins(), buckets=2)
    make_population(wish, populations_folder() / "fourhundred")
    real = populations_folder() / "430500-2025"
    make_population(wish, real)
    about = real / "population.json"
    about.write_text(about.read_text().replace('"made_up": true', '"made_up": false'))
    return "fourhundred"


@pytest.fixture(scope="module")
def worker(console_database: str, people: str) -> Iterator[None]:
    """The worker of the jobs on the same database, by its own login."""
    process = subprocess.Popen(
        [sys.executable, "-m", "gongji.service.processes", "jobs"],
        env=os.environ | {"DATABASE_URL": make_conninfo(console_database, options=JOBS)},
    )
    yield
    process.terminate()
    process.wait(timeout=30)


def ended(office: Office, page: str) -> PolicyRun:
    """The run of an address, once it has ended."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        job = staff_jobs.get(office.by, int(page.rpartition("/")[2]))
        assert time.monotonic() < deadline, page
        if not job.open:
            return policy_run(job)
        time.sleep(0.1)


def told(visitor: Visitor, run: PolicyRun) -> str:
    return visitor.get(f"/console/policy/run/{run.job.id}").text


def wish(people: str, **more: str) -> dict[str, str]:
    asked = {"area": AREA, "base_day": DAY, "population": people, "years": "1"}
    return asked | {f"figure:{CEILING}": "8000", f"figure:{RATE}": "55%"} | more


def simulated(people: str, folder: Path) -> dict[str, pl.DataFrame]:
    """The tables of `gongji simulate` with the same figures."""
    changes = ("--change", f"{CEILING}=8000元", "--change", f"{RATE}=55%")
    asked = ("simulate", str(populations_folder() / people), "--area", AREA, "--base", DAY)
    with pytest.raises(SystemExit) as leaving:
        main([*asked, *changes, "-o", str(folder)])
    assert leaving.value.code == 0
    return {path.stem: pl.read_parquet(path) for path in (folder / "tables").iterdir()}


@pytest.mark.slow
def test_what_the_page_tells_is_what_the_command_gives(
    enter: Enter, worker: None, office: Office, people: str, tmp_path: Path
) -> None:
    planner = enter("planner")
    form = planner.get(f"/console/policy?area={AREA}&base_day={DAY}").text
    assert f'name="figure:{CEILING}"' in form and "6000元" in form
    assert "云政办规〔2024〕2号 二(二)" in form
    assert "fourhundred" in form and "430500-2025" not in form
    answer = planner.post("/console/policy/ask/reform", **wish(people))
    run = ended(office, str(answer.url))
    name, folder = run.job.id, run.folder
    wanted = simulated(people, tmp_path / "report")
    assert set(folder.tables()) == set(wanted) and wanted["lines"]["pool_change_fen"][0] > 0
    for table, frame in wanted.items():
        assert folder.table(table).equals(frame), table
    page = told(planner, run)
    change = wanted["lines"]["pool_change_fen"][0] / 100
    assert f"{change:,.2f}" in page and page.count("<img") >= 5
    drawn = planner.get(re.search(r'src="([^"]+level\.svg)"', page)[1])  # type: ignore[index]
    assert drawn.headers["content-type"] == "image/svg+xml" and "<svg" in drawn.text
    book = planner.get(f"/console/policy/run/{name}/report.xlsx")
    assert "attachment" in book.headers["content-disposition"] and book.content[:2] == b"PK"
    again = planner.get(f"/console/policy?run={name}").text
    assert re.search(f'name="figure:{CEILING}" value="8000元"', again)

    assert "保存" in page and "已保存" not in planner.get("/console/policy").text
    onlooker = enter("onlooker")
    assert "提高限额" not in onlooker.get("/console/policy").text
    planner.post(f"/console/policy/run/{name}/act", act="keep", name="提高限额")
    assert "提高限额" in onlooker.get("/console/policy").text
    shared = told(onlooker, run)
    assert f"{change:,.2f}" in shared and 'value="keep"' not in shared
    assert onlooker.post("/console/policy/ask/reform", **wish(people)).status_code == 403
    assert onlooker.post(f"/console/policy/run/{name}/act", act="stop").status_code == 403
    far = enter("farplanner")
    assert far.get(f"/console/policy/run/{name}").status_code == 404
    assert far.get(f"/console/policy/run/{name}/level.svg").status_code == 404
    assert "提高限额" not in far.get("/console/policy").text
    assert enter("clerk").get("/console/policy").status_code == 403


def test_what_does_not_fit_is_told_on_the_form(enter: Enter, office: Office, people: str) -> None:
    planner = enter("planner")
    count = "select count(*) from staff_job"
    before = office.owner.execute(count).fetchone()
    for more in (
        {f"figure:{CEILING}": "80%"},
        {"population": "430500-2025"},
        {"base_day": "昨天"},
        {"years": "99"},
    ):
        answer = planner.post("/console/policy/ask/reform", **wish(people, **more))
        assert answer.status_code == 422 and 'role="alert"' in answer.text, more
    named = {"area": AREA, "persons": "300", "year": "2025"}
    for name in ("fourhundred", "430500x", "../x", ""):
        answer = planner.post("/console/policy/ask/population", population=name, **named)
        assert answer.status_code == 422, name
    assert office.owner.execute(count).fetchone() == before
    assert planner.get("/console/policy?run=x").status_code == 404


def test_a_population_is_made_up_and_used_and_a_run_is_stopped(
    enter: Enter, worker: None, office: Office
) -> None:
    planner = enter("planner")
    named = {"area": AREA, "persons": "300", "year": "2025", "population": "虚构三百"}
    made = ended(office, str(planner.post("/console/policy/ask/population", **named).url))
    assert "300 人，2025 年" in told(planner, made)
    assert "虚构三百（300 人" in planner.get("/console/policy").text
    assert made.job.done == made.job.total > 0
    # Who may only look asks for nothing; elsewhere nobody sees it.
    refused = enter("onlooker").post("/console/policy/ask/population", **named)
    assert refused.status_code == 403
    assert enter("farplanner").get(f"/console/policy/run/{made.job.id}").status_code == 404
    # What has ended is not undone by a stop, and is done once.
    planner.post(f"/console/policy/run/{made.job.id}/act", act="stop")
    assert ended(office, str(made.job.id)).job == made.job
    # Runs stand with what else I asked for, and on the day's page.
    mine = planner.get("/console/my-jobs").text
    assert f'href="/console/policy/run/{made.job.id}">打开</a>' in mine
    assert "测算" in planner.get("/console/day").text
    # One that nobody kept goes with its folder when its time is over.
    (policy_runs_folder() / str(made.job.id)).mkdir(parents=True)
    office.owner.execute("update staff_job set expires_at = now() where id = %s", [made.job.id])
    staff_jobs.forget_jobs(office.owner, datetime.now(UTC))
    assert not (policy_runs_folder() / str(made.job.id)).exists()
    assert planner.get(f"/console/policy/run/{made.job.id}").status_code == 404
    with pytest.raises(Exception, match="permission denied"):
        office.by.execute("insert into procrastinate_jobs (queue_name, task_name) values ('a','b')")


@pytest.mark.slow
def test_a_figure_is_changed_and_its_pictures_are_seen(
    signed_in: SignIn, worker: None, people: str
) -> None:
    window = signed_in("planner")
    page = window.page
    page.click("text=测算")
    page.fill("input[name=base_day]", DAY)
    page.click("text=列出数字")
    page.fill(f"[name='figure:{CEILING}']", "8000")
    page.select_option("select[name=population]", people)
    page.fill("input[name=name]", "提高到八千")
    page.click("button.go")
    page.wait_for_selector("img.drawn", timeout=60_000)
    assert page.evaluate("[...document.images].every(one => one.complete)")
    page.wait_for_function("[...document.images].every(one => one.naturalWidth > 100)")
    assert "统筹支出增加" in page.inner_text("main")
    assert not serious(page)
    fits(page)
    page.evaluate("window.print = () => { document.title = '已打印' }")
    page.click("text=打印")
    assert page.title() == "已打印"
    page.click("button[value=keep]")
    page.wait_for_selector("text=保存")
    window.goto("/console/policy")
    assert "提高到八千" in page.inner_text("main")
    assert not serious(page)
    fits(page)
