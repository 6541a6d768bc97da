"""What was used of a meter stands against the limit of its own period, whatever the law is now."""

from datetime import date

import pytest

from gongji.console.meter_limits import shown_meters
from gongji.law.engine.areas import Areas

AREAS = Areas()
HUNAN = "湖南省2023年6月1日起门诊统筹标准 普通门诊统筹"


@pytest.mark.parametrize(
    ("area", "period", "today", "most", "article"),
    [
        ("430500", "年:2022", "2024-03-01", 200_000, "邵市政办发〔2022〕22号 第六条第一款"),
        ("430500", "年:2023", "2024-03-01", 200_000, HUNAN),
        ("430500", "年:2023", "2023-05-31", 200_000, "邵市政办发〔2022〕22号 第六条第一款"),
        ("530900", "年:2023", "2026-03-01", 600_000, "临政办规〔2022〕2号 待遇表"),
        ("530900", "年:2024", "2026-03-01", 600_000, "云政办规〔2024〕2号 二（二）"),
        ("430500", "年:2021", "2024-03-01", None, ""),
    ],
)
def test_the_limit_is_that_of_the_law_of_the_period(
    area: str, period: str, today: str, most: int | None, article: str
) -> None:
    used = [(area, period, "", "ordinary_paid", 100_000)]
    (shown,) = shown_meters(used, AREAS, date.fromisoformat(today))
    assert (shown["most"], shown["article"]) == (most, article)
    assert shown["name"] == "普通统筹"
    assert shown["width"] == (100_000 * 1000 // most if most else 0)


def test_a_year_is_told_by_its_names_after_its_law_has_ended() -> None:
    """云浮's document ends with 2025: in January 2026 a meter of 2025 is still what it was."""
    used = [("445300", "年:2025", "", "ordinary_paid", 500)]
    (shown,) = shown_meters(used, AREAS, date(2026, 1, 20))
    (before,) = shown_meters(used, AREAS, date(2025, 12, 20))
    assert shown == before
    assert shown["name"] == "普通统筹"
