"""A day at the counters: planned visits and purchases, done one after another through the
gateway.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from gongji.hospital.client import Encounter, Hospital, Item, NotAccepted


@dataclass(frozen=True)
class Plan:
    """Someone who comes to a counter: where, who, why, and what it costs."""

    hospital: Hospital
    certificate: str
    why: str
    med_type: str
    items: tuple[Item, ...]
    disease: tuple[str, str] = ("", "")
    accounts: str = "1"
    cancels: bool = False


@dataclass(frozen=True)
class Receipt:
    """What came of a plan: the reply of the settlement, or what the cashier was told."""

    plan: Plan
    settlement: dict[str, Any]
    funds: tuple[dict[str, Any], ...]
    told: str = ""


def at_the_counter(plan: Plan) -> Iterator[Receipt]:
    """A visit from 1101 to 2207, a purchase by 2102; taken back by 2208 if the plan says so."""
    try:
        person = plan.hospital.person(plan.certificate)
        encounter = Encounter(
            plan.hospital, person, plan.certificate, plan.med_type, plan.disease, plan.accounts
        )
        if plan.hospital.code.startswith("P"):
            output = encounter.purchase(plan.items)
        else:
            encounter.register()
            encounter.diagnose()
            encounter.charge(plan.items)
            encounter.try_out()
            output = encounter.settle()
        warned = plan.hospital.warned
        yield Receipt(plan, output["setlinfo"], tuple(output["setldetail"]), told=warned)
        if plan.cancels:
            output = encounter.cancel(str(output["setlinfo"]["setl_id"]))
            yield Receipt(plan, output["setlinfo"], tuple(output["setldetail"]), told="已退费")
    except NotAccepted as refused:
        yield Receipt(plan, {}, (), told=str(refused))


def a_day(plans: Iterable[Plan]) -> Iterator[Receipt]:
    """Every plan of the day in turn; each institution signs in before its first."""
    signed: set[str] = set()
    for plan in plans:
        if plan.hospital.code not in signed:
            plan.hospital.sign_in()
            signed.add(plan.hospital.code)
        yield from at_the_counter(plan)
