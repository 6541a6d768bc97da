"""Visits at the counter on both sides of every boundary of days, by hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from boundary_visits import HISTORIES, History
from gongji.law.checks.library import Library
from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.law.engine.engine import settle
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import read_visit
from gongji.refusals import Refusal
from gongji.units import parse_day, yuan_text
from made_rulebooks import head, library, write


def payments(area: Area, history: History) -> Iterator[str]:
    """What the pool pays of each visit, or why it pays nothing."""
    meters = Meters(area.layout)
    for row in history.rows:
        try:
            law = area.law(parse_day(row["date"]))
            result = settle(area, read_visit(row, law), meters)
        except Refusal as refusal:
            yield refusal.code
            continue
        yield result.refusal or yuan_text(result.pool_fen)


@pytest.mark.parametrize("history", HISTORIES, ids=[history.name for history in HISTORIES])
def test_a_history_is_settled_as_by_hand(history: History, tmp_path: Path) -> None:
    books = library(tmp_path, history.rulebook) if history.rulebook else Library()
    area = Areas(books, everywhere=history.settings).area(history.area)
    assert tuple(payments(area, history)) == history.paid


RATE = """\
待遇:
  普通门诊:
    依据: 第一条
    层:
      - {{名称: 普通门诊, 代号: ordinary, 支付比例: {{比例: {rate}, 依据: 第三条}}}}
"""


@pytest.fixture
def spans(tmp_path: Path) -> Area:
    """Half in 2023 from the 2nd of January to the 30th of December, a third the next day only,
    nothing on New Year's Day, then two thirds."""
    for since, until, rate in (
        ("2023-01-02", "2023-12-30", "50%"),
        ("2023-12-31", "2023-12-31", "30%"),
        ("2024-01-02", "", "60%"),
    ):
        more = f"  有效期至: {until}\n" if until else ""
        write(tmp_path, head(since, more=more) + RATE.format(rate=rate), since)
    return Areas(Library([tmp_path])).area("629900")


@pytest.mark.parametrize(
    ("day", "paid"),
    [
        ("2023-01-01", "date_outside"),
        ("2023-01-02", "50.00"),
        ("2023-12-30", "50.00"),
        ("2023-12-31", "30.00"),
        ("2024-01-01", "date_outside"),
        ("2024-01-02", "60.00"),
        ("2099-12-31", "60.00"),
    ],
)
def test_a_document_holds_from_its_first_to_its_last_day(spans: Area, day: str, paid: str) -> None:
    row = {"date": day, "status": "active", "level": "2", "in_scope": "100"}
    assert next(payments(spans, History("", "629900", (row,), (paid,)))) == paid


def test_the_days_covered_are_told_without_the_day_between(spans: Area) -> None:
    """Spans that meet are one; the day without law is in none."""
    assert spans.covered() == "2023-01-02 至 2023-12-31；2024-01-02 至 今"
    with pytest.raises(Refusal) as refusal:
        spans.law(parse_day("2024-01-01"))
    assert refusal.value.values["value"] == "2024-01-01"
    assert spans.covered() in str(refusal.value)
