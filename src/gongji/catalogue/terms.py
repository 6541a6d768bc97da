"""What the law of an area says of fee lines: its rules by kind, each with its ground."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from gongji.accounts.citing import Ground, ground, rules
from gongji.catalogue.columns import LAW
from gongji.errors import Refusal
from gongji.rulebook.documents import Benefit
from gongji.rulebook.law import Law, Library, Settings
from gongji.rulebook.pricing import LineRule
from gongji.units import date_of

NEGOTIATED = "谈判药"
"""The benefit whose first self-pay holds for negotiated drugs in every other benefit too."""


@dataclass(frozen=True, eq=False, repr=False)
class Terms:
    """The rules of fee lines of one law."""

    law: Law

    @cached_property
    def _rules(self) -> list[tuple[LineRule, Ground]]:
        return [
            (rule, ground(provision, rule))
            for provision, rule in rules(self.law, "费用明细", LineRule)
        ]

    def ground(self, kind: str, benefit: str = "") -> Ground | None:
        """The ground of the first rule of a kind that holds for a benefit (by code)."""
        name = self.law.benefit_name(benefit) if benefit in self.law.benefits.values() else ""
        for rule, found in self._rules:
            if rule.kind == kind and (not rule.benefits or name in rule.benefits):
                return found
        return None

    def share(self, kind: str) -> int:
        """The share of the first rule of a kind that gives one, below zero for none."""
        return next((r.share for r, _ in self._rules if r.kind == kind and r.share is not None), -1)

    def benefits(self, kind: str) -> list[str]:
        """The codes of the benefits that rules of a kind name."""
        names = [name for rule, _ in self._rules if rule.kind == kind for name in rule.benefits]
        return [self.law.benefits[name] for name in names]

    @cached_property
    def negotiated(self) -> tuple[int, Ground] | None:
        """The first self-pay of negotiated drugs, where the law gives one.

        Law:     楚政规〔2022〕2号 第十八条: 扣除先行自付10%, in the other benefits too.
        """
        provision = self.law.section("待遇").get(NEGOTIATED)
        if provision is None:
            return None
        assert isinstance(provision.value, Benefit)
        own = provision.value.first_self_pay
        return (own.share, ground(provision, own)) if own else None


class Places:
    """The laws that visits fall under, numbered, with their terms."""

    def __init__(self, library: Library, settings: Settings | None) -> None:
        self.library, self.settings = library, settings
        self.terms: list[Terms] = []
        self.covered: dict[str, str] = {}

    def table(self, areas: list[str]) -> pl.DataFrame:
        """The spans of the laws of these areas; areas without rules are left out."""
        rows = []
        for area in areas:
            try:
                laws = self.library.laws(area, self.settings)
            except Refusal:
                continue
            spans = []
            for law in laws:
                rows.append((area, law.since, law.until, len(self.terms)))
                self.terms.append(Terms(law))
                spans.append(f"{date_of(law.since)} 起")
            self.covered[area] = "、".join(spans)
        schema = {"area": pl.String, "since": pl.Int64, "until": pl.Int64, LAW: pl.Int64}
        return pl.DataFrame(rows, schema=schema, orient="row").sort("area", "since")

    def benefits(self) -> dict[str, str]:
        """Every way to write a benefit and its code."""
        known: dict[str, str] = {}
        for terms in self.terms:
            known |= terms.law.benefits | {code: code for code in terms.law.benefits.values()}
        return known
