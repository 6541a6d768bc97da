"""The law with one thing changed: what a settlement would be if it had been misapplied so.

Each change turns the laws of an area into others of the same layout, so that meters fit. Settled
by the same `visit.settle`, they show which mistake reproduces what was paid. This module changes
provisions; it computes no benefit.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

from gongji.law.engine.area import Area
from gongji.law.rulebook.law import KEPT, Law, Provision
from gongji.law.rulebook.provision_kinds import (
    Benefit,
    ByAxis,
    Chain,
    Doubt,
    FromIndex,
    Gate,
    Layer,
    Limit,
    Onward,
    Value,
)

Change = Callable[[Law], Law | None]
"""A law changed, or nothing where the change does not apply to it."""

ORDINARY = "普通门诊"


class Variants:
    """The variants of one area, made when they are first asked for."""

    def __init__(self, area: Area) -> None:
        self.area = area
        self._made: dict[tuple[str, int], Area | None] = {}

    def changed(self, name: str, law: Law, change: Change) -> Area | None:
        """The area with one of its laws changed; nothing where the change does not apply."""
        key = (name, law.since)
        if key not in self._made:
            other = change(law)
            self._made[key] = None if other is None else self._with(law, other)
        return self._made[key]

    def neighbour(self, law: Law, step: int) -> Area | None:
        """The area with the law before (-1) or after (+1) in a law's place."""
        number = self.area.laws.index(law) + step
        if not 0 <= number < len(self.area.laws):
            return None
        other = self.area.laws[number]
        return self.changed(
            f"neighbour{step}", law, lambda _: replace(other, since=law.since, until=law.until)
        )

    def last_year(self, law: Law) -> Area | None:
        """The area with the figures of the year before, where any figure is of a year."""
        key = ("last_year", law.since)
        if key not in self._made:
            self._made[key] = self._with(law, law, year_shift=-1) if _yearly(law) else None
        return self._made[key]

    def _with(self, law: Law, other: Law, year_shift: int = 0) -> Area:
        laws = [other if found is law else found for found in self.area.laws]
        return Area(self.area.code, laws, self.area.layout, year_shift)


@lru_cache(maxsize=KEPT)
def variants_of(area: Area) -> Variants:
    """The variants of an area, shared by all persons."""
    return Variants(area)


def _yearly(law: Law) -> bool:
    return any(
        isinstance(limit.value, FromIndex)
        for section in ("待遇", "层组")
        for provision in law.section(section).values()
        if isinstance(provision.value, Benefit | Chain)
        for layer in provision.value.layers
        if isinstance(layer, Layer)
        for limit in layer.ceilings + layer.deductibles
    )


def _with_section(law: Law, section: str, entries: dict[str, Provision[Any]]) -> Law:
    return replace(law, provisions={**law.provisions, section: entries})


def _with_layers(law: Law, change: Callable[[Layer], Layer]) -> Law:
    """The law with every layer of benefits and chains changed."""
    for section in ("待遇", "层组"):
        entries = {}
        for name, provision in law.section(section).items():
            value = provision.value
            assert isinstance(value, Benefit | Chain)
            layers = tuple(change(x) if isinstance(x, Layer) else x for x in value.layers)
            entries[name] = replace(provision, value=replace(value, layers=layers))
        law = _with_section(law, section, entries)
    return law


def without_gates(law: Law) -> Law:
    """Nothing is refused."""
    return _with_section(law, "门槛", {})


def without_deductibles(law: Law) -> Law:
    """No layer has a deductible."""
    return _with_layers(law, lambda layer: replace(layer, deductibles=()))


def without_ceilings(law: Law) -> Law:
    """No layer has a ceiling."""
    return _with_layers(law, lambda layer: replace(layer, ceilings=()))


def _common_meter(law: Law) -> Law | None:
    """One common deductible meter held against each level's amount."""

    def change(layer: Layer) -> Layer:
        by_level = [limit for limit in layer.deductibles if limit.meter == "各级起付"]
        in_all = [limit for limit in layer.deductibles if limit.meter == "年度起付"]
        if not (by_level and in_all):
            return layer
        rest = tuple(x for x in layer.deductibles if x not in by_level and x not in in_all)
        common = replace(in_all[0], value=by_level[0].value)
        return replace(layer, deductibles=(*rest, common))

    return _with_layers(law, change)


def _unrounded_index(law: Law) -> Law | None:
    """An amount by a statistic to the fen."""

    def exact(value: Value) -> Value:
        if isinstance(value, ByAxis):
            return replace(value, values={k: exact(v) for k, v in value.values.items()})
        return replace(value, unit=1) if isinstance(value, FromIndex) else value

    def limit(found: Limit) -> Limit:
        return replace(found, value=exact(found.value))

    return _with_layers(
        law, lambda layer: replace(layer, ceilings=tuple(map(limit, layer.ceilings)))
    )


def _with_benefits(
    law: Law, names: tuple[str, ...], change: Callable[[Benefit], Benefit]
) -> Law | None:
    found = law.all(Benefit)
    changed = {}
    for name in names:
        if name in found:
            value = found[name].value
            assert isinstance(value, Benefit)
            changed[name] = replace(found[name], value=change(value))
    return _with_section(law, "待遇", found | changed) if changed else None


def _chronic_goes_on(law: Law) -> Law | None:
    """What is above the chronic ceiling goes on to the ordinary benefit."""

    def change(benefit: Benefit) -> Benefit:
        onward = Onward(to=ORDINARY, article=benefit.article, node=benefit.node)
        return replace(benefit, layers=(*benefit.layers, onward))

    return _with_benefits(law, ("慢性病",), change)


def _whole_visit_excluded(law: Law) -> Law | None:
    """Nothing of a chronic or special visit goes on to the ordinary benefit."""

    def change(benefit: Benefit) -> Benefit:
        layers = tuple(
            x for x in benefit.layers if not (isinstance(x, Onward) and x.to == ORDINARY)
        )
        return replace(benefit, layers=layers)

    return _with_benefits(law, ("慢性病", "特殊病"), change)


def _referral_refused(law: Law) -> Law | None:
    """A referral does not open an institution that was not selected."""
    entries = dict(law.all(Gate))
    for name, provision in entries.items():
        gate = provision.value
        if gate.refusal == "not_selected":
            when = {fact: values for fact, values in gate.when.items() if fact != "转诊"}
            entries[name] = replace(provision, value=replace(gate, when=when))
    return _with_section(law, "门槛", entries)


READINGS: dict[str, Change] = {
    "起付线累计": _common_meter,
    "限额取整": _unrounded_index,
    "慢性病限额": _chronic_goes_on,
    "已支付费用": _whole_visit_excluded,
    "转诊": _referral_refused,
}
"""The other readings of doubts that a change of provisions expresses, by the doubt's name."""


def doubts_of_law(law: Law) -> dict[str, tuple[str, Doubt]]:
    """The doubts of the documents in force: name -> document, doubt."""
    return {
        name: (book.head.number, doubt) for book in law.books for name, doubt in book.doubts.items()
    }
