"""What an account may pay, for whom and where; and what becomes of it at an event.

Decisions on the rulebook's tables, each with its article. Balances and consents are kept elsewhere.
"""

from dataclasses import dataclass

from gongji.accounts.citing import Ground, ground
from gongji.errors import REFUSALS, Refusal
from gongji.rulebook.accounts import (
    ACCOUNT_EVENTS, OUTCOMES, PLACES, RELATIONS, USES, AccountEvent, Binding, NoUse, Use,
)  # fmt: skip
from gongji.rulebook.law import Law, Provision

USE_NAMES = {code: name for name, code in USES.items()}
RELATION_NAMES = {code: name for name, code in RELATIONS.items()}
PLACE_NAMES = {code: name for name, code in PLACES.items()}
OUTCOME_NAMES = {code: name for name, code in OUTCOMES.items()}
EVENT_NAMES = {code: name for name, code in ACCOUNT_EVENTS.items()}


@dataclass(frozen=True)
class Query:
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
class Decision:
    """Allowed, or the code of the refusal; the sentence says why, the grounds where it stands."""

    refusal: str
    sentence: str
    grounds: tuple[Ground, ...]

    @property
    def allowed(self) -> bool:
        """Whether the account may pay."""
        return not self.refusal


def use(law: Law, use: str, relation: str = "self", place: str = "", **facts: bool) -> Decision:
    """Whether an account may pay a use for a relation at a place.

    Shape:   codes of `rulebook.accounts` (USES, RELATIONS, PLACES); an empty place is none in
             particular (a premium); `facts` are those of Query.
    Returns: a decision; use_not_allowed before relation_not_allowed.
    Refuses: value_invalid for an unknown code; not_ruled where the law has no table of uses.
    """
    query = Query(use, relation, place, **facts)
    _known("use", query.use, USE_NAMES)
    _known("relation", query.relation, RELATION_NAMES)
    _known("place", query.place, PLACE_NAMES | {"": ""})
    table = law.section("账户使用")
    if not table:
        raise Refusal("not_ruled", "area", {"area": law.area, "value": "个人账户使用范围"})
    banned = [p for p in law.section("账户禁用").values() if _bans(p, query)]
    if banned:
        return _refused("use_not_allowed", f"{USE_NAMES[query.use]}被明文排除", banned)
    fitting, reasons = _fitting(list(table.values()), query)
    if not fitting:
        return _refused("use_not_allowed", reasons, list(table.values()))
    allowed = [p for p in fitting if query.relation in _use(p).relations]
    if not allowed:
        names = dict.fromkeys(RELATION_NAMES[r] for p in fitting for r in _use(p).relations)
        return _refused("relation_not_allowed", f"限{'、'.join(names)}", fitting)
    whom = "本人" if query.relation == "self" else RELATION_NAMES[query.relation]
    text = f"个人账户可以支付{whom}的{USE_NAMES[query.use]}"
    return Decision("", text, tuple(map(ground, allowed[:1])))


def _known(field: str, code: str, names: dict[str, str]) -> None:
    if code not in names:
        raise Refusal("value_invalid", field, {"value": code, "allowed": "、".join(filter(None, names))})


def _use(provision: Provision) -> Use:
    assert isinstance(provision.value, Use)
    return provision.value


def _bans(provision: Provision, query: Query) -> bool:
    assert isinstance(provision.value, NoUse)
    return query.use in provision.value.uses


def _fitting(table: list[Provision], query: Query) -> tuple[list[Provision], str]:
    """The provisions whose use, place and conditions fit, or why the nearest one does not."""
    left = [p for p in table if query.use in _use(p).uses]
    reason = f"可支付的用途里没有{USE_NAMES[query.use]}"
    tests = [
        ("地点不在范围内", lambda u: not u.places or query.place in u.places),
        ("限政策范围内的个人负担", lambda u: query.in_policy or not u.in_policy),
        ("限有国家医保标准编码的", lambda u: query.coded or not u.coded),
    ]
    for text, fits in tests:
        kept = [p for p in left if fits(_use(p))]
        if left and not kept:
            reason = text
        left = kept
    return left, reason


def _refused(code: str, reason: str, provisions: list[Provision]) -> Decision:
    return Decision(code, f"{REFUSALS[code]}：{reason}", tuple(map(ground, provisions)))


@dataclass(frozen=True)
class Bond:
    """Who may be bound to an owner's account, and what happens when it runs short."""

    relations: tuple[str, ...]
    short: str
    grounds: tuple[Ground, ...]


def bond(law: Law) -> Bond | None:
    """The rule of family binding, where the law has one."""
    for provision in law.section("账户绑定").values():
        value = provision.value
        assert isinstance(value, Binding)
        return Bond(value.relations, value.short, (ground(provision),))
    return None


@dataclass(frozen=True)
class Outcome:
    """What becomes of an account's money at an event; the first outcome is the ordinary one."""

    name: str
    outcomes: tuple[str, ...]
    on_request: bool
    unless: str
    grounds: tuple[Ground, ...]


def event(law: Law, event: str) -> list[Outcome]:
    """What the law says of an account at an event (codes of ACCOUNT_EVENTS); empty if nothing.

    Refuses: value_invalid for an unknown code.
    """
    _known("event", event, EVENT_NAMES)
    found = []
    for name, provision in law.section("账户事件").items():
        value = provision.value
        assert isinstance(value, AccountEvent)
        if event in value.events:
            outcomes = tuple(value.outcomes)
            found.append(
                Outcome(name, outcomes, value.on_request, value.unless, (ground(provision),))
            )
    return found
