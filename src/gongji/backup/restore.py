"""Give a backup back: a new data folder that leads to an instant, or a dump into an empty database.

The data folder that was there is put aside, never deleted.
"""

import os
import pwd
import shutil
import tarfile
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gongji.backup.chains import BackupChain, chain_for, chains
from gongji.backup.recipients import SEALED, open_file, opened
from gongji.ledger.seals import seal_restored
from gongji.platform import programs
from gongji.platform.embedded_server import postmaster
from gongji.platform.private_files import FolderLock
from gongji.refusals import Fault, Refusal

STARTING_SECONDS = 24 * 3600
"""How long a server may take over the log before it is given up."""
SETTINGS = """
# Written by gongji restore, and taken out again once the server stands.
restore_command = 'false'
recovery_target_action = 'promote'
recovery_target_timeline = 'current'
"""
ROLES = tuple(f"gongji_{name}" for name in ("gateway", "pages", "api", "console", "jobs", "backup"))
"""The logins of the processes (service/logins.sql)."""


def restore(
    folder: Path,
    place: Path,
    now: datetime,
    until: datetime | None = None,
    opener: X25519PrivateKey | None = None,
) -> Path | None:
    """Restore a data folder as it was at an instant, or as far as the backups lead.

    Returns: where the data folder that was at `place` is now, if there was one.
    Refuses: backup_missing, backup_not_reaching; server_running while a server uses the folder;
             backup_key_missing, backup_key_wrong, backup_damaged of backups sealed to a recipient.
    Ensures: where the restoring fails the data folder that was there is back in its place.
    """
    found = chains(folder)
    chain = chain_for(found, until)
    if not found:
        raise Refusal("backup_missing", "备份目录", {"value": str(folder)})
    if chain is None:
        spans = "；".join(each.span for each in found)
        values = {"value": str(until), "allowed": spans}
        raise Refusal("backup_not_reaching", "--until", values)
    if chain.recipient and opener is None:
        raise Refusal("backup_key_missing", "--key", {"value": str(chain.folder)})
    with _nobody_uses(place):
        aside = _put_aside(place, now)
        try:
            _lay_out(chain, place, until, opener)
            _recover(place, chain)
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            if aside is not None:
                aside.rename(place)
            raise
        return aside


def load(file: Path, dsn: str, opener: X25519PrivateKey | None = None) -> None:
    """Load a dump into a database that has no tables yet.

    Refuses: database_not_empty; backup_key_missing, backup_key_wrong, backup_damaged.
    """
    if file.name.endswith(SEALED):
        if opener is None:
            raise Refusal("backup_key_missing", "--key", {"value": str(file)})
        with tempfile.TemporaryDirectory(prefix="gongji-load-") as scratch:
            clear = Path(scratch) / "clear.dump"
            open_file(file, clear, opener)
            return load(clear, dsn)
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "select count(*) from information_schema.tables where table_schema = 'public'"
        ).fetchone()
        if row and row[0]:
            raise Refusal("database_not_empty", "DATABASE_URL", {"value": connection.info.dbname})
        # A dump holds no roles; the rights in it need those of the processes to be there.
        for role in ROLES:
            connection.execute(
                f"do $$ begin create role {role} login noinherit;"
                " exception when duplicate_object then null; end $$"
            )
    address, password = programs.without_password(dsn)
    how = ("--no-owner", "--exit-on-error", "--single-transaction")
    programs.run("pg_restore", *how, "-d", address, str(file), password=password)
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute("select to_regclass('public.sealed')").fetchone()
        if row and row[0]:
            seal_restored(connection)


@contextmanager
def _nobody_uses(place: Path) -> Iterator[None]:
    """Nobody uses the folder, and until the end nobody begins to.

    Refuses: server_running where a server runs on it, or a process of gongji holds it.
    """
    refused = Refusal("server_running", "数据目录", {"value": str(place)})
    if postmaster(place) is not None:
        raise refused
    _make_way(place.parent)
    with ExitStack() as held:
        # As the embedded server holds them: whoever starts one, and all who use it.
        for folder in (place.parent, place.with_name("socket")):
            lock = FolderLock(folder)
            held.callback(lock.release)
            if folder.is_dir() and not lock.alone():
                raise refused
        yield


def _make_way(folder: Path) -> None:
    """Make a folder and those above it, through which the server's own user may pass."""
    made = [one for one in reversed((folder, *folder.parents)) if not one.exists()]
    for one in made:
        one.mkdir(mode=0o700)
        if user := programs.server_user():
            programs.let_in(one, user)


def _put_aside(place: Path, now: datetime) -> Path | None:
    if not place.exists():
        return None
    return place.rename(place.with_name(f"{place.name}.{now.astimezone(UTC):%Y%m%dT%H%M%S%fZ}"))


def _lay_out(
    chain: BackupChain, place: Path, until: datetime | None, opener: X25519PrivateKey | None
) -> None:
    """The base with the log beside it, told where to stop."""
    if opener is not None and chain.recipient:
        with (
            chain.sealed_base.open("rb") as sealed,
            tarfile.open(fileobj=opened(sealed, opener), mode="r|") as base,
        ):
            base.extractall(place, filter="data")
    else:
        shutil.copytree(chain.base, place)
    for pattern in (".handle_pids.json", "postmaster.pid", "log", ".s.PGSQL.*"):
        for left in place.glob(pattern):
            # What the server that was backed up left behind of its own running.
            left.unlink()
    for segment in sorted(chain.wal.iterdir()):
        if segment.suffix == ".draft":
            continue
        # The segment being written when it was fetched is whole in length, and is read to its end.
        target = place / "pg_wal" / segment.name.removesuffix(SEALED).removesuffix(".partial")
        if opener is not None and chain.recipient:
            open_file(segment, target, opener)
        else:
            shutil.copyfile(segment, target)
    settings = SETTINGS
    if until is not None:
        settings += f"recovery_target_time = '{until.astimezone(UTC).isoformat(sep=' ')}'\n"
    (place / "gongji-recovery.conf").write_text(settings, encoding="utf-8")
    with (place / "postgresql.auto.conf").open("a", encoding="utf-8") as file:
        file.write("include_if_exists = 'gongji-recovery.conf'\n")
    (place / "recovery.signal").touch()
    place.chmod(0o700)
    programs.own(place)


def _recover(place: Path, chain: BackupChain) -> None:
    """Start a server for nobody but us, let it go through the log, and stop it again."""
    with tempfile.TemporaryDirectory(prefix="gongji-restore-") as name:
        socket = Path(name)
        # Nobody but this process's user signs in, which the system vouches for.
        (socket / "hba").write_text("local all all peer map=restore\n")
        (socket / "ident").write_text(f"restore {pwd.getpwuid(os.geteuid()).pw_name} postgres\n")
        programs.own(socket)
        log = place / "log"
        files = f"-c hba_file={socket / 'hba'} -c ident_file={socket / 'ident'}"
        options = f"-h '' -k {socket} -c hot_standby=off {files}"
        try:
            programs.run(
                "pg_ctl",
                "-w",
                "-t",
                str(STARTING_SECONDS),
                "-D",
                str(place),
                "-l",
                str(log),
                "-o",
                options,
                "start",
                as_server=True,
            )
            _await(socket, chain)
        except Fault as error:
            said = log.read_text(errors="replace")[-programs.SHOWN :] if log.exists() else ""
            raise Fault(f"恢复失败：{error}\n{said}") from None
        how = ("-w", "-m", "fast")
        programs.run("pg_ctl", *how, "-D", str(place), "stop", as_server=True)
    (place / "gongji-recovery.conf").unlink()
    settings = place / "postgresql.auto.conf"
    kept = [line for line in settings.read_text().splitlines(True) if "gongji-recovery" not in line]
    settings.write_text("".join(kept))
    programs.own(place)


def _await(socket: Path, chain: BackupChain) -> None:
    """Wait until the server is through."""
    deadline = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < deadline:
        try:
            with psycopg.connect(
                host=str(socket), user="postgres", dbname=chain.database, autocommit=True
            ) as connection:
                row = connection.execute("select pg_is_in_recovery()").fetchone()
                if row and not row[0]:
                    return
        except psycopg.OperationalError:
            pass  # It is still reading the log; pg_ctl has seen it alive.
        time.sleep(0.05)
    raise Fault("服务器没有完成恢复")
