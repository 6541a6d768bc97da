"""What the lines of a batch say of its settlement, and its sums for the benefit it is settled by.

The sums of a batch are kept as they are where the disease does not matter. Lines that may turn out
to have nothing to do with the disease are kept beside them in groups, so that the settlement, which
knows the benefit, can take them out (CX-16) or refuse the bill (YF-19) without reading lines again.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

import msgspec

from gongji.catalogue.items import looks_national
from gongji.law.pricing.price_line import terms_of
from gongji.law.pricing.terms import Terms
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.line_provisions import APART, UNRELATED
from gongji.ledger.entry_contents import UNCODED, Sums
from gongji.people.person_facts import FactRow
from gongji.refusals import Refusal
from gongji.settlement.batch_marks import Drug, Marks, Prescription, Scoped
from gongji.settlement.price_bills import PricedBill, PricedLine, outside, unrelated_to
from gongji.units import Fen

ORDINARY = "ordinary"

AMOUNTS = ("above_standard_fen", "wholly_own_fen", "first_self_pay_fen", "in_scope_fen")


class BatchSummary(msgspec.Struct, frozen=True):
    """A batch summed up as it is kept: the columns of `charge_batch` that its lines make.

    Units:   fen; `parts`: in-scope cost by part of the rulebook.
    """

    total_fen: Fen
    above_standard_fen: Fen
    wholly_own_fen: Fen
    first_self_pay_fen: Fen
    in_scope_fen: Fen
    parts: dict[str, Fen] = {}
    marks: Marks = Marks()


def batch_of(priced: PricedBill) -> BatchSummary:
    """What a priced bill comes to, and what its lines say."""
    total = sum(line.line.amount_fen for line in priced.lines)
    above, wholly, first, inside = _added(priced.lines)
    parts: dict[str, Fen] = {}
    for line in priced.lines:
        if line.judgement.part and line.split[3]:
            parts[line.judgement.part] = parts.get(line.judgement.part, 0) + line.split[3]
    return BatchSummary(total, above, wholly, first, inside, parts, marks_of(priced))


def sums_for(batch: BatchSummary, benefit: str, diseases: Sequence[str] | None = None) -> Sums:
    """The sums of a batch when a benefit settles it.

    Law:     楚政规〔2022〕2号 第十六条: only drugs, services and consumables related to the disease
             belong to chronic and special care; the rest of such a bill is wholly the person's.
    Shape:   `diseases` the names of the disease it is settled for (`names_of`); None: those that
             were known when the lines came.
    """
    marks, parts = batch.marks, dict(batch.parts)
    amounts = [int(getattr(batch, name)) for name in AMOUNTS]
    names = marks.diseases if diseases is None else diseases
    unrelated: list[str] = []
    if benefit in marks.unrelated_in:
        for group in marks.scoped:
            if not unrelated_to(group.told, group.diseases, names):
                continue
            unrelated += group.serials
            amounts = [now - gone for now, gone in zip(amounts, group.split, strict=True)]
            amounts[1] += sum(group.split)
            if group.part:
                parts[group.part] = parts.get(group.part, 0) - group.split[3]
    kept = {part: cost for part, cost in parts.items() if cost}
    above, wholly, first, inside = amounts
    whole = (batch.total_fen, above, wholly, first, inside)
    return Sums(*whole, kept, tuple(unrelated), marks.uses)


def together(found: Sequence[BatchSummary]) -> BatchSummary:
    """Several batches of a visit as one: their sums, and what their lines say."""
    marks = [one.marks for one in found]
    benefits: dict[str, tuple[str, ...]] = {}
    for said in marks:
        for benefit, serials in said.benefits.items():
            benefits[benefit] = (*benefits.get(benefit, ()), *serials)
    return BatchSummary(
        sum(one.total_fen for one in found),
        sum(one.above_standard_fen for one in found),
        sum(one.wholly_own_fen for one in found),
        sum(one.first_self_pay_fen for one in found),
        sum(one.in_scope_fen for one in found),
        _summed(one.parts for one in found),
        Marks(
            drugs=tuple(drug for said in marks for drug in said.drugs),
            benefits=benefits,
            unrelated=tuple(serial for said in marks for serial in said.unrelated),
            prescriptions=tuple(one for said in marks for one in said.prescriptions),
            warnings=tuple(dict.fromkeys(one for said in marks for one in said.warnings)),
            diseases=tuple(dict.fromkeys(one for said in marks for one in said.diseases)),
            unrelated_in=tuple(dict.fromkeys(one for said in marks for one in said.unrelated_in)),
            scoped=tuple(group for said in marks for group in said.scoped),
            uses=_summed(said.uses for said in marks),
        ),
    )


def _summed(found: Iterable[Mapping[str, Fen]]) -> dict[str, Fen]:
    """Amounts by name, added up."""
    made: dict[str, Fen] = {}
    for name, fen in chain.from_iterable(amounts.items() for amounts in found):
        made[name] = made.get(name, 0) + fen
    return made


def refuse_mixed(marks: Marks, benefit: str, law: Law) -> None:
    """A bill with lines that the benefit settling it cannot take, or of which the law is silent.

    Law:     云浮 第十八条（二）、第十九条: special-disease costs are prescribed and settled apart.
    Refuses: benefits_mixed, naming the lines and the article.
    """
    terms = terms_of(law)
    if benefit in terms.benefits(APART):
        others = {code: serials for code, serials in marks.benefits.items() if serials}
        others.pop(benefit, None)
        if others:
            raise _mixed(benefit, others, terms)


def _mixed(benefit: str, others: Mapping[str, Sequence[str]], terms: Terms) -> Refusal:
    name = terms.law.benefit_name
    named = [f"{name(code)}（明细 {'、'.join(serials)}）" for code, serials in others.items()]
    found = terms.ground(APART, benefit)
    article = f"〔{found.cite.document} {found.cite.article}〕" if found else ""
    values = {"value": "、".join([name(benefit), *named]), "article": article}
    return Refusal("benefits_mixed", "chrg_bchno", values)


def marks_of(priced: PricedBill) -> Marks:
    """What the lines of a bill say of its settlement."""
    return Marks(
        drugs=tuple(_drug(line) for line in priced.lines if _is_special_drug(line)),
        benefits=_benefits(priced),
        unrelated=tuple(line.line.serial for line in priced.lines if line.unrelated),
        prescriptions=tuple(
            Prescription(line.prescriber, line.line.prescription, line.line.serial)
            for line in priced.lines
            if outside(line.line)
        ),
        warnings=warnings_of(priced.lines),
        diseases=priced.diseases,
        unrelated_in=tuple(priced.terms.benefits(UNRELATED)),
        scoped=_scoped(priced.lines),
        uses=_summed({_use(line): sum(line.split[:2])} for line in priced.lines if _use(line)),
    )


def _use(line: PricedLine) -> str:
    """As what an account pays a line where that is neither care nor a drug."""
    if line.version is not None:
        return line.version.account_use
    return "" if looks_national(line.line.item) else UNCODED


def _is_special_drug(line: PricedLine) -> bool:
    return bool(line.version and (line.version.negotiated or line.version.dual_channel))


def _drug(line: PricedLine) -> Drug:
    assert line.version is not None
    return Drug(
        line.line.item,
        line.line.serial,
        line.version.negotiated,
        line.version.dual_channel,
        line.version.in_agreement(line.day),
    )


def _benefits(priced: PricedBill) -> dict[str, tuple[str, ...]]:
    """Lines by the benefit they belong to, of those benefits that must be settled apart."""
    apart = priced.terms.benefits(APART)
    if not apart:
        return {}
    found: dict[str, list[str]] = {}
    for line in priced.lines:
        belongs = _belongs(line, priced.registrations, apart)
        if belongs:
            found.setdefault(belongs, []).append(line.line.serial)
    return {benefit: tuple(serials) for benefit, serials in found.items()}


def _belongs(line: PricedLine, registered: Sequence[FactRow], apart: Sequence[str]) -> str:
    """The benefit of a line: that of a registered disease its item is for, else the ordinary.

    A line whose item is related to no disease in particular fits every benefit.
    """
    diseases = set(line.version.diseases) if line.version else set()
    for fact in registered:
        mine = {fact.key, fact.details.get("disease")}
        if (
            fact.details.get("benefit") in apart
            and diseases & mine
            and line.line.related is not False
        ):
            return str(fact.details["benefit"])
    rest = ORDINARY if ORDINARY in apart else ""
    return rest if diseases or line.line.related is False else ""


def _scoped(lines: Iterable[PricedLine]) -> tuple[Scoped, ...]:
    groups: dict[tuple[tuple[str, ...], bool | None, str], list[PricedLine]] = {}
    for line in lines:
        diseases = tuple(sorted(line.version.diseases)) if line.version else ()
        told = False if line.line.related is False else None
        if diseases or told is not None:
            groups.setdefault((diseases, told, line.judgement.part), []).append(line)
    return tuple(
        Scoped(*key, tuple(line.line.serial for line in group), _added(group))
        for key, group in groups.items()
    )


def _added(lines: Iterable[PricedLine]) -> tuple[Fen, Fen, Fen, Fen]:
    above, wholly, first, inside = zip(*(line.split for line in lines), strict=True)
    return sum(above), sum(wholly), sum(first), sum(inside)


def warnings_of(lines: Iterable[PricedLine]) -> tuple[str, ...]:
    """Sentences for the cashier: items that the catalogue does not know."""
    unknown = [line.line.serial for line in lines if line.version is None]
    if not unknown:
        return ()
    return (f"明细 {'、'.join(unknown)} 的项目不在医保目录中，按全自费处理；请核对目录编码",)
