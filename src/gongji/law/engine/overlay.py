"""A reform laid over the law of an area from a day on, with its name in every citation.

Before the day the law is what it was. From the day on every law of the area has the figures of the
reform, and a provision that it changes is cited as changed by it and as not official. The documents
in force have one more, the reform itself, whose hash stands in results beside the others. What the
figures are is the business of `gongji.law.engine.amendment`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from gongji.law.engine.amendment import Amendment
from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.law.rulebook.figure_paths import Given
from gongji.law.rulebook.law import Law, Provision
from gongji.law.rulebook.provision_kinds import SOURCES
from gongji.law.rulebook.rulebook import FOREVER, Head, Rulebook
from gongji.law.rulebook.source import Node
from gongji.units import Day, date_of

UNOFFICIAL = SOURCES[2]
"""How official a figure of a reform is."""


@dataclass(frozen=True)
class Overlay:
    """Figures that take the place of an area's own from a day on.

    Shape:   `figures` path -> figure as a rulebook writes it, or a table of such
             (docs/inside/amendment.md); `name` is what citations call it.
    """

    area: str
    start: Day
    figures: Mapping[str, Given] = field(hash=False)
    name: str

    def over(self, areas: Areas) -> Areas:
        """The areas with this one changed.

        Refuses: what `changed` refuses; area_unknown.
        """
        return areas.instead(self.changed(areas.home(self.area)))

    def changed(self, area: Area) -> Area:
        """An area with its laws from the day on changed; a law that the day falls into is cut.

        Refuses: date_outside; RulebookError with every figure that fits no law of that time.
        """
        area.law(self.start)
        laws: list[Law] = []
        for law in area.laws:
            if law.until > self.start > law.since:
                laws.append(replace(law, until=self.start))
                law = replace(law, since=self.start)
            laws.append(self._law(law) if law.until > self.start else law)
        return Area(area.code, laws, year_shift=area.year_shift)

    def _law(self, law: Law) -> Law:
        amended = Amendment(self.start, self.figures).law(law)
        touched = {".".join(path.split(".")[:2]) for path in self.figures}
        provisions = {
            section: {name: self._cited(one, touched) for name, one in entries.items()}
            for section, entries in amended.provisions.items()
        }
        return replace(amended, provisions=provisions, books=(*law.books, self.book(law.place)))

    def _cited(self, provision: Provision[Any], touched: set[str]) -> Provision[Any]:
        """A provision that the reform touches, under its document as changed by the reform."""
        if provision.path not in touched:
            return provision
        head = provision.book.head
        number = f"{head.number}（经“{self.name}”修改）"
        head = replace(head, number=number, source=UNOFFICIAL)
        return replace(provision, book=replace(provision.book, head=head))

    def book(self, place: str) -> Rulebook:
        """The reform as a document in force at a place, which says nothing by itself."""
        content = msgspec.json.encode([self.name, self.area, self.start, self.figures])
        path = Path(self.area) / f"{date_of(self.start)}.yaml"
        head = Head(
            title=self.name,
            number=f"改革“{self.name}”",
            area=self.area,
            place=place,
            since=self.start,
            until=FOREVER - 1,
            source=UNOFFICIAL,
            origin="试算用的数字，不是文件",
            node=Node(str(path), 1, {}),
        )
        return Rulebook(path, head, {}, {}, {}, (), content=content)
