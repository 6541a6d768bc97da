"""The national dictionary table: what a local code is called, and which known code it is like.

A code that the mapping has not is taken as its parent code, else as a known code of the very same
name. What is like none stays unknown and is told with its name, so that the mapping file can say.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import polars as pl

from gongji.mirror.own_visits import BucketTables, BucketWork
from gongji.mirror.table_mapping import TableMapping

TABLE = "NAT_DATA_DIC_A"


@dataclass(frozen=True)
class CodeEntry:
    """A code of the dictionary: its name, and the code above it or nothing."""

    code: str
    name: str
    parent: str


@dataclass(frozen=True)
class Dictionary:
    """The entries by the kind of code, which is the name of its column."""

    entries: Mapping[str, Mapping[str, CodeEntry]]

    def name(self, kind: str, code: str) -> str:
        """What a code is called, or nothing."""
        entry = self.entries.get(kind, {}).get(code)
        return entry.name if entry else ""

    def likened(self, mapping: TableMapping) -> dict[str, dict[str, CodeEntry]]:
        """The codes that only the dictionary explains, with the known entry that each is like."""
        found: dict[str, dict[str, CodeEntry]] = {}
        for kind in mapping.codes.keys() & self.entries.keys():
            mine = self.entries[kind]
            known = {code: entry for code, entry in mine.items() if mapping.code(kind, code)}
            named = {entry.name: entry for entry in known.values()}
            for code, entry in sorted(mine.items()):
                above = (known[one] for one in self._above(kind, entry) if one in known)
                like = next(above, named.get(entry.name))
                if code not in known and like:
                    found.setdefault(kind, {})[code] = like
        return found

    def _above(self, kind: str, entry: CodeEntry) -> Iterator[str]:
        """The codes above an entry, the nearest first; a circle ends."""
        seen = {entry.code}
        while entry.parent and entry.parent not in seen:
            yield entry.parent
            seen.add(entry.parent)
            entry = self.entries[kind].get(entry.parent, CodeEntry("", "", ""))

    def explain(self, rejected: pl.DataFrame) -> pl.DataFrame:
        """Rejected rows whose unknown codes are followed by their names."""
        pairs = rejected.select("column", "value").drop_nulls().unique()
        named = [(c, v, f"{v} {self.name(c, v)}") for c, v in pairs.iter_rows() if self.name(c, v)]
        schema = {"column": pl.String, "value": pl.String, "named": pl.String}
        names = pl.DataFrame(named, schema=schema, orient="row")
        both = rejected.join(names, on=["column", "value"], how="left", maintain_order="left")
        return both.with_columns(pl.coalesce("named", "value").alias("value")).drop("named")


def read_dictionary(work: BucketWork, made: BucketTables) -> Dictionary:
    """The dictionary as it was delivered; empty where it was not."""
    rows = work.table(TABLE, made)
    made.of(TABLE).count("written", rows.height)
    entries: dict[str, dict[str, CodeEntry]] = {}
    columns = ("DIC_TYPE_CODE", "NAT_DIC_VAL_CODE", "NAT_DIC_VAL_NAME", "PRNT_DIC_VAL_CODE")
    for kind, code, name, parent in rows.select(columns).iter_rows():
        entries.setdefault(kind.upper(), {})[code] = CodeEntry(code, name or "", parent or "")
    return Dictionary(entries)


def with_dictionary(mapping: TableMapping, dictionary: Dictionary) -> TableMapping:
    """The mapping with what the dictionary explains besides."""
    codes = dict(mapping.codes)
    for kind, likened in dictionary.likened(mapping).items():
        also = {code: mapping.code(kind, like.code) for code, like in likened.items()}
        codes[kind] = {**codes[kind], **also}
    return replace(mapping, codes=codes)


def likened_sentences(mapping: TableMapping, dictionary: Dictionary) -> list[str]:
    """Each code that only the dictionary explains, with what it is taken as."""
    return [
        f"{kind} {code} {dictionary.name(kind, code)}：作 {like.code} {like.name}"
        for kind, likened in sorted(dictionary.likened(mapping).items())
        for code, like in likened.items()
    ]
