"""What programs need of the interface: what to ask, figures with units, problems, batches."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.portal.browser import watched
from tests.portal.conftest import PHONE

FACTS = {
    "area": "430500",
    "date": "2023-02-01",
    "status": "active",
    "level": "3",
    "in_scope": "1000",
}
PROBLEM = "application/problem+json"


def post(client: Any, path: str, body: Any, **more: Any) -> Any:
    """The answer to a posted body."""
    return client.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json", **more)


def asked(client: Any, code: str, day: str, **more: Any) -> Any:
    """What may be asked of an area on a day."""
    answer = client.get(f"/api/v1/areas/{code}/facts?date={day}", **more)
    assert answer.status_code == 200, answer.content.decode()
    return answer.json()


def test_an_area_says_what_it_asks_for_each_fact_with_its_values(client: Any) -> None:
    told = asked(client, "430500", "2023-02-01")
    assert (told["area"], told["at"], told["place"]) == ("430500", "2023-02-01", "湖南省邵阳市")
    assert told["rulebook"] == ["000000@2011-07-01", "430500@2022-11-01"]
    facts = told["question"]["properties"]["facts"]
    assert facts["required"] == ["area", "date", "status"]
    named = facts["properties"]
    values = {one["const"]: one["title"] for one in named["status"]["oneOf"]}
    assert values == {"active": "在职", "retired": "退休"}
    assert [one["const"] for one in named["level"]["oneOf"]] == ["1", "2", "3"]
    assert named["in_scope"]["x-unit"] == "yuan" and named["date"]["const"] == "2023-02-01"
    offered = [one["const"] for one in named["benefit"]["oneOf"]]
    assert {"ordinary", "chronic"} <= set(offered)
    # 邵阳 第十条: a ceiling for each disease; ordinary care asks for none.
    assert (
        named["disease"]["x-benefits"] == ["chronic"]
        or "ordinary" not in named["disease"]["x-benefits"]
    )
    assert named["third_party"]["default"] == "false"
    used = told["question"]["properties"]["used"]["properties"]
    assert {"ordinary_paid", "level_deductible", "level_deductible.2"} <= set(used)
    figures = told["question"]["properties"]["settings"]["properties"]
    assert (
        figures["disease_ceiling"]["x-open"]
        and "第十条" in figures["disease_ceiling"]["description"]
    )


def test_what_an_area_asks_changes_with_the_day_and_the_area(client: Any) -> None:
    assert (
        "birth_date"
        not in asked(client, "430500", "2023-02-01")["question"]["properties"]["facts"][
            "properties"
        ]
    )
    yunfu = asked(client, "445300", "2025-03-01")["question"]["properties"]["facts"]["properties"]
    assert yunfu["selected"]["default"] == "true"
    outside = client.get("/api/v1/areas/430500/facts?date=2021-01-01")
    assert (outside.status_code, outside.json()["refusal"]) == (422, "date_outside")
    assert client.get("/api/v1/areas/999999/facts").status_code == 404


@pytest.mark.parametrize(
    ("code", "day"),
    [("430500", "2023-02-01"), ("532300", "2024-11-01"), ("510400", "2023-05-01")],
)
def test_whatever_fits_the_schema_is_read_and_what_is_refused_is_not_of_form(
    client: Any, code: str, day: str
) -> None:
    import jsonschema_rs

    from gongji.api import quotes, shapes
    from gongji.refusals import Refusal

    schema = asked(client, code, day)["question"]
    check = jsonschema_rs.validator_for(schema)
    facts = schema["properties"]["facts"]["properties"]
    base = {"area": code, "date": day, "status": "active", "level": "2", "in_scope": "800"}
    tried = 0
    for column, form in facts.items():
        values = [one["const"] for one in form.get("oneOf", [])] or form.get("examples", [])
        for value in values or [{"yuan": "12.5"}.get(form.get("x-unit", ""), "")]:
            if not value:
                continue
            question = {"facts": {**base, column: value}}
            check.validate(question)
            try:
                quotes.quoted(quotes.asked(shapes.Question(**question)))
            except Refusal as refusal:
                assert refusal.code in ("parameter_missing", "in_scope_above_total"), refusal
            tried += 1
    assert tried > 20
    for name in schema["properties"]["used"]["properties"]:
        question = {"facts": base, "used": {name: "1"}}
        check.validate(question)
        quotes.quoted(quotes.asked(shapes.Question(**question)))
    for name, form in schema["properties"]["settings"]["properties"].items():
        text = "50%" if form["x-unit"] == "percent" else "100" if "x-unit" in form else ""
        question = {"facts": base, "settings": {name: text}}
        check.validate(question)
        quotes.quoted(quotes.asked(shapes.Question(**question)))
    for wrong in ({"hight": "1"}, {"level": "4"}, {"status": "在岗"}, {"in_scope": "1.001"}):
        assert not check.is_valid({"facts": base | wrong}), wrong


def test_a_county_a_pharmacy_and_a_new_retiree_are_resolved_and_said(client: Any) -> None:
    county = {
        "area": "530925",
        "date": "2025-01-02",
        "status": "retired",
        "institution_kind": "pharmacy",
        "prescriber_level": "2",
        "in_scope": "500",
        "retired_month": "2025-01",
    }
    told = post(client, "quote", {"facts": county}).json()
    assert told["area"] == "530900" and told["resolved"] == {
        "place": "云南省临沧市",
        "level": {"value": "2", "name": "二级", "by": "prescriber_level"},
        "status": {"value": "active", "name": "在职", "by": "retired_month"},
    }
    # 云南 2024: 40 yuan at level 2, 60 % of what is above it.
    kinds = {one["kind"]: (one["value"], one["unit"]) for one in told["figures"][:3]}
    assert kinds["deductible"] == ("40.00", "yuan") and kinds["rate"][1] == "percent"
    for figure in told["figures"]:
        assert figure["cites"] and all(cite["article"] for cite in figure["cites"])
    inside = post(client, "quote", {"facts": FACTS | {"parent_level": "1"}}).json()["resolved"]
    assert inside["level"] == {"value": "1", "name": "一级", "by": "parent_level"}


def test_a_problem_speaks_the_callers_language(client: Any) -> None:
    wrong = {"facts": FACTS | {"in_scope": "x"}}
    chinese = post(client, "quote", wrong)
    english = post(client, "quote", wrong, headers={"accept-language": "en"})
    for answer in (chinese, english):
        assert answer.status_code == 422 and answer["Content-Type"] == PROBLEM
        told = answer.json()
        assert (told["refusal"], told["field"]) == ("amount_invalid", "in_scope")
        assert told["type"] == "/api/v1/docs#amount_invalid" and told["status"] == 422
    assert english["Content-Language"] == "en"
    assert english.json()["title"] == "An amount cannot be read"
    assert english.json()["detail"] == "In_scope: x is no amount in yuan with at most two decimals"
    assert chinese.json()["title"] == "金额不对" and "元" in chinese.json()["detail"]
    form = {"facts": FACTS, "earlyer": []}
    assert post(client, "quote", form).json()["detail"] == "没有这一项"
    said = post(client, "quote", form, headers={"accept-language": "en"}).json()["detail"]
    assert said.isascii() and "not permitted" in said
    nowhere = client.get("/api/v1/nowhere")
    assert (nowhere.status_code, nowhere["Content-Type"]) == (404, PROBLEM)
    assert nowhere.json()["refusal"] == "not_found"
    method = client.get("/api/v1/quote")
    assert (method.status_code, method["Allow"]) == (405, "POST")
    assert method.json()["refusal"] == "method_not_allowed"


ENGLISH = {
    "setting": ({"settings": {"foo": "1"}}, "settings", "Settings: foo is not known; allowed: "),
    "rate": (
        {"settings": {"inpatient_rate": "80"}},
        "inpatient_rate",
        "Inpatient_rate: 80 is not known; allowed: 0% to 100% with %, such as 80%",
    ),
    "figure": (
        {"settings": {"inpatient_deductible": "x"}},
        "inpatient_deductible",
        "Inpatient_deductible: x is not known; allowed: an amount in yuan, such as 1200",
    ),
    "level": ({"facts": FACTS | {"level": "9"}}, "level", "allowed: 1, 2, 3 or nothing"),
    "flag": (
        {"facts": FACTS | {"third_party": "x"}},
        "third_party",
        "Third_party: x is not known; allowed: true, false, 1, 0",
    ),
    "day": ({"facts": FACTS | {"date": "2023-02-29"}}, "date", "Date: there is no day 2023-02-29"),
    "outside": (
        {"facts": FACTS | {"date": "2001-01-01"}},
        "date",
        "2001-01-01 is outside the rules of area 430500, which cover: 2022-11-01 to today",
    ),
    "benefit": (
        {"facts": FACTS | {"benefit": "day_surgery"}},
        "benefit",
        "it offers: ordinary (ordinary outpatient care), chronic (chronic disease), special",
    ),
    "later": (
        {"facts": FACTS, "earlier": [{"date": "2023-03-01", "in_scope": "1"}]},
        "earlier.0.date",
        "Earlier.0.date cannot be 2023-03-01; allowed: not after 2023-02-01",
    ),
}


@pytest.mark.parametrize("kind", ENGLISH)
def test_what_is_allowed_is_told_in_english_without_the_words_of_the_command(
    client: Any, kind: str
) -> None:
    body, field, said = ENGLISH[kind]
    told = post(client, "quote", {"facts": FACTS} | body, headers={"accept-language": "en"}).json()
    assert told["field"] == field and said in told["detail"], told["detail"]
    assert told["detail"].isascii() and "--" not in told["detail"]
    chinese = post(client, "quote", {"facts": FACTS} | body).json()
    assert chinese["refusal"] == told["refusal"] and "--" not in chinese["detail"]


def test_a_query_that_an_operation_does_not_read_is_refused(client: Any) -> None:
    for path, name in (
        ("areas/430500/rules?date=2023-02-01", "date"),
        ("areas/430500/facts?at=2023-02-01", "at"),
        ("areas/430500/articles?at=2023-02-01", "at"),
        ("areas?province=43", "province"),
    ):
        told = client.get(f"/api/v1/{path}")
        assert told.status_code == 422
        assert (told.json()["refusal"], told.json()["field"]) == ("field_unknown", name)
    assert client.get("/api/v1/areas?_=17&utm_source=x").status_code == 200
    outside = client.get("/api/v1/areas/430500/rules?at=2001-01-01").json()
    assert (outside["refusal"], outside["field"]) == ("date_outside", "at")


def test_an_answer_speaks_english_where_the_caller_does(client: Any) -> None:
    told = post(client, "quote", {"facts": FACTS}, headers={"accept-language": "en-GB"}).json()
    assert told["pool_pays"] == "420.00"
    assert all(
        sentence["text"].isascii() or "¥" in sentence["text"] or "〔" in sentence["text"]
        for sentence in told["explanation"]
    )
    assert told["resolved"]["status"] == {"value": "active", "name": "in work", "by": "status"}
    assert {one["name"] for one in told["meters"]}.isdisjoint({"普通统筹"})


def test_any_page_may_read_and_no_credential_is_taken(client: Any) -> None:
    origin = {"origin": "https://example.org"}
    reads = [
        client.get("/api/v1/areas", headers=origin),
        client.get("/api/v1/areas/999999/rules", headers=origin),
        post(client, "quote", {"facts": FACTS}, headers=origin),
        post(client, "quotes", {"questions": [{"facts": FACTS}]}, headers=origin),
        client.get("/api/v1/openapi.json", headers=origin),
    ]
    for answer in reads:
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "Retry-After" in answer["Access-Control-Expose-Headers"]
        assert not answer.cookies
    wants = {
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    before = client.options("/api/v1/quote", headers=origin | wants)
    assert before.status_code == 204 and not before.content
    assert "POST" in before["Access-Control-Allow-Methods"]
    assert "Content-Type" in before["Access-Control-Allow-Headers"]
    # The pages of people are not read by other hosts' pages.
    for path in ("/", "/areas", "/sign-in"):
        assert "Access-Control-Allow-Origin" not in client.get(path, headers=origin).headers


def test_every_row_of_a_batch_is_answered_and_a_bad_one_says_index_and_field(client: Any) -> None:
    rows = [
        {"facts": FACTS},
        {"facts": FACTS | {"level": 3}},
        {"facts": FACTS | {"in_scope": "-1"}},
        {"facts": FACTS | {"status": "retired", "in_scope": "4000"}},
        {"facts": FACTS, "earlier": [{"date": "2023-01-05", "level": "2", "in_scope": "x"}]},
        {"wrong": 1},
        {"facts": FACTS | {"area": "999999"}},
        {"facts": FACTS | {"third_party": "true"}},
    ]
    answer = post(client, "quotes", {"questions": rows})
    told = answer.json()
    assert answer.status_code == 200 and (told["quoted"], told["refused"]) == (3, 5)
    assert [one["index"] for one in told["answers"]] == list(range(8))
    assert [one["quote"] and one["quote"]["pool_pays"] for one in told["answers"]] == [
        "420.00",
        None,
        None,
        "2000.00",
        None,
        None,
        None,
        "0.00",
    ]
    problems = {one["index"]: one["problem"] for one in told["answers"] if one["problem"]}
    assert {index: (one["refusal"], one["field"]) for index, one in problems.items()} == {
        1: ("value_invalid", "facts.level"),
        2: ("amount_negative", "in_scope"),
        4: ("amount_invalid", "earlier.0.in_scope"),
        5: ("value_invalid", "facts"),
        6: ("area_unknown", "area"),
    }
    alone = post(client, "quote", rows[3]).json()
    assert told["answers"][3]["quote"] == alone


def test_a_batch_is_bounded(client: Any) -> None:
    earlier = [{"date": "2023-01-01", "in_scope": "1"}]
    for questions, field in (
        ([{"facts": FACTS}] * 101, "questions"),
        ([{"facts": FACTS, "earlier": earlier * 50}] * 10, "questions"),
        ([], "questions"),
    ):
        answer = post(client, "quotes", {"questions": questions})
        assert answer.status_code == 422 and answer.json()["field"] == field
    full = post(client, "quotes", {"questions": [{"facts": FACTS}] * 100})
    assert full.json()["quoted"] == 100


def test_the_description_and_the_guide_name_every_operation_and_every_refusal(client: Any) -> None:
    described = client.get("/api/v1/openapi.json").json()
    assert described["openapi"].startswith("3.1")
    guide = Path(__file__).parents[2].joinpath("docs/interface/api.md").read_text("utf-8")
    page = client.get("/api/v1/docs").content.decode()
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            assert f"`{method.upper()} {path.partition('?')[0]}" in guide, path
            assert path in page and operation["summary"] in page
            assert operation["summary"] and operation["description"].endswith(".")
            for status, response in operation["responses"].items():
                kind = PROBLEM if int(status) >= 400 else "application/json"
                assert list(response["content"]) == [kind], (path, status)
    for shape in described["components"]["schemas"].values():
        assert shape.get("description"), shape["title"]


def test_every_problem_has_a_title_in_both_languages_and_a_place_on_the_page(client: Any) -> None:
    from gongji.api.problems import TITLES

    page = client.get("/api/v1/docs").content.decode()
    for code, (chinese, english) in TITLES.items():
        assert english.isascii() and not chinese.isascii()
        assert f'id="{code}"' in page


def test_the_page_is_read_on_a_phone_and_tried_there(
    chromium: Any, address: str, screenshots: Path
) -> None:
    with watched(chromium, address, PHONE) as seen:
        seen.goto("/api/v1/docs")
        page = seen.page
        page.wait_for_selector(".opblock-post")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert page.evaluate("parseFloat(getComputedStyle(document.body).fontSize)") >= 18
        links = page.locator("nav a")
        assert links.count() == 6
        assert min(links.nth(n).bounding_box()["height"] for n in range(6)) >= 44
        page.screenshot(path=screenshots / "interface-phone.png")
        links.nth(0).click()
        assert page.locator("h2").first.is_visible()


def test_days_of_the_schema_are_days(client: Any) -> None:
    day = asked(client, "532300", "2024-11-01")["at"]
    assert date.fromisoformat(day) == date(2024, 11, 1)
