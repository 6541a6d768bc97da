"""Made-up populations meet their margins, say where they do not, and are the same each time."""

import numpy as np
import polars as pl
import pytest

from gongji.batch.buckets import Manifest
from gongji.refusals import Refusal, RulebookError
from gongji.simulation import populations
from gongji.simulation.margins import default_margins, read_margins
from gongji.simulation.populations import Population, PopulationWish, make_population
from gongji.simulation.raking import dealt, rake, whole_numbers


def made(folder, persons=3000, file=None, **more):
    margins = read_margins(file)
    return make_population(
        PopulationWish("430500", persons, 2025, margins, buckets=3, **more), folder
    )


def table(folder, name):
    manifest = Manifest.read(folder / name)
    paths = [bucket.path(folder / name) for bucket in manifest.buckets]
    return pl.concat([pl.read_parquet(path) for path in paths])


def test_raking_meets_margins_and_keeps_the_odds():
    seed = np.array([[1.0, 2.0], [3.0, 1.0]])
    found = rake(seed, {(0,): np.array([40.0, 60.0]), (1,): np.array([30.0, 70.0])})
    assert np.allclose(found.sum(axis=1), (40, 60)) and np.allclose(found.sum(axis=0), (30, 70))
    odds = [t[0, 0] * t[1, 1] / t[0, 1] / t[1, 0] for t in (seed, found)]
    assert odds[0] == pytest.approx(odds[1])
    with pytest.raises(Refusal):
        rake(np.eye(2), {(0,): np.array([1.0, 2.0]), (1,): np.array([2.0, 1.0])})


def test_whole_numbers_add_up_and_go_to_the_largest_remainders():
    assert whole_numbers(np.array([0.5, 0.3, 0.2]), 7).tolist() == [4, 2, 1]
    rng = np.random.default_rng(1)
    assert np.bincount(dealt((1, 2, 1), 8, rng)).tolist() == [2, 4, 2]


def test_the_margins_are_met_on_the_rows_that_were_written(tmp_path, monkeypatch):
    monkeypatch.setattr(populations, "BLOCK", 1000)
    told = made(tmp_path / "p")
    people, visits = table(tmp_path / "p", "persons"), table(tmp_path / "p", "visits")
    assert len(people) == 3000 and people["person"].n_unique() == 3000
    assert (people["status"] == "retired").mean() == pytest.approx(0.2756, rel=0.01)
    ordinary = visits.filter(pl.col("benefit") == "ordinary")
    assert PopulationWish("430500", 3000, 2025, read_margins(None)).visits == len(visits)
    assert len(ordinary) == 17_700 and visits["visit"].n_unique() == len(visits)
    assert set(visits["date"].dt.year()) == {2025}
    third = ordinary.filter(pl.col("level") == "3")["total_fen"].mean()
    assert third == pytest.approx(379_30, rel=0.01)
    joined = visits.join(people, on="person", suffix="_of")
    assert len(joined) == len(visits) and (joined["status"] == joined["status_of"]).all()
    wanted = {target.name: target for target in told.targets}
    share = 1 - ordinary["person"].n_unique() / 3000
    assert wanted["无就诊占比"].found == pytest.approx(share)
    assert Population.read(tmp_path / "p") == told and told.weight == 1


def test_a_population_of_the_size_that_is_used_is_calibrated(tmp_path):
    told = made(tmp_path / "p", 30_000)
    assert told.calibrated, [one for one in told.targets if not one.met]


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        made(tmp_path / name, 500, seed=seed)
    one, same, other = (Manifest.read(tmp_path / n / "visits").content for n in "abc")
    assert one == same != other
    assert {path.name for path in (tmp_path / "a").iterdir()} == {
        "persons",
        "population.json",
        "visits",
    }


def test_a_larger_population_lies_in_more_files():
    def files(persons, wanted=0):
        return PopulationWish("430500", persons, 2025, default_margins(), buckets=wanted).files

    assert [files(100), files(10**6), files(10**7), files(10**8)] == [16, 16, 160, 512]
    assert files(10**7, wanted=3) == 3


def test_an_areas_own_margins_replace_the_defaults(tmp_path):
    file = tmp_path / "m.yaml"
    file.write_text(
        "名称: 某市\n参保人数: 600,000\n"
        "无就诊占比: {值: 35%, 来源: 本地统计, 把握: 公报}\n次数最多的一成占比: 5%\n",
        encoding="utf-8",
    )
    told = made(tmp_path / "p", 3000, file)
    assert (told.title, told.weight) == ("某市（虚构）", 200)
    # A tenth of persons cannot have a twentieth of the visits.
    assert not told.calibrated
    assert read_margins(file)["无就诊占比"].sureness == "公报"


@pytest.mark.parametrize(
    "text",
    (
        "没有: 1\n",
        "退休占比: 很多\n",
        "级别占比: {一级: 1}\n",
        "退休占比: {值: 1, 把握: 大概}\n",
        "- 1\n",
    ),
)
def test_what_is_no_margin_is_refused(tmp_path, text):
    file = tmp_path / "m.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(RulebookError):
        read_margins(file)


def test_too_few_persons_and_no_population_are_refused(tmp_path):
    with pytest.raises(Refusal):
        made(tmp_path / "p", 50)
    with pytest.raises(Refusal) as refused:
        Population.read(tmp_path)
    assert refused.value.code == "value_invalid"
    assert all(margin.source for margin in default_margins().entries.values())


@pytest.mark.parametrize("said", ["无就诊占比: 150%", "参保人数: 0"])
def test_a_share_above_the_whole_and_nobody_are_no_margins(tmp_path, said):
    file = tmp_path / "边际.yaml"
    file.write_text(said + "\n", encoding="utf-8")
    with pytest.raises(RulebookError):
        read_margins(file)
