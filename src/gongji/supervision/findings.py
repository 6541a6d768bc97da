"""Findings: what several rules hit on one fee line is one finding with a main rule, money once.

A hit on a whole visit is spread over its lines, so that no fen is counted twice; what a proof
excuses, and what lies in a rule's grey zone, stays in the table and is said.
"""

from collections.abc import Mapping

import polars as pl

from gongji.supervision.rules_folded import BREACH, LIVE, Rule

FINDING = {
    "line": pl.String,
    "visit": pl.String,
    "person": pl.String,
    "institution": pl.String,
    "doctor": pl.String,
    "day": pl.Date,
    "rule": pl.String,
    "kind": pl.String,
    "also": pl.String,
    "money": pl.Int64,
    "evidence": pl.String,
    "grounds": pl.String,
    "state": pl.String,
    "grey": pl.Boolean,
    "excused": pl.String,
}
"""One row a line; `line` is its key and is never used twice. Money in fen."""
SPREAD = ("line", "visit", "amount")


def ruled(rule: Rule, found: pl.DataFrame, proofs: pl.DataFrame) -> pl.DataFrame:
    """Hits of a rule on the days on which it holds, with what excuses them and whether grey."""
    mine = found.filter((pl.col("day") >= rule.since) & (pl.col("day") < rule.until))
    grey = (pl.col("over_percent") <= rule.grey_percent).fill_null(False)
    excused = _excused(rule, mine, proofs)
    return mine.join(excused, on=["person", "day"], how="left", nulls_equal=True).with_columns(
        rule=pl.lit(rule.name),
        kind=pl.lit(rule.kind),
        grounds=pl.lit("；".join(rule.grounds)),
        state=pl.lit(rule.state),
        grey=grey,
    )


def _excused(rule: Rule, found: pl.DataFrame, proofs: pl.DataFrame) -> pl.DataFrame:
    """For persons and days, the reason that a proof shows and the rule accepts."""
    there = found.select("person", "day").unique()
    wanted = proofs.filter(pl.col("reason").is_in(list(rule.excuses)))
    both = there.join(wanted, on="person").filter(
        (pl.col("day") >= pl.col("since"))
        & (pl.col("until").is_null() | (pl.col("day") <= pl.col("until")))
    )
    return both.group_by("person", "day").agg(excused=pl.col("reason").min())


def spread(found: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    """Hits on visits as hits on their lines, the money by amounts; hits on lines as they are.

    Ensures: the money of the lines of a visit is that of the visit; a line's is at most its amount.
    """
    amounts = lines.select(SPREAD).unique("line")
    single = found.filter(pl.col("line").is_not_null()).join(
        amounts.select("line", "amount"), on="line", how="left"
    )
    whole = found.filter(pl.col("line").is_null()).drop("line").with_row_index("_hit")
    each = whole.join(amounts.sort("visit", "line"), on="visit")
    running = pl.col("amount").cum_sum().over("_hit")
    total = pl.max_horizontal(pl.col("amount").sum().over("_hit"), 1)
    part = pl.col("money") * running // total
    before = pl.col("money") * (running - pl.col("amount")) // total
    each = each.with_columns(money=part - before).drop("_hit")
    both = pl.concat([single, each.select(single.columns)])
    capped = pl.min_horizontal("money", pl.col("amount").fill_null(pl.col("money")))
    return both.with_columns(money=capped)


def merged(found: pl.DataFrame) -> pl.DataFrame:
    """One finding for each line: a live clear breach leads, then more money, then the name."""
    if found.is_empty():
        return pl.DataFrame(schema=FINDING)
    counts = (pl.col("state") == LIVE) & ~pl.col("grey") & pl.col("excused").is_null()
    ordered = found.with_columns(
        _counts=counts, _breach=pl.col("kind") == BREACH, _rank=pl.col("money")
    ).sort(
        ["line", "_counts", "_breach", "_rank", "rule"],
        descending=[False, True, True, True, False],
    )
    first = [pl.col(name).first() for name in FINDING if name not in ("line", "also")]
    others = pl.col("rule").unique(maintain_order=True).slice(1).str.join("；")
    one = ordered.group_by("line", maintain_order=True).agg(*first, also=others)
    return one.select([pl.col(name).cast(kind) for name, kind in FINDING.items()])


def counting() -> pl.Expr:
    """Whether a finding counts: of a live rule, not grey, not excused."""
    return (pl.col("state") == LIVE) & ~pl.col("grey") & pl.col("excused").is_null()


def weighed(precision: Mapping[str, float]) -> pl.Expr:
    """How sure a rule is: by the marks that it was given, else by its kind."""
    usual = pl.when(pl.col("kind") == BREACH).then(pl.lit(0.9)).otherwise(pl.lit(0.5))
    if not precision:
        return usual
    names = list(precision)
    known = pl.col("rule").replace_strict(
        names, [precision[name] for name in names], default=None, return_dtype=pl.Float64
    )
    return pl.coalesce(known, usual)
