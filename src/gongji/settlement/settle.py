"""Settle any number of bills in one transaction.

The statements are the same, whatever the number of bills and lines: lock the persons; read what is
asked; read what it stands among; write. In between the bills are decided one after the other in
Python, each on the meters and balances that the one before left. `gongji.settlement.queries` reads,
`plan` and `decide` think, this module keeps the order and writes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg import errors

from gongji.law.engine.areas import Areas
from gongji.ledger.entry_rows import SETTLEMENT, EntryRow, PostingRow
from gongji.ledger.post import post
from gongji.platform.arrays import array, written
from gongji.refusals import Refusal
from gongji.settlement import decide_bill, messages
from gongji.settlement.contract import WITHIN, Bounds, Key, Outcome, Request
from gongji.settlement.plan import Plan, Table, plan_cases
from gongji.settlement.queries import Around, Case, lock, read_around, read_cases
from gongji.settlement.store_lines import NewPurchase, write_purchase
from gongji.units import day_in_china

__all__ = ["Bounds", "Encode", "Failure", "settle"]

Connection = psycopg.Connection[Any]

Encode = Callable[[Request, Outcome], bytes]
"""How the gateway writes the reply that is stored with the message."""

TRIES = 4
"""How often a request that is alone is tried when others get in its way."""

SETTLED = """update charge_batch c set settled_by = k.entry
from unnest(%s::bigint[], %s::bigint[]) k(batch, entry)
where c.id = k.batch and c.settled_by is null and c.withdrawn_at is null"""

USED = """insert into prescription_use (prescriber, number, entry_id)
select * from unnest(%s::text[], %s::text[], %s::bigint[])"""


class Failure(Outcome, frozen=True):
    """An accident to one request (never stored): nothing of it was kept, a retry may succeed."""

    error: Exception | None = None


class _Moved(Exception):
    """What was read is no longer so: a batch was settled or withdrawn meanwhile."""


def settle(
    connection: Connection,
    requests: Sequence[Request],
    rules: Areas,
    now: datetime,
    bounds: Bounds = WITHIN,
    encode: Encode | None = None,
) -> list[Outcome]:
    """One outcome for each request, in their order; all in one transaction.

    The caller holds no transaction. An error retries one by one; what still fails is a `Failure`.
    `encode` makes the reply that is stored with the message and given back for the same message;
    without it the replayed answer is empty.

    Law:     楚政规〔2022〕2号 第二十一条; 邵阳 第九条; 云浮 第二十一条: settled at once.
    Refuses: (as outcomes) every refusal of docs/inside/settlement.md; a gate of the pool is none.
    Ensures: a request is settled once, whatever the number of times that it is sent.
    """
    if not requests:
        return []
    batch = _Batch(rules, now, bounds, encode)
    try:
        return batch.run(connection, requests)
    except psycopg.OperationalError as error:
        if connection.broken or len(requests) == 1 and not _passing(error):
            raise
    except Exception:
        if connection.broken:
            raise
    return [_alone(connection, request, batch) for request in requests]


def _passing(error: Exception) -> bool:
    """Whether trying again may succeed: others were in the way."""
    return isinstance(
        error,
        _Moved
        | errors.UniqueViolation
        | errors.DeadlockDetected
        | errors.SerializationFailure
        | errors.LockNotAvailable,
    )


def _alone(connection: Connection, request: Request, batch: "_Batch") -> Outcome:
    """A request by itself, tried again while others get in its way."""
    for attempt in range(1, TRIES + 1):
        try:
            return batch.run(connection, [request])[0]
        except errors.CheckViolation as error:
            if error.diag.constraint_name == "entry_period_open":
                # Closed between the reading and the writing: the next attempt sees it.
                continue
            return Failure(error=error)
        except Exception as error:
            if connection.broken:
                raise
            if not _passing(error) or attempt == TRIES:
                return Failure(error=error)
    raise AssertionError("unreachable")


class _Made(msgspec.Struct):
    """A bill that was decided: its plan and what came out."""

    plan: Plan
    decided: decide_bill.Decided
    balance_fen: int
    limits: dict[str, int]
    entry: EntryRow | None = None


@dataclass
class _Batch:
    """What all the bills of a call share."""

    rules: Areas
    now: datetime
    bounds: Bounds
    encode: Encode | None

    def run(self, connection: Connection, requests: Sequence[Request]) -> list[Outcome]:
        """Settle requests in one transaction.

        Refuses: database errors and accidents as they come; then nothing is kept.
        """
        today = day_in_china(self.now)
        cases = [Case(place, request) for place, request in enumerate(requests)]
        for case in cases:
            if case.request.purchase:
                case.day = day_in_china(case.request.purchase.begun_at)
                case.institution = case.request.key.institution
        with connection.transaction():
            lock(connection, requests)
            found = read_cases(connection, cases, today.replace(day=1))
            outcomes: dict[int, Outcome] = {}
            again: dict[int, int] = {}
            fresh = self._fresh(found.cases, found.messages, outcomes, again)
            table = Table(self.rules, today, self.bounds, found.closed)
            plans = plan_cases(connection, fresh, table, outcomes)
            around = read_around(connection, table.wanted(plans))
            made = self._decide(plans, table, around, outcomes)
            kept = self._write(connection, made, around, fresh, outcomes)
            for place, first in again.items():
                outcomes[place] = _repeated(requests[place].key, requests[first].key, kept[first])
        return [outcomes[place] for place in range(len(requests))]

    def _fresh(
        self,
        cases: Sequence[Case],
        logged: dict[tuple[str, str], Any],
        outcomes: dict[int, Outcome],
        again: dict[int, int],
    ) -> list[Case]:
        """The cases that are not answered yet; repeated ones of this batch go to `again`."""
        first: dict[tuple[str, str], int] = {}
        fresh = []
        for case in cases:
            key = case.request.key
            name = (key.institution, key.msgid)
            if case.request.trial:
                fresh.append(case)
            elif name in logged:
                outcomes[case.place] = messages.seen(key, logged[name])
            elif name in first:
                again[case.place] = first[name]
            else:
                first[name] = case.place
                fresh.append(case)
        return fresh

    def _decide(
        self, plans: Sequence[Plan], table: Table, around: Around, outcomes: dict[int, Outcome]
    ) -> list[_Made]:
        """Decide bills in their order, each on what the one before left; trials leave nothing."""
        state = table.state(around)
        made = []
        for plan in plans:
            try:
                with state.holding(plan):
                    decided, limits, balance = state.decide(plan)
            except Refusal as refusal:
                outcomes[plan.case.place] = Outcome(refusal=refusal)
                continue
            made.append(_Made(plan, decided, balance, limits))
        return made

    def _base(self, made: _Made, number: int | None, today: Any) -> dict[str, Any]:
        case = made.plan.case
        return {
            "id": number,
            "area": made.plan.home,
            "person_id": case.person,
            "kind": SETTLEMENT,
            "service_date": made.plan.day,
            "accounting_date": today,
            "settled_at": self.now,
            "institution": case.institution,
            "visit": case.visit,
            "batch": case.batch,
            "msgid": case.request.key.msgid,
        }

    def _write(
        self,
        connection: Connection,
        made: Sequence[_Made],
        around: Around,
        fresh: Sequence[Case],
        outcomes: dict[int, Outcome],
    ) -> dict[int, bytes]:
        """Enter what was decided and keep the answers; a trial only gets its outcome.

        Returns: the replies that were kept, by place.
        """
        real = [one for one in made if not one.plan.case.request.trial]
        self._keep_purchases(connection, real)
        today = day_in_china(self.now)
        numbers = iter(around.ids)
        entries: list[EntryRow] = []
        movements: list[PostingRow] = []
        for one in made:
            trial = one.plan.case.request.trial
            base = self._base(one, None if trial else next(numbers), today)
            one.entry = decide_bill.row_of(one.decided, base, self.rules)
            if not trial:
                entries.append(one.entry)
                movements += decide_bill.postings(one.decided, one.entry)
            outcomes[one.plan.case.place] = _outcome(one)
        answers = {
            case.place: self._answer(case.request, outcomes[case.place])
            for case in fresh
            if not case.request.trial
        }
        with connection.pipeline():
            post(connection, entries, movements)
            marked = _mark(connection, real)
            messages.keep(connection, list(answers.values()))
        if marked and marked.rowcount != len(real):
            raise _Moved("a batch was settled or withdrawn meanwhile")
        return {place: answer.reply or b"" for place, answer in answers.items()}

    def _answer(self, request: Request, outcome: Outcome) -> messages.Answer:
        number = outcome.entry.id if outcome.entry else None
        reply = self.encode(request, outcome) if self.encode else None
        return messages.Answer(request.key, reply, number)

    def _keep_purchases(self, connection: Connection, real: Sequence[_Made]) -> None:
        """Purchases get their visit and batch now that they are accepted."""
        bought = [one.plan for one in real if one.plan.case.request.purchase]
        new = []
        for plan in bought:
            request = plan.case.request
            assert request.purchase is not None and plan.case.person is not None
            new.append(
                NewPurchase(
                    plan.home,
                    plan.case.person,
                    request.key.msgid,
                    replace(request.purchase, med_type=request.med_type),
                    plan.case.priced,
                )
            )
        for plan, (visit, batch) in zip(bought, write_purchase(connection, new), strict=True):
            plan.case.visit, plan.case.batch = visit, batch


def _repeated(key: Key, first: Key, reply: bytes) -> Outcome:
    """The answer to a message that came twice in one batch."""
    if (key.content_hash, key.infno) == (first.content_hash, first.infno):
        return Outcome(replayed=reply)
    names = messages.differing(first.infno, first.content, key)
    return Outcome(refusal=messages.differs(key, names))


def _outcome(made: _Made) -> Outcome:
    case = made.plan.case
    lines = case.priced.lines if case.priced else ()
    return Outcome(
        entry=made.entry,
        balance_fen=made.balance_fen,
        limits=made.limits,
        lines=tuple(lines),
        warnings=tuple(made.plan.warnings),
    )


def _mark(connection: Connection, real: Sequence[_Made]) -> psycopg.Cursor[Any] | None:
    """Mark batches as settled and prescriptions as used."""
    used = []
    for one in real:
        assert one.entry is not None
        used += [(*prescription, one.entry.id) for prescription in one.plan.prescriptions]
    if used:
        connection.execute(USED, written(("text", "text", "bigint"), used))
    if not real:
        return None
    batches = [one.entry.batch for one in real if one.entry]
    numbers = [one.entry.id for one in real if one.entry]
    return connection.execute(SETTLED, [array(batches), array(numbers)])
