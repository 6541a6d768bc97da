"""A page as a reader takes it: the rows of its tables, its links, its fields."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any


@dataclass
class Page:
    """What stands in a page.

    Shape:   `tables` tables of rows of texts; `fields` name -> attributes of inputs and selects, a
             select or cards with the options (value, text) and the one selected.
    """

    tables: list[list[list[str]]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    text: str = ""

    def row(self, first: str) -> list[str]:
        """The one row that begins with a text; without it."""
        found = [row[1:] for table in self.tables for row in table if row and row[0] == first]
        assert len(found) == 1, (first, found)
        return found[0]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self.cell: list[str] | None = None
        self.link: tuple[str, list[str]] | None = None
        self.label: tuple[str, list[str]] | None = None
        self.select: dict[str, Any] | None = None
        self.card: dict[str, Any] | None = None

    def handle_starttag(self, tag: str, given: list[tuple[str, str | None]]) -> None:
        attributes: dict[str, Any] = dict(given)
        if tag == "table":
            self.page.tables.append([])
        elif tag == "tr":
            self.page.tables[-1].append([])
        elif tag in ("td", "th"):
            self.cell = []
        elif tag == "br":
            self.handle_data(" ")
        elif tag == "a":
            self.link = (attributes.get("href", ""), [])
        elif tag == "label":
            self.label = (attributes["for"], [])
        elif tag == "legend" and attributes.get("id"):
            self.label = (attributes["id"], [])
        elif tag == "input" and attributes.get("type") == "radio":
            group = self.page.fields.setdefault(attributes["name"], {"options": []})
            group["options"].append([attributes["value"], ""])
            self.card = group
            if "checked" in attributes:
                group["value"] = attributes["value"]
        elif tag in ("input", "select") and "name" in attributes:
            self.page.fields[attributes["name"]] = attributes
            self.select = attributes | {"options": []} if tag == "select" else self.select
            if tag == "select" and self.select:
                self.page.fields[attributes["name"]] = self.select
        elif tag == "option" and self.select:
            self.select["options"].append([attributes["value"], ""])
            if "selected" in attributes:
                self.select["value"] = attributes["value"]

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th") and self.cell is not None:
            self.page.tables[-1][-1].append(_joined(self.cell))
            self.cell = None
        elif tag == "a" and self.link:
            self.page.links.append((_joined(self.link[1]), self.link[0]))
            self.link = None
        elif tag in ("label", "legend") and self.label:
            said = _joined(self.label[1])
            if self.card:
                self.card["options"][-1][1] = said
            else:
                self.page.labels[self.label[0]] = said
            self.label = self.card = None
        elif tag == "select":
            self.select = None

    def _said(self, text: str) -> None:
        self.page.text += text
        for place in (self.cell, self.link and self.link[1], self.label and self.label[1]):
            if place is not None:
                place.append(text)
        if self.select and self.select["options"]:
            self.select["options"][-1][1] += text.strip()

    handle_data = _said


def _joined(parts: list[str]) -> str:
    return " ".join("".join(parts).split())


def read(answer: Any) -> Page:
    """The page of an answer, or of a text."""
    text = answer if isinstance(answer, str) else answer.content.decode()
    reader = _Reader()
    reader.feed(text)
    reader.page.text = " ".join(reader.page.text.split())
    return reader.page
