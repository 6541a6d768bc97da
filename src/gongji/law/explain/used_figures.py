"""The figures that a result rests on, each as a value with its unit and its article, for machines.

The sentences say the same to people; this module reads a result's citation twin and computes
nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from gongji.law.compile.citations import Cite, Cited
from gongji.law.engine.engine import Result, Step
from gongji.law.kernel import pour
from gongji.law.rulebook.provision_kinds import Meter
from gongji.units import show_ppm, yuan_text

YUAN, PERCENT = "yuan", "percent"
RATE, OWN_SHARE = "rate", "own_share"
KINDS = {"deductible": "deductible", "paid": "ceiling", "cost": "band"}
"""What a limit is, by the measure of the meter that it is held against."""


@dataclass(frozen=True)
class UsedFigure:
    """One figure of one layer.

    Units:   `value` is yuan with two decimals, or percent without its sign; None is no limit.
             `meter` is the code of the meter that the figure is held against, if any.
    """

    layer: str
    kind: str
    value: str | None
    unit: str
    meter: str
    cites: tuple[Cite, ...]
    supplied: tuple[str, ...]


def used_figures(result: Result) -> tuple[UsedFigure, ...]:
    """The figures of the layers that the visit came to, in the order of the arithmetic.

    Left out are amounts that come with the visit itself, and a rate that nobody has set and no cost
    came to.
    """
    found = (figure for step in result.steps for figure in _of_step(result, step))
    return tuple(dict.fromkeys(found))


def _of_step(result: Result, step: Step) -> Iterator[UsedFigure]:
    layer = step.note.layer
    meters = result.law.all(Meter)
    for limit in step.note.limits.values():
        if limit.cited.figure <= pour.OPEN:
            continue
        meter = meters[limit.meter].value
        value = None if limit.cited.figure >= pour.UNLIMITED else yuan_text(limit.cited.figure)
        yield _figure(layer.code, (KINDS[meter.measure], value, YUAN), meter.code, limit.cited)
    rate = step.note.rate
    if (layer.rate or layer.own) and rate.figure != pour.OPEN:
        kind = RATE if layer.rate else OWN_SHARE
        value = show_ppm(rate.figure).removesuffix("%")
        yield _figure(layer.code, (kind, value, PERCENT), "", rate)


def _figure(layer: str, said: tuple[str, str | None, str], meter: str, cited: Cited) -> UsedFigure:
    kind, value, unit = said
    return UsedFigure(layer, kind, value, unit, meter, cited.cites, cited.supplied)
