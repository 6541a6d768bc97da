"""`gongji supervise` on tables cut into buckets: the same findings, taken up again, kept whole."""

from pathlib import Path

import polars as pl
import pytest

from gongji.batch.buckets import write_buckets
from gongji.refusals import Refusal
from gongji.supervision import inspection
from gongji.supervision.claim_tables import ClaimTables
from gongji.supervision.inspection import inspect
from gongji.supervision.kept_looks import KeptLooks, kept_looks
from gongji.supervision.prefecture import Wishes, make_prefecture
from gongji.supervision.rules_folded import fold_rules
from gongji.supervision.supervise_run import given_points

CUT = ("visits", "lines", "persons")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small prefecture, its tables of persons cut into three buckets with manifests."""
    folder = tmp_path_factory.mktemp("tables")
    make_prefecture(folder / "made", Wishes(persons=500, seed=4, part=500))
    (folder / "cut").mkdir()
    for path in (folder / "made").iterdir():
        if path.name not in CUT:
            (folder / "cut" / path.name).symlink_to(path)
    for name in CUT:
        whole = pl.read_parquet(folder / "made" / name / "*.parquet")
        write_buckets(whole.to_arrow(), folder / "cut" / name, 3, table=name)
    return folder


def kept_of(tables: ClaimTables, folder: Path, passed_over: int = 0) -> KeptLooks:
    rules = fold_rules("439900")[passed_over:]
    made = kept_looks(tables, (rules, given_points(tables)), folder)
    assert made is not None
    return made


def looked(tables: ClaimTables, kept: KeptLooks | None) -> pl.DataFrame:
    found = inspect(tables, fold_rules("439900"), given_points(tables), kept=kept)
    return found.findings.sort("day", "line")


def test_buckets_are_looked_at_as_the_whole_and_not_twice(
    tables: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, cut = ClaimTables(tables / "made"), ClaimTables(tables / "cut")
    assert kept_looks(whole, (fold_rules("439900"), given_points(whole)), tmp_path) is None
    read: list[int] = []
    inner = inspection._of_part

    def counted(rules, part, points, beside=None):  # type: ignore[no-untyped-def]
        read.append(len(part.persons))
        return inner(rules, part, points, beside)

    monkeypatch.setattr(inspection, "_of_part", counted)
    wanted = looked(whole, None)
    assert len(wanted) > 20
    read.clear()
    first = looked(cut, kept_of(cut, tmp_path / "parts"))
    assert first.equals(wanted) and sum(read) == 500 and len(read) == 4
    read.clear()
    assert looked(cut, kept_of(cut, tmp_path / "parts")).equals(wanted) and read == [0]
    # A result that was stopped half-way, or is none of this, is made again.
    (tmp_path / "parts" / "0001.parquet").write_bytes(b"half")
    read.clear()
    assert looked(cut, kept_of(cut, tmp_path / "parts")).equals(wanted) and len(read) == 2
    keys = kept_of(cut, tmp_path / "parts").keys
    assert len(set(keys)) == 3
    assert not set(keys) & set(kept_of(cut, tmp_path / "parts", 1).keys)


def test_a_bucket_that_was_changed_is_refused(tables: Path, tmp_path: Path) -> None:
    for name in CUT:
        whole = pl.read_parquet(tables / "made" / name / "*.parquet").head(200)
        write_buckets(whole.to_arrow(), tmp_path / name, 2, table=name)
    assert len(list(ClaimTables(tmp_path).parts())) >= 1
    changed = next((tmp_path / "lines").glob("*.parquet"))
    pl.read_parquet(changed).head(1).write_parquet(changed)
    with pytest.raises(Refusal) as told:
        ClaimTables(tmp_path)
    assert told.value.code == "file_unreadable"
