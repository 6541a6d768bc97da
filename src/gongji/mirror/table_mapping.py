"""Which table a file is and which column stands for what: mapping files, one folded over another.

The package has the national layout (`mappings/national.yaml`); a prefecture's own file gives only
what differs. Names are compared without case, blanks and the marks of a schema.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Literal

import yaml

from gongji.law.rulebook.source import Node, read_or_refuse
from gongji.mirror.mapping_check import check_mapping, meaning_of
from gongji.refusals import Refusal
from gongji.tabular.cell_forms import narrow

FORMS = {
    "人": "person",
    "号": "key",
    "码": "code",
    "码2": "code2",
    "文": "text",
    "元": "fen",
    "数": "count",
    "价": "price",
    "日": "day",
    "时": "instant",
    "月": "month",
    "整": "whole",
}
"""How a column is read, by its word in a mapping file."""
_TAIL = re.compile(r"(?:[_\-.]?(?:\d+|di|df|full|part|data|view|v))+$")
_HEAD = re.compile(r"^(?:stg|ods|dwd|dw)_")
_SPLITS = re.compile(r"[^a-z0-9_\u4e00-\u9fff]+")


COMMON = {"PSN_NO", "PSN_NO_GB", "INSUTYPE", "VALI_FLAG", "DELETED", "UPDT_TIME"} | {
    *("EXCH_UPDT_TIME", "OPT_TIME", "CRTE_TIME"),
}
"""Columns that tell nothing of which table it is."""


@dataclass(frozen=True)
class MappedTable:
    """A table of the national platform: its names, its key, its columns with form and names."""

    name: str
    names: frozenset[str]
    keys: tuple[str, ...]
    required: tuple[str, ...]
    forms: Mapping[str, str]
    by_name: Mapping[str, str]

    def columns(self, header: Iterable[str]) -> dict[str, str]:
        """The columns of a header that are ours: as written -> national name; the first of two.

        Refuses: field_missing for a required column.
        """
        found: dict[str, str] = {}
        for written in header:
            name = self.by_name.get(folded(written))
            if name and name not in found.values():
                found[written] = name
        for name in self.required:
            if name not in found.values():
                raise Refusal("field_missing", f"{self.name} 的 {name}")
        return found

    def fits(self, header: Iterable[str]) -> int:
        """How many percent of this table's columns a header has, those aside that every table has;
        nothing where a required one is missing."""
        found = {self.by_name.get(folded(written)) for written in header}
        if not found.issuperset(self.required):
            return 0
        own = set(self.forms) - COMMON
        return 100 * len(own & found) // len(own)


@dataclass(frozen=True)
class TableMapping:
    """A mapping file, or several folded: tables, codes, what must not be added together."""

    version: str
    tables: Mapping[str, MappedTable]
    codes: Mapping[str, Mapping[str, str]]
    newest: tuple[str, ...]
    apart: tuple[str, ...]
    unread: Mapping[str, str]
    """Names of tables that are known and not read, with the reason."""

    def code(self, kind: str, text: str) -> str:
        """What a code stands for: by itself, else by its longest beginning; empty if by none."""
        codes = self.codes.get(kind, {})
        starts = (text[:size] for size in range(len(text), 0, -1))
        return next((codes[start] for start in starts if start in codes), "")

    @cached_property
    def _by_name(self) -> dict[str, tuple[str, str]]:
        found = {folded(name): (name, "") for name in self.unread}
        for table in self.tables.values():
            for name in table.names:
                found[folded(name)] = (table.name, name)
        return found

    def table_of(self, path: Path, within: Path) -> tuple[str, str]:
        """A file's table by its name or a folder's: the table and the name it was found under.

        Returns: empty texts where no name tells.
        """
        inside = path.relative_to(within) if path != within else Path(path.name)
        parts = [Path(inside.name).stem, *reversed(inside.parts[:-1]), within.name]
        found = (self._known(_candidates(part)) for part in parts)
        return next(filter(any, found), ("", ""))

    def table_called(self, name: str) -> tuple[str, str]:
        """A database's table by its name, as `table_of`; a longer name is another table."""
        return self._known(_whole_names(narrow(name).replace(" ", "").lower()))

    def _known(self, candidates: Iterable[str]) -> tuple[str, str]:
        for candidate in candidates:
            if candidate in self._by_name:
                table, name = self._by_name[candidate]
                return table, name or table
        return "", ""


def folded(name: str) -> str:
    """A name as it is compared: without case, blanks and a schema before the point."""
    return narrow(name).replace(" ", "").rpartition(".")[2].lower()


def _candidates(part: str) -> list[str]:
    """The names that a file's or folder's name may mean: whole, without its ends, its pieces."""
    text = narrow(part).replace(" ", "").lower()
    found = _whole_names(text)
    for piece in _SPLITS.split(text):
        found += _whole_names(piece)
    return list(dict.fromkeys(filter(None, found)))


def _whole_names(text: str) -> list[str]:
    """A name as it stands, without its end, without its beginning."""
    return [text, _TAIL.sub("", text), _HEAD.sub("", _TAIL.sub("", text))]


Written = dict[str, object]


def _fold(under: Written, over: Written) -> Written:
    """One mapping over another: groups are folded, everything else is replaced."""
    made = dict(under)
    for name, value in over.items():
        before = made.get(name)
        if isinstance(before, dict) and isinstance(value, dict):
            value = _fold(before, value)
        made[name] = value
    return made


def _plain(node: Node) -> object:
    """A node's texts as they are written: a code keeps its zeros."""
    if isinstance(node.value, dict):
        return {name: _plain(inside) for name, inside in node.value.items()}
    if isinstance(node.value, list):
        return [_plain(inside) for inside in node.value]
    return node.text()


def _written(root: Node) -> Written:
    found = _plain(root)
    assert isinstance(found, dict)
    return found


def load_mapping(paths: Iterable[Path] = ()) -> TableMapping:
    """The national layout with mapping files folded over it, in their order.

    Refuses: RulebookError with every problem of a mapping file.
    """
    layout = files("gongji.mirror").joinpath("mappings/national.yaml").read_text("utf-8")
    # Texts only, as they are written: the same as a prefecture's own file is read.
    made = national = yaml.load(layout, yaml.BaseLoader)
    for path in paths:
        root = read_or_refuse(path)
        check_mapping(root, national, frozenset(FORMS))
        over = _written(root)
        version = f"{made['版本']}+{over.get('版本', path.stem)}"
        made = _fold(made, over) | {"版本": version}
    return _mapping_of(made)


def _mapping_of(made: Written) -> TableMapping:
    tables, codes, apart = (_group(made, name) for name in ("表", "代码", "不可合用"))
    together = apart.get("表")
    newest = made["更新时间"]
    assert isinstance(together, list) and isinstance(newest, list)
    content = hashlib.sha256(repr(made).encode()).hexdigest()[:12]
    return TableMapping(
        f"{made['版本']} {content}",
        {name: _table(name, _group(tables, name)) for name in tables},
        {
            kind: {code: meaning_of(kind, str(said)) for code, said in _group(codes, kind).items()}
            for kind in codes
        },
        tuple(map(str, newest)),
        tuple(map(str, together)),
        {name: str(reason) for name, reason in _group(made, "不读取").items()},
    )


def _group(made: Written, name: str) -> Written:
    found = made[name]
    assert isinstance(found, dict)
    return {str(key): value for key, value in found.items()}


def _table(name: str, written: Written) -> MappedTable:
    columns = _group(written, "列")
    forms: dict[str, str] = {}
    by_name: dict[str, str] = {}
    for column, said in columns.items():
        form, *others = said if isinstance(said, list) else [said]
        forms[column] = FORMS[str(form)]
        by_name |= {folded(str(other)): column for other in (column, *others)}
    called, required = written.get("叫法", []), written.get("必需", [])
    assert isinstance(called, list) and isinstance(required, list)
    keys = tuple(str(written["主键"]).split("+"))
    names = frozenset((name, *map(str, called)))
    return MappedTable(name, names, keys, tuple(map(str, required)), forms, by_name)


Family = Literal["inside", "beside"]
"""Whether what the family account paid lies inside ACCT_PAY or beside it."""
