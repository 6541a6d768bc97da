"""`gongji demo`."""

import json
import sys
from datetime import datetime
from typing import Any

import click

from gongji.cli.options import json_option

DAY = datetime(2025, 3, 3, 8, 30)
"""The Monday on which the day of the demonstration begins."""


@click.command("demo")
@click.option("--people", default=3000, show_default=True, help="每个统筹区虚构的参保人数。")
@click.option("--visits", default=12, show_default=True, help="每个统筹区的就诊次数。")
@click.option("--seed", default=1, show_default=True, help="随机种子；相同则人和就诊都相同。")
@click.option("--leave/--stay", default=None, help="就诊结束后停止服务，或继续运行。")
@json_option
def command(people: int, visits: int, seed: int, leave: bool | None, as_json: bool) -> None:
    """演示：虚构五个统筹区的人和医药机构，让医院收费端通过国家接口结算一天的就诊。

    \b
    例：
      gongji demo
      gongji demo --visits 40 --stay
      GONGJI_DATA=/tmp/gongji gongji demo --leave --json
    """
    from gongji.cli.serve import prepare, run_service
    from gongji.demo.figures import parameters_text
    from gongji.platform.environment import keep_demo

    keep_demo(
        {
            "GONGJI_LOG_LEVEL": "WARNING",
            "GONGJI_DAYS_BACK": "4000",
            "GONGJI_PARAMETERS": parameters_text(),
        }
    )
    prepare()
    _fill(people, seed, as_json)
    stay = sys.stdout.isatty() if leave is None else not leave

    def ready(service: Any, addresses: dict[str, str]) -> None:
        _day(addresses["gateway"], visits, seed, as_json)
        if stay:
            _where_to_look(addresses)
        else:
            service.stop()

    run_service(ready)


def _fill(people: int, seed: int, quiet: bool) -> None:
    """Make the counties up, once."""
    from gongji.demo import county
    from gongji.platform.installation import installed_identity, owner_connection

    with owner_connection() as connection:
        if connection.execute("select 1 from person limit 1").fetchone():
            return
        if not quiet:
            click.echo(f"虚构五个统筹区，每区 {people} 人 …")
        now = datetime.now().astimezone()
        county.fill(connection, installed_identity(), seed, people, now)
        if not quiet:
            click.echo("虚构一个经办机构的人员和一个月的业务 …")
        _month(connection, seed, now)


def _month(connection: Any, seed: int, now: datetime) -> None:
    """A month of an agency's work, once."""
    from gongji.demo.agency_month import fill_month
    from gongji.platform.environment import environment
    from gongji.platform.installation import installed_inbox, installed_law
    from gongji.platform.message_seal import seal_of

    given = environment()
    seal = seal_of(given.identity_key, given.lookup_key)
    fill_month(connection, installed_law(), installed_inbox(), seal, seed, now)


def _day(address: str, visits: int, seed: int, as_json: bool) -> None:
    """The day's visits, one table an area."""
    from gongji.demo.plans import County, plans
    from gongji.hospital.day import a_day
    from gongji.platform.installation import installed_identity, owner_connection
    from gongji.service.ready import wait_until_ready

    wait_until_ready(address)
    identity = installed_identity()
    with owner_connection() as connection:
        days = {
            area: plans(County(connection, identity, area, DAY), address, visits, seed)
            for area in AREAS
        }
    for area, todo in days.items():
        receipts = []
        for receipt in a_day(todo):
            receipts.append(receipt)
            if as_json:
                click.echo(
                    json.dumps(receipt.settlement or {"told": receipt.told}, ensure_ascii=False)
                )
        if not as_json:
            _show(area, receipts)


AREAS = {
    "532300": "楚雄",
    "530900": "临沧（双江）",
    "510400": "攀枝花",
    "445300": "云浮",
    "430500": "邵阳",
}
COLUMNS = {
    "医疗费": "medfee_sumamt",
    "政策范围内": "inscp_scp_amt",
    "起付": "act_pay_dedc",
    "统筹": "hifp_pay",
    "个账": "acct_pay",
    "共济": "acct_mulaid_pay",
    "现金": "psn_cash_pay",
}


def _show(area: str, receipts: list[Any]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{AREAS[area]} {area}", title_justify="left", box=box.SIMPLE)
    for name in ("医药机构", "就诊"):
        table.add_column(name, no_wrap=True)
    for name in COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("说明")
    for receipt in receipts:
        found = receipt.settlement
        amounts = [f"{float(found.get(key) or 0):.2f}" if found else "" for key in COLUMNS.values()]
        table.add_row(receipt.plan.hospital.name, receipt.plan.why, *amounts, receipt.told)
    # Without a terminal there is no width to keep to.
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def _where_to_look(addresses: dict[str, str]) -> None:
    click.echo(
        f"""
接口在 {addresses["gateway"]}，页面在 {addresses["pages"]}；Ctrl-C 停止。
  gongji ledger trial                 试算平衡
  gongji ledger verify --replay       从账簿重建并重放每一笔
  gongji ledger statement --help      某人或某机构的对账单
  docs/generated/gateway.md                        接口的交易与字段
"""
    )
    click.echo(
        f"经办台在 {addresses['console']}/console/，登录页列出这些虚构的人员，点名字即进入："
    )
    for words, accounts in _staff().items():
        click.echo(f"  {words}：{'、'.join(accounts)}")


def _staff() -> dict[str, list[str]]:
    """The accounts of the demonstration's staff, by what their post is called."""
    from gongji.demo.agency_staff import CLERKS
    from gongji.platform.installation import owner_connection
    from gongji.review.staff import post_words

    with owner_connection() as connection:
        words = post_words(connection)
    found: dict[str, list[str]] = {}
    for clerk in CLERKS:
        found.setdefault(words[clerk.post], []).append(clerk.account)
    return found
