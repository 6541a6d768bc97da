"""The diseases that an area recognises for chronic and special care: data, a whole list at a time.

No disease stands in the program; a list comes from a file with the columns 病种代码, 病种名称,
规则病种 (the name that rulebooks use), 待遇 (慢性病, 特殊病, 两病), 认定标准 and 有效月数 (empty:
until it is ended).
"""

from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import psycopg

from gongji.law.rulebook.vocabulary import BENEFITS
from gongji.refusals import Refusal
from gongji.tabular.sheets import Sheet

Connection = psycopg.Connection[Any]
NEEDED = ("病种代码", "病种名称", "规则病种", "待遇")
KINDS = {name: BENEFITS[name] for name in ("慢性病", "特殊病", "两病")}


class ListedDisease(msgspec.Struct, frozen=True):
    """A disease of a list; `months` None where it lasts until it is ended."""

    code: str
    name: str
    rulebook: str
    benefit: str
    criteria: str = ""
    months: int | None = None


def read_diseases(path: Path) -> list[ListedDisease]:
    """The diseases of a file.

    Refuses: disease_list_wrong with the row; file_unreadable.
    """
    sheet = Sheet(path)
    missing = [name for name in NEEDED if name not in sheet.columns]
    if missing:
        raise _wrong(0, f"缺少 {'、'.join(missing)} 列")
    rows = [dict(zip(sheet.columns, row, strict=False)) for part in sheet.chunks() for row in part]
    found: dict[str, ListedDisease] = {}
    for number, row in enumerate(rows, start=1):
        one = _listed(number, {name: text.strip() for name, text in row.items()})
        if one.code in found:
            raise _wrong(number, f"病种 {one.code} 已经列过")
        found[one.code] = one
    return list(found.values())


def _listed(number: int, row: dict[str, str]) -> ListedDisease:
    empty = [name for name in NEEDED if not row.get(name)]
    if empty:
        raise _wrong(number, f"{'、'.join(empty)} 不能为空")
    if row["待遇"] not in KINDS:
        raise _wrong(number, f"待遇须为 {'、'.join(KINDS)}，写的是“{row['待遇']}”")
    months = row.get("有效月数", "")
    if months and not (months.isascii() and months.isdigit() and int(months) > 0):
        raise _wrong(number, f"有效月数须为正整数，写的是“{months}”")
    return ListedDisease(
        row["病种代码"],
        row["病种名称"],
        row["规则病种"],
        KINDS[row["待遇"]],
        row.get("认定标准", ""),
        int(months) if months else None,
    )


def _wrong(row: int, reason: str) -> Refusal:
    return Refusal("disease_list_wrong", "文件", {"row": str(row), "reason": reason})


def enter_diseases(
    connection: Connection, area: str, since: date, source: str, diseases: list[ListedDisease]
) -> int:
    """Enter a list that is in force from a day on; gives its number."""
    with connection.transaction():
        row = connection.execute(
            "insert into disease_list (area, since, source) values (%s, %s, %s) returning id",
            [area, since, source],
        ).fetchone()
        assert row is not None
        for one in diseases:
            connection.execute(
                "insert into disease (list, code, name, rulebook, benefit, criteria, months)"
                " values (%s, %s, %s, %s, %s, %s, %s)",
                [row[0], *msgspec.structs.astuple(one)],
            )
    return int(row[0])


def disease_on(connection: Connection, area: str, code: str, day: date) -> ListedDisease:
    """A disease of the list that is in force in an area on a day.

    Refuses: disease_unlisted.
    """
    row = connection.execute(
        "select code, name, rulebook, benefit, criteria, months from disease where code = %s"
        " and list = (select id from disease_list where area = %s and since <= %s"
        " order by since desc, id desc limit 1)",
        [code, area, day],
    ).fetchone()
    if row is None:
        values = {"value": code, "area": area, "date": day.isoformat()}
        raise Refusal("disease_unlisted", "disease", values)
    return ListedDisease(*row)


def diseases_on(connection: Connection, area: str, day: date) -> list[ListedDisease]:
    """The diseases of the list that is in force in an area on a day, by name; none without one."""
    rows = connection.execute(
        "select code, name, rulebook, benefit, criteria, months from disease"
        " where list = (select id from disease_list where area = %s and since <= %s"
        " order by since desc, id desc limit 1) order by name, code",
        [area, day],
    )
    return [ListedDisease(*row) for row in rows]
