"""The kinds of facts about institutions: what their details hold.

Each is exclusive: its key is empty (of an area's own facts the column), so that the database allows
one fact at a time. Details are read strictly: an unknown field or value is refused.
"""

from typing import Literal

import msgspec


class Level(msgspec.Struct, forbid_unknown_fields=True):
    """机构级别 (exclusive): own level, and of an Internet hospital that of the physical one."""

    level: Literal["", "1", "2", "3"]
    parent: str = ""


class Agreement(msgspec.Struct, forbid_unknown_fields=True):
    """定点协议 (exclusive): for which benefits; `qualified` whether a pharmacy is in the pool.

    `people_a_day`: the certificates that it may read in a day before supervision is told, where
    the agreement says so.
    """

    designated_for: list[str] = msgspec.field(default_factory=lambda: ["ordinary"])
    qualified: bool = True
    people_a_day: int | msgspec.UnsetType = msgspec.UNSET


class InstitutionAreaFact(msgspec.Struct, forbid_unknown_fields=True):
    """本地事实 (key: its column): what an area's own document declares of institutions.

    The value is written as a visits file writes it.
    """

    value: str


INSTITUTION_KINDS: dict[str, type[msgspec.Struct]] = {
    "level": Level,
    "agreement": Agreement,
    "institution_area_fact": InstitutionAreaFact,
}
KEYED = {"institution_area_fact"}
"""Kinds whose key tells several facts of an institution apart."""
