"""Take a settlement back, or a message whose fate its sender does not know.

Nothing is changed in the journal: what is taken back gets a new entry with every amount negated
that names it (`reverses`). Taking back a cancellation restores the settlement by a third entry, and
so on: an entry stands while the chain of entries that reverse it has an even length. What was
restored is not decided again, so it is only restored where nothing has moved since.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
import psycopg
from msgspec.structs import replace

from gongji.law.engine.areas import Areas
from gongji.ledger import chart
from gongji.ledger.entry_rows import (
    ADJUSTMENT,
    CANCELLATION,
    POSTING_COLUMNS,
    READ,
    SETTLEMENT,
    EntryRow,
    PostingRow,
    exchanged,
    made_by,
    negated,
    read_entry,
)
from gongji.ledger.post import balance_moves, lock, post, take_ids
from gongji.ledger.review_flags import raise_flags
from gongji.platform import inbox
from gongji.platform.actors import Actor
from gongji.platform.arrays import array, written
from gongji.platform.inbox import Key
from gongji.refusals import Refusal
from gongji.settlement.adjustments import CANCELLED, KEPT, Group, claimed, difference, enter
from gongji.settlement.contract import Outcome
from gongji.settlement.kept_settlements import of_another_visit
from gongji.units import day_in_china

Connection = psycopg.Connection[Any]

RESTORED_WITHIN = timedelta(minutes=30)
"""How long after it a cancellation may be undone: who lost an answer asks at once."""

ENTRY = f"{READ} where e.id = %s"
PERSON = "select id from person where psn_no = %s"
CHAIN = """with recursive chain as (
  select id, 0 as depth from entry where id = %s
  union all select e.id, c.depth + 1 from chain c join entry e on e.reverses = c.id)
select id from chain order by depth"""
ROOT = """with recursive chain as (
  select id, reverses from entry where id = %s
  union all select e.id, e.reverses from chain c join entry e on e.id = c.reverses)
select id from chain where reverses is null"""
POSTINGS = f"""select {", ".join(POSTING_COLUMNS)} from posting
where entry = %s order by number"""
CLOSED = "select 1 from closed_period where area = %s and month = %s"
BALANCES = """select person, kind, amount_fen, held_fen from balance
where area = %s and person = any(%s::bigint[])"""
LATER = """select e.id, e.institution, e.meters from entry e
where e.person = %s and e.area = %s and e.id > %s and e.kind = 'settlement'
  and not exists (select 1 from entry r where r.reverses = e.id)
order by e.id"""
SINCE = """select id, reverses, meters from entry
where person = %s and area = %s and id > %s and id < %s order by id"""
ADJUSTMENTS = f"{READ} where e.cause = %s and e.kind = '{ADJUSTMENT}' order by e.id"
FREE = """update settlement_batch set released_at = %s
where entry = %s and released_at is null"""
RELEASE = """update prescription_use set released_at = %s
where entry = %s and released_at is null"""
TAKE = """insert into settlement_batch (entry, batch)
select %s, c.id from settlement_batch b join charge_batch c on c.id = b.batch
where b.entry = %s and c.withdrawn_at is null and not exists (
  select 1 from settlement_batch o where o.batch = c.id and o.released_at is null)"""
MESSAGE = "select msg_id from inbox where entry = %s and actor = %s limit 1"
BATCHES = "select count(*) from settlement_batch where entry = %s"
RELEASED = """select prescriber, number, exists (
    select 1 from prescription_use o where o.prescriber = u.prescriber and o.number = u.number
      and o.released_at is null)
from prescription_use u where u.entry = %s"""
USE_AGAIN = """insert into prescription_use (prescriber, number, entry)
select * from unnest(%s::text[], %s::text[], %s::bigint[])"""


def cancel(
    connection: Connection,
    key: Key,
    psn_no: str,
    visit: int,
    entry: int,
    areas: Areas,
    now: datetime,
    refuse_chained: frozenset[str] = frozenset(),
) -> Outcome:
    """Cancel a settlement by a new entry with every amount negated.

    Runs inside the caller's transaction, or in one of its own. It does not write the inbox: the
    gateway does, around it. Meters and accounts come back, lines can be settled anew, their
    prescriptions used again. Settlements that build on it are flagged for the agency; in the areas
    of `refuse_chained` they stop it instead.
    Refuses: (raises) settlement_unknown, settlement_of_another_visit, settlement_cancelled,
             settlement_chained, period_closed.
    """
    with connection.transaction():
        found = _find(connection, entry)
        person = _person(connection, psn_no)
        if (
            found is None
            or found.kind != SETTLEMENT
            or (found.person, found.institution) != (person, key.actor)
        ):
            raise Refusal("settlement_unknown", "setl_id", {"value": str(entry)})
        if found.settlement.visit != visit:
            raise of_another_visit(entry, visit)
        return _Undo(connection, _actor(key), now, refuse_chained).undo(found)


def reverse(
    connection: Connection,
    key: Key,
    psn_no: str,
    original_msgid: str,
    original_kind: str,
    areas: Areas,
    now: datetime,
    refuse_chained: frozenset[str] = frozenset(),
) -> Outcome:
    """Undo what a message did: Outcome.entry is the new entry, None if there was nothing to undo.

    An unknown message leaves a mark: should it still arrive, it is refused; so is one that was
    undone, should it come again. Of an unknown message, and one that was refused, the answer is
    success, for the sender wants to know that nothing of it stands. Runs like `cancel`. The caller
    asks it only of kinds of messages that settle or cancel.
    Refuses: (raises) reversal_differs, settlement_cancelled (what it did was undone already),
             restore_late, restore_overtaken, settlement_taken, account_short, and what `cancel`
             refuses.
    """
    with connection.transaction():
        place = (key.actor_kind, key.actor, original_msgid)
        known = inbox.find(connection, place)
        if known is None:
            if inbox.bar(connection, place, original_kind):
                return Outcome()
            # It arrived while the mark was being set.
            known = inbox.find(connection, place)
            assert known is not None
        if known.state == inbox.BARRED and known.entry is None:
            return Outcome()
        if known.kind != original_kind:
            raise _differs(original_msgid, "oinfno")
        found = _find(connection, known.entry) if known.entry is not None else None
        if found is None:
            return Outcome()
        person = _person(connection, psn_no)
        if found.person != person:
            raise _differs(original_msgid, "psn_no")
        outcome = _Undo(connection, _actor(key), now, refuse_chained).undo(found)
        inbox.take_back(connection, place)
        return outcome


def take_back(
    connection: Connection, entry: int, actor: Actor, cause: int, now: datetime
) -> Outcome:
    """Cancel a settlement because of another entry, whoever told that one.

    Runs in the caller's transaction.
    Refuses: (raises) settlement_cancelled, period_closed.
    """
    found = _find(connection, entry)
    assert found is not None and found.kind == SETTLEMENT
    return _Undo(connection, actor, now, cause=cause).undo(found)


def _actor(key: Key) -> Actor:
    """Who sent a message."""
    return msgspec.convert({"kind": key.actor_kind, "id": key.actor}, Actor)


def _differs(msgid: str, names: str) -> Refusal:
    return Refusal("reversal_differs", "omsgid", {"value": msgid, "names": names})


def _find(connection: Connection, number: int) -> EntryRow | None:
    row = connection.execute(ENTRY, [number]).fetchone()
    return read_entry(row) if row else None


def _person(connection: Connection, psn_no: str) -> int | None:
    row = connection.execute(PERSON, [psn_no]).fetchone()
    return int(row[0]) if row else None


@dataclass
class _Undo:
    """What the steps of taking an entry back share."""

    connection: Connection
    actor: Actor
    now: datetime
    refuse_chained: frozenset[str] = frozenset()
    cause: int | None = None

    def undo(self, entry: EntryRow) -> Outcome:
        """Take back what stands of an entry."""
        assert entry.id is not None and entry.person is not None
        made = _postings(self.connection, entry.id)
        lock(self.connection, {entry.person, *_owners(made)})
        chain = [number for (number,) in self.connection.execute(CHAIN, [entry.id])]
        if len(chain) % 2 == 0:
            raise Refusal("settlement_cancelled", "setl_id", {"value": str(entry.id)})
        if chain[-1] != entry.id:
            found = _find(self.connection, chain[-1])
            assert found is not None
            entry = found
        root = self._root(entry)
        adjusted = self._adjustments(root)
        month = day_in_china(self.now).replace(day=1)
        if self.connection.execute(CLOSED, [entry.area, month]).fetchone():
            values = {"area": entry.area, "value": month.strftime("%Y-%m")}
            raise Refusal("period_closed", "inf_time", values)
        later = self._later(entry)
        if adjusted:
            self._take_adjustments_back(replace(entry, id=root), adjusted)
        (number,) = take_ids(self.connection, 1)
        back = self._entry(entry, number)
        moved = exchanged(_postings(self.connection, chain[-1]), number)
        self._refuse_short(entry, moved)
        post(self.connection, [back], moved)
        if entry.kind == SETTLEMENT:
            self._release(entry)
        else:
            self._take_again(entry, back)
            self._refuse_stale(back, entry, root, adjusted)
        self._flag(later, back)
        return Outcome(entry=back, balance_fen=self._balance(back))

    def _entry(self, entry: EntryRow, number: int) -> EntryRow:
        kind = CANCELLATION if entry.kind == SETTLEMENT else SETTLEMENT
        back = negated(
            entry,
            id=number,
            kind=kind,
            **made_by(self.actor, self.now),
            holding=None,
            command=None,
            cause=self.cause,
        )
        return replace(back, meters=tuple(move for move in back.meters if move[3]))

    def _root(self, entry: EntryRow) -> int:
        """The settlement at the beginning of the chain."""
        found = self.connection.execute(ROOT, [entry.id]).fetchone()
        assert found is not None
        return int(found[0])

    def _adjustments(self, settlement: int) -> list[EntryRow]:
        """What corrected a settlement since it was made."""
        return [read_entry(row) for row in self.connection.execute(ADJUSTMENTS, [settlement])]

    def _take_adjustments_back(self, root: EntryRow, adjusted: Sequence[EntryRow]) -> None:
        """Enter what is left of the corrections with the other sign, claims paid off first."""
        group = Group(root, root, cancelled=True)
        for one in adjusted:
            group.add(one)
        change = difference(group, None, CANCELLED, "结算撤销，其调整一并收回")
        if change is None:
            return
        kept: dict[str, int] = {
            kind: amount
            for _, kind, amount in self.connection.execute(KEPT, [root.area, array([root.person])])
        }
        claims = (kept.get(kind, 0) for kind in (chart.PAYABLE, chart.RECEIVABLE))
        enter(self.connection, list(claimed([change], *claims)), self.actor, self.now)

    def _refuse_stale(
        self, back: EntryRow, cancelled: EntryRow, root: int, adjusted: Sequence[EntryRow]
    ) -> None:
        """A cancellation is undone soon, and before anything else moves what it gave back.

        The settlement that it took back was decided on those meters; decided again it would come
        out otherwise, and restored as it was it could pass a ceiling.
        Refuses: restore_late, restore_overtaken.
        """
        told = self._message(cancelled)
        if self.now - cancelled.made_at > RESTORED_WITHIN:
            minutes = RESTORED_WITHIN // timedelta(minutes=1)
            values = {"value": told, "minutes": str(minutes)}
            raise Refusal("restore_late", "omsgid", values)
        first = _find(self.connection, root)
        assert first is not None
        found = {move[:3] for move in first.meters}
        moved: dict[tuple[int, tuple[str, ...]], int] = {}
        roots: dict[int, int] = {}
        asked = [back.person, back.area, cancelled.id, back.id]
        for number, reverses, moves in self.connection.execute(SINCE, asked):
            roots[number] = begun = roots.get(reverses, number)
            for code, period, slot, amount in moves:
                if (code, period, slot) in found:
                    key = (begun, (code, period, slot))
                    moved[key] = moved.get(key, 0) + amount
        standing = sorted({begun for (begun, _), amount in moved.items() if amount})
        if standing or adjusted:
            numbers = standing or [one.id or 0 for one in adjusted]
            values = {"value": told, "entries": "、".join(map(str, numbers))}
            raise Refusal("restore_overtaken", "omsgid", values)

    def _later(self, entry: EntryRow) -> list[tuple[int, str]]:
        """The person's settlements that found what this one did to a meter.

        Refuses: settlement_chained, naming only those of the same institution.
        """
        moved = {move[:3] for move in entry.meters if move[3]}
        rows = self.connection.execute(LATER, [entry.person, entry.area, entry.id])
        later = [
            (number, institution)
            for number, institution, moves in rows
            if moved & {(code, period, slot) for code, period, slot, _ in moves}
        ]
        if later and entry.area in self.refuse_chained:
            mine = [str(number) for number, place in later if place == self.actor.id]
            own = f"（本机构：{'、'.join(mine)}）" if mine else ""
            raise Refusal("settlement_chained", "setl_id", {"value": str(entry.id), "own": own})
        return later

    def _flag(self, later: Sequence[tuple[int, str]], back: EntryRow) -> None:
        if later:
            done = "撤销" if back.kind == CANCELLATION else "恢复"
            reason = f"此前的结算 {back.reverses} 已{done}，累计随之变动，须重新审核"
            assert back.id is not None
            raise_flags(self.connection, [number for number, _ in later], back.id, reason)

    def _refuse_short(self, entry: EntryRow, moved: Iterable[PostingRow]) -> None:
        """Restoring draws on accounts again.

        Refuses: account_short.
        """
        taken = {
            (person, kind): -amount
            for (_, person, kind), amount in balance_moves(moved).items()
            if amount < 0
        }
        if not taken:
            return
        persons = array({person for person, _ in taken})
        rows = self.connection.execute(BALANCES, [entry.area, persons])
        there = {(person, kind): amount - held for person, kind, amount, held in rows}
        if any(there.get(key, 0) < amount for key, amount in taken.items()):
            raise Refusal("account_short", "acct_pay", {"value": str(entry.reverses)})

    def _release(self, entry: EntryRow) -> None:
        """Lines are unsettled again, prescriptions can be used again."""
        self.connection.execute(FREE, [self.now, entry.id])
        self.connection.execute(RELEASE, [self.now, entry.id])

    def _take_again(self, cancelled: EntryRow, back: EntryRow) -> None:
        """Lines and prescriptions belong to the restored settlement.

        Refuses: settlement_taken.
        """
        first = cancelled.reverses
        had = self.connection.execute(BATCHES, [first]).fetchone()
        taken = self.connection.execute(TAKE, [back.id, first]).rowcount
        used = self.connection.execute(RELEASED, [first]).fetchall()
        if had != (taken,) or any(again for _, _, again in used):
            raise Refusal("settlement_taken", "omsgid", {"value": self._message(cancelled)})
        if used:
            rows = [(prescriber, number, back.id) for prescriber, number, _ in used]
            self.connection.execute(USE_AGAIN, written(("text", "text", "bigint"), rows))

    def _message(self, cancelled: EntryRow) -> str:
        """The message of a cancellation, or its number where no message told it."""
        found = self.connection.execute(MESSAGE, [cancelled.id, cancelled.actor]).fetchone()
        return str(found[0]) if found else str(cancelled.id)

    def _balance(self, entry: EntryRow) -> int:
        rows = self.connection.execute(BALANCES, [entry.area, array([entry.person])])
        return next((amount for _, kind, amount, _ in rows if kind == chart.ACCOUNT), 0)


def _postings(connection: Connection, number: int) -> list[PostingRow]:
    return [PostingRow(*row) for row in connection.execute(POSTINGS, [number])]


def _owners(moved: Iterable[PostingRow]) -> set[int]:
    """The persons whose accounts postings move."""
    return {
        int(owner)
        for row in moved
        for kind, owner in ((row.debit, row.debit_owner), (row.credit, row.credit_owner))
        if kind in chart.KEPT
    }
