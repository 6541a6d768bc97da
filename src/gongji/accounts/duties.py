"""The steps of a review and the posts that must be apart, as the law names them."""

from collections.abc import Collection
from dataclasses import dataclass

from gongji.accounts.citing import Ground, ground
from gongji.rulebook.accounts import Review
from gongji.rulebook.law import Law


@dataclass(frozen=True)
class Steps:
    """The steps of a review in order, each by another person."""

    steps: tuple[str, ...]
    scope: str
    ground: Ground


@dataclass(frozen=True)
class Clash:
    """Two posts that one person must not hold together."""

    posts: tuple[str, str]
    ground: Ground


def reviews(law: Law) -> list[Steps]:
    """The reviews that the law asks for."""
    return [
        Steps(value.steps, value.scope, ground(provision))
        for provision in law.section("审核").values()
        if isinstance(value := provision.value, Review) and value.steps
    ]


def clashes(law: Law, posts: Collection[str]) -> list[Clash]:
    """Which of the posts of one person must be apart: incompatible ones, and steps of one review."""
    found = []
    for provision in law.section("审核").values():
        value = provision.value
        assert isinstance(value, Review)
        steps = value.steps
        pairs = [(a, b) for n, a in enumerate(steps) for b in steps[n + 1 :]]
        for pair in (*value.apart, *pairs):
            if set(pair) <= set(posts):
                found.append(Clash(pair, ground(provision)))
    return found
