"""A list of items of the catalogue priced for the calculator, as at the counter.

The versions are those of the area's catalogue in the database; the split of a line is the kernel's,
through the decisions of `gongji.law.pricing.price_line`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.db import connection

from gongji.law.engine.visit import counting_level, read_amount, read_date, read_visit
from gongji.law.pricing.price_line import judge, split, terms_of
from gongji.law.rulebook.law import Law
from gongji.platform.installation import installed_areas
from gongji.portal.inputs import Question
from gongji.refusals import Refusal
from gongji.units import QUANTITY_DECIMALS, UNIT, Fen, Ppm, date_of, yuan_text

MOST_QUANTITY = 100_000 * UNIT
SUGGESTED = 20
LEVELS = (1, 2, 3)

VERSIONS = """
select item, name, grade, first_self_pay_ppm, standard_fen, standard_1_fen, standard_2_fen,
  standard_3_fen, listing_fen, part, negotiated
from item_version where area = %s and retired_at is null and item = any(%s)
  and since <= %s and (until is null or until > %s)"""

FOUND = """
select item, name, specification from item_version
where area = %s and retired_at is null and since <= %s and (until is null or until > %s)
  and (name ilike %s or item ilike %s) order by name, item limit %s"""


@dataclass(frozen=True)
class ListedVersion:
    """A version of an item, as the pricing needs it."""

    item: str
    name: str
    grade: str
    first_self_pay_ppm: Ppm | None
    standard_fen: Fen | None
    standards_fen: tuple[Fen | None, Fen | None, Fen | None]
    listing_fen: Fen | None
    part: str
    negotiated: bool


@dataclass(frozen=True)
class ListedLine:
    """A line priced: what it cost, and how that is split."""

    name: str
    amount_fen: Fen
    above_fen: Fen
    own_fen: Fen
    first_fen: Fen
    in_scope_fen: Fen


def priced(question: Question) -> tuple[Question, list[ListedLine]]:
    """The question with the cost that its items make; as it is where it has none.

    Refuses: item_unknown, amount_*, value_invalid with the field `line.<number>.<column>`.
    """
    if not question.items:
        return question, []
    area = installed_areas().area(question.get("area"), dict(question.figures))
    day = read_date("date", question.get("date"))
    law = area.law(day)
    visit = read_visit({**question.facts, "total": "0", "in_scope": "0"}, law)
    level = counting_level(visit, area.own_level(law))
    level = level if level in LEVELS else 0  # A pharmacy of its own level has no standard.
    named = [row["item"] for row in question.items]
    known = versions(law.area, [*named, *(_code(one) for one in named)], date_of(day))
    found: list[ListedLine] = []
    parts: dict[str, Fen] = {}
    for number, row in enumerate(question.items):
        try:
            line, part = _line(row, known, law, level)
        except Refusal as refusal:
            field = f"line.{number}.{refusal.field}"
            raise Refusal(refusal.code, field, refusal.values) from None
        found.append(line)
        parts[part] = parts.get(part, 0) + line.in_scope_fen
    facts = {k: v for k, v in question.facts.items() if not k.startswith(("total", "in_scope"))}
    facts["total"] = yuan_text(sum(line.amount_fen for line in found))
    facts["in_scope"] = yuan_text(sum(line.in_scope_fen for line in found))
    facts |= {f"in_scope_{part}": yuan_text(fen) for part, fen in parts.items() if part and fen}
    return replace(question, facts=facts), found


def _line(
    row: Mapping[str, str], known: Mapping[str, ListedVersion], law: Law, level: int
) -> tuple[ListedLine, str]:
    version = known.get(row["item"]) or known.get(_code(row["item"]))
    if version is None:
        raise Refusal("item_unknown", "item", {"value": row["item"]})
    quantity = _quantity(row.get("quantity", "1"))
    price = read_amount("price", row.get("price", ""))
    amount = (price * quantity + UNIT // 2) // UNIT
    terms = terms_of(law)
    judgement = judge(version, terms, level, True)
    above, own, first, in_scope = split(judgement, terms, amount, quantity)
    return ListedLine(version.name, amount, above, own, first, in_scope), judgement.part


def _code(said: str) -> str:
    """The code of an item that was chosen from the list as `name（code）`."""
    return said.removesuffix("）").rpartition("（")[2]


def _quantity(text: str) -> int:
    """A quantity in ten-thousandths."""
    whole, _, rest = text.partition(".")
    digits = (whole or "0") + rest.ljust(QUANTITY_DECIMALS, "0")
    if not (digits.isascii() and digits.isdigit() and len(rest) <= QUANTITY_DECIMALS):
        raise Refusal("value_invalid", "quantity", {"value": text, "allowed": "至多四位小数的正数"})
    if not 0 < int(digits) <= MOST_QUANTITY:
        raise Refusal("value_invalid", "quantity", {"value": text, "allowed": "0.0001 至 100000"})
    return int(digits)


def versions(area: str, items: list[str], day: date) -> dict[str, ListedVersion]:
    """The versions of items on a day, by code."""
    with connection.cursor() as cursor:
        cursor.execute(VERSIONS, [area, items, day, day])
        return {row[0]: _version(row) for row in cursor.fetchall()}


def _version(row: tuple[Any, ...]) -> ListedVersion:
    item, name, grade, share, standard, one, two, three, listing, part, negotiated = row
    standards = (one, two, three)
    return ListedVersion(item, name, grade, share, standard, standards, listing, part, negotiated)


def suggestions(area: str, day: date, words: str) -> list[tuple[str, str, str]]:
    """Items whose name or code holds some words: code, name, specification."""
    pattern = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    with connection.cursor() as cursor:
        cursor.execute(FOUND, [area, day, day, pattern, pattern, SUGGESTED])
        return list(cursor.fetchall())


def has_catalogue(area: str) -> bool:
    """Whether an area's catalogue has anything in it."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select exists (select 1 from item_version where area = %s and retired_at is null)",
            [area],
        )
        return bool(cursor.fetchone()[0])
