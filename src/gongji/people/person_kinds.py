"""The kinds of facts about persons: what their details hold, what overlaps.

Of an exclusive kind there is one fact at a time; of the others a person may have several at once,
told apart by `key`. Details are read strictly: an unknown field or value is refused.
"""

from typing import Literal

import msgspec


class Birth(msgspec.Struct, forbid_unknown_fields=True):
    """出生日期 (exclusive)."""

    birth_date: str


class Insured(msgspec.Struct, forbid_unknown_fields=True):
    """参保 (exclusive): a spell of employee insurance in the area of the fact.

    Shape:   `retired_month`, `years_complete_month` (YYYY-MM) when retirement was registered and
             the years were complete; from which month on the rules for retirees hold is the law's
             business. Empty: long ago.
    """

    status: Literal["active", "retired"]
    scheme: Literal["employee", "flexible"] = "employee"
    tier: Literal["", "1", "2"] = ""
    arrears: bool = False
    benefit_since: str = ""
    benefit_until: str = ""
    employer: str = ""
    contribution_years_short: int = 0
    retired_month: str = ""
    years_complete_month: str = ""


class Account(msgspec.Struct, forbid_unknown_fields=True):
    """个人账户 (exclusive): that the person has one."""


class Subsidy(msgspec.Struct, forbid_unknown_fields=True):
    """补助身份 (exclusive)."""

    subsidy: Literal["civil_servant", "veteran", "enterprise"]


class Bond(msgspec.Struct, forbid_unknown_fields=True):
    """家庭共济 (key: psn_no of the account's owner): whose account also pays for this person.

    `order` 1 pays first; `consented_on` is when the owner agreed.
    """

    order: int
    relation: Literal["spouse", "parent", "child", "close_relative"]
    consented_on: str


class Registration(msgspec.Struct, forbid_unknown_fields=True):
    """慢特病备案 (key: national disease code); `disease` is the name that rulebooks use for it."""

    benefit: Literal["chronic", "special", "two_diseases", "dual_channel", "negotiated_drug"]
    disease: str
    name: str
    state: Literal["filed", "approved"] = "approved"
    serial: str = ""
    approval_date: str = ""
    institution: str = ""


class Offsite(msgspec.Struct, forbid_unknown_fields=True):
    """异地就医备案 (key: region of treatment); `kind` is a code of the area's 异地."""

    state: Literal["filed", "approved"] = "approved"
    serial: str = ""
    kind: str = ""


class AreaFact(msgspec.Struct, forbid_unknown_fields=True):
    """本地事实 (key: its column): what an area's own document declares of persons.

    The value is written as a visits file writes it.
    """

    value: str


class Selection(msgspec.Struct, forbid_unknown_fields=True):
    """选定医疗机构 (exclusive)."""

    institution: str
    serial: str = ""
    reason: str = ""


class Referral(msgspec.Struct, forbid_unknown_fields=True):
    """转诊 (key: code of the receiving institution)."""

    sender: str
    serial: str = ""
    reason: str = ""


class Stay(msgspec.Struct, forbid_unknown_fields=True):
    """住院 (key: number of the episode): `until` is the day of discharge, empty while it lasts.

    Units:   fen; what inpatient settlement, done elsewhere, used of the shared meters;
             `admitted_at` the hour of `since` as HH:MM, empty where it is not known.
    """

    institution: str
    level: Literal["1", "2", "3"]
    from_emergency: bool = False
    died: bool = False
    deductible_fen: int = 0
    pool_fen: int = 0
    total_fen: int = 0
    admitted_at: str = ""


class Injury(msgspec.Struct, forbid_unknown_fields=True):
    """意外伤害 (key: serial): whether a third party is liable.

    What an institution filed counts once the agency has approved it.

    Law:     社会保险法 第三十条第二款: where the third party does not pay or is unknown the pool
             advances the cost (`advance`, as the agency decided) and recovers it.
    """

    third_party: bool
    advance: bool = False
    serial: str = ""
    memo: str = ""
    state: Literal["filed", "approved"] = "approved"


PERSON_KINDS: dict[str, type[msgspec.Struct]] = {
    "birth": Birth,
    "insured": Insured,
    "account": Account,
    "subsidy": Subsidy,
    "bond": Bond,
    "registration": Registration,
    "offsite": Offsite,
    "area_fact": AreaFact,
    "selection": Selection,
    "referral": Referral,
    "stay": Stay,
    "injury": Injury,
}
EXCLUSIVE = {"birth", "insured", "account", "subsidy", "selection"}
"""Kinds whose key is always empty, so that the database allows one fact at a time."""
