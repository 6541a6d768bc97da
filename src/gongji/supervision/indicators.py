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


def _line_parts() -> dict[str, pl.Expr]:
    """What a line is of each part: its amount, days of supply, itself as a line of a drug."""
    drug = pl.col("kind") == "101"
    amounts = {
        name: pl.when(mine).then(pl.col("amount")).otherwise(0) for name, mine in _classes().items()
    }
    days = pl.when(drug).then(pl.col("days")).otherwise(0).cast(pl.Int64)
    return {**amounts, "supply_days": days, "drug_lines": drug.cast(pl.Int64)}


def cells(tables: ClaimTables) -> pl.DataFrame:
    """Visits summed by institution, department, doctor, month, care, age band and status.

    Shape:   `squares` is the sum of squared totals in yuan, for the spread of a visit's cost.
    """
    visits = _visit_cells(tables).with_row_index("_cell")
    # A line goes to the cell of its visit at once: no table of all visits with their lines is made.
    of = visits.select("_cell", _visit="_visits").explode("_visit")
    lines = tables.scan("lines").filter(pl.col("visit").is_not_null())
    sums = (
        lines.select("item", "kind", "amount", "days", _visit=pl.col("visit").hash(1))
        .join(of.lazy(), on="_visit")
        .select("_cell", **_line_parts())
        .group_by("_cell")
        .agg(pl.col(PARTS).sum())
        .collect(engine="streaming")
    )
    both = visits.drop("_visits").join(sums, on="_cell", how="left").drop("_cell")
    return both.with_columns(pl.col(PARTS).fill_null(0))


def _visit_cells(tables: ClaimTables) -> pl.DataFrame:
    """The cells with the sums of their visits, and these visits' numbers."""
    persons = tables.scan("persons").select("person", "born", _status="status")
    month = pl.col("begin").dt.truncate("1mo")
    age = (pl.col("begin") - pl.col("born")).dt.total_days() // 3652
    department = pl.col("department") if tables.has("visits.department") else pl.lit(None)
    keys = {
        "department": department.cast(pl.String),
        "month": month,
        "age_band": age.clip(0, 9),
        "status": pl.col("_status"),
        "stay": pl.col("care") == INPATIENT,
    }
    visits = tables.scan("visits").filter(pl.col("care") != INPATIENT)
    yuan = pl.col("total") / 100
    return (
        visits.join(persons, on="person", how="left")
        .with_columns(**keys)
        .group_by(CELL)
        .agg(
            visits=pl.len().cast(pl.Int64),
            total=pl.col("total").sum(),
            borne=(pl.col("own") + pl.col("first_self")).sum(),
            outside=pl.col("own").sum(),
            squares=(yuan * yuan).sum(),
            _visits=pl.col("visit").hash(1),
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
    return visits.group_by(keys).agg(persons=pl.col("person").hash(1).n_unique().cast(pl.Int64))


def heads(tables: ClaimTables) -> pl.DataFrame:
    """Persons of each institution, and what its one dearest item brought."""
    persons = _persons(tables, ["institution"])
    items = tables.scan("lines").group_by("institution", "item").agg(pl.col("amount").sum())
    top = items.group_by("institution").agg(
        top_item=pl.col("amount").max(), top_code=pl.col("item").sort_by("amount").last()
    )
    return persons.join(top, on="institution", how="left").collect(engine="streaming")
