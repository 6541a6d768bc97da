"""Runs that somebody asked for at a desk: a reform simulated or a population made up, by a job.

A run is a folder: what was asked by whom, how far it is, how it ended, its report, and whether it
is kept under a name. Every file of it appears whole, so that whoever asks and whoever works need no
more than the folder. This module knows folders and simulations, no desk and no database.
"""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from time import monotonic
from typing import TypeVar

import msgspec
import polars as pl

from gongji.batch.buckets import MANIFEST
from gongji.batch.work_steps import Unwatched
from gongji.law.engine.areas import Areas
from gongji.refusals import Refusal, RulebookError
from gongji.simulation.margins import default_margins
from gongji.simulation.populations import ABOUT, VISITS, Population, PopulationWish, make_population
from gongji.simulation.reform_report import points, report_parts, warnings_of, write_report
from gongji.simulation.reforms import Reform
from gongji.simulation.simulate import Comparison, simulate, steps
from gongji.tabular.whole_files import write_whole

ASKED, PROGRESS, END, KEPT, STOP = "asked.json", "progress.json", "end.json", "kept.json", "stop"
REPORT, PICTURES = "report", "pictures"
NAME = re.compile(r"[\w-]{1,40}")
"""What a population or a run may be called as a folder."""
LOOKED_SECONDS = 0.2
"""How often a run says how far it is, and looks whether it is to stop."""
MOST_PERSONS = 1_000_000
MOST_YEARS = 10
DAYS_UNKEPT = 30
"""So many days a run is there that nobody kept."""
WAITING, RUNNING, DONE, REFUSED, STOPPED = "等候", "进行中", "完成", "不能完成", "已停止"
S = TypeVar("S")


class DoneBy(msgspec.Struct, frozen=True):
    """Who did something, and when."""

    subject: str
    name: str
    at: datetime


class ReformAsked(msgspec.Struct, frozen=True, tag="reform"):
    """A reform that is to be simulated on a population, by the law of an area."""

    by: DoneBy
    area: str
    population: str
    base_day: str
    reform: Reform
    years: int = 1


class PopulationAsked(msgspec.Struct, frozen=True, tag="population"):
    """A population that is to be made up under a name."""

    by: DoneBy
    area: str
    population: str
    persons: int
    year: int


Asked = ReformAsked | PopulationAsked
_ASKED: msgspec.json.Decoder[Asked] = msgspec.json.Decoder(ReformAsked | PopulationAsked)


class Progress(msgspec.Struct, frozen=True):
    """So many of so many visits."""

    done: int
    total: int

    @property
    def thousandths(self) -> int:
        """How far, of a thousand."""
        return min(1000, self.done * 1000 // self.total) if self.total else 0


class RunEnd(msgspec.Struct, frozen=True):
    """How a run ended: its sentences, or why there are none."""

    state: str
    points: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    reason: str = ""


class Keeping(msgspec.Struct, frozen=True):
    """Under which name a run is kept, by whom."""

    name: str
    by: DoneBy


class StopAsked(Exception):
    """Somebody asked a run to stop."""


@dataclass(frozen=True)
class PolicyRun:
    """A run by its folder."""

    folder: Path

    @property
    def id(self) -> str:
        """What it is called in an address."""
        return self.folder.name

    @cached_property
    def asked(self) -> Asked:
        """What was asked, which does not change."""
        return _ASKED.decode((self.folder / ASKED).read_bytes())

    @property
    def progress(self) -> Progress | None:
        """How far it is, once it has begun."""
        return _read(self.folder / PROGRESS, Progress)

    @property
    def end(self) -> RunEnd | None:
        """How it ended, once it has."""
        return _read(self.folder / END, RunEnd)

    @property
    def kept(self) -> Keeping | None:
        """Under which name it is kept."""
        return _read(self.folder / KEPT, Keeping)

    @property
    def state(self) -> str:
        """What became of it, in a word."""
        end = self.end
        if end is not None:
            return end.state
        return WAITING if self.progress is None else RUNNING

    def stop(self) -> None:
        """Ask it to stop; what has ended is left as it is."""
        (self.folder / STOP).touch()

    def keep(self, name: str, by: DoneBy) -> None:
        """Keep it under a name; the name it had before is gone.

        Refuses: value_invalid for a run that is not done or no name.
        """
        if self.state != DONE or not name.strip():
            allowed = "算完的测算，和一个名称"
            raise Refusal("value_invalid", "名称", {"value": name or "（空）", "allowed": allowed})
        write_whole(self.folder / KEPT, msgspec.json.encode(Keeping(name.strip(), by)))

    def table(self, name: str) -> pl.DataFrame:
        """A table of its report."""
        return pl.read_parquet(self.folder / REPORT / "tables" / f"{name}.parquet")

    def tables(self) -> list[str]:
        """The tables of its report."""
        return sorted(path.stem for path in (self.folder / REPORT / "tables").glob("*.parquet"))

    def picture(self, name: str) -> Path | None:
        """Where a picture is."""
        path = self.folder / PICTURES / f"{name}.svg"
        return path if NAME.fullmatch(name) and path.is_file() else None


def _read(path: Path, kind: type[S]) -> S | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except FileNotFoundError:
        return None


def new_run(folder: Path, name: str, asked: Asked) -> PolicyRun:
    """A run in a folder of runs, waiting for whoever works."""
    made = PolicyRun(folder / name)
    made.folder.mkdir(parents=True, mode=0o700)
    write_whole(made.folder / ASKED, msgspec.json.encode(asked))
    return made


def find_run(folder: Path, name: str) -> PolicyRun | None:
    """A run by its name, if there is one."""
    found = PolicyRun(folder / name)
    return found if NAME.fullmatch(name) and (found.folder / ASKED).is_file() else None


def runs(folder: Path) -> list[PolicyRun]:
    """Every run, the latest first."""
    found = [PolicyRun(path.parent) for path in folder.glob(f"*/{ASKED}")]
    return sorted(found, key=lambda run: (run.asked.by.at, run.id), reverse=True)


def forget_runs(folder: Path, before: datetime) -> int:
    """Remove the runs of before an instant that nobody kept.

    Returns: how many.
    """
    old = [run for run in runs(folder) if run.kept is None and run.asked.by.at < before]
    for run in old:
        shutil.rmtree(run.folder)
    return len(old)


def oldest_unkept(now: datetime) -> datetime:
    """The instant before which runs that nobody kept are forgotten."""
    return now - timedelta(days=DAYS_UNKEPT)


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


def perform(run: PolicyRun, room: PolicyRoom) -> RunEnd:
    """Do what was asked, saying how far it is, until it is done or to stop.

    Ensures: a run that was broken off is done anew; one that has ended is not done again.
    """
    before = run.end
    if before is not None:
        return before
    try:
        asked = run.asked
        if isinstance(asked, ReformAsked):
            end = _simulated(run, asked, room)
        else:
            end = _made(run, asked, room)
    except StopAsked:
        end = RunEnd(STOPPED)
    except (Refusal, RulebookError) as refusal:
        end = RunEnd(REFUSED, reason=str(refusal))
    write_whole(run.folder / END, msgspec.json.encode(end))
    return end


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


def _simulated(run: PolicyRun, asked: ReformAsked, room: PolicyRoom) -> RunEnd:
    wanted = comparison_of(asked, room)
    outcome = simulate(wanted, _teller(run, steps(wanted)))
    parts = report_parts(outcome)
    write_report(outcome, asked.reform, run.folder / REPORT, parts)
    (run.folder / PICTURES).mkdir(exist_ok=True)
    for name, picture in parts.pictures.items():
        write_whole(run.folder / PICTURES / f"{name}.svg", picture.encode())
    return RunEnd(DONE, tuple(points(parts.frames)), tuple(warnings_of(outcome)))


def _made(run: PolicyRun, asked: PopulationAsked, room: PolicyRoom) -> RunEnd:
    wish = PopulationWish(asked.area, asked.persons, asked.year, default_margins())
    place, beside = room.populations / asked.population, run.folder / "drawn"
    if place.exists():
        values = {"value": asked.population, "allowed": "还没有用过的名称"}
        raise Refusal("value_invalid", "人群", values)
    shutil.rmtree(beside, ignore_errors=True)
    try:
        made = make_population(wish, beside, _Drawn(_teller(run, wish.visits)))
        room.populations.mkdir(parents=True, exist_ok=True)
        shutil.move(beside, place)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    missed = [f"{one.name} 与目标相差 {one.missed:.1%}" for one in made.targets if not one.met]
    return RunEnd(DONE, (f"{made.persons:,} 人，{made.year} 年",), tuple(missed))


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


def _teller(run: PolicyRun, total: int) -> Callable[[int], None]:
    """What hears of visits done, says so in the run's folder, and stops it where that was asked."""
    done, looked = 0, 0.0

    def told(count: int) -> None:
        nonlocal done, looked
        done += count
        if monotonic() - looked < LOOKED_SECONDS:
            return
        looked = monotonic()
        if (run.folder / STOP).exists():
            raise StopAsked
        write_whole(run.folder / PROGRESS, msgspec.json.encode(Progress(done, total)))

    told(0)
    return told
