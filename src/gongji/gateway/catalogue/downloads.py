"""Catalogue downloads (1301 to 1309): what changed since a version, as a file for 9102.

The file is a ZIP with one text: UTF-8, columns apart by TAB in the printed order, `null` for an
empty cell. A version is the time of the last change, to the second; what changed in the running
second is left for the next request, so that nothing is missed.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from gongji.gateway.catalogue import catalogue_fields as fields
from gongji.gateway.statements.statement_files import keep_ticket, kept_until, zipped
from gongji.gateway.transactions import Call, show_instant, transaction
from gongji.gateway.wire.fields import NODES, fill, last_day
from gongji.institutions.institution_rows import get_institution
from gongji.people.diseases import DISEASES, filed_under
from gongji.units import CHINA, day_of

EVERYONE = "plc"
"""Under whose code anyone fetches a file of the catalogue."""
FIRST_DISEASES = "20240101000000"
"""The version of the list of diseases, which comes with the program."""
_VERSION = re.compile(r"(?:19|20)\d{12}")
_CHANGED = "greatest(learnt_at, coalesce(retired_at, learnt_at))"
_STATE = f"""select count(*), max({_CHANGED}) from item_version
where area = %(area)s and list_type = any(%(lists)s) and {_CHANGED} >= %(since)s
  and {_CHANGED} < %(until)s"""
_ROWS = f"""select id, item, name, specification, since, until, restricted, essential, negotiated,
  grade, retired_at is null, learnt_at, {_CHANGED} from item_version
where area = %(area)s and list_type = any(%(lists)s) and {_CHANGED} >= %(since)s
  and {_CHANGED} < %(until)s order by id"""


def show_version(instant: datetime) -> str:
    """A version of the catalogue, as `ver` and as the file's version columns."""
    return instant.astimezone(CHINA).strftime("%Y%m%d%H%M%S")


def read_version(text: str) -> datetime:
    """The first instant that is newer than a version held; of a text without a time, the first."""
    found = _VERSION.search(text)
    try:
        held = datetime.strptime(found[0], "%Y%m%d%H%M%S") if found else datetime(1970, 1, 1)
    except ValueError:
        held = datetime(1970, 1, 1)
    return held.replace(tzinfo=CHINA) + timedelta(seconds=1)


def download(call: Call) -> dict[str, Any]:
    """The ticket of the file of what is newer than the version held.

    Refuses: field_missing (an empty `ver`), institution_unknown.
    """
    table = fields.FILES[call.infno]
    held = call.text(call.one("data"), "ver", required=True, longest=100)
    area = get_institution(call.connection, call.institution).area
    if table.infno == "1309":
        return _ticket(call, table, area, _diseases(call, area, held))
    since = read_version(held)
    values = {
        "area": area,
        "lists": list(table.lists),
        "since": since,
        "until": call.now.replace(microsecond=0),
    }
    count, last = call.connection.execute(_STATE, values).fetchone() or (0, None)
    version = show_version(last) if last else show_version(since)
    mark = f"{area} {since} {count} {last}"
    filename = _filename(table, area, version)
    kept = kept_until(call, filename, mark)
    if kept:
        return _answer(call, *kept, filename, count)
    rows = [_item(row, version) for row in call.connection.execute(_ROWS, values)]
    return _ticket(call, table, area, rows, version, mark)


def _filename(table: fields.FileTable, area: str, version: str) -> str:
    return f"{table.infno}_{table.title}_{area}_{version}.zip"


def _ticket(
    call: Call,
    table: fields.FileTable,
    area: str,
    rows: Sequence[Mapping[str, str]],
    version: str = FIRST_DISEASES,
    mark: str = "",
) -> dict[str, Any]:
    filename = _filename(table, area, version)
    text = "".join(_line(table, row) for row in rows)
    content = zipped(filename.removesuffix(".zip") + ".txt", text)
    number, ends = keep_ticket(call, EVERYONE, filename, content, mark)
    return _answer(call, number, ends, filename, len(rows))


def _answer(call: Call, number: str, ends: str, filename: str, count: int) -> dict[str, Any]:
    table = next(one for one in NODES if one.infno == call.infno)
    values = {
        "file_qury_no": number,
        "filename": filename,
        "dld_end_time": ends,
        "dld_endtime": ends,
        "data_cnt": count,
    }
    return fill(table, values)


def _line(table: fields.FileTable, row: Mapping[str, str]) -> str:
    cells = ["null"] * table.columns
    for position, what in table.filled.items():
        cells[position - 1] = " ".join(row[what].split()) or "null"
    return "\t".join(cells) + "\n"


def _item(row: Sequence[Any], version: str) -> dict[str, str]:
    """What the columns of a version of an item are filled from."""
    number, item, name, specification, since, until, *flags = row
    restricted, essential, negotiated, grade, valid, learnt_at, changed_at = flags
    return {
        fields.CODE: item,
        fields.NAME: name,
        fields.SPECIFICATION: specification,
        fields.SINCE: since.isoformat(),
        fields.UNTIL: last_day(until),
        fields.RESTRICTED: "1" if restricted else "0",
        fields.ESSENTIAL: "1" if essential else "0",
        fields.NEGOTIATED: "1" if negotiated else "0",
        fields.GRADE: grade,
        fields.VALID: "1" if valid else "0",
        fields.ROW: str(number),
        fields.CREATED: show_instant(learnt_at) or "",
        fields.UPDATED: show_instant(changed_at) or "",
        fields.VERSION: version,
    }


def _diseases(call: Call, area: str, held: str) -> list[dict[str, str]]:
    """The diseases for which the area has a benefit, if the list is newer than the one held."""
    if read_version(FIRST_DISEASES) <= read_version(held):
        return []
    law = call.areas.area(area).law(day_of(call.today))
    return [
        {
            fields.CODE: one.code,
            fields.NAME: one.name,
            fields.VALID: "1",
            fields.ROW: one.code,
            fields.VERSION: FIRST_DISEASES,
        }
        for one in DISEASES.values()
        if filed_under(law, one.code)
    ]


for _infno in fields.FILES:
    transaction(_infno)(download)
