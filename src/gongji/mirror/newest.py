"""The rows of a table that count: the newest of each key, neither deleted nor void."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from gongji.mirror.part_store import FILE
from gongji.mirror.table_mapping import MappedTable

KINDS: Mapping[str, pl.DataType | type[pl.DataType]] = {
    "day": pl.Date,
    "month": pl.Date,
    "instant": pl.Datetime("us"),
    "fen": pl.Int64,
    "count": pl.Int64,
    "price": pl.Int64,
    "whole": pl.Int32,
}
"""The type of a form's values; of others text."""
DELETED = ("1", "Y", "y", "T", "t", "true", "TRUE", "是")
VALID = (*DELETED, "有效")
"""How a row says that it is deleted, or that it is valid."""
_AGE = "age_of_row"


@dataclass
class Counted:
    """How many rows of a table went which way: written, netted, set aside, rejected by cause."""

    rows: dict[str, int] = field(default_factory=dict)
    fen: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, frame: pl.DataFrame, money: str = "") -> None:
        """Count rows of a kind, and their money where a column of it is named."""
        if not frame.height:
            return
        self.rows[kind] = self.rows.get(kind, 0) + frame.height
        if money:
            total = int(frame[money].fill_null(0).sum())
            self.fen[kind] = self.fen.get(kind, 0) + total

    def count(self, kind: str, rows: int) -> None:
        """Count so many rows of a kind."""
        if rows:
            self.rows[kind] = self.rows.get(kind, 0) + rows


def complete(frame: pl.DataFrame, table: MappedTable) -> pl.DataFrame:
    """A frame with every column of the table, those not delivered empty."""
    missing = [
        pl.lit(None, dtype=KINDS.get(form, pl.String)).alias(name)
        for name, form in table.forms.items()
        if name not in frame.columns
    ]
    extra = [] if FILE in frame.columns else [pl.lit(None, dtype=pl.String).alias(FILE)]
    made = frame.with_columns(*missing, *extra)
    return made if frame.width else made.clear()


def newest_rows(
    frame: pl.DataFrame, table: MappedTable, times: tuple[str, ...], counted: Counted, money: str
) -> pl.DataFrame:
    """The newest row of each key by its time stamp; deleted and void ones are counted and left out.

    Shape:   `times` are the time stamps in the order in which they are asked; of rows with the same
             time the last delivered counts.
    """
    whole = complete(frame, table)
    asked = [pl.col(name) for name in times if name in whole.columns]
    # A key without any time comes before those that have one.
    age = pl.coalesce(asked) if asked else pl.lit(None, dtype=pl.Datetime("us"))
    ordered = whole.with_columns(age.alias(_AGE)).sort(_AGE, nulls_last=False, maintain_order=True)
    found = ordered.unique(table.keys, keep="last", maintain_order=True).drop(_AGE)
    counted.count("superseded", whole.height - found.height)
    deleted = pl.col("DELETED").is_in(DELETED).fill_null(False)
    counted.add("deleted", found.filter(deleted), money)
    found = found.filter(~deleted)
    if "VALI_FLAG" not in found.columns:
        return found
    void = (~pl.col("VALI_FLAG").is_in(VALID)).fill_null(False)
    counted.add("void", found.filter(void), money)
    return found.filter(~void)
