"""What people found of findings, read back from the workbook: each rule's precision.

属实 is a hit; 合理例外 and 数据错误 are false alarms. A rule with few marks keeps its usual weight
as so many marks beside them; one that cries wolf is proposed to rest.
"""

from pathlib import Path

import polars as pl

TRUE, LAWFUL, WRONG_ENTRY = "属实", "合理例外", "数据错误"
MARKS = (TRUE, LAWFUL, WRONG_ENTRY)
PRIOR_MARKS, PRIOR = 4, 0.6
REST_BELOW, REST_MARKS = 0.2, 20
MARK = {"line": pl.String, "rule": pl.String, "mark": pl.String}
PRECISION = {
    "rule": pl.String,
    "marks": pl.Int64,
    "true": pl.Int64,
    "lawful": pl.Int64,
    "wrong_entry": pl.Int64,
    "precision": pl.Float64,
    "weight": pl.Float64,
    "proposal": pl.String,
}


def read_marks(book: Path) -> pl.DataFrame:
    """The marks in the sheet of findings of a report; other words than the three are left out."""
    from gongji.tabular.header_rows import TablePlace
    from gongji.tabular.sheets import Sheet

    sheet = Sheet(book, TablePlace("发现", 0), {"日期": "day"})
    places = [sheet.columns.index(name) for name in ("明细", "规则", "认定")]
    rows = [[row[at].strip() for at in places] for chunk in sheet.chunks() for row in chunk]
    frame = pl.DataFrame(rows, schema=MARK, orient="row")
    return frame.filter(pl.col("mark").is_in(MARKS) & (pl.col("line") != ""))


def precision_of(marks: pl.DataFrame) -> pl.DataFrame:
    """Each marked rule's precision, and whether it should rest."""
    counted = (
        marks.unique("line", keep="last", maintain_order=True)
        .group_by("rule")
        .agg(
            marks=pl.len().cast(pl.Int64),
            true=(pl.col("mark") == TRUE).sum().cast(pl.Int64),
            lawful=(pl.col("mark") == LAWFUL).sum().cast(pl.Int64),
            wrong_entry=(pl.col("mark") == WRONG_ENTRY).sum().cast(pl.Int64),
        )
    )
    share = pl.col("true") / pl.col("marks")
    weight = (pl.col("true") + PRIOR_MARKS * PRIOR) / (pl.col("marks") + PRIOR_MARKS)
    rests = (pl.col("marks") >= REST_MARKS) & (share < REST_BELOW)
    told = pl.when(rests).then(pl.lit("建议停用")).otherwise(pl.lit(""))
    return (
        counted.with_columns(precision=share, weight=weight, proposal=told)
        .select([pl.col(name).cast(kind) for name, kind in PRECISION.items()])
        .sort("rule")
    )
