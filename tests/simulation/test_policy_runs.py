"""Runs that a desk asked for: done again after a death, refused; figures that are typed."""

from pathlib import Path
from typing import Any

import pytest

from gongji.law.engine.amendment import figures_by_path, figures_with_documents
from gongji.law.engine.areas import Areas
from gongji.law.rulebook.figure_paths import typed_figure
from gongji.refusals import Refusal, RulebookError
from gongji.simulation import policy_runs
from gongji.simulation.margins import default_margins
from gongji.simulation.policy_runs import (
    PolicyRoom,
    PopulationAsked,
    ReformAsked,
    RunFolder,
    aside,
    perform,
    populations,
)
from gongji.simulation.populations import PopulationWish, make_population
from gongji.simulation.reforms import Reform
from gongji.units import parse_day

AREA, CEILING = "430500", "待遇.普通门诊.最高支付限额.退休"


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


class Broken(Exception):
    """The process died, or somebody asked to stop."""


class Heard:
    """Hears how far a run is; dies after so many words."""

    def __init__(self, dies_after: int = 10**6) -> None:
        self.far: list[tuple[int, int]] = []
        self.dies_after = dies_after

    def __call__(self, done: int, total: int) -> None:
        self.far.append((done, total))
        if len(self.far) > self.dies_after:
            raise Broken


def asked(population: str = "made", figure: str = "8000元") -> ReformAsked:
    reform = Reform("提高", figures={CEILING: figure})
    return ReformAsked(AREA, population, "2025-01-01", reform)


def test_a_population_is_offered_where_it_may_be_used(room: PolicyRoom) -> None:
    found = populations(room.populations)
    assert [one.name for one in found] == ["430500-2025", "532300-2025", "made"]
    own = {area: [one.name for one in found if one.offered_in(area)] for area in (AREA, "532300")}
    assert own == {AREA: ["430500-2025", "made"], "532300": ["532300-2025", "made"]}
    assert populations(room.populations / "none") == []
    with pytest.raises(Refusal):
        policy_runs.comparison_of(asked("532300-2025"), room)


def test_a_run_says_how_far_it_is_and_writes_its_report(room: PolicyRoom, tmp_path: Path) -> None:
    heard, folder = Heard(), RunFolder(tmp_path / "1")
    end = perform(asked(), room, folder.path, heard)
    assert "统筹支出增加" in end.points[0] and "lines" in folder.tables()
    assert folder.table("lines")["pool_change_fen"][0] > 0
    assert folder.picture("level") and folder.picture("../asked") is None
    assert folder.picture("x") is None
    done, total = heard.far[-1]
    assert heard.far[0] == (0, total) and done == total > 0


def test_a_run_that_is_broken_off_leaves_no_report_and_is_done_again(
    room: PolicyRoom, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path / "2")
    with pytest.raises(Broken):
        perform(asked(), room, folder.path, Heard(dies_after=1))
    assert not folder.path.exists()
    end = perform(asked(), room, folder.path, Heard())
    assert perform(asked(), room, folder.path, Heard()) == end


def test_what_is_refused_is_told(room: PolicyRoom, tmp_path: Path) -> None:
    with pytest.raises(RulebookError, match="单位"):
        perform(asked(figure="80%"), room, tmp_path / "3", Heard())


def test_a_population_is_made_up_once_under_a_new_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, folder = PolicyRoom(tmp_path, Areas()), tmp_path / "runs" / "7"
    wish = PopulationAsked(AREA, "新的", 150, 2025)
    with pytest.raises(Broken):
        perform(wish, own, folder, Heard(dies_after=1))
    # A process that dies cleans nothing up.
    aside(tmp_path, "7").mkdir()
    (aside(tmp_path, "7") / "left").touch()
    end = perform(wish, own, folder, Heard())
    assert end.points == ("150 人，2025 年",)
    assert [one.name for one in populations(tmp_path)] == ["新的"]
    assert not aside(tmp_path, "7").exists() and not (tmp_path / "新的" / "left").exists()

    # Whoever died after it had its name finds it made; anybody else is refused.
    def never(*given: Any) -> None:
        raise AssertionError

    monkeypatch.setattr(policy_runs, "make_population", never)
    assert perform(wish, own, folder, Heard()) == end
    with pytest.raises(Refusal, match="没有用过的名称"):
        perform(wish, own, tmp_path / "runs" / "8", Heard())


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
