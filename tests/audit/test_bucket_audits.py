"""`gongji audit` on a folder of buckets: as the whole file, bucket by bucket, taken up again."""

import json
from pathlib import Path

import polars as pl
import pytest

from gongji.auditing import bucket_audits
from gongji.auditing.bucket_audits import audit_buckets
from gongji.auditing.open_figures import FolderWishes
from gongji.auditing.rows import PaidFile, audit
from gongji.batch.adjudicate import Options, adjudicate_file
from gongji.batch.buckets import Manifest, write_buckets
from gongji.cli.main import main
from gongji.refusals import Refusal
from gongji.simulation.margins import default_margins
from gongji.simulation.populations import PopulationWish, make_population

WISHES = FolderWishes()
COLUMNS = ("person", "date", "area", "status", "level", "institution_kind", "benefit", "total_fen")


@pytest.fixture(scope="module")
def paid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of visits paid by the law, but for every fortieth, and a row without a date."""
    folder = tmp_path_factory.mktemp("paid")
    make_population(PopulationWish("430500", 150, 2025, default_margins(), buckets=1), folder / "p")
    visits = pl.read_parquet(folder / "p" / "visits" / "*.parquet").select(*COLUMNS)
    visits = visits.sort("person", "date", maintain_order=True).filter(benefit="ordinary")
    visits.write_parquet(folder / "visits.parquet")
    adjudicate_file(
        folder / "visits.parquet", folder / "due.parquet", Options(), lambda rows, total: None
    )
    due = pl.read_parquet(folder / "due.parquet").sort("row_number")["pool_pays_fen"]
    wrong = pl.int_range(pl.len()) % 40 == 7
    made = visits.with_columns(due.alias("paid_pool_fen")).with_columns(
        pl.when(wrong).then(pl.col("paid_pool_fen") + 100).otherwise("paid_pool_fen"),
        pl.when(pl.int_range(pl.len()) == 3).then(None).otherwise("date").alias("date"),
    )
    made.write_parquet(folder / "paid.parquet")
    write_buckets(folder / "paid.parquet", folder / "buckets", 4)
    return folder


def differences(folder: Path) -> pl.DataFrame:
    found = [pl.read_parquet(path) for path in folder.glob("*.parquet")]
    return pl.concat(found).sort("row_number")


def test_buckets_give_what_the_file_gives(paid: Path, tmp_path: Path) -> None:
    found = list(audit(PaidFile(paid / "paid.parquet")))
    summary = audit_buckets(paid / "buckets", tmp_path / "r", WISHES)
    told = differences(tmp_path / "r")
    numbers = {one.row_number for one in found}
    assert summary.rows == Manifest.read(paid / "buckets").rows and summary.bad == 1
    assert summary.count == told.height == len(found) - 1 > 5
    rejected = [pl.read_csv(path) for path in (tmp_path / "r").glob("*.rejected.csv")]
    assert {*told["row_number"], *pl.concat(rejected)["row_number"]} == numbers
    over = sum(tally.over_fen for tally in summary.causes.values())
    under = sum(tally.under_fen for tally in summary.causes.values())
    wrong = sum(getattr(one, "difference_fen", 0) for one in found)
    assert over - under == wrong > 0


@pytest.mark.slow
def test_a_run_is_taken_up_again_and_what_changed_is_done_anew(
    paid: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    inner = bucket_audits.BucketAudit._audited

    def counted(self, path, target, bucket, told, key):  # type: ignore[no-untyped-def]
        done.append(bucket.file)
        return inner(self, path, target, bucket, told, key)

    monkeypatch.setattr(bucket_audits.BucketAudit, "_audited", counted)
    first = audit_buckets(paid / "buckets", tmp_path / "r", WISHES)
    assert len(done) == 4
    assert audit_buckets(paid / "buckets", tmp_path / "r", WISHES) == first and len(done) == 4
    (tmp_path / "r" / done[0]).write_bytes(b"changed")
    assert audit_buckets(paid / "buckets", tmp_path / "r", WISHES) == first
    assert done[4:] == done[:1]
    other = FolderWishes(mode="paid")
    audit_buckets(paid / "buckets", tmp_path / "r", other)
    assert len(done) == 9


def test_what_is_no_bucket_or_was_changed_is_refused(paid: Path, tmp_path: Path) -> None:
    with pytest.raises(Refusal):
        audit_buckets(tmp_path, tmp_path / "r", WISHES)
    with pytest.raises(Refusal):
        audit_buckets(paid / "buckets", paid / "buckets", WISHES)
    with pytest.raises(Refusal):
        audit_buckets(paid / "buckets", tmp_path / "r", FolderWishes(settings={"no_such": "1"}))
    visits = pl.read_parquet(paid / "paid.parquet")
    write_buckets(visits.to_arrow(), tmp_path / "b", 2)
    (tmp_path / "b" / Manifest.read(tmp_path / "b").buckets[1].file).write_bytes(b"x")
    with pytest.raises(Refusal) as told:
        audit_buckets(tmp_path / "b", tmp_path / "r", WISHES)
    assert told.value.code == "file_unreadable"
    assert not (tmp_path / "r" / "results.json").exists()


def test_the_command_takes_buckets(
    paid: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for output, code in ((tmp_path / "r", 1), (paid / "paid.parquet", 2)):
        with pytest.raises(SystemExit) as leaving:
            main(["audit", str(paid / "buckets"), "-o", str(output), "--json"])
        assert leaving.value.code == code
        if code == 1:
            told = json.loads(capsys.readouterr().out)
            assert told["differences"] == differences(tmp_path / "r").height
            assert told["bad_rows"] == 1 and (tmp_path / "r" / "results.json").is_file()


def test_a_bucket_with_other_rows_is_audited_anew(paid: Path, tmp_path: Path) -> None:
    visits = pl.read_parquet(paid / "paid.parquet")
    write_buckets(visits.to_arrow(), tmp_path / "b", 1)
    before = audit_buckets(tmp_path / "b", tmp_path / "r", WISHES)
    write_buckets(visits.head(visits.height // 2).to_arrow(), tmp_path / "b", 1)
    after = audit_buckets(tmp_path / "b", tmp_path / "r", WISHES)
    assert after.rows == visits.height // 2 < before.rows
