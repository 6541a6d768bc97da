"""What a provision consists of, however deep: every struct inside, for whoever looks for a kind."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from gongji.law.rulebook.source import Node


def structs_in(value: Any) -> Iterator[Any]:
    """Every struct in a value, each before those inside it; nodes of the file are none."""
    if isinstance(value, dict):
        value = tuple(value.values())
    if isinstance(value, tuple | list):
        for item in value:
            yield from structs_in(item)
    elif is_dataclass(value) and not isinstance(value, Node | type):
        yield value
        for item in fields(value):
            yield from structs_in(getattr(value, item.name))
