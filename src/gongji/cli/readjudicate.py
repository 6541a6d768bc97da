"""`gongji readjudicate`: the whole year again, and the differences on command posted."""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gongji.cli import options
from gongji.cli.progress import ProgressBar
from gongji.cli.value_kinds import AREA
from gongji.refusals import Refusal
from gongji.units import show_fen, yuan_text

if TYPE_CHECKING:
    from gongji.settlement.adjustments import Change

COLUMNS = (
    "area",
    "person",
    "settlement",
    "service_date",
    "institution",
    "cause",
    "detail",
    "pool_before",
    "pool_after",
    "supplements_before",
    "supplements_after",
    "deductible_before",
    "deductible_after",
    "difference",
    "payable",
    "receivable",
)
MONEY = frozenset(COLUMNS[7:])
LOT = 500
"""How many rows of the report are written at a time."""
SHOWN = 20
"""How many differences are printed; -o writes all."""


@click.command()
@click.argument("area", type=AREA)
@click.argument("year", type=int)
@click.option("--since", default="", help="只重算这一天（就诊日期）及以后的结算，之前的按现状。")
@click.option("--post", "posting", is_flag=True, help="把差额入账：多付的记应收，少付的记应付。")
@click.option(
    "-o",
    "output",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=options.writable,
    help="逐笔差额写入 .csv、.xlsx 或 .parquet。",
)
@options.json_option
def command(
    area: str, year: int, since: str, posting: bool, output: Path | None, as_json: bool
) -> None:
    """按现在的事实和规则，依原来的结算顺序，把一个统筹区一年的结算重新核算一遍。

    什么都没有变时没有差额。差额按人、按原因（事实变动、规则变动、结算已撤销、前面的结算已撤销或有
    变动）列出；不加 --post 只看不记账。入账后再算一遍没有差额，待审核的标记随之了结。

    \b
    例：
      gongji readjudicate 430500 2024
      gongji readjudicate 430500 2024 --since 2024-07-01 -o differences.xlsx
      gongji readjudicate 430500 2024 --post -o posted.csv
    """
    from gongji.platform.installation import installed_areas, operator, owner_connection
    from gongji.settlement.readjudicate import count_persons, readjudicate
    from gongji.tabular.sheets import Whole

    areas = installed_areas()
    first = _day(since) if since else None
    home = areas.area(area).laws[0].area
    totals = Totals()
    with owner_connection() as connection:
        people = count_persons(connection, home, year)
        report: Any = Whole(output, COLUMNS, MONEY) if output else nullcontext()
        with report, ProgressBar("人", people, not as_json, "重算") as bar:
            changes = readjudicate(
                connection,
                home,
                year,
                areas,
                datetime.now().astimezone(),
                first,
                operator() if posting else None,
                bar.update,
            )
            for lot in _lots(changes, totals):
                if output:
                    report.write(lot)
        _say_bills(connection, home, year, first)
    _say(totals, people, posting, output, as_json)


def _say_bills(connection: Any, area: str, year: int, first: date | None) -> None:
    """Bills on paper are not decided again; of those whose facts moved people are told."""
    from gongji.settlement.paper_bills import moved_bills

    found = moved_bills(connection, area, first or date(year, 1, 1), date(year + 1, 1, 1))
    if found:
        entries = "、".join(str(one.entry) for one in found[:SHOWN])
        told = f"另有 {len(found)} 笔零星报销在支付后事实有变，请经办人员复核：分录 {entries}"
        click.echo(told, err=True)


class Totals:
    """What a run comes to, by cause; and the first differences, for the terminal."""

    def __init__(self) -> None:
        self.by_cause: dict[str, list[int]] = {}
        self.persons: set[int | None] = set()
        self.payable = self.receivable = 0
        self.shown: list[dict[str, str]] = []

    def add(self, change: "Change", row: list[str]) -> None:
        """Count a difference."""
        counted = self.by_cause.setdefault(change.cause, [0, 0])
        counted[0] += 1
        counted[1] += change.net_fen
        self.persons.add(change.root.person)
        self.payable += change.payable_fen
        self.receivable += change.receivable_fen
        if len(self.shown) < SHOWN:
            self.shown.append(dict(zip(COLUMNS, row, strict=True)))


def _lots(changes: "Iterator[Change]", totals: Totals) -> Iterator[list[list[str]]]:
    lot: list[list[str]] = []
    for change in changes:
        row = _row(change)
        totals.add(change, row)
        lot.append(row)
        if len(lot) == LOT:
            yield lot
            lot = []
    yield lot


def _row(change: "Change") -> list[str]:
    root = change.root
    amounts = [
        amount[name]
        for name in ("pool_fen", "supplements_fen", "deductible_fen")
        for amount in (change.before, change.after)
    ]
    amounts += [change.net_fen, change.payable_fen, change.receivable_fen]
    return [
        root.area,
        change.person,
        str(root.id),
        str(root.service_date),
        root.institution,
        change.cause,
        change.detail,
        *map(yuan_text, amounts),
    ]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal(
            "value_invalid", "--since", {"value": text, "allowed": "YYYY-MM-DD"}
        ) from None


def _say(totals: Totals, people: int, posting: bool, output: Path | None, as_json: bool) -> None:
    from gongji.law.report.text_tables import print_table

    count = sum(number for number, _ in totals.by_cause.values())
    if as_json:
        body = {
            "persons": people,
            "persons_differing": len(totals.persons),
            "differences": count,
            "by_cause": {
                cause: {"settlements": number, "difference": yuan_text(net)}
                for cause, (number, net) in totals.by_cause.items()
            },
            "payable": yuan_text(totals.payable),
            "receivable": yuan_text(totals.receivable),
            "posted": posting,
            "first": totals.shown,
        }
        click.echo(json.dumps(body, ensure_ascii=False, indent=1))
        return
    if not count:
        click.echo(f"重新核算 {people} 人，没有差额")
        return
    if output is None:
        heads = ("人员", "结算", "就诊日期", "原因", "说明", "差额（元）")
        names = ("person", "settlement", "service_date", "cause", "detail", "difference")
        print_table(heads, [tuple(row[name] for name in names) for row in totals.shown])
    for cause, (number, net) in totals.by_cause.items():
        click.echo(f"{cause}：{number} 笔，基金应多付 {show_fen(net)} 元")
    done = "已入账" if posting else "未入账（加 --post 入账）"
    click.echo(
        f"重新核算 {people} 人，{len(totals.persons)} 人有差额；"
        f"应付个人 {show_fen(totals.payable)} 元，应收个人 {show_fen(totals.receivable)} 元，{done}"
    )
    if output:
        click.echo(f"逐笔差额写入 {output}")
