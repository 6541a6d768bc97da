"""What the database itself refuses, whoever asks."""

from typing import Any

import psycopg
import pytest

ENTRY = """insert into entry (area, kind, service_date, accounting_date, actor_kind, actor)
values ('430500', 'settlement', %s, %s, 'institution', 'H1') returning id"""
BESIDE = "insert into settlement (entry, total_fen, in_scope_fen, pool_fen) values (%s, %s, 5, 5)"
POSTING = """insert into posting (entry, number, area, fund, debit, credit, amount_fen)
values (%s, 1, '430500', 'pool', 'pool', 'provider', %s)"""

Connection = psycopg.Connection[Any]


def _entry(connection: Connection, day: str = "2024-01-15") -> int:
    row = connection.execute(ENTRY, [day, day]).fetchone()
    assert row
    return int(row[0])


@pytest.mark.parametrize(
    "statement",
    [
        "update settlement set total_fen = 1, cash_fen = 1",
        "delete from entry",
        "truncate entry cascade",
        "update posting set amount_fen = 1",
        "delete from posting",
        "truncate posting",
    ],
)
def test_the_journal_only_grows_even_for_its_owner(
    owner: Connection, gateway: Connection, statement: str
) -> None:
    with gateway.transaction():
        entry = _entry(gateway)
        gateway.execute(BESIDE, [entry, 5])
        gateway.execute(POSTING, [entry, 5])
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        gateway.execute(statement)
    with pytest.raises(psycopg.errors.RestrictViolation, match="只增不改"):
        owner.execute(statement)


def test_a_closed_period_takes_no_entry(owner: Connection, gateway: Connection) -> None:
    owner.execute(
        "insert into closed_period (area, month, actor_kind, actor)"
        " values ('430500', '2024-01-01', 'operator', 't')"
    )
    with pytest.raises(psycopg.errors.CheckViolation, match="2024-01 已经关闭"):
        _entry(gateway)
    assert _entry(gateway, "2024-02-01")


def test_the_gateways_cannot_close_or_reopen_a_period(gateway: Connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        gateway.execute(
            "insert into closed_period (area, month, actor_kind, actor)"
            " values ('430500', '2024-01-01', 'operator', 't')"
        )


@pytest.mark.parametrize("amount", [0, -1])
def test_a_posting_moves_more_than_nothing(gateway: Connection, amount: int) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="posting_positive"):
        gateway.execute(POSTING, [_entry(gateway), amount])


def test_money_is_conserved_by_the_database(gateway: Connection) -> None:
    with (
        pytest.raises(psycopg.errors.CheckViolation, match="settlement_conserves"),
        gateway.transaction(),
    ):
        gateway.execute(BESIDE, [_entry(gateway), 6])


def test_no_account_goes_negative(owner: Connection, gateway: Connection) -> None:
    owner.execute(PERSON)
    with pytest.raises(psycopg.errors.CheckViolation, match="balance_holds"):
        gateway.execute(
            "insert into balance (area, person, kind, amount_fen)"
            " values ('430500', 1, 'account', -1)"
        )


PERSON = """insert into person (id, psn_no, area, name, certificate, certificate_hash)
overriding system value values (1, '43050000000000000001', '430500', '测试甲', '', '')"""
FACT = """insert into person_fact (person_id, area, kind, key, since, until, details)
values (1, '430500', 'insured', '', %s, %s, '{"status": "active"}')"""


def test_two_facts_of_a_kind_never_overlap(owner: Connection) -> None:
    owner.execute(PERSON)
    owner.execute(FACT, ["2023-01-01", "2024-01-01"])
    owner.execute(FACT, ["2024-01-01", None])
    with pytest.raises(psycopg.errors.ExclusionViolation):
        owner.execute(FACT, ["2023-06-01", "2023-07-01"])
    owner.execute("update person_fact set retired_at = clock_timestamp() where until is null")
    owner.execute(FACT, ["2024-02-01", None])


@pytest.mark.parametrize(
    "statement",
    ["update person_fact set since = '2022-01-01'", "delete from person_fact"],
)
def test_facts_are_added_and_retired_only(owner: Connection, statement: str) -> None:
    owner.execute(PERSON)
    owner.execute(FACT, ["2023-01-01", None])
    with pytest.raises(psycopg.errors.RestrictViolation):
        owner.execute(statement)
