"""A reform: the law at a date, or another folder's, with figures changed; named, checked, kept.

A side is one law that is meant to hold over the whole time of a population, whatever its dates, so
that two laws are settled on the very same visits. This module changes laws; it settles nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec
import yaml

from gongji.law.checks.library import Library
from gongji.law.engine.amendment import Amendment
from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.law.engine.visit import read_date
from gongji.law.report.compare import SAME, LawDifference, compare
from gongji.law.rulebook.figure_paths import Given
from gongji.law.rulebook.rulebook import FOREVER
from gongji.law.rulebook.source import Node, content_of, read
from gongji.refusals import Problem, RulebookError
from gongji.tabular.whole_files import write_whole
from gongji.units import Day, date_of, parse_day

BEGINNING: Day = parse_day("1990-01-01")
"""From when on a side's law is taken to hold."""


class Reform(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which law: of what day, from which folders of rulebooks, with which figures instead.

    Shape:   `figures` path -> figure or table (docs/inside/amendment.md); `settings` figures for
             open parameters; no `day` means the day of what it is compared with.
    """

    name: str = msgspec.field(name="名称", default="")
    day: str = msgspec.field(name="日期", default="")
    folders: tuple[str, ...] = msgspec.field(name="规则目录", default=())
    figures: dict[str, Any] = msgspec.field(name="数字", default_factory=dict)
    settings: dict[str, str] = msgspec.field(name="参数", default_factory=dict)
    reason: str = msgspec.field(name="说明", default="")


@dataclass(frozen=True, eq=False)
class Side:
    """One law of a simulation, ready for engine and batch: it holds at any date."""

    name: str
    code: str
    day: Day
    areas: Areas
    dated: Area
    """The area as it is, for comparison with another side at `day`."""

    @cached_property
    def area(self) -> Area:
        """The area under this law alone."""
        return self.areas.home(self.code)

    @property
    def hash(self) -> str:
        """The hash of the law with all figures given."""
        return self.dated.law(self.day).hash


def read_reform(path: Path) -> Reform:
    """A reform from a file as `write_reform` writes it.

    Refuses: RulebookError with what is wrong with its form.
    """
    found: list[Problem] = []
    content = content_of(path, found)
    root = read(path, content, found) if content is not None else None
    if root is None or found:
        raise RulebookError(found)
    try:
        made = msgspec.convert(_plain(root), Reform)
    except msgspec.ValidationError as error:
        known = "、".join(field.encode_name for field in msgspec.structs.fields(Reform))
        message = f"{error}；可用的键：{known}"
        raise RulebookError([Problem(str(path), 1, "改革", message)]) from None
    folders = tuple(str(path.parent / folder) for folder in made.folders)
    return msgspec.structs.replace(made, folders=folders, name=made.name or path.stem)


def write_reform(path: Path, reform: Reform) -> None:
    """Keep a reform as a file that appears whole."""
    text = yaml.safe_dump(msgspec.to_builtins(reform), allow_unicode=True, sort_keys=False)
    write_whole(path, text.encode())


def _plain(node: Node) -> Any:
    if isinstance(node.value, dict):
        return {key: _plain(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [_plain(child) for child in node.value]
    return node.value


def side_of(
    reform: Reform,
    code: str,
    day: Day,
    start: Areas | tuple[Path, ...] = (),
    settings: Mapping[str, str] | None = None,
) -> Side:
    """The law that a reform makes of that of a day, its own day if it has one.

    Shape:   `start` the laws or the folders of rulebooks, and `settings`, hold for all sides, the
             reform's own folders and settings before them.
    Refuses: area_unknown, date_outside; RulebookError with every figure that does not fit, as a
             rulebook would be refused.
    """
    own = tuple(Path(folder) for folder in reform.folders)
    at = read_date("date", reform.day) if reform.day else day
    if isinstance(start, Areas):
        areas = start
    else:
        library = Library((*own, *start))
        areas = Areas(library, {library.home(code): reform.settings}, settings)
        areas.check_given((code,))
    area = areas.home(code)
    if reform.figures:
        area = Amendment(at, figures_of(reform)).area(area)
    law = area.law(at)
    alone = Area(area.code, [replace(law, since=BEGINNING, until=FOREVER)])
    return Side(reform.name or str(date_of(at)), area.code, at, areas.instead(alone), area)


def figures_of(reform: Reform) -> dict[str, Given]:
    """The figures of a reform by their paths."""
    return dict(reform.figures)


def differences(base: Side, other: Side) -> list[LawDifference]:
    """What the two laws say differently, article by article."""
    found = compare(base.dated, base.day, other.dated, other.day)
    return [row for row in found if row.mark != SAME]
