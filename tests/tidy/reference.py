"""The generated pages of docs: refusals, commands, settings. `make docs` writes them anew."""

import ast
import importlib
from itertools import chain
from pathlib import Path

import click

import fields_page
import gateway_page
import keys_page
from gongji.cli.exit_codes import EXIT_CODES, KINDS
from gongji.cli.main import COMMANDS
from gongji.platform.environment import SETTINGS
from gongji.refusals import REFUSALS
from gongji.supervision.rule_names import read_register
from gongji.supervision.rules_folded import fold_rules

DOCS = Path(__file__).parent.parent.parent / "docs"


def refusals() -> str:
    """Every refusal in order of precedence."""
    gates = list(REFUSALS)
    first, last = gates.index("outside_benefit_period"), gates.index("not_eligible")
    lines = [
        "# Refusals",
        "",
        "Generated from `refusals/` by `make docs`. Where several hold, the first one is given. A",
        "refusal moves no meter; the person bears the cost. A gate (✓) is a rulebook's: document",
        "and article follow the sentence.",
        "",
        "| code | gate | sentence |",
        "| --- | --- | --- |",
    ]
    for number, (code, sentence) in enumerate(REFUSALS.items()):
        gate = "✓" if first <= number <= last else ""
        lines.append(f"| `{code}` | {gate} | {sentence} |")
    return "\n".join(lines) + "\n"


def commands() -> str:
    """Every command with its help."""
    lines = [
        "# Commands",
        "",
        "Generated from `gongji COMMAND --help` by `make docs`. How each can end:",
        "[exit codes](exit-codes.md).",
    ]
    for name, summary in COMMANDS.items():
        command: click.Command = importlib.import_module(f"gongji.cli.{name}").command
        command._help_option = None
        context = click.Context(
            command,
            info_name=f"gongji {name}",
            terminal_width=96,
            help_option_names=["-h", "--help"],
        )
        lines += ["", f"## `gongji {name}`", "", summary, ""]
        lines += ["```", command.get_help(context), "```"]
        lines += _parts(command, context)
    return "\n".join(lines) + "\n"


def exit_codes() -> str:
    """Every exit code, and what a machine is told."""
    lines = [
        "# Exit codes",
        "",
        "Generated from `cli/exit_codes.py` by `make docs`. The same for every command.",
        "",
        "| code | what it means |",
        "| --- | --- |",
        *(f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()),
        "",
        "What is wrong is said on standard error in Chinese; with `--json` one object on standard",
        'output besides: `{"refusal": code, "field": …, "reason": sentence}` for a refusal',
        '([refusals](refusals.md)), `{"problems": […]}` for a file or the settings, and',
        '`{"error": kind, "reason": sentence}` for the rest:',
        "",
        "| kind | exit code |",
        "| --- | --- |",
        *(f"| `{kind}` | {code} |" for kind, code in KINDS.items()),
    ]
    return "\n".join(lines) + "\n"


def _parts(command: click.Command, context: click.Context) -> list[str]:
    """The commands of a group with their help, groups inside it too."""
    lines = []
    for name in sorted(command.commands) if isinstance(command, click.Group) else ():
        part = command.commands[name]
        # A command keeps the option of its help as it was first asked for it, perhaps alone.
        part._help_option = None
        inner = click.Context(part, info_name=name, parent=context, terminal_width=96)
        lines += ["", f"### `{inner.command_path}`", "", "```", part.get_help(inner), "```"]
        lines += _parts(part, inner)
    return lines


def settings() -> str:
    """Every setting of the environment."""
    lines = [
        "# Settings",
        "",
        "Generated from `platform/environment.py` by `make docs`. All come from the environment",
        "and are checked at start, every problem at once. A key is 32 bytes in Base64",
        "(`openssl rand -base64 32`); with `GONGJI_DEMO=1` keys are made once and kept in the data",
        "folder, readable by their owner only.",
        "",
        "| setting | default | meaning |",
        "| --- | --- | --- |",
    ]
    for setting in SETTINGS:
        default = "required" if setting.default is None else f"`{setting.default}`"
        lines.append(f"| `{setting.name}` | {default.replace('``', 'empty')} | {setting.meaning} |")
    return "\n".join(lines) + "\n"


def _tests_by_transaction() -> dict[str, list[str]]:
    """The tests that speak of a transaction by its number, or call what does in their module."""
    found: dict[str, list[str]] = {}
    for path in sorted((DOCS.parent / "tests" / "platform").glob("test_*.py")):
        functions = {
            node.name: list(ast.walk(node))
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.FunctionDef)
        }
        for name, parts in functions.items():
            called = [functions.get(part.id, []) for part in parts if isinstance(part, ast.Name)]
            for part in [*parts, *chain.from_iterable(called)]:
                if name.startswith("test_") and isinstance(part, ast.Constant):
                    found.setdefault(str(part.value), []).append(f"`{path.stem}` {name}")
    return {infno: list(dict.fromkeys(tests)) for infno, tests in found.items()}


def transactions() -> str:
    """Every transaction of the gateway, and the tests that cover it."""
    lines = [
        "# Transactions and their tests",
        "",
        "Generated by `make docs`. Each is also met by the mutated requests of",
        "`test_mutations`; fields are in [gateway.md](gateway.md) and",
        "[gateway-queries.md](gateway-queries.md).",
        "",
        "| transaction | what it is | tests over the real database |",
        "| --- | --- | --- |",
    ]
    tests = _tests_by_transaction()
    for infno in sorted(NAMES):
        mine = [text.replace("_", " ").replace(" test ", ": ", 1) for text in tests.get(infno, [])]
        more = f" and {len(mine) - SHOWN} more" if len(mine) > SHOWN else ""
        lines.append(f"| {infno} | {NAMES[infno]} | {'; '.join(mine[:SHOWN])}{more} |")
    return "\n".join(lines) + "\n"


SHOWN = 3
"""Tests named for a transaction."""
NAMES = {
    "1101": "人员信息获取",
    "1201": "医药机构信息获取",
    "1301": "西药中成药目录下载",
    "1302": "中药饮片目录下载",
    "1303": "医疗机构制剂目录下载",
    "1305": "医疗服务项目目录下载",
    "1306": "医用耗材目录下载",
    "1307": "疾病与诊断目录下载",
    "1308": "手术操作目录下载",
    "1309": "门诊慢特病种目录下载",
    "1312": "医保目录信息查询",
    "1317": "医药机构目录匹配信息查询",
    "1318": "医保目录限价信息查询",
    "1319": "医保目录先自付比例信息查询",
    "2001": "人员待遇享受检查",
    "2101": "药店预结算",
    "2102": "药店结算",
    "2103": "药店结算撤销",
    "2201": "门诊挂号",
    "2202": "门诊挂号撤销",
    "2203": "门诊就诊信息上传",
    "2203A": "门诊就诊信息上传（药店、生育）",
    "2204": "门诊费用明细信息上传",
    "2205": "门诊费用明细信息撤销",
    "2206": "门诊预结算",
    "2206A": "门诊预结算",
    "2207": "门诊结算",
    "2207A": "门诊结算",
    "2208": "门诊结算撤销",
    "2501": "转院备案",
    "2502": "转院备案撤销",
    "2503": "人员慢特病备案",
    "2504": "人员慢特病备案撤销",
    "2505": "人员定点备案",
    "2506": "人员定点备案撤销",
    "2507": "人员意外伤害备案",
    "2601": "冲正交易",
    "3201": "结算对总账",
    "3202": "结算对明细账",
    "3301": "目录对照上传",
    "3302": "目录对照撤销",
    "5201": "就诊信息查询",
    "5202": "诊断信息查询",
    "5203": "结算信息查询",
    "5204": "费用明细查询",
    "5205": "人员慢特病用药记录查询",
    "5206": "人员累计信息查询",
    "5301": "人员慢特病备案查询",
    "5302": "人员定点信息查询",
    "5303": "在院信息查询",
    "5304": "转院信息查询",
    "9001": "签到",
    "9002": "签退",
    "9101": "文件上传",
    "9102": "文件下载",
}
"""The transactions of the gateway, as the interface names them."""


def supervision_register() -> str:
    """The 88 rule names of the library of 2025: what decides each, or what it needs."""
    rules = {rule.name: rule for rule in fold_rules("000000")}
    entries = read_register()
    decided = [one for one in entries if one.rule or one.indicator]
    lines = [
        "# Register of rule names",
        "",
        "Generated from `supervision/register.yaml` and the rules by `make docs`. Of 88 names",
        f"{len(decided)} are decided from outpatient claims: by a rule (its knowledge points are",
        "imported) or by an indicator among peers. Each other says what it would need.",
        "",
        "| no. | name | code | decided by | needs |",
        "| --- | --- | --- | --- | --- |",
    ]
    for one in entries:
        by = f"{one.rule}（{rules[one.rule].detector}）" if one.rule else one.indicator
        lines.append(f"| {one.number} | {one.title} | {one.code} | {by} | {one.needs} |")
    return "\n".join(lines) + "\n"


PAGES = {
    "generated/refusals.md": refusals,
    "generated/commands.md": commands,
    "generated/exit-codes.md": exit_codes,
    "generated/settings.md": settings,
    "generated/transactions.md": transactions,
    "generated/gateway.md": gateway_page.page,
    "generated/rulebook-keys.md": keys_page.page,
    "generated/gateway-queries.md": fields_page.page,
    "generated/supervision-register.md": supervision_register,
}


def main() -> None:
    """Write the pages."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
