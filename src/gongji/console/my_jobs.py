"""What I asked for and takes longer than a page may: how far it is, and its file while it is kept.

A file is of whoever asked for it; that it was fetched stands in the trail. A policy run has a page.
"""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from gongji.agency import policy_jobs
from gongji.console.at_work import Clerk, at_work, shown
from gongji.platform import trail
from gongji.review import staff_jobs
from gongji.review.staff_jobs import NewJob, StaffJob, open_file
from gongji.tabular.text_workbooks import TYPE


def export_asked(clerk: Clerk, kind: str, content: dict[str, Any]) -> HttpResponse:
    """Ask for a list as a job, and show how far it is."""
    new = NewJob(kind, next(iter(clerk.areas), ""), clerk.id, content)
    job = staff_jobs.ask(clerk.connection, new, clerk.desk.now)
    staff_jobs.hand_over(clerk.connection, kind)
    clerk.log(trail.Trace(trail.ACT, f"export {job.id}"))
    return HttpResponseRedirect(reverse("console:my-jobs"))


@require_safe
@at_work
def my_jobs(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """My jobs, the newest first."""
    rows = [_row(one, clerk) for one in staff_jobs.jobs_of(clerk.connection, clerk.id)]
    return shown(request, clerk, "my_jobs", {"here": "my_jobs", "rows": rows})


def _row(one: StaffJob, clerk: Clerk) -> dict[str, Any]:
    kept = one.expires_at is not None and one.expires_at > clerk.desk.now
    page = reverse("console:policy-run", args=[one.id]) if one.kind == policy_jobs.KIND else ""
    return {"job": one, "page": page, "file": kept and one.file_name}


def _mine(clerk: Clerk, number: int, what: str) -> StaffJob:
    """A job of mine; that another's was asked for stands in the trail.

    Refuses: Http404, job_unknown.
    """
    job = staff_jobs.get(clerk.connection, number)
    if job.staff != clerk.id:
        clerk.look(f"{what} {number}", granted=False)
        raise Http404
    return job


@require_POST
@at_work
def stop_job(request: HttpRequest, clerk: Clerk, number: int) -> HttpResponse:
    """Stop a job of mine."""
    job = _mine(clerk, number, "stop")
    staff_jobs.stop(clerk.connection, job.id, clerk.desk.now)
    clerk.log(trail.Trace(trail.ACT, f"stop {number}"))
    return HttpResponseRedirect(reverse("console:my-jobs"))


@require_safe
@at_work
def job_file(request: HttpRequest, clerk: Clerk, number: int) -> HttpResponse:
    """The file of a job of mine.

    Refuses: Http404 for another's; job_file_gone.
    """
    job = _mine(clerk, number, "file")
    seal = clerk.desk.seal
    content = open_file(clerk.connection, seal, job, clerk.id, clerk.desk.now)
    clerk.look(f"file {number}")
    headers = {"Content-Disposition": f'attachment; filename="{job.file_name}"'}
    return HttpResponse(content, content_type=TYPE, headers=headers)
