"""What a command is: a function of its room, declared once, that changes facts, money or rights.

`f(connection, content, *, actor, now, …)`: `content` is a msgspec struct of the room's own words;
what else a command needs (the rules, the days that are taken) comes by name. Faces call it and
translate; who may is said where it is declared. This module knows no table and no command.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar, get_type_hints

from gongji.platform.actors import KINDS, Actor
from gongji.refusals import Refusal

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Command:
    """A command by its kind: what it is asked with, and which kinds of actors may ask."""

    kind: str
    content: type
    actors: frozenset[str]
    act: Callable[..., Any]


COMMANDS: dict[str, Command] = {}
"""Every command of the rooms that were imported, by its kind, which is the function's name."""


def command(*actors: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Declare a command that actors of some kinds may ask for.

    Refuses: (when called) actor_refused for any other kind.
    """
    assert set(actors) <= KINDS.keys(), "a kind of actor that there is not"

    def declare(act: Callable[P, R]) -> Callable[P, R]:
        kind = act.__name__
        if kind in COMMANDS:
            raise ValueError(f"two commands are called {kind}")

        @wraps(act)
        def ask(*args: P.args, **kwargs: P.kwargs) -> R:
            actor = kwargs["actor"]
            assert isinstance(actor, Actor)
            if actor.kind not in actors:
                allowed = "、".join(KINDS[one] for one in actors)
                values = {"value": kind, "actor": KINDS[actor.kind], "allowed": allowed}
                raise Refusal("actor_refused", "actor", values)
            return act(*args, **kwargs)

        COMMANDS[kind] = Command(kind, get_type_hints(act)["content"], frozenset(actors), act)
        return ask

    return declare
