"""An office with an accountant and a cashier, where bills on paper are paid."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import msgspec
import psycopg
from tests import databases
from tests.platform.agency_office import CONSOLE, Office
from tests.platform.review_world import AREA

from gongji.agency.payees import PayeeAccount, seal_payee
from gongji.agency.payouts import collect
from gongji.ledger.trial import trial
from gongji.ledger.verify import verify
from gongji.platform.actors import Actor

PSN = "53230000000000000001"
NUMBER = "6217000010001234567"


class Till(Office):
    """An office with an accountant and a cashier of the prefecture's agency."""

    def __init__(self, owner: Any, by: Any) -> None:
        super().__init__(owner, by)
        self.address = ""
        self.accountant = self.post("kuaiji", "accountant", "city")
        self.cashier = self.post("chuna", "cashier", "city")

    def payee(self, number: str = NUMBER, holder: str = "测试1") -> dict[str, Any]:
        """An account as a form has it."""
        account = PayeeAccount(holder, "测试银行", number)
        made: dict[str, Any] = msgspec.to_builtins(seal_payee(self.seal, AREA, PSN, account))
        return made

    def owed(self, number: str, fen: int = 100_000, **more: Any) -> int:
        """A bill that was reviewed; gives its entry."""
        made = self.hand_in(number, fen, **({"payee": self.payee()} | more))
        return int(self.paid(made).split()[-1])

    def batch(self, who: Actor | None = None, **more: Any) -> int:
        """What waits, as a batch that was submitted."""
        content = msgspec.to_builtins(collect(self.owner, AREA)) | more
        return self.submitted_as("payout_batch", who or self.accountant, content)

    def submitted_as(self, kind: str, who: Actor, content: dict[str, Any]) -> int:
        """A command of the prefecture's agency."""
        return self.submitted(who, content, kind=kind, agency=AREA)

    def returned(self, order: int, reason: str = "户名不符", day: date | None = None) -> int:
        """What the bank sent back, booked."""
        returned_on = str(day or self.desk().today)
        content = {"order": order, "returned_on": returned_on, "bank_ref": f"T{order}"}
        made = self.submitted_as("payout_return", self.cashier, content | {"reason": reason})
        self.approve(self.accountant, made)
        return made

    def balance(self, kind: str = "payable") -> int:
        """What a person's account of a kind stands at."""
        row = self.owner.execute(
            "select amount_fen from balance where person = 1 and kind = %s", [kind]
        ).fetchone()
        return int(row[0]) if row else 0

    def bank(self) -> int:
        """What left the spending account."""
        row = self.owner.execute(
            "select coalesce(sum(case 'bank_spending' when credit then amount_fen"
            " when debit then -amount_fen end), 0) from posting"
        ).fetchone()
        return int(row[0]) if row else 0

    def sound(self) -> bool:
        """The books agree."""
        return list(verify(self.owner)) == [] and trial(self.owner, self.desk().today, AREA).agrees

    def corrected(self, number: str) -> None:
        """Another account, told at the counter and reviewed."""
        content = {"psn_no": PSN, "payee": self.payee(number)}
        made = self.submitted(self.clerk, content, kind="payee_account")
        self.approve(self.post("first2", "first_reviewer", "city"), made)


@contextmanager
def open_till(server: str) -> Iterator[Till]:
    """A till of its own."""
    with (
        databases.copy(server) as address,
        psycopg.connect(address, autocommit=True) as owner,
        psycopg.connect(address, options=CONSOLE, autocommit=True) as by,
    ):
        made = Till(owner, by)
        made.address = address
        yield made
