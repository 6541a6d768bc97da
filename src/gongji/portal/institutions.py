"""Institutions to choose from: their kind and level on a day, as the registry knows them."""

from dataclasses import dataclass
from datetime import date

from django.db import connection

SUGGESTED = 20

_ON_THE_DAY = """{fact}.kind = 'level' and {fact}.retired_at is null
  and {fact}.since <= %(day)s and ({fact}.until is null or {fact}.until > %(day)s)"""
# The level that counts is that of the physical institution (楚政规〔2022〕2号 第二十九条,
# 邵市政办发〔2022〕22号 第十四条), as `settlement.engine_row.Standing` says it too.
KNOWN = f"""
select i.code, i.name, i.kind, coalesce(nullif(p.details->>'level', ''), l.details->>'level', '')
from institution i
left join institution_fact l on l.institution = i.code and {_ON_THE_DAY.format(fact="l")}
left join institution_fact p on p.institution = nullif(l.details->>'parent', '')
  and {_ON_THE_DAY.format(fact="p")}
where i.area = %(area)s and (i.code = %(words)s or (not %(exact)s and i.name like %(pattern)s))
order by i.name, i.code limit %(most)s"""


@dataclass(frozen=True)
class FoundPlace:
    """An institution: its level is that of the physical one where it is an Internet hospital."""

    code: str
    name: str
    kind: str
    level: str


def _known(area: str, day: date, words: str, exact: bool) -> list[FoundPlace]:
    pattern = "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    given = {
        "area": area,
        "day": day,
        "words": words,
        "exact": exact,
        "pattern": pattern,
        "most": SUGGESTED,
    }
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, given)
        return [FoundPlace(*row) for row in cursor.fetchall()]


def find(area: str, day: date, code: str) -> FoundPlace | None:
    """The institution of a code, or None."""
    return next(iter(_known(area, day, code, True)), None)


def suggestions(area: str, day: date, words: str) -> list[FoundPlace]:
    """Institutions of an area whose name holds some words."""
    return _known(area, day, words, False)


def has_places(area: str) -> bool:
    """Whether the registry knows any institution of an area."""
    with connection.cursor() as cursor:
        cursor.execute("select exists (select 1 from institution where area = %s)", [area])
        return bool(cursor.fetchone()[0])
