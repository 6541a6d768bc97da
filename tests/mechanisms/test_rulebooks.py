"""Every mechanism by YAML only: rulebooks under tests/rulebooks say it and settle examples."""

from pathlib import Path

import pytest

from gongji.law.accounts import account_examples
from gongji.law.checks import check_references
from gongji.law.checks.library import Library
from gongji.law.engine import visit_examples
from gongji.law.engine.engine import settle
from gongji.law.engine.visit_examples import run_example
from gongji.law.explain.sentences import explain
from gongji.law.rulebook import provision_kinds

FOLDER = Path(__file__).parent.parent / "rulebooks"
LIBRARY = Library([FOLDER])
FILES = sorted(FOLDER.glob("**/*.yaml"))
BOOKS = [LIBRARY.book(path) for path in FILES]
EXAMPLES = [
    pytest.param(book, example, id=f"{book.id}-{example.name}")
    for book in BOOKS
    for example in book.examples
]


@pytest.mark.parametrize("book", BOOKS, ids=[book.id for book in BOOKS])
def test_a_rulebook_is_sound_and_marked_as_a_demonstration(book) -> None:
    assert check_references.problems(LIBRARY, book) == []
    assert LIBRARY.laws(book.head.area)
    assert book.head.source == "演示"


@pytest.mark.parametrize(("book", "example"), EXAMPLES)
def test_an_example_comes_out_as_computed_by_hand(book, example) -> None:
    of_visits = example.kind in visit_examples.KINDS
    run = run_example if of_visits else account_examples.run_example
    assert run(LIBRARY, book, example) == []


def test_every_example_conserves_the_cost_and_can_be_explained(monkeypatch) -> None:
    settled = []

    def settle_and_look(area, visit, meters):
        result = settle(area, visit, meters)
        explain(result)
        assert all(step.paid >= 0 and step.rest >= 0 for step in result.steps)
        total = result.pool_fen + result.supplements_fen + result.borne_fen + result.person_fen
        assert total == result.total_fen
        assert 0 <= result.paid_by(provision_kinds.ACCOUNT) <= result.person_fen
        settled.append(result)
        return result

    monkeypatch.setattr(visit_examples, "settle", settle_and_look)
    for book in BOOKS:
        for example in book.examples:
            if example.kind in visit_examples.KINDS:
                run_example(LIBRARY, book, example)
    assert len(settled) > 100
