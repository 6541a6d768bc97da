"""`gongji ledger`: verify, statement, trial balance, seals and the closing of months."""

import csv
import io
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
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
    from gongji.ledger.found_differences import Difference
    from gongji.ledger.seals import Seal
    from gongji.ledger.statement import InstitutionStatement, PersonStatement
    from gongji.tabular.handed_on import Kind

PERSON_KINDS: "tuple[Kind, ...]" = (
    *("text", "day", "text", "text", "text", "text", "money", "balance", "text"),
)
INSTITUTION_KINDS: "tuple[Kind, ...]" = (
    *("day", "text", "text", "money", "money", "money", "money", "money", "money", "money"),
    "balance",
)
"""What the columns of the statements of a person and of an institution are in a workbook."""
SHOWN = 50
"""How many differences are printed; --json gives all."""
FORMATS = ("text", "csv", "xlsx", "json")
WORDS = {
    "amounts": "结算金额与分录",
    "mirror": "冲销与原结算",
    "meter": "累计",
    "limit": "累计与限额",
    "balance": "余额",
    "trial": "试算",
    "posting": "分录与过账",
    "papers": "结算与凭据",
    "seal": "封存",
    "trail": "留痕",
    "replay": "重算",
}

ACCOUNTS = {
    "pool": "统筹基金",
    "supplement": "补充资金",
    "account": "个人账户",
    "provider": "医药机构",
    "receivable": "应收个人",
    "payable": "应付个人",
    "opening": "期初",
    "contribution": "缴费",
    "interest": "利息",
    "transfer": "转移",
    "inheritance": "继承",
    "bank_spending": "支出户",
    "bank_treasury": "财政专户",
    "bank_income": "收入户",
}


@click.group(name="ledger")
@options.json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """账簿：核对、对账单、试算平衡、封存、关闭账期。

    \b
    例：
      gongji ledger verify --area 430500 --replay
      gongji ledger statement --person 43050000000000000001 --from 2025-01-01 --to 2025-12-31
      gongji ledger statement --institution H43050000001 --from 2025-03-01 --to 2025-03-31
      gongji ledger trial --date 2025-03-31
      gongji ledger seal --copy /mnt/other/seals.jsonl
      gongji ledger close 430500 2025-03
    """
    context.obj = as_json


@contextmanager
def _bar(total: int, unit: str, quiet: bool) -> Iterator[Callable[[int], None]]:
    with ProgressBar(unit, total, not quiet) as bar:
        yield bar.update


def _copy_option(words: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The option that names a copy of the seals."""
    kind = click.Path(dir_okay=False, path_type=Path)
    return click.option("--copy", type=kind, help=words)


@command.command()
@click.option(
    "--area",
    default="",
    help="只核对一个统筹区；不给则全部。",
    type=AREA,
)
@click.option("--replay", "again", is_flag=True, help="按存下的事实逐笔重算，逐分比较。")
@_copy_option("与这份封存副本比较；不给则用 GONGJI_SEALS。")
@options.json_option
@click.pass_obj
def verify(outer: bool, area: str, again: bool, copy: Path | None, as_json: bool) -> int:
    """由分录重建累计与余额，逐项与现存的比较，再与就诊、明细、报文和封存核对；有不符则退出码为 1。

    \b
    成套删除的账只有库外的封存副本能查出：用 ledger seal --copy 或 GONGJI_SEALS 留一份。

    \b
    例：
      gongji ledger verify --replay
      gongji ledger verify --area 430500 --copy /mnt/other/seals.jsonl
    """
    from gongji.gateway.transactions import MOVE_MONEY
    from gongji.ledger.seal_copies import verify_copy
    from gongji.ledger.seals import verify_seals
    from gongji.ledger.trail_seals import verify_trail
    from gongji.ledger.verify import Scope, extent
    from gongji.ledger.verify import verify as differences
    from gongji.platform.environment import environment
    from gongji.platform.installation import installed_law, owner_connection
    from gongji.settlement.replay import replay
    from gongji.settlement.verify_papers import verify_papers

    as_json = as_json or outer
    scope = Scope(area)
    copy = copy or environment().seals
    found: list[Difference] = []
    with owner_connection() as connection:
        with _bar(extent(connection), "项", as_json) as progress:
            found += differences(connection, scope, progress)
        found += verify_papers(connection, MOVE_MONEY, scope)
        with connection.transaction():
            found += verify_seals(connection, area)
            found += [] if area else verify_trail(connection)
        if copy:
            found += verify_copy(connection, copy, area)
        if again:
            row = connection.execute("select coalesce(max(id), 0) from person").fetchone()
            with _bar(row[0] if row else 0, "人", as_json) as progress:
                found += replay(connection, installed_law(), scope, progress)
        counted = connection.execute(
            "select count(*), count(*) filter (where kind = 'settlement') from entry"
            " where %(area)s = '' or area = %(area)s",
            {"area": area},
        ).fetchone()
    assert counted
    if as_json:
        body = {
            "entries": counted[0],
            "settlements": counted[1],
            "differences": [asdict(each) for each in found],
        }
        click.echo(json.dumps(body, ensure_ascii=False, indent=1))
    else:
        more = "，已逐笔重算" if again else ""
        say_differences(found, f"{counted[0]} 笔分录（结算 {counted[1]} 笔{more}）")
    return 1 if found else 0


def say_differences(found: "list[Difference]", whole: str) -> None:
    """Say what a verification found in what was looked at as a `whole`."""
    from gongji.law.report.text_tables import print_table

    if not found:
        click.echo(f"账簿核对相符：{whole}")
        return
    rows = [
        (
            WORDS[each.check],
            each.area,
            each.person or "",
            str(each.entry or ""),
            each.what,
            each.kept,
            each.rebuilt,
        )
        for each in found[:SHOWN]
    ]
    print_table(("核对项", "统筹区", "人员", "分录", "项目", "账上", "应为"), rows)
    more = f"（列出前 {SHOWN} 处，全部见 --json）" if len(found) > SHOWN else ""
    click.echo(f"核对 {whole}，有 {len(found)} 处不符{more}", err=True)


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Refusal("value_invalid", name, {"value": text, "allowed": "YYYY-MM-DD"}) from None


def _month(text: str) -> date:
    """The first day of a month."""
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise Refusal("value_invalid", "账期", {"value": text, "allowed": "YYYY-MM"}) from None


@command.command()
@click.option("--person", default="", help="参保人的人员编号（psn_no）。")
@click.option("--institution", default="", help="定点医药机构代码。")
@click.option("--from", "since", required=True, help="第一天（记账日期，YYYY-MM-DD）。")
@click.option("--to", "until", required=True, help="最后一天，含当天。")
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="输出格式。")
@click.option(
    "-o", "output", type=click.Path(dir_okay=False, path_type=Path), help="写入文件；xlsx 必须给。"
)
@options.json_option
@click.pass_obj
def statement(
    outer: bool,
    person: str,
    institution: str,
    since: str,
    until: str,
    form: str,
    output: Path | None,
    as_json: bool,
) -> None:
    """一个人或一家机构在一段时间的对账单：期初、逐笔（逐日）、期末。

    \b
    例：
      gongji ledger statement --person 43050000000000000001 --from 2025-01-01 --to 2025-12-31
      gongji ledger statement --institution H43050000001 --from 2025-03-01 --to 2025-03-31 \\
        --format xlsx -o 对账单.xlsx
    """
    from gongji.ledger.statement import of_institution, of_person
    from gongji.platform.installation import owner_connection

    if bool(person) == bool(institution):
        raise Refusal("field_missing", "--person 或 --institution（二者给一）")
    if form == "xlsx" and output is None:
        raise Refusal("field_missing", "-o（xlsx 写入文件）")
    form = "json" if as_json or outer else form
    days = _day(since, "--from"), _day(until, "--to")
    made: PersonStatement | InstitutionStatement
    with owner_connection() as connection:
        if person:
            made = of_person(connection, person, *days)
            title, rows = _person_rows(made)
        else:
            made = of_institution(connection, institution, *days)
            title, rows = _institution_rows(made)
    if form == "json":
        text = json.dumps(_masked(asdict(made)), ensure_ascii=False, indent=1, default=str) + "\n"
    elif form == "csv":
        text = _csv(rows)
    elif form == "xlsx":
        assert output
        _xlsx(output, title, rows, PERSON_KINDS if person else INSTITUTION_KINDS)
        click.echo(f"对账单写入 {output}")
        return
    else:
        text = _text(title, rows)
    if output:
        output.write_text(text, encoding="utf-8-sig" if form == "csv" else "utf-8")
        click.echo(f"对账单写入 {output}")
    else:
        click.echo(text, nl=False)


def _masked(body: dict[str, Any]) -> dict[str, Any]:
    """A statement as it may be written: the person is named no further than in its title."""
    from gongji.platform.identity import mask_name, mask_number

    if "psn_no" not in body:
        return body
    return body | {"name": mask_name(body["name"]), "psn_no": mask_number(body["psn_no"])}


def _person_rows(made: "PersonStatement") -> tuple[str, list[list[str]]]:
    from gongji.ledger.statement import ACCOUNTS
    from gongji.platform.identity import mask_name, mask_number

    head = ["账户", "日期", "事项", "机构", "待遇", "依据", "金额（元）", "余额（元）", "分录"]
    rows = [head]
    for one in made.accounts:
        name = ACCOUNTS[one.account]
        if not one.opening_fen and not one.movements and one.account != "account":
            continue
        blank = [""] * 4
        rows.append([name, str(made.since), "期初余额", *blank, yuan_text(one.opening_fen), ""])
        rows += [
            [
                name,
                str(m.date),
                m.event,
                m.institution,
                m.benefit,
                m.article,
                yuan_text(m.amount_fen),
                yuan_text(m.balance_fen),
                str(m.entry),
            ]
            for m in one.movements
        ]
        rows.append([name, str(made.until), "期末余额", *blank, yuan_text(one.closing_fen), ""])
    rows += [
        ["本年累计", m.period, m.meter, "", "", m.slot, "", yuan_text(m.used_fen), ""]
        for m in made.meters
    ]
    who = f"{mask_name(made.name)} {mask_number(made.psn_no)}"
    return f"{who} {made.since} 至 {made.until}", rows


def _institution_rows(made: "InstitutionStatement") -> tuple[str, list[list[str]]]:
    head = [
        "日期",
        "待遇",
        "笔数",
        "总费用",
        "统筹",
        "补充",
        "账户",
        "现金",
        "机构承担",
        "应付机构",
        "累计应付",
    ]
    rows = [head, [str(made.since), "期初", *[""] * 8, yuan_text(made.opening_fen)]]
    owed = made.opening_fen
    for line in made.lines:
        owed += line.owed_fen
        amounts = (
            line.total_fen,
            line.pool_fen,
            line.supplements_fen,
            line.account_fen,
            line.cash_fen,
            line.borne_fen,
            line.owed_fen,
            owed,
        )
        rows.append([str(line.date), line.benefit, str(line.settlements), *map(yuan_text, amounts)])
    rows.append([str(made.until), "期末", *[""] * 8, yuan_text(made.closing_fen)])
    return f"{made.institution} {made.name} {made.since} 至 {made.until}", rows


def _csv(rows: list[list[str]]) -> str:
    from gongji.tabular.formulas import no_formula

    file = io.StringIO()
    csv.writer(file).writerows([no_formula(cell) for cell in row] for row in rows)
    return file.getvalue()


def _xlsx(path: Path, title: str, rows: list[list[str]], kinds: Sequence["Kind"]) -> None:
    from gongji.tabular.handed_on import BookColumn, BookTable, result_book
    from gongji.tabular.whole_files import appearing

    heads, *lines = rows
    columns = tuple(map(BookColumn, heads, kinds))
    whose = BookTable("说明", (BookColumn("对账单"),), [(title,)])
    with appearing(path) as beside, result_book(beside, [whose]) as book:
        book.add(BookTable("对账单", columns, lines))


def _text(title: str, rows: list[list[str]]) -> str:
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in rows
    ]
    return "\n".join([title, *lines]) + "\n"


def _width(text: str) -> int:
    """How many columns a text takes, Chinese characters taking two."""
    return sum(2 if ord(letter) > 0x2E7F else 1 for letter in text)


@command.command()
@click.option("--date", "day", default="", help="哪一天（YYYY-MM-DD）；不给则为今天。")
@click.option(
    "--area",
    default="",
    help="只算一个统筹区；不给则全部。",
    type=AREA,
)
@options.json_option
@click.pass_obj
def trial(outer: bool, day: str, area: str, as_json: bool) -> int:
    """一天的试算平衡：各类账户的期初、借、贷、期末，以及分录与各方是否一致。

    \b
    例：
      gongji ledger trial
      gongji ledger trial --date 2025-03-31 --area 430500
    """
    from gongji.law.report.text_tables import print_table
    from gongji.ledger.trial import trial as balance
    from gongji.platform.installation import owner_connection
    from gongji.units import CHINA

    asked = _day(day, "--date") if day else datetime.now(CHINA).date()
    with owner_connection() as connection:
        made = balance(connection, asked, area)
    if as_json or outer:
        body = asdict(made) | {"agrees": made.agrees}
        click.echo(json.dumps(body, ensure_ascii=False, indent=1, default=str))
        return 0 if made.agrees else 1
    rows = [
        (
            ACCOUNTS.get(line.account, line.account),
            *map(show_fen, (line.before_fen, line.debit_fen, line.credit_fen, line.after_fen)),
        )
        for line in made.lines
    ]
    sums = (sum(line.debit_fen for line in made.lines), sum(line.credit_fen for line in made.lines))
    rows.append(("合计", "", show_fen(sums[0]), show_fen(sums[1]), ""))
    print_table(("账户", "上日", "借", "贷", "本日"), rows)
    for each in made.agreements:
        sign = "相符" if each.agrees else f"不符（{show_fen(each.other_fen)}）"
        click.echo(f"{each.what}：{show_fen(each.journal_fen)} {sign}")
    return 0 if made.agrees else 1


@command.command()
@click.option(
    "--area",
    default="",
    help="只封存一个统筹区；不给则全部。",
    type=AREA,
)
@_copy_option("把封存追加到库外的文件（宜在另一台机器的盘上）；不给则用 GONGJI_SEALS。")
@options.json_option
@click.pass_obj
def seal(outer: bool, area: str, copy: Path | None, as_json: bool) -> int:
    """封存已入账的分录：逐笔编号、取指纹、与前一次封存相连；以后任何改动都能被 verify 查出。

    每晚自动封存一次；把打印出的指纹另存一处（纸上、另一台机器），可以证明此前的账没有改过。
    库外的副本与账上的封存不符时，副本不动，退出码为 1。

    \b
    例：
      gongji ledger seal
      gongji ledger seal --copy /mnt/other/seals.jsonl
    """
    from gongji.ledger.seal_copies import add_to_copy
    from gongji.ledger.seals import seal as seal_area
    from gongji.ledger.seals import seal_all
    from gongji.platform.environment import environment
    from gongji.platform.installation import installed_areas, owner_connection

    if area:
        installed_areas().area(area)
    copy = copy or environment().seals
    with owner_connection() as connection:
        made = list(seal_area(connection, area) if area else seal_all(connection))
        differing = add_to_copy(connection, copy) if copy else []
    _say_sealed(made, as_json or outer)
    for each in differing:
        click.echo(
            f"统筹区 {each.area} {each.what}：账上 {each.kept}，副本 {each.rebuilt}", err=True
        )
    return 1 if differing else 0


def _say_sealed(made: "list[Seal]", as_json: bool) -> None:
    if as_json:
        body = [asdict(each) | {"hash": each.hash.hex()} for each in made]
        click.echo(json.dumps({"seals": body}, ensure_ascii=False, indent=1))
        return
    for each in made:
        numbers = f"分录序号 {each.first} 至 {each.last}"
        click.echo(f"统筹区 {each.area} 第 {each.number} 次封存：{numbers}，指纹 {each.hash.hex()}")
    if not made:
        click.echo("没有新的分录需要封存")


@command.command()
@click.argument("area", type=AREA)
@click.argument("month")
@options.json_option
@click.pass_obj
def close(outer: bool, area: str, month: str, as_json: bool) -> None:
    """关闭一个统筹区一个月（YYYY-MM）的账期：先核对，相符才关；关后数据库不再接受该月的账。

    \b
    例：
      gongji ledger close 430500 2025-03
    """
    from gongji.ledger.periods import MonthClosing, close_month
    from gongji.ledger.verify import extent
    from gongji.platform.installation import installed_areas, operator, owner_connection
    from gongji.units import CHINA

    installed_areas().area(area)
    first = _month(month)
    quiet = as_json or outer
    with owner_connection() as connection, _bar(extent(connection), "项", quiet) as progress:
        close_month(
            connection,
            MonthClosing(area, first),
            actor=operator(),
            now=datetime.now(CHINA),
            progress=progress,
        )
    if quiet:
        click.echo(json.dumps({"area": area, "month": month, "closed": True}))
    else:
        click.echo(f"统筹区 {area} 的账期 {month} 已关闭")


@command.command()
@click.option("--area", required=True, help="统筹区代码。")
@click.option("--year", type=click.IntRange(2000, 2100), required=True, help="就诊在哪一年。")
@options.folder_option("写到哪个目录。")
@click.option(
    "--buckets", type=click.IntRange(1, 512), default=16, show_default=True, help="分成多少个文件。"
)
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="化名所用的密钥文件；不给则在目录中新建 pseudonym.key。",
)
@click.option("--keep-numbers", is_flag=True, help="保留人员编号，不用化名（只在经办机构内部用）。")
@options.json_option
@click.pass_obj
def tables(
    outer: bool,
    area: str,
    year: int,
    output: Path,
    buckets: int,
    key: Path | None,
    keep_numbers: bool,
    as_json: bool,
) -> None:
    """把一年的账写成表：就诊、明细、人、参保、备案、机构；人员编号换成化名，不含姓名和证件号。

    同一目录可交给 gongji audit、supervise、simulate，与读国家平台的表一样。

    \b
    例：
      gongji ledger tables --area 430500 --year 2025 -o 2025/
      gongji simulate 2025/ --area 430500 --change 待遇.普通门诊.最高支付限额.退休=8000元 -o report/
      gongji supervise 2025/ -o leads/
    """
    from gongji.cli.progress import ProgressBar
    from gongji.mirror.pseudonyms import Pseudonyms, load_key
    from gongji.platform.installation import installed_areas, owner_connection
    from gongji.settlement.ledger_tables import TablesAsked, write_tables

    new = not output.exists()
    output.mkdir(exist_ok=True)
    pseudonyms = Pseudonyms(None if keep_numbers else load_key(output, key))
    with (
        owner_connection() as connection,
        ProgressBar("行", shown=not (as_json or outer)) as bar,
    ):
        asked = TablesAsked(area, year, buckets)
        laws = installed_areas().area(area)
        try:
            rows = write_tables(connection, output, asked, pseudonyms, laws, bar)
        except Refusal:
            if new:
                shutil.rmtree(output)
            raise
    if as_json or outer:
        click.echo(json.dumps({"folder": str(output), "rows": rows}, ensure_ascii=False, indent=1))
        return
    click.echo(f"{area} {year} 年的账写入 {output}：{rows['visits']} 次就诊、{rows['persons']} 人")
    if not keep_numbers:
        click.echo("人员编号已换成化名；pseudonym.key 能还原它们，转交时不要带上", err=True)
