"""After a reform is in force: months before and after on what was settled, beside other areas.

Law:     邵阳 第十九条（一）: the departments evaluate how the policy is carried out and adjust it.
Nothing is simulated here. A figure before is that of the same calendar months a year earlier where
the tables reach so far, else of all months before; a comparison takes off what other areas, where
nothing changed, went through in the same months. How often a date at which nothing happened shows
as large a change tells what chance alone does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from gongji.batch.own_tables import SHORT, own_files
from gongji.refusals import Refusal

MONTH = "month"
LEAST_MONTHS = 3
"""So few months on a side say nothing."""
SMALL = 5
"""A month with fewer persons is left out of the table, as in every report."""
_READ = (
    *("person", "date", "level", "institution_kind", "total_fen", "paid_pool_fen"),
    *("paid_supplements_fen", "institution_bears_fen"),
)


@dataclass(frozen=True)
class MonthFigure:
    """A figure of a month: one sum over another, times `scale`; `share` is told in points."""

    name: str
    above: str
    below: str
    unit: str
    scale: float = 1.0
    share: bool = False


INDICATORS = (
    MonthFigure("每百名参保人就诊", "visits", "insured", "次", 100),
    MonthFigure("次均费用", "total_fen", "visits", "元", 0.01),
    MonthFigure("次均统筹支付", "pool_fen", "visits", "元", 0.01),
    MonthFigure("人均统筹支付", "pool_fen", "insured", "元", 0.01),
    MonthFigure("个人负担占费用", "own_fen", "total_fen", "%", 100, True),
    MonthFigure("基层就诊占比", "low_visits", "visits", "%", 100, True),
    MonthFigure("药店就诊占比", "shop_visits", "visits", "%", 100, True),
)


@dataclass(frozen=True)
class MonthsChange:
    """What became of an indicator.

    Shape:   figures in the indicator's unit; `change` relative, of a share in points; `others` the
             comparison areas' change, `beyond` what is left without it, None where none is given;
             `as_large` of `tried` dates before at which nothing changed show a change as large.
    """

    indicator: MonthFigure
    before: float
    after: float
    change: float
    others: float | None
    beyond: float | None
    as_large: int
    tried: int


@dataclass(frozen=True)
class Evaluation:
    """An area before and after a day, the months of all areas, which months were set against which.

    Shape:   `months` by area: month, visits, people, insured and sums in fen.
    """

    day: date
    season: bool
    before: tuple[date, ...]
    after: tuple[date, ...]
    findings: tuple[MonthsChange, ...]
    months: dict[str, pl.DataFrame]


def months_of(folder: Path) -> pl.DataFrame:
    """A folder of our own tables by month; the insured are its persons, else all with a visit.

    Refuses: value_invalid for a folder without visits.
    """
    paths = own_files(folder, "visits")
    if not paths:
        allowed = "含 visits 表的目录，由 gongji ledger tables、gongji mirror 等写出"
        raise Refusal("value_invalid", "目录", {"value": str(folder), "allowed": allowed})
    frames, people = [], set[str]()
    for path in paths:
        frame = pl.read_parquet(path)
        frame = frame.rename({s: own for s, own in SHORT.items() if s in frame.columns})
        missing = [pl.lit(None).alias(name) for name in _READ if name not in frame.columns]
        frame = frame.with_columns(missing).select(_READ)
        people.update(frame["person"].unique().to_list())
        frames.append(_by_month(frame))
    persons = own_files(folder, "persons")
    insured = sum(pl.scan_parquet(path).select(pl.len()).collect().item() for path in persons)
    whole = pl.concat(frames).group_by(MONTH).sum().sort(MONTH)
    return whole.with_columns(pl.lit(insured or len(people), pl.Int64).alias("insured"))


def _by_month(frame: pl.DataFrame) -> pl.DataFrame:
    """One file of whole persons by month."""
    fen = {
        name: pl.col(name).cast(pl.Int64).fill_null(0) for name in _READ if name.endswith("_fen")
    }
    paid = fen["paid_pool_fen"] + fen["paid_supplements_fen"] + fen["institution_bears_fen"]
    shop = (pl.col("institution_kind") == "pharmacy").fill_null(False)
    return frame.group_by(pl.col("date").cast(pl.Date).dt.truncate("1mo").alias(MONTH)).agg(
        pl.len().cast(pl.Int64).alias("visits"),
        pl.col("person").n_unique().cast(pl.Int64).alias("people"),
        ((pl.col("level").cast(pl.String) == "1") & ~shop).sum().cast(pl.Int64).alias("low_visits"),
        shop.sum().cast(pl.Int64).alias("shop_visits"),
        fen["total_fen"].sum().alias("total_fen"),
        fen["paid_pool_fen"].sum().alias("pool_fen"),
        (fen["total_fen"] - paid).sum().alias("own_fen"),
    )


def evaluate(folders: Sequence[Path], day: date, compared: Sequence[Path] = ()) -> Evaluation:
    """Set the months from a day on against those before.

    Shape:   `folders` are one area's (a folder a year will do); `compared` one folder an area.
    Refuses: value_invalid for a day that is no first of a month, or with fewer than three whole
             months on either side.
    """
    if day.day != 1:
        allowed = "改革生效月份的第一天，如 2024-11-01"
        raise Refusal("value_invalid", "--on", {"value": str(day), "allowed": allowed})
    own = _together([months_of(folder) for folder in folders])
    others = {folder.name: months_of(folder) for folder in compared}
    known = own[MONTH].to_list()
    after = tuple(month for month in known if month >= day)
    year_before = tuple(month.replace(year=month.year - 1) for month in after)
    season = set(year_before) <= {month for month in known if month < day}
    before = year_before if season else tuple(month for month in known if month < day)
    if min(len(before), len(after)) < LEAST_MONTHS:
        values = {
            "value": f"之前 {len(before)} 个月、之后 {len(after)} 个月",
            "allowed": f"前后各至少 {LEAST_MONTHS} 个月的就诊",
        }
        raise Refusal("value_invalid", "--on", values)
    findings = tuple(_finding(one, own, others, before, after) for one in INDICATORS)
    return Evaluation(day, season, before, after, findings, {"本区": own} | others)


def _together(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Several folders of one area; the insured of a month are those of its folder."""
    sums = [name for name in frames[0].columns if name != MONTH]
    return pl.concat(frames).group_by(MONTH).agg(pl.col(sums).sum()).sort(MONTH)


def level(one: MonthFigure, months: pl.DataFrame, chosen: Sequence[date]) -> float | None:
    """An indicator over some months together, None where it has no base."""
    some = months.filter(pl.col(MONTH).is_in(list(chosen)))
    above, below = int(some[one.above].sum()), int(some[one.below].sum())
    return one.scale * above / below if below else None


def _change(one: MonthFigure, before: float | None, after: float | None) -> float | None:
    if before is None or after is None or (not one.share and not before):
        return None
    return after - before if one.share else after / before - 1


def _finding(
    one: MonthFigure,
    own: pl.DataFrame,
    others: dict[str, pl.DataFrame],
    before: Sequence[date],
    after: Sequence[date],
) -> MonthsChange:
    was, became = level(one, own, before), level(one, own, after)
    change = _change(one, was, became) or 0.0
    theirs = [
        _change(one, level(one, months, before), level(one, months, after))
        for months in others.values()
    ]
    known = [value for value in theirs if value is not None]
    mean = sum(known) / len(known) if known else None
    beyond = None
    if mean is not None:
        beyond = change - mean if one.share else (1 + change) / (1 + mean) - 1
    tried = _placebos(one, own, [month for month in own[MONTH].to_list() if month < min(after)])
    as_large = sum(abs(value) >= abs(change) for value in tried)
    return MonthsChange(one, was or 0.0, became or 0.0, change, mean, beyond, as_large, len(tried))


def _placebos(one: MonthFigure, own: pl.DataFrame, months: Sequence[date]) -> list[float]:
    """The changes at months before at which nothing changed."""
    found = []
    for place in range(LEAST_MONTHS, len(months) - LEAST_MONTHS + 1):
        sides = level(one, own, months[:place]), level(one, own, months[place:])
        change = _change(one, *sides)
        if change is not None:
            found.append(change)
    return found
