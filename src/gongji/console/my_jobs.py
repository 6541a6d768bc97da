"""What I asked for and takes longer than a page may: how far it is, and its file while it is kept.

A file is of whoever asked for it; that it was fetched stands in the trail.
"""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

from gongji.console.at_work import Clerk, at_work, shown
from gongji.platform import trail
from gongji.review import staff_jobs
from gongji.review.list_exports import EXPORTS
from gongji.review.staff_jobs import STATES, NewJob, StaffJob, ask, jobs_of, open_file
from gongji.tabular.text_workbooks import TYPE

WORDS = EXPORTS | {"law_trial": "规则试算"}


def export_asked(clerk: Clerk, kind: str, content: dict[str, Any]) -> HttpResponse:
    """Ask for a list as a job, and show how far it is."""
    job = ask(clerk.connection, NewJob(kind, "", clerk.id, content), clerk.desk.now)
    clerk.log(trail.Trace(trail.ACT, f"export {job.id}"))
    return HttpResponseRedirect(reverse("console:my-jobs"))


@require_safe
@at_work
def my_jobs(request: HttpRequest, clerk: Clerk) -> HttpResponse:
    """My jobs, the newest first."""
    rows = [_row(one, clerk) for one in jobs_of(clerk.connection, clerk.id)]
    return shown(request, clerk, "my_jobs", {"here": "my_jobs", "rows": rows})


def _row(one: StaffJob, clerk: Clerk) -> dict[str, Any]:
    kept = one.expires_at is not None and one.expires_at > clerk.desk.now
    return {
        "job": one,
        "words": WORDS.get(one.kind, one.kind),
        "state": STATES[one.state],
        "file": kept,
    }


@require_safe
@at_work
def job_file(request: HttpRequest, clerk: Clerk, number: int) -> HttpResponse:
    """The file of a job of mine.

    Refuses: Http404 for another's; job_file_gone.
    """
    job = staff_jobs.get(clerk.connection, number)
    if job.staff != clerk.id:
        clerk.look(f"file {number}", granted=False)
        raise Http404
    seal = clerk.desk.seal
    content = open_file(clerk.connection, seal, job, clerk.id, clerk.desk.now)
    clerk.look(f"file {number}")
    headers = {"Content-Disposition": f'attachment; filename="{job.file_name}"'}
    return HttpResponse(content, content_type=TYPE, headers=headers)
