"""Rows in any order are settled in the order of persons, dates and sequences, whatever is missing,
wherever the order breaks; and amounts up to the bound and no further."""

import itertools
import random

import numpy as np
import polars as pl
import pyarrow as pa
import pytest

from gongji.batch import ordering, visit_files
from gongji.batch.adjudicate import _values_of, adjudicate_table
from gongji.batch.columns import rise
from gongji.cli.main import main
from gongji.units import MAX_FEN, yuan_text

CHUNK = 50


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    """Chunks and ranges of a few rows, so that a small file has many borders."""
    for module in (ordering, visit_files):
        monkeypatch.setattr(module, "CHUNK_ROWS", CHUNK)
    monkeypatch.setattr(ordering, "RANGE_ROWS", 90)


def visit(person, **more):
    """A visit in Shaoyang whose payment tells how much of the deductible was met before."""
    return {
        "person": person,
        "visit": "",
        "date": "2023-03-01",
        "sequence": "1",
        "area": "430500",
        "status": "active",
        "level": "2",
        "total": "150.00",
        "in_scope": "150.00",
    } | more


def persons(first, count, **more):
    return [visit(f"p{number:04d}", **more) for number in range(first, first + count)]


def run(path, out, *options):
    with pytest.raises(SystemExit) as leaving:
        main(["adjudicate", str(path), "-o", str(out), *options])
    return leaving.value.code or 0


def settled(tmp_path, rows, ending=".parquet"):
    """The result of rows as a file of a kind, as rows of texts by their number in the file."""
    frame = pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String))
    path, out = tmp_path / f"given{ending}", tmp_path / "made.parquet"
    frame.write_parquet(path, row_group_size=CHUNK) if ending == ".parquet" else frame.write_csv(
        path
    )
    assert run(path, out) == 0
    return pl.read_parquet(out).to_dicts()


def by_hand(rows):
    """What is paid of visits of 150.00 in their order: 60 % above a yearly deductible of 200.

    Returns: by person the payments in order, in fen.
    """
    paid = {}
    for row in rows:
        seen = paid.setdefault(row["person"], [])
        seen.append((0, 6_000)[min(len(seen), 1)] if len(seen) < 2 else 9_000)
    return paid


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
@pytest.mark.parametrize(
    "places",
    [(0,), (CHUNK - 1,), (CHUNK,), (CHUNK + 5,), (119,), (CHUNK - 1, CHUNK), (3, CHUNK + 1)],
)
def test_a_row_without_a_person_hides_no_fall(tmp_path, ending, places):
    """It is reported; the person after it who belongs before it is still settled in order."""
    rows = persons(0, 60) + persons(100, 60)
    for place in places:
        rows[place]["person"] = None
    rows[CHUNK + 6]["person"] = "p0000"
    found = settled(tmp_path, rows, ending)
    order = [row["person"] for row in found]
    assert order == sorted(order) and len(found) == 120 - len(places)
    paid = {person: [] for person in order}
    for row in found:
        paid[row["person"]].append(int(row["pool_pays"] * 100))
    assert paid == by_hand([row for row in rows if row["person"]])
    report = pl.read_csv(tmp_path / "made.rejected.csv")
    assert report.select("row_number", "column", "refusal").rows() == [
        (place + 1, "person", "field_missing") for place in places
    ]


BREAKS = (1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 149)
OFTEN = {(".csv", 1), (".csv", 149), (".parquet", CHUNK), (".parquet", CHUNK + 1)}
"""Within a chunk and between two; a row group is a chunk, a part of a text is not."""


@pytest.mark.parametrize(
    ("ending", "break_at"),
    [
        pytest.param(*case, marks=() if case in OFTEN else pytest.mark.slow)
        for case in itertools.product((".parquet", ".csv"), BREAKS)
    ],
)
def test_a_fall_anywhere_is_seen(tmp_path, ending, break_at):
    """Persons rise to some row, within a chunk or between two, and begin again."""
    rows = persons(0, break_at) + persons(0, 150 - break_at)
    found = settled(tmp_path, rows, ending)
    order = [row["person"] for row in found]
    assert order == sorted(order) and len(found) == 150
    for person, group in itertools.groupby(found, key=lambda row: row["person"]):
        paid = [int(row["pool_pays"] * 100) for row in group]
        assert paid == by_hand([visit(person)] * len(paid))[person], person


@pytest.mark.parametrize("kind", [pl.Int64, pl.String])
def test_numbers_and_texts_of_persons_fall_alike(tmp_path, kind):
    """Person 9 before 10 as numbers, after it as texts."""
    rows = [visit(str(number)) for number in (*range(1, 60), *range(1, 60))]
    frame = pl.DataFrame(rows).with_columns(pl.col("person").cast(kind))
    frame.write_parquet(tmp_path / "a.parquet", row_group_size=CHUNK)
    assert run(tmp_path / "a.parquet", tmp_path / "o.parquet") == 0
    found = pl.read_parquet(tmp_path / "o.parquet")
    order = found["person"].to_list()
    assert order == sorted(order)
    assert found["pool_pays"].cast(pl.Float64).to_list() == [0.0, 60.0] * 59


SEQUENCES = [
    (("2", "1"), "10"),
    (("10", "9"), "10"),
    (("2", "", "1"), "201"),
    (("", "1"), "10"),
    ((" ", "3"), "10"),
    # What is no number has no place: after those that have one, as it stands.
    (("b", "a", "1"), "201"),
    (("1", "1"), "01"),
    (("", ""), "01"),
    (("0", "00", "1"), "012"),
]


@pytest.mark.parametrize("ending", [".parquet", ".csv"])
@pytest.mark.parametrize(("given", "order"), SEQUENCES)
def test_visits_of_a_day_come_by_their_sequence_those_without_last(tmp_path, ending, given, order):
    """Ties and what has no number keep the order of the file."""
    rows = [visit("p", sequence=text, visit=str(at)) for at, text in enumerate(given)]
    found = settled(tmp_path, rows, ending)
    assert "".join(row["visit"] for row in found) == order
    assert [int(row["pool_pays"] * 100) for row in found] == by_hand(rows)["p"]


def test_days_come_before_sequences_and_persons_before_days(tmp_path):
    """Whatever stands where: three keys shuffled give one order."""
    keys = [(p, d, s) for p in "ab" for d in ("2023-03-01", "2023-03-02") for s in ("2", "10")]
    wanted = [f"{p}{d}{s}" for p, d, s in keys]
    rows = [visit(p, date=d, sequence=s, visit=f"{p}{d}{s}") for p, d, s in keys]
    for seed in range(3):
        random.Random(seed).shuffle(rows)
        assert [row["visit"] for row in settled(tmp_path, rows)] == wanted, seed


WHOLE = MAX_FEN // 100
AMOUNTS = [
    # text, how it is refused (nothing: it is settled)
    (yuan_text(MAX_FEN), ""),
    (yuan_text(MAX_FEN + 1), "amount_too_large"),
    ("99999999999.00", "amount_too_large"),
    ("99999999999.99", "amount_too_large"),
    ("100000000000", "amount_too_large"),
    ("1" * 30, "amount_too_large"),
    ("0", ""),
    ("0.01", ""),
    ("-0.01", "amount_negative"),
    ("0.001", "amount_invalid"),
    ("1,000", "amount_invalid"),
    ("1e3", "amount_invalid"),
]


@pytest.mark.parametrize("ending", [".parquet", pytest.param(".csv", marks=pytest.mark.slow)])
@pytest.mark.parametrize("column", ["total", "in_scope"])
@pytest.mark.parametrize(("text", "refusal"), AMOUNTS)
def test_an_amount_is_settled_up_to_the_bound_and_refused_beyond(
    tmp_path, ending, column, text, refusal
):
    """The other visit is settled all the same; the row is reported with its reason."""
    other = {"total": "10000000000.00"} if column == "in_scope" else {"in_scope": None}
    rows = [visit("p0"), visit("p1", **other | {column: text})]
    found = settled(tmp_path, rows, ending)
    assert [row["person"] for row in found] == (["p0"] if refusal else ["p0", "p1"])
    if refusal:
        report = pl.read_csv(tmp_path / "made.rejected.csv")
        assert report.select("row_number", "column", "refusal").rows() == [(2, column, refusal)]


NUMBERS = [
    ("total", WHOLE, ""),
    ("total", WHOLE + 1, "amount_too_large"),
    ("total", -1, "amount_negative"),
    ("total_fen", MAX_FEN, ""),
    ("total_fen", MAX_FEN + 1, "amount_too_large"),
    ("total_fen", 2**62, "amount_too_large"),
    ("total_fen", -1, "amount_negative"),
    ("total", None, "field_missing"),
]


@pytest.mark.parametrize("others", [15, None])
@pytest.mark.parametrize(("column", "number", "refusal"), NUMBERS)
def test_whole_numbers_of_a_frame_have_the_same_bound(column, number, refusal, others):
    """Also in a column in which something is missing."""
    count = 3 if others is None else 2
    table = pa.table(
        {
            "person": [f"p{n}" for n in range(count)],
            "date": ["2023-03-01"] * count,
            "area": ["430500"] * count,
            "status": ["active"] * count,
            "level": ["2"] * count,
            column: pa.array([15, number, None][:count], pa.int64()),
        }
    )
    results, rejected = adjudicate_table(table)
    expected = [(2, refusal)] if refusal else []
    expected += [(3, "field_missing")] if others is None else []
    assert [(bad.row_number, bad.code) for bad in rejected] == expected
    assert results.num_rows == count - len(expected)


@pytest.mark.parametrize("seed", range(40))
def test_rows_that_come_in_order_of_all_keys_are_left_as_they_are(seed):
    rng = np.random.default_rng(seed)
    keys = [rng.integers(0, 3, 4), rng.integers(-2, 2, 4).astype(np.int32), rng.integers(0, 9, 4)]
    rows = list(zip(*(key.tolist() for key in keys), strict=True))
    assert rise(keys) == (rows == sorted(rows))
    ordered = [key[np.lexsort(keys[::-1])] for key in keys]
    assert rise(ordered) and rise([key[:1] for key in keys]) and rise([key[:0] for key in keys])


def test_values_of_codes_are_counted_however_few():
    def counted(*chunks):
        arrays = [pa.DictionaryArray.from_arrays(c, ["", "a", "b"]) for c in map(pa.array, chunks)]
        found = _values_of(pa.table({"x": pa.chunked_array(arrays)}), "x")
        return {text: sum(n for one, n in found if one == text) for text in "ab"}

    assert counted([0, 0, 0]) == {"a": 0, "b": 0}
    assert counted([2, 2]) == {"a": 0, "b": 2}
    assert counted([1, 2, 0, 2], [0], [1]) == {"a": 2, "b": 2}
