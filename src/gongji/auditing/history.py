"""One person's visits audited in order: what the law gives, what was paid, why they differ.

Two tracks of meters run side by side once they part: what the law says was used, and what was paid.
A visit that is right by the meters of what was paid is not wrong in itself: its difference was
carried forward, and the visit that moved the meters is named.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from gongji.auditing import variants
from gongji.auditing.causes import CAUSES
from gongji.auditing.trials import (
    NEAR,
    Moves,
    Place,
    Trial,
    TrialCase,
    Trials,
    TrialSettled,
    cites_of,
    move,
    settle_on,
)
from gongji.auditing.variants import Variants
from gongji.law.compile.citations import Cite
from gongji.law.compile.layout import Layout
from gongji.law.engine.area import Area
from gongji.law.engine.engine import Result
from gongji.law.engine.person_meters import Meters, key_of
from gongji.law.engine.visit import Visit
from gongji.law.rulebook.provision_kinds import Doubt, Meter
from gongji.refusals import Refusal
from gongji.units import WHOLE, Fen, show_fen

POOL = "pool"
LAW, PAID = "law", "paid"
"""By which meters the next visit is judged: what the law says, or what was paid."""


@dataclass(frozen=True, eq=False)
class Finding:
    """One visit that was not paid as the law says.

    `due` and `paid` by the names of the paid columns; `row_number` counts the rows of the file
    from 1; `also` other causes that reproduce what was paid; `exact` whether every given amount
    agrees with the cause.
    """

    row_number: int
    visit: Visit
    due: dict[str, Fen]
    paid: dict[str, Fen]
    cause: str
    sentence: str
    cites: tuple[Cite, ...]
    doubts: tuple[Doubt, ...] = ()
    also: tuple[str, ...] = ()
    from_row: int = 0
    exact: bool = True

    @property
    def difference_fen(self) -> Fen:
        """What the pool paid too much (above zero) or too little."""
        return self.paid[POOL] - self.due[POOL]


def amounts(result: Result, names: tuple[str, ...]) -> dict[str, Fen]:
    """The amounts of a result under the names of paid columns; a layer not reached paid nothing."""
    known = {
        POOL: result.pool_fen,
        "supplements": result.supplements_fen,
        "person": result.person_fen,
        "deductible": result.deductible_fen,
    }
    layers = result.layers
    return {name: known[name] if name in known else layers.get(name, 0) for name in names}


@dataclass
class History:
    """The visits of one person in one area, audited one by one."""

    area: Area
    variants: Variants
    mode: str = LAW
    law_meters: Meters = field(init=False)
    paid_meters: Meters = field(init=False)
    opening: Meters = field(init=False)
    past: list[Visit] = field(default_factory=list)
    origins: dict[Place, int] = field(default_factory=dict)
    readings: dict[str, "_Reading"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.law_meters = Meters(self.area.layout)
        self.paid_meters = self.law_meters
        self.opening = Meters(self.area.layout)

    def open(self, used: Callable[[Meters], None]) -> None:
        """Begin with what was used before the first visit."""
        used(self.law_meters)
        self.opening = _copy(self.law_meters)

    def audit(self, row: int, visit: Visit, paid: dict[str, Fen]) -> Finding | None:
        """Judge the next visit of the person and move both tracks of meters.

        Refuses: what `visit.settle` refuses; no meter has moved then.
        """
        names = tuple(paid)
        parted = self.law_meters is not self.paid_meters
        by_law = settle_on(self.area, visit, self.law_meters)
        by_paid = settle_on(self.area, visit, self.paid_meters) if parted else by_law
        base = by_law if self.mode == LAW else by_paid
        finding, explained = None, base
        if amounts(base.result, names) != paid:
            finding, explained = self._explain(row, visit, paid, by_law, by_paid)
        self._advance(row, visit, by_law, explained, finding)
        self.past.append(visit)
        return finding

    def _advance(
        self,
        row: int,
        visit: Visit,
        by_law: TrialSettled,
        explained: TrialSettled,
        finding: Finding | None,
    ) -> None:
        """Move the track of the law by the law, that of what was paid by what explains it."""
        if finding is not None and self.law_meters is self.paid_meters:
            self.paid_meters = _copy(self.law_meters)
        if self.law_meters is self.paid_meters:
            move(self.law_meters, by_law.moves)
            return
        move(self.law_meters, by_law.moves)
        moves = explained.moves
        if finding is not None and finding.cause in ("unknown", "split_inconsistent", "rounding"):
            moves = _adjusted(self.area.layout, explained, finding)
        move(self.paid_meters, moves)
        if finding is not None and finding.cause != "carried_forward":
            for place in moves.keys() | by_law.moves.keys():
                if moves.get(place) != by_law.moves.get(place):
                    self.origins[place] = row

    def _explain(
        self,
        row: int,
        visit: Visit,
        paid: dict[str, Fen],
        by_law: TrialSettled,
        by_paid: TrialSettled,
    ) -> tuple[Finding, TrialSettled]:
        """The likely cause of a difference and the settlement that reproduces what was paid."""
        by_the_law = self.mode == LAW
        base = by_law if by_the_law else by_paid
        meters = self.law_meters if by_the_law else self.paid_meters
        due = amounts(base.result, tuple(paid))
        found = list(self._carried(visit, base, by_law, by_paid))
        found += Trials(TrialCase(self.variants, visit, meters, base)).all()
        found += _rounded(base, paid, due)
        found += self._read_otherwise(visit)
        candidates = [*_agreeing(found, paid, due), *_nothing_paid(base, paid, due)]
        if not candidates and by_law is not by_paid and by_the_law:
            # A mistake in this visit may have come on top of meters that were already wrong.
            again = Trials(TrialCase(self.variants, visit, self.paid_meters, by_paid)).all()
            candidates = _agreeing(again, paid, due)
        if candidates:
            return self._finding(row, visit, paid, due, candidates)
        return self._unknown(row, visit, paid, due, by_paid)

    def _finding(
        self,
        row: int,
        visit: Visit,
        paid: dict[str, Fen],
        due: dict[str, Fen],
        candidates: list[tuple[Trial, int]],
    ) -> tuple[Finding, TrialSettled]:
        ranks = self._ranks(visit)
        candidates.sort(key=lambda pair: (-pair[1], ranks.index(pair[0].cause)))
        trial, agreed = candidates[0]
        if trial.reading:
            self.readings[trial.reading].shown = True
        also = dict.fromkeys(t.cause for t, level in candidates[1:] if level == agreed)
        finding = Finding(
            row,
            visit,
            due,
            paid,
            trial.cause,
            trial.sentence,
            trial.cites,
            trial.doubts,
            tuple(cause for cause in also if cause != trial.cause),
            self._origin(visit) if trial.cause == "carried_forward" else 0,
            agreed == 2,
        )
        return finding, trial.settled

    def _ranks(self, visit: Visit) -> list[str]:
        """The causes in the order of preference for this visit."""
        ranks = list(CAUSES)
        law = self.area.law(visit.day)
        near = {
            "previous_version": visit.day - law.since < NEAR,
            "next_version": law.until - visit.day <= NEAR,
        }
        for cause in near:
            ranks.remove(cause)
            ranks.insert(ranks.index("deductible_again" if near[cause] else "wrong_benefit"), cause)
        if self.readings and any(reading.shown for reading in self.readings.values()):
            ranks.remove("other_reading")
            ranks.insert(0, "other_reading")
        return ranks

    def _unknown(
        self,
        row: int,
        visit: Visit,
        paid: dict[str, Fen],
        due: dict[str, Fen],
        by_paid: TrialSettled,
    ) -> tuple[Finding, TrialSettled]:
        cause, text = "unknown", "没有一种常见的错误能得出实付金额。"
        if paid[POOL] == due[POOL]:
            cause = "split_inconsistent"
            names = [name for name in paid if paid[name] != due[name]]
            text = f"统筹支付相符，{'、'.join(names)}不符。"
        cites = cites_of(by_paid.result, "rate")
        settled = by_paid
        if by_paid.result.refusal:
            free = self.variants.changed("gates", by_paid.result.law, variants.without_gates)
            assert free
            try:
                settled = settle_on(free, visit, self.paid_meters)
            except Refusal:
                settled = by_paid
        return Finding(row, visit, due, paid, cause, text, cites, exact=False), settled

    def _carried(
        self, visit: Visit, base: TrialSettled, by_law: TrialSettled, by_paid: TrialSettled
    ) -> Iterator[Trial]:
        """The settlement by the other track, where the tracks have parted."""
        if by_law is by_paid:
            return
        other = by_paid if base is by_law else by_law
        cites = (*cites_of(base.result, "paid"), *cites_of(base.result, "deductible"))
        if base is by_law:
            at = self._origin(visit)
            text = f"本次按此前的实付累计是对的；累计的差异来自第 {at} 行。"
        else:
            text = "按规则的累计结算，而不是按实付的累计。"
        yield Trial("carried_forward", text, other, cites)

    def _origin(self, visit: Visit) -> int:
        """The row of the last visit that moved a meter of this one otherwise than the law does."""
        rows = [0]
        for number, dimension in enumerate(self.area.layout.dimensions):
            place = (number, key_of(dimension, visit, self.law_meters.visits))
            if self.law_meters.blocks.get(place) != self.paid_meters.blocks.get(place):
                rows.append(self.origins.get(place, 0))
        return max(rows)

    def _read_otherwise(self, visit: Visit) -> Iterator[Trial]:
        """The whole history settled by the other reading of a doubt."""
        law = self.area.law(visit.day)
        doubts = variants.doubts_of_law(law)
        for name, change in variants.READINGS.items():
            if name not in doubts:
                continue
            area = self.variants.changed(f"reading {name}", law, change)
            if area is None:
                continue
            if name not in self.readings:
                self.readings[name] = _Reading(_copy(self.opening))
            reading = self.readings[name]
            reading.catch_up(area, self.past)
            number, doubt = doubts[name]
            try:
                settled = settle_on(area, visit, reading.meters)
            except Refusal:
                continue
            cite = Cite(number, doubt.article, doubt.node.file, doubt.node.line, "官方")
            text = f"按存疑“{name}”的另一种理解结算：{doubt.other}。"
            yield Trial("other_reading", text, settled, (cite,), (doubt,), name)


def _copy(meters: Meters) -> Meters:
    """Meters that go on by themselves."""
    blocks = {place: list(block) for place, block in meters.blocks.items()}
    return Meters(meters.layout, blocks, meters.visits)


@dataclass
class _Reading:
    """A person's meters as another reading of the law would have moved them."""

    meters: Meters
    done: int = 0
    shown: bool = False

    def catch_up(self, area: Area, past: list[Visit]) -> None:
        """Settle the visits that have not been settled by this reading yet."""
        for visit in past[self.done :]:
            try:
                move(self.meters, settle_on(area, visit, self.meters).moves)
            except Refusal:
                self.meters.visits += 1
        self.done = len(past)


def _agreeing(
    trials: Iterable[Trial], paid: dict[str, Fen], due: dict[str, Fen]
) -> list[tuple[Trial, int]]:
    """The trials that reproduce what was paid: 2 with every amount, 1 with the pool's only."""
    found = []
    for trial in trials:
        got = amounts(trial.settled.result, tuple(paid))
        if trial.cause == "rounding" or (got == paid != due):
            found.append((trial, 2))
        elif got[POOL] == paid[POOL] != due[POOL]:
            found.append((trial, 1))
    return found


def _nothing_paid(
    base: TrialSettled, paid: dict[str, Fen], due: dict[str, Fen]
) -> Iterator[tuple[Trial, int]]:
    """Nothing was paid though something was payable: it agrees where all else is nothing too."""
    if paid[POOL] == 0 < due[POOL]:
        nothing = dict.fromkeys(paid, 0) | {"person": base.result.total_fen}
        whole = all(paid[name] == nothing[name] for name in paid)
        text = f"应支付{show_fen(due[POOL])}元，实付为零。"
        cites = cites_of(base.result, "rate")
        yield Trial("paid_zero", text, TrialSettled(base.result, {}), cites), 2 if whole else 1


def _rounded(base: TrialSettled, paid: dict[str, Fen], due: dict[str, Fen]) -> Iterator[Trial]:
    """A difference of a fen: cut off, or rounded up."""
    if any(abs(paid[name] - due[name]) > 1 for name in paid):
        return
    exact = [
        (step.taken - step.deductible) * step.note.rate.figure % WHOLE
        for step in base.result.steps
        if not step.paid_by and step.note.rate.figure > 0
    ]
    if paid[POOL] < due[POOL] and any(2 * rest >= WHOLE for rest in exact):
        text = "不足一分的部分被舍去；应四舍五入到分。"
    elif paid[POOL] > due[POOL] and any(0 < 2 * rest < WHOLE for rest in exact):
        text = "不足一分的部分被进为一分；应四舍五入到分。"
    else:
        text = "相差一分。"
    yield Trial("rounding", text, base, cites_of(base.result, "rate"))


def _adjusted(layout: Layout, settled: TrialSettled, finding: Finding) -> Moves:
    """What a settlement added, the ceilings of its first layer corrected by what was paid."""
    moves = {place: list(added) for place, added in settled.moves.items()}
    result = settled.result
    extra = finding.paid[POOL] - result.pool_fen
    first = next((step for step in result.steps if step.note.layer.payer == "统筹基金"), None)
    if first is None:
        return moves
    code = result.program.code
    by_dimension = {place[0]: place for place in moves}
    meters = result.law.all(Meter)
    for position, note in first.note.limits.items():
        if getattr(meters[note.meter].value, "measure", "") == "paid":
            dimension, offset = layout.split(code[position + 1])
            moves[by_dimension[dimension]][offset] += extra
    return moves
