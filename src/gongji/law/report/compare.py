"""Two laws side by side: what each says of the same thing, and whether they differ.

Benefits are compared by what their figures come to (`effects`), everything else by what the files
say (`figures`). The laws may be of one area at two dates or of two areas.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gongji.law.compile.citations import Cite, said_source
from gongji.law.engine.area import Area
from gongji.law.report.effects import Effect, EffectsTable, Place, Where, effects
from gongji.law.report.law_figures import OFFICIAL, Figure, figures
from gongji.law.rulebook.law import Law
from gongji.units import Day

SAME, CHANGED, ONLY_LEFT, ONLY_RIGHT = "＝", "≠", "－", "＋"
WORKED_OUT = ("待遇", "层组", "补充", "门槛", "转归", "计量", "事实")
"""Sections whose effect is compared instead of their words."""

WordKey = tuple[str, str, str, Where]


@dataclass(frozen=True)
class LawDifference:
    """One thing that both or one of two laws speak of; no text where a law is silent."""

    subject: str
    item: str
    where: Where
    left: str
    right: str
    left_articles: str
    right_articles: str
    left_cites: tuple[Cite, ...] = ()
    right_cites: tuple[Cite, ...] = ()
    layer: str = ""
    """The code of the layer, of figures of a benefit."""

    @property
    def mark(self) -> str:
        """Equal, changed, or said by one side only."""
        if self.left and self.right:
            return SAME if self.left == self.right else CHANGED
        return ONLY_LEFT if self.left else ONLY_RIGHT


def compare(left: Area, left_day: Day, right: Area, right_day: Day) -> list[LawDifference]:
    """Everything that two laws say, equal or not: benefits first, then the other sections.

    Refuses: date_outside.
    """
    laws = left.law(left_day), right.law(right_day)
    ours, theirs = effects(left, laws[0], left_day), effects(right, laws[1], right_day)
    found: list[LawDifference] = []
    places = list(dict.fromkeys((*ours, *theirs)))
    benefits = list(dict.fromkeys(place[0] for place in places))
    for place in sorted(places, key=lambda place: benefits.index(place[0])):
        found += _benefit_rows(place, ours.get(place), theirs.get(place))
    one, other = (_by_key(law) for law in laws)
    for key in dict.fromkeys((*one, *other)):
        found.append(_word_row(key, one.get(key), other.get(key)))
    return found


def _benefit_rows(
    place: Place, left: EffectsTable | None, right: EffectsTable | None
) -> Iterator[LawDifference]:
    either = left or right
    assert either
    ours = left.cells if left else {}
    theirs = right.cells if right else {}
    ours, theirs = _spread(ours, theirs), _spread(theirs, ours)
    known = {frozenset(where): effect for where, effect in theirs.items()}
    for where, effect in ours.items():
        yield _benefit_row(place, either.label, where, effect, known.pop(frozenset(where), None))
    for where, effect in theirs.items():
        if frozenset(where) in known:
            yield _benefit_row(place, either.label, where, None, effect)


def _spread(
    cells: dict[Where, Effect | None], others: dict[Where, Effect | None]
) -> dict[Where, Effect | None]:
    """The cells told apart by the facts of the other table too, each value getting the same."""
    own = {fact for where in cells for fact, _ in where}
    more = {fact: None for where in others for fact, _ in where if fact not in own}
    for fact in more:
        values = dict.fromkeys(value for where in others for name, value in where if name == fact)
        cells = {
            (*where, (fact, value)): effect for where, effect in cells.items() for value in values
        }
    return cells


def _benefit_row(
    place: Place, label: str, where: Where, left: Effect | None, right: Effect | None
) -> LawDifference:
    benefit, layer, kind, _ = place
    return LawDifference(
        f"待遇.{benefit}",
        label if label == kind else f"{kind} · {label}",
        where,
        left.text if left else "",
        right.text if right else "",
        articles(left.cites) if left else "",
        articles(right.cites) if right else "",
        left.cites if left else (),
        right.cites if right else (),
        layer,
    )


def articles(cites: tuple[Cite, ...]) -> str:
    """Documents with their articles, each document once, marked where not official."""
    by_document: dict[str, dict[str, None]] = {}
    for cite in cites:
        by_document.setdefault(_document(cite), {})[cite.article] = None
    return "；".join(f"{document} {'、'.join(names)}" for document, names in by_document.items())


def _document(place: Cite | Figure) -> str:
    said = said_source(place.source)
    marks = [*([said] if said != OFFICIAL else []), *(["自备"] if said != place.source else [])]
    return f"{place.document}（{'、'.join(marks)}）" if marks else place.document


def _by_key(law: Law) -> dict[WordKey, Figure]:
    return {
        (figure.section, figure.name, figure.item, figure.where): figure
        for figure in figures(law)
        if figure.section not in WORKED_OUT
    }


def _word_row(key: WordKey, left: Figure | None, right: Figure | None) -> LawDifference:
    section, name, item, where = key
    return LawDifference(
        f"{section}.{name}",
        item,
        where,
        left.text if left else "",
        right.text if right else "",
        f"{_document(left)} {left.article}" if left else "",
        f"{_document(right)} {right.article}" if right else "",
        _cites(left),
        _cites(right),
    )


def _cites(figure: Figure | None) -> tuple[Cite, ...]:
    """Where a figure stands, as figures of benefits say it."""
    if figure is None:
        return ()
    file = Path(figure.file).name
    return (Cite(figure.document, figure.article, file, figure.line, figure.source),)
