"""The agency's items (事项) as a law has them: papers, time limit, and the steps of a review."""

from dataclasses import dataclass

from gongji.law.compile.grounds import Ground, ground, rules
from gongji.law.rulebook.item_provisions import ItemRule, Paper, ReviewStep
from gongji.law.rulebook.law import Law
from gongji.refusals import Refusal
from gongji.units import Fen

NATION = "000000"


@dataclass(frozen=True)
class AgencyItem:
    """An item with its name in the law and the provision that it rests on."""

    name: str
    rule: ItemRule
    ground: Ground
    area: str = ""
    """Whose document has it: the area's, the province's, or the nation's as a default."""

    @property
    def local(self) -> bool:
        """Whether the area or its province rules it, and not only the nation's default."""
        return self.area != NATION

    def steps(self, amount_fen: Fen) -> tuple[ReviewStep, ...]:
        """The steps of its review in order, for an amount (fen; 0 where no money moves)."""
        return tuple(step for step in self.rule.review if amount_fen > step.above)

    def missing(self, given: frozenset[str]) -> list[str]:
        """Every paper that is still missing, all at once; `given` are names of papers and promises.

        Law:     一次性告知 (社会保险经办条例): everything that is missing is told at one time.
        """
        return [_asked(paper) for paper in self.rule.papers if not _is_given(paper, given)]

    @property
    def papers(self) -> frozenset[str]:
        """The names under which a paper may be handed in."""
        named = {name for paper in self.rule.papers for name in (paper.name, *paper.instead)}
        promised = {promise_of(paper) for paper in self.rule.papers if paper.promise}
        return frozenset(named | promised)


def promise_of(paper: Paper) -> str:
    """The name of the written promise that stands in for a paper."""
    return f"承诺书：{paper.name}"


def _is_given(paper: Paper, given: frozenset[str]) -> bool:
    names = {paper.name, *paper.instead, *([promise_of(paper)] if paper.promise else [])}
    return paper.optional or bool(names & given)


def _asked(paper: Paper) -> str:
    others = [*paper.instead, *(["书面承诺"] if paper.promise else [])]
    return paper.name + (f"（或{'、'.join(others)}）" if others else "")


def item(law: Law, code: str) -> AgencyItem:
    """An item of the agency by its code.

    Refuses: not_ruled where the law has none.
    """
    found = find_item(law, code)
    if found is None:
        raise Refusal("not_ruled", "kind", {"area": law.area, "value": f"事项 {code}"})
    return found


def find_item(law: Law, code: str) -> AgencyItem | None:
    """An item of the agency by its code, or None."""
    for provision, rule in rules(law, ItemRule):
        if rule.code == code:
            area = provision.book.head.area
            return AgencyItem(provision.name, rule, ground(provision, rule), area)
    return None
