"""Who needs a closer look: a whole file settled in batch, those paid by the law throughout set aside.

What the batch cannot tell is left to the audit itself, which settles visit by visit: it decides
nothing here, it only spares the persons who have no difference.
"""

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from gongji.audit.history import POOL
from gongji.audit.rows import PaidFile
from gongji.batch import ordering
from gongji.batch.columns import BAD_FEN, Columns
from gongji.batch.loops import ABSENT
from gongji.batch.visits import Opening, Settler
from gongji.catalogue.texts import ROW
from gongji.errors import Refusal

RESULTS = {
    POOL: "pool_pays_fen", "supplements": "supplements_fen", "person": "person_pays_fen",
    "deductible": "deductible_fen",
}  # fmt: skip
"""Where the results hold what a paid column is compared with; a layer stands under its code."""


def suspects_of(file: PaidFile) -> set[str | None] | None:
    """The persons with a difference, or with a row that cannot be settled in batch.

    Returns: None where the file as a whole cannot be settled in batch: everyone is a suspect.
    """
    if not {"person", "date", "status"} <= set(file.frame.columns):
        return None
    opening, apart = _opening(file)
    try:
        table = _table(file)
        results, areas = _settled(file, table, opening)
    except Refusal:
        return None
    numbers = results.column(ordering.ROW).to_numpy()
    different = np.ones(table.num_rows, bool)
    different[numbers] = _different(file, Columns(table), results, numbers)
    return set(file.frame["person"].filter(pl.Series(different))) | apart


def _table(file: PaidFile) -> pa.Table:
    """The file's rows with their places in its frame as numbers."""
    arrow = file.frame.drop(ROW).to_arrow()
    texts = pa.schema([(name, pa.string()) for name in arrow.column_names])
    return arrow.cast(texts).append_column(ordering.ROW, pa.array(np.arange(arrow.num_rows)))


def _settled(file: PaidFile, table: pa.Table, opening: Opening) -> tuple[pa.Table, object]:
    visits = table.drop_columns(list(file.names.values()))
    found = ordering.survey(iter([visits]))
    settler = Settler(
        file.areas.library, found.areas, file.areas.settings, "", opening,
        in_fen=True, benefits=found.benefits,
    )  # fmt: skip
    keys = [name for name in ("date", "sequence") if name in visits.column_names]
    return settler.settle(ordering.sort(visits, keys))
