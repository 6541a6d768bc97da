"""What a rule costs before it is signed: figures of the law changed, settled on a population.

A thin face over `gongji.simulation`: a form of the area's figures, a run that the jobs do, its
pictures and tables, kept under a name. The law that is changed is the one in the database.
Law:     楚政规〔2022〕2号 第三十六条, 攀办发〔2022〕32号 第十八条.
"""

from collections.abc import Callable
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from gongji.agency.policy_jobs import (
    DAYS_UNKEPT,
    KIND,
    PolicyRun,
    ask_run,
    policy_room,
    policy_run,
)
from gongji.console.at_work import POLICY, Clerk, at_work, shown
from gongji.console.said_refusals import words_of
from gongji.law.engine.amendment import figures_with_documents
from gongji.law.engine.visit import read_date
from gongji.law.rulebook.figure_paths import typed_figure, unit_of
from gongji.law.rulebook.law import Law
from gongji.platform import trail
from gongji.platform.installation import populations_folder
from gongji.refusals import Refusal, RulebookError
from gongji.review import staff_jobs
from gongji.simulation import policy_runs
from gongji.simulation.policy_runs import (
    MOST_PERSONS,
    MOST_YEARS,
    Asked,
    PolicyRoom,
    PopulationAsked,
    ReformAsked,
    RunFolder,
)
from gongji.simulation.reform_report import HEADINGS, HINTS, TITLES
from gongji.simulation.reform_report import shown as shown_value
from gongji.simulation.reforms import Reform
from gongji.simulation.simulate import sides_of

RUNS = ("business", "supervisor")
"""The posts that may have something simulated and keep it."""
FIGURE = "figure:"


def _areas(clerk: Clerk) -> list[str]:
    """The areas in which I hold a post of policy."""
    return sorted({one.area for one in clerk.held if one.post in POLICY})


def _own_area(clerk: Clerk, code: str) -> str:
    """An area in which I hold a post of policy; the first where none is named.

    Refuses: Http404.
    """
    areas = _areas(clerk)
    if code and code not in areas:
        raise Http404
    return code or areas[0]


def _law(room: PolicyRoom, area: str, day: str) -> Law:
    return room.areas.home(area).law(read_date("现行规则的日期", day))


def _rows(law: Law, typed: dict[str, str]) -> dict[str, list[dict[str, str]]]:
    """Section -> its figures in yuan or percent with article, today's text and what was typed."""
    found: dict[str, list[dict[str, str]]] = {}
    for one, document in figures_with_documents(law):
        if unit_of(one.text):
            section, _, rest = one.path.partition(".")
            row = {"path": one.path, "name": rest.replace(".", " · "), "today": one.text}
            row |= {"article": f"{document} {one.article}".strip()}
            row |= {"typed": typed.get(f"{FIGURE}{one.path}", "")}
            found.setdefault(section, []).append(row)
    return found


def _again(run: PolicyRun) -> dict[str, str]:
    """What was typed for a run, to be changed further."""
    asked = run.reform
    if asked is None:
        raise Http404
    typed = {f"{FIGURE}{path}": str(figure) for path, figure in asked.reform.figures.items()}
    typed |= {"area": asked.area, "base_day": asked.base_day, "reform_day": asked.reform.day}
    typed |= {"population": asked.population, "years": str(asked.years)}
    return typed


def _page(
    request: HttpRequest, clerk: Clerk, typed: dict[str, str], error: str = ""
) -> HttpResponse:
    room = policy_room(clerk.connection)
    area = _own_area(clerk, typed.get("area", ""))
    day = typed.get("base_day") or clerk.today.isoformat()
    try:
        sections = _rows(_law(room, area, day), typed)
    except Refusal as refusal:
        sections, error = {}, error or words_of(refusal)
    offered = [one for one in policy_runs.populations(room.populations) if one.offered_in(area)]
    listed = staff_jobs.kept_or_own(clerk.connection, KIND, _areas(clerk), clerk.id)
    context = {
        "here": "policy",
        "area": area,
        "areas": _areas(clerk),
        "base_day": day,
        "sections": sections,
        "populations": [(one.name, one.about) for one in offered],
        "typed": typed,
        "runs": [policy_run(job) for job in listed],
        "days": DAYS_UNKEPT,
        "may": clerk.holds(*RUNS),
        "most_years": MOST_YEARS,
        "most_persons": MOST_PERSONS,
        "error": error,
    }
    return shown(request, clerk, "policy", context, 422 if error else 200)


@require_safe
@at_work
def policy(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """The figures of an area's law with their articles, populations, and what was simulated."""
    clerk.demand(POLICY, "policy")
    typed = request.GET.dict()
    if "run" in typed:
        number = typed["run"]
        typed = _again(_get(clerk, int(number[:18]) if number.isdecimal() else 0))
    return _page(request, clerk, typed)


def _get(clerk: Clerk, number: int) -> PolicyRun:
    """A run of an area in which I hold a post of policy.

    Refuses: Http404.
    """
    try:
        job = staff_jobs.get(clerk.connection, number)
    except Refusal:
        raise Http404 from None
    if job.kind != KIND or job.area not in _areas(clerk):
        raise Http404
    return policy_run(job)


def _number(typed: dict[str, str], name: str, label: str, least: int, most: int) -> int:
    text = typed.get(name, "").strip()
    if not (text.isascii() and text.isdigit() and least <= int(text[:9]) <= most):
        raise Refusal("value_invalid", label, {"value": text, "allowed": f"{least} 至 {most}"})
    return int(text)


def _reform_asked(clerk: Clerk, typed: dict[str, str], area: str) -> ReformAsked:
    """What the form asks for.

    Refuses: value_invalid, date_outside; RulebookError for figures that do not fit.
    """
    room = policy_room(clerk.connection)
    base_day = typed.get("base_day") or clerk.today.isoformat()
    start = typed.get("reform_day", "").strip()
    law = _law(room, area, start or base_day)
    today = {one.path: one.text for one, _ in figures_with_documents(law)}
    figures = {}
    for name, text in typed.items():
        path = name.removeprefix(FIGURE)
        if name.startswith(FIGURE) and text.strip():
            figures[path] = typed_figure(text, today.get(path, ""))
    said = "、".join(f"{path} 改为 {figure}" for path, figure in figures.items())
    reform = Reform(typed.get("name", "").strip() or said or start, start, figures=figures)
    years = _number(typed, "years", "算几年", 1, MOST_YEARS)
    population = typed.get("population", "")
    asked = ReformAsked(area, population, base_day, reform, years)
    sides_of(policy_runs.comparison_of(asked, room))
    return asked


def _population_asked(clerk: Clerk, typed: dict[str, str], area: str) -> PopulationAsked:
    """The population that is to be made up.

    Refuses: value_invalid.
    """
    name = typed.get("population", "").strip()
    taken = populations_folder() / name
    if not policy_runs.NAME.fullmatch(name) or name[:1].isdigit() or taken.exists():
        allowed = "没有用过的名称：至多 40 个字、字母、数字、-、_，不以数字开头"
        raise Refusal("value_invalid", "名称", {"value": name or "（空）", "allowed": allowed})
    persons = _number(typed, "persons", "人数", 100, MOST_PERSONS)
    year = _number(typed, "year", "年度", 2000, 2100)
    return PopulationAsked(area, name, persons, year)


READ: dict[str, Callable[[Clerk, dict[str, str], str], Asked]] = {
    "reform": _reform_asked,
    "population": _population_asked,
}


@require_POST
@at_work
def ask(request: HttpRequest, clerk: Clerk, kind: str) -> HttpResponse:
    """Have a reform simulated or a population made up; what is refused is told on the form."""
    clerk.demand(RUNS, f"policy {kind}")
    typed = request.POST.dict()
    area = _own_area(clerk, typed.get("area", ""))
    read = READ.get(kind)
    if read is None:
        raise Http404
    try:
        asked = read(clerk, typed, area)
    except (Refusal, RulebookError) as refusal:
        return _page(request, clerk, typed, words_of(refusal))
    with clerk.connection.transaction():
        job = ask_run(clerk.connection, asked, clerk.id, clerk.desk.now)
        clerk.log(trail.Trace(trail.ACT, f"policy run {job.id}"))
    return HttpResponseRedirect(reverse("console:policy-run", args=[job.id]))


@require_safe
@at_work
def run(request: HttpRequest, clerk: Clerk, number: int) -> HttpResponse:
    """A run: how far it is, or what came out; whoever has the link and the post may look."""
    clerk.demand(POLICY, f"policy run {number}")
    found = _get(clerk, number)
    clerk.look(f"policy run {number}")
    return _run_page(request, clerk, found)


def _run_page(
    request: HttpRequest, clerk: Clerk, found: PolicyRun, error: str = ""
) -> HttpResponse:
    context = _state(found) | {"may": clerk.holds(*RUNS), "error": error}
    if found.job.state == "done" and found.reform is not None:
        there = found.folder.tables()
        context["parts"] = [_part(found.folder, name) for name in TITLES if name in there]
    return shown(request, clerk, "policy_run", context, 422 if error else 200)


def _state(found: PolicyRun) -> dict[str, Any]:
    return {"here": "policy", "run": found, "job": found.job, "asked": found.asked}


def _part(found: RunFolder, name: str) -> dict[str, Any]:
    """A table with its title, its hint and whether it has a picture."""
    frame = found.table(name)
    rows = [
        [(shown_value(*cell), isinstance(cell[1], str)) for cell in row.items()]
        for row in frame.iter_rows(named=True)
    ]
    return {
        "name": name,
        "title": TITLES[name],
        "hint": HINTS.get(name, ""),
        "picture": found.picture(name) is not None,
        "heads": [HEADINGS.get(one, one) for one in frame.columns],
        "rows": rows,
    }


@require_safe
@at_work
def progress(request: HttpRequest, clerk: Clerk, number: int) -> HttpResponse:
    """How far a run is: a part of its page, which is loaded anew once the run has ended."""
    clerk.demand(POLICY, f"policy run {number}")
    found = _get(clerk, number)
    state = _state(found) | {"may": clerk.holds(*RUNS)}
    answer = shown(request, clerk, "policy_progress", state)
    if not found.job.open:
        answer.headers["HX-Refresh"] = "true"
    return answer


@require_POST
@at_work
def act(request: HttpRequest, clerk: Clerk, number: int) -> HttpResponse:
    """Stop a run, or keep it under a name."""
    clerk.demand(RUNS, f"policy run {number}")
    found = _get(clerk, number)
    if request.POST.get("act") == "stop":
        staff_jobs.stop(clerk.connection, number, clerk.desk.now)
        clerk.log(trail.Trace(trail.ACT, f"policy stop {number}"))
    else:
        try:
            name = request.POST.get("name", "")
            staff_jobs.keep(clerk.connection, number, name, clerk.id, clerk.desk.now)
        except Refusal as refusal:
            return _run_page(request, clerk, found, words_of(refusal))
        clerk.log(trail.Trace(trail.ACT, f"policy keep {number}"))
    return HttpResponseRedirect(reverse("console:policy-run", args=[number]))


@require_safe
@at_work
def picture(request: HttpRequest, clerk: Clerk, number: int, picture: str) -> HttpResponse:
    """A picture of a run."""
    clerk.demand(POLICY, f"policy run {number}")
    path = _get(clerk, number).folder.picture(picture)
    if path is None:
        raise Http404
    return HttpResponse(path.read_bytes(), content_type="image/svg+xml")


@require_safe
@at_work
def report(request: HttpRequest, clerk: Clerk, number: int, ending: str) -> FileResponse:
    """The report as a file: html, xlsx, or the reform itself as yaml."""
    clerk.demand(POLICY, f"policy run {number}")
    found = _get(clerk, number)
    files = {"html": "report.html", "xlsx": "report.xlsx", "yaml": "reform.yaml"}
    path = found.folder.path / policy_runs.REPORT / files.get(ending, "")
    if not path.is_file():
        raise Http404
    clerk.look(f"policy report {number}")
    return FileResponse(path.open("rb"), as_attachment=True, filename=f"测算-{path.name}")
