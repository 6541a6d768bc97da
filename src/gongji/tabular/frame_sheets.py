"""Polars frames as sheets of a workbook that one can hand on: kinds of columns from their types."""

from collections.abc import Collection

import polars as pl

from gongji.tabular.handed_on import BookColumn, BookTable, Kind


def frame_sheet(
    name: str, frame: pl.DataFrame, money: Collection[str] = (), shares: Collection[str] = ()
) -> BookTable:
    """A frame as a sheet.

    Shape:   `money` are columns of yuan that are numbers or texts of numbers, beside decimals;
             `shares` are parts of a whole.
    """
    columns = tuple(
        BookColumn(column, _kind(column, kind, money, shares))
        for column, kind in frame.schema.items()
    )
    return BookTable(name, columns, frame.iter_rows())


def _kind(name: str, kind: pl.DataType, money: Collection[str], shares: Collection[str]) -> Kind:
    if name in money or isinstance(kind, pl.Decimal):
        return "money"
    if name in shares:
        return "share"
    if isinstance(kind, pl.Date | pl.Datetime):
        return "day"
    return "number" if kind.is_numeric() else "text"
