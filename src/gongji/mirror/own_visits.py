"""Settlements and fee lines of a bucket of persons in our own columns.

Everything here is by bucket: a person's settlements, refunds, lines and filings are together. What
cannot be told in our words is rejected with its cause; what is not ours is counted and set aside.
"""

from dataclasses import dataclass, field
from datetime import date

import polars as pl

from gongji.mirror.deliveries import ROW
from gongji.mirror.mapping_check import OTHER
from gongji.mirror.newest import Counted, complete, newest_rows
from gongji.mirror.part_store import FILE, PartStore
from gongji.mirror.refunds import HOW, LIVE, NATIONAL, ROOT, Netted, net_refunds
from gongji.mirror.table_mapping import Family, TableMapping

MONEY = (
    *("MEDFEE_SUMAMT", "FULAMT_OWNPAY_AMT", "OVERLMT_SELFPAY", "PRESELFPAY_AMT", "INSCP_AMT"),
    *("ACT_PAY_DEDC", "HIFP_PAY", "CVLSERV_PAY", "HIFES_PAY", "HIFMI_PAY", "HIFOB_PAY"),
    *("HIFDM_PAY", "MAF_PAY", "OTHFUND_PAY", "FUND_PAY_SUMAMT", "PSN_PAY", "ACCT_PAY"),
    *("CASH_PAYAMT", "OWNPAY_HOSP_PART", "ACCT_MULAID_PAY"),
)
OTHER_FUNDS = (
    *("CVLSERV_PAY", "HIFES_PAY", "HIFMI_PAY", "HIFOB_PAY", "HIFDM_PAY", "MAF_PAY"),
    "OTHFUND_PAY",
)
TOTAL = "MEDFEE_SUMAMT"
FIRST_DAY = date(1999, 1, 1)
"""Employees are insured since 1999 (国发〔1998〕44号); what is told of before is a slip."""
REJECTED = {
    "table": pl.String,
    FILE: pl.String,
    ROW: pl.Int64,
    "key": pl.String,
    "column": pl.String,
    "cause": pl.String,
    "value": pl.String,
}
"""The columns of the rejected rows; only codes give their `value`, no number of a person does."""


@dataclass
class BucketTables:
    """What was made of a bucket: our own tables, the rejected rows, how many went which way."""

    tables: dict[str, pl.DataFrame] = field(default_factory=dict)
    rejected: list[pl.DataFrame] = field(default_factory=list)
    counted: dict[str, Counted] = field(default_factory=dict)

    def of(self, table: str) -> Counted:
        """The counts of a national table."""
        return self.counted.setdefault(table, Counted())

    def reject(self, table: str, rows: pl.DataFrame, key: str, column: str, cause: str) -> None:
        """Keep rows that cannot be used."""
        if not rows.height:
            return
        coded = cause in ("code_unknown", "region_unknown")
        value = pl.col(column) if coded else pl.lit(None, dtype=pl.String)
        self.rejected.append(
            rows.select(
                pl.lit(table).alias("table"),
                pl.col(FILE),
                pl.col(ROW).cast(pl.Int64),
                pl.col(key).alias("key"),
                pl.lit(column).alias("column"),
                pl.lit(cause).alias("cause"),
                value.alias("value"),
            )
        )
        money = {"SETL_D": TOTAL, "FEE_LIST_D": "DET_ITEM_FEE_SUMAMT"}.get(table, "")
        self.of(table).add("rejected", rows, money)


@dataclass(frozen=True)
class BucketWork:
    """What the work on a bucket needs."""

    store: PartStore
    mapping: TableMapping
    bucket: int
    family: Family
    latest_day: date = date.max

    def table(self, name: str, made: BucketTables, money: str = "") -> pl.DataFrame:
        """The rows of a table that count; empty with all columns where none was delivered."""
        found = self.store.read(name, self.bucket)
        table = self.mapping.tables[name]
        frame = pl.DataFrame() if found is None else found
        counted = made.of(name)
        counted.count("read", frame.height)
        if not frame.height:
            empty = pl.DataFrame(schema={ROW: pl.Int64, FILE: pl.String})
            return complete(empty, table)
        return newest_rows(frame, table, self.mapping.newest, counted, money)

    def possible(
        self, made: BucketTables, name: str, rows: pl.DataFrame, columns: tuple[str, ...]
    ) -> pl.DataFrame:
        """The rows whose days can be; the others are rejected."""
        key = self.mapping.tables[name].keys[0]
        for column in columns:
            inside = pl.col(column).cast(pl.Date).is_between(FIRST_DAY, self.latest_day)
            possible = inside.fill_null(True)
            made.reject(name, rows.filter(~possible), key, column, "day_impossible")
            rows = rows.filter(possible)
        return rows

    def coded(self, kind: str, column: pl.Series) -> pl.Series:
        """What a column of codes stands for; nothing where the mapping has none."""
        codes = column.drop_nulls().unique()
        if not len(codes):
            return pl.Series(column.name, [None] * len(column), dtype=pl.String)
        found = [self.mapping.code(kind, code) or None for code in codes]
        known = pl.Series(found, dtype=pl.String)
        return column.replace_strict(codes, known, default=None, return_dtype=pl.String)


def of_employees(
    work: BucketWork, made: BucketTables, name: str, rows: pl.DataFrame, money: str = ""
) -> pl.DataFrame:
    """The rows of the employees' insurance, or of none that is told; others are counted, and what
    is no insurance that is known is rejected."""
    told, kinds = rows["INSUTYPE"].is_not_null(), work.coded("INSUTYPE", rows["INSUTYPE"])
    unknown, other = told & kinds.is_null(), (kinds == OTHER).fill_null(False)
    key = work.mapping.tables[name].keys[0]
    made.reject(name, rows.filter(unknown), key, "INSUTYPE", "code_unknown")
    made.of(name).add("other_insurance", rows.filter(other), money)
    return rows.filter(~unknown & ~other)


def make_visits(work: BucketWork, made: BucketTables) -> Netted:
    """The visits and refunds of a bucket, put into `made`; the netted settlements."""
    rows = work.table("SETL_D", made, TOTAL)
    counted = made.of("SETL_D")
    rows = rows.with_columns(pl.coalesce("SETL_ID_NAT", "SETL_ID").alias(NATIONAL))
    lacking = pl.col(TOTAL).is_null() | pl.col("HIFP_PAY").is_null()
    made.reject("SETL_D", rows.filter(lacking), "SETL_ID", TOTAL, "amounts_missing")
    rows = rows.filter(~lacking)
    rows = of_employees(work, made, "SETL_D", rows, TOTAL)
    netted = net_refunds(rows, MONEY, counted)
    for cause in ("refund_alone", "refund_of_refund", "refund_positive", "amount_negative"):
        bad = netted.bad.filter(pl.col("cause") == cause)
        made.reject("SETL_D", bad, "SETL_ID", "INIT_SETL_ID", cause)
    live = work.possible(made, "SETL_D", netted.live, ("SETL_TIME", "BEGNDATE", "ENDDATE"))
    live = _meant(work, made, live)
    counted.add("written", live, TOTAL)
    made.tables["refunds"] = _refunds(netted.refunds)
    made.tables["visits"] = _visits(work, made, live)
    return netted


def _meant(work: BucketWork, made: BucketTables, live: pl.DataFrame) -> pl.DataFrame:
    """The rows whose codes and region are known, with what they mean."""
    area = pl.col("INSU_ADMDVS").str.replace(r"^(\d{4})99$", "${1}00")
    coded = live.with_columns(
        work.coded("MED_TYPE", live["MED_TYPE"]).alias("benefit"),
        work.coded("PSN_TYPE", live["PSN_TYPE"]).alias("status"),
        area.alias("area"),
    )
    for column, meaning, cause in (
        ("MED_TYPE", pl.col("benefit").is_not_null(), "code_unknown"),
        ("PSN_TYPE", pl.col("status").is_not_null(), "code_unknown"),
        ("INSU_ADMDVS", pl.col("area").str.contains(r"^\d{6}$"), "region_unknown"),
    ):
        known = meaning.fill_null(False)
        made.reject("SETL_D", coded.filter(~known), "SETL_ID", column, cause)
        coded = coded.filter(known)
    old = pl.col("PSN_TYPE").str.starts_with("2").fill_null(False)
    made.of("SETL_D").count("old_person_code", coded.filter(old).height)
    return coded


def _refunds(refunds: pl.DataFrame) -> pl.DataFrame:
    return refunds.select(
        pl.col(NATIONAL).alias("settlement"),
        pl.col(ROOT).alias("original"),
        pl.col("PSN_NO").alias("person"),
        pl.col("SETL_TIME").alias("settled_at"),
        pl.col(TOTAL).alias("total_fen"),
        pl.col("HIFP_PAY").alias("paid_pool_fen"),
    )


def _visits(work: BucketWork, made: BucketTables, live: pl.DataFrame) -> pl.DataFrame:
    registrations = work.table("MDTRT_D", made).select(
        *("MDTRT_ID", "CHFPDR_CODE", "ADM_DEPT_CODG", "DSCG_MAINDIAG_CODE", "OTP_DIAG_INFO"),
        *("BEGNTIME", "ENDTIME"),
        pl.col("DISE_NO").alias("DISE_NO_OF_VISIT"),
    )
    made.of("MDTRT_D").count("written", registrations.height)
    persons = work.table("PSN_INFO_B", made).select("PSN_NO", pl.col("BRDY").alias("BORN"))
    rows = live.join(registrations, on="MDTRT_ID", how="left").join(
        persons, on="PSN_NO", how="left"
    )
    alone = rows.join(registrations, on="MDTRT_ID", how="anti").height
    made.of("SETL_D").count("visit_missing", alone)
    day = pl.coalesce(
        "BEGNDATE", pl.col("BEGNTIME").cast(pl.Date), pl.col("SETL_TIME").cast(pl.Date)
    )
    pharmacy = pl.col("FIXMEDINS_CODE").str.starts_with("P").fill_null(False)
    away = pl.col("FIX_BLNG_ADMDVS").str.slice(0, 4) != pl.col("area").str.slice(0, 4)
    rows = rows.with_columns(
        day.alias("date"),
        away.fill_null(False).alias("away"),
        pharmacy.alias("pharmacy"),
        level_of(work, rows).alias("level"),
    )
    filed = _filed(work, made, rows)
    rows = rows.join(filed, on=NATIONAL, how="left")
    visits = rows.select(*_texts_of_visit(), *_amounts_of_visit(work.family))
    return _in_sequence(visits)


def level_of(work: BucketWork, rows: pl.DataFrame) -> pl.Series:
    """The level of institutions, by the deductible's level before the hospital's grade."""
    deductible = work.coded("DEDC_HOSP_LV", rows["DEDC_HOSP_LV"])
    grade = work.coded("HOSP_LV", rows["HOSP_LV"])
    return deductible.fill_null(grade)


def _filed(work: BucketWork, made: BucketTables, rows: pl.DataFrame) -> pl.DataFrame:
    """Which settlements elsewhere had a filing on their day; all where none are delivered."""
    away = rows.filter("away").select(NATIONAL, "PSN_NO", "date")
    if "OUT_APPY_D" not in work.store.tables():
        made.of("SETL_D").count("filing_unknown", away.height)
        return away.select(NATIONAL, pl.lit(True).alias("filed"))
    filings = work.table("OUT_APPY_D", BucketTables()).select("PSN_NO", "BEGNDATE", "ENDDATE")
    during = pl.col("date").is_between("BEGNDATE", pl.col("ENDDATE").fill_null(pl.date(9999, 1, 1)))
    found = away.join(filings, on="PSN_NO").filter(during)
    return found.select(NATIONAL, pl.lit(True).alias("filed")).unique(NATIONAL)


def _texts_of_visit() -> list[pl.Expr]:
    diagnoses = pl.concat_list(
        pl.concat_list("DSCG_MAINDIAG_CODE"),
        pl.col("OTP_DIAG_INFO").fill_null("").str.extract_all(r"[A-Z]\d{2}(?:\.[0-9A-Za-z]{1,6})?"),
    ).list.drop_nulls()
    pharmacy = pl.when("pharmacy")
    by_account = pl.col("pharmacy") & (pl.col("benefit") == "ordinary") & (pl.col("HIFP_PAY") == 0)
    by_account = by_account & (pl.col("ACT_PAY_DEDC").fill_null(0) == 0)
    nothing = pl.lit(None, dtype=pl.String)
    return [
        pl.col("MDTRT_ID").alias("visit"),
        pl.col(NATIONAL),
        pl.col("PSN_NO").alias("person"),
        pl.col("FIXMEDINS_CODE").alias("institution"),
        pl.col("area"),
        pl.col("FIX_BLNG_ADMDVS").alias("region"),
        pl.col("date"),
        pl.coalesce("ENDDATE", pl.col("ENDTIME").cast(pl.Date)).alias("end"),
        pl.col("SETL_TIME").alias("settled_at"),
        pl.col("status"),
        pl.col("MED_TYPE").alias("med_type"),
        pl.when(by_account).then(pl.lit("account")).otherwise("benefit").alias("benefit"),
        pl.coalesce("DISE_NO", "DISE_NO_OF_VISIT").alias("disease"),
        diagnoses.list.unique(maintain_order=True)
        .list.join(";")
        .replace("", None)
        .alias("diagnosis"),
        pharmacy.then(nothing).otherwise("level").alias("level"),
        pharmacy.then(pl.lit("pharmacy")).otherwise(pl.lit("hospital")).alias("institution_kind"),
        pl.when(~pl.col("away"))
        .then(nothing)
        .when("filed")
        .then(pl.lit("filed"))
        .otherwise(pl.lit("unfiled"))
        .alias("offsite"),
        pl.col("CHFPDR_CODE").alias("doctor"),
        pl.col("ADM_DEPT_CODG").alias("department"),
        *(nothing.alias(name) for name in ("prescriber", "prescriber_level", "terminal")),
        pl.coalesce("BRDY", "BORN").alias("birth_date"),
        pl.when(pl.col("CVLSERV_FLAG") == "1").then(pl.lit("civil_servant")).alias("subsidy"),
        nothing.alias("payer_account"),
    ]


def _amounts_of_visit(family: Family) -> list[pl.Expr]:
    parts = [pl.col(name) for name in OTHER_FUNDS]
    told = pl.any_horizontal(part.is_not_null() for part in parts)
    others = pl.when(told).then(pl.sum_horizontal(parts))
    rest = pl.col("FUND_PAY_SUMAMT") - pl.col("HIFP_PAY")
    inside = pl.col("ACCT_PAY") - pl.col("ACCT_MULAID_PAY").fill_null(0)
    plain = {
        "total_fen": TOTAL,
        "in_scope_fen": "INSCP_AMT",
        "own_fen": "FULAMT_OWNPAY_AMT",
        "first_self_fen": "PRESELFPAY_AMT",
        "over_limit_fen": "OVERLMT_SELFPAY",
        "paid_deductible_fen": "ACT_PAY_DEDC",
        "paid_pool_fen": "HIFP_PAY",
        "family_fen": "ACCT_MULAID_PAY",
        "cash_fen": "CASH_PAYAMT",
        "institution_bears_fen": "OWNPAY_HOSP_PART",
    }
    return [
        *(pl.col(theirs).alias(ours) for ours, theirs in plain.items()),
        pl.coalesce(others, rest).alias("paid_supplements_fen"),
        (inside if family == "inside" else pl.col("ACCT_PAY")).alias("account_fen"),
    ]


def _in_sequence(visits: pl.DataFrame) -> pl.DataFrame:
    """The visits by person and day, numbered within the day by the moment of settlement."""
    ordered = visits.sort("person", "date", "settled_at", NATIONAL, nulls_last=True)
    number = pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("person", "date")
    return ordered.with_columns(number.alias("sequence"))


def make_lines(work: BucketWork, made: BucketTables, netted: Netted) -> None:
    """The fee lines of settlements that live, put into `made`, returns netted."""
    rows = work.table("FEE_LIST_D", made, "DET_ITEM_FEE_SUMAMT")
    counted = made.of("FEE_LIST_D")
    money = "DET_ITEM_FEE_SUMAMT"
    counted.add("not_settled", rows.filter(pl.col("SETL_ID").is_null()), money)
    led = rows.filter(pl.col("SETL_ID").is_not_null()).join(
        netted.roots, left_on="SETL_ID", right_on="id", how="left"
    )
    written = made.tables["visits"].select(pl.col(NATIONAL).alias(ROOT), "visit")
    lost = led.filter(pl.col(ROOT).is_null())
    set_aside = _not_ours(work, lost)
    counted.add("of_settlement_set_aside", set_aside, money)
    lost = lost.join(set_aside.select("BKKP_SN"), on="BKKP_SN", how="anti")
    made.reject("FEE_LIST_D", lost, "BKKP_SN", "SETL_ID", "settlement_missing")
    here = led.filter(pl.col(ROOT).is_not_null())
    counted.add("of_refunded", here.filter(pl.col(HOW) != LIVE), money)
    alive = here.filter(pl.col(HOW) == LIVE)
    ours = alive.join(written, on=ROOT, how="inner")
    counted.add("of_rejected", alive.join(written, on=ROOT, how="anti"), money)
    ours = work.possible(made, "FEE_LIST_D", ours, ("FEE_OCUR_TIME",))
    made.tables["lines"] = _lines(_returned(made, ours))


def _not_ours(work: BucketWork, lost: pl.DataFrame) -> pl.DataFrame:
    """Lines whose settlement was delivered but is void or of another insurance."""
    settled = work.store.read("SETL_D", work.bucket)
    if settled is None or not settled.height or not lost.height:
        return lost.clear()
    names = [name for name in ("SETL_ID", "SETL_ID_NAT") if name in settled.columns]
    ids = pl.concat([settled[name].alias("id") for name in names]).drop_nulls().unique()
    return lost.filter(pl.col("SETL_ID").is_in(ids.implode()))


def _returned(made: BucketTables, rows: pl.DataFrame) -> pl.DataFrame:
    """Lines after returns: a returning line names the one that it takes back, wholly or partly."""
    counted, money = made.of("FEE_LIST_D"), "DET_ITEM_FEE_SUMAMT"
    back = pl.col("INIT_FEEDETL_SN").is_not_null()
    returning, plain = rows.filter(back), rows.filter(~back)
    netted = ("CNT", money, "INSCP_AMT")
    known = returning.join(plain.select("BKKP_SN"), left_on="INIT_FEEDETL_SN", right_on="BKKP_SN")
    alone = returning.join(known.select("BKKP_SN"), on="BKKP_SN", how="anti")
    made.reject("FEE_LIST_D", alone, "BKKP_SN", "INIT_FEEDETL_SN", "refund_alone")
    counted.add("returning", known, money)
    sums = known.group_by("INIT_FEEDETL_SN").agg(pl.col(n).sum().name.prefix("b_") for n in netted)
    left = plain.join(sums, left_on="BKKP_SN", right_on="INIT_FEEDETL_SN", how="left")
    touched = pl.col("b_CNT").is_not_null()
    left = left.with_columns(pl.col(n) + pl.col(f"b_{n}").fill_null(0) for n in netted)
    gone = touched & (pl.col(money) == 0)
    counted.add("returned", left.filter(gone), "")
    left = left.filter(~gone)
    negative = (pl.col(money) < 0).fill_null(False)
    made.reject("FEE_LIST_D", left.filter(negative), "BKKP_SN", money, "amount_negative")
    counted.add("written", left.filter(~negative), money)
    return left.filter(~negative)


def _lines(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        pl.col("BKKP_SN").alias("line"),
        "visit",
        pl.col(ROOT).alias("settlement"),
        pl.col("PSN_NO").alias("person"),
        pl.col("FIXMEDINS_CODE").alias("institution"),
        pl.col("FEE_OCUR_TIME").alias("occurred_at"),
        pl.coalesce("MED_LIST_CODG", "HILIST_CODE").alias("item"),
        pl.coalesce("HILIST_NAME", "MEDINS_LIST_NAME").alias("name"),
        pl.col("LIST_TYPE").alias("kind"),
        pl.col("CNT").alias("count"),
        pl.col("PRIC").alias("price"),
        pl.col("DET_ITEM_FEE_SUMAMT").alias("amount_fen"),
        pl.col("INSCP_AMT").alias("in_scope_fen"),
        pl.col("CHRGITM_LV").alias("listing_level"),
        pl.when(pl.col("PRD_DAYS") > 0).then("PRD_DAYS").alias("days"),
        pl.col("BILG_DR_CODE").alias("doctor"),
        pl.col("BILG_DEPT_CODG").alias("department"),
        pl.lit(None, dtype=pl.String).alias("trace"),
    ).sort("person", "visit", "occurred_at", "line", nulls_last=True)
