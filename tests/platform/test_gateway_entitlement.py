"""Which funds would pay on a day (2001), and who a person is on it (1101)."""

from typing import Any

import pytest
from psycopg.types.json import Jsonb
from tests.platform import gateways
from tests.platform.gateways import DAY, HOSPITAL, IDENTITY, certificate_of
from tests.platform.queries_county import Standing, refused, standing


def person(place: Standing, *spells: dict[str, Any], account: bool = True) -> str:
    """A person with spells of their own instead of the usual one."""
    psn_no = place.insured()
    kinds = ["insured"] if account else ["insured", "account"]
    place.owner.execute(
        "update person_fact set retired_at = now() where person_id = %s and kind = any(%s)",
        [place.county.persons[psn_no], kinds],
    )
    for spell in spells:
        since, until = spell.pop("since", "2020-01-01"), spell.pop("until", None)
        place.county.fact(psn_no, "insured", since, until, **{"status": "active"} | spell)
    return psn_no


def funds(place: Standing, psn_no: str, day: str = DAY, client: Any = None, **changes: Any) -> Any:
    """Each fund with whether it pays and why not."""
    given = {"psn_no": psn_no, "insutype": "310", "med_type": "11", "begntime": f"{day} 00:00:00"}
    rows = (client or place.client).do("2001", {"data": given | changes})["trtinfo"]
    return {row["fund_pay_type"]: (row["trt_enjymnt_flag"], row["trt_chk_rslt"]) for row in rows}


PAYS = ("1", "")


@pytest.mark.parametrize(
    ("spell", "day", "pays"),
    [
        ({"benefit_since": "2024-12-18"}, "2024-12-17", False),
        ({"benefit_since": "2024-12-18"}, "2024-12-18", True),
        ({"benefit_until": "2024-12-19"}, "2024-12-18", True),
        ({"benefit_until": "2024-12-18"}, "2024-12-19", False),
        ({"arrears": True}, "2024-12-18", False),
    ],
)
def test_the_pool_pays_within_the_benefit_period(
    place: Standing, spell: dict[str, Any], day: str, pays: bool
) -> None:
    pool = funds(place, person(place, spell), day)["310100"]
    assert (pool == PAYS) == pays
    if not pays:
        assert pool[0] == "0" and "不在待遇享受期内" in pool[1] and "第五条" in pool[1]


@pytest.mark.parametrize("day", ["2024-12-17", "2024-12-19"])
def test_a_day_without_a_spell_has_no_pool(place: Standing, day: str) -> None:
    psn_no = person(place, {"since": "2024-12-18", "until": "2024-12-19"})
    assert funds(place, psn_no, "2024-12-18")["310100"] == PAYS
    pool = funds(place, psn_no, day)["310100"]
    assert pool[0] == "0" and "没有职工医保的参保记录" in pool[1] and day in pool[1]


def test_the_account_pays_where_there_is_one_on_the_day(place: Standing) -> None:
    psn_no = person(place, {}, account=False)
    lacking = ("0", "没有建立职工医保个人账户")
    assert funds(place, psn_no)["310200"] == lacking
    place.county.fact(psn_no, "account", "2024-12-18", "2024-12-19")
    assert funds(place, psn_no, "2024-12-17")["310200"] == lacking
    assert funds(place, psn_no, "2024-12-18")["310200"] == PAYS
    assert funds(place, psn_no, "2024-12-19")["310200"] == lacking


@pytest.mark.parametrize(
    ("subsidy", "fund"),
    [("civil_servant", "320100"), ("enterprise", "370100"), ("veteran", "999997")],
)
def test_a_subsidy_has_its_own_fund_on_its_days(place: Standing, subsidy: str, fund: str) -> None:
    psn_no = place.insured()
    place.county.fact(psn_no, "subsidy", "2024-12-18", "2024-12-19", subsidy=subsidy)
    for day, there in (("2024-12-17", False), ("2024-12-18", True), ("2024-12-19", False)):
        found = funds(place, psn_no, day)
        assert list(found) == ["310100", "310200"] + [fund] * there


def test_a_pharmacy_and_an_internet_hospital_are_asked_as_they_settle(place: Standing) -> None:
    psn_no = place.insured()
    assert funds(place, psn_no, client=place.pharmacy, med_type="41")["310100"] == PAYS
    parent = place.county.institution(20, "2")
    child = place.county.institution(21, "", parent=parent)
    gateways.SECRETS[child] = "secret-child"
    try:
        gateways.give_secret(place.owner, child)
        client = gateways.Client(place.port, child)
        assert funds(place, psn_no, client=client)["310100"] == PAYS
    finally:
        del gateways.SECRETS[child]


def test_an_institution_without_an_agreement_is_told_so(place: Standing) -> None:
    code = place.county.institution(22, "2", agreement=False)
    place.owner.execute(
        "insert into institution_fact (institution, kind, since, until, details)"
        " values (%s, 'agreement', '2024-12-18', '2024-12-19', %s)",
        [code, Jsonb({"designated_for": ["ordinary"], "qualified": True})],
    )
    gateways.SECRETS[code] = "secret-bare"
    try:
        gateways.give_secret(place.owner, code)
        client, psn_no = gateways.Client(place.port, code), place.insured()
        for day, pays in (("2024-12-17", False), ("2024-12-18", True), ("2024-12-19", False)):
            pool = funds(place, psn_no, day, client)["310100"]
            assert (pool == PAYS) == pays and ("不是定点医药机构" in pool[1]) != pays
    finally:
        del gateways.SECRETS[code]


def test_drugs_and_diseases_are_asked_with_what_they_need(place: Standing) -> None:
    """Shaoyang 第十条、第十五条: a registration for the disease, one for dual-channel drugs."""
    psn_no = place.insured()
    drugs = funds(place, psn_no, med_type="18")["310100"]
    assert drugs[0] == "0" and "双通道药品没有有效的慢特病备案" in drugs[1]
    place.county.fact(
        psn_no,
        "registration",
        "2024-12-18",
        key="D1",
        benefit="dual_channel",
        disease="x",
        name="x",
    )
    assert funds(place, psn_no, med_type="18")["310100"] == PAYS
    assert funds(place, psn_no, "2024-12-17", med_type="18")["310100"][0] == "0"
    chronic = {"med_type": "14", "dise_codg": "M03900"}
    assert "病种 M03900" in funds(place, psn_no, **chronic)["310100"][1]
    place.county.fact(
        psn_no,
        "registration",
        "2024-12-18",
        "2024-12-19",
        "M03900",
        benefit="chronic",
        disease="hypertension",
        name="高血压",
    )
    assert funds(place, psn_no, **chronic)["310100"] == PAYS
    for day in ("2024-12-17", "2024-12-19"):
        assert funds(place, psn_no, day, **chronic)["310100"][0] == "0"
    assert funds(place, psn_no, med_type="14", dise_codg="M01600")["310100"][0] == "0"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"insutype": "390"}, "insutype_not_served"),
        ({"insutype": ""}, "field_missing"),
        ({"psn_no": "43050000000000099999"}, "person_unknown"),
        ({"med_type": "21"}, "med_type_unsupported"),
        ({"begntime": ""}, "field_missing"),
        ({"med_type": ""}, "field_missing"),
        ({"endtime": "later"}, "value_invalid"),
    ],
)
def test_a_question_with_a_mistake_is_refused(
    place: Standing, changes: dict[str, Any], code: str
) -> None:
    given = {"psn_no": place.county.psn_no(1), "insutype": "310", "med_type": "11", "begntime": DAY}
    refused(place.client, code, "2001", {"data": given | changes})


def read(place: Standing, number: int, **changes: Any) -> Any:
    """1101 by identity card."""
    asked = {"mdtrt_cert_type": "02", "mdtrt_cert_no": certificate_of(number)}
    return place.client.do("1101", {"data": asked | changes})


@pytest.mark.parametrize(
    ("day", "state", "begun", "ended", "employer"),
    [
        ("2021-12-31", "1", "2020-01-01", "", "一厂"),
        ("2022-01-01", "4", "2020-01-01", "2021-12-31", "一厂"),
        ("2022-05-31", "4", "2020-01-01", "2021-12-31", "一厂"),
        ("2022-06-01", "2", "2022-06-01", "", "二厂"),
        ("2023-01-01", "1", "2023-01-01", "", "三厂"),
    ],
)
def test_the_spell_of_the_day_is_told_else_the_last_before_it(
    place: Standing, day: str, state: str, begun: str, ended: str, employer: str
) -> None:
    person(
        place,
        {"since": "2020-01-01", "until": "2022-01-01", "employer": "一厂"},
        {"since": "2022-06-01", "until": "2023-01-01", "employer": "二厂", "arrears": True},
        {"since": "2023-01-01", "employer": "三厂"},
    )
    (insured,) = read(place, place.persons, begntime=day)["insuinfo"]
    names = ("psn_insu_stas", "psn_insu_date", "paus_insu_date", "emp_name")
    assert tuple(insured[name] for name in names) == (state, begun, ended, employer)


def test_before_the_first_spell_nothing_is_told(place: Standing) -> None:
    person(place, {"since": "2024-12-18"})
    assert read(place, place.persons, begntime="2024-12-17")["insuinfo"] == []


def test_spells_of_two_areas_are_both_told(place: Standing) -> None:
    psn_no = person(place, {"since": "2020-01-01", "until": "2024-01-01"})
    place.owner.execute(
        "insert into person_fact (person_id, area, kind, since, details)"
        " values (%s, '445300', 'insured', '2024-01-01', %s)",
        [place.county.persons[psn_no], Jsonb({"status": "retired"})],
    )
    rows = read(place, place.persons)["insuinfo"]
    told = [
        (row["insuplc_admdvs"], row["psn_insu_stas"], row["psn_type"], row["balc"]) for row in rows
    ]
    assert told == [("445300", "1", "12", 0), ("430500", "4", "11", 1000)]


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        ("1970-05-06", "2024-05-05", 53),
        ("1970-05-06", "2024-05-06", 54),
        ("1972-02-29", "2024-02-28", 51),
        ("1972-02-29", "2024-02-29", 52),
        ("1972-02-29", "2023-02-28", 50),
        ("1972-02-29", "2023-03-01", 51),
    ],
)
def test_a_year_of_age_is_complete_on_the_birthday(
    place: Standing, born: str, day: str, age: int
) -> None:
    psn_no = place.insured()
    place.owner.execute(
        "update person_fact set retired_at = now() where person_id = %s and kind = 'birth'",
        [place.county.persons[psn_no]],
    )
    place.county.fact(psn_no, "birth", "2020-01-01", birth_date=born)
    base = read(place, place.persons, begntime=day)["baseinfo"]
    assert (base["age"], base["brdy"]) == (age, born)


@pytest.mark.parametrize(
    ("since", "until", "day", "told"),
    [
        ("2024-12-18", None, "2024-12-17", []),
        ("2024-12-18", None, "2024-12-18", [("2024-12-18 00:00:00", "")]),
        (
            "2024-12-18",
            "2024-12-20",
            "2024-12-19",
            [("2024-12-18 00:00:00", "2024-12-19 23:59:59")],
        ),
        ("2024-12-18", "2024-12-20", "2024-12-20", []),
    ],
)
def test_a_veteran_s_identity_is_told_on_its_days(
    place: Standing, since: str, until: str | None, day: str, told: list[tuple[str, str]]
) -> None:
    psn_no = place.insured()
    place.county.fact(psn_no, "subsidy", since, until, subsidy="veteran")
    found = read(place, place.persons, begntime=day)
    assert [(row["begntime"], row["endtime"]) for row in found["idetinfo"]] == told
    assert [row["psn_idet_type"] for row in found["idetinfo"]] == ["60"] * len(told)
    assert found["insuinfo"][0]["cvlserv_flag"] == "0"


def test_other_subsidies_are_no_identity(place: Standing) -> None:
    psn_no = place.insured()
    place.county.fact(psn_no, "subsidy", "2020-01-01", subsidy="civil_servant")
    assert read(place, place.persons)["idetinfo"] == []


def test_a_person_is_found_by_the_kind_of_certificate_that_is_named(place: Standing) -> None:
    psn_no = place.insured()
    place.owner.execute(
        "update person set certificate_kind = '14', certificate = %s, certificate_hash = %s"
        " where psn_no = %s",
        [IDENTITY.encrypt("P1234567"), IDENTITY.lookup_hash("14", "P1234567"), psn_no],
    )
    card = {"mdtrt_cert_type": "02", "mdtrt_cert_no": "P1234567", "psn_cert_type": "14"}
    told = place.client.do("1101", {"data": card})["baseinfo"]
    assert (told["psn_no"], told["psn_cert_type"]) == (psn_no, "14")
    refused(place.client, "person_unknown", "1101", {"data": card | {"psn_cert_type": "01"}})
    token = {"mdtrt_cert_type": "01", "mdtrt_cert_no": "token", "certno": "P1234567"}
    refused(place.client, "person_unknown", "1101", {"data": token})
    found = place.client.do("1101", {"data": token | {"psn_cert_type": "14"}})["baseinfo"]
    assert (found["psn_no"], found["psn_cert_type"], found["certno"]) == (psn_no, "14", "P1234567")


def test_a_card_is_not_a_certificate(place: Standing) -> None:
    number = certificate_of(place.persons if place.insured() else 0)
    for kind, given in (("03", number), ("02", f"CARD{place.persons}")):
        asked = {"mdtrt_cert_type": kind, "mdtrt_cert_no": given}
        refused(place.client, "person_unknown", "1101", {"data": asked})


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ({"fixmedins_type": "1", "fixmedins_name": "测"}, "hospital"),
        ({"fixmedins_type": "2", "fixmedins_name": "测"}, "pharmacy"),
        ({"fixmedins_type": "3", "fixmedins_name": "测"}, None),
        ({"fixmedins_name": "测"}, ""),
        ({"fixmedins_name": "试测"}, None),
        ({"fixmedins_type": "2", "fixmedins_code": HOSPITAL}, None),
        ({"fixmedins_code": HOSPITAL[:-1]}, None),
    ],
)
def test_institutions_are_found_by_kind_and_name(
    place: Standing, asked: dict[str, str], count: str | None
) -> None:
    found = place.client.do("1201", {"medinsinfo": asked})["medinsinfo"]
    (expected,) = place.owner.execute(
        "select array(select code::text from institution where %s::text is not null"
        " and (%s = '' or kind = %s) order by code limit 100)",
        [count] * 3,
    ).fetchone() or ([],)
    assert [row["fixmedins_code"] for row in found] == expected


def test_a_page_of_institutions_has_its_bound(server: str) -> None:
    with standing(server, page_rows=2) as place:
        asked = {"medinsinfo": {"fixmedins_name": "测"}}
        assert len(place.client.do("1201", asked)["medinsinfo"]) == 2
