"""What is known now, written as files that can be imported again; and empty files to fill in.

Names and numbers of persons are masked unless that is asked for; secrets are never written.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from psycopg import Connection, sql

from gongji.platform.identity import Identity, mask_name, mask_number
from gongji.registry.fact_kinds import INSTITUTION_KINDS, PERSON_KINDS
from gongji.registry.import_columns import Column, Kind
from gongji.registry.import_kinds import EXAMPLE, KINDS
from gongji.tabular.sheets import CHUNK_ROWS, Whole

Database = Connection[Any]

_SELECTS = {
    "person": """select p.psn_no, p.area, p.name, p.sex, p.ethnicity, p.certificate_kind,
      p.certificate, '' card, (select (f.details->>'birth_date')::date from person_fact f
        where f.person_id = p.id and f.kind = 'birth' and f.retired_at is null limit 1) birth_date
      from person p where %(area)s in ('', p.area) order by p.area, p.id""",
    "institution": """select code, area, name, kind, grade, uscc from institution
      where %(area)s in ('', area) order by code""",
    "credential": """select c.access_key, c.institution, '' secret, c.revoked_at from credential c
      join institution i on i.code = c.institution where %(area)s in ('', i.area)
      order by c.access_key""",
    "item": """select * from item_version where retired_at is null and %(area)s in ('', area)
      order by area, item, since""",
    "match": """select m.* from item_match m join institution i on i.code = m.institution
      where m.retired_at is null and %(area)s in ('', i.area)
      order by m.institution, m.own_item, m.since""",
}
_PERSON_FACTS = """select p.psn_no, f.area, f.key, f.since, f.until, f.details, f.source
from person_fact f join person p on p.id = f.person_id
where f.retired_at is null and f.kind = %(kind)s and %(area)s in ('', f.area)
order by f.area, f.person_id, f.since, f.key"""
_INSTITUTION_FACTS = """select f.institution, f.key, f.since, f.until, f.details, f.source
from institution_fact f join institution i on i.code = f.institution
where f.retired_at is null and f.kind = %(kind)s and %(area)s in ('', i.area)
order by f.institution, f.since"""
EXPORTED = tuple(name for name in KINDS if not name.startswith("opening_"))
"""Kinds that can be exported; balances and meters are statements of the ledger."""


def export(
    connection: Database,
    kind: Kind,
    path: Path,
    identity: Identity,
    area: str = "",
    unmasked: bool = False,
) -> int:
    """Everything of a kind that is known now, in a file with the columns of its import.

    Shape:   `area` empty: of every area.
    Returns: how many rows were written.
    """
    columns = kind.columns
    if kind.name in PERSON_KINDS:
        statement = _PERSON_FACTS
    elif kind.name in INSTITUTION_KINDS:
        statement = _INSTITUTION_FACTS
    else:
        statement = _SELECTS[kind.name]
    written = 0
    with (
        Whole(path, [column.heading for column in columns]) as file,
        connection.transaction(),
        connection.cursor("registry_export") as cursor,
    ):
        cursor.itersize = CHUNK_ROWS
        cursor.execute(sql.SQL(statement), {"kind": kind.name, "area": area})
        for rows in _pieces(cursor):
            names = [described.name for described in cursor.description or ()]
            file.write(
                [
                    [_cell(column, found, identity, unmasked) for column in columns]
                    for found in (_flat(dict(zip(names, row, strict=True))) for row in rows)
                ]
            )
            written += len(rows)
    return written


def _pieces(cursor: Any) -> Iterator[list[tuple[Any, ...]]]:
    while rows := cursor.fetchmany(CHUNK_ROWS):
        yield rows


def _flat(found: dict[str, Any]) -> dict[str, Any]:
    """A row with the fields of its details beside its columns."""
    details = found.pop("details", None) or {}
    return details | found


def _cell(column: Column, found: dict[str, Any], identity: Identity, unmasked: bool) -> str:
    value = found.get(column.name, column.empty)
    if value is None or column.personal == "secret":
        return ""
    if column.name == "certificate":
        value = identity.decrypt(value)
    if column.personal and not unmasked:
        return mask_name(value) if column.personal == "name" else mask_number(value)
    return column.show(value)


def template(kinds: Sequence[Kind], path: Path) -> None:
    """An Excel workbook to fill in: a sheet for each kind with an example row, and explanations.

    Shape:   example rows begin with 例： and are passed over when the file is imported.
    """
    import xlsxwriter

    beside = path.with_name(f".{path.stem}.partial.xlsx")
    try:
        with xlsxwriter.Workbook(str(beside)) as book:
            # Texts, or Excel makes numbers of codes and fractions of percentages.
            plain = book.add_format({"num_format": "@"})
            head = book.add_format({"bold": True, "num_format": "@", "bg_color": "#DDEBF7"})
            must = book.add_format({"bold": True, "num_format": "@", "bg_color": "#FCE4D6"})
            grey = book.add_format({"italic": True, "num_format": "@", "font_color": "#7F7F7F"})
            for kind in kinds:
                sheet = book.add_worksheet(kind.title)
                sheet.freeze_panes(1, 0)
                for at, column in enumerate(kind.columns):
                    sheet.set_column(at, at, max(12, 2 * len(column.heading) + 4), plain)
                    sheet.write_string(0, at, column.heading, must if column.required else head)
                    example = column.example if at else EXAMPLE + column.example
                    sheet.write_string(1, at, example, grey)
            _explain(book, kinds, head)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def explained(kind: Kind) -> list[tuple[str, ...]]:
    """Each column of a kind: heading, name, whether required, meaning, example."""
    return [
        (
            column.heading,
            column.name,
            "是" if column.required else "",
            column.meaning,
            column.example,
        )
        for column in kind.columns
    ]


def _explain(book: Any, kinds: Sequence[Kind], head: Any) -> None:
    """The sheet of explanations: what each column means."""
    sheet = book.add_worksheet("说明")
    sheet.freeze_panes(1, 0)
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    titles = ("表", "列", "英文列名", "必填", "说明", "示例")
    for at, (title, width) in enumerate(zip(titles, (12, 16, 26, 6, 60, 26), strict=True)):
        sheet.set_column(at, at, width)
        sheet.write_string(0, at, title, head)
    row = 1
    for kind in kinds:
        sheet.write_string(row, 0, kind.title)
        meaning = f"{kind.meaning}。第一格以“{EXAMPLE}”开头的行是示例，导入时略过"
        sheet.write_string(row, 4, meaning, wrapped)
        row += 1
        for cells in explained(kind):
            for at, cell in enumerate((kind.title, *cells)):
                sheet.write_string(row, at, cell, wrapped)
            row += 1
