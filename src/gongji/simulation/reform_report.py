"""A reform's report for policy staff: one page that needs nothing beside it, a workbook, tables.

It says first what is uncertain: whether the population met its targets, what could not be settled.
This module words and lays out; every number comes from `outcome_tables`.
"""

import html
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import polars as pl

from gongji.law.explain.rules_sheet import rules_sheet
from gongji.law.report.picture import NOT_DRAWN, can_draw
from gongji.refusals import Refusal
from gongji.simulation import report_pictures
from gongji.simulation.html_tables import html_table
from gongji.simulation.outcome_tables import tables
from gongji.simulation.populations import Population
from gongji.simulation.reforms import Reform, differences, write_reform
from gongji.simulation.simulate import ReformOutcome
from gongji.tabular.frame_sheets import frame_sheet
from gongji.tabular.handed_on import ResultBook, result_book
from gongji.tabular.whole_files import under_way
from gongji.units import FEN_PER_YUAN, date_of

HEADINGS = {
    "line": "情形",
    "visits": "就诊次数",
    "total_fen": "总费用（元）",
    "pool_base_fen": "统筹支出·现行（元）",
    "pool_reform_fen": "统筹支出·改革（元）",
    "pool_change_fen": "统筹支出增减（元）",
    "supplements_change_fen": "补充支付增减（元）",
    "low_fen": "90%区间下限（元）",
    "high_fen": "90%区间上限（元）",
    "pool_change_share": "增减幅度",
    "low_share": "下限",
    "high_share": "上限",
    "own_base_fen": "个人负担·现行（元）",
    "own_reform_fen": "个人负担·改革（元）",
    "source": "依据",
    "benefit": "待遇",
    "level": "医院级别",
    "status": "参保状态",
    "age": "年龄",
    "month": "月份",
    "tenth": "按费用分十组",
    "persons": "人数",
    "own_share_base": "负担占费用·现行",
    "own_share_reform": "负担占费用·改革",
    "mean_change_fen": "人均负担增减（元）",
    "gainers": "受益人数",
    "losers": "受损人数",
    "class": "类别",
    "share": "占比",
    "own_change_fen": "个人负担增减（元）",
    "burden": "个人负担",
    "persons_reform": "人数·改革",
    "persons_change": "人数增减",
    "law": "规则",
    "ceiling_fen": "年度最高支付（元）",
    "deductible_fen": "起付标准承担（元）",
    "credit_fen": "全年划入（元）",
    "spent_fen": "当年划入可支付（元）",
    "left_fen": "当年结余（元）",
    "beyond_fen": "划入不足支付（元）",
    "year": "年度",
    "outpatient_fen": "门诊统筹支出（元）",
    "income_fen": "统筹收入（元）",
    "other_fen": "其他统筹支出（元）",
    "stock_fen": "年末累计结存（元）",
    "kind": "人群",
    "all_persons": "全部人数",
    "loss_fen": "受损金额（元）",
    "mean_loss_fen": "受损者人均（元）",
    "most_loss_fen": "最多一人（元）",
    "loss": "年负担增加",
    "soften_fen": "补足至该数所需（元）",
    "target": "项目",
    "wanted": "目标",
    "found": "实得",
    "missed": "相差",
    "met": "达到",
    "sureness": "把握",
    "open": "规则留有空缺的次数",
    "bad": "无法读取的次数",
    "area": "统筹区",
    "pool_fen": "统筹支付（元）",
    "supplements_fen": "补充支付（元）",
    "own_fen": "个人负担（元）",
    "mean_pool_fen": "人均统筹支付（元）",
    "mean_own_fen": "人均个人负担（元）",
    "pool_share": "统筹支付占费用",
    "unsettled_share": "未能结算的占比",
}
TITLES = {
    "lines": "三种情形",
    "benefit": "按待遇",
    "level": "按医院级别（机构收入）",
    "status": "按参保状态",
    "age": "按年龄",
    "month": "按月份",
    "tenths": "个人负担（按费用分十组）",
    "classes": "谁受益，谁受损",
    "heavy": "负担较重的人",
    "ceilings": "离最高支付限额多远",
    "deductible": "起付标准的作用",
    "accounts": "个人账户",
    "fund": "统筹基金逐年",
    "losers_age": "受损者：按年龄",
    "losers_disease": "受损者：按病种",
    "thresholds": "受损超过一定数额的人，和补足所需",
    "targets": "人群的校准",
    "unsettled": "未能结算的就诊",
}
HINTS = {
    "lines": "“不计行为”假定就诊不变；其余两种按弹性改变次数与次均费用，区间只含抽样的不确定。",
    "classes": "按个人全年负担（总费用减统筹和补充支付）的变化分类；以负担的 5% 为界。",
    "ceilings": "刚好在限额之下的人多，说明限额在左右就诊；达到限额的人此后全部自付。",
    "accounts": "按当年划入估算，未计历年结余和家庭共济。",
    "fund": "费用逐年增长后按两部规则重新结算；限额不随之增长。收入与其他支出按假定增长。",
    "thresholds": "“补足所需”是把每人的损失补到不超过该数额要花的钱。",
    "unsettled": "这些就诊按统筹未支付计；给出缺少的参数（--set）后再算才完整。",
}
STYLE = """
body{font-family:"Noto Sans CJK SC","Source Han Sans SC","Microsoft YaHei","PingFang SC",sans-serif;
 color:#2b2b2b;max-width:78rem;margin:2rem auto;padding:0 1rem;line-height:1.6}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.2rem;border-bottom:1px solid #e4e4e4}
table{border-collapse:collapse;font-size:.85rem;margin:.8rem 0;display:block;overflow-x:auto}
th,td{padding:.25rem .6rem;border-bottom:1px solid #e4e4e4;text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left;white-space:nowrap!important}td.text{text-align:left;white-space:normal}
.warn{background:#fdf1e3;border-left:4px solid #d9822b;padding:.5rem .9rem;margin:.6rem 0}
.point{font-size:1.05rem}.hint{color:#6b6b6b;font-size:.85rem}svg{max-width:100%;height:auto}
@media print{body{max-width:none}h2{break-after:avoid}table,svg{break-inside:avoid}}
"""
FILES = ("report.html", "report.xlsx", "tables", "reform.yaml")
INPATIENT = (
    "住院另列，不计入以上任何数字：门诊统筹推出后，"
    "职工住院概率曾下降约 4.6%，门诊概率上升约 37.3%，"
    "总费用没有下降（66 个城市的研究）。不应据此预期住院会省下多少钱。"
)


@dataclass(frozen=True)
class ReportParts:
    """What a report shows: tables and pictures by name, and what the reform invites."""

    frames: Mapping[str, pl.DataFrame]
    pictures: Mapping[str, str]
    invited: Sequence[str] = ()


def report_parts(outcome: ReformOutcome, invited: Sequence[str] = ()) -> ReportParts:
    """Every table and picture of an outcome.

    Shape:   `invited` sentences on what the reform invites (`incentives.told`).
    """
    frames = tables(outcome)
    return ReportParts(frames, pictures(frames), invited)


def write_report(
    outcome: ReformOutcome, reform: Reform, folder: Path, parts: ReportParts
) -> list[Path]:
    """Write the report: report.html, report.xlsx, tables/*.parquet, reform.yaml.

    Refuses: value_invalid for a folder that holds anything else.
    Ensures: the folder is complete or as it was.
    """
    with report_folder(folder, FILES) as beside:
        (beside / "report.html").write_text(page(outcome, reform, parts), encoding="utf-8")
        _workbook(outcome, parts.frames, beside / "report.xlsx")
        write_tables(parts.frames, beside)
        write_reform(beside / "reform.yaml", reform)
    return [folder / name for name in FILES]


def write_tables(frames: Mapping[str, pl.DataFrame], folder: Path) -> None:
    """Write tables/*.parquet into a folder."""
    (folder / "tables").mkdir()
    for name, frame in frames.items():
        if frame.width:
            frame.write_parquet(folder / "tables" / f"{name}.parquet")


@contextmanager
def report_folder(folder: Path, files: Sequence[str]) -> Iterator[Path]:
    """Where a report is written, beside its place, which it takes when that has ended well.

    Refuses: value_invalid for a folder that holds anything but such files.
    Ensures: the folder is complete or as it was.
    """
    check_folder(folder, files)
    beside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        with under_way(beside, folder):
            yield beside
            _swap(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def check_folder(folder: Path, files: Sequence[str] = FILES) -> None:
    """A folder that is not there, is empty, or holds an earlier report of such files.

    Refuses: value_invalid.
    """
    others = {path.name for path in folder.iterdir()} - set(files) if folder.is_dir() else set()
    if others:
        allowed = f"新的目录，或只有报告的目录；这里还有 {'、'.join(sorted(others)[:3])}"
        raise Refusal("value_invalid", "-o", {"value": str(folder), "allowed": allowed})


def _swap(made: Path, folder: Path) -> None:
    """Put a finished folder in the place of an earlier one of ours."""
    if folder.exists():
        before = made.with_name(f"{made.name}.before")
        os.replace(folder, before)
        os.replace(made, folder)
        shutil.rmtree(before)
    else:
        os.replace(made, folder)


def page(outcome: ReformOutcome, reform: Reform, parts: ReportParts) -> str:
    """The report as one page without anything from elsewhere."""
    frames, drawn = parts.frames, parts.pictures
    place = outcome.base.area.laws[0].place
    title = f"{place}职工门诊共济：{reform.name or '改革'}的测算"
    lines = [f"<h1>{html.escape(title)}</h1>", *_beginning(outcome, reform, frames)]
    lines += _differences(outcome)
    if not drawn:
        lines.append(f'<p class="hint">{NOT_DRAWN}</p>')
    for name, frame in frames.items():
        if not frame.width or not len(frame) or name in ("lines", "unsettled"):
            continue
        lines.append(f"<h2>{TITLES[name]}</h2>")
        if name in HINTS:
            lines.append(f'<p class="hint">{HINTS[name]}</p>')
        if name in drawn:
            lines.append(drawn[name])
        lines.append(table_html(frame))
        if name == "fund":
            lines += [f"<p>{html.escape(said)}</p>" for said in short_of_money(frame)]
    if parts.invited:
        items = "".join(f"<li>{html.escape(said)}</li>" for said in parts.invited)
        lines.append(f"<h2>改革引出的打算</h2><ol>{items}</ol>")
    lines.append(f'<h2>住院</h2><p class="point">{INPATIENT}</p>')
    return html_page(title, "\n".join(lines))


def html_page(title: str, body: str) -> str:
    """A page of a title and a body, with the style of reports in it."""
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{STYLE}</style>'
    return f'<!doctype html><html lang="zh-CN"><head>{head}</head><body>{body}</body></html>\n'


def _beginning(
    outcome: ReformOutcome, reform: Reform, frames: Mapping[str, pl.DataFrame]
) -> Iterator[str]:
    population = outcome.population
    laws = (
        f"现行：{date_of(outcome.base.day)} 有效的规则；改革：{outcome.reform.name}"
        f"（以 {date_of(outcome.reform.day)} 有效的规则为基础）"
    )
    people = (
        f"人群：{population.title}，{population.year} 年，{population.persons:,} 人"
        f"（代表 {population.represented:,} 人）"
    )
    yield f'<p class="hint">{html.escape(laws)}<br>{html.escape(people)}</p>'
    if reform.reason:
        yield f"<p>{html.escape(reform.reason)}</p>"
    yield from (f'<p class="warn">{html.escape(said)}</p>' for said in warnings_of(outcome))
    yield from (f'<p class="point">{html.escape(said)}</p>' for said in points(frames))
    yield f"<h2>{TITLES['lines']}</h2>"
    yield f'<p class="hint">{HINTS["lines"]}</p>'
    lines = frames["lines"]
    yield table_html(lines.drop("source"))
    for name, source in lines.select("line", "source").iter_rows():
        yield f'<p class="hint">{html.escape(name)}：{html.escape(source)}</p>'


def warnings_of(outcome: ReformOutcome) -> list[str]:
    """What a reader must know before any number."""
    tally = outcome.tally
    said = population_warnings(outcome.population)
    for name, law in (("现行", 0), ("改革", 1)):
        if tally.open[law] + tally.bad[law]:
            share = (tally.open[law] + tally.bad[law]) / max(int(tally.visits.sum()), 1)
            why = "规则留有空缺的数字或无法读取"
            said.append(f"{name}规则下有 {share:.1%} 的就诊未能结算（{why}）。{HINTS['unsettled']}")
    for side in (outcome.base, outcome.reform):
        marks = {book.source for book in side.area.laws[0].books} - {"官方"}
        if marks:
            said.append(f"“{side.name}”所依据的文件中有的数字：{'、'.join(sorted(marks))}。")
    return list(dict.fromkeys(said))


def population_warnings(population: Population) -> list[str]:
    """What a reader must know of a population before any number."""
    said = []
    if population.made_up and not population.calibrated:
        missed = [one.name for one in population.targets if not one.met]
        said.append(
            f"未校准：人群有 {len(missed)} 项与目标相差超过 2%（{'、'.join(missed[:6])}）。"
        )
    if population.made_up:
        said.append("人群是虚构的，按公布或假定的数字校准，逐项见文末；结果用于比较，不是预算。")
    return said


def points(frames: Mapping[str, pl.DataFrame]) -> Iterator[str]:
    """The answer in a few sentences."""
    lines = frames["lines"]
    for row in lines.iter_rows(named=True):
        yield (
            f"{row['line']}：统筹支出{_more(row['pool_change_fen'])}，"
            f"即 {row['pool_change_share']:+.2%}"
            f"（90% 区间 {row['low_share']:+.2%} 至 {row['high_share']:+.2%}）。"
        )
    classes = frames["classes"]
    shares = dict(zip(classes["class"].to_list(), classes["share"].to_list(), strict=True))
    names = list(shares)
    gain, lose = (sum(shares[name] or 0 for name in pair) for pair in (names[:2], names[3:]))
    yield f"不计行为时，{gain:.1%} 的人负担减轻，{lose:.1%} 的人负担加重。"


def _more(fen: int) -> str:
    word = "增加" if fen >= 0 else "减少"
    return f"{word} {abs(fen) / FEN_PER_YUAN:,.2f} 元"


def short_of_money(frame: pl.DataFrame) -> Iterator[str]:
    """When the pool runs short under each line."""
    if "stock_fen" not in frame.columns:
        return
    last = frame["year"].to_list()[-1]
    for name in frame["line"].unique(maintain_order=True):
        own = frame.filter((pl.col("line") == name) & (pl.col("stock_fen") < 0))
        if len(own):
            yield f"{name}：{own['year'].to_list()[0]} 年累计结存用完。"
        else:
            yield f"{name}：至 {last} 年累计结存没有用完。"


def _differences(outcome: ReformOutcome) -> Iterator[str]:
    rows = differences(outcome.base, outcome.reform)
    yield "<h2>规则逐条对照</h2>"
    if not rows:
        yield "<p>两部规则没有不同。</p>"
        return
    cells = [
        (
            row.mark,
            f"{row.subject} {row.item}",
            "，".join(f"{fact}：{value}" for fact, value in row.where),
            row.left or "—",
            row.right or "—",
            row.right_articles or row.left_articles,
        )
        for row in rows
    ]
    heads = ("异同", "规定", "条件", "现行", "改革", "依据")
    yield html_table(heads, cells, [True] * len(heads))


def pictures(frames: Mapping[str, pl.DataFrame]) -> dict[str, str]:
    """Each table's picture, by the table's name; none where none can be drawn."""
    if not can_draw():
        return {}
    cells = ("pool_base_fen", "pool_reform_fen")
    made: dict[str, Callable[[], str]] = {
        name: partial(report_pictures.pairs_picture, frames[name], name, cells, "万元")
        for name in ("level", "age", "month")
    }
    shares = ("own_share_base", "own_share_reform")
    made["tenths"] = lambda: report_pictures.pairs_picture(frames["tenths"], "tenth", shares, "%")
    made["classes"] = lambda: report_pictures.classes_picture(frames["classes"])
    if len(frames["ceilings"]):
        made["ceilings"] = lambda: report_pictures.ceilings_picture(frames["ceilings"])
    fund = frames["fund"]
    if fund["year"].n_unique() > 1:
        column = "stock_fen" if "stock_fen" in fund.columns else "outpatient_fen"
        made["fund"] = lambda: report_pictures.fund_picture(fund, column)
    return {name: draw() for name, draw in made.items()}


def table_html(frame: pl.DataFrame) -> str:
    """A table of a frame, its headings in Chinese, amounts in yuan."""
    heads = [HEADINGS.get(name, name) for name in frame.columns]
    rows = [list(map(shown, frame.columns, row)) for row in frame.iter_rows()]
    return html_table(heads, rows, [kind == pl.String for kind in frame.dtypes])


def shown(name: str, value: object) -> str:
    """A value as people read it."""
    if value is None:
        return "少于5人，不列" if name != "source" else ""
    if name.endswith("_fen") and isinstance(value, int):
        return f"{value / FEN_PER_YUAN:,.2f}"
    if isinstance(value, float):
        return f"{value:,.4g}" if name in ("wanted", "found") else f"{value:.2%}"
    if isinstance(value, int) and name != "year":
        return f"{value:,}"
    return str(value)


def in_yuan(frame: pl.DataFrame) -> pl.DataFrame:
    """A frame with Chinese headings and amounts in yuan."""
    money = [name for name in frame.columns if name.endswith("_fen")]
    yuan = frame.with_columns((pl.col(name) / FEN_PER_YUAN).round(2) for name in money)
    return yuan.rename({name: HEADINGS.get(name, name) for name in frame.columns})


def _workbook(outcome: ReformOutcome, frames: Mapping[str, pl.DataFrame], path: Path) -> None:
    laws = [side.dated.law(side.day) for side in (outcome.base, outcome.reform)]
    with result_book(path, rules_sheet(laws)) as book:
        for name, frame in frames.items():
            if frame.width:
                add_frame(book, TITLES[name], frame)


def add_frame(book: ResultBook, title: str, frame: pl.DataFrame) -> None:
    """Add a table to a workbook, its headings in Chinese, amounts in yuan."""
    heads = {one: HEADINGS.get(one, one) for one in frame.columns}
    money = [heads[one] for one in frame.columns if one.endswith("_fen")]
    shares = [heads[one] for one in frame.columns if "share" in one]
    title = title[:28].replace("：", " ").replace("，", " ")
    book.add(frame_sheet(title, in_yuan(frame), money, shares))
