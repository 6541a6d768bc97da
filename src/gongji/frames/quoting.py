"""`gongji.quote`: one visit of Python's values, settled, explained, ready to be shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from gongji.frames.facts_given import paths_of, texts_of
from gongji.frames.reform_overlays import ReformOverlay
from gongji.law.engine.engine import Result
from gongji.law.explain.quote import AskedVisit
from gongji.law.explain.sentences import Explanation, Sentence, explain
from gongji.law.explain.show import as_json, as_markdown, as_text
from gongji.refusals import Refusal
from gongji.units import Fen, yuan_text


@dataclass(frozen=True, eq=False, repr=False)
class Quote:
    """One visit settled and explained: amounts in yuan, reasons, and itself as text or Markdown."""

    explanation: Explanation

    @property
    def result(self) -> Result:
        """The result with every step, amounts in fen."""
        return self.explanation.result

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """The sentences of the explanation, each with its citations."""
        return self.explanation.sentences

    @property
    def reasons(self) -> tuple[str, ...]:
        """What is said of the visit, sentence by sentence, without the citations."""
        return tuple(sentence.text for sentence in self.sentences)

    @property
    def articles(self) -> tuple[str, ...]:
        """The articles that the result rests on, each once."""
        cites = (cite.text for sentence in self.sentences for cite in sentence.cites)
        return tuple(dict.fromkeys(cites))

    @property
    def doubts(self) -> tuple[str, ...]:
        """The readings that the result rests on where the text leaves a question."""
        return tuple(f"{one.question}？采用：{one.reading}" for one in self.explanation.doubts)

    @property
    def refusal(self) -> str | None:
        """The code of the gate under which the pool does not pay, None where it may."""
        return self.result.refusal or None

    @property
    def total(self) -> Decimal:
        """The visit's whole cost."""
        return _yuan(self.result.total_fen)

    @property
    def in_scope(self) -> Decimal:
        """The in-scope cost."""
        return _yuan(self.result.in_scope_fen)

    @property
    def deductible(self) -> Decimal:
        """The deductible borne."""
        return _yuan(self.result.deductible_fen)

    @property
    def pool_pays(self) -> Decimal:
        """What the pooled fund pays."""
        return _yuan(self.result.pool_fen)

    @property
    def supplements(self) -> Decimal:
        """What funds beside the pool pay."""
        return _yuan(self.result.supplements_fen)

    @property
    def institution_bears(self) -> Decimal:
        """What the rules let the institution bear."""
        return _yuan(self.result.borne_fen)

    @property
    def person_pays(self) -> Decimal:
        """What is left to the person and their account."""
        return _yuan(self.result.person_fen)

    @property
    def layers(self) -> dict[str, Decimal]:
        """What each layer pays, by its code."""
        return {code: _yuan(paid) for code, paid in self.result.layers.items()}

    @cached_property
    def meters(self) -> dict[str, tuple[Decimal, Decimal]]:
        """The meters before and after, by code, with the value of one that there are several of."""
        return {
            f"{one.code}（{one.where}）" if one.where else one.code: (
                _yuan(one.before),
                _yuan(one.after),
            )
            for one in self.result.readings
        }

    def to_dict(self) -> dict[str, object]:
        """The same as `gongji quote --json`."""
        return as_json(self.explanation)

    def __str__(self) -> str:
        return as_text(self.explanation)

    def __repr__(self) -> str:
        law, refused = self.result.law, f"，{self.refusal}" if self.refusal else ""
        return (
            f"<Quote {law.area} {law.place}：统筹基金支付{self.pool_pays}元，"
            f"个人负担{self.person_pays}元{refused}>"
        )

    def _repr_markdown_(self) -> str:
        return as_markdown(self.explanation)


def _yuan(fen: Fen) -> Decimal:
    return Decimal(yuan_text(fen))


def quote(
    facts: Mapping[str, object],
    used: Mapping[str, object] | None = None,
    settings: Mapping[str, object] | None = None,
    folders: Sequence[str | Path] = (),
    *,
    reform: ReformOverlay | None = None,
) -> Quote:
    """Settle one visit and explain it.

    Shape:   `facts` under the names of a visits file (docs/use/facts.md): texts, numbers, Decimals,
             dates, truths, None for what is not known; amounts in yuan; `used` meters in yuan;
             `settings` figures for open parameters; `folders` of further rulebooks; `reform` what
             `gongji.reform` gave.
    Refuses: every code of gongji.refusals that concerns input, dates, benefits and parameters, as
             `gongji.Refusal` with `code` and `field`.

    >>> from datetime import date
    >>> import gongji
    >>> answer = gongji.quote({"area": 532300, "date": date(2023, 3, 1), "status": "retired",
    ...                        "level": 3, "in_scope": 1000})
    >>> answer.pool_pays, answer.person_pays
    (Decimal('500.50'), Decimal('499.50'))
    >>> answer
    <Quote 532300 云南省楚雄彝族自治州：统筹基金支付500.50元，个人负担499.50元>
    """
    given, paths = texts_of(facts), paths_of(folders)
    figures, meters = texts_of(settings), texts_of(used)
    for column in ("area", "date"):
        if not given.get(column):
            raise Refusal("field_missing", column)
    overlay = reform.overlay if reform else None
    return Quote(explain(AskedVisit(given, meters, figures, paths, overlay).result))
