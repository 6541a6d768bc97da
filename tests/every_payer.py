"""A rulebook and one visit in which everybody pays and every amount is another, so that two that
are exchanged tell. By hand, in yuan:

total 3,000, in scope 2,500, 500 outside. The account pays 80 first; 2,420 are left.
Ordinary: deductible 120, 20 met before, 100 taken; 2,320 x 60 % = 1,392, but of the ceiling of 700
150 are used: 550 are paid, which absorb 916.67. 1,403.33 flow on.
Above the ceiling: 30 % = 421.00, but at most 350, which absorb 1,166.67; 236.66 are left.
Pool 900. The burden inside the scope is 2,500 - 80 - 900 = 1,520: the large-amount aid pays 90 %,
1,368; of the 152 left the civil servants' aid pays half, 76. Supplements 1,444.
The person bears 3,000 - 900 - 1,444 = 656: 80 from the account, 576 in cash.
"""

from pathlib import Path

from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.engine.engine import Result, settle
from gongji.law.engine.person_meters import Meters, use
from gongji.law.engine.visit import read_visit
from gongji.units import parse_day
from made_rulebooks import AREA, library

TEXT = """\
计量:
  本笔账户: {代号: bill_account, 量: 支付, 期: 笔}
  年度起付: {代号: year_deductible, 量: 起付, 期: 年}
  普通统筹: {代号: ordinary_paid, 量: 支付, 期: 年}
  超额统筹: {代号: overflow_paid, 量: 支付, 期: 年}
待遇:
  普通门诊:
    依据: 第一条
    层:
      - 名称: 当年账户
        代号: account
        付款方: 个人账户
        支付比例: {比例: 100%, 依据: 第一条第一款}
        最高支付限额: [{计量: 本笔账户, 金额: {事实: 当年账户}, 依据: 第一条第二款}]
      - 名称: 普通门诊
        代号: ordinary
        起付标准: [{计量: 年度起付, 金额: 120元, 依据: 第二条第一款}]
        支付比例: {比例: 60%, 依据: 第二条第二款}
        最高支付限额: [{计量: 普通统筹, 金额: 700元, 依据: 第二条第三款}]
      - 名称: 超额部分
        代号: overflow
        支付比例: {比例: 30%, 依据: 第三条第一款}
        最高支付限额: [{计量: 超额统筹, 金额: 350元, 依据: 第三条第二款}]
补充:
  大额补助:
    依据: 第四条
    层:
      - 名称: 大额补助
        代号: large
        付款方: 大额医疗费用补助
        支付比例: {比例: 90%, 依据: 第四条第一款}
  公务员补助:
    依据: 第五条
    层:
      - 名称: 公务员补助
        代号: servants
        付款方: 公务员医疗补助
        支付比例: {比例: 50%, 依据: 第五条第一款}
"""
VISIT = {
    "area": AREA,
    "person": "甲",
    "visit": "v1",
    "date": "2023-03-01",
    "status": "active",
    "level": "2",
    "total": "3000",
    "in_scope": "2500",
    "account_current": "80",
}
USED = {"year_deductible": 2_000, "ordinary_paid": 15_000}


def settled(folder: Path, **more: str) -> tuple[Result, Library]:
    """The visit settled, and the library with its rulebook."""
    books = library(folder, TEXT)
    area = Areas(books).area(AREA)
    law = area.law(parse_day("2023-03-01"))
    visit = read_visit(VISIT | more, law)
    meters = Meters(area.layout)
    for name, fen in USED.items():
        use(meters, law, visit, name, fen, area.own_level(law))
    return settle(area, visit, meters), books
