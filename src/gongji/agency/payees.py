"""Where a person is paid: a bank account, whose number is kept encrypted and shown by its tail.

A face seals a number as soon as it was typed, for one person of one area: in a form, a command and
a table it stands sealed only. The newest account that was approved is the one that is paid to.
"""

import base64
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from gongji.people.person_rows import Person, get_person
from gongji.platform.message_seal import MessageSeal
from gongji.refusals import Refusal
from gongji.review.command_kinds import Case, CommandKind, Examination, PreviewLine, register
from gongji.tabular.cell_forms import narrow, person_name, plain
from gongji.tabular.formulas import BEGINNINGS

Connection = psycopg.Connection[Any]
_NUMBER = re.compile(r"[0-9]{8,32}")
_TAIL = 4


class PayeeAccount(msgspec.Struct, frozen=True):
    """A bank account as it was typed: in whose name, at which bank, its number in clear."""

    holder: str
    bank: str
    number: str


class SealedPayee(msgspec.Struct, frozen=True):
    """The same with its number sealed (base64), the key it is sealed by, the last four digits."""

    holder: str
    bank: str
    tail: str
    sealed: str
    key_id: int = 0

    @property
    def words(self) -> str:
        """How an account is shown."""
        return f"{self.holder}（{self.bank}，尾号 {self.tail}）"


class PayeeForm(msgspec.Struct, frozen=True):
    """The form by which a person's account is told, or corrected."""

    psn_no: str
    payee: SealedPayee


@dataclass(frozen=True)
class Payee:
    """An account that is kept; `sealed` is its number."""

    id: int
    area: str
    person: int
    holder: str
    bank: str
    tail: str
    sealed: bytes
    key_id: str


_CURRENT = """select id, area, person, holder, bank, tail, sealed, key_id from payee
where area = %s and person = any(%s) and retired_at is null"""
_ADD = """insert into payee (area, person, holder, bank, tail, sealed, key_id, command, learnt_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s) returning id"""


def seal_payee(seal: MessageSeal, area: str, psn_no: str, account: PayeeAccount) -> SealedPayee:
    """An account with its number sealed: it opens for this person of this area only.

    Refuses: payee_wrong.
    """
    holder, bank = person_name(account.holder), plain(account.bank)
    number = re.sub(r"[\s-]", "", narrow(account.number))
    wrong = not holder or not bank or holder[0] in BEGINNINGS or bank[0] in BEGINNINGS
    if wrong or not _NUMBER.fullmatch(number):
        raise Refusal("payee_wrong", "payee")
    sealed = seal.seal(_place(area, psn_no), number[-_TAIL:], number.encode())
    tail, text = number[-_TAIL:], base64.b64encode(sealed).decode()
    return SealedPayee(holder, bank, tail, text, seal.key_id)


def open_payee(seal: MessageSeal, payee: Payee, psn_no: str) -> str:
    """The number of an account that is kept.

    Refuses: Fault where it is another person's, or altered.
    """
    place = _place(payee.area, psn_no)
    return seal.open(place, payee.tail, payee.sealed, int(payee.key_id)).decode()


def _place(area: str, psn_no: str) -> tuple[str, str, str]:
    return "payee", area, psn_no


def current_payees(connection: Connection, area: str, persons: list[int]) -> dict[int, Payee]:
    """The account that each of some persons is paid to now; who has none is not in it."""
    rows = connection.execute(_CURRENT, [area, persons])
    return {one.person: one for one in (Payee(*row) for row in rows)}


def payees_by_id(connection: Connection, ids: list[int]) -> dict[int, Payee]:
    """Accounts by their numbers, whether they are still paid to or not."""
    rows = connection.execute(
        "select id, area, person, holder, bank, tail, sealed, key_id from payee where id = any(%s)",
        [ids],
    )
    return {row[0]: Payee(*row) for row in rows}


def keep_payee(
    connection: Connection, case: Case, person: Person, payee: SealedPayee, now: datetime
) -> int:
    """Keep an account in the place of the one before, by the command of a case; gives its number.

    The person is locked.
    """
    area = case.row.area
    connection.execute(
        "update payee set retired_at = greatest(%s, learnt_at)"
        " where area = %s and person = %s and retired_at is null",
        [now, area, person.id],
    )
    row = [area, person.id, payee.holder, payee.bank, payee.tail]
    row += [base64.b64decode(payee.sealed), str(payee.key_id), case.row.id, now]
    made = connection.execute(_ADD, row).fetchone()
    assert made is not None
    return int(made[0])


def payee_lines(person: Person, payee: SealedPayee) -> list[PreviewLine]:
    """What a preview says of an account; that it is somebody else's is said."""
    lines = [PreviewLine(f"收款账户：{payee.words}")]
    if payee.holder != person_name(person.name):
        lines.append(PreviewLine("收款人与参保人不是同一人，请核对委托或继承的材料"))
    return lines


def _examine(case: Case) -> Examination:
    form: PayeeForm = case.content
    person = get_person(case.connection, form.psn_no)
    held = current_payees(case.connection, case.row.area, [person.id]).get(person.id)
    lines = payee_lines(person, form.payee)
    if held is not None:
        said = SealedPayee(held.holder, held.bank, held.tail, "")
        lines.append(PreviewLine(f"代替现用账户：{said.words}"))
    ground = {"person": person.id, "held": held.id if held else None}
    return Examination(ground, tuple(lines), None, (person.id,))


def _act(case: Case) -> str:
    form: PayeeForm = case.content
    person = get_person(case.connection, form.psn_no)
    number = keep_payee(case.connection, case, person, form.payee, case.now)
    return f"收款账户第 {number} 号"


register(
    CommandKind(
        "payee_account",
        "收款账户",
        PayeeForm,
        ("handler",),
        _examine,
        _act,
        chain=("first_reviewer",),
    )
)
