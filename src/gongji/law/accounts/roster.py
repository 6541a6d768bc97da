"""A month of a person read from a row of a roster: who, where, which month, and the facts of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from gongji.law.compile.retirement import EVENT_COLUMNS
from gongji.law.engine.visit import read_amount, read_date, read_fact, read_month_name
from gongji.law.kernel.calendar import NO_DAY
from gongji.law.rulebook.account_provisions import ROSTER_FACTS
from gongji.law.rulebook.vocabulary import Fact
from gongji.refusals import Refusal
from gongji.tabular.cell_forms import plain
from gongji.units import Day, Fen

COLUMNS: dict[str, Fact] = {fact.column: fact for fact in ROSTER_FACTS.values()}
ROSTER_COLUMNS = (
    "person",
    "area",
    "month",
    "status",
    "base",
    "base_fen",
    "birth_date",
    *EVENT_COLUMNS,
    *(column for column in COLUMNS if column != "status"),
)
"""Every column that a roster may have."""


@dataclass(frozen=True)
class PersonMonth:
    """One month of one person without the base; `facts` holds only what was given."""

    area: str
    month: int
    birth_day: Day
    events: Mapping[str, int]
    facts: Mapping[str, object]

    @property
    def retired(self) -> bool:
        """Whether the person is registered as retired."""
        return self.facts["status"] == "retired"


def month_name(month: int) -> str:
    """A month as it is written: 2023-05."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def read_person_month(row: Mapping[str, str]) -> PersonMonth:
    """A month of a person from texts under the names of a roster; empty means absent.

    Refuses: field_missing, field_unknown, value_invalid.
    """
    given = {column: found for column, text in row.items() if text and (found := plain(text))}
    for column in ("area", "month", "status"):
        if column not in given:
            raise Refusal("field_missing", column)
    for column in given:
        if column not in ROSTER_COLUMNS:
            raise Refusal("field_unknown", column)
    return PersonMonth(
        given["area"],
        read_month_name("month", given["month"]),
        read_date("birth_date", given["birth_date"]) if "birth_date" in given else NO_DAY,
        {name: read_month_name(name, given[name]) for name in EVENT_COLUMNS if name in given},
        {name: read_fact(fact, given[name]) for name, fact in COLUMNS.items() if name in given},
    )


def read_base(row: Mapping[str, str]) -> Fen | None:
    """The contribution base of a row, in yuan or fen.

    Refuses: amount_invalid, amount_negative, amount_too_large.
    """
    for column, unit in (("base", "yuan"), ("base_fen", "fen")):
        text = row.get(column, "").strip()
        if text:
            return read_amount(column, text, unit)
    return None
