"""Who signs in: invented persons by a code in a demonstration, otherwise by OpenID Connect.

A signed-in person is a Django user whose name is the person's number (psn_no); it has no password.
"""

import secrets
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib.auth import authenticate, get_user_model, login, logout
from django.contrib.auth.backends import BaseBackend
from django.core.cache import cache
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from gongji.people.person_rows import find_by_certificate, find_person
from gongji.platform.identity import RESIDENT, Identity
from gongji.portal.inputs import cleaned, number_said
from gongji.portal.ui_texts import say

SECONDS = 600
"""How long a code holds."""
LONGEST = 30
"""Signs of a person's number; the cache takes no longer keys than a few hundred."""
ATTEMPTS = 5
"""Wrong codes after which a code holds no longer."""
NUMBER = "psn_no"

INVENTED = """
select chosen.psn_no, chosen.name, chosen.area from (
  select p.psn_no, p.name, p.area, row_number() over (
    partition by p.area order by
      exists (select 1 from entry e where e.person = p.id and e.kind = 'settlement') desc,
      exists (select 1 from person_fact b where b.person_id = p.id and b.kind = 'bond') desc, p.id
  ) as place from person p where p.area = any(%s)
) chosen where place <= 3 order by area, place"""


def _database() -> Any:
    """The connection of psycopg inside Django's."""
    connection.ensure_connection()
    return connection.connection


def code_of(psn_no: str) -> str:
    """The person's code of the moment, made where there is none."""
    made = f"{secrets.randbelow(10**6):06d}"
    return str(cache.get_or_set(f"code:{psn_no}", made, SECONDS))


def user_of(psn_no: str) -> Any:
    """The user of a person's number; the person exists."""
    user, made = get_user_model().objects.get_or_create(username=psn_no)
    if made:
        user.set_unusable_password()
        user.save()
    return user


class CodeBackend(BaseBackend):  # type: ignore[misc]
    """Signs in an invented person by a code that holds once; only in a demonstration."""

    def authenticate(
        self, request: HttpRequest | None, psn_no: str = "", code: str = "", **other: Any
    ) -> Any:
        """The user, or None where number and code do not belong together."""
        if not (settings.GONGJI_DEMO and psn_no and code and len(psn_no) <= LONGEST):
            return None
        known = cache.get(f"code:{psn_no}")
        tries = f"tries:{psn_no}"
        cache.add(tries, 0, SECONDS)
        if known is None or not secrets.compare_digest(known.encode(), code.encode()):
            if cache.incr(tries) >= ATTEMPTS:
                cache.delete(f"code:{psn_no}")
            return None
        cache.delete_many([f"code:{psn_no}", tries])
        if find_person(_database(), psn_no) is None:
            return None
        return user_of(psn_no)

    def get_user(self, user_id: int) -> Any:
        """The user of a session."""
        return get_user_model().objects.filter(pk=user_id).first()


def _places() -> dict[str, str]:
    """What the areas with rules are called, by their codes."""
    from gongji.platform.installation import installed_areas

    return {area.code: area.laws[-1].place for area in installed_areas().every({})}


def _invented() -> list[dict[str, str]]:
    """Some invented persons of each area with their codes."""
    places = _places()
    with connection.cursor() as cursor:
        cursor.execute(INVENTED, [list(places)])
        rows = cursor.fetchall()
    return [
        {"psn_no": psn_no, "name": name, "place": places[area], "code": code_of(psn_no)}
        for psn_no, name, area in rows
    ]


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """The page by which a person signs in."""
    error = ""
    if request.method == "POST":
        psn_no = number_said(cleaned(request.POST.get("psn_no", "")))
        code = number_said(cleaned(request.POST.get("code", "")))
        user = authenticate(request, psn_no=psn_no, code=code)
        if user is not None:
            login(request, user)
            return HttpResponseRedirect(_onward(request))
        error = say("号码或验证码不对，或验证码已经用过。")
    demo = settings.GONGJI_DEMO
    apps = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    context = {
        "here": "me",
        "error": error,
        "demo": demo,
        "persons": _invented() if demo else [],
        "issuer": bool(apps),
        "psn_no": request.POST.get("psn_no", ""),
        "next": _onward(request),
    }
    return render(request, "portal/sign_in.html", context, status=403 if error else 200)


def _onward(request: HttpRequest) -> str:
    """The page of this site that was asked for before signing in, or my pages."""
    asked = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(asked, {request.get_host()}, request.is_secure()):
        return str(asked)
    return str(reverse("portal:me"))


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Leave."""
    logout(request)
    return HttpResponseRedirect(reverse("portal:calculator"))


def number_told(claims: dict[str, Any]) -> str:
    """The number of the person whom an issuer's claims are about; empty where there is none."""
    claim = settings.GONGJI_OIDC_CLAIM
    parts = [claims, claims.get("userinfo") or {}, claims.get("id_token") or {}]
    said = next((str(part[claim]) for part in parts if part.get(claim)), "")
    if not said:
        return ""
    if claim == NUMBER:
        found = find_person(_database(), said)
    else:
        identity = Identity(
            settings.GONGJI_IDENTITY_KEY,
            settings.GONGJI_LOOKUP_KEY,
            settings.GONGJI_FORMER_KEYS,
        )
        found = find_by_certificate(_database(), identity, RESIDENT, said)
    return found.psn_no if found else ""


class IssuerAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Lets in whom the issuer knows and the registry has; nobody signs up otherwise."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Only a person of the registry gets a user."""
        return bool(number_told(sociallogin.account.extra_data))

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Tie the issuer's account to the person's user, or refuse."""
        psn_no = number_told(sociallogin.account.extra_data)
        if not psn_no:
            context = {"here": "me", "error": say("没有与这个账号对应的参保人，请到经办机构登记。")}
            raise ImmediateHttpResponse(render(request, "portal/sign_in.html", context, status=403))
        known = sociallogin.user.username if sociallogin.is_existing else ""
        if known and known != psn_no:
            context = {
                "here": "me",
                "error": say("这个账号登记的是另一位参保人，请到经办机构核对。"),
            }
            raise ImmediateHttpResponse(render(request, "portal/sign_in.html", context, status=403))
        if not known:
            sociallogin.connect(request, user_of(psn_no))
