"""The cells of a benefit: which facts tell them apart, and the values that each can have."""

from collections.abc import Iterator

from gongji.law.compile.figures import parsed_parameter
from gongji.law.compile.layout import floor_layer
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.law import Law, named_axis
from gongji.law.rulebook.provision_kinds import (
    ByAxis,
    FromParameter,
    Layer,
    Limit,
    Onward,
    Parameter,
    Rate,
    Value,
)
from gongji.law.rulebook.vocabulary import FLAG, LEVEL_COLUMNS, NO_LEVEL, PHARMACY, Fact


def axes_of(law: Law, benefit: str) -> tuple[str, ...]:
    """The facts that distinguish the cells of a benefit, in the order of the area's facts."""
    found: set[str] = set()
    for provision in law.all(provision_kinds.Route).values():
        route = provision.value
        if benefit in route.benefits:
            found |= route.when.keys()
    for value in _reached(law, benefit):
        for item in value.layers:
            found |= item.when.keys()
            if isinstance(item, Layer):
                found |= _layer_axes(law, item)
        if isinstance(value, provision_kinds.Benefit) and value.floor:
            found |= value.floor.when.keys() | _layer_axes(law, floor_layer(value.floor))
    for supplement in law.all(provision_kinds.Supplement).values():
        for layer in supplement.value.layers:
            found |= layer.when.keys() | _layer_axes(law, layer)
    for gate in law.all(provision_kinds.Gate).values():
        found |= {"医院级别"} & gate.value.when.keys()
    return tuple(name for name in law.facts if name in found)


def _reached(law: Law, benefit: str) -> Iterator[provision_kinds.Benefit | provision_kinds.Chain]:
    """The benefits and chains that visits of a benefit can come to, by routing and onward."""
    pending = [("待遇", benefit)] if benefit in law.all(provision_kinds.Benefit) else []
    for provision in law.all(provision_kinds.Route).values():
        route = provision.value
        if benefit in route.benefits:
            pending.append(("待遇", route.to))
    seen: set[tuple[str, str]] = set()
    while pending:
        place = pending.pop()
        if place in seen:
            continue
        seen.add(place)
        value = law.section(place[0])[place[1]].value
        assert isinstance(value, provision_kinds.Benefit | provision_kinds.Chain)
        yield value
        for item in value.layers:
            if isinstance(item, Onward):
                pending.append(
                    ("层组" if item.to in law.all(provision_kinds.Chain) else "待遇", item.to)
                )


def reached_layers(law: Law, benefit: str) -> Iterator[Layer]:
    """Every layer, floor and supplement that can pay on a visit of a benefit."""
    for value in _reached(law, benefit):
        yield from (item for item in value.layers if isinstance(item, Layer))
        if isinstance(value, provision_kinds.Benefit) and value.floor:
            yield floor_layer(value.floor)
    for provision in law.all(provision_kinds.Supplement).values():
        yield from provision.value.layers


def _layer_axes(law: Law, layer: Layer) -> set[str]:
    found: set[str] = set()
    groups: list[Rate | Limit] = [*layer.deductibles, *layer.ceilings, *layer.bands]
    groups += [rate for rate in (layer.rate, layer.own) if rate]
    for item in groups:
        found |= value_axes(law, item.value)
        for adjustment in item.adjustments:
            found |= adjustment.when.keys() | ({adjustment.each} - {""})
            found |= value_axes(law, adjustment.add)
        for scaling in item.scalings:
            found |= scaling.when.keys() | ({scaling.fact} - {""})
        if isinstance(item, Limit):
            found |= item.when.keys()
            meter = law.all(provision_kinds.Meter)[item.meter].value
            found |= {fact for fact in meter.apart if not law.facts[fact].keys_meters}
    return found


def value_axes(law: Law, value: Value) -> set[str]:
    """The facts that a value depends on."""
    if isinstance(value, ByAxis):
        inner = [value_axes(law, child) for child in value.values.values()]
        return {value.axis}.union(*inner)
    if isinstance(value, FromParameter):
        provision = law.all(provision_kinds.Parameter)[value.parameter]
        axes = {
            axis_of(law, provision.value, axis)
            for axis in provision.value.axes
            if axis not in value.fixed
        } - {""}
        if provision.value.value is not None:
            axes |= value_axes(law, parsed_parameter(provision))
        swapped = {value.swapped.get(axis, axis) for axis in axes if axis not in value.fixed}
        return swapped
    return set()


def parameters_in(value: Value) -> set[str]:
    """The parameters that a value names, in any cell."""
    if isinstance(value, ByAxis):
        return set().union(*map(parameters_in, value.values.values()))
    return {value.parameter} if isinstance(value, FromParameter) else set()


def axis_of(law: Law, parameter: Parameter, axis: str) -> str:
    """The fact that tells the cells of a parameter's axis apart: a text by what figures name.

    Returns: nothing where no figure names a text.
    """
    if not law.facts[axis].keys_meters:
        return axis
    name = named_axis(parameter.code, axis)
    return name if name in law.facts else ""


def cell_values(law: Law, axes: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The values of each axis, in the order of their codes."""
    return [axis_values(law.facts[axis]) for axis in axes]


def axis_values(fact: Fact) -> tuple[str, ...]:
    """The values of a fact that serves as an axis."""
    assert fact.kind == FLAG or fact.choices or fact.bands, fact.name
    return fact.values


def offered_benefits(law: Law) -> list[str]:
    """The benefits of a law by Chinese name, those settled by another included."""
    routed: set[str] = set()
    for provision in law.all(provision_kinds.Route).values():
        routed |= set(provision.value.benefits)
    return [
        name for name in law.benefits if name in law.all(provision_kinds.Benefit) or name in routed
    ]


def own_level(law: Law) -> bool:
    """Whether a pharmacy counts as a level of its own."""
    places = [provision.value for provision in law.all(provision_kinds.Place).values()]
    return any(isinstance(place, provision_kinds.Place) and place.own_level for place in places)


def settled_values(law: Law, axis: str) -> tuple[str, ...]:
    """The values of an axis under which a visit can be settled.

    A level that is not given stops the visit (level_missing); a pharmacy is a level only where it
    counts as one of its own, and never that of an inpatient stay.
    """
    fact = law.facts[axis]
    if fact.column not in LEVEL_COLUMNS:
        return axis_values(fact)
    pharmacy = own_level(law) and fact.column == "level"
    return tuple(v for v in fact.values if v != NO_LEVEL and (v != PHARMACY or pharmacy))
