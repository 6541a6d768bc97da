"""Settlements under rules that no shipped area has: parts of the cost, an account that pays first.

The rulebooks are demonstrations under tests/rulebooks; none is the rule of a real place.
"""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb
from tests.platform.counter import NOW, PARAMETERS, RULES, Counter, rows

from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.ledger.meter_rows import load
from gongji.settlement import decide_bill
from gongji.settlement.contract import Outcome, Request
from gongji.settlement.settle import settle

Connection = psycopg.Connection[Any]
FOLDER = Path(__file__).parents[1] / "rulebooks"
USES = """
账户使用:
  就医费用: {用途: 医疗费用, 亲属: [本人, 配偶], 地点: 定点医疗机构, 依据: 第一条}

示例:
"""


@pytest.fixture
def with_uses(tmp_path: Path) -> Areas:
    """The demonstration of Hangzhou with a table of uses, so that the account may pay."""
    source = FOLDER / "330000" / "330100" / "2023-01-01.yaml"
    copy = tmp_path / "330000" / "330100" / source.name
    copy.parent.mkdir(parents=True)
    text = source.read_text()
    assert text.count("\n示例:\n") == 1
    copy.write_text(text.replace("\n示例:\n", USES))
    return Areas(Library((tmp_path,)))


def one(gateway: Connection, bill: Request, rules: Areas) -> Outcome:
    """The outcome of one bill."""
    (outcome,) = settle(gateway, [bill], rules, NOW)
    assert outcome.entry, outcome
    return outcome


def test_a_layer_of_the_own_account_takes_what_is_on_it_when_the_bill_is_settled(
    owner: Connection, gateway: Connection, with_uses: Areas
) -> None:
    counter = Counter(owner, "330100")
    person, here = counter.person(1, 30_000), counter.institution(3, "3")
    bills = [
        counter.bill(person, here, "2024-06-05", 170_000, accounts=use, trial=trial)
        for use, trial in (("none", True), ("own", True), ("own", False), ("own", False))
    ]
    without, trial, first, second = settle(gateway, bills, with_uses, NOW)
    # Without the account: (1,700 - 1,000) × 76 % = 532.
    assert (without.entry.settlement.pool_fen, without.entry.settlement.account_fen) == (53_200, 0)
    assert "account_current" not in without.entry.settled.visit.facts
    # 300 from the account; (1,400 - 1,000) × 76 % = 304; the other 1,096 in cash.
    for outcome in (trial, first):
        entry = outcome.entry
        assert entry.settled.visit.facts["account_current"] == 30000
        assert (
            entry.settlement.pool_fen,
            entry.settlement.account_fen,
            entry.settlement.cash_fen,
        ) == (30_400, 30_000, 109_600)
        assert (entry.settlement.supplements_fen, outcome.balance_fen) == (0, 0)
        assert entry.decision.payers == {}
    # Then the account is empty and the deductible borne: 1,700 × 76 % = 1,292.
    assert second.entry.settled.visit.facts["account_current"] == 0
    assert (second.entry.settlement.pool_fen, second.entry.settlement.account_fen) == (129_200, 0)
    posted = rows(gateway, "select debit, sum(amount_fen)::int from posting group by 1 order by 1")
    assert posted == [("account", 30_000), ("pool", 159_600)]
    assert rows(gateway, "select amount_fen from balance") == [(0,)]


def test_a_supplement_of_two_layers_is_one_payment_of_its_fund(
    owner: Connection, gateway: Connection, tmp_path: Path
) -> None:
    books = [book.path for book in RULES.library.books("532300")]
    (source,) = [path for path in books if path.parent.name == "532300"]
    copy = tmp_path / "530000" / "532300" / source.name
    copy.parent.mkdir(parents=True)
    layer = """
  公务员再补:
    依据: 第三十五条
    层:
      - 名称: 公务员医疗补助（再补）
        代号: civil_servant_more
        付款方: 公务员医疗补助
        当: {补助身份: 公务员}
        支付比例: {比例: 50%, 依据: 第三十五条}
        存疑: [补助顺序]
  老干部医疗补助:
"""
    text = source.read_text()
    assert text.count("\n  老干部医疗补助:\n") == 1
    copy.write_text(text.replace("\n  老干部医疗补助:\n", layer))
    counter = Counter(owner, "532300")
    person, here = counter.person(1), counter.institution(1)
    counter.fact(person, "subsidy", "2020-01-01", subsidy="civil_servant")
    bill = counter.bill(person, here, "2024-06-05", 900_000)
    entry = one(gateway, bill, Areas(Library((tmp_path,)), {"532300": PARAMETERS["532300"]})).entry
    # (9,000 - 60) × 55 % = 4,917; 4,083 × 60 % = 2,449.80; 1,633.20 × 50 % = 816.60.
    assert (
        entry.settlement.pool_fen,
        entry.settlement.supplements_fen,
        entry.settlement.cash_fen,
    ) == (491_700, 326_640, 81_660)
    assert entry.decision.payers == {"公务员医疗补助": 326_640}
    posted = rows(gateway, "select amount_fen from posting where debit = 'supplement'")
    assert posted == [(326_640,)]


def test_where_the_law_has_no_table_of_uses_no_account_pays_and_it_is_said_why(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, "440300")
    person, here = counter.person(1, 30_000), counter.institution(1, "1")
    bill = counter.bill(person, here, "2024-06-05", 10_000, own=500, accounts="own")
    entry = one(gateway, bill, Areas(Library((FOLDER,)))).entry
    # 100 × 70 %.
    assert (entry.settlement.pool_fen, entry.settlement.account_fen, entry.settlement.cash_fen) == (
        7000,
        0,
        3500,
    )
    assert len(entry.decision.reasons) == 1 and "440300" in entry.decision.reasons[0]


def test_parts_of_the_cost_are_paid_by_their_own_rates(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, "440300")
    person, here = counter.person(1), counter.institution(1, "1")
    bill = counter.bill(person, here, "2024-06-05", 25_105, first=300)
    owner.execute(
        "update charge_batch set parts = %s", [Jsonb({"consultation": 5000, "class_a": 10_005})]
    )
    rules = Areas(Library((FOLDER,)))
    entry = one(gateway, bill, rules).entry
    assert entry.settled.visit.parts["consultation"] == 5000
    assert entry.settled.visit.parts["class_a"] == 10005
    # 50 × 80 % + 100.05 × 75 % (75.0375) + 101 × 70 %: 40.00 + 75.04 + 70.70.
    assert (entry.settlement.pool_fen, entry.settlement.cash_fen) == (18_574, 25_405 - 18_574)
    again = decide_bill.redo(entry, load(rules.area("440300"), []), rules)
    assert (again.settlement.pool_fen, again.settlement.facts, again.meters) == (
        entry.settlement.pool_fen,
        entry.settlement.facts,
        entry.meters,
    )
    assert decide_bill.explanation(entry, rules).result.pool_fen == entry.settlement.pool_fen


def test_an_area_may_let_the_institution_tell_its_own_facts(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, "440300")
    person, here = counter.person(1), counter.institution(1, "1")
    bound = counter.bill(person, here, "2024-06-05", 10_000, facts={"bound": "false"})
    rules = Areas(Library((FOLDER,)))
    entry = one(gateway, bound, rules).entry
    assert (entry.settlement.pool_fen, entry.decision.refusal) == (0, "not_selected")
    unknown = counter.bill(person, here, "2024-06-05", 10_000, facts={"contracted": "true"})
    (outcome,) = settle(gateway, [unknown], rules, NOW)
    assert outcome.refusal and outcome.refusal.code == "field_unknown"


def test_a_county_is_settled_by_its_citys_rules_and_keeps_its_meters_there(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, "530900")
    person, here = counter.person(1), counter.institution(1, region="530925")
    owner.execute("update person_fact set retired_at = now()")
    owner.execute(
        "insert into person_fact (person_id, area, kind, since, details)"
        " values (%s, '530925', 'insured', '2024-01-01', '{\"status\": \"active\"}')",
        [counter.persons[person]],
    )
    rules = Areas()
    entry = one(gateway, counter.bill(person, here, "2024-06-05", 10_000), rules).entry
    # (100 - 60) × 55 %.
    assert (entry.area, entry.settlement.pool_fen) == ("530900", 2200)
    assert "offsite" not in entry.settled.visit.facts
    assert set(rows(gateway, "select area from meter_use")) == {("530900",)}
    owner.execute(
        "insert into closed_period (area, month, actor_kind, actor)"
        " values ('530900', '2024-12-01', 'operator', 't')"
    )
    bill = counter.bill(person, here, "2024-06-05", 10_000)
    (closed,) = settle(gateway, [bill], rules, NOW)
    assert closed.refusal and closed.refusal.code == "period_closed"
