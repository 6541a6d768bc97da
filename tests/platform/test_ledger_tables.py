"""A year of the ledger as tables: what stands, what it was decided on, nobody's number."""

from pathlib import Path
from typing import Any

import polars as pl
import psycopg
import pytest
from tests.platform.counter import NOW, PARAMETERS, RULES, Counter, one

from gongji.auditing.open_figures import FolderWishes
from gongji.auditing.own_folder import audit_folder
from gongji.ledger.entry_rows import EntryRow
from gongji.mirror.pseudonyms import Pseudonyms
from gongji.refusals import Refusal
from gongji.settlement.cancel import cancel
from gongji.settlement.ledger_tables import TablesAsked, write_tables
from gongji.simulation.simulate import population_of

Connection = psycopg.Connection[Any]
AREA = "430500"
ASKED = TablesAsked(AREA, 2024, 3)
SECRET = Pseudonyms(b"a key of the tests")


def table(folder: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(sorted((folder / name).glob("*.parquet")))


def year(gateway: Connection, county: Counter) -> list[EntryRow]:
    """Ten bills of three persons at two levels; the second of each is taken back."""
    here, there = county.institution(1, "2"), county.institution(2, "1")
    made = []
    for number in (1, 2, 3):
        person = county.person(
            number, since="2020-01-01", status="retired" if number > 1 else "active"
        )
        county.fact(person, "birth", "1950-01-01", birth_date=f"195{number}-02-03")
        for month in range(1, 4):
            place = here if month < 3 else there
            bill = county.bill(person, place, f"2024-{month:02d}-15", 40_000 * month, own=500)
            made.append(one(gateway, bill).entry)
        taken = made[-2]
        key = county.key(here, "2208", {"setl_id": str(taken.id)})
        cancel(gateway, key, person, taken.settlement.visit or 0, taken.id, RULES, NOW)
    return made


@pytest.fixture
def folder(owner: Connection, gateway: Connection, tmp_path: Path) -> Path:
    """The year as tables."""
    year(gateway, Counter(owner))
    write_tables(owner, tmp_path, ASKED, SECRET, RULES.area(AREA))
    return tmp_path


def test_what_stands_is_there_with_what_was_paid(folder: Path, owner: Connection) -> None:
    visits = table(folder, "visits")
    assert visits.height == 6 and set(visits["date"].dt.month()) == {1, 3}
    paid = owner.execute(
        "select sum(s.pool_fen), sum(s.total_fen), sum(s.cash_fen) from entry e"
        " join settlement s on s.entry = e.id"
    ).fetchone()
    assert paid is not None
    assert tuple(map(int, paid)) == tuple(
        visits[name].sum() for name in ("paid_pool_fen", "total_fen", "cash_fen")
    )
    assert visits["own_fen"].to_list() == [500] * 6
    assert sorted(visits["level"].to_list()) == ["1"] * 3 + ["2"] * 3
    assert sorted(visits["status"].to_list()) == ["active"] * 2 + ["retired"] * 4
    assert visits["birth_date"].is_null().all() or set(visits["birth_date"].dt.year()) == {
        1951,
        1952,
        1953,
    }
    lines = table(folder, "lines")
    assert lines["amount_fen"].sum() == visits["total_fen"].sum()
    assert set(lines["count"]) == {10_000}


def test_nobody_is_named(folder: Path) -> None:
    """The number of nobody is in any file; the same person has the same pseudonym in all."""
    people = set(table(folder, "persons")["person"])
    assert set(table(folder, "visits")["person"]) <= people
    assert people == {SECRET.of(f"{AREA}{number:014d}") for number in (1, 2, 3)}
    for path in folder.rglob("*"):
        if path.suffix == ".parquet":
            whole = str(pl.read_parquet(path).to_dicts())
            assert "测试甲" not in whole
            assert not any(f"{AREA}{number:014d}" in whole for number in (1, 2, 3))


def test_the_year_is_audited_settled_and_simulated_as_any_tables_are(folder: Path) -> None:
    wishes = FolderWishes(area=AREA, settings=PARAMETERS[AREA])
    found = audit_folder(folder, wishes)
    summary = found.summary
    assert (summary.rows, summary.bad, summary.causes, found.aside) == (6, 0, {}, {})
    population, _ = population_of(folder, AREA)
    assert not population.made_up and population.persons == 3


def test_a_correction_is_added_to_what_it_corrects(
    owner: Connection, gateway: Connection, tmp_path: Path
) -> None:
    county = Counter(owner)
    entries = year(gateway, county)
    owner.execute("select set_config('session_replication_role', 'replica', false)")
    row = owner.execute(
        "insert into entry (area, kind, person, institution, service_date, actor_kind, actor,"
        " cause) select area, 'adjustment', person, institution, service_date, 'operator', 'x', id"
        " from entry where id = %s returning id",
        [entries[0].id],
    ).fetchone()
    assert row is not None
    owner.execute(
        "insert into settlement (entry, pool_fen, owed_fen) values (%s, -300, -300)", [row[0]]
    )
    write_tables(owner, tmp_path, ASKED, SECRET, RULES.area(AREA))
    paid = table(tmp_path, "visits").filter(settlement=str(entries[0].id))["paid_pool_fen"]
    assert paid.to_list() == [entries[0].settlement.pool_fen - 300]


def test_a_year_without_settlements_is_told(owner: Connection, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="430500 2023 年没有结算.*有结算的统筹区"):
        write_tables(owner, tmp_path, TablesAsked(AREA, 2023), SECRET, RULES.area(AREA))
    assert not list(tmp_path.iterdir())
