"""A catalogue: for each item its versions by date, each with class, first self-pay and prices."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from gongji.law.engine.visit import read_amount, read_date, read_flag
from gongji.refusals import Problem, Refusal, RowProblem, RulebookError
from gongji.tabular.header_rows import TableFile, table_file
from gongji.tabular.texts import FAULT, ROW, faults_of, read_texts, without_faults
from gongji.units import WHOLE, date_of, parse_ppm

CLASSES = {
    "甲": "甲",
    "乙": "乙",
    "丙": "丙",
    "a": "甲",
    "b": "乙",
    "c": "丙",
    "A": "甲",
    "B": "乙",
    "C": "丙",
    "甲类": "甲",
    "乙类": "乙",
    "丙类": "丙",
}
"""How a class may be written; 丙 is outside the scope."""

AMOUNTS = ("standard", "standard_1", "standard_2", "standard_3", "listing")
COLUMNS = (
    "item",
    "name",
    "from",
    "to",
    "class",
    "first_self_pay",
    *AMOUNTS,
    "part",
    "negotiated",
)
SCHEMA = {
    "item": pl.String,
    "name": pl.String,
    "from": pl.Int64,
    "to": pl.Int64,
    "class": pl.String,
    "share": pl.Int64,
    **dict.fromkeys(AMOUNTS, pl.Int64),
    "part": pl.String,
    "negotiated": pl.Boolean,
    ROW: pl.Int64,
}
OPEN_END = 1 << 30
NONE = -1
"""An amount or share that the catalogue does not give."""


@dataclass(frozen=True)
class Catalogue:
    """The versions of all items, sorted by item and first day.

    Shape:   days since 1970-01-01, `to` the first day that is no longer covered; fen a unit; parts
             per million; NONE where a figure is not given.
    """

    file: str
    versions: pl.DataFrame

    def spans(self, item: str) -> str:
        """The dates that an item's versions cover, for messages."""
        rows = self.versions.filter(pl.col("item") == item).select("from", "to").rows()
        spans = [
            f"{date_of(first)} 起" if end == OPEN_END else f"{date_of(first)} 至 {date_of(end - 1)}"
            for first, end in rows
        ]
        return "；".join(spans)


def read_catalogue(source: Path | TableFile | pl.DataFrame) -> Catalogue:
    """A catalogue from a file or frame.

    Refuses: RulebookError with every mistake of it: lines are not priced by half a catalogue.
    """
    if isinstance(source, pl.DataFrame):
        frame, file = read_texts(source), "catalogue"
    else:
        found = table_file(source)
        frame, file = read_texts(found.path, found.place), str(found.path)
    problems: list[Problem] = [
        RowProblem(file, 0, name, f"不认识的列；可取：{'、'.join(COLUMNS)}")
        for name in frame.columns
        if name not in (*COLUMNS, ROW, FAULT)
    ]
    problems += [
        RowProblem(file, 0, name, "缺少这一列")
        for name in ("item", "from", "class")
        if name not in frame.columns
    ]
    if problems:
        raise RulebookError(problems)
    problems += [RowProblem(file, row, why.field, str(why)) for row, why in faults_of(frame)]
    versions = []
    for texts in without_faults(frame).iter_rows(named=True):
        try:
            versions.append(_version({name: text or "" for name, text in texts.items()}))
        except Refusal as error:
            problems.append(RowProblem(file, texts[ROW], error.field, str(error)))
    versions.sort(key=lambda version: (str(version["item"]), int(str(version["from"]))))
    problems += _overlaps(file, versions)
    if problems:
        raise RulebookError(problems)
    return Catalogue(file, pl.DataFrame(versions, schema=SCHEMA))


def _version(texts: Mapping[str, str]) -> dict[str, object]:
    """One version of an item from the texts of its row.

    Refuses: field_missing, value_invalid, amount_*.
    """
    for name in ("item", "from", "class"):
        if not texts[name]:
            raise Refusal("field_missing", name)
    if texts["class"] not in CLASSES:
        allowed = "、".join(dict.fromkeys(CLASSES))
        raise Refusal("value_invalid", "class", {"value": texts["class"], "allowed": allowed})
    first = read_date("from", texts["from"])
    end = read_date("to", texts["to"]) if texts.get("to") else OPEN_END
    if end <= first:
        raise Refusal("value_invalid", "to", {"value": texts["to"], "allowed": "晚于 from 的日期"})
    version: dict[str, object] = {
        "item": texts["item"],
        "name": texts.get("name", ""),
        "from": first,
        "to": end,
        "class": CLASSES[texts["class"]],
        "share": _share(texts.get("first_self_pay", "")),
        "part": texts.get("part", ""),
        "negotiated": bool(texts.get("negotiated"))
        and read_flag("negotiated", texts["negotiated"]),
        ROW: int(texts[ROW]),
    }
    for name in AMOUNTS:
        version[name] = read_amount(name, texts[name]) if texts.get(name) else NONE
    return version


def _share(text: str) -> int:
    """A first self-pay. A bare number is refused: 0.1 may mean 10 % or 0.1 %."""
    if not text:
        return NONE
    try:
        share = parse_ppm(text)
    except ValueError:
        share = -1
    if not 0 <= share <= WHOLE:
        values = {"value": text, "allowed": "0% 至 100%，须带百分号"}
        raise Refusal("value_invalid", "first_self_pay", values)
    return share


def _overlaps(file: str, versions: list[dict[str, object]]) -> list[Problem]:
    """Where two versions of one item cover the same day."""
    problems: list[Problem] = []
    for earlier, later in zip(versions, versions[1:], strict=False):
        if earlier["item"] == later["item"] and int(str(earlier["to"])) > int(str(later["from"])):
            message = f"与第 {earlier[ROW]} 行（同一项目）的日期重叠；to 是不再适用的第一天"
            problems.append(RowProblem(file, int(str(later[ROW])), "from", message))
    return problems
