"""What is asked of a settlement and what it answers: names of ours, nothing of the interface.

`settle` (gongji.settlement.settle) takes a psycopg connection and any number of requests, and gives
one outcome for each in their order; one request is a batch of one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from gongji.ledger.entry_rows import EntryRow
from gongji.platform.inbox import Key
from gongji.refusals import Fault, Refusal
from gongji.units import Fen, day_in_china

if TYPE_CHECKING:
    from gongji.settlement.price_bills import PricedLine

NO_ACCOUNT, OWN_ACCOUNT, FAMILY_ACCOUNTS = "none", "own", "family"
"""Which accounts may pay: none, the person's own, or own and then the bound family accounts."""


@dataclass(frozen=True)
class Bounds:
    """What is taken at the counter.

    Shape:   how many days before and after today a date of service may lie; `prescribed_since`:
             area -> the day from which a pharmacy only fills what its prescriber has told.
    """

    days_back: int = 400
    days_ahead: int = 1
    prescribed_since: Mapping[str, date] = field(default_factory=dict)

    def around(self, now: datetime) -> tuple[date, date]:
        """The first and the last day of service that are taken today."""
        today = day_in_china(now)
        return today - timedelta(days=self.days_back), today + timedelta(days=self.days_ahead)


WITHIN = Bounds()


@dataclass(frozen=True)
class Line:
    """A fee line as it was sent."""

    serial: str
    item: str
    quantity_e4: int
    price_micro: int
    amount_fen: Fen
    own_item: str = ""
    prescription: str = ""
    prescriber: str = ""
    """Code of the institution that wrote the prescription, where it is filled elsewhere."""
    approved: str = "0"
    """hosp_appr_flag: 0 no approval needed, 1 approved, 2 not approved."""
    related: bool | None = None
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Purchase:
    """A purchase at a pharmacy: the visit and its lines, made by the settlement itself."""

    begun_at: datetime
    med_type: str
    disease: str
    lines: tuple[Line, ...]
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Request:
    """A bill to settle: a batch of lines of a visit, or a purchase.

    Units:   fen. `declared` are the class totals that the client sends along (they only warn):
             above_standard, wholly_own, first_self_pay, in_scope.
    """

    key: Key
    psn_no: str
    med_type: str
    total_fen: Fen
    accounts: str
    visit: int | None = None
    batch: str = ""
    purchase: Purchase | None = None
    declared: tuple[Fen, Fen, Fen, Fen] | None = None
    trial: bool = False
    facts: dict[str, str] = field(default_factory=dict)
    """What happened that only the institution knows (third_party, died …), by fact column."""
    said: dict[str, str] = field(default_factory=dict)
    """Fields of the message that an area's document may read: name in lower case -> text."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of a request: refused, or an entry (None for a trial) with its amounts.

    Shape:   a refusal by a gate of the pool is no refusal here: the entry then has pool_fen 0 and
             says why in `result`. `replayed`: the same request was answered before, and this is
             that answer; with `again` the answer is no longer kept, and `entry` is what it made.
             `reply` is the answer that was kept now. `balance_fen` is the own account's after the
             settlement; `limits` what each fund could still have paid before
             it, by fund.
    """

    refusal: Refusal | None = None
    entry: EntryRow | None = None
    replayed: bytes | None = None
    reply: bytes | None = None
    again: bool = False
    balance_fen: Fen = 0
    limits: dict[str, Fen] = {}
    lines: "tuple[PricedLine, ...]" = ()
    warnings: tuple[str, ...] = ()

    @property
    def made(self) -> EntryRow:
        """The entry of what was not refused.

        Refuses: Fault where there is none.
        """
        if self.entry is None:
            raise Fault("没有记账分录可告知")
        return self.entry
