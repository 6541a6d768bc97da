"""Which benefit a bill is settled by: the kind of care, registrations, the drugs on it.

The table is ROUTES; docs/inside/settlement.md shows it. What the area does not offer is refused
when the law is asked for it (benefit_not_offered), so the table is the same for every area.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import msgspec

from gongji.law.compile.cells import offered_benefits
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.law import KEPT, Law
from gongji.refusals import Refusal
from gongji.settlement.batch_marks import Drug

ORDINARY, CHRONIC, SPECIAL, EMERGENCY = "ordinary", "chronic", "special", "emergency"
NEGOTIATED, DAY_SURGERY, TWO_DISEASES, DUAL_CHANNEL = (
    "negotiated_drug",
    "day_surgery",
    "two_diseases",
    "dual_channel",
)

REGISTERED, DRUGS, PHARMACY = "registered", "drugs", "pharmacy"
"""Routes that depend on more than the kind of care."""

OUTPATIENT_CARE, PHARMACY_CARE, SPECIAL_DRUGS = "outpatient", "pharmacy", "special_drugs"
DISEASE_CARE, RESCUE_CARE, INPATIENT_CARE = "registered_disease", "rescue", "inpatient"
URGENT_CARE = "urgent"
ROUTES: dict[str, str] = {
    OUTPATIENT_CARE: ORDINARY,
    "outpatient_registration": ORDINARY,
    URGENT_CARE: ORDINARY,
    DISEASE_CARE: REGISTERED,
    SPECIAL_DRUGS: DRUGS,
    "injury": ORDINARY,
    "day_surgery": DAY_SURGERY,
    PHARMACY_CARE: PHARMACY,
    RESCUE_CARE: EMERGENCY,
    "two_diseases": TWO_DISEASES,
    "local_injury": ORDINARY,
}
"""Kind of care -> benefit, or the route by which it is found; every other kind is refused."""

CARE_NAMES = {
    OUTPATIENT_CARE: "普通门诊",
    "outpatient_registration": "门诊挂号",
    URGENT_CARE: "急诊",
    DISEASE_CARE: "门诊慢特病",
    SPECIAL_DRUGS: "特药购药",
    "injury": "意外伤害门诊",
    "day_surgery": "日间手术",
    PHARMACY_CARE: "定点药店购药",
    RESCUE_CARE: "急诊抢救",
    "two_diseases": "门诊两病",
    "local_injury": "意外伤害门诊",
}


@dataclass(frozen=True, slots=True)
class Registered:
    """A registration (慢特病备案) that holds on the date of service."""

    key: str
    benefit: str
    disease: str
    approved: bool
    approval_date: str


class Route(msgspec.Struct, frozen=True):
    """The benefit of a bill, the registration and the drug that it is settled for."""

    benefit: str
    registration: Registered | None = None
    drug: str = ""
    in_agreement: bool = True


def route(
    law: Law,
    med_type: str,
    disease: str,
    registrations: Sequence[Registered],
    drugs: Sequence[Drug],
    lines: int,
) -> Route:
    """The benefit of a bill.

    Law:     楚政规〔2022〕2号 第十六条 (by the diagnosis of the visit), 第十八条;
             云浮 第二十条（一）; 邵阳 第十五条.
    Shape:   `disease` the national code of the visit's disease; `drugs` as in the marks of a batch;
             `lines` how many lines the batch has.
    Refuses: med_type_unsupported, benefit_not_offered, registration_missing, drugs_missing,
             drugs_mixed.
    """
    way = ROUTES.get(med_type)
    if way is None:
        allowed = "、".join(dict.fromkeys(CARE_NAMES.values()))
        raise Refusal("med_type_unsupported", "care", {"value": med_type, "allowed": allowed})
    if way == REGISTERED:
        found = _registration(disease, registrations, (CHRONIC, SPECIAL))
        _offered(law, found.benefit)
        return Route(found.benefit, found)
    if way == TWO_DISEASES:
        _offered(law, TWO_DISEASES)
        return Route(TWO_DISEASES, _registration(disease, registrations, (TWO_DISEASES,)))
    if way == DRUGS:
        return _by_drugs(law, registrations, drugs, lines)
    if way == PHARMACY:
        if through := _by_dual_channel(law, registrations, drugs, lines):
            return through
        way = ORDINARY
    _offered(law, way)
    return Route(way)


def _by_drugs(
    law: Law, registrations: Sequence[Registered], drugs: Sequence[Drug], lines: int
) -> Route:
    """特药购药: dual-channel drugs, else one negotiated drug."""
    if through := _by_dual_channel(law, registrations, drugs, lines):
        return through
    dual = [drug for drug in drugs if drug.dual_channel]
    if NEGOTIATED not in _offers(law):
        _offered(law, DUAL_CHANNEL)
        if len(dual) == lines:
            raise Refusal("registration_missing", "disease", {"value": "双通道药品"})
        raise _drugs_refusal("drugs_missing", dual, "双通道药品")
    found = [drug for drug in drugs if drug.negotiated]
    if not found or len(found) != lines:
        raise _drugs_refusal("drugs_missing", found, "国家医保谈判药品")
    if len({drug.item for drug in found}) > 1:
        raise _drugs_refusal("drugs_mixed", found, "国家医保谈判药品")
    agreed = all(drug.in_agreement for drug in found)
    return Route(NEGOTIATED, _holder(registrations), found[0].item, agreed)


def _by_dual_channel(
    law: Law, registrations: Sequence[Registered], drugs: Sequence[Drug], lines: int
) -> Route | None:
    """The dual channel, for who is registered; for everybody where the law folds it into another.

    Law:     云浮 第二十条（一）: dual-channel drugs are ordinary, without a registration.
    Refuses: drugs_missing where the law folds it and the bill has other drugs too, of which the
             pool pays nothing at a pharmacy.
    """
    dual = [drug for drug in drugs if drug.dual_channel]
    folded = DUAL_CHANNEL in _folded(law)
    if not dual or DUAL_CHANNEL not in _offers(law):
        return None
    if len(dual) < lines:
        if folded:
            raise _drugs_refusal("drugs_missing", dual, "双通道药品")
        return None
    holder = _holder(registrations)
    return Route(DUAL_CHANNEL, holder, _one(dual)) if holder or folded else None


def _holder(registrations: Iterable[Registered]) -> Registered | None:
    """The registration for special drugs, whatever its name."""
    return _any(registrations, (DUAL_CHANNEL, NEGOTIATED))


def _one(drugs: Sequence[Drug]) -> str:
    """The drug that a bill is for, where it is one."""
    items = {drug.item for drug in drugs}
    return next(iter(items)) if len(items) == 1 else ""


def _drugs_refusal(code: str, found: Iterable[Drug], kind: str) -> Refusal:
    serials = "、".join(drug.serial for drug in found) or "无"
    return Refusal(code, "lines", {"kind": kind, "value": serials})


def _any(registrations: Iterable[Registered], benefits: tuple[str, ...]) -> Registered | None:
    return next((r for r in registrations if r.approved and r.benefit in benefits), None)


def _registration(
    disease: str, registrations: Iterable[Registered], benefits: tuple[str, ...]
) -> Registered:
    """The approved registration for a disease.

    Refuses: registration_missing.
    """
    for found in registrations:
        if disease and found.key == disease and found.benefit in benefits and found.approved:
            return found
    value = f"病种 {disease}" if disease else "（未填病种）"
    raise Refusal("registration_missing", "disease", {"value": value})


@lru_cache(maxsize=KEPT)
def _offers(law: Law) -> frozenset[str]:
    """The codes of the benefits that a law offers."""
    return frozenset(law.benefits[name] for name in offered_benefits(law))


@lru_cache(maxsize=KEPT)
def _folded(law: Law) -> frozenset[str]:
    """The codes of the benefits that a law settles by the rules of another."""
    routes = (provision.value for provision in law.all(provision_kinds.Route).values())
    return frozenset(law.benefits[name] for route in routes for name in route.benefits)


def _offered(law: Law, benefit: str) -> None:
    if benefit not in _offers(law):
        allowed = "、".join(offered_benefits(law))
        values = {"area": law.area, "value": law.benefit_name(benefit), "allowed": allowed}
        raise Refusal("benefit_not_offered", "care", values)
