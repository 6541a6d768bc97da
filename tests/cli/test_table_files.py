"""Tables as a command line names them: standard input and output, `.csv.gz`, folders of Parquet."""

import csv
import gzip
import io
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gongji.cli.main import main

TEXT = (
    "person,visit,date,area,status,level,in_scope\n"
    "甲,1,2023-03-01,532300,active,1,1000\n"
    "乙,2,2023-03-02,532300,active,2,1000\n"
)
ROSTER = "person,area,month,status,base\n甲,430500,2024-05,active,5000\n"


def gongji(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """The command line as a process, since it is its streams that are tried."""
    return subprocess.run(
        [sys.executable, "-m", "gongji", *words], input=given, capture_output=True
    )


def pays(content: bytes) -> list[tuple[str, str]]:
    """Persons and what the pool pays, from a CSV."""
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    return sorted((row["person"], row["pool_pays"]) for row in rows)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    folder = tmp_path_factory.mktemp("plain")
    (folder / "visits.csv").write_text(TEXT, encoding="utf-8")
    with pytest.raises(SystemExit) as left:
        main(["adjudicate", str(folder / "visits.csv"), "-o", str(folder / "result.csv")])
    assert not left.value.code
    return pays((folder / "result.csv").read_bytes())


def test_from_standard_input_to_standard_output(expected: list[tuple[str, str]]) -> None:
    done = gongji("adjudicate", "-", "-o", "-", given=TEXT.encode())
    assert done.returncode == 0, done.stderr.decode()
    assert pays(done.stdout) == expected
    assert "2 次就诊写入 标准输出" in done.stderr.decode()
    refused = gongji("adjudicate", "-", "-o", "-", "--json", given=TEXT.encode())
    assert refused.returncode == 2 and "--json" in refused.stderr.decode()


def test_packed_csv_in_and_out(tmp_path: Path, expected: list[tuple[str, str]]) -> None:
    given, result = tmp_path / "visits.csv.gz", tmp_path / "result.csv.gz"
    given.write_bytes(gzip.compress(TEXT.encode()))
    with pytest.raises(SystemExit) as left:
        main(["adjudicate", str(given), "-o", str(result)])
    assert not left.value.code
    assert pays(gzip.decompress(result.read_bytes())) == expected
    assert {path.name for path in tmp_path.iterdir()} == {"visits.csv.gz", "result.csv.gz"}
    given.write_bytes(given.read_bytes()[:40])
    with pytest.raises(SystemExit) as left:
        main(["adjudicate", str(given), "-o", str(tmp_path / "other.csv")])
    assert left.value.code == 2 and not (tmp_path / "other.csv").exists()


def test_a_folder_of_parquet_files_is_one_file(
    tmp_path: Path, expected: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    rows = list(csv.DictReader(io.StringIO(TEXT)))
    for number, row in enumerate(rows):
        table = pa.Table.from_pylist([row])
        table = table.select(table.column_names[::-1]) if number else table
        pq.write_table(table, folder / f"part-{number}.parquet")
    (folder / "_SUCCESS").touch()
    with pytest.raises(SystemExit) as left:
        main(["adjudicate", str(folder), "-o", str(tmp_path / "result.csv")])
    assert not left.value.code
    assert pays((tmp_path / "result.csv").read_bytes()) == expected
    pq.write_table(pa.table({"colour": ["red"]}), folder / "part-9.parquet")
    for says in ("part-9.parquet 多出 colour、缺少 person", "part-9.parquet 不完好"):
        with pytest.raises(SystemExit) as left:
            main(["adjudicate", str(folder), "-o", str(tmp_path / "other.csv")])
        assert left.value.code == 2 and says in capsys.readouterr().err
        (folder / "part-9.parquet").write_bytes(b"PAR1")


def test_a_roster_from_standard_input(capsys: pytest.CaptureFixture[str]) -> None:
    done = gongji("accrue", "-", "-o", "-", given=ROSTER.encode("gb18030"))
    assert done.returncode == 0, done.stderr.decode()
    assert "甲" in done.stdout.decode("utf-8-sig")
