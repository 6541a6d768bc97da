"""The rulebook files of one or more folders, or kept texts: which there are, what they say.

Each is read once. A text that was read before, wherever it comes from, is not parsed again.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path, PurePath

from gongji.law.rulebook.law import KEPT, NATION, parents
from gongji.law.rulebook.rulebook import SHIPPED, Rulebook, parse_book, read_book
from gongji.refusals import Problem, RulebookError

_CODE = re.compile(r"\d{6}")

Documents = Mapping[str, bytes]
"""Texts by their path inside a rulebook folder: 530000/532300/2022-07-01.yaml."""


DATED = "????-??-??.yaml"


def rulebook_folder(folder: Path) -> Path:
    """The folder in which an area's own one lies, where that is given; otherwise the folder."""
    if not any(folder.glob(DATED)):
        return folder
    return (folder if folder.name not in ("", "..") else folder.resolve()).parent


class Shelf:
    """The rulebook files of one or more folders; later folders come on top of the shipped ones.

    Shape: `kept`: area -> all the documents that bear on it, instead of any folder; each area is
           ruled by its own only.
    """

    def __init__(
        self, folders: Iterable[Path] = (), kept: Mapping[str, Documents] | None = None
    ) -> None:
        self.folders = (*dict.fromkeys(map(rulebook_folder, folders)), SHIPPED)
        self.kept = kept
        self._books: dict[Path, tuple[Rulebook | None, list[Problem]]] = {}

    def files(self, area: str = "*") -> list[Path]:
        """The files of an area, an outside folder's instead of the shipped ones of that area.

        Where all of a folder's say 叠加, they come on top of those of the folders below, a file of
        the same date instead of theirs. The nation's are the shipped ones, whatever a folder holds.
        """
        if self.kept is not None:
            codes = sorted(self.kept) if area == "*" else [area]
            return [path for code in codes for path in self._own(code)]
        chosen: dict[str, list[Path]] = {}
        closed: set[str] = set()
        for folder in self.folders:
            if not folder.is_dir():
                raise RulebookError([Problem(str(folder), 1, "目录", "规则目录不存在")])
            found: dict[str, list[Path]] = {}
            for path in sorted(folder.glob(f"**/{area}/{DATED}")):
                found.setdefault(path.parent.name, []).append(path)
            for code, paths in found.items():
                if code in closed or (code == NATION and folder != SHIPPED):
                    continue
                names = {path.name for path in chosen.get(code, [])}
                below = [path for path in paths if path.name not in names]
                chosen[code] = sorted([*chosen.get(code, []), *below], key=lambda one: one.name)
                # Below the last folder lies nothing: its files need not be read to know that.
                if folder != self.folders[-1] and not self._all_overlay(paths):
                    closed.add(code)
        return [path for code in sorted(chosen) for path in chosen[code]]

    def _all_overlay(self, paths: list[Path]) -> bool:
        """Whether a folder's files of an area all say that they lie on the folders below (叠加)."""
        books = [self.read(path)[0] for path in paths]
        return all(book is not None and book.head.overlay for book in books)

    def _own(self, area: str) -> list[Path]:
        """The paths of an area's own kept documents."""
        found = (Path(name) for name in sorted((self.kept or {}).get(area, {})))
        return [path for path in found if path.parent.name == area]

    def documents(self, area: str) -> dict[str, bytes]:
        """The documents that bear on an area, by path: the bytes that were parsed.

        Refuses: RulebookError with every problem of form of all of them.
        """
        return {self._inside(book.path): book.content for book in self.books(area)}

    def _inside(self, path: Path) -> str:
        """A file's path inside its rulebook folder; a kept text's is its own."""
        folders = [one for one in self.folders if path.is_relative_to(one)]
        return PurePath(path.relative_to(folders[0]) if folders else path).as_posix()

    def book(self, path: Path) -> Rulebook:
        """One rulebook, read once.

        Refuses: RulebookError with every problem of the file.
        """
        book, problems = self.read(path)
        if book is None or problems:
            raise RulebookError(problems)
        return book

    def read(self, path: Path, area: str = "") -> tuple[Rulebook | None, list[Problem]]:
        """What can be read of a file, and what is wrong with its form.

        Of kept texts it is the one by which `area` is ruled, by itself the document's own area.
        """
        if self.kept is not None:
            return _parsed(path, self.kept[area or path.parent.name][path.as_posix()])
        if path not in self._books:
            self._books[path] = read_book(path)
        return self._books[path]

    def areas(self) -> list[str]:
        """The codes of the areas that have rulebooks."""
        if self.kept is not None:
            return sorted(self.kept)
        named = {path.parent.name for path in self.files()} - {NATION}
        return sorted(name for name in named if _CODE.fullmatch(name))

    def home(self, area: str) -> str:
        """The area with rulebooks that a code stands for: its own, its city's or its province's."""
        codes = parents(area) if _CODE.fullmatch(area) else []
        return next((code for code in codes if self._bearing(code, [code])), area)

    def _bearing(self, area: str, codes: list[str]) -> list[Path]:
        """The documents of these codes by which an area is ruled."""
        if self.kept is None:
            return [path for code in codes for path in self.files(code)]
        known = [Path(name) for name in sorted(self.kept.get(area, {}))]
        return [path for code in codes for path in known if path.parent.name == code]

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
        ruling = self.home(area) if self.kept is not None else area
        paths = self._bearing(ruling, codes)
        if paths and area != NATION:
            codes.append(NATION)
            paths += self._bearing(ruling, [NATION])
        read = [self.read(path, ruling) for path in paths]
        books = [book for book, _ in read if book]
        books.sort(key=lambda b: (b.head.since, -codes.index(b.path.parent.name)))
        return books, [problem for _, problems in read for problem in problems]


@lru_cache(maxsize=KEPT)
def _parsed(path: Path, content: bytes) -> tuple[Rulebook | None, list[Problem]]:
    """A kept text parsed, once for all the areas and versions that it stands in."""
    return parse_book(path, content)
