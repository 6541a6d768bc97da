"""A made-up family of Chuxiong whose every amount differs: settlements, one taken back, accounts.

段誉 has 200.00 on the account and a bond with 木婉清, who has 80.00; 钟灵 is a stranger. By 楚政规
〔2022〕2号 第十三条 level 1 has a deductible of 30.00 and pays 60 %, level 3 90.00 and 50 %.
"""

from dataclasses import dataclass
from datetime import date, datetime

import psycopg
from tests.platform.counter import OPERATOR, Counter
from tests.portal.people import ROLE

AREA = "532300"
NAMES = ("段誉", "木婉清", "钟灵")


@dataclass(frozen=True)
class Neighbours:
    """Numbers of persons and of entries, in the order of the entries."""

    duan: str
    mu: str
    zhong: str
    small: int
    large: int
    family: int
    taken_back: int
    late: int
    strangers: int


def move_in(address: str) -> Neighbours:
    """The neighbours in a database.

    small       2024-03-01, level 1:  80.00; (80 - 30) x 60 % = 30.00; account 50.00 of 200.00
    large       2024-03-05, level 3: 420.00, 20.00 of it first self-pay; (400 - 90) x 50 % = 155.00;
                account 150.00, cash 115.00
    family      2024-04-01, level 1: 230.00; (230 - 30) x 60 % = 120.00; 木婉清 80.00, cash 30.00;
                taken back on 2024-04-09
    late        2024-02-10, level 1: 130.00; (130 - 30) x 60 % = 60.00; cash 70.00;
                settled at half past midnight of 2025-01-01 in China
    strangers   2024-05-01, level 3: 1,090.00; (1090 - 90) x 50 % = 500.00; cash 590.00
    """
    from gongji.law.engine.areas import Areas
    from gongji.ledger.openings import OpeningBalance, enter
    from gongji.settlement.cancel import cancel

    rules = Areas()
    with psycopg.connect(address, autocommit=True) as owner:
        counter = Counter(owner, AREA, messages=500)
        persons = [counter.person(n) for n in (1, 2, 3)]
        for psn_no, name in zip(persons, NAMES, strict=True):
            owner.execute("update person set name = %s where psn_no = %s", [name, psn_no])
            counter.fact(psn_no, "account", "2024-01-01")
        counter.fact(
            persons[0],
            "bond",
            "2024-01-01",
            key=persons[1],
            order=1,
            relation="spouse",
            consented_on="2024-01-01",
        )
        day = date(2024, 1, 1)
        openings = [
            OpeningBalance(persons[0], AREA, day, "account", 20_000),
            OpeningBalance(persons[1], AREA, day, "account", 8_000),
        ]
        enter(owner, openings, rules.area, instant("2024-01-02T02:00"), actor=OPERATOR)
        high, low = counter.institution(1, level="3"), counter.institution(2, level="1")
        names = {high: "楚雄州人民医院", low: "鹿城镇卫生院"}
        for code, name in names.items():
            owner.execute("update institution set name = %s where code = %s", [name, code])
        duan, zhong = persons[0], persons[2]
        bills = {
            "2024-03-01T02:00": counter.bill(duan, low, "2024-03-01", 8_000, accounts="own"),
            "2024-03-05T02:00": counter.bill(
                duan, high, "2024-03-05", 40_000, first=2_000, accounts="own"
            ),
            "2024-04-01T02:00": counter.bill(duan, low, "2024-04-01", 23_000, accounts="family"),
            "2024-12-31T16:30": counter.bill(duan, low, "2024-02-10", 13_000),
            "2025-01-02T02:00": counter.bill(zhong, high, "2024-05-01", 109_000),
        }
        numbers = _settle(address, bills)
        taken = bills["2024-04-01T02:00"]
        key = counter.key(low, "2208", {})
        with psycopg.connect(address, options=ROLE, autocommit=True) as gateway:
            back = cancel(
                gateway, key, duan, taken.visit, numbers[2], rules, instant("2024-04-09T02:00")
            )
    small, large, family, late, strangers = numbers
    return Neighbours(*persons, small, large, family, back.entry.id, late, strangers)


def instant(text: str) -> datetime:
    """An instant of UTC."""
    return datetime.fromisoformat(text + ":00+00:00")


def _settle(address: str, bills: dict[str, object]) -> list[int]:
    from gongji.law.engine.areas import Areas
    from gongji.settlement.settle import settle

    numbers = []
    with psycopg.connect(address, options=ROLE, autocommit=True) as gateway:
        for text, bill in bills.items():
            (outcome,) = settle(gateway, [bill], Areas(), instant(text))
            numbers.append(outcome.entry.id)
    return numbers
