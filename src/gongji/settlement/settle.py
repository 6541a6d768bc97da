"""Settle any number of bills in one transaction.

The statements are the same, whatever the number of bills and lines: lock the persons; read what is
asked; read what it stands among; write. In between the bills are decided one after the other in
Python, each on the meters and balances that the one before left. `gongji.settlement.queries` reads,
`plan` and `decide` think, this module keeps the order and writes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg import errors

from gongji.ledger.entry_rows import SETTLEMENT, EntryRow, PostingRow
from gongji.ledger.post import post
from gongji.ledger.review_flags import raise_flags
from gongji.platform import inbox
from gongji.platform.arrays import array, written
from gongji.platform.inbox import Inbox, Key
from gongji.platform.inbox_differences import differing
from gongji.platform.installation import installed_inbox
from gongji.platform.law_book import Laws, in_force
from gongji.refusals import Refusal
from gongji.settlement import decide_bill
from gongji.settlement.answered import from_journal
from gongji.settlement.contract import WITHIN, Bounds, Outcome, Request
from gongji.settlement.plan import BatchPlanner, Plan, Settled
from gongji.settlement.queries import Asked, Context, lock, read_around, read_cases
from gongji.settlement.store_lines import NewPurchase, write_purchase
from gongji.units import day_in_china

__all__ = ["Answers", "Bounds", "Encode", "Failure", "settle"]

Connection = psycopg.Connection[Any]

Encode = Callable[[Request, Outcome], bytes]
"""How the gateway writes the reply that is stored with the message."""


@dataclass(frozen=True)
class Answers:
    """Where answers are kept, and how a reply is written; without `encode` it is empty."""

    inbox: Inbox
    encode: Encode | None = None


TRIES = 4
"""How often a request that is alone is tried when others get in its way."""

SETTLED = """insert into settlement_batch (entry, batch)
select k.entry, c.id from unnest(%s::bigint[], %s::bigint[]) k(batch, entry)
join charge_batch c on c.id = k.batch and c.withdrawn_at is null"""

USED = """insert into prescription_use (prescriber, number, entry)
select * from unnest(%s::text[], %s::text[], %s::bigint[])"""


class Failure(Outcome, frozen=True):
    """An accident to one request (never stored): nothing of it was kept, a retry may succeed."""

    error: Exception | None = None


class _Moved(Exception):
    """What was read is no longer so: a batch was settled or withdrawn meanwhile."""


def settle(
    connection: Connection,
    requests: Sequence[Request],
    laws: Laws,
    now: datetime,
    bounds: Bounds = WITHIN,
    answers: Answers | None = None,
) -> list[Outcome]:
    """One outcome for each request, in their order; all in one transaction.

    The caller holds no transaction. An error retries one by one; what still fails is a `Failure`.
    The laws are those in force as its transaction begins (`law_book`), or those of folders.
    `answers` keeps the reply with the message and gives it back for the same message; by itself
    the installation's inbox, whose replies are empty.

    Law:     楚政规〔2022〕2号 第二十一条; 邵阳 第九条; 云浮 第二十一条: settled at once.
    Refuses: (as outcomes) every refusal of docs/inside/settlement.md; a gate of the pool is none.
    Ensures: a request is settled once, whatever the number of times that it is sent.
    """
    if not requests:
        return []
    batch = _Batch(laws, now, bounds, answers or Answers(installed_inbox()))
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


class _Entered(msgspec.Struct, frozen=True):
    """A bill that was decided, with its entry."""

    settled: Settled
    entry: EntryRow
    batches: tuple[int, ...]

    @property
    def plan(self) -> Plan:
        """The bill as it was made ready."""
        return self.settled.plan


@dataclass(frozen=True)
class _Sifted:
    """Cases by whether they were answered, by place.

    Shape:   `again` place -> the first one of this batch; `made` place -> the entry that a message
             became whose answer is no longer kept.
    """

    fresh: list[Asked] = field(default_factory=list)
    answered: dict[int, Outcome] = field(default_factory=dict)
    again: dict[int, int] = field(default_factory=dict)
    made: dict[int, int] = field(default_factory=dict)


@dataclass
class _Batch:
    """What all the bills of a call share."""

    laws: Laws
    now: datetime
    bounds: Bounds
    answers: Answers

    def run(self, connection: Connection, requests: Sequence[Request]) -> list[Outcome]:
        """Settle requests in one transaction.

        Refuses: database errors and accidents as they come; then nothing is kept.
        """
        today = day_in_china(self.now)
        with connection.transaction():
            # First of all, before anybody waits: a new version is compiled without locks.
            areas = in_force(connection, self.laws)
            lock(connection, requests)
            found = read_cases(connection, requests, today.replace(day=1))
            earlier = self.answers.inbox.recall(connection, found.messages)
            sifted = self._sift(found.asked, earlier)
            fresh, outcomes = sifted.fresh, sifted.answered
            planner = BatchPlanner(areas, today, self.bounds, found.closed)
            ready = planner.plans(connection, fresh)
            plans = [one for one in ready if isinstance(one, Plan)]
            outcomes |= {
                one.place: Outcome(refusal=refusal)
                for one, refusal in zip(fresh, ready, strict=True)
                if isinstance(refusal, Refusal)
            }
            context = read_around(connection, planner.wanted(plans))
            made = self._decide(plans, planner, context, outcomes)
            self._write(connection, made, context, fresh, outcomes)
            for place, first in sifted.again.items():
                reply = outcomes[first].reply
                outcomes[place] = _repeated(requests[place].key, requests[first].key, reply)
            told = from_journal(connection, sifted.made.values())
            outcomes |= {place: told[number] for place, number in sifted.made.items()}
        return [outcomes[place] for place in range(len(requests))]

    def _sift(self, cases: Sequence[Asked], earlier: Mapping[inbox.Place, inbox.Known]) -> _Sifted:
        """Cases told apart by whether they were answered."""
        first: dict[inbox.Place, int] = {}
        sifted = _Sifted()
        for case in cases:
            key = case.request.key
            name = key.place
            if case.request.trial:
                sifted.fresh.append(case)
            elif name in earlier:
                seen = _seen(self.answers.inbox, key, earlier[name])
                if isinstance(seen, Outcome):
                    sifted.answered[case.place] = seen
                else:
                    sifted.made[case.place] = seen
            elif name in first:
                sifted.again[case.place] = first[name]
            else:
                first[name] = case.place
                sifted.fresh.append(case)
        return sifted

    def _decide(
        self,
        plans: Sequence[Plan],
        planner: BatchPlanner,
        context: Context,
        outcomes: dict[int, Outcome],
    ) -> list[Settled]:
        """Decide bills in their order, each on what the one before left; trials leave nothing."""
        state = planner.state(context)
        made = []
        for plan in plans:
            try:
                with state.holding(plan):
                    made.append(state.decide(plan))
            except Refusal as refusal:
                outcomes[plan.asked.place] = Outcome(refusal=refusal)
        return made

    def _base(self, plan: Plan, number: int | None, today: Any) -> dict[str, Any]:
        key = plan.request.key
        return {
            "id": number,
            "area": plan.home,
            "kind": SETTLEMENT,
            "person": plan.asked.person,
            "service_date": plan.day,
            "accounting_date": today,
            "made_at": self.now,
            "actor_kind": key.actor_kind,
            "actor": key.actor,
            "institution": key.actor,
        }

    def _write(
        self,
        connection: Connection,
        made: Sequence[Settled],
        context: Context,
        fresh: Sequence[Asked],
        outcomes: dict[int, Outcome],
    ) -> None:
        """Enter what was decided and keep the answers; a trial only gets its outcome."""
        bought = self._keep_purchases(connection, made)
        today = day_in_china(self.now)
        numbers = iter(context.ids)
        entered: list[_Entered] = []
        movements: list[PostingRow] = []
        for one in made:
            plan = one.plan
            trial = plan.request.trial
            visit, batches = bought.get(plan.asked.place) or _kept(plan)
            base = self._base(plan, None if trial else next(numbers), today)
            entry = decide_bill.row_of(one.decided, base, visit)
            if not trial:
                entered.append(_Entered(one, entry, batches))
                movements += decide_bill.postings(one.decided, entry)
            outcomes[plan.asked.place] = _outcome(one, entry)
        answers = {
            case.place: self._answer(case.request, outcomes[case.place])
            for case in fresh
            if not case.request.trial
        }
        with connection.pipeline():
            post(connection, [one.entry for one in entered], movements)
            marked = _mark(connection, entered)
            self.answers.inbox.keep(connection, list(answers.values()), self.now)
        for each in entered:
            if each.settled.untold:
                _flag_untold(connection, each.entry.id, each.settled.untold)
        if marked and marked.rowcount != sum(len(one.batches) for one in entered):
            raise _Moved("a batch was settled or withdrawn meanwhile")
        for place, answer in answers.items():
            outcomes[place] = msgspec.structs.replace(outcomes[place], reply=answer.reply)

    def _answer(self, request: Request, outcome: Outcome) -> inbox.Answer:
        number = outcome.entry.id if outcome.entry else None
        state = inbox.REFUSED if outcome.refusal else inbox.DONE
        encode = self.answers.encode
        reply = encode(request, outcome) if encode else None
        return inbox.Answer(request.key, reply, number, state)

    def _keep_purchases(
        self, connection: Connection, made: Sequence[Settled]
    ) -> dict[int, tuple[int | None, tuple[int, ...]]]:
        """Purchases get their visit and batch now that they are accepted, by place."""
        bought, new = [], []
        for plan in (one.plan for one in made):
            request, bill = plan.request, plan.priced.bill
            if request.purchase is None or request.trial:
                continue
            assert plan.asked.person is not None and bill is not None
            bought.append(plan.asked.place)
            new.append(
                NewPurchase(
                    plan.home,
                    plan.asked.person,
                    request.key.msg_id,
                    replace(request.purchase, med_type=request.med_type),
                    bill,
                )
            )
        made_of = write_purchase(connection, new)
        kept = [(visit, (batch,)) for visit, batch in made_of]
        return dict(zip(bought, kept, strict=True))


def _kept(plan: Plan) -> tuple[int | None, tuple[int, ...]]:
    """The visit and the batches of lines that were sent before."""
    return plan.asked.visit.id if plan.asked.visit else None, plan.batches


def _seen(box: Inbox, key: Key, known: inbox.Known) -> Outcome | int:
    """The answer to a message that came before, or the entry that still tells it."""
    try:
        reply = box.answer(key, known)
    except Refusal as refusal:
        return Outcome(refusal=refusal)
    if reply is not None:
        return Outcome(replayed=reply)
    assert known.entry is not None, "what nothing tells is refused"
    return known.entry


def _repeated(key: Key, first: Key, reply: bytes | None) -> Outcome:
    """The answer to a message that came twice in one batch."""
    if (key.kind, key.content) == (first.kind, first.content):
        return Outcome(replayed=reply or b"")
    names = differing(first.kind, first.content, key.kind, key.content)
    return Outcome(refusal=inbox.differs(key, names))


def _outcome(made: Settled, entry: EntryRow) -> Outcome:
    bill = made.plan.priced.bill
    return Outcome(
        entry=entry,
        balance_fen=made.balance_fen,
        limits=made.limits,
        lines=bill.lines if bill else (),
        warnings=made.plan.warnings,
    )


def _flag_untold(connection: Connection, entry: int | None, numbers: Sequence[str]) -> None:
    """The agency looks at a purchase whose prescriptions nobody but the pharmacy told, or beside
    which more was sold."""
    assert entry is not None
    said = "未经开方机构登记，或账单上另有处方以外的药品，须核对开方机构和处方"
    reason = f"处方 {'、'.join(numbers)} {said}"
    raise_flags(connection, [entry], entry, reason)


def _mark(connection: Connection, entered: Sequence[_Entered]) -> psycopg.Cursor[Any] | None:
    """Mark batches as settled and prescriptions as used."""
    used = [
        (*prescription, one.entry.id) for one in entered for prescription in one.plan.prescriptions
    ]
    if used:
        connection.execute(USED, written(("text", "text", "bigint"), used))
    if not entered:
        return None
    batches = [batch for one in entered for batch in one.batches]
    numbers = [one.entry.id for one in entered for _ in one.batches]
    return connection.execute(SETTLED, [array(batches), array(numbers)])
