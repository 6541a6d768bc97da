"""How good supervision is on planted frauds: by kind, seen and unseen; ways of comparing peers.

`python bench/supervision_quality.py --persons 60000 --seeds 11 12` makes prefectures, supervises
each and writes docs/inside/supervision-quality.md. Everything follows from the seeds.
"""

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from gongji.supervision import indicators, peers
from gongji.supervision.claim_tables import ClaimTables
from gongji.supervision.findings import counting
from gongji.supervision.inspection import inspect
from gongji.supervision.prefecture import Wishes, make_prefecture
from gongji.supervision.rules_folded import fold_rules
from gongji.supervision.supervise_run import all_leads, compare_all, given_points

PAGE = Path(__file__).parents[1] / "docs/inside/supervision-quality.md"
AREA = "439900"
SOURCES = ("规则", "同行比较", "自身历史", "网络")


@dataclass(frozen=True)
class Judged:
    """One prefecture supervised: leads with the kind that is true of their subject, and so on."""

    leads: pl.DataFrame
    truth: pl.DataFrame
    findings: pl.DataFrame
    persons: int
    institutions: int
    false_persons: int
    false_institutions: int
    methods: pl.DataFrame


def guilty(truth: pl.DataFrame) -> pl.DataFrame:
    """Subjects of frauds; the institution of a guilty doctor is no honest one either."""
    columns = {"institution": "institution", "person": "person", "doctor": "doctor"}
    found = [
        truth.filter(pl.col("unit") == unit).select("kind", "unseen", subject=column)
        for unit, column in columns.items()
    ]
    houses = truth.filter(pl.col("unit") == "doctor").select(
        "kind", "unseen", subject="institution"
    )
    both = pl.concat([*found, houses]).drop_nulls("subject").unique()
    return both.group_by("subject").agg(pl.col("kind").sort().first(), pl.col("unseen").first())


def judge(folder: Path) -> Judged:
    """Supervise a prefecture, and look at the truth afterwards."""
    tables = ClaimTables(folder)
    rules = fold_rules(AREA)
    seen = inspect(tables, rules, given_points(tables))
    compared = compare_all(tables)
    empty = pl.DataFrame(schema={"rule": pl.String, "weight": pl.Float64})
    leads = all_leads(seen.findings, rules, compared, empty)
    truth = tables.scan("truth").collect()
    bad = guilty(truth)
    leads = leads.join(bad, on="subject", how="left")
    counted = seen.findings.filter(counting())
    leads = leads.with_columns(kind=pl.coalesce("kind", _mostly_true(leads, counted, truth)))
    # Who bought honestly at a guilty shop is no false alarm of a person: the line is a fraud.
    wrong = counted.join(truth.select("line"), on="line", how="anti")
    named = dict(zip([r.name for r in rules], [r.subject for r in rules], strict=True))
    to_persons = [name for name, subject in named.items() if subject == "参保人"]
    persons = wrong.filter(pl.col("rule").is_in(to_persons)).join(
        bad, left_on="person", right_on="subject", how="anti"
    )
    houses = leads.filter((pl.col("unit") != "参保人") & pl.col("kind").is_null())
    return Judged(
        leads,
        truth,
        counted,
        tables.scan("persons").select(pl.len()).collect().item(),
        len(tables.everybodys["institutions"]),
        persons["person"].n_unique(),
        houses["institution"].n_unique(),
        methods(tables, bad),
    )


def _mostly_true(leads: pl.DataFrame, counted: pl.DataFrame, truth: pl.DataFrame) -> pl.Series:
    """`-` for a person whom rules name for lines of which half or more are planted, by others."""
    known = counted.join(truth.select("line", _true=pl.lit(1)).unique(), on="line", how="left")
    share = known.group_by("person").agg(pl.col("_true").fill_null(0).mean())
    mine = leads.join(
        share, left_on="subject", right_on="person", how="left", maintain_order="left"
    )
    used = (mine["source"] == "规则") & (mine["unit"] == "参保人") & (mine["_true"] >= 0.5)
    return pl.select(pl.when(used).then(pl.lit("-"))).to_series()


def average_precision(right: np.ndarray, whole: int) -> float:
    """The mean over all guilty of the precision at each that is found; those not found give 0."""
    if not whole:
        return float("nan")
    hits = np.flatnonzero(right)
    return float(sum((n + 1) / (at + 1) for n, at in enumerate(hits)) / whole)


def by_kind(each: list[Judged]) -> list[str]:
    """A row for each kind: how many guilty, how many in the first 50 and 200, the money."""
    rows = []
    kinds = pl.concat([one.truth.select("kind", "unseen").unique() for one in each]).unique()
    for kind, unseen in kinds.sort("unseen", "kind").iter_rows():
        figures = [_of_kind(one, kind) for one in each]
        whole, at50, at200 = (sum(f[n] for f in figures) for n in range(3))
        precision = float(np.mean([f[3] for f in figures]))
        money, found = sum(f[4] for f in figures), sum(f[5] for f in figures)
        rows.append(
            f"| `{kind}` | {'unseen' if unseen else 'seen'} | {whole} | {at50} | {at200} "
            f"| {precision:.2f} | {found / max(money, 1):.2f} |"
        )
    return rows


def _of_kind(one: Judged, kind: str) -> tuple[int, int, int, float, int, int]:
    mine = one.truth.filter(pl.col("kind") == kind)
    column = mine["unit"][0]
    subjects = set(mine[column].drop_nulls())
    if column == "doctor":
        # The house or the doctor, either leads there.
        houses = dict(mine.select("institution", "doctor").unique().iter_rows())
        said = one.leads["subject"].replace(houses)
    else:
        said = one.leads["subject"]
    ranks = {}
    for rank, subject in enumerate(said, 1):
        if subject in subjects:
            ranks.setdefault(subject, rank)
    others = one.leads["kind"].is_null() | said.is_in(list(subjects))
    alone = said.filter(others)
    first = alone.is_first_distinct() & alone.is_in(list(subjects))
    keep = first | ~alone.is_in(list(subjects))
    right = first.filter(keep).to_numpy()
    money = mine["money"].sum()
    found = mine.filter(pl.col(column).is_in([s for s, rank in ranks.items() if rank <= 200]))[
        "money"
    ].sum()
    at = [sum(rank <= most for rank in ranks.values()) for most in (50, 200)]
    return len(subjects), at[0], at[1], average_precision(right, len(subjects)), money, found


def by_source(each: list[Judged]) -> list[str]:
    """A row for each source of leads."""
    rows = []
    for source in (*SOURCES, "全部"):
        figures = []
        for one in each:
            mine = one.leads if source == "全部" else one.leads.filter(pl.col("source") == source)
            right = mine["kind"].is_not_null().to_numpy()
            figures.append((len(right), right[:50].sum(), right[:200].sum(), min(len(right), 50)))
        n, a, b, first = (sum(f[k] for f in figures) for k in range(4))
        second = sum(min(f[0], 200) for f in figures)
        rows.append(f"| {source} | {n} | {a / max(first, 1):.2f} | {b / max(second, 1):.2f} |")
    return rows


def methods(tables: ClaimTables, bad: pl.DataFrame) -> pl.DataFrame:
    """Ways of comparing peers side by side: each scores an institution by its worst indicator."""
    cells, heads = indicators.cells(tables), indicators.heads(tables)
    compared = peers.compare(cells, tables.everybodys["institutions"], heads)
    known = compared.with_columns(
        chance=(((pl.col("ratio") / pl.col("z")) ** 2) - pl.col("spread") ** 2).clip(0).sqrt()
    )
    scored: dict[str, list[pl.DataFrame]] = {}
    for _, one in known.group_by("group", "indicator", maintain_order=True):
        for name, z in _scores(one).items():
            frame = pl.DataFrame({"subject": one["subject"], "z": z})
            scored.setdefault(name, []).append(frame)
    wide = known.pivot("indicator", index=["group", "subject"], values="ratio").sort("subject")
    rows = []
    for name, frames in scored.items():
        worst = pl.concat(frames).group_by("subject").agg(pl.col("z").max())
        rows.append(_told(name, worst, bad, 3.0))
    forest = _isolation(wide.drop("group", "subject").fill_null(0).to_numpy())
    isolated = pl.DataFrame({"subject": wide["subject"], "z": forest})
    rows.append(_told("isolation forest (all log ratios)", isolated, bad, 0.6))
    return pl.DataFrame(rows, schema=("method", "alerts", "true", "guilty", "first"), orient="row")


def _told(name: str, worst: pl.DataFrame, bad: pl.DataFrame, limit: float) -> tuple:
    ordered = worst.sort("z", "subject", descending=[True, False]).with_columns(
        right=pl.col("subject").is_in(bad["subject"].to_list())
    )
    over = ordered.filter(pl.col("z") > limit)
    whole = int(ordered["right"].sum())
    return (
        name, len(over), int(over["right"].sum()), whole, int(ordered.head(whole)["right"].sum()),
    )  # fmt: skip


def _scores(one: pl.DataFrame) -> dict[str, np.ndarray]:
    """z of each institution under each way, for one group and indicator."""
    ratio, visits = one["ratio"].to_numpy(), one["visits"].to_numpy()
    chance = np.nan_to_num(one["chance"].to_numpy(), nan=0.0, posinf=0.0)
    chance = np.maximum(chance, 0.3 / np.sqrt(visits))
    plain = np.expm1(ratio)
    middle = np.median(ratio)
    mad = max(1.4826 * np.median(np.abs(ratio - middle)), 0.01)
    funnel = (ratio - np.average(ratio, weights=visits)) / chance
    phi = max(1.0, float(np.mean(np.clip(funnel, *np.quantile(funnel, (0.1, 0.9))) ** 2)))
    moments = max(float(np.var(ratio) - np.mean(chance**2)), 0.0)
    return {
        "plain z of the mean": (plain - plain.mean()) / max(plain.std(), 1e-9),
        "robust z of the log (median, MAD)": (ratio - middle) / mad,
        "funnel, sampling error only": funnel,
        "funnel × φ (winsorised)": funnel / np.sqrt(phi),
        "funnel + τ² (moments)": (ratio - middle) / np.sqrt(moments + chance**2),
        "funnel with τ from MAD (used)": one["z"].to_numpy(),
    }


def _isolation(points: np.ndarray, trees: int = 100, size: int = 128) -> np.ndarray:
    """An isolation forest of our own: how soon random cuts leave a point alone."""
    dice = np.random.default_rng(7)
    depth = np.zeros(len(points))
    for _ in range(trees):
        sample = points[dice.choice(len(points), min(size, len(points)), replace=False)]
        depth += _depths(points, sample, dice, 0, int(np.ceil(np.log2(max(len(sample), 2)))))
    return 2 ** -(depth / trees / _usual(min(size, len(points))))


def _usual(count: int) -> float:
    return 2 * (np.log(max(count - 1, 1)) + 0.5772) - 2 * (count - 1) / count if count > 1 else 0.0


def _depths(points, sample, dice, level: int, most: int) -> np.ndarray:
    if level >= most or len(sample) <= 1:
        return np.full(len(points), level + _usual(len(sample)))
    column = dice.integers(points.shape[1])
    low, high = sample[:, column].min(), sample[:, column].max()
    cut = dice.uniform(low, high)
    left, mine = points[:, column] < cut, sample[:, column] < cut
    depth = np.empty(len(points))
    for side, some in ((left, mine), (~left, ~mine)):
        depth[side] = _depths(points[side], sample[some], dice, level + 1, most)
    return depth


def page(each: list[Judged], command: str) -> str:
    """The page."""
    breach = pl.concat([one.findings.filter(pl.col("kind") == "明确违规") for one in each])
    truth = pl.concat([one.truth for one in each])
    true = sum(
        one.findings.filter(pl.col("kind") == "明确违规")
        .join(one.truth.select("line"), on="line", how="semi").height
        for one in each
    )  # fmt: skip
    persons, houses = sum(o.persons for o in each), sum(o.institutions for o in each)
    summed = pl.concat([one.methods for one in each]).group_by("method", maintain_order=True).sum()
    method_rows = [
        f"| {m} | {a} | {t} | {t / max(a, 1):.2f} | {f / max(g, 1):.2f} |"
        for m, a, t, g, f in summed.iter_rows()
    ]
    parts = [
        HEAD.format(command=command, persons=persons, houses=houses),
        "## By kind of fraud",
        KINDS,
        "| kind | | guilty | in first 50 | in first 200 | average precision | money found |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        *by_kind(each),
        "",
        "## By source of the lead",
        "| source | leads | precision in first 50 | in first 200 |",
        "| --- | --- | --- | --- |",
        *by_source(each),
        "",
        f"Clear breaches (明确违规): {true} of {len(breach)} lines are planted frauds, "
        f"{true / max(len(breach), 1):.3f}. Alerts on honest persons from live rules: "
        f"{1000 * sum(o.false_persons for o in each) / persons:.2f} per 1,000 persons and year; "
        f"leads on honest institutions and their doctors: "
        f"{1000 * sum(o.false_institutions for o in each) / houses:.0f} per 1,000 institutions. "
        f"Planted money: {truth['money'].sum() / 100:,.0f} yuan.",
        "",
        "## Ways of comparing peers",
        METHODS,
        "| way | alerts | true | precision | precision in as many as are guilty |",
        "| --- | --- | --- | --- | --- |",
        *method_rows,
        "",
        TAIL,
    ]
    return "\n".join(parts)


HEAD = """# How good supervision is, on planted frauds

Written by `{command}`.

{persons:,} made-up persons and {houses:,} institutions in all. Nothing here is nature:
honest institutions differ as the generator was told (a spread of 18 % in what they give), and
honest people are simpler than people are.

The generator with all frauds was committed before any rule. Kinds called `unseen` have no rule of
their own: only comparison with peers, the own past and networks, and rules made for other things,
may find them. One author wrote both, so unseen here means not written for, not unknown. Limits that
gave false alarms on honest people and institutions of other seeds were widened once.
"""
KINDS = """
A person whom rules name for bills that are planted, though by somebody else (a clinic that bills
the dead), is a right lead by source and belongs to no kind.

A kind is found where its subject (institution, doctor or person) is a lead; `average precision`
leaves subjects of other kinds out of the order. `money found` is the share of the planted money
that belongs to subjects in the first 200 leads.
"""
METHODS = """
Institutions only, each by its worst indicator; alerts are those beyond 3 (0.6 for the forest).
Guilty are also institutions whose fraud changes no indicator, which no comparing can find.
"""
TAIL = """Read with care: few institutions are guilty in a prefecture of this size, so a share moves
by several points with the seed. Person kinds hold more subjects than the first 50 leads have
room for.
"""


def main() -> None:
    """Make, judge, write."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--persons", type=int, default=60_000)
    asked.add_argument("--seeds", type=int, nargs="+", default=[11, 12])
    asked.add_argument("--page", type=Path, default=PAGE)
    given = asked.parse_args()
    each = []
    for seed in given.seeds:
        with tempfile.TemporaryDirectory() as folder:
            make_prefecture(Path(folder), Wishes(persons=given.persons, seed=seed, area=AREA))
            each.append(judge(Path(folder)))
    seeds = " ".join(map(str, given.seeds))
    command = f"python bench/supervision_quality.py --persons {given.persons} --seeds {seeds}"
    given.page.write_text(page(each, command), encoding="utf-8")


if __name__ == "__main__":
    main()
