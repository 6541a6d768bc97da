"""Typed reading of nodes: parsers that collect every problem and can print a JSON Schema.

A struct is a frozen dataclass whose fields were made with `key`; `read_struct` reads it from a
mapping. This module knows YAML nodes and types, not law.
"""

import dataclasses
import functools
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from gongji.law.rulebook import value_mistakes
from gongji.law.rulebook.source import Node
from gongji.refusals import Problem
from gongji.units import MAX_FEN, parse_day, parse_fen, parse_ppm

Json = dict[str, Any]


class Bad:
    """What a parser returns when it has reported a problem."""


BAD = Bad()


@dataclass
class Reading:
    """Where problems go while a file is read."""

    problems: list[Problem] = field(default_factory=list)
    loose: list[Any] = field(default_factory=list)
    """What could be read of values that as a whole could not."""

    def add(self, node: Node, key: str, message: str) -> Bad:
        """Report a problem at a node."""
        self.problems.append(Problem(node.file, node.line, key, message))
        return BAD


@dataclass(frozen=True)
class Parser:
    """How one kind of value is read (`parse`) and described (`schema`)."""

    parse: Callable[[Node, str, Reading], Any]
    schema: Json


def key(name: str, parser: "Parser | Callable[[], Parser]", doc: str = "", **default: Any) -> Any:
    """A field of a struct: its key in the rulebook and its parser; required without a default."""
    metadata = {"key": name, "parser": parser, "doc": doc}
    if "default" in default and default["default"].__class__ in (list, dict, set):
        value = default.pop("default")
        return field(metadata=metadata, default_factory=lambda: value)
    return field(metadata=metadata, **default)


def scalar(what: str, convert: Callable[[str], Any], schema: Json) -> Parser:
    """A text converted by `convert`, which raises ValueError with the reason."""

    def parse(node: Node, name: str, context: Reading) -> Any:
        if not isinstance(node.value, str):
            return context.add(node, name, f"这里应写{what}，写成了{node.kind}")
        try:
            return convert(node.text())
        except ValueError as error:
            signs = value_mistakes.signs(node.value.strip())
            return context.add(node, name, f"应为{what}；{error}{signs}")

    return Parser(parse, {"type": "string", "description": what} | schema)


NOT_WORDS = ("不是", "除了", "没有", "不含", "非", "除", "未", "不")
OTHERS_SHOWN = 8


def near(name: str, known: Iterable[str]) -> str:
    """Which of the known names may have been meant by one that is not known, or nothing."""
    # Only a mistake needs it, and it is slow to import.
    from difflib import get_close_matches

    names = list(dict.fromkeys(known))
    parts = [part.strip() for part in re.split("[，、；;]", name)]
    if len(parts) > 1 and all(part in names for part in parts):
        return f"（各项之间用半角逗号：[{', '.join(parts)}]）"
    for word in NOT_WORDS:
        if name.startswith(word) and name.removeprefix(word) in names:
            others = [one for one in names if one not in (name.removeprefix(word), "其余")]
            if len(others) > OTHERS_SHOWN:
                return f"（没有“{word}”的写法）"
            return f"（没有“{word}”的写法，其余的值是：{'、'.join(others)}）"
    if level := value_mistakes.level(name, names):
        return f"（是否指“{level}”？）"
    close = get_close_matches(name, names, 1)
    return f"（是否指“{close[0]}”？）" if close else ""


def choice(options: Mapping[str, Any]) -> Parser:
    """One of the named options."""

    def convert(text: str) -> Any:
        if text not in options:
            raise ValueError(f"“{text}”不在可取值之内{near(text, options)}：{'、'.join(options)}")
        return options[text]

    return scalar("可取值之一", convert, {"enum": list(options)})


def _prose(node: Node, name: str, context: Reading) -> Any:
    if not isinstance(node.value, str):
        return context.add(node, name, f"这里应写文字，写成了{node.kind}")
    text = node.value.strip()
    return text or context.add(node, name, "不能为空")


def _code(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", text):
        raise ValueError(f"“{text}”须以小写英文字母开头，只含小写字母、数字和下划线")
    return text


def _area(text: str) -> str:
    if not re.fullmatch(r"\d{6}", text):
        raise ValueError(f"“{text}”须为六位行政区划代码")
    return text


def plain_amount(text: str) -> str:
    """An amount without its unit and the commas between groups of three digits."""
    text = text.removesuffix("元")
    grouped = re.fullmatch(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", text)
    return text.replace(",", "") if grouped else text


def money_of(text: str) -> int:
    """An amount with its unit (`30元`) in fen.

    Refuses: ValueError.
    """
    try:
        fen = parse_fen(plain_amount(text) if text.endswith("元") else "")
    except ValueError:
        if mend := value_mistakes.money(text):
            raise ValueError(mend) from None
        raise
    if abs(fen) > MAX_FEN:
        raise ValueError(f"“{text}”大得不可能；至多 {MAX_FEN // 100:,} 元")
    return fen


def _percent(text: str) -> int:
    if mend := value_mistakes.percent(text):
        raise ValueError(mend)
    return parse_ppm(re.sub(r"\s*(%|个百分点)$", "%", text))


def day_of_text(text: str) -> int:
    """A date (`2025-01-01`) as a day.

    Refuses: ValueError with how it is written.
    """
    try:
        return parse_day(text)
    except ValueError:
        raise ValueError(value_mistakes.day(text)) from None


def _whole(text: str) -> int:
    if not re.fullmatch(r"-?\d+", text):
        raise ValueError(f"“{text}”须为整数")
    return int(text)


def money_or_points(text: str) -> str:
    """A figure that says whether it is yuan or points.

    Refuses: ValueError with both ways to write it.
    """
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        raise ValueError(f"“{text}”须写明单位：元写成 {text}元，百分点写成 {text}个百分点")
    return text


def _positive(text: str) -> int:
    if _whole(text) < 1:
        raise ValueError(f"“{text}”须为正整数")
    return int(text)


def _month(text: str) -> int:
    if not re.fullmatch(r"(1[0-2]|[1-9])月", text):
        raise ValueError(f"“{text}”须为1月至12月")
    return int(text[:-1])


prose = Parser(_prose, {"type": "string", "minLength": 1})
code = scalar("英文代号", _code, {"pattern": "^[a-z][a-z0-9_]*$"})
area_code = scalar("六位行政区划代码", _area, {"pattern": r"^\d{6}$"})
day = scalar("日期（YYYY-MM-DD）", day_of_text, {"pattern": r"^\d{4}-\d{2}-\d{2}$"})
money = scalar("金额（如 30元）", money_of, {"pattern": r"^-?\d+(\.\d{1,2})?元$"})
percent = scalar(
    "百分比（如 60%、5个百分点）", _percent, {"pattern": r"^-?\d+(\.\d+)?(%|个百分点)$"}
)
whole = scalar("整数", _whole, {"pattern": r"^-?\d+$"})
positive = scalar("正整数", _positive, {"pattern": r"^[1-9]\d*$"})
month = scalar("月份（如 7月）", _month, {"pattern": r"^(1[0-2]|[1-9])月$"})
text = scalar("文字，可以为空", str, {})
yes_no = choice({"是": True, "否": False})


def list_of(item: Parser) -> Parser:
    """A list; a single item may stand alone."""

    def parse(node: Node, name: str, context: Reading) -> Any:
        nodes = node.value if isinstance(node.value, list) else [node]
        values = tuple(item.parse(child, name, context) for child in nodes)
        return whole_or_bad(values, values, context)

    return Parser(parse, {"anyOf": [{"type": "array", "items": item.schema}, item.schema]})


def whole_or_bad(value: Any, parts: Collection[Any], context: Reading) -> Any:
    """The value, or BAD where a part of it is; its good parts are then kept as loose ones."""
    good = [part for part in parts if part is not BAD]
    if len(good) == len(parts):
        return value
    context.loose += good
    return BAD


def year_key(name: str) -> str:
    """What is wrong with the key of a year, or nothing."""
    if re.fullmatch(r"[0-9]{4}", name):
        return ""
    found = re.search(r"[0-9]{4}", name)
    return f"“{name}”须为四位数字的年份，如 {found[0] if found else '2022'}"


def map_of(item: Parser, wrong_key: Callable[[str], str] | None = None) -> Parser:
    """A mapping by name; `wrong_key` says what is wrong with a name, or nothing."""

    def parse(node: Node, name: str, context: Reading) -> Any:
        if not isinstance(node.value, dict):
            message = f"这里应写键值表，如 {{名称: 值}}，写成了{node.kind}"
            return context.add(node, name, message)
        if wrong_key and (told := [(key, wrong_key(key)) for key in node.value if wrong_key(key)]):
            for wrong, message in told:
                line = (node.keys or {}).get(wrong, node.line)
                context.problems.append(Problem(node.file, line, f"{name}.{wrong}", message))
            return BAD
        result = {
            child_name: item.parse(child, f"{name}.{child_name}", context)
            for child_name, child in node.value.items()
        }
        return whole_or_bad(result, tuple(result.values()), context)

    return Parser(parse, {"type": "object", "additionalProperties": item.schema})


def either(test: Callable[[Node], bool], yes: Parser, no: Parser) -> Parser:
    """One of two forms, told apart by the node."""

    def parse(node: Node, name: str, context: Reading) -> Any:
        return (yes if test(node) else no).parse(node, name, context)

    return Parser(parse, {"anyOf": [yes.schema, no.schema]})


def parser_of(item: dataclasses.Field[Any]) -> Parser:
    """How a key's value is read."""
    parser = item.metadata["parser"]
    return parser if isinstance(parser, Parser) else parser()


@functools.cache
def keyed(cls: type) -> dict[str, dataclasses.Field[Any]]:
    """The fields of a struct that a rulebook writes, by their keys."""
    fields = dataclasses.fields(cls)
    return {item.metadata["key"]: item for item in fields if "key" in item.metadata}


def required(item: dataclasses.Field[Any]) -> bool:
    """Whether a struct must say a key."""
    return item.default is dataclasses.MISSING and item.default_factory is dataclasses.MISSING


def _short_form(cls: type, node: Node) -> str:
    """How a struct is written on one line, with a text that stands there in the key it fits."""
    wanted = {name: item for name, item in keyed(cls).items() if required(item)}
    shown = dict.fromkeys(wanted or list(keyed(cls))[:1], "…")
    fitting = [
        name
        for name, item in wanted.items()
        if parser_of(item) is not prose and isinstance(node.value, str)
        if parser_of(item).parse(node, name, Reading()) is not BAD
    ]
    if fitting and isinstance(node.value, str):
        shown[fitting[0]] = node.value.strip()
    return "{" + ", ".join(f"{name}: {value}" for name, value in shown.items()) + "}"


def read_struct(cls: type, node: Node, name: str, context: Reading) -> Any:
    """A struct from a mapping: unknown, missing and wrong keys are all reported.

    A struct with a field `node` keeps the node it came from.
    """
    fields = keyed(cls)
    if not isinstance(node.value, dict):
        message = f"这里应写键值表，如 {_short_form(cls, node)}，写成了{node.kind}"
        return context.add(node, name, message)
    for unknown in node.value.keys() - fields.keys():
        line = (node.keys or {}).get(unknown, node.line)
        message = f"不认识的键{near(unknown, fields)}；可取：{'、'.join(fields)}"
        context.problems.append(Problem(node.file, line, f"{name}.{unknown}", message))
    values: dict[str, Any] = {}
    bad = False
    for chinese, item in fields.items():
        child = node.value.get(chinese)
        if child is None:
            if required(item):
                context.add(node, f"{name}.{chinese}", "缺少这一项")
                bad = True
            continue
        value = parser_of(item).parse(child, f"{name}.{chinese}", context)
        if value is BAD:
            bad = True
        else:
            values[item.name] = value
    if bad:
        context.loose += values.values()
        return BAD
    if hasattr(cls, "node"):
        values["node"] = node
    return cls(**values)


def struct(cls: type) -> Parser:
    """The parser of a struct."""
    return Parser(
        lambda node, name, context: read_struct(cls, node, name, context),
        {"$ref": f"#/$defs/{cls.__name__}"},
    )


def struct_schema(cls: type) -> Json:
    """The JSON Schema of a struct, its parts by reference."""
    properties = {}
    for item in keyed(cls).values():
        described = dict(parser_of(item).schema)
        if item.metadata["doc"]:
            described["description"] = item.metadata["doc"]
        properties[item.metadata["key"]] = described
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name, item in keyed(cls).items() if required(item)],
        "additionalProperties": False,
    }
