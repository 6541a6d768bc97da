"""Working days: when a time limit ends, how many days are left.

What departs from the week is data of the year (docs/operate/working-days.md); a year that was not
entered is refused by name, never guessed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg

from gongji.refusals import Refusal
from gongji.tabular.sheets import Sheet

Connection = psycopg.Connection[Any]
DAY = timedelta(days=1)
WORKS = {"是": True, "否": False}


@dataclass(frozen=True)
class WorkingDays:
    """The years that are known, and of each the days that depart from the week."""

    years: frozenset[int]
    departs: Mapping[date, bool]

    def works(self, day: date) -> bool:
        """Whether a day is worked.

        Refuses: calendar_missing for a year that was not entered.
        """
        if day.year not in self.years:
            raise Refusal("calendar_missing", "day", {"year": str(day.year)})
        return self.departs.get(day, day.weekday() < 5)

    def after(self, day: date, days: int) -> date:
        """The last day of so many working days, the first of which is after `day`.

        Refuses: calendar_missing.
        """
        last = day
        while days > 0:
            last += DAY
            days -= self.works(last)
        return last

    def between(self, first: date, last: date) -> int:
        """The working days after `first` up to `last`; below zero where `last` is the earlier.

        Refuses: calendar_missing.
        """
        if last < first:
            return -self.between(last, first)
        return sum(self.works(first + n * DAY) for n in range(1, (last - first).days + 1))


@dataclass(frozen=True)
class NewYear:
    """A year to enter: the notice that says it, the days that depart from the week."""

    year: int
    source: str
    days: tuple[tuple[date, bool, str], ...]


def load_working_days(connection: Connection) -> WorkingDays:
    """The calendar as it is kept."""
    years = connection.execute("select year from calendar_year").fetchall()
    days = connection.execute("select day, works from calendar_day").fetchall()
    return WorkingDays(frozenset(row[0] for row in years), dict(days))


def read_calendar(path: Path, year: int, source: str) -> NewYear:
    """A year from a file with the columns 日期, 上班, 名称.

    Refuses: calendar_wrong with the row; file_unreadable.
    """
    sheet = Sheet(path)
    named = {name: place for place, name in enumerate(sheet.columns)}
    if not {"日期", "上班"} <= named.keys():
        raise _wrong(0, "须有 日期、上班 两列")
    rows = [row for chunk in sheet.chunks() for row in chunk]
    days = []
    for number, row in enumerate(rows, start=1):
        day = _day(number, row[named["日期"]], year)
        text = row[named["上班"]].strip()
        if text not in WORKS:
            raise _wrong(number, f"上班须为 是 或 否，写的是“{text}”")
        if WORKS[text] == (day.weekday() < 5):
            raise _wrong(number, f"{day} 本来就{'' if WORKS[text] else '不'}上班，不必列出")
        days.append((day, WORKS[text], row[named["名称"]].strip() if "名称" in named else ""))
    repeated = [n for n, one in enumerate(days, 1) if one[0] in {d[0] for d in days[: n - 1]}]
    if repeated:
        raise _wrong(repeated[0], "这一天已经列过")
    return NewYear(year, source, tuple(days))


def _day(number: int, text: str, year: int) -> date:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise _wrong(number, f"日期“{text}”须写成 YYYY-MM-DD") from None
    if day.year != year:
        raise _wrong(number, f"{day} 不在 {year} 年")
    return day


def _wrong(row: int, reason: str) -> Refusal:
    return Refusal("calendar_wrong", "文件", {"row": str(row), "reason": reason})


def enter_year(connection: Connection, new: NewYear) -> bool:
    """Enter a year, once; gives whether it is new. The same year again changes nothing.

    Refuses: calendar_known where it is there with other days.
    """
    with connection.transaction():
        made = connection.execute(
            "insert into calendar_year (year, source) values (%s, %s) on conflict do nothing",
            [new.year, new.source],
        ).rowcount
        if not made:
            _same(connection, new)
            return False
        _enter_days(connection, new.year, new.days)
    return True


def _enter_days(connection: Connection, year: int, days: Iterable[tuple[date, bool, str]]) -> None:
    for day, works, name in days:
        connection.execute(
            "insert into calendar_day (day, year, works, name) values (%s, %s, %s, %s)",
            [day, year, works, name],
        )


def _same(connection: Connection, new: NewYear) -> None:
    kept = connection.execute(
        "select day, works from calendar_day where year = %s order by day", [new.year]
    ).fetchall()
    if [(day, works) for day, works, _ in sorted(new.days)] != kept:
        row = connection.execute(
            "select source from calendar_year where year = %s", [new.year]
        ).fetchone()
        assert row is not None
        raise Refusal("calendar_known", "year", {"year": str(new.year), "source": row[0]})
