"""The official text beside a rulebook (`texts/<date>.md`): its articles, paragraphs and items.

A text has its articles as headings (`### 第六条`) and their paragraphs below. This module reads
texts and what citations ask of them; what a rule makes of an article stands in the rulebook.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

SAME_AS = "同："
"""How a text file names the one that it is the same as."""

_HEADING = re.compile(r"^(#{1,3}) (\S+)(?:\s+(.*))?$")
_ITEM = re.compile(r"^[-\s]*[（(]([一二三四五六七八九十]+)[）)]")
_ARTICLE = r"第[零一二三四五六七八九十百]+条"
_PARAGRAPH = r"第([一二三四五六七八九十]+)款"
_ITEM_CITED = r"(?:第)?（([一二三四五六七八九十]+)）(?:项)?"
_TOKEN = re.compile(rf"{_ARTICLE}|{_PARAGRAPH}|{_ITEM_CITED}|、")
NUMBERS = {
    text: number
    for number, text in enumerate(
        [f"{tens}{one}" for tens in ("", "十", "二十") for one in "零一二三四五六七八九"]
    )
} | {"十": 10, "二十": 20}


@dataclass(frozen=True)
class Section:
    """An article of a text: its name, the chapter and title above it, its paragraphs."""

    name: str
    chapter: str
    title: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class OfficialText:
    """A text with its articles; `preface` says what it is, nothing where there is none."""

    preface: tuple[str, ...]
    sections: tuple[Section, ...]

    def section(self, name: str) -> Section | None:
        """An article by its name."""
        return next((one for one in self.sections if one.name == name), None)


def text_beside(book: Path) -> OfficialText:
    """The text beside a rulebook file."""
    return read_text(book.parent / "texts" / f"{book.stem}.md")


@lru_cache(maxsize=256)
def read_text(path: Path) -> OfficialText:
    """A text file, or the one that it is the same as; an empty text where there is none."""
    if not path.exists():
        return OfficialText((), ())
    text = path.read_text(encoding="utf-8")
    if text.startswith(SAME_AS):
        return read_text(path.parents[3] / text.removeprefix(SAME_AS).strip())
    preface: list[str] = []
    found: list[tuple[str, str, str, list[str]]] = []
    chapter = ""
    for line in text.split("\n"):
        heading = _HEADING.match(line)
        if heading and heading[1] == "##":
            chapter = f"{heading[2]}　{heading[3] or ''}".strip()
        elif heading and heading[1] == "###":
            found.append((heading[2], chapter, heading[3] or "", []))
        elif line.strip() and not heading:
            (found[-1][3] if found else preface).append(line.strip())
    sections = tuple(Section(name, of, title, tuple(lines)) for name, of, title, lines in found)
    return OfficialText(tuple(preface), sections)


def missing_parts(text: OfficialText, article: str) -> Iterator[str]:
    """What a citation names that the text does not have: 第七条第九款, 第二十条（九）.

    Only articles of the text are looked at; a heading of another document is none.
    """
    section: Section | None = None
    name, item = "", ""
    for token in _TOKEN.finditer(article):
        part = token.group()
        if part == "、":
            continue
        if part.endswith("条"):
            section, name, item = text.section(part), part, ""
            if section is None:
                yield part
        elif section is not None and token[1]:
            if NUMBERS.get(token[1], 99) > _paragraphs(section, item):
                yield f"{name}{item and f'（{item}）'}{part}"
        elif section is not None:
            item = token[2]
            if item not in _items(section):
                yield f"{name}（{item}）"


def _items(section: Section) -> list[str]:
    found = (_ITEM.match(line) for line in section.paragraphs)
    return [match[1] for match in found if match]


def _paragraphs(section: Section, item: str) -> int:
    """How many paragraphs an article has beside its items, or an item below its own line."""
    count = 0
    inside = not item
    for line in section.paragraphs:
        match = _ITEM.match(line)
        if match:
            inside = not item or match[1] == item
        elif inside:
            count += 1
    return count
