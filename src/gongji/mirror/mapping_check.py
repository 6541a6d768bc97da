"""What is wrong with a prefecture's own mapping file, all of it at once, by line."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gongji.law.rulebook.source import Node, line_of
from gongji.law.rulebook.vocabulary import BENEFITS
from gongji.refusals import Problem, RulebookError

OTHER = "other"
"""An insurance that is not the employees'."""
LEVELS = {"一级": "1", "二级": "2", "三级": "3"}
MEANINGS: Mapping[str, Mapping[str, str]] = {
    "INSUTYPE": {"职工": "employee", "其他": OTHER},
    "MED_TYPE": {**BENEFITS, "住院": "inpatient"},
    "PSN_TYPE": {"在职": "active", "退休": "retired"},
    "HOSP_LV": LEVELS,
    "DEDC_HOSP_LV": LEVELS,
}
"""What a code of each group may stand for: in words, and as our columns have it."""
TEXTS = frozenset({"号", "码", "码2", "文"})
"""Forms that may stand for one another; any other column is read as the national one is."""
TABLE_KEYS = ("叫法", "主键", "必需", "列")


@dataclass
class MappingCheck:
    """One mapping file held against the national layout."""

    national: Mapping[str, Any]
    forms: frozenset[str]
    problems: list[Problem] = field(default_factory=list)

    def wrong(self, node: Node, line: int, key: str, message: str) -> None:
        """One problem more."""
        self.problems.append(Problem(node.file, line, key, message))

    def group(self, node: Node, key: str, each: Callable[[str, Node, int], None]) -> None:
        """Every entry of a group; that it is none is a problem."""
        if not isinstance(node.value, dict):
            self.wrong(node, node.line, key, "应是一组 名称: 内容")
            return
        for name, inside in node.value.items():
            each(name, inside, line_of(node, name))

    def names(self, node: Node, key: str, allowed: Mapping[str, Any] | None = None) -> None:
        """A list of names, each of them allowed."""
        if not isinstance(node.value, list):
            self.wrong(node, node.line, key, "应是一个列表，如 [甲, 乙]")
            return
        for one in node.value:
            if not isinstance(one.value, str):
                self.wrong(one, one.line, key, "列表里应是名称")
            elif allowed is not None and one.text() not in allowed:
                self.wrong(one, one.line, key, f"没有列 {one.text()}；可取：{'、'.join(allowed)}")

    def section(self, name: str, node: Node, line: int) -> None:
        """One of the sections that a mapping file has."""
        if name not in self.national:
            allowed = "、".join(self.national)
            self.wrong(node, line, name, f"没有这一段；可取：{allowed}")
        elif name == "表":
            self.group(node, name, self.table)
        elif name == "代码":
            self.group(node, name, self.codes)
        elif name == "更新时间":
            self.names(node, name)
        elif name != "版本":
            self.group(node, name, lambda key, inside, line: None)

    def table(self, name: str, node: Node, line: int) -> None:
        """What a file says of one table."""
        if name not in self.national["表"]:
            allowed = "、".join(self.national["表"])
            mend = "本地的表名写在国家表的 叫法 里"
            self.wrong(node, line, name, f"没有这张国家表，{mend}；国家表：{allowed}")
            return
        columns = self.national["表"][name]["列"]

        def each(key: str, inside: Node, line: int) -> None:
            if key not in TABLE_KEYS:
                self.wrong(inside, line, f"{name}.{key}", f"可取：{'、'.join(TABLE_KEYS)}")
            elif key == "列":
                self.group(inside, f"{name}.列", lambda c, n, at: self.column(name, c, n, at))
            elif key == "主键":
                self.key(name, inside, columns)
            else:
                self.names(inside, f"{name}.{key}", columns if key == "必需" else None)

        self.group(node, name, each)

    def key(self, table: str, node: Node, columns: Mapping[str, Any]) -> None:
        """The columns that a row is known by, joined by +."""
        text = node.text() if isinstance(node.value, str) else ""
        strange = [part for part in text.split("+") if part not in columns]
        if strange:
            allowed = "本表的列名，几列用 + 相连"
            self.wrong(node, node.line, f"{table}.主键", f"应是{allowed}，没有列 {strange[0]}")

    def column(self, table: str, name: str, node: Node, line: int) -> None:
        """A column's form, then how else it is called."""
        known = self.national["表"][table]["列"]
        key = f"{table}.{name}"
        if name not in known:
            allowed = "、".join(known)
            mend = "本地的列名写在国家列的形式之后"
            self.wrong(node, line, key, f"没有这个国家列，{mend}；国家列：{allowed}")
            return
        said = node.value if isinstance(node.value, list) else [node]
        if not said or not all(isinstance(one.value, str) for one in said):
            self.wrong(node, line, key, "应是形式，或 [形式, 叫法, 叫法…]")
            return
        form, national = said[0].text(), _form(known[name])
        if form not in self.forms:
            allowed = "、".join(sorted(self.forms))
            self.wrong(node, line, key, f"没有形式 {form}；可取：{allowed}")
        elif form != national and not TEXTS.issuperset({form, national}):
            self.wrong(node, line, key, f"形式应是 {national}，不能改成 {form}")

    def codes(self, kind: str, node: Node, line: int) -> None:
        """What each code of a group stands for."""
        meanings = MEANINGS.get(kind)
        if meanings is None:
            allowed = "、".join(MEANINGS)
            self.wrong(node, line, kind, f"没有这一组代码；可取：{allowed}")
            return

        def each(code: str, inside: Node, line: int) -> None:
            text = inside.text() if isinstance(inside.value, str) else ""
            if text not in meanings and text not in meanings.values():
                allowed = "、".join(f"{word}（{own}）" for word, own in meanings.items())
                self.wrong(inside, line, f"{kind}.{code}", f"不知道 {text} 是什么；可取：{allowed}")

        self.group(node, kind, each)


def _form(said: Any) -> str:
    """The form of a column as the national layout has it."""
    return str(said[0] if isinstance(said, list) else said)


def check_mapping(root: Node, national: Mapping[str, Any], forms: frozenset[str]) -> None:
    """Hold a mapping file against the national layout.

    Refuses: RulebookError with every problem: file, line, key, what is wrong and what may stand.
    """
    check = MappingCheck(national, forms)
    check.group(root, "对照文件", check.section)
    if check.problems:
        raise RulebookError(check.problems)


def meaning_of(kind: str, said: str) -> str:
    """A meaning as our columns have it, however it was written."""
    return MEANINGS.get(kind, {}).get(said, said)
