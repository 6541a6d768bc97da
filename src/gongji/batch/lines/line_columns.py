"""Columns of fee lines and of their visits as numbers: cells that cannot be read stay empty.

What a column makes of a text here is what `visit.facts` makes of it; the few cells that come out
empty are read again one by one there, for the reason.
"""

from collections.abc import Mapping

import polars as pl

from gongji.law.engine.visit import read_amount, read_date, read_flag
from gongji.refusals import Refusal
from gongji.tabular.arrow_tables import FAULT, ROW, refusal_of_fault
from gongji.tabular.header_rows import missing_column, unknown_columns
from gongji.units import QUANTITY_DECIMALS

CODE, FIELD = "_code", "_field"
"""What is wrong with a row: the code of a refusal and the column concerned; empty while fine."""

VISIT_ROW, LAW = "visit_row", "law"
"""The row of a line's visit, and the number of the law that it falls under."""

LINE_COLUMNS = (
    "visit",
    "person",
    "sequence",
    "item",
    "quantity",
    "amount",
    "amount_fen",
    "level",
    "related",
    "date",
    "benefit",
)
LEVELS = {"1": 1, "2": 2, "3": 3, "一级": 1, "二级": 2, "三级": 3}
FLAGS = {
    "true": True,
    "1": True,
    "yes": True,
    "是": True,
    "false": False,
    "0": False,
    "no": False,
    "否": False,
}
QUANTITY = "大于零、至多四位小数的数"


def numeral(name: str, decimals: int) -> pl.Expr:
    """A column of texts as whole numbers of the last decimal; empty where it is no such number."""
    text = pl.col(name)
    form = rf"^[0-9]{{1,12}}(\.[0-9]{{1,{decimals}}})?$" if decimals else r"^[0-9]{1,15}$"
    whole = text.str.extract(r"^([0-9]{1,15})").cast(pl.Int64)
    rest = text.str.extract(r"\.([0-9]+)$").fill_null("0").str.pad_end(max(decimals, 1), "0")
    scaled = whole * 10**decimals + (rest.cast(pl.Int64, strict=False) if decimals else 0)
    return pl.when(text.str.contains(form)).then(scaled)


def day(name: str) -> pl.Expr:
    """A column of ISO dates as days since 1970-01-01."""
    text = pl.col(name)
    dates = text.str.to_date("%Y-%m-%d", strict=False).cast(pl.Int32).cast(pl.Int64)
    return pl.when(text.str.contains(r"^\d{4}-\d{2}-\d{2}$")).then(dates)


def word(name: str, words: Mapping[str, object], kind: type[pl.DataType]) -> pl.Expr:
    """A column of words as what they stand for."""
    return pl.col(name).replace_strict(words, default=None, return_dtype=kind)


def mark(frame: pl.DataFrame, wrong: pl.Expr, code: str, field: str) -> pl.DataFrame:
    """Note a refusal at the rows where something is wrong and nothing was noted before."""
    here = pl.col(CODE).is_null() & wrong.fill_null(False)
    return frame.with_columns(
        pl.when(here).then(pl.lit(code)).otherwise(CODE).alias(CODE),
        pl.when(here).then(pl.lit(field)).otherwise(FIELD).alias(FIELD),
    )


def complete(frame: pl.DataFrame, names: tuple[str, ...]) -> pl.DataFrame:
    """The frame with every one of these columns, empty where it had none."""
    missing = [name for name in names if name not in frame.columns]
    return frame.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in missing)


def _given(frame: pl.DataFrame) -> list[str]:
    """The columns that a file itself has."""
    return [name for name in frame.columns if name not in (ROW, FAULT)]


def type_lines(frame: pl.DataFrame) -> pl.DataFrame:
    """Fee lines with numbers beside their texts, mistakes of single cells noted.

    Refuses: field_missing, field_unknown for the columns of the file as a whole.
    """
    for name in ("visit", "item", "quantity"):
        if name not in frame.columns:
            raise missing_column(name, _given(frame))
    if "amount" not in frame.columns and "amount_fen" not in frame.columns:
        raise missing_column("amount", _given(frame))
    if unknown := [name for name in _given(frame) if name not in LINE_COLUMNS]:
        raise unknown_columns(unknown, LINE_COLUMNS)
    none = pl.lit(None, dtype=pl.String)
    lines = complete(frame, LINE_COLUMNS).with_columns(none.alias(CODE), none.alias(FIELD))
    lines = lines.with_columns(
        fen=pl.coalesce(numeral("amount", 2), numeral("amount_fen", 0)),
        quantity_e4=numeral("quantity", QUANTITY_DECIMALS),
        line_level=word("level", LEVELS, pl.Int64),
        is_related=word("related", FLAGS, pl.Boolean),
        line_day=day("date"),
    )
    if FAULT in lines.columns:
        lines = mark(lines, pl.col(FAULT).is_not_null(), "cell_unreadable", FAULT)
    for name in ("visit", "item", "quantity"):
        lines = mark(lines, pl.col(name).is_null(), "field_missing", name)
    given = pl.col("amount").is_not_null()
    lines = mark(lines, ~given & pl.col("amount_fen").is_null(), "field_missing", "amount")
    lines = mark(lines, pl.col("fen").is_null() & given, "amount_invalid", "amount")
    lines = mark(lines, pl.col("fen").is_null(), "amount_invalid", "amount_fen")
    lines = mark(lines, pl.col("quantity_e4").fill_null(0) == 0, "value_invalid", "quantity")
    for name, made in (("level", "line_level"), ("related", "is_related"), ("date", "line_day")):
        wrong = pl.col(name).is_not_null() & pl.col(made).is_null()
        lines = mark(lines, wrong, "value_invalid", name)
    return lines


def refusal(line: Mapping[str, object]) -> Refusal:
    """The refusal of a cell of a line, with the words of those who read single visits."""
    code, field = str(line[CODE]), str(line[FIELD])
    text = str(line.get(field) or "")
    if field == FAULT:
        return refusal_of_fault(text)
    if code == "field_missing":
        return Refusal(code, field)
    if code == "value_invalid" and field == "quantity":
        return Refusal(code, field, {"value": text, "allowed": QUANTITY})
    if code == "value_invalid" and field == "level":
        return Refusal(code, field, {"value": text, "allowed": "1、2、3 或空"})
    try:
        if field in ("amount", "amount_fen"):
            read_amount(field, text, "yuan" if field == "amount" else "fen")
        elif field == "related":
            read_flag(field, text)
        elif field == "date":
            read_date(field, text)
    except Refusal as error:
        return error
    return Refusal(code, field, {"value": text})
