"""What a room says of a command that goes through review: who hands it in, what it rests on.

The rooms above register their kinds here; this room carries them through their life and knows
nothing of what they do.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import psycopg

from gongji.law.engine.areas import Areas
from gongji.law.rulebook.law import Law
from gongji.platform.actors import Actor
from gongji.platform.command_rows import ChainStep, CommandRow
from gongji.refusals import Refusal
from gongji.units import Fen

Connection = psycopg.Connection[Any]


class PreviewLine(msgspec.Struct, frozen=True):
    """A line of a preview: what will be so, how much (fen) moves, and by which article."""

    words: str
    fen: Fen | None = None
    article: str = ""


class Examination(msgspec.Struct, frozen=True):
    """What a command rests on now and would bring about.

    Shape:   `ground` says whether it may be done (status, law, account number, duplicates) and is
             compared at each step; amounts are not in it. `about`: ids of further persons whom it
             concerns.
    """

    ground: dict[str, Any]
    lines: tuple[PreviewLine, ...]
    amount_fen: Fen | None = None
    about: tuple[int, ...] = ()


@dataclass(frozen=True)
class Case:
    """A command as it is looked at: its content in its own words, the law of the day."""

    connection: Connection
    row: CommandRow
    content: Any
    law: Law
    areas: Areas
    papers: frozenset[str]
    now: datetime
    actor: Actor
    """Who acts now; whoever carries a command out stands on what it writes."""


@dataclass(frozen=True)
class CommandKind:
    """A kind of command that is reviewed.

    Shape:   `makers` the posts that hand it in; `people` whether the insured hand it in themselves;
             `item` whether rulebooks have it as an item (事项), whose chain and papers then hold,
             else `chain` is its chain, each step at the prefecture's agency; `seers` the posts that
             alone may look at it (none: whoever may look at commands).
    """

    kind: str
    words: str
    content: type
    makers: tuple[str, ...]
    examine: Callable[[Case], Examination]
    act: Callable[[Case], str]
    people: bool = False
    item: bool = False
    chain: tuple[str, ...] = ()
    seers: tuple[str, ...] = ()


KINDS: dict[str, CommandKind] = {}
"""The kinds that are reviewed, by kind; filled by the rooms that were imported."""


def register(kind: CommandKind) -> None:
    """Add a kind; twice is a mistake of the program."""
    if kind.kind in KINDS:
        raise ValueError(f"two kinds of command are called {kind.kind}")
    KINDS[kind.kind] = kind


def get_kind(kind: str) -> CommandKind:
    """A kind by its name.

    Refuses: command_kind_unknown.
    """
    found = KINDS.get(kind)
    if found is None:
        allowed = "、".join(one.words for one in KINDS.values())
        raise Refusal("command_kind_unknown", "kind", {"value": kind, "allowed": allowed})
    return found


def read_content(kind: CommandKind, content: dict[str, Any]) -> Any:
    """The content in the kind's own words.

    Refuses: value_invalid naming what does not fit.
    """
    try:
        return msgspec.convert(content, kind.content)
    except msgspec.ValidationError as error:
        raise _unread(kind, content, str(error)) from None


_PLACE = re.compile(r"`\$\.(\w+)")
_LENGTH = re.compile(r"length <= (\d+)")


def _unread(kind: CommandKind, content: dict[str, Any], problem: str) -> Refusal:
    """What does not fit, in words: the field and what it may be."""
    place, length = _PLACE.search(problem), _LENGTH.search(problem)
    name = place[1] if place else "content"
    allowed = f"不超过 {length[1]} 个字" if length else f"“{kind.words}”的格式"
    value = str(content.get(name, ""))[:40] if place else problem
    return Refusal("value_invalid", name, {"value": value, "allowed": allowed})


Chain = tuple[ChainStep, ...]
