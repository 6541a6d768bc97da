"""The compiled batch settles every visit as the online kernel does: results, refusals, meters."""

import random
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from gongji.batch.core import Settler
from gongji.law.checks.library import Library
from gongji.law.compile.tables import show_articles
from gongji.law.engine.areas import Areas
from gongji.law.engine.engine import settle
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import columns_of, read_visit
from gongji.law.rulebook.vocabulary import DERIVED
from gongji.refusals import PRECEDENCE, Refusal
from gongji.tabular.arrow_tables import ROW
from gongji.units import date_of, parse_day, yuan_text

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
    rules = Areas(Library(), everywhere=settings).area(area)
    found = batch(Settler(Areas(everywhere=settings), (area,), in_fen=True), people)
    number = 0
    for rows in people:
        for row, wanted in zip(rows, online(rules, rows), strict=True):
            got = found[number]
            assert {name: got.get(name) for name in wanted} == wanted, row
            number += 1


def test_batch_equals_online_with_figures_missing(seed=7):
    rng = random.Random(seed)
    people = [ordered(random_history(rng, "532300")[0], number) for number in range(100)]
    rules = Areas(Library()).area("532300")
    found = batch(Settler(Areas(), ("532300",), in_fen=True), people)
    wanted = [answer for rows in people for answer in online(rules, rows)]
    assert [found[n]["refusal"] for n in range(len(wanted))] == [w["refusal"] for w in wanted]
    assert any(w["refusal"] == "parameter_missing" for w in wanted)


RULEBOOKS = Path(__file__).parent.parent / "rulebooks"
WRITTEN = sorted({path.parent.name for path in RULEBOOKS.glob("**/*.yaml")})
TEXTS = ["", "A", "B", "renal_failure", "高血压", "高血压、糖尿病"]


def unreadable(code):
    """Whether a refusal is that a row cannot be read as a visit."""
    return 0 < PRECEDENCE.get(code, 0) < INPUT_REFUSALS


def random_text(rng, fact):
    """A value of a fact as a file holds it, now and then one that nobody can read."""
    if rng.random() < 0.01:
        return "谁知道"
    if fact.kind == "是否":
        return rng.choice(["true", "false", "是", "0"])
    if fact.kind == "选项":
        return rng.choice(list(fact.choices.values()))
    if fact.kind == "数":
        return str(rng.choice([0, 1, 2, 3, 5, 12, 45, 70]))
    if fact.kind == "金额":
        return rng.choice(["0", "12.34", "300", "5000.00"])
    if fact.kind == "日期":
        return str(date_of(rng.randint(0, 20_000)))
    return rng.choice(TEXTS)


def random_row(rng, area, person):
    """A visit of anything that some law of the area speaks of."""
    law = rng.choice(area.laws)
    until = min(law.until, law.since + 500)
    row = {"person": person, "date": str(date_of(rng.randint(law.since, until)))}
    row["status"] = rng.choice(["active", "retired"])
    row["level"] = rng.choice(["1", "2", "3", "3", ""])
    row["benefit"] = rng.choice(list(law.benefits.values()) if rng.random() < 0.6 else ["ordinary"])
    fen = rng.choice([0, 1, 5_000, 30_001, 123_456, 2_000_000])
    row[rng.choice(["total_fen", "in_scope_fen"])] = str(rng.randint(0, fen))
    if rng.random() < 0.95:
        row["birth_date"] = str(date_of(rng.randint(-15_000, 15_000)))
    row["visit"] = rng.choice(["", "", "v1", "v2"])
    for column, fact in columns_of(law).items():
        if column not in (*row, *DERIVED, "part") and rng.random() < 0.25:
            row[column] = random_text(rng, fact)
    for part in law.parts.values():
        if rng.random() < 0.5:
            row[f"in_scope_{part.code}"] = yuan_text(rng.randint(0, fen // 3))
    return {name: text for name, text in row.items() if text}


def articles(result):
    """The articles of an online result, in no order."""
    if result.gate:
        return set(
            show_articles(result.gate.cites).replace("；", "、").replace(" ", "、").split("、")
        )
    cites = [cite for _, cite, _ in result.program.routes]
    for step in result.steps:
        cites += [*step.note.onward, *step.note.rate.cites]
        cites += [cite for limit in step.note.limits.values() for cite in limit.cited.cites]
    return set(show_articles(cites).replace("；", "、").replace(" ", "、").split("、"))


@pytest.mark.parametrize("code", [*WRITTEN, "532300", "430500"])
def test_batch_equals_online_whatever_a_rulebook_speaks_of(code):
    rng = random.Random(code)
    library = Library([RULEBOOKS])
    area = Areas(library).area(code)
    people = [
        sorted(
            (random_row(rng, area, f"p{number:05d}") for _ in range(rng.randint(1, 12))),
            key=lambda row: row["date"],
        )
        for number in range(80)
    ]
    found = batch(Settler(Areas(library), (code,), code, in_fen=True), people)
    number = 0
    for rows in people:
        for row, wanted in zip(rows, online(area, rows), strict=True):
            got = found[number]
            number += 1
            if unreadable(wanted["refusal"]):
                # Which of several mistakes is told depends on the order of the columns.
                assert unreadable(got["refusal"]), row
            else:
                assert {name: got.get(name) for name in wanted} == wanted, row


def test_batch_names_the_articles_that_online_rests_on():
    rng = random.Random(3)
    area = Areas(Library()).area("430500")
    people = [ordered(random_history(rng, "430500")[0], number) for number in range(60)]
    found = batch(Settler(Areas(), ("430500",), in_fen=True), people)
    number = 0
    for rows in people:
        meters = Meters(area.layout)
        for row in rows:
            try:
                visit = read_visit(row, area.law(parse_day(row["date"])))
                wanted = articles(settle(area, visit, meters))
            except Refusal:
                wanted = None
            if wanted is not None:
                got = found[number]["articles"].replace("；", "、").replace(" ", "、").split("、")
                assert set(got) == wanted, row
            number += 1


def test_a_date_that_cannot_be_read_ends_no_registration():
    row = {"person": "p", "status": "active", "level": "2", "total_fen": "10000", "visit": "v1"}
    dates = ["2023-03-01", "2023-03-35", "2023-03-04"]
    rows = [row | {"date": day} for day in dates]
    found = batch(Settler(Areas(), ("532300",), "532300", in_fen=True), [rows])
    assert [found[n].get("deductible_fen") for n in range(3)] == [6000, None, 0]
    assert found[1]["refusal"] == "value_invalid"


def test_who_was_born_on_the_last_day_of_1969_is_somebody():
    """Day -1 is a day like others, and no birth date at all is none."""
    row = {"person": "p", "date": "2023-03-01", "status": "retired", "level": "1"}
    row |= {"in_scope_fen": "10000"}
    born = ["1969-12-31", "1959-12-31", "1960-01-01", "", "1969-12-32"]
    rows = [row | {"birth_date": day, "person": f"p{n}"} for n, day in enumerate(born)]
    settler = Settler(Areas(Library([RULEBOOKS])), ("999907",), "999907", in_fen=True)
    found = batch(settler, [[one] for one in rows])
    assert [found[n].get("pool_pays_fen") for n in range(5)] == [5000, 6000, 5000, None, None]
    assert [found[n]["refusal"] for n in (3, 4)] == ["field_missing", "value_invalid"]


def test_an_amount_of_several_texts_is_that_of_each_row():
    """999907 第四条: 400, 600, 1,000 or else 300 yuan for each disease, 1,500 at most."""
    row = {"date": "2023-03-01", "status": "active", "level": "1", "benefit": "chronic"}
    wanted = {"": 300, "高血压": 400, "糖尿病、高血压": 1000, "冠心病，糖尿病": 1500, "甲": 300}
    people = [
        [row | {"person": f"p{n}", "in_scope_fen": "200000", "registered_diseases": text}]
        for n, text in enumerate(wanted)
    ]
    settler = Settler(Areas(Library([RULEBOOKS])), ("999907",), "999907", in_fen=True)
    found = batch(settler, people)
    paid = {text: found[n]["pool_pays_fen"] // 100 for n, text in enumerate(wanted)}
    assert paid == wanted
