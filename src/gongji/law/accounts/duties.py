"""The steps of a review and the posts that must be apart, as the law names them."""

from collections.abc import Collection
from dataclasses import dataclass

from gongji.law.compile.grounds import Ground, ground, rules
from gongji.law.rulebook.account_provisions import Review
from gongji.law.rulebook.law import Law


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
        Steps(rule.steps, rule.scope, ground(provision, rule))
        for provision, rule in rules(law, Review)
        if rule.steps
    ]


def clashes(law: Law, posts: Collection[str]) -> list[Clash]:
    """Which posts of one person must be apart: incompatible ones, and steps of one review."""
    found = []
    for provision, rule in rules(law, Review):
        steps = rule.steps
        pairs = [(a, b) for n, a in enumerate(steps) for b in steps[n + 1 :]]
        for pair in (*rule.apart, *pairs):
            if set(pair) <= set(posts):
                found.append(Clash(pair, ground(provision, rule)))
    return found
