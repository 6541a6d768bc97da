"""Price fee lines: join each to its visit, its item's version and its law, split it, add up.

Whole columns at a time; the split of a line is the kernel's `price_line`, compiled as it stands.
A visit with a line that cannot be priced has no cost: it is left out and every reason is given.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from gongji.batch.lines.line_columns import (
    CODE,
    LAW,
    LEVELS,
    VISIT_ROW,
    complete,
    day,
    mark,
    numeral,
    type_lines,
    word,
)
from gongji.batch.lines.line_laws import Places
from gongji.batch.lines.line_problems import PROBLEM_SCHEMA, LineProblems
from gongji.batch.lines.price_list import NONE, Catalogue, read_catalogue
from gongji.batch.numba_rows import compiled
from gongji.law.checks.library import Library
from gongji.law.kernel.price import price_line
from gongji.law.pricing.terms import Terms
from gongji.law.rulebook.law import Settings
from gongji.law.rulebook.line_provisions import (
    ITEM_CEILING,
    LISTING,
    OUTSIDE,
    SELF_PAY,
    STANDARD,
    UNRELATED,
)
from gongji.refusals import Refusal
from gongji.tabular.header_rows import TableFile, table_file
from gongji.tabular.texts import ROW, read_slices, read_texts

I64 = npt.NDArray[np.int64]

UNKNOWN_ITEMS = ("refuse", "own")
"""What to do with an item that no catalogue knows: refuse its visit, or take it as 目录外."""

SPLIT = ("above_standard_fen", "wholly_own_fen", "first_self_pay_fen", "in_scope_fen")
"""What a line is split into; the four add to its amount."""

KEPT = (
    ROW,
    "visit",
    VISIT_ROW,
    LAW,
    "benefit_code",
    "item",
    "name",
    "class",
    "quantity_e4",
    "amount_fen",
    *SPLIT,
    "part",
    "covered",
    "unrelated",
    "price",
    "standard_fen",
    "share_ppm",
    "share_from",
    "item_row",
)
"""Columns of priced lines."""


@dataclass(frozen=True, eq=False, repr=False)
class PricedRows:
    """Fee lines priced.

    Shape:   `visits`: visit_row, total_fen, the four amounts of SPLIT, in_scope_<part>_fen;
             `lines`: KEPT; `problems`: PROBLEM_SCHEMA; `refused`: the rows of visits that have a
             line that could not be priced; `terms` by the number in a line's `law`.
    Ensures: in each row above_standard + wholly_own + first_self_pay + in_scope = the amount.
    """

    visits: pl.DataFrame
    lines: pl.DataFrame
    problems: pl.DataFrame
    refused: tuple[int, ...]
    terms: tuple[Terms, ...]


@compiled
def _split(
    fen: I64,
    quantity: I64,
    standard: I64,
    share: I64,
    covered: I64,
    above: I64,
    wholly: I64,
    own: I64,
    inside: I64,
) -> None:
    """The kernel's split of every line."""
    for i in range(len(fen)):
        above[i], wholly[i], own[i], inside[i] = price_line(
            fen[i], quantity[i], standard[i], share[i], covered[i]
        )


def price_files(
    lines: Path | TableFile,
    catalogue: Path | TableFile,
    visits: Path | pl.DataFrame,
    *,
    area: str = "",
    folders: tuple[Path, ...] = (),
    settings: Settings | None = None,
    unknown_items: str = "refuse",
    keep_lines: bool = True,
    at_once: int = 1_000_000,
) -> PricedRows:
    """Price a file of fee lines for a file (or frame) of visits.

    Shape:   docs/use/lines-file.md; `area` for visits that name none. About `at_once` lines are
             held at a time; without `keep_lines` the splits are dropped and memory stays bounded.
    Refuses: a file that cannot be read, a column missing or unknown; RulebookError for the
             catalogue. What is wrong with single lines is in the result.
    """
    items, places = read_catalogue(catalogue), Places(Library(folders), settings)
    typed = _type_visits(read_texts(visits), area, places)
    file = table_file(lines)
    priced = [
        _price(slice_, items, typed, places, unknown_items, str(file.path), keep_lines)
        for slice_ in read_slices(file.path, "visit", at_once, file.place)
    ]
    return PricedRows(
        # A slice has the parts of the cost that its own lines name.
        pl.concat([p.visits for p in priced], how="diagonal").fill_null(0).sort(VISIT_ROW),
        pl.concat([p.lines for p in priced]).sort(ROW),
        pl.concat([p.problems for p in priced]).sort(ROW, "code"),
        tuple(sorted({row for p in priced for row in p.refused})),
        tuple(places.terms),
    )


def price(
    lines: pl.DataFrame,
    catalogue: Catalogue,
    visits: pl.DataFrame,
    library: Library,
    *,
    area: str = "",
    settings: Settings | None = None,
    unknown_items: str = "refuse",
    file: str = "lines",
) -> PricedRows:
    """Price fee lines that are frames of text (`read_texts`)."""
    places = Places(library, settings)
    typed = _type_visits(visits, area, places)
    return _price(lines, catalogue, typed, places, unknown_items, file, True)


def _price(
    lines: pl.DataFrame,
    catalogue: Catalogue,
    visits: pl.DataFrame,
    places: Places,
    unknown_items: str,
    file: str,
    keep_lines: bool,
) -> PricedRows:
    """Price lines, all those of a visit among them, for visits as `_type_visits` makes them."""
    typed = _join_visits(type_lines(lines), visits)
    typed = _join_items(typed, catalogue, unknown_items)
    typed = _ruled(_pour(_judge(_join_terms(typed, places.terms))))
    sums = _sums(typed)
    problems = LineProblems(file, catalogue, places)
    problems.of_lines(typed.filter(pl.col(CODE).is_not_null()))
    problems.of_mixed(typed)
    problems.of_sums(sums)
    refused = tuple(sorted(row for row in problems.visit_rows if row is not None))
    good = ~pl.col(VISIT_ROW).is_in(refused)
    kept = typed.filter(good & pl.col(CODE).is_null()).select(KEPT).sort(ROW)
    return PricedRows(
        sums.filter(good).drop("first_row", "given_fen"),
        kept if keep_lines else kept.clear(),
        pl.DataFrame(problems.rows, schema=PROBLEM_SCHEMA, orient="row").sort(ROW, "code"),
        refused,
        tuple(places.terms),
    )


def _type_visits(visits: pl.DataFrame, area: str, places: Places) -> pl.DataFrame:
    """What the pricing needs of the visits: which row, day, law, benefit, level, total."""
    for name in ("visit", "date"):
        if name not in visits.columns:
            raise Refusal("field_missing", name)
    wanted = (
        "person",
        "sequence",
        "area",
        "benefit",
        "level",
        "prescriber_level",
        "total",
        "total_fen",
    )
    frame = complete(visits, wanted).rename({ROW: VISIT_ROW})
    frame = frame.with_columns(pl.col("area").fill_null(area))
    laws = places.table(frame["area"].unique().sort().to_list())
    frame = frame.select(
        VISIT_ROW,
        "visit",
        "person",
        "sequence",
        "area",
        day=day("date"),
        benefit_code=pl.col("benefit").fill_null("ordinary").replace(places.benefits()),
        visit_level=pl.coalesce(
            word("level", LEVELS, pl.Int64), word("prescriber_level", LEVELS, pl.Int64)
        ),
        given_fen=pl.coalesce(numeral("total", 2), numeral("total_fen", 0)),
    ).sort("day", nulls_last=True)
    dated = frame.filter(pl.col("day").is_not_null())
    placed = dated.join_asof(
        laws.sort("since"), left_on="day", right_on="since", by="area", check_sortedness=False
    )
    law = pl.when(pl.col("day") < pl.col("until")).then(LAW).alias(LAW)
    undated = frame.filter(pl.col("day").is_null()).with_columns(pl.lit(None, pl.Int64).alias(LAW))
    return pl.concat([placed.with_columns(law).select(undated.columns), undated])


def _join_visits(lines: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    """Each line with its visit: by registration, and by person and sequence if lines name them."""
    keys = ["visit"] + [
        name for name in ("person", "sequence") if lines[name].null_count() < len(lines)
    ]
    visits = visits.filter(pl.col("visit").is_not_null())
    counts = visits.group_by(keys).len("_rows")
    visits = visits.unique(keys, keep="first").join(counts, on=keys, nulls_equal=True)
    visits = visits.drop({"person", "sequence"} - set(keys))
    joined = lines.join(visits, on=keys, how="left", nulls_equal=True)
    joined = mark(joined, pl.col(VISIT_ROW).is_null(), "line_visit_unknown", "visit")
    joined = mark(joined, pl.col("_rows") > 1, "line_visit_ambiguous", "visit")
    return mark(joined, pl.col(LAW).is_null(), "date_outside", "date")


def _join_items(lines: pl.DataFrame, catalogue: Catalogue, unknown_items: str) -> pl.DataFrame:
    """Each line with the version of its item that was in force on its day."""
    on_day = lines.with_columns(at=pl.coalesce("line_day", "day").fill_null(0)).sort("at")
    versions = catalogue.versions.rename({ROW: "item_row"}).sort("from")
    known = on_day["item"].is_in(versions["item"].implode())
    joined = on_day.with_columns(known=known).join_asof(
        versions, left_on="at", right_on="from", by="item", check_sortedness=False
    )
    outside = pl.col("to").is_null() | (pl.col("at") >= pl.col("to"))
    joined = mark(joined, pl.col("known") & outside, "item_outside_dates", "item")
    if unknown_items == "refuse":
        joined = mark(joined, ~pl.col("known"), "item_unknown", "item")
    return joined.with_columns(pl.col("class").fill_null(""))


def _join_terms(lines: pl.DataFrame, terms: list[Terms]) -> pl.DataFrame:
    """Each line with what its law says of lines, as numbers and flags."""
    rows = [
        (
            number,
            found.negotiated[0] if found.negotiated else NONE,
            found.share(SELF_PAY),
            *(found.ground(kind) is not None for kind in (OUTSIDE, STANDARD, LISTING, SELF_PAY)),
            bool(found.law.parts),
            list({part.code for part in found.law.parts.values()}),
            found.benefits(UNRELATED),
            *found.item_ceilings,
        )
        for number, found in enumerate(terms)
    ]
    schema: dict[str, Any] = {
        LAW: pl.Int64,
        "negotiated_share": pl.Int64,
        "area_share": pl.Int64,
        "rules_outside": pl.Boolean,
        "rules_standard": pl.Boolean,
        "rules_listing": pl.Boolean,
        "rules_self_pay": pl.Boolean,
        "has_parts": pl.Boolean,
        "parts": pl.List(pl.String),
        "unrelated_in": pl.List(pl.String),
        **{f"ceiling_{level}": pl.Int64 for level in range(4)},
    }
    return lines.join(pl.DataFrame(rows, schema=schema, orient="row"), on=LAW, how="left")


def _judge(lines: pl.DataFrame) -> pl.DataFrame:
    """The price that counts, the share paid first, and whether a line is covered at all."""
    level = pl.coalesce("line_level", "visit_level", pl.lit(0))
    by_level = pl.lit(NONE)
    for number in (1, 2, 3):
        by_level = pl.when(level == number).then(f"standard_{number}").otherwise(by_level)
    lines = lines.with_columns(by_level=by_level.fill_null(NONE))
    standard = pl.when(pl.col("by_level") >= 0).then("by_level").otherwise("standard")
    listed = (standard < 0) & (pl.col("listing") >= 0)
    limit = pl.when(listed).then("listing").otherwise(standard).fill_null(NONE)
    needs_level = pl.max_horizontal("standard_1", "standard_2", "standard_3") >= 0
    needs_level &= pl.col("standard") < 0
    ceiling, most = _ceiling(level)
    lower = ((ceiling >= 0) & ((limit < 0) | (ceiling < limit))).fill_null(False)
    needs_level |= (most >= 0) & (pl.col("ceiling_0") < 0)
    unrelated = ~pl.col("is_related").fill_null(True) & pl.col("benefit_code").is_in("unrelated_in")
    share = (
        pl.when(pl.col("negotiated") & (pl.col("negotiated_share") >= 0))
        .then("negotiated_share")
        .when(pl.col("share") >= 0)
        .then("share")
        .when(pl.col("class") == "乙")
        .then("area_share")
        .otherwise(0)
    )
    source = (
        pl.when(pl.col("negotiated") & (pl.col("negotiated_share") >= 0))
        .then(pl.lit("negotiated"))
        .when(pl.col("share") >= 0)
        .then(pl.lit("item"))
        .when(pl.col("class") == "乙")
        .then(pl.lit("area"))
        .otherwise(pl.lit(""))
    )
    lines = lines.with_columns(
        needs_level=needs_level & (level == 0),
        unrelated=unrelated.fill_null(False),
        standard_fen=pl.when(lower).then(ceiling).otherwise(limit).fill_null(NONE),
        price=pl.when(lower)
        .then(pl.lit(ITEM_CEILING))
        .when(listed)
        .then(pl.lit(LISTING))
        .when(standard >= 0)
        .then(pl.lit(STANDARD))
        .otherwise(pl.lit("")),
        share_ppm=share.fill_null(0),
        share_from=source.fill_null(""),
        covered=(pl.col("class").is_in(["甲", "乙"]) & ~unrelated).fill_null(False),
        part=pl.when(pl.col("has_parts")).then("part").fill_null(""),
    )
    bound = (1 << 61) // pl.col("quantity_e4").clip(1)
    lines = mark(lines, pl.col("standard_fen") > bound, "amount_too_large", "standard")
    covered = pl.col("covered")
    lines = mark(lines, covered & pl.col("needs_level"), "level_missing", "level")
    lines = mark(lines, covered & (pl.col("share_ppm") < 0), "self_pay_missing", "first_self_pay")
    strange = (pl.col("part") != "") & ~pl.col("part").is_in("parts")
    return mark(lines, strange, "value_invalid", "part")


def _ceiling(level: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """The ceiling of single items at each line's level, and the highest at any."""
    found = pl.col("ceiling_0")
    for number in (1, 2, 3):
        found = pl.when(level == number).then(f"ceiling_{number}").otherwise(found)
    most = pl.max_horizontal(*(f"ceiling_{number}" for number in range(4)))
    return found.fill_null(NONE), most.fill_null(NONE)


def _pour(lines: pl.DataFrame) -> pl.DataFrame:
    """The kernel's split of the lines that nothing is wrong with; nothing for the others."""
    fine = pl.col(CODE).is_null()
    names = ("fen", "quantity_e4", "standard_fen", "share_ppm", "covered")
    given = [
        np.ascontiguousarray(
            lines.select(pl.when(fine).then(pl.col(name).cast(pl.Int64)).fill_null(0))
            .to_series()
            .to_numpy()
            .astype(np.int64)
        )
        for name in names
    ]
    made = [np.zeros(len(lines), np.int64) for _ in SPLIT]
    _split(*given, *made)
    return lines.with_columns(
        *(pl.Series(name, column) for name, column in zip(SPLIT, made, strict=True)),
        amount_fen=pl.col("fen"),
    )


def _ruled(lines: pl.DataFrame) -> pl.DataFrame:
    """A part of a line that is the person's needs a rule of the area that says so."""
    above, first = pl.col("above_standard_fen") > 0, pl.col("first_self_pay_fen") > 0
    outside = ~pl.col("covered") & ~pl.col("unrelated") & ~pl.col("rules_outside")
    lines = mark(lines, outside, "not_ruled", "class")
    standard = above & (pl.col("price") == STANDARD) & ~pl.col("rules_standard")
    lines = mark(lines, standard, "not_ruled", "standard")
    listing = above & (pl.col("price") == LISTING) & ~pl.col("rules_listing")
    lines = mark(lines, listing, "not_ruled", "listing")
    self_pay = first & (pl.col("share_from") != "negotiated") & ~pl.col("rules_self_pay")
    return mark(lines, self_pay, "not_ruled", "first_self_pay")


def _sums(lines: pl.DataFrame) -> pl.DataFrame:
    """The amounts of each visit, and of each part of its in-scope cost that is treated apart."""
    placed = lines.filter(pl.col(VISIT_ROW).is_not_null())
    parts = sorted(part for part in placed["part"].unique() if part)
    inside = pl.col("in_scope_fen")
    return (
        placed.group_by(VISIT_ROW)
        .agg(
            pl.col("visit").first(),
            pl.col("amount_fen").sum().alias("total_fen"),
            *(pl.col(name).sum() for name in SPLIT),
            *(
                inside.filter(pl.col("part") == part).sum().alias(f"in_scope_{part}_fen")
                for part in parts
            ),
            pl.col(ROW).min().alias("first_row"),
            pl.col("given_fen").first(),
        )
        .sort(VISIT_ROW)
    )


def with_scope(visits: pl.DataFrame, priced: PricedRows) -> pl.DataFrame:
    """Visits (`read_texts`) with the costs that their lines make, as the columns of a visits file.

    Returns: total_fen, in_scope_fen and in_scope_<part> (in yuan) as text instead of what the rows
             said; rows without lines as they were; rows whose lines could not be priced left out.
    """
    made = {"total_fen": pl.col("total_fen"), "in_scope_fen": pl.col("in_scope_fen")}
    for name in priced.visits.columns:
        if name.startswith("in_scope_") and name not in made:
            fen = pl.col(name)
            yuan = pl.format("{}.{}", fen // 100, (fen % 100).cast(pl.String).str.zfill(2))
            made[name.removesuffix("_fen")] = yuan
    costs = priced.visits.select(
        pl.col(VISIT_ROW).alias(ROW),
        *(text.cast(pl.String).alias(f"_{name}") for name, text in made.items()),
    )
    frame = complete(visits, tuple(made)).filter(~pl.col(ROW).is_in(priced.refused))
    joined = frame.join(costs, on=ROW, how="left").sort(ROW)
    has_lines = pl.col("_total_fen").is_not_null()
    yuan_columns = [name for name in ("total", "in_scope") if name in frame.columns]
    return joined.with_columns(
        *(pl.coalesce(f"_{name}", name).alias(name) for name in made),
        *(pl.when(~has_lines).then(name).alias(name) for name in yuan_columns),
    ).drop([f"_{name}" for name in made])
