"""The laws that the visits of a file fall under: by area and day, numbered, each with its terms."""

import polars as pl

from gongji.batch.lines.line_columns import LAW
from gongji.law.checks.library import Library
from gongji.law.pricing.terms import Terms
from gongji.law.rulebook.law import Settings
from gongji.refusals import Refusal
from gongji.units import date_of


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
