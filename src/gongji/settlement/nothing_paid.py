"""Why the pool pays nothing of a bill that no gate refuses, in one sentence with its articles."""

from collections.abc import Iterable

from gongji.law.compile.citations import Cite
from gongji.law.engine.engine import Result, Step
from gongji.law.rulebook.provision_kinds import POOL
from gongji.ledger.entry_contents import Sums
from gongji.units import Fen, yuan_text

DEDUCTIBLE, CEILING = "deductible", "ceiling"
"""The kinds of limit that leave the pool nothing to pay."""


def nothing_paid(result: Result, sums: Sums) -> str:
    """The reason, empty where the pool pays, a gate refuses or nothing was charged."""
    if not sums.in_scope_fen and sums.total_fen and not result.gate:
        return f"统筹基金支付0.00元：没有政策范围内费用（{_outside(sums)}）"
    kind, bound = limit_reached(result, sums.in_scope_fen)
    if kind == DEDUCTIBLE:
        amount = yuan_text(sum(step.deductible for step in bound))
        said = f"政策范围内费用中的{amount}元计入起付标准，没有超过起付标准的部分"
        return _told(said, cites_of(bound, deductible=True))
    return _told("已达到最高支付限额", cites_of(bound, deductible=False)) if kind else ""


def limit_reached(result: Result, in_scope_fen: Fen) -> tuple[str, list[Step]]:
    """The kind of limit that leaves the pool nothing to pay, and the steps that it bound.

    Shape:   no kind where the pool pays, a gate refuses or nothing is in scope.
    """
    steps = [step for step in result.steps if step.note.layer.payer == POOL]
    if result.gate or result.pool_fen or not in_scope_fen or not steps:
        return "", []
    borne = [step for step in steps if step.deductible]
    if borne and sum(step.deductible for step in borne) == sum(step.taken for step in steps):
        return DEDUCTIBLE, borne
    reached = [step for step in steps if step.cost > step.taken or step.paid_by]
    return (CEILING if reached else ""), reached


def cites_of(steps: Iterable[Step], *, deductible: bool) -> list[Cite]:
    """Where the limits that bound stand: the deductibles, or the ceilings on payment."""
    found: list[Cite] = []
    for step in steps:
        bound = step.deductible_by if deductible else step.paid_by
        limit = step.note.limits.get(bound)
        found += limit.cited.cites if limit else step.note.rate.cites
    return found


def _outside(sums: Sums) -> str:
    """What a bill outside the policy consists of."""
    parts = (
        ("全自费", sums.wholly_own_fen),
        ("超支付标准", sums.above_standard_fen),
        ("先行自付", sums.first_self_pay_fen),
    )
    return "、".join(f"{name}{yuan_text(amount)}元" for name, amount in parts if amount)


def _told(said: str, cites: Iterable[Cite]) -> str:
    articles = "；".join(dict.fromkeys(f"{cite.document} {cite.article}" for cite in cites))
    return f"统筹基金支付0.00元：{said}〔{articles}〕"
