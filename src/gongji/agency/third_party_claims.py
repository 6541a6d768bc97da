"""What the pool advanced for a third party: a claim on it, and what of it came in.

A bill that a third party should bear, and does not pay, is advanced: on paper by a command, at the
counter where the agency has decided so of the injury, or later when the year is adjudicated anew.
With its entry a claim is noted: at once by the command, and by `note_advances` for what the counter
settled, which knows no agency. A claim whose entry was taken back is on nothing. What comes in is
booked by a command into the treasury account and lowers what the pool spent; more than was advanced
is refused, here and by the database.

Law:     社会保险法 第三十条第二款.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
import psycopg

from gongji.ledger import chart
from gongji.ledger.entry_rows import ADJUSTMENT, SETTLEMENT, EntryRow, PostingRow, made_by
from gongji.ledger.post import post, take_ids
from gongji.refusals import Refusal
from gongji.review.command_kinds import Case, CommandKind, Examination, PreviewLine, register
from gongji.units import Fen, day_in_china, yuan_text

Connection = psycopg.Connection[Any]
ARTICLE = "中华人民共和国社会保险法 第三十条第二款"
RECOVERY = "recovery"


@dataclass(frozen=True)
class ThirdPartyClaim:
    """A claim: by which entry it was advanced, for whom, on whom (empty: unknown), what came in.

    Units:   fen.
    """

    id: int
    area: str
    entry: int
    person: int
    debtor: str
    made_at: datetime
    fen: Fen
    recovered_fen: Fen

    @property
    def open_fen(self) -> Fen:
        """What has not come in."""
        return self.fen - self.recovered_fen


class ClaimRecovery(msgspec.Struct, frozen=True):
    """What came in on a claim: from whom, when, by which paper of the bank.

    Units:   fen.
    """

    claim: int
    fen: Fen
    payer: str
    received_on: date
    bank_ref: str


_STANDS = """not exists (select from entry back where back.reverses = {entry}
  and not exists (select from entry again where again.reverses = back.id))"""
"""An entry stands unless one reverses it that is not reversed itself."""
_CLAIMS = f"""select c.id, c.area, c.entry, c.person, c.debtor, c.made_at,
  case when {_STANDS.format(entry="c.entry")} then c.fen else 0 end,
  coalesce((select sum(r.fen) from claim_recovery r where r.claim = c.id), 0)::bigint
from third_party_claim c"""


_AT_THE_COUNTER = f"""insert into third_party_claim (entry, area, person, fen, made_at)
select e.id, e.area, e.person, s.pool_fen, e.made_at
from entry e join settlement s on s.entry = e.id
where e.area = %s and e.kind = any(%s) and e.origin = 'own' and s.pool_fen > 0
  and s.facts->'visit'->'facts' @> '{{"third_party": true, "advance": true}}'
  and {_STANDS.format(entry="e.id")}
  and not exists (select from third_party_claim c where c.entry = e.id)
order by e.id
on conflict (entry) do nothing"""


def note_advances(connection: Connection, area: str) -> int:
    """Note a claim for all that the counter of an area advanced, by entries that stand.

    Returns: how many were new; the same again notes nothing.
    """
    return connection.execute(_AT_THE_COUNTER, [area, [SETTLEMENT, ADJUSTMENT]]).rowcount


def claims_of(connection: Connection, area: str) -> list[ThirdPartyClaim]:
    """The claims of an area, the oldest first."""
    rows = connection.execute(f"{_CLAIMS} where c.area = %s order by c.id", [area])
    return [ThirdPartyClaim(*row) for row in rows]


def recoveries_of(connection: Connection, claim: int) -> list[tuple[date, str, str, Fen, int]]:
    """What came in on a claim: day, payer, the bank's paper, amount (fen), entry."""
    rows = connection.execute(
        "select received_on, payer, bank_ref, fen, entry from claim_recovery where claim = %s"
        " order by entry",
        [claim],
    )
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


def add_claim(case: Case, entry: EntryRow, debtor: str) -> None:
    """Note what the pool advanced by an entry; nothing where it paid nothing."""
    if entry.settlement.pool_fen <= 0:
        return
    case.connection.execute(
        "insert into third_party_claim (entry, area, person, debtor, fen, command, made_at)"
        " values (%s, %s, %s, %s, %s, %s, %s)",
        [
            *(entry.id, entry.area, entry.person, debtor.strip(), entry.settlement.pool_fen),
            *(case.row.id, case.now),
        ],
    )


def _claim(case: Case) -> ThirdPartyClaim:
    number = case.content.claim
    row = case.connection.execute(
        f"{_CLAIMS} where c.id = %s and c.area = %s", [number, case.row.area]
    ).fetchone()
    if row is None:
        raise Refusal("claim_unknown", "claim", {"value": str(number)})
    return ThirdPartyClaim(*row)


def _check_paper(case: Case, claim: ThirdPartyClaim) -> None:
    """What came in came by today, by a paper of the bank that was not booked on the claim before.

    Refuses: value_invalid, claim_paper_known.
    """
    form: ClaimRecovery = case.content
    today = day_in_china(case.now)
    if form.received_on > today:
        values = {"value": str(form.received_on), "allowed": f"不晚于今天（{today}）的日期"}
        raise Refusal("value_invalid", "收到日期", values)
    known = {one[2] for one in recoveries_of(case.connection, claim.id)}
    if form.bank_ref.strip() in known and case.row.state != "submitted":
        raise Refusal("claim_paper_known", "bank_ref", {"value": form.bank_ref.strip()})


def _examine(case: Case) -> Examination:
    """What a recovery rests on: the claim, and that so much of it is open.

    Refuses: claim_unknown; claim_exceeded; reason_missing; value_invalid; claim_paper_known.
    """
    form: ClaimRecovery = case.content
    claim = _claim(case)
    if not 0 < form.fen <= claim.open_fen and case.row.state != "submitted":
        values = {"value": str(claim.id), "left": yuan_text(claim.open_fen)}
        raise Refusal("claim_exceeded", "fen", values)
    if not form.payer.strip() or not form.bank_ref.strip():
        raise Refusal("reason_missing", "退款人和银行凭证号")
    _check_paper(case, claim)
    ground = {"claim": claim.id, "recovered": claim.recovered_fen}
    said = (
        PreviewLine(f"第 {claim.id} 号债权先行支付", claim.fen, ARTICLE),
        PreviewLine("此前已追回", claim.recovered_fen),
        PreviewLine(f"本次由{form.payer.strip()}退回，存入财政专户", form.fen),
        PreviewLine("尚未追回", claim.open_fen - form.fen),
    )
    return Examination(ground, said, form.fen, (claim.person,))


def _act(case: Case) -> str:
    """Book what came in: an entry that answers the advance."""
    form: ClaimRecovery = case.content
    claim = _claim(case)
    (number,) = take_ids(case.connection, 1)
    entry = EntryRow(
        id=number,
        area=claim.area,
        kind=RECOVERY,
        person=claim.person,
        service_date=form.received_on,
        **made_by(case.actor, case.now),
        origin_key=f"claim|{claim.id}|{form.bank_ref.strip()}",
        command=case.row.id,
        cause=claim.entry,
    )
    posting = PostingRow(
        *(number, 1, claim.area, chart.POOL, chart.BANK_TREASURY, claim.area),
        *(chart.POOL, "", form.fen),
        article=ARTICLE,
    )
    post(case.connection, [entry], [posting])
    case.connection.execute(
        "insert into claim_recovery (claim, entry, payer, received_on, bank_ref, fen)"
        " values (%s, %s, %s, %s, %s, %s)",
        [
            *(claim.id, number, form.payer.strip(), form.received_on, form.bank_ref.strip()),
            form.fen,
        ],
    )
    return f"追回 {yuan_text(form.fen)} 元，分录 {number}"


register(
    CommandKind(
        "recover_advance",
        "追回先行支付",
        ClaimRecovery,
        ("accountant",),
        _examine,
        _act,
        chain=("cashier",),
    )
)
