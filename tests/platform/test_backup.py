"""A backup gives the ledger back as it was at any instant, and a dump the database whole."""

import contextlib
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from tests.platform.conftest import ROLE
from tests.platform.counter import NOW, OPERATOR, RULES, Counter

from gongji.backup import backup, restore
from gongji.backup.chains import chain_for, chains
from gongji.backup.drill import drill
from gongji.cli.main import main
from gongji.ledger.openings import OpeningBalance, enter
from gongji.ledger.verify import verify
from gongji.platform import programs
from gongji.refusals import Fault, Refusal
from gongji.settlement.replay import replay
from gongji.settlement.settle import settle

Connection = psycopg.Connection[Any]


class Server:
    """A server of the test's own, so that it can be killed."""

    def __init__(self, place: Path) -> None:
        # As the wheel does, with the socket in the data folder.
        self.place = self.socket = place

    def make(self) -> None:
        self.place.mkdir()
        programs.own(self.place)
        programs.run(
            "initdb",
            "--auth=trust",
            "-U",
            "postgres",
            "-E",
            "utf8",
            "--no-sync",
            "-D",
            str(self.place),
            as_server=True,
        )

    def start(self) -> None:
        programs.run(
            "pg_ctl",
            "-w",
            "-D",
            str(self.place),
            "-l",
            str(self.place / "log"),
            "-o",
            f"-F -h '' -k {self.socket}",
            "start",
            as_server=True,
        )

    def kill(self) -> None:
        """As if the machine lost power."""
        number = int((self.place / "postmaster.pid").read_text().split()[0])
        os.kill(number, signal.SIGKILL)
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(number)
            while process.status() != psutil.STATUS_ZOMBIE:
                time.sleep(0.01)

    def stop(self) -> None:
        if (self.place / "postmaster.pid").exists():
            programs.run("pg_ctl", "-m", "immediate", "-D", str(self.place), "stop", as_server=True)

    def dsn(self, name: str = "gongji") -> str:
        return make_conninfo(host=str(self.socket), user="postgres", dbname=name)

    def connect(self, name: str = "gongji", **more: Any) -> Connection:
        return psycopg.connect(self.dsn(name), autocommit=True, **more)


@pytest.fixture
def mine() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="gongji-b-"))
    folder.chmod(0o777)
    made = Server(folder / "data")
    made.make()
    made.start()
    yield made
    with contextlib.suppress(Fault):
        made.stop()
    shutil.rmtree(folder)


def settle_one(server: Server, county: Counter, day: str) -> int:
    with server.connect() as owner:
        county.owner = owner
        bill = county.bill(county.psn_no(1), "H43050000001", day, 20_000, accounts="own")
    with server.connect(options=ROLE) as gateway:
        (outcome,) = settle(gateway, [bill], RULES, NOW)
    assert outcome.refusal is None
    return int(outcome.entry.id)


def settlements(connection: Connection) -> list[int]:
    rows = connection.execute("select id from entry where kind = 'settlement' order by id")
    return [number for (number,) in rows]


def clock(server: Server) -> datetime:
    """An instant of the server: whatever comes next is later."""
    with server.connect() as connection:
        (instant,) = connection.execute("select clock_timestamp()").fetchone() or ()
        while connection.execute("select clock_timestamp() <= %s", [instant]).fetchone() == (True,):
            pass
    return instant.astimezone(UTC)  # type: ignore[no-any-return]


def test_a_killed_server_comes_back_as_it_was_at_an_instant(
    database: str, mine: Server, tmp_path: Path
) -> None:
    # A migrated database, by way of a dump: that is tried as well.
    dump, folder = tmp_path / "empty.dump", tmp_path / "backups"
    backup.dump(dump, database)
    with mine.connect("postgres") as connection:
        connection.execute("create database gongji")
    restore.load(dump, mine.dsn())
    with pytest.raises(Refusal) as refused:
        restore.load(dump, mine.dsn())
    assert refused.value.code == "database_not_empty"
    with mine.connect() as owner:
        county = Counter(owner)
        person, _ = county.person(1), county.institution(1, "2")
        county.fact(person, "account", "2020-01-01")
        opening = OpeningBalance(person, "430500", NOW.date().replace(day=1), "account", 90_000)
        enter(owner, [opening], RULES.area, NOW, actor=OPERATOR)

    first = settle_one(mine, county, "2024-12-02")
    chain, base = backup.take(folder, mine.dsn(), clock(mine))
    assert base and chains(folder) == [chain]
    second = settle_one(mine, county, "2024-12-03")
    instant = clock(mine)
    receiver = backup.follow(chain, mine.dsn())
    third = settle_one(mine, county, "2024-12-04")
    receiver.terminate()
    assert receiver.wait() == 0
    chain, base = backup.take(folder, mine.dsn(), clock(mine))
    assert not base
    settle_one(mine, county, "2024-12-05")

    with pytest.raises(Refusal) as refused:
        restore.restore(folder, mine.place, clock(mine), instant)
    assert refused.value.code == "server_running"
    mine.kill()
    aside = restore.restore(folder, mine.place, datetime.now(UTC), instant)
    assert aside and (aside / "PG_VERSION").exists()
    mine.start()
    with mine.connect() as owner:
        assert settlements(owner) == [first, second]
        assert list(verify(owner)) == [] == list(replay(owner, RULES))
    # The books go on from there, and a new chain is begun, for the old one's log was of another.
    after = settle_one(mine, county, "2024-12-06")
    later, base = backup.take(folder, mine.dsn(), clock(mine))
    assert base and len(chains(folder)) == 2
    found = chains(folder)
    assert chain_for(found, instant) == chain and chain_for(found, None) == later
    with mine.connect() as owner:
        assert settlements(owner) == [first, second, after]
        slots = owner.execute("select slot_name from pg_replication_slots").fetchall()
    assert slots == [(later.slot,)] and third
    tried_in_a_drill(folder, mine, after)


def tried_in_a_drill(folder: Path, server: Server, entry: int) -> None:
    """The newest backup is restored into a scratch place, whatever runs, and verified there."""
    scratch = set(Path(tempfile.gettempdir()).glob("gongji-drill-*"))
    found = drill(folder, datetime.now(UTC))
    assert (found.settlements, found.differences) == (3, ()) and found.seals
    with server.connect() as owner:
        owner.execute("set session_replication_role = replica")
        moved = "update settlement set pool_fen = pool_fen + 1, cash_fen = cash_fen - 1"
        owner.execute(f"{moved} where entry = %s", [entry])
    backup.take(folder, server.dsn(), clock(server))
    told = {one.check for one in drill(folder, datetime.now(UTC)).differences}
    assert "seal" in told and told - {"seal"}, "the seals tell of it, and the ledger by itself"
    with pytest.raises(SystemExit) as left:
        main(["backup", str(folder), "--verify"])
    assert left.value.code == 1, "a ledger that is not right is told"
    assert set(Path(tempfile.gettempdir()).glob("gongji-drill-*")) == scratch


def test_what_no_backup_leads_to_is_refused_and_leaves_the_folder_alone(tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.mkdir()
    (place / "kept").touch()
    with pytest.raises(Refusal) as refused:
        restore.restore(tmp_path, place, NOW)
    assert refused.value.code == "backup_missing"
    chain = tmp_path / "20250101T000000000000Z"
    chain.mkdir()
    (chain / "chain.json").write_text(
        '{"system": "1", "slot": "s", "version": 18, "database": "gongji",'
        ' "begun_at": "2025-01-01T00:00:00+00:00", "reaches": "2025-01-02T00:00:00+00:00"}'
    )
    with pytest.raises(Refusal) as refused:
        restore.restore(tmp_path, place, NOW, datetime(2025, 1, 3, tzinfo=UTC) + timedelta(hours=1))
    assert refused.value.code == "backup_not_reaching"
    # A chain whose base is broken: what was there is put back.
    with pytest.raises(OSError):
        restore.restore(tmp_path, place, NOW)
    assert (place / "kept").exists()


def test_a_role_that_may_not_replicate_is_told_what_to_do(database: str, tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        backup.take(tmp_path / "b", make_conninfo(database, options="-c role=gongji_gateway"), NOW)
    assert refused.value.code == "backup_not_allowed"
