"""Tables of a few rows, as tests write them by hand."""

from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl

from gongji.supervision.claim_tables import EMPTY, ClaimPart
from gongji.supervision.detectors.detector_words import POINT

Row = dict[str, object]

VISIT: Row = {
    "visit": "V1",
    "person": "P1",
    "institution": "H1",
    "region": "439900",
    "begin": date(2025, 6, 10),
    "end": date(2025, 6, 10),
    "settled_at": datetime(2025, 6, 10, 9),
    "med_type": "11",
    "care": "ordinary",
    "disease": "",
    "diagnosis": "J06.900",
    "level": "2",
    "doctor": "D1",
    "prescriber": None,
    "terminal": "T1",
    "total": 1_000,
    "in_scope": 1_000,
    "deductible": 0,
    "pool": 600,
    "account": 400,
    "family": 0,
    "payer_account": None,
}
LINE: Row = {
    "line": "L1",
    "visit": "V1",
    "person": "P1",
    "institution": "H1",
    "occurred_at": datetime(2025, 6, 10, 9),
    "item": "A",
    "name": "甲项目",
    "kind": "101",
    "count": 10_000,
    "price": 10_000_000,
    "amount": 1_000,
    "in_scope": 1_000,
    "days": 10,
    "doctor": "D1",
    "department": "A03",
    "trace": None,
}
PERSON: Row = {"person": "P1", "sex": "1", "born": date(1980, 1, 1), "died": None}
HOUSE: Row = {"institution": "H1", "name": "虚构医院", "kind": "hospital", "level": "2"}
SPELL: Row = {
    "person": "P1",
    "since": date(2025, 6, 1),
    "until": date(2025, 6, 10),
    "arrears": False,
}
POINT_ROW: Row = {
    "rule": "",
    "item": "A",
    "other": None,
    "low": None,
    "high": None,
    "allowed": None,
    "unit": None,
    "since": date(2025, 1, 1),
    "until": None,
    "basis": "虚构",
}
DATES = dict.fromkeys(("begin", "end", "born", "died", "since", "until"), pl.Date)
TEXTS = {"prescriber": pl.String, "payer_account": pl.String, "trace": pl.String}


def frame(rows: list[Row], like: Row) -> pl.DataFrame:
    """Rows over the usual ones."""
    full = [like | row for row in rows]
    made = pl.DataFrame(full, infer_schema_length=None)
    casts = {name: kind for name, kind in (DATES | TEXTS).items() if name in made.columns}
    return made.with_columns([pl.col(name).cast(kind) for name, kind in casts.items()])


@dataclass
class Small:
    """A few rows of each table; what is not given is as usual."""

    visits: list[Row] = field(default_factory=lambda: [{}])
    lines: list[Row] = field(default_factory=lambda: [{}])
    persons: list[Row] = field(default_factory=lambda: [{}])
    houses: list[Row] = field(default_factory=lambda: [{}])
    items: list[Row] = field(default_factory=list)
    proofs: list[Row] = field(default_factory=list)
    spells: list[Row] = field(default_factory=lambda: [{}])

    def part(self) -> ClaimPart:
        """The tables."""
        return ClaimPart(
            frame(self.visits, VISIT),
            frame(self.lines, LINE),
            frame(self.persons, PERSON),
            frame(self.houses, HOUSE),
            pl.DataFrame(self.items, schema=EMPTY["items"]),
            pl.DataFrame(self.proofs, schema=EMPTY["proofs"]),
            frame(self.spells, SPELL),
        )


def points(rule: str, *rows: Row) -> pl.DataFrame:
    """Knowledge points of a rule."""
    return pl.DataFrame([POINT_ROW | {"rule": rule} | row for row in rows], schema=POINT)
