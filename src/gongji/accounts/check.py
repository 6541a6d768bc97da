"""What a rulebook's sections on accounts and clearing must hold together.

Names, units and doubts are `rulebook.references`' business; this module finds what would stop a
credit or a clearing from being computed.
"""

from collections.abc import Iterator

from gongji.accounts.citing import rules
from gongji.errors import Problem, RulebookError
from gongji.rulebook.accounts import (
    ROSTER_FACTS,
    Band,
    Clearing,
    Contribution,
    Credit,
    Deadline,
    NoCredit,
    Payment,
    Share,
)  # fmt: skip
from gongji.rulebook.documents import Benefit, ByAxis, Condition, Layer, Literal
from gongji.rulebook.law import Law
from gongji.rulebook.source import Node
from gongji.visit.area import Area


def refuse_unsound(area: Area) -> None:
    """Refuse an area whose account sections cannot be computed.

    Refuses: RulebookError with every problem.
    """
    found = [problem for law in area.laws for problem in problems(law)]
    if found:
        raise RulebookError(list(dict.fromkeys(found)))


def problems(law: Law) -> list[Problem]:
    """Every problem of a law's sections on accounts, clearing and deadlines."""
    return [*_facts(law), *_clearing(law), *_deadlines(law)]


def _problem(node: Node, key: str, message: str) -> Problem:
    return Problem(node.file, node.line, key, message)


def _facts(law: Law) -> Iterator[Problem]:
    """Credits speak only of facts that a roster has."""
    known = [*ROSTER_FACTS, *(n for n, fact in law.facts.items() if fact.source == "年龄")]
    conditions: list[tuple[str, Node, Condition]] = []
    for _, stop in rules(law, "不计发", NoCredit):
        conditions.append(("不计发", stop.node, stop.when))
    for _, paid in rules(law, "缴费", Contribution):
        conditions.append(("缴费", paid.node, paid.when))
    for _, credit in rules(law, "划入", Credit):
        conditions.append(("划入", credit.node, credit.when))
        share = credit.amount
        values = (share.rate, share.base) if isinstance(share, Share) else (share,)
        for value in values:
            if isinstance(value, ByAxis):
                conditions.append(("划入", value.node, {value.axis: ()}))
    for section, node, condition in conditions:
        for name in condition:
            if name not in known:
                message = f"名册没有事实“{name}”；可取：{'、'.join(known)}"
                yield _problem(node, section, message)


def _clearing(law: Law) -> Iterator[Problem]:
    """A clearing settles a capitation; its bands begin at nothing and rise."""
    payments = {provision.name: payment for provision, payment in rules(law, "付费", Payment)}
    for provision, rule in rules(law, "清算", Clearing):
        payment = payments.get(rule.payment)
        if payment is None or payment.capitation is None:
            allowed = "、".join(n for n, p in payments.items() if p.capitation) or "（无）"
            message = f"“{rule.payment}”不是有定额的付费；可取：{allowed}"
            yield _problem(rule.node, f"{provision.path}.付费", message)
        elif not _has_ceiling(law, payment.capitation.benefit):
            message = "这项待遇没有对所有人相同的年度最高支付限额"
            yield _problem(payment.capitation.node, "付费.定额.限额", message)
        yield from _bands(provision.path, rule.bands)


def _bands(path: str, bands: tuple[Band, ...]) -> Iterator[Problem]:
    starts = [band.since for band in bands]
    if starts[0] != 0 or starts != sorted(set(starts)):
        yield _problem(bands[0].node, f"{path}.分档", "使用率须从 0% 起、逐档升高")


def _has_ceiling(law: Law, benefit: str) -> bool:
    """Whether the first ceiling of a benefit is one amount for everybody."""
    found = law.section("待遇").get(benefit)
    if found is None or not isinstance(found.value, Benefit):
        return False
    layer = found.value.layers[0]
    if not isinstance(layer, Layer) or not layer.ceilings:
        return False
    value = layer.ceilings[0].value
    unlimited = isinstance(value, Literal) and value.amount is None
    return not unlimited and not isinstance(value, ByAxis)


def _deadlines(law: Law) -> Iterator[Problem]:
    for provision, rule in rules(law, "期限", Deadline):
        if rule.accepted and rule.until is None:
            yield _problem(rule.node, provision.path, "受理的须写明“截止”")
