"""The second reading: outpatient rules settled slowly and obviously, in exact fractions.

Written straight from the official articles, apart from rulebooks and kernel, to be compared with
them. Open figures come in `parameters` by id: amounts in fen, rates in parts per million (or as a
Fraction). A history is one person's visits in order of settlement; meters run by calendar year.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any, Protocol

from gongji.oracle import chuxiong, lincang, panzhihua, shaoyang, yunfu, yunnan
from gongji.oracle.accounts import CreditOutcome, retired_in
from gongji.oracle.facts import Facts, with_defaults
from gongji.oracle.layers import Book, MissingParameter, Parameters, Pot, points, to_fen
from gongji.oracle.yunfu import ClearOutcome

__all__ = ["ClearOutcome", "CreditOutcome", "Outcome", "clear", "credit", "settle"]


class Document(Protocol):
    """What each area's module offers."""

    FIRST: date
    LAST: date | None
    BENEFITS: frozenset[str]

    def refusal(self, facts: Facts) -> str | None:
        """The first gate that holds."""

    def pay(self, pot: Pot, cost: int) -> None:
        """Settle one visit into the pot."""

    def credit(self, row: Facts, parameters: Parameters) -> CreditOutcome:
        """A month's account credit."""


DOCUMENTS: dict[str, Document] = {
    "532300": chuxiong,
    "530900": lincang,
    "530925": lincang,
    "530000": yunnan,
    "510400": panzhihua,
    "445300": yunfu,
    "430500": shaoyang,
}

NEGOTIATED_SELF_PAY = points(10)
"""楚雄第十八条 扣除先行自付10%后的政策范围内费用."""


@dataclass(frozen=True)
class Outcome:
    """What one visit comes to."""

    refusal: str | None
    missing: str | None
    deductible_fen: int
    layers: dict[str, int] = field(default_factory=dict)
    pool_fen: int = 0
    supplements_fen: int = 0
    person_fen: int = 0


def settle(
    history: Iterable[Mapping[str, Any]], parameters: Mapping[str, int | Fraction] | None = None
) -> list[Outcome]:
    """Settle one person's visits in order; the meters live only here."""
    books: dict[int, Book] = {}
    outcomes = []
    for position, row in enumerate(history):
        document = DOCUMENTS[row["area"]]
        book = books.setdefault(id(document), {})
        outcomes.append(_settle_visit(document, row, position, book, parameters or {}))
    return outcomes


def _settle_visit(
    document: Document, row: Mapping[str, Any], position: int, book: Book, parameters: Parameters
) -> Outcome:
    """One visit: dates, benefit, gates, then the layers; a refusal moves no meter."""
    facts = _as_treated(document, with_defaults(row))
    total = facts["total_fen"]
    reason = _refusal(document, facts)
    if reason is not None:
        return Outcome(reason, None, 0, person_fen=total)
    registration = ("visit", facts["visit"]) if facts["visit"] else ("row", str(position))
    pot = Pot(facts, registration, book, parameters)
    try:
        document.pay(pot, in_scope(facts))
    except MissingParameter as missing:
        return Outcome("parameter_missing", missing.parameter, 0, person_fen=total)
    for key, by in pot.moves.items():
        book[key] = book.get(key, 0) + by
    return Outcome(
        refusal=None,
        missing=None,
        deductible_fen=pot.deductible,
        layers=pot.layers,
        pool_fen=pot.pool,
        supplements_fen=pot.supplements,
        person_fen=total - pot.pool - pot.supplements,
    )


def _as_treated(document: Document, facts: Facts) -> Facts:
    """A retiree whose registration does not count yet is treated as an active employee."""
    events = getattr(document, "RETIREMENT", ("retired_month",))
    if facts["status"] == "retired" and not retired_in(facts["date"], facts, events):
        return {**facts, "status": "active"}
    return facts


def _refusal(document: Document, facts: Facts) -> str | None:
    """Outside the document's dates, not among its benefits, or held at one of its gates."""
    if not covers(document, facts["date"]):
        return "date_outside"
    if facts["benefit"] not in document.BENEFITS:
        return "benefit_not_offered"
    return document.refusal(facts)


def covers(document: Document, day: date) -> bool:
    """Whether the document is in force on the day."""
    return day >= document.FIRST and (document.LAST is None or day <= document.LAST)


def in_scope(facts: Facts) -> int:
    """The cost in scope 政策范围内费用; where it is not given, total less first self-pay.

    Rounds: the first self-pay half up to the fen.
    """
    if "in_scope_fen" in facts:
        return int(facts["in_scope_fen"])
    total = int(facts["total_fen"])
    if facts["benefit"] == "negotiated_drug":
        return total - to_fen(NEGOTIATED_SELF_PAY * total)
    return total


def credit(
    row: Mapping[str, Any], parameters: Mapping[str, int | Fraction] | None = None
) -> CreditOutcome:
    """A month's credit to one personal account."""
    document = DOCUMENTS[row["area"]]
    known = {"base_fen": 0} | {name: value for name, value in row.items() if value is not None}
    if not covers(document, known["month"]):
        return CreditOutcome(0, "date_outside")
    try:
        return document.credit(known, parameters or {})
    except MissingParameter as missing:
        return CreditOutcome(0, "parameter_missing", missing.parameter)


def clear(
    row: Mapping[str, Any], parameters: Mapping[str, int | Fraction] | None = None
) -> ClearOutcome:
    """Clear one institution's year under Yunfu's article 20; nothing in it is open."""
    del parameters
    return yunfu.clear(row)
