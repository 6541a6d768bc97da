"""The report as one HTML page that needs nothing else: leads, pictures, what was not looked at."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from gongji.supervision.finding_book import LEAD_NAMES

STYLE = """
body{font:15px/1.6 "Noto Sans SC","Microsoft YaHei",sans-serif;color:#1d2733;margin:0}
body{background:#f5f7f9}
main{max-width:1100px;margin:0 auto;padding:24px}
h1{font-size:24px}h2{font-size:18px;margin-top:32px;border-bottom:1px solid #d5dde4}
table{border-collapse:collapse;width:100%;background:#fff;font-size:13px}
th,td{padding:6px 8px;border-bottom:1px solid #e4e9ee;text-align:left;vertical-align:top}
th{background:#e8eef4}td.n{text-align:right;white-space:nowrap}
.cards{display:flex;gap:12px;flex-wrap:wrap}
.card{background:#fff;padding:12px 18px;border-radius:6px}
.card b{display:block;font-size:22px}figure{background:#fff;margin:16px 0;padding:12px}
figcaption{color:#50606e;font-size:13px}svg{max-width:100%;height:auto}
details{background:#fff;margin:4px 0;padding:4px 8px}summary{cursor:pointer}
"""
EVIDENCE = 8
"""Findings shown under a lead."""


@dataclass(frozen=True)
class Picture:
    """A drawing with the sentence under it."""

    title: str
    svg: str
    said: str


@dataclass(frozen=True)
class Page:
    """What a page shows."""

    title: str
    figures: Sequence[tuple[str, str]]
    leads: pl.DataFrame
    findings: pl.DataFrame
    pictures: Sequence[Picture]
    tables: Sequence[tuple[str, str, pl.DataFrame]]


def render(page: Page) -> str:
    """The page as HTML."""
    body = [f"<h1>{html.escape(page.title)}</h1>", _cards(page.figures)]
    body.append("<p>线索是应当先看哪里，不是结论；每一条都须核实、听取陈述后再认定。</p>")
    body.append("<h2>线索</h2>")
    body.append(_leads(page.leads, page.findings))
    for picture in page.pictures:
        said = html.escape(picture.said)
        body.append(f"<h2>{html.escape(picture.title)}</h2>")
        body.append(f"<figure>{picture.svg}<figcaption>{said}</figcaption></figure>")
    for title, said, frame in page.tables:
        body.append(f"<h2>{html.escape(title)}</h2><p>{html.escape(said)}</p>{_table(frame)}")
    head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    return (
        f'<!doctype html><html lang="zh-CN"><head>{head}<title>{html.escape(page.title)}</title>'
        f"<style>{STYLE}</style></head><body><main>{''.join(body)}</main></body></html>\n"
    )


def _cards(figures: Sequence[tuple[str, str]]) -> str:
    cards = "".join(
        f'<div class="card">{html.escape(name)}<b>{html.escape(value)}</b></div>'
        for name, value in figures
    )
    return f'<div class="cards">{cards}</div>'


def _cell(value: object) -> str:
    if value is None:
        return "<td></td>"
    if isinstance(value, float):
        return f'<td class="n">{value:,.2f}</td>'
    if isinstance(value, int):
        return f'<td class="n">{value:,}</td>'
    return f"<td>{html.escape(str(value))}</td>"


def _table(frame: pl.DataFrame) -> str:
    head = "".join(f"<th>{html.escape(name)}</th>" for name in frame.columns)
    rows = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in frame.iter_rows())
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _leads(leads: pl.DataFrame, findings: pl.DataFrame) -> str:
    by_subject = _evidence(leads, findings)
    columns = [name for name in LEAD_NAMES if name in leads.columns]
    head = "".join(f"<th>{LEAD_NAMES[name]}</th>" for name in columns)
    rows = []
    for lead in leads.iter_rows(named=True):
        cells = []
        for name in columns:
            value = lead[name] / 100 if name == "money" else lead[name]
            cells.append(_cell(value))
        rows.append(f"<tr>{''.join(cells)}</tr>")
        shown = by_subject.get((lead["source"], lead["unit"], lead["subject"]))
        if shown is not None:
            said = (
                f"<details><summary>证据（前 {len(shown)} 处）</summary>{_table(shown)}</details>"
            )
            rows.append(f'<tr><td></td><td colspan="{len(columns) - 1}">{said}</td></tr>')
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


UNIT_COLUMNS = {"机构": "institution", "医师": "doctor", "参保人": "person", "账户": "person"}


def _evidence(
    leads: pl.DataFrame, findings: pl.DataFrame
) -> dict[tuple[str, str, str], pl.DataFrame]:
    """The dearest findings of each lead of rules."""
    shown: dict[tuple[str, str, str], pl.DataFrame] = {}
    columns = {"day": "日期", "visit": "就诊", "person": "参保人", "rule": "规则"}
    columns |= {"evidence": "证据", "yuan": "元"}
    for unit, column in UNIT_COLUMNS.items():
        mine = leads.filter((pl.col("source") == "规则") & (pl.col("unit") == unit))
        hit = findings.join(mine.select(pl.col("subject").alias(column)), on=column, how="semi")
        ordered = hit.sort("money", "line", descending=[True, False])
        first = ordered.group_by(column, maintain_order=True).head(EVIDENCE)
        first = first.with_columns(yuan=pl.col("money") / 100)
        for (subject,), some in first.group_by(column):
            shown["规则", unit, str(subject)] = some.select(list(columns)).rename(columns)
    return shown
