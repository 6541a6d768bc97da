"""Own tables of a made-up prefecture as the national platform would hand them in, with dirt.

What is told here is known: `dirt.json` counts each kind of dirt, so that who reads the tables back
can be compared with the truth. No name, number or code is of anyone real.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from gongji.batch.own_tables import SHORT, own_files

GRADES = {"3": "02", "2": "05", "1": "08"}
KINDS = {
    "ordinary": "11",
    "chronic": "14",
    "special": "14",
    "emergency": "13",
    "negotiated_drug": "15",
    "inpatient": "21",
    "account": "41",
}
CHINESE_PERSONS = {
    "PSN_NO": "人员编号",
    "GEND": "性别",
    "BRDY": "出生日期",
    "SURV_STAS": "生存状态",
}
STAMP = "%Y-%m-%d %H:%M:%S"
ONE_IN = 97
"""One row in so many is touched by each kind of dirt."""
OUTSIDE = "990000"


def own_frames(folder: Path, table: str) -> Iterator[pl.DataFrame]:
    """The pieces of an own table, with the names of this tree."""
    for path in own_files(folder, table):
        frame = pl.read_parquet(path)
        names = {short: own for short, own in SHORT.items() if short in frame.columns}
        yield frame.rename(names)


@dataclass
class Dirt:
    """What was made dirty, by kind."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, kind: str, rows: int) -> None:
        """Count rows of a kind."""
        self.counts[kind] = self.counts.get(kind, 0) + rows


def encode_prefecture(folder: Path, output: Path, dirt: Dirt | None = None) -> Dirt:
    """Write the national tables of own tables in a folder.

    Shape:   `output/tables` is what would be handed in; `output/excel` one table that has been
             through Excel and must be refused; `output/dirt.json` says what is dirty, what
             `dirt` told before among it.
    """
    tables, dirt = output / "tables", dirt or Dirt()
    tables.mkdir(parents=True, exist_ok=True)
    people = pl.concat(own_frames(folder, "persons"), how="diagonal_relaxed")
    places = _places(pl.concat(own_frames(folder, "institutions"), how="diagonal_relaxed"))
    lines = iter(own_files(folder, "lines"))
    for number, visits in enumerate(own_frames(folder, "visits")):
        settled = settlements(visits, people, places, dirt)
        _csv(tables / f"SETL_D/setl_d_{number:04d}.csv", settled)
        _csv(tables / f"MDTRT_D/{number:04d}.csv", _registrations(visits), lower=True)
        path = next(lines, None)
        if path is not None:
            fees = _fees(_named(pl.read_parquet(path)), visits, places, dirt)
            _csv(tables / f"FEE_LIST_D/fee_list_d{number:04d}.csv", fees, encoding="gb18030")
        if number == 0:
            _again(tables, settled, dirt)
            _through_excel(output / "excel", settled)
            _csv(tables / "OUTMED_SETL_D.csv", settled.head(3))
    spells = pl.concat(own_frames(folder, "spells"), how="diagonal_relaxed")
    _people_tables(tables, people, spells, dirt)
    _csv(tables / "FIXMEDINS_B.csv", _register(places), encoding="gb18030")
    (output / "dirt.json").write_text(json.dumps(dirt.counts, indent=1), encoding="utf-8")
    return dirt


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.rename({s: own for s, own in SHORT.items() if s in frame.columns})


def _places(institutions: pl.DataFrame) -> pl.DataFrame:
    """Institutions with their national code: pharmacies begin with P."""
    code = pl.col("institution").str.replace("^[HP]", "")
    shop = pl.col("kind") == "pharmacy"
    letter = pl.when(shop).then(pl.lit("P")).otherwise(pl.lit("H"))
    grade = pl.col("level").replace_strict(GRADES, default="11")
    return institutions.with_columns(
        (letter + code).alias("FIXMEDINS_CODE"),
        pl.when(shop).then(pl.lit("11")).otherwise(grade).alias("HOSP_LV"),
        pl.when(pl.col("level").is_in(["1", "2", "3"]) & ~shop)
        .then("level")
        .otherwise(pl.lit("9"))
        .alias("DEDC_HOSP_LV"),
    )


def _yuan(column: str) -> pl.Expr:
    """Fen as yuan with two decimals."""
    fen = pl.col(column)
    sign = pl.when(fen < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    whole, rest = fen.abs() // 100, (fen.abs() % 100).cast(pl.String).str.zfill(2)
    return sign + whole.cast(pl.String) + pl.lit(".") + rest


def _some(number: int) -> pl.Expr:
    """Rows that one kind of dirt touches; those of different kinds are different rows."""
    return (pl.int_range(pl.len()) % ONE_IN) == number


def settlements(
    visits: pl.DataFrame, people: pl.DataFrame, places: pl.DataFrame, dirt: Dirt
) -> pl.DataFrame:
    """SETL_D of visits with refunds, void rows, other insurances and old codes among them."""
    plain = _settled(visits, people, places)
    dirt.add("settlements", plain.height)
    mistaken = plain.filter(_some(1))
    copies = mistaken.with_columns(
        pl.col("SETL_ID") + "X", pl.col("MDTRT_ID") + "X", REFD_SETL_FLAG=_flag(0)
    )
    back = copies.with_columns(
        pl.col("SETL_ID").alias("INIT_SETL_ID"),
        (pl.col("SETL_ID") + "R").alias("SETL_ID"),
        pl.col("SETL_TIME").dt.offset_by("1mo"),
        pl.col("UPDT_TIME").dt.offset_by("1mo"),
        *(-pl.col(name) for name in plain.columns if plain[name].dtype == pl.Int64),
        REFD_SETL_FLAG=_flag(1),
    )
    dirt.add("refunded_in_the_next_month", copies.height)
    void = plain.filter(_some(2)).with_columns(
        pl.col("SETL_ID") + "V", VALI_FLAG=pl.lit("0"), INIT_SETL_ID=pl.lit(None, pl.String)
    )
    dirt.add("void", void.height)
    residents = plain.filter(_some(3)).with_columns(
        pl.col("SETL_ID") + "J", INSUTYPE=pl.lit("390"), PSN_TYPE=pl.lit("15")
    )
    dirt.add("other_insurance", residents.height)
    strange = (
        plain.filter(_some(4))
        .head(2)
        .with_columns(pl.col("SETL_ID") + "U", MED_TYPE=pl.lit("8888"))
    )
    dirt.add("code_unknown", strange.height)
    alone = back.head(1).with_columns(
        pl.col("SETL_ID") + "A", INIT_SETL_ID=pl.lit("BEFORE-THE-PERIOD")
    )
    dirt.add("refund_alone", alone.height)
    old = _some(5) & (pl.col("PSN_TYPE") == "1201")
    dirt.add("old_person_code", plain.filter(old).height)
    plain = plain.with_columns(
        pl.when(old).then(pl.lit("21")).otherwise("PSN_TYPE").alias("PSN_TYPE"),
        pl.when(_some(6))
        .then(pl.col("INSU_ADMDVS").str.slice(0, 4) + "99")
        .otherwise("INSU_ADMDVS")
        .alias("INSU_ADMDVS"),
    )
    return pl.concat([plain, copies, back, void, residents, strange, alone])


def _flag(side: int) -> pl.Expr:
    """The refund flag of an original (0) or a reversing row (1): a region flags either or both."""
    at = pl.int_range(pl.len()) % 3
    flagged = (at == 0) | (at == 1 + side)
    return pl.when(flagged).then(pl.lit("1")).otherwise(pl.lit("0"))


def _settled(visits: pl.DataFrame, people: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    persons = people.select("person", "status", "sex", "born", pl.col("area").alias("insured_in"))
    given = visits.drop("status", "level", "area", strict=False)
    rows = given.join(persons, on="person", how="left", maintain_order="left").join(
        places.select("institution", "FIXMEDINS_CODE", "name", "HOSP_LV", "DEDC_HOSP_LV"),
        on="institution",
        how="left",
        maintain_order="left",
    )
    others = {
        "MEDFEE_SUMAMT": pl.col("total_fen"),
        "FULAMT_OWNPAY_AMT": pl.col("own_fen"),
        "OVERLMT_SELFPAY": pl.col("over_limit_fen"),
        "PRESELFPAY_AMT": pl.col("first_self_fen"),
        "INSCP_AMT": pl.col("in_scope_fen"),
        "ACT_PAY_DEDC": pl.col("paid_deductible_fen"),
        "HIFP_PAY": pl.col("paid_pool_fen"),
        "HIFOB_PAY": pl.col("paid_supplements_fen"),
        "FUND_PAY_SUMAMT": pl.col("paid_pool_fen") + pl.col("paid_supplements_fen"),
        "ACCT_PAY": pl.col("account_fen") + pl.col("family_fen").fill_null(0),
        "ACCT_MULAID_PAY": pl.col("family_fen"),
        "CASH_PAYAMT": pl.col("cash_fen"),
        "OWNPAY_HOSP_PART": pl.col("institution_bears_fen"),
    }
    person = pl.col("account_fen") + pl.col("family_fen").fill_null(0) + pl.col("cash_fen")
    kind = pl.col("benefit").replace_strict(KINDS, default="11")
    return rows.select(
        (pl.col("visit") + "S").alias("SETL_ID"),
        pl.col("visit").alias("MDTRT_ID"),
        pl.lit(None, pl.String).alias("INIT_SETL_ID"),
        pl.col("person").alias("PSN_NO"),
        pl.col("sex").alias("GEND"),
        pl.col("born").alias("BRDY"),
        pl.lit("310").alias("INSUTYPE"),
        pl.when(pl.col("status") == "retired")
        .then(pl.lit("1201"))
        .otherwise(pl.lit("1101"))
        .alias("PSN_TYPE"),
        pl.lit("0").alias("CVLSERV_FLAG"),
        pl.col("insured_in").alias("INSU_ADMDVS"),
        "FIXMEDINS_CODE",
        pl.col("name").alias("FIXMEDINS_NAME"),
        _region().alias("FIX_BLNG_ADMDVS"),
        # As a number column loses its zero: 2 for 02.
        pl.col("HOSP_LV").str.strip_chars_start("0"),
        "DEDC_HOSP_LV",
        pl.col("date").alias("BEGNDATE"),
        pl.col("end").alias("ENDDATE"),
        pl.col("settled_at").dt.truncate("1s").alias("SETL_TIME"),
        pl.when(pl.col("FIXMEDINS_CODE").str.starts_with("P"))
        .then(pl.lit("41"))
        .otherwise(kind)
        .alias("MED_TYPE"),
        pl.lit("0").alias("REFD_SETL_FLAG"),
        pl.lit("1").alias("VALI_FLAG"),
        pl.col("settled_at").dt.truncate("1s").dt.offset_by("2h").alias("UPDT_TIME"),
        person.alias("PSN_PAY"),
        *(amount.cast(pl.Int64).alias(name) for name, amount in others.items()),
    )


def _region() -> pl.Expr:
    """Where the visit was; elsewhere for what was off-site."""
    away = pl.col("offsite").cast(pl.String).is_in(["true", "filed", "unfiled"]).fill_null(False)
    told = pl.coalesce("region", "insured_in")
    here = told.str.slice(0, 4) == pl.col("insured_in").str.slice(0, 4)
    return pl.when(away & here).then(pl.lit(OUTSIDE)).otherwise(told)


def _registrations(visits: pl.DataFrame) -> pl.DataFrame:
    return visits.select(
        pl.col("visit").alias("MDTRT_ID"),
        pl.col("person").alias("PSN_NO"),
        pl.col("date").cast(pl.Datetime("us")).alias("BEGNTIME"),
        pl.col("end").cast(pl.Datetime("us")).alias("ENDTIME"),
        pl.col("doctor").alias("CHFPDR_CODE"),
        pl.col("department").alias("ADM_DEPT_CODG"),
        pl.col("diagnosis").str.split(";").list.first().alias("DSCG_MAINDIAG_CODE"),
        # Free text: names between the codes, with a line break inside.
        (pl.lit("诊断：\n") + pl.col("diagnosis").str.replace_all(";", " ")).alias("OTP_DIAG_INFO"),
        pl.col("disease").alias("DISE_NO"),
        pl.lit("1").alias("VALI_FLAG"),
        pl.col("settled_at").dt.truncate("1s").alias("UPDT_TIME"),
    ).unique("MDTRT_ID", keep="first", maintain_order=True)


def _fees(
    lines: pl.DataFrame, visits: pl.DataFrame, places: pl.DataFrame, dirt: Dirt
) -> pl.DataFrame:
    """FEE_LIST_D: returned pieces, lines that are not settled, lines of settlements not there."""
    codes = places.select("institution", "FIXMEDINS_CODE")
    rows = lines.join(codes, on="institution", how="left", maintain_order="left").select(
        pl.col("line").alias("BKKP_SN"),
        pl.lit(None, pl.String).alias("INIT_FEEDETL_SN"),
        pl.col("visit").alias("MDTRT_ID"),
        (pl.col("visit") + "S").alias("SETL_ID"),
        pl.col("person").alias("PSN_NO"),
        "FIXMEDINS_CODE",
        pl.col("occurred_at").dt.truncate("1s").alias("FEE_OCUR_TIME"),
        pl.col("count").cast(pl.Int64).alias("CNT"),
        pl.col("price").cast(pl.Int64).alias("PRIC"),
        pl.col("amount_fen").cast(pl.Int64).alias("DET_ITEM_FEE_SUMAMT"),
        pl.col("in_scope_fen").cast(pl.Int64).alias("INSCP_AMT"),
        pl.col("listing_level").alias("CHRGITM_LV"),
        pl.col("item").alias("MED_LIST_CODG"),
        pl.col("name").alias("HILIST_NAME"),
        pl.col("kind").alias("LIST_TYPE"),
        pl.col("doctor").alias("BILG_DR_CODE"),
        pl.col("department").alias("BILG_DEPT_CODG"),
        pl.col("days").alias("PRD_DAYS"),
        pl.lit("1").alias("VALI_FLAG"),
        pl.col("occurred_at").dt.truncate("1s").alias("UPDT_TIME"),
    )
    dirt.add("lines", rows.height)
    twice = ("CNT", "DET_ITEM_FEE_SUMAMT", "INSCP_AMT")
    back = rows.filter(_some(7)).with_columns(
        pl.col("BKKP_SN").alias("INIT_FEEDETL_SN"),
        (pl.col("BKKP_SN") + "B").alias("BKKP_SN"),
        *(-pl.col(name) for name in twice),
    )
    dirt.add("returned_lines", back.height)
    doubled = [pl.when(_some(7)).then(2 * pl.col(n)).otherwise(n).alias(n) for n in twice]
    waiting = rows.filter(_some(8)).with_columns(
        pl.col("BKKP_SN") + "W", SETL_ID=pl.lit(None, pl.String)
    )
    dirt.add("not_settled", waiting.height)
    lost = (
        rows.filter(_some(9)).head(3).with_columns(pl.col("BKKP_SN") + "L", SETL_ID=pl.lit("GONE"))
    )
    dirt.add("settlement_missing", lost.height)
    mistaken = visits.filter(_some(1)).select((pl.col("visit") + "S").alias("SETL_ID"))
    copies = rows.join(mistaken, on="SETL_ID", how="semi").with_columns(
        pl.col("BKKP_SN") + "X", pl.col("SETL_ID") + "X", pl.col("MDTRT_ID") + "X"
    )
    dirt.add("lines_of_refunded", copies.height)
    return pl.concat([rows.with_columns(doubled), back, waiting, lost, copies])


def _again(tables: Path, settled: pl.DataFrame, dirt: Dirt) -> None:
    """A later delivery: some rows come again, and some came earlier with other amounts."""
    same = settled.filter(_some(10))
    stale = settled.filter(_some(11)).with_columns(
        pl.col("HIFP_PAY") - 1, pl.col("UPDT_TIME").dt.offset_by("-1h")
    )
    dirt.add("delivered_twice", same.height)
    dirt.add("older_version", stale.height)
    _csv(tables / "SETL_D/setl_d_again.csv", pl.concat([same, stale]))


def _through_excel(folder: Path, settled: pl.DataFrame) -> None:
    """A table of which Excel has shortened the numbers."""
    shortened = pl.concat_str(pl.lit("4.39E+"), pl.lit("17"))
    _csv(folder / "SETL_D.csv", settled.head(5).with_columns(shortened.alias("SETL_ID")))


def _people_tables(tables: Path, people: pl.DataFrame, spells: pl.DataFrame, dirt: Dirt) -> None:
    known = people.select(
        pl.col("person").alias("PSN_NO"),
        pl.col("sex").alias("GEND"),
        pl.col("born").dt.strftime("%Y/%m/%d").alias("BRDY"),
        pl.when(pl.col("died").is_null())
        .then(pl.lit("1"))
        .otherwise(pl.lit("2"))
        .alias("SURV_STAS"),
    )
    _csv(tables / "人员基本信息表.csv", known.rename(CHINESE_PERSONS))
    areas = people.select("person", "area")
    rows = spells.join(areas, on="person", how="left", maintain_order="left")
    past = pl.col("until").is_not_null()
    missing = past & _some(12)
    dirt.add("spell_missing", rows.filter(missing).height)
    rows = rows.filter(~missing)
    _relations(rows.filter(~past), "PSN_INSU_RLTS_ID").write_parquet(tables / "PSN_INSU_D.parquet")
    _csv(tables / "psn_insu_his_d.csv", _relations(rows.filter(past), "PSN_INSU_DETL_ID"))
    _csv(tables / "STAF_PSN_CLCT_DETL_D.csv", _contributions(rows))


def _relations(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    number = pl.int_range(pl.len()).cast(pl.String).str.zfill(9)
    pause = pl.col("until").dt.offset_by("1d")
    return rows.select(
        (pl.col("person") + pl.lit("-") + number).alias(key),
        pl.col("person").alias("PSN_NO"),
        pl.lit("310").alias("INSUTYPE"),
        pl.col("since").alias("CRT_INSU_DATE"),
        pause.alias("PAUS_INSU_DATE"),
        pl.when(pl.col("insured") & pl.col("until").is_null())
        .then(pl.lit("1"))
        .otherwise(pl.lit("2"))
        .alias("PSN_INSU_STAS"),
        pl.when(pl.col("status") == "retired")
        .then(pl.lit("12"))
        .otherwise(pl.lit("11"))
        .alias("PSN_TYPE"),
        pl.col("area").alias("INSU_ADMDVS"),
    )


def _contributions(rows: pl.DataFrame) -> pl.DataFrame:
    """One item a spell that is known to be paid or owed, by months."""
    told = rows.filter(pl.col("arrears").is_not_null() & pl.col("since").is_not_null())
    number = pl.int_range(pl.len()).cast(pl.String).str.zfill(9)
    end = pl.col("until").fill_null(pl.col("since").dt.offset_by("11mo"))
    return told.select(
        (pl.lit("C") + number).alias("PSN_CLCT_DETL_ID"),
        pl.col("person").alias("PSN_NO"),
        pl.lit("310").alias("INSUTYPE"),
        pl.col("since").dt.strftime("%Y%m").alias("ACCRYM_BEGN"),
        end.dt.strftime("%Y%m").alias("ACCRYM_END"),
        pl.lit("10").alias("CLCT_TYPE"),
        pl.when("arrears").then(pl.lit("0")).otherwise(pl.lit("1")).alias("CLCT_FLAG"),
        pl.lit("Z").alias("REVS_FLAG"),
    )


def _register(places: pl.DataFrame) -> pl.DataFrame:
    return places.select(
        "FIXMEDINS_CODE",
        pl.col("name").alias("FIXMEDINS_NAME"),
        pl.col("area").alias("FIX_BLNG_ADMDVS"),
        "HOSP_LV",
        "DEDC_HOSP_LV",
        pl.col("since").alias("BEGNTIME"),
        pl.lit("1").alias("VALI_FLAG"),
    )


AMOUNTS: Mapping[str, int] = {"CNT": 10_000, "PRIC": 1_000_000}


def _csv(path: Path, frame: pl.DataFrame, lower: bool = False, encoding: str = "utf-8") -> None:
    """A table as the platform writes it: amounts in yuan, instants with their time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = []
    for name, kind in frame.schema.items():
        column = pl.col(name)
        if name in AMOUNTS:
            made.append((column / AMOUNTS[name]).alias(name))
        elif kind == pl.Int64:
            made.append(_yuan(name).alias(name))
        elif isinstance(kind, pl.Datetime):
            made.append(column.dt.strftime(STAMP).alias(name))
        else:
            made.append(column)
    written = frame.select(made)
    if lower:
        written = written.rename(str.lower)
    if encoding == "utf-8":
        written.write_csv(path)
    else:
        path.write_bytes(written.write_csv().encode(encoding))
