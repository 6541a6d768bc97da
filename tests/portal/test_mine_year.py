"""My year: what can still be paid, the months of the account, a statement on paper, who looked."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import psycopg
import pytest
from tests.portal import neighbours, people
from tests.portal.conftest import sign_in
from tests.portal.neighbours import Neighbours
from tests.portal.reading import read


@pytest.fixture(scope="module")
def street(family_template: tuple[str, Any]) -> Iterator[tuple[str, Neighbours]]:
    """A database with the neighbours in it, and with an agency that looked at one of them."""
    with people.copy_of(family_template[0]) as made:
        known = neighbours.move_in(made)
        with psycopg.connect(made, autocommit=True) as owner:
            _agency_looks(owner, known)
        yield made, known


def _agency_looks(owner: psycopg.Connection[Any], known: Neighbours) -> None:
    from gongji.demo.agency_staff import enter_staff
    from gongji.people.person_rows import get_person
    from gongji.platform import trail
    from gongji.platform.actors import Actor

    instant = neighbours.instant("2025-01-02T01:00")
    enter_staff(owner, Actor.operator("t"), instant)
    duan = get_person(owner, known.duan).id
    look = trail.Trace(trail.LOOK, "person 1", duan, "核对报销", at=instant)
    trail.log(owner, ("staff", "chushen1"), look)
    refused = trail.Trace(trail.LOOK, "1101", duan, "", False, at=instant)
    hospital = "H53230000001"
    trail.log(owner, ("institution", hospital), refused)


@pytest.fixture
def pages_database(street: tuple[str, Neighbours]) -> Iterator[str]:
    """The pages show that database."""
    yield street[0]
    people.forget_visitors(street[0])


@pytest.fixture
def known(street: tuple[str, Neighbours]) -> Neighbours:
    """Who lives there."""
    return street[1]


@pytest.fixture
def duan(client: Any, known: Neighbours, clock: Any) -> Any:
    """段誉, signed in at ten in the morning of 2024-12-30."""
    clock("2024-12-30T02:00:00+00:00")
    sign_in(client, known.duan)
    return client


def test_the_year_opens_with_what_can_still_be_paid(duan: Any) -> None:
    """双江自治县政策解读 二（二）: the ceiling of a year, and a deductible at each visit."""
    page = read(duan.get("/me"))
    # 30.00 + 155.00 + 60.00 of the year's limit were paid.
    assert "今年还能报 5,755.00元" in page.text and "限额 6,000.00元，已用 245.00元" in page.text
    deductibles = next(table for table in page.tables if table[0] == ["在哪里", "标准", "已满"])
    assert deductibles[1:] == [
        ["一级，每次", "20.00元", "每次重新算"],
        ["二级，每次", "40.00元", "每次重新算"],
        ["三级，每次", "60.00元", "每次重新算"],
    ]


def test_the_calculator_is_asked_with_what_is_known(duan: Any) -> None:
    page = read(duan.get("/me"))
    link = next(href for text, href in page.links if text == "按我的情况测算")
    for known in ("area=532300", "status=active", "used.ordinary_paid=245.00", "benefit=ordinary"):
        assert known in link, link
    asked = read(duan.get(link + "&level=3&total=800"))
    # (800 - 60) x 50 %.
    assert "370.00" in asked.text and "没有计入" not in asked.text


def test_the_months_of_the_account_add_up_to_its_balance(duan: Any) -> None:
    page = read(duan.get("/me"))
    heads = ["月", "收入", "支出", "月末余额"]
    months = next(table for table in page.tables if table[0] == heads)
    assert months[1] == ["1", "200.00元", "0.00元", "200.00元"]
    assert months[3] == ["3", "0.00元", "200.00元", "0.00元"]
    assert months[12] == ["12", "0.00元", "0.00元", "0.00元"] and len(months) == 13


def test_a_statement_is_a_pdf_of_the_same_days(duan: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from gongji.portal import own_papers

    answer = duan.get("/me/account.pdf?from=2024-01-01&to=2024-12-31")
    assert answer["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF-")
    made: list[Any] = []
    monkeypatch.setattr(own_papers, "printed", lambda paper: made.append(paper) or b"")
    duan.get("/me/account.pdf?from=2024-01-01&to=2024-12-31")
    (paper,) = made
    facts = dict(paper.facts)
    assert (facts["姓名"], facts["起止日期"]) == ("段誉", "2024-01-01 至 2024-12-31")
    assert (facts["出具机构"], facts["出具日期"]) == ("测试楚雄州医保中心", "2024-12-30")
    rows = paper.tables[0].rows
    assert rows[0][1:] == ("期初余额", "", "", "", "", "0.00")
    assert rows[2][1:] == (
        *("结算 普通门诊", "鹿城镇卫生院", "楚政规〔2022〕2号 第十条（一）"),
        *("", "50.00", "150.00"),
    )
    assert [row[1] for row in rows].count("期初余额") == 1 and all(row[3] for row in rows[1:-2])
    assert rows[-2][4:6] == ("200.00", "200.00") and rows[-1][-1] == "0.00"
    # Days that are wrong are told on the page.
    wrong = duan.get("/me/account.pdf?from=2024-02-30")
    assert wrong.status_code == 302 and wrong["Location"] == "/me/account?from=2024-02-30"


def test_a_settlement_on_paper_says_who_paid(
    duan: Any, known: Neighbours, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gongji.portal import own_papers

    made: list[Any] = []
    monkeypatch.setattr(own_papers, "printed", lambda paper: made.append(paper) or b"")
    duan.get(f"/me/settlements/{known.family}.pdf")
    assert made[0].tables[1].rows == (
        ("统筹支付", "120.00"),
        ("个人账户", "0.00"),
        ("木*（配偶）的个人账户", "80.00"),
        ("现金", "30.00"),
        ("合计", "230.00"),
    )
    assert duan.get(f"/me/settlements/{known.strangers}.pdf").status_code == 404


def test_who_looked_is_told_by_office_and_post_and_by_no_name(
    duan: Any, street: tuple[str, Neighbours]
) -> None:
    from gongji.people.person_rows import get_person
    from gongji.review.record_looks import who_looked

    answer = duan.get("/me/looks")
    heads, *rows = read(answer).tables[0]
    assert heads == ["时间", "谁", "看了什么", "原因"]
    at = "2025-01-02 09:00"
    assert sorted(rows) == sorted(
        [
            [at, "楚雄州人民医院", "参保信息 没有看到", ""],
            [at, "测试楚雄市医保中心 初审", "参保人档案", "核对报销"],
        ]
    )
    text = answer.content.decode()
    assert "玉衡" not in text and "chushen1" not in text
    with psycopg.connect(street[0]) as owner:
        looks = who_looked(owner, get_person(owner, street[1].duan).id)
    assert {(one.actor_kind, bool(one.actor)) for one in looks} == {
        ("institution", True),
        ("staff", False),
    }
    own = read(answer).tables[1]
    assert own and all(row[1] for row in own)


def test_the_download_holds_what_is_kept_and_of_nobody_else(duan: Any, known: Neighbours) -> None:
    from python_calamine import CalamineWorkbook

    answer = duan.get("/me/records.xlsx")
    assert answer["Cache-Control"] == "no-store"
    book = CalamineWorkbook.from_filelike(BytesIO(answer.content))
    names = ["本人", "参保和备案", "结算", "账户", "累计", "网上办事", "谁看过我的记录"]
    assert book.sheet_names == names
    sheets = {name: book.get_sheet_by_name(name).to_python() for name in names}
    assert ["姓名", "段誉"] in sheets["本人"]
    settled = [row for row in sheets["结算"] if row[0] == str(known.family)]
    assert settled[0][4:11] == ["230.00", "230.00", "120.00", "0.00", "0.00", "80.00", "30.00"]
    assert ["532300", "年:2024", "", "ordinary_paid", "245.00"] in sheets["累计"]
    whole = str(sheets)
    assert "钟灵" not in whole and known.zhong not in whole


PLAIN = {"PDF", "Excel", "JPEG", "PNG", "MB", "KB"}


def test_my_pages_say_no_word_of_programs(duan: Any, known: Neighbours) -> None:
    from tests.portal.test_plain_words import words_of_programs

    paths = ("", "/settlements", f"/settlements/{known.family}", "/account", "/family", "/looks")
    for path in (*paths, "/items", "/items/new/chronic_filing", "/filings"):
        found = words_of_programs(read(duan.get(f"/me{path}")).text)
        assert not set(found) - PLAIN, (path, found)


def test_my_pages_are_said_in_english_too(duan: Any, known: Neighbours) -> None:
    import re

    duan.cookies["django_language"] = "en"
    for path in ("/me", "/me/account", f"/me/settlements/{known.family}", "/me/looks", "/me/items"):
        text = duan.get(path).content.decode()
        plain = re.sub(r'<(\w+)[^>]*lang="zh-Hans"[^>]*>.*?</\1>', "", text, flags=re.S)
        plain = re.sub(r'<ol class="why">.*?</ol>', "", plain, flags=re.S)
        plain = re.sub(r"<[^>]*>", " ", plain)
        left = re.findall(r"[一-鿿]+", plain.replace("中文", ""))
        assert not left, (path, left)
