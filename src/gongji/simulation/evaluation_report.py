"""What became of a reform, for policy staff: one page, a workbook.

This module words and lays out; every number comes from `before_after`.
"""

import html
from collections.abc import Iterator
from pathlib import Path

import polars as pl

from gongji.simulation.before_after import MONTH, SMALL, Evaluation, MonthFigure, MonthsChange
from gongji.simulation.html_tables import html_table
from gongji.simulation.reform_report import STYLE
from gongji.simulation.report_pictures import months_picture
from gongji.tabular.frame_sheets import frame_sheet
from gongji.tabular.handed_on import result_book
from gongji.tabular.whole_files import appearing, write_whole

PAGE, BOOK = "report.html", "report.xlsx"
HEADS = ("指标", "之前", "之后", "变化", "对照地区同期", "扣除对照后", "无事月份有同样大的变化")
COLUMNS = {
    MONTH: "月份",
    "area": "地区",
    "visits": "就诊次数",
    "people": "就诊人数",
    "insured": "参保人数",
    "low_visits": "基层就诊次数",
    "shop_visits": "药店就诊次数",
    "total_fen": "总费用（元）",
    "pool_fen": "统筹支付（元）",
    "own_fen": "个人负担（元）",
}


def write_evaluation(made: Evaluation, folder: Path, title: str) -> list[Path]:
    """Write report.html and report.xlsx into a folder; each appears whole."""
    folder.mkdir(exist_ok=True)
    write_whole(folder / PAGE, page(made, title).encode())
    with appearing(folder / BOOK) as beside:
        _workbook(made, beside)
    return [folder / PAGE, folder / BOOK]


def sentences(made: Evaluation) -> Iterator[str]:
    """The answer in a few sentences."""
    way = "与上一年同月相比" if made.season else "与此前各月相比（未满一年，季节的影响没有扣除）"
    yield f"{made.day:%Y年%m月}起 {len(made.after)} 个月，{way}："
    for one in made.findings:
        figures = f"{_level(one.indicator, one.before)}到{_level(one.indicator, one.after)}"
        said = f"{one.indicator.name}：{figures}，{_signed(one.indicator, one.change)}"
        if one.beyond is not None:
            said += f"；扣除对照地区同期的变化后{_signed(one.indicator, one.beyond)}"
        if one.tried:
            said += f"（此前 {one.tried} 个没有改革的月份中，{one.as_large} 个有同样大的变化）"
        yield said + "。"


def page(made: Evaluation, title: str) -> str:
    """The page, with nothing from elsewhere."""
    told = list(sentences(made))
    parts = [f"<h1>{html.escape(title)}</h1>"]
    parts += [f'<p class="point">{html.escape(said)}</p>' for said in told]
    if len(made.months) == 1:
        parts.append(
            '<p class="warn">没有对照地区：同期别处也有的变化（物价、流感、其他政策）都算在内。</p>'
        )
    parts.append(html_table(HEADS, [_row(one) for one in made.findings]))
    for one in made.findings:
        parts.append(f"<h2>{html.escape(one.indicator.name)}（{one.indicator.unit}）</h2>")
        parts.append(months_picture(made, one.indicator))
    parts.append("<h2>逐月</h2>")
    frame = monthshtml_table(made)
    parts.append(html_table(tuple(frame.columns), [tuple(map(_cell, row)) for row in frame.rows()]))
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style>'
    body = "\n".join(parts)
    return f'<!doctype html><html lang="zh-CN"><head>{head}</head><body>{body}</body></html>\n'


def monthshtml_table(made: Evaluation) -> pl.DataFrame:
    """All months of all areas in yuan, months of fewer than five persons without figures."""
    frames = [
        frame.with_columns(pl.lit(name).alias("area")).select(list(COLUMNS))
        for name, frame in made.months.items()
    ]
    whole = pl.concat(frames)
    hidden = pl.col("people") < SMALL
    figures = [name for name in COLUMNS if name not in (MONTH, "area", "insured")]
    whole = whole.with_columns(
        pl.when(hidden).then(None).otherwise(pl.col(name)).alias(name) for name in figures
    )
    whole = whole.with_columns((pl.col("^.*_fen$") / 100).round(2))
    return whole.rename(COLUMNS)


def _row(one: MonthsChange) -> tuple[str, ...]:
    kind = one.indicator
    others = "—" if one.others is None else _signed(kind, one.others)
    beyond = "—" if one.beyond is None else _signed(kind, one.beyond)
    chance = f"{one.as_large} / {one.tried}" if one.tried else "—"
    figures = _level(kind, one.before), _level(kind, one.after)
    return kind.name, *figures, _signed(kind, one.change), others, beyond, chance


def _level(one: MonthFigure, value: float) -> str:
    return f"{value:,.2f}{one.unit}"


def _signed(one: MonthFigure, value: float) -> str:
    return f"{value:+.2f} 个百分点" if one.share else f"{value:+.2%}"


def _cell(value: object) -> str:
    if value is None:
        return f"少于{SMALL}人，不列"
    return f"{value:,}" if isinstance(value, int | float) else str(value)[:7]


def _workbook(made: Evaluation, path: Path) -> None:
    rows = [dict(zip(HEADS, _row(one), strict=True)) for one in made.findings]
    months = monthshtml_table(made)
    with result_book(path) as book:
        book.add(frame_sheet("前后对照", pl.DataFrame(rows)))
        money = [name for name in months.columns if name.endswith("（元）")]
        book.add(frame_sheet("逐月", months, money))
