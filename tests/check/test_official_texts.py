"""The official texts beside the rulebooks are the words that were published."""

import hashlib
import re
from pathlib import Path

import pytest

from gongji.law.checks.library import Library
from gongji.law.rulebook.rulebook import SHIPPED

ARTICLE_30 = """\
下列医疗费用不纳入基本医疗保险基金支付范围：
（一）应当从工伤保险基金中支付的；
（二）应当由第三人负担的；
（三）应当由公共卫生负担的；
（四）在境外就医的。
医疗费用依法应当由第三人负担，第三人不支付或者无法确定第三人的，由基本医疗保险基金先行支付。\
基本医疗保险基金先行支付后，有权向第三人追偿。
"""
"""中华人民共和国社会保险法 第三十条, amended on 2018-12-29."""

PUBLISHED = {
    "川办发〔2021〕85号",
    "国办发〔2021〕14号",
    "粤府办〔2021〕56号",
    "粤医保规〔2021〕1号",
    "湘政办发〔2022〕12号",
    "邵市政办发〔2022〕22号",
    "楚政规〔2022〕2号",
    "云政办规〔2021〕1号",
    "云政办规〔2024〕2号",
    "临政办规〔2022〕2号",
}
"""The document numbers that stand in the texts as they were published."""

NUMBER = re.compile(r"([一-龥]{1,9})〔(\d{4})〕(\d+)号")


def text_of(path: str) -> str:
    return (SHIPPED / path).read_text(encoding="utf-8")


def paragraphs(text: str) -> list[str]:
    """The lines of a text that are neither headings nor empty."""
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def test_the_nations_article_is_the_laws_own_words() -> None:
    _, _, article = text_of("000000/000000/texts/2011-07-01.md").partition("### 第三十条\n")
    assert paragraphs(article) == ARTICLE_30.splitlines()


def test_the_explanation_of_2024_is_as_published_from_title_to_last_line() -> None:
    """Its words without blanks, as a digest: who changes a word changes it."""
    text = text_of("530000/530000/texts/2024-11-01.md")
    title = "# 《双江自治县职工医疗保险门诊共济保障改革风险防范处置工作方案》政策解读"
    assert text.splitlines()[0] == title
    said = paragraphs(text)[2:]
    assert (len(said), said[-1]) == (13, "双江县医疗保障局负责解释。")
    words = re.sub(r"\s", "", "".join(said))
    assert hashlib.sha256(words.encode()).hexdigest()[:16] == "b5d1b5da69ea5515"


@pytest.mark.parametrize("path", Library().files(), ids=lambda path: path.parent.name)
def test_no_document_has_a_number_that_nobody_published(path: Path) -> None:
    """A name stands where the document has none; words before a number are cut from the left."""
    texts = [path, *path.parent.glob(f"texts/{path.stem}.md")]
    for text in texts:
        for number in NUMBER.finditer(text.read_text(encoding="utf-8")):
            assert any(number[0].endswith(known) for known in PUBLISHED), number[0]
