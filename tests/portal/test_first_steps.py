"""What a visitor meets first: links passed on, what is left out, what is asked and not assumed,
and what is said where something is missing."""

from typing import Any
from urllib.parse import urlencode

import pytest
from tests.portal.conftest import Family, sign_in
from tests.portal.reading import Page, read
from tests.portal.test_items_and_places import owner, place

__all__ = ["owner"]
SHAOYANG = {"area": "430500", "date": "2023-02-01", "status": "active", "level": "3"}
ASKED = SHAOYANG | {"total": "1000"}
YUNFU = {"area": "445300", "date": "2023-03-01", "status": "active", "level": "2"}
WAGE = {"set.average_wage": "96957"}


def page(client: Any, **given: str) -> Page:
    return read(client.get("/?" + urlencode(given)))


@pytest.mark.parametrize(
    "traces",
    [
        {"from": "timeline"},
        {"isappinstalled": "0"},
        {"utm_source": "wechat", "utm_medium": "social"},
        {"from": "singlemessage", "scene": "1", "clicktime": "1", "enterid": "1"},
    ],
)
def test_a_link_that_was_passed_on_still_answers(client: Any, traces: dict[str, str]) -> None:
    plain, passed = page(client, **ASKED), page(client, **ASKED, **traces)
    assert "统筹基金支付 420.00元" in passed.text and passed.tables == plain.tables
    assert "没有计入" not in passed.text
    link = next(href for text, href in passed.links if text == "这一结果的链接")
    assert not any(name in link for name in traces)
    assert "统筹基金支付" in page(client, **traces).text, "and one that says nothing else"


def test_a_name_that_is_no_fact_is_told_not_to_count(client: Any) -> None:
    found = page(client, **ASKED, thirdparty="true")
    assert "链接中有这里用不到的内容，没有计入。" in found.text
    assert "统筹基金支付 420.00元" in found.text and "thirdparty" not in found.text


def test_a_link_that_names_only_the_area_has_today_and_the_usual_visit(
    client: Any, clock: Any
) -> None:
    clock("2026-02-01T00:00:00+00:00")
    for area, day in (("532300", "2026-02-01"), ("445300", "2025-12-31"), ("530925", "2026-02-01")):
        found = page(client, area=area)
        given = {name: found.fields[name]["value"] for name in ("date", "status", "level", "total")}
        assert given == {"date": day, "status": "active", "level": "2", "total": "1000"}
        assert "还算不出来" not in found.text
    # What is said stays, also where it is left empty; a bill has no total of its own.
    assert page(client, area="532300", total="").fields["total"]["value"] == ""
    assert page(client, area="532300", in_scope="5").fields["total"]["value"] == ""
    assert page(client, area="532300", date="").fields["date"]["value"] == ""
    assert page(client, area="532300", status="retired").fields["status"]["value"] == "retired"


@pytest.mark.parametrize(
    "typed",
    [
        "1,000",
        "1000元",
        "￥1000",
        "¥1000",
        "人民币1000",
        "1,000.00 元",
        "１０００",
        "1000 块",
        "1 000",
        "1千",
        "0.1万元",
        "1000元0角0分",
        "CNY1000",
        "1000 RMB",
    ],
)
def test_amounts_are_read_as_people_write_them(client: Any, typed: str) -> None:
    assert "统筹基金支付 420.00元" in page(client, **SHAOYANG, total=typed).text
    earlier = {"earlier_date": "2023-01-05", "earlier_level": "3", "earlier_in_scope": typed}
    assert "统筹基金支付 600.00元" in page(client, **ASKED, **earlier).text


@pytest.mark.parametrize(
    "typed",
    [
        "1,00",
        "10,00",
        "1.2.3",
        "一千",
        "1e3",
        "1000 美元",
        "元",
        "￥",
        "100 200",
        "800.005",
        "1千2",
    ],
)
def test_what_is_no_amount_is_refused_at_its_field(client: Any, typed: str) -> None:
    found = client.get("/answer?" + urlencode(SHAOYANG | {"total": typed})).json()
    assert list(found["errors"]) == ["total"] and typed in found["errors"]["total"]


@pytest.mark.parametrize(
    "typed",
    [
        *("2023年2月1日", "2023/2/1", "2023.2.1", "20230201", "２０２３-02-01"),
        *("2023年2月1号", "2023 年 2 月 1 日", "2023—02—01"),
    ],
)
def test_days_are_read_as_people_write_them(client: Any, typed: str) -> None:
    found = page(client, **ASKED | {"date": typed})
    assert "统筹基金支付 420.00元" in found.text
    assert found.fields["date"]["value"] == "2023-02-01"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("2023-02-29", "日期 的值 2023-02-29 无法识别：没有这一天"),
        # Of a number of Excel's nothing is said that only holds for files.
        ("45000", "日期 的值 45000 无法识别；可取：像 2023-03-01 这样的日期"),
    ],
)
def test_what_is_no_day_is_told_in_words_of_the_page(client: Any, typed: str, told: str) -> None:
    found = client.get("/answer?" + urlencode(ASKED | {"date": typed})).json()
    assert found["errors"]["date"] == told


def test_a_link_copied_from_a_pages_text_asks_the_same(client: Any) -> None:
    copied = page(client, **ASKED)
    (link,) = [href for text, href in copied.links if text == "这一结果的链接"]
    passed = read(client.get("/" + link.replace("&", "&amp;")))
    assert passed.tables == copied.tables and "没有计入" not in passed.text
    # The sentence that a link stands in ends behind it.
    assert read(client.get("/" + link + "%E3%80%82")).tables == copied.tables
    for path, meant in (("/areas/", "/areas"), ("/areas/532300。", "/areas/532300")):
        led = client.get(path + "?at=2023-02-01")
        assert (led.status_code, led["Location"]) == (302, meant + "?at=2023-02-01")
    for path in ("/nowhere/", "/api/v1/areas/"):
        assert client.get(path).status_code == 404
    wide = page(client, **ASKED | {"area": " ４３０5 00"})
    assert wide.tables == copied.tables


def test_earlier_visits_that_cannot_count_are_told(client: Any) -> None:
    rows = [("earlier_in_scope", "1"), ("earlier_date", "2023-01-05"), ("earlier_level", "1")]
    for count, told in ((60, False), (61, True)):
        shown = read(client.get("/?" + urlencode([*ASKED.items(), *rows * count]))).text
        assert ("链接中有这里用不到的内容，没有计入。" in shown) is told
    for day, said in (("", "缺少必填项 日期"), ("2023-03-01", "日期应不晚于 2023-02-01，不能是")):
        given = ASKED | {"earlier_in_scope": "5", "earlier_date": day, "earlier_level": "1"}
        found = client.get("/answer?" + urlencode(given)).json()["errors"]
        assert said in found["earlier.0.date"]
    elsewhere = {"date": "2023-01-05", "area": "532300", "in_scope": "5"}
    told = quoted(client, facts=ASKED, earlier=[elsewhere]).json()
    assert (told["refusal"], told["field"]) == ("value_invalid", "earlier.0.area")
    assert quoted(client, facts=ASKED, earlier=[elsewhere | {"area": "430502"}]).status_code == 200


def test_a_rate_is_typed_without_its_sign_too(client: Any) -> None:
    asked = SHAOYANG | {
        "benefit": "dual_channel",
        "total": "1000",
        "set.dual_channel_ceiling": "9000",
    }
    for typed in ("80", "80%", "80.0"):
        assert (
            "统筹基金支付 800.00元"
            in page(client, **asked, **{"set.dual_channel_rate": typed}).text
        )


def test_whether_the_hospital_is_the_one_selected_is_asked_and_never_assumed(client: Any) -> None:
    """云浮 第十八条: nothing is paid elsewhere without a referral."""
    asked = YUNFU | {"total": "1000"} | WAGE
    found = page(client, **asked)
    assert found.fields["selected"]["options"][0] == ["", "不清楚"]
    assert found.fields["selected"].get("value", "") == ""
    assert "在选定的机构看，或经转诊：医保报 550.00元，自己付 450.00元" in found.text
    assert "统筹基金支付 550.00元，个人负担 450.00元" in found.text
    (answers,) = [table for table in found.tables if table[0][0] == "是"]
    assert answers == [
        ["是", "医保报 550.00元，自己付 450.00元"],
        ["不是", "不报：不是选定的定点医疗机构，也没有转诊"],
    ]
    before = found.text.index("是选定的那家机构吗")
    assert before < found.text.index("更多情况"), "it stands in the open"
    assert "referred" not in found.fields, "at the institution selected nobody is referred"
    yes, no = (page(client, **asked, selected=text) for text in ("true", "false"))
    assert "经转诊：" not in yes.text and "统筹基金支付 550.00元" in yes.text
    assert "统筹基金不予支付，个人负担 1,000.00元" in no.text
    assert "怎样才能报" in no.text and no.text.count("550.00元") == 2
    elsewhere = "在别处看呢"
    assert elsewhere in yes.text and elsewhere not in no.text, "each level refuses for the same"
    assert "到选定的那家机构看：医保报 550.00元，自己付 450.00元" in no.text
    assert "由选定的机构开转诊：医保报 550.00元，自己付 450.00元" in no.text
    assert no.fields["referred"]["value"] == "false", "now it can change the answer"
    referred = page(client, **asked, selected="false", referred="true")
    assert "统筹基金支付 550.00元" in referred.text


@pytest.mark.parametrize(
    ("total", "used", "told"),
    [
        ("200", "0", "费用没有超过起付标准"),
        ("1000", "1500", "已经达到最高支付限额"),
        ("1000", "1499", ""),
        ("0", "1500", ""),
    ],
)
def test_why_nothing_is_paid_is_told_by_what_it_is(
    client: Any, total: str, used: str, told: str
) -> None:
    """邵阳 第六条: 300 at level 3 are the person's, and 1,500 a year the most."""
    shown = page(client, **SHAOYANG | {"total": total}, **{"used.ordinary_paid": used}).text
    reasons = ("费用没有超过起付标准", "已经达到最高支付限额")
    assert [one for one in reasons if one in shown] == ([told] if told else [])


def test_what_else_a_payment_rests_on_is_said_beside_it(client: Any) -> None:
    found = page(client, **ASKED)
    assert "这样计算的前提：在待遇享受期内、到定点医药机构看、在定点医药机构当场结算" in found.text
    assert found.labels["f-designated"] == "是定点医药机构吗"
    law = "中华人民共和国社会保险法"
    assert f"适用文件：{law}" in found.text and f"{law}（{law}）" not in found.text
    said = page(client, **ASKED, designated="true", direct="true", in_benefit_period="true")
    assert "这样计算的前提" not in said.text
    assert "这样计算的前提" not in page(client, **ASKED, designated="false").text


def test_a_missing_figure_leaves_what_is_settled_the_condition_and_the_bounds(client: Any) -> None:
    """楚雄 第十三条: 500 of the 6,000 are left; what is above goes by inpatient figures."""
    facts = {"area": "532300", "date": "2023-11-01", "status": "active", "level": "3"}
    found = page(client, **facts, in_scope="2090", **{"used.ordinary_paid": "5500"})
    assert "统筹基金支付 500.00元 至 1,500.00元" in found.text
    assert "其余政策范围内费用1,000.00元无法计算，取决于：住院支付比例" in found.text
    assert "本次只能支付500.00元。" in found.text and "还算不出来" not in found.text
    exact = page(
        client,
        **facts,
        in_scope="2090",
        **{
            "used.ordinary_paid": "5500",
            "set.inpatient_rate": "80%",
            "set.inpatient_ceiling": "9000",
        },
    )
    assert "统筹基金支付 1,300.00元" in exact.text
    english = client.get(
        "/?" + urlencode(facts | {"in_scope": "2090", "used.ordinary_paid": "5500"}),
        headers={"accept-language": "en"},
    )
    assert "at least ¥500.00 and at most ¥1,500.00" in read(english).text


def test_an_expired_law_offers_its_last_day_and_a_missing_level_each_level(client: Any) -> None:
    late = page(client, **YUNFU | {"date": "2026-06-01", "total": "100", "selected": "true"} | WAGE)
    link = next(href for text, href in late.links if "最后一天" in text)
    assert "date=2025-12-31" in link
    assert "最后一天" not in page(client, **ASKED | {"date": "2001-01-01"}).text
    without = {name: text for name, text in ASKED.items() if name != "level"}
    found = client.get("/answer?" + urlencode(without)).json()
    assert list(found["errors"]) == ["level"]
    rows = read(found["answer"]).tables[0][1:]
    assert rows == [
        ["一级", "700.00元", "300.00元"],
        ["二级", "480.00元", "520.00元"],
        ["三级", "420.00元", "580.00元"],
    ]


def quoted(client: Any, **body: Any) -> Any:
    return client.post("/api/v1/quote", body, content_type="application/json")


def test_the_interface_tells_how_far_it_came_and_between_which_bounds(client: Any) -> None:
    facts = {"area": "532300", "date": "2023-11-01", "status": "active", "level": "3"}
    used = {"ordinary_paid": "5500"}
    answer = quoted(client, facts=facts | {"in_scope": "2,090元"}, used=used)
    told = answer.json()
    assert answer.status_code == 422 and told["refusal"] == "parameter_missing"
    so_far = told["so_far"]
    assert (so_far["pool_pays_at_least"], so_far["pool_pays_at_most"]) == ("500.00", "1500.00")
    assert so_far["missing"] == ["inpatient_rate.3.active", "inpatient_ceiling"]
    assert [one["kind"] for one in so_far["explanation"]][-2:] == ["open", "bounds"]
    assert "--" not in told["reason"]
    figures = dict.fromkeys(("inpatient_rate",), "80%") | {"inpatient_ceiling": "9000"}
    exact = quoted(client, facts=facts | {"in_scope": "2090"}, used=used, settings=figures)
    assert exact.json()["pool_pays"] == "1300.00"
    without = {name: text for name, text in facts.items() if name != "level"}
    levels = quoted(client, facts=without | {"in_scope": "1000"}).json()
    assert levels["refusal"] == "level_missing"
    paid = {level: one["pool_pays"] for level, one in levels["by_level"].items()}
    assert paid == {"1": "582.00", "2": "517.00", "3": "455.00"}


def test_an_earlier_visit_that_lacks_a_figure_is_named_and_nothing_is_guessed(client: Any) -> None:
    facts = {"area": "532300", "date": "2023-11-01", "status": "active", "level": "3"}
    earlier = [{"date": "2023-10-01", "in_scope": "20000"}]
    told = quoted(client, facts=facts | {"in_scope": "100"}, earlier=earlier).json()
    assert told["refusal"] == "parameter_missing" and "so_far" not in told
    assert told["field"].startswith("earlier.0.")


def test_hospitals_are_found_as_people_call_them_and_those_that_left_are_not_offered(
    client: Any, owner: Any
) -> None:
    import psycopg

    place(owner, "H1", "邵东县人民医院", "2")
    place(owner, "H2", "新邵县中医医院", "1")
    place(owner, "H3", "邵东县旧医院", "3")
    place(owner, "H4", "同名医院", "1")
    place(owner, "H5", "同名医院", "3")
    details = psycopg.types.json.Jsonb({"designated_for": ["ordinary"]})
    for code, until in (("H1", None), ("H3", "2023-02-01")):
        owner.execute(
            "insert into institution_fact (institution, kind, since, until, details)"
            " values (%s, 'agreement', '2020-01-01', %s, %s)",
            [code, until, details],
        )

    def found(words: str, day: str = "2023-02-01") -> list[str]:
        asked = {"area": "430500", "date": day, "words": words}
        return [one["name"] for one in client.get("/institutions", asked).json()["found"]]

    assert found("县医院") == ["新邵县中医医院", "邵东县人民医院"]
    assert found("邵东 人民医院") == ["邵东县人民医院"]
    assert found("旧医院") == [] and found("旧医院", "2023-01-31") == ["邵东县旧医院"]
    assert found("同名") == ["同名医院（H4）", "同名医院（H5）"]
    for said, level, paid in (
        ("邵东县人民医院", "2", "480.00元"),
        ("H2", "1", "700.00元"),
        ("同名医院（H5）", "3", "420.00元"),
    ):
        shown = page(client, **ASKED | {"level": "1"}, institution=said)
        assert f"统筹基金支付 {paid}" in shown.text and shown.fields["level"]["value"] == level
        assert not shown.fields["institution"]["value"].startswith("H")
    for said in ("协和", "同名医院", "县"):
        shown = page(client, **ASKED, institution=said)
        assert "没有找到这家机构" in shown.text and "统筹基金支付 420.00元" in shown.text
        assert shown.fields["institution"]["value"] == said
    # Of those that the words may mean each is a link, without scripts too.
    likely = [text for text, href in shown.links if "institution=" in href and "医院" in text]
    assert likely[:2] == ["新邵县中医医院", "邵东县人民医院"]
    left = page(client, **ASKED, institution="邵东县旧医院")
    assert "统筹基金不予支付：不是定点医药机构" in left.text


def test_an_item_is_chosen_by_its_name_with_the_code(client: Any) -> None:
    item = {"line_item": "测试药T001（T001）", "line_quantity": "2", "line_price": "￥1,00.0"}
    wrong = client.get("/answer?" + urlencode(SHAOYANG | item)).json()
    assert list(wrong["errors"]) == ["line.0.price"]
    right = page(client, **SHAOYANG, **item | {"line_price": "￥100"})
    # 200 of class 甲 under the deductible of 300.
    assert ["测试药T001", "200.00元"] in [row[:2] for table in right.tables for row in table]
    unknown = client.get("/answer?" + urlencode(SHAOYANG | item | {"line_item": "没有"})).json()
    assert unknown["errors"] == {"line.0.item": "目录中没有项目 没有；请从列出的项目中选"}


def test_a_refused_family_form_keeps_what_was_typed_until_it_is_done(
    client: Any, family: Family
) -> None:
    sign_in(client, family.person)
    typed = {"psn_no": family.spouse, "name": "写错的人", "relation": "child"}
    wrong = client.post("/me/family/give", typed)
    assert wrong.status_code == 422
    for shown in (wrong, client.get("/me/family/give")):
        text = shown.content.decode()
        assert f'id="give-no" name="psn_no" value="{family.spouse}"' in text
        assert 'id="give-name" name="name" value="写错的人"' in text
        assert 'id="ask-no" name="psn_no" value=""' in text
        assert '<option value="child" selected>' in text
    for path in ("/me/family/give", "/me/family/ask", "/me/family/consent", "/me/family/end"):
        assert client.get(path)["Location"] == "/me/family", "it is kept for one look"


def test_a_wrong_day_of_the_statement_stays_in_its_field(client: Any, family: Family) -> None:
    sign_in(client, family.person)
    found = read(client.get("/me/account?from=2023-02-30&to=2023-03-31"))
    given = {name: found.fields[name]["value"] for name in ("from", "to")}
    assert given == {"from": "2023-02-30", "to": "2023-03-31"}
