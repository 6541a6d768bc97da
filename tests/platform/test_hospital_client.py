"""The hospital system of our own against a gateway: a visit, a purchase, a day; what it is told."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest
from tests.platform import gateways
from tests.platform.counter import Counter
from tests.platform.gateways import AREA, HOSPITAL, ITEMS, OTHER, PHARMACY, SECRETS, certificate_of

from gongji.hospital.client import Encounter, Hospital, Item, NotAccepted
from gongji.hospital.day import Plan, a_day, at_the_counter
from gongji.units import CHINA

DEAR = Item(ITEMS[0][0], "own-1", "2", "450.00", "900.00")
SHARED = Item(ITEMS[1][0], "own-2", "1", "50.00", "50.00")
OWN = Item(ITEMS[2][0], "own-3", "1", "7.00", "7.00")
SERIALS = itertools.count(1)
"""Of all systems of this module: ids hold the second and a serial, and tests are quick."""
LIMITED = Item(ITEMS[3][0], "own-4", "2", "15.00", "30.00")


def now() -> datetime:
    """The real time, for the client signs with it."""
    return datetime.now(UTC)


@pytest.fixture
def port(database: str, county: Counter) -> Iterator[int]:
    """A gateway whose clock runs."""
    with gateways.serving(database, now) as found:
        yield found


def system(port: int, code: str = HOSPITAL, **changes: Any) -> Hospital:
    """An institution's system, whose clock is China's."""
    given: dict[str, Any] = {
        "secret": SECRETS.get(code, ""),
        "clock": lambda: datetime.now(CHINA),
        "serial": SERIALS,
    }
    return Hospital(
        f"http://127.0.0.1:{port}", code, "测试医院", AREA, f"ak-{code}", **given | changes
    )


@pytest.fixture
def hospital(port: int) -> Iterator[Hospital]:
    """A hospital."""
    made = system(port)
    yield made
    made.http.close()


@pytest.fixture
def shop(port: int) -> Iterator[Hospital]:
    """A pharmacy."""
    made = system(port, PHARMACY)
    yield made
    made.http.close()


def test_an_envelope_says_who_sends_and_what(hospital: Hospital) -> None:
    hospital.clock = lambda: datetime(2024, 12, 18, 9, 5, 7)
    hospital.serial = itertools.count(9999)
    first, second = (hospital.envelope("2207", {"a": 1}, "430521") for _ in range(2))
    assert first["msgid"].startswith(HOSPITAL) and len(first["msgid"]) == 30
    assert (first["msgid"][-4:], second["msgid"][-4:]) == ("9999", "0000")
    expected = {
        "infno": "2207",
        "mdtrtarea_admvs": AREA,
        "insuplc_admdvs": "430521",
        "opter": "0001",
        "inf_time": "2024-12-18 09:05:07",
        "fixmedins_code": HOSPITAL,
        "fixmedins_name": "测试医院",
        "sign_no": "",
        "input": {"a": 1},
    }
    assert expected.items() <= first.items()
    assert hospital.envelope("2207", {}, msgid="mine")["msgid"] == "mine"


def test_an_operator_signs_in_and_out(hospital: Hospital) -> None:
    number = hospital.sign_in()
    assert number.isdigit() and hospital.envelope("1201", {})["sign_no"] == number
    hospital.sign_out()
    with pytest.raises(NotAccepted, match=number) as told:
        hospital.sign_out()
    assert told.value.infno == "9002"


def test_what_the_gateway_says_is_for_the_cashier(port: int) -> None:
    stranger = system(port, secret="wrong")
    with pytest.raises(NotAccepted, match="签名不一致"):
        stranger.sign_in()
    stranger.http.close()


def test_a_visit_goes_from_its_registration_to_its_cancellation(
    hospital: Hospital, county: Counter, owner: psycopg.Connection[Any]
) -> None:
    """(945.00 - 50.00) x 60 % = 537.00 by the law of Hunan; 7.00 and 30.00 not approved are own."""
    person = hospital.person(certificate_of(4))
    visit = Encounter(hospital, person, certificate_of(4))
    assert (visit.psn_no, visit.insured_in) == (county.psn_no(4), AREA)
    assert visit.register() == visit.visit
    visit.diagnose()
    lines = visit.charge([DEAR, SHARED, OWN, LIMITED])
    assert [row["feedetl_sn"] for row in lines] == ["1", "2", "3", "4"]
    assert visit.total == "987.00"
    tried = visit.try_out()["setlinfo"]
    done = visit.settle()["setlinfo"]
    assert hospital.warned == "", "its class totals are the platform's"
    assert tried["psn_cash_pay"] == done["psn_cash_pay"]
    for name, amount in (
        ("medfee_sumamt", 987),
        ("hifp_pay", 537),
        ("fulamt_ownpay_amt", 37),
        ("act_pay_dedc", 50),
    ):
        assert done[name] == amount, name
    row = owner.execute(
        "select v.number, v.details ->> 'dr_name', v.diagnoses -> 0 ->> 'diag_code'"
        " from visit v where id = %s",
        [visit.visit],
    ).fetchone()
    assert row is not None and row[0].startswith("MZ") and row[1:] == ("测试医生", "J06.900")
    undone = visit.cancel(done["setl_id"])["setlinfo"]
    assert undone["medfee_sumamt"] == -987


def test_the_accounts_that_may_pay_are_sent(hospital: Hospital, county: Counter) -> None:
    person = hospital.person(certificate_of(5))
    paid = {}
    for accounts in "01":
        visit = Encounter(hospital, person, certificate_of(5), accounts=accounts)
        visit.register()
        visit.diagnose()
        visit.charge([OWN, DEAR])
        paid[accounts] = visit.try_out()["setlinfo"]["acct_pay"]
    assert paid["0"] == 0 and paid["1"] > 0


def test_a_purchase_is_sold_and_taken_back(shop: Hospital, county: Counter) -> None:
    person = shop.person(certificate_of(6))
    by = Item(ITEMS[0][0], "own-1", "4", "25.00", "100.00", "RX-1", HOSPITAL)
    sale = Encounter(shop, person, certificate_of(6), "41", accounts="0")
    info = sale.purchase([by, SHARED])["setlinfo"]
    assert sale.visit == info["mdtrt_id"]
    # Prescribed at the second level: (100.00 + 45.00 - 50.00) x 60 %.
    assert (info["medfee_sumamt"], info["hifp_pay"], info["acct_pay"]) == (150, 57, 0)
    with pytest.raises(NotAccepted, match="RX-1"):
        Encounter(shop, person, certificate_of(6), "41").purchase([by])
    back = sale.cancel(info["setl_id"])["setlinfo"]
    assert back["psn_pay"] == -93


def plan(who: Hospital, number: int, **changes: Any) -> Plan:
    """Somebody who comes to a counter."""
    shop = who.code.startswith("P")
    given: dict[str, Any] = {"med_type": "41" if shop else "11", "items": (SHARED, OWN)}
    return Plan(who, certificate_of(number), "感冒", **given | changes)


def test_a_day_has_a_receipt_for_everyone_in_turn(
    port: int, hospital: Hospital, shop: Hospital, owner: psycopg.Connection[Any]
) -> None:
    other = system(port, OTHER)
    before = owner.execute("select count(*) from sign_in").fetchone() or (0,)
    plans = [
        plan(hospital, 1),
        plan(shop, 2, accounts="0"),
        plan(hospital, 3, cancels=True),
        plan(other, 99),
        plan(hospital, 4, med_type="21"),
    ]
    receipts = list(a_day(plans))
    other.http.close()
    assert [plans.index(receipt.plan) for receipt in receipts] == [0, 1, 2, 2, 3, 4]
    assert [receipt.settlement.get("medfee_sumamt") for receipt in receipts] == [
        57,
        57,
        57,
        -57,
        None,
        None,
    ]
    assert receipts[3].told == "已退费" and receipts[2].told == receipts[0].told
    assert "没有参保人" in receipts[4].told and "21" in receipts[5].told
    assert receipts[4].funds == () and receipts[0].funds
    after = owner.execute("select count(*) from sign_in").fetchone() or (0,)
    assert after[0] - before[0] == 3, "each institution signs in once"


def test_a_warning_is_told_with_the_receipt(hospital: Hospital, county: Counter) -> None:
    gateways.insure(county, 95, 0, arrears=True)
    (receipt,) = at_the_counter(plan(hospital, 95, disease=("", "")))
    assert "待遇享受期" in receipt.told and receipt.settlement["hifp_pay"] == 0


def test_a_disease_goes_with_the_visit_and_its_lines(
    hospital: Hospital, county: Counter, owner: psycopg.Connection[Any]
) -> None:
    psn_no = gateways.insure(county, 96, 0)
    county.fact(
        psn_no,
        "registration",
        "2020-01-01",
        key="M03900",
        benefit="chronic",
        disease="hypertension",
        name="高血压",
    )
    disease = ("M03900", "高血压")
    (receipt,) = at_the_counter(
        plan(hospital, 96, med_type="14", disease=disease, items=(DEAR,), accounts="0")
    )
    # Shaoyang 第十条: 80 % for the active, no deductible.
    assert receipt.settlement["hifp_pay"] == 720
    row = owner.execute(
        "select v.disease, v.details ->> 'dise_name', v.diagnoses -> 0 ->> 'diag_name'"
        " from visit v where v.id = %s",
        [receipt.settlement["mdtrt_id"]],
    ).fetchone()
    assert row == ("M03900", "高血压", "高血压")


def test_a_file_comes_as_its_bytes(hospital: Hospital) -> None:
    given = {"fsUploadIn": {"in": "eHl6", "filename": "a.txt"}}
    number = hospital.ask("9101", given)["file_qury_no"]
    assert hospital.ask("9102", {"fsDownloadIn": {"file_qury_no": number}}) == b"xyz"
    with pytest.raises(NotAccepted, match="没有可供下载的文件"):
        hospital.ask("9102", {"fsDownloadIn": {"file_qury_no": "none"}})


def test_an_answer_that_is_none_of_the_interface_is_told_as_it_is() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(502, json={"odd": True})

    made = Hospital(
        "http://x",
        HOSPITAL,
        "n",
        AREA,
        "k",
        "s",
        http=httpx.Client(transport=httpx.MockTransport(answer)),
    )
    with pytest.raises(NotAccepted, match="odd"):
        made.sign_in()


def test_who_is_insured_nowhere_has_no_region() -> None:
    hospital = Hospital("http://x", HOSPITAL, "n", AREA, "k", "s")
    person = {"baseinfo": {"psn_no": 7}, "insuinfo": [{"insutype": "390", "insuplc_admdvs": "1"}]}
    assert Encounter(hospital, person, "1").insured_in == ""
    person["insuinfo"] = [*person["insuinfo"], {"insutype": "310", "insuplc_admdvs": "2"}]  # type: ignore[misc]
    assert Encounter(hospital, person, "1").insured_in == "2"
    hospital.http.close()
