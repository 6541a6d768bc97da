"""A made-up catalogue: some hundreds of items, plausible in class and price, none of them real."""

import random
from collections.abc import Iterator
from datetime import date
from typing import Any

BEGAN = date(2022, 7, 1)
ADJUSTED = date(2025, 1, 1)
AGREED_UNTIL, LAPSED = date(2026, 1, 1), date(2025, 1, 1)

DISEASES = {
    "M03900": ("hypertension", "高血压"),
    "M01600": ("diabetes", "糖尿病"),
    "M04600": ("冠心病", "冠心病"),
    "M05300": ("慢性阻塞性肺疾病", "慢性阻塞性肺疾病"),
    "M07800": ("renal_failure", "慢性肾功能衰竭（透析）"),
    "MTEST1": ("severe_mental_illness", "重性精神病"),
    "M00500": ("恶性肿瘤门诊治疗", "恶性肿瘤门诊治疗"),
    "M08300": ("器官移植抗排异治疗", "器官移植抗排异治疗"),
}
"""National code of a disease (one is invented) -> the rulebooks' name and its Chinese name."""
CHRONIC = ("M03900", "M01600", "M04600", "M05300")
SPECIAL = ("M07800", "MTEST1", "M00500", "M08300")

_DRUGS = ("降压", "降糖", "调脂", "抗感染", "止咳", "护胃", "止痛", "抗过敏", "维生素", "抗凝")
_RELATED = {
    "降压": ["M03900"],
    "降糖": ["M01600"],
    "调脂": ["M04600", "M03900"],
    "抗凝": ["M04600"],
}
_FORMS = ("10mg×20片", "5mg×14片", "0.25g×24粒", "100ml", "20ml×6支")
_SERVICES = (
    ("诊察费", "02", 500, 3000),
    ("血常规", "04", 1500, 3500),
    ("生化全套", "04", 8000, 26000),
    ("心电图", "03", 1500, 4500),
    ("彩超", "03", 6000, 18000),
    ("CT平扫", "03", 16000, 42000),
    ("磁共振", "03", 38000, 88000),
    ("换药", "05", 800, 3500),
    ("针刺", "05", 1500, 6000),
    ("门诊手术", "06", 20000, 90000),
)
Values = dict[str, Any]


def goods(area: str, rng: random.Random, national: random.Random) -> Iterator[Values]:
    """The versions of items of an area, as rows of `item_version`.

    Shape:   `national` gives what is the same everywhere (code, name, class), `rng` what the area
             decides (standards, shares).
    """
    base: Values = {
        "area": area,
        "since": BEGAN,
        "until": None,
        "first_self_pay_ppm": None,
        "standard_fen": None,
        "standard_1_fen": None,
        "standard_2_fen": None,
        "standard_3_fen": None,
        "listing_fen": None,
        "part": "",
        "negotiated": False,
        "dual_channel": False,
        "restricted": False,
        "essential": False,
        "diseases": [],
        "specification": "",
        "agreement_until": None,
        "account_use": "",
    }
    for number in range(1, 201):
        yield from _drug(base, number, rng, national)
    for number in range(1, 21):
        yield _negotiated(base, number, rng, national)
    for number in range(1, 81):
        yield _service(base, number, rng, national)
    for number in range(1, 41):
        yield _consumable(base, number, rng, national)


def _self_pay(grade: str, rng: random.Random) -> int | None:
    return rng.choice((50_000, 100_000, 100_000, 200_000, 300_000)) if grade == "乙" else None


def _drug(
    base: Values, number: int, rng: random.Random, national: random.Random
) -> Iterator[Values]:
    """A drug: procured centrally with a payment standard, or with a listing price only."""
    use = _DRUGS[number % len(_DRUGS)]
    grade = national.choices("甲乙丙", (45, 42, 13))[0]
    price = national.randrange(300, 15_000, 10)
    procured = national.random() < 0.35
    herb, patent = number > 180, number > 150
    form = "饮片" if herb else "成药" if patent else "药"
    made = base | {
        "item": f"{'T' if herb else 'Z' if patent else 'X'}99TEST{number:08d}",
        "name": f"测试{form}·{grade}{number:03d}（{use}）",
        "list_type": "102" if herb else "101",
        "charge_type": "10" if herb else "11" if patent else "09",
        "grade": grade,
        "first_self_pay_ppm": _self_pay(grade, rng),
        "essential": national.random() < 0.25,
        "restricted": national.random() < 0.05,
        "diseases": [] if herb else _RELATED.get(use, []),
        "specification": national.choice(_FORMS),
    }
    field = "standard_fen" if procured else "listing_fen"
    if national.random() < 0.15:
        # The price was cut when the year began.
        yield made | {field: price * 5 // 4, "until": ADJUSTED}
        yield made | {field: price, "since": ADJUSTED}
    else:
        yield made | {field: price}


def _negotiated(base: Values, number: int, rng: random.Random, national: random.Random) -> Values:
    """A nationally negotiated drug; some are dual-channel, of some the agreement has lapsed."""
    dual, lapsed = number % 2 == 0, number % 10 == 9
    return base | {
        "item": f"X99TEST9{number:07d}",
        "name": f"测试谈判药·{number:03d}{'（双通道）' if dual else ''}",
        "list_type": "101",
        "charge_type": "09",
        "grade": "乙",
        "first_self_pay_ppm": rng.choice((100_000, 200_000)),
        "standard_fen": national.randrange(20_000, 900_000, 100),
        "negotiated": True,
        "dual_channel": dual,
        "restricted": number % 7 == 0,
        "diseases": ["M00500"] if number % 4 == 0 else [],
        "specification": "20mg×28片",
        "agreement_until": LAPSED if lapsed else AGREED_UNTIL,
    }


def _service(base: Values, number: int, rng: random.Random, national: random.Random) -> Values:
    """A service: its payment standard depends on the level of the institution."""
    title, charge, low, high = _SERVICES[number % len(_SERVICES)]
    grade = national.choices("甲乙丙", (62, 30, 8))[0]
    if title == "诊察费":
        grade = "甲"
    price = national.randrange(low, high, 50)
    top = price * rng.randint(95, 110) // 100
    return base | {
        "item": f"S99TEST{number:08d}",
        "name": f"测试项目·{grade}{number:03d}（{title}）",
        "list_type": "201",
        "charge_type": charge,
        "grade": grade,
        "first_self_pay_ppm": _self_pay(grade, rng),
        "standard_3_fen": top,
        "standard_2_fen": top * 85 // 100,
        "standard_1_fen": top * 70 // 100,
        "diseases": ["M07800"] if number % 20 == 8 else [],
    }


def _consumable(base: Values, number: int, rng: random.Random, national: random.Random) -> Values:
    """A consumable: class 丙 more often than a drug."""
    grade = national.choices("甲乙丙", (35, 40, 25))[0]
    return base | {
        "item": f"C99TEST{number:08d}",
        "name": f"测试耗材·{grade}{number:03d}",
        "list_type": "301",
        "charge_type": "08",
        "grade": grade,
        "first_self_pay_ppm": _self_pay(grade, rng),
        "listing_fen": national.randrange(200, 40_000, 50),
    }
