"""Run a rulebook's worked examples of credits, clearing, deadlines and account uses.

A row is written with the law's own words; what the law gives is compared, text by text, with what
was computed by hand. The examples of visits are `visit.examples`' business.
"""

from collections.abc import Callable, Mapping

from gongji.law.accounts import check_accounts
from gongji.law.accounts.clearing import HEADS, clear
from gongji.law.accounts.credits import credit
from gongji.law.accounts.deadlines import deadline
from gongji.law.accounts.explain_accounts import FUND_NAMES
from gongji.law.accounts.uses import use
from gongji.law.checks.library import Library
from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.law.engine.visit_examples import settings_problems
from gongji.law.rulebook.account_provisions import PLACES, RELATIONS, ROSTER_FACTS, USES
from gongji.law.rulebook.provision_kinds import Example
from gongji.law.rulebook.rulebook import Rulebook
from gongji.law.rulebook.schema import plain_amount
from gongji.law.rulebook.source import Node
from gongji.refusals import Problem, Refusal
from gongji.units import date_of, parse_day, show_ppm, yuan_text

EXPECTED = "期望"
Texts = Mapping[str, str]

ROSTER_KEYS = {
    "月份": "month",
    "缴费基数": "base",
    "出生日期": "birth_date",
    "退休手续": "retired_month",
    "缴满年限": "years_complete_month",
} | {name: fact.column for name, fact in ROSTER_FACTS.items()}
INSTITUTION_KEYS = {
    "年度": "year",
    "发生费用": "spent",
    "零星报销": "manual_reimbursed",
    "直接结算": "direct_settled",
    "结算": "settled",
}
QUERY_KEYS = ("日期", "用途", "亲属", "地点", "政策范围内", "国家编码")
LATE = {"refused": "不予受理", "by_review": "原则上不予受理"}


def run_example(library: Library, book: Rulebook, example: Example) -> list[Problem]:
    """What comes out differently from what an example expects.

    Returns: no problem where every row agrees; a row that cannot be read is a problem.
    """
    area = Areas(library, everywhere=example.settings).area(book.head.area)
    problems = [problem for law in area.laws for problem in check_accounts.problems(law)]
    problems += settings_problems(area, example)
    if problems:
        return problems
    rows = example.rows.value if isinstance(example.rows.value, list) else [example.rows]
    for row in rows:
        for message in _run_row(area, example.kind, row):
            problems.append(Problem(row.file, row.line, f"示例“{example.name}”", message))
    return problems


def _run_row(area: Area, kind: str, row: Node) -> list[str]:
    if not isinstance(row.value, dict) or EXPECTED not in row.value:
        return [f"每行应为键值表，并写明“{EXPECTED}”"]
    wanted = row.value[EXPECTED].value
    if not isinstance(wanted, dict):
        return [f"“{EXPECTED}”应为键值表"]
    for name, node in (row.value | wanted).items():
        if name != EXPECTED and isinstance(node.value, dict):
            return [f"“{name}”应写文字或列表，写成了{node.kind}"]
    given = {name: _text(node) for name, node in row.value.items() if name != EXPECTED}
    why = ""
    try:
        found = RUNNERS[kind](area, given)
    except Refusal as refusal:
        found, why = {"拒付": refusal.code}, f"：{refusal}"
    except KeyError as error:
        return [f"缺少“{error.args[0]}”，或“{error.args[0]}”不在可取值之内"]
    except ValueError as error:
        return [f"无法识别：{error}"]
    messages = []
    for name, node in wanted.items():
        text = _text(node).replace(",", "")
        if name not in found:
            messages.append(
                f"没有“{name}”这一结果；有：{'、'.join(f'{n}={v}' for n, v in found.items())}"
            )
        elif text not in (found[name], found[name].removesuffix("元").removesuffix(".00") + "元"):
            messages.append(f"{name}期望 {text}，结果 {found[name]}")
    if "拒付" in found and found["拒付"] and "拒付" not in wanted:
        messages.append(f"期望{'、'.join(wanted)}，结果拒付 {found['拒付']}{why}")
    return messages


def _text(node: Node) -> str:
    if isinstance(node.value, list):
        return " ".join(map(_text, node.value))
    return node.text()


def _columns(given: Texts, keys: Texts) -> dict[str, str]:
    unknown = given.keys() - keys.keys()
    if unknown:
        raise ValueError(f"不认识的键 {'、'.join(sorted(unknown))}；可取：{'、'.join(keys)}")
    return {keys[name]: plain_amount(text) for name, text in given.items()}


def _credit(area: Area, given: Texts) -> dict[str, str]:
    result = credit(area, {"area": area.code} | _columns(given, ROSTER_KEYS))
    found = {"拒付": result.refusal, "划入": f"{yuan_text(result.credit_fen)}元"}
    rule = result.case.plan.credit
    if rule and not result.refusal:
        found["资金"] = FUND_NAMES[rule[1].fund]
        found["统筹"] = f"{yuan_text(result.pool_fen)}元"
    return found


def _clear(area: Area, given: Texts) -> dict[str, str]:
    given = dict(given)
    heads = given.pop("定点人数").split()
    numbers = heads * len(HEADS) if len(heads) == 1 else heads
    row = _columns(given, INSTITUTION_KEYS) | dict(zip(HEADS, numbers, strict=True))
    result = clear(area, {"area": area.code} | row)
    amounts = {
        "预拨": result.prepaid_fen,
        "结余": result.balance_fen,
        "留用": result.kept_fen,
        "退回": result.returned_fen,
        "超支": result.borne_fen,
    }
    return {name: f"{yuan_text(fen)}元" for name, fen in amounts.items()} | {
        "留用比例": show_ppm(result.kept_ppm)
    }


def _deadline(area: Area, given: Texts) -> dict[str, str]:
    day = parse_day(given["日期"])
    found = deadline(area.law(day), day)
    return {
        "受理": "是" if found.accepted else "否",
        "截止": "" if found.last_day is None else str(date_of(found.last_day)),
        "逾期": LATE[found.late],
    }


def _use(area: Area, given: Texts) -> dict[str, str]:
    unknown = given.keys() - set(QUERY_KEYS)
    if unknown:
        raise ValueError(f"不认识的键 {'、'.join(sorted(unknown))}；可取：{'、'.join(QUERY_KEYS)}")
    decision = use(
        area.law(parse_day(given["日期"])),
        USES[given["用途"]],
        RELATIONS[given.get("亲属", "本人")],
        PLACES[given["地点"]] if "地点" in given else "",
        in_policy=given.get("政策范围内", "是") == "是",
        coded=given.get("国家编码", "是") == "是",
    )
    return {"允许": "是" if decision.allowed else "否", "拒付": decision.refusal}


RUNNERS: dict[str, Callable[[Area, Texts], dict[str, str]]] = {
    "划入": _credit,
    "清算": _clear,
    "期限": _deadline,
    "用途": _use,
}
"""The kinds of example that this module runs."""

KINDS = tuple(RUNNERS)
