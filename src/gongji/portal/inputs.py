"""What a visitor of the calculator gives: read from a query string, and written back as a link.

A question is a handful of texts under the names of a visits file (docs/use/facts.md), and besides
`used.<meter>`, `set.<parameter>`, and rows of earlier visits and of items. This module knows no
rule; what the texts mean is decided where they are read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol
from urllib.parse import urlencode

USED, SET = "used.", "set."
EARLIER = ("date", "level", "in_scope", "benefit")
"""What an earlier visit says; everything else is as at the visit asked about."""
ITEM = ("item", "quantity", "price")
MOST_ROWS = 60
"""Earlier visits or items of one question; a person's year has fewer."""
CONTROLS = ("lang",)


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


def read_question(query: Query) -> Question:
    """A question from a query string; blank fields are left out."""
    facts, used, figures = {}, {}, {}
    for name, values in query.lists():  # type: ignore[attr-defined]
        text = values[-1].strip()
        if not text or name in CONTROLS or name.startswith(("earlier_", "line_")):
            continue
        if name.startswith(USED):
            used[name.removeprefix(USED)] = text
        elif name.startswith(SET):
            figures[name.removeprefix(SET)] = text
        else:
            facts[name] = text
    return Question(
        facts,
        used,
        figures,
        _rows(query, "earlier_", EARLIER, "in_scope"),
        _rows(query, "line_", ITEM, "item"),
    )


def _rows(
    query: Query, prefix: str, names: tuple[str, ...], needed: str
) -> tuple[Mapping[str, str], ...]:
    """The rows that say what is needed; their columns come as lists of one length."""
    columns = {name: query.getlist(prefix + name) for name in names}
    found = []
    for number, text in enumerate(columns[needed][:MOST_ROWS]):
        if text.strip():
            row = {
                name: values[number].strip() if number < len(values) else ""
                for name, values in columns.items()
            }
            found.append({name: value for name, value in row.items() if value})
    return tuple(found)
