"""Price the fee lines of bills: uploads and purchases alike.

A bill is priced as a whole or refused, naming the line. Any number of bills takes the same few
statements: levels of institutions, registrations of persons, versions of items. Nothing is written
here. Whether a line has to do with the disease is decided twice: here for the reply, and again at
the settlement, which knows the benefit (`gongji.settlement.batch_summary.sums_for`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import psycopg

from gongji.catalogue.items import Items, ItemVersion, load_items
from gongji.institutions import institution_facts as institutions
from gongji.institutions.institution_facts import InstitutionFactRow
from gongji.law.engine.area import Area
from gongji.law.pricing.price_line import Judgement, judge, split, terms_of
from gongji.law.pricing.terms import Terms
from gongji.law.rulebook.line_provisions import UNRELATED
from gongji.people import person_facts as people
from gongji.people.person_facts import FactRow
from gongji.refusals import Refusal
from gongji.settlement.contract import Line
from gongji.settlement.routes import DISEASE_CARE
from gongji.tabular.cell_forms import day_text
from gongji.units import MAX_FEN, UNIT, WHOLE, Fen, Ppm, day_of, round_half_up, yuan_text

FEE_TIME, OUTSIDE_PRESCRIPTION = "fee_ocur_time", "rx_circ_flag"
"""What is read of a line's details: when the fee arose, and whether its prescription came from
elsewhere (1)."""


UNKNOWN_ITEMS = ("own", "refuse")
"""What an item that the catalogue does not know is: wholly the person's, or a refusal."""

APPROVED = "approved"
"""The state of a registration that counts."""

GRADES = {"甲": "01", "乙": "02", "丙": "03", "": "03"}
OTHER_CHARGE = "14"
"""The fee category of an item that the catalogue does not know (其他费)."""

SERIAL_LENGTH = 30
_PRODUCT = UNIT * 10**4
"""Ten-thousandths of a unit times millionths of a yuan that make a fen."""


@dataclass(frozen=True)
class Bill:
    """Lines that are priced together: those of one batch, or of one purchase.

    `day` is the visit's, and chooses the law; a line's own day chooses its item's version.
    `prescriber` stands for lines with an outside prescription that do not name theirs. `bounds`
    are the first and last day on which a fee may have arisen.
    """

    area: Area
    day: date
    institution: str
    lines: Sequence[Line]
    person: int | None = None
    med_type: str = ""
    disease: str = ""
    prescriber: str = ""
    bounds: tuple[date, date] | None = None

    @property
    def home(self) -> str:
        """The pooling area, whose catalogue counts (that of a county is the city's)."""
        return self.area.laws[0].area


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A line with what became of it; the amounts are those of the reply to an upload.

    `split` is what it is where the disease does not matter, and is what is stored; an `unrelated`
    line of a chronic or special visit is wholly the person's instead.
    """

    line: Line
    day: date
    version: ItemVersion | None
    judgement: Judgement
    split: tuple[Fen, Fen, Fen, Fen]
    unrelated: bool = False
    prescriber: str = ""
    memo: str = ""

    @property
    def amounts(self) -> tuple[Fen, Fen, Fen, Fen]:
        """Above the standard, wholly own, first self-pay, in scope; they add to the amount."""
        return (0, self.line.amount_fen, 0, 0) if self.unrelated else self.split

    @property
    def above_standard_fen(self) -> Fen:
        """overlmt_amt."""
        return self.amounts[0]

    @property
    def wholly_own_fen(self) -> Fen:
        """fulamt_ownpay_amt."""
        return self.amounts[1]

    @property
    def first_self_pay_fen(self) -> Fen:
        """preselfpay_amt."""
        return self.amounts[2]

    @property
    def in_scope_fen(self) -> Fen:
        """inscp_scp_amt."""
        return self.amounts[3]

    @property
    def price_limit_fen(self) -> Fen | None:
        """pric_uplmt_amt: the highest price of a unit that counts; None (999999) without one."""
        limited = self.judgement.covered and not self.unrelated and self.judgement.standard_fen >= 0
        return self.judgement.standard_fen if limited else None

    @property
    def share_ppm(self) -> Ppm:
        """selfpay_prop: the first self-pay, all of it for what is wholly the person's."""
        return self.judgement.share_ppm if self.judgement.covered and not self.unrelated else WHOLE

    @property
    def grade_code(self) -> str:
        """chrgitm_lv: 01 甲, 02 乙, 03 丙 and what is outside the catalogue."""
        return GRADES[self.version.grade if self.version else ""]

    @property
    def charge_type(self) -> str:
        """med_chrgitm_type."""
        return self.version.charge_type if self.version else OTHER_CHARGE

    @property
    def essential(self) -> bool:
        """bas_medn_flag."""
        return bool(self.version and self.version.essential)

    @property
    def negotiated(self) -> bool:
        """hi_nego_drug_flag."""
        return bool(self.version and self.version.negotiated)

    @property
    def restricted(self) -> bool:
        """lmt_used_flag."""
        return bool(self.version and self.version.restricted)


@dataclass(frozen=True)
class PricedBill:
    """A bill with every line priced, and what was known of the person's registrations."""

    bill: Bill
    lines: tuple[PricedLine, ...]
    terms: Terms
    registrations: tuple[FactRow, ...] = ()
    diseases: tuple[str, ...] = ()
    """The visit's disease by every name that items may use for it."""


@dataclass(frozen=True)
class _Known:
    """What the statements found, for all bills together."""

    items: Items
    levels: Mapping[str, list[InstitutionFactRow]]
    registrations: Mapping[int, list[FactRow]] = field(default_factory=dict)


def price_lines(
    connection: psycopg.Connection[Any], bill: Bill, unknown_items: str = "own"
) -> PricedBill:
    """One bill priced.

    Refuses: what `price_bills` gives as a refusal.
    """
    (found,) = price_bills(connection, [bill], unknown_items)
    if isinstance(found, Refusal):
        raise found
    return found


def price_bills(
    connection: psycopg.Connection[Any], bills: Sequence[Bill], unknown_items: str = "own"
) -> list[PricedBill | Refusal]:
    """Every bill priced, or why it is not; the statements do not grow with bills or lines.

    Refuses: (as results) lines_missing, line_invalid, line_repeated, line_return,
             line_amount_differs, date_outside, amount_too_large, and line_unpriced where a line
             cannot be priced: item_outside_dates, item_unknown (with unknown_items "refuse"),
             level_missing, self_pay_missing, not_ruled.
    """
    checked = [_checked(bill) for bill in bills]
    sound = [bill for bill, wrong in zip(bills, checked, strict=True) if wrong is None]
    known = _load(connection, sound) if sound else None
    made: list[PricedBill | Refusal] = []
    for bill, wrong in zip(bills, checked, strict=True):
        if wrong is not None or known is None:
            made.append(wrong or Refusal("lines_missing", "feedetail"))
            continue
        try:
            made.append(_price(bill, known, unknown_items))
        except Refusal as error:
            made.append(error)
    return made


def _checked(bill: Bill) -> Refusal | None:
    try:
        check_lines(bill.lines)
        for line in bill.lines:
            fee_day(line, bill)
        bill.area.law(day_of(bill.day))
    except Refusal as error:
        return error
    return None


def check_lines(lines: Sequence[Line]) -> None:
    """Lines are complete, told apart, not negative, and each amount is price times quantity.

    Rounds:  price times quantity half up to the fen; the amount may differ by one fen.
    Refuses: lines_missing, line_invalid, line_repeated, line_return, line_amount_differs,
             amount_too_large.
    """
    if not lines:
        raise Refusal("lines_missing", "feedetail")
    serials: set[str] = set()
    for line in lines:
        if not line.serial or len(line.serial) > SERIAL_LENGTH or not line.item:
            raise _invalid(line, "流水号（至多 30 个字符）和目录编码都不能为空")
        if line.serial in serials:
            raise Refusal("line_repeated", "feedetl_sn", {"value": line.serial})
        serials.add(line.serial)
        if line.quantity_e4 < 0 or line.amount_fen < 0 or line.price_micro < 0:
            raise Refusal("line_return", "cnt", {"value": _named(line)})
        if not line.quantity_e4:
            raise _invalid(line, "数量须大于零")
        product = round_half_up(line.quantity_e4 * line.price_micro, _PRODUCT)
        if abs(product - line.amount_fen) > 1:
            values = {
                "value": _named(line),
                "amount": yuan_text(line.amount_fen),
                "product": yuan_text(product),
            }
            raise Refusal("line_amount_differs", "det_item_fee_sumamt", values)
    total = sum(line.amount_fen for line in lines)
    if total > MAX_FEN:
        raise Refusal("amount_too_large", "det_item_fee_sumamt", {"value": yuan_text(total)})


def fee_day(line: Line, bill: Bill) -> date:
    """The day on which a fee arose, the visit's where the line does not say.

    Refuses: line_invalid, also where it lies outside the bounds.
    """
    text = line.details.get(FEE_TIME) or ""
    if not text:
        return bill.day
    try:
        day = date.fromisoformat(day_text(str(text)))
    except ValueError:
        raise _invalid(line, "费用发生时间无法识别；应为 yyyy-MM-dd HH:mm:ss") from None
    if bill.bounds and not bill.bounds[0] <= day <= bill.bounds[1]:
        first, last = bill.bounds
        raise _invalid(line, f"费用发生时间 {day} 不在受理范围 {first} 至 {last} 内")
    return day


def _named(line: Line) -> str:
    return f"{line.serial}（{line.item}）"


def _invalid(line: Line, reason: str) -> Refusal:
    return Refusal("line_invalid", "feedetail", {"value": _named(line), "reason": reason})


def outside(line: Line) -> bool:
    """Whether the line's prescription was written elsewhere."""
    return bool(line.prescriber) or line.details.get(OUTSIDE_PRESCRIPTION) == "1"


def _prescriber(line: Line, bill: Bill) -> str:
    return (line.prescriber or bill.prescriber) if outside(line) else ""


def _load(connection: psycopg.Connection[Any], bills: Sequence[Bill]) -> _Known:
    codes = {bill.institution for bill in bills}
    codes |= {_prescriber(line, bill) for bill in bills for line in bill.lines} - {""}
    levels = institutions.facts_at(connection, codes, None, kinds=["level"])
    facts = [fact for of_one in levels.values() for fact in of_one]
    parents = {str(fact.details.get("parent") or "") for fact in facts} - {""} - codes
    if parents:
        levels |= institutions.facts_at(connection, parents, None, kinds=["level"])
    persons = {bill.person for bill in bills if bill.person is not None}
    registrations = people.history(connection, persons, kinds=["registration"]) if persons else {}
    asked = {(bill.home, line.item) for bill in bills for line in bill.lines}
    return _Known(load_items(connection, asked), levels, registrations)


def _level(known: _Known, code: str, day: date) -> int:
    """The level that counts on a day: of an Internet hospital that of the physical one.

    Law:     楚政规〔2022〕2号 第二十九条, 邵阳 第十四条.
    Returns: 0 where none is told.
    """
    for place in (_parent(known, code, day), code):
        for fact in _holding(known.levels.get(place, ()), day):
            if fact.details.get("level"):
                return int(fact.details["level"])
    return 0


def _parent(known: _Known, code: str, day: date) -> str:
    facts = _holding(known.levels.get(code, ()), day)
    return next((str(fact.details.get("parent") or "") for fact in facts), "")


def _holding(facts: Iterable[InstitutionFactRow], day: date) -> list[InstitutionFactRow]:
    return [f for f in facts if f.since <= day and (f.until is None or day < f.until)]


def _price(bill: Bill, known: _Known, unknown_items: str) -> PricedBill:
    terms = terms_of(bill.area.law(day_of(bill.day)))
    registered = tuple(
        fact
        for fact in known.registrations.get(bill.person or 0, ())
        if fact.since <= bill.day
        and (fact.until is None or bill.day < fact.until)
        and fact.details.get("state", APPROVED) == APPROVED
    )
    diseases = names_of(bill.disease, registered)
    limited = _benefit(bill, registered) in terms.benefits(UNRELATED)
    levels = {
        code: _level(known, code, bill.day)
        for code in {bill.institution, *(_prescriber(line, bill) for line in bill.lines)}
    }
    priced = []
    for line in bill.lines:
        unrelated = False
        try:
            version = known.items.find(bill.home, line.item, fee_day(line, bill))
            related_to = version.diseases if version else []
            unrelated = limited and unrelated_to(line.related, related_to, diseases)
            made = _price_line(bill, line, version, terms, levels, unknown_items)
        except Refusal as error:
            if not (unrelated and error.code in NEEDLESS):
                values = {"value": _named(line), "reason": str(error), "why": error.code}
                raise Refusal("line_unpriced", error.field, values) from None
            made = _wholly_own(line, bill, version)
        priced.append(_with_memo(made, unrelated))
    return PricedBill(bill, tuple(priced), terms, registered, diseases)


NEEDLESS = ("self_pay_missing", "level_missing", "not_ruled")
"""What a line that is unrelated to the disease need not be refused for: it is the person's."""


def _wholly_own(line: Line, bill: Bill, version: ItemVersion | None) -> PricedLine:
    """A line that nobody can price and nobody need price: the person bears all of it."""
    own = (0, line.amount_fen, 0, 0)
    judgement = Judgement(covered=False)
    return PricedLine(line, fee_day(line, bill), version, judgement, own)


def _price_line(
    bill: Bill,
    line: Line,
    version: ItemVersion | None,
    terms: Terms,
    levels: Mapping[str, int],
    unknown: str,
) -> PricedLine:
    day = fee_day(line, bill)
    if version is None and unknown == "refuse":
        raise Refusal("item_unknown", "med_list_codg", {"value": line.item})
    prescriber = _prescriber(line, bill)
    level = levels[bill.institution] or levels.get(prescriber, 0)
    judgement = judge(version, terms, level, permitted(line.approved, version))
    made = split(judgement, terms, line.amount_fen, line.quantity_e4)
    return PricedLine(line, day, version, judgement, made, prescriber=prescriber)


def permitted(approved: str, version: ItemVersion | None) -> bool:
    """Whether the hospital's approval lets a line be covered.

    Law:     interface section 8: restricted use only with approval (1); refused (2) never.
    """
    if version is not None and version.restricted:
        return approved == "1"
    return approved != "2"


def names_of(disease: str, registered: Iterable[FactRow]) -> tuple[str, ...]:
    """Every name that items may use for a disease: its national code, the rulebooks' name."""
    names = {disease} if disease else set()
    for fact in registered:
        if fact.key == disease:
            names |= {str(fact.details.get("disease") or disease)}
    return tuple(sorted(names))


def unrelated_to(told: bool | None, related_to: Sequence[str], diseases: Sequence[str]) -> bool:
    """Whether a line has nothing to do with a disease.

    What the catalogue says of the item comes first; where it is silent, what the institution said.
    """
    if related_to and diseases:
        return not set(related_to) & set(diseases)
    return told is False


def _benefit(bill: Bill, registered: Iterable[FactRow]) -> str:
    """The benefit of a chronic or special visit as far as it is known now, else nothing."""
    if bill.med_type != DISEASE_CARE:
        return ""
    return next((str(f.details["benefit"]) for f in registered if f.key == bill.disease), "")


def _with_memo(made: PricedLine, unrelated: bool) -> PricedLine:
    return PricedLine(
        made.line,
        made.day,
        made.version,
        made.judgement,
        made.split,
        unrelated,
        made.prescriber,
        _memo(made, unrelated),
    )


def _memo(made: PricedLine, unrelated: bool) -> str:
    """Why a part of the line is the person's, in a few words for the cashier."""
    if unrelated:
        return "与病种治疗无关，全部由个人负担"
    if made.version is None:
        return "目录中没有该项目，全部由个人负担"
    if made.version.grade not in ("甲", "乙"):
        return "丙类项目，全部由个人负担"
    if not made.judgement.covered:
        return "限制使用的项目未经审批或审批不通过，全部由个人负担"
    if made.split[0]:
        name = made.judgement.price.removeprefix("超")
        limit = yuan_text(made.judgement.standard_fen)
        return f"{name}每单位{limit}元，高出部分由个人负担"
    return ""
