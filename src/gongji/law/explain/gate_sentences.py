"""What is said of gates: which one refuses, who bears the cost, which ones a visit passed and why.

A visit passes most gates silently. Told is what was against it and did not hold: a referral, a
filing, an advance, a benefit that a gate spares.
"""

from collections.abc import Iterator

from gongji.law.compile.cells import own_level
from gongji.law.compile.citations import Cite, cite, doubts_of
from gongji.law.compile.gates import exceptions_of, gates_for, gates_of
from gongji.law.engine.engine import Result
from gongji.law.engine.visit import value_name, value_of
from gongji.law.explain.sentence import Sentence, yuan
from gongji.law.rulebook.law import Law, Provision
from gongji.law.rulebook.provision_kinds import Condition, Doubt, Gate
from gongji.law.rulebook.vocabulary import Fact
from gongji.refusals import REFUSALS

BORNE_BY = {
    "third_party": "第三人负担",
    "other_fund": "应当支付的其他基金负担",
    "public_health": "公共卫生负担",
    "joins_inpatient": "并入住院费用结算",
}
"""Who bears what the pool does not pay, where it is not the person; or what becomes of it."""
HANDED_ON = ("joins_inpatient",)
"""Refusals of what is settled elsewhere, by no other benefit of outpatient care."""
OFFSITE, FILED, UNFILED = "异地", "已备案", "未备案"


def borne(result: Result) -> str:
    """How the sentence on the cost that the pool refused ends: 由个人负担, 并入住院费用结算."""
    how = BORNE_BY.get(result.refusal, "个人负担")
    return how if how.startswith("并入") else f"由{how}"


def refused(result: Result) -> Iterator[Sentence]:
    """Why the pool pays nothing, who bears it, and what can still be asked for."""
    assert result.gate
    reason = REFUSALS[result.refusal]
    yield Sentence(
        "refusal",
        f"统筹基金不予支付：{reason}。全部费用{yuan(result.total_fen)}{borne(result)}，各项累计不变。",
        result.gate.cites,
    )
    for provision in exceptions_of(result.law):
        gate = provision.value
        if gate.refusal == result.refusal and gate.unless_article:
            yield Sentence("exception", f"{gate.note}。", (_of_exception(provision),))


def _of_exception(provision: Provision[Gate]) -> Cite:
    return cite(provision.book, provision.value.unless_article, provision.value.node)


class Passed:
    """The gates that had something against a visit and did not refuse it."""

    def __init__(self, result: Result) -> None:
        self.result, self.law = result, result.law
        self.benefit = result.law.benefit_name(result.visit.benefit)
        self.own_level = own_level(result.law)
        self.doubts: list[Doubt] = []

    def sentences(self) -> list[Sentence]:
        """An advance, a filing, a referral, what the benefit is spared; each once."""
        said: dict[tuple[str, tuple[Cite, ...]], Sentence] = {}
        before = {id(provision) for provision, _ in gates_for(self.law, self.benefit)}
        for provision, when in gates_of(self.law):
            found = self._passed(provision, when, id(provision) in before)
            if found:
                said.setdefault((found.text, found.cites), found)
        return list(said.values())

    def _passed(
        self, provision: Provision[Gate], when: Condition, applies: bool
    ) -> Sentence | None:
        gate = provision.value
        failing = [name for name in when if not self._is(name, when[name])]
        against = [name for name in when if name not in failing and self._told(name)]
        if gate.unless and self._all(gate.when) and self._all(gate.unless) and applies:
            return Sentence("advance", f"{gate.note}。", (_of_exception(provision),))
        if applies and self._value(OFFSITE) == FILED and UNFILED in when.get(OFFSITE, ()):
            text = "异地就医已备案，与统筹区内同样结算。"
            return Sentence("passed", text, (cite(provision.book, gate.article, gate.node),))
        if not against or provision.national:
            return None
        reason = REFUSALS[gate.refusal]
        article = gate.spares_article or gate.article
        cites = (cite(provision.book, article, gate.node),)
        if not applies and not failing and gate.spares_article:
            return Sentence("spared", f"{self.benefit}不受“{reason}”的限制。", cites)
        if applies and len(failing) == 1 and len(when) > 1:
            self.doubts += doubts_of(provision.book, gate.near_doubts)
            name = failing[0]
            text = f"不因“{reason}”拒付：{name}为“{self._value(name)}”。"
            return Sentence("passed", text, cites)
        return None

    def _all(self, when: Condition) -> bool:
        return all(self._is(name, values) for name, values in when.items())

    def _is(self, name: str, values: tuple[str, ...]) -> bool:
        return self._value(name) in values

    def _value(self, name: str) -> str:
        fact = self.law.facts[name]
        return value_name(fact, value_of(fact, self.result.visit, self.own_level))

    def _told(self, name: str) -> bool:
        """Whether a fact was told and is not the ordinary case."""
        return told(self.law, self.law.facts[name], self.result)


def told(law: Law, fact: Fact, result: Result) -> bool:
    """Whether a visit tells a fact otherwise than it is ordinarily."""
    given = result.visit.facts
    return fact.column in given and given[fact.column] != fact.default
