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


def _owed(number: int, kept: int, rebuilt: int, person: str = "1") -> Told:
    """What is owed to the institution."""
    return _amount(number, "total_fen - cash_fen - borne_fen", kept, rebuilt, person)


def _posting(number: int, what: str, kept: object, rebuilt: object, person: str = "1") -> Told:
    return _row("posting", what, kept, rebuilt, number, person)


def _set(number: int, changes: str) -> str:
    return f"update entry set {changes} where id = {number}"


def _settle(number: int, changes: str) -> str:
    return f"update settlement set {changes} where entry = {number}"


def _posted(number: int, kind: str, changes: str) -> str:
    """Change the postings of an entry that debit a kind of account."""
    return f"update posting set {changes} where entry = {number} and debit = '{kind}'"


_PAID_BACK = f'["ordinary_paid", "{YEAR}", "", -30000]'
_MET_BACK = f'["year_deductible", "{YEAR}", "", -1500]'

_LOOKED_AT = f'["ordinary_paid", "{YEAR}", "", 0]'

CASES: dict[str, tuple[str, list[Told]]] = {
    # What a settlement says against what its postings move: each amount by itself.
    "pool": (
        _settle(6, "pool_fen = 12001, cash_fen = 799"),
        [
            _amount(6, "pool_fen", 12_001, 12_000),
            _owed(6, 19_001, 19_000),
            _trial("pool", 11_301, 11_300),
            _trial("provider", 19_601, 19_600),
        ],
    ),
    "supplements": (
        _settle(6, "supplements_fen = 1001, cash_fen = 799"),
        [
            _amount(6, "supplements_fen", 1_001, 1_000),
            _owed(6, 19_001, 19_000),
            _trial("provider", 19_601, 19_600),
        ],
    ),
    "account": (
        _settle(6, "account_fen = 4001, cash_fen = 799"),
        [
            _amount(6, "account_fen", 4_001, 4_000),
            _owed(6, 19_001, 19_000),
            _trial("provider", 19_601, 19_600),
        ],
    ),
    "family": (
        _settle(6, "family_fen = 2001, cash_fen = 799"),
        [
            _amount(6, "family_fen", 2_001, 2_000),
            _owed(6, 19_001, 19_000),
            _trial("provider", 19_601, 19_600),
        ],
    ),
    "family said to be one's own": (
        _settle(6, "family_fen = 0, account_fen = 6000"),
        [
            _amount(6, "family_fen", 0, 2_000),
            _amount(6, "account_fen", 6_000, 4_000),
        ],
    ),
    # What the institution bears and what is paid in cash move no fund: seals tell, and replay.
    "borne": (_settle(6, "borne_fen = 201, cash_fen = 799"), []),
    "total": (
        _settle(6, "total_fen = 20001"),
        [
            _owed(6, 19_001, 19_000),
            _amount(6, "total_fen", 20_001, 20_000),
            _amount(6, "total_fen", 20_001, 20_000),
            _trial("provider", 19_601, 19_600),
        ],
    ),
    "what is in scope": (
        _settle(6, "in_scope_fen = 19399"),
        [_amount(6, "total_fen", 20_000, 19_999)],
    ),
    # An adjustment owes the person, or is owed, what the funds pay more or less.
    "what an adjustment owes": (
        _settle(7, "owed_fen = -1999"),
        [
            _amount(7, "owed_fen", -1_999, -2_000),
            _amount(7, "total_fen", 0, -1),
        ],
    ),
    "what an adjustment owes the other way": (
        _settle(8, "owed_fen = -800"),
        [
            _amount(8, "owed_fen", -800, 800, "2"),
            _amount(8, "total_fen", 0, 1_600, "2"),
        ],
    ),
    "an adjustment's claim": (
        _posted(7, "receivable", "amount_fen = 2001"),
        [
            _amount(7, "pool_fen", -2_000, -2_001),
            _amount(7, "owed_fen", -2_000, -2_001),
            _balance("receivable", 2_000, 2_001),
            _trial("pool", 11_300, 11_299),
        ],
    ),
    "a receivable on the wrong side": (
        _posted(
            7,
            "receivable",
            "credit = 'receivable', credit_owner = '1', debit = 'pool', debit_owner = ''",
        ),
        [
            _amount(7, "pool_fen", -2_000, 2_000),
            _amount(7, "owed_fen", -2_000, 2_000),
            _balance("receivable", 2_000, -2_000),
            _trial("pool", 11_300, 15_300),
        ],
    ),
    "a payable on the wrong side": (
        _posted(
            8,
            "supplement",
            "credit = 'supplement', credit_owner = 'civil', debit = 'payable', debit_owner = '2'",
        ),
        [
            _amount(8, "supplements_fen", 100, -100, "2"),
            _amount(8, "owed_fen", 800, 600, "2"),
            _balance("payable", 1_100, 900, "2"),
        ],
    ),
    "receivable taken for payable": (
        _posted(7, "receivable", "debit = 'payable'"),
        [_balance("receivable", 2_000, 0), _balance("payable", 0, -2_000)],
    ),
    # A posting: removed, moved to another payer, another owner, another area, another institution.
    "no posting of the pool": (
        "delete from posting where entry = 6 and debit = 'pool'",
        [
            _amount(6, "pool_fen", 12_000, 0),
            _owed(6, 19_000, 7_000),
            _posting(6, "number", "2–4", "1–3"),
            _trial("pool", 11_300, -700),
            _trial("provider", 19_600, 7_600),
        ],
    ),
    "no posting at all": (
        "delete from posting where entry = 10",
        [
            _amount(10, "pool_fen", 600, 0, "2"),
            _owed(10, 600, 0, "2"),
            _trial("pool", 11_300, 10_700),
            _trial("provider", 19_600, 19_000),
        ],
    ),
    "a posting twice": (
        "insert into posting select entry, 5, area, fund, debit, debit_owner, credit,"
        " credit_owner, amount_fen, benefit, article from posting"
        " where entry = 6 and debit = 'account' and debit_owner = '1'",
        [
            _amount(6, "account_fen", 4_000, 8_000),
            _owed(6, 19_000, 23_000),
            _balance("account", 96_000, 92_000),
            _trial("provider", 19_600, 23_600),
        ],
    ),
    "the relative's account taken for the patient's": (
        "update posting set debit_owner = '1' where entry = 6 and debit_owner = '2'",
        [
            _amount(6, "account_fen", 4_000, 6_000),
            _amount(6, "family_fen", 2_000, 0),
            _balance("account", 96_000, 94_000),
            _balance("account", 3_000, 5_000, "2"),
        ],
    ),
    "a supplement taken for the pool": (
        _posted(6, "supplement", "debit = 'pool', debit_owner = ''"),
        [
            _amount(6, "pool_fen", 12_000, 13_000),
            _amount(6, "supplements_fen", 1_000, 0),
            _posting(6, "fund", "supplement.civil", ""),
            _trial("pool", 11_300, 12_300),
        ],
    ),
    "a fund that is another one": (
        _posted(6, "supplement", "fund = 'supplement.large'"),
        [_posting(6, "fund", "supplement.large", "")],
    ),
    "nothing owed to the institution": (
        "update posting set credit = 'contribution' where entry = 6 and debit = 'supplement'",
        [
            _owed(6, 19_000, 18_000),
            _posting(6, "kind", "supplement/contribution", "settlement"),
            _trial("provider", 19_600, 18_600),
        ],
    ),
    "owed to another institution": (
        f"update posting set credit_owner = '{FAR}' where entry = 10",
        [_posting(10, "provider", FAR, HOSPITAL, "2")],
    ),
    "without an article": (
        _posted(10, "pool", "article = ''"),
        [_posting(10, "article", "", "pool/provider", "2")],
    ),
    "the other sides too": (
        "update posting set debit = credit, credit = debit, debit_owner = credit_owner,"
        " credit_owner = debit_owner where entry = 10",
        [
            _amount(10, "pool_fen", 600, -600, "2"),
            _owed(10, 600, -600, "2"),
            _posting(10, "kind", "provider/pool", "settlement", "2"),
            _trial("pool", 11_300, 10_100),
            _trial("provider", 19_600, 18_400),
        ],
    ),
    "a posting in another area": (
        _posted(6, "pool", f"area = '{OTHER}'"),
        [_posting(6, "area", "", AREA)],
    ),
    "an account's posting in another area": (
        _posted(3, "contribution", f"area = '{OTHER}'"),
        [
            _posting(3, "area", "", AREA),
            _balance("account", 96_000, 86_000),
            _balance("account", 0, 10_000, area=OTHER),
        ],
    ),
    # An entry: its kind, its day, what stands beside it, what is gone.
    "a kind that moves otherwise": (
        _set(3, "kind = 'interest'"),
        [_posting(3, "kind", "contribution/account", "interest")],
    ),
    "another day": (
        _set(10, "accounting_date = '2025-04-02'"),
        [_posting(10, "accounting_date", "2025-04-02", "2025-04-01", "2")],
    ),
    "no settlement": (
        "delete from settlement where entry = 11",
        [_posting(11, "settlement", "false", "true", "2")],
    ),
    "a settlement that is none": (
        "insert into settlement (entry) values (3)",
        [_amount(3, "account_fen", 0, -10_000), _posting(3, "settlement", "true", "false")],
    ),
    "an entry that is gone": (
        "delete from entry where id = 3",
        [_row("posting", "entry", 1, "", 3, "")],
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
    "its institution": (
        _set(5, f"institution = '{FAR}'"),
        [_mirror("institution", FAR, HOSPITAL), _posting(5, "provider", HOSPITAL, FAR)],
    ),
    "its area": (
        _set(5, f"area = '{OTHER}'"),
        [
            _row("posting", "area", "", OTHER, 5, "1", OTHER),
            _row("mirror", "area", OTHER, AREA, 5, "1", OTHER),
            _row("meter", f"ordinary_paid {YEAR}", 10_000, 40_000, person="1"),
            _row("meter", f"year_deductible {YEAR}", 1_500, 3_000, person="1"),
            _row("meter", f"ordinary_paid {YEAR}", 0, -30_000, person="1", area=OTHER),
            _row("meter", f"year_deductible {YEAR}", 0, -1_500, person="1", area=OTHER),
        ],
    ),
    "the benefit that it pays back": (
        "update posting set benefit = 'chronic' where entry = 5 and credit = 'pool'",
        [
            _mirror("provider/pool", "0", "30000"),
            _mirror("provider/pool", "30000", "0"),
        ],
    ),
    "the institution that pays back": (
        f"update posting set debit_owner = '{FAR}' where entry = 5 and credit = 'supplement'",
        [
            _posting(5, "provider", FAR, HOSPITAL),
            _mirror("provider/supplement", "0", "4000"),
            _mirror("provider/supplement", "4000", "0"),
        ],
    ),
    "what it cancels": (
        "delete from posting where entry = 4 and debit = 'supplement'",
        [
            _amount(4, "supplements_fen", 4_000, 0),
            _owed(4, 43_000, 39_000),
            _posting(4, "number", "1–4", "1–3"),
            _mirror("provider/supplement", "4000", "0"),
            _trial("provider", 19_600, 15_600),
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
    "more held than there is": (
        "update balance set held_fen = 96001 where person = 1 and kind = 'account'",
        [_balance("account held", 96_001, 96_000)],
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
            _owed(10, 601, 600, "2"),
            _row("amounts", "pool_fen", 999, 1_000, 9, "3", OTHER),
            _row("amounts", "total_fen - cash_fen - borne_fen", 999, 1_000, 9, "3", OTHER),
            _trial("pool", 11_301, 11_300),
            _trial("provider", 19_601, 19_600),
            _trial("pool", 999, 1_000, OTHER),
            _trial("provider", 999, 1_000, OTHER),
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
    "owed_fen",
    "cash_fen",
    "borne_fen",
)


@pytest.mark.parametrize("column", COLUMNS)
def test_each_amount_of_a_cancellation_is_that_of_its_settlement(
    ledger: Connection, column: str
) -> None:
    (was,) = ledger.execute(f"select {column} from settlement where entry = 5").fetchone() or (
        None,
    )
    forge(ledger, _settle(5, f"{column} = {column} + 1"))
    mirrors = [row for row in told(ledger) if row[0] == "mirror"]
    assert mirrors == [_mirror("amounts", f"{column} {was + 1}", f"{column} {was}")]


def test_the_person_of_a_cancellation_is_that_of_its_settlement(ledger: Connection) -> None:
    forge(ledger, _set(5, "person = 2"))
    assert ("mirror", AREA, "2", 5, "person", "2", "1") in told(ledger)


def test_an_amount_without_a_person_is_told_too(ledger: Connection) -> None:
    forge(
        ledger,
        _set(9, "person = null"),
        _settle(9, "pool_fen = 1001, cash_fen = 499"),
        "delete from meter_use where person = 3",
    )
    assert [row[:5] for row in told(ledger)] == [
        ("amounts", OTHER, "", 9, "pool_fen"),
        ("amounts", OTHER, "", 9, "total_fen - cash_fen - borne_fen"),
        ("trial", OTHER, "", None, "pool"),
        ("trial", OTHER, "", None, "provider"),
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
        _settle(5, "deductible_fen = 0"),
        _settle(6, "pool_fen = 12001, cash_fen = 799"),
        "update posting set benefit = 'chronic' where entry = 5 and credit = 'pool'",
    )
    march = told(ledger, Scope(AREA, MAR_1, date(2025, 4, 1)))
    checks = {row[:1] + row[4:5] for row in march if row[4] != "accounting_date"}
    everything = {
        ("amounts", "pool_fen"),
        ("amounts", "total_fen - cash_fen - borne_fen"),
        ("mirror", "amounts"),
        ("mirror", "provider/pool"),
        ("trial", "pool"),
        ("trial", "provider"),
    }
    assert checks == (everything if within else set())


def test_an_area_is_verified_without_the_others(ledger: Connection) -> None:
    forge(
        ledger,
        _settle(6, "pool_fen = 12001, cash_fen = 799"),
        _settle(5, "deductible_fen = 0"),
        "update posting set benefit = 'chronic' where entry = 5 and credit = 'pool'",
        "update meter_use set used_fen = used_fen + 1",
        "update balance set amount_fen = 1",
        "update posting set amount_fen = 1001 where entry = 9 and debit = 'pool'",
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
