"""The made-up prefecture: tables that close, known frauds, the same from the same seed."""

from pathlib import Path

import polars as pl
import pytest

from gongji.supervision.prefecture import Wishes, make_prefecture
from gongji.supervision.prefecture.making import KINDS
from gongji.supervision.prefecture.shares import LINE_COLUMNS, VISIT_COLUMNS

TABLES = ("visits", "lines", "persons", "spells", "institutions", "items", "proofs", "truth")


def read(folder: Path) -> dict[str, pl.DataFrame]:
    """Every table of a prefecture."""
    return {name: pl.read_parquet(folder / name / "*.parquet") for name in TABLES}


@pytest.fixture(scope="module")
def prefecture(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    folder = tmp_path_factory.mktemp("prefecture")
    make_prefecture(folder, Wishes(persons=6_000, seed=3, part=3_000))
    return read(folder)


def test_the_tables_have_their_columns_and_one_row_a_key(
    prefecture: dict[str, pl.DataFrame],
) -> None:
    visits, lines = prefecture["visits"], prefecture["lines"]
    assert tuple(visits.columns) == VISIT_COLUMNS and tuple(lines.columns) == LINE_COLUMNS
    assert visits["visit"].is_unique().all() and lines["line"].is_unique().all()
    assert lines.join(visits, on="visit", how="anti").is_empty()
    assert visits.join(prefecture["persons"], on="person", how="anti").is_empty()
    assert visits.join(prefecture["institutions"], on="institution", how="anti").is_empty()
    assert lines.join(prefecture["items"], on="item", how="anti").is_empty()


def test_every_amount_closes(prefecture: dict[str, pl.DataFrame]) -> None:
    visits = prefecture["visits"]
    scope = visits["in_scope"] + visits["first_self"] + visits["own"] + visits["over_limit"]
    assert (scope == visits["total"]).all()
    paid = visits["pool"] + visits["account"] + visits["family"] + visits["cash"]
    assert (paid == visits["total"]).all()
    lines = prefecture["lines"]
    exact = (lines["count"] * lines["price"] + 50_000_000) // 100_000_000
    assert (exact == lines["amount"]).all()
    sums = lines.group_by("visit").agg(pl.col("amount").sum())
    assert visits.join(sums, on="visit").filter(pl.col("amount") != pl.col("total")).is_empty()


def test_every_kind_of_fraud_is_planted_and_half_are_kept_unseen(
    prefecture: dict[str, pl.DataFrame],
) -> None:
    truth = prefecture["truth"]
    assert set(truth["kind"]) == {kind.code for kind in KINDS} and len(KINDS) >= 14
    unseen = truth.group_by("kind").agg(pl.col("unseen").first())["unseen"]
    assert unseen.sum() * 2 == len(unseen)
    assert (truth["money"] >= 0).all() and truth["money"].sum() > 0
    assert truth.join(prefecture["lines"], on="line", how="anti").is_empty()


def test_nobody_honest_is_seen_inside_an_own_stay_or_after_death(
    prefecture: dict[str, pl.DataFrame],
) -> None:
    frauds = prefecture["truth"]["visit"].implode()
    honest = prefecture["visits"].filter(~pl.col("visit").is_in(frauds))
    dead = honest.join(prefecture["persons"], on="person").filter(pl.col("begin") > pl.col("died"))
    assert dead.filter(pl.col("care") != "inpatient").is_empty()
    stays = honest.filter(pl.col("care") == "inpatient").select("person", a="begin", b="end")
    inside = honest.filter(pl.col("care") != "inpatient").join(stays, on="person")
    between = (pl.col("begin") > pl.col("a")) & (pl.col("begin") < pl.col("b"))
    lookalike = inside.filter(between)
    assert len(lookalike) <= len(honest) // 1_000, lookalike


def test_the_same_seed_makes_the_same_prefecture(
    prefecture: dict[str, pl.DataFrame], tmp_path: Path
) -> None:
    make_prefecture(tmp_path, Wishes(persons=6_000, seed=3, part=3_000))
    again = read(tmp_path)
    for name in TABLES:
        assert again[name].equals(prefecture[name]), name


def test_without_frauds_there_is_no_truth(tmp_path: Path) -> None:
    make_prefecture(tmp_path, Wishes(persons=1_000, frauds=False))
    tables = read(tmp_path)
    assert tables["truth"].is_empty() and len(tables["visits"]) > 3_000
