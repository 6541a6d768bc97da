"""An area ready to settle, for batches and online, and what its benefits can reach."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from gongji.batch.area_arrays import AreaPlan
from gongji.law.compile.cells import offered_benefits, reached_layers
from gongji.law.engine.area import Area
from gongji.law.engine.visit import columns_of
from gongji.law.explain.facts_told import columns_read
from gongji.law.rulebook.vocabulary import VISIT_COLUMNS

I64 = npt.NDArray[np.int64]

Reached = tuple[list[str], list[str], set[int]]
"""Codes of layers, codes of meters, numbers of dimensions."""


@dataclass
class Region:
    """An area ready to settle: its plan for batches and its rules online."""

    plan: AreaPlan
    online: Area
    articles: dict[int, str] = field(default_factory=dict)
    readable: dict[tuple[int, str, str], bool] = field(default_factory=dict)
    _reached: dict[tuple[str, ...] | None, Reached] = field(default_factory=dict)

    @cached_property
    def columns(self) -> set[str]:
        """The columns that the area's rules know."""
        known = set(VISIT_COLUMNS)
        for law in self.plan.laws:
            known |= columns_of(law).keys()
            known |= {f"in_scope_{part.code}" for part in law.parts.values()}
        return known

    @cached_property
    def read(self) -> frozenset[str]:
        """The columns that a rule of the area asks for."""
        laws = self.plan.laws
        found = (columns_read(law, name) for law in laws for name in offered_benefits(law))
        return frozenset().union(*found)

    def reached(self, benefits: tuple[str, ...] | None) -> Reached:
        """What these benefits (None: the ordinary; empty: all) can come to: codes of layers and
        of meters, numbers of dimensions.
        """
        if benefits not in self._reached:
            self._reached[benefits] = self._reach(benefits)
        return self._reached[benefits]

    def _reach(self, benefits: tuple[str, ...] | None) -> Reached:
        layout = self.plan.layout
        meters = [place.code for place in layout.meters.values()]
        if benefits == ():
            every = [column.code for column in layout.columns]
            return every, list(dict.fromkeys(meters)), set(range(len(layout.dimensions)))
        layers = [
            layer
            for law in self.plan.laws
            for name, code in law.benefits.items()
            if {name, code} & {text or "ordinary" for text in benefits or ("",)}
            for layer in reached_layers(law, name)
        ]
        codes = {layer.code for layer in layers}
        names = {
            limit.meter
            for layer in layers
            for limit in (*layer.deductibles, *layer.ceilings, *layer.bands)
        }
        used = {layout.meters[name].code for name in names}
        return (
            [column.code for column in layout.columns if column.code in codes],
            [code for code in dict.fromkeys(meters) if code in used],
            {layout.meters[name].dimension for name in names},
        )
