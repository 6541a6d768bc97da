"""The gates of a law with all that they ask: their own conditions and the exceptions to them.

What the nation's law excepts (除外) is excepted in every area, whatever an area's own text says of
the same reason.
"""

from collections.abc import Iterator
from functools import lru_cache

from gongji.law.rulebook.law import KEPT, Law, Provision
from gongji.law.rulebook.provision_kinds import Condition, Gate

Gates = list[tuple[Provision[Gate], Condition]]


@lru_cache(maxsize=KEPT)
def gates_of(law: Law) -> Gates:
    """Every gate with the condition under which it refuses, an area's own before the nation's."""
    provisions = sorted(law.all(Gate).values(), key=lambda provision: provision.national)
    return [(one, one.value.when | _excepted(law, one)) for one in provisions]


def gates_for(law: Law, benefit: str) -> Gates:
    """The gates that stand before a benefit."""
    return [
        (provision, when)
        for provision, when in gates_of(law)
        if not provision.value.benefits or benefit in provision.value.benefits
    ]


def exceptions_of(law: Law) -> Iterator[Provision[Gate]]:
    """The gates that something is excepted from."""
    return (provision for provision, _ in gates_of(law) if provision.value.unless)


def _excepted(law: Law, gate: Provision[Gate]) -> Condition:
    """What must not be so: the other values of the facts of each exception."""
    found: Condition = {}
    for other in law.all(Gate).values():
        same = other.national and other.value.refusal == gate.value.refusal
        if other is gate or same:
            for name, values in other.value.unless.items():
                if name in law.facts:
                    rest = tuple(v for v in law.facts[name].values if v not in values)
                    found[name] = rest
    return found
