"""What rules found in each bucket of whole persons, kept until the run over all is done.

One bucket of visits, lines and persons gives one file and its record, as buckets are settled
(`gongji.batch.bucket_results`): a run that was stopped only looks at what is missing.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec
import polars as pl

from gongji import __version__
from gongji.batch.bucket_results import kept_result
from gongji.batch.buckets import hash_of
from gongji.supervision.claim_tables import ClaimTables
from gongji.supervision.rules_folded import Rule
from gongji.tabular.whole_files import appearing, write_whole


@dataclass(frozen=True)
class PartLook:
    """What was found in a part by line, what rules passed over, and how many persons it has."""

    found: pl.DataFrame
    passed: list[tuple[str, str, int]]
    persons: int


Look = Callable[[], PartLook]


class LookRecord(msgspec.Struct, frozen=True):
    """That a bucket was looked at; `key` says of which content, rules and points."""

    key: str
    file: str
    sha256: str
    passed: list[tuple[str, str, int]]
    persons: int
    report: str = ""


@dataclass(frozen=True)
class KeptLooks:
    """Where what was found is kept, and what each part's stands for."""

    folder: Path
    keys: tuple[str, ...]

    def jobs(self, looks: Sequence[Look]) -> list[Look]:
        """The same jobs, each done only where its result is not kept."""
        return [partial(self._kept, number, look) for number, look in enumerate(looks)]

    def _kept(self, number: int, look: Look) -> PartLook:
        target = self.folder / f"{number:04d}.parquet"
        record = target.with_suffix(".json")
        before = kept_result(record, target, self.keys[number], LookRecord)
        if before is not None:
            return PartLook(pl.read_parquet(target), before.passed, before.persons)
        record.unlink(missing_ok=True)
        made = look()
        with appearing(target) as beside:
            made.found.write_parquet(beside, compression="zstd")
        told = (target.name, hash_of(target), made.passed, made.persons)
        write_whole(record, msgspec.json.encode(LookRecord(self.keys[number], *told)))
        return made


def kept_looks(
    tables: ClaimTables, asked: tuple[tuple[Rule, ...], pl.DataFrame], folder: Path
) -> KeptLooks | None:
    """Where the looks of a run by rules and points are kept; none of tables without buckets."""
    hashes = tables.bucket_hashes()
    if not hashes:
        return None
    rules, points = asked
    whole = f"{__version__} {rules!r} {points.write_csv()} {tables.beside_hash()}"
    keys = [hashlib.sha256(f"{one} {whole}".encode()).hexdigest() for one in hashes]
    folder.mkdir(exist_ok=True)
    return KeptLooks(folder, tuple(keys))
