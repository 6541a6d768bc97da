"""The words of the interface and ours: both ways, and what a refusal says in the interface's."""

import re

import pytest

from gongji.gateway.wire.codes import (
    CARE,
    FIELDS,
    HINTS,
    care_of,
    in_fields,
    med_type_of,
    sentence,
    told,
)
from gongji.refusals import REFUSALS, Refusal
from gongji.refusals.gateway import GATEWAY
from gongji.settlement.routes import CARE_NAMES, ROUTES


def test_every_kind_of_care_has_one_code_and_back() -> None:
    assert {med_type_of(care_of(code)) for code in CARE} == set(CARE)
    assert set(ROUTES) == set(CARE_NAMES) == set(CARE.values()) - {"inpatient"}
    assert care_of("77") == "77" and med_type_of("77") == "77"


def test_a_kind_of_care_is_refused_with_the_codes_that_are_taken() -> None:
    values = {"value": "inpatient", "allowed": "普通门诊"}
    said = told(Refusal("med_type_unsupported", "care", values))
    assert "21" in said and "inpatient" not in said
    for code, care in CARE.items():
        assert care == "inpatient" or f"{code} {CARE_NAMES[care]}" in said


@pytest.mark.parametrize("code", HINTS)
def test_a_hint_stands_behind_its_word(code: str) -> None:
    word, hint = HINTS[code]
    assert hint not in REFUSALS[code] and word + hint in sentence(code)
    assert sentence(code).replace(hint, "", 1) == REFUSALS[code]


def test_sentences_of_the_rooms_name_no_transaction() -> None:
    """Only the gateway's own do: uploads, sign-in, messages that were reversed."""
    named = {code for code, text in REFUSALS.items() if re.search(r"（\d{4}）| \d{4} ", text)}
    assert named <= set(GATEWAY), named - set(GATEWAY)


def test_a_field_is_told_by_the_interface_s_name() -> None:
    refusal = Refusal("dates_reversed", "last", {"value": "2024-01-01", "since": "2024-01-02"})
    assert told(refusal).startswith("enddate 2024-01-01")
    with pytest.raises(Refusal) as found, in_fields(last="endtime"):
        raise refusal
    assert (found.value.code, found.value.field) == ("dates_reversed", "endtime")
    assert told(found.value).startswith("endtime ")
    with pytest.raises(Refusal) as found, in_fields(since="x"):
        raise refusal
    assert found.value is refusal
    assert not set(FIELDS) & set(FIELDS.values())
