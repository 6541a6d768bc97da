"""Who pays what the funds leave: own account, family accounts in their order, cash.

Law:     楚政规〔2022〕2号 第十条、第二十条、第二十一条; 攀枝花 第五条; each area's 账户使用.
This module knows amounts and the law's table of uses, no database.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec

from gongji.law.accounts import uses
from gongji.law.engine.engine import Result
from gongji.law.rulebook.law import KEPT, Law
from gongji.ledger.entry_contents import UNCODED, AccountsAvailable, Sums
from gongji.refusals import Refusal
from gongji.settlement.contract import FAMILY_ACCOUNTS, NO_ACCOUNT
from gongji.units import Fen

BANNED_USES = {"public_health": "public_health", "wellness": "wellness"}
"""Reasons for which the pool pays nothing that are uses which an account may be barred from too."""

RELATIONS = {name: name for name in ("spouse", "parent", "child", "close_relative")}
"""Relation of a bond -> relation of the table of uses: a bond says what it says, and no more."""


class Payment(msgspec.Struct, frozen=True):
    """Who pays the person's part.

    Units:   fen. Ensures: own + family + cash = the person's part of the result.
    """

    own_fen: Fen
    family: tuple[tuple[int, Fen], ...]
    cash_fen: Fen
    notes: tuple[str, ...] = ()

    @property
    def family_fen(self) -> Fen:
        """What family accounts pay together."""
        return sum(amount for _, amount in self.family)


def allocate(result: Result, sums: Sums, available: AccountsAvailable) -> Payment:
    """Own account, family accounts in their order, cash.

    Law:     the accounts pay the burden inside the policy (deductible, share, first self-pay, above
             a ceiling), and what is outside it only where the area's table does not limit it.
    Ensures: no account pays more than is on it.
    """
    person = result.person_fen
    left = _parts(result, sums)
    notes: list[str] = []
    own = 0
    if available.accounts != NO_ACCOUNT:
        # What a layer already took from the own account (当年账户) is part of the burden inside.
        own = _draw(result, available, "self", available.own_fen, left, notes)
    family: list[tuple[int, Fen]] = []
    for owner in available.family if available.accounts == FAMILY_ACCOUNTS else ():
        paid = _draw(result, available, RELATIONS[owner.relation], owner.balance_fen, left, notes)
        if paid:
            family.append((owner.person, paid))
    cash = person - own - sum(amount for _, amount in family)
    return Payment(own, tuple(family), cash, tuple(dict.fromkeys(notes)))


@dataclass
class _Part:
    """A part of the burden that accounts pay as one use.

    Units:   fen that are still to be paid. Shape: `use` empty for the care or the drugs of the
             bill; `facts` those of `UseQuery`.
    """

    left_fen: Fen
    use: str = ""
    facts: dict[str, bool] = field(default_factory=dict)


def _parts(result: Result, sums: Sums) -> list[_Part]:
    """The person's part by what an account would pay with it, inside the policy first.

    Law:     云浮 第十一条（五） (中医治未病)、第十二条; 楚雄 第十条（一） (编码)、第十一条.
    """
    inside = result.person_fen - sums.above_standard_fen - sums.wholly_own_fen
    uses = {name: fen for name, fen in sums.uses.items() if fen}
    rest = result.person_fen - inside - sum(uses.values())
    made = [_Part(inside), _Part(rest, facts={"in_policy": False})]
    for name, fen in uses.items():
        coded = name != UNCODED
        facts = {"in_policy": False, "coded": coded}
        made.append(_Part(fen, name if coded else "", facts))
    return made


def _draw(
    result: Result,
    available: AccountsAvailable,
    relation: str,
    balance: Fen,
    left: list[_Part],
    notes: list[str],
) -> Fen:
    """What an account pays of the parts of the burden."""
    paid = 0
    for part in left:
        if not part.left_fen:
            continue
        use = part.use or _use(result, available)
        reason = _refused(result.law, use, relation, available.place, **part.facts)
        if reason:
            if balance > paid:
                notes.append(reason)
            continue
        amount = min(part.left_fen, balance - paid)
        part.left_fen -= amount
        paid += amount
    return paid


def _use(result: Result, available: AccountsAvailable) -> str:
    banned = BANNED_USES.get(result.refusal)
    return banned or ("drugs" if available.place == "pharmacy" else "care")


def not_payable(law: Law, place: str) -> str:
    """Why the own account may not pay the burden inside the policy at a place, empty if it may."""
    use = "drugs" if place == "pharmacy" else "care"
    return _refused(law, use, "self", place)


@lru_cache(maxsize=16 * KEPT)
def _refused(law: Law, use: str, relation: str, place: str, **facts: bool) -> str:
    """Why an account may not pay, empty if it may."""
    try:
        decision = uses.use(law, use, relation, place, **facts)
    except Refusal as error:
        return f"个人账户不支付：{error}"
    return "" if decision.allowed else _said(decision)


def _said(decision: uses.UseDecision) -> str:
    found: Sequence[Any] = decision.grounds
    names = "；".join(dict.fromkeys(f"{g.cite.document} {g.cite.article}" for g in found))
    return f"{decision.sentence}〔{names}〕"
