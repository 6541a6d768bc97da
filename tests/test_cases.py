"""Worked examples, to the fen: published ones of like areas, and those derived from the texts."""

from pathlib import Path

import pytest
import yaml

from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.engine.engine import Result, settle
from gongji.law.engine.person_meters import Meters, use
from gongji.law.engine.visit import read_date, read_visit
from gongji.refusals import Refusal
from gongji.units import parse_fen, yuan_text

HERE = Path(__file__).parent
LIBRARY = Library([HERE / "rulebooks"])
CASES = [
    case
    for path in sorted((HERE / "cases").glob("*.yaml"))
    for case in yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
]


def outcome(result: Result) -> dict[str, str]:
    """What a case may expect of a visit: payments by name, and the refusal."""
    amounts = {
        "pool_pays": result.pool_fen,
        "deductible": result.deductible_fen,
        "supplements": result.supplements_fen,
        "person_pays": result.person_fen,
    }
    return {name: yuan_text(fen) for name, fen in (amounts | result.layers).items()} | {
        "refusal": result.refusal
    }


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_worked_example_comes_out_to_the_fen(case: dict) -> None:
    area = Areas(LIBRARY, everywhere=case.get("set", {})).area(case["area"])
    meters = Meters(area.layout)
    visits = [(row, area.law(read_date("date", row["date"]))) for row in case["visits"]]
    first_row, first_law = visits[0]
    for name, text in case.get("used", {}).items():
        visit = read_visit(first_row, first_law)
        use(meters, first_law, visit, name, parse_fen(text), area.own_level(first_law))
    for (row, law), expected in zip(visits, case["expected"], strict=True):
        found = outcome(settle(area, read_visit(row, law), meters))
        assert {name: found.get(name, "0.00") for name in expected} == expected


def test_every_case_has_its_own_name() -> None:
    names = [case["id"] for case in CASES]
    assert len(names) == len(set(names))


def test_a_rate_that_an_example_does_not_give_is_asked_for() -> None:
    area = Areas(LIBRARY).area("420100")
    row = {"date": "2023-07-01", "status": "active", "level": "3", "in_scope": "100"}
    with pytest.raises(Refusal) as refused:
        settle(area, read_visit(row, area.law(read_date("date", row["date"]))), Meters(area.layout))
    assert refused.value.code == "parameter_missing"
