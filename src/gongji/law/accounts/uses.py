"""What an account may pay, for whom and where; and what becomes of it at an event.

Decisions on the rulebook's tables, each with its article. Balances and consents are kept elsewhere.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gongji.law.compile.grounds import Ground, ground, rules
from gongji.law.rulebook.account_provisions import (
    ACCOUNT_EVENTS,
    PLACES,
    RELATIONS,
    USES,
    AccountEvent,
    Binding,
    NoUse,
    Use,
)
from gongji.law.rulebook.law import Law, Provision
from gongji.refusals import REFUSALS, Refusal

Row = tuple[Provision[Use], Use]
"""A row of the table of uses."""

USE_NAMES = {code: name for name, code in USES.items()}
RELATION_NAMES = {code: name for name, code in RELATIONS.items()}
PLACE_NAMES = {code: name for name, code in PLACES.items()}
EVENT_NAMES = {code: name for name, code in ACCOUNT_EVENTS.items()}


@dataclass(frozen=True)
class UseQuery:
    """A payment that an account is asked for.

    `in_policy`: the amount is the person's burden inside the policy (deductible, share, first
    self-pay, what is above a ceiling). `coded`: the item has a national insurance code.
    """

    use: str
    relation: str = "self"
    place: str = ""
    in_policy: bool = True
    coded: bool = True


@dataclass(frozen=True)
class UseDecision:
    """Allowed, or the code of the refusal; the sentence says why, the grounds where it stands."""

    refusal: str
    sentence: str
    grounds: tuple[Ground, ...]

    @property
    def allowed(self) -> bool:
        """Whether the account may pay."""
        return not self.refusal


def use(law: Law, use: str, relation: str = "self", place: str = "", **facts: bool) -> UseDecision:
    """Whether an account may pay a use for a relation at a place.

    Shape:   codes of `rulebook.accounts` (USES, RELATIONS, PLACES); an empty place is none in
             particular (a premium); `facts` are those of Query.
    Returns: a decision; use_not_allowed before relation_not_allowed.
    Refuses: value_invalid for an unknown code; not_ruled where the law has no table of uses.
    """
    query = UseQuery(use, relation, place, **facts)
    _known("use", query.use, USE_NAMES)
    _known("relation", query.relation, RELATION_NAMES)
    _known("place", query.place, PLACE_NAMES | {"": ""})
    table = list(rules(law, Use))
    if not table:
        raise Refusal("not_ruled", "area", {"area": law.area, "value": "个人账户使用范围"})
    banned = [found for found in rules(law, NoUse) if query.use in found[1].uses]
    if banned:
        return _refused("use_not_allowed", f"{USE_NAMES[query.use]}被明文排除", banned)
    fitting, reason = _fitting(table, query)
    if not fitting:
        return _refused("use_not_allowed", reason, table)
    allowed = [found for found in fitting if query.relation in found[1].relations]
    if not allowed:
        names = dict.fromkeys(RELATION_NAMES[r] for _, rule in fitting for r in rule.relations)
        return _refused("relation_not_allowed", f"限{'、'.join(names)}", fitting)
    whom = "本人" if query.relation == "self" else RELATION_NAMES[query.relation]
    text = f"个人账户可以支付{whom}的{USE_NAMES[query.use]}"
    return UseDecision("", text, (ground(*allowed[0]),))


def _known(field: str, code: str, names: dict[str, str]) -> None:
    if code not in names:
        raise Refusal(
            "value_invalid", field, {"value": code, "allowed": "、".join(filter(None, names))}
        )


def _fitting(table: list[Row], query: UseQuery) -> tuple[list[Row], str]:
    """The provisions whose use, place and conditions fit, or why the nearest one does not."""
    left = [found for found in table if query.use in found[1].uses]
    reason = f"可支付的用途里没有{USE_NAMES[query.use]}"
    tests: list[tuple[str, Callable[[Use], bool]]] = [
        ("地点不在范围内", lambda u: not u.places or query.place in u.places),
        ("限政策范围内的个人负担", lambda u: query.in_policy or not u.in_policy),
        ("限有国家医保标准编码的", lambda u: query.coded or not u.coded),
    ]
    for text, fits in tests:
        kept = [found for found in left if fits(found[1])]
        if left and not kept:
            reason = text
        left = kept
    return left, reason


def _refused(
    code: str, reason: str, found: list[Row] | list[tuple[Provision[NoUse], NoUse]]
) -> UseDecision:
    grounds = tuple(ground(provision, rule) for provision, rule in found)
    return UseDecision(code, f"{REFUSALS[code]}：{reason}", grounds)


@dataclass(frozen=True)
class AccountBond:
    """Who may be bound to an owner's account, and what happens when it runs short."""

    relations: tuple[str, ...]
    short: str
    ground: Ground


def bond(law: Law) -> AccountBond | None:
    """The rule of family binding, where the law has one."""
    for provision, rule in rules(law, Binding):
        return AccountBond(rule.relations, rule.short, ground(provision, rule))
    return None


@dataclass(frozen=True)
class UseOutcome:
    """What becomes of an account's money at an event: one of the outcomes."""

    name: str
    outcomes: tuple[str, ...]
    on_request: bool
    special: str
    special_outcomes: tuple[str, ...]
    ground: Ground


def event(law: Law, event: str) -> list[UseOutcome]:
    """What the law says of an account at an event (codes of ACCOUNT_EVENTS); empty if nothing.

    Refuses: value_invalid for an unknown code.
    """
    _known("event", event, EVENT_NAMES)
    found = []
    for provision, rule in rules(law, AccountEvent):
        if event in rule.events:
            found.append(
                UseOutcome(
                    provision.name,
                    rule.outcomes,
                    rule.on_request,
                    rule.special,
                    rule.special_outcomes,
                    ground(provision, rule),
                )
            )
    return found
