"""The rulebook files of one or more folders, each read once: which there are, what they say."""

import re
from collections.abc import Iterable
from pathlib import Path

from gongji.law.rulebook.law import NATION, parents
from gongji.law.rulebook.rulebook import Rulebook, read_book
from gongji.refusals import Problem, RulebookError

SHIPPED = Path(__file__).parents[2] / "rulebooks"
_CODE = re.compile(r"\d{6}")


class Shelf:
    """The rulebook files of one or more folders; later folders come on top of the shipped ones."""

    def __init__(self, folders: Iterable[Path] = ()) -> None:
        self.folders = (*folders, SHIPPED)
        self._books: dict[Path, tuple[Rulebook | None, list[Problem]]] = {}

    def files(self, area: str = "*") -> list[Path]:
        """The files of an area, an outside folder's instead of the shipped ones of that area.

        The nation's are the shipped ones, whatever a folder holds.
        """
        chosen: dict[str, list[Path]] = {}
        for folder in self.folders:
            if not folder.is_dir():
                raise RulebookError([Problem(str(folder), 1, "目录", "规则目录不存在")])
            found: dict[str, list[Path]] = {}
            for path in sorted(folder.glob(f"**/{area}/????-??-??.yaml")):
                found.setdefault(path.parent.name, []).append(path)
            for code, paths in found.items():
                if code != NATION or folder == SHIPPED:
                    chosen.setdefault(code, paths)
        return [path for code in sorted(chosen) for path in chosen[code]]

    def book(self, path: Path) -> Rulebook:
        """One rulebook, read once.

        Refuses: RulebookError with every problem of the file.
        """
        book, problems = self._read(path)
        if book is None or problems:
            raise RulebookError(problems)
        return book

    def _read(self, path: Path) -> tuple[Rulebook | None, list[Problem]]:
        if path not in self._books:
            self._books[path] = read_book(path)
        return self._books[path]

    def areas(self) -> list[str]:
        """The codes of the areas that have rulebooks."""
        return sorted({path.parent.name for path in self.files()} - {NATION})

    def home(self, area: str) -> str:
        """The area with rulebooks that a code stands for: its own, its city's or its province's."""
        codes = parents(area) if _CODE.fullmatch(area) else []
        return next((code for code in codes if self.files(code)), area)

    def books(self, area: str) -> list[Rulebook]:
        """The documents that bear on an area, in the order of the fold.

        Refuses: RulebookError with every problem of form of all of them.
        """
        books, problems = self.readable(area)
        if problems:
            raise RulebookError(problems)
        return books

    def readable(self, area: str) -> tuple[list[Rulebook], list[Problem]]:
        """What can be read of an area's documents, and what is wrong with their form."""
        # A code is also a pattern of file names, so it must be nothing but a code.
        codes = parents(area) if _CODE.fullmatch(area) else []
        paths = [path for code in codes for path in self.files(code)]
        if paths and area != NATION:
            codes.append(NATION)
            paths += self.files(NATION)
        read = [self._read(path) for path in paths]
        books = [book for book, _ in read if book]
        books.sort(key=lambda b: (b.head.since, -codes.index(b.path.parent.name)))
        return books, [problem for _, problems in read for problem in problems]
