"""The articles of the documents: what the register says of each, and the official text beside it.

A document's text lies beside its rulebook (`texts/<date>.md`): official, quoted whole, with its
articles as headings. Where there is none, the register's own words are all there is.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from gongji.law.compile.citations import Cite, document_of
from gongji.law.report.register import NAMES, Entry
from gongji.law.rulebook.official_text import text_beside
from gongji.law.rulebook.rulebook import SHIPPED, Rulebook
from gongji.platform.environment import environment

_ARTICLE = re.compile(r"第[零一二三四五六七八九十百]+条")


@dataclass(frozen=True)
class OfficialArticle:
    """One article: its name, the heading before it, its paragraphs, what became of it."""

    name: str
    chapter: str
    title: str
    paragraphs: tuple[str, ...]
    disposition: str
    note: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True)
class Document:
    """A document with its articles; `preface` says what the text is and where it comes from."""

    book: Rulebook
    preface: tuple[str, ...]
    articles: tuple[OfficialArticle, ...]

    def article(self, named: str) -> OfficialArticle | None:
        """The article that a citation means, or None."""
        name = anchor(named)
        return next((one for one in self.articles if one.name == name), None)


def anchor(article: str) -> str:
    """The article that a citation begins with: 第六条（一）（二） is in 第六条."""
    found = _ARTICLE.match(article)
    return found.group() if found else article.split("、")[0].strip()


@lru_cache(maxsize=64)
def document(book: Rulebook) -> Document:
    """A document with its articles in the order of the text, or of the register."""
    text = text_beside(_beside(book.path))
    register = {name: Entry(book, name, article) for name, article in book.articles.items()}
    found = [
        _article(one.name, one.chapter, one.title, one.paragraphs, register.get(one.name))
        for one in text.sections
    ]
    known = {article.name for article in found}
    found += [_article(n, "", "", (), entry) for n, entry in register.items() if n not in known]
    return Document(book, text.preface, tuple(found))


def _beside(path: Path) -> Path:
    """Where a rulebook is in a folder of this machine, if it is there.

    One that comes from the database knows its path inside a folder only.
    """
    places = [folder / path for folder in (*environment().rulebooks, SHIPPED)]
    return next((place for place in places if place.exists()), path)


def _article(
    name: str, chapter: str, title: str, paragraphs: tuple[str, ...], entry: Entry | None
) -> OfficialArticle:
    if entry is None:
        return OfficialArticle(name, chapter, title, paragraphs, "", "")
    said = entry.article
    disposition = NAMES[said.disposition]
    return OfficialArticle(
        name, chapter, title, paragraphs, disposition, said.note, tuple(said.keys)
    )


def book_cited(books: Iterable[Rulebook], cite: Cite) -> Rulebook | None:
    """The document that a citation stands in."""
    for book in books:
        if book.path.name == cite.file and document_of(book, cite.article) == cite.document:
            return book
    return None
