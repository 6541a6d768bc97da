"""Values of an area's own words in rows that arrive: read by the law of the area, or told as wrong.

A file names a fact by its Chinese name or its column and writes the value as the document does;
what is kept is the column and the value as a visits file writes it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from gongji.law.engine.visit import columns_of, fact_text, read_fact
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.own_facts import OFFSITE, find_own, own_facts
from gongji.law.rulebook.vocabulary import FACTS
from gongji.platform.imports.dated_rows import Conflict, DatedTable
from gongji.platform.imports.import_columns import Column
from gongji.platform.imports.import_run import Arrival
from gongji.refusals import Refusal
from gongji.units import day_of

VALUE_COLUMNS = (
    Column("key", "事实", str, "本地文件“事实”里登记在其名下的一项：名称或列名", "签约", True),
    Column("value", "值", str, "本地文件写的取值：是、否，选项之一，或数、日期、金额", "是", True),
)


class Wrong(ValueError):
    """What is wrong with a value: the column of the file, and a sentence."""

    def __init__(self, column: str, sentence: str) -> None:
        super().__init__(sentence)
        self.column = column


Read = Callable[[Sequence[Law], str, str], tuple[str, str]]
"""Laws from a first day on, key, value -> the key and the value as they are kept, or Wrong."""


@dataclass(frozen=True)
class AreaValues:
    """Which rows have such values.

    Shape:   `kind` of the rows; `field` of their details; `area` the SQL of a row's area.
    """

    table: DatedTable
    kind: str
    field: str
    area: str
    read: Read


_FOUND = """select distinct {area}, a.key, a.details->>{field}, a.since from {arriving} a
where a.kind = {kind} and a.details->>{field} <> ''"""
_WROTE = """update {arriving} a set key = n.kept_key,
  details = a.details || jsonb_build_object({field}, n.kept)
from unnest(%s::text[], %s::text[], %s::text[], %s::date[], %s::text[], %s::text[])
  n(area, key, value, since, kept_key, kept)
where a.kind = {kind} and a.key = n.key and a.details->>{field} = n.value and a.since = n.since
  and {area} = n.area"""
_ROWS = """select a.file, a.row from {arriving} a
where a.kind = {kind} and {area} is not distinct from %s and a.key = %s
  and a.details->>{field} = %s and a.since = %s order by 1, 2"""


def read_values(arrival: Arrival, values: AreaValues) -> Iterator[Conflict]:
    """Values as they are kept, in the rows that are staged; those that the law does not know."""
    connection = arrival.connection

    def filled(text: str) -> sql.Composed:
        return sql.SQL(text).format(
            arriving=sql.SQL(values.table.arriving),
            area=sql.SQL(values.area),
            kind=sql.Literal(values.kind),
            field=sql.Literal(values.field),
        )

    kept: list[tuple[Any, ...]] = []
    for area, key, value, since in connection.execute(filled(_FOUND)).fetchall():
        known = arrival.laws(area or "")
        if not known:
            continue  # Of an area without rules here everything is kept as it is written.
        laws = [law for law in known if law.until > day_of(since)]
        try:
            kept.append((area, key, value, since, *values.read(laws, key, value)))
        except Wrong as wrong:
            for file, row in connection.execute(filled(_ROWS), [area, key, value, since]):
                yield file, row, wrong.column, str(wrong)
    if kept:
        columns = [list(column) for column in zip(*kept, strict=True)]
        connection.execute(filled(_WROTE), columns)


def own_value(owner: str) -> Read:
    """How a fact of persons or of institutions is read."""

    def read(laws: Sequence[Law], key: str, value: str) -> tuple[str, str]:
        for law in laws:
            found = find_own(law, key, owner)
            if found is None:
                continue
            try:
                text = fact_text(law, found.column, read_fact(found.fact, value))
            except Refusal:
                raise Wrong(
                    "value", f"“{value[:40]}”无法识别；应为{_form(found.allowed)}"
                ) from None
            return found.column, text
        names = dict.fromkeys(
            one.name for law in laws for one in own_facts(law) if one.owner == owner
        )
        allowed = "、".join(names) or "（没有）"
        raise Wrong("key", f"当地文件没有登记在{owner}名下的事实“{key[:40]}”；可取：{allowed}")

    return read


def _form(allowed: str) -> str:
    return allowed or "数、日期（2025-01-31）、金额（元）或文字，依当地文件"


def kind_of_offsite(laws: Sequence[Law], key: str, value: str) -> tuple[str, str]:
    """How the kind of a filing for care outside the area is read: one of the area's 异地."""
    known: dict[str, str] = {}
    for law in laws:
        fact = columns_of(law).get(OFFSITE, FACTS["异地"])
        known |= {word: code for word, code in fact.codes.items() if code}
        if value in known:
            return key, known[value]
    allowed = "、".join(word for word, code in known.items() if word != code)
    raise Wrong("kind", f"“{value[:40]}”不是当地文件的异地类别；可取：{allowed or '（没有）'}")
