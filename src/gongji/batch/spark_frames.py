"""Settle a Spark DataFrame of visits: one shuffle by person, then whole partitions as tables.

Arrow's batches cut persons in two, so a partition is gathered before it is settled; how many
partitions there are says how much memory a task needs.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from gongji.batch import ordering
from gongji.batch.adjudicate import TableWishes, settle_table
from gongji.batch.visit_files import Rejected
from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.refusals import RowRefusal
from gongji.tabular.arrow_tables import ROW, normal

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

PARTITION_ROWS = 2_000_000
"""So many visits are settled as one table, about; a few times 100 bytes each."""


def adjudicate(
    frame: "DataFrame",
    *,
    area: str = "",
    settings: Mapping[str, str] | None = None,
    folders: tuple[Path, ...] = (),
    strict: bool = True,
    partitions: int = 0,
) -> "DataFrame":
    """Settle a DataFrame of visits (columns as in docs/use/visits-file.md), lazily.

    Shape:   `folders` of rulebooks must be there for every worker; `partitions` is what the visits
             are cut into, by default as many as make two million visits each.
    Returns: the columns and results of `gongji adjudicate`, in no order and without numbers of
             rows, which a frame has not.
    Refuses: field_missing, field_unknown, area_unknown at once; the first row that cannot be read
             when the result is asked for (with `strict` false such rows are left out).
    """
    from pyspark.sql.pandas.types import from_arrow_schema

    empty = frame.limit(0).toArrow()
    named = [name for name in ("area", "benefit") if name in frame.columns]
    seen = ordering.Survey(False, 0, (), None)
    if named:
        seen = ordering.survey(iter([normal(frame.select(*named).distinct().toArrow())]))

    def settled(table: pa.Table) -> tuple[pa.Table, list[Rejected]]:
        wishes = TableWishes(Areas(Library(folders), everywhere=settings), area, seen=seen)
        results, rejected = settle_table(table, wishes)
        return _plain(results), rejected

    schema = settled(empty)[0].schema

    def task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        whole = pa.Table.from_batches(list(batches), empty.schema)
        if whole.num_rows:
            made, rejected = settled(whole)
            if rejected and strict:
                first = min(rejected, key=lambda bad: bad.row_number)
                raise RowRefusal(first.row_number, first.column, first.code, first.reason)
            yield from made.cast(schema).to_batches()

    count = partitions or 1 + frame.count() // PARTITION_ROWS
    return frame.repartition(count, "person").mapInArrow(task, from_arrow_schema(schema))


def _plain(table: pa.Table) -> pa.Table:
    """A table without dictionaries, which Spark does not know, and without numbers of rows."""
    table = table.drop_columns([ROW])
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            column = table.column(place).cast(field.type.value_type)
            table = table.set_column(place, field.name, column)
    return table
