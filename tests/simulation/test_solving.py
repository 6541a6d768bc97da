"""The figure that meets a target: checked by running it, by its neighbours, and refused."""

import json

import pytest

from gongji.cli.main import main
from gongji.refusals import Refusal
from gongji.simulation.behaviour import STATIC
from gongji.simulation.margins import default_margins
from gongji.simulation.populations import PopulationWish, make_population
from gongji.simulation.reforms import Reform
from gongji.simulation.report_pictures import map_picture
from gongji.simulation.simulate import Comparison, simulate
from gongji.simulation.solving import Goal, Solver, cost_map, equal_cost

AREA, CEILING = "430500", "待遇.普通门诊.最高支付限额.退休"
RATE = "待遇.普通门诊.支付比例.三级"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("population") / "p"
    make_population(PopulationWish(AREA, 400, 2025, default_margins(), buckets=2), place)
    return place


def solver(folder, path, target, **figures):
    asked = Comparison(folder, AREA, Reform(), Reform(figures=figures))
    return Solver(asked, path, Goal.parse(target))


def pools(folder, **figures):
    asked = Comparison(folder, AREA, Reform(), Reform(figures=figures), lines=(STATIC,))
    tally = simulate(asked).tally
    return tally.pool(0), tally.pool(1)


def test_the_answer_is_what_a_run_with_it_gives_and_no_neighbour_is_nearer(folder):
    answer = solver(folder, CEILING, "统筹支出 +3%").solve()
    base, reform = pools(folder, **{CEILING: answer.trial.figure})
    assert answer.trial.change.value == pytest.approx(reform / base - 1)
    missed = abs(reform / base - 1.03)
    for step in (-1, 1):
        _, beside = pools(folder, **{CEILING: f"{answer.trial.number + step:g}元"})
        assert abs(beside / base - 1.03) >= missed
    assert answer.low <= answer.trial.number <= answer.high
    curve = [one.change.value for one in answer.curve]
    assert curve == sorted(curve)


def test_a_rate_is_solved_for_a_burden_in_yuan(folder):
    answer = solver(folder, RATE, "个人负担 -0.5万元").solve(("50%", "95%"))
    assert answer.trial.figure.endswith("%")
    base, reform = pools(folder, **{RATE: answer.trial.figure})
    assert reform - base == pytest.approx(5000_00, rel=0.1)
    assert answer.trial.change.value == pytest.approx(-(reform - base))


def test_what_stands_already_is_found(folder):
    assert solver(folder, RATE, "统筹支出 +0%").solve(("60%", "80%")).trial.figure == "60%"


@pytest.mark.slow
def test_two_figures_meet_one_target(folder):
    found = equal_cost(solver(folder, RATE, "统筹支出 +0%"), CEILING, 3)
    ceilings = [float(ceiling[:-1]) for ceiling, _ in found]
    rates = [float(rate[:-1]) for _, rate in found]
    assert ceilings == sorted(ceilings) and rates == sorted(rates, reverse=True)
    assert dict(found)["2000元"] == "60%"


def test_two_figures_are_tried_together(folder):
    """More of either costs more; today's two are in the middle and cost nothing."""
    made = cost_map(solver(folder, RATE, "统筹支出 +0%"), CEILING, 3)
    assert [one.figure for one in made.firsts] == ["42%", "60%", "78%"]
    assert made.seconds == ("1400元", "2000元", "2600元")
    assert made.change[1][1] == 0
    for row in (*made.change, *zip(*made.change, strict=True)):
        assert list(row) == sorted(row)
    picture = map_picture(made, 100, "%", made.paths)
    assert picture.startswith("<svg") and CEILING in picture


@pytest.mark.parametrize(
    ("target", "share", "fen"),
    [
        ("统筹支出 ＋2％", 0.02, None),
        ("个人负担　－5，000万元", None, -5_000_000_000),
        ("个人负担 −0.5 万元", None, -500_000),
    ],
)
def test_a_target_in_wide_signs_is_the_same(target, share, fen):
    goal = Goal.parse(target)
    assert (goal.share, goal.fen) == (share, fen)


@pytest.mark.parametrize(
    "paths", [(CEILING, CEILING), (CEILING, RATE, "待遇.普通门诊.支付比例.一级")]
)
def test_one_figure_is_asked_or_two_different_ones(folder, paths, capsys):
    asked = ["solve", str(folder), "--area", AREA, "--target", "统筹支出 +2%"]
    with pytest.raises(SystemExit) as leaving:
        main([*asked, *(part for path in paths for part in ("--vary", path))])
    assert leaving.value.code == 1 and "两个不同的" in capsys.readouterr().err


@pytest.mark.parametrize("target", ("统筹支出 2%", "基金 +2%", "统筹支出 +2"))
def test_what_is_no_target_is_refused(target):
    with pytest.raises(Refusal):
        Goal.parse(target)


def test_what_cannot_be_met_or_varied_is_refused(folder):
    with pytest.raises(Refusal) as refused:
        solver(folder, CEILING, "统筹支出 +900%").solve()
    assert "两端" in str(refused.value)
    for path in ("待遇.普通门诊.没有", "待遇.普通门诊.起付标准.各级起付.一级"):
        with pytest.raises(Refusal):
            solver(folder, path, "统筹支出 +1%")


def test_the_command_tells_the_curve(folder, tmp_path, capsys):
    asked = ["solve", str(folder), "--area", AREA, "--target", "统筹支出 +2%", "--vary", CEILING]
    between = ["--between", "2100元", "2400元", "-o", str(tmp_path / "c.svg")]
    with pytest.raises(SystemExit) as leaving:
        main([*asked, *between, "--json"])
    assert leaving.value.code == 0
    said = json.loads(capsys.readouterr().out)
    assert said["change"]["value"] == pytest.approx(0.02, abs=0.01)
    assert (tmp_path / "c.svg").read_text(encoding="utf-8").startswith("<svg")
