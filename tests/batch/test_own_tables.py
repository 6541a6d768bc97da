"""Folders of own tables that other systems wrote: a column that is read otherwise is told."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gongji.auditing.open_figures import FolderWishes
from gongji.auditing.own_folder import audit_folder, visits_files
from gongji.refusals import Refusal
from gongji.supervision.claim_tables import ClaimTables

VISIT: dict[str, Any] = {
    "visit": ["1"],
    "person": ["甲"],
    "institution": ["H1"],
    "date": pa.array([19_500], pa.date32()),
    "benefit": ["ordinary"],
    "total_fen": [100_000],
    "paid_pool_fen": [48_000],
    "paid_deductible_fen": [20_000],
    "offsite": [False],
    "status": pa.array(["active"]).dictionary_encode(),
}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no number": ({"person": [float("nan")]}, "列 person 的类型是 double，应为 string"),
    "number": ({"person": [5]}, "列 person 的类型是 int64，应为 string"),
    "list": ({"person": [["甲"]]}, "列 person 的类型是 list"),
    "code": ({"person": pa.array(["甲"]).dictionary_encode()}, "列 person 的类型是 dictionary"),
    "without": ({"date": None}, "没有列 date"),
    "twice": ({"begin": pa.array([19_500], pa.date32())}, "多于一列是 date"),
}


def _folder(folder: Path, changed: dict[str, Any]) -> Path:
    """Tables of one visit, its columns changed; None takes one away."""
    columns = {name: made for name, made in (VISIT | changed).items() if made is not None}
    pq.write_table(pa.table(columns), folder / "visits.parquet")
    pq.write_table(pa.table({"visit": ["1"], "person": ["甲"]}), folder / "lines.parquet")
    person = {"person": ["甲"], "status": ["active"], "area": ["430500"]}
    pq.write_table(
        pa.table(person | {"born": pa.array([0], pa.date32())}), folder / "persons.parquet"
    )
    return folder


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_read_otherwise_is_told_with_file_and_column(tmp_path: Path, kind: str) -> None:
    """It ended in an error of a library, some of a report being written already."""
    changed, says = WRONG[kind]
    folder = _folder(tmp_path, changed)
    for look in (ClaimTables, visits_files):
        with pytest.raises(Refusal, match=f"visits.parquet：{says}"):
            look(folder)


def test_other_types_are_told_where_they_are_read_so(tmp_path: Path) -> None:
    """Days and amounts are read by an audit however they are written, by supervision as such."""
    folder = _folder(tmp_path, {"date": ["2023-05-23"], "total_fen": pa.array([1], pa.uint64())})
    assert [path.name for path in visits_files(folder)] == ["visits.parquet"]
    with pytest.raises(Refusal, match="列 date 的类型是 string，应为 date32"):
        ClaimTables(folder)
    with pytest.raises(Refusal, match="列 total_fen 的类型是 uint64"):
        ClaimTables(_folder(tmp_path, {"total_fen": pa.array([1], pa.uint64())}))
    assert ClaimTables(_folder(tmp_path, {})).folder == tmp_path


def test_what_is_no_parquet_file_and_what_has_no_rows(tmp_path: Path) -> None:
    folder = _folder(tmp_path, {})
    table = pq.read_table(folder / "visits.parquet")
    pq.write_table(table.slice(0, 0), folder / "visits.parquet")
    with pytest.raises(Refusal, match="至少一行"):
        audit_folder(folder, FolderWishes("430500"))
    (folder / "visits.parquet").write_bytes(b"PAR1")
    for look in (ClaimTables, visits_files):
        with pytest.raises(Refusal, match="不是完好的"):
            look(folder)
