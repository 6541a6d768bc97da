"""The indicators as an official reads them: who is beyond the peers, and each of their months.

Institutions, departments and doctors alike. A department or doctor beyond the peers stands here;
leads are ranked by `leads`.
"""

import polars as pl

from gongji.supervision import peers
from gongji.supervision.indicators import INDICATORS

SHOWN = 50
"""So many rows are on the page; the workbook has all of them."""
NAMES = {
    "unit": "对象类别",
    "subject": "对象",
    "institution": "机构",
    "group": "同行",
    "indicator": "指标",
    "visits": "就诊人次",
    "times": "为预期的倍数",
    "z": "离同行几个标准差",
    "yuan": "多出金额（元）",
    "law": "依据",
}


def beyond_peers(compared: list[pl.DataFrame]) -> pl.DataFrame:
    """Every subject and indicator beyond the limit of its peers, the most money first."""
    found = peers.alerts(pl.concat(compared)).with_columns(
        times=pl.col("ratio").exp().round(2), z=pl.col("z").round(1), yuan=pl.col("excess") / 100
    )
    return found.select(list(NAMES)).rename(NAMES)


def by_month(cells: pl.DataFrame, compared: list[pl.DataFrame]) -> pl.DataFrame:
    """The indicators of each month of those who are beyond the limit, amounts in yuan."""
    values = {
        one.name: _share(one.part, one.whole)
        for one in INDICATORS
        if {one.part, one.whole} <= set(cells.columns)
    }
    found = []
    for every in compared:
        mine = peers.alerts(every).select("unit", "institution", "subject").unique()
        for (unit,), subjects in mine.group_by("unit"):
            keys = ["institution", *peers.WITHIN[str(unit)]]
            months = cells.with_columns(subject=pl.col(keys[-1])).join(
                subjects, on=["institution", "subject"]
            )
            found.append(
                months.group_by("unit", "subject", "institution", "month").agg(
                    pl.col("visits").sum().alias("就诊人次"), **values
                )
            )
    names = {"unit": "对象类别", "subject": "对象", "institution": "机构", "month": "月份"}
    if not found:
        return pl.DataFrame(schema=dict.fromkeys(names.values(), pl.String))
    return pl.concat(found).sort(list(names)).rename(names)


def _share(part: str, whole: str) -> pl.Expr:
    """A part over its whole; money over a number of visits is in yuan."""
    yuan = 100 if whole == "visits" else 1
    return (pl.col(part).sum() / pl.max_horizontal(pl.col(whole).sum(), 1) / yuan).round(4)
