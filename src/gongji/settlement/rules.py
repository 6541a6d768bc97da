"""The rules that a process settles by: areas loaded once, with the hash of their law at a day."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from gongji.law.checks.library import Library
from gongji.law.compile.parameters_given import check
from gongji.law.engine.area import Area
from gongji.law.rulebook.law import Law
from gongji.units import Day


class Rules:
    """The areas of some rulebook folders (before the shipped ones), with figures for parameters.

    Shape:   `parameters`: area -> parameter -> figure as text.
    """

    def __init__(
        self,
        folders: tuple[Path, ...] = (),
        parameters: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.library = Library(folders)
        self.parameters = {area: dict(named) for area, named in (parameters or {}).items()}
        self._areas: dict[str, Area] = {}
        self._hashes: dict[tuple[str, Day], str] = {}

    def area(self, code: str) -> Area:
        """The rules of an area, loaded when they are first asked for.

        Refuses: area_unknown; value_invalid for a parameter that the area does not have.
        """
        if code not in self._areas:
            settings = self.parameters.get(code, {})
            area = Area(self.library, code, settings)
            check(area.laws, settings)
            self._areas[code] = area
        return self._areas[code]

    def load(self) -> None:
        """Load every area, so that no patient waits for it.

        Refuses: RulebookError, or Refusal for a parameter that its area does not have.
        """
        for code in self.library.areas():
            self.area(code)

    def law_hash(self, code: str, day: Day) -> str:
        """The SHA-256 of the documents in force in an area at a day, and of the figures given.

        Refuses: area_unknown, date_outside.
        """
        return self.hash_of(self.area(code).law(day))

    def hash_of(self, law: Law) -> str:
        """The SHA-256 of a law: its documents' bytes in their order, and the figures given."""
        place = (law.area, law.since)
        if place not in self._hashes:
            digest = hashlib.sha256()
            for book in law.books:
                content = book.path.read_bytes()
                digest.update(f"{book.id} {len(content)}\n".encode() + content)
            for name, figure in sorted(law.settings.items()):
                digest.update(f"{name}={figure}\n".encode())
            self._hashes[place] = digest.hexdigest()
        return self._hashes[place]
