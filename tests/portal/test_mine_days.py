"""My pages on the edges of days: China's day while UTC has still the day before; last days."""

from datetime import date, datetime
from typing import Any

import psycopg
import pytest
from tests.portal import people
from tests.portal.conftest import Family, sign_in
from tests.portal.people import ROLE
from tests.portal.reading import read

NIGHT = "2024-12-31T16:00:00+00:00"
"""Midnight in China: 2025 has begun there."""
EVENING = "2024-12-31T15:59:59+00:00"
"""The last second of 2024 in China."""


@pytest.mark.parametrize(
    ("instant", "first", "last"),
    [(NIGHT, "2025-01-01", "2025-01-01"), (EVENING, "2024-01-01", "2024-12-31")],
)
def test_a_statement_is_of_the_year_that_china_has(
    client: Any, family: Family, clock: Any, instant: str, first: str, last: str
) -> None:
    clock(instant)
    sign_in(client, family.spouse)
    page = read(client.get("/me/account"))
    assert (page.fields["from"]["value"], page.fields["to"]["value"]) == (first, last)
    assert f"{first} – {last}" in page.text
    # What was on the account before is the opening.
    (account,) = page.tables
    assert account[1] == [first, "期初余额", "500.00元"]
    assert account[-1] == [last, "期末余额", "500.00元"]


def test_days_that_are_given_stay_given(client: Any, family: Family, clock: Any) -> None:
    clock(NIGHT)
    sign_in(client, family.spouse)
    page = read(client.get("/me/account?from=2023-01-01&to=2023-01-31"))
    assert (page.fields["from"]["value"], page.fields["to"]["value"]) == (
        "2023-01-01",
        "2023-01-31",
    )
    for name, label in (("from", "起"), ("to", "止")):
        wrong = read(client.get(f"/me/account?{name}=2023-02-30"))
        assert f"{label} 的值 2023-02-30 无法识别" in wrong.text, wrong.text
        assert wrong.tables == []


FILED = {
    "over": ("2024-01-01", "2025-01-01", True),
    "last day": ("2024-02-01", "2025-01-02", False),
    "lasting": ("2024-03-01", None, False),
    "to come": ("2025-06-01", "2025-07-01", False),
}


@pytest.mark.usefixtures("fresh_database")
@pytest.mark.parametrize("instant", [NIGHT, "2025-01-01T15:59:59+00:00"])
def test_a_filing_is_over_on_the_day_it_ends(
    client: Any, family: Family, pages_database: str, clock: Any, instant: str
) -> None:
    with psycopg.connect(pages_database, autocommit=True) as owner:
        counter = people.counter_of(owner)
        for name, (since, until, _) in FILED.items():
            counter.fact(family.spouse, "offsite", since, until, key=name, state="approved")
    clock(instant)
    sign_in(client, family.spouse)
    (table,) = read(client.get("/me/filings")).tables
    latest_first = sorted(FILED, key=lambda name: FILED[name][0], reverse=True)
    assert table[1:] == [
        [
            "异地就医备案",
            name,
            FILED[name][0],
            FILED[name][1] or "",
            "已核准 已过期" if FILED[name][2] else "已核准",
        ]
        for name in latest_first
    ]


@pytest.mark.usefixtures("fresh_database")
def test_each_kind_of_filing_says_what_where_and_how_it_stands(
    client: Any, family: Family, pages_database: str, clock: Any
) -> None:
    clock(NIGHT)
    with psycopg.connect(pages_database, autocommit=True) as owner:
        counter = people.counter_of(owner)
        here, there = counter.institution(7), counter.institution(8)
        for code, name in ((here, "县人民医院"), (there, "市中心医院")):
            owner.execute("update institution set name = %s where code = %s", [name, code])
        psn_no = family.spouse
        counter.fact(
            psn_no,
            "registration",
            "2024-01-01",
            key="M016",
            benefit="chronic",
            disease="diabetes",
            name="糖尿病",
            state="filed",
            institution=here,
        )
        counter.fact(psn_no, "offsite", "2024-01-02", key="310000", state="filed")
        counter.fact(psn_no, "selection", "2024-01-03", institution=here)
        counter.fact(psn_no, "referral", "2024-01-04", key=there, sender=here)
        counter.fact(psn_no, "injury", "2024-01-05", key="I1", third_party=True)
        counter.fact(
            psn_no, "stay", "2024-01-06", "2024-01-09", key="Z1", institution=there, level="3"
        )
    sign_in(client, psn_no)
    (table,) = read(client.get("/me/filings")).tables
    assert table == [
        ["种类", "内容", "起", "止", "状态"],
        ["住院", "Z1 · 市中心医院", "2024-01-06", "2024-01-09", "已过期"],
        ["意外伤害登记", "I1", "2024-01-05", "", ""],
        ["转诊", "市中心医院", "2024-01-04", "", ""],
        ["选定医疗机构", "· 县人民医院", "2024-01-03", "", ""],
        ["异地就医备案", "310000", "2024-01-02", "", "已报，待审核"],
        ["慢特病备案", "糖尿病 · 县人民医院", "2024-01-01", "", "已报，待审核"],
    ]


@pytest.mark.usefixtures("fresh_database")
def test_every_settlement_is_listed_however_many_there_are(
    client: Any, family: Family, pages_database: str
) -> None:
    from gongji.law.engine.areas import Areas
    from gongji.settlement.settle import settle

    with psycopg.connect(pages_database, autocommit=True) as owner:
        counter = people.counter_of(owner)
        hospital = counter.institution(7, level="1")
        bills = [counter.bill(family.spouse, hospital, "2023-02-03", 100) for _ in range(101)]
    with psycopg.connect(pages_database, options=ROLE, autocommit=True) as gateway:
        now = datetime.fromisoformat("2023-03-01T02:00:00+00:00")
        numbers = [outcome.entry.id for outcome in settle(gateway, bills, Areas(), now)]
    sign_in(client, family.spouse)

    def shown(path: str) -> list[str]:
        links = read(client.get(path)).links
        return [href for _, href in links if href.startswith("/me/settlements/")]

    latest = [f"/me/settlements/{number}" for number in sorted(numbers, reverse=True)]
    assert shown("/me/settlements") == latest
    assert shown("/me") == latest[:5]


PERIODS = [
    ("年:2023", "2023"),
    ("年:2024", "2024"),
    ("月:24287", "2023-12"),
    ("月:24288", "2024-1"),
    ("月:24299", "2024-12"),
    ("季:8095", "2023-Q4"),
    ("季:8096", "2024-Q1"),
]
"""Periods are counted from the year zero: 2024 x 12 = 24288 is January, 2024 x 4 = 8096 Q1."""


@pytest.mark.usefixtures("fresh_database")
def test_meters_are_shown_by_period_the_latest_first_and_not_those_of_a_visit(
    client: Any, family: Family, pages_database: str
) -> None:
    others = [("次:77", "77"), ("日:738000", "738000")]
    with psycopg.connect(pages_database, autocommit=True) as owner:
        for number, (period, _) in enumerate([*PERIODS, *others], start=1):
            owner.execute(
                "insert into meter_use (area, person, period, slot, code, used_fen) select"
                " '430500', id, %s, '', 'ordinary_paid', %s from person where psn_no = %s",
                [period, number * 101, family.spouse],
            )
        owner.execute(
            "insert into meter_use (area, person, period, slot, code, used_fen) select"
            " '430500', id, '年:2022', '', 'year_deductible', 0 from person where psn_no = %s",
            [family.spouse],
        )
    sign_in(client, family.spouse)
    table = used_table(client)
    assert sorted(row[0] for row in table[1:]) == sorted(shown for _, shown in PERIODS)
    order = [_month(row[0]) for row in table[1:]]
    assert order == sorted(order, reverse=True)
    used = {
        shown: f"{(n * 101) // 100}.{(n * 101) % 100:02d}元"
        for n, (_, shown) in enumerate(PERIODS, start=1)
    }
    assert {row[0]: row[2] for row in table[1:]} == used


def used_table(client: Any) -> list[list[str]]:
    """The table of what was used."""
    heads = ["期间", "累计项目", "已用"]
    return next(table for table in read(client.get("/me")).tables if table[:1] == [heads])


def _month(shown: str) -> int:
    """The first month of a period as it is shown, counted from the year zero."""
    year, _, part = shown.partition("-")
    first = {"": 0, "Q1": 0, "Q4": 9}.get(part, int(part) - 1 if part.isdigit() else 0)
    return int(year) * 12 + first


@pytest.mark.usefixtures("fresh_database")
def test_a_meter_says_its_level_its_disease_and_what_is_unknown(
    client: Any, family: Family, pages_database: str
) -> None:
    rows = [
        ("430500", "level_deductible.2", ""),
        ("430500", "disease_paid", "糖尿病"),
        ("430500", "no_such_meter.1", ""),
        ("999999", "ordinary_paid", ""),
    ]
    with psycopg.connect(pages_database, autocommit=True) as owner:
        for area, code, slot in rows:
            owner.execute(
                "insert into meter_use (area, person, period, slot, code, used_fen) select"
                " %s, id, '年:2023', %s, %s, 100 from person where psn_no = %s",
                [area, slot, code, family.spouse],
            )
    sign_in(client, family.spouse)
    names = sorted(row[1] for row in used_table(client)[1:])
    assert names == sorted(["各级起付（二级）", "病种统筹（糖尿病）", "其他累计", "其他累计"])


def test_the_first_page_asks_about_the_day_that_china_has(client: Any, clock: Any) -> None:
    clock(NIGHT)
    first = read(client.get("/"))
    assert first.fields["date"]["value"] == "2025-01-01"
    assert first.fields["area"]["value"] == "430500"
    assert read(client.get("/areas/532300")).fields["at"]["value"] == "2025-01-01"
    rules = client.get("/api/v1/areas/532300/rules").json()
    assert rules["at"] == "2025-01-01"
    clock(EVENING)
    assert read(client.get("/")).fields["date"]["value"] == "2024-12-31"
    assert client.get("/api/v1/areas/532300/rules").json()["at"] == "2024-12-31"


def test_after_its_last_day_an_area_is_shown_on_that_day(client: Any, clock: Any) -> None:
    """云浮 holds until 2025-12-31, 攀枝花 until 2027-12-31 (有效期至)."""
    for instant, shown in (
        ("2025-12-30T16:00:00+00:00", "2025-12-31"),
        ("2025-12-31T16:00:00+00:00", "2025-12-31"),
        ("2029-01-01T00:00:00+00:00", "2025-12-31"),
        ("2025-12-29T15:59:00+00:00", "2025-12-29"),
    ):
        clock(instant)
        assert read(client.get("/areas/445300")).fields["at"]["value"] == shown
        assert client.get("/api/v1/areas/445300/rules").json()["at"] == shown


def test_the_comparison_begins_with_the_last_change_of_the_first_area(
    client: Any, clock: Any
) -> None:
    from gongji.platform.installation import installed_areas

    assert next(a.code for a in installed_areas().every({}) if len(a.laws) > 1) == "430500"
    clock(NIGHT)
    page = read(client.get("/compare"))
    given = {name: page.fields[name]["value"] for name in ("a_area", "a_date", "b_area", "b_date")}
    # 邵阳 changed on 2023-06-01.
    assert given == {
        "a_area": "430500",
        "a_date": "2023-05-31",
        "b_area": "430500",
        "b_date": "2023-06-01",
    }
    assert date.fromisoformat(given["a_date"]) < date.fromisoformat(given["b_date"])
