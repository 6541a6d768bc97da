"""Which facts a question asks for: those whose values give different answers, found by trying.

What the benefit's rules read stands in `fields`; here each of these facts is given its other
values, and the visit is settled: at its own cost and at one that passes every ceiling. A fact under
which nothing changes is not asked for, unless the visitor has said it.
"""

from collections.abc import Iterator

from gongji.portal.calculation import settled
from gongji.portal.fields import CARDS, CHECK, DAY, MONEY, SELECT, WHOLE, Field, InputForm
from gongji.portal.inputs import Question
from gongji.refusals import Refusal

LARGE_COST = "90000"
"""Yuan: beyond every ceiling of a year."""
USUAL_COST = "1000"
BIRTHS = ("1935-06-01", "1955-06-01", "1975-06-01", "1995-06-01")
COUNTS = ("1", "2", "3")
_COSTS = ("total", "in_scope")


def birth_date(question: Question) -> Field:
    """The field of the date of birth, to be tried like the others."""
    return Field("birth_date", "出生日期", DAY, question.get("birth_date"))


def deciding(question: Question, form: InputForm) -> frozenset[str]:
    """The names of the facts that can change the answer of a question.

    Ensures: all that the benefit reads, where the question itself cannot be settled.
    """
    tried = (*form.facts, *form.circumstances, birth_date(question))
    costs = [_costing(question, cost) for cost in ("", LARGE_COST)]
    usual = [_told(one) for one in costs]
    if all(told is None for told in usual):
        return frozenset(field.name for field in tried)
    return frozenset(
        field.name
        for field in tried
        if any(
            _told(one.with_facts(**{field.name: text})) != told
            for text in _values(question, field)
            for one, told in zip(costs, usual, strict=True)
        )
    )


def _costing(question: Question, cost: str) -> Question:
    """The question with another cost; its own where none is given and it has one."""
    own = any(question.get(name) for name in _COSTS)
    if own and not cost:
        return question
    facts = {name: text for name, text in question.facts.items() if not name.startswith(_COSTS)}
    return Question(facts, question.used, question.figures, question.earlier).with_facts(
        total=cost or USUAL_COST
    )


def _told(question: Question) -> tuple[object, ...] | None:
    """What tells two answers apart; None where the question cannot be read."""
    try:
        result = settled(question)[1][-1]
    except Refusal as refusal:
        missing = refusal.code in ("parameter_missing", "level_missing")
        return (refusal.code, refusal.field) if missing else None
    return result.refusal, result.pool_fen, result.supplements_fen, result.borne_fen


def _values(question: Question, field: Field) -> Iterator[str]:
    """Other values of a fact."""
    if field.name == "birth_date":
        yield from BIRTHS
    elif field.kind == DAY:
        year = question.get("date")[:4]
        yield from (f"{year}-01-01", f"{year}-12-31")
    elif field.kind == CHECK:
        yield "false" if field.value == "true" else "true"
    elif field.kind in (SELECT, CARDS):
        yield from (code for code, _ in field.choices if code != field.value)
    elif field.kind == WHOLE:
        yield from COUNTS
    elif field.kind == MONEY:
        yield from ("0", USUAL_COST)
