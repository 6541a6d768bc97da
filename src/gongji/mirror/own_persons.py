"""Persons, insured spells, filings, institutions and the catalogue in our own columns."""

from collections.abc import Iterator
from datetime import date, timedelta

import polars as pl

from gongji.mirror.own_visits import BucketTables, BucketWork, level_of, of_employees

ORDINARY_MONTH = "10"
"""The kind of contribution that pays for its month; others pay back or refund."""
PAID = ("1", "4")
"""A contribution that arrived, or of which it is not known that it did not."""
PERSON_KINDS = ("OPSP_REG_D", "OUT_APPY_D")


def make_persons(work: BucketWork, made: BucketTables) -> None:
    """The persons, spells and filings of a bucket, put into `made`.

    Shape:   a person whom only a settlement names is a person too.
    """
    spells = _relations(work, made)
    unpaid = _unpaid_months(work, made)
    own = spells.select("person", "status", "since", "until", "insured")
    made.tables["spells"] = _with_arrears(own, unpaid)
    made.tables["persons"] = _persons(work, made, spells)
    made.tables["filings"] = _filings(work, made)


def _relations(work: BucketWork, made: BucketTables) -> pl.DataFrame:
    """Spells from the current relations and those of the past; a pause ends one the day before."""
    found = []
    for name in ("PSN_INSU_D", "PSN_INSU_HIS_D"):
        rows = of_employees(work, made, name, work.table(name, made))
        coded = rows.with_columns(work.coded("PSN_TYPE", rows["PSN_TYPE"]).alias("status"))
        key = work.mapping.tables[name].keys[0]
        unknown = coded.filter(pl.col("status").is_null())
        made.reject(name, unknown, key, "PSN_TYPE", "code_unknown")
        coded = coded.filter(pl.col("status").is_not_null())
        empty = (pl.col("PAUS_INSU_DATE") <= pl.col("CRT_INSU_DATE")).fill_null(False)
        made.reject(name, coded.filter(empty), key, "PAUS_INSU_DATE", "spell_empty")
        coded = coded.filter(~empty)
        made.of(name).count("written", coded.height)
        found.append(_spells_of(coded))
    return (
        pl.concat(found)
        .unique(["person", "since", "until", "insured"], maintain_order=True)
        .sort("person", "since", "until", nulls_last=True)
    )


def _spells_of(rows: pl.DataFrame) -> pl.DataFrame:
    paused = pl.col("PAUS_INSU_DATE").is_not_null()
    running = pl.col("PSN_INSU_STAS").is_null() | (pl.col("PSN_INSU_STAS") == "1")
    return rows.select(
        pl.col("PSN_NO").alias("person"),
        "status",
        pl.col("CRT_INSU_DATE").alias("since"),
        pl.when(paused).then(pl.col("PAUS_INSU_DATE") - timedelta(days=1)).alias("until"),
        (running | paused).alias("insured"),
        pl.col("INSU_ADMDVS").str.replace(r"^(\d{4})99$", "${1}00").alias("area"),
    )


def _unpaid_months(work: BucketWork, made: BucketTables) -> pl.DataFrame | None:
    """The months of persons for which nothing has arrived; None where no contributions came."""
    if "STAF_PSN_CLCT_DETL_D" not in work.store.tables():
        return None
    name = "STAF_PSN_CLCT_DETL_D"
    rows = of_employees(work, made, name, work.table(name, made))
    made.of(name).count("written", rows.height)
    plain = pl.col("REVS_FLAG").is_null() | (pl.col("REVS_FLAG") == "Z")
    months = rows.filter(plain & (pl.col("ACCRYM_BEGN") <= pl.col("ACCRYM_END")))
    each = months.with_columns(
        pl.date_ranges("ACCRYM_BEGN", "ACCRYM_END", "1mo").alias("month")
    ).explode("month")
    refund = (pl.col("CLCT_TYPE") == "20").fill_null(False)
    arrived = each.filter(pl.col("CLCT_FLAG").is_in(PAID) & ~refund).select("PSN_NO", "month")
    owed = (pl.col("CLCT_FLAG") == "0") & (pl.col("CLCT_TYPE").fill_null("10") == ORDINARY_MONTH)
    owing = each.filter(owed.fill_null(False)).select("PSN_NO", "month").unique()
    return owing.join(arrived, on=["PSN_NO", "month"], how="anti").sort("PSN_NO", "month")


def _with_arrears(spells: pl.DataFrame, unpaid: pl.DataFrame | None) -> pl.DataFrame:
    """Spells cut where months are owed; without contributions nothing is known of arrears."""
    if unpaid is None:
        return spells.with_columns(pl.lit(None, dtype=pl.Boolean).alias("arrears"))
    owing = dict(unpaid.group_by("PSN_NO").agg(pl.col("month").sort()).iter_rows())
    touched = pl.col("person").is_in(list(owing)) & pl.col("insured")
    untouched = spells.filter(~touched).with_columns(pl.lit(False).alias("arrears"))
    cut = [
        (person, status, since, until, insured, arrears)
        for person, status, first, last, insured in spells.filter(touched).iter_rows()
        for since, until, arrears in _cut(first, last, owing[person])
    ]
    pieces = pl.DataFrame(cut, schema=untouched.schema, orient="row")
    return pl.concat([untouched, pieces]).sort("person", "since", nulls_last=True)


def _cut(
    first: date | None, last: date | None, months: list[date]
) -> Iterator[tuple[date | None, date | None, bool]]:
    """The pieces of a spell, those of owed months with arrears."""
    at = first
    for start, end in _runs(months):
        start = max(start, first) if first else start
        end = min(end, last) if last else end
        if start > end:
            continue
        if at is None or at < start:
            yield at, start - timedelta(days=1), False
        yield start, end, True
        at = end + timedelta(days=1)
    if last is None or at is None or at <= last:
        yield at, last, False


def _runs(months: list[date]) -> Iterator[tuple[date, date]]:
    """First and last day of months that follow each other."""
    start = months[0]
    for this, following in zip(months, [*months[1:], None], strict=True):
        after = (this + timedelta(days=32)).replace(day=1)
        if after != following:
            yield start, after - timedelta(days=1)
            start = following or start


def _persons(work: BucketWork, made: BucketTables, spells: pl.DataFrame) -> pl.DataFrame:
    rows = work.table("PSN_INFO_B", made)
    made.of("PSN_INFO_B").count("written", rows.height)
    last = spells.group_by("person", maintain_order=True).agg(pl.col("status", "area").last())
    visits = made.tables["visits"].sort("settled_at", nulls_last=False)
    seen = visits.group_by("person", maintain_order=True).agg(
        pl.col("status").last().alias("status_seen"),
        pl.col("area").last().alias("area_seen"),
        pl.col("birth_date").last().alias("born_seen"),
    )
    died = work.table("MDTRT_D", BucketTables()).group_by("PSN_NO").agg(pl.col("DIE_DATE").max())
    known = rows.select(
        pl.col("PSN_NO").alias("person"),
        "SURV_STAS",
        pl.col("GEND", "BRDY"),
        pl.lit(1).alias("own"),
    )
    whole = (
        known.join(last, on="person", how="full", coalesce=True)
        .join(seen, on="person", how="full", coalesce=True)
        .join(died, left_on="person", right_on="PSN_NO", how="left")
    )
    made.of("PSN_INFO_B").count("only_in_other_tables", whole["own"].null_count())
    dead = (pl.col("SURV_STAS") == "2") & pl.col("DIE_DATE").is_null()
    made.of("PSN_INFO_B").count("died_without_date", whole.filter(dead).height)
    return whole.select(
        "person",
        pl.when(pl.col("GEND").is_in(["1", "2"])).then("GEND").alias("sex"),
        pl.coalesce("BRDY", "born_seen").alias("born"),
        pl.col("DIE_DATE").alias("died"),
        pl.coalesce("status", "status_seen").alias("status"),
        pl.coalesce("area", "area_seen").alias("area"),
    ).sort("person")


def _filings(work: BucketWork, made: BucketTables) -> pl.DataFrame:
    text = pl.lit(None, dtype=pl.String)
    found = []
    for name, kind, disease, region in (
        ("OPSP_REG_D", "chronic", pl.col("OPSP_DISE_CODE"), text),
        ("OUT_APPY_D", "offsite", text, pl.col("RLOC_ADMDVS")),
    ):
        rows = of_employees(work, made, name, work.table(name, made))
        made.of(name).count("written", rows.height)
        found.append(
            rows.select(
                pl.col("PSN_NO").alias("person"),
                pl.lit(kind).alias("kind"),
                disease.alias("disease"),
                region.alias("region"),
                pl.col("BEGNDATE").alias("since"),
                pl.col("ENDDATE").alias("until"),
            )
        )
    return pl.concat(found).sort("person", "kind", "since", nulls_last=True)


def make_institutions(work: BucketWork, made: BucketTables, seen: pl.DataFrame) -> pl.DataFrame:
    """The institutions of the register, and those that only settlements name.

    Shape:   `seen` has institution, name, level and region as settlements tell them.
    """
    rows = work.table("FIXMEDINS_B", made)
    made.of("FIXMEDINS_B").count("written", rows.height)
    pharmacy = pl.col("FIXMEDINS_CODE").str.starts_with("P")
    rows = rows.with_columns(level_of(work, rows).alias("level"))
    known = rows.select(
        pl.col("FIXMEDINS_CODE").alias("institution"),
        pl.col("FIXMEDINS_NAME").alias("name"),
        pl.when(~pharmacy).then("level").alias("level"),
        pl.col("FIX_BLNG_ADMDVS").alias("area"),
        pl.col("BEGNTIME").alias("since"),
        pl.col("ENDTIME").alias("until"),
    )
    others = (
        seen.drop_nulls("institution")
        .unique("institution", keep="last", maintain_order=True)
        .join(known, on="institution", how="anti")
    )
    made.of("FIXMEDINS_B").count("only_in_other_tables", others.height)
    told = others.select(
        "institution",
        "name",
        "level",
        pl.col("region").alias("area"),
        *(pl.lit(None, dtype=pl.Date).alias(name) for name in ("since", "until")),
    )
    whole = pl.concat([known, told]).sort("institution")
    kind = (
        pl.when(pl.col("institution").str.starts_with("P"))
        .then(pl.lit("pharmacy"))
        .when(pl.col("name").str.contains("互联网").fill_null(False))
        .then(pl.lit("internet"))
        .when(pl.col("name").str.contains("诊所|卫生室|服务站|门诊部").fill_null(False))
        .then(pl.lit("clinic"))
        .otherwise(pl.lit("hospital"))
    )
    return whole.with_columns(kind.alias("kind")).select(
        "institution", "name", "kind", "level", "area", "since", "until"
    )


def make_items(work: BucketWork, made: BucketTables) -> pl.DataFrame:
    """The insurance catalogue: item, name, first and last day, listing level, kind, the highest
    price in millionths of a yuan and the first self-pay in parts per million as last set."""
    rows = work.table("HILIST_B", made)
    made.of("HILIST_B").count("written", rows.height)
    for name, column, ours in (
        ("HILIST_LMTPRIC_D", "HILIST_PRIC_UPLMT_AMT", "listing"),
        ("HILIST_SELFPAY_PROP_B", "SELFPAY_PROP", "first_self_ppm"),
    ):
        set_last = work.table(name, made).sort("BEGNDATE", nulls_last=False)
        made.of(name).count("written", set_last.height)
        last = set_last.group_by("HILIST_CODE").agg(pl.col(column).last().alias(ours))
        rows = rows.join(last, on="HILIST_CODE", how="left", maintain_order="left")
    return rows.select(
        pl.col("HILIST_CODE").alias("item"),
        pl.col("HILIST_NAME").alias("name"),
        pl.col("BEGNDATE").alias("since"),
        pl.col("ENDDATE").alias("until"),
        pl.col("CHRGITM_LV").alias("listing_level"),
        pl.col("LIST_TYPE").alias("kind"),
        pl.col("INSU_ADMDVS").alias("area"),
        "listing",
        "first_self_ppm",
    ).sort("item", "since", nulls_last=True)
