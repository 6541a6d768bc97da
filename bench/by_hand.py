"""Shaoyang's article 6 (2022) by hand, Parquet to Parquet: what `bench.py` holds files against.

It writes the very table that `gongji adjudicate` writes, and can do nothing else: the figures are
in the loop, every person's visits lie in one row group and one year, nothing is checked, refused
or noted. Two threads settle, one reads, one writes, as in the product.

The same for both: the file that is read; PyArrow's reader, texts as codes; the sixteen columns and
their types; PyArrow's writer with the same codec and level, pages, batches and dictionaries, no
statistics; loops compiled before and kept; each in a process of its own, timed from its first look
at the file. The product alone reads the rulebooks, which takes as long for a small file as for a
large one; row groups are its chunks of 262,144 rows, by hand those of the file.

`python bench/by_hand.py IN OUT COMPRESSION` prints visits, seconds and those of processor.
"""

import sys
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

LEVELS = ("1", "2", "3")
DEDUCTIBLES = np.array([0, 20_000, 30_000])
RATES = np.array([70, 60, 60])
CEILINGS = np.array([150_000, 200_000])
ALL_DEDUCTIBLES = 30_000
ARTICLES = [f"邵市政办发〔2022〕22号 第六条（{number}）、第六条第一款" for number in "一二三"]
RULEBOOK = "000000@2011-07-01+430500@2022-11-01"
AMOUNTS = ("pool_pays", "deductible", "person_pays", "meter_level", "meter_year", "meter_paid")
I32 = npt.NDArray[np.int32]


@numba.njit(nogil=True, cache=True)  # type: ignore[misc]
def settle(person: Any, level: Any, status: Any, cost: Any, made: Any) -> None:
    """Pool, deductible, person and the three meters after every visit, by column of `made`."""
    last = -1
    used = np.zeros(3, np.int64)
    used_all = 0
    paid_all = 0
    for i in range(len(cost)):
        if person[i] != last:
            last = person[i]
            used[:] = 0
            used_all = 0
            paid_all = 0
        of_level = DEDUCTIBLES[level[i]] - used[level[i]]
        borne = min(cost[i], max(0, min(of_level, ALL_DEDUCTIBLES - used_all)))
        used[level[i]] += borne
        used_all += borne
        fen = ((cost[i] - borne) * RATES[level[i]] + 50) // 100
        fen = min(fen, CEILINGS[status[i]] - paid_all)
        paid_all += fen
        made[0, i] = fen
        made[1, i] = borne
        made[2, i] = cost[i] - fen
        made[3, i] = used[level[i]]
        made[4, i] = used_all
        made[5, i] = paid_all


def settled(table: pa.Table, first: int) -> pa.Table:
    """The results of whole persons; `first` is the number of the first row."""
    count = table.num_rows
    level, status = (_codes(table.column(name)) for name in ("level", "status"))
    level = _places(table.column("level"), LEVELS)[level]
    status = _places(table.column("status"), ("active", "retired"))[status]
    person, cost = (table.column(n).chunk(0).to_numpy() for n in ("person", "in_scope_fen"))
    made = np.empty((len(AMOUNTS), count), np.int32)
    settle(person, level, status, cost, made)
    pool, deductible, own, of_level, of_year, paid = map(pa.array, made)
    nothing = np.zeros(count, np.int32)
    columns = {
        "person": table.column("person"),
        "date": table.column("date"),
        "row_number": pa.array(np.arange(first, first + count, dtype=np.int32)),
        "pool_pays_fen": pool,
        "deductible_fen": deductible,
        "ordinary_fen": pool,
        "supplements_fen": pa.array(nothing),
        "person_pays_fen": own,
        "meter_level_deductible_fen": of_level,
        "meter_year_deductible_fen": of_year,
        "meter_ordinary_paid_fen": paid,
        "meter_visit_deductible_fen": pa.nulls(count, pa.int32()),
        "refusal": _texts(nothing, [""]),
        "articles": _texts(level, ARTICLES),
        "rulebook": _texts(nothing, [RULEBOOK]),
        "note": _texts(nothing, [""]),
    }
    fields = [pa.field(n, c.type, n == "meter_visit_deductible_fen") for n, c in columns.items()]
    return pa.table(list(columns.values()), schema=pa.schema(fields))


def _codes(column: pa.ChunkedArray) -> I32:
    return column.chunk(0).indices.to_numpy()


def _places(column: pa.ChunkedArray, known: tuple[str, ...]) -> I32:
    """Where each text of a dictionary is among those known."""
    texts = column.chunk(0).dictionary.to_pylist()
    return np.array([known.index(text) if text in known else 0 for text in texts], np.int32)


def _texts(codes: I32, texts: list[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(texts, pa.string()))


def settle_file(source: str, target: str, compression: str) -> int:
    """Settle a file's visits; how many."""
    coded = ["status", "level"]
    given = pq.ParquetFile(source, read_dictionary=coded, pre_buffer=False)
    wanted = ["person", "date", "status", "level", "in_scope_fen"]
    with ThreadPoolExecutor(2) as workers, ThreadPoolExecutor(1) as writing:
        writer: pq.ParquetWriter | None = None
        waiting: deque[Future[pa.Table]] = deque()
        written: Future[None] | None = None
        done = 0
        for group in range(given.num_row_groups + 2):
            if group < given.num_row_groups:
                table = given.read_row_group(group, columns=wanted).combine_chunks()
                waiting.append(workers.submit(settled, table, done + 1))
                done += table.num_rows
            if len(waiting) > 2 or group >= given.num_row_groups and waiting:
                made = waiting.popleft().result()
                writer = writer or _writer(target, made.schema, compression)
                if written:
                    written.result()
                written = writing.submit(writer.write_table, made)
    if writer:
        writer.close()
    return done


def _writer(target: str, schema: pa.Schema, compression: str) -> pq.ParquetWriter:
    """A writer set up as the product's."""
    texts = [item.name for item in schema if pa.types.is_dictionary(item.type)]
    return pq.ParquetWriter(
        target,
        schema,
        compression=compression,
        use_dictionary=texts,
        write_statistics=False,
        write_batch_size=1 << 15,
        data_page_size=1 << 18,
    )


if __name__ == "__main__":
    start, busy = time.perf_counter(), time.process_time()
    visits = settle_file(*sys.argv[1:])
    print(visits, time.perf_counter() - start, time.process_time() - busy)
