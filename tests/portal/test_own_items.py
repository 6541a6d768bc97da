"""Items begun online: what may be typed and handed in, the agency's review, what comes of it."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.portal import neighbours, people
from tests.portal.conftest import sign_in
from tests.portal.neighbours import AREA, Neighbours
from tests.portal.reading import read

JPEG = b"\xff\xd8\xff\xe0 a made-up photograph \xff\xd9"
COUNTY = "532301"


@pytest.fixture(scope="module")
def town(family_template: tuple[str, Any]) -> Iterator[tuple[str, Neighbours]]:
    """The neighbours, an agency with its staff, a list of diseases."""
    with people.copy_of(family_template[0]) as made:
        known = neighbours.move_in(made)
        with psycopg.connect(made, autocommit=True) as owner:
            _agency(owner)
        yield made, known


def _agency(owner: psycopg.Connection[Any]) -> None:
    from gongji.agency.disease_lists import ListedDisease, enter_diseases
    from gongji.demo.agency_staff import enter_staff
    from gongji.platform.actors import Actor

    enter_staff(owner, Actor.operator("t"), datetime.now(UTC))
    listed = [ListedDisease("M03900", "高血压", "hypertension", "chronic", "", 24)]
    enter_diseases(owner, AREA, date(2024, 1, 1), "测试", listed)


@pytest.fixture
def pages_database(town: tuple[str, Neighbours]) -> Iterator[str]:
    """The pages show that database."""
    yield town[0]
    people.forget_visitors(town[0])


@pytest.fixture
def known(town: tuple[str, Neighbours]) -> Neighbours:
    """Who lives there."""
    return town[1]


@pytest.fixture
def duan(client: Any, known: Neighbours) -> Any:
    """段誉, signed in."""
    sign_in(client, known.duan)
    return client


@pytest.fixture
def approve(pages_database: str, client: Any) -> Iterator[Callable[[int, str, str], str]]:
    """Somebody of the agency takes the step whose turn it is: account, post; the state after."""
    from gongji.platform.actors import Actor
    from gongji.platform.environment import environment
    from gongji.platform.installation import installed_inbox, installed_law
    from gongji.platform.message_seal import seal_of
    from gongji.review.desk import Desk
    from gongji.review.sittings import Sitting

    given = environment()
    seal = seal_of(given.identity_key, given.lookup_key)
    console = "-c role=gongji_console -c timezone=UTC"
    with psycopg.connect(pages_database, options=console, autocommit=True) as by:

        def take(number: int, account: str, post: str) -> str:
            desk = Desk(by, installed_law(), installed_inbox(), seal, datetime.now(UTC))
            return Sitting(desk, Actor.staff(account, post, AREA)).approve(number).state

        yield take


def photo(name: str, content: bytes = JPEG) -> dict[str, Any]:
    """The form by which a paper is handed in."""
    return {"name": name, "file": SimpleUploadedFile("IMG_0001.jpg", content)}


def number_of(answer: Any) -> int:
    """The number of the item that a form led to."""
    assert answer.status_code == 302, answer.content.decode()
    return int(answer["Location"].rsplit("/", 1)[1])


def submit(client: Any, number: int, act: str = "submit") -> Any:
    """Press the button of an item's page."""
    fields = read(client.get(f"/me/items/{number}")).fields
    names = ("msg_id", "version", "seen")
    given = {name: fields.get(name, {}).get("value", "") for name in names}
    return client.post(f"/me/items/{number}/act", given | {"act": act})


FILING = {"disease": "M03900", "certifier": "楚雄州人民医院", "agency": COUNTY}


def test_a_filing_goes_from_the_phone_to_the_register(
    duan: Any, approve: Callable[[int, str, str], str]
) -> None:
    page = read(duan.get("/me/items"))
    assert ("慢特病备案", "/me/items/new/chronic_filing") in page.links
    today = str(date.today())
    form = read(duan.get("/me/items/new/chronic_filing"))
    assert form.fields["disease"]["options"] == [["M03900", "高血压"]]
    for certifier, said in (
        ("", "缺少必填项 确诊的医疗机构"),
        ("楚雄医院", "可取：楚雄州人民医院"),
        ("协和", "可取：本统筹区定点医疗机构的全名"),
    ):
        wrong = FILING | {"since": today, "certifier": certifier}
        answer = duan.post("/me/items/new/chronic_filing", wrong)
        assert answer.status_code == 422 and said in answer.content.decode()
    given = FILING | {"since": today, "msg_id": "m-1"}
    number = number_of(duan.post("/me/items/new/chronic_filing", given))
    # The same form again, as a browser sends it twice, is the same item.
    assert number_of(duan.post("/me/items/new/chronic_filing", given)) == number
    # Whoever comes back to where a form was sent finds the item.
    for path in ("act", "paper"):
        back = duan.get(f"/me/items/{number}/{path}")
        assert (back.status_code, back["Location"]) == (302, f"/me/items/{number}")
    told = submit(duan, number)
    assert told.status_code == 422 and "还缺以下材料：病历" in told.content.decode()
    wrong = duan.post(f"/me/items/{number}/paper", photo("病历", b"GIF89a"))
    assert wrong.status_code == 422 and "不是 PDF、JPEG 或 PNG 文件" in wrong.content.decode()
    empty = duan.post(f"/me/items/{number}/paper", {"name": "病历"}).content.decode()
    assert "“病历”没有选照片或文件，或者文件大于 10 MB" in empty and "字节" not in empty
    other = duan.post(f"/me/items/{number}/paper", photo("护照"))
    assert other.status_code == 422 and "不是这一事项的材料" in other.content.decode()
    assert duan.post(f"/me/items/{number}/paper", photo("病历")).status_code == 302
    assert submit(duan, number).status_code == 302
    page = read(duan.get(f"/me/items/{number}"))
    assert "审核中" in page.text and "测试楚雄市医保中心 初审" in page.text
    assert "高血压" in page.text and "楚雄州人民医院" in page.text
    # What is submitted takes no paper any more, and is not changed.
    assert duan.post(f"/me/items/{number}/paper", photo("病历", JPEG + JPEG)).status_code == 422
    assert duan.get(f"/me/items/{number}/edit").status_code == 404
    assert duan.get(f"/me/items/{number}.pdf").status_code == 404
    assert approve(number, "chushen1", "first_reviewer") == "submitted"
    assert approve(number, "fushen2", "second_reviewer") == "executed"
    answer = duan.get(f"/me/items/{number}")
    page = read(answer)
    assert "已办结" in page.text and "门诊慢特病备案已批准" in page.text
    assert "初审 同意" in page.text and "玉衡" not in answer.content.decode()
    decision = duan.get(f"/me/items/{number}.pdf")
    assert decision["Content-Type"] == "application/pdf" and decision.content[:5] == b"%PDF-"
    assert "高血压" in read(duan.get("/me/filings")).text


@pytest.fixture
def bills_by_web(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bills may be handed in here, as the nation's default has it.

    楚政规〔2022〕2号 第二十五条 wants them at the counter.
    """
    from gongji.portal import own_desk

    monkeypatch.setattr(own_desk, "WEB", "counter")


def test_what_is_done_at_the_counter_only_is_told_with_its_papers(duan: Any) -> None:
    page = read(duan.get("/me/items"))
    assert "零星报销" in page.text and "医保凭证、医疗费用发票、病历" in page.text
    assert "楚政规〔2022〕2号 第二十五条" in page.text
    assert duan.get("/me/items/new/manual_reimbursement").status_code == 404


@pytest.mark.usefixtures("bills_by_web")
def test_a_bill_with_photographs_is_paid_as_its_preview_said(
    duan: Any, approve: Callable[[int, str, str], str]
) -> None:
    day = date.today() - timedelta(days=2)
    given = {
        "number": "YS-77",
        "institution": "鹿城镇卫生院",
        "service_date": str(day),
        "total_fen": "￥150元",
        "wholly_own_fen": "20",
        "benefit": "ordinary",
        "bank": "测试银行楚雄支行",
        "account": "9900 0000 0000 0018",
        "agency": COUNTY,
    }
    wrong = duan.post("/me/items/new/manual_reimbursement", given | {"institution": "没有的医院"})
    assert wrong.status_code == 422
    page = read(wrong)
    assert "没有的医院" in page.text and page.fields["number"]["value"] == "YS-77"
    assert page.fields["institution"]["aria-invalid"] == "true"
    more = given | {"wholly_own_fen": "151"}
    answer = duan.post("/me/items/new/manual_reimbursement", more)
    assert answer.status_code == 422 and "不超过发票总额" in answer.content.decode()
    number = number_of(duan.post("/me/items/new/manual_reimbursement", given))
    for name in ("医保凭证", "医疗费用发票", "病历"):
        assert duan.post(f"/me/items/{number}/paper", photo(name)).status_code == 302
    answer = duan.get(f"/me/items/{number}")
    assert "尾号 0018" in answer.content.decode() and "99000000" not in answer.content.decode()
    # (150 - 20 - 20) x 60 %.
    (lines,) = [table for table in read(answer).tables if ["医疗费总额", "150.00元"] in table]
    assert ["统筹基金支付", "66.00元"] in lines
    assert submit(duan, number).status_code == 302
    for account, post in (
        ("chushen1", "first_reviewer"),
        ("fushen1", "second_reviewer"),
        ("jihe", "inspector"),
    ):
        state = approve(number, account, post)
    assert state == "executed"
    entries = read(duan.get("/me/settlements")).tables[0]
    (row,) = [row for row in entries if row[2].startswith("零星报销")]
    assert row[3:] == ["150.00元", "66.00元", "0.00元", "0.00元", "0.00元", "84.00元"]


@pytest.mark.usefixtures("bills_by_web")
def test_a_returned_item_says_why_and_is_changed_and_handed_in_again(
    duan: Any, pages_database: str, approve: Callable[[int, str, str], str]
) -> None:
    from gongji.platform.actors import Actor
    from gongji.platform.environment import environment
    from gongji.platform.installation import installed_inbox, installed_law
    from gongji.platform.message_seal import seal_of
    from gongji.review.desk import Desk
    from gongji.review.sittings import Sitting

    day = str(date.today() - timedelta(days=3))
    given = {"number": "YS-78", "institution": "鹿城镇卫生院", "service_date": day}
    given |= {"total_fen": "90", "benefit": "ordinary", "agency": COUNTY}
    number = number_of(duan.post("/me/items/new/manual_reimbursement", given))
    for name in ("医保凭证", "医疗费用发票", "病历"):
        duan.post(f"/me/items/{number}/paper", photo(name))
    assert submit(duan, number).status_code == 302
    known = environment()
    seal = seal_of(known.identity_key, known.lookup_key)
    console = "-c role=gongji_console -c timezone=UTC"
    with psycopg.connect(pages_database, options=console, autocommit=True) as by:
        desk = Desk(by, installed_law(), installed_inbox(), seal, datetime.now(UTC))
        clerk = Actor.staff("chushen1", "first_reviewer", AREA)
        Sitting(desk, clerk).give_back(number, "总额与发票不符，请更正")
    page = read(duan.get(f"/me/items/{number}"))
    assert "已退回" in page.text and "总额与发票不符，请更正" in page.text
    form = read(duan.get(f"/me/items/{number}/edit"))
    typed = {name: form.fields[name].get("value", "") for name in form.fields}
    assert (typed["total_fen"], typed["institution"]) == ("90.00", "鹿城镇卫生院")
    assert duan.post(f"/me/items/{number}/edit", typed | {"total_fen": "80"}).status_code == 302
    assert submit(duan, number).status_code == 302
    assert approve(number, "chushen1", "first_reviewer") == "submitted"
    # Taken back by the person, it goes no further.
    assert submit(duan, number, "withdraw").status_code == 302
    assert "已撤回" in read(duan.get(f"/me/items/{number}")).text


def test_an_item_is_nobody_else_s(client: Any, known: Neighbours, duan: Any) -> None:
    from django.test import Client

    number = number_of(
        duan.post("/me/items/new/chronic_filing", FILING | {"since": str(date.today())})
    )
    zhong = Client(headers={"accept-language": "zh-CN", "host": "localhost"})
    sign_in(zhong, known.zhong)
    for path in ("", "/edit", ".pdf"):
        assert zhong.get(f"/me/items/{number}{path}").status_code == 404
    assert zhong.post(f"/me/items/{number}/paper", photo("病历")).status_code == 404
    assert zhong.post(f"/me/items/{number}/act", {"act": "withdraw"}).status_code == 404
    assert str(number) not in [text for text, _ in read(zhong.get("/me/items")).links]
    for kind in ("family_bond", "grant_post", "nothing"):
        assert duan.get(f"/me/items/new/{kind}").status_code == 404


def test_nobody_begins_items_without_end(
    duan: Any, known: Neighbours, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gongji.portal import own_items

    said = {"items_begun_often": "已达 0 件", "papers_many": "已交了 0 份材料"}
    monkeypatch.setattr(own_items, "BEGUN", 0)
    answer = duan.post("/me/items/new/chronic_filing", FILING | {"since": str(date.today())})
    assert answer.status_code == 422 and said["items_begun_often"] in answer.content.decode()
    monkeypatch.undo()
    number = number_of(
        duan.post("/me/items/new/chronic_filing", FILING | {"since": str(date.today())})
    )
    monkeypatch.setattr(own_items, "MOST_PAPERS", 0)
    answer = duan.post(f"/me/items/{number}/paper", photo("病历"))
    assert answer.status_code == 422 and said["papers_many"] in answer.content.decode()


def test_a_bond_of_an_area_that_reviews_it_holds_once_it_was_approved(
    duan: Any,
    known: Neighbours,
    pages_database: str,
    monkeypatch: pytest.MonkeyPatch,
    approve: Callable[[int, str, str], str],
) -> None:
    from gongji.law.accounts.agency_items import find_item
    from gongji.law.engine.areas import Areas
    from gongji.portal import own_desk
    from gongji.units import day_of

    item = find_item(Areas().area(AREA).law(day_of(date.today())), "family_bond")
    assert item is not None and not item.local, "the nation's default is the counter's"
    monkeypatch.setattr(type(item), "local", True)
    given = {"psn_no": known.zhong, "name": "钟灵", "relation": "child"}
    answer = duan.post("/me/family/give", given)
    number = number_of(answer)
    page = read(duan.get(f"/me/items/{number}"))
    assert "家庭共济" in page.text and "钟*" in page.text
    promise = {"name": "承诺书：户口簿", "promise": "1"}
    assert duan.post(f"/me/items/{number}/paper", promise).status_code == 302
    assert "承诺书：户口簿" in read(duan.get(f"/me/items/{number}")).text
    assert submit(duan, number).status_code == 302
    with psycopg.connect(pages_database) as owner:
        asked = "select count(*) from person_fact where kind = 'bond' and key = %s"
        assert owner.execute(asked, [known.duan]).fetchone() == (0,)
    assert "正在办的事" in read(duan.get("/me/family")).text
    # It went to the prefecture's agency, where the pages hand bonds in.
    assert approve(number, "chushen3", "first_reviewer") == "executed"
    _, others = read(duan.get("/me/family")).tables[-2:]
    assert others[0][:2] == ["钟* 5323************0003", "我是其 子女"]
    assert own_desk.BOND == "family_bond"
