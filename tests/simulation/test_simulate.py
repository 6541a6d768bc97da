"""Two laws on one population: equal to files and to the oracle; sums close; lines, intervals."""

import json
import sys
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import gongji
from gongji.batch.buckets import Manifest, write_buckets
from gongji.cli import simulate as command
from gongji.cli.main import main
from gongji.refusals import Refusal, RulebookError
from gongji.simulation import simulate as room
from gongji.simulation.behaviour import STATIC, BehaviourLine, arc
from gongji.simulation.margins import read_margins
from gongji.simulation.outcome_tables import change_of, tables
from gongji.simulation.populations import PopulationWish, make_population
from gongji.simulation.reforms import Reform
from gongji.simulation.simulate import Comparison, Growth, simulate
from gongji.simulation.tallies import GROUPS, by_group, interval

sys.path.insert(0, str(Path(__file__).parent.parent / "oracle"))

from comparison import by_oracle  # noqa: E402

AREA, CEILING = "430500", "待遇.普通门诊.最高支付限额.退休"
RATE = "待遇.普通门诊.支付比例.三级"
OLD, NEW = "2024-10-31", "2024-11-01"


def run(*argv):
    with pytest.raises(SystemExit) as leaving:
        main([*map(str, argv)])
    return leaving.value.code


def made(folder, area, persons=600, text=""):
    file = folder / "margins.yaml"
    file.write_text(f"慢特病人员占比: 0\n人均慢特病次数: 0\n{text}", encoding="utf-8")
    wanted = PopulationWish(area, persons, 2025, read_margins(file), buckets=3)
    make_population(wanted, folder / area)
    return folder / area


@pytest.fixture(scope="module")
def shaoyang(tmp_path_factory):
    return made(tmp_path_factory.mktemp("population"), AREA)


@pytest.fixture(scope="module")
def chuxiong(tmp_path_factory):
    return made(tmp_path_factory.mktemp("population"), "532300", 1000)


def compared(folder, area=AREA, **figures):
    return Comparison(folder, area, Reform(), Reform("试", figures=figures))


@pytest.fixture(scope="module")
def outcome(shaoyang):
    return simulate(compared(shaoyang, **{CEILING: "8000元", RATE: "55%"}))


def visits(folder):
    manifest = Manifest.read(folder / "visits")
    paths = [bucket.path(folder / "visits") for bucket in manifest.buckets]
    return pl.concat([pl.read_parquet(path) for path in paths])


def test_static_totals_equal_adjudicates_to_the_fen(shaoyang, outcome, tmp_path):
    assert run("adjudicate", shaoyang / "visits", "-o", tmp_path / "r", "--area", AREA) == 0
    found = [pl.read_parquet(path) for path in (tmp_path / "r").glob("*.parquet")]
    settled = pl.concat(found, how="diagonal_relaxed")
    base = outcome.tally.sums[0]
    for name, measure in (("pool_pays", "pool"), ("person_pays", "person")):
        assert settled[f"{name}_fen"].sum() == base[measure].sum()
    assert settled["deductible_fen"].sum() == base["deductible"].sum()
    assert len(settled) == outcome.tally.visits.sum()


def test_both_laws_equal_the_oracle_on_a_thousand_persons(chuxiong):
    # The oracle knows a law by its date: the same days of a year under the old one, and of a new.
    asked = Comparison(chuxiong, "532300", Reform(day=OLD), Reform(day=NEW))
    found = simulate(asked)
    years = found.tally.years()
    rows = visits(chuxiong).sort("person", "date", "row_number").to_dicts()
    by_person = {}
    for row in rows:
        by_person.setdefault(row["person"], []).append(row)
    for law, year in ((0, 2023), (1, 2025)):
        pool = own = 0
        for history in by_person.values():
            told = [_as_the_oracle_reads(row, year) for row in history]
            for answer in by_oracle(told, {}):
                pool += answer["pool"]
                own += answer["person"]
        assert (years.pool[law].sum(), years.own[law].sum()) == (pool, own)
    assert found.tally.pool(0) != found.tally.pool(1)
    # One visit is so large that it needs a figure that no text gives: it is the person's own.
    assert found.tally.open == [1, 1]
    assert years.total.sum() == sum(row["total_fen"] for row in rows)


def _as_the_oracle_reads(row, year):
    kept = ("person", "area", "status", "level", "institution_kind", "prescriber_level")
    told = {name: row[name] for name in kept if row[name]}
    told |= {"date": date(year, row["date"].month, row["date"].day), "benefit": "ordinary"}
    return told | {"total_fen": row["total_fen"], "in_scope_fen": row["in_scope_fen"]}


def test_no_change_changes_nothing(shaoyang):
    frames = tables(simulate(compared(shaoyang)))
    lines = frames["lines"]
    for name in ("pool_change_fen", "low_fen", "high_fen"):
        assert lines[name].to_list() == [0, 0, 0]
    assert frames["classes"]["share"].to_list() == [0, 0, 1, 0, 0]
    assert frames["thresholds"]["persons"].sum() == 0


def test_gains_and_losses_and_every_cell_sum_to_the_change(outcome):
    frames = tables(outcome)
    tally, line = outcome.tally, frames["lines"].row(0, named=True)
    change = tally.pool(1) - tally.pool(0)
    assert change and dict(change_of(frames)) == dict.fromkeys(dict(change_of(frames)), change)
    assert frames["classes"]["own_change_fen"].sum() == -change
    assert line["pool_change_fen"] == change
    assert line["own_reform_fen"] - line["own_base_fen"] == -change
    losses = frames["losers_age"]["loss_fen"].sum()
    assert losses == frames["losers_disease"]["loss_fen"].sum() > 0
    assert losses == frames["classes"]["own_change_fen"][3:].sum()
    assert losses == frames["thresholds"]["soften_fen"][0]
    assert frames["tenths"]["persons"].sum() == 600 == frames["classes"]["persons"].sum()


def test_retirees_reach_the_new_ceiling_and_no_more(outcome):
    rows = tables(outcome)["ceilings"].filter(pl.col("status") == "退休")
    assert rows["ceiling_fen"].to_list() == [200_000, 800_000]
    assert rows["达到限额"][0] > rows["达到限额"][1]
    years = outcome.tally.years()
    assert years.main_pool[0][years.status == 1].max() == 200_000


def test_the_lines_go_the_way_of_their_elasticities(shaoyang):
    asked = Comparison(
        shaoyang,
        AREA,
        Reform(),
        Reform("试", figures={CEILING: "8000元"}),
        lines=(
            STATIC,
            BehaviourLine("z", "零", 0.0, 0.0, ""),
            BehaviourLine("m", "多", -0.4, -0.4, ""),
        ),
    )
    static, zero, more = simulate(asked).lines
    assert static.pool.sum() == zero.pool.sum() < more.pool.sum()
    assert more.visits.sum() > static.visits.sum()
    assert (static.pool_groups == zero.pool_groups).all()
    assert simulate(asked).lines[2].pool.sum() == more.pool.sum()


def test_the_arc_formula_is_the_same_both_ways():
    low, high = np.array([0.4, 0.0]), np.array([0.6, 0.5])
    assert arc(-0.2, low, high) * arc(-0.2, high, low) == pytest.approx(1)
    # A fifth of a two-fifths rise, half on each side of the middle.
    assert arc(-0.2, low, high)[0] == pytest.approx(0.96 / 1.04)
    assert arc(0.0, low, high).tolist() == [1, 1]


def test_ninety_in_a_hundred_intervals_hold_the_truth():
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(300):
        group = rng.integers(0, GROUPS, 2000)
        base = np.exp(rng.normal(5, 1, 2000))
        reform = base * (1.1 + 0.1 * rng.normal(size=2000))
        found = interval(lambda b, r: r / b - 1, by_group(group, base), by_group(group, reform))
        held += found.low <= 0.1 <= found.high
    assert 0.85 <= held / 300 <= 0.95


@pytest.mark.slow
def test_nine_in_ten_draws_of_persons_hold_what_all_of_them_come_to(tmp_path):
    folder = made(tmp_path, AREA, 40_000)
    years = simulate(compared(folder, **{CEILING: "8000元"})).tally.years()
    base, reform = years.pool
    truth, held, draws = reform.sum() / base.sum() - 1, 0, 200
    rng = np.random.default_rng(11)
    for _ in range(draws):
        some = rng.choice(len(base), 2000, replace=False)
        groups = (by_group(years.group[some], fen[some]) for fen in (base, reform))
        found = interval(lambda b, r: r / b - 1, *groups)
        held += found.low <= truth <= found.high
    assert truth > 0.01 and 0.85 <= held / draws <= 0.95


def test_years_ahead_cost_more_under_the_same_ceilings(shaoyang):
    asked = Comparison(shaoyang, AREA, Reform(), Reform("试", figures={CEILING: "8000元"}), years=3)
    fund = tables(simulate(asked))["fund"]
    for name in fund["line"].unique():
        spent = fund.filter(pl.col("line") == name)["outpatient_fen"].to_list()
        assert spent == sorted(spent) and len(set(spent)) == 3
    first = fund.filter((pl.col("year") == 2025) & (pl.col("line") == "现行")).row(0, named=True)
    rest = first["income_fen"] - first["other_fen"] - first["outpatient_fen"]
    assert first["stock_fen"] == pytest.approx(8023_00 * 600 + rest, abs=2)


def test_costs_of_years_ahead_have_grown_by_every_year(tmp_path):
    def pool(fen, **wishes):
        row = {"date": date(2025, 3, 1), "status": "active", "level": "3", "benefit": "ordinary"}
        folder = tmp_path / str(fen)
        write_buckets(pl.DataFrame([row | {"person": "a", "total_fen": fen}]).to_arrow(), folder, 1)
        return simulate(Comparison(folder, AREA, Reform(), Reform(), lines=(STATIC,), **wishes))

    outcome = pool(100_000, years=3, growth=Growth(cost=0.1))
    now = [pool(fen).tally.pool(0) for fen in (100_000, 110_000, 121_000)]
    ahead = [[law.tolist() for law in year.pool] for year in outcome.ahead]
    assert 0 < now[0] < now[1] < now[2]
    assert ahead == [[[fen, 0], [fen, 0]] for fen in now[1:]]


def test_what_was_read_again_gives_the_same(shaoyang, outcome, monkeypatch):
    monkeypatch.setattr(room, "KEPT_ROWS", 0)
    again = simulate(compared(shaoyang, **{CEILING: "8000元", RATE: "55%"}))
    assert [line.pool.sum() for line in again.lines] == [line.pool.sum() for line in outcome.lines]


def test_a_visit_that_one_law_cannot_settle_is_the_persons_under_it(tmp_path):
    rows = [
        {"person": "a", "date": date(2025, 3, 1), "status": "active", "total_fen": 100_000}
        | {"benefit": benefit, "level": "1", "disease": disease}
        for benefit, disease in (("ordinary", ""), ("chronic", "x"))
    ]
    write_buckets(pl.DataFrame(rows).to_arrow(), tmp_path / "b", 2)
    asked = Comparison(tmp_path / "b", AREA, Reform(), Reform(settings={"disease_ceiling": "900"}))
    found = simulate(asked)
    assert found.tally.open == [1, 0] and not found.population.made_up
    base, reform = (one["person"].sum() + one["pool"].sum() for one in found.tally.sums)
    assert base == reform == 200_000
    frames = tables(found)
    assert frames["classes"]["persons"].null_count() > 0, "a single real person is told"


def test_amounts_that_fit_in_no_32_bits_are_whole(tmp_path):
    row = {"date": date(2025, 3, 1), "status": "active", "level": "1", "benefit": "ordinary"}
    rows = [
        row | {"person": "a", "total_fen": 3_000_000_000, "in_scope_fen": 100_000},
        row | {"person": "b", "total_fen": 100_000, "in_scope_fen": None},
    ]
    write_buckets(pl.DataFrame(rows).to_arrow(), tmp_path / "b", 1)
    found = simulate(compared(tmp_path / "b"))
    base = found.tally.sums[0]
    # Of 1,000 yuan at a hospital of the first level 70 % is the pool's.
    assert base["pool"].sum() == 2 * 70_000
    assert found.tally.total.sum() == base["pool"].sum() + base["person"].sum() == 3_000_100_000


def test_python_gives_the_same_frames(shaoyang, outcome):
    frames = gongji.simulate(shaoyang, area=AREA, reform={CEILING: "8000元", RATE: "55%"})
    wanted = tables(outcome)
    assert frames.keys() == wanted.keys()
    assert all(frames[name].equals(wanted[name]) for name in ("benefit", "tenths", "classes"))
    more = gongji.reform(AREA, {CEILING: "8000元", RATE: "55%"}, start="2025-01-01")
    again = gongji.simulate(shaoyang, area=AREA, reform=more)
    assert again["benefit"].equals(wanted["benefit"])


def test_what_cannot_be_simulated_is_refused(shaoyang, tmp_path):
    with pytest.raises(Refusal):
        gongji.simulate(tmp_path, area=AREA)
    with pytest.raises(RulebookError):
        gongji.simulate(shaoyang, area=AREA, reform={CEILING: "80%"})


def test_the_command_writes_a_report_that_needs_nothing_else(shaoyang, tmp_path, capsys):
    asked = ("simulate", shaoyang, "--area", AREA, "--change", f"{CEILING}=8000元")
    assert run(*asked, "--name", "<提高>", "-o", tmp_path / "r", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    assert said["lines"][0]["pool_change_fen"] > 0
    names = {path.name for path in (tmp_path / "r").iterdir()}
    assert names == {"report.html", "report.xlsx", "tables", "reform.yaml"}
    page = (tmp_path / "r" / "report.html").read_text(encoding="utf-8")
    assert "&lt;提高&gt;" in page and "<提高>" not in page
    assert "未校准" in page and "住院另列" in page
    assert page.count("<svg") >= 5 and "<script" not in page
    assert 'src="' not in page and "<link" not in page
    again = ("simulate", shaoyang, "--area", AREA, "--reform", tmp_path / "r" / "reform.yaml")
    assert run(*again, "--elasticity", "弱=x", "-o", tmp_path / "r") == 2
    frame = pl.read_parquet(tmp_path / "r" / "tables" / "classes.parquet")
    assert frame["persons"].sum() == 600


def test_lines_of_ones_own_and_what_the_reform_invites(shaoyang, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(command, "_invited", lambda outcome: ["拖到<次年>"])
    monkeypatch.setattr("gongji.simulation.reform_report.pictures", lambda frames: {})
    asked = ("simulate", shaoyang, "--area", AREA, "--change", f"{CEILING}=8000元", "--invited")
    assert run(*asked, "--elasticity", "弱=-0.1,0", "-o", tmp_path / "r") == 0
    assert "弱：统筹支出增加" in capsys.readouterr().out
    page = (tmp_path / "r" / "report.html").read_text(encoding="utf-8")
    assert "改革引出的打算" in page and "拖到&lt;次年&gt;" in page


def test_a_folder_with_other_things_is_left_alone_and_a_stop_leaves_nothing(
    shaoyang, tmp_path, monkeypatch, capsys
):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "mine.txt").write_text("mine")
    asked = ("simulate", shaoyang, "--area", AREA, "-o")
    assert run(*asked, tmp_path / "r") == 1
    assert "mine.txt" in capsys.readouterr().err

    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(room, "settle_all", stopped)
    assert run(*asked, tmp_path / "new") == 130
    assert [path.name for path in tmp_path.iterdir()] == ["r"]
