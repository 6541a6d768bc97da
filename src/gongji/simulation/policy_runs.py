"""Runs that somebody asked for at a desk: a reform simulated or a population made up, by a job.

What a run writes is a folder of its own, or the population. This module knows folders and
simulations, no desk and no database: who asked, how far it is and how it ended stand with the job.
"""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import polars as pl

from gongji.batch.buckets import MANIFEST
from gongji.batch.work_steps import Unwatched
from gongji.law.engine.areas import Areas
from gongji.refusals import Refusal
from gongji.simulation.margins import default_margins
from gongji.simulation.populations import ABOUT, VISITS, Population, PopulationWish, make_population
from gongji.simulation.reform_report import points, report_parts, warnings_of, write_report
from gongji.simulation.reforms import Reform
from gongji.simulation.simulate import Comparison, simulate, steps
from gongji.tabular.whole_files import write_whole

REPORT, PICTURES = "report", "pictures"
MADE_BY = "made_by"
"""The file of a population that names the run which made it."""
NAME = re.compile(r"[\w-]{1,40}")
"""What a population or a run may be called as a folder."""
MOST_PERSONS = 1_000_000
MOST_YEARS = 10


class ReformAsked(msgspec.Struct, frozen=True, tag="reform"):
    """A reform that is to be simulated on a population, by the law of an area."""

    area: str
    population: str
    base_day: str
    reform: Reform
    years: int = 1


class PopulationAsked(msgspec.Struct, frozen=True, tag="population"):
    """A population that is to be made up under a name."""

    area: str
    population: str
    persons: int
    year: int


Asked = ReformAsked | PopulationAsked
Far = Callable[[int, int], object]
"""Hears how many visits of how many are done; what it raises stops the run."""


class RunEnd(msgspec.Struct, frozen=True):
    """What came out of a run, in sentences."""

    points: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunFolder:
    """What a run wrote: its report and its pictures."""

    path: Path

    def table(self, name: str) -> pl.DataFrame:
        """A table of its report."""
        return pl.read_parquet(self.path / REPORT / "tables" / f"{name}.parquet")

    def tables(self) -> list[str]:
        """The tables of its report."""
        return sorted(path.stem for path in (self.path / REPORT / "tables").glob("*.parquet"))

    def picture(self, name: str) -> Path | None:
        """Where a picture is."""
        path = self.path / PICTURES / f"{name}.svg"
        return path if NAME.fullmatch(name) and path.is_file() else None


@dataclass(frozen=True)
class OfferedPopulation:
    """A population in the folder of populations; a real one is for those of its area."""

    name: str
    folder: Path
    about: Population | None

    @property
    def made_up(self) -> bool:
        """Whether nobody in it exists."""
        return self.about is not None and self.about.made_up

    def offered_in(self, area: str) -> bool:
        """Whether an area may use it: made up, or its own by the area code that it begins with."""
        return self.made_up or self.name.startswith(area)


def populations(folder: Path) -> list[OfferedPopulation]:
    """The populations of a folder that are whole, by name."""
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        about = Population.read(path) if (path / ABOUT).is_file() else None
        whole = (path / MANIFEST, path / VISITS / MANIFEST)
        if NAME.fullmatch(path.name) and any(one.is_file() for one in whole):
            found.append(OfferedPopulation(path.name, path, about))
    return found


@dataclass(frozen=True)
class PolicyRoom:
    """Where populations are, and the laws that are in force."""

    populations: Path
    areas: Areas


def perform(asked: Asked, room: PolicyRoom, folder: Path, far: Far) -> RunEnd:
    """Do what was asked and write it into the run's own folder, saying how far it is.

    Refuses: what `simulate` and `make_population` refuse; value_invalid.
    Ensures: done again after it was broken off anywhere, it gives the same and makes nothing twice.
    """
    if isinstance(asked, ReformAsked):
        return _simulated(asked, room, folder, far)
    return _made(asked, room, folder.name, far)


def comparison_of(asked: ReformAsked, room: PolicyRoom) -> Comparison:
    """What is to be settled.

    Refuses: value_invalid for a population that is not offered to the area.
    """
    known = {one.name: one for one in populations(room.populations) if one.offered_in(asked.area)}
    if asked.population not in known:
        values = {"value": asked.population, "allowed": "、".join(known) or "（还没有人群）"}
        raise Refusal("value_invalid", "人群", values)
    return Comparison(
        known[asked.population].folder,
        asked.area,
        Reform(day=asked.base_day),
        asked.reform,
        asked.years,
        areas=room.areas,
    )


def _simulated(asked: ReformAsked, room: PolicyRoom, folder: Path, far: Far) -> RunEnd:
    wanted = comparison_of(asked, room)
    outcome = simulate(wanted, _adding(far, steps(wanted)))
    parts = report_parts(outcome)
    (folder / PICTURES).mkdir(parents=True, exist_ok=True, mode=0o700)
    write_report(outcome, asked.reform, folder / REPORT, parts)
    for name, picture in parts.pictures.items():
        write_whole(folder / PICTURES / f"{name}.svg", picture.encode())
    return RunEnd(tuple(points(parts.frames)), tuple(warnings_of(outcome)))


def aside(populations: Path, run: str) -> Path:
    """Where a run draws a population until it is whole: nobody is offered it there."""
    return populations / f".{run}"


def _made(asked: PopulationAsked, room: PolicyRoom, run: str, far: Far) -> RunEnd:
    """Draw a population aside and give it its name, in one step."""
    wish = PopulationWish(asked.area, asked.persons, asked.year, default_margins())
    place, beside = room.populations / asked.population, aside(room.populations, run)
    if not _made_by(place, run):
        if place.exists():
            values = {"value": asked.population, "allowed": "还没有用过的名称"}
            raise Refusal("value_invalid", "人群", values)
        shutil.rmtree(beside, ignore_errors=True)
        try:
            make_population(wish, beside, _Drawn(_adding(far, wish.visits)))
            (beside / MADE_BY).write_text(run, encoding="utf-8")
            beside.rename(place)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    made = Population.read(place)
    missed = [f"{one.name} 与目标相差 {one.missed:.1%}" for one in made.targets if not one.met]
    return RunEnd((f"{made.persons:,} 人，{made.year} 年",), tuple(missed))


def _made_by(place: Path, run: str) -> bool:
    """Whether a population is there that this run made."""
    try:
        return (place / MADE_BY).read_text(encoding="utf-8") == run
    except FileNotFoundError:
        return False


class _Drawn(Unwatched):
    """What hears of visits drawn; while they are sorted, it only looks whether to stop."""

    def __init__(self, told: Callable[[int], None]) -> None:
        self._told, self._sorting = told, False

    def begin(self, name: str, total: int) -> None:
        """They are sorted now."""
        self._sorting = True

    def update(self, count: int) -> None:
        """So many more."""
        self._told(0 if self._sorting else count)


def _adding(far: Far, total: int) -> Callable[[int], None]:
    """What hears of visits done and says how many there are by now."""
    done = 0

    def told(count: int) -> None:
        nonlocal done
        done += count
        far(done, total)

    told(0)
    return told
