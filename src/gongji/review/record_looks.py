"""Who looked at a person's record, as the person may know it: when, which office, what, why.

Of members of staff the post and the agency are told and no name: the law asks for who handled
information by office and purpose, and staff answer for it inside (《个人信息保护法》 第四十四条,
第五十条; the trail itself has everyone).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from gongji.institutions.institution_rows import institutions_of
from gongji.platform.actors import KINDS as ACTORS
from gongji.review.trail_words import BY_INSTITUTIONS, OWN_PAGES, REASONS, said_what

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class RecordLook:
    """Somebody looked at a record, did something about it, or was refused.

    Shape:   `posts` and `agencies` those that were held on that day; of an institution `actor` is
             its code, else empty.
    """

    at: datetime
    actor_kind: str
    actor: str
    way: str
    what: str
    reason: str
    granted: bool
    posts: str
    agencies: str


_LOOKS = """
select l.at, l.actor_kind, case when l.actor_kind = 'institution' then l.actor else '' end,
  l.way, l.what, l.reason, l.granted, coalesce(h.posts, ''), coalesce(h.agencies, '')
from access_log l
left join lateral (
  select string_agg(distinct p.words, '、') as posts, string_agg(distinct g.name, '、') as agencies
  from staff s join post_holding o on o.staff = s.id and o.retired_at is null
    and o.during @> (l.at at time zone 'Asia/Shanghai')::date
  join post p on p.code = o.post join post_area a on a.holding = o.id
  left join agency g on g.area = a.area
    and (g.code = a.agency or a.agency = '' and g.level = 'prefecture')
  where l.actor_kind = 'staff' and s.subject = l.actor and (l.holding is null or o.id = l.holding)
) h on true
where l.person = %s and (l.actor_kind = 'person') = %s order by l.at desc, l.id desc limit %s"""


def who_looked(
    connection: Connection, person: int, own: bool = False, most: int = 200
) -> list[RecordLook]:
    """Who else looked at a person's record, or when they did `own`; the last first."""
    return [RecordLook(*row) for row in connection.execute(_LOOKS, [person, own, most])]


def looks_told(
    connection: Connection, person: int, own: bool = False, most: int = 200
) -> list[dict[str, Any]]:
    """The same in words, as the person's pages and papers show it."""
    found = who_looked(connection, person, own, most)
    codes = {one.actor for one in found if one.actor}
    names = {one.code: one.name for one in institutions_of(connection, codes)}
    return [
        {
            "at": one.at,
            "who": names.get(one.actor) or ACTORS.get(one.actor_kind, one.actor_kind),
            "posts": one.posts,
            "agencies": one.agencies,
            "what": _looked_at(one),
            "reason": REASONS.get(one.reason, one.reason),
            "granted": one.granted,
        }
        for one in found
    ]


def _looked_at(one: RecordLook) -> str:
    """What was looked at, in words; the numbers of entries and commands stay out."""
    if one.actor_kind == "person":
        return OWN_PAGES.get(one.what, "我的")
    if one.actor_kind == "institution":
        return BY_INSTITUTIONS.get(one.what[:2], "就医信息")
    return said_what(one.what.partition(" ")[0])
