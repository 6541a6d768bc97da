"""The rules that the pages and the public interface read, loaded once a process.

Figures that a visitor gives for open parameters make an area of their own; the last few are kept.
"""

from functools import lru_cache

from django.conf import settings

from gongji.law.checks.library import Library
from gongji.law.compile.parameters_given import check
from gongji.law.engine.area import Area
from gongji.law.rulebook.rulebook import Rulebook
from gongji.settlement.rules import Rules

Figures = tuple[tuple[str, str], ...]
"""Figures for open parameters, sorted by name."""


@lru_cache(maxsize=1)
def library() -> Library:
    """The rulebooks, those of the installation before the shipped ones."""
    return Library(tuple(settings.GONGJI_RULEBOOKS))


@lru_cache(maxsize=256)
def _area(code: str, figures: Figures) -> Area:
    area = Area(library(), code, dict(figures))
    check(area.laws, dict(figures))
    return area


def area(code: str, figures: dict[str, str] | None = None) -> Area:
    """An area (or the one that a county belongs to) with the figures given.

    Refuses: area_unknown; value_invalid for a parameter that the area does not have.
    """
    return _area(code, tuple(sorted((figures or {}).items())))


@lru_cache(maxsize=1)
def areas() -> tuple[Area, ...]:
    """Every pooling area that has rules of its own, by code."""
    return tuple(area(code) for code in library().areas())


def book_of(found: Area, rulebook: str) -> Rulebook | None:
    """A document of an area by its id (532300@2022-07-01)."""
    books = (book for law in found.laws for book in law.books)
    return next((book for book in books if book.id == rulebook), None)


@lru_cache(maxsize=1)
def rules() -> Rules:
    """The rules by which this installation settles."""
    return Rules(tuple(settings.GONGJI_RULEBOOKS), settings.GONGJI_PARAMETERS)
