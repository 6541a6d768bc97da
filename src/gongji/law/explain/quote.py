"""One visit from facts to explanation: what `gongji quote` and `gongji.quote` do."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gongji.law.checks.library import Library
from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.law.engine.engine import Result, settle
from gongji.law.engine.overlay import Overlay
from gongji.law.engine.person_meters import Meters, use
from gongji.law.engine.visit import read_amount, read_date, read_visit
from gongji.law.explain.sentences import Explanation, explain
from gongji.law.rulebook.law import Law
from gongji.refusals import Refusal


@dataclass(frozen=True)
class AskedVisit:
    """One visit that is given as texts, perhaps under a reform; see `quote`."""

    facts: Mapping[str, str]
    used: Mapping[str, str] | None = None
    settings: Mapping[str, str] | None = None
    folders: tuple[Path, ...] = ()
    overlay: Overlay | None = None

    @cached_property
    def area(self) -> Area:
        """The area whose rules settle it."""
        areas = Areas(Library(self.folders), everywhere=self.settings)
        areas = self.overlay.over(areas) if self.overlay else areas
        code = self.facts["area"].strip()
        areas.check_given((code,))
        return areas.area(code)

    @cached_property
    def law(self) -> Law:
        """The law at its date."""
        return self.area.law(read_date("date", self.facts["date"]))

    @cached_property
    def result(self) -> Result:
        """The visit settled."""
        visit = read_visit(self.facts, self.law)
        meters = Meters(self.area.layout)
        own = self.area.own_level(self.law)
        for name, text in (self.used or {}).items():
            use(meters, self.law, visit, name, read_amount(name, text), own)
        return settle(self.area, visit, meters)


def quote(
    facts: Mapping[str, str],
    used: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
    folders: tuple[Path, ...] = (),
) -> Explanation:
    """Settle one visit that is given as texts, and explain it.

    Shape:   `facts` under the names of a visits file (docs/use/facts.md); `used` meters in yuan;
             `settings` figures for open parameters; `folders` of further rulebooks.
    Refuses: every code of gongji.refusals that concerns input, dates, benefits and parameters.
    """
    for column in ("area", "date"):
        if not facts.get(column, "").strip():
            raise Refusal("field_missing", column)
    return explain(AskedVisit(facts, used, settings, folders).result)
