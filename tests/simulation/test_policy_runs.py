"""Runs at a desk as folders: done, stopped, refused, kept, forgotten; figures as they are typed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gongji.law.engine.amendment import figures_by_path, figures_with_documents
from gongji.law.engine.areas import Areas
from gongji.law.rulebook.figure_paths import typed_figure
from gongji.refusals import Refusal
from gongji.simulation import policy_runs
from gongji.simulation.margins import default_margins
from gongji.simulation.policy_runs import (
    DoneBy,
    PolicyRoom,
    PopulationAsked,
    ReformAsked,
    find_run,
    forget_runs,
    new_run,
    oldest_unkept,
    perform,
    populations,
    runs,
)
from gongji.simulation.populations import PopulationWish, make_population
from gongji.simulation.reforms import Reform
from gongji.units import parse_day

AREA, CEILING = "430500", "待遇.普通门诊.最高支付限额.退休"
NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)
BY = DoneBy("planner", "测试", NOW)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> PolicyRoom:
    folder = tmp_path_factory.mktemp("populations")
    wish = PopulationWish(AREA, 200, 2025, default_margins(), buckets=2)
    make_population(wish, folder / "made")
    for name in ("430500-2025", "532300-2025"):
        make_population(wish, folder / name)
        about = folder / name / "population.json"
        about.write_text(about.read_text().replace('"made_up": true', '"made_up": false'))
    (folder / "nothing").mkdir()
    return PolicyRoom(folder, Areas())


def asked(population: str = "made", figure: str = "8000元") -> ReformAsked:
    reform = Reform("提高", figures={CEILING: figure})
    return ReformAsked(BY, AREA, population, "2025-01-01", reform)


def test_a_population_is_offered_where_it_may_be_used(room: PolicyRoom) -> None:
    found = populations(room.populations)
    assert [one.name for one in found] == ["430500-2025", "532300-2025", "made"]
    own = {area: [one.name for one in found if one.offered_in(area)] for area in (AREA, "532300")}
    assert own == {AREA: ["430500-2025", "made"], "532300": ["532300-2025", "made"]}
    assert populations(room.populations / "none") == []
    with pytest.raises(Refusal):
        policy_runs.comparison_of(asked("532300-2025"), room)


def test_a_run_is_done_once_kept_and_found(room: PolicyRoom, tmp_path: Path) -> None:
    run = new_run(tmp_path, "a1", asked())
    assert (run.state, run.progress, run.kept) == ("等候", None, None)
    with pytest.raises(Refusal):
        run.keep("提高", BY)
    end = perform(run, room)
    assert (end.state, run.state) == ("完成", "完成") and "统筹支出增加" in end.points[0]
    assert run.picture("level") and run.picture("../asked") is None and run.picture("x") is None
    written = (run.folder / "report" / "report.html").stat().st_mtime_ns
    run.stop()
    assert perform(run, room) == end
    assert (run.folder / "report" / "report.html").stat().st_mtime_ns == written
    run.keep(" 提高 ", BY)
    assert run.kept is not None and (run.kept.name, run.kept.by) == ("提高", BY)
    assert find_run(tmp_path, "a1") == run and find_run(tmp_path, "../a1") is None


def test_a_run_that_is_to_stop_leaves_no_report(room: PolicyRoom, tmp_path: Path) -> None:
    run = new_run(tmp_path, "b1", asked())
    run.stop()
    assert perform(run, room).state == "已停止"
    assert not (run.folder / "report").exists() and run.end is not None


def test_how_far_a_run_is_stands_in_its_folder(
    room: PolicyRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policy_runs, "LOOKED_SECONDS", 0)
    run = new_run(tmp_path, "p1", asked())
    perform(run, room)
    far = run.progress
    assert far is not None and far.done == far.total > 0 and far.thousandths == 1000


def test_what_is_refused_is_told(room: PolicyRoom, tmp_path: Path) -> None:
    run = new_run(tmp_path, "c1", asked(figure="80%"))
    assert perform(run, room).state == "不能完成" and "单位" in perform(run, room).reason


def test_a_population_is_made_up_under_a_new_name_only(tmp_path: Path) -> None:
    own = PolicyRoom(tmp_path / "populations", Areas())
    wish = PopulationAsked(BY, AREA, "新的", 150, 2025)
    assert perform(new_run(tmp_path / "runs", "d1", wish), own).state == "完成"
    assert [one.name for one in populations(own.populations)] == ["新的"]
    assert perform(new_run(tmp_path / "runs", "d2", wish), own).state == "不能完成"
    assert sorted(path.name for path in (tmp_path / "runs" / "d1").iterdir()) == [
        *("asked.json", "end.json", "progress.json")
    ]


def test_what_nobody_kept_is_forgotten(room: PolicyRoom, tmp_path: Path) -> None:
    kept, left = (new_run(tmp_path, name, asked()) for name in ("e1", "e2"))
    perform(kept, room)
    kept.keep("提高", BY)
    assert forget_runs(tmp_path, oldest_unkept(NOW + timedelta(days=29))) == 0
    assert runs(tmp_path) == [left, kept]
    assert forget_runs(tmp_path, oldest_unkept(NOW + timedelta(days=31))) == 1
    assert runs(tmp_path) == [kept]


@pytest.mark.parametrize(
    ("text", "today", "written"),
    [
        ("8000", "2000元", "8000元"),
        ("8,000元", "2000元", "8000元"),
        (" 55 ", "60%", "55%"),
        ("5", "10个百分点", "5个百分点"),
        ("300", "不设", "300元"),
        ("不限", "2000元", "不限"),
        ("55%", "2000元", "55%"),
        ("多一点", "2000元", "多一点"),
    ],
)
def test_a_bare_number_has_todays_unit(text: str, today: str, written: str) -> None:
    assert typed_figure(text, today) == written


def test_every_figure_has_its_article_and_document() -> None:
    law = Areas().home(AREA).law(parse_day("2023-03-01"))
    found = {one.path: (one.text, one.article, said) for one, said in figures_with_documents(law)}
    number = "邵市政办发〔2022〕22号"
    assert found[CEILING] == ("2000元", "第六条第一款", number)
    # A table that cites an article for each cell.
    rates = {level: f"待遇.普通门诊.支付比例.{level}" for level in ("一级", "二级", "三级")}
    articles = {level: found[path][1] for level, path in rates.items()}
    assert articles == {"一级": "第六条(一)", "二级": "第六条(二)", "三级": "第六条(三)"}
    assert {path: text for path, (text, _, _) in found.items()} == figures_by_path(law)
