"""The law changed so: figures of the law at a date replaced by their path, as if it had said them.

An amendment gives a law, an area or areas that the engine and the batch use as any other. Each
figure keeps the article of its place; nothing is written to a rulebook. What does not fit is
refused, all of it at once. This module computes no benefit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from gongji.law.checks.check_provisions import Checker
from gongji.law.compile.citations import document_of
from gongji.law.compile.figures import parsed_parameter
from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.law.rulebook.figure_paths import (
    TABLE,
    Given,
    PathFigure,
    Place,
    figures_of,
    node_of,
    places,
    put,
    unit_of,
)
from gongji.law.rulebook.law import Law, Provision
from gongji.law.rulebook.provision_kinds import Parameter
from gongji.law.rulebook.rulebook import SECTIONS
from gongji.law.rulebook.schema import BAD, Reading, struct
from gongji.law.rulebook.source import Node
from gongji.refusals import Problem, RulebookError
from gongji.units import Day

FILE = "修订"
"""What stands for the file in a problem that no rulebook has."""
NAMED = 12
"""So many paths are named in a message."""


@dataclass(frozen=True)
class Amendment:
    """Figures of the law in force at a day, replaced over all the time of that law.

    Shape:   `figures` path -> figure as a rulebook writes it, or a table of such
             (`gongji.law.rulebook.figure_paths`).
    """

    day: Day
    figures: Mapping[str, Given]

    def areas(self, areas: Areas, code: str) -> Areas:
        """The areas with one of them changed.

        Refuses: what `area` refuses; area_unknown.
        """
        return areas.instead(self.area(areas.home(code)))

    def area(self, area: Area) -> Area:
        """An area with its law at the day changed; meters lie where they lay.

        Refuses: date_outside; RulebookError with every figure that does not fit.
        """
        law = area.law(self.day)
        changed = self.law(law)
        laws = [changed if one is law else one for one in area.laws]
        # A table may read what the layout does not know yet; a figure changes nothing of it.
        plain = all(isinstance(given, str) for given in self.figures.values())
        return Area(area.code, laws, area.layout if plain else None, area.year_shift)

    def law(self, law: Law) -> Law:
        """A law with the figures replaced.

        Refuses: RulebookError with every path that leads to none or several figures, every figure
                 that fits no unit, every article that would be lost.
        """
        problems: list[Problem] = []
        nodes: dict[str, Node] = {}
        for number, (path, given) in enumerate(self.figures.items(), start=1):
            provision = _provision(law, path)
            if provision is None:
                problems.append(Problem(FILE, number, path, _unknown(law, path)))
                continue
            node = nodes.get(provision.path, provision.value.node)
            at = _place(provision, node, path)
            if isinstance(at, str):
                problems.append(Problem(FILE, number, path, at))
                continue
            wrong = _wrong_unit(at[1], given)
            if wrong:
                problems.append(Problem(FILE, number, path, wrong))
            else:
                nodes[provision.path] = put(node, _whole(at[0], given), node_of(given, at[1]))
        changed = [_parsed(law, path, node, problems) for path, node in nodes.items()]
        if problems:
            raise RulebookError(problems)
        made = _with(law, changed, self.figures)
        before = set(map(_said, Checker(law).run()))
        problems = [one for one in Checker(made).run() if _said(one) not in before]
        if problems:
            raise RulebookError(problems)
        return made


def figures_by_path(law: Law) -> dict[str, str]:
    """Every figure of a law that an amendment may replace: path -> figure as it is written."""
    return {one.path: one.text for one, _ in figures_with_documents(law)}


def figures_with_documents(law: Law) -> list[tuple[PathFigure, str]]:
    """Every figure of a law that an amendment may replace, each with the document it stands in."""
    return [
        (figure, document_of(provision.book, figure.article))
        for entries in law.provisions.values()
        for provision in entries.values()
        for figure in figures_of(provision)
    ]


def _said(problem: Problem) -> tuple[str, str]:
    return problem.key, problem.message


def _provision(law: Law, path: str) -> Provision[Any] | None:
    section, _, rest = path.partition(".")
    return law.section(section).get(rest.partition(".")[0])


def _unknown(law: Law, path: str) -> str:
    """What a path might have named."""
    section = path.partition(".")[0]
    known = [f"{section}.{name}" for name in law.section(section)] or list(law.provisions)
    return f"没有这项规定；可取：{_some(known)}"


def _some(names: list[str]) -> str:
    return "、".join(names[:NAMED]) + ("……" if len(names) > NAMED else "")


def _place(provision: Provision[Any], node: Node, path: str) -> tuple[Place, Node] | str:
    """Where a path's figure stands, or why it does not lead to one."""
    names = path.removeprefix(provision.path).strip(".")
    found = places(node, tuple(names.split(".")) if names else ())
    if len(found) == 1:
        return found[0]
    known = [one.path for one in figures_of(replace(provision, value=_Noded(node)))]
    if not found:
        return f"没有这个数字；可取：{_some(known) or '（这项规定没有数字）'}"
    near = [one for one in known if one.startswith(path)] or known
    return f"指向 {len(found)} 个数字，须写明是哪一个：{_some(near)}"


@dataclass(frozen=True)
class _Noded:
    """What has a node and nothing else."""

    node: Node


def _wrong_unit(old: Node, given: Given) -> str:
    """Why a figure cannot stand where another one stood; the schema says the rest."""
    if not isinstance(given, str):
        return ""
    unit = unit_of(given)
    if unit is None:
        return f"“{given}”不是数字；应如 8000元、55%、5个百分点、不限"
    if isinstance(old.value, str) and unit_of(old.text()) != unit:
        return f"原为“{old.text()}”，“{given}”的单位不同"
    return ""


def _whole(at: Place, given: Given) -> Place:
    """A table stands at the figure's place; what says more stands for the whole that holds it."""
    return at if isinstance(given, str) or TABLE in given else at[:-1]


def _parsed(law: Law, path: str, node: Node, problems: list[Problem]) -> tuple[Provision[Any], Any]:
    """A provision read anew from its changed node; what is wrong with its form is added."""
    section, _, name = path.partition(".")
    provision = law.section(section)[name]
    context = Reading()
    value = struct(SECTIONS[section]).parse(node, path, context)
    if value is not BAD and isinstance(value, Parameter) and value.value is not None:
        try:
            parsed_parameter(replace(provision, value=value))
        except RulebookError as error:
            context.problems += error.problems
    problems.extend(context.problems)
    return provision, value


def _with(law: Law, changed: list[tuple[Provision[Any], Any]], figures: Mapping[str, Given]) -> Law:
    provisions = {name: dict(entries) for name, entries in law.provisions.items()}
    for provision, value in changed:
        provisions[provision.section][provision.name] = replace(provision, value=value)
    # The hash of a law covers the figures that were given, these as well.
    texts = {
        path: given if isinstance(given, str) else msgspec.json.encode(given).decode()
        for path, given in figures.items()
    }
    return replace(law, provisions=provisions, settings={**law.settings, **texts})
