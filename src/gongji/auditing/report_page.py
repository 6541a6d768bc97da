"""An audit's report as one HTML page that needs nothing else: no script, no font, no address."""

from collections.abc import Iterable, Sequence
from html import escape

import polars as pl

from gongji.auditing.open_figures import Estimate
from gongji.auditing.own_folder import FolderAudit
from gongji.auditing.report_tables import (
    ReportLine,
    ReportTable,
    aside_lines,
    report_tables,
    unjudged_lines,
    with_money,
)
from gongji.units import show_fen

SHOWN_VISITS, SHOWN_LINES = 20, 60
"""So many visits of a line, and lines of a table; the workbook has all."""
STYLE = """
body{font:15px/1.6 "Noto Sans CJK SC","Microsoft YaHei",sans-serif;
color:#1d2733;margin:0;background:#f4f6f8}
main{max-width:1080px;margin:0 auto;padding:24px}
h1{font-size:24px;margin:8px 0}h2{font-size:18px;margin:28px 0 8px}
.cards{display:flex;flex-wrap:wrap;gap:12px}.card{background:#fff;border:1px solid #dde3e9;
border-radius:8px;padding:12px 18px;min-width:150px}.card b{display:block;font-size:22px}
table{border-collapse:collapse;width:100%;background:#fff}
th,td{padding:5px 9px;border-bottom:1px solid #e6ebf0;text-align:left;vertical-align:top}
th{background:#eaf0f5;font-weight:600}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
summary{cursor:pointer}summary:focus-visible{outline:2px solid #1c6ea4}
.bar{display:inline-block;height:9px;background:#c0504d;vertical-align:middle}.bar.u{background:#4f81bd}
.note{color:#5b6773}details details{margin-left:1em}
"""
Cells = Sequence[str]


def page_of(found: FolderAudit, estimates: Sequence[Estimate], source: str) -> str:
    """The whole report."""
    tables = report_tables(found)
    findings = with_money(found.findings)
    body = [
        f"<h1>实付与规则应付核对：{escape(source)}</h1>",
        f'<p class="note">{escape(found.summary.own_note)}</p>' if found.summary.own_note else "",
        _cards(found),
        _estimates(estimates),
        *(_table(table, findings) for table in tables),
        _plain("未判断的就诊", "原因", aside_lines(found)),
        _plain("不能核对的就诊", "原因", unjudged_lines(found)),
        '<p class="note">原因是能得出实付金额的一种可能，不是结论；多付、少付均指统筹基金。'
        "全部差异见同时写出的工作簿。</p>",
    ]
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>核对报告</title>'
        f"<style>{STYLE}</style></head><body><main>{''.join(body)}</main></body></html>"
    )


def _cards(found: FolderAudit) -> str:
    summary = found.summary
    equal = summary.rows - summary.count - summary.bad
    over = sum(tally.over_fen for tally in summary.causes.values())
    under = sum(tally.under_fen for tally in summary.causes.values())
    share = f"{equal * 10_000 // summary.rows / 100:.2f}%" if summary.rows else "—"
    cards = [
        ("核对的就诊", f"{summary.rows:,}"),
        ("分文不差", f"{equal:,}（{share}）"),
        ("有差异", f"{summary.count:,}"),
        ("多付（元）", show_fen(over)),
        ("少付（元）", show_fen(under)),
        ("不能核对", f"{summary.bad:,}"),
    ]
    inside = "".join(f'<div class="card">{name}<b>{value}</b></div>' for name, value in cards)
    return f'<div class="cards">{inside}</div>'


def _estimates(estimates: Sequence[Estimate]) -> str:
    if not estimates:
        return ""
    rows = [
        (
            f"<code>{escape(one.setting)}</code>" if one.clear else escape(one.parameter),
            "可用" if one.clear else "看不清，请查文件",
            f"{one.agree:,} / {one.rows:,}",
        )
        for one in estimates
    ]
    return (
        "<h2>规则未给出、由数据估计的数字</h2>"
        '<p class="note">取几乎所有行都显示的值，用它重新结算后相符的笔数见右列。是估计，不是依据；'
        "请以文件为准，确认后用 --set 给出再核对。</p>"
        + _rows(("参数", "能否使用", "相符笔数"), rows, (2,))
    )


def _table(table: ReportTable, findings: pl.DataFrame) -> str:
    if not table.lines:
        return f"<h2>{table.title}</h2><p>没有差异。</p>"
    most = max(line.over_fen + line.under_fen for line in table.lines) or 1
    head = (table.of, "就诊", "差异", "多付（元）", "少付（元）", "")
    rows = [
        (
            _opened(table, line, findings),
            f"{line.rows:,}",
            f"{line.differ:,}",
            show_fen(line.over_fen),
            show_fen(line.under_fen),
            f'<span class="bar" style="width:{line.over_fen * 120 // most}px"></span>'
            f'<span class="bar u" style="width:{line.under_fen * 120 // most}px"></span>',
        )
        for line in table.lines[:SHOWN_LINES]
    ]
    more = len(table.lines) - SHOWN_LINES
    note = f'<p class="note">其余 {more} 行见工作簿。</p>' if more > 0 else ""
    return f"<h2>{table.title}</h2>{_rows(head, rows, (1, 2, 3, 4))}{note}"


def _opened(table: ReportTable, line: ReportLine, findings: pl.DataFrame) -> str:
    """A line's name, which opens to its visits."""
    name = escape(line.name)
    if not line.differ:
        return name
    mine = findings.filter(pl.col(table.column).fill_null("") == line.key)
    mine = mine.sort(pl.col("over_fen") + pl.col("under_fen"), descending=True).head(SHOWN_VISITS)
    rows = [
        (
            escape(str(row["person"])),
            escape(str(row["visit"] or "")),
            str(row["date"]),
            str(row["due_pool"]),
            str(row["paid_pool"]),
            f"{escape(row['cause_name'])}：{escape(row['reason'])}"
            f'<br><span class="note">{escape(row["articles"] or "")}</span>',
        )
        for row in mine.iter_rows(named=True)
    ]
    head = ("参保人", "就诊", "日期", "应付", "实付", "说明")
    more = f"<p class=note>共 {line.differ} 笔，金额最大的 {len(rows)} 笔。</p>"
    return (
        f"<details><summary>{name}</summary>{_rows(head, rows, (3, 4))}"
        f"{more if line.differ > len(rows) else ''}</details>"
    )


def _plain(title: str, of: str, lines: Iterable[tuple[str, int]]) -> str:
    rows = [(escape(text), f"{count:,}") for text, count in lines]
    return f"<h2>{title}</h2>{_rows((of, '就诊'), rows, (1,))}" if rows else ""


def _rows(head: Cells, rows: Iterable[Cells], numbers: tuple[int, ...]) -> str:
    def cells(kind: str, texts: Cells) -> str:
        marks = ('class="n"' if at in numbers else "" for at in range(len(texts)))
        return "".join(f"<{kind} {m}>{t}</{kind}>" for m, t in zip(marks, texts, strict=True))

    body = "".join(f"<tr>{cells('td', row)}</tr>" for row in rows)
    return f"<table><thead><tr>{cells('th', head)}</tr></thead><tbody>{body}</tbody></table>"
