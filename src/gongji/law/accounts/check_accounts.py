"""What a rulebook's sections on accounts and clearing must hold together.

Names, units and doubts are `rulebook.references`' business; this module finds what would stop a
credit or a clearing from being computed.
"""

from collections.abc import Iterator
from functools import lru_cache

from gongji.law.compile.cells import value_axes
from gongji.law.compile.grounds import rules
from gongji.law.engine.area import Area
from gongji.law.rulebook.account_provisions import (
    ROSTER_FACTS,
    Band,
    Clearing,
    Contribution,
    Credit,
    Deadline,
    NoCredit,
    Payment,
    Share,
    Use,
)
from gongji.law.rulebook.law import KEPT, Law
from gongji.law.rulebook.provision_kinds import Benefit, Layer, Literal, Value
from gongji.law.rulebook.source import Node
from gongji.refusals import Problem, RulebookError
from gongji.units import WHOLE, Ppm


@lru_cache(maxsize=KEPT)
def sound(area: Area) -> Area:
    """The area, its sections on accounts looked through once.

    Refuses: RulebookError with every problem.
    """
    found = [problem for law in area.laws for problem in problems(law)]
    if found:
        raise RulebookError(list(dict.fromkeys(found)))
    return area


def problems(law: Law) -> list[Problem]:
    """Every problem of a law's sections on accounts, clearing and deadlines."""
    return [*_facts(law), *_clearing(law), *_deadlines(law)]


def without_uses(law: Law) -> Iterator[Problem]:
    """Credits whose money nobody knows what to pay with: accounts then pay nothing."""
    credited = list(rules(law, Credit))
    if credited and not list(rules(law, Use)):
        provision, credit = credited[0]
        message = "有“划入”而没有“账户使用”：结算时个人账户不支付任何费用；请按文件补写“账户使用”"
        yield _problem(credit.node, provision.path, message)


def _problem(node: Node, key: str, message: str) -> Problem:
    return Problem(node.file, node.line, key, message)


def _facts(law: Law) -> Iterator[Problem]:
    """Credits speak only of facts that a roster has."""
    found = [(p.path, rule.node, set(rule.when)) for p, rule in rules(law, NoCredit)]
    found += [(p.path, paid.node, set(paid.when)) for p, paid in rules(law, Contribution)]
    for provision, credit in rules(law, Credit):
        axes = [value_axes(law, value) for value in values_of(credit)]
        found.append((provision.path, credit.node, set(credit.when).union(*axes)))
    known = [*ROSTER_FACTS, *(name for name, fact in law.facts.items() if fact.source == "年龄")]
    for path, node, names in found:
        for name in sorted(names - set(known)):
            message = f"名册没有事实“{name}”；可取：{'、'.join(known)}"
            yield _problem(node, path, message)


def values_of(credit: Credit) -> list[Value]:
    """The values that a credit is computed from."""
    if not isinstance(credit.amount, Share):
        return [credit.amount]
    share = credit.amount
    values = (share.rate, share.base, share.at_least, share.at_most)
    return [value for value in values if value is not None]


def _clearing(law: Law) -> Iterator[Problem]:
    """A clearing settles a capitation; its bands begin at nothing and rise."""
    payments = {provision.name: payment for provision, payment in rules(law, Payment)}
    for provision, rule in rules(law, Clearing):
        payment = payments.get(rule.payment)
        if payment is None or payment.capitation is None:
            allowed = "、".join(n for n, p in payments.items() if p.capitation) or "（无）"
            message = f"“{rule.payment}”不是有定额的付费；可取：{allowed}"
            yield _problem(rule.node, f"{provision.path}.付费", message)
        elif not _has_ceiling(law, payment.capitation.benefit):
            message = "这项待遇没有对所有人相同的年度最高支付限额"
            yield _problem(payment.capitation.node, "付费.定额.限额", message)
        else:
            yield from _shares("付费.定额", payment.capitation.node, payment.capitation.share)
        yield from _bands(provision.path, rule.bands)
        if rule.direct:
            path, node = f"{provision.path}.直接结算率", rule.direct.node
            yield from _shares(path, node, rule.direct.below, rule.direct.step, rule.direct.loss)
            if rule.direct.step == 0:
                yield _problem(node, f"{path}.每低", "须大于零")


def _bands(path: str, bands: tuple[Band, ...]) -> Iterator[Problem]:
    starts = [band.since for band in bands]
    if starts[0] != 0 or starts != sorted(set(starts)):
        yield _problem(bands[0].node, f"{path}.分档", "使用率须从 0% 起、逐档升高")
    for band in bands:
        yield from _shares(f"{path}.分档", band.node, band.since, band.kept)


def _shares(path: str, node: Node, *shares: Ppm) -> Iterator[Problem]:
    if any(not 0 <= share <= WHOLE for share in shares):
        yield _problem(node, path, "百分比须在 0% 与 100% 之间")


def _has_ceiling(law: Law, benefit: str) -> bool:
    """Whether the first ceiling of a benefit is one amount for everybody."""
    found = law.all(Benefit).get(benefit)
    if found is None or not isinstance(found.value, Benefit):
        return False
    layer = found.value.layers[0]
    if not isinstance(layer, Layer) or not layer.ceilings:
        return False
    value = layer.ceilings[0].value
    unlimited = isinstance(value, Literal) and value.amount is None
    return not unlimited and not value_axes(law, value)


def _deadlines(law: Law) -> Iterator[Problem]:
    for provision, rule in rules(law, Deadline):
        if rule.accepted and rule.until is None:
            yield _problem(rule.node, provision.path, "受理的须写明“截止”")
