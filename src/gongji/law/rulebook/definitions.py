"""The facts that a rulebook defines (section 事实), and what is wrong with a definition.

`define` always gives a fact, so that everything else can still be checked; a definition with
problems never reaches a visit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gongji.law.kernel.calendar import NO_DAY
from gongji.law.rulebook import schema
from gongji.law.rulebook.provision_kinds import (
    OF_INSTITUTION,
    OF_VISIT,
    REST_TEXT,
    FactDefinition,
)
from gongji.law.rulebook.vocabulary import (
    AMOUNT,
    BIRTH_DATE,
    CHOICE,
    DATE,
    DERIVED,
    FACTS,
    FLAG,
    HIGHEST,
    NUMBER,
    TEXT,
    VISIT_COLUMNS,
    YES_NO,
    Fact,
    Several,
)

EARLIEST = "最早"
"""The lower bound of a band of dates that holds every earlier day, and an absent one."""

Complaint = tuple[str, str]
"""The key of a definition (its own name for the whole) and what is wrong with it."""


@dataclass
class _Definition:
    name: str
    says: FactDefinition
    facts: Mapping[str, Fact]
    complaints: list[Complaint] = field(default_factory=list)

    def wrong(self, key: str, message: str) -> None:
        self.complaints.append((key, message))


def define_all(
    entries: Mapping[str, FactDefinition],
) -> tuple[dict[str, Fact], dict[str, list[Complaint]]]:
    """Everybody's facts and those defined, and what is wrong with each definition by name.

    Bands of another fact come after the facts with columns of their own, wherever they stand.
    """
    facts = dict(FACTS)
    wrong = {}
    for name, says in sorted(entries.items(), key=lambda entry: bool(entry[1].source)):
        facts[name], wrong[name] = define(name, says, facts)
    return facts, wrong


def define(
    name: str, says: FactDefinition, facts: Mapping[str, Fact]
) -> tuple[Fact, list[Complaint]]:
    """A fact from its definition, and everything that is wrong with the definition.

    Shape:   `facts` are those defined before it, everybody's included.
    """
    definition = _Definition(name, says, facts)
    fact = _taken(definition) if says.source else _own(definition)
    _check_teller(definition, fact)
    return fact, definition.complaints


def _check_teller(definition: _Definition, fact: Fact) -> None:
    """Who keeps a fact and which field tells it fit what the fact is."""
    says = definition.says
    if says.source and (says.owner != OF_VISIT or says.message):
        definition.wrong("取自", "取自另一事实的，归属和报文写在那一事实")
    if says.owner != OF_VISIT and fact.name == OFFSITE:
        definition.wrong("归属", f"“{fact.name}”由备案和就医地得出，不另行登记")
    if says.owner == OF_INSTITUTION and fact.kind == TEXT:
        definition.wrong("类", "登记在机构名下的事实不能是文字")
    for code, word in says.message.words.items() if says.message else ():
        known = {CHOICE: tuple(fact.choices), FLAG: tuple(YES_NO)}.get(fact.kind)
        if known is None:
            definition.wrong("报文.取值", "只有是否和选项写取值；其余的按报文原样读")
            return
        if word not in known:
            definition.wrong(f"报文.取值.{code}", f"“{word}”不是取值；可取：{'、'.join(known)}")


OFFSITE, UNFILED = "异地", "unfiled"
"""Everybody's choice that the platform works out from filings and places; care without a filing."""


def _taken(definition: _Definition) -> Fact:
    """Bands or groups of another fact."""
    says, name = definition.says, definition.name
    source = definition.facts.get(says.source)
    if name in FACTS:
        definition.wrong(name, f"“{name}”是通用事实，请另取名称")
    if source is None or source.source:
        known = [n for n, f in definition.facts.items() if not f.source and f.kind != FLAG]
        definition.wrong("取自", f"没有事实“{says.source}”可取；可取：{'、'.join(known)}")
        return Fact(name, "", TEXT, "")
    if says.each:
        return _of_several(definition, source)
    if says.more is not None or says.at_most is not None:
        definition.wrong("各", "“每增”“最高”只与“各”并用")
    bands = _bands(definition, source)
    if not bands:
        definition.wrong("段", "取自另一事实的须写“段”（数也可写“至”）")
    return Fact(name, source.column, source.kind, source.default, source=source.name, bands=bands)


def _of_several(definition: _Definition, source: Fact) -> Fact:
    """An amount for each of the texts that another fact names."""
    says, name = definition.says, definition.name
    if says.kind != AMOUNT:
        definition.wrong("类", "写“各”的是金额；请写 类: 金额")
    if source.kind != TEXT:
        definition.wrong("取自", f"“{source.name}”不是文字，不能列几种；可取 病种、登记病种、药品")
    if says.bands or says.last is not None:
        definition.wrong("各", "“各”不与“段”“至”并用")
    if REST_TEXT not in says.each:
        definition.wrong("各", f"须写“{REST_TEXT}”：没有列出的，和没有告知的")
    if says.more is not None and says.together != HIGHEST:
        definition.wrong("每增", f"“每增”只在 合计: {HIGHEST} 时写；相加的本来各算一份")
    rest = says.each.get(REST_TEXT, 0)
    amounts = {text: fen for text, fen in says.each.items() if text != REST_TEXT}
    several = Several(amounts, rest, says.together, says.more or 0, says.at_most)
    return Fact(name, source.column, AMOUNT, 0, source=source.name, several=several)


def _own(definition: _Definition) -> Fact:
    """A fact with a column of its own, or everybody's choice with more values."""
    says, name = definition.says, definition.name
    if says.each or says.more is not None or says.at_most is not None:
        definition.wrong("取自", "“各”须写明“取自”哪个文字，如 取自: 登记病种")
    everybodys = FACTS.get(name)
    column = says.column or (everybodys.column if everybodys else "")
    if everybodys and (everybodys.kind != CHOICE or everybodys.column in DERIVED):
        definition.wrong(name, f"“{name}”是通用事实，不能另行定义；请另取名称，或用“取自”分段")
    elif everybodys and (says.kind != CHOICE or column != everybodys.column):
        definition.wrong(name, f"补充“{name}”的选项时，类须为选项，列须为 {everybodys.column}")
    elif not everybodys:
        _check_column(definition, column)
    if name == OFFSITE and UNFILED not in says.choices.values():
        definition.wrong("选项", f"须有代码为 {UNFILED} 的一项：没有备案的")
    fact = Fact(name, column, says.kind, _default(definition, everybodys), says.choices)
    if says.kind == CHOICE and not says.choices:
        definition.wrong("选项", "缺少选项：名称与文件中的写法")
    bands = _bands(definition, fact)
    return Fact(name, column, fact.kind, fact.default, says.choices, bands=bands)


def _check_column(definition: _Definition, column: str) -> None:
    taken = {fact.column: other for other, fact in definition.facts.items()}
    if not column:
        definition.wrong("列", "缺少列名（或用“取自”指明来自哪个事实）")
    elif column in taken:
        definition.wrong("列", f"列 {column} 已是事实“{taken[column]}”的列")
    elif column in VISIT_COLUMNS or column.startswith("in_scope_"):
        definition.wrong("列", f"列 {column} 另有用途；不可用：{'、'.join(VISIT_COLUMNS)}")


def _default(definition: _Definition, everybodys: Fact | None) -> object:
    """What the fact is where a visit does not say."""
    says, text = definition.says, definition.says.default
    if says.kind == CHOICE:
        if not text and everybodys:
            return everybodys.default
        if text not in says.choices:
            definition.wrong("缺省", f"缺省须为选项之一：{'、'.join(says.choices)}")
        return says.choices.get(text, "")
    if says.kind == FLAG:
        if text not in ("", *YES_NO):
            definition.wrong("缺省", "缺省须为 是 或 否")
        return text == "是"
    if says.kind in (NUMBER, AMOUNT, DATE):
        return (
            _bound(definition, "缺省", says.kind, text)
            if text
            else {DATE: NO_DAY}.get(says.kind, 0)
        )
    return text


def _bound(definition: _Definition, key: str, kind: str, text: str) -> int:
    """A number, an amount in fen or a day from text."""
    try:
        if kind == NUMBER:
            return int(text)
        if kind == AMOUNT:
            return schema.money_of(text)
        return NO_DAY if text == EARLIEST else schema.day_of_text(text)
    except ValueError:
        form = {NUMBER: "整数", AMOUNT: "金额，如 1000元", DATE: f"日期，或“{EARLIEST}”"}[kind]
        definition.wrong(key, f"“{text}”应为{form}")
        return 0


def _bands(definition: _Definition, source: Fact) -> Mapping[str, object]:
    """The bands or groups that a definition makes of a fact."""
    says = definition.says
    if says.last is not None:
        if source.kind != NUMBER or says.bands:
            definition.wrong("至", "“至”只用于数，且不与“段”并用")
        return {str(number): number for number in range(says.last + 1)}
    if not says.bands:
        return {}
    if source.kind in (NUMBER, AMOUNT, DATE):
        return _ranges(definition, source)
    if source.kind == FLAG or (source.kind == CHOICE and not says.source):
        definition.wrong("段", f"{source.kind}不分段")
        return {}
    return _groups(definition, source)


def _ranges(definition: _Definition, source: Fact) -> dict[str, object]:
    bands: dict[str, int] = {}
    for name, texts in definition.says.bands.items():
        if len(texts) != 1:
            definition.wrong(f"段.{name}", "应写一个下限")
        bands[name] = _bound(definition, f"段.{name}", source.kind, texts[0] if texts else "")
    if source.column == BIRTH_DATE and bands and min(bands.values()) != NO_DAY:
        definition.wrong("段", f"第一段须从“{EARLIEST}”起，否则更早出生的不在任何一段")
    if list(bands.values()) != sorted(set(bands.values())):
        definition.wrong("段", "各段的下限应由低到高，不重复")
    return dict(bands)


def _groups(definition: _Definition, source: Fact) -> dict[str, object]:
    groups: dict[str, object] = {}
    seen: list[str] = []
    rest = ""
    for name, texts in definition.says.bands.items():
        if texts == (REST_TEXT,):
            rest = name
            groups[name] = texts
            continue
        for text in texts:
            if source.kind == CHOICE and text not in source.choices:
                allowed = "、".join(source.choices)
                definition.wrong(f"段.{name}", f"“{source.name}”没有“{text}”；可取：{allowed}")
            if text in seen:
                definition.wrong(f"段.{name}", f"“{text}”已在另一段")
        seen += texts
        groups[name] = tuple(source.choices.get(text, text) for text in texts)
    missing = [choice for choice in source.choices if choice not in seen]
    if not rest and (source.kind == TEXT or missing):
        what = f"：还缺 {'、'.join(missing)}" if missing else ""
        definition.wrong("段", f"须有一段写“{REST_TEXT}”，容纳其他的值{what}")
    return groups
