"""Price one fee line in plain Python: the decisions that `gongji.batch.lines.price_lines` makes of
columns.

Which price counts, which share is paid first and whether an item is covered at all are decided here
for single lines, for the counter; the split itself is the kernel's `price_line` in both. A test
compares the two on random lines.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from gongji.law.kernel.price import price_line
from gongji.law.pricing.terms import Terms
from gongji.law.rulebook.law import KEPT, Law
from gongji.law.rulebook.line_provisions import (
    ITEM_CEILING,
    LISTING,
    OUTSIDE,
    SELF_PAY,
    STANDARD,
)
from gongji.refusals import Refusal
from gongji.units import Fen, Ppm

NONE = -1
"""No price limit."""

COVERED = ("甲", "乙")
_WORDS = {STANDARD: "高于支付标准的部分", LISTING: "高于挂网价格的部分"}


class Version(Protocol):
    """What the pricing needs of a version of a catalogue item."""

    @property
    def item(self) -> str:
        """Its code."""

    @property
    def grade(self) -> str:
        """甲, 乙 or 丙."""

    @property
    def first_self_pay_ppm(self) -> Ppm | None:
        """The item's own first self-pay."""

    @property
    def standard_fen(self) -> Fen | None:
        """The payment standard a unit at every level without one of its own."""

    @property
    def standards_fen(self) -> tuple[Fen | None, Fen | None, Fen | None]:
        """The payment standard a unit at levels 1, 2 and 3."""

    @property
    def listing_fen(self) -> Fen | None:
        """The listing price a unit."""

    @property
    def part(self) -> str:
        """The part of the cost that the rulebook may treat apart."""

    @property
    def negotiated(self) -> bool:
        """A nationally negotiated drug."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """How a line is split: whether it is covered, its price limit, its first self-pay, its part.

    Units:   fen a unit (below zero: no limit), parts per million.
    """

    covered: bool
    price: str = ""
    standard_fen: Fen = NONE
    share_ppm: Ppm = 0
    share_from: str = ""
    part: str = ""


@lru_cache(maxsize=KEPT)
def terms_of(law: Law) -> Terms:
    """The terms of a law, worked out once."""
    return Terms(law)


def judge(version: Version | None, terms: Terms, level: int, permitted: bool) -> Judgement:
    """How a line of an item is to be split at an institution of a level (0: not told).

    `permitted` False: an item of restricted use that was not approved, or one that was refused.
    Refuses: level_missing, self_pay_missing, value_invalid for a part the law does not know.
    """
    part = version.part if version and terms.law.parts else ""
    if part and part not in {known.code for known in terms.law.parts.values()}:
        allowed = "、".join(known.code for known in terms.law.parts.values())
        raise Refusal("value_invalid", "part", {"value": part, "allowed": allowed})
    if version is None or version.grade not in COVERED or not permitted:
        return Judgement(covered=False, part=part)
    price, standard = _lower(*_price(version, level), terms, level)
    share, source = _share(version, terms)
    return Judgement(True, price, standard, share, source, part)


def _price(version: Version, level: int) -> tuple[str, Fen]:
    """Which price limits a unit: the level's standard, the general one, the listing price."""
    own = version.standards_fen[level - 1] if level else None
    standard = own if own is not None else version.standard_fen
    if standard is None and not level and any(s is not None for s in version.standards_fen):
        raise Refusal("level_missing", "level")
    if standard is not None:
        return STANDARD, standard
    if version.listing_fen is not None:
        return LISTING, version.listing_fen
    return "", NONE


def _lower(price: str, standard: Fen, terms: Terms, level: int) -> tuple[str, Fen]:
    """The price limit of an item, or the ceiling that its law sets for all, where that is lower.

    Refuses: level_missing where there are ceilings of levels only.
    """
    ceiling = terms.item_ceilings[level]
    if ceiling < 0 and not level and max(terms.item_ceilings) >= 0:
        raise Refusal("level_missing", "level")
    if ceiling >= 0 and (standard < 0 or ceiling < standard):
        return ITEM_CEILING, ceiling
    return price, standard


def _share(version: Version, terms: Terms) -> tuple[Ppm, str]:
    """The share paid first: the law's for negotiated drugs, the item's own, the area's for 乙."""
    if version.negotiated and terms.negotiated:
        return terms.negotiated[0], "negotiated"
    if version.first_self_pay_ppm is not None:
        return version.first_self_pay_ppm, "item"
    if version.grade != "乙":
        return 0, ""
    share = terms.share(SELF_PAY)
    if share < 0:
        values = {"value": version.item, "area": terms.law.area}
        raise Refusal("self_pay_missing", "first_self_pay", values)
    return share, "area"


def split(
    judgement: Judgement, terms: Terms, amount_fen: Fen, quantity_e4: int
) -> tuple[Fen, Fen, Fen, Fen]:
    """A line's amount split: above the standard, wholly own, first self-pay, in scope.

    Refuses: not_ruled where no rule of the area covers a part that is the person's;
             amount_too_large where quantity and standard are beyond any bill.
    """
    if judgement.standard_fen > (1 << 61) // max(quantity_e4, 1):
        raise Refusal("amount_too_large", "standard", {"value": str(judgement.standard_fen)})
    found: tuple[Fen, Fen, Fen, Fen] = price_line(
        amount_fen,
        quantity_e4,
        judgement.standard_fen,
        judgement.share_ppm,
        int(judgement.covered),
    )
    above, _, first, _ = found
    if not judgement.covered and not terms.ground(OUTSIDE):
        raise _not_ruled(terms, "class", "目录外的项目")
    if above and not terms.ground(judgement.price):
        field = "standard" if judgement.price == STANDARD else "listing"
        raise _not_ruled(terms, field, _WORDS[judgement.price])
    if first and judgement.share_from != "negotiated" and not terms.ground(SELF_PAY):
        raise _not_ruled(terms, "first_self_pay", "先行自付")
    return found


def _not_ruled(terms: Terms, field: str, words: str) -> Refusal:
    return Refusal("not_ruled", field, {"area": terms.law.area, "value": words})
