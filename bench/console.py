"""How long the console's pages take on a large area: `python bench/console.py [--persons N …]`.

On a database of its own: a crowd of persons and settlements (crowd.py), and as many commands as are
asked for, one in a hundred of them waiting. Every page is asked by whoever holds a post for it,
through Django without a network, each time for another person, institution or command. Prints the
95th percentile, and how many statements a page takes at most.
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg import ClientCursor
from rich.progress import track

import crowd

sys.path.insert(0, str(Path(__file__).parent.parent))
from tests import databases
from tests.console.page_client import page_client

from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.ledger.seals import seal_all
from gongji.platform.actors import Actor
from gongji.review.posts import PostGrant, grant_post
from gongji.review.staff import Agency, NewStaff, add_agency, add_staff
from gongji.review.working_days import NewYear, enter_year

AREA, COUNTY = "532300", "532301"
POSTS = (
    "handler",
    "first_reviewer",
    "second_reviewer",
    "audit_officer",
    "administrator",
    "business",
)
"""Each held by one member of staff: their number is its place here, their subject its name."""
FIRST = 1_001
"""The number of the first command; before it are those that granted the posts."""
WAITING_OF = 100
"""One command in so many waits."""
WARM = 3
"""Askings before a page is timed."""
OPENED = 200
"""Persons whose records are open in the session."""
Database = psycopg.Connection[Any]

# A chain of two reviews; command k is about person 1 + k % persons.
_COMMANDS = """
insert into command (id, area, agency, kind, actor_kind, actor, holding, subject_kind, subject,
  content, version, chain, position, state, amount_fen, due_on, made_at, submitted_at, executed_at)
overriding system value
select k, %(area)s, %(county)s, 'manual_reimbursement', 'staff', '1', 1, 'person',
  (1 + k %% %(persons)s)::text,
  jsonb_build_object('psn_no', %(area)s || lpad((1 + k %% %(persons)s)::text, 14, '0'),
    'institution', 'H' || %(area)s || lpad((1 + k %% %(hospitals)s)::text, 5, '0'),
    'number', 'F' || k, 'service_date', (at::date - 10)::text, 'total_fen', 100000 + k %% 1000,
    'in_scope_fen', 90000),
  1, jsonb_build_array(jsonb_build_object('post', 'first_reviewer', 'agency', %(county)s),
    jsonb_build_object('post', 'second_reviewer', 'agency', %(area)s)),
  case when waits then k / %(waiting_of)s %% 2 else 2 end,
  case when waits then 'submitted' else 'executed' end, 40000 + k %% 1000,
  case when waits then %(today)s::date + (k %% 30)::int - 5 end, at, at + interval '1 hour',
  case when waits then null else at + interval '9 days' end
from generate_series(%(first)s::bigint, %(first)s::bigint + %(commands)s - 1) k
cross join lateral (select k %% %(waiting_of)s = 0 as waits,
  %(today)s::timestamptz - (1 + k %% 365) * interval '1 day' as at) w"""
_PERSONS = """
insert into command_person (command, staff, position)
select c.id, 1 + p, p from command c cross join generate_series(0, c.position) p
where c.id >= %(first)s"""
_STEPS = """
insert into step (command, number, round, position, staff, holding, act, at)
select c.id, p + 1, 1, p, 1 + p, 1 + p, case p when 0 then 'submit' else 'approve' end,
  c.submitted_at + p * interval '1 day'
from command c cross join generate_series(0, c.position) p where c.id >= %(first)s"""
_ABOUT = """
insert into command_about (command, person) select id, subject::bigint from command
where id >= %(first)s"""
_LOOKS = """
insert into access_log (at, actor_kind, actor, way, what, person, granted)
select %(now)s::timestamptz - (k %% 86400) * interval '1 second', 'staff', '2', 'look',
  'person', 1 + k %% %(persons)s, true from generate_series(1, %(looks)s::bigint) k"""


def staff(owner: Database) -> None:
    """A prefecture's agency and a county's, and somebody for each post."""
    now, actor = datetime.now(UTC), Actor.operator("bench")
    for code, parent, level in ((AREA, None, "prefecture"), (COUNTY, AREA, "county")):
        made = Agency(code, AREA, parent, level, f"测试经办机构{code}")
        add_agency(owner, made, actor=actor, now=now)
    for year in range(now.year - 1, now.year + 2):
        enter_year(owner, NewYear(year, "测试", ()))
    since = date.today() - timedelta(days=10)
    for number, post in enumerate(POSTS, start=1):
        add_staff(owner, NewStaff(post, f"测试{number}"), actor=actor, now=now)
        where = COUNTY if number < 3 else AREA
        grant_post(owner, PostGrant(number, post, AREA, since, None, where), actor=actor, now=now)


def commands(owner: Database, persons: int, count: int) -> None:
    """The commands and, of today, as many looks as a tenth of them."""
    given: dict[str, Any] = {"area": AREA, "county": COUNTY, "persons": persons}
    given |= {"first": FIRST, "commands": count}
    given |= {"hospitals": crowd.HOSPITALS, "waiting_of": WAITING_OF, "looks": count // 10}
    given |= {"today": date.today(), "now": f"{date.today()} 15:00"}
    with owner.transaction(), ClientCursor(owner) as cursor:
        owner.execute("set local session_replication_role = replica")
        for step in (_COMMANDS, _PERSONS, _STEPS, _ABOUT, _LOOKS):
            cursor.execute(step, given)
    for table in ("command", "command_person", "step", "command_about", "access_log"):
        owner.execute(f"vacuum (analyze) {table}")


def pages(persons: int, count: int, opened: list[int]) -> dict[str, tuple[str, Callable[[], str]]]:
    """The pages: name -> who asks, and an address for another person or command each time."""

    def one(most: int) -> int:
        return random.randint(1, most)

    def person() -> str:
        return f"/console/person/{random.choice(opened)}"

    soon = date.today() + timedelta(days=3)
    return {
        "work list": ("first_reviewer", lambda: "/console/"),
        "work list, a page further on": (
            "first_reviewer",
            lambda: f"/console/?after={soon}_{FIRST + one(count)}",
        ),
        "work list of the prefecture": ("second_reviewer", lambda: "/console/"),
        "what I took in": ("handler", lambda: "/console/"),
        "a command": ("first_reviewer", lambda: f"/console/command/{FIRST - 1 + one(count)}"),
        "search by name": ("handler", lambda: f"/console/persons?q=测试·{one(persons)}"),
        "search by number": ("handler", lambda: f"/console/persons?q={AREA}{one(persons):014d}"),
        "search in vain": ("handler", lambda: f"/console/persons?q=53230119800101{one(9999):04d}"),
        "a person": ("handler", person),
        "institutions": ("handler", lambda: "/console/institutions"),
        "institutions by name": ("handler", lambda: "/console/institutions?q=医院7"),
        "an institution": (
            "handler",
            lambda: f"/console/institution/H{AREA}{one(crowd.HOSPITALS):05d}",
        ),
        "what an institution is owed": (
            "handler",
            lambda: f"/console/institution/H{AREA}{one(crowd.HOSPITALS):05d}/owed",
        ),
        "the day": ("handler", lambda: "/console/day"),
        "rulebooks": ("handler", lambda: "/console/rulebooks"),
        "trail": ("audit_officer", lambda: "/console/trail"),
        "trail of a person": (
            "audit_officer",
            lambda: f"/console/trail?psn_no={AREA}{one(persons):014d}",
        ),
        "posts": ("administrator", lambda: "/console/posts"),
        "coverage": ("administrator", lambda: "/console/coverage"),
        "staff": ("administrator", lambda: "/console/staff"),
        "figures to change": ("business", lambda: "/console/policy"),
        "what I asked for": ("business", lambda: "/console/my-jobs"),
    }


def measure(database: str, persons: int, count: int, rounds: int) -> list[tuple[str, float, int]]:
    """The pages with their 95th percentile in milliseconds and their statements at most."""
    opened = random.sample(range(1, persons + 1), min(persons, OPENED))
    found = []
    for name, (post, address) in track([*pages(persons, count, opened).items()], "pages"):
        with page_client(database, post, opened) as client:
            taken, statements = [], 0
            for _ in range(rounds + WARM):
                begun = time.perf_counter()
                client.page(address())
                taken.append(1000 * (time.perf_counter() - begun))
                statements = max(statements, client.statements)
        found.append((name, statistics.quantiles(taken[WARM:], n=20)[-1], statements))
    return found


def main() -> None:
    """Make the area, ask the pages, print the table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--persons", type=int, default=1_000_000)
    asked.add_argument("--settlements", type=int, default=5_000_000)
    asked.add_argument("--commands", type=int, default=1_000_000)
    asked.add_argument("--rounds", type=int, default=100, help="how often a page is asked")
    given = asked.parse_args()
    area = Areas(Library()).area(AREA)
    with databases.server() as address, databases.copy(address) as made:
        with psycopg.connect(made, autocommit=True) as owner:
            crowd.fill(owner, area, given.persons, given.settlements)
            # As the nightly job does: what an institution is owed is read from the days of seals.
            for _ in seal_all(owner):
                pass
            owner.execute("vacuum (analyze) sealed_day")
            staff(owner)
            commands(owner, given.persons, given.commands)
        rows = measure(made, given.persons, given.commands, given.rounds)
    print(
        f"{given.persons:,} persons, {given.settlements:,} settlements, "
        f"{given.commands:,} commands; each page {given.rounds} times\n\n"
        "| page | 95 of 100, ms | statements |\n| --- | ---: | ---: |"
    )
    for name, milliseconds, statements in rows:
        print(f"| {name} | {milliseconds:.0f} | {statements} |")


if __name__ == "__main__":
    main()
