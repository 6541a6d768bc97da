"""Chinese and English: which one gets, that nothing is left of the other, the same figures."""

import html
import re
from pathlib import Path
from typing import Any

import pytest
from tests.portal.conftest import Family, sign_in
from tests.portal.reading import read
from tests.portal.test_calculator import questions

from gongji import portal
from gongji.portal import ui_texts

CHINESE = re.compile("[\u3400-\u9fff]")
ENGLISH = {"accept-language": "en"}
RANDOM = 60
QUESTION = "/?area=430500&date=2023-02-01&status=active&level=3&total=4321.09&in_scope=4000"


def foreign(page: str) -> list[str]:
    """Chinese of an English page that is not marked as Chinese."""
    text = page
    for tag in (
        "table",
        "div",
        "aside",
        "p",
        "span",
        "option",
        "li",
        "td",
        "th",
        "a",
        "mark",
        "summary",
        "h1",
        "h2",
        "caption",
        "button",
        "dd",
    ):
        marked = rf'<{tag}\b[^>]*lang="zh-Hans"[^>]*>.*?</{tag}>'
        text = re.sub(marked, "", text, flags=re.DOTALL)
    return [found for found in re.findall(r">([^<>]+)<", text) if CHINESE.search(found)]


PAGES = [
    QUESTION,
    QUESTION + "&third_party=true",
    "/?area=510400&date=2023-02-01&status=retired&level=1&total=500",
    "/?area=430500&date=2021-01-01&status=active&level=3&total=1",
    "/areas/445300",
    "/areas/532300?at=2024-12-01",
    "/areas",
    "/sign-in",
    "/nowhere",
]


@pytest.mark.parametrize("path", PAGES)
def test_an_english_page_has_no_chinese_that_is_not_marked(client: Any, path: str) -> None:
    page = client.get(path, headers=ENGLISH).content.decode()
    assert '<html lang="en">' in page
    named = {"中文", "测试·甲", "测试·乙", "测试·丙"}
    left = [text for text in foreign(page) if text.strip() not in named]
    # An area's own words and the names of documents are Chinese; what is ours is not.
    ours = [text for text in left if any(word in text for word in ours_in_chinese())]
    assert not ours, ours


SEEN = re.compile(r'>([^<>]+)<|(?:aria-label|title|placeholder|alt)="([^"]*)"')
"""What a reader sees or hears of a page; the codes of links and of fields are neither."""


WIDE = re.compile("[\u3000-\u303f\uff00-\uffef]")
"""Punctuation of Chinese."""


def test_an_answer_in_english_is_english_throughout(client: Any) -> None:
    doubts, left = 0, set()
    for question in questions(RANDOM, 11):
        told = client.get(f"/answer?{question.link()}", headers=ENGLISH).json()
        seen = SEEN.findall(html.unescape(f">{told['form']}{told['answer']}<"))
        texts = [*(text for pair in seen for text in pair), *told["errors"].values()]
        left |= {text for text in texts if CHINESE.search(text) or WIDE.search(text)}
        doubts += texts.count("In doubt")
    assert not left
    assert doubts > 10, "there were some to be told"


def test_templates_leave_punctuation_to_the_language() -> None:
    """But inside what is marked as Chinese; an article's page is Chinese altogether."""

    found = {}
    for file in Path(portal.__file__).parent.glob("templates/portal/*.html"):
        text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", file.read_text("utf-8"))
        text = re.sub(r'<(\w+)[^>]*lang="zh-Hans"[^>]*>.*?</\1>', "", text, flags=re.DOTALL)
        if WIDE.search(text) and file.name not in ("article.html", "articles.html"):
            found[file.name] = WIDE.findall(text)
    assert not found


def ours_in_chinese() -> set[str]:
    """Every text of the interface that is longer than a word of the law might be."""
    from gongji.portal.ui_texts import WORDS

    return {word for word in WORDS if CHINESE.search(word) and len(word) > 4}


def test_my_pages_are_in_english_too(client: Any, family: Family) -> None:
    sign_in(client, family.person)
    for path in (
        "",
        "/settlements",
        f"/settlements/{family.settled}",
        "/family",
        "/filings",
        "/account?from=2023-01-01&to=2023-12-31",
    ):
        page = client.get("/me" + path, headers=ENGLISH).content.decode()
        told = (text.partition("Documents that apply")[0] for text in foreign(page))
        left = [
            text for text in told if CHINESE.search(text.replace("测试", "").replace("中文", ""))
        ]
        left = [text for text in left if text.strip("·") not in ("甲", "乙", "丙")]
        assert not left, (path, left)
    page = read(client.get("/me/account?from=2023-01-01&to=2023-12-31", headers=ENGLISH))
    assert [row[-3:] for row in page.tables[0][2:]] == [
        ["¥500.00", "", "¥500.00"],
        ["", "¥500.00", "¥0.00"],
        ["¥500.00", "¥500.00", ""],
        ["2023-12-31", "Balance after", "¥0.00"],
    ]
    assert page.tables[0][0][-3:] == ["In", "Out", "Balance"]
    assert page.tables[0][1] == ["2023-01-01", "Balance before", "¥0.00"]
    page = read(client.get("/me", headers=ENGLISH))
    assert [["Personal account", "¥0.00"]] in page.tables
    rows = [row for table in page.tables for row in table]
    assert ["2023", "paid for ordinary outpatient care", "¥300.00"] in rows
    (settled,) = [row for row in rows if row[2:3] == ["Settlements ordinary outpatient care"]]
    assert settled[3:] == ["¥850.00", "¥300.00", "¥0.00", "¥500.00", "¥0.00", "¥50.00"]


def test_both_languages_have_the_same_figures_in_the_same_places(client: Any) -> None:
    chinese = read(client.get(QUESTION))
    english = read(client.get(QUESTION, headers=ENGLISH))
    shape = [[len(row) for row in table] for table in chinese.tables]
    assert shape == [[len(row) for row in table] for table in english.tables]
    for ours, theirs in zip(chinese.tables, english.tables, strict=True):
        for left, right in zip(ours, theirs, strict=True):
            for one, other in zip(left[1:], right[1:], strict=True):
                if re.fullmatch(r"[\d,.]+元", one):
                    assert other == "¥" + one.removesuffix("元")
    assert [row[0] for row in english.tables[0]] == [
        "the pooled fund",
        "Deductible",
        "The person's share",
        "Above the ceiling",
        "Out of scope",
        "total cost",
    ]


CHOICES = {
    # what the browser asks for, what the cookie says, which one gets
    ("zh-CN", ""): "zh-Hans",
    ("en", ""): "en",
    ("en-GB,en;q=0.9", ""): "en",
    ("zh-TW", ""): "zh-Hans",
    ("fr", ""): "zh-Hans",
    ("", ""): "zh-Hans",
    ("en;q=0.5, zh-CN;q=0.9", ""): "zh-Hans",
    ("zh-CN", "en"): "en",
    ("en", "zh-hans"): "zh-Hans",
    ("en", "nonsense"): "en",
}


@pytest.mark.parametrize(("asked", "kept"), CHOICES)
def test_the_cookie_comes_first_then_the_browser(client: Any, asked: str, kept: str) -> None:
    if kept:
        client.cookies["django_language"] = kept
    page = client.get("/areas", headers={"accept-language": asked}).content.decode()
    expected = CHOICES[asked, kept]
    assert f'<html lang="{expected}">' in page
    assert ("Rules by area" in page) == (expected == "en")


@pytest.mark.parametrize(
    ("language", "kept"), [("en", "en"), ("zh-hans", "zh-hans"), ("fr", ""), ("", ""), ("zh", "")]
)
def test_a_language_that_is_offered_is_kept_for_a_year(
    client: Any, language: str, kept: str
) -> None:
    answer = client.post("/language", {"language": language, "next": QUESTION})
    assert answer.status_code == 302 and answer["Location"] == QUESTION
    if not kept:
        assert "django_language" not in answer.cookies
        return
    cookie = answer.cookies["django_language"]
    assert cookie.value == kept and cookie["max-age"] == 365 * 86400
    assert cookie["httponly"] and cookie["samesite"] == "Lax" and not cookie["secure"]
    secure = client.post("/language", {"language": language}, secure=True)
    assert secure.cookies["django_language"]["secure"]


BACK = {
    "/areas?x=1": "/areas?x=1",
    "": "/",
    "https://elsewhere.example": "/",
    "//elsewhere.example": "/",
    "/\\elsewhere.example": "/",
    "javascript:alert(1)": "/",
    "http://localhost/areas": "http://localhost/areas",
    "http://localhost.elsewhere.example/": "/",
}


@pytest.mark.parametrize("back", BACK)
def test_switching_leads_back_and_nowhere_else(client: Any, back: str) -> None:
    answer = client.post("/language", {"language": "en", "next": back})
    assert answer["Location"] == BACK[back]


def test_the_switch_of_a_page_leads_back_to_the_whole_question(client: Any) -> None:
    page = read(client.get(QUESTION))
    assert page.fields["next"]["value"] == QUESTION
    assert 'value="en" lang="en">English<' in client.get("/").content.decode()
    english = client.get("/", headers=ENGLISH).content.decode()
    assert 'value="zh-hans" lang="zh-Hans">中文<' in english


AMOUNTS = [
    (0, "0.00元", "¥0.00"),
    (1, "0.01元", "¥0.01"),
    (100_000, "1,000.00元", "¥1,000.00"),
    (-12_345, "-123.45元", "¥-123.45"),
    (None, "", ""),
    (123_456_789, "1,234,567.89元", "¥1,234,567.89"),
]


@pytest.mark.parametrize(("fen", "chinese", "english"), AMOUNTS)
def test_an_amount_is_written_as_each_language_does(
    client: Any, fen: int | None, chinese: str, english: str
) -> None:
    from django.utils.translation import override

    from gongji.portal.templatetags.portal import yuan

    with override("zh-hans"):
        assert yuan(fen) == chinese
    with override("en"):
        assert yuan(fen) == english


NAMES = {
    "统筹基金": "the pooled fund",
    "在职，一级": "in work, level 1",
    "各级起付（三级）": "deductible of the year at the level (level 3)",
    "参保状态：退休": "status: retired",
    "没有这个词": "没有这个词",
}


@pytest.mark.parametrize("word", NAMES)
def test_words_of_the_law_are_told_singly_and_joined(client: Any, word: str) -> None:
    from django.utils.translation import override

    from gongji.portal.ui_texts import name

    with override("zh-hans"):
        assert name(word) == word
    with override("en"):
        assert name(word) == NAMES[word]


def test_a_refusal_in_english_names_field_and_value(client: Any) -> None:
    answer = client.get(
        "/answer?area=430500&date=2023-02-01&status=active&level=3&total=-1", headers=ENGLISH
    ).json()
    assert answer["errors"] == {"total": "Total cost is below zero: -1"}
    answer = client.get(
        "/answer?area=430500&date=2023-02-01&status=active&level=3&total=1&in_scope=2",
        headers=ENGLISH,
    ).json()
    assert answer["errors"] == {"in_scope": "The cost in scope, 2.00, is above the total, 1.00"}
    chinese = client.get("/answer?area=430500&date=2023-02-01&status=active&level=3&total=-1")
    assert (
        "总费用" in chinese.json()["errors"]["total"] and "-1" in chinese.json()["errors"]["total"]
    )


def test_each_refusal_of_the_pool_has_an_english_reason_of_its_own(client: Any) -> None:
    from gongji.portal import english
    from gongji.refusals import REFUSALS

    told = {code: english.reason(REFUSALS[code]) for code in english._REASONS}
    assert told == dict(english._REASONS)
    assert not [text for text in told.values() if CHINESE.search(text)]
    assert len(set(told.values())) == len(told)
    assert told["third_party"] == "a third party is liable for the cost"
    assert english.reason("没有这个理由") == "没有这个理由"
    assert english.sentence("没有这种句子。") == "没有这种句子。"


SENTENCES = {
    "先行自付10%，即100.00元，由个人负担。": "First self-pay 10%, that is ¥100.00, is borne by the person.",
    "起付标准300.00元（年度起付此前已承担200.00元），本次扣除100.00元，由个人负担。": "Deductible ¥300.00 (deductible of the year: ¥200.00 borne before); ¥100.00 of this visit "
    "are deducted and borne by the person.",
    "最高支付限额1,500.00元，此前普通统筹已支付1,400.00元，本次只能支付100.00元；"
    "超过限额的费用833.33元由个人负担。": "Ceiling ¥1,500.00; ¥1,400.00 were used of it before (paid for ordinary outpatient care), "
    "so only ¥100.00 can be paid now; the cost above the ceiling, ¥833.33, is borne by the "
    "person.",
    "保底：实际支付低于50%的，补足12.00元。": "Floor: payment below 50% is topped up by ¥12.00.",
    "合计：统筹基金支付1.00元，补充保障支付2.00元，定点医疗机构承担5.00元，个人负担4.00元，"
    "其中个人账户支付3.00元。": "In all: the pooled fund pays ¥1.00, supplements pay ¥2.00, the institution bears ¥5.00, "
    "the person bears ¥4.00, of which the personal account pays ¥3.00.",
}


@pytest.mark.parametrize("chinese", SENTENCES)
def test_a_sentence_keeps_each_figure_in_its_place(client: Any, chinese: str) -> None:
    from gongji.portal.english import sentence

    assert sentence(chinese) == SENTENCES[chinese]


@pytest.mark.parametrize(
    ("english", "words"),
    [
        (True, "official, a file of one's own, SHA-256 1a2b3c4d5e6f…"),
        (False, "官方（自备 1a2b3c4d5e6f）"),
    ],
)
def test_the_mark_of_a_file_of_ones_own_is_said(
    english: bool, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ui_texts, "is_english", lambda: english)
    assert ui_texts.say("官方（自备 1a2b3c4d5e6f）") == words
