"""The register of articles: none is missing, and what it names exists."""

import pytest

from gongji.law.checks.library import Library
from gongji.law.report.law_figures import short_path
from gongji.law.report.register import entries, problems, provisions
from gongji.law.rulebook.rulebook import Rulebook

LIBRARY = Library()
BOOKS = [LIBRARY.book(path) for path in LIBRARY.files()]

DIGITS = "零一二三四五六七八九"


def numeral(number: int) -> str:
    """A number under one hundred as the law writes it."""
    tens, ones = divmod(number, 10)
    lead = "" if tens == 0 else "十" if tens == 1 else f"{DIGITS[tens]}十"
    return lead + (DIGITS[ones] if ones else "")


def articles(count: int) -> set[str]:
    """第一条 to the last."""
    return {f"第{numeral(number)}条" for number in range(1, count + 1)}


DOCUMENTS = {
    "532300@2022-07-01": articles(37),
    "510400@2023-01-01": articles(19),
    "445300@2022-09-01": articles(26),
    "430500@2022-11-01": articles(20),
    "530000@2024-11-01": {
        *("标题", "一", "二", "二（一）", "二（二）", "二（三）", "二（四）", "解释权"),
    },
    "000000@2011-07-01": {
        *("第三十条", "经办条例第二十条", "经办条例第三十一条", "经办条例第三十八条"),
    },
}
"""The articles of the five documents, and the headings of the one that has none."""


@pytest.mark.parametrize("book", DOCUMENTS)
def test_no_article_is_missing(book: str) -> None:
    """Each document is registered article by article, in its order."""
    found = next(b for b in BOOKS if b.id == book)
    assert set(found.articles) == DOCUMENTS[book]
    if "第一条" in found.articles:
        assert list(found.articles) == [f"第{numeral(n + 1)}条" for n in range(len(found.articles))]


@pytest.mark.parametrize("book", BOOKS, ids=lambda b: short_path(b.path))
def test_keys_and_parts_exist(book: Rulebook) -> None:
    """A rule names provisions of its own file, a workflow a part of gongji."""
    assert problems(book) == []


@pytest.mark.parametrize("book", BOOKS, ids=lambda b: short_path(b.path))
def test_every_provision_comes_from_a_registered_article(book: Rulebook) -> None:
    """Nothing stands in a rulebook that no article of its register answers for."""
    named = {key for article in book.articles.values() for key in article.keys}
    assert set(provisions(book)) - named == set()


def test_the_register_of_an_area_includes_its_province() -> None:
    """Chuxiong's documents are its own, Yunnan's and the nation's."""
    books = {entry.book.id for entry in entries(LIBRARY, "532300")}
    assert books == {"000000@2011-07-01", "532300@2022-07-01", "530000@2024-11-01"}
    assert len({entry.book.id for entry in entries(LIBRARY)}) == len(BOOKS)
