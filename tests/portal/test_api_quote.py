"""A quote of the public interface: every field of the answer by hand, and what it takes in."""

import json
from typing import Any

import pytest

FACTS = {
    "area": "430500",
    "date": "2023-02-01",
    "status": "active",
    "level": "3",
    "in_scope": "4000",
}


def post(client: Any, **body: Any) -> Any:
    """The answer to a quote."""
    return client.post("/api/v1/quote", json.dumps(body), content_type="application/json")


def paid(client: Any, **body: Any) -> str:
    """What the pool pays."""
    answer = post(client, **body)
    assert answer.status_code == 200, answer.content.decode()
    return str(answer.json()["pool_pays"])


def test_every_field_of_an_answer_differs_and_is_right(client: Any) -> None:
    """楚雄 第十八条: a negotiated drug, 10 % first self-pay; 第三十五条: a subsidy."""
    facts = {
        "area": "532300",
        "date": "2023-03-01",
        "status": "active",
        "level": "3",
        "total": "1000",
        "benefit": "negotiated_drug",
        "drug": "药甲",
        "subsidy": "civil_servant",
    }
    settings = {
        "inpatient_deductible": "300",
        "inpatient_rate": "85%",
        "subsidy_rate": "60%",
        "inpatient_ceiling": "80000",
    }
    told = post(client, facts=facts, settings=settings).json()
    # 1000 less 100 are in scope; (900 - 300) x 85 % = 510; 60 % of the 390 of it that are left.
    worked = {
        "area": "532300",
        "date": "2023-03-01",
        "benefit": "negotiated_drug",
        "rulebook": ["000000@2011-07-01", "532300@2022-07-01"],
        "total": "1000.00",
        "in_scope": "900.00",
        "first_self_pay": "100.00",
        "deductible": "300.00",
        "pool_pays": "510.00",
        "supplements": "234.00",
        "institution_bears": "0.00",
        "person_pays": "256.00",
        "refusal": "",
        "unofficial": [],
        "layers": {"negotiated_drug": "510.00", "civil_servant": "234.00"},
    }
    assert {name: told[name] for name in worked} == worked
    assert len(told["supplied"]) == 4
    more = {"meters", "explanation", "doubts", "supplied", "unread", "resolved", "figures"}
    assert set(told) == {*worked, *more}
    assert told["resolved"] == {
        "place": "云南省楚雄彝族自治州",
        "level": {"value": "3", "name": "三级", "by": "level"},
        "status": {"value": "active", "name": "在职", "by": "status"},
    }
    found = [(one["layer"], one["kind"], one["value"], one["unit"]) for one in told["figures"]]
    assert found == [
        ("negotiated_drug", "deductible", "300.00", "yuan"),
        ("negotiated_drug", "ceiling", "80000.00", "yuan"),
        ("negotiated_drug", "rate", "85", "percent"),
        ("civil_servant", "rate", "60", "percent"),
    ]
    assert [one["supplied"] for one in told["figures"]] == [
        ["inpatient_deductible"],
        ["inpatient_ceiling"],
        ["inpatient_rate"],
        ["subsidy_rate"],
    ]


def test_an_ordinary_visit_is_answered_to_the_fen(client: Any) -> None:
    told = post(client, facts=FACTS | {"in_scope": "1000", "total": "1100"}).json()
    # 邵阳 第六条: (1000 - 300) x 60 % = 420; 100 are out of scope.
    assert (told["total"], told["in_scope"], told["deductible"]) == ("1100.00", "1000.00", "300.00")
    assert (told["pool_pays"], told["person_pays"], told["first_self_pay"]) == (
        "420.00",
        "680.00",
        "0.00",
    )
    assert told["layers"] == {"ordinary": "420.00"}
    meters = {(one["meter"], one["where"]): one for one in told["meters"]}
    level = next(one for key, one in meters.items() if one["name"] == "各级起付")
    assert (level["where"], level["before"], level["after"]) == ("三级", "0.00", "300.00")
    year = next(one for one in told["meters"] if one["name"] == "普通统筹")
    assert (year["meter"], year["where"], year["before"], year["after"]) == (
        "ordinary_paid",
        "",
        "0.00",
        "420.00",
    )
    assert all(set(one) == {"meter", "name", "where", "before", "after"} for one in told["meters"])
    for sentence in told["explanation"]:
        assert set(sentence) == {"kind", "text", "cites"} and sentence["text"]
        for cite in sentence["cites"]:
            assert set(cite) == {"document", "article", "file", "line", "source"}
            assert (cite["document"], cite["source"]) == ("邵市政办发〔2022〕22号", "官方")
            assert cite["article"].startswith("第") and cite["line"] > 0
    # How deductibles add up matters once some was borne; the first visit rests on no reading.
    assert told["doubts"] == []
    later = post(client, facts=FACTS | {"in_scope": "1000"}, used={"year_deductible": "100"})
    (doubt,) = later.json()["doubts"]
    assert set(doubt) == {"question", "reading", "other", "reason", "article"}
    assert all(doubt.values()) and len(set(doubt.values())) == 5


def test_a_visit_that_the_pool_refuses_is_an_answer(client: Any) -> None:
    told = post(client, facts=FACTS | {"third_party": "true"}).json()
    assert (told["refusal"], told["pool_pays"], told["person_pays"]) == (
        "third_party",
        "0.00",
        "4000.00",
    )
    assert told["layers"] in ({}, {"ordinary": "0.00"})


def test_figures_that_are_not_official_are_named(client: Any) -> None:
    told = post(client, facts=FACTS | {"date": "2023-06-01", "in_scope": "1000"}).json()
    # Since 2023-06-01 a visit at level 3 has a deductible of 100: (1000 - 100) x 60 %.
    assert told["pool_pays"] == "540.00"
    assert told["unofficial"] == ["湖南省2023年6月1日起门诊统筹标准"]
    own = {"430500@2022-11-01", "430500@2023-06-01"}
    assert set(told["rulebook"]) == {"000000@2011-07-01", *own}


def test_what_was_used_before_is_counted(client: Any) -> None:
    facts = FACTS | {"in_scope": "1000"}
    assert paid(client, facts=facts) == "420.00"
    assert paid(client, facts=facts, used={"year_deductible": "200"}) == "540.00"
    assert paid(client, facts=facts, used={"level_deductible": "300"}) == "600.00"
    assert paid(client, facts=facts, used={"ordinary_paid": "1400"}) == "100.00"
    assert paid(client, facts=facts, used={"ordinary_paid": " 1499.99 "}) == "0.01"
    assert paid(client, facts=facts, used={"ordinary_paid": "1500"}) == "0.00"
    assert paid(client, facts=facts, used={"ordinary_paid": "  "}) == "420.00"


def test_earlier_visits_are_settled_first_in_the_order_of_their_dates(client: Any) -> None:
    facts = FACTS | {"in_scope": "1000"}
    one = [{"date": "2023-01-05", "level": "2", "in_scope": "500"}]
    # 200 of the year's 300 were borne: (1000 - 100) x 60 %.
    assert paid(client, facts=facts, earlier=one) == "540.00"
    year = [{"date": "2023-01-31", "in_scope": "2600"}, {"date": "2023-01-01", "in_scope": "200"}]
    # 200 are borne on 1 January, then 100: (2600 - 100) x 60 % = 1500: nothing is left.
    assert paid(client, facts=facts, earlier=year) == "0.00"
    assert (
        paid(client, facts=facts, earlier=[{"date": "2022-12-31", "in_scope": "5000"}]) == "420.00"
    )
    assert (
        paid(client, facts=facts, earlier=[{"date": "2023-02-01", "in_scope": "300"}]) == "600.00"
    )
    # What an earlier visit does not say of its cost is not taken from the visit itself.
    assert paid(client, facts=facts, earlier=[{"date": "2023-01-05", "total": "300"}]) == "600.00"
    # 攀枝花 第七条: level 1 on 1 January bears the year's 200, level 3 is then paid 200 x 50 %, so
    # that 900 of the year's 1000 are left; the other way round it would be 1000 - 200 x 60 %.
    panzhihua = {
        "area": "510400",
        "date": "2023-02-01",
        "status": "active",
        "level": "1",
        "in_scope": "5000",
    }
    typed = [
        {"date": "2023-01-31", "level": "3", "in_scope": "200"},
        {"date": "2023-01-01", "level": "1", "in_scope": "200"},
    ]
    assert paid(client, facts=panzhihua, earlier=typed) == "900.00"
    late = post(client, facts=facts, earlier=[{"date": "2023-02-02", "in_scope": "1"}])
    assert late.status_code == 422 and late.json()["field"] == "earlier.0.date"
    assert "2023-02-01" in late.json()["reason"]


def test_the_status_the_date_and_the_settings_count(client: Any) -> None:
    # 1500 a year in work, 2000 retired: (4000 - 300) x 60 % = 2220.
    assert paid(client, facts=FACTS) == "1500.00"
    assert paid(client, facts=FACTS | {"status": "retired"}) == "2000.00"
    chronic = FACTS | {"benefit": "chronic", "disease": "糖尿病", "in_scope": "1000"}
    assert paid(client, facts=chronic, settings={"disease_ceiling": "3000"}) == "800.00"
    told = post(client, facts=chronic, settings={"disease_ceiling": "600"}).json()
    # 600 of chronic care; 600 / 80 % = 750 are taken, 250 go on under the ordinary deductible.
    assert told["layers"]["chronic"] == "600.00" and told["pool_pays"] == "600.00"
    open_figure = post(client, facts=chronic)
    assert open_figure.status_code == 422
    assert open_figure.json()["refusal"] == "parameter_missing"


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "no area": ({"facts": {**FACTS, "area": ""}}, "field_missing", "area"),
    "no date": ({"facts": {**FACTS, "date": " "}}, "field_missing", "date"),
    "no status": ({"facts": {**FACTS, "status": ""}}, "field_missing", "status"),
    "unknown area": ({"facts": {**FACTS, "area": "999999"}}, "area_unknown", "area"),
    "before the law": ({"facts": {**FACTS, "date": "2022-10-31"}}, "date_outside", "date"),
    "an unknown fact": ({"facts": {**FACTS, "hight": "1"}}, "field_unknown", "hight"),
    "no amount": ({"facts": {**FACTS, "in_scope": "x"}}, "amount_invalid", "in_scope"),
    "three decimals": ({"facts": {**FACTS, "in_scope": "1.001"}}, "amount_invalid", "in_scope"),
    "below zero": ({"facts": {**FACTS, "in_scope": "-0.01"}}, "amount_negative", "in_scope"),
    "above the total": (
        {"facts": {**FACTS, "total": "3999.99"}},
        "in_scope_above_total",
        "in_scope",
    ),
    "an unknown meter": ({"facts": FACTS, "used": {"ordinary": "1"}}, "value_invalid", "used"),
    "an unknown figure": ({"facts": FACTS, "settings": {"x": "1"}}, "value_invalid", "settings"),
    "a number for a text": ({"facts": {**FACTS, "level": 3}}, "value_invalid", "facts.level"),
    "a null": ({"facts": {**FACTS, "level": None}}, "value_invalid", "facts.level"),
    "no facts": ({}, "value_invalid", "facts"),
    "another key": ({"facts": FACTS, "earlyer": []}, "value_invalid", "earlyer"),
    "a name with a blank": (
        {"facts": {**FACTS, "le vel": "1"}},
        "value_invalid",
        "facts.le vel.[key]",
    ),
    "a long name": (
        {"facts": {**FACTS, "a" * 61: "1"}},
        "value_invalid",
        f"facts.{'a' * 61}.[key]",
    ),
    "a long text": ({"facts": {**FACTS, "drug": "a" * 201}}, "value_invalid", "facts.drug"),
    "61 earlier visits": (
        {"facts": FACTS, "earlier": [{"date": "2023-01-01", "in_scope": "1"}] * 61},
        "value_invalid",
        "earlier",
    ),
    "an earlier visit of the wrong form": (
        {
            "facts": FACTS,
            "earlier": [
                {"date": "2023-01-01", "in_scope": "1"},
                {"date": "2023-01-01", "in_scope": "x"},
            ],
        },
        "amount_invalid",
        "earlier.1.in_scope",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_says_code_field_and_sentence(client: Any, name: str) -> None:
    body, code, field = REFUSED[name]
    answer = post(client, **body)
    told = answer.json()
    assert answer.status_code == 422, told
    assert (told["refusal"], told["field"]) == (code, field) and told["reason"]
    assert set(told) == {"type", "title", "status", "detail", "refusal", "field", "reason"}
    assert answer["Content-Type"] == "application/problem+json"
    assert (told["status"], told["type"]) == (422, f"/api/v1/docs#{code}")
    assert told["detail"] == told["reason"] and told["title"]


def test_sixty_earlier_visits_and_texts_of_two_hundred_characters_are_taken(client: Any) -> None:
    earlier = [{"date": "2023-01-01", "in_scope": "1"}] * 60
    # 60 of the year's 300 were borne: (1000 - 240) x 60 %.
    facts = FACTS | {"in_scope": "1000"}
    assert paid(client, facts=facts, earlier=earlier) == "456.00"
    chronic = FACTS | {"benefit": "chronic", "disease": "病" * 200, "in_scope": "100"}
    assert paid(client, facts=chronic, settings={"disease_ceiling": "3000"}) == "80.00"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"facts": {'])
def test_what_cannot_be_read_is_told(client: Any, body: bytes) -> None:
    answer = client.post("/api/v1/quote", body, content_type="application/json")
    told = answer.json()
    assert answer.status_code == 422 and told["refusal"] == "value_invalid" and told["reason"]


@pytest.mark.parametrize("method", ["get", "put", "patch", "delete"])
def test_a_quote_is_posted_and_nothing_else(client: Any, method: str) -> None:
    assert getattr(client, method)("/api/v1/quote").status_code == 405
