"""The visitor's language and the size of letters: chosen by a button, kept in a cookie."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.views.decorators.http import require_POST

TEXT_SIZE = "text_size"
SIZES = ("usual", "large")
"""The sizes of letters; the large one has more contrast too."""
_YEAR_SECONDS = 365 * 86400


def _back(request: HttpRequest) -> HttpResponse:
    """The way back to the page, and to no other host."""
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, request.is_secure()):
        back = "/"
    return HttpResponseRedirect(back)


def _keep(request: HttpRequest, answer: HttpResponse, name: str, text: str) -> None:
    answer.set_cookie(
        name,
        text,
        max_age=_YEAR_SECONDS,
        samesite="Lax",
        httponly=True,
        secure=request.is_secure(),
    )


@require_POST
def choose(request: HttpRequest) -> HttpResponse:
    """Keep the language chosen in a cookie and go back to the page."""
    answer = _back(request)
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES) and check_for_language(chosen):
        _keep(request, answer, settings.LANGUAGE_COOKIE_NAME, chosen)
    return answer


@require_POST
def choose_size(request: HttpRequest) -> HttpResponse:
    """Keep the size of letters in a cookie and go back to the page."""
    answer = _back(request)
    chosen = request.POST.get("size", "")
    if chosen in SIZES:
        _keep(request, answer, TEXT_SIZE, chosen)
    return answer
