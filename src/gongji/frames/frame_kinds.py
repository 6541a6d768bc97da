"""Frames of every kind as Arrow tables, and results as frames of the kind that was given.

Polars, pandas, Arrow, rows as dictionaries, columns as a dictionary, files and folders. A pandas
frame comes back in the caller's own kind of columns: NumPy's, the nullable ones or Arrow's.
"""

import gzip
import shutil
import sys
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from gongji.batch.amounts_by_column import decimals_of, floats_of
from gongji.batch.columns import at_places, marked, one_array
from gongji.batch.own_tables import own_files
from gongji.refusals import Refusal
from gongji.tabular.arrow_tables import FAULT, ROW, column_names, own_names, read_tables
from gongji.tabular.cell_forms import CellProblem, text_of
from gongji.tabular.first_bytes import BROKEN_GZIP
from gongji.tabular.header_rows import TablePlace, check_header, no_rows
from gongji.tabular.sheets import kept_open, unreadable

if TYPE_CHECKING:
    import pandas

Rows = Sequence[Mapping[str, object]]
"""Rows as dictionaries: column -> value."""
Named = Mapping[str, Sequence[object]]
"""Columns as a dictionary: column -> values."""
KINDS = "Polars、pandas、Arrow 的表，字典的列表，列的字典，或文件的路径"
GZIPPED = ".csv.gz"
FILES = (".csv", GZIPPED, ".parquet", ".xlsx")
FEN = "_fen"
TEXTS = ("refusal", "articles", "rulebook", "note")
"""Columns of results that say nothing, rather than an empty text, where there is nothing to say."""


class ArrowStream(Protocol):
    """Whatever gives its rows as Arrow does: Table, RecordBatch, RecordBatchReader, and others."""

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows as a capsule."""


class ArrowArray(Protocol):
    """One piece of rows as Arrow gives it: a RecordBatch."""

    def __arrow_c_array__(self, requested_schema: object | None = None) -> object:
        """The rows as two capsules."""


@dataclass(frozen=True)
class WantedAmounts:
    """How the amounts of results, which are whole fen in `_fen`, are wanted.

    Shape:   `money` is fen, decimal or float; columns that are `kept` stay as they are.
    """

    money: str
    kept: Collection[str] = ()

    def of(self, results: pa.Table) -> list[str]:
        """The columns with amounts."""
        names: list[str] = results.column_names
        return [name for name in names if name.endswith(FEN) and name not in self.kept]


@dataclass(frozen=True)
class Taken:
    """A frame as an Arrow table, and how results become a frame of its kind.

    Shape:   `numbered` says that the table has ROW and perhaps FAULT itself, as files have; `give`
             is told results, and how their amounts are wanted.
    """

    table: pa.Table
    give: Callable[[pa.Table, WantedAmounts], object]
    numbered: bool = False

    def places(self, numbers: pa.Array) -> pa.Array:
        """Where the rows with these numbers stand in the table."""
        if not self.numbered:
            return pc.subtract(numbers, 1)
        rows = one_array(self.table.column(ROW)).to_numpy()
        return pa.array(np.searchsorted(rows, numbers.to_numpy()))


def taken(frame: object, ignored: Sequence[str] = (), sheet: str = "") -> Taken:
    """A frame of any kind.

    Shape:   columns that are `ignored` are not even looked at.
    Refuses: value_invalid for what is no frame; what reading a file is refused for.
    """
    if isinstance(frame, str | Path):
        return Taken(_of_path(Path(frame), sheet), _to_polars, True)
    found = _in_memory(frame, ignored)
    return replace(found, table=_by_their_names(found.table))


def _by_their_names(table: pa.Table) -> pa.Table:
    """A table whose columns have their names as those of files have, each once.

    Refuses: header_invalid.
    """
    names = own_names(table.column_names)
    check_header(Path("frame"), [ours for ours, _ in names])
    return table.select([given for _, given in names]).rename_columns([ours for ours, _ in names])


def _in_memory(frame: object, ignored: Sequence[str]) -> Taken:
    for name, take in (("pandas", _of_pandas), ("polars", _of_polars)):
        if name in sys.modules and (found := take(frame, ignored)) is not None:
            return found
    if isinstance(frame, pa.Table | pa.RecordBatch | pa.RecordBatchReader):
        return Taken(_of_arrow(frame, ignored), _to_arrow)
    if isinstance(frame, Mapping):
        names = [name for name in frame if name not in ignored]
        return Taken(_of_columns({n: frame[n] for n in names}), _to_columns)
    if isinstance(frame, Sequence) and frame and all(isinstance(row, Mapping) for row in frame):
        keys = dict.fromkeys(key for row in frame for key in row if key not in ignored)
        return Taken(_of_columns({n: [r.get(n) for r in frame] for n in keys}), _to_rows)
    if hasattr(frame, "__arrow_c_stream__"):
        return Taken(_of_arrow(pa.RecordBatchReader.from_stream(frame), ignored), _to_arrow)
    raise Refusal("value_invalid", "frame", {"value": type(frame).__name__, "allowed": KINDS})


def _of_polars(frame: object, ignored: Sequence[str]) -> Taken | None:
    import polars as pl

    if isinstance(frame, pl.LazyFrame):
        frame = frame.drop(ignored, strict=False).collect()
    if not isinstance(frame, pl.DataFrame):
        return None
    frame = frame.drop(ignored, strict=False)
    # Arrow has no whole numbers of 128 bits.
    wide = [name for name, kind in frame.schema.items() if str(kind) in ("Int128", "UInt128")]
    return Taken(frame.with_columns(pl.col(wide).cast(pl.String)).to_arrow(), _to_polars)


def _of_arrow(
    frame: pa.Table | pa.RecordBatch | pa.RecordBatchReader, ignored: Sequence[str]
) -> pa.Table:
    table = frame.read_all() if isinstance(frame, pa.RecordBatchReader) else frame
    if isinstance(frame, pa.RecordBatch):
        table = pa.Table.from_batches([frame])
    check_header(Path("frame"), table.column_names)
    return table.select([name for name in table.column_names if name not in ignored])


def _of_columns(columns: Mapping[str, Iterable[object]]) -> pa.Table:
    """Values of Python as a table.

    Refuses: value_invalid for columns of several lengths.
    """
    for name, values in columns.items():
        if isinstance(values, str | bytes) or not isinstance(values, Iterable):
            allowed = "一列的值，如 [1, 2]"
            raise Refusal("value_invalid", str(name), {"value": str(values), "allowed": allowed})
    arrays = {str(name): array_of(name, list(values)) for name, values in columns.items()}
    if len(lengths := {len(array) for array in arrays.values()}) > 1:
        said = "、".join(map(str, sorted(lengths)))
        raise Refusal("value_invalid", "frame", {"value": f"{said} 行", "allowed": "各列一样长"})
    return pa.table(arrays)


def array_of(name: object, values: Sequence[object]) -> pa.Array:
    """A column of Python's values; of several kinds at once as texts.

    Refuses: cell_unreadable for a value that is neither number, text, date nor nothing.
    """
    try:
        return pa.array(values, from_pandas=True)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError):
        pass
    try:
        return pa.array([text_of(value) for value in values], pa.string())
    except CellProblem as error:
        raise Refusal("cell_unreadable", str(name), {"reason": str(error)}) from None


def _of_path(path: Path, sheet: str) -> pa.Table:
    """A file, or the files of a folder one after the other, their rows counted on.

    Refuses: value_invalid for a folder without files of visits, and another kind of file.
    """
    if not path.is_dir():
        return _of_file(path, sheet)
    files = own_files(path, "visits") or [
        one
        for one in sorted(path.iterdir())
        if one.name.lower().endswith(FILES) and not one.name.startswith((".", "~$"))
    ]
    tables, rows = [], 0
    for one in files:
        table = _of_file(one, sheet)
        numbers = pc.add(table.column(ROW), rows)
        rows += _last_row(table)
        tables.append(table.set_column(table.column_names.index(ROW), ROW, numbers))
    if not tables:
        allowed = "、".join(FILES)
        raise Refusal("value_invalid", "frame", {"value": path.name, "allowed": f"{allowed} 文件"})
    return pa.concat_tables(tables, promote_options="permissive")


def _last_row(table: pa.Table) -> int:
    return int(pc.max(table.column(ROW)).as_py() or 0)


def _of_file(path: Path, sheet: str) -> pa.Table:
    if path.name.lower().endswith(GZIPPED):
        with tempfile.TemporaryDirectory() as folder:
            plain = Path(folder) / path.name[: -len(".gz")]
            try:
                with gzip.open(path) as packed, plain.open("wb") as file:
                    shutil.copyfileobj(packed, file)
            except BROKEN_GZIP as error:
                raise unreadable(path, error) from None
            return _of_file(plain, sheet)
    place = TablePlace(sheet)
    # Rows are counted anew: what a file says of its rows is of the file that it was made from.
    with kept_open(path):
        names = [name for name in column_names(path, place) if name not in (ROW, FAULT)]
        tables = list(read_tables(path, names, place))
    if not tables:
        raise no_rows()
    return pa.concat_tables(tables, promote_options="permissive")


def _of_pandas(frame: object, ignored: Sequence[str]) -> Taken | None:
    import pandas

    if not isinstance(frame, pandas.DataFrame):
        return None
    if frame.columns.nlevels > 1:
        values = {"value": "多级列名", "allowed": "一级列名"}
        raise Refusal("value_invalid", "frame", values)
    frame = frame.drop(columns=[name for name in ignored if name in frame.columns])
    check_header(Path("frame"), [str(name) for name in frame.columns])
    try:
        table = pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowException, TypeError, OverflowError):  # Sparse columns, very large numbers.
        table = pa.table({str(n): array_of(n, frame[n].tolist()) for n in frame.columns})
    backend, index = _backend(frame), frame.index
    moments = "date" in frame.columns and frame["date"].dtype.kind == "M"
    return Taken(
        table.replace_schema_metadata(None),
        lambda results, amounts: _labelled(
            _to_pandas(results, amounts, backend, moments), results, index
        ),
    )


def _backend(frame: "pandas.DataFrame") -> str:
    """Whose columns a frame has: Arrow's, the nullable ones or NumPy's."""
    import pandas

    kinds = [
        kind for kind in frame.dtypes if isinstance(kind, pandas.api.extensions.ExtensionDtype)
    ]
    if any(isinstance(kind, pandas.ArrowDtype) for kind in kinds):
        return "pyarrow"
    nullable = any(kind.name.startswith(("Int", "UInt", "Float", "boolean")) for kind in kinds)
    return "nullable" if nullable else "numpy"


def _to_arrow(results: pa.Table, amounts: WantedAmounts) -> object:
    return with_money(results, amounts)


def _to_polars(results: pa.Table, amounts: WantedAmounts) -> object:
    import polars as pl

    return pl.from_arrow(with_money(results, amounts))


def _to_rows(results: pa.Table, amounts: WantedAmounts) -> object:
    return with_money(results, amounts).to_pylist()


def _to_columns(results: pa.Table, amounts: WantedAmounts) -> object:
    return with_money(results, amounts).to_pydict()


def _labelled(
    frame: "pandas.DataFrame", results: pa.Table, index: "pandas.Index[Any]"
) -> "pandas.DataFrame":
    """Results by the labels of the rows that they are of, so that columns find their rows."""
    if ROW in results.column_names:
        frame.index = index.take(one_array(results.column(ROW)).to_numpy() - 1)
    return frame


def _to_pandas(
    results: pa.Table, amounts: WantedAmounts, backend: str, moments: bool
) -> "pandas.DataFrame":
    import pandas

    shared: list[str] = []
    if amounts.money == "decimal" and backend != "pyarrow":
        # Objects of Python: one for each amount there is, not one for each row.
        shared = amounts.of(results)
    else:
        results = with_money(results, amounts)
    mappers: dict[str, Callable[[pa.DataType], object]] = {
        "pyarrow": lambda kind: None if pa.types.is_dictionary(kind) else pandas.ArrowDtype(kind),
        "nullable": _nullable,
        "numpy": lambda kind: None,
    }
    frame: pandas.DataFrame = results.drop_columns(shared).to_pandas(
        types_mapper=mappers[backend], date_as_object=not moments
    )
    if not shared:
        return frame
    columns = {
        name.removesuffix(FEN): _objects(results.column(name)) if name in shared else frame[name]
        for name in results.column_names
    }
    return pandas.DataFrame(columns, index=frame.index, copy=False)


def _nullable(kind: pa.DataType) -> object:
    import pandas

    kinds = {
        pa.int64(): pandas.Int64Dtype(),
        pa.int32(): pandas.Int32Dtype(),
        pa.float64(): pandas.Float64Dtype(),
        pa.bool_(): pandas.BooleanDtype(),
        pa.string(): pandas.StringDtype(),
    }
    return kinds.get(kind)


def _objects(fen: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """WantedAmounts as Decimals of Python, equal ones being the same object; None where none is."""
    coded = one_array(fen).dictionary_encode()
    decimals = decimals_of(coded.dictionary).to_pylist()
    objects = np.empty(len(decimals) + 1, object)
    objects[:-1] = decimals
    codes = pc.fill_null(coded.indices, len(decimals)).to_numpy()
    return cast("np.ndarray[tuple[int], np.dtype[np.object_]]", objects[codes])


def with_money(results: pa.Table, amounts: WantedAmounts) -> pa.Table:
    """Results with their amounts as wanted: whole fen, decimals or floats of yuan.

    Refuses: value_invalid.
    """
    if amounts.money == "fen":
        return results
    made = {"decimal": decimals_of, "float": floats_of}.get(amounts.money)
    if made is None:
        values = {"value": str(amounts.money), "allowed": "fen、decimal、float"}
        raise Refusal("value_invalid", "money", values)
    for name in amounts.of(results):
        place = results.column_names.index(name)
        column = made(one_array(results.column(name)))
        results = results.set_column(place, name.removesuffix(FEN), column)
    return results


def tidied(results: pa.Table) -> pa.Table:
    """Results whose texts are those that occur, nothing where there is nothing to say."""
    for place, name in enumerate(results.column_names):
        if name in TEXTS:
            results = results.set_column(place, name, _occurring(results.column(name)))
    return results


def _occurring(column: pa.ChunkedArray) -> pa.Array:
    array = one_array(column)
    codes, texts = array.indices.to_numpy(), array.dictionary.to_pylist()
    kept = [n for n in np.flatnonzero(marked(codes, len(texts))) if texts[n]]
    numbers = np.full(len(texts), -1, np.int32)
    numbers[kept] = np.arange(len(kept), dtype=np.int32)
    made = at_places(numbers, codes)
    some = pa.array([texts[n] for n in kept], pa.string())
    return pa.DictionaryArray.from_arrays(pa.array(made, mask=made < 0), some)
