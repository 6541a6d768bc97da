"""What the law of an area says of fee lines: its rules by kind, each with its ground."""

from dataclasses import dataclass
from functools import cached_property

from gongji.law.compile.grounds import Ground, ground, rules
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.line_provisions import ITEM_CEILING, LEVELS, UNRELATED, LineRule
from gongji.law.rulebook.provision_kinds import Benefit

OF_DISEASES = ("慢性病", "特殊病", "两病")
"""Benefits that are for a registered disease, so that only what is related to it is of them."""
NEGOTIATED = "谈判药"
"""The benefit whose first self-pay holds for negotiated drugs in every other benefit too."""


@dataclass(frozen=True, eq=False, repr=False)
class Terms:
    """The rules of fee lines of one law."""

    law: Law

    @cached_property
    def _rules(self) -> list[tuple[LineRule, Ground]]:
        return [(rule, ground(provision, rule)) for provision, rule in rules(self.law, LineRule)]

    def ground(self, kind: str, benefit: str = "") -> Ground | None:
        """The ground of the first rule of a kind that holds for a benefit (by code)."""
        name = self.law.benefit_name(benefit) if benefit in self.law.benefits.values() else ""
        for rule, found in self._rules:
            if rule.kind == kind and (not rule.benefits or name in rule.benefits):
                return found
        if kind == UNRELATED and benefit in self.benefits(UNRELATED):
            provision = self.law.all(Benefit).get(name)
            return ground(provision, provision.value) if provision else None
        return None

    def share(self, kind: str) -> int:
        """The share of the first rule of a kind that gives one, below zero for none."""
        return next((r.share for r, _ in self._rules if r.kind == kind and r.share is not None), -1)

    @cached_property
    def item_ceilings(self) -> tuple[int, int, int, int]:
        """What a unit of any item costs at most, without a level and at levels 1 to 3.

        Units:   fen, below zero for none; where several rules hold, the lowest.
        """
        found = [-1, -1, -1, -1]
        for rule, _ in self._rules:
            if rule.kind == ITEM_CEILING and rule.ceiling is not None:
                for number, level in enumerate(("", *LEVELS)):
                    held = not rule.levels or level in rule.levels
                    if held and (found[number] < 0 or rule.ceiling < found[number]):
                        found[number] = rule.ceiling
        return found[0], found[1], found[2], found[3]

    def benefits(self, kind: str) -> list[str]:
        """The codes of the benefits that rules of a kind name.

        What has nothing to do with a disease is of no benefit of diseases, named or not.
        """
        names = [name for rule, _ in self._rules if rule.kind == kind for name in rule.benefits]
        if kind == UNRELATED:
            names += [name for name in OF_DISEASES if name in self.law.all(Benefit)]
        return [self.law.benefits[name] for name in dict.fromkeys(names)]

    @cached_property
    def negotiated(self) -> tuple[int, Ground] | None:
        """The first self-pay of negotiated drugs, where the law gives one.

        Law:     楚政规〔2022〕2号 第十八条: 扣除先行自付10%, in the other benefits too.
        """
        provision = self.law.all(Benefit).get(NEGOTIATED)
        if provision is None:
            return None
        own = provision.value.first_self_pay
        return (own.share, ground(provision, own)) if own else None
