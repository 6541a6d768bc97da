"""A folder of own tables as supervision reads it: by whole persons, or some columns of everybody.

Names are those of docs/inside/own-tables.md; a name that only visits files or this room use is
turned into one of them. A column that is not there is known not to be there: nothing is invented.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path

import polars as pl

from gongji.batch.buckets import MANIFEST, Manifest, hash_of
from gongji.batch.own_tables import check_tables
from gongji.refusals import Refusal

TABLES = ("visits", "lines", "persons", "spells", "institutions", "items", "proofs")
NEEDED = ("visits", "lines", "persons")
KEYS = {"visits": ("visit", "person", "date"), "lines": ("visit", "person"), "persons": ("person",)}
"""Without these columns nothing is found."""
BESIDE = ("institutions", "items", "proofs")
OTHER_NAMES = {
    "begin": ("date",),
    "care": ("benefit",),
    "pool": ("paid_pool_fen", "pool_fen"),
    "deductible": ("paid_deductible_fen", "deductible_fen"),
    "supplements": ("paid_supplements_fen", "supplements_fen"),
}
"""Our names, and what other writers of own tables call the same."""
MONEY = (
    *("total", "in_scope", "own", "first_self", "over_limit", "account", "family", "cash"),
    *("institution_bears", "amount"),
)
"""Amounts that may end in `_fen`."""
PARTS = 16
"""How many parts a table that is one file is read in, where it has more rows than ROWS."""
ROWS = 2_000_000


@dataclass(frozen=True)
class ClaimPart:
    """The tables of some whole persons, or of a place and a time; those of everybody beside them.

    Shape:   `first_day` and `last_day` bound the findings that are wanted, not what is read.
    """

    visits: pl.DataFrame
    lines: pl.DataFrame
    persons: pl.DataFrame
    institutions: pl.DataFrame
    items: pl.DataFrame
    proofs: pl.DataFrame
    spells: pl.DataFrame = field(default_factory=pl.DataFrame)

    def table(self, name: str) -> pl.DataFrame:
        """A table by its name."""
        found: pl.DataFrame = getattr(self, name)
        return found

    def has(self, needed: str) -> bool:
        """Whether a column `table.column` is there and has anything in it."""
        table, _, column = needed.partition(".")
        frame = self.table(table)
        return column in frame.columns and frame[column].null_count() < len(frame)

    def of_persons(self, persons: pl.Series) -> "ClaimPart":
        """The same of some persons only."""
        wanted = persons.to_frame("person").unique()
        return replace(
            self,
            visits=self.visits.join(wanted, on="person", how="semi"),
            lines=self.lines.join(wanted, on="person", how="semi"),
            persons=self.persons.join(wanted, on="person", how="semi"),
            spells=_spells_of(self.spells, wanted),
        )


def _spells_of(spells: pl.DataFrame, persons: pl.DataFrame) -> pl.DataFrame:
    """The spells of some persons; a table that is not there has no columns."""
    return spells.join(persons, on="person", how="semi") if spells.columns else spells


def _files(folder: Path, table: str) -> list[Path]:
    one = folder / f"{table}.parquet"
    if one.is_file():
        return [one]
    if (folder / table / MANIFEST).is_file():
        return [folder / table / one.file for one in Manifest.read(folder / table).buckets]
    return sorted((folder / table).glob("*.parquet")) or sorted(folder.glob(f"{table}-*.parquet"))


def ours(frame: pl.LazyFrame) -> pl.LazyFrame:
    """A table under our names."""
    there = frame.collect_schema().names()
    names: dict[str, str] = {}
    for name, others in OTHER_NAMES.items():
        found = [other for other in others if other in there]
        if name not in there and found:
            names[found[0]] = name
    for name in MONEY:
        if name not in there and f"{name}_fen" in there:
            names[f"{name}_fen"] = name
    return frame.rename(names)


@dataclass(frozen=True)
class ClaimTables:
    """The own tables in a folder.

    Refuses: file_unreadable where visits, lines or persons are not there, or a bucket was changed
             after its manifest was written.
    """

    folder: Path

    def __post_init__(self) -> None:
        for table, manifest in self._manifests.items():
            for bucket in manifest.buckets:
                bucket.path(self.folder / table)
        for table in NEEDED:
            if not _files(self.folder, table):
                reason = f"目录中没有 {table} 表（{table}.parquet 或 {table}/*.parquet）"
                raise Refusal("file_unreadable", "", {"value": str(self.folder), "reason": reason})
        for table, columns in KEYS.items():
            check_tables(_files(self.folder, table), table, columns, True)

    def scan(self, table: str) -> pl.LazyFrame:
        """A whole table, read when it is asked for."""
        files = _files(self.folder, table)
        if not files:
            return pl.LazyFrame(schema=dict(EMPTY.get(table, {})))
        return ours(pl.scan_parquet(files, missing_columns="insert"))

    def has(self, needed: str) -> bool:
        """Whether a column `table.column` is there."""
        table, _, column = needed.partition(".")
        return column in self.scan(table).collect_schema().names()

    @cached_property
    def everybodys(self) -> dict[str, pl.DataFrame]:
        """The small tables that every part needs."""
        return {name: self.scan(name).collect() for name in BESIDE}

    @cached_property
    def last_instant(self) -> datetime | None:
        """When the last visit was settled."""
        found = self.scan("visits").select(pl.col("settled_at").max()).collect().item()
        return found if isinstance(found, datetime) else None

    def parts(self, persons: pl.DataFrame | None = None) -> Iterator[Callable[[], ClaimPart]]:
        """Whole persons at a time, each part as a job that reads it; only some persons where they
        are given."""
        if persons is not None:
            yield partial(self._part, None, persons)
        elif paired := self._paired:
            yield from (partial(self._part, paths, None) for paths in paired)
        else:
            rows = int(self.scan("lines").select(pl.len()).collect().item())
            count = 1 if rows < ROWS else PARTS
            yield from (partial(self._hashed, number, count) for number in range(count))

    @cached_property
    def _manifests(self) -> dict[str, Manifest]:
        """The manifests of the tables of persons that are cut into buckets."""
        folders = {table: self.folder / table for table in NEEDED}
        return {
            table: Manifest.read(folder)
            for table, folder in folders.items()
            if (folder / MANIFEST).is_file()
        }

    def bucket_hashes(self) -> list[str]:
        """What the buckets of whole persons hold, one hash for each part that `parts` reads.

        Returns: none where the tables are not cut alike with manifests.
        """
        if len(self._manifests) < len(NEEDED) or not self._paired:
            return []
        found = [[one.sha256 for one in table.buckets] for table in self._manifests.values()]
        return [
            hashlib.sha256("".join(one).encode()).hexdigest() for one in zip(*found, strict=True)
        ]

    def beside_hash(self) -> str:
        """The hash of the small tables that every part needs."""
        files = [path for name in BESIDE for path in _files(self.folder, name)]
        return hashlib.sha256("".join(map(hash_of, files)).encode()).hexdigest()

    @cached_property
    def _paired(self) -> list[tuple[Path, Path, Path]]:
        """Files of the three tables that hold the same persons each; none if they are cut
        otherwise."""
        files = [_files(self.folder, table) for table in NEEDED]
        if len({len(found) for found in files}) > 1 or len(files[0]) < 2:
            return []
        found = list(zip(*files, strict=True))
        for visits, lines, who in found:
            known = pl.scan_parquet(who).select("person")
            for path in (visits, lines):
                strange = (
                    pl.scan_parquet(path).select("person").join(known, on="person", how="anti")
                )
                if not strange.head(1).collect().is_empty():
                    return []
        return [(one[0], one[1], one[2]) for one in found]

    def _part(
        self, paths: tuple[Path, Path, Path] | None, wanted: pl.DataFrame | None
    ) -> ClaimPart:
        frames = []
        for place, table in enumerate(NEEDED):
            scan = ours(pl.scan_parquet(paths[place])) if paths else self.scan(table)
            if wanted is not None:
                # Unlike a join this is known while the file is read: other rows stay packed.
                scan = scan.filter(pl.col("person").is_in(wanted["person"].implode()))
            frames.append(scan.collect())
        return self._whole_part(frames)

    def _hashed(self, number: int, count: int) -> ClaimPart:
        mine = pl.col("person").hash(11) % count == number
        return self._whole_part([self.scan(table).filter(mine).collect() for table in NEEDED])

    def _whole_part(self, frames: list[pl.DataFrame]) -> ClaimPart:
        """The part of which these are the needed tables."""
        visits, lines, persons = frames
        spells = _spells_of(self.spells, persons.select("person"))
        return ClaimPart(visits, lines, persons, **self.everybodys, spells=spells)

    @cached_property
    def spells(self) -> pl.DataFrame:
        """The spells with arrears: what of them is looked at, in all a small table."""
        found = self.scan("spells")
        if "arrears" not in found.collect_schema().names():
            return pl.DataFrame()
        columns = ("person", "since", "until", "arrears")
        return found.select(columns).filter(pl.col("arrears").fill_null(True)).collect()


EMPTY: dict[str, dict[str, type[pl.DataType]]] = {
    "institutions": {
        "institution": pl.String,
        "name": pl.String,
        "kind": pl.String,
        "level": pl.String,
    },
    "items": {"item": pl.String, "name": pl.String, "listing": pl.Int64, "pack_days": pl.Int64},
    "proofs": {"person": pl.String, "reason": pl.String, "since": pl.Date, "until": pl.Date},
}
"""Tables that need not be there."""
