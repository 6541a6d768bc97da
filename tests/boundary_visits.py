"""Histories of one person at the boundaries of days, months, years, births and documents, computed
by hand: the same for the counter and for files. Whoever settles them gives payments of the pool in
yuan, or the code of a refusal."""

from dataclasses import dataclass, field

CHUXIONG, SHAOYANG, YUNFU, PANZHIHUA = "532300", "430500", "445300", "510400"


@dataclass(frozen=True)
class History:
    """Visits in order; `paid` by visit: yuan, or why there is nothing."""

    name: str
    area: str
    rows: tuple[dict[str, str], ...]
    paid: tuple[str, ...]
    settings: dict[str, str] = field(default_factory=dict)
    rulebook: str = ""
    """A document of area 629900 from 2023-01-01 on, without its head."""


def visit(date: str, in_scope: str = "", **more: str) -> dict[str, str]:
    """A visit of somebody active at level 2."""
    given = {"date": date, "status": "active", "level": "2", "in_scope": in_scope}
    return {name: text for name, text in (given | more).items() if text}


PERIOD = """\
计量:
  起付: {{代号: used, 量: 起付, 期: {period}{start}}}
待遇:
  普通门诊:
    依据: 第一条
    层:
      - 名称: 普通门诊
        代号: ordinary
        起付标准: [{{计量: 起付, 金额: 100元, 依据: 第二条}}]
        支付比例: {{比例: 50%, 依据: 第三条}}
"""


def _period(period: str, start: str, first: str, second: str, same: bool, *visits: str) -> History:
    """Two visits of 60 yuan: of the second 20 are above the 100 if both are of one period."""
    rows = [
        visit(day, "60", visit=name)
        for day, name in zip((first, second), visits or ("v1", "v2"), strict=True)
    ]
    text = PERIOD.format(period=period, start=f", 起: {start}" if start else "")
    name = f"{period}{start} {first} {second} {' '.join(visits)}"
    return History(name, "629900", tuple(rows), ("0.00", "10.00" if same else "0.00"), {}, text)


PERIODS = [
    _period("日", "", "2023-03-01", "2023-03-01", True),
    _period("日", "", "2023-03-01", "2023-03-02", False),
    _period("月", "", "2023-03-01", "2023-03-31", True),
    _period("月", "", "2023-03-31", "2023-04-01", False),
    _period("月", "", "2024-02-29", "2024-03-01", False),
    _period("月", "", "2023-03-15", "2024-03-15", False),
    _period("季", "", "2023-01-01", "2023-03-31", True),
    _period("季", "", "2023-03-31", "2023-04-01", False),
    _period("季", "", "2023-12-31", "2024-01-01", False),
    _period("年", "", "2023-01-01", "2023-12-31", True),
    _period("年", "", "2023-12-31", "2024-01-01", False),
    _period("年", "7月", "2023-07-01", "2024-06-30", True),
    _period("年", "7月", "2023-06-30", "2023-07-01", False),
    _period("年", "7月", "2023-12-31", "2024-01-01", True),
    _period("次", "", "2023-03-01", "2023-03-01", True, "v1", "v1"),
    _period("次", "", "2023-03-01", "2023-03-01", False, "v1", "v2"),
    _period("次", "", "2023-03-01", "2023-09-01", True, "v1", "v1"),
    _period("次", "", "2023-12-31", "2024-01-01", False, "v1", "v1"),
    _period("次", "", "2023-03-01", "2023-03-01", False, "", ""),
    _period("笔", "", "2023-03-01", "2023-03-01", False, "v1", "v1"),
]

AGES = """\
事实:
  年龄段: {{取自: {age}, 段: {{七十以下: 0, 七十以上: 70}}, 依据: 第一条}}
待遇:
  普通门诊:
    依据: 第一条
    层:
      - 名称: 普通门诊
        代号: ordinary
        支付比例: {{比例: {{按: 年龄段, 七十以下: 50%, 七十以上: 60%}}, 依据: 第三条}}
"""
BORN = "1954-06-15"


def _ages(age: str, born: str, *days: tuple[str, str]) -> History:
    """One visit of 100 yuan a day."""
    rows = tuple(visit(day, "100", birth_date=born) for day, _ in days)
    paid = tuple(fen for _, fen in days)
    return History(f"{age} {born}", "629900", rows, paid, {}, AGES.format(age=age))


OLD = [
    _ages("年龄", BORN, ("2024-05-31", "50.00"), ("2024-06-01", "60.00"), ("2024-06-15", "60.00")),
    _ages("周岁", BORN, ("2024-06-14", "50.00"), ("2024-06-15", "60.00"), ("2024-06-16", "60.00")),
    _ages("周岁", "1956-02-29", ("2026-02-28", "50.00"), ("2026-03-01", "60.00")),
    _ages("年龄", "", ("2024-06-15", "50.00")),
]

MONTHS = """\
事实:
  启用: {取自: 日期, 段: {从前: 1900-01-01, 七月起: 2023-07-01}, 依据: 第一条}
待遇:
  普通门诊:
    依据: 第一条
    层:
      - 名称: 普通门诊
        代号: ordinary
        支付比例:
          比例: {按: 启用, 从前: 10%, 七月起: 20%}
          依据: 第三条
          增减:
            - {当: {季内月数: 1个月}, 加: 1个百分点, 依据: 第三条}
            - {当: {季内月数: 2个月}, 加: 2个百分点, 依据: 第三条}
            - {当: {季内月数: 3个月}, 加: 3个百分点, 依据: 第三条}
            - {当: {年内月数: [1个月, 12个月]}, 加: 50个百分点, 依据: 第三条}
            - {当: {核准当年剩余月数: 1个月}, 加: 20个百分点, 依据: 第三条}
"""


def _month(day: str, paid: str, **more: str) -> tuple[dict[str, str], str]:
    return visit(day, "100", **more), paid


_MONTHS = [
    _month("2023-01-01", "61.00"),
    _month("2023-01-31", "61.00"),
    _month("2023-02-28", "12.00"),
    _month("2023-03-01", "13.00"),
    _month("2023-06-30", "13.00"),
    _month("2023-07-01", "21.00"),
    _month("2023-11-30", "22.00"),
    _month("2023-12-01", "73.00"),
    _month("2023-12-31", "73.00"),
    _month("2023-12-31", "93.00", approval_date="2023-12-01"),
    _month("2024-01-01", "71.00", approval_date="2023-12-31"),
    _month("2024-02-29", "22.00"),
]

SELECTED = [
    History(
        "Chuxiong from its first day, and Yunnan's deductible from 2024-11-01",
        CHUXIONG,
        tuple(
            visit(day, "1000", level="3")
            for day in ("2022-06-30", "2022-07-01", "2024-10-31", "2024-11-01")
        ),
        # (1000 - 90) x 50 %, then (1000 - 60) x 50 %.
        ("date_outside", "455.00", "455.00", "470.00"),
    ),
    History(
        "Yunfu to its last day",
        YUNFU,
        (visit("2025-12-31", "1000"), visit("2026-01-01", "1000")),
        ("550.00", "date_outside"),
        {"average_wage.2023": "100000"},
    ),
    History(
        "Yunfu's ceiling by the wage of two years before, on both sides of New Year",
        YUNFU,
        (visit("2024-12-31", "9000"), visit("2025-01-01", "9000")),
        ("1600.00", "2000.00"),
        {"average_wage.2022": "80000", "average_wage.2023": "100000"},
    ),
    History(
        "Shaoyang's yearly deductible begins anew on 1 January",
        SHAOYANG,
        tuple(visit(day, "150") for day in ("2022-12-30", "2022-12-31", "2023-01-01")),
        ("0.00", "60.00", "0.00"),
    ),
    History(
        "Shaoyang's ceiling is used up by the fen and begins anew",
        SHAOYANG,
        (
            visit("2022-12-30", "2699.99"),
            visit("2022-12-31", "0.02"),
            visit("2022-12-31", "9"),
            visit("2023-01-01", "2700.01"),
        ),
        # (2699.99 - 200) x 60 % = 1499.994, then 0.012 of 0.01, then nothing.
        ("1499.99", "0.01", "0.00", "1500.00"),
    ),
    History(
        "an emergency before the patient dies or not",
        SHAOYANG,
        (
            visit("2023-03-01", "700", benefit="emergency", died="否"),
            visit("2023-03-02", "700", benefit="emergency", died="否", admitted="是"),
        ),
        # Routed to the ordinary benefit: (700 - 200) x 60 %; the other joins the stay.
        ("300.00", "joins_inpatient"),
    ),
    History(
        "a row that is refused moves no meter",
        SHAOYANG,
        (
            visit("2023-03-01", "150", inpatient="是"),
            visit("2023-03-01", "150"),
            visit("2023-03-02", "150", designated="否"),
            visit("2023-03-03", "150"),
        ),
        ("inpatient_stay", "0.00", "not_designated", "60.00"),
    ),
    History(
        "months and days as facts",
        "629900",
        tuple(row for row, _ in _MONTHS),
        tuple(paid for _, paid in _MONTHS),
        {},
        MONTHS,
    ),
]

HISTORIES = [*PERIODS, *OLD, *SELECTED]
