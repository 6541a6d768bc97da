"""Taking a settlement back: by its number (2208, 2103), or by its message (2601)."""

from typing import Any

from gongji.gateway.transactions import MOVE_MONEY, Answer, Call, transaction
from gongji.gateway.visits import read_bills, write_settlement
from gongji.gateway.visits.settlement_fields import SETLDETAIL
from gongji.gateway.visits.write_settlement import Bearer
from gongji.gateway.wire.codes import med_type_of
from gongji.people import person_rows
from gongji.refusals import Refusal
from gongji.settlement.answered import from_journal
from gongji.settlement.cancel import cancel, reverse
from gongji.settlement.contract import Outcome
from gongji.settlement.kept_visits import kind_of_visit


def _cancelled(call: Call) -> Outcome:
    node = call.one("data")
    return cancel(
        call.connection,
        call.key,
        call.text(node, "psn_no", required=True, longest=30),
        read_bills.visit_number(call, node),
        read_bills.visit_number(call, node, "setl_id"),
        call.areas,
        call.now,
        call.settings.refuse_chained,
    )


def _told_settlement(call: Call, outcome: Outcome) -> Answer:
    """The reply of 2208."""
    entry, node = outcome.made, call.one("data")
    person = person_rows.get_person(call.connection, str(node["psn_no"]))
    sent = {
        "mdtrt_cert_type": call.text(node, "mdtrt_cert_type", longest=3),
        "med_type": med_type_of(kind_of_visit(call.connection, entry.settlement.visit)),
    }
    info = write_settlement.setlinfo(
        "2208", entry, outcome.balance_fen, Bearer(person, call.identity), sent, call.key.msg_id
    )
    return _answer(outcome, info)


def _told_purchase(call: Call, outcome: Outcome) -> Answer:
    """The reply of 2103."""
    info = write_settlement.cancelled_purchase(outcome.made, outcome.balance_fen, call.key.msg_id)
    return _answer(outcome, info)


def _answer(outcome: Outcome, info: dict[str, Any]) -> Answer:
    rows = write_settlement.setldetail(outcome.made, {})
    warnings = (*outcome.warnings, *([write_settlement.AGAIN] if outcome.again else []))
    return Answer({"setlinfo": info, SETLDETAIL.name: rows}, warnings, outcome.made.id)


def _journal(call: Call, entry: int) -> Outcome:
    return from_journal(call.connection, [entry])[entry]


@transaction(
    "2208", changes=True, again=lambda call, entry: _told_settlement(call, _journal(call, entry))
)
def cancel_settlement(call: Call) -> Answer:
    """Cancel a settlement: every amount negated, under a number of its own."""
    return _told_settlement(call, _cancelled(call))


@transaction(
    "2103", changes=True, again=lambda call, entry: _told_purchase(call, _journal(call, entry))
)
def cancel_purchase(call: Call) -> Answer:
    """Cancel a purchase."""
    return _told_purchase(call, _cancelled(call))


@transaction("2601", changes=True, again=lambda call, entry: Answer(None))
def reverse_message(call: Call) -> Answer:
    """Undo what a message did; one that never arrived is barred from arriving late.

    Refuses: message_irreversible, and what `reverse` refuses.
    """
    node = call.one("data")
    original = call.text(node, "omsgid", required=True, longest=100)
    psn_no = call.text(node, "psn_no", required=True, longest=30)
    infno = call.text(node, "oinfno", required=True, longest=6).upper()
    if infno not in MOVE_MONEY:
        values = {"value": infno, "allowed": "、".join(MOVE_MONEY)}
        raise Refusal("message_irreversible", "oinfno", values)
    outcome = reverse(
        call.connection,
        call.key,
        psn_no,
        original,
        infno,
        call.areas,
        call.now,
        call.settings.refuse_chained,
    )
    if outcome.entry is None and not outcome.warnings:
        told = f"没有收到过报文 {original}，没有可以冲正的；它若迟到，将不予受理"
        return Answer(None, (told,))
    entry = outcome.entry.id if outcome.entry else None
    return Answer(None, outcome.warnings, entry)
