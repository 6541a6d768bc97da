"""Who needs a closer look: a file settled in batch, those paid by the law throughout set aside.

What the batch cannot tell is left to the audit itself, which settles visit by visit: nothing is
decided here, only the persons without any difference are spared.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from gongji.auditing.history import POOL
from gongji.auditing.rows import PaidFile
from gongji.batch import ordering
from gongji.batch.columns import Columns
from gongji.batch.core import Settler
from gongji.batch.loops import ABSENT
from gongji.law.engine.opening_meters import Used
from gongji.refusals import Refusal
from gongji.tabular.texts import FAULT, ROW, faults_of

RESULTS = {
    POOL: "pool_pays_fen",
    "supplements": "supplements_fen",
    "person": "person_pays_fen",
    "deductible": "deductible_fen",
}
"""Where the results hold what a paid column is compared with; a layer stands under its code."""


def suspects_of(file: PaidFile) -> set[str | None] | None:
    """The persons with a difference, or with a row that the batch does not settle.

    Returns: None where the batch cannot settle the file at all: everyone is a suspect.
    """
    if not {"person", "date", "status"} <= set(file.frame.columns):
        return None
    _, apart = _opening(file)
    faulty = {row for row, _ in faults_of(file.frame)}
    apart = apart | {*file.frame.filter(pl.col(ROW).is_in(faulty))["person"].drop_nulls()}
    try:
        agree = rows_paid_by_law(file)
    except Refusal:
        return None
    return {*file.frame["person"].filter(pl.Series(~agree)), *apart, None}


def rows_paid_by_law(file: PaidFile) -> npt.NDArray[np.bool_]:
    """Which rows, in the order of the frame, were paid as the batch settles them.

    Refuses: what the batch refuses for the file as a whole.
    """
    # The batch's number of a row is its place in the frame.
    table = file.frame.drop(ROW, FAULT, strict=False).to_arrow()
    table = table.append_column(ROW, pa.array(np.arange(table.num_rows)))
    agree = np.zeros(table.num_rows, bool)
    opening, _ = _opening(file)
    for results in _settled(file, table.drop_columns([*file.names.values()]), opening):
        rows = results.column(ROW).to_numpy()
        agree[rows] = ~_different(file, table.take(pa.array(rows)), results)
    return agree


def _opening(file: PaidFile) -> tuple[Used, set[str]]:
    """The opening meters as a batch takes them, and the persons that have them by area."""
    if len(file.opening) <= 1:
        return next(iter(file.opening.values()), {}), set()
    return {}, {person for used in file.opening.values() for person in used}


def _settled(file: PaidFile, visits: pa.Table, opening: Used) -> Iterator[pa.Table]:
    """The results of the file, some whole persons at a time."""
    found = ordering.survey(iter([visits]))
    settler = Settler(
        file.areas, found.areas, opening=opening, in_fen=True, benefits=found.benefits
    )
    keys = [name for name in ("date", "sequence") if name in visits.column_names]
    ordered = ordering.sort(visits, keys)
    size = ordering.CHUNK_ROWS
    slices = (ordered.slice(start, size) for start in range(0, ordered.num_rows, size))
    for whole in ordering.whole_persons(slices):
        yield settler.settle(whole)[0]


def _different(file: PaidFile, given: pa.Table, results: pa.Table) -> npt.NDArray[np.bool_]:
    """The rows that were not paid as settled; a row that was not settled is one of them."""
    different = np.zeros(given.num_rows, bool)
    for name, column in file.names.items():
        paid = Columns(given.select([column])).fen(f"paid_{name}")
        result = RESULTS.get(name, f"{name}_fen")
        due = np.zeros(given.num_rows, np.int64)
        if result in results.column_names:
            due = pc.fill_null(results.column(result), ABSENT).to_numpy()
        judged = (paid != ABSENT) | (name == POOL)
        different |= (due == ABSENT) | (judged & (paid != due))
    return different
