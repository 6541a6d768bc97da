"""Deadlines counted from the visit: months by the day of the month, its last where it has none."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from gongji.law.accounts.deadlines import deadline
from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.rulebook.account_provisions import until_parser
from gongji.law.rulebook.schema import BAD, Reading
from gongji.law.rulebook.source import Node
from gongji.units import date_of, day_of

FOLDER = Path(__file__).parent.parent / "rulebooks"


def read(text: str) -> tuple[object, list[str]]:
    """What is read of a deadline's text, and what is said of it."""
    context = Reading()
    found = until_parser.parse(Node("f", 1, text), "截止", context)
    return found, [problem.message for problem in context.problems]


def test_six_months_after_any_day_of_two_years_as_counted_by_hand() -> None:
    area = Areas(Library([FOLDER])).area("999904")
    for shift in range(731):
        visited = date(2023, 1, 1) + timedelta(shift)
        year, month = divmod(visited.year * 12 + visited.month - 1 + 6, 12)
        last = visited.day
        while True:
            try:
                wanted = date(year, month + 1, last)
                break
            except ValueError:
                last -= 1
        day = day_of(visited)
        found = deadline(area.law(day), day)
        assert found.last_day is not None and date_of(found.last_day) == wanted
        assert (
            found.state(found.last_day) == "open" and found.state(found.last_day + 1) == found.late
        )


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("就诊后30日", date(2023, 3, 2)),
        ("就诊后1年", date(2024, 1, 31)),
        ("就诊后1个月", date(2023, 2, 28)),
        ("当年12月31日", date(2023, 12, 31)),
        ("次年3月31日", date(2024, 3, 31)),
    ],
)
def test_the_last_day_for_a_visit_of_the_last_of_january(text: str, last: date) -> None:
    found, problems = read(text)
    assert not problems and found.last_day(date(2023, 1, 31)) == last


@pytest.mark.parametrize("text", ["6个月", "就诊后0日", "就诊后半年", "次年2月29日", "后年1月1日"])
def test_another_form_is_told_with_both_forms(text: str) -> None:
    found, (message,) = read(text)
    assert found is BAD and ("就诊后6个月" in message or "每年都有" in message)
