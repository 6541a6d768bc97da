"""The register of articles: none is missing, and what it names exists."""

from pathlib import Path

import pytest

from gongji.law.checks.library import Library
from gongji.law.report.law_figures import short_path
from gongji.law.report.register import entries, problems, provisions
from gongji.law.rulebook.rulebook import Rulebook
from gongji.supervision.indicators import INDICATORS
from gongji.supervision.rules_folded import LIVE, fold_rules

ROOT = Path(__file__).parents[2]
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


RUNS = {
    "people": "tests/platform/test_gateway_people.py::"
    "test_a_person_is_found_by_identity_card_or_social_card",
    "institutions": "tests/platform/test_dated_facts.py::"
    "test_an_agreement_designates_while_it_holds",
    "catalogue": "tests/platform/test_lines_priced.py::test_lines_are_split_as_computed_by_hand",
    "settlement": "tests/platform/test_settle.py::"
    "test_a_settlement_writes_entry_postings_meters_balance_lines_and_message",
    "ledger": "tests/platform/test_trial_balance.py::"
    "test_both_sides_of_each_agreement_are_those_of_the_books",
    "review": "tests/platform/test_review_life.py::"
    "test_a_bond_goes_from_its_form_to_the_account_that_pays",
    "agency": "tests/platform/test_manual_reimbursement.py::"
    "test_a_bill_is_reviewed_three_times_and_owed_to_the_person",
    "clearing": "tests/accounts/test_clearing.py::"
    "test_each_line_of_a_clearing_shows_its_arithmetic_and_article",
    "supervision": "tests/supervision/test_supervise.py::"
    "test_a_report_has_every_file_and_a_line_is_found_once",
    "simulation": "tests/simulation/test_policy_runs.py::"
    "test_a_run_says_how_far_it_is_and_writes_its_report",
    "gateway": "tests/platform/test_gateway_envelope.py::test_a_reply_has_the_documented_envelope",
    "portal": "tests/platform/test_review_life.py::test_a_person_asks_online_and_ends_it_at_once",
}
"""A test that runs each part, through its command, page or transaction."""

LOOKED_AT = {
    "visit_rate": "人均就诊次数",
    "referral_rate": "",
    "cost_per_visit": "次均费用",
    "cost_structure": "药费占比",
    "cost_growth": "医药费用增长",
    "self_paid_share": "患者自费比例",
    "examination_share": "检查费用占比",
    "off_catalogue_items": "目录外费用占比",
    "catalogue_first": "目录外费用占比",
    "listing_price": "药品高于挂网价",
    "drug_traceability": "追溯码重复结算",
    "fraud": "追溯码重复结算",
    "invented_services": "死亡后结算",
    "over_treatment": "超量开药",
    "account_cash_out": "年末用尽余额",
    "smart_monitoring": "重复收费",
    "induced_purchase": "",
    "pharmacy_reports": "",
    "credit_record": "",
    "assessment": "",
    "handover": "",
}
"""The indicator or rule that looks at what a document wants supervised; none where nothing does."""


def test_a_part_that_is_built_has_a_test_that_runs_it() -> None:
    built = {room for book in BOOKS for article in book.articles.values() for room in article.built}
    assert built == set(RUNS)
    for named in RUNS.values():
        path, test = named.split("::")
        assert f"def {test}(" in (ROOT / path).read_text(encoding="utf-8"), named


@pytest.mark.parametrize("book", BOOKS, ids=lambda b: short_path(b.path))
def test_supervision_is_built_where_an_indicator_or_a_live_rule_looks(book: Rulebook) -> None:
    """And what nothing looks at is named as 未建 beside what is."""
    live = {rule.name for rule in fold_rules(book.head.area) if rule.state == LIVE}
    looking = {one.name for one in INDICATORS} | live | {"医药费用增长"}
    wanted = book.sections.get("监管", {})
    for name, article in book.articles.items():
        keys = [key.removeprefix("监管.") for key in article.keys if key.startswith("监管.")]
        runs = {key: LOOKED_AT[wanted[key].code] for key in keys}
        assert {rule for rule in runs.values() if rule} <= looking, name
        assert ("supervision" in article.built) == any(runs.values()), name
        missing = [key for key, rule in runs.items() if not rule]
        if any(runs.values()):
            assert all(key in article.note for key in missing), (name, missing)
            assert not missing or "未建" in article.note, name


def test_one_duty_has_one_word_in_every_document() -> None:
    """The agreements with institutions are kept, so they are wherever a document wants them."""
    found = {
        f"{book.head.area} {name}": "institutions" in article.built
        for book in BOOKS
        for name, article in book.articles.items()
        if "协议管理" in article.note and "institutions" in article.part
    }
    assert found == dict.fromkeys(("510400 第十五条", "445300 第十六条", "532300 第二十四条"), True)
