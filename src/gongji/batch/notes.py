"""Notes on rows that are settled: what their reader should know before relying on the amounts.

A visit after one that could not be read bears what the other may have borne; a row that stands
twice is paid twice; a visit to come is perhaps a slip of the pen. None of this is for the batch to
decide.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from gongji.batch.columns import BAD_DAY, Columns
from gongji.tabular.arrow_tables import ROW
from gongji.units import Day

AFTER_REJECTED, REPEATED, FUTURE = "after_rejected", "repeated", "future"
SENTENCES = {
    AFTER_REJECTED: "同一人另有就诊（第 {row} 行）未能读取，本次未计入它",
    REPEATED: "与第 {row} 行完全相同",
    FUTURE: "就诊日期晚于今天",
}
"""What is noted, by its code."""
APART = "；"
_FORMS = {
    code: re.compile(re.escape(text).replace(r"\{row\}", "[0-9]+"))
    for code, text in SENTENCES.items()
}
_AMOUNTS = ("total", "in_scope")
_APART_IN_EACH = ("visit", "sequence")
"""Keys of which nearly every row has its own."""
_NEAR = 8
"""So many rows of one person and day are looked back at for the same row."""

Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]


def notes_on(
    columns: Columns, kept: Bools | None, latest_day: Day | None
) -> tuple[npt.NDArray[np.int32], list[str]]:
    """A note's number for every row of whole persons in order, and the notes; the first is none.

    Shape:   `kept` says which rows were settled, None that all were; without `latest_day` no day is
             late.
    """
    said: dict[int, list[str]] = {}
    for code, row, other in _found(columns, kept, latest_day):
        said.setdefault(row, []).append(SENTENCES[code].format(row=other))
    codes = np.zeros(columns.count, np.int32)
    texts = {"": 0}
    for row, sentences in said.items():
        codes[row] = texts.setdefault(APART.join(sentences), len(texts))
    return codes, list(texts)


def counted(notes: Iterable[tuple[str, int]]) -> Counter[str]:
    """How many rows have each note, from the notes of a column and how often each is there."""
    found: Counter[str] = Counter()
    for text, count in notes:
        for part in text.split(APART) if text else ():
            for code, form in _FORMS.items():
                if form.fullmatch(part):
                    found[code] += count
    return found


def _found(
    columns: Columns, kept: Bools | None, latest_day: Day | None
) -> Iterator[tuple[str, int, int]]:
    """Each note: its code, the row's place, the number of the other row."""
    if not columns.count:
        return
    new = columns.starts
    numbers = columns.table.column(ROW).to_numpy()
    settled = np.ones(columns.count, bool) if kept is None else kept
    if kept is not None and not kept.all():
        for row, other in _after_rejected(columns, new, kept):
            yield AFTER_REJECTED, row, int(numbers[other])
    for row, other in _repeated(columns, new):
        if settled[row] and settled[other]:
            yield REPEATED, row, int(numbers[other])
    if latest_day is not None and int(columns.day.max(initial=0)) > latest_day:
        for late in np.flatnonzero((columns.day > latest_day) & settled):
            yield FUTURE, int(late), 0


def _after_rejected(
    columns: Columns, new: npt.NDArray[np.int8], kept: Bools
) -> Iterator[tuple[int, int]]:
    """Settled rows of a person of whom an earlier row, or one of no day, was left out."""
    places = np.arange(columns.count)
    starts = np.maximum.accumulate(np.where(new == 1, places, 0))
    latest = np.maximum.accumulate(np.where(~kept, places, -1))
    undated = np.where(~kept & (columns.day == BAD_DAY), places, -1)
    person = np.cumsum(new) - 1
    of_person = np.full(int(person[-1]) + 1, -1)
    np.maximum.at(of_person, person, undated)
    named = ~columns.lacking("person")
    marked = kept & named & ((latest >= starts) | (of_person[person] >= 0))
    for row in map(int, np.flatnonzero(marked)):
        other = int(latest[row] if latest[row] >= starts[row] else of_person[person[row]])
        yield row, other


def _repeated(columns: Columns, new: npt.NDArray[np.int8]) -> Iterator[tuple[int, int]]:
    """Rows that say the same as one of the same person and day shortly before them."""
    same_day = (new[1:] == 0) & (columns.day[1:] == columns.day[:-1])
    at = np.flatnonzero(same_day) + 1
    rows, before = [at], [at - 1]
    for back in range(2, _NEAR + 1):
        # Further back only where the rows between are of the same person and day.
        at = at[at >= back]
        at = at[same_day[at - back]]
        rows.append(at)
        before.append(at - back)
    nearest: dict[int, int] = {}
    for row, other in _equal(columns, np.concatenate(rows), np.concatenate(before)):
        nearest.setdefault(row, other)
    yield from nearest.items()


def _equal(columns: Columns, rows: Places, before: Places) -> list[tuple[int, int]]:
    """The pairs of places at which a table says the same in every column.

    Shape:   however it is written: amounts by their fen, keys and days in their normal form.
    """
    # Amounts tell most rows apart.
    names = [name for name in columns.table.column_names if name not in (ROW, "person", "date")]
    for name in sorted(names, key=lambda name: not name.startswith(_AMOUNTS)):
        if not len(rows):
            break
        if name.startswith(_AMOUNTS):
            same: Bools = _fen_at(columns, name, rows) == _fen_at(columns, name, before)
        elif name in _APART_IN_EACH:
            same = _same_texts(columns.table.column(name), rows, before)
        else:
            codes = columns.coded(name).codes
            same = codes[rows] == codes[before]
        rows, before = rows[same], before[same]
    return list(zip(rows.tolist(), before.tolist(), strict=True))


def _fen_at(columns: Columns, name: str, at: Places) -> Places:
    """The amounts of some rows, in fen."""
    some = columns.table.select([name]).take(pa.array(at))
    return Columns(some).fen(name.removesuffix("_fen"))


def _same_texts(column: pa.ChunkedArray, rows: Places, before: Places) -> Bools:
    """Whether keys, which are in their normal form, are the same at two places."""
    if pa.types.is_null(column.type):
        return np.ones(len(rows), bool)
    here, there = column.take(pa.array(rows)), column.take(pa.array(before))
    if pa.types.is_dictionary(column.type):
        here, there = here.cast(column.type.value_type), there.cast(column.type.value_type)
    both = pc.and_(here.is_null(), there.is_null())
    return np.asarray(pc.or_(pc.fill_null(pc.equal(here, there), False), both).to_numpy())
