"""The sentences of the layers in the order of the arithmetic: deductible, rate, ceiling of each.

Every figure carries the citations of the cell that it was read from.
"""

from collections.abc import Iterator

from gongji.law.compile.program import LimitNote
from gongji.law.engine.engine import Result, Step
from gongji.law.explain.sentence import Sentence, yuan
from gongji.law.kernel import pour
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.provision_kinds import Doubt, Meter
from gongji.refusals import REFUSALS
from gongji.units import Fen, show_ppm

YEAR = "年"
DEDUCTIBLES, CEILINGS, BANDS = range(3)
_MEASURES = ("起付", "支付", "费用")
_CHINESE = {english: chinese for chinese, english in provision_kinds.METER_MEASURES.items()}


class Layers:
    """The sentences of the layers, with the meters as each layer found them."""

    def __init__(self, result: Result, whole: bool = True) -> None:
        self.result, self.whole = result, whole
        self.code = result.program.code
        self.held = {reading.place: reading.before for reading in result.readings}
        self.where = {reading.place: reading.where for reading in result.readings}
        self.stops = dict(result.stops)
        self.doubts: list[Doubt] = []
        """What the sentences rest on, filled as they are said."""

    def sentences(self) -> list[Sentence]:
        """Deductible, rate and ceiling of each layer, in order."""
        said: list[Sentence] = []
        for number, step in enumerate(self.result.steps):
            self.doubts += step.note.doubts
            said += [*self._onward(number, step), *self._band(step), *self._deductible(step)]
            said += [*self._paid(step), *self._ceiling(number, step), *self._stopped(number, step)]
            self._advance(step)
        return said

    def _place(self, position: int) -> int:
        return self.code[position + 1]

    def _held(self, position: int) -> Fen:
        return self.held.get(self._place(position), 0)

    def _meter(self, position: int, note: LimitNote) -> str:
        where = self.where.get(self._place(position), "")
        return f"{note.meter}（{where}）" if where else note.meter

    def _kind(self, note: LimitNote) -> Meter:
        return self.result.law.all(Meter)[note.meter].value

    def _group(self, step: Step, group: int) -> list[tuple[int, LimitNote]]:
        layer = step.note.layer
        names = (layer.deductibles, layer.ceilings, layer.bands)
        meters = {limit.meter for limit in names[group]}
        return [
            (position, note)
            for position, note in step.note.limits.items()
            if note.meter in meters and _CHINESE[self._kind(note).measure] == _MEASURES[group]
        ]

    def _onward(self, number: int, step: Step) -> Iterator[Sentence]:
        layer, cites = step.note.layer, step.note.onward
        if step.note.floor:
            text = f"保底：实际支付低于{show_ppm(step.note.rate.figure)}的，补足{yuan(step.cost)}。"
            yield Sentence("floor", text, step.note.rate.cites)
        elif self._new_part(number):
            text = f"费用部分“{step.note.part}”{yuan(step.cost)}，按“{layer.name}”计算。"
            yield Sentence("part", text, cites)
        elif layer.base != provision_kinds.BURDEN:
            text = f"{layer.name}：以个人负担中{layer.base}的{yuan(step.cost)}为基数。"
            yield Sentence("supplement", text, cites)
        elif layer.payer not in provision_kinds.NO_SUPPLEMENTS:
            text = f"{layer.name}：以余下的{yuan(step.cost)}计算。"
            yield Sentence("supplement", text, cites)
        elif number:
            how = layer.wording or f"“{layer.name}”"
            beyond = self._beyond(self.result.steps[number - 1])
            text = f"{beyond}{yuan(step.cost)}，按{how}计算。"
            yield Sentence("onward", text, cites)

    def _beyond(self, before: Step) -> str:
        """What is left of the layer before: the cost above its limit, or just the rest."""
        note = before.note.limits.get(before.paid_by)
        if note is None:
            return "余下"
        yearly = "年度" if self._kind(note).period == YEAR else ""
        return f"超过{before.note.layer.name}{yearly}限额的"

    def _new_part(self, number: int) -> bool:
        """Whether a step is the first of a part of the cost that the law tells apart."""
        steps = self.result.steps
        part = steps[number].note.part
        return bool(part) and (number == 0 or steps[number - 1].note.part != part)

    def _band(self, step: Step) -> Iterator[Sentence]:
        for position, note in self._group(step, BANDS):
            figure = note.cited.figure
            if 0 <= figure < pour.UNLIMITED:
                self.doubts += note.cited.doubts
                yield Sentence(
                    "band",
                    f"本段费用至{yuan(figure)}为止，此前{self._meter(position, note)}已累计"
                    f"{yuan(self._held(position))}，本次进入本段{yuan(step.taken)}。",
                    note.cited.cites,
                )

    def _deductible(self, step: Step) -> Iterator[Sentence]:
        for position, note in self._group(step, DEDUCTIBLES):
            figure, held = note.cited.figure, self._held(position)
            # A reading of how deductibles add up matters once something was borne before.
            if held and figure > 0:
                self.doubts += note.cited.doubts
            if position != step.deductible_by or not 0 <= figure < pour.UNLIMITED:
                continue
            self.doubts += note.cited.row_doubts
            if figure == 0:
                text = "不设起付标准。"
            else:
                meter = self._meter(position, note)
                text = (
                    f"起付标准{yuan(figure)}（{meter}此前已承担{yuan(held)}），"
                    f"本次扣除{yuan(step.deductible)}，由个人负担。"
                )
            yield Sentence("deductible", text, note.cited.cites)
        if step.deductible and step.deductible == step.taken and self._alone(step):
            yield Sentence("below", "未超过起付标准，统筹基金不支付。")

    def _alone(self, step: Step) -> bool:
        """Whether a step is of the pool and nobody pays of the visit."""
        pool = step.note.layer.payer == provision_kinds.POOL
        return pool and not any(other.paid for other in self.result.steps)

    def _paid(self, step: Step) -> Iterator[Sentence]:
        base = step.taken - step.deductible
        layer, rate = step.note.layer, step.note.rate
        if layer.own:
            self.doubts += rate.doubts
            text = (
                f"{layer.name}：先自付{show_ppm(rate.figure)}，即{yuan(step.taken)}，由个人负担。"
            )
            yield Sentence("own", text, rate.cites)
            return
        if step.note.floor or layer.rate is None or base == 0:
            return
        self.doubts += rate.doubts
        share = show_ppm(rate.figure)
        text = f"起付标准以上{yuan(base)}" if step.deductible else f"{yuan(base)}"
        if step.paid_by:
            wanted = pour.take_rate(base, rate.figure)
            text += f"，按{share}应由{layer.payer}支付{yuan(wanted)}。"
        else:
            text += f"，{layer.payer}按{share}支付{yuan(step.paid)}。"
        yield Sentence("rate", f"{layer.name}：{text}", rate.cites)

    def _ceiling(self, number: int, step: Step) -> Iterator[Sentence]:
        for position, note in self._group(step, CEILINGS):
            if position != step.paid_by:
                continue
            figure, held = note.cited.figure, self._held(position)
            self.doubts += note.cited.doubts
            limit = yuan(held + step.paid) if figure < pour.OPEN else yuan(figure)
            text = (
                f"最高支付限额{limit}，此前{self._meter(position, note)}已支付{yuan(held)}，"
                f"本次只能支付{yuan(step.paid)}"
            )
            last = self.whole and number + 1 == len(self.result.steps)
            rest = f"；超过限额的费用{yuan(step.rest)}由个人负担" if last else ""
            yield Sentence("ceiling", f"{text}{rest}。", note.cited.cites)

    def _stopped(self, number: int, step: Step) -> Iterator[Sentence]:
        """Why what is left of the cost does not flow on."""
        gate = self.stops.get(number)
        if gate:
            self.doubts += gate.doubts
            text = (
                f"{self._beyond(step)}{yuan(step.rest)}不再转入其他待遇：{REFUSALS[gate.refusal]}。"
            )
            yield Sentence("stopped", text, gate.cites)

    def _advance(self, step: Step) -> None:
        amounts = (step.deductible, step.paid, step.cost - step.rest)
        for group, amount in enumerate(amounts):
            for position, _ in self._group(step, group):
                place = self._place(position)
                self.held[place] = self.held.get(place, 0) + amount
