"""`gongji agency payout`, `claims` and `charge-backs`: what is owed to persons, by third parties.

Staff work in the console; here the operator acts with the posts of a named member of staff, which
the database asks for all the same.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gongji.cli import options
from gongji.cli.value_kinds import AREA
from gongji.units import yuan_text

if TYPE_CHECKING:
    from gongji.review.sittings import Sitting

LACKS = {
    "": "可以支付",
    "no_account": "缺收款账户",
    "returned": "退票，待更正账户",
    "under_way": "已在批次",
}
area_option = click.option(
    "--area",
    required=True,
    help="统筹区代码。",
    type=AREA,
)
as_option = click.option("--as", "account", required=True, help="以哪个经办人员的岗位办理：账号。")
out_option = click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=options.writable,
    help="结果文件：.csv、.xlsx 或 .parquet；写完才出现。",
)
day_type = click.DateTime(["%Y-%m-%d"])


@click.group()
def payout() -> None:
    """支付个人：汇集应付、制单（会计）、确认（出纳）、银行文件、退票。

    \b
    例：
      gongji agency payout list --area 532300 -o 待支付.xlsx
      gongji agency payout make --area 532300 --as kuaiji
      gongji agency payout confirm 12 --as chuna
      gongji agency payout file 12 --as chuna -o 银行.csv
      gongji agency payout returned 3 --area 532300 --on 2026-11-20 --ref T1 \\
        --reason 户名不符 --as chuna
      gongji agency payout accept 13 --as kuaiji
    """


@contextmanager
def _sitting(account: str) -> Iterator["Sitting"]:
    from gongji.agency import items
    from gongji.platform import trail
    from gongji.platform.actors import Actor
    from gongji.platform.environment import environment
    from gongji.platform.installation import (
        installed_inbox,
        installed_law,
        operator,
        owner_connection,
    )
    from gongji.platform.message_seal import seal_of
    from gongji.review.desk import Desk
    from gongji.review.sittings import Sitting

    assert items.ALL
    given = environment()
    seal = seal_of(given.identity_key, given.lookup_key)
    with owner_connection() as connection:
        who = operator()
        trail.log(
            connection, (who.kind, who.id), trail.Trace(trail.ACT, f"命令行 以 {account} 办理")
        )
        desk = Desk(connection, installed_law(), installed_inbox(), seal, datetime.now(UTC))
        yield Sitting(desk, Actor("staff", account))


def _write(
    output: Path, columns: tuple[str, ...], rows: list[tuple[object, ...]], money: str
) -> None:
    from gongji.tabular.sheets import Whole

    with Whole(output, columns, frozenset({money})) as file:
        file.write(rows)


@payout.command("list")
@area_option
@click.option("--agency", default="", help="只看一个经办机构受理的。")
@out_option
@options.json_option
def list_waiting(area: str, agency: str, output: Path | None, as_json: bool) -> int:
    """待支付的款项：欠谁、多少、能否支付。

    \b
    例：
      gongji agency payout list --area 532300 -o 待支付.xlsx
    """
    from gongji.agency.payouts import fund_words, waiting_payouts
    from gongji.people.person_rows import persons_by_id
    from gongji.platform.identity import mask_name, mask_number
    from gongji.platform.installation import owner_connection

    with owner_connection() as connection:
        found = waiting_payouts(connection, area, agency)
        persons = {p.id: p for p in persons_by_id(connection, {one.person for one in found})}
    rows: list[tuple[object, ...]] = []
    for one in found:
        person = persons[one.person]
        who = (mask_number(person.psn_no), mask_name(person.name))
        state = LACKS[one.lacks]
        rows.append((str(one.source), fund_words(one.fund), *who, yuan_text(one.fen), state))
    if output is not None:
        _write(output, ("分录", "资金", "人员编号", "姓名", "金额", "状态"), rows, "金额")
    if as_json:
        told = [{"source": o.source, "fund": o.fund, "fen": o.fen, "lacks": o.lacks} for o in found]
        click.echo(json.dumps(told, ensure_ascii=False))
        return 0
    for row in rows if output is None else ():
        click.echo("  ".join(map(str, row)))
    ready = [one.fen for one in found if not one.lacks]
    total = sum(one.fen for one in found)
    click.echo(
        f"待支付 {len(found)} 笔 {yuan_text(total)} 元，"
        f"其中可以支付 {len(ready)} 笔 {yuan_text(sum(ready))} 元"
    )
    return 0


@payout.command()
@area_option
@click.option("--agency", default="", help="只汇集一个经办机构受理的。")
@as_option
@options.json_option
def make(area: str, agency: str, account: str, as_json: bool) -> int:
    """会计制单：把可以支付的汇成一批，交出纳确认。

    \b
    例：
      gongji agency payout make --area 532300 --as kuaiji
    """
    import msgspec

    from gongji.agency.payouts import BATCH, collect

    with _sitting(account) as sitting:
        form = collect(sitting.desk.connection, area, agency)
        told = sitting.hand_in(BATCH, (area, agency), msgspec.to_builtins(form))
    options.tell(
        as_json,
        {"batch": told.command, "lines": len(form.lines), "fen": form.total_fen},
        f"第 {told.command} 批：{len(form.lines)} 笔，{yuan_text(form.total_fen)} 元，待出纳确认",
    )
    return 0


@payout.command()
@click.argument("batch", type=int)
@as_option
@options.json_option
def confirm(batch: int, account: str, as_json: bool) -> int:
    """出纳确认一批：记账并付款，只生效一次。

    \b
    例：
      gongji agency payout confirm 12 --as chuna
    """
    return _approve(batch, account, as_json)


@payout.command()
@click.argument("number", type=int)
@as_option
@options.json_option
def accept(number: int, account: str, as_json: bool) -> int:
    """会计确认出纳登记的退票：冲回付款，重新列为应付。

    \b
    例：
      gongji agency payout accept 13 --as kuaiji
    """
    return _approve(number, account, as_json)


def _approve(number: int, account: str, as_json: bool) -> int:
    from gongji.review.desk import STATES

    with _sitting(account) as sitting:
        told = sitting.approve(number)
    body = {"command": told.command, "state": told.state, "result": told.result}
    said = f"第 {told.command} 号：{STATES[told.state]} {told.result}".rstrip()
    options.tell(as_json, body, said)
    return 1 if told.state == "stale" else 0


@payout.command("file")
@click.argument("batch", type=int)
@as_option
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    callback=options.writable,
    help="银行文件：.csv（含合计行）或 .xlsx。",
)
@options.json_option
def bank(batch: int, account: str, output: Path, as_json: bool) -> int:
    """写出已确认批次的银行文件；栏目见 docs/operate/bank-file.md。

    \b
    例：
      gongji agency payout file 12 --as chuna -o 银行.csv
    """
    from gongji.agency.bank_files import COLUMNS, bank_file
    from gongji.tabular.whole_files import write_whole

    with _sitting(account) as sitting:
        desk = sitting.desk
        made = bank_file(desk.connection, desk.seal, batch, actor=sitting.actor, now=desk.now)
    if output.suffix == ".csv":
        write_whole(output, made.content)
    else:
        _write(output, COLUMNS, list(made.rows), "金额")
    body = {"batch": batch, "lines": made.count, "fen": made.total_fen, "number": made.number}
    options.tell(
        as_json,
        body | {"sha256": made.sha256, "file": str(output)},
        f"第 {batch} 批：{made.count} 笔，{yuan_text(made.total_fen)} 元；第 {made.number} 次写出，"
        f"SHA-256 {made.sha256}",
    )
    return 0


@payout.command()
@click.argument("order", type=int)
@area_option
@click.option("--on", "day", required=True, type=day_type, help="银行退回的日期。")
@click.option("--ref", required=True, help="银行凭证号。")
@click.option("--reason", required=True, help="退票原因。")
@as_option
@options.json_option
def returned(
    order: int, area: str, day: datetime, ref: str, reason: str, account: str, as_json: bool
) -> int:
    """出纳登记退票（业务参考号见银行文件），交会计确认。

    \b
    例：
      gongji agency payout returned 3 --area 532300 --on 2026-11-20 --ref T1 \\
        --reason 户名不符 --as chuna
    """
    content = {"order": order, "returned_on": str(day.date()), "bank_ref": ref, "reason": reason}
    with _sitting(account) as sitting:
        told = sitting.hand_in("payout_return", (area, ""), content)
    options.tell(as_json, {"command": told.command}, f"第 {told.command} 号退票，待会计确认")
    return 0


@click.command()
@area_option
@out_option
@options.json_option
def claims(area: str, output: Path | None, as_json: bool) -> int:
    """先行支付的第三人债权：垫付、追回、尚欠（社会保险法 第三十条）。

    \b
    例：
      gongji agency claims --area 532300
      gongji agency claims --area 532300 -o 债权.xlsx
    """
    from gongji.agency.third_party_claims import claims_of, note_advances
    from gongji.platform.installation import owner_connection

    with owner_connection() as connection:
        note_advances(connection, area)
        found = claims_of(connection, area)
    rows: list[tuple[object, ...]] = [
        (
            *(str(one.id), str(one.entry), f"{one.made_at:%Y-%m-%d}", one.debtor or "无法确定"),
            *(yuan_text(one.fen), yuan_text(one.recovered_fen), yuan_text(one.open_fen)),
        )
        for one in found
    ]
    if output is not None:
        columns = ("债权", "分录", "日期", "第三人", "先行支付", "已追回", "尚欠")
        _write(output, columns, rows, "尚欠")
    options.tell(
        as_json,
        [{"id": o.id, "entry": o.entry, "fen": o.fen, "open_fen": o.open_fen} for o in found],
        *("  ".join(map(str, row)) for row in (rows if output is None else ())),
        f"{len(found)} 笔，尚欠 {yuan_text(sum(one.open_fen for one in found))} 元",
    )
    return 0


@click.command("charge-backs")
@area_option
@click.option("--from", "since", required=True, type=day_type, help="就医日期自。")
@click.option("--to", "until", required=True, type=day_type, help="就医日期至。")
@out_option
@options.json_option
def charged(area: str, since: datetime, until: datetime, output: Path | None, as_json: bool) -> int:
    """零星报销从选定机构定额中扣回的金额，供清算。

    \b
    例：
      gongji agency charge-backs --area 445300 --from 2025-01-01 --to 2025-12-31
      gongji agency charge-backs --area 445300 --from 2025-01-01 --to 2025-12-31 -o 扣回.csv
    """
    from gongji.agency.charge_backs import charge_backs
    from gongji.platform.installation import owner_connection

    with owner_connection() as connection:
        found = charge_backs(connection, area, since.date(), until.date())
    rows: list[tuple[object, ...]] = [
        (o.institution, str(o.entry), str(o.service_date), yuan_text(o.fen), o.article)
        for o in found
    ]
    if output is not None:
        _write(output, ("医药机构", "分录", "就医日期", "金额", "依据"), rows, "金额")
    sums: dict[str, int] = {}
    for one in found:
        sums[one.institution] = sums.get(one.institution, 0) + one.fen
    options.tell(
        as_json,
        {"lines": len(found), "by_institution_fen": sums},
        *(f"{institution}  {yuan_text(fen)}" for institution, fen in sums.items()),
        f"{len(found)} 笔，{yuan_text(sum(sums.values()))} 元",
    )
    return 0
