"""The calendar in integers: every day of four centuries, and each side of every boundary of age,
month, quarter, year and approval."""

import calendar as almanac
from datetime import date, timedelta

import pytest

from gongji.law.kernel import calendar
from gongji.units import day_of, parse_day


def month(text: str) -> int:
    """A month (2023-05) counted from year 0."""
    year, number = text.split("-")
    return int(year) * 12 + int(number) - 1


def test_every_day_of_four_centuries_is_in_its_month() -> None:
    """The calendar repeats after 400 years; both sides of 1970, leap days and centuries."""
    day, end = date(1800, 1, 1), date(2200, 1, 1)
    while day < end:
        assert calendar.month_of(day_of(day)) == day.year * 12 + day.month - 1, day
        day += timedelta(days=1)


@pytest.mark.parametrize("year", [1600, 1899, 1900, 1968, 1970, 2000, 2023, 2024, 2100, 2400])
@pytest.mark.parametrize("number", range(1, 13))
def test_a_month_begins_on_its_first_day(year: int, number: int) -> None:
    """And the day before is the last of the month before."""
    found = year * 12 + number - 1
    first = calendar.first_of_month(found)
    assert first == day_of(date(year, number, 1))
    assert calendar.month_of(first) == found and calendar.month_of(first - 1) == found - 1
    days = almanac.monthrange(year, number)[1]
    assert calendar.first_of_month(found + 1) - first == days


AGES = [
    # day, birth date, by the day, by the month
    ("2024-06-14", "1954-06-15", 69, 70),
    ("2024-06-15", "1954-06-15", 70, 70),
    ("2024-06-16", "1954-06-15", 70, 70),
    ("2024-06-01", "1954-06-30", 69, 70),
    ("2024-05-31", "1954-06-01", 69, 69),
    ("2024-06-01", "1954-06-01", 70, 70),
    # 29 February: complete on 1 March of a common year, on the day itself of a leap year.
    ("2023-02-28", "1960-02-29", 62, 63),
    ("2023-03-01", "1960-02-29", 63, 63),
    ("2024-02-28", "1960-02-29", 63, 64),
    ("2024-02-29", "1960-02-29", 64, 64),
    # The last and the first day of a year.
    ("2023-12-31", "1954-01-01", 69, 69),
    ("2024-01-01", "1954-01-01", 70, 70),
    ("2024-01-01", "1953-12-31", 70, 70),
    ("2023-12-30", "1953-12-31", 69, 70),
    # Before 1970 on either side; born today, and born later than the visit.
    ("2024-06-15", "2024-06-15", 0, 0),
    ("2024-06-15", "2025-06-15", 0, 0),
    ("2024-06-15", "2024-06-16", 0, 0),
]


@pytest.mark.parametrize(("day", "born", "by_day", "by_month"), AGES)
def test_an_age_turns_on_the_birthday_or_in_its_month(
    day: str, born: str, by_day: int, by_month: int
) -> None:
    """On the day before, the day itself and the day after."""
    assert calendar.age_by_day(parse_day(day), parse_day(born)) == by_day
    assert calendar.age_by_month(parse_day(day), parse_day(born)) == by_month


def test_without_a_birth_date_nobody_is_of_age() -> None:
    """Nothing is guessed."""
    assert calendar.age_by_day(parse_day("2024-06-15"), calendar.NO_DAY) == 0
    assert calendar.age_by_month(parse_day("2024-06-15"), calendar.NO_DAY) == 0


@pytest.mark.parametrize(
    ("approved", "day", "left"),
    [
        # 临沧: the months left in the year of approval, that month included.
        ("2024-01-01", "2024-06-01", 12),
        ("2024-01-31", "2024-01-31", 12),
        ("2024-02-01", "2024-02-01", 11),
        ("2024-06-30", "2024-12-31", 7),
        ("2024-12-01", "2024-12-01", 1),
        ("2024-12-31", "2024-12-31", 1),
        ("2024-12-31", "2025-01-01", 12),
        ("2023-06-30", "2024-06-30", 12),
        # Approved in a later year than the visit: nothing is prorated.
        ("2025-06-30", "2024-12-31", 12),
    ],
)
def test_the_months_left_count_that_of_the_approval(approved: str, day: str, left: int) -> None:
    """Only in the year of the approval."""
    assert calendar.months_left(parse_day(day), parse_day(approved)) == left


def test_without_an_approval_the_whole_year_is_left() -> None:
    """Twelve months."""
    assert calendar.months_left(parse_day("2024-12-01"), calendar.NO_DAY) == 12


PERIODS = [
    # months, begins with, last day of one, first day of the next
    (1, 1, "2024-02-29", "2024-03-01"),
    (1, 1, "2023-12-31", "2024-01-01"),
    (3, 1, "2024-03-31", "2024-04-01"),
    (3, 1, "2023-12-31", "2024-01-01"),
    (12, 1, "2023-12-31", "2024-01-01"),
    (12, 7, "2024-06-30", "2024-07-01"),
    (12, 12, "2023-11-30", "2023-12-01"),
    (3, 2, "2024-01-31", "2024-02-01"),
]


@pytest.mark.parametrize(("months", "start", "last", "first"), PERIODS)
def test_a_period_begins_on_the_first_day_of_its_month(
    months: int, start: int, last: str, first: str
) -> None:
    """One day earlier is the period before; the whole period has one number."""
    begun = parse_day(first)
    number = calendar.period_number(months, start, begun)
    assert calendar.period_number(months, start, parse_day(last)) == number - 1
    end = calendar.first_of_month(calendar.month_of(begun) + months) - 1
    assert calendar.period_number(months, start, end) == number
    assert calendar.period_number(months, start, end + 1) == number + 1


NONE, ONE, TWO, THREE, SHOP = range(5)


@pytest.mark.parametrize(
    ("level", "parent", "pharmacy", "prescriber", "own_level", "counts"),
    [
        (TWO, NONE, 0, NONE, 0, TWO),
        # An internet hospital counts as the one it stands on, whether higher or lower.
        (ONE, THREE, 0, NONE, 0, THREE),
        (THREE, ONE, 0, NONE, 0, ONE),
        # A prescriber counts at a pharmacy only, and not where pharmacies are a level.
        (TWO, NONE, 0, THREE, 0, TWO),
        (TWO, ONE, 1, THREE, 0, THREE),
        (NONE, NONE, 1, NONE, 0, NONE),
        (TWO, ONE, 1, THREE, 1, SHOP),
        (TWO, ONE, 0, THREE, 1, ONE),
        (NONE, NONE, 0, NONE, 0, NONE),
    ],
)
def test_the_level_that_counts(
    level: int, parent: int, pharmacy: int, prescriber: int, own_level: int, counts: int
) -> None:
    """楚雄第二十九条、第三十条; 攀枝花第七条."""
    assert calendar.counting_level(level, parent, pharmacy, prescriber, own_level) == counts
