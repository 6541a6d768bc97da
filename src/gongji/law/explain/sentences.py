"""The sentences of one result, in the order of the arithmetic.

Every sentence that states a figure carries the citations of the cells it touched. This module
reads results and their citation twins; it computes no benefit.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gongji.law.compile.program import Cite, Cited, LimitNote
from gongji.law.engine.engine import Result, Step
from gongji.law.kernel import pour
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.law import PART
from gongji.refusals import REFUSALS
from gongji.units import Fen, date_of, show_fen, show_ppm


@dataclass(frozen=True, eq=False, repr=False)
class Sentence:
    """One sentence with its citations; `kind` says what it is about."""

    kind: str
    text: str
    cites: tuple[Cite, ...] = ()


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """All that is said of one result."""

    result: Result
    sentences: tuple[Sentence, ...]
    doubts: tuple[provision_kinds.Doubt, ...]
    unofficial: tuple[Cite, ...]
    supplied: tuple[str, ...]


def yuan(amount: Fen) -> str:
    """Fen as a person reads them: 1,000.00元."""
    return f"{show_fen(amount)}元"


def explain(result: Result) -> Explanation:
    """The explanation of a result, settled or refused.

    Ensures: each figure of the result appears in a sentence with the article behind it.
    """
    sentences = [_opening(result), *_routes(result), *_scope(result)]
    if result.refusal:
        sentences.append(_refused(result))
    else:
        sentences += _Layers(result).sentences()
    sentences.append(_closing(result))
    return Explanation(
        result,
        tuple(sentences),
        tuple({(d.article, d.question): d for d in _doubts(result)}.values()),
        tuple(c for c in dict.fromkeys(_cites(sentences)) if c.source not in ("官方",)),
        tuple(dict.fromkeys(path for cited in _figures(result) for path in cited.supplied)),
    )


def _opening(result: Result) -> Sentence:
    visit, law = result.visit, result.law
    benefit = law.benefit_name(visit.benefit)
    facts = "、".join(
        value if fact in ("参保状态", "医院级别") else f"{fact}：{value}"
        for fact, value in result.cell.items()
        if value not in ("无", "否") and fact != PART
    )
    books = "、".join(f"{book.head.number}" for book in law.books)
    return Sentence(
        "facts",
        f"{date_of(visit.day)}，{law.place}，{benefit}（{facts}）。"
        f"总费用{yuan(result.total_fen)}，其中政策范围内费用{yuan(result.in_scope_fen)}。"
        f"适用文件：{books}。",
    )


def _routes(result: Result) -> Iterator[Sentence]:
    for name, cite, _ in result.program.routes:
        yield Sentence("route", f"{name}：按{result.program.benefit}的规定结算。", (cite,))


def _scope(result: Result) -> Iterator[Sentence]:
    outside = result.total_fen - result.in_scope_fen - result.first_self_pay_fen
    if result.first_self_pay_fen:
        provision = result.law.all(provision_kinds.Benefit)[result.program.benefit]
        benefit = provision.value
        assert isinstance(benefit, provision_kinds.Benefit) and benefit.first_self_pay
        own = benefit.first_self_pay
        cite = Cite(
            provision.book.head.number,
            own.article,
            provision.book.path.name,
            own.node.line,
            provision.book.head.source,
        )
        yield Sentence(
            "first_self_pay",
            f"先行自付{show_ppm(own.share)}，即{yuan(result.first_self_pay_fen)}，由个人负担。",
            (cite,),
        )
    if outside:
        yield Sentence("outside", f"政策范围外费用{yuan(outside)}，由个人负担。")


def _refused(result: Result) -> Sentence:
    assert result.gate
    reason = REFUSALS[result.refusal]
    return Sentence(
        "refusal",
        f"统筹基金不予支付：{reason}。全部费用{yuan(result.total_fen)}由个人负担，各项累计不变。",
        (result.gate.cite,),
    )


class _Layers:
    """The sentences of the layers, with the meters as each layer found them."""

    def __init__(self, result: Result) -> None:
        self.result = result
        self.code = result.program.code
        self.held = {reading.place: reading.before for reading in result.readings}
        self.where = {reading.place: reading.where for reading in result.readings}

    def sentences(self) -> list[Sentence]:
        """Deductible, rate and ceiling of each layer, in order."""
        said: list[Sentence] = []
        for number, step in enumerate(self.result.steps):
            last = number + 1 == len(self.result.steps)
            said += [*self._onward(number, step), *self._band(step), *self._deductible(step)]
            said += [*self._paid(step), *self._ceiling(step, last)]
            self._advance(step)
        return said

    def _place(self, position: int) -> int:
        return self.code[position + 1]

    def _meter(self, position: int, note: LimitNote) -> str:
        where = self.where.get(self._place(position), "")
        return f"{note.meter}（{where}）" if where else note.meter

    def _group(self, step: Step, group: int) -> list[tuple[int, LimitNote]]:
        layer = step.note.layer
        names = (layer.deductibles, layer.ceilings, layer.bands)
        meters = {limit.meter for limit in names[group]}
        measure = ("起付", "支付", "费用")[group]
        laws = self.result.law.all(provision_kinds.Meter)
        return [
            (position, note)
            for position, note in step.note.limits.items()
            if note.meter in meters and _measure(laws[note.meter].value) == measure
        ]

    def _onward(self, number: int, step: Step) -> Iterator[Sentence]:
        if step.note.floor:
            text = f"保底：实际支付低于{show_ppm(step.note.rate.figure)}的，补足{yuan(step.cost)}。"
            yield Sentence("floor", text, step.note.rate.cites)
        elif self._new_part(number):
            text = f"费用部分“{step.note.part}”{yuan(step.cost)}，按“{step.note.layer.name}”计算。"
            yield Sentence("part", text, step.note.onward)
        elif step.note.layer.base != provision_kinds.BURDEN:
            layer = step.note.layer
            text = f"{layer.name}：以个人负担中{layer.base}的{yuan(step.cost)}为基数。"
            yield Sentence("supplement", text, step.note.onward)
        elif step.note.layer.payer not in (provision_kinds.POOL, provision_kinds.ACCOUNT):
            text = f"{step.note.layer.name}：以余下的{yuan(step.cost)}计算。"
            yield Sentence("supplement", text, step.note.onward)
        elif number:
            text = f"余下{yuan(step.cost)}按“{step.note.layer.name}”计算。"
            yield Sentence("onward", text, step.note.onward)

    def _new_part(self, number: int) -> bool:
        """Whether a step is the first of a part of the cost that the law tells apart."""
        steps = self.result.steps
        part = steps[number].note.part
        return bool(part) and (number == 0 or steps[number - 1].note.part != part)

    def _band(self, step: Step) -> Iterator[Sentence]:
        for position, note in self._group(step, 2):
            figure = note.cited.figure
            if 0 <= figure < pour.UNLIMITED:
                held = self.held.get(self._place(position), 0)
                yield Sentence(
                    "band",
                    f"本段费用至{yuan(figure)}为止，此前{self._meter(position, note)}已累计"
                    f"{yuan(held)}，本次进入本段{yuan(step.taken)}。",
                    note.cited.cites,
                )

    def _deductible(self, step: Step) -> Iterator[Sentence]:
        for position, note in self._group(step, 0):
            figure = note.cited.figure
            if position != step.deductible_by or not 0 <= figure < pour.UNLIMITED:
                continue
            held = self.held.get(self._place(position), 0)
            if figure == 0:
                text = "不设起付标准。"
            else:
                meter = self._meter(position, note)
                text = (
                    f"起付标准{yuan(figure)}（{meter}此前已承担{yuan(held)}），"
                    f"本次扣除{yuan(step.deductible)}，由个人负担。"
                )
            yield Sentence("deductible", text, note.cited.cites)

    def _paid(self, step: Step) -> Iterator[Sentence]:
        base = step.taken - step.deductible
        payer = step.note.layer.payer
        if step.note.layer.own:
            text = f"{step.note.layer.name}：先自付{show_ppm(step.note.rate.figure)}"
            text += f"，即{yuan(step.taken)}，由个人负担。"
            yield Sentence("own", text, step.note.rate.cites)
            return
        if step.note.floor or step.note.layer.rate is None or base == 0:
            return
        rate = show_ppm(step.note.rate.figure)
        wanted = pour.take_rate(base, step.note.rate.figure)
        text = f"起付标准以上{yuan(base)}" if step.deductible else f"{yuan(base)}"
        if step.paid_by:
            text += f"，按{rate}应由{payer}支付{yuan(wanted)}。"
        else:
            text += f"，{payer}按{rate}支付{yuan(step.paid)}。"
        yield Sentence("rate", f"{step.note.layer.name}：{text}", step.note.rate.cites)

    def _ceiling(self, step: Step, last: bool) -> Iterator[Sentence]:
        for position, note in self._group(step, 1):
            figure = note.cited.figure
            if position != step.paid_by:
                continue
            held = self.held.get(self._place(position), 0)
            limit = yuan(held + step.paid) if figure < pour.OPEN else yuan(figure)
            beyond = "由个人负担" if last else "转入下一层"
            yield Sentence(
                "ceiling",
                f"最高支付限额{limit}，此前{self._meter(position, note)}已支付{yuan(held)}，"
                f"本次只能支付{yuan(step.paid)}；超过限额的费用{yuan(step.rest)}{beyond}。",
                note.cited.cites,
            )

    def _advance(self, step: Step) -> None:
        amounts = (step.deductible, step.paid, step.cost - step.rest)
        for group, amount in enumerate(amounts):
            for position, _ in self._group(step, group):
                place = self._place(position)
                self.held[place] = self.held.get(place, 0) + amount


def _measure(meter: object) -> str:
    assert isinstance(meter, provision_kinds.Meter)
    names = {english: chinese for chinese, english in provision_kinds.METER_MEASURES.items()}
    return names[meter.measure]


def _closing(result: Result) -> Sentence:
    parts = [f"统筹基金支付{yuan(result.pool_fen)}"]
    if result.supplements_fen:
        parts.append(f"补充保障支付{yuan(result.supplements_fen)}")
    account = result.paid_by(provision_kinds.ACCOUNT)
    if account:
        parts.append(f"个人账户支付{yuan(account)}")
    parts.append(f"个人负担{yuan(result.person_fen - account)}")
    return Sentence("total", "合计：" + "，".join(parts) + "。")


def _figures(result: Result) -> Iterator[Cited]:
    for step in result.steps:
        yield step.note.rate
        yield from (note.cited for note in step.note.limits.values())


def _doubts(result: Result) -> Iterator[provision_kinds.Doubt]:
    for _, _, doubts in result.program.routes:
        yield from doubts
    if result.gate:
        yield from result.gate.doubts
    for step in result.steps:
        yield from step.note.doubts
    for cited in _figures(result):
        yield from cited.doubts


def _cites(sentences: Iterable[Sentence]) -> Iterator[Cite]:
    for sentence in sentences:
        yield from sentence.cites
