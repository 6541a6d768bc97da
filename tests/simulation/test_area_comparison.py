"""Areas under one population: each as if it were alone, by kind of person, told and kept."""

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from gongji.batch.buckets import write_buckets
from gongji.cli.main import main
from gongji.law.engine.areas import Areas
from gongji.refusals import Refusal
from gongji.simulation.area_comparison import AreasAsked, area_tables, compare_areas
from gongji.simulation.area_report import page
from gongji.simulation.behaviour import STATIC
from gongji.simulation.margins import default_margins
from gongji.simulation.populations import PopulationWish, make_population
from gongji.simulation.reforms import Reform
from gongji.simulation.simulate import Comparison, simulate

AREAS, DAY = ("430500", "532300", "445300"), "2025-01-01"


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("population") / "p"
    make_population(PopulationWish("430500", 500, 2025, default_margins(), buckets=2), folder)
    return folder


@pytest.fixture(scope="module")
def frames(people: Path) -> dict[str, pl.DataFrame]:
    return area_tables(compare_areas(AreasAsked(people, AREAS, Areas(), DAY)))


def test_each_area_is_what_a_run_of_it_alone_gives(
    people: Path, frames: dict[str, pl.DataFrame]
) -> None:
    pools = set()
    for code, row in zip(AREAS, frames["areas"].iter_rows(named=True), strict=True):
        alone = Comparison(people, code, Reform(day=DAY), Reform(), lines=(STATIC,))
        tally = simulate(alone).tally
        sums = tally.sums[0]
        assert (row["pool_fen"], row["own_fen"]) == (sums["pool"].sum(), sums["person"].sum())
        assert row["supplements_fen"] == sums["supplements"].sum()
        assert (row["visits"], row["total_fen"]) == (tally.visits.sum(), tally.total.sum())
        assert row["unsettled_share"] == (tally.open[0] + tally.bad[0]) / row["visits"]
        years = tally.years()
        kinds = frames["kinds"].filter(area=row["area"])
        for status, name in enumerate(("在职", "退休")):
            own = kinds.filter(pl.col("kind").str.starts_with(name))
            assert own["pool_fen"].sum() == years.pool[0][years.status == status].sum()
            assert own["own_fen"].sum() == years.own[0][years.status == status].sum()
        pools.add(row["pool_fen"])
    assert len(pools) == len(AREAS)


def test_kinds_sum_to_the_areas(frames: dict[str, pl.DataFrame]) -> None:
    kinds = frames["kinds"]
    for row in frames["areas"].iter_rows(named=True):
        own = kinds.filter(area=row["area"])
        for column in ("persons", "total_fen", "pool_fen", "supplements_fen", "own_fen"):
            assert own[column].sum() == row[column], column
        parts = ("pool_fen", "supplements_fen", "own_fen")
        assert sum(row[part] for part in parts) == row["total_fen"]
    assert kinds["kind"].unique(maintain_order=True).to_list() == list(
        dict.fromkeys(kinds["kind"].to_list())
    )
    assert kinds.height == kinds["kind"].n_unique() * len(AREAS)


def test_what_supplements_pay_is_told_by_kind(tmp_path: Path) -> None:
    """临沧: beyond the pool's ceilings the large-amount fund pays nine tenths."""
    row = {"date": date(2023, 2, 1), "status": "active", "level": "1", "benefit": "ordinary"}
    rows = [row | {"person": str(n), "total_fen": 6_366_158} for n in range(5)]
    write_buckets(pl.DataFrame(rows).to_arrow(), tmp_path / "b", 2)
    asked = AreasAsked(tmp_path / "b", ("530900",), Areas(), "2023-02-01")
    kinds = area_tables(compare_areas(asked))["kinds"]
    columns = ("persons", "pool_fen", "supplements_fen", "own_fen")
    assert kinds.select(columns).rows() == [(5, 28_000_000, 450_000, 3_380_790)]


def test_few_real_persons_are_not_told(people: Path) -> None:
    (people / "visits").rename(people / "buckets")
    try:
        made = compare_areas(AreasAsked(people / "buckets", AREAS[:1], Areas(), DAY))
    finally:
        (people / "buckets").rename(people / "visits")
    kinds = area_tables(made)["kinds"]
    assert not made.population.made_up and not (kinds["persons"].drop_nulls() < 5).any()


def test_the_command_writes_a_page_a_workbook_and_tables(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["compare", str(people), "--area", AREAS[0], "--area", AREAS[1], "--date", DAY]
    with pytest.raises(SystemExit) as leaving:
        main([*asked, "-o", str(tmp_path / "r"), "--json"])
    assert leaving.value.code == 0
    said = json.loads(capsys.readouterr().out)
    assert [row["area"] for row in said["areas"]] == [*("湖南省邵阳市", "云南省楚雄彝族自治州")]
    assert {path.name for path in (tmp_path / "r").iterdir()} == {
        *("report.html", "report.xlsx", "tables")
    }
    kept = pl.read_parquet(tmp_path / "r" / "tables" / "kinds.parquet")
    assert kept.to_dicts() == said["kinds"]
    told = (tmp_path / "r" / "report.html").read_text(encoding="utf-8")
    assert told.count("<svg") == 1 and "<script" not in told and 'src="' not in told
    assert "在职·30—44岁" in told and f"{said['areas'][1]['pool_fen'] / 100:,.2f}" in told


def test_without_a_picture_the_page_says_so(people: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gongji.simulation.area_report.can_draw", lambda: False)
    made = compare_areas(AreasAsked(people, AREAS[:1], Areas(), DAY))
    assert "<svg" not in page(made, area_tables(made))


FIGURES = {
    "430500:disease_ceiling": "4000",
    "average_wage": "50000",
    "445300:average_wage": "96957",
}


def test_areas_have_figures_of_their_own(people: Path, frames: dict[str, pl.DataFrame]) -> None:
    asked = AreasAsked(people, AREAS, Areas(everywhere=FIGURES), DAY)
    found = area_tables(compare_areas(asked))["areas"]["pool_fen"].to_list()
    before = frames["areas"]["pool_fen"].to_list()
    assert [a != b for a, b in zip(found, before, strict=True)] == [True, False, True]
    own = ({"disease_ceiling": "4000"}, {}, {"average_wage": "96957"})
    for code, pool, settings in zip(AREAS, found, own, strict=True):
        base = Reform(day=DAY, settings=settings)
        tally = simulate(Comparison(people, code, base, base, lines=(STATIC,))).tally
        assert pool == tally.pool(0), code


@pytest.mark.parametrize(
    ("figure", "told"),
    [
        ("999999:average_wage", "999999"),
        ("430500:average_wage", "average_wage"),
        ("4305:disease_ceiling", "4305:disease_ceiling"),
        ("no_such", "no_such"),
    ],
)
def test_a_figure_that_no_area_has_is_refused(people: Path, figure: str, told: str) -> None:
    with pytest.raises(Refusal, match=told):
        compare_areas(AreasAsked(people, AREAS[:1], Areas(everywhere={figure: "1"}), DAY))


def test_a_reform_has_its_own_figure_before_those_of_its_area(people: Path) -> None:
    own = Reform(day=DAY, settings={"average_wage": "50000"})
    given = {"445300:average_wage": "96957", "average_wage": "1"}
    asked = Comparison(people, "445300", Reform(day=DAY), own, lines=(STATIC,), settings=given)
    outcome = simulate(asked)
    for side, wage in ((outcome.base, "96957"), (outcome.reform, "50000")):
        assert side.dated.law(side.day).settings["average_wage"] == wage


def test_an_area_without_rules_is_refused(people: Path) -> None:
    with pytest.raises(Refusal):
        compare_areas(AreasAsked(people, ("999999",), Areas(), DAY))
