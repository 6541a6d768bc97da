"""What the templates say: interface words, words of the law, amounts."""

from django import template

from gongji.portal import english, ui_texts
from gongji.units import FEN_PER_YUAN, show_fen

register = template.Library()


@register.simple_tag
def say(text: str, **values: object) -> str:
    """A text of the interface in the visitor's language."""
    return ui_texts.say(text, **values)


@register.filter
def law(text: str) -> str:
    """A word of the law in the visitor's language."""
    return ui_texts.name(str(text))


@register.filter
def yuan(amount: int | None) -> str:
    """Fen as an amount: 1,000.00元, ¥1,000.00 in English."""
    if amount is None:
        return ""
    shown = show_fen(amount)
    return f"¥{shown}" if ui_texts.is_english() else f"{shown}元"


@register.filter
def whole(amount: int) -> str:
    """Fen as yuan without its cents, for the marks of an axis."""
    return f"{amount // FEN_PER_YUAN:,}"


@register.filter
def refusal(text: str) -> str:
    """Why the pool does not pay, in the visitor's language."""
    return english.reason(text) if ui_texts.is_english() else text


@register.filter
def figure(text: str) -> str:
    """A figure of a table: 300.00 元, ¥300.00 in English; or what stands in its place."""
    if ui_texts.is_english() and text.endswith(" 元"):
        return "¥" + text.removesuffix(" 元")
    return ui_texts.name(text)


@register.filter
def entry(mapping: dict[str, str], key: str) -> str:
    """What stands in a mapping under a key, or nothing."""
    return mapping.get(key, "")
