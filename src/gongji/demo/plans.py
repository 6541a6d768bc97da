"""Who comes to which counter on a day of the demonstration: chosen from the made-up county.

The client then settles these plans by the interface alone; this module only says who would come.
"""

import random
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import psycopg
from psycopg.rows import dict_row

from gongji.hospital.client import Hospital, Item
from gongji.hospital.day import Plan
from gongji.platform.identity import Identity

Row = dict[str, Any]
Connection = psycopg.Connection[Any]

INSTITUTIONS = """
select i.code, i.name, i.kind, i.area, l.details->>'level' as level, c.access_key, c.secret
from institution i
join credential c on c.institution = i.code and c.revoked_at is null
join institution_fact l on l.institution = i.code and l.kind = 'level' and l.retired_at is null
  and l.since <= %(day)s and (l.until is null or l.until > %(day)s)
join institution_fact a on a.institution = i.code and a.kind = 'agreement' and a.retired_at is null
  and a.since <= %(day)s and (a.until is null or a.until > %(day)s)
  and (a.details->>'qualified')::boolean
where i.area = %(area)s and coalesce(l.details->>'parent', '') = '' order by i.code
"""

PERSONS = """
select p.id, p.psn_no, p.certificate, s.details->>'status' as status,
  (select jsonb_agg(jsonb_build_object('code', r.key, 'name', r.details->>'name',
                                       'benefit', r.details->>'benefit'))
   from person_fact r where r.person_id = p.id and r.kind = 'registration'
     and r.retired_at is null and r.details->>'state' = 'approved'
     and r.since <= %(day)s and (r.until is null or r.until > %(day)s)) as registrations,
  (select c.details->>'institution' from person_fact c where c.person_id = p.id
     and c.kind = 'selection' and c.retired_at is null and c.since <= %(day)s
     and (c.until is null or c.until > %(day)s)) as selected,
  exists (select 1 from person_fact b where b.person_id = p.id and b.kind = 'bond'
     and b.retired_at is null) as bound
from person p
join person_fact s on s.person_id = p.id and s.kind = 'insured' and s.retired_at is null
  and s.since <= %(day)s and (s.until is null or s.until > %(day)s)
where p.area = %(area)s and p.certificate_kind = '01'
"""

ITEMS = """
select item, name, list_type,
       coalesce(listing_fen, standard_fen, standard_3_fen, 3000) as price_fen,
       negotiated, dual_channel, diseases
from item_version where area = %(area)s and retired_at is null and not restricted
  and since <= %(day)s and (until is null or until > %(day)s)
"""


class County:
    """What the plans of one area are chosen from."""

    def __init__(self, connection: Connection, identity: Identity, area: str, at: datetime) -> None:
        given = {"area": area, "day": at.date()}
        with connection.cursor(row_factory=dict_row) as cursor:
            self.institutions = cursor.execute(INSTITUTIONS, given).fetchall()
            self.persons = cursor.execute(PERSONS, given).fetchall()
            self.items = cursor.execute(ITEMS, given).fetchall()
        self.identity, self.area, self.at = identity, area, at
        self.hospitals: dict[str, Hospital] = {}

    def system(self, address: str, row: Row, clock: Any) -> Hospital:
        """The system of an institution, one for all its visits."""
        if row["code"] not in self.hospitals:
            secret = self.identity.decrypt(row["secret"])
            self.hospitals[row["code"]] = Hospital(
                address, row["code"], row["name"], self.area, row["access_key"], secret, clock
            )
        return self.hospitals[row["code"]]

    def of(self, kind: str, *levels: str) -> list[Row]:
        """The institutions of a kind and of these levels."""
        found = [row for row in self.institutions if row["kind"] == kind]
        return [row for row in found if not levels or row["level"] in levels]


def plans(county: County, address: str, count: int, seed: int) -> list[Plan]:
    """The plans of a day in an area: ordinary visits mostly, some of every other kind."""
    rng = random.Random(f"{seed}-{county.area}")
    ticks = (county.at + timedelta(minutes=3 * minute) for minute in range(10_000_000))
    clock = partial(next, ticks)
    made: list[Plan] = []
    persons = rng.sample(county.persons, len(county.persons))
    for row in persons:
        made += _plan(county, rng, address, row, clock, len(made))
        if len(made) >= count:
            break
    return made


def _plan(
    county: County, rng: random.Random, address: str, row: Row, clock: Any, number: int
) -> Iterator[Plan]:
    certificate = county.identity.decrypt(row["certificate"])
    accounts = "2" if row["bound"] else "1"
    registrations = row["registrations"] or []
    if registrations and rng.random() < 0.8:
        chosen = rng.choice(registrations)
        where = rng.choice(county.of("hospital", "2", "3"))
        med_type = "14" if chosen["benefit"] in ("chronic", "special") else "11"
        items = _items(county, rng, chosen["code"])
        disease = (chosen["code"], chosen["name"]) if med_type == "14" else ("", "")
        why = f"门诊慢特病：{chosen['name']}" if med_type == "14" else "普通门诊"
        yield Plan(
            county.system(address, where, clock),
            certificate,
            why,
            med_type,
            items,
            disease,
            accounts,
        )
    elif number % 6 == 5 and county.of("pharmacy"):
        prescriber = rng.choice(county.of("hospital"))["code"]
        # A prescription is used once, and the demonstration may be shown again.
        items = _items(county, rng, "", f"RX{secrets.token_hex(5).upper()}", prescriber)
        where = rng.choice(county.of("pharmacy"))
        yield Plan(
            county.system(address, where, clock),
            certificate,
            "凭处方在药店购药",
            "41",
            items,
            accounts=accounts,
        )
    else:
        hospitals = county.of("hospital")
        where = next((h for h in hospitals if h["code"] == row["selected"]), rng.choice(hospitals))
        yield Plan(
            county.system(address, where, clock),
            certificate,
            "普通门诊",
            "11",
            _items(county, rng, ""),
            accounts=accounts,
            cancels=number % 10 == 7,
        )


def _items(
    county: County, rng: random.Random, disease: str, prescription: str = "", prescriber: str = ""
) -> tuple[Item, ...]:
    """Some items: those of the disease if there are any, otherwise ordinary ones."""
    ordinary = [row for row in county.items if not row["negotiated"] and not row["dual_channel"]]
    pool = [row for row in ordinary if disease and disease in (row["diseases"] or [])]
    pool = pool or [row for row in ordinary if not row["diseases"]]
    if prescription:
        pool = [row for row in pool if row["list_type"].startswith("1")] or pool
    made = []
    for row in rng.sample(pool, min(len(pool), rng.randint(1, 5))):
        quantity = rng.randint(1, 3)
        fen = max(100, int(row["price_fen"]) * rng.randint(80, 105) // 100)
        made.append(
            Item(
                row["item"],
                f"OWN-{row['item']}"[:30],
                str(quantity),
                f"{fen / 100:.2f}",
                f"{fen * quantity / 100:.2f}",
                prescription,
                prescriber,
            )
        )
    return tuple(made)
