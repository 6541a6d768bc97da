"""The trail as it is read: who looked at what and who did what, by days, account and person.

Law:     《个人信息保护法》 第五十一条, 国务院令第735号 第三十二条.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec
import psycopg

from gongji.platform import trail
from gongji.platform.actors import KINDS
from gongji.platform.identity import mask_number
from gongji.review.trail_words import said_what
from gongji.units import CHINA

Connection = psycopg.Connection[Any]
Key = tuple[datetime, int]
WAYS = {
    trail.ACT: "办理",
    trail.LOOK: "查看",
    trail.LIST: "列表",
    trail.EXPORT: "导出",
    trail.FLAG: "提请监管",
}
HEAD = ("时间", "身份", "谁", "方式", "什么", "原因", "准许", "行数", "参保人")
_AMONG = """from access_log l left join person p on p.id = l.person
where l.at >= %(since)s and l.at < %(until)s and (%(actor)s = '' or l.actor = %(actor)s)
  and (%(psn_no)s = '' or p.psn_no = %(psn_no)s)
  and (p.area = any(%(areas)s)
    or l.actor_kind = 'staff' and l.actor in (
      select s.subject from staff s join post_holding h on h.staff = s.id
      join post_area a on a.holding = h.id where a.area = any(%(areas)s))
    or l.actor_kind = 'institution' and l.actor in (
      select code from institution where left(area, 4) = any(%(places)s))
    or l.person is null and l.actor_kind in ('job', 'operator'))"""
"""Of an area is what is of its persons, or was done by its staff or its institutions; what the
operator and jobs did of nobody is everyone's."""
_FOUND = f"""select l.at, l.id, l.actor_kind, l.actor, l.way, l.what, l.reason, l.granted, l.rows,
  p.psn_no {_AMONG} and (l.at, l.id) < (%(at)s, %(id)s)
order by l.at desc, l.id desc limit %(most)s"""
_COUNT = f"select count(*) {_AMONG}"


class TrailSought(msgspec.Struct, frozen=True):
    """What is asked of the trail: days, both counted, of some areas.

    Shape:   `actor` an account and `psn_no` a person's number; empty: any.
    """

    first: date
    last: date
    areas: tuple[str, ...]
    actor: str = ""
    psn_no: str = ""

    @property
    def end(self) -> datetime:
        """The instant before which everything sought is."""
        return datetime.combine(self.last + timedelta(days=1), time(), CHINA)

    @property
    def values(self) -> dict[str, Any]:
        """What the statements are given."""
        since = datetime.combine(self.first, time(), CHINA)
        return {
            "since": since,
            "until": self.end,
            "actor": self.actor,
            "psn_no": self.psn_no,
            "areas": list(self.areas),
            "places": [area[:4] for area in self.areas],
        }


class TrailRow(msgspec.Struct, frozen=True):
    """A row of the trail: its key, and what is told of it, by the columns of HEAD."""

    key: Key
    told: tuple[str, ...]


def count(connection: Connection, sought: TrailSought) -> int:
    """How many rows are sought."""
    row = connection.execute(_COUNT, sought.values).fetchone()
    return int(row[0]) if row else 0


def search(
    connection: Connection, sought: TrailSought, before: Key | None, most: int
) -> list[TrailRow]:
    """A page of the trail, the newest first."""
    at, number = before or (sought.end, 0)
    values = sought.values | {"at": at, "id": number, "most": most}
    return [_row(*row) for row in connection.execute(_FOUND, values)]


def every(connection: Connection, sought: TrailSought, lot: int) -> Iterator[list[TrailRow]]:
    """Everything sought, some rows at a time."""
    before: Key | None = None
    while rows := search(connection, sought, before, lot):
        yield rows
        before = rows[-1].key


def _row(at: datetime, number: int, kind: str, actor: str, *rest: Any) -> TrailRow:
    way, what, reason, granted, rows, psn_no = rest
    when = at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S")
    said = "是" if granted else "否"
    who = mask_number(psn_no) if psn_no else ""
    words = WAYS.get(way, way)
    told = (when, KINDS[kind], actor, words, said_what(what), reason, said, str(rows), who)
    return TrailRow((at, number), told)
