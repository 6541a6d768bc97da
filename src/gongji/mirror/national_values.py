"""The cells of national tables as values: codes as text, money in fen, times of China.

Whole columns are read at once. What cannot be read is told by row and column with a cause, never
taken as nothing; a number that Excel has shortened is refused with its table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import polars as pl

from gongji.refusals import Refusal
from gongji.tabular.arrow_tables import refusal_of_fault
from gongji.tabular.cell_forms import instant_of, month_text, narrow
from gongji.tabular.texts import FAULT, ROW
from gongji.units import MAX_FEN

SHORTENED = r"^[+-]?\d(\.\d+)?[eE]\+?\d{1,2}$"
"""How Excel shows a long number that it took for a quantity."""
_INSTANTS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y/%m/%d %H:%M:%S",
    "%Y%m%d%H%M%S",
)
_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d")
_SCALES = {"fen": 100, "count": 10_000, "price": 1_000_000}
_MOMENT = pl.Datetime("us")

CAUSES = {
    "row_fault": "整行或单元格读不出",
    "key_missing": "主键或人员编号为空",
    "amount_unreadable": "金额或数量读不出",
    "time_unreadable": "日期或时间读不出",
    "day_impossible": "日期早于职工医保开始的 1999 年，或晚于今天",
    "code_unknown": "代码对不上，需在对照文件中补充",
    "region_unknown": "参保地不是六位区划代码",
    "amounts_missing": "总费用或统筹支付为空",
    "refund_alone": "退费行的原结算不在来表中",
    "refund_of_refund": "退费行又被退费",
    "refund_positive": "退费行的金额是正数，没有冲抵原结算",
    "amount_negative": "冲抵后金额为负",
    "spell_empty": "停保日不晚于参保日，没有一天在参保",
    "settlement_missing": "明细的结算不在来表中",
}
"""Why a row was not taken, by cause."""


@dataclass(frozen=True)
class Readings:
    """A piece of a table as values, and its rows that cannot be used with column and cause.

    Shape:   `rounded` counts amounts with a fraction of a fen, rounded half up.
    """

    frame: pl.DataFrame
    bad: pl.DataFrame
    rounded: int = 0


BAD_SCHEMA = {ROW: pl.Int64, "column": pl.String, "cause": pl.String}


def read_values(frame: pl.DataFrame, forms: dict[str, str], keys: tuple[str, ...]) -> Readings:
    """A piece of a table with national column names as values by their forms.

    Shape:   `frame` has ROW, and perhaps FAULT; `keys` must not be empty in any row.
    Refuses: file_unreadable for a number that was shortened.
    """
    bad = []
    if FAULT in frame.columns:
        faulty = frame.filter(pl.col(FAULT).is_not_null())
        _refuse_lost_cells(faulty[FAULT])
        bad.append(_bad(faulty, pl.lit(True), "整行", "row_fault"))
        frame = frame.filter(pl.col(FAULT).is_null()).drop(FAULT)
    made, rounded = [pl.col(ROW)], 0
    for name, form in forms.items():
        column = frame[name]
        if form in ("person", "key"):
            _refuse_shortened(name, column)
        values, cause = _READERS[form](column)
        made.append(pl.lit(values.alias(name)))
        if cause:
            wrong = _filled(column) & values.is_null()
            bad.append(_bad(frame, pl.lit(wrong), name, cause))
        if form == "fen":
            rounded += _fractions(column)
    result = frame.select(made)
    for key in keys:
        bad.append(_bad(result, pl.col(key).is_null(), key, "key_missing"))
    found = pl.concat(bad, how="vertical") if bad else pl.DataFrame(schema=BAD_SCHEMA)
    found = found.unique(ROW, keep="first", maintain_order=True)
    return Readings(result.join(found, on=ROW, how="anti"), found, rounded)


def _bad(frame: pl.DataFrame, where: pl.Expr, column: str, cause: str) -> pl.DataFrame:
    rows = frame.select(
        pl.col(ROW).cast(pl.Int64),
        pl.lit(column).alias("column"),
        pl.lit(cause).alias("cause"),
        where.alias("wrong"),
    )
    return rows.filter(pl.col("wrong")).drop("wrong")


def texts(column: pl.Series) -> pl.Series:
    """A column as trimmed texts, nothing for empty ones; whole floats without a point."""
    kind = column.dtype
    if kind.is_float():
        rounded = column.round(0)
        whole = rounded.cast(pl.Int64, strict=False).cast(pl.String)
        column = pl.select(
            pl.when(rounded == column).then(whole).otherwise(column.cast(pl.String))
        ).to_series()
    elif kind != pl.String:
        column = column.cast(pl.String)
    column = column.str.strip_chars(" \t\r\n\u3000\ufeff")
    empty = column.is_in(["", "NULL", "null", "\\N"])
    return column.set(empty.fill_null(False), None) if empty.any() else column


def _filled(column: pl.Series) -> pl.Series:
    return texts(column).is_not_null()


def _refuse_shortened(name: str, column: pl.Series) -> None:
    """Refuse the table of a number whose end is lost.

    Refuses: file_unreadable.
    """
    lost, shown = 0, ""
    if column.dtype.is_float():
        wrong = column.filter(column.abs() >= 1e15)
        lost, shown = len(wrong), str(wrong[0]) if len(wrong) else ""
    elif column.dtype == pl.String:
        wrong = column.filter(column.str.contains(SHORTENED).fill_null(False))
        lost, shown = len(wrong), str(wrong[0]) if len(wrong) else ""
    if lost:
        reason = (
            f"{name} 有 {lost} 个编号是 {shown} 这样的数：中间经过 Excel，编号被当作数值，"
            "第 15 位以后（或显示位数以后）的数字已经丢失，无法找回；请从库里重新导出为 CSV 或文本"
        )
        raise Refusal("file_unreadable", "文件", {"value": name, "reason": reason})


def _refuse_lost_cells(faults: pl.Series) -> None:
    """Refuse a sheet in whose cells a number has lost its end.

    Refuses: file_unreadable.
    """
    lost = faults.filter(faults.str.contains("失真"))
    if len(lost):
        column = refusal_of_fault(lost[0]).field
        reason = f"{column} 等 {len(lost)} 行：{refusal_of_fault(lost[0])}；请从库里重新导出"
        raise Refusal("file_unreadable", "文件", {"value": column, "reason": reason})


def _keys(column: pl.Series) -> tuple[pl.Series, str]:
    found = texts(column)
    wide = found.filter(found.str.contains(r"[^\x21-\x7e]").fill_null(False))
    if len(wide):
        found = _mapped(found, narrow)
    return found, ""


def _codes(column: pl.Series) -> tuple[pl.Series, str]:
    return _keys(column)[0].str.replace(r"^(\d+)\.0+$", "$1"), ""


def _codes_of_two(column: pl.Series) -> tuple[pl.Series, str]:
    return _codes(column)[0].str.zfill(2), ""


def _texts(column: pl.Series) -> tuple[pl.Series, str]:
    return texts(column).str.replace_all(r"[\r\n\t]+", " "), ""


def _scaled(column: pl.Series) -> pl.Series:
    if column.dtype.is_numeric():
        return column.cast(pl.Float64)
    plain = texts(column).str.replace_all(",", "", literal=True)
    return plain.cast(pl.Float64, strict=False)


def _numbers(scale: int) -> Callable[[pl.Series], tuple[pl.Series, str]]:
    def read(column: pl.Series) -> tuple[pl.Series, str]:
        # A double holds what has two decimals exactly enough below the bound of any amount.
        scaled = _scaled(column) * scale
        half_up = scaled.sign() * (scaled.abs() + 0.5 + 1e-6).floor()
        inside = half_up.is_finite() & (half_up.abs() <= MAX_FEN * max(1, scale // 100))
        return half_up.set(~inside.fill_null(False), None).cast(pl.Int64), "amount_unreadable"

    return read


def _fractions(column: pl.Series) -> int:
    scaled = _scaled(column) * 100
    return int(((scaled - scaled.round(0)).abs() > 1e-3).fill_null(False).sum())


def _instants(column: pl.Series) -> tuple[pl.Series, str]:
    if isinstance(column.dtype, pl.Datetime):
        if column.dtype.time_zone:
            column = column.dt.convert_time_zone("Asia/Shanghai").dt.replace_time_zone(None)
        return column.cast(_MOMENT), "time_unreadable"
    if column.dtype == pl.Date:
        return column.cast(_MOMENT), "time_unreadable"
    plain = texts(column)
    found = pl.Series(column.name, [None] * len(plain), dtype=_MOMENT)
    for form in (*_INSTANTS, *_DAYS):
        found = _also(found, plain, partial(_of_form, form))
    return _also(found, plain, _slowly), "time_unreadable"


def _also(found: pl.Series, plain: pl.Series, read: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """What one form reads among that which no form before has read."""
    left = found.is_null() & plain.is_not_null()
    if not left.any():
        return found
    if left.all():
        return read(plain).cast(_MOMENT)
    values = read(plain.filter(left)).cast(_MOMENT)
    return found.scatter(left.arg_true(), values)


def _of_form(form: str, column: pl.Series) -> pl.Series:
    if form in _DAYS:
        return column.str.to_date(form, strict=False)
    return column.str.to_datetime(form, strict=False)


def _slowly(column: pl.Series) -> pl.Series:
    def one(text: str) -> object:
        try:
            return instant_of(text).replace(tzinfo=None)
        except (ValueError, OverflowError):
            return None

    read = {text: one(text) for text in column.unique()}
    return pl.Series([read[text] for text in column], dtype=_MOMENT)


def _days(column: pl.Series) -> tuple[pl.Series, str]:
    if column.dtype == pl.Date:
        return column, "time_unreadable"
    return _instants(column)[0].cast(pl.Date), "time_unreadable"


def _months(column: pl.Series) -> tuple[pl.Series, str]:
    """Months as their first day."""
    plain = texts(column)
    if column.dtype == pl.Date or isinstance(column.dtype, pl.Datetime):
        return column.cast(pl.Date).dt.month_start(), "time_unreadable"
    found = (plain + "01").str.to_date("%Y%m%d", strict=False)
    if (found.is_null() & plain.is_not_null()).any():
        found = (_mapped(plain, month_text) + "-01").str.to_date("%Y-%m-%d", strict=False)
    return found, "time_unreadable"


def _wholes(column: pl.Series) -> tuple[pl.Series, str]:
    # Days of supply are often filled with anything: what is no number is unknown.
    return _scaled(column).round(0).cast(pl.Int32, strict=False), ""


def _mapped(column: pl.Series, read: Callable[[str], str]) -> pl.Series:
    values = {text: read(text) for text in column.unique() if text is not None}
    return pl.Series(column.name, [values.get(text) for text in column], dtype=pl.String)


_READERS: dict[str, Callable[[pl.Series], tuple[pl.Series, str]]] = {
    "person": _keys,
    "key": _keys,
    "code": _codes,
    "code2": _codes_of_two,
    "text": _texts,
    "fen": _numbers(_SCALES["fen"]),
    "count": _numbers(_SCALES["count"]),
    "price": _numbers(_SCALES["price"]),
    "day": _days,
    "instant": _instants,
    "month": _months,
    "whole": _wholes,
}
