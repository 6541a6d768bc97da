"""Institutions to choose from: their kind and level on a day, as the registry knows them.

People look for them by name, as they call them: the signs of what they type are found in order,
with others between (县医院 finds 双柏县人民医院).
"""

from dataclasses import dataclass
from datetime import date

from django.db import connection

SUGGESTED, LONGEST = 20, 50
"""How many are offered, and how many signs of what is typed are looked for."""

_ON_THE_DAY = """{fact}.kind = 'level' and {fact}.retired_at is null
  and {fact}.since <= %(day)s and ({fact}.until is null or {fact}.until > %(day)s)"""
_AGREED = """exists (select 1 from institution_fact a where a.institution = i.code
  and a.kind = 'agreement' and a.retired_at is null{on_the_day})"""
_NOW = " and a.since <= %(day)s and (a.until is null or a.until > %(day)s)"
# The level that counts is that of the physical institution (楚政规〔2022〕2号 第二十九条,
# 邵市政办发〔2022〕22号 第十四条), as `settlement.engine_row.Standing` says it too. An agreement
# has ended where there were agreements and none holds.
KNOWN = f"""
select * from (
  select i.code, i.name, i.kind,
    coalesce(nullif(p.details->>'level', ''), l.details->>'level', '') as level,
    {_AGREED.format(on_the_day="")} and not {_AGREED.format(on_the_day=_NOW)} as ended,
    i.name like %(together)s as together
  from institution i
  left join institution_fact l on l.institution = i.code and {_ON_THE_DAY.format(fact="l")}
  left join institution_fact p on p.institution = nullif(l.details->>'parent', '')
    and {_ON_THE_DAY.format(fact="p")}
  where i.area = %(area)s
    and (i.code = %(words)s or i.name = %(words)s or (not %(exact)s and i.name like %(pattern)s))
) found
where %(exact)s or not ended
order by code <> %(words)s, not together, name, code limit %(most)s"""


@dataclass(frozen=True)
class FoundPlace:
    """An institution: its level is that of the physical one where it is an Internet hospital."""

    code: str
    name: str
    kind: str
    level: str
    ended: bool = False
    """Whether its agreement has ended."""


def _escaped(words: str) -> list[str]:
    """The signs of words, those that a pattern reads otherwise escaped."""
    return ["\\" + sign if sign in "\\%_" else sign for sign in words]


def _known(area: str, day: date, words: str, exact: bool) -> list[FoundPlace]:
    signs = _escaped("".join(words.split()))
    given = {
        "area": area,
        "day": day,
        "words": words,
        "exact": exact,
        "pattern": f"%{'%'.join(signs)}%",
        "together": f"%{''.join(signs)}%",
        "most": SUGGESTED,
    }
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, given)
        return [FoundPlace(*row[:5]) for row in cursor.fetchall()]


def find(area: str, day: date, said: str) -> FoundPlace | None:
    """The institution of a code or of a name that only one has, or None.

    Names that several have are offered with the code behind: 县人民医院（H53230000001）.
    """
    name, bracket, code = said.removesuffix("）").rpartition("（")
    for words in (said, code if bracket and name else ""):
        found = _known(area, day, words, True) if words else []
        named = [one for one in found if one.code == words] or found
        if len(named) == 1:
            return named[0]
    return None


def suggestions(area: str, day: date, words: str) -> list[FoundPlace]:
    """Institutions of an area whose agreement has not ended and whose name holds some words."""
    return _known(area, day, words[:LONGEST], False)


MOST_LIKELY = 5
"""Institutions offered for a name that is none's."""


def likely(area: str, day: date, words: str) -> list[str]:
    """What a half-remembered name may mean, as it is chosen."""
    return labels(suggestions(area, day, words))[:MOST_LIKELY]


def labels(found: list[FoundPlace]) -> list[str]:
    """How each is chosen: its name, with the code where others of the same name are there."""
    names = [one.name for one in found]
    return [f"{one.name}（{one.code}）" if names.count(one.name) > 1 else one.name for one in found]


def has_places(area: str) -> bool:
    """Whether the registry knows any institution of an area."""
    with connection.cursor() as cursor:
        cursor.execute("select exists (select 1 from institution where area = %s)", [area])
        return bool(cursor.fetchone()[0])
