"""Only who differs is settled visit by visit, and nothing is missed by that."""

import random

import polars as pl
import pytest

import gongji
from audit.test_command import histories
from gongji.auditing import PaidFile, audit
from gongji.auditing.suspects import suspects_of
from gongji.batch import ordering


def mistaken(seed):
    """Made-up visits with mistakes of every sort in what was paid and in the rows themselves."""
    rng = random.Random(seed)
    rows = histories(600, seed)
    for row in rng.sample(rows, 8):
        row["paid_pool"] = rng.choice(["0.37", "", "oops", "-1"])
    for row in rng.sample(rows, 6):
        row |= rng.choice(
            [
                {"status": "learner"},
                {"area": ""},
                {"date": "2023-02-30"},
                {"area": "999999"},
                {"in_scope": "1.001"},
                {"person": ""},
            ]
        )
    return rows


def seen(found):
    return [
        (type(f).__name__, f.row_number, getattr(f, "cause", ""), getattr(f, "code", ""))
        for f in found
    ]


@pytest.mark.parametrize("mode", ["law", "paid"])
@pytest.mark.parametrize("seed", [11, 12])
def test_suspects_are_everyone_who_has_a_finding(mode, seed, monkeypatch):
    monkeypatch.setattr(ordering, "CHUNK_ROWS", 64)
    frame = pl.DataFrame(mistaken(seed))
    file = PaidFile(frame)
    suspects = suspects_of(file)
    assert 0 < len(suspects) < frame["person"].n_unique() / 2
    assert seen(audit(PaidFile(frame), mode, suspects=suspects)) == seen(audit(file, mode))


def test_opening_meters_count_for_suspects():
    visits = pl.DataFrame(
        {
            "person": ["甲", "乙", "丙"],
            "visit": ["1", "2", "3"],
            "date": ["2023-03-01"] * 3,
            "status": ["active"] * 3,
            "level": ["1"] * 3,
            "in_scope": ["3000.00"] * 3,
        }
    )
    paid = gongji.adjudicate(visits, area="430500").sort("row_number")["pool_pays"]
    frame = visits.with_columns(paid_pool=paid)
    used = {"person": ["甲", "乙"], "area": ["", "430500"], "meter": ["ordinary_paid"] * 2}
    opening = pl.DataFrame(used | {"amount": ["100000.00"] * 2})
    assert suspects_of(PaidFile(frame, area="430500", opening=opening)) == {"甲", "乙", None}
    assert suspects_of(PaidFile(frame, area="430500")) == {None}


def test_a_file_that_the_batch_cannot_settle_is_audited_row_by_row():
    frame = pl.DataFrame({"person": ["甲"], "date": ["2023-03-01"], "paid_pool": ["1"]})
    assert suspects_of(PaidFile(frame, area="430500")) is None
