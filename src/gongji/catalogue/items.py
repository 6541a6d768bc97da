"""The catalogue of an area as it is known now: the versions of items, chosen by the day.

Versions are asked for anew at every use, with one indexed statement for all items of all bills: a
price kept in a process could be one that the agency has corrected meanwhile.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from gongji.refusals import Refusal
from gongji.units import Fen, Ppm

_NATIONAL = re.compile(r"[XZTC][A-Z0-9]{8,29}")


def looks_national(item: str) -> bool:
    """Whether a code is built like a national one: drugs X, Z and T, consumables C.

    For items that no catalogue here knows: a national code may be outside the catalogue.
    """
    return bool(_NATIONAL.fullmatch(item))


@dataclass(frozen=True, slots=True)
class ItemVersion:
    """A version of an item in an area, as `item_version` keeps it.

    Units:   fen a unit, parts per million; None where the catalogue says nothing.
    Shape:   `until` and `agreement_until` are the first day after; `account_use` what an account
             would pay with it where that is no care or drug (`account_provisions.USES`), else "".
    """

    id: int
    area: str
    item: str
    name: str
    list_type: str
    charge_type: str
    since: date
    until: date | None
    grade: str
    first_self_pay_ppm: Ppm | None
    standard_fen: Fen | None
    standard_1_fen: Fen | None
    standard_2_fen: Fen | None
    standard_3_fen: Fen | None
    listing_fen: Fen | None
    part: str
    negotiated: bool
    dual_channel: bool
    restricted: bool
    essential: bool
    diseases: list[str]
    specification: str
    agreement_until: date | None
    account_use: str = ""

    @property
    def standards_fen(self) -> tuple[Fen | None, Fen | None, Fen | None]:
        """The payment standard at levels 1, 2 and 3."""
        return self.standard_1_fen, self.standard_2_fen, self.standard_3_fen

    def holds(self, day: date) -> bool:
        """Whether the version is the one of a day."""
        return self.since <= day and (self.until is None or day < self.until)

    def in_agreement(self, day: date) -> bool:
        """Whether the agreement of a negotiated drug still runs."""
        return self.agreement_until is None or day < self.agreement_until


_VERSIONS = """select v.id, v.area, v.item, v.name, v.list_type, v.charge_type, v.since, v.until,
  v.grade, v.first_self_pay_ppm, v.standard_fen, v.standard_1_fen, v.standard_2_fen,
  v.standard_3_fen, v.listing_fen, v.part, v.negotiated, v.dual_channel, v.restricted, v.essential,
  v.diseases, v.specification, v.agreement_until, v.account_use
from unnest(%s::text[], %s::text[]) asked (area, item)
join item_version v on v.area = asked.area and v.item = asked.item and v.retired_at is null
order by v.since"""


class Items:
    """Versions of items, by area and item, ready to be chosen by day."""

    def __init__(self, versions: Iterable[ItemVersion]) -> None:
        self._versions: dict[tuple[str, str], list[ItemVersion]] = {}
        for version in versions:
            self._versions.setdefault((version.area, version.item), []).append(version)

    def find(self, area: str, item: str, day: date) -> ItemVersion | None:
        """The version of an item on a day; None for an item that the catalogue never had.

        Refuses: item_outside_dates where it has versions, but none on that day.
        """
        versions = self._versions.get((area, item))
        if not versions:
            return None
        for version in versions:
            if version.holds(day):
                return version
        spans = "；".join(
            f"{v.since} 起" if v.until is None else f"{v.since} 至 {v.until}（不含）"
            for v in versions
        )
        values = {"value": item, "date": str(day), "allowed": spans}
        raise Refusal("item_outside_dates", "item", values)


def load_items(connection: Connection[Any], asked: Collection[tuple[str, str]]) -> Items:
    """The known versions of items given as (area, code); one statement."""
    wanted = sorted(set(asked))
    with connection.cursor(row_factory=class_row(ItemVersion)) as cursor:
        cursor.execute(_VERSIONS, [[area for area, _ in wanted], [item for _, item in wanted]])
        return Items(cursor.fetchall())
