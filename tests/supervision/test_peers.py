"""Peers, the own past and networks on figures that are made to be seen through."""

from datetime import date
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gongji.supervision import indicator_tables, leads, networks, own_past, peers
from gongji.supervision.claim_tables import ClaimTables
from gongji.supervision.indicators import INDICATORS, cells, heads, heads_of_departments
from gongji.supervision.prefecture import Wishes, make_prefecture

SPREAD = 0.18
DICE = np.random.default_rng(5)


def test_the_spread_of_honest_peers_is_found_although_some_are_not_honest() -> None:
    ratios = DICE.normal(0.05, SPREAD, 400)
    ratios[:10] += 1.0
    chance = np.full(400, 0.05)
    spread = peers.robust_spread(ratios, chance)
    assert abs(spread.tau - SPREAD) < 0.03 and abs(spread.middle - 0.05) < 0.03
    z, shrunk, _ = peers.standing(ratios, chance)
    assert (z[:10] > peers.LIMIT).mean() > 0.8 and (z[10:] > peers.LIMIT).mean() < 0.01
    assert (np.abs(shrunk) <= np.abs(ratios - spread.middle) + 1e-12).all()


def test_small_ones_are_shrunk_more() -> None:
    ratios = np.concatenate([DICE.normal(0, SPREAD, 100), [0.8, 0.8]])
    chance = np.concatenate([np.full(100, 0.05), [0.05, 0.6]])
    z, shrunk, _ = peers.standing(ratios, chance)
    assert z[-2] > z[-1] and shrunk[-2] > shrunk[-1] > 0


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> ClaimTables:
    folder = tmp_path_factory.mktemp("peers")
    make_prefecture(folder, Wishes(persons=1_500, seed=6, frauds=False))
    return ClaimTables(folder)


def test_expected_sums_close_over_all_peers(tables: ClaimTables) -> None:
    sums = peers.expected_sums(cells(tables), tables.everybodys["institutions"], "机构")
    for name in ("drugs_total", "total_visits", "labs_total", "borne_total"):
        part = name.split("_")[0]
        assert sums[f"e_{name}"].sum() == pytest.approx(sums[part].sum()), name
    visits = tables.scan("visits").filter(pl.col("care") != "inpatient").collect()
    assert sums["total"].sum() == visits["total"].sum()
    assert sums["visits"].sum() == len(visits)


def test_lines_are_summed_in_the_cell_of_their_visit(tables: ClaimTables) -> None:
    visits = tables.scan("visits").filter(pl.col("care") != "inpatient").collect()
    lines = tables.scan("lines").collect().join(visits, on="visit", how="semi")
    keys = ["institution", "doctor", pl.col("begin").dt.truncate("1mo").alias("month"), "care"]
    mine = visits.select("visit", *keys)
    drugs = lines.filter(pl.col("kind") == "101").drop("institution", "doctor")
    by = ["institution", "doctor", "month", "care"]
    wanted = drugs.join(mine, on="visit").group_by(by).agg(pl.col("amount").sum(), n=pl.len())
    found = cells(tables)
    assert (found["visits"] > 1).sum() > 20
    found = found.group_by(by).agg(pl.col("drugs", "drug_lines").sum())
    found = found.filter(pl.col("drug_lines") > 0)
    assert found.sort(by).rows() == wanted.sort(by).rows()


def test_an_institution_made_twice_as_dear_is_found_with_its_money(tables: ClaimTables) -> None:
    found, people = cells(tables), heads(tables)
    houses = tables.everybodys["institutions"]
    clinics = houses.filter(pl.col("kind") == "pharmacy")["institution"]
    dear = found.group_by("institution").agg(pl.col("visits").sum()).sort("visits")
    guilty = dear.filter(pl.col("institution").is_in(clinics.implode()))["institution"][-1]
    mine = pl.col("institution") == guilty
    doubled = found.with_columns(
        [pl.when(mine).then(pl.col(n) * 3).otherwise(n).alias(n) for n in ("total", "drugs")]
    )
    first = peers.alerts(peers.compare(doubled, houses, people)).filter(
        pl.col("indicator") == "次均费用"
    )
    assert first["subject"][0] == guilty
    total = doubled.filter(mine)["total"].sum()
    assert 0.4 * total < first["excess"][0] < total
    assert {i.name for i in INDICATORS} >= set(first["indicator"])


def test_departments_close_over_those_of_their_code(tables: ClaimTables) -> None:
    found = cells(tables)
    sums = peers.expected_sums(found, tables.everybodys["institutions"], "科室")
    told = found.drop_nulls("department")
    assert len(told) < len(found) and sums["total"].sum() == told["total"].sum()
    assert sums["e_total_visits"].sum() == pytest.approx(told["total"].sum())
    people = heads_of_departments(tables)
    known = people.drop_nulls("department").join(sums, on=["institution", "department"])
    assert (known["persons"] <= known["visits"]).all()


def of_departments(houses: int) -> pl.DataFrame:
    """Cells of two departments in each house over a year; a visit costs 100 yuan in one, 300 in
    the other, and from October on six times as much in that of the last house."""
    rows = []
    for house, code, month in product(range(houses), "AB", range(1, 13)):
        fen = {"A": 10_000, "B": 30_000}[code] * (100 + house % 3) // 100
        dear = 6 if (house, code) == (houses - 1, "B") and month >= 10 else 1
        cell = {"institution": f"H{house}", "department": code, "doctor": f"D{house}{code}"}
        cell |= {"month": date(2025, month, 1), "care": "ordinary", "age_band": 5}
        sums = {"visits": 50, "total": 50 * fen * dear, "squares": 50 * (fen * dear / 100) ** 2}
        rows.append(cell | {"status": "active", "drugs": 25 * fen} | sums)
    return pl.DataFrame(rows)


def test_a_dear_department_stands_in_the_tables_with_its_months() -> None:
    made = of_departments(8)
    houses = pl.DataFrame({"institution": [f"H{n}" for n in range(8)]})
    houses = houses.with_columns(kind=pl.lit("hospital"), level=pl.lit("2"))
    nobody = pl.DataFrame({"persons": []})
    every = [peers.compare(made, houses, nobody, unit) for unit in ("机构", "科室", "医师")]
    beyond = indicator_tables.beyond_peers(every)
    first = beyond.filter(pl.col("对象类别") == "科室").row(0, named=True)
    assert (first["机构"], first["对象"], first["指标"]) == ("H7", "B", "次均费用")
    assert first["同行"] == "hospital/2/B" and "第三十二条（二）" in first["依据"]
    # Three dear months of twelve: 27 where 12 are usual; the dear one is among its peers.
    assert first["为预期的倍数"] == pytest.approx(27 / 13.9, abs=0.1)
    shown = indicator_tables.by_month(made, every).filter(pl.col("对象类别") == "科室")
    assert shown["机构"].unique().to_list() == ["H7"] and shown["对象"].unique().to_list() == ["B"]
    assert shown["月份"].to_list() == [date(2025, month, 1) for month in range(1, 13)]
    assert shown["次均费用"].to_list() == [303.0] * 9 + [1818.0] * 3
    assert shown["药费占比"].to_list() == [0.5] * 9 + [0.0833] * 3


def months(levels: dict[str, list[float]]) -> pl.DataFrame:
    """Cells of institutions of one kind with the cost of each month."""
    rows = [
        {"institution": name, "month": date(2025, number, 1), "total": int(value), "visits": 50}
        for name, values in levels.items()
        for number, value in enumerate(values, 1)
    ]
    return pl.DataFrame(rows)


def test_growth_is_told_and_a_season_that_all_have_is_not() -> None:
    season = [1 + 0.3 * np.cos(n / 2) for n in range(12)]
    dice = np.random.default_rng(3)
    levels = {f"H{n}": [1e7 * one * dice.lognormal(0, 0.05) for one in season] for n in range(20)}
    levels["H0"] = [v * (1 if n < 6 else 2) for n, v in enumerate(levels["H0"])]
    houses = pl.DataFrame({"institution": list(levels), "kind": "clinic", "level": ""})
    found = own_past.against_past(months(levels), houses)
    grown = own_past.growing(found)
    assert grown["institution"].to_list() == ["H0"] and grown["first"][0] >= date(2025, 7, 1)
    beyond = sum(levels["H0"][6:]) / 2
    assert grown["excess"][0] == pytest.approx(beyond, rel=0.25)


def slow_components(left: list[int], right: list[int], count: int) -> list[int]:
    """Each point's least companion, by walking."""
    label = list(range(count))
    changed = True
    while changed:
        changed = False
        for a, b in zip(left, right, strict=True):
            least = min(label[a], label[b])
            changed = changed or label[a] != label[b]
            label[a] = label[b] = least
    return label


def test_components_are_those_of_a_walk() -> None:
    for _ in range(20):
        left, right = DICE.integers(0, 60, 45), DICE.integers(0, 60, 45)
        quick = networks.components(left, right, 60)
        assert quick.tolist() == slow_components(left.tolist(), right.tolist(), 60)
    chain = np.arange(999)
    assert not networks.components(chain, chain + 1, 1_000).any()


def visits(path: Path, rows: list[dict[str, object]]) -> ClaimTables:
    """Tables of a few visits."""
    usual = {
        "visit": "V",
        "family": 100,
        "total": 100,
        "care": "ordinary",
        "begin": date(2025, 1, 6),
    }
    frame = pl.DataFrame([usual | row for row in rows], infer_schema_length=None)
    frame.write_parquet(path / "visits.parquet")
    for table in ("lines", "persons"):
        frame.write_parquet(path / f"{table}.parquet")
    return ClaimTables(path)


def test_a_ring_is_larger_than_a_family_and_at_one_shop(tmp_path: Path) -> None:
    ring = [
        {"payer_account": f"A{n % 2}", "person": f"P{n // 2}", "institution": "S1"}
        for n in range(20)
    ]
    family = [{"payer_account": "B", "person": f"Q{n}", "institution": "S1"} for n in range(5)]
    roaming = [{"payer_account": "C", "person": f"R{n}", "institution": f"S{n}"} for n in range(12)]
    (found,) = networks.payer_rings(visits(tmp_path, ring + family + roaming)).to_dicts()
    assert (found["payers"], found["persons"], found["institution"]) == (2, 10, "S1")
    assert found["money"] == 2_000 and found["share"] == 1


def test_a_round_robin_is_a_prescriber_far_above_its_share_elsewhere(tmp_path: Path) -> None:
    rows = []
    for shop in range(10):
        for number in range(100):
            writer = f"H{number % 10}"
            if shop == 0 and number < 80:
                writer = "H3"
            rows.append({"institution": f"S{shop}", "prescriber": writer, "person": "P"})
    (found,) = networks.round_robins(visits(tmp_path, rows)).to_dicts()
    assert (found["institution"], found["prescriber"]) == ("S0", "H3")
    assert found["share"] == pytest.approx(0.82) and found["usual"] == pytest.approx(0.1, abs=0.01)


def test_a_doctor_leads_only_beyond_the_own_institution() -> None:
    row = dict.fromkeys(peers.PEER)
    doctor = row | {
        "unit": "医师", "subject": "D1", "institution": "H1", "indicator": "次均费用", "ratio": 1.0,
        "z": 6.0, "excess": 100, "law": "",
    }  # fmt: skip
    house = doctor | {"unit": "机构", "subject": "H1", "ratio": 0.9, "z": 8.0}
    other = doctor | {"subject": "D2", "institution": "H2"}
    calm = house | {"subject": "H2", "institution": "H2", "ratio": 0.05, "z": 0.3}
    frames = [pl.DataFrame(rows, schema=peers.PEER) for rows in ([house, calm], [doctor, other])]
    nothing = pl.DataFrame()
    compared = leads.Comparisons(frames[0], frames[1], *[nothing] * 5)
    assert leads.own_doctors(compared)["subject"].to_list() == ["D2"]
