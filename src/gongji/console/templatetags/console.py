"""Words and figures for the console's pages."""

from typing import Any

from django import template

from gongji.platform.identity import mask_number
from gongji.units import yuan_text

register = template.Library()


@register.filter
def yuan(fen: Any) -> str:
    """An amount in yuan; a dash where there is none."""
    return "—" if fen is None else yuan_text(int(fen))


@register.filter
def masked(number: str) -> str:
    """A number, shortened."""
    return mask_number(number)


@register.simple_tag
def invented_staff() -> list[tuple[str, str, str]]:
    """Whoever may sign in by a button: the staff of a demonstration."""
    from gongji.console.staff_sign_in import invented_staff as found

    return found()


@register.simple_tag
def issuer() -> bool:
    """Whether staff may sign in by the agency's issuer."""
    from django.conf import settings

    return bool(settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"])
