"""What the pages about the rules say: provisions, figures, articles, documents, reasons."""

from django import template

from gongji.law.rulebook.rulebook import Head
from gongji.portal import english, english_provisions
from gongji.portal.area_overview import PLACES
from gongji.portal.ui_texts import is_english, name

register = template.Library()


@register.filter
def provision(text: str) -> str:
    """What a rulebook says, in the visitor's language."""
    if not is_english():
        return str(text)
    return english_provisions.words(str(text))


@register.filter
def fig(text: str) -> str:
    """A figure, or what stands in its place, in the visitor's language."""
    if not is_english() or text == "—":
        return text
    return " to ".join(provision(part) for part in text.split("—"))


@register.filter
def plain(text: str) -> str:
    """A figure without noughts behind its point: 6,000 元 of 6,000.00 元."""
    return text.replace(".00 元", " 元")


@register.filter
def grouped(yuan: int) -> str:
    """A number of yuan with its thousands apart."""
    return f"{yuan:,}"


@register.filter
def article(label: str) -> str:
    """A document with its article, in the visitor's language."""
    if is_english():
        return english_provisions.cited(label)
    document, space, named = label.partition(" ")
    # An article that says its document's short name itself: 社会保险经办条例 经办条例第二十条.
    short = named.partition("第")[0]
    return f"{document}{space}{named.removeprefix(short) if document.endswith(short) else named}"


@register.filter
def why(text: str) -> str:
    """Why the pool does not pay, in the visitor's language."""
    if not is_english():
        return text
    shown = english.reason(text)
    return provision(text) if shown == text else shown


@register.filter
def titled(text: str) -> str:
    """A document's title in English; nothing where the visitor reads Chinese or there is none."""
    return english_provisions.TITLES.get(text, "") if is_english() else ""


@register.filter
def document(head: Head) -> str:
    """A document, with its number where it has one, in the visitor's language."""
    title, number = titled(head.title) or head.title, article(head.number)
    if head.number == head.title:
        return title
    return f"{title} ({number})" if is_english() else f"{title}（{number}）"


@register.filter
def days(covered: str) -> str:
    """The days that rules cover, in the visitor's language."""
    return english.covered(covered) if is_english() else covered


@register.filter
def place(level: str) -> str:
    """What people call a level of institution: 县医院（二级）."""
    shown = name(PLACES.get(level, level))
    return shown[0].upper() + shown[1:]
