"""The areas of some rulebooks, each folded and checked when it is first asked for."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from gongji.law.checks.library import Library
from gongji.law.compile.parameters_given import check
from gongji.law.engine.area import Area
from gongji.law.rulebook.law import KEPT, Settings
from gongji.units import Day


class Areas:
    """The areas that a library has rulebooks of, with figures for their open parameters.

    Shape: `parameters`: area -> parameter -> figure as text; `everywhere`: figures for every area
           that has such a parameter; `changed`: areas that stand for those of the library.
    """

    def __init__(
        self,
        library: Library | None = None,
        parameters: Mapping[str, Settings] | None = None,
        everywhere: Settings | None = None,
        changed: Mapping[str, Area] | None = None,
    ) -> None:
        self.library = library or Library()
        self.parameters = {code: dict(named) for code, named in (parameters or {}).items()}
        self.everywhere = dict(everywhere or {})
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
        return Areas(self.library, self.parameters, self.everywhere, changed)

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

    def check_everywhere(self, codes: Iterable[str]) -> None:
        """Every figure given for all areas names a parameter of one of these, and can be read.

        Refuses: value_invalid.
        """
        if self.everywhere:
            check((law for code in codes for law in self.area(code).laws), self.everywhere)

    def law_hash(self, code: str, day: Day) -> str:
        """The SHA-256 of the documents in force in an area at a day, and of the figures given.

        Refuses: area_unknown, date_outside.
        """
        return self.area(code).law(day).hash
