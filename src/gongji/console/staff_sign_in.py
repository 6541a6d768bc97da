"""How the agency's staff sign in: an account with a second factor, or the agency's own issuer.

The first time by a link that works once (`gongji agency init`); it sets the password, then the
second factor is demanded of everybody. Accounts are allauth's, locked by axes after wrong
passwords. In a demonstration invented staff sign in by a button.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib.auth import get_user_model, login
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import resolve, reverse
from django.views.decorators.http import require_http_methods, require_POST

from gongji.console.at_work import console_connection
from gongji.platform.identity import Identity
from gongji.refusals import Refusal
from gongji.review import staff

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
DEMO_SESSION = "demo_sign_in"
"""What a session holds that was begun by the button of a demonstration."""
THEIRS = {
    *("account_login", "account_logout", "account_reauthenticate", "account_change_password"),
    *("mfa_index", "mfa_authenticate", "mfa_reauthenticate", "mfa_activate_totp"),
    "mfa_add_webauthn",
    *("mfa_view_recovery_codes", "mfa_generate_recovery_codes", "mfa_download_recovery_codes"),
    *("openid_connect_login", "openid_connect_callback"),
    *("socialaccount_login_cancelled", "socialaccount_login_error"),
}
"""Pages of allauth that are served; nobody signs up, nobody takes a second factor off."""


LARGEST = 1 << 63
"""Numbers of rows are smaller."""


def _values(given: Any) -> Iterator[tuple[str, str]]:
    """Every value of a query or a form, whatever is repeated."""
    return ((name, text) for name, values in given.lists() for text in values)


class AllowedPagesMiddleware:
    """Serves of allauth's pages only those that are meant."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer what is served here."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        """Pages of allauth that are not named do not exist; nor do numbers that no row can have.

        Refuses: Http404; BadRequest for a sign that no text of the database can hold.
        """
        if any(isinstance(one, int) and one >= LARGEST for one in kwargs.values()):
            raise Http404
        typed = (text for given in (request.GET, request.POST) for _, text in _values(given))
        if "\0" in request.path_info or any("\0" in text for text in typed):
            raise BadRequest
        found = resolve(request.path_info)
        if not found.namespace and found.url_name not in THEIRS:
            raise Http404


class StaffAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Local accounts: made by a first link only."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Nobody signs up."""
        return False


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """The secrets of the second factor, encrypted by the installation's key."""

    def encrypt(self, text: str) -> str:
        """A secret as it is kept."""
        return _identity().encrypt(text).hex()

    def decrypt(self, encrypted_text: str) -> str:
        """A secret as it was."""
        return _identity().decrypt(bytes.fromhex(encrypted_text))

    def get_totp_issuer(self) -> str:
        """What an authenticator calls this platform."""
        return "共济经办"


def _identity() -> Identity:
    return Identity(settings.GONGJI_IDENTITY_KEY, settings.GONGJI_LOOKUP_KEY)


class StaffIssuerAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Lets in whom the agency's issuer knows and who is entered as staff."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Accounts are tied below, nobody signs up."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Tie the issuer's account to the member of staff whom it names, or refuse."""
        subject = _subject_told(sociallogin.account.extra_data)
        with console_connection() as connection:
            known = bool(subject) and staff_name(connection, subject) is not None
        same = not sociallogin.is_existing or sociallogin.user.username == subject
        if not known or not same:
            context = {"reason": "没有与这个账号对应的经办人员，请系统管理员登记。"}
            raise ImmediateHttpResponse(
                render(request, "console/refused.html", context, status=403)
            )
        if not sociallogin.is_existing:
            sociallogin.connect(request, account_of(subject))


def _subject_told(claims: dict[str, Any]) -> str:
    claim = settings.GONGJI_OIDC_CLAIM
    parts = [claims, claims.get("userinfo") or {}, claims.get("id_token") or {}]
    return next((str(part[claim]) for part in parts if part.get(claim)), "")


def staff_name(connection: Any, subject: str) -> str | None:
    """The name of a member of staff who may sign in, or None."""
    row = connection.execute(
        "select name from staff where subject = %s and disabled_at is null", [subject]
    ).fetchone()
    return None if row is None else str(row[0])


def account_of(subject: str) -> Any:
    """The account of a member of staff, without a password where it is new."""
    user, made = get_user_model().objects.get_or_create(
        username=subject, defaults={"is_staff": True}
    )
    if not user.is_staff:
        raise PermissionDenied
    if made:
        user.set_unusable_password()
        user.save()
    return user


def account_tried(request: HttpRequest, credentials: dict[str, Any] | None = None) -> str:
    """The account whose wrong passwords are counted, however it is written."""
    named = (credentials or {}).get("username") or request.POST.get("login", "")
    return str(named).strip().lower()


@require_http_methods(["GET", "HEAD", "POST"])
def first_sign_in(request: HttpRequest, token: str) -> HttpResponse:
    """The page of a first link: a password is set, the link is used up, the second factor asked.

    A link of somebody who was here before begins anew: the old second factor is gone.
    """
    if request.method != "POST":
        return render(request, "console/first.html", {})
    password = request.POST.get("password", "")
    problems = _password_problems(password, request.POST.get("again", ""))
    if problems:
        return render(request, "console/first.html", {"problems": problems}, status=422)
    try:
        with console_connection() as connection:
            subject = staff.redeem(connection, token, datetime.now(UTC))
    except Refusal as refusal:
        return render(request, "console/refused.html", {"reason": str(refusal)}, status=403)
    user = account_of(subject)
    user.set_password(password)
    user.save()
    user.authenticator_set.all().delete()
    begin = {"redirect_url": reverse("mfa_activate_totp"), "email_verification": "none"}
    answer: HttpResponse = perform_login(request, user, **begin)
    record_authentication(request, user, method="password", reauthenticated=True)
    return answer


def _password_problems(password: str, again: str) -> list[str]:
    if password != again:
        return ["两次输入的密码不同"]
    try:
        validate_password(password)
    except ValidationError as error:
        return list(error.messages)
    return []


_INVENTED = """select s.subject, s.name, coalesce(string_agg(distinct p.words, '、'), '')
from staff s left join post_holding h on h.staff = s.id and h.retired_at is null
  and h.during @> current_date left join post p on p.code = h.post
where s.disabled_at is null group by s.id order by s.id limit 100"""


def invented_staff() -> list[tuple[str, str, str]]:
    """The staff of a demonstration: subject, name, posts; nobody otherwise."""
    if not settings.GONGJI_DEMO:
        return []
    with console_connection() as connection:
        return [(row[0], row[1], row[2]) for row in connection.execute(_INVENTED)]


@require_POST
def demo_sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in as one of the invented staff of a demonstration.

    Refuses: Http404 anywhere else.
    """
    if not settings.GONGJI_DEMO:
        raise Http404
    subject = request.POST.get("subject", "")
    with console_connection() as connection:
        if staff_name(connection, subject) is None:
            raise Http404
    login(request, account_of(subject), backend=BACKEND)
    request.session[DEMO_SESSION] = True
    return HttpResponseRedirect(reverse("console:work"))
