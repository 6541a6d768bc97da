"""What 楚雄 第三十二条（二）and 邵阳 第十七条 have watched, by institution, department, doctor.

楚雄: 医药费用增长快、次均费用高、患者自费比例高、检查费用占比高、目录外项目使用多.
邵阳: 门诊就诊率、转诊率、次均费用、费用结构. Referrals are in no own table: not looked at.
An indicator is a part of money (or visits) over a whole, and is compared as observed over expected:
what the same visits would have had at the average of their peers.
"""

from dataclasses import dataclass

import polars as pl

from gongji.supervision.claim_tables import ClaimTables
from gongji.supervision.detectors.limits import INPATIENT

CT, MAGNETIC = "002103", "002102"
LABS = ("0025",)
EXAMS = ("0021", "0022", "0023", "0024", "003107")
"""Beginnings of national codes of services: imaging and tests, laboratory."""


@dataclass(frozen=True)
class Indicator:
    """One thing that is compared: a part over a whole of the same visits."""

    name: str
    part: str
    whole: str
    law: str


CHUXIONG, SHAOYANG = "楚政规〔2022〕2号 第三十二条（二）", "邵市政办发〔2022〕22号 第十七条"
INDICATORS = (
    Indicator("次均费用", "total", "visits", f"{CHUXIONG}；{SHAOYANG}"),
    Indicator("患者自费比例", "borne", "total", CHUXIONG),
    Indicator("检查费用占比", "exams", "total", CHUXIONG),
    Indicator("目录外费用占比", "outside", "total", CHUXIONG),
    Indicator("人均就诊次数", "visits", "persons", SHAOYANG),
    Indicator("药费占比", "drugs", "total", SHAOYANG),
    Indicator("检验费用占比", "labs", "total", SHAOYANG),
    Indicator("耗材费用占比", "supplies", "total", SHAOYANG),
    Indicator("治疗费用占比", "treatments", "total", SHAOYANG),
    Indicator("CT费用占比", "ct", "total", SHAOYANG),
    Indicator("核磁费用占比", "magnetic", "total", SHAOYANG),
    Indicator("中药饮片占比", "pieces", "total", SHAOYANG),
    Indicator("次均药量", "supply_days", "drug_lines", SHAOYANG),
    Indicator("单项集中度", "top_item", "total", SHAOYANG),
)
"""Every indicator that is compared; 医药费用增长 is compared with the institution's own past."""
NOT_LOOKED_AT = ("转诊率：自有表中没有转诊记录",)
PARTS = (
    *("drugs", "pieces", "labs", "exams", "ct", "magnetic", "treatments", "supplies"),
    *("supply_days", "drug_lines"),
)
CELL = ("institution", "department", "doctor", "month", "care", "age_band", "status", "stay")


def _classes() -> dict[str, pl.Expr]:
    """Which lines belong to each part of the money."""
    item, kind = pl.col("item"), pl.col("kind")
    service = kind == "201"

    def begins(codes: tuple[str, ...]) -> pl.Expr:
        return service & pl.any_horizontal([item.str.starts_with(code) for code in codes])

    ct, magnetic = begins((CT,)), begins((MAGNETIC,))
    labs, exams = begins(LABS), begins(EXAMS)
    drug = kind == "101"
    consult = begins(("0011",))
    return {
        "drugs": drug,
        "pieces": kind == "102",
        "labs": labs,
        "exams": exams | labs,
        "ct": ct,
        "magnetic": magnetic,
        "treatments": service & ~labs & ~exams & ~consult,
        "supplies": kind == "301",
    }


def line_sums(lines: pl.LazyFrame) -> pl.LazyFrame:
    """The money of each class in every visit, days of supply, lines of drugs."""
    classes = _classes()
    amounts = {name: pl.col("amount").filter(mine).sum() for name, mine in classes.items()}
    drug = pl.col("kind") == "101"
    return lines.group_by("visit").agg(
        **amounts,
        supply_days=pl.col("days").filter(drug).sum().cast(pl.Int64),
        drug_lines=drug.sum().cast(pl.Int64),
    )


def cells(tables: ClaimTables) -> pl.DataFrame:
    """Visits summed by institution, department, doctor, month, care, age band and status.

    Shape:   `squares` is the sum of squared totals in yuan, for the spread of a visit's cost.
    """
    persons = tables.scan("persons").select("person", "born", _status="status")
    month = pl.col("begin").dt.truncate("1mo")
    age = (pl.col("begin") - pl.col("born")).dt.total_days() // 3652
    department = pl.col("department") if tables.has("visits.department") else pl.lit(None)
    keys = {
        "doctor": pl.col("doctor"),
        "department": department.cast(pl.String),
        "month": month,
        "age_band": age.clip(0, 9),
        "status": pl.col("_status"),
        "stay": pl.col("care") == INPATIENT,
    }
    visits = tables.scan("visits").join(persons, on="person", how="left").with_columns(**keys)
    visits = visits.select(
        "visit", "person", "total", "own", "first_self", "prescriber", *CELL
    ).join(line_sums(tables.scan("lines")), on="visit", how="left")
    sums = {name: pl.col(name).sum() for name in PARTS}
    yuan = pl.col("total") / 100
    return (
        visits.filter(~pl.col("stay"))
        .group_by(CELL)
        .agg(
            visits=pl.len().cast(pl.Int64),
            total=pl.col("total").sum(),
            borne=(pl.col("own") + pl.col("first_self")).sum(),
            outside=pl.col("own").sum(),
            squares=(yuan * yuan).sum(),
            **sums,
        )
        .collect(engine="streaming")
    )


def heads_of_departments(tables: ClaimTables) -> pl.DataFrame:
    """Persons of each department; nothing where visits tell none."""
    keys = ["institution", "department"]
    if not tables.has("visits.department"):
        return pl.DataFrame(schema=dict.fromkeys(keys, pl.String) | {"persons": pl.Int64})
    return _persons(tables, keys).collect(engine="streaming")


def _persons(tables: ClaimTables, keys: list[str]) -> pl.LazyFrame:
    visits = tables.scan("visits").filter(pl.col("care") != INPATIENT)
    return visits.group_by(keys).agg(persons=pl.col("person").n_unique().cast(pl.Int64))


def heads(tables: ClaimTables) -> pl.DataFrame:
    """Persons of each institution, and what its one dearest item brought."""
    persons = _persons(tables, ["institution"])
    items = tables.scan("lines").group_by("institution", "item").agg(pl.col("amount").sum())
    top = items.group_by("institution").agg(
        top_item=pl.col("amount").max(), top_code=pl.col("item").sort_by("amount").last()
    )
    return persons.join(top, on="institution", how="left").collect(engine="streaming")
