"""Take a backup: a base backup the first time, afterwards the log written since.

The log is kept by the server in a replication slot until it is fetched, so nothing need be set up
and nothing is lost between two fetches. This module is told where the server is.
"""

import os
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from gongji.backup.chains import STAMP, BackupChain, chains
from gongji.backup.recipients import SEALED, Recipient, seal, seal_file
from gongji.ledger.seals import seal_all
from gongji.platform import programs
from gongji.platform.private_files import private_folder
from gongji.refusals import Refusal

Connection = psycopg.Connection[Any]
KEPT_LOG = "16GB"
"""How much log the server keeps until it is fetched; where it was more, a new base is taken."""


def take(
    folder: Path,
    dsn: str,
    now: datetime,
    anew: bool = False,
    recipient: Recipient | None = None,
) -> tuple[BackupChain, bool]:
    """Bring the backups of a folder up to date; with a recipient its files are sealed to them.

    Returns: the chain, and whether a new base was taken: the first time, when the server has
             forgotten the log since, for another recipient, or when asked (`anew`).
    Refuses: backup_not_allowed where the role may not replicate.
    """
    private_folder(folder)
    with psycopg.connect(dsn, autocommit=True) as connection:
        _check_right(connection)
        seal_before(connection)
        chain = current(folder, connection)
        if chain is not None and chain.recipient != _name(recipient):
            anew = True
        elif chain is not None:
            chain = fetch(chain, connection, dsn, recipient)
        if chain is None or anew:
            return _begin(folder, connection, dsn, now, chain, recipient), True
        return chain, False


def _name(recipient: Recipient | None) -> str:
    return recipient.name if recipient else ""


def current(folder: Path, connection: Connection) -> BackupChain | None:
    """The chain that goes on: of this very server, whose log since is still there."""
    found = [chain for chain in chains(folder) if chain.system == _system(connection)]
    if not found:
        return None
    kept = connection.execute(
        "select 1 from pg_replication_slots where slot_name = %s"
        " and wal_status is distinct from 'lost'",
        [found[-1].slot],
    ).fetchone()
    return found[-1] if kept else None


def fetch(
    chain: BackupChain, connection: Connection, dsn: str, recipient: Recipient | None = None
) -> BackupChain:
    """Fetch the log up to now."""
    now = _clock(connection)
    # The receiver stops once it is past the end asked for, and a restoring finds an instant by a
    # commit after it: so something is committed beyond.
    row = connection.execute("select pg_current_wal_insert_lsn()").fetchone()
    assert row
    connection.execute("select pg_logical_emit_message(true, 'gongji', 'backup')")
    address, password = _plain(dsn)
    place = chain.arriving if recipient else chain.wal
    place.mkdir(mode=0o700, exist_ok=True)
    how = ("-D", str(place), "-d", address, "-S", chain.slot)
    programs.run("pg_receivewal", *how, f"--endpos={row[0]}", "--no-loop", password=password)
    if recipient:
        _seal_log(chain, recipient)
    chain = replace(chain, reaches=now)
    chain.note()
    return chain


def _seal_log(chain: BackupChain, recipient: Recipient) -> None:
    """Seal what has come of the log, and take it away in clear.

    The server forgets what was fetched: so nothing goes before its sealed file is on the disk. The
    segment that is still written is sealed too, and fetched again as a whole the next time.
    """
    for segment in sorted(chain.arriving.iterdir()):
        seal_file(segment, chain.wal / (segment.name + SEALED), recipient)
        (chain.wal / f"{segment.name}.partial{SEALED}").unlink(missing_ok=True)
        segment.unlink()


def follow(chain: BackupChain, dsn: str) -> subprocess.Popen[bytes]:
    """Begin to fetch the log as it is written; the caller ends the process."""
    program = str(programs.folder() / "pg_receivewal")
    address, password = _plain(dsn)
    arguments = ["-D", str(chain.wal), "-d", address, "-S", chain.slot]
    return subprocess.Popen(
        [program, *arguments], stdin=subprocess.DEVNULL, env=programs.surroundings(password)
    )


def seal_before(connection: Connection) -> None:
    """Seal what the journal holds, so that it can be verified wherever the backup is restored."""
    row = connection.execute("select to_regclass('public.sealed')").fetchone()
    if row and row[0]:
        for _ in seal_all(connection):
            pass


def dump(file: Path, dsn: str, recipient: Recipient | None = None) -> None:
    """A dump of the database alone (pg_dump, custom format), for servers that allow no more."""
    draft = file.with_name(file.name + ".draft")
    with psycopg.connect(dsn, autocommit=True) as connection:
        seal_before(connection)
    address, password = programs.without_password(dsn)
    os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
    how = ("-Fc", "--no-owner", "-d", address)
    try:
        if recipient:
            _seal_told(draft, recipient, "pg_dump", *how, password=password)
        else:
            programs.run("pg_dump", *how, "-f", str(draft), password=password)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def _seal_told(
    file: Path, recipient: Recipient, program: str, *arguments: str, password: str
) -> None:
    """Seal what a program writes: it is never on the disk in clear."""
    with file.open("wb") as sealed, programs.told_by(program, *arguments, password=password) as out:
        seal(out, sealed, recipient)


def _begin(
    folder: Path,
    connection: Connection,
    dsn: str,
    now: datetime,
    before: BackupChain | None,
    recipient: Recipient | None,
) -> BackupChain:
    """A new base: its slot first, so that no log is missing between base and fetches."""
    name = now.astimezone(UTC).strftime(STAMP)
    slot = f"gongji_{name.lower()}"
    place = folder / f"{name}.draft"
    connection.execute("select pg_create_physical_replication_slot(%s, true)", [slot])
    try:
        (place / "wal").mkdir(parents=True, mode=0o700)
        _take_base(place, dsn, recipient)
    except BaseException:
        connection.execute("select pg_drop_replication_slot(%s)", [slot])
        shutil.rmtree(place, ignore_errors=True)
        raise
    at = _clock(connection)
    chain = BackupChain(
        place,
        _system(connection),
        slot,
        connection.info.server_version // 10000,
        connection.info.dbname,
        at,
        at,
        _name(recipient),
    )
    chain.note()
    chain = replace(chain, folder=place.rename(folder / name))
    if before is not None:
        connection.execute("select pg_drop_replication_slot(%s)", [before.slot])
    _bound(connection)
    return fetch(chain, connection, dsn, recipient)


def _take_base(place: Path, dsn: str, recipient: Recipient | None) -> None:
    """A base backup in clear, or sealed as one file; its log comes by the slot."""
    address, password = _plain(dsn)
    how = ("-d", address, "-c", "fast")
    if recipient is None:
        plain = ("-D", str(place / "base"), "-X", "stream")
        programs.run("pg_basebackup", *how, *plain, password=password)
        return
    file, told = place / ("base.tar" + SEALED), ("-D", "-", "-F", "tar", "-X", "none")
    _seal_told(file, recipient, "pg_basebackup", *how, *told, password=password)


def _bound(connection: Connection) -> None:
    """A backup that nobody fetches must not fill the server's disk; only its owner can set that."""
    row = connection.execute(
        "select current_setting('max_slot_wal_keep_size'), rolsuper from pg_roles"
        " where rolname = current_user"
    ).fetchone()
    if row and row[0] == "-1" and row[1]:
        connection.execute(f"alter system set max_slot_wal_keep_size = '{KEPT_LOG}'")
        connection.execute("select pg_reload_conf()")


def _check_right(connection: Connection) -> None:
    row = connection.execute(
        "select rolsuper or rolreplication from pg_roles where rolname = current_user"
    ).fetchone()
    if not row or not row[0]:
        raise Refusal("backup_not_allowed", "DATABASE_URL", {"value": connection.info.user})


def _system(connection: Connection) -> str:
    row = connection.execute("select system_identifier from pg_control_system()").fetchone()
    assert row
    return str(row[0])


def _clock(connection: Connection) -> str:
    """The server's own clock: commits are stamped by it."""
    row = connection.execute("select clock_timestamp()").fetchone()
    assert row
    return str(row[0].astimezone(UTC).isoformat())


def _plain(dsn: str) -> tuple[str, str]:
    """The address as the programs take it, and the password apart.

    A database's name means nothing to replication.
    """
    parts = {name: value for name, value in conninfo_to_dict(dsn).items() if name != "options"}
    return programs.without_password(str(make_conninfo("", **parts)))
