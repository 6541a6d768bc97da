"""A later version's step on a database in use: the same means, nothing lost, the ledger agrees."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
from tests.platform.counter import NOW, OPERATOR, RULES, Counter

import gongji
from gongji.ledger.openings import OpeningBalance, enter
from gongji.ledger.seals import seal_all, verify_seals
from gongji.ledger.verify import verify
from gongji.settlement.replay import replay
from gongji.settlement.settle import settle

Connection = psycopg.Connection[Any]
PACKAGE = Path(gongji.__file__).parent


def steps_of(room: str) -> list[str]:
    """The steps of a room's tables so far, the last one last."""
    return sorted(path.stem for path in (PACKAGE / room / "migrations").glob("0*.py"))


LATER = {
    "migrations/__init__.py": "",
    **{
        f"migrations/{name}.py": (
            "import importlib\n"
            f"Migration = importlib.import_module('gongji.ledger.migrations.{name}').Migration\n"
        )
        for name in steps_of("ledger")
    },
    "migrations/0099_channel.py": (
        "from django.db import migrations\n"
        "from gongji.platform.sql_tables import step\n"
        "class Migration(migrations.Migration):\n"
        f"    dependencies = [('ledger', {steps_of('ledger')[-1]!r}),\n"
        f"        ('service', {steps_of('service')[-1]!r})]\n"
        "    operations = [step(__file__)]\n"
    ),
    "steps/0099_channel.sql": (
        "alter table entry add column channel text not null default 'counter'\n"
        "  check (channel in ('counter', 'paper'));\n"
        "create table entry_note (\n"
        "  entry bigint not null references entry, words text not null check (words <> ''));\n"
        "grant select, insert on entry_note to gongji_console;\n"
    ),
}
"""A made-up later version of the ledger's tables: a column of entries, and a table with a key."""
SERVE = """
import sys
sys.path.insert(0, {folder!r})
from gongji.cli.main import main
from gongji.service.settings import ALIKE
ALIKE["MIGRATION_MODULES"] = {{"ledger": "later.migrations"}}
for words in ("--no-migrate", "", "--no-migrate"):
    try:
        main(["serve", "--migrate-only", *words.split()])
    except SystemExit as left:
        print("ended", left.code)
"""
"""`gongji serve` of the made-up later version: before the step, the step, after it."""


def contents(connection: Connection) -> dict[str, tuple[Any, ...]]:
    """Of each table of the ledger how many rows, and a digest of those columns that it had."""
    found = {}
    for table in ("entry", "posting", "balance", "meter_use", "settlement", "seal"):
        row = connection.execute(
            f"select count(*), md5(coalesce(string_agg((to_jsonb(t) - 'channel')::text, '|'"
            f" order by (to_jsonb(t) - 'channel')::text), '')) from {table} t"  # type: ignore[arg-type]
        ).fetchone()
        assert row
        found[table] = row
    return found


def test_quantities_in_thousandths_become_ten_thousandths(owner: Connection) -> None:
    """The step of the fee lines, on a table as it stood before."""
    owner.execute("create temp table fee_line (quantity_milli bigint not null)")
    owner.execute("insert into fee_line values (1500), (1)")
    owner.execute((PACKAGE / "settlement/steps/0002_parts_of_packs.sql").read_bytes())
    found = owner.execute("select quantity_e4 from fee_line order by 1").fetchall()
    assert found == [(10,), (15_000,)]


def test_a_database_in_use_is_led_to_the_next_version(
    database: str, owner: Connection, gateway: Connection, tmp_path: Path
) -> None:
    for name, text in LATER.items():
        path = tmp_path / "later" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    made = Counter(owner)
    person, here = made.person(1), made.institution(1, "2")
    made.fact(person, "account", "2020-01-01")
    opening = OpeningBalance(person, "430500", NOW.date().replace(day=1), "account", 90_000)
    enter(owner, [opening], RULES.area, NOW, actor=OPERATOR)
    for day in (2, 3):
        bill = made.bill(person, here, f"2024-12-0{day}", 20_000, accounts="own")
        settle(gateway, [bill], RULES, NOW)
    list(seal_all(owner))
    before = contents(owner)

    done = subprocess.run(
        [sys.executable, "-c", SERVE.format(folder=str(tmp_path))],
        env=os.environ | {"DATABASE_URL": database},
        capture_output=True,
        text=True,
    )
    ends = re.findall(r"ended (\d)", done.stdout)
    assert ends == ["3", "0", "0"], done.stderr
    assert "请先运行 gongji serve --migrate-only" in done.stderr

    assert contents(owner) == before
    assert owner.execute("select distinct channel from entry").fetchall() == [("counter",)]
    granted = "select has_table_privilege('gongji_console', 'entry_note', 'insert')"
    assert owner.execute(granted).fetchone() == (True,)
    assert not list(verify(owner))
    assert not list(replay(owner, RULES))
    with owner.transaction():
        assert not list(verify_seals(owner))
    # What is settled from now on stands on the new tables.
    settle(gateway, [made.bill(person, here, "2024-12-04", 20_000, accounts="own")], RULES, NOW)
    list(seal_all(owner))
    assert not list(verify(owner))
