"""The command line: each command is a module of `gongji.cli`, imported when it is used."""

import importlib
import json
import os
import sys
from typing import Any

import click
from click.shell_completion import CompletionItem

from gongji import __version__
from gongji.cli.docs_option import show_docs
from gongji.cli.endings import Ending, ending_of_error
from gongji.cli.interrupts import ended_cleanly

COMMANDS = {
    "quote": "一次就诊的待遇，逐条说明",
    "areas": "各统筹区及某日有效的规则",
    "articles": "文件逐条的处置：规则、流程或不涉及计算",
    "new": "写出一个可以开始修改的规则文件",
    "check": "检查规则文件：错误、缺漏、证明与示例",
    "diff": "两部规则逐项对照",
    "law": "结算所依据的规则版本：发布、列出、查看、对照",
    "adjudicate": "批量结算一个就诊文件",
    "buckets": "把就诊文件按人分桶，供批量结算和模拟",
    "mirror": "国家平台的夜间库表读成就诊、明细、参保各表",
    "audit": "把实际支付与规则应付逐笔核对",
    "population": "虚构一个按公布数字校准的参保人群，供模拟",
    "simulate": "模拟改革：费用、负担、谁受益谁受损，写出报告",
    "compare": "同一人群在各统筹区的规则下并列：付给谁多少",
    "solve": "反求：哪个数字正好达到目标",
    "incentives": "规则引出的打算：拆分、拖到次年、换级别……各举一例",
    "evaluate": "改革实行以后：前后各月对照，扣除对照地区同期的变化",
    "supervise": "从自有表排出监管线索：先看哪里、为什么",
    "accrue": "按名册计算个人账户月划入",
    "clear": "按人头付费的年度清算",
    "curve": "支付曲线图",
    "serve": "启动全部服务：数据库、接口、页面、后台作业",
    "demo": "演示：虚构的五个统筹区，一天的就诊",
    "hospital": "小型医院收费端，只用国家接口",
    "registry": "参保人、机构、目录和期初的导入、导出与模板",
    "ledger": "账簿：核对、对账单、试算平衡、关闭账期",
    "agency": "经办机构：第一天的登记、工作日历、岗位能否办完业务",
    "keys": "密钥：更换后把证件号码改用新密钥加密",
    "readjudicate": "按现在的事实和规则把一年重新核算一遍",
    "backup": "备份数据库，可恢复到任何时刻",
    "restore": "从备份恢复数据库",
}
"""Every command with its one-line help."""


class LazyGroup(click.Group):
    """A group that imports a command's module when the command is run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands in the order of COMMANDS."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a module `gongji.cli.<name>`."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"gongji.cli.{cmd_name}").command
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands that begin so, without importing any."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        found = COMMANDS.items()
        return [CompletionItem(n, help=said) for n, said in found if n.startswith(incomplete)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands without importing any."""
        with formatter.section("命令"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="gongji")
@click.option(
    "--docs",
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[页]",
    is_eager=True,
    expose_value=False,
    callback=show_docs,
    help="文档在哪里；给出页名（如 visits-file）则印出那一页。",
)
def cli() -> None:
    """共济：职工医保门诊共济保障的规则、结算与说明。

    \b
    例：
      gongji quote --area 532300 --date 2023-03-01 --status retired --level 3 --in-scope 1000
      gongji adjudicate visits.csv -o result.parquet
      gongji check

    退出码见 docs/generated/exit-codes.md。补全：eval "$(_GONGJI_COMPLETE=bash_source gongji)"
    """


def main(argv: list[str] | None = None) -> None:
    """Run the command line, to the exit codes of `gongji.cli.exit_codes`.

    Ensures: the files and folders that a command makes are its user's alone; whoever ends it by
             Ctrl-C or SIGTERM finds nothing half-written.
    """
    before = os.umask(0o077)
    try:
        with ended_cleanly():
            _run(argv)
    finally:
        os.umask(before)


def _run(argv: list[str] | None) -> None:
    try:
        outcome: Any = cli.main(argv, prog_name="gongji", standalone_mode=False)
    except Exception as error:
        found = ending_of_error(error)
        if found is None:
            raise
        _say(found, sys.argv if argv is None else argv)
        raise SystemExit(found.code) from None
    raise SystemExit(outcome if isinstance(outcome, int) else 0)


def _say(found: Ending, argv: list[str]) -> None:
    """An error for a person on stderr, and with --json for a machine on stdout."""
    click.echo(found.sentence, err=True)
    if "--json" in argv:
        click.echo(json.dumps(found.machine, ensure_ascii=False))
