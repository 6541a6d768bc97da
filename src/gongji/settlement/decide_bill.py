"""Decide one bill: the engine on its visit, who pays the rest; and the same again later.

Nothing is read from a database and no clock is asked: `redo` gives a stored settlement again from
what its entry keeps.
"""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any

import msgspec
from msgspec.structs import replace

from gongji import __version__
from gongji.law.compile.citations import StepNote
from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.law.engine.engine import Result, Step, settle
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import Value, Visit, check_visit
from gongji.law.explain.sentences import Explanation, explain
from gongji.law.kernel import pour
from gongji.law.rulebook import provision_kinds
from gongji.ledger import chart, meter_rows
from gongji.ledger.entry_contents import (
    AccountsAvailable,
    Decision,
    KeptStep,
    MeterRow,
    SettledFacts,
    Sums,
)
from gongji.ledger.entry_rows import COLUMNS, EntryRow, PostingRow, SettlementRow
from gongji.refusals import REFUSALS, Refusal
from gongji.settlement.allocate import Payment, allocate
from gongji.settlement.nothing_paid import nothing_paid
from gongji.units import Fen, day_of

POOL = "pool"
"""The pooled fund among `Outcome.limits`; the others are payers by their name in the rulebook."""


class Decided(msgspec.Struct, frozen=True):
    """A bill decided: the engine's result and who pays; `told` as in `SettledFacts`."""

    area: Area
    sums: Sums
    available: AccountsAvailable
    result: Result
    payment: Payment
    told: tuple[str, ...] = ()

    @property
    def benefit(self) -> str:
        """The code of the benefit by whose rules the bill was settled, after routing."""
        law, name = self.result.law, self.result.program.benefit
        return law.benefits.get(name, self.result.visit.benefit)


def decide(
    area: Area,
    visit: Visit,
    sums: Sums,
    available: AccountsAvailable,
    used: Meters,
    told: tuple[str, ...] = (),
) -> Decided:
    """The engine's result on a visit, and who pays the person's part; meters move.

    Refuses: field_unknown, value_invalid for a fact that the law does not know; what the engine
             refuses (a gate is no refusal: the pool then pays nothing).
    """
    check_visit(visit, area.law(visit.day))
    result = settle(area, visit, used)
    return Decided(area, sums, available, result, allocate(result, sums, available), told)


def row_of(decided: Decided, base: Mapping[str, Any], visit: int | None) -> EntryRow:
    """The entry of a decided bill of a visit; `base` has who, when and where, as columns."""
    result, sums, payment = decided.result, decided.sums, decided.payment
    if visit is not None and result.visit.visit != str(visit):
        # A purchase has its visit only now.
        result = replace(result, visit=replace(result.visit, visit=str(visit)))
    before, moves = meter_rows.readings(decided.area, result)
    settled = SettlementRow(
        visit=visit,
        benefit=decided.benefit,
        total_fen=sums.total_fen,
        above_standard_fen=sums.above_standard_fen,
        wholly_own_fen=sums.wholly_own_fen,
        first_self_pay_fen=sums.first_self_pay_fen,
        in_scope_fen=sums.in_scope_fen,
        deductible_fen=result.deductible_fen,
        pool_fen=result.pool_fen,
        supplements_fen=result.supplements_fen,
        account_fen=payment.own_fen,
        family_fen=payment.family_fen,
        cash_fen=payment.cash_fen,
        borne_fen=result.borne_fen,
        facts=SettledFacts(
            visit=result.visit, sums=sums, accounts=decided.available, told=decided.told
        ),
        result=_said(decided, result, before),
        rulebook=result.law.documents,
        law_hash=result.law.hash,
        engine=__version__,
    )
    return EntryRow(**base, law=decided.area.version, meters=moves, settlement=settled)


BASE = tuple(name for name in COLUMNS if name not in ("law", "meters"))
"""The columns of an entry that are not decided but given."""


def _said(decided: Decided, result: Result, before: list[MeterRow]) -> Decision:
    """What was decided, as it is kept."""
    reasons, refusal, article = list(decided.payment.notes), "", ""
    if result.gate:
        cite = result.gate.cite
        refusal, article = result.refusal, f"{cite.document} {cite.article}"
        reasons.insert(0, f"统筹基金不予支付：{REFUSALS[refusal]}〔{article}〕")
    elif why := nothing_paid(result, decided.sums):
        reasons.insert(0, why)
    return Decision(
        benefit=result.visit.benefit,
        payers=supplements(result),
        family=decided.payment.family,
        steps=tuple(_step(step) for step in result.steps),
        reasons=tuple(reasons),
        meters=tuple(before),
        doubts=tuple(_doubts(result)),
        routes=tuple(
            f"{name}〔{cite.document} {cite.article}〕" for name, cite, _ in result.program.routes
        ),
        refusal=refusal,
        article=article,
        limits=tuple(meter_rows.limited(decided.area, result, _figures(result))),
    )


def _figures(result: Result) -> dict[int, Fen]:
    """Up to where each meter could be moved: the highest of its limits, by its place.

    A meter that some layer moves without a limit, or up to an amount that came with the visit, is
    left out.
    """
    found: dict[int, Fen] = {}
    for step in result.steps:
        for position, limit in step.note.limits.items():
            place, figure = result.program.code[position + 1], limit.cited.figure
            known = figure if 0 <= figure < pour.ROOM else pour.ROOM
            found[place] = max(found.get(place, 0), known)
    return {place: figure for place, figure in found.items() if figure < pour.ROOM}


def supplements(result: Result) -> dict[str, Fen]:
    """What each fund other than the pool and the account pays, by the payer's name."""
    paid: dict[str, Fen] = {}
    for step in result.steps:
        payer = step.note.layer.payer
        if step.paid and payer not in provision_kinds.NO_SUPPLEMENTS:
            paid[payer] = paid.get(payer, 0) + step.paid
    return paid


def _step(step: Step) -> KeptStep:
    """A layer as it is kept."""
    layer, rate = step.note.layer, step.note.rate.figure
    return KeptStep(
        layer.code, layer.payer, rate, step.cost, step.deductible, step.paid, articles(step.note)
    )


@lru_cache(maxsize=4096)
def _noted(note: StepNote) -> tuple[str, tuple[str, ...]]:
    """The articles and the doubts that a step rests on."""
    figures = [note.rate, *(limit.cited for limit in note.limits.values())]
    cites = [*note.onward, *(cite for cited in figures for cite in cited.cites)]
    said = "；".join(dict.fromkeys(f"{cite.document} {cite.article}" for cite in cites))
    doubts = [*note.doubts, *(doubt for cited in figures for doubt in cited.doubts)]
    return said, tuple(dict.fromkeys(doubt.question for doubt in doubts))


def articles(note: StepNote) -> str:
    """The articles that a step rests on, each once."""
    return _noted(note)[0]


def _doubts(result: Result) -> dict[str, None]:
    """The questions that the result rests on."""
    found: dict[str, None] = {}
    for _, _, doubts in result.program.routes:
        found |= dict.fromkeys(doubt.question for doubt in doubts)
    for doubt in result.gate.doubts if result.gate else ():
        found[doubt.question] = None
    for step in result.steps:
        found |= dict.fromkeys(_noted(step.note)[1])
    return found


def postings(decided: Decided, entry: EntryRow) -> list[PostingRow]:
    """The postings of a settlement: from whoever pays to the institution, each in its own fund."""
    assert entry.id is not None
    settled, by = entry.settlement, entry.supplements
    paid: list[tuple[str, str, Fen]] = [
        (chart.POOL, "", settled.pool_fen),
        *((chart.SUPPLEMENT, payer, amount) for payer, amount in by.items()),
        (chart.ACCOUNT, str(entry.person), settled.account_fen),
        *((chart.ACCOUNT, str(owner), amount) for owner, amount in decided.payment.family),
    ]
    moved = [one for one in paid if one[2]]
    return [
        PostingRow(
            entry.id,
            number,
            entry.area,
            chart.fund_of(kind, owner),
            kind,
            owner,
            chart.PROVIDER,
            entry.institution,
            amount,
            settled.benefit if kind == chart.POOL else "",
            "" if kind == chart.ACCOUNT else _article(decided.result, owner, kind),
        )
        for number, (kind, owner, amount) in enumerate(moved, start=1)
    ]


def _article(result: Result, payer: str, kind: str) -> str:
    wanted = provision_kinds.POOL if kind == chart.POOL else payer
    found = (articles(s.note) for s in result.steps if s.paid and s.note.layer.payer == wanted)
    return "；".join(dict.fromkeys(found))[:300]


def limits(decided: Decided) -> dict[str, Fen]:
    """What each fund could still have paid before the bill: the room of its tightest ceiling.

    Shape:   `pool` or the payer's name -> fen; a fund without a ceiling is left out.
    """
    result = decided.result
    before = {reading.place: reading.before for reading in result.readings}
    places = decided.area.layout.meters
    found: dict[str, Fen] = {}
    for step in result.steps:
        payer = step.note.layer.payer
        fund = POOL if payer == provision_kinds.POOL else payer
        rooms = [
            max(0, limit.cited.figure - before[result.program.code[position + 1]])
            for position, limit in step.note.limits.items()
            if places[limit.meter].measure == "paid" and 0 <= limit.cited.figure < 1 << 61
        ]
        if rooms:
            found.setdefault(fund, min(rooms))
    return found


def redo(entry: EntryRow, used: Meters, areas: Areas) -> EntryRow:
    """The entry that the stored facts of a settlement give today, from meters as they were.

    `used` (gongji.ledger.meter_rows) moves. Ids, dates and message are the stored entry's.
    Refuses: what `decide` refuses.
    """
    base = {name: getattr(entry, name) for name in BASE}
    return row_of(decided_again(entry, used, areas), base, entry.settlement.visit)


def decided_again(entry: EntryRow, used: Meters, areas: Areas) -> Decided:
    """A stored settlement decided again, from its stored facts and from meters that are given."""
    kept = entry.settled
    area = areas.area(entry.area)
    return decide(area, kept.visit, kept.sums, kept.accounts, used, kept.told)


def explanation(entry: EntryRow, areas: Areas) -> Explanation:
    """The explanation of a stored settlement, from the facts and the meters that it keeps.

    Refuses: law_changed where the documents in force are no longer those that it was settled by.
    """
    area = areas.area(entry.area)
    if areas.law_hash(entry.area, day_of(entry.service_date)) != entry.settlement.law_hash:
        raise Refusal("law_changed", "law_hash", {"value": entry.settlement.rulebook})
    used = meter_rows.load(area, entry.decision.meters if entry.decision else ())
    return explain(decided_again(entry, used, areas).result)


def stub(facts: Mapping[str, Value], day: date, visit: str) -> Visit:
    """A visit with only what tells its meters apart."""
    return Visit("", day_of(day), "", None, None, dict(facts), visit=visit)
