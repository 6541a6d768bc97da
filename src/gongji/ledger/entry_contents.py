"""What a settlement keeps beside its amounts: the facts it was decided on, and what was decided.

Each kind of content is a struct with its version, written as JSON with its name under `of`. Who
reads the columns `facts` and `result` reads them here, so that a version which this program does
not know is told as such and never half understood. An entry may keep nothing (`NOTHING`).
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from gongji.law.engine.visit import Visit
from gongji.refusals import Fault
from gongji.units import Fen, Ppm

MeterRow = tuple[str, str, str, Fen]
"""A row of `meter_use` of one person: period, slot, code, used."""


class Nothing(msgspec.Struct, frozen=True):
    """No content."""


NOTHING = Nothing()


UNCODED = "uncoded"


class Sums(msgspec.Struct, frozen=True):
    """What a batch comes to for a benefit.

    Units:   fen; `parts`: in-scope cost by part of the rulebook.
    Ensures: total = above_standard + wholly_own + first_self_pay + in_scope.
    """

    total_fen: Fen
    above_standard_fen: Fen
    wholly_own_fen: Fen
    first_self_pay_fen: Fen
    in_scope_fen: Fen
    parts: dict[str, Fen] = {}
    unrelated: tuple[str, ...] = ()
    """Serials of lines that are wholly the person's because they are unrelated to the disease."""
    uses: dict[str, Fen] = {}
    """What of the cost outside the policy an account pays as another use than care or drugs, or as
    UNCODED: items without a national code."""


class Owner(msgspec.Struct, frozen=True):
    """A bound family account: its owner's id, the relation, what is on it.

    Units:   fen.
    """

    person: int
    relation: str
    balance_fen: Fen


class AccountsAvailable(msgspec.Struct, frozen=True):
    """The accounts that a bill may draw on, as they were found.

    Units:   fen. `accounts` is what the request allows; `place` hospital, pharmacy or other.
    """

    accounts: str
    place: str
    own_fen: Fen = 0
    family: tuple[Owner, ...] = ()


class SettledFacts(msgspec.Struct, frozen=True, kw_only=True, tag_field="of", tag="settled"):
    """What a settlement was decided on: enough to decide it again.

    Shape:   `told` are facts of the area's own that a message told, since nothing was kept of them;
             where the registry learns of one, it counts when the year is adjudicated anew.
    """

    version: int = 1
    visit: Visit
    sums: Sums
    accounts: AccountsAvailable
    told: tuple[str, ...] = ()


class StayFacts(msgspec.Struct, frozen=True, kw_only=True, tag_field="of", tag="stay"):
    """An inpatient episode as it was told.

    Units:   fen. `until` is the day of discharge, empty while the stay lasts.
    """

    version: int = 1
    area: str
    number: str
    since: date
    institution: str
    level: str
    until: date | None = None
    from_emergency: bool = False
    died: bool = False
    deductible_fen: Fen = 0
    pool_fen: Fen = 0
    total_fen: Fen = 0
    admitted_at: str = ""


Facts = SettledFacts | StayFacts | Nothing


class KeptStep(msgspec.Struct, frozen=True, array_like=True):
    """What one layer did, with its articles."""

    layer: str
    payer: str
    rate_ppm: Ppm
    cost_fen: Fen
    deductible_fen: Fen
    paid_fen: Fen
    articles: str


class Decision(msgspec.Struct, frozen=True, kw_only=True, tag_field="of", tag="decision"):
    """What was decided, with its articles: enough to show it, and to explain it again.

    Shape:   `payers` what each supplement paid, by the payer's name; `family` owner and amount;
             `reasons` why the pool or an account paid nothing; `meters` what the engine found;
             `refusal` and `article` of the gate, if one refused; `limits` what no meter that it
             moved may hold afterwards, of those that have a limit (verification asks).
    """

    version: int = 1
    benefit: str
    payers: dict[str, Fen] = {}
    family: tuple[tuple[int, Fen], ...] = ()
    steps: tuple[KeptStep, ...] = ()
    reasons: tuple[str, ...] = ()
    meters: tuple[MeterRow, ...] = ()
    doubts: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    refusal: str = ""
    article: str = ""
    limits: tuple[MeterRow, ...] = ()


class Adjusting(msgspec.Struct, frozen=True, kw_only=True, tag_field="of", tag="adjustment"):
    """What an adjustment corrects and why.

    Shape:   `adjusts` the entry first settled; `funds` kind, owner and what each pays more;
             `decided` what should have been decided, None where nothing should.
    """

    version: int = 1
    adjusts: int
    cause: str
    detail: str
    funds: tuple[tuple[str, str, Fen], ...]
    decided: Decision | None


Outcome = Decision | Adjusting | Nothing

VERSIONS = {"settled": 1, "stay": 1, "decision": 1, "adjustment": 1}
"""The version of each content that this program writes and reads."""


def read_facts(kept: Mapping[str, Any]) -> Facts:
    """The column `facts` as its struct.

    Refuses: Fault for a content or version that is not known.
    """
    made: Facts = _read(kept, "facts", _Facts)
    return made


def read_result(kept: Mapping[str, Any]) -> Outcome:
    """The column `result` as its struct.

    Refuses: Fault for a content or version that is not known.
    """
    made: Outcome = _read(kept, "result", _Outcome)
    return made


_Facts = SettledFacts | StayFacts
_Outcome = Decision | Adjusting


def _read(kept: Mapping[str, Any], column: str, contents: Any) -> Any:
    """One of the contents that a column may hold; an unknown version is told before it is read."""
    if not kept:
        return NOTHING
    name, version = kept.get("of"), kept.get("version")
    if name not in VERSIONS or version != VERSIONS[name]:
        raise Fault(f"记账分录的 {column} 是 {name!r} 第 {version!r} 版，本程序不认识")
    try:
        return msgspec.convert(kept, contents)
    except msgspec.ValidationError as error:
        raise Fault(f"记账分录的 {column} 无法读取：{error}") from None
