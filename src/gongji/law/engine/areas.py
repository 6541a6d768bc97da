"""The areas of some rulebooks, each folded and checked when it is first asked for."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from gongji.law.checks.library import Library
from gongji.law.compile.parameters_given import check
from gongji.law.engine.area import Area
from gongji.law.rulebook.law import KEPT, Settings
from gongji.units import Day

OF_AREA = re.compile(r"([0-9]{6}):(.+)")
"""A figure's name with the one area that it is for."""


class Areas:
    """The areas that a library has rulebooks of, with figures for their open parameters.

    Shape: `parameters`: area -> parameter -> figure as text; `everywhere`: figures for every area
           that has such a parameter, or as `area:parameter` for one and its counties; the nearer
           goes before; `changed`: areas that stand for those of the library.
    """

    def __init__(
        self,
        library: Library | None = None,
        parameters: Mapping[str, Settings] | None = None,
        everywhere: Settings | None = None,
        changed: Mapping[str, Area] | None = None,
    ) -> None:
        self.library = library or Library()
        self.given = dict(everywhere or {})
        self.everywhere, self.apart = _by_area(self.given)
        own = {code: dict(named) for code, named in (parameters or {}).items()}
        codes = self.apart.keys() | own.keys()
        self.parameters = {c: self.apart.get(c, {}) | own.get(c, {}) for c in codes}
        self.changed = dict(changed or {})
        self._homes: dict[str, str] = {}
        self._loaded = lru_cache(maxsize=KEPT)(self._load)

    def area(self, code: str, figures: Settings | None = None) -> Area:
        """An area by its code or that of a county in it; `figures` instead of those of the areas.

        Refuses: area_unknown; value_invalid for a parameter that the area does not have;
                 RulebookError with every problem of its rulebooks.
        """
        own = self._own(code) if figures is None else dict(figures)
        return self._loaded(code, tuple(sorted(own.items())), figures is None)

    def _own(self, code: str) -> Settings:
        """The figures given for an area, which are those of its counties too."""
        if code not in self._homes:
            self._homes[code] = self.library.home(code)
        return self.parameters.get(self._homes[code], {}) | self.parameters.get(code, {})

    def _load(self, code: str, own: tuple[tuple[str, str], ...], everywhere: bool) -> Area:
        home = self.library.home(code)
        if home != code:
            found = self._loaded(home, own, everywhere)
            return Area(code, found.laws, found.layout, version=found.version)
        if everywhere and code in self.changed:
            return self.changed[code]
        figures = (self.everywhere if everywhere else {}) | dict(own)
        laws = self.library.laws(code, figures)
        check(laws, dict(own))
        return Area(code, laws)

    def instead(self, area: Area) -> "Areas":
        """The areas with another one in the place of that of its code, for engine and batch alike.

        Asked for with figures of its own, an area is that of the library.
        """
        changed = self.changed | {area.code: area}
        return Areas(self.library, self.parameters, self.given, changed)

    def home(self, code: str) -> Area:
        """The area with rules of its own that a code stands for.

        Refuses: what `area` refuses.
        """
        return self.area(self.library.home(code))

    def every(self, figures: Settings | None = None) -> tuple[Area, ...]:
        """Every area that has rulebooks of its own, by code; `figures` as in `area`.

        Refuses: RulebookError, or Refusal for a parameter that its area does not have.
        """
        return tuple(self.area(code, figures) for code in self.library.areas())

    def check_given(self, codes: Iterable[str]) -> None:
        """Every figure given for all areas names a parameter of one of these, every one given for
        one area a parameter of that, and can be read.

        Refuses: value_invalid; area_unknown.
        """
        for code in self.apart:
            self.area(code)
        if self.everywhere:
            check((law for code in codes for law in self.area(code).laws), self.everywhere)

    def law_hash(self, code: str, day: Day) -> str:
        """The SHA-256 of the documents in force in an area at a day, and of the figures given.

        Refuses: area_unknown, date_outside.
        """
        return self.area(code).law(day).hash


def _by_area(figures: Settings) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """The figures for every area, and those for one: area -> parameter -> figure."""
    everywhere: dict[str, str] = {}
    apart: dict[str, dict[str, str]] = {}
    for path, figure in figures.items():
        found = OF_AREA.fullmatch(path)
        if found:
            apart.setdefault(found[1], {})[found[2]] = figure
        else:
            everywhere[path] = figure
    return everywhere, apart
