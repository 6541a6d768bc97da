"""The library of laws: rulebook files folded by area, and checked before anybody uses them."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from gongji.law.checks import check_references
from gongji.law.rulebook.law import NATION, Law, Settings, spans
from gongji.law.rulebook.shelf import Documents, Shelf
from gongji.refusals import Refusal, RulebookError


class Library(Shelf):
    """The laws of the areas that a shelf has rulebooks of."""

    def __init__(
        self, folders: Iterable[Path] = (), kept: Mapping[str, Documents] | None = None
    ) -> None:
        super().__init__(folders, kept)
        self._sound: set[str] = set()

    def laws(self, area: str, settings: Settings | None = None) -> list[Law]:
        """The law of an area over time: one Law for each span in which nothing changes.

        Refuses: area_unknown; RulebookError with every problem of form and of reference.
        """
        books, problems = self.readable(area)
        if area == NATION or not (books or problems):
            allowed = "、".join(self.areas())
            raise Refusal("area_unknown", "area", {"value": area, "allowed": allowed})
        laws = spans(area, books, settings or {}, problems)
        if area not in self._sound:
            problems += check_references.check(books, laws)
        if problems:
            raise RulebookError(list(dict.fromkeys(problems)))
        self._sound.add(area)
        return laws
