"""`gongji hospital`."""

import csv
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gongji.cli.options import json_option
from gongji.cli.value_kinds import AREA
from gongji.refusals import Refusal

if TYPE_CHECKING:
    from gongji.hospital.client import Hospital

Context = click.Context


@click.group("hospital")
@click.option("--address", default="http://127.0.0.1:8086", show_default=True, help="接口的地址。")
@click.option("--code", default="", help="医药机构编号，如 H43050000001。")
@click.option("--name", default="测试医院", show_default=True, help="医药机构名称。")
@click.option(
    "--area",
    default="",
    help="就医地区划；不给则取编号中的区划。",
    type=AREA,
)
@click.option("--access-key", envvar="GONGJI_HOSPITAL_ACCESS_KEY", default="", help="访问标识。")
@click.option(
    "--secret",
    envvar="GONGJI_HOSPITAL_SECRET",
    default="",
    help="签名密钥；最好放在环境变量 GONGJI_HOSPITAL_SECRET 里。",
)
@click.pass_context
def command(
    context: Context, address: str, code: str, name: str, area: str, access_key: str, secret: str
) -> None:
    """一个小型的医院收费端：只用国家接口，供测试和演示。

    \b
    例：
      gongji hospital --code H43050000001 ask 1201 '{"medinsinfo": {"fixmedins_type": "1"}}'
      gongji hospital --code H43050000001 visit 990101198601041615 --items items.csv
      gongji hospital --code P43050000001 visit 990101198601041615 --items items.csv --med-type 41
    """
    context.obj = HospitalGiven(address, code, name, area or code[1:7], access_key, secret)


@dataclass(frozen=True)
class HospitalGiven:
    """What the options say of a hospital, which is there only when a subcommand needs it."""

    address: str
    code: str
    name: str
    area: str
    access_key: str
    secret: str

    def open(self, context: Context) -> "Hospital":
        """The hospital.

        Refuses: a usage error where it has no code.
        """
        from gongji.hospital.client import Hospital

        if not self.code:
            outer = context.parent or context
            named = next(p for p in outer.command.params if p.name == "code")
            raise click.MissingParameter(ctx=outer, param=named)
        made = Hospital(self.address, self.code, self.name, self.area, self.access_key, self.secret)
        context.with_resource(made.http)
        return made


@command.command("ask")
@click.argument("infno")
@click.argument("content")
@json_option
@click.pass_context
def ask(context: Context, infno: str, content: str, as_json: bool) -> None:
    """发送一笔交易，输出按 JSON 打印；CONTENT 是 JSON、@文件，或 -（标准输入）。

    INFNO 是交易编号，各交易的字段见 docs/generated/gateway.md。

    \b
    例：
      gongji hospital --code H43050000001 ask 1201 '{"medinsinfo": {"fixmedins_type": "1"}}'
      gongji hospital --code H43050000001 ask 2206 @预结算.json
    """
    hospital = context.obj.open(context)
    if content == "-":
        content = sys.stdin.buffer.read().decode("utf-8")
    text = Path(content[1:]).read_text(encoding="utf-8") if content.startswith("@") else content
    try:
        sent = json.loads(text)
    except ValueError as error:
        raise click.BadParameter(f"不是 JSON：{error}", param_hint="CONTENT") from None
    output = _sent(lambda: hospital.ask(infno, sent))
    if isinstance(output, bytes):
        click.echo(output, nl=False)
    else:
        click.echo(json.dumps(output, ensure_ascii=False, indent=None if as_json else 2))


@command.command("visit")
@click.argument("certificate")
@click.option(
    "--items",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="收费项目的 CSV：code、own_code、quantity、price、amount、prescription。",
)
@click.option("--med-type", default="11", show_default=True, help="医疗类别。")
@click.option("--disease", default="", help="病种编码:名称（门诊慢特病）。")
@click.option(
    "--accounts",
    type=click.Choice(["0", "1", "2"]),
    default="1",
    show_default=True,
    help="个人账户：0 不用，1 用本人的，2 本人和家庭共济的。",
)
@json_option
@click.pass_context
def visit(
    context: Context,
    certificate: str,
    items: Path,
    med_type: str,
    disease: str,
    accounts: str,
    as_json: bool,
) -> None:
    """一次就诊或购药，从读取人员到结算。

    \b
    例：
      gongji hospital --code H43050000001 visit 990101198601041615 --items items.csv
      gongji hospital --code P43050000001 visit 990101198601041615 --items items.csv --med-type 41
    """
    hospital = context.obj.open(context)
    from gongji.hospital.day import Plan, a_day

    code, _, named = disease.partition(":")
    plan = Plan(hospital, certificate, "", med_type, _items(items), (code, named), accounts)
    for receipt in _sent(lambda: list(a_day([plan]))):
        if receipt.told and not receipt.settlement:
            raise click.ClickException(receipt.told)
        if as_json:
            click.echo(json.dumps(receipt.settlement, ensure_ascii=False, indent=2))
        else:
            for name, label in AMOUNTS.items():
                click.echo(f"{label:　<10}{float(receipt.settlement.get(name) or 0):>12.2f}")


AMOUNTS = {
    "medfee_sumamt": "医疗费总额",
    "inscp_scp_amt": "政策范围内",
    "act_pay_dedc": "起付线",
    "hifp_pay": "统筹基金支付",
    "fund_pay_sumamt": "基金支付合计",
    "acct_pay": "个人账户支付",
    "acct_mulaid_pay": "其中共济账户",
    "psn_cash_pay": "个人现金",
    "balc": "账户余额",
}
"""The amounts that a receipt shows."""


def _items(path: Path) -> tuple[Any, ...]:
    """The items of a CSV.

    Refuses: field_missing, naming the column.
    """
    from gongji.hospital.client import Item

    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for name in ("code", "quantity", "price", "amount"):
        if any(not row.get(name) for row in rows) or not rows:
            raise Refusal("field_missing", name)
    return tuple(
        Item(
            row["code"],
            row.get("own_code") or row["code"],
            row["quantity"],
            row["price"],
            row["amount"],
            row.get("prescription") or "",
        )
        for row in rows
    )


def _sent(send: Any) -> Any:
    import httpx

    from gongji.hospital.client import NotAccepted

    try:
        return send()
    except NotAccepted as refused:
        raise click.ClickException(str(refused)) from None
    except httpx.TransportError as error:
        raise click.ClickException(f"连不上接口：{error}") from None
