"""Settle a visit again under one mistake at a time, everything else equal.

A trial that comes out at what was paid is a likely cause. This module proposes trials; which of
them agrees with what was paid, and what the meters become, is `history`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from gongji.auditing import variants
from gongji.auditing.variants import Variants
from gongji.law.compile.cells import offered_benefits
from gongji.law.compile.citations import Cite, cite
from gongji.law.engine.area import Area
from gongji.law.engine.engine import Result, settle
from gongji.law.engine.person_meters import Key, Meters, key_of
from gongji.law.engine.visit import Visit
from gongji.law.kernel.price import first_self_pay
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.provision_kinds import Doubt
from gongji.law.rulebook.rulebook import FOREVER
from gongji.law.rulebook.vocabulary import LEVELS
from gongji.refusals import Refusal
from gongji.units import Fen, show_fen

Place = tuple[int, Key]
Moves = dict[Place, list[Fen]]
"""What a settlement added to each block of meters."""

NEAR = 92
"""Days around a change of rules within which the other version is the first suspicion."""
USED_UP: Fen = 1 << 60
NO_INSTITUTION_LEVEL = 0


@dataclass(frozen=True, eq=False)
class TrialSettled:
    """A visit settled on a copy of meters, and what it would add to them."""

    result: Result
    moves: Moves


@dataclass(frozen=True, eq=False)
class Trial:
    """A mistake tried: its cause, one sentence, what it leads to, and the articles concerned."""

    cause: str
    sentence: str
    settled: TrialSettled
    cites: tuple[Cite, ...]
    doubts: tuple[Doubt, ...] = ()
    reading: str = ""
    """The doubt whose other reading was tried on the whole history."""


@dataclass(frozen=True, eq=False)
class TrialCase:
    """A differing visit: the area and its variants, the meters before, what the law gives."""

    variants: Variants
    visit: Visit
    meters: Meters
    base: TrialSettled


def settle_on(
    area: Area, visit: Visit, meters: Meters, edit: Callable[[Meters], None] | None = None
) -> TrialSettled:
    """Settle a visit on a copy of the blocks that it uses; `edit` may falsify them first.

    Refuses: what `visit.settle` refuses.
    """
    fork = Meters(area.layout, {}, meters.visits)
    for number, dimension in enumerate(area.layout.dimensions):
        place = (number, key_of(dimension, visit, meters.visits))
        held = meters.blocks.get(place)
        fork.blocks[place] = list(held) if held else [0] * area.layout.widths[number]
    if edit:
        edit(fork)
    before = {place: list(block) for place, block in fork.blocks.items()}
    result = settle(area, visit, fork)
    moves = {
        place: [after - held for after, held in zip(fork.blocks[place], block, strict=True)]
        for place, block in before.items()
    }
    return TrialSettled(result, moves)


def move(meters: Meters, moves: Moves) -> None:
    """Add to meters what a settlement added; they never fall below nothing."""
    for place, added in moves.items():
        if any(added):
            block = meters.block(*place)
            block[:] = [max(0, held + fen) for held, fen in zip(block, added, strict=True)]
    meters.visits += 1


def cites_of(result: Result, measure: str) -> tuple[Cite, ...]:
    """The articles of a result's rates (`rate`) or of its limits of a measure."""
    found: list[Cite] = []
    for step in result.steps:
        if measure == "rate":
            found += step.note.rate.cites
            continue
        for limit in step.note.limits.values():
            if _measure(result, limit.meter) == measure:
                found += limit.cited.cites
    if not found and result.gate:
        found += result.gate.cites
    return tuple(dict.fromkeys(found))


def _measure(result: Result, meter: str) -> str:
    value = result.law.all(provision_kinds.Meter)[meter].value
    return value.measure


class Trials:
    """The mistakes that can be tried on one case."""

    def __init__(self, case: TrialCase) -> None:
        self.case = case
        self.base = case.base.result
        self.law = self.base.law
        self.area = case.variants.area

    def all(self) -> Iterator[Trial]:
        """Every trial that can be settled, in no particular order."""
        if self.base.refusal:
            yield from self._gates()
        yield from self._deductibles()
        yield from self._ceilings()
        yield from self._scope()
        yield from self._versions()
        yield from self._facts()

    def _try(
        self,
        cause: str,
        sentence: str,
        cites: tuple[Cite, ...],
        area: Area | None = None,
        visit: Visit | None = None,
        edit: Callable[[Meters], None] | None = None,
        doubts: tuple[Doubt, ...] = (),
    ) -> Iterator[Trial]:
        """One trial, or none where it cannot be settled."""
        try:
            settled = settle_on(area or self.area, visit or self.case.visit, self.case.meters, edit)
        except Refusal:
            return
        yield Trial(cause, sentence, settled, cites, doubts)

    def _gates(self) -> Iterator[Trial]:
        gate = self.base.gate
        assert gate
        area = self.case.variants.changed("gates", self.law, variants.without_gates)
        sentence = f"“{gate.name}”的情形不应支付，实付时未拦截。"
        yield from self._try("gate_ignored", sentence, (gate.cite,), area, doubts=gate.doubts)

    def _deductibles(self) -> Iterator[Trial]:
        cites = cites_of(self.base, "deductible")
        doubts = variants.doubts_of_law(self.law)
        used_up = any(s.paid_by and not s.paid for s in self.base.steps)
        area = self.case.variants.changed("deductible", self.law, variants.without_deductibles)
        if self.base.deductible_fen:
            taken = show_fen(self.base.deductible_fen)
            if used_up and "超限额起付" in doubts:
                doubt = doubts["超限额起付"][1]
                text = "限额用完后没有扣起付标准：这是存疑的另一种理解。"
                yield from self._try("other_reading", text, cites, area, doubts=(doubt,))
            else:
                text = f"应扣起付标准{taken}元，实付时未扣。"
                yield from self._try("deductible_skipped", text, cites, area)
        met = self._places("deductible")
        if not any(block[at] for block, at in self._held(self.case.meters, met)):
            return

        def forget(meters: Meters) -> None:
            for block, at in self._held(meters, met):
                block[at] = 0

        cause, shared = "deductible_again", ()
        text = "起付标准已经承担，实付时又扣了一次。"
        if "每次" in doubts and self.case.visit.visit:
            cause, shared = "other_reading", (doubts["每次"][1],)  # type: ignore[assignment]
            text = "同一挂号的几次结算各扣一次起付标准：这是存疑的另一种理解。"
        yield from self._try(cause, text, cites, edit=forget, doubts=shared)

    def _places(self, measure: str) -> list[tuple[int, int]]:
        """The dimensions and offsets of the meters of a measure."""
        return [
            (place.dimension, place.offset + number)
            for place in self.area.layout.meters.values()
            if place.measure == measure
            for number in range(place.size)
        ]

    def _held(
        self, meters: Meters, places: list[tuple[int, int]]
    ) -> Iterator[tuple[list[Fen], int]]:
        """The blocks of meters that the visit uses, with the offset of each of these places."""
        dimensions = self.area.layout.dimensions
        for number, offset in places:
            key = key_of(dimensions[number], self.case.visit, meters.visits)
            block = meters.blocks.get((number, key))
            if block:
                yield block, offset

    def _ceilings(self) -> Iterator[Trial]:
        cites = cites_of(self.base, "paid")
        bound = [step for step in self.base.steps if step.paid_by]
        if bound:
            area = self.case.variants.changed("ceiling", self.law, variants.without_ceilings)
            text = "已到最高支付限额，实付时未控制。"
            yield from self._try("ceiling_ignored", text, cites, area)
        first = next((step for step in self.base.steps if step.paid), None)
        if first is None:
            return
        code = self.base.program.code
        limits = [
            self.area.layout.split(code[at + 1])
            for at, note in first.note.limits.items()
            if _measure(self.base, note.meter) == "paid"
        ]

        def exhaust(meters: Meters) -> None:
            for block, at in self._held(meters, limits):
                block[at] = USED_UP

        if limits:
            text = f"“{first.note.layer.name}”的限额尚有余额，实付时当作已经用完。"
            yield from self._try("ceiling_exhausted", text, cites, edit=exhaust)

    def _scope(self) -> Iterator[Trial]:
        base, visit = self.base, self.case.visit
        provision = self.law.all(provision_kinds.Benefit).get(base.program.benefit)
        value = provision.value if provision else None
        own = value.first_self_pay if isinstance(value, provision_kinds.Benefit) else None
        cites = cites_of(base, "rate")
        if own and provision:
            cites = (cite(provision.book, own.article, own.node),)
        if base.total_fen > base.in_scope_fen and not visit.parts:
            whole = replace(visit, in_scope_fen=base.total_fen, total_fen=base.total_fen)
            if base.first_self_pay_fen or own:
                text = "先行自付的部分没有先扣除。"
                yield from self._try("self_pay_skipped", text, cites, visit=whole)
            else:
                outside = show_fen(base.total_fen - base.in_scope_fen)
                text = f"政策范围外费用{outside}元也计入了支付。"
                yield from self._try("outside_scope_paid", text, cites, visit=whole)
        if own and not visit.parts:
            twice = base.in_scope_fen - first_self_pay(base.in_scope_fen, own.share)
            less = replace(visit, in_scope_fen=twice, total_fen=base.total_fen)
            yield from self._try("self_pay_again", "先行自付扣了两次。", cites, visit=less)

    def _versions(self) -> Iterator[Trial]:
        day = self.case.visit.day
        since, until = self.law.since, self.law.until
        named = {
            -1: ("previous_version", "沿用了修改前的规定", day - since),
            1: ("next_version", "提前适用了修改后的规定", until - day if until < FOREVER else 0),
        }
        for step, (cause, words, days) in named.items():
            other = self.case.variants.neighbour(self.law, step)
            if other is None:
                continue
            law = other.law(day)
            numbers = "、".join(dict.fromkeys(book.head.number for book in law.books))
            text = f"{words}（{numbers}），距变更{days}天。"
            cites = cites_of(self.base, "rate")
            yield from self._try(cause, text, cites, other)
        last_year = self.case.variants.last_year(self.law)
        if last_year:
            cites = cites_of(self.base, "paid")
            yield from self._try("last_year", "用了上一年度的限额数字。", cites, last_year)

    def _facts(self) -> Iterator[Trial]:
        visit, cites = self.case.visit, cites_of(self.base, "rate")
        status = visit.facts["status"]
        other = {"active": "retired", "retired": "active"}.get(str(status))
        if other:
            names = {"active": "在职", "retired": "退休"}
            text = f"按{names[other]}结算可得实付金额，应按{names[str(status)]}。"
            facts = visit.facts | {"status": other}
            yield from self._try("wrong_status", text, cites, visit=replace(visit, facts=facts))
        pharmacy = bool(visit.facts.get("institution_kind", 0))
        columns = ("prescriber_level",) if pharmacy else ("level",)
        names_of = {int(code): name for name, code in LEVELS.items() if code in ("1", "2", "3")}
        for column in columns:
            given = visit.facts.get(column, NO_INSTITUTION_LEVEL)
            for level, name in names_of.items():
                if level == given:
                    continue
                right = names_of.get(int(str(given)), "未注明级别")
                text = f"按{name}结算可得实付金额，应按{right}。"
                facts = visit.facts | {column: level}
                if not pharmacy:
                    facts.pop("parent_level", None)
                yield from self._try("wrong_level", text, cites, visit=replace(visit, facts=facts))
        facts = visit.facts | {"institution_kind": int(not pharmacy)}
        kinds = ("医疗机构", "药店")
        text = f"按{kinds[not pharmacy]}结算可得实付金额，应按{kinds[pharmacy]}。"
        yield from self._try("wrong_institution", text, cites, visit=replace(visit, facts=facts))
        for name in offered_benefits(self.law):
            code = self.law.benefits[name]
            if code != visit.benefit:
                right = self.law.benefit_name(visit.benefit)
                text = f"按“{name}”结算可得实付金额，应按“{right}”。"
                changed = replace(visit, benefit=code)
                yield from self._try("wrong_benefit", text, cites, visit=changed)
