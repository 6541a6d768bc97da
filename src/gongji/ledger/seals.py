"""Seals: what was entered, numbered without a gap and chained, so that a later change is found.

An entry is numbered once every transaction older than its own has ended, whatever its date, so
nothing can slip in between two numbers afterwards. The hash of an entry covers the entry, its
settlement and its postings; columns and encoding are listed by version, and an old seal is verified
by the version that made it. With each link goes what institutions did by the day (`sealed_day`).
This module does not know where else a seal is kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from gongji.ledger.found_differences import Difference

Connection = psycopg.Connection[Any]

ENCODING = 1
ALGORITHM = "sha256"
LOT = 50_000
"""How many entries a seal takes at most."""
LAST_XACT = str(2**64 - 1)
"""No transaction has a higher number."""
BEGINNING = bytes(32)
"""What the first seal of an area names as the one before."""

COLUMNS: dict[int, dict[str, tuple[str, ...]]] = {
    1: {
        "entry": (
            *("id", "area", "kind", "origin", "origin_key", "person", "institution"),
            *("service_date", "accounting_date", "made_at", "actor_kind", "actor", "holding"),
            *("command", "cause", "reverses", "law", "meters"),
        ),
        "settlement": (
            *("visit", "benefit", "total_fen", "above_standard_fen", "wholly_own_fen"),
            *("first_self_pay_fen", "in_scope_fen", "deductible_fen", "pool_fen"),
            *("supplements_fen", "account_fen", "family_fen", "cash_fen", "borne_fen"),
            *("owed_fen", "facts", "result", "rulebook", "law_hash", "engine"),
        ),
        "posting": (
            *("number", "area", "fund", "debit", "debit_owner", "credit", "credit_owner"),
            *("amount_fen", "benefit", "article"),
        ),
    }
}
"""The columns that a version of the encoding covers, by table."""


def _row(alias: str, columns: tuple[str, ...]) -> str:
    return f"jsonb_build_array({', '.join(f'{alias}.{column}' for column in columns)})"


def _leaf(version: int) -> str:
    """The hash of an entry `e` as SQL: a JSON text of all its rows, in UTC."""
    columns = COLUMNS[version]
    return f"""sha256(convert_to(jsonb_build_array(
  {_row("e", columns["entry"])},
  (select {_row("s", columns["settlement"])} from settlement s where s.entry = e.id),
  (select jsonb_agg({_row("p", columns["posting"])} order by p.number)
    from posting p where p.entry = e.id))::text, 'UTF8'))"""


_LAST = """select number, last, hash, through_xact::text from seal where area = %s
order by number desc limit 1"""
_TAKE = f"""insert into sealed (area, number, entry, hash)
select e.area, %(last)s + row_number() over (order by e.xact, e.id), e.id, {_leaf(ENCODING)}
from (
  select * from entry e
  where area = %(area)s and xact >= %(since)s::xid8 and xact < %(until)s::xid8
    and not exists (select 1 from sealed d where d.entry = e.id)
  order by xact, id limit %(lot)s) e"""
_CHAIN = """insert into seal (area, number, through_xact, first, last, encoding, algorithm, hash,
  previous)
select %(area)s, %(number)s, case when %(whole)s then %(until)s::xid8 else (
    select e.xact from sealed d join entry e on e.id = d.entry
    where d.area = %(area)s order by d.number desc limit 1) end,
  %(last)s + 1, %(last)s + %(count)s, %(encoding)s, %(algorithm)s,
  sha256(%(previous)s || coalesce(string_agg(hash, ''::bytea order by number), ''::bytea)),
  %(previous)s
from sealed where area = %(area)s and number > %(last)s
returning number, first, last, hash"""


@dataclass(frozen=True)
class Seal:
    """A link of an area's chain: which entries it took, and its hash."""

    area: str
    number: int
    first: int
    last: int
    hash: bytes


def seal(connection: Connection, area: str, restored: bool = False) -> Iterator[Seal]:
    """Seal what can be sealed of an area, some entries a transaction; gives the links made.

    The caller holds no transaction. Two that seal at once wait for each other. `restored`: see
    `seal_restored`.
    Ensures: every entry of a transaction that had ended before the call is sealed after it, but for
             those that were entered while an older transaction still runs.
    """
    while True:
        with connection.transaction():
            made, whole = _link(connection, area, restored)
        if made:
            yield made
        if whole:
            return


def seal_restored(connection: Connection) -> None:
    """Seal whatever is not sealed in a database that was loaded from a dump, and begin anew there.

    The numbers of transactions begin anew on another server; so nothing may be left that was
    entered under an old one. Nobody else may be entering anything.
    """
    for _ in seal_all(connection, restored=True):
        pass


def seal_all(connection: Connection, restored: bool = False) -> Iterator[Seal]:
    """Seal every area that has entries."""
    for (area,) in connection.execute("select distinct area from entry order by 1").fetchall():
        yield from seal(connection, area, restored)


def _link(connection: Connection, area: str, restored: bool) -> tuple[Seal | None, bool]:
    """One more link, if there is anything to take; and whether all has been taken.

    `restored`: whatever the transaction that entered it; then there is a link in any case.
    """
    connection.execute("set local timezone = 'UTC'")
    connection.execute("select pg_advisory_xact_lock(hashtextextended('seal ' || %s, 0))", [area])
    number, last, previous, since = connection.execute(_LAST, [area]).fetchone() or (
        0,
        0,
        BEGINNING,
        "0",
    )
    row = connection.execute("select pg_snapshot_xmin(pg_current_snapshot())::text").fetchone()
    assert row is not None
    values: dict[str, Any] = {"area": area, "last": last, "since": since, "until": row[0]}
    span = {"since": "0", "until": LAST_XACT} if restored else {}
    count = connection.execute(_TAKE, {**values, **span, "lot": LOT}).rowcount
    if not count and not restored:
        return None, True
    whole = count < LOT
    values |= {"number": number + 1, "count": count, "previous": previous, "whole": whole}
    values |= {"encoding": ENCODING, "algorithm": ALGORITHM}
    made = connection.execute(_CHAIN, values).fetchone()
    assert made is not None
    connection.execute("select sum_sealed_days(%(area)s, %(number)s)", values)
    return Seal(area, *made), whole


def verify_seals(connection: Connection, area: str = "") -> Iterator[Difference]:
    """Where the chain does not fit: what was changed, taken out or slipped in since it was sealed.

    The caller is in a transaction that sees one snapshot.
    Shape:   check `seal`; `what` is the entry (`entry`), its place (`number`), a link (`hash`,
             `previous`), an entry that was added behind the seals (`added`), or what is kept of
             an institution's day (`day`).
    """
    connection.execute("set local timezone = 'UTC'")
    links = connection.execute(_LINKS, [area, area]).fetchall()
    end: dict[str, tuple[int, int, bytes]] = {}
    for code, number, first, last, encoding, algorithm, kept, previous in links:
        before = end.get(code, (0, 0, BEGINNING))
        if (number, first, previous) != (before[0] + 1, before[1] + 1, before[2]):
            yield _difference(code, None, f"previous {number}", previous.hex(), before[2].hex())
        end[code] = (number, last, kept)
        if encoding not in COLUMNS or algorithm != ALGORITHM:
            yield _difference(code, None, f"encoding {number}", f"{encoding} {algorithm}", "")
            continue
        yield from _verify_link(connection, code, (number, first, last), encoding, kept, previous)
    for code, entry in connection.execute(_ADDED, [area, area]).fetchall():
        yield _difference(code, entry, "added", "", "")
    for code, what, kept, rebuilt in connection.execute(_DAYS, {"area": area}).fetchall():
        yield _difference(code, None, f"day {what}", kept, rebuilt)


_LINKS = """select area, number, first, last, encoding, algorithm, hash, previous from seal
where %s = '' or area = %s order by area, number"""
_HASH = """select sha256(%s || coalesce(string_agg(hash, ''::bytea order by number), ''::bytea)),
  count(*) from sealed where area = %s and number between %s and %s"""
_ADDED = """select e.area, e.id from entry e
join (select distinct on (area) area, through_xact as through from seal
  order by area, number desc) s on s.area = e.area
where (e.xact < s.through or e.xact >= pg_snapshot_xmax(pg_current_snapshot()))
  and (%s = '' or e.area = %s)
  and not exists (select 1 from sealed d where d.entry = e.id) order by 1, 2"""


DAY_SUMS = (
    *("settlements", "total_fen", "pool_fen", "supplements_fen", "account_fen", "cash_fen"),
    *("borne_fen", "owed_fen"),
)
"""What is kept of an institution's day."""
_DAYS = f"""
with kept as (
  select area, institution, accounting_date as day, benefit,
    {", ".join(f"sum({name})::bigint as {name}" for name in DAY_SUMS)}
  from sealed_day where %(area)s in ('', area) group by 1, 2, 3, 4),
rebuilt as (
  select e.area, e.institution, e.accounting_date as day, s.benefit,
    sum(case e.kind when 'settlement' then 1 else -1 end)::bigint as settlements,
    sum(s.total_fen)::bigint as total_fen, sum(s.pool_fen)::bigint as pool_fen,
    sum(s.supplements_fen)::bigint as supplements_fen,
    sum(s.account_fen + s.family_fen)::bigint as account_fen,
    sum(s.cash_fen)::bigint as cash_fen, sum(s.borne_fen)::bigint as borne_fen,
    sum(s.total_fen - s.cash_fen - s.borne_fen)::bigint as owed_fen
  from sealed d join entry e on e.id = d.entry join settlement s on s.entry = e.id
  where e.kind in ('settlement', 'cancellation') and %(area)s in ('', d.area)
  group by 1, 2, 3, 4)
select area, institution || ' ' || day || ' ' || benefit || ' ' || x.what, x.kept::text,
  x.rebuilt::text
from kept k full join rebuilt r using (area, institution, day, benefit)
cross join lateral (values
  {", ".join(f"('{n}', coalesce(k.{n}, 0), coalesce(r.{n}, 0))" for n in DAY_SUMS)}
) as x(what, kept, rebuilt)
where x.kept <> x.rebuilt order by 1, 2"""
"""What is kept of institutions' days otherwise than what was sealed of them."""


def _verify_link(
    connection: Connection,
    area: str,
    place: tuple[int, int, int],
    encoding: int,
    kept: bytes,
    previous: bytes,
) -> Iterator[Difference]:
    number, first, last = place
    row = connection.execute(_HASH, [previous, area, first, last]).fetchone()
    assert row is not None
    if row[0] != kept:
        yield _difference(area, None, f"hash {number}", kept.hex(), row[0].hex())
    if row[1] != last - first + 1:
        yield _difference(area, None, f"number {number}", str(last - first + 1), str(row[1]))
    changed = f"""select d.entry, d.hash, h.hash from sealed d
      left join entry e on e.id = d.entry
      cross join lateral (select case when e.id is not null then {_leaf(encoding)} end) h(hash)
      where d.area = %s and d.number between %s and %s and h.hash is distinct from d.hash
      order by d.number"""
    for entry, was, found in connection.execute(changed, [area, first, last]).fetchall():
        yield _difference(area, entry, "entry", was.hex(), found.hex() if found else "")


def _difference(area: str, entry: int | None, what: str, kept: str, rebuilt: str) -> Difference:
    return Difference("seal", area, "", entry, what, kept, rebuilt)
