"""The compiled batch settles every visit as the online kernel does: results, refusals, meters."""

import random
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from gongji.batch.ordering import ROW
from gongji.batch.visits import Settler
from gongji.errors import PRECEDENCE, Refusal
from gongji.rulebook.law import Library
from gongji.units import parse_day
from gongji.visit.area import Area
from gongji.visit.facts import read_visit
from gongji.visit.meters import Meters
from gongji.visit.settle import settle

sys.path.insert(0, str(Path(__file__).parent.parent / "oracle"))

from comparison import settings_of, texts_of  # noqa: E402
from histories import AREAS, random_history  # noqa: E402

INPUT_REFUSALS = PRECEDENCE["outside_benefit_period"]


def online(area, rows):
    """What the online kernel makes of one person's rows in order: a list of dicts."""
    meters = Meters(area.layout)
    answers = []
    for row in rows:
        try:
            law = area.law(parse_day(row["date"]))
            result = settle(area, read_visit(row, law), meters)
        except Refusal as refusal:
            answers.append({"refusal": refusal.code})
            continue
        answer = {
            "refusal": result.refusal,
            "pool_pays_fen": result.pool_fen,
            "deductible_fen": result.deductible_fen,
            "supplements_fen": result.supplements_fen,
            "person_pays_fen": result.person_fen,
        }
        answer |= {f"{code}_fen": fen for code, fen in result.layers.items()}
        answer |= {f"meter_{r.code}_fen": r.after for r in result.readings}
        answers.append(answer)
    return answers


def batch(settler, people):
    """What the batch makes of people's rows: by row number, plain dicts."""
    rows = [row for rows in people for row in rows]
    names = sorted({name for row in rows for name in row})
    columns = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in names}
    columns[ROW] = pa.array(range(len(rows)), pa.int64())
    results, rejected = settler.settle(pa.table(columns))
    found = {row[ROW]: row for row in results.to_pylist()}
    return found | {bad.row_number: {"refusal": bad.code} for bad in rejected}


def ordered(rows, number):
    """A person's rows as texts, in order of date and named by the person."""
    texts = [texts_of(row) | {"person": f"p{number:05d}"} for row in rows]
    return sorted(texts, key=lambda row: row["date"])


@pytest.mark.parametrize("area", AREAS)
def test_batch_equals_online_on_random_histories(area, seed=20260101):
    rng = random.Random(seed)
    drawn = [random_history(rng, area) for _ in range(200)]
    settings = settings_of({k: v for _, figures in drawn for k, v in figures.items()})
    people = [ordered(rows, number) for number, (rows, _) in enumerate(drawn)]
    rules = Area(Library(), area, settings)
    found = batch(Settler(Library(), (area,), settings, in_fen=True), people)
    number = 0
    for rows in people:
        for row, wanted in zip(rows, online(rules, rows), strict=True):
            got = found[number]
            assert {name: got.get(name) for name in wanted} == wanted, row
            number += 1


def test_batch_equals_online_with_figures_missing(seed=7):
    rng = random.Random(seed)
    people = [ordered(random_history(rng, "532300")[0], number) for number in range(100)]
    rules = Area(Library(), "532300")
    found = batch(Settler(Library(), ("532300",), in_fen=True), people)
    wanted = [answer for rows in people for answer in online(rules, rows)]
    assert [found[n]["refusal"] for n in range(len(wanted))] == [w["refusal"] for w in wanted]
    assert any(w["refusal"] == "parameter_missing" for w in wanted)
