"""What is checked of tables that were read: sums that must hold, rows that must be accounted for.

A check names how many rows it looked at, how many it holds for, the money of those where it does
not, and some of them. Nothing is corrected: the tables are as they came.
"""

from collections.abc import Mapping, Sequence

import msgspec
import polars as pl

from gongji.mirror.newest import Counted
from gongji.mirror.part_store import DeliveryRecord
from gongji.mirror.table_mapping import Family
from gongji.units import Fen

SHOWN = 5

COUNTS: Mapping[str, str] = {
    "read": "读入",
    "written": "写出",
    "superseded": "同一主键的旧版本或重复送达",
    "deleted": "标为已删除",
    "void": "无效",
    "other_insurance": "其他险种",
    "refunded": "已全部退费的结算",
    "refund_rows": "退费行",
    "rejected": "不能使用，见 rejected.csv",
    "not_settled": "尚未结算的明细",
    "of_settlement_set_aside": "所属结算无效或属其他险种",
    "of_refunded": "所属结算已退费",
    "of_rejected": "所属结算不能使用",
    "returned": "已全部退回的明细",
    "returning": "退回的明细行",
}
"""Which way rows go; `read` is the sum of the others."""
NOTED: Mapping[str, str] = {
    "partly_refunded": "部分退费，按净额写出",
    "flag_without_refund": "退费标志为已退，却没有退费行",
    "refund_without_flag": "有退费行，原结算的标志却是未退",
    "old_person_code": "人员类别是旧代码（21 至 26），作退休",
    "visit_missing": "结算没有就诊信息",
    "filing_unknown": "异地结算，没有送来备案表，作已备案",
    "only_in_other_tables": "登记表里没有，只在结算或参保表里出现",
    "died_without_date": "标为死亡，却没有死亡日期",
}
"""What is worth knowing of rows that were written all the same."""


class Check(msgspec.Struct):
    """One check over all rows."""

    name: str
    sentence: str
    rows: int = 0
    holds: int = 0
    differs_fen: Fen = 0
    shown: list[str] = msgspec.field(default_factory=list)

    def add(self, frame: pl.DataFrame, difference: pl.Expr, key: str) -> None:
        """Look at rows; where the difference cannot be told the row is not looked at."""
        found = frame.select(pl.col(key).alias("key"), difference.alias("by")).drop_nulls("by")
        wrong = found.filter(pl.col("by") != 0)
        self.rows += found.height
        self.holds += found.height - wrong.height
        self.differs_fen += int(wrong["by"].abs().sum())
        self.shown += wrong["key"].head(SHOWN - len(self.shown)).cast(pl.String).to_list()


class TableCount(msgspec.Struct):
    """A national table: how many of its rows went which way, and their money in fen."""

    table: str
    rows: dict[str, int]
    fen: dict[str, Fen]
    unreadable: dict[str, int]
    rounded: int = 0

    @property
    def lost(self) -> int:
        """Rows that are not accounted for: none, or a fault of ours."""
        ways = sum(self.rows.get(kind, 0) for kind in COUNTS if kind != "read")
        return self.rows.get("read", 0) - ways


class FamilyAccount(msgspec.Struct):
    """How PSN_PAY adds up in rows in which a family account paid, and what was taken from it."""

    decided: str
    inside: int
    beside: int
    sentence: str


class Checks(msgspec.Struct):
    """Everything that was checked of a folder of tables."""

    format: int
    mapping: str
    tables: list[TableCount]
    checks: list[Check]
    family: FamilyAccount
    passed_over: dict[str, str]
    read_as: dict[str, str] = msgspec.field(default_factory=dict)
    """Files that are not UTF-8 with commas, and what they are."""
    by_dictionary: list[str] = msgspec.field(default_factory=list)
    """Codes that only the dictionary explains, with what they are taken as."""


def decide_family(records: Sequence[DeliveryRecord]) -> FamilyAccount:
    """Whether the family account's payment lies inside ACCT_PAY, told by how PSN_PAY adds up."""
    counts = {kind: sum(r.family.get(kind, 0) for r in records) for kind in ("inside", "beside")}
    inside, beside = counts["inside"], counts["beside"]
    decided: Family = "beside" if beside > inside else "inside"
    word = "之内" if decided == "inside" else "之外"
    said = (
        f"家庭共济支付在 ACCT_PAY {word}：有共济支付的行中 {inside} 行按之内、{beside} 行按之外相符"
    )
    if not inside + beside:
        said = "没有能看出家庭共济支付在不在 ACCT_PAY 之内的行，按接口文件作在其内"
    return FamilyAccount(decided, inside, beside, said)


def checks_of_settlements() -> list[Check]:
    """The sums that a settlement must hold."""
    return [
        Check("total_by_payer", "总费用 = 基金支付 + 个人支付 + 医院负担"),
        Check("total_by_scope", "总费用 = 全自费 + 超限价 + 先行自付 + 符合范围"),
        Check("person", "个人支付 = 个人账户（含共济） + 现金"),
        Check("funds", "基金支付总额 = 统筹 + 各项补充"),
        Check("lines", "明细金额之和 = 结算总费用"),
        Check("settlement_numbers", "国家结算编号各不相同"),
    ]


def check_visits(
    checks: list[Check], visits: pl.DataFrame, netted: pl.DataFrame, family: Family
) -> None:
    """Look at the settlements that are written; `netted` are their national columns."""
    live = netted.join(visits.select("settlement"), on="settlement", how="semi")
    borne = pl.col("OWNPAY_HOSP_PART").fill_null(0)
    total = pl.col("MEDFEE_SUMAMT")
    account, cash = pl.col("ACCT_PAY"), pl.col("CASH_PAYAMT")
    scope = ("FULAMT_OWNPAY_AMT", "OVERLMT_SELFPAY", "PRESELFPAY_AMT", "INSCP_AMT")
    others = ("CVLSERV_PAY", "HIFES_PAY", "HIFMI_PAY", "HIFOB_PAY", "HIFDM_PAY", "MAF_PAY")
    parts = [pl.col(name).fill_null(0) for name in ("HIFP_PAY", *others, "OTHFUND_PAY")]
    mutual = pl.col("ACCT_MULAID_PAY").fill_null(0) if family == "beside" else pl.lit(0)
    differences = {
        "total_by_payer": total - pl.col("FUND_PAY_SUMAMT") - pl.col("PSN_PAY") - borne,
        "total_by_scope": total - sum((pl.col(name) for name in scope), pl.lit(0)),
        "person": pl.col("PSN_PAY") - account - mutual - cash,
        "funds": pl.col("FUND_PAY_SUMAMT") - pl.sum_horizontal(parts),
    }
    told = live.filter(pl.col("SETL_ID_NAT").is_not_null())
    twice = pl.col("settlement").is_duplicated()
    differences["settlement_numbers"] = pl.when(twice).then(total).otherwise(0)
    for check in checks:
        if check.name in differences:
            rows = told if check.name == "settlement_numbers" else live
            check.add(rows, differences[check.name], "settlement")


def check_lines(checks: list[Check], visits: pl.DataFrame, lines: pl.DataFrame) -> None:
    """Look at the sums of the lines of each settlement that has any."""
    sums = lines.group_by("settlement").agg(pl.col("amount_fen").sum())
    both = visits.join(sums, on="settlement")
    next(c for c in checks if c.name == "lines").add(
        both, pl.col("total_fen") - pl.col("amount_fen"), "settlement"
    )


def counts_of(
    counted: Mapping[str, Counted], records: Sequence[DeliveryRecord]
) -> list[TableCount]:
    """The rows of every table, those that could not even be read among them."""
    found = []
    for table in dict.fromkeys(record.table for record in records):
        mine = [record for record in records if record.table == table]
        unreadable: dict[str, int] = {}
        for record in mine:
            for cause, count in record.causes.items():
                unreadable[cause] = unreadable.get(cause, 0) + count
        counts = counted.get(table, Counted())
        rows = dict(counts.rows)
        rows["read"] = sum(record.rows for record in mine)
        rows["rejected"] = rows.get("rejected", 0) + sum(unreadable.values())
        rounded = sum(record.rounded for record in mine)
        found.append(TableCount(table, rows, counts.fen, unreadable, rounded))
    return found
