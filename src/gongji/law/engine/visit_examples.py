"""Run a rulebook's worked examples of visits: what the law gives against what was computed by hand.

A row is one visit of one person, written with the law's own words; the rows of an example come in
order and share the person's meters. A row that names a parameter (参数) instead of a cost asks what
that parameter is. This module compares; it knows no rule.
"""

from dataclasses import dataclass, field

from gongji.law.checks.library import Library
from gongji.law.compile.figures import Resolver
from gongji.law.compile.parameters_given import check
from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.law.engine.engine import Result, settle
from gongji.law.engine.person_meters import Meters, use
from gongji.law.engine.visit import Visit, read_visit, value_name, value_of
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.provision_kinds import Example, FromParameter, Limit, Parameter
from gongji.law.rulebook.rulebook import Rulebook
from gongji.law.rulebook.schema import day_of_text, near, plain_amount
from gongji.law.rulebook.source import Node, line_of
from gongji.law.rulebook.vocabulary import DERIVED, LEVEL_COLUMNS
from gongji.refusals import REFUSALS, Problem, Refusal
from gongji.units import Day, date_of, parse_fen, show_fen, show_ppm, yuan_text

KINDS = ("就诊", "费用")
EXPECTED = "期望"
COLUMNS = {
    "日期": "date",
    "待遇": "benefit",
    "费用": "in_scope",
    "总费用": "total",
    "就诊": "visit",
    "处方级别": "prescriber_level",
    "实体级别": "parent_level",
    "出生日期": "birth_date",
    "核准日期": "approval_date",
    "退休手续": "retired_month",
    "缴满年限": "years_complete_month",
    "抢救开始": "rescue_at",
    "入院时间": "admitted_at",
}
"""What a row may say beside the facts of its law, and the column of a visits file it stands for."""

OUTCOMES = ("支付", "起付", "补充", "机构", "个人", "拒付", "累计", "支付比例")
"""What may be expected of a visit, beside a layer's payment under its code and an axis's value."""
BEFORE, AFTER, RATE = "此前", "累计", "支付比例"
"""What meters hold before a row; what they hold after it; the rate of a layer."""
NESTED = (AFTER, RATE)


@dataclass
class _Run:
    """One example being run: the area, the person's meters, what has been found wrong."""

    area: Area
    example: Example
    meters: Meters
    problems: list[Problem] = field(default_factory=list)

    def report(self, node: Node, message: str) -> None:
        self.problems.append(Problem(node.file, node.line, f"示例“{self.example.name}”", message))


def run_example(library: Library, book: Rulebook, example: Example) -> list[Problem]:
    """What comes out differently from what an example of visits expects.

    Returns: no problem where every row agrees to the fen; a row that cannot be read is a problem.
    """
    area = Areas(library, everywhere=example.settings).area(book.head.area)
    run = _Run(area, example, Meters(area.layout))
    run.problems += settings_problems(area, example)
    if run.problems:
        return run.problems
    rows = example.rows.value if isinstance(example.rows.value, list) else [example.rows]
    for row in rows:
        if not isinstance(row.value, dict) or EXPECTED not in row.value:
            run.report(row, f"每行应为键值表，并写明“{EXPECTED}”")
        elif wrong := [name for name in ("日期", "参数") if _no_text(row.value.get(name))]:
            run.report(row.value[wrong[0]], f"“{wrong[0]}”应写文字")
        elif "参数" in row.value:
            _run_parameter(run, row, row.value)
        else:
            _run_visit(run, row, row.value)
    return run.problems


def settings_problems(area: Area, example: Example) -> list[Problem]:
    """What is wrong with the figures that an example supposes for open parameters."""
    try:
        check(area.laws, example.settings)
    except Refusal as refusal:
        node, path = example.node, refusal.field
        at = path if path in example.settings else refusal.values.get("value", "")
        line = line_of(node, "设定", at)
        return [Problem(node.file, line, f"示例“{example.name}”", f"设定：{refusal}")]
    return []


def _expected(run: _Run, row: Node) -> dict[str, str]:
    assert isinstance(row.value, dict)
    node = row.value[EXPECTED]
    if not isinstance(node.value, dict):
        run.report(node, f"“{EXPECTED}”应为键值表")
        return {}
    found: dict[str, str] = {}
    for name, child in node.value.items():
        inner = child.value if name in NESTED and isinstance(child.value, dict) else {}
        for part, one in (inner or {"": child}).items():
            if _is_text(one):
                found[f"{name}.{part}" if part else name] = one.text()
            else:
                run.report(one, f"期望的“{name}”应写文字，写成了{one.kind}")
    return found


def _is_text(node: Node) -> bool:
    return isinstance(node.value, str)


def _no_text(node: Node | None) -> bool:
    return node is not None and not _is_text(node)


def _run_visit(run: _Run, row: Node, cells: dict[str, Node]) -> None:
    expected = _expected(run, row)
    refusal, result, law = None, None, None
    try:
        law = run.area.law(_day(cells))
        if not expected.keys() - {name for name in expected if name.startswith(RATE)}:
            cells = {"费用": Node(row.file, row.line, "0元")} | cells
        visit = _read(run, law, cells)
        if visit is None:
            return
        _open(run, law, visit, cells.get(BEFORE))
        result = settle(run.area, visit, run.meters)
    except Refusal as error:
        refusal = error
    except (KeyError, ValueError) as error:
        run.report(row, f"日期或金额无法识别：{error}")
        return
    wanted = expected.pop("拒付", "")
    if wanted and wanted not in REFUSALS:
        run.report(row, f"没有拒付代码“{wanted}”{near(wanted, REFUSALS)}；写门槛里“拒付”的代码")
        return
    code = refusal.code if refusal else result.refusal if result else ""
    if code != wanted:
        why = f"：{_reason(refusal, law)}" if refusal and law else ""
        run.report(row, f"期望{_outcome(wanted)}，结果{_outcome(code)}{why}")
    elif result is not None:
        _compare(run, row, expected, result)


def _day(cells: dict[str, Node]) -> Day:
    """The date of a row.

    Refuses: ValueError with how a date is written.
    """
    if "日期" not in cells:
        raise ValueError("缺少“日期”")
    return day_of_text(cells["日期"].text())


def _outcome(refusal: str) -> str:
    return f"拒付 {refusal}" if refusal else "予以支付"


def _reason(refusal: Refusal, law: Law) -> str:
    """Why a row cannot be read or is refused, with the row's own words for facts and values."""
    name = next((key for key, column in _columns(law).items() if column == refusal.field), "")
    if not name:
        return str(refusal)
    fact = law.facts.get(name)
    values = list(law.benefits) if name == "待遇" else list(fact.values) if fact else []
    allowed = f"；可取：{'、'.join(values)}" if values else ""
    if refusal.code == "field_missing":
        return f"缺少“{name}”{allowed}"
    if refusal.code == "value_invalid" and values:
        return f"“{name}”的值“{refusal.values['value']}”无法识别{allowed}"
    return REFUSALS[refusal.code].format(**({"field": f"“{name}”"} | refusal.values))


def _columns(law: Law) -> dict[str, str]:
    """What a row may say under this law, and the column of a visits file each stands for."""
    columns = dict(COLUMNS)
    for fact in law.facts.values():
        if not fact.source and (fact.column not in DERIVED or fact.column in LEVEL_COLUMNS):
            columns[fact.name] = fact.column
    return columns | {name: f"in_scope_{part.code}" for name, part in law.parts.items()}


def _read(run: _Run, law: Law, cells: dict[str, Node]) -> Visit | None:
    """The visit of a row; None where a key of it is not known."""
    columns = _columns(law)
    row = {"area": run.area.code}
    for name, node in cells.items():
        if name in (EXPECTED, BEFORE):
            continue
        if name not in columns or not _is_text(node):
            run.report(node, f"不认识的事实“{name}”；可取：{'、'.join(columns)}")
            return None
        column, text = columns[name], node.text()
        if column == "benefit":
            text = law.benefits.get(text, text)
        row[column] = plain_amount(text) if text.endswith("元") else text
    return read_visit(row, law)


def _open(run: _Run, law: Law, visit: Visit, before: Node | None) -> None:
    """Set the meters that a row says were used before it.

    Refuses: value_invalid for a meter that there is not; ValueError for no amount.
    """
    entries = before.value if before is not None else {}
    for name, node in entries.items() if isinstance(entries, dict) else ():
        fen = parse_fen(plain_amount(node.text()) if _is_text(node) else "")
        use(run.meters, law, visit, name, fen, run.area.own_level(law))


def _compare_rate(run: _Run, row: Node, code: str, text: str, result: Result) -> None:
    """A layer's rate (by its code, otherwise the first that has one) against what is expected."""
    notes = [note for _, note in sorted(result.program.steps.items()) if note.layer.rate]
    rates = {note.layer.code: note.rate for note in reversed(notes)}
    if not notes or (code and code not in rates):
        run.report(row, f"没有代号为“{code}”的层；有：{'、'.join(rates) or '（无）'}")
        return
    cited = rates[code or notes[0].layer.code]
    found = "未定" if cited.open or cited.gap else show_ppm(cited.figure)
    if text != found:
        run.report(row, f"支付比例期望 {text}，结果 {found}")


def _compare(run: _Run, row: Node, expected: dict[str, str], result: Result) -> None:
    found = {
        "支付": result.pool_fen,
        "起付": result.deductible_fen,
        "补充": result.supplements_fen,
        "机构": result.borne_fen,
        "个人": result.person_fen,
    } | {column.code: 0 for column in run.area.layout.columns}
    found |= result.layers
    found |= {f"{AFTER}.{one.name}": one.after for one in result.readings}
    found |= {f"{AFTER}.{one.code}": one.after for one in result.readings}
    for name, text in expected.items():
        if name.partition(".")[0] == RATE:
            _compare_rate(run, row, name.partition(".")[2], text, result)
            continue
        if name in result.cell:
            if text != result.cell[name]:
                run.report(row, f"{name}期望“{text}”，结果“{result.cell[name]}”")
            continue
        if name not in found:
            run.report(row, f"不认识的期望“{name}”；可取：{'、'.join([*OUTCOMES, *found])}")
            continue
        try:
            wanted = parse_fen(plain_amount(text))
        except ValueError as error:
            run.report(row, f"期望的“{name}”：{error}")
            continue
        if wanted != found[name]:
            run.report(row, f"{name}期望 {show_fen(wanted)} 元，结果 {show_fen(found[name])} 元")


def _run_parameter(run: _Run, row: Node, cells: dict[str, Node]) -> None:
    name = cells["参数"].text()
    facts = {key: node for key, node in cells.items() if key != "参数"}
    facts.setdefault("费用", Node(row.file, row.line, "0"))
    try:
        law = run.area.law(_day(cells))
        visit = _read(run, law, facts)
        if visit is None:
            return
        found = _parameter(run.area, law, visit, name)
    except (Refusal, KeyError, ValueError) as error:
        run.report(row, f"参数“{name}”在此没有数字：{error}")
        return
    wanted = plain_amount(_expected(run, row).get("金额", ""))
    if wanted not in (found, found.removesuffix(".00")):
        run.report(row, f"参数“{name}”期望 {wanted}，结果 {found}")


def _parameter(area: Area, law: Law, visit: Visit, name: str) -> str:
    """A parameter's figure for the facts of a visit, as text; 未定 where it is open."""
    provision = law.all(Parameter)[name]
    parameter = provision.value
    cell = {
        fact.name: value_name(fact, value_of(fact, visit, area.own_level(law)))
        for fact in law.facts.values()
        if fact.choices or fact.bands
    }
    value = FromParameter(parameter=name, fixed={}, swapped={}, share=None, node=parameter.node)
    limit = Limit(meter="", value=value, article=parameter.article, node=parameter.node)
    cited = Resolver(law, area.layout, cell, date_of(visit.day).year).limit(limit, provision.book)
    if cited.gap:
        raise ValueError(f"{cited.gap.axis}为{cited.gap.value}")
    if cited.open:
        return "未定"
    return show_ppm(cited.figure) if parameter.unit == "ppm" else yuan_text(cited.figure)
