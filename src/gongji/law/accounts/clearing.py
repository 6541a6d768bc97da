"""A year's capitation of one institution: the terms of the rulebook -> kernel -> statement."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from gongji.law.compile.citations import Cited
from gongji.law.compile.figures import Resolver
from gongji.law.compile.grounds import rules
from gongji.law.compile.layout import Layout
from gongji.law.engine.area import Area
from gongji.law.engine.engine import parameter_missing
from gongji.law.engine.visit import read_amount
from gongji.law.kernel import clear as kernel
from gongji.law.kernel.calendar import first_of_month
from gongji.law.rulebook.account_provisions import Capitation, Clearing, Payment
from gongji.law.rulebook.law import Law, Provision
from gongji.law.rulebook.provision_kinds import Benefit, Layer
from gongji.refusals import Refusal
from gongji.tabular.cell_forms import plain
from gongji.units import MAX_FEN, WHOLE, Fen

MONTHS = range(1, kernel.MONTHS + 1)
HEADS = tuple(f"heads_{month}" for month in MONTHS)
AMOUNTS = ("spent", "manual_reimbursed")
COUNTS = ("direct_settled", "settled")
INSTITUTION_COLUMNS = (
    "institution",
    "area",
    "year",
    *HEADS,
    *AMOUNTS,
    *(f"{a}_fen" for a in AMOUNTS),
    *COUNTS,
)
"""Every column that a file of institutions may have."""


@dataclass(frozen=True)
class InstitutionYear:
    """What one institution did in a year."""

    area: str
    year: int
    heads: tuple[int, ...]
    spent_fen: Fen
    manual_fen: Fen
    direct_settled: int
    settled: int


@dataclass(frozen=True)
class Terms:
    """The terms of a law for a year: numbers for the kernel and where they come from."""

    law: Law
    code: tuple[int, ...]
    ceiling: Cited
    payment: tuple[Provision[Payment], Payment]
    capitation: Capitation
    clearing: tuple[Provision[Clearing], Clearing]

    @property
    def rule(self) -> Clearing:
        """The rule of clearing."""
        return self.clearing[1]


@dataclass(frozen=True)
class Statement:
    """An institution's year cleared."""

    terms: Terms
    given: InstitutionYear
    monthly_fen: tuple[Fen, ...]
    balance_fen: Fen
    band: int
    lost_ppm: int
    kept_ppm: int
    kept_fen: Fen
    returned_fen: Fen
    borne_fen: Fen

    @property
    def prepaid_fen(self) -> Fen:
        """What was prepaid in the year."""
        return sum(self.monthly_fen)

    @property
    def budget_fen(self) -> Fen:
        """The paid budget: what was prepaid less the manual reimbursements charged back to it."""
        return max(0, self.prepaid_fen - self.given.manual_fen)

    @property
    def usage_ppm(self) -> int:
        """The use of the paid budget, cut off (never rounded up into the next band)."""
        return self.given.spent_fen * WHOLE // self.budget_fen if self.budget_fen else 0


def read_year(row: Mapping[str, str]) -> InstitutionYear:
    """A year of an institution from texts under the names of an institutions file.

    Refuses: field_missing, field_unknown, value_invalid, amount_*.
    """
    given = {column: found for column, text in row.items() if text and (found := plain(text))}
    for column in ("area", "year", *COUNTS):
        if column not in given:
            raise Refusal("field_missing", column)
    for column in given:
        if column not in INSTITUTION_COLUMNS:
            raise Refusal("field_unknown", column)
    if not re.fullmatch(r"[0-9]{4}", given["year"]):
        raise Refusal("value_invalid", "year", {"value": given["year"], "allowed": "YYYY"})
    if "spent" not in given and "spent_fen" not in given:
        raise Refusal("field_missing", "spent")
    spent, manual = (_amount(given, name) for name in AMOUNTS)
    direct, settled = (_count(column, given[column]) for column in COUNTS)
    if direct > settled:
        allowed = f"不大于 settled（{settled}）"
        raise Refusal("value_invalid", "direct_settled", {"value": str(direct), "allowed": allowed})
    heads = tuple(_count(column, given.get(column, "0")) for column in HEADS)
    return InstitutionYear(given["area"], int(given["year"]), heads, spent, manual, direct, settled)


def _amount(given: Mapping[str, str], name: str) -> Fen:
    if name in given:
        return read_amount(name, given[name])
    return read_amount(f"{name}_fen", given.get(f"{name}_fen", "0"), "fen")


def _count(column: str, text: str) -> int:
    digits = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_FEN))
    if not digits or int(text) > MAX_FEN:
        raise Refusal("value_invalid", column, {"value": text, "allowed": "不小于零的整数"})
    return int(text)


def clear(area: Area, row: Mapping[str, str]) -> Statement:
    """The year of a row of an institutions file, cleared.

    Refuses: the input refusals, date_outside, not_ruled, parameter_missing.
    """
    return clear_year(area, read_year(row))


def clear_year(area: Area, given: InstitutionYear) -> Statement:
    """Prepay each month, then clear the year."""
    terms = terms_of(area, given.year)
    if terms.ceiling.open:
        raise parameter_missing(terms.law, terms.ceiling.open)
    monthly = tuple(
        _prepaid(area, terms, given.year * 12 + number, heads)
        for number, heads in enumerate(given.heads)
    )
    out = [0] * kernel.YEAR_SIZE
    paid = sum(monthly) - given.manual_fen
    # What was reimbursed on paper beyond the whole budget is borne like what was spent beyond it.
    spent = given.spent_fen + max(0, -paid)
    kernel.clear(terms.code, 0, max(0, paid), spent, given.direct_settled, given.settled, out)
    return Statement(terms, given, monthly, *out)


def _prepaid(area: Area, terms: Terms, month: int, heads: int) -> Fen:
    column = HEADS[month % 12]
    if heads == 0:
        return 0
    try:
        law = area.law(first_of_month(month))
    except Refusal as refusal:
        raise Refusal("date_outside", column, refusal.values) from None
    provision, _ = terms.payment
    if provision.name not in law.all(Payment):
        raise Refusal("not_ruled", column, {"area": area.code, "value": provision.path})
    ceiling = terms.ceiling.figure
    if ceiling * heads > MAX_FEN:
        raise Refusal("amount_too_large", column, {"value": str(heads)})
    prepaid: Fen = kernel.prepayment(ceiling, terms.code[kernel.SHARE], heads)
    return prepaid


def terms_of(area: Area, year: int) -> Terms:
    """The terms of a year: those in force at its end.

    Refuses: date_outside, not_ruled.
    """
    start, end = first_of_month(year * 12), first_of_month(year * 12 + 12)
    laws = [law for law in area.laws if law.since < end and law.until > start]
    if not laws:
        values = {"value": str(year), "area": area.code, "allowed": area.covered()}
        raise Refusal("date_outside", "year", values)
    for law in reversed(laws):
        for clearing in rules(law, Clearing):
            return _terms(law, year, clearing)
    raise Refusal("not_ruled", "area", {"area": area.code, "value": "按人头付费的年度清算"})


def _terms(law: Law, year: int, clearing: tuple[Provision[Clearing], Clearing]) -> Terms:
    rule = clearing[1]
    payment = next(found for found in rules(law, Payment) if found[0].name == rule.payment)
    fixed = payment[1].capitation
    assert fixed is not None
    direct = rule.direct
    code = [
        fixed.share,
        direct.below if direct else 0,
        direct.step if direct else 1,
        direct.loss if direct else 0,
        len(rule.bands),
    ]
    for band in rule.bands:
        code += [band.since, band.kept]
    return Terms(law, tuple(code), _ceiling(law, year, fixed), payment, fixed, clearing)


def _ceiling(law: Law, year: int, fixed: Capitation) -> Cited:
    """The annual ceiling of a benefit: the first of its first layer."""
    provision = law.all(Benefit)[fixed.benefit]
    layer = provision.value.layers[0]
    assert isinstance(layer, Layer)
    return Resolver(law, Layout(), {}, year).limit(layer.ceilings[0], provision.book)
