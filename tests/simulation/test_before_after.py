"""Before and after a reform, on visits of which it is known what changed."""

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest
import python_calamine

from gongji.cli.main import main
from gongji.refusals import Refusal
from gongji.simulation.before_after import MonthsChange, evaluate

DAY = date(2024, 7, 1)
PERSONS = 40


def tables(folder: Path, months: list[date], pool: dict[bool, int], cost: dict[bool, int]) -> Path:
    """A visit a person and month at level 1 or 2; `pool` and `cost` before and from DAY on, in fen;
    costs grow by a hundredth a month."""
    rows = [
        {
            "person": f"p{number}",
            "date": month.replace(day=1 + number % 28),
            "level": str(1 + number % 2),
            "institution_kind": "hospital",
            "total_fen": cost[month >= DAY],
            "paid_pool_fen": pool[month >= DAY],
            "paid_supplements_fen": 0,
            "institution_bears_fen": 0,
        }
        for month in months
        for number in range(PERSONS)
    ]
    folder.mkdir()
    pl.DataFrame(rows).write_parquet(folder / "visits.parquet")
    pl.DataFrame({"person": [f"p{n}" for n in range(2 * PERSONS)]}).write_parquet(
        folder / "persons.parquet"
    )
    return folder


def year(number: int, first: int = 1, last: int = 12) -> list[date]:
    return [date(number, month, 1) for month in range(first, last + 1)]


def by_name(found: tuple[MonthsChange, ...]) -> dict[str, MonthsChange]:
    return {one.indicator.name: one for one in found}


def test_what_changed_is_told_in_its_own_unit(tmp_path: Path) -> None:
    folder = tables(
        tmp_path / "a", year(2024), {False: 4_000, True: 6_000}, {False: 10_000, True: 10_000}
    )
    made = evaluate([folder], DAY)
    found = by_name(made.findings)
    assert (made.season, len(made.before), len(made.after)) == (False, 6, 6)
    paid = found["次均统筹支付"]
    assert (paid.before, paid.after, round(paid.change, 9)) == (40.0, 60.0, 0.5)
    burden = found["个人负担占费用"]
    assert (burden.before, burden.after, round(burden.change, 9)) == (60.0, 40.0, -20.0)
    assert found["每百名参保人就诊"].before == 50.0 == found["每百名参保人就诊"].after
    assert found["基层就诊占比"].before == 50.0
    assert (paid.as_large, paid.tried, paid.beyond) == (0, 1, None)


def test_months_of_the_year_before_are_taken_where_they_are_there(tmp_path: Path) -> None:
    """A season that comes each year is no effect of the reform."""
    flat = {False: 4_000, True: 4_000}
    one = tables(tmp_path / "2023", year(2023), flat, {False: 10_000, True: 1})
    two = tables(tmp_path / "2024", year(2024), flat, {False: 20_000, True: 10_000})
    made = evaluate([one, two], DAY)
    assert made.season and made.before == tuple(year(2023, 7))
    assert by_name(made.findings)["次均费用"].change == 0
    assert by_name(made.findings)["次均费用"].before == 100.0


def test_what_other_areas_went_through_is_taken_off(tmp_path: Path) -> None:
    own = tables(tmp_path / "own", year(2024), {False: 4_000, True: 4_000}, {False: 100, True: 132})
    other = tables(tmp_path / "other", year(2024), {False: 0, True: 0}, {False: 100, True: 110})
    made = by_name(evaluate([own], DAY, [other]).findings)["次均费用"]
    assert made.others is not None and made.beyond is not None
    assert (round(made.change, 9), round(made.others, 9), round(made.beyond, 9)) == (0.32, 0.1, 0.2)


@pytest.mark.parametrize("day", [date(2024, 7, 2), date(2024, 2, 1), date(2024, 12, 1)])
def test_a_day_that_cannot_be_compared_is_refused(tmp_path: Path, day: date) -> None:
    flat = {False: 1, True: 1}
    folder = tables(tmp_path / "a", year(2024), flat, flat)
    with pytest.raises(Refusal, match="--on"):
        evaluate([folder], day)


def test_the_command_writes_a_page_and_a_workbook(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tables(tmp_path / "a", year(2024), {False: 40, True: 60}, {False: 100, True: 100})
    argv = ["evaluate", str(folder), "--on", "2024-07-01", "-o", str(tmp_path / "r")]
    for more in ([], ["--json"]):
        with pytest.raises(SystemExit) as leaving:
            main([*argv, *more])
        assert leaving.value.code == 0
    told = capsys.readouterr().out
    assert "个人负担占费用：60.00%到40.00%，-20.00 个百分点" in told
    page = (tmp_path / "r" / "report.html").read_text()
    assert (
        page.count("<svg") == 7
        and "没有对照地区" in page
        and "http://"
        not in page.replace("http://www.w3.org", "")
        .replace("http://purl.org", "")
        .replace("http://creativecommons.org", "")
    )
    book = python_calamine.CalamineWorkbook.from_path(tmp_path / "r" / "report.xlsx")
    head, first = book.get_sheet_by_name("逐月").to_python()[:2]
    assert first[head.index("统筹支付（元）")] == 40 * PERSONS / 100
    body = json.loads(told[told.index("{") :])
    assert len(body["findings"]) == 7
