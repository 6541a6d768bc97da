"""The comparison of areas for policy staff: one page, a workbook, tables.

This module words and lays out; every number comes from `area_comparison`.
"""

import html
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from gongji.law.compile.citations import books_note
from gongji.law.explain.rules_sheet import rules_sheet
from gongji.law.report.picture import NOT_DRAWN, can_draw
from gongji.simulation.area_comparison import AreaComparison, area_tables
from gongji.simulation.reform_report import (
    HEADINGS,
    add_frame,
    html_page,
    population_warnings,
    report_folder,
    table_html,
    write_tables,
)
from gongji.simulation.report_pictures import kinds_picture
from gongji.tabular.handed_on import result_book
from gongji.units import date_of

FILES = ("report.html", "report.xlsx", "tables")
TITLES = {"areas": "各统筹区", "kinds": "按人群（状态和年龄）"}
HINT = (
    "每一格是一类人，横条是各统筹区：统筹支付、补充支付和个人负担，元每人每年。"
    "同一批就诊在每部规则下各结算一遍，不同的只有规则。"
)
TITLE = "同一人群在各统筹区的待遇"


def write_area_report(made: AreaComparison, folder: Path) -> list[Path]:
    """Write the comparison: report.html, report.xlsx, tables/*.parquet.

    Refuses: value_invalid for a folder that holds anything else.
    Ensures: the folder is complete or as it was.
    """
    frames = area_tables(made)
    with report_folder(folder, FILES) as beside:
        (beside / "report.html").write_text(page(made, frames), encoding="utf-8")
        laws = [side.dated.law(side.day) for side in made.sides]
        with result_book(beside / "report.xlsx", rules_sheet(laws)) as book:
            for name, frame in frames.items():
                add_frame(book, TITLES[name], frame)
        write_tables(frames, beside)
    return [folder / name for name in FILES]


def page(made: AreaComparison, frames: Mapping[str, pl.DataFrame]) -> str:
    """The comparison as one page without anything from elsewhere."""
    return html_page(TITLE, "\n".join(_parts(made, frames)))


def _parts(made: AreaComparison, frames: Mapping[str, pl.DataFrame]) -> Iterator[str]:
    population = made.population
    laws = "；".join(f"{side.name} {date_of(side.day)} 有效的规则" for side in made.sides)
    people = f"人群：{population.title}，{population.year} 年，{population.persons:,} 人"
    yield f"<h1>{TITLE}</h1>"
    yield f'<p class="hint">{html.escape(laws)}<br>{html.escape(people)}</p>'
    yield from (f'<p class="warn">{html.escape(said)}</p>' for said in warnings_of(made, frames))
    yield f"<h2>{TITLES['areas']}</h2>"
    yield table_html(frames["areas"])
    yield f"<h2>{TITLES['kinds']}</h2>"
    yield f'<p class="hint">{HINT}</p>'
    yield kinds_picture(frames["kinds"]) if can_draw() else f'<p class="hint">{NOT_DRAWN}</p>'
    yield table_html(frames["kinds"])


def warnings_of(made: AreaComparison, frames: Mapping[str, pl.DataFrame]) -> list[str]:
    """What a reader must know before any number."""
    said = population_warnings(made.population)
    for name, share in frames["areas"].select("area", "unsettled_share").iter_rows():
        if share:
            said.append(f"{name}有 {share:.1%} 的就诊未能结算，按个人负担计。")
    laws = [side.dated.law(side.day) for side in made.sides]
    own = books_note(book for law in laws for book in law.books)
    return [*said, *([f"【自备】{own}"] if own else [])]


assert {"area", "pool_fen", "own_fen", "unsettled_share"} <= HEADINGS.keys()
