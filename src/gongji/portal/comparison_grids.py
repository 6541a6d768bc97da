"""Two laws side by side as small grids: level by status, old and new in one cell, repeats merged.

Takes the rows of `gongji.law.report.compare` and puts those that say the same of several levels or
of both statuses into one cell; it finds no difference itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from gongji.law.report.compare import SAME, LawDifference
from gongji.law.report.curve import LEVELS, PHARMACY, STATUSES
from gongji.law.rulebook.law import Law
from gongji.portal import present, refusal_words
from gongji.portal.area_overview import LEVEL, OPEN, STATUS, is_open, refused_levels
from gongji.portal.area_tables import (
    NOT_PAID,
    SECTIONS,
    SUPPLEMENTS,
    owners_of_layers,
    supplement_codes,
)
from gongji.portal.present import Link

BENEFIT = "待遇."
_LEVELS = (*LEVELS.values(), PHARMACY, "无")


@dataclass(frozen=True)
class PairCell:
    """A figure under two laws with the articles of each; over how many columns it stands."""

    left: str
    right: str
    left_links: tuple[Link, ...]
    right_links: tuple[Link, ...]
    span: int = 1

    @property
    def same(self) -> bool:
        """Whether both laws say it."""
        return self.left == self.right


@dataclass(frozen=True)
class PairGrid:
    """A kind of figure: a line for each group of levels that differ, a cell for each status.

    Shape:   `statuses` are the columns, none where there is one; `lines` of levels with cells.
    """

    kind: str
    label: str
    where: str
    statuses: tuple[str, ...]
    lines: tuple[tuple[str, tuple[PairCell, ...]], ...]

    @property
    def same(self) -> bool:
        """Whether nothing in it differs."""
        return all(cell.same for _, cells in self.lines for cell in cells)


@dataclass
class ComparedBenefit:
    """A benefit under two laws: its grids, and what is not paid under one of them or both."""

    name: str
    grids: list[PairGrid] = field(default_factory=list)
    refused: list[tuple[str, str, PairCell]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many things differ."""
        cells = [cell for grid in self.grids for _, cells in grid.lines for cell in cells]
        return sum(not cell.same for cell in cells + [cell for _, _, cell in self.refused])


@dataclass(frozen=True)
class ComparedSaying:
    """One thing that the other sections say, under two laws."""

    name: str
    item: str
    where: str
    cell: PairCell


class _Laws:
    """The two laws: links to their articles, words for their figures."""

    def __init__(self, left: Law, right: Law) -> None:
        self.left, self.right = left, right
        self.supplements = supplement_codes(left) | supplement_codes(right)
        self.owners = (owners_of_layers(left), owners_of_layers(right))

    def elsewhere(self, row: LawDifference, benefit: str) -> bool:
        """Whether a row is of a layer that another benefit flows on to, and told there."""
        owners = [owners[row.layer] for owners in self.owners if row.layer in owners]
        return bool(owners) and benefit not in owners

    def never(self, row: LawDifference, benefit: str) -> bool:
        """Whether a figure is for a level at which neither law ever pays the benefit."""
        level = dict(row.where).get(LEVEL, "")
        return all(level in refused_levels(law, benefit) for law in (self.left, self.right))

    def cell(self, row: LawDifference, span: int = 1) -> PairCell:
        """A row's figures as a cell."""
        return PairCell(
            figure(row.left, self.left),
            figure(row.right, self.right),
            tuple(present.links(row.left_cites, self.left.books)),
            tuple(present.links(row.right_cites, self.right.books)),
            span,
        )


def figure(text: str, law: Law) -> str:
    """A figure of a law in words."""
    if is_open(text) or text == "未定":
        return OPEN
    return refusal_words.figure_in_words(text, law)


def compared_benefits(
    rows: Iterable[LawDifference], laws: tuple[Law, Law], everything: bool
) -> list[ComparedBenefit]:
    """The benefits of two laws as grids; what is equal is left out unless everything is wanted."""
    known = _Laws(*laws)
    groups: dict[tuple[str, str], list[LawDifference]] = {}
    for row in rows:
        if row.subject.startswith(BENEFIT):
            supplement = row.layer in known.supplements
            name = SUPPLEMENTS if supplement else row.subject.removeprefix(BENEFIT)
            if known.elsewhere(row, name) or known.never(row, name):
                continue
            groups.setdefault((name, row.item), []).append(row)
    found: dict[str, ComparedBenefit] = {}
    for (name, item), group in groups.items():
        benefit = found.setdefault(name, ComparedBenefit(name))
        if item.startswith(NOT_PAID):
            reason = item.partition(" · ")[2]
            shown = [row for row in group if everything or row.mark != SAME]
            benefit.refused += [(reason, _where(row.where), known.cell(row)) for row in shown[:1]]
        else:
            grids = _grids(known, item, group)
            benefit.grids += [grid for grid in grids if everything or not grid.same]
    ordered = sorted(found.values(), key=lambda one: one.name == SUPPLEMENTS)
    return [one for one in ordered if one.grids or one.refused]


def _grids(laws: _Laws, item: str, rows: Sequence[LawDifference]) -> Iterator[PairGrid]:
    """A kind of figure as grids: one for each combination of other facts."""
    kind, _, label = item.partition(" · ")
    by_rest: dict[str, dict[tuple[str, str], LawDifference]] = {}
    for row in rows:
        facts = dict(row.where)
        place = facts.pop(LEVEL, ""), facts.pop(STATUS, "")
        by_rest.setdefault(_where(tuple(facts.items())), {})[place] = row
    for where, found in by_rest.items():
        statuses = tuple(one for one in STATUSES.values() if any(s == one for _, s in found))
        levels = [one for one in ("", *_LEVELS) if any(level == one for level, _ in found)]
        lines: list[tuple[str, tuple[PairCell, ...]]] = []
        for level in levels:
            cells = tuple(_line(laws, found, level, statuses or ("",)))
            if lines and _texts(lines[-1][1]) == _texts(cells):
                lines[-1] = f"{lines[-1][0]}、{level}", lines[-1][1]
            else:
                lines.append((level, cells))
        alike = all(len(cells) == 1 for _, cells in lines)
        yield PairGrid(kind, label, where, () if alike else statuses, tuple(lines))


def _line(
    laws: _Laws,
    found: dict[tuple[str, str], LawDifference],
    level: str,
    statuses: tuple[str, ...],
) -> Iterator[PairCell]:
    """The cells of a level, one over all statuses where these are alike."""
    rows = [found[level, status] for status in statuses if (level, status) in found]
    alike = len({(row.left, row.right) for row in rows}) == 1
    if alike:
        yield laws.cell(rows[0], len(statuses))
        return
    for status in statuses:
        row = found.get((level, status))
        yield laws.cell(row) if row else PairCell("—", "—", (), ())


def _texts(cells: tuple[PairCell, ...]) -> list[tuple[object, ...]]:
    return [(cell.left, cell.right, cell.left_links, cell.right_links) for cell in cells]


def _where(facts: tuple[tuple[str, str], ...]) -> str:
    return "，".join(f"{fact}：{value}" for fact, value in facts)


def compared_sections(
    rows: Iterable[LawDifference], laws: tuple[Law, Law], everything: bool
) -> list[tuple[str, list[ComparedSaying]]]:
    """What the other sections say under two laws, by their headings."""
    known = _Laws(*laws)
    found: dict[str, list[ComparedSaying]] = {}
    for row in rows:
        section, _, name = row.subject.partition(".")
        if not row.subject.startswith(BENEFIT) and (everything or row.mark != SAME):
            said = ComparedSaying(name, row.item, _where(row.where), known.cell(row))
            found.setdefault(section, []).append(said)
    order = [*SECTIONS, *(name for name in found if name not in SECTIONS)]
    return [(SECTIONS.get(one, one), found[one]) for one in order if one in found]
