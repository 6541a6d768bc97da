"""Where the law has the own account pay first (当年账户): a limit of one settlement begins anew.

The area is invented (tests/rulebooks/330000/330100), with a table of uses so that accounts may pay.
"""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.platform.counter import NOW, Counter

from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.settlement.readjudicate import readjudicate
from gongji.settlement.replay import replay
from gongji.settlement.settle import settle

Connection = psycopg.Connection[Any]
AREA = "330100"
SHIPPED = Path(__file__).parents[1] / "rulebooks" / "330000" / AREA / "2023-01-01.yaml"
USES = "账户使用:\n  就医费用: {用途: 医疗费用, 亲属: 本人, 地点: 定点医疗机构, 依据: 第一条}\n\n"


@pytest.fixture
def rules(tmp_path: Path) -> Areas:
    """The rules of the area, with what its accounts may pay."""
    text = SHIPPED.read_text()
    made = tmp_path / AREA / SHIPPED.name
    made.parent.mkdir()
    made.write_text(text.replace("示例:", f"{USES}示例:", 1))
    return Areas(Library((tmp_path,)))


@pytest.mark.parametrize("together", [False, True], ids=["one at a time", "in one batch"])
def test_what_the_account_paid_first_once_is_no_limit_to_the_next_settlement(
    owner: Connection, gateway: Connection, rules: Areas, together: bool
) -> None:
    county = Counter(owner, AREA)
    person, here = county.person(1, 100_000), county.institution(1, "3")
    bills = [
        county.bill(person, here, f"2024-03-{day:02d}", 40_000, accounts="own")
        for day in range(1, 5)
    ]
    lots = [bills] if together else [[bill] for bill in bills]
    entries = [one.entry for lot in lots for one in settle(gateway, lot, rules, NOW)]
    # 1,000 on the account: 400, 400, 200; what it does not pay is deductible (1,000 a year).
    assert [
        (e.settlement.account_fen, e.settlement.cash_fen, e.settlement.deductible_fen)
        for e in entries
    ] == [
        (40_000, 0, 0),
        (40_000, 0, 0),
        (20_000, 20_000, 20_000),
        (0, 40_000, 40_000),
    ]
    used = gateway.execute("select period, code, used_fen from meter_use").fetchall()
    assert used == [("年:2024", "year_deductible", 60_000)]
    assert list(replay(gateway, rules)) == []
    assert list(readjudicate(owner, AREA, 2024, rules, NOW)) == []
