"""Who works at the console: signed in, with a second factor, entered as staff, with posts of today.

Everything is read and done on a connection of the console's own login.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import wraps
from typing import Any

import psycopg
import structlog
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from gongji.agency import items
from gongji.console.said_refusals import words_of
from gongji.platform import trail
from gongji.platform.actors import Actor
from gongji.platform.inbox import inbox_of
from gongji.platform.installation import installed_law
from gongji.platform.message_seal import seal_of
from gongji.platform.page_connection import page_connection
from gongji.refusals import Fault, Refusal
from gongji.review.desk import Desk
from gongji.review.staff import Holding, holdings, post_words
from gongji.supervision import lead_commands, lead_recoveries
from gongji.units import day_in_china

assert items.ALL and lead_commands.KINDS and lead_recoveries.ARTICLE

Connection = psycopg.Connection[Any]
log = structlog.get_logger()
RECORDS = (
    *("handler", "first_reviewer", "second_reviewer", "inspector", "accountant", "cashier"),
    *("business", "finance", "supervisor", "reader"),
)
"""The posts that may open records of persons and institutions."""
OFFICES = ("administrator", "security_officer", "audit_officer", "supervisor")
"""The posts that see the pages of posts and staff."""
POLICY = ("business", "supervisor", "reader")
"""The posts that see what reforms of the rules would cost."""


def console_connection() -> AbstractContextManager[Connection]:
    """A connection in the role of the console, whoever Django signs in as."""
    return page_connection("gongji_console")


@dataclass(frozen=True)
class Clerk:
    """A member of staff at work: number, name, posts of today, and the desk that they work at."""

    id: int
    subject: str
    name: str
    held: tuple[Holding, ...]
    words: dict[str, str]
    desk: Desk

    @property
    def connection(self) -> Connection:
        """The connection of this request."""
        return self.desk.connection

    @property
    def today(self) -> date:
        """The civil date in China."""
        return self.desk.today

    @property
    def areas(self) -> list[str]:
        """The areas in which a post is held."""
        return sorted({one.area for one in self.held})

    def areas_of(self, *posts: str) -> list[str]:
        """The areas in which one of some posts is held: what it opens it opens there only."""
        return sorted({one.area for one in self.held if one.post in posts})

    @property
    def actor(self) -> Actor:
        """Who acts; in which post a step is taken the desk finds by the step."""
        first = self.held[0] if self.held else Holding(0, "", "", "")
        return Actor.staff(self.subject, first.post, first.area)

    @property
    def posts(self) -> str:
        """The posts of today in words."""
        return "、".join(dict.fromkeys(self.words[one.post] for one in self.held)) or "今天没有岗位"

    def holds(self, *posts: str) -> bool:
        """Whether one of some posts is held today."""
        return any(one.post in posts for one in self.held)

    def demand(self, posts: tuple[str, ...], what: str) -> None:
        """Let only holders of some posts go on; who was turned away stands in the trail.

        Refuses: PermissionDenied.
        """
        if not self.holds(*posts):
            self.look(what, granted=False)
            raise PermissionDenied

    def log(self, trace: trail.Trace) -> None:
        """Log what this member of staff did or looked at."""
        trail.log(self.connection, (self.actor.kind, self.actor.id), trace)

    def look(self, what: str, **more: Any) -> None:
        """Log a look at something."""
        self.log(trail.Trace(trail.LOOK, what, **more))


def _clerk(connection: Connection, subject: str) -> Clerk | None:
    row = connection.execute(
        "select id, name from staff where subject = %s and disabled_at is null", [subject]
    ).fetchone()
    if row is None:
        return None
    keys = settings.GONGJI_IDENTITY_KEY, settings.GONGJI_LOOKUP_KEY
    now = datetime.now(UTC)
    held = tuple(holdings(connection, row[0], day_in_china(now)))
    desk = Desk(connection, installed_law(), inbox_of(*keys), seal_of(*keys), now)
    return Clerk(row[0], subject, row[1], held, post_words(connection), desk)


Page = Callable[..., HttpResponse]


def at_work(page: Page) -> Page:
    """Only for a member of staff who is signed in with a second factor.

    A refusal that no page of its own shows is told on a page, and so is a fault: nothing was done.
    Refuses: PermissionDenied where the account is nobody's who works here.
    """

    @wraps(page)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = request.user
        if not user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not (user.is_staff and _second_factor(request)):
            return HttpResponseRedirect(reverse("mfa_activate_totp"))
        with console_connection() as connection:
            clerk = _clerk(connection, user.get_username())
            if clerk is None:
                raise PermissionDenied
            try:
                answer = page(request, clerk, *args, **kwargs)
            except Refusal as refusal:
                answer = shown(request, clerk, "refused", {"reason": words_of(refusal)}, 422)
            except Fault as fault:
                log.error("fault", reason=str(fault))
                answer = shown(request, clerk, "refused", {"reason": str(fault)}, 503)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return guarded


def _second_factor(request: HttpRequest) -> bool:
    """Whether this session has one: signing in demands it of whoever has set one up."""
    demo = settings.GONGJI_DEMO and request.session.get("demo_sign_in")
    return bool(demo) or is_mfa_enabled(request.user)


def shown(
    request: HttpRequest, clerk: Clerk, name: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """A page of the console."""
    here = context | {"clerk": clerk}
    here["offices"] = clerk.holds(*OFFICES)
    here["trail"] = clerk.holds("audit_officer", "supervisor")
    here["technician"] = clerk.holds("technician")
    here["sees_leads"] = clerk.holds(*lead_recoveries.OPENERS)
    here["policy"] = clerk.holds(*POLICY)
    here["records"] = clerk.holds(*RECORDS)
    return render(request, f"console/{name}.html", here, status=status)


def _said(request: HttpRequest, reason: str, status: int) -> HttpResponse:
    return render(request, "console/refused.html", {"reason": reason}, status=status)


def bad(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """A request that cannot be read."""
    return _said(request, "这个请求无法读取；请回到上一页再试。", 400)


def forbidden(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """What the posts of today do not open."""
    return _said(request, "您今天的岗位不能打开这一页，或您的账号已停用。", 403)


def out_of_date(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without its token: of another site, of before, or without cookies."""
    said = "这一页开得太久，或浏览器没有保存本站的 Cookie；刚才填的没有交上来，请从工作台再进入。"
    return _said(request, said, 403)


def missing(request: HttpRequest, exception: Any = None) -> HttpResponse:
    """What is not there."""
    return _said(request, "没有这一页，或它不在您的统筹区。", 404)


def failed(request: HttpRequest) -> HttpResponse:
    """An accident: nothing was done."""
    return _said(request, "出了意外，什么也没有改动；请稍后再试。", 500)
