"""What the database holds at any moment of a history, against the model."""

from collections import Counter
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from tests.platform.history_law import RULES, meter_of
from tests.platform.history_steps import YEARS, History

from gongji.gateway.transactions import MOVE_MONEY
from gongji.ledger.statement import of_institution, of_person
from gongji.ledger.trial import trial
from gongji.ledger.verify import verify
from gongji.settlement.replay import replay
from gongji.settlement.verify_papers import verify_papers

AGAIN = """select e.cause, s.pool_fen, s.supplements_fen
from entry e join settlement s on s.entry = e.id where e.area = %s and e.kind = 'adjustment'"""


def compare(history: History) -> None:
    """Meters, balances, claims, settled batches and prescriptions in use."""
    model, gateway = history.model, history.gateway
    wanted = {
        (person, *meter_of(model.area, *at)): used
        for person, book in model.books.items()
        for at, used in book.items()
        if used
    }
    rows = gateway.execute(
        "select person, code, period, slot, used_fen from meter_use"
        " where area = %s and used_fen <> 0",
        [model.area],
    )
    assert {tuple(row[:4]): row[4] for row in rows} == wanted
    balances = {
        (person, kind): fen
        for kind, kept in (
            ("account", model.balances),
            ("payable", model.claims),
            ("receivable", {person: -fen for person, fen in model.claims.items()}),
        )
        for person, fen in kept.items()
        if fen > 0
    }
    rows = gateway.execute(
        "select person, kind, amount_fen from balance where area = %s and amount_fen <> 0",
        [model.area],
    )
    assert {(person, kind): fen for person, kind, fen in rows} == balances
    rows = gateway.execute(
        "select c.id, s.entry from charge_batch c join visit v on v.id = c.visit_id"
        " join settlement_batch s on s.batch = c.id and s.released_at is null"
        " where v.area = %s",
        [model.area],
    )
    assert dict(rows.fetchall()) == {
        batch: model.settled[number].chain[-1] for batch, number in model.batches.items()
    }
    rows = gateway.execute(
        "select u.prescriber, u.number, u.entry from prescription_use u"
        " join entry e on e.id = u.entry where u.released_at is null and e.area = %s",
        [model.area],
    )
    assert {(writer, rx): entry for writer, rx, entry in rows} == {
        rx: model.settled[number].chain[-1] for rx, number in model.prescribed.items()
    }


def compare_books(history: History) -> None:
    """Sums of postings by account and owner, statements of persons and of institutions."""
    model, gateway = history.model, history.gateway
    moved: Counter[tuple[str, str]] = Counter()
    for debit, debit_owner, credit, credit_owner, benefit, fen in gateway.execute(
        "select debit, debit_owner, credit, credit_owner, benefit, amount_fen from posting"
        " where area = %s",
        [model.area],
    ):
        moved[debit, benefit if debit == "pool" else debit_owner] += fen
        moved[credit, benefit if credit == "pool" else credit_owner] -= fen
    found = {
        at: -fen if at[0] == "provider" else fen
        for at, fen in moved.items()
        if at[0] in ("pool", "supplement", "provider") and fen
    }
    # What was paid in cash is no debt of any fund.
    owed = {
        at: fen - model.totals["cash", at[1]] if at[0] == "provider" else fen
        for at, fen in model.totals.items()
        if at[0] != "cash"
    }
    assert found == {at: fen for at, fen in owed.items() if fen}
    _persons(history)
    _institutions(history)


def _persons(history: History) -> None:
    model, first, last = history.model, date(2024, 12, 5), date(2024, 12, 20)
    for person, psn_no in model.numbers.items():
        told = of_person(history.gateway, psn_no, first, last)
        for account in told.accounts:
            mine = [
                (day, fen)
                for who, kind, day, fen in model.movements
                if (who, kind) == (person, account.account)
            ]
            assert account.opening_fen == sum(fen for day, fen in mine if day < first)
            within = [(day, fen) for day, fen in mine if first <= day <= last]
            # An adjustment of several funds is several movements of one entry.
            moved = [
                (day, sum(one.amount_fen for one in ones))
                for (day, _), ones in groupby(account.movements, lambda one: (one.date, one.entry))
            ]
            # A shift between two funds goes both ways, and comes to nothing for the person.
            assert [one for one in moved if one[1]] == [one for one in within if one[1]]
            assert account.closing_fen == sum(fen for day, fen in mine if day <= last)


def _institutions(history: History) -> None:
    totals = history.model.totals
    for code in history.model.places:
        told = of_institution(history.owner, code, date(2024, 12, 1), date(2025, 2, 1))
        owed = totals["provider", code] - totals["cash", code]
        assert (told.opening_fen, told.closing_fen) == (0, owed)
        assert sum(line.cash_fen for line in told.lines) == totals["cash", code]


def finish(history: History) -> None:
    """The end of a history: years again until nothing is found; the journal holds together."""
    compare_books(history)
    for year in YEARS:
        history.readjudicated(year, True)
    for year in YEARS:
        assert history.readjudicated(year, True) == 0
    compare(history)
    compare_books(history)
    whole = history.gateway.execute(
        "select count(*) from settlement s join entry e on e.id = s.entry where area = %s"
        " and total_fen + owed_fen <> pool_fen + supplements_fen + account_fen + family_fen"
        " + cash_fen + borne_fen",
        [history.area],
    ).fetchone()
    assert whole == (0,)
    flags = history.gateway.execute(
        "select count(*) filter (where f.cause <> f.entry),"
        " count(*) filter (where f.cause = f.entry)"
        " from review_flag f join entry e on e.id = f.entry"
        " where f.settled_by is null and e.area = %s",
        [history.area],
    ).fetchone()
    # Nobody told the prescriptions: each purchase with one waits for somebody to look.
    bought = sum(one.bill.prescription is not None for one in history.model.settled.values())
    assert flags == (0, bought)


def holds_together(gateway: Any, last: date) -> None:
    """What holds of the whole journal, whoever it is of."""
    assert list(verify(gateway)) == []
    found = list(verify_papers(gateway, MOVE_MONEY))
    assert found == [], found[:5]
    assert list(replay(gateway, RULES)) == []
    for area in ("", *RULES.parameters):
        books = trial(gateway, last + timedelta(days=1), area)
        assert books.agrees, books
