"""The facts of an area's own that are kept of persons and institutions, or told by messages.

A rulebook declares them (事实: 归属, 报文). What is kept of each stands in the rooms of persons and
of institutions; this module knows names, owners and how a value is written.
"""

from dataclasses import dataclass
from functools import lru_cache

from gongji.law.rulebook.law import KEPT, Law
from gongji.law.rulebook.provision_kinds import OF_VISIT, Message
from gongji.law.rulebook.vocabulary import FLAG, YES_NO, Fact

OFFSITE = "offsite"
"""The column of everybody's choice whose further values are kinds of filings."""


@dataclass(frozen=True)
class OwnFact:
    """A fact that an area's documents declare: what it is, whose, and which message tells it."""

    fact: Fact
    owner: str
    message: Message | None

    @property
    def name(self) -> str:
        """Its Chinese name."""
        return self.fact.name

    @property
    def column(self) -> str:
        """The column under which it is kept and told."""
        return self.fact.column

    @property
    def registered(self) -> bool:
        """Whether it is kept of persons or institutions."""
        return self.owner != OF_VISIT

    def meaning(self, code: str) -> str | None:
        """What a message says with a code, as a visit tells it; None for a code without meaning."""
        words = self.message.words if self.message else {}
        if not words:
            return code
        word = words.get(code)
        if word is None:
            return None
        return word if self.fact.kind == FLAG else self.fact.codes[word]

    @property
    def allowed(self) -> str:
        """What its value may be, as a clerk writes it; empty where any may be."""
        return "、".join(YES_NO if self.fact.kind == FLAG else self.fact.choices)


@lru_cache(maxsize=KEPT)
def own_facts(law: Law) -> tuple[OwnFact, ...]:
    """The facts of a law that are kept of somebody or told by messages."""
    return tuple(
        OwnFact(law.facts[name], says.owner, says.message)
        for name, says in law.definitions.items()
        if not says.source and (says.owner != OF_VISIT or says.message)
    )


def shown_value(law: Law, column: str, text: str) -> str:
    """A fact and its value in people's words, 签约：是; empty where the law has no such fact."""
    for one in own_facts(law):
        if one.column == column:
            words = {code: word for word, code in one.fact.choices.items()}
            flags = {"true": "是", "false": "否"} if one.fact.kind == FLAG else {}
            return f"{one.name}：{(words | flags).get(text, text)}"
    return ""


def find_own(law: Law, word: str, owner: str) -> OwnFact | None:
    """The fact of an owner that a word names: its name or its column."""
    return next(
        (one for one in own_facts(law) if one.owner == owner and word in (one.name, one.column)),
        None,
    )
