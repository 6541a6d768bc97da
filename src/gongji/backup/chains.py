"""What a folder of backups holds: chains, each a base backup and the log written since.

A chain is a folder named by the instant its base was finished, with `base/` (sealed to a recipient
`base.tar.sealed`), `wal/` and `chain.json`. A later base begins a new chain; an older chain still
leads to the instants before it.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from gongji.backup.recipients import SEALED
from gongji.units import CHINA

NOTE = "chain.json"
STAMP = "%Y%m%dT%H%M%S%fZ"


@dataclass(frozen=True)
class BackupChain:
    """One chain: whose server it is of, and up to when its log reaches.

    Shape:   instants are ISO 8601 in UTC; `begun_at` is when the base could first be used,
             `reaches` the last time that the log was fetched. `recipient` is whom its files are
             sealed to (`recipients`), empty where they are in clear.
    """

    folder: Path
    system: str
    slot: str
    version: int
    database: str
    begun_at: str
    reaches: str
    recipient: str = ""

    @property
    def base(self) -> Path:
        """The base backup."""
        return self.folder / "base"

    @property
    def wal(self) -> Path:
        """The log since."""
        return self.folder / "wal"

    @property
    def sealed_base(self) -> Path:
        """The base backup as one sealed file, where there is a recipient."""
        return self.folder / ("base.tar" + SEALED)

    @property
    def arriving(self) -> Path:
        """The log that has come and is not sealed yet."""
        return self.folder / "arriving"

    @property
    def span(self) -> str:
        """Between which instants it leads, for people: in the time of China."""
        ends = (datetime.fromisoformat(text) for text in (self.begun_at, self.reaches))
        return " 至 ".join(f"{end.astimezone(CHINA):%Y-%m-%d %H:%M:%S}" for end in ends)

    def note(self) -> None:
        """Write down what is known of the chain, whole or not at all."""
        known = {name: value for name, value in asdict(self).items() if name != "folder"}
        draft = self.folder / (NOTE + ".draft")
        draft.write_text(json.dumps(known, indent=1), encoding="utf-8")
        draft.replace(self.folder / NOTE)


def chains(folder: Path) -> list[BackupChain]:
    """The chains of a folder that are complete, the oldest first."""
    return sorted(_found(folder), key=lambda chain: chain.begun_at)


def _found(folder: Path) -> Iterator[BackupChain]:
    for note in folder.glob("*/" + NOTE):
        yield BackupChain(folder=note.parent, **json.loads(note.read_text(encoding="utf-8")))


def chain_for(found: list[BackupChain], until: datetime | None) -> BackupChain | None:
    """The chain that leads to an instant (None: as far as there is), if any does."""
    if until is None:
        return found[-1] if found else None
    wanted = until.astimezone(UTC).isoformat()
    reaching = [chain for chain in found if chain.begun_at <= wanted <= chain.reaches]
    return reaching[-1] if reaching else None
