"""`gongji.adjudicate(frame)`: Polars, pandas or Arrow in, the same kind out."""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from gongji.batch.adjudicate import adjudicate_table
from gongji.refusals import Refusal


def adjudicate(
    frame: Any,
    *,
    area: str = "",
    settings: Mapping[str, str] | None = None,
    folders: tuple[Path, ...] = (),
    opening: Mapping[str, Mapping[str, int]] | None = None,
    strict: bool = True,
) -> Any:
    """Settle a frame of visits (columns as in docs/use/visits-file.md).

    Shape:   `frame` is a Polars or pandas DataFrame or an Arrow table; `opening` what persons have
             used, meter -> fen.
    Returns: the results as a frame of the same kind, by person, date and sequence.
    Refuses: value_invalid for the first row that cannot be read; with `strict` false such rows are
             left out.
    """
    table, give = _arrow(frame)
    results, rejected = adjudicate_table(table, area, settings, folders, opening)
    if rejected and strict:
        first = min(rejected, key=lambda bad: bad.row_number)
        values = {"value": f"第 {first.row_number} 行", "allowed": first.reason}
        raise Refusal("value_invalid", first.column, values)
    return give(results)


def _arrow(frame: Any) -> tuple[pa.Table, Any]:
    """A frame as an Arrow table, and how an Arrow table becomes such a frame."""
    if isinstance(frame, pa.Table):
        return frame, lambda table: table
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(frame, pandas.DataFrame):
        return pa.Table.from_pandas(frame, preserve_index=False), lambda table: table.to_pandas()
    polars = sys.modules.get("polars")
    if polars is not None and isinstance(frame, polars.DataFrame):
        return frame.to_arrow(), polars.from_arrow
    kinds = "Polars、pandas 的 DataFrame 或 Arrow 的 Table"
    raise Refusal("value_invalid", "frame", {"value": type(frame).__name__, "allowed": kinds})
