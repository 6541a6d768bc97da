"""What a visitor of the calculator gives: read from a query string, and written back as a link.

A question is a handful of texts under the names of a visits file (docs/use/facts.md), and besides
`used.<meter>`, `set.<parameter>`, and rows of earlier visits and of items. This module knows no
rule; what the texts mean is decided where they are read.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol
from urllib.parse import urlencode

from gongji.tabular.cell_forms import amount_said, day_text, key_text

USED, SET = "used.", "set."
EARLIER = ("date", "level", "in_scope", "benefit")
"""What an earlier visit says; everything else is as at the visit asked about."""
ITEM = ("item", "quantity", "price")
MOST_ROWS = 60
"""Earlier visits or items of one question; a person's year has fewer."""
CONTROLS = ("lang", "whole")
DAYS = ("date", "birth_date", "approval_date")
AMOUNTS = ("total", "in_scope", "price")
"""Names whose texts are days and amounts, however people write them; so is `in_scope_<part>`."""
TRACES = frozenset(
    (
        "from",
        "isappinstalled",
        "scene",
        "clicktime",
        "enterid",
        "nsukey",
        "wxshare",
        "spm",
        "fbclid",
    )
    + ("gclid", "msclkid", "bd_vid", "timestamp", "ref", "source", "t", "v", "_")
)
"""Names that other programs add to a link as it is passed on; so is what begins with `utm_` or
`share`."""
_UNSEEN = re.compile(r"[\x00-\x1f\x7f]")


class Query(Protocol):
    """A query string: several values a name."""

    def lists(self) -> object:
        """Names with their values."""

    def getlist(self, key: str) -> list[str]:
        """The values of a name."""


@dataclass(frozen=True)
class Question:
    """What is asked: the visit's facts, what was used before, figures for open parameters."""

    facts: Mapping[str, str] = field(default_factory=dict)
    used: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, str] = field(default_factory=dict)
    earlier: tuple[Mapping[str, str], ...] = ()
    items: tuple[Mapping[str, str], ...] = ()
    unknown: tuple[str, ...] = ()
    """Names that no rule anywhere knows, or that come too often, left out."""

    def get(self, name: str, default: str = "") -> str:
        """A fact as it was given."""
        return self.facts.get(name, default)

    def with_facts(self, **facts: str) -> "Question":
        """The same with other facts."""
        return replace(self, facts={**self.facts, **facts})

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Names and values as a query string has them."""
        yield from ((name, text) for name, text in self.facts.items() if text)
        yield from ((USED + name, text) for name, text in self.used.items())
        yield from ((SET + name, text) for name, text in self.figures.items())
        for row in self.earlier:
            yield from ((f"earlier_{name}", row.get(name, "")) for name in EARLIER)
        for row in self.items:
            yield from ((f"line_{name}", row.get(name, "")) for name in ITEM)

    def link(self) -> str:
        """The query string that asks the same again."""
        return urlencode(list(self.pairs()))


PHARMACY_CARD, INTERNET_CARD, INTERNET_LEVEL = "pharmacy", "internet", "internet_level"
"""What the form calls the places without a level of their own, and the level behind an Internet
hospital."""
NONE, UNSAID = "none", "unsaid"
"""What the form says of a prescription that there is none of, and of a level that nobody said."""
_PHARMACIES = (PHARMACY_CARD, "药店")
FAVOURABLE = "2"
"""The level that is supposed while nobody has said it; the answer says so and shows the others."""


def of_form(question: Question) -> Question:
    """The question with the form's places under the names of a visits file."""
    facts = dict(question.facts)
    behind = facts.pop(INTERNET_LEVEL, "")
    if facts.get("level") in _PHARMACIES:
        facts |= {"level": "", "institution_kind": "pharmacy"}
    elif facts.get("level") == INTERNET_CARD:
        facts |= {"level": "", "parent_level": behind or UNSAID}
    return replace(question, facts={name: text for name, text in facts.items() if text})


def at_pharmacy(question: Question) -> bool:
    """Whether the visit is to a pharmacy."""
    return question.get("institution_kind") in _PHARMACIES


def place_card(question: Question) -> str:
    """Which place of the form a question is about."""
    if at_pharmacy(question):
        return PHARMACY_CARD
    return INTERNET_CARD if question.get("parent_level") else question.get("level")


def supposed(question: Question) -> Question:
    """The question as rules read it: what nobody has said is supposed, and told to be."""
    facts = dict(question.facts)
    if at_pharmacy(question):
        prescriber = facts.get("prescriber_level", FAVOURABLE)
        facts["prescriber_level"] = "" if prescriber == NONE else prescriber
    elif facts.get("prescriber_level") == NONE:
        del facts["prescriber_level"]
    if facts.get("parent_level") == UNSAID:
        facts["parent_level"] = FAVOURABLE
    return replace(question, facts=facts)


def with_answer(question: Question, name: str, code: str) -> Question:
    """The question with an answer of the form to one of its questions."""
    return question.with_facts(**{"parent_level" if name == INTERNET_LEVEL else name: code})


def is_trace(name: str) -> bool:
    """Whether another program adds a name to links that are passed on."""
    return name in TRACES or name.startswith(("utm_", "share"))


def cleaned(text: str) -> str:
    """A text without the signs that nobody sees or types: NUL is none of a database's."""
    return _UNSEEN.sub("", text).strip()


def number_said(text: str) -> str:
    """A number or a code as people write it: without blanks, wide digits as the usual ones."""
    return "".join(key_text(text).split())


_DAY_SIGNS = str.maketrans({"号": "日", "—": "-", "–": "-", "−": "-"})
"""Signs that stand for others in days."""


def day_said(text: str) -> str:
    """A day as people write it (`2023年2月1号`, `2023 年 2 月 1 日`) in the form that is read."""
    written = text.translate(_DAY_SIGNS)
    found = day_text("".join(written.split()) if "年" in written else written)
    return found if found[:4].isdigit() else text


def said(name: str, text: str) -> str:
    """A text in the form in which it is read: a day, an amount, or as it was given."""
    if name in DAYS:
        return day_said(text)
    if name == "area":
        return number_said(text)
    return amount_said(text) if name in AMOUNTS or name.startswith("in_scope_") else text


def question_of(
    facts: Mapping[str, str],
    used: Mapping[str, str],
    figures: Mapping[str, str],
    earlier: tuple[Mapping[str, str], ...] = (),
    items: tuple[Mapping[str, str], ...] = (),
) -> Question:
    """A question of texts as people give them: days and amounts in the form that is read."""
    return Question(
        {name: said(name, text) for name, text in facts.items()},
        {name: amount_said(text) for name, text in used.items()},
        {name: amount_said(text) for name, text in figures.items()},
        tuple({name: said(name, text) for name, text in row.items()} for row in earlier),
        tuple({name: said(name, text) for name, text in row.items()} for row in items),
    )


def read_question(query: Query) -> Question:
    """A question from a query string; blank fields are left out."""
    facts, used, figures = {}, {}, {}
    for name, values in query.lists():  # type: ignore[attr-defined]
        name, text = cleaned(name), cleaned(values[-1])
        if not text or name in CONTROLS or name.startswith(("earlier_", "line_")):
            continue
        if name.startswith(USED):
            used[name.removeprefix(USED)] = text
        elif name.startswith(SET):
            figures[name.removeprefix(SET)] = text
        else:
            facts[name] = text
    found = question_of(
        facts,
        used,
        figures,
        _rows(query, "earlier_", EARLIER, "in_scope"),
        _rows(query, "line_", ITEM, "item"),
    )
    needed = ("earlier_in_scope", "line_item")
    many = (n for n in needed if any(map(cleaned, query.getlist(n)[MOST_ROWS:])))
    return replace(found, unknown=tuple(many))


def _rows(
    query: Query, prefix: str, names: tuple[str, ...], needed: str
) -> tuple[Mapping[str, str], ...]:
    """The rows that say what is needed; their columns come as lists of one length."""
    columns = {name: query.getlist(prefix + name) for name in names}
    found = []
    for number, text in enumerate(columns[needed][:MOST_ROWS]):
        if cleaned(text):
            row = {
                name: cleaned(values[number]) if number < len(values) else ""
                for name, values in columns.items()
            }
            found.append({name: value for name, value in row.items() if value})
    return tuple(found)
