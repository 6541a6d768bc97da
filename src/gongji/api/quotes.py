"""One question answered, or many: the answer of `gongji quote --json`, in the caller's language."""

from typing import Any

from pydantic import ValidationError

from gongji.api import problems, shapes
from gongji.law.explain.as_far import MISSING, AsFar
from gongji.law.explain.sentences import explain
from gongji.law.explain.show import as_json
from gongji.portal import english
from gongji.portal.calculation import at_each_level, settled, so_far
from gongji.portal.inputs import Question, cleaned, question_of
from gongji.portal.law_terms import term
from gongji.portal.ui_texts import is_english
from gongji.refusals import Refusal
from gongji.units import yuan_text


def asked(question: shapes.Question) -> Question:
    """A question of the interface as the calculator asks it: names and texts as people write."""
    return question_of(
        _clean(question.facts),
        _clean(question.used),
        _clean(question.settings),
        tuple(_clean(row) for row in question.earlier),
    )


def _clean(row: dict[str, str]) -> dict[str, str]:
    given = {cleaned(name): cleaned(text) for name, text in row.items()}
    return {name: text for name, text in given.items() if text}


def quoted(question: Question) -> dict[str, Any]:
    """A question settled and explained.

    Refuses: what `quote` refuses.
    """
    return in_language(as_json(explain(settled(question)[1][-1])))


def in_language(quote: dict[str, Any]) -> dict[str, Any]:
    """A quote with its sentences and names in English where the caller reads English.

    What has no English form (doubts, names of an area's own) stays in Chinese; codes are codes.
    """
    if is_english():
        for sentence in quote["explanation"]:
            sentence["text"] = english.sentence(sentence["text"])
        resolved = quote["resolved"]
        named = [*quote["meters"], *quote["unread"], resolved["level"], resolved["status"]]
        for one in named:
            one["name"] = term(one["name"])
        for meter in quote["meters"]:
            meter["where"] = ", ".join(term(word) for word in meter["where"].split("、"))
        resolved["place"] = term(resolved["place"])
    return quote


def as_far(refusal: Refusal, question: Question) -> dict[str, Any]:
    """What is settled of a visit that lacks a figure, the bounds; or the visit at each level."""
    if refusal.code == MISSING:
        found = so_far(question)
        return {"so_far": _so_far(found)} if found else {}
    if refusal.code == "level_missing" and not refusal.field.startswith("earlier."):
        told = at_each_level(question).items()
        return {"by_level": {level: in_language(as_json(one)) for level, one in told}}
    return {}


def _so_far(found: AsFar) -> dict[str, Any]:
    return {
        "pool_pays_at_least": yuan_text(found.least_fen),
        "pool_pays_at_most": yuan_text(found.most_fen),
        "missing": list(found.missing),
        "explanation": in_language(as_json(found.explanation))["explanation"],
    }


def answers(given: list[dict[str, Any]]) -> shapes.Answers:
    """What became of each question of a batch, in their order.

    Refuses: value_invalid where the questions have more visits in all than are settled at once.
    """
    visits = len(given) + sum(map(_earlier_visits, given))
    if visits > shapes.MOST_VISITS:
        most = shapes.MOST_VISITS
        allowed = f"{most} visits in all" if is_english() else f"{most} 次就诊以内"
        raise Refusal("value_invalid", "questions", {"value": str(visits), "allowed": allowed})
    found = [_answered(index, one) for index, one in enumerate(given)]
    settled_rows = sum(one.quote is not None for one in found)
    return shapes.Answers(quoted=settled_rows, refused=len(found) - settled_rows, answers=found)


def _earlier_visits(given: dict[str, Any]) -> int:
    earlier = given.get("earlier")
    return len(earlier) if isinstance(earlier, list) else 0


def _answered(index: int, given: dict[str, Any]) -> shapes.Answered:
    try:
        quote = quoted(asked(shapes.Question.model_validate(given)))
    except ValidationError as error:
        told = problems.of_form(dict(error.errors()[0]))
    except Refusal as refusal:
        told = problems.of_refusal(refusal)
    else:
        return shapes.Answered(index=index, quote=shapes.Quote(**quote), problem=None)
    return shapes.Answered(index=index, quote=None, problem=shapes.Refused(**told))
