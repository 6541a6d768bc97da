"""A drill: a backup restored into a scratch place, and its ledger verified there.

What is verified is what `gongji ledger verify` verifies without a replay, for which no key and no
setting of the installation is needed. The scratch place is gone afterwards.
"""

import shutil
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gongji.backup.chains import BackupChain, chains
from gongji.backup.restore import restore
from gongji.gateway.transactions import MOVE_MONEY
from gongji.ledger.found_differences import Difference
from gongji.ledger.seals import verify_seals
from gongji.ledger.trail_seals import verify_trail
from gongji.ledger.verify import ALL, verify
from gongji.platform import programs
from gongji.platform.embedded_server import EmbeddedServer
from gongji.settlement.verify_papers import verify_papers

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Drill:
    """What a drill found: the chain, how long it took, what was looked at, what differs."""

    chain: BackupChain
    seconds: float
    entries: int
    settlements: int
    seals: int
    differences: tuple[Difference, ...]


def drill(folder: Path, now: datetime, opener: X25519PrivateKey | None = None) -> Drill:
    """Restore the newest backup of a folder as far as it reaches, and verify it.

    Refuses: as `restore`.
    """
    begun = time.monotonic()
    scratch = Path(tempfile.mkdtemp(prefix="gongji-drill-"))
    try:
        if user := programs.server_user():
            programs.let_in(scratch, user)
        place = scratch / "postgresql"
        restore(folder, place, now, opener=opener)
        chain = chains(folder)[-1]
        server = EmbeddedServer(place, keep=False)
        server.begin()
        try:
            with psycopg.connect(server.address(chain.database), autocommit=True) as connection:
                found = tuple(_differences(connection))
                counted = [_count(connection, what) for what in _COUNTED]
        finally:
            server.end()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    entries, settlements, seals = counted
    return Drill(chain, time.monotonic() - begun, entries, settlements, seals, found)


_COUNTED = ("entry", "entry where kind = 'settlement'", "seal")


def _count(connection: Connection, what: str) -> int:
    row = connection.execute(f"select count(*) from {what}").fetchone()
    assert row is not None
    return int(row[0])


def _differences(connection: Connection) -> list[Difference]:
    found = [*verify(connection, ALL), *verify_papers(connection, MOVE_MONEY)]
    with connection.transaction():
        return [*found, *verify_seals(connection), *verify_trail(connection)]
