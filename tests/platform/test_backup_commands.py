"""`gongji backup` and `gongji restore` as an operator runs them, on a server of the tests' own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat
from psycopg.conninfo import make_conninfo
from tests.platform.test_backup import Server, clock

from gongji.backup import backup, restore
from gongji.backup.chains import BackupChain, chain_for, chains
from gongji.cli import restore as restore_command
from gongji.cli.main import main
from gongji.platform import database as where
from gongji.refusals import Fault, Refusal
from gongji.units import CHINA

MOMENT = timedelta(microseconds=1)
COMMAND = "from gongji.cli.main import main; main()"


@pytest.fixture(scope="module")
def room() -> Iterator[Path]:
    """A folder that the server's own user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="gongji-c-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def mine(room: Path) -> Iterator[Server]:
    """A server with a database, in which each row is one commit."""
    made = Server(room / "data")
    made.make()
    made.start()
    with made.connect("postgres") as connection:
        connection.execute("create database gongji")
    with made.connect() as connection:
        connection.execute("create table t (n integer)")
    yield made
    made.stop()


@pytest.fixture
def backups(mine: Server, room: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where backups go; the commands find the server. Slots are gone afterwards."""
    monkeypatch.setattr(where, "owner_dsn", mine.dsn)
    folder = Path(tempfile.mkdtemp(prefix="backups-", dir=room)) / "new"
    yield folder
    with mine.connect() as connection:
        connection.execute("truncate t")
        connection.execute("select pg_drop_replication_slot(slot_name) from pg_replication_slots")


def gongji(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    """Exit code, output and complaints of a command."""
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    said = capsys.readouterr()
    return int(left.value.code or 0), said.out, said.err


def add(server: Server, n: int) -> None:
    with server.connect() as connection:
        connection.execute("insert into t values (%s)", [n])


def slots(server: Server) -> list[str]:
    with server.connect() as connection:
        rows = connection.execute("select slot_name from pg_replication_slots").fetchall()
    return [name for (name,) in rows]


def rows_of(place: Path) -> list[int]:
    """What is in a data folder, by a server started on it."""
    other = Server(place)
    other.start()
    try:
        with other.connect() as connection:
            return [n for (n,) in connection.execute("select n from t order by n")]
    finally:
        other.stop()


def test_a_base_then_the_log_then_a_new_base_each_leads_to_its_instants(
    mine: Server, backups: Path, room: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(mine, 1)
    code, out, _ = gongji(capsys, "backup", backups, "--json")
    first = json.loads(out)
    assert (code, first["base"]) == (0, True) and first["from"] <= first["to"]
    assert backups.stat().st_mode & 0o077 == 0
    add(mine, 2)
    instant = clock(mine)
    add(mine, 3)
    code, out, _ = gongji(capsys, "backup", backups)
    assert code == 0 and out.startswith(f"新的日志写入 {first['chain']}\n可恢复到 ")
    assert len(chains(backups)) == 1
    code, out, _ = gongji(capsys, "backup", backups, "--full")
    assert code == 0 and out.startswith("基础备份和日志写入 ")
    older, newer = chains(backups)
    assert str(older.folder) == first["chain"] and slots(mine) == [newer.slot]
    assert all(not path.name.endswith(".draft") for path in backups.rglob("*"))
    # A time without a zone is of China; one with a zone is what it says.
    china = f"{instant.astimezone(CHINA):%Y-%m-%dT%H:%M:%S.%f}"
    for number, text in enumerate((china, f"{china}+08:00", f"{instant:%Y-%m-%dT%H:%M:%S.%fZ}")):
        place = room / f"{backups.parent.name}-{number}" / "data"
        code, out, _ = gongji(capsys, "restore", backups, "--until", text, "--to", place, "--json")
        assert (code, json.loads(out)) == (0, {"data": str(place), "aside": None})
        assert rows_of(place) == [1, 2]
    code, out, _ = gongji(capsys, "restore", backups, "--to", place)
    assert code == 0 and f"已恢复到 {place}；原来的数据目录移到 " in out
    aside = Path(out.strip().split("移到 ")[1])
    assert aside.parent == place.parent and rows_of(aside) == [1, 2]
    assert rows_of(place) == [1, 2, 3]
    assert "gongji-recovery" not in (place / "postgresql.auto.conf").read_text()
    assert not (place / "gongji-recovery.conf").exists()


def test_a_base_backup_that_fails_leaves_nothing_half_made(
    mine: Server, backups: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = mine.place / "pg_hba.conf"
    before = rules.read_text()

    def let(text: str) -> None:
        rules.write_text(text)
        with mine.connect() as connection:
            connection.execute("select pg_reload_conf()")
        deadline = time.monotonic() + 30
        with mine.connect() as connection:
            wanted = "replication" in text
            while time.monotonic() < deadline:
                row = connection.execute(
                    "select count(*) from pg_hba_file_rules where 'replication' = any(database)"
                ).fetchone()
                if row and bool(row[0]) == wanted:
                    return

    let("".join(line for line in before.splitlines(True) if "replication" not in line))
    code, out, err = gongji(capsys, "backup", backups, "--json")
    assert code == 3 and err.startswith("故障：pg_basebackup 失败")
    assert json.loads(out)["reason"].startswith("故障：pg_basebackup 失败")
    assert list(backups.iterdir()) == [] and slots(mine) == []
    let(before)
    code, out, _ = gongji(capsys, "backup", backups, "--json")
    first = json.loads(out)
    assert code == 0 and first["base"]
    # A further one that fails leaves the chain that is there, and its slot.
    let("".join(line for line in before.splitlines(True) if "replication" not in line))
    with pytest.raises(Fault):
        backup.take(backups, mine.dsn(), datetime.now(UTC), anew=True)
    let(before)
    (chain,) = chains(backups)
    assert [path.name for path in backups.iterdir()] == [chain.folder.name]
    assert str(chain.folder) == first["chain"] and slots(mine) == [chain.slot]
    add(mine, 1)
    code, out, _ = gongji(capsys, "backup", backups, "--json")
    assert code == 0 and not json.loads(out)["base"]


MARK = "一个只在数据里出现的词"


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two recipients' keys, as openssl writes them: `own`, `own.pub`, `other`, `other.pub`."""
    made = {}
    for name in ("own", "other"):
        key = X25519PrivateKey.generate()
        texts = {
            name: key.private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, serialization.NoEncryption()
            ),
            f"{name}.pub": key.public_key().public_bytes(
                Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
            ),
        }
        for file, text in texts.items():
            made[file] = tmp_path_factory.mktemp("keys") / file
            made[file].write_bytes(text)
    return made


def told(folder: Path) -> bool:
    """Whether a folder tells the mark to whoever reads it."""
    return any(MARK.encode() in p.read_bytes() for p in folder.rglob("*") if p.is_file())


def test_a_sealed_backup_is_read_by_its_recipient_only(
    mine: Server,
    backups: Path,
    room: Path,
    capsys: pytest.CaptureFixture[str],
    keys: dict[str, Path],
) -> None:
    with mine.connect() as connection:
        connection.execute("create table said (what text)")
        connection.execute("insert into said values (%s)", [MARK])
    public = ("--recipient", keys["own.pub"])
    code, out, _ = gongji(capsys, "backup", backups, *public, "--json")
    assert (code, json.loads(out)["base"]) == (0, True)
    add(mine, 1)
    instant = clock(mine)
    with mine.connect() as connection:
        connection.execute("select pg_switch_wal()")
        connection.execute("insert into said values (%s)", [MARK])
    code, out, _ = gongji(capsys, "backup", backups, *public, "--json")
    assert (code, json.loads(out)["base"]) == (0, False)
    add(mine, 2)
    gongji(capsys, "backup", backups, *public)
    (chain,) = chains(backups)
    assert list(chain.arriving.iterdir()) == [] and not told(backups)
    places = iter(room / f"{backups.parent.name}-sealed-{n}" / "data" for n in range(9))
    own = ("--key", keys["own"])
    for until, rows in (((), [1, 2]), (("--until", f"{instant:%Y-%m-%dT%H:%M:%S.%fZ}"), [1])):
        place = next(places)
        assert gongji(capsys, "restore", backups, "--to", place, *own, *until)[0] == 0
        assert rows_of(place) == rows
    for more, refusal in (
        ((), "backup_key_missing"),
        (("--key", keys["other"]), "backup_key_wrong"),
        (("--key", keys["own.pub"]), "backup_key_unreadable"),
    ):
        code, _, err = gongji(capsys, "restore", backups, "--to", next(places), *more)
        assert code == 1 and refusal in err
    base = chain.sealed_base
    base.write_bytes(base.read_bytes()[:-100])
    code, _, err = gongji(capsys, "restore", backups, "--to", next(places), *own)
    assert code == 1 and "backup_damaged" in err
    code, _, err = gongji(capsys, "backup", backups, *public, "--follow")
    assert code == 1 and "--follow" in err
    # Another recipient, or none, begins a chain of its own; and the mark would be seen in clear.
    code, out, _ = gongji(capsys, "backup", backups, "--json")
    assert json.loads(out)["base"] and told(backups)
    with mine.connect() as connection:
        connection.execute("drop table said")


def test_a_sealed_dump_is_read_by_its_recipient_only(
    mine: Server,
    backups: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    keys: dict[str, Path],
) -> None:
    add(mine, 5)
    public = ("--recipient", keys["own.pub"])
    code, out, _ = gongji(capsys, "backup", backups, "--dump", "--json", *public)
    file = Path(json.loads(out)["dump"])
    assert code == 0 and file.name.endswith(".dump.sealed") and b"PGDMP" not in file.read_bytes()
    with mine.connect("postgres") as connection:
        connection.execute("create database sealed")
    monkeypatch.setattr(where, "owner_dsn", lambda: mine.dsn("sealed"))
    code, _, err = gongji(capsys, "restore", file)
    assert code == 1 and "backup_key_missing" in err
    assert gongji(capsys, "restore", file, "--key", keys["own"])[0] == 0
    with mine.connect("sealed") as connection:
        assert connection.execute("select n from t").fetchall() == [(5,)]
    with mine.connect("postgres") as connection:
        connection.execute("drop database sealed")


def test_a_log_that_the_server_has_forgotten_begins_a_new_chain(
    mine: Server, backups: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gongji(capsys, "backup", backups)
    (chain,) = chains(backups)
    with mine.connect() as connection:
        connection.execute("select pg_drop_replication_slot(%s)", [chain.slot])
    code, out, _ = gongji(capsys, "backup", backups, "--json")
    assert code == 0 and json.loads(out)["base"] and len(chains(backups)) == 2
    # A chain of another server is no chain of this one's.
    for known in chains(backups):
        replace(known, system="1").note()
    with mine.connect() as connection:
        assert backup.current(backups, connection) is None


def test_a_server_keeps_a_bounded_log_unless_its_owner_said_otherwise(
    mine: Server, backups: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def kept() -> str:
        with mine.connect() as connection:
            row = connection.execute("show max_slot_wal_keep_size").fetchone()
        assert row
        return str(row[0])

    gongji(capsys, "backup", backups)
    deadline = time.monotonic() + 30
    while kept() != "16GB" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert kept() == "16GB"
    with mine.connect() as connection:
        connection.execute("alter system set max_slot_wal_keep_size = '1GB'")
        connection.execute("select pg_reload_conf()")
    gongji(capsys, "backup", backups, "--full")
    assert "'1GB'" in (mine.place / "postgresql.auto.conf").read_text()


def test_following_ends_with_ctrl_c_and_has_what_was_written_meanwhile(
    mine: Server, backups: Path, room: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = {"DATABASE_URL": mine.dsn(), "GONGJI_DEMO": "1", "GONGJI_DATA": str(room / "own")}
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, "backup", str(backups), "--follow"],
        env={**os.environ, **own},
        stdout=subprocess.PIPE,
    )
    with mine.connect() as connection:
        receiving = "select 1 from pg_stat_replication where application_name = 'pg_receivewal'"
        deadline = time.monotonic() + 120
        assert process.stdout and process.stdout.readline().decode().startswith("基础备份")
        process.stdout.readline()
        while not connection.execute(receiving).fetchone():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
    add(mine, 7)
    instant = clock(mine)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    process.stdout.close()
    with mine.connect() as connection:
        assert connection.execute(receiving).fetchone() is None
    (chain,) = chains(backups)
    assert datetime.fromisoformat(chain.reaches) >= instant
    place = room / f"{backups.parent.name}-followed"
    assert gongji(capsys, "restore", backups, "--to", place)[0] == 0
    assert rows_of(place) == [7]


def test_a_dump_is_whole_and_goes_into_an_empty_database_only(
    mine: Server, backups: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    add(mine, 4)
    code, out, _ = gongji(capsys, "backup", backups, "--dump", "--json")
    file = Path(json.loads(out)["dump"])
    assert code == 0 and list(backups.iterdir()) == [file] and file.suffix == ".dump"
    assert backups.stat().st_mode & 0o077 == 0
    code, _, err = gongji(capsys, "restore", file)
    assert code == 1 and "database_not_empty" in err
    with mine.connect("postgres") as connection:
        connection.execute("create database other")
    monkeypatch.setattr(where, "owner_dsn", lambda: mine.dsn("other"))
    broken = file.with_name("broken.dump")
    broken.write_bytes(file.read_bytes()[:-200])
    assert gongji(capsys, "restore", broken)[0] == 3
    with mine.connect("other") as connection:
        tables = "select count(*) from pg_tables where schemaname = 'public'"
        assert connection.execute(tables).fetchone() == (0,)
    code, out, _ = gongji(capsys, "restore", file)
    assert (code, out) == (0, f"已装入 {file}\n")
    with mine.connect("other") as connection:
        assert connection.execute("select n from t").fetchall() == [(4,)]
    with mine.connect("postgres") as connection:
        connection.execute("drop database other")


def test_a_dump_that_fails_leaves_no_file(
    mine: Server, backups: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with mine.connect() as connection:
        connection.execute("create role poor login")
    monkeypatch.setattr(where, "owner_dsn", lambda: make_conninfo(mine.dsn(), user="poor"))
    code, _, err = gongji(capsys, "backup", backups, "--dump")
    assert code == 3 and err.startswith("故障：pg_dump 失败")
    assert list(backups.iterdir()) == []
    with mine.connect() as connection:
        connection.execute("drop role poor")


def test_a_role_with_replication_may_and_one_without_is_told(
    mine: Server, backups: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with mine.connect() as connection:
        connection.execute("create role clerk login")
        connection.execute("grant execute on function pg_control_system() to clerk")
    monkeypatch.setattr(where, "owner_dsn", lambda: make_conninfo(mine.dsn(), user="clerk"))
    code, _, err = gongji(capsys, "backup", backups)
    assert code == 1 and "backup_not_allowed" in err and "clerk" in err
    with mine.connect() as connection:
        connection.execute("alter role clerk replication")
    assert gongji(capsys, "backup", backups)[0] == 0
    with mine.connect() as connection:
        connection.execute("drop owned by clerk")
        connection.execute("drop role clerk")


def test_a_running_server_and_a_server_elsewhere_are_not_replaced(
    mine: Server,
    backups: Path,
    room: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gongji(capsys, "backup", backups)
    code, _, err = gongji(capsys, "restore", backups, "--to", mine.place)
    assert code == 1 and "server_running" in err
    add(mine, 1)
    from gongji.platform import environment

    given = environment.Environment({"database_url": "host=elsewhere", "data": backups})
    monkeypatch.setattr(environment, "environment", lambda: given)
    code, _, err = gongji(capsys, "restore", backups)
    assert code == 1 and "field_missing" in err and "--to" in err
    own = room / f"{backups.parent.name}-own"
    given = environment.Environment({"database_url": "", "data": own})
    assert gongji(capsys, "restore", backups)[0] == 0
    assert (own / "postgresql" / "PG_VERSION").exists()


def chain(begun_at: str, reaches: str) -> BackupChain:
    return BackupChain(Path("x"), "1", "s", 18, "gongji", begun_at, reaches)


BEGUN = datetime(2025, 3, 1, 4, tzinfo=UTC)
AGAIN = datetime(2025, 3, 2, 4, tzinfo=UTC)
ENDS = datetime(2025, 3, 3, 4, 0, 0, 5, tzinfo=UTC)
FOUND = [chain(BEGUN.isoformat(), ENDS.isoformat()), chain(AGAIN.isoformat(), ENDS.isoformat())]


@pytest.mark.parametrize(
    ("until", "number"),
    [
        (BEGUN - MOMENT, None),
        (BEGUN, 0),
        (BEGUN + MOMENT, 0),
        (AGAIN - MOMENT, 0),
        (AGAIN, 1),
        (ENDS, 1),
        (ENDS + MOMENT, None),
        (None, 1),
        (BEGUN.astimezone(CHINA), 0),
        (ENDS.astimezone(CHINA), 1),
        ((ENDS + MOMENT).astimezone(CHINA), None),
    ],
)
def test_the_latest_chain_that_holds_an_instant_leads_to_it(
    until: datetime | None, number: int | None
) -> None:
    found = chain_for(FOUND, until)
    assert found is (None if number is None else FOUND[number])
    assert chain_for([], until) is None


def test_chains_are_told_the_oldest_first_and_in_the_time_of_china(tmp_path: Path) -> None:
    for number, each in enumerate(reversed(FOUND)):
        place = tmp_path / str(number)
        place.mkdir()
        replace(each, folder=place).note()
    (tmp_path / "empty").mkdir()
    found = chains(tmp_path)
    assert [each.begun_at for each in found] == [BEGUN.isoformat(), AGAIN.isoformat()]
    assert found[0].span == "2025-03-01 12:00:00 至 2025-03-03 12:00:00"
    with pytest.raises(Refusal) as refused:
        restore.restore(tmp_path, tmp_path / "place", BEGUN, BEGUN - MOMENT)
    assert refused.value.code == "backup_not_reaching" and found[0].span in str(refused.value)
    assert not (tmp_path / "place").exists()


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("", None),
        ("2025-03-01T12:00:00", BEGUN),
        ("2025-03-01 12:00", BEGUN),
        ("2025-03-01", datetime(2025, 2, 28, 16, tzinfo=UTC)),
        ("2025-03-01T04:00:00Z", BEGUN),
        ("2025-03-01T13:00:00+09:00", BEGUN),
    ],
)
def test_an_instant_without_a_zone_is_of_china(text: str, instant: datetime | None) -> None:
    assert restore_command._instant(text) == instant


@pytest.mark.parametrize("text", ["yesterday", "2025-02-30", "12:00"])
def test_what_is_no_instant_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    code, _, err = gongji(capsys, "restore", tmp_path, "--until", text, "--to", tmp_path / "x")
    assert code == 1 and "value_invalid" in err and text in err


@pytest.mark.parametrize("left", ["", "x", "0", "-5", "999999999", "{this process}"])
def test_what_a_killed_server_left_behind_is_no_running_server(tmp_path: Path, left: str) -> None:
    (tmp_path / "postmaster.pid").write_text(left.replace("{this process}", str(os.getpid())))
    with restore._nobody_uses(tmp_path):
        pass


def test_a_server_that_runs_is_seen(mine: Server) -> None:
    with pytest.raises(Refusal, match=str(mine.place)), restore._nobody_uses(mine.place):
        pass


def test_a_backup_that_leads_nowhere_puts_the_old_folder_back(
    mine: Server, backups: Path, room: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gongji(capsys, "backup", backups)
    (known,) = chains(backups)
    (known.base / "global" / "pg_control").unlink()
    place = room / f"{backups.parent.name}-old"
    place.mkdir()
    (place / "kept").touch()
    code, _, err = gongji(capsys, "restore", backups, "--to", place)
    assert code == 3 and "恢复失败" in err
    assert [path.name for path in place.iterdir()] == ["kept"]
    assert [path.name for path in room.glob(f"{place.name}*")] == [place.name]


def test_a_database_that_is_not_there_is_a_fault_and_no_backup(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = make_conninfo(host="/nowhere", user="postgres", dbname="gongji")
    monkeypatch.setattr(where, "owner_dsn", lambda: nowhere)
    for more in ((), ("--dump",)):
        code, out, err = gongji(capsys, "backup", tmp_path / "b", *more)
        assert (code, out) == (3, "") and err.startswith("故障：")
        assert list((tmp_path / "b").iterdir()) == []
