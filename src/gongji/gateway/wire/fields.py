"""Where every field of an output comes from: tables beside the transactions, kept to by `fill`.

A table names each documented field once: with its source in words, or as `Empty` with the reason
why it is always empty. `fill` refuses to make an object that differs from its table, so the page
that is made of the tables (docs/generated/gateway-queries.md) tells what the gateway does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from gongji.gateway.wire.personal_fields import Party, hidden, masked, untold
from gongji.refusals import Fault
from gongji.units import Fen, Ppm, yuan_text

_PPM_DECIMALS = 6


@dataclass(frozen=True)
class Empty:
    """A field that is always empty: "" for a text, 0 where `number`."""

    reason: str
    number: bool = False


@dataclass(frozen=True)
class Node:
    """An object or the rows of an output, with the source of each field.

    `name` is empty where the fields stand directly under output.
    """

    infno: str
    name: str
    fields: Mapping[str, str | Empty]

    def __post_init__(self) -> None:
        """What tells of a person has its place in the table of `personal_fields`."""
        if lost := untold(self.infno, self.filled):
            raise ValueError(f"{self.infno} {self.name}: nobody says who may see {sorted(lost)}")

    @property
    def filled(self) -> frozenset[str]:
        """The fields that have a source."""
        return frozenset(name for name, source in self.fields.items() if isinstance(source, str))


NODES: list[Node] = []
"""Every table, in the order in which the modules of fields define them."""


def node(infno: str, name: str, fields: Mapping[str, str | Empty]) -> Node:
    """A table, entered into NODES."""
    made = Node(infno, name, fields)
    NODES.append(made)
    return made


def fill(table: Node, values: Mapping[str, Any], party: Party = Party.ANY) -> dict[str, Any]:
    """An object with exactly the fields of its table, in their order; None is written as "".

    What the caller (`party`) does not get in clear is masked (`personal_fields`).
    Refuses: Fault where a field with a source is missing or one without is given.
    """
    if values.keys() != table.filled:
        differing = "、".join(sorted(values.keys() ^ table.filled))
        raise Fault(f"{table.infno} {table.name} 的字段与字段表不符：{differing}")
    made: dict[str, Any] = {}
    for name, source in table.fields.items():
        if isinstance(source, Empty):
            made[name] = 0 if source.number else ""
        else:
            made[name] = "" if values[name] is None else values[name]
    for name in hidden(table.infno, table.filled, party):
        made[name] = masked(name, made[name])
    return made


def yuan(fen: Fen) -> msgspec.Raw:
    """An amount as a JSON number of yuan with two decimals."""
    return msgspec.Raw(yuan_text(fen).encode())


def scaled(number: int, decimals: int) -> msgspec.Raw:
    """A whole number of the last decimal as a JSON number without needless zeros."""
    return msgspec.Raw(plain(number, decimals).encode())


def plain(number: int, decimals: int) -> str:
    """The same as text: 1500 with 3 decimals is `1.5`."""
    text = f"{Decimal(number).scaleb(-decimals):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def ratio(ppm: Ppm) -> msgspec.Raw:
    """A share as a JSON number: 100000 is 0.1."""
    return scaled(ppm, _PPM_DECIMALS)


def last_day(until: date | None) -> str:
    """The last day of a span whose `until` is the first day after it; empty while it is open."""
    return (until - timedelta(days=1)).isoformat() if until else ""
