"""The JSON Schema of a rulebook file, for editors: made from the structs that read it.

It describes the form; what a reference must point to, and what the law needs, `gongji check` says.
"""

import dataclasses
from typing import Any

from gongji.law.rulebook import (
    account_provisions,
    item_provisions,
    line_provisions,
    provision_kinds,
    rulebook,
    schema,
)
from gongji.law.rulebook.schema import Json, struct_schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NAMED: dict[str, type] = rulebook.SECTIONS | {
    rulebook.DOUBTS: provision_kinds.Doubt,
    rulebook.ARTICLES: provision_kinds.Article,
}
"""Sections that are maps of name to entry."""

INTEGERS = {parser.schema["pattern"] for parser in (schema.whole, schema.positive)}


def rulebook_schema() -> Json:
    """The schema of a whole file."""
    sections: Json = {
        section: {
            "type": "object",
            "description": _summary(cls),
            "additionalProperties": {"$ref": f"#/$defs/{cls.__name__}"},
        }
        for section, cls in NAMED.items()
    }
    examples = {"$ref": f"#/$defs/{provision_kinds.Example.__name__}"}
    whole = {
        "$schema": DIALECT,
        "title": "共济规则文件",
        "type": "object",
        "properties": {
            rulebook.HEAD: {"$ref": f"#/$defs/{rulebook.Head.__name__}"},
            **sections,
            rulebook.EXAMPLES: {"anyOf": [{"type": "array", "items": examples}, examples]},
        },
        "required": [rulebook.HEAD],
        "additionalProperties": False,
        "$defs": {
            cls.__name__: {"description": _summary(cls)} | struct_schema(cls) for cls in _structs()
        },
    }
    described: Json = _as_editors_read(whole)
    return described


def _structs() -> list[type]:
    """Every struct that a rulebook can hold, by name."""
    found = {rulebook.Head.__name__: rulebook.Head}
    for module in (provision_kinds, account_provisions, line_provisions, item_provisions):
        for name, value in vars(module).items():
            if getattr(value, "__module__", "") == module.__name__ and _is_struct(value):
                found[name] = value
    return [found[name] for name in sorted(found) if not name.startswith("_")]


def _is_struct(value: Any) -> bool:
    """Whether a class is read from a mapping: its fields were made with `key`."""
    fields = dataclasses.fields(value) if dataclasses.is_dataclass(value) else ()
    return any("key" in item.metadata for item in fields)


def _summary(cls: type) -> str:
    return (cls.__doc__ or "").split("\n")[0]


def _as_editors_read(described: Any) -> Any:
    """Free texts and whole numbers may also be YAML numbers, which gongji reads as text."""
    if isinstance(described, list):
        return [_as_editors_read(item) for item in described]
    if not isinstance(described, dict):
        return described
    found = {name: _as_editors_read(item) for name, item in described.items()}
    if found.get("type") == "string" and "enum" not in found:
        if "pattern" not in found:
            found["type"] = ["string", "number"]
        elif found["pattern"] in INTEGERS:
            found["type"] = ["string", "integer"]
    return found
