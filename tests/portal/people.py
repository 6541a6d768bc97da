"""A made-up family in a database of its own, and copies of that database.

A copy costs half a second, so tests that change nothing share one; what signing in leaves there is
taken away after each of them.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tests.platform.counter import OPERATOR, Counter

ROLE = "-c role=gongji_gateway -c timezone=UTC"


@dataclass(frozen=True)
class Family:
    """A person with settlements, a spouse with an account, and a stranger with a settlement."""

    person: str
    spouse: str
    stranger: str
    settled: int
    strangers: int


def settle_down(address: str) -> Family:
    """People, settlements and a catalogue in an empty database."""
    from gongji.law.engine.areas import Areas
    from gongji.ledger.openings import OpeningBalance, enter
    from gongji.settlement.settle import settle

    rules = Areas()
    now = datetime.fromisoformat("2023-03-01T02:00:00+00:00")
    with psycopg.connect(address, autocommit=True) as owner:
        counter = Counter(owner, "430500")
        persons = [counter.person(n) for n in (1, 2, 3)]
        for psn_no, name in zip(persons, ("测试·甲", "测试·乙", "测试·丙"), strict=True):
            owner.execute("update person set name = %s where psn_no = %s", [name, psn_no])
            counter.fact(psn_no, "account", "2023-01-01")
        opened = date(2023, 1, 1)
        openings = [OpeningBalance(p, "430500", opened, "account", 50_000) for p in persons]
        enter(owner, openings, rules.area, now, actor=OPERATOR)
        hospital = counter.institution(1, level="3")
        counter.fact(
            persons[0],
            "registration",
            "2023-01-01",
            key="M03900",
            benefit="chronic",
            disease="hypertension",
            name="高血压",
            state="approved",
        )
        bills = [
            counter.bill(persons[0], hospital, "2023-02-01", 80_000, own=5_000, accounts="own"),
            counter.bill(persons[2], hospital, "2023-02-02", 60_000),
        ]
        _catalogue(owner)
        with psycopg.connect(address, options=ROLE, autocommit=True) as gateway:
            outcomes = settle(gateway, bills, rules, now)
    numbers = [outcome.entry.id for outcome in outcomes]
    return Family(persons[0], persons[1], persons[2], *numbers)


def _catalogue(owner: psycopg.Connection[Any]) -> None:
    for item, grade, share in (("T001", "甲", None), ("T002", "乙", 100_000), ("T003", "丙", None)):
        owner.execute(
            "insert into item_version (area, item, name, list_type, charge_type, since, grade,"
            " first_self_pay_ppm, diseases) values ('430500', %s, %s, '101', '09', '2022-01-01',"
            " %s, %s, '{}')",
            [item, f"测试药{item}", grade, share],
        )


def counter_of(owner: psycopg.Connection[Any], area: str = "430500") -> Counter:
    """A counter that knows who is there already."""
    found = owner.execute("select psn_no, id from person where area = %s", [area]).fetchall()
    return Counter(owner, area, dict(found), messages=1000)


@contextmanager
def copy_of(address: str) -> Iterator[str]:
    """A copy of a database that nobody is connected to: the owner's address of it."""
    name = f"gongji_pages_{uuid.uuid4().hex[:12]}"
    template = conninfo_to_dict(address)["dbname"]
    server = make_conninfo(address, dbname="postgres")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'create database "{name}" template "{template}"')
    try:
        yield make_conninfo(address, dbname=name)
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'drop database "{name}" with (force)')


KEPT = (
    "person",
    "person_fact",
    "institution",
    "institution_fact",
    "item_version",
    "entry",
    "visit",
)


def facts_kept(address: str) -> Any:
    """How many rows there are of what the pages may change or show."""
    counts = ", ".join(f"(select count(*) from {table})" for table in KEPT)
    retired = "(select count(*) from person_fact where retired_at is not null)"
    with psycopg.connect(address) as connection:
        return connection.execute(f"select {counts}, {retired}").fetchone()


def forget_visitors(address: str) -> None:
    """Take away sessions and users."""
    tables = (
        "django_session",
        "socialaccount_socialtoken",
        "socialaccount_socialaccount",
        "account_emailaddress",
        "auth_user",
    )
    with psycopg.connect(address, autocommit=True) as connection:
        for table in tables:
            connection.execute(f"delete from {table}")
