"""The public interface: answers, refusals, limits a caller, and everything its description says."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

EXAMPLES = {"POST /api/v1/quote": 30, "POST /api/v1/quotes": 5, "GET /api/v1/areas/{code}/facts": 4}
FEWER = 8
"""Of operations whose answers are long."""
QUESTION = {
    "facts": {
        "area": "430500",
        "date": "2023-02-01",
        "status": "active",
        "level": "3",
        "in_scope": "4000",
    }
}


def post(client: Any, body: Any) -> Any:
    """The answer to a quote."""
    return client.post("/api/v1/quote", json.dumps(body), content_type="application/json")


def test_a_quote_is_that_of_the_command(client: Any) -> None:
    from gongji.law.explain.quote import quote
    from gongji.law.explain.show import as_json

    answer = post(client, QUESTION)
    assert answer.status_code == 200
    assert answer.json() == as_json(quote(QUESTION["facts"]))


def test_a_refusal_has_code_field_and_sentence(client: Any) -> None:
    answer = post(client, {"facts": QUESTION["facts"] | {"level": ""}})
    assert answer.status_code == 422
    assert answer.json()["refusal"] == "level_missing" and answer.json()["field"] == "level"
    for wrong in ({}, {"facts": 3}, {"facts": {}, "more": 1}, {"facts": {"a b": "1"}}):
        assert post(client, wrong).status_code == 422
    broken = client.post("/api/v1/quote", "{", content_type="application/json")
    assert broken.status_code == 422 and broken.json()["refusal"]
    unknown = client.get("/api/v1/areas/999999/rules")
    assert unknown.status_code == 404 and unknown.json()["refusal"] == "area_unknown"
    assert client.get("/api/v1/areas/430500/rules?at=2021-01-01").status_code == 422


def test_the_rules_and_articles_of_an_area_are_told(client: Any) -> None:
    areas = client.get("/api/v1/areas").json()
    assert {"430500", "532300"} <= {one["area"] for one in areas}
    rules = client.get("/api/v1/areas/430500/rules?at=2023-02-01").json()
    found = [one for one in rules["figures"] if one["text"] == "1500元"]
    assert found[0]["article"] == "第六条第一款" and found[0]["line"] > 0
    texts = client.get("/api/v1/areas/430500/articles").json()
    assert texts[0]["document"]["rulebook"] == "000000@2011-07-01"
    sixth = next(one for one in texts[1]["articles"] if one["article"] == "第六条")
    assert sixth["text"][0].startswith("一个自然年度内") and sixth["disposition"] == "规则"


def test_a_caller_who_asks_too_often_is_told_to_wait(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gongji.api.service import LIMIT

    monkeypatch.setattr(LIMIT, "num_requests", 3)
    answers = [client.get("/api/v1/areas") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["refusal"] == "rate_limited"
    assert int(answers[-1]["Retry-After"]) > 0
    elsewhere = client.get("/api/v1/areas", REMOTE_ADDR="192.0.2.7")
    assert elsewhere.status_code == 200


def test_another_address_cannot_be_claimed_to_be_let_in(
    client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gongji.api.service import LIMIT

    monkeypatch.setattr(LIMIT, "num_requests", 1)
    assert client.get("/api/v1/areas").status_code == 200
    claimed = client.get("/api/v1/areas", headers={"x-forwarded-for": "192.0.2.9"})
    assert claimed.status_code == 429


@pytest.mark.slow
def test_schemathesis_finds_nothing(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import schemathesis
    from django.core.wsgi import get_wsgi_application
    from schemathesis import GenerationMode

    from gongji.api.service import LIMIT

    monkeypatch.setattr(LIMIT, "num_requests", 10**9)
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) == 6
    statuses = {
        status
        for operation in operations
        for mode in GenerationMode
        if mode.is_positive or operation.body or list(operation.iter_parameters())
        for status in attempts(operation, mode)
    }
    assert statuses >= {200, 422}


def attempts(operation: Any, mode: Any) -> list[int]:
    """What an operation answers to made-up requests, right ones or wrong ones; each is checked."""
    from schemathesis.specs.openapi.checks import positive_data_acceptance

    found: list[int] = []

    @settings(
        max_examples=EXAMPLES.get(operation.label, FEWER),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def attempt(case: Any) -> None:
        # What the law refuses (422) no schema can say; everything else a check finds is a mistake.
        answer = case.call_and_validate(
            headers={"host": "localhost", "accept-encoding": "identity"},
            excluded_checks=[positive_data_acceptance],
        )
        found.append(answer.status_code)

    attempt()
    return found
