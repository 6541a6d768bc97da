"""A small program of a user of gongji, which mypy reads strictly: see test_typed.py."""

import datetime
import decimal
import pathlib
from typing import assert_type

import pandas
import polars as pl

import gongji

SETTINGS = {"average_wage": 96957}


def visits() -> pl.DataFrame:
    """Visits from a file, settled."""
    found = gongji.adjudicate(pathlib.Path("visits.csv"), area="430500", money="decimal")
    assert_type(found, pl.DataFrame)
    assert_type(gongji.adjudicate(found.lazy(), keep=["doctor"], order="input"), pl.DataFrame)
    assert_type(gongji.adjudicate(found.to_pandas(), money="float"), pandas.DataFrame)
    assert_type(gongji.adjudicate([{"person": "a", "total": 1}]), list[dict[str, object]])
    assert_type(gongji.adjudicate({"person": ["a"]}, strict=False), dict[str, list[object]])
    return found


def rejected() -> list[dict[str, object]]:
    """The rows that cannot be read."""
    both = gongji.adjudicate_or_reject([{"person": "a"}])
    assert_type(both, gongji.Adjudicated[list[dict[str, object]]])
    return both.rejected


def quoted() -> decimal.Decimal:
    """One visit."""
    facts = {"area": 430500, "date": datetime.date(2023, 3, 1), "level": 3, "in_scope": 10.5}
    try:
        answer = gongji.quote(facts, settings=SETTINGS)
    except gongji.RowRefusal as refused:
        assert_type(refused.row, int | None)
        raise
    except gongji.Refusal as refused:
        print(refused.code, refused.field)
        raise
    assert_type(answer.meters, dict[str, tuple[decimal.Decimal, decimal.Decimal]])
    assert_type(answer.to_dict(), dict[str, object])
    assert_type(answer.reasons, tuple[str, ...])
    return answer.pool_pays


def reformed(frame: pandas.DataFrame) -> pandas.DataFrame:
    """A reform compared."""
    more = gongji.reform(
        "430500", {"待遇.普通门诊.最高支付限额.退休": "8000元"}, start="2025-01-01"
    )
    assert_type(more.changes, pl.DataFrame)
    assert_type(gongji.simulate("people", area="430500", reform=more), dict[str, pl.DataFrame])
    assert_type(gongji.compare(frame, more), pandas.DataFrame)
    return gongji.compare(frame, more, order="input")


def told() -> list[pl.DataFrame]:
    """The law, accounts and an audit as frames."""
    return [
        gongji.areas(),
        gongji.areas(datetime.date(2024, 11, 1), area="532300"),
        gongji.parameters("430500", "2024-01-01"),
        gongji.diff("430500@2023-05-31", ("430500", datetime.date(2023, 6, 1))),
        gongji.curve("430500", facts={"benefit": "ordinary"}, to=5000),
        gongji.accrue("roster.csv", area="445300", month="2024-05"),
        gongji.clear("institutions.xlsx", settings=SETTINGS),
        gongji.audit("visits.csv", meters="paid").by_cause,
    ]
