"""Verification tells of each thing that was forged behind the triggers, and of nothing else."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from tests.platform import books
from tests.platform.books import AREA, FAR, FEB_28, HOSPITAL, MAR_1, OTHER, YEAR, Told, forge, told

from gongji.ledger.verify import Scope, verify

Connection = psycopg.Connection[Any]
Copies = Callable[[], Any]


@pytest.fixture(scope="module")
def copies(server: str) -> Iterator[Copies]:
    """Makes copies of a database that holds the journal of `books`."""
    with books.written(server) as made:
        yield made


@pytest.fixture
def ledger(copies: Copies) -> Iterator[Connection]:
    """The owner's connection to a copy of the books."""
    with copies() as address, psycopg.connect(address, autocommit=True) as connection:
        yield connection


def _row(
    check: str,
    what: str,
    kept: object,
    rebuilt: object,
    entry: int | None = None,
    person: str = "",
    area: str = AREA,
) -> Told:
    return (check, area, person, entry, what, str(kept), str(rebuilt))


def _amount(entry: int, what: str, kept: int, rebuilt: int, person: str = "1") -> Told:
    return _row("amounts", what, kept, rebuilt, entry, person)


def _mirror(what: str, kept: str, rebuilt: str) -> Told:
    return _row("mirror", what, kept, rebuilt, 5, "1")


def _trial(what: str, kept: int, rebuilt: int, area: str = AREA) -> Told:
    return _row("trial", what, kept, rebuilt, area=area)


def _meter(what: str, kept: int, rebuilt: int, person: str = "1") -> Told:
    return _row("meter", what, kept, rebuilt, person=person)


def _balance(what: str, kept: int, rebuilt: int, person: str = "1", area: str = AREA) -> Told:
    return _row("balance", what, kept, rebuilt, person=person, area=area)


def _set(number: int, changes: str) -> str:
    return f"update entry set {changes} where id = {number}"


def _posted(number: int, kind: str, changes: str) -> str:
    """Change the postings of an entry that credit a kind of account."""
    return f"update posting set {changes} where entry = {number} and credit = '{kind}'"


_PAID_BACK = f'["ordinary_paid", "{YEAR}", "", -30000]'
_MET_BACK = f'["year_deductible", "{YEAR}", "", -1500]'

_LOOKED_AT = f'["ordinary_paid", "{YEAR}", "", 0]'

CASES: dict[str, tuple[str, list[Told]]] = {
    # What an entry says against what its postings move: each amount by itself.
    "pool": (
        _set(6, "pool_fen = 12001, cash_fen = 799"),
        [
            _amount(6, "pool_fen", 12_001, 12_000),
            _amount(6, "cash_fen", 799, 800),
            _trial("pool", 11_301, 11_300),
        ],
    ),
    "supplements": (
        _set(6, "supplements_fen = 1001, cash_fen = 799"),
        [
            _amount(6, "supplements_fen", 1_001, 1_000),
            _amount(6, "cash_fen", 799, 800),
        ],
    ),
    "account": (
        _set(6, "account_fen = 4001, cash_fen = 799"),
        [
            _amount(6, "account_fen", 4_001, 4_000),
            _amount(6, "cash_fen", 799, 800),
        ],
    ),
    "family": (
        _set(6, "family_fen = 2001, cash_fen = 799"),
        [
            _amount(6, "family_fen", 2_001, 2_000),
            _amount(6, "cash_fen", 799, 800),
        ],
    ),
    "family said to be one's own": (
        _set(6, "family_fen = 0, account_fen = 6000"),
        [
            _amount(6, "family_fen", 0, 2_000),
            _amount(6, "account_fen", 6_000, 4_000),
        ],
    ),
    "borne": (
        _set(6, "borne_fen = 201, cash_fen = 799"),
        [
            _amount(6, "cash_fen", 799, 800),
            _amount(6, "total_fen - borne_fen", 19_799, 19_800),
            _trial("provider", 20_699, 20_700),
        ],
    ),
    "total": (
        _set(6, "total_fen = 20001"),
        [
            _amount(6, "total_fen - borne_fen", 19_801, 19_800),
            _trial("provider", 20_701, 20_700),
        ],
    ),
    # An adjustment's cash is what the person owes or is owed.
    "cash of an adjustment": (_set(7, "cash_fen = 1999"), [_amount(7, "cash_fen", 1_999, 2_000)]),
    "cash of an adjustment the other way": (
        _set(8, "cash_fen = 800"),
        [
            _amount(8, "cash_fen", 800, -800, "2"),
        ],
    ),
    "an adjustment's claim": (
        _posted(7, "receivable", "amount_fen = 2001"),
        [
            _amount(7, "pool_fen", -2_000, -2_001),
            _amount(7, "cash_fen", 2_000, 2_001),
            _balance("receivable", 2_000, 2_001),
            _trial("pool", 11_300, 11_299),
        ],
    ),
    "a receivable on the wrong side": (
        _posted(
            7,
            "receivable",
            "debit = 'receivable', debit_owner = '1', credit = 'pool', credit_owner = 'ordinary'",
        ),
        [
            _amount(7, "pool_fen", -2_000, 2_000),
            _amount(7, "cash_fen", 2_000, -2_000),
            _balance("receivable", 2_000, -2_000),
            _trial("pool", 11_300, 15_300),
        ],
    ),
    "a payable on the wrong side": (
        _posted(
            8,
            "supplement",
            "debit = 'supplement', debit_owner = 'civil', credit = 'payable', credit_owner = '2'",
        ),
        [
            _amount(8, "supplements_fen", 100, -100, "2"),
            _amount(8, "cash_fen", -800, -600, "2"),
            _balance("payable", 1_100, 900, "2"),
        ],
    ),
    "receivable taken for payable": (
        _posted(7, "receivable", "credit = 'payable'"),
        [_balance("receivable", 2_000, 0), _balance("payable", 0, -2_000)],
    ),
    # A posting: removed, moved to another payer, another owner, another area, another institution.
    "no posting of the pool": (
        "delete from posting where entry = 6 and credit = 'pool'",
        [
            _amount(6, "pool_fen", 12_000, 0),
            _amount(6, "total_fen - borne_fen", 19_800, 7_800),
            _trial("pool", 11_300, -700),
            _trial("provider", 20_700, 8_700),
        ],
    ),
    "no posting at all": (
        "delete from posting where entry = 10",
        [
            _amount(10, "pool_fen", 600, 0, "2"),
            _amount(10, "cash_fen", 300, 0, "2"),
            _amount(10, "total_fen - borne_fen", 900, 0, "2"),
            _trial("pool", 11_300, 10_700),
            _trial("provider", 20_700, 19_800),
        ],
    ),
    "a posting twice": (
        "insert into posting (entry, area, debit, debit_owner, credit, credit_owner, amount_fen)"
        " select entry, area, debit, debit_owner, credit, credit_owner, amount_fen from posting"
        " where entry = 6 and credit = 'account' and credit_owner = '1'",
        [
            _amount(6, "account_fen", 4_000, 8_000),
            _amount(6, "total_fen - borne_fen", 19_800, 23_800),
            _balance("account", 96_000, 92_000),
            _trial("provider", 20_700, 24_700),
        ],
    ),
    "the relative's account taken for the patient's": (
        "update posting set credit_owner = '1' where entry = 6 and credit_owner = '2'",
        [
            _amount(6, "account_fen", 4_000, 6_000),
            _amount(6, "family_fen", 2_000, 0),
            _balance("account", 96_000, 94_000),
            _balance("account", 3_000, 5_000, "2"),
        ],
    ),
    "cash posted as supplement": (
        _posted(6, "cash", "credit = 'supplement'"),
        [
            _amount(6, "cash_fen", 800, 0),
            _amount(6, "supplements_fen", 1_000, 1_800),
        ],
    ),
    "nothing owed to the institution": (
        "update posting set debit = 'contribution' where entry = 6 and credit = 'cash'",
        [
            _amount(6, "total_fen - borne_fen", 19_800, 19_000),
            _trial("provider", 20_700, 19_900),
        ],
    ),
    "the other sides too": (
        "update posting set debit = credit, credit = debit, debit_owner = credit_owner,"
        " credit_owner = debit_owner where entry = 10",
        [
            _amount(10, "pool_fen", 600, -600, "2"),
            _amount(10, "cash_fen", 300, -300, "2"),
            _amount(10, "total_fen - borne_fen", 900, -900, "2"),
            _trial("pool", 11_300, 10_100),
            _trial("provider", 20_700, 18_900),
        ],
    ),
    "a posting in another area": (
        _posted(6, "pool", f"area = '{OTHER}'"),
        [
            _amount(6, "area", 0, 1),
        ],
    ),
    "an account's posting in another area": (
        _posted(3, "contribution", f"area = '{OTHER}'"),
        [
            _amount(3, "area", 0, 1),
            _balance("account", 96_000, 86_000),
            _balance("account", 0, 10_000, area=OTHER),
        ],
    ),
    # A cancellation against what it cancels.
    "its meters": (
        _set(5, "meters = '[]'"),
        [
            _mirror("meters", "[]", f"[{_PAID_BACK}, {_MET_BACK}]"),
            _meter(f"ordinary_paid {YEAR}", 10_000, 40_000),
            _meter(f"year_deductible {YEAR}", 1_500, 3_000),
        ],
    ),
    "a meter of it": (
        _set(5, f"meters = '[{_MET_BACK}, {_LOOKED_AT}]'"),
        [
            _mirror("meters", f"[{_MET_BACK}]", f"[{_PAID_BACK}, {_MET_BACK}]"),
            _meter(f"ordinary_paid {YEAR}", 10_000, 40_000),
        ],
    ),
    "its institution": (_set(5, f"institution = '{FAR}'"), [_mirror("institution", FAR, HOSPITAL)]),
    "its area": (
        _set(5, f"area = '{OTHER}'"),
        [
            _row("amounts", "area", 0, 5, 5, "1", OTHER),
            _row("mirror", "area", OTHER, AREA, 5, "1", OTHER),
            _row("meter", f"ordinary_paid {YEAR}", 10_000, 40_000, person="1"),
            _row("meter", f"year_deductible {YEAR}", 1_500, 3_000, person="1"),
            _row("meter", f"ordinary_paid {YEAR}", 0, -30_000, person="1", area=OTHER),
            _row("meter", f"year_deductible {YEAR}", 0, -1_500, person="1", area=OTHER),
        ],
    ),
    "the benefit that it pays back": (
        "update posting set debit_owner = 'chronic' where entry = 5 and debit = 'pool'",
        [
            _mirror("pool/provider", "0", "30000"),
            _mirror("pool/provider", "30000", "0"),
        ],
    ),
    "the institution that pays back": (
        f"update posting set credit_owner = '{FAR}' where entry = 5 and debit = 'cash'",
        [
            _mirror("cash/provider", "0", "5000"),
            _mirror("cash/provider", "5000", "0"),
        ],
    ),
    "what it cancels": (
        "delete from posting where entry = 4 and credit = 'supplement'",
        [
            _amount(4, "supplements_fen", 4_000, 0),
            _amount(4, "total_fen - borne_fen", 48_000, 44_000),
            _mirror("supplement/provider", "4000", "0"),
            _trial("provider", 20_700, 16_700),
        ],
    ),
    # Meters and balances that are kept, against the journal.
    "a meter": (
        "update meter_use set used_fen = 10007 where person = 1 and code = 'ordinary_paid'",
        [_meter(f"ordinary_paid {YEAR}", 10_007, 10_000)],
    ),
    "a meter of a disease": (
        "delete from meter_use where code = 'disease_paid'",
        [_meter(f"disease_paid {YEAR} 糖尿病", 0, 4_000, "2")],
    ),
    "a meter that nothing moved": (
        "insert into meter_use (area, person, period, slot, code, used_fen) values"
        f" ('{AREA}', 1, '{YEAR}', 'X', 'drug', 9)",
        [_meter(f"drug {YEAR} X", 9, 0)],
    ),
    "another period": (
        "update meter_use set period = '年:2024' where person = 2 and code = 'ordinary_paid'",
        [
            _meter("ordinary_paid 年:2024", 1_300, 0, "2"),
            _meter(f"ordinary_paid {YEAR}", 0, 1_300, "2"),
        ],
    ),
    "what an entry moved": (
        _set(10, f"""meters = '[["ordinary_paid", "{YEAR}", "", 601]]'"""),
        [_meter(f"ordinary_paid {YEAR}", 1_300, 1_301, "2")],
    ),
    "an account": (
        "update balance set amount_fen = 95999 where person = 1 and kind = 'account'",
        [_balance("account", 95_999, 96_000)],
    ),
    "a receivable": (
        "delete from balance where person = 2 and kind = 'receivable'",
        [_balance("receivable", 0, 200, "2")],
    ),
    "a payable": (
        "update balance set amount_fen = 1 where kind = 'payable'",
        [_balance("payable", 1, 1_100, "2")],
    ),
    "a balance that nothing moved": (
        f"insert into balance (area, person, kind, amount_fen) values ('{AREA}', 1, 'payable', 9)",
        [_balance("payable", 9, 0)],
    ),
    "an empty balance says nothing": (
        f"insert into balance (area, person, kind, amount_fen) values ('{AREA}', 1, 'payable', 0)",
        [],
    ),
    # Areas do not make up for each other.
    "two areas": (
        "update settlement set pool_fen = pool_fen + case entry when 10 then 1 else -1 end,"
        " cash_fen = cash_fen - case entry when 10 then 1 else -1 end where entry in (9, 10)",
        [
            _amount(10, "pool_fen", 601, 600, "2"),
            _amount(10, "cash_fen", 299, 300, "2"),
            _row("amounts", "pool_fen", 999, 1_000, 9, "3", OTHER),
            _row("amounts", "cash_fen", 501, 500, 9, "3", OTHER),
            _trial("pool", 11_301, 11_300),
            _trial("pool", 999, 1_000, OTHER),
        ],
    ),
}
"""What is forged, and every difference that there is then."""


def test_the_books_written_by_hand_are_right(ledger: Connection) -> None:
    assert told(ledger) == []
    kept = ledger.execute("select person, kind, amount_fen from balance order by 1, 2")
    assert kept.fetchall() == [
        (1, "account", 96_000),
        (1, "receivable", 2_000),
        (2, "account", 3_000),
        (2, "payable", 1_100),
        (2, "receivable", 200),
    ]
    meters = ledger.execute("select person, code, slot, used_fen from meter_use order by 1, 2")
    assert meters.fetchall() == [
        (1, "ordinary_paid", "", 10_000),
        (1, "year_deductible", "", 1_500),
        (2, "disease_paid", "糖尿病", 4_000),
        (2, "ordinary_paid", "", 1_300),
        (2, "year_deductible", "", 20_000),
        (3, "ordinary_paid", "", 1_000),
    ]


@pytest.mark.parametrize("name", CASES, ids=[re.sub(r"\W", "-", name) for name in CASES])
def test_exactly_what_was_forged_is_told(ledger: Connection, name: str) -> None:
    statement, expected = CASES[name]
    forge(ledger, statement)
    assert told(ledger) == sorted(expected, key=str)


COLUMNS = (
    "total_fen",
    "above_standard_fen",
    "wholly_own_fen",
    "first_self_pay_fen",
    "in_scope_fen",
    "deductible_fen",
    "pool_fen",
    "supplements_fen",
    "account_fen",
    "family_fen",
    "cash_fen",
    "borne_fen",
)


@pytest.mark.parametrize("column", COLUMNS)
def test_each_amount_of_a_cancellation_is_that_of_its_settlement(
    ledger: Connection, column: str
) -> None:
    (was,) = ledger.execute(f"select {column} from entry where id = 5").fetchone() or (None,)
    forge(ledger, _set(5, f"{column} = {column} + 1"))
    mirrors = [row for row in told(ledger) if row[0] == "mirror"]
    assert mirrors == [_mirror("amounts", f"{column} {was + 1}", f"{column} {was}")]


def test_the_person_of_a_cancellation_is_that_of_its_settlement(ledger: Connection) -> None:
    forge(ledger, _set(5, "person_id = 2"))
    assert ("mirror", AREA, "2", 5, "person_id", "2", "1") in told(ledger)


def test_an_amount_without_a_person_is_told_too(ledger: Connection) -> None:
    forge(
        ledger,
        _set(9, "person = null, pool_fen = 1001, cash_fen = 499"),
        "delete from meter_use where person = 3",
    )
    assert [row[:5] for row in told(ledger)] == [
        ("amounts", OTHER, "", 9, "cash_fen"),
        ("amounts", OTHER, "", 9, "pool_fen"),
        ("trial", OTHER, "", None, "pool"),
    ]


DAYS = [
    (FEB_28, False),
    (MAR_1, True),
    (date(2025, 3, 31), True),
    (date(2025, 4, 1), False),
]


@pytest.mark.parametrize(("day", "within"), DAYS)
def test_a_month_is_verified_from_its_first_day_to_its_last(
    ledger: Connection, day: date, within: bool
) -> None:
    forge(
        ledger,
        f"update entry set accounting_date = '{day}' where id in (5, 6)",
        _set(5, "deductible_fen = 0"),
        _set(6, "pool_fen = 12001, cash_fen = 799"),
        "update posting set debit_owner = 'chronic' where entry = 5 and debit = 'pool'",
    )
    checks = {row[:1] + row[4:5] for row in told(ledger, Scope(AREA, MAR_1, date(2025, 4, 1)))}
    everything = {
        ("amounts", "pool_fen"),
        ("amounts", "cash_fen"),
        ("mirror", "amounts"),
        ("mirror", "pool/provider"),
        ("trial", "pool"),
    }
    assert checks == (everything if within else set())


def test_an_area_is_verified_without_the_others(ledger: Connection) -> None:
    forge(
        ledger,
        _set(6, "pool_fen = 12001, cash_fen = 799"),
        _set(5, "deductible_fen = 0"),
        "update posting set debit_owner = 'chronic' where entry = 5 and debit = 'pool'",
        "update meter_use set used_fen = used_fen + 1",
        "update balance set amount_fen = 1",
        "update posting set amount_fen = 1001 where entry = 9 and credit = 'pool'",
    )
    both, here, there = told(ledger), told(ledger, Scope(AREA)), told(ledger, Scope(OTHER))
    assert sorted(here + there, key=str) == both
    assert {row[1] for row in here} == {AREA} and {row[1] for row in there} == {OTHER}
    assert {row[0] for row in here} == {"amounts", "mirror", "meter", "balance", "trial"}
    assert [row[0] for row in there] == ["amounts", "amounts", "meter", "trial", "trial"]
    assert told(ledger, Scope("532300")) == []


def test_persons_are_masked(ledger: Connection) -> None:
    ledger.execute("update meter_use set used_fen = used_fen + 1 where person = 1")
    assert {each.person for each in verify(ledger)} == {"4305************0001"}
    long_ago = MAR_1 - timedelta(days=9_000)
    assert {each.person for each in verify(ledger, Scope("", long_ago, long_ago))} == {
        "4305************0001"
    }
