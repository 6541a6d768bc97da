"""`gongji new`: a rulebook to begin with, that `gongji check` accepts."""

import json
from pathlib import Path

import click

from gongji.cli.options import json_option
from gongji.cli.value_kinds import AREA
from gongji.law.engine.visit import read_date
from gongji.law.rulebook.law import NATION
from gongji.law.rulebook.rulebook import SHIPPED
from gongji.refusals import Problem, RulebookError
from gongji.units import date_of

TEMPLATE = """\
# 先改“文件”和数字，再逐条补上其余规定；每改几行运行一次 gongji check {folder}
文件:
  名称: 某市职工基本医疗保险门诊共济保障实施细则
  文号: 某政发〔{year}〕1号
  统筹区: "{area}"
  地名: 某省某市
  施行: {since}
  来源: 演示  # 照原文录入、核对之后改为 官方
  出处: 文本从何而来
计量:  # 累计什么（起付、支付、费用），多长时间清零一次（次、日、月、季、年）
  年度起付: {{代号: year_deductible, 量: 起付, 期: 年}}
  普通统筹: {{代号: ordinary_paid, 量: 支付, 期: 年}}
门槛:
  非定点: {{当: {{定点: 否}}, 拒付: not_designated, 依据: 第一条}}
待遇:
  普通门诊:
    依据: 第二条
    层:
      - 名称: 普通门诊统筹
        代号: ordinary
        起付标准: [{{计量: 年度起付, 金额: 200元, 依据: 第二条}}]
        支付比例: {{比例: {{按: 医院级别, 一级: 70%, 二级: 60%, 三级: 50%}}, 依据: 第二条}}
        最高支付限额: [{{计量: 普通统筹, 金额: 2000元, 依据: 第二条}}]
示例:  # 按条文手工算出：(1000-200)×50%=400
  - 名称: 三级
    依据: 第二条
    行:
      - {{日期: {since}, 参保状态: 在职, 医院级别: 三级, 费用: 1000元, 期望: {{支付: 400元}}}}
"""


@click.command()
@click.argument("area", type=AREA)
@click.argument("since", metavar="DATE")
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("规则"),
    help="写在哪个规则目录；不给则为“规则”。",
)
@json_option
def command(area: str, since: str, folder: Path, as_json: bool) -> None:
    """写出一个可以开始修改的规则文件：AREA 是六位统筹区代码，DATE 是施行日期（YYYY-MM-DD）。

    已有的文件不会改动。写出的文件能通过 gongji check；数字是演示的，须逐条换成本地文件的。

    \b
    例：
      gongji new 990100 2025-01-01
      gongji check 规则
    """
    if not (area.isascii() and area.isdigit() and len(area) == 6):
        raise click.BadParameter(f"应为六位行政区划代码：{area}", param_hint="AREA")
    if area == NATION:
        reason = "全国的规定随程序发布，不从规则目录读取；请写省或统筹区的代码"
        raise click.BadParameter(reason, param_hint="AREA")
    day = date_of(read_date("DATE", since))
    path = folder / f"{area[:2]}0000" / area / f"{day}.yaml"
    if path.exists():
        raise RulebookError([Problem(str(path), 1, "文件", "已经有这个文件，没有改动")])
    path.parent.mkdir(parents=True, exist_ok=True)
    text = TEMPLATE.format(area=area, since=day, year=day.year, folder=folder)
    path.write_text(text, encoding="utf-8")
    shipped = any(SHIPPED.glob(f"**/{area}/????-??-??.yaml"))
    if as_json:
        click.echo(json.dumps({"file": str(path), "shipped": shipped}, ensure_ascii=False))
        return
    click.echo(f"写入 {path}；修改后运行 gongji check {folder}")
    if shipped:
        click.echo(
            f"注意：{area} 有随程序发布的规则，这个文件会代替它们；"
            "只调整其中几项的，在“文件”里写 叠加: 是 和 替换"
        )
