"""Inpatient episodes told at the gateway (GJ01), over HTTP."""

import json
from typing import Any

import psycopg
from tests.platform import gateways
from tests.platform.counter import Counter
from tests.platform.gateways import DAY, Client

Owner = psycopg.Connection[Any]


def stay(psn_no: str, **changes: Any) -> dict[str, Any]:
    """An episode that lasts."""
    row = {
        "psn_no": psn_no,
        "certno": gateways.certificate_of(int(psn_no[6:])),
        "ipt_no": f"ZY{psn_no[-4:]}",
        "begntime": DAY,
        "medfee_sumamt": "8000.00",
        "act_pay_dedc": 600,
        "hifp_pay": "5000.00",
    }
    return {"stays": [row | changes]}


def test_care_during_a_stay_that_was_told_is_not_the_pools(
    county: Counter, client: Client, owner: Owner
) -> None:
    psn_no = gateways.insure(county, 901, 0)
    (told,) = client.do("GJ01", stay(psn_no))["result"]
    assert told == {"ipt_no": "ZY0901", "setl_id_cancelled": [], "setl_id_flagged": []}
    visit = gateways.opened(client, psn_no)
    total = owner.execute(
        "select total_fen from charge_batch where visit_id = %s", [visit]
    ).fetchone()
    assert total
    reply = client.ask("2207", gateways.bill(psn_no, visit, f"{total[0] / 100:.2f}"))
    assert reply["infcode"] == 0 and reply["output"]["setlinfo"]["hifp_pay"] == 0
    assert "住院期间" in reply["warn_msg"]


def test_an_episode_told_again_is_corrected(county: Counter, client: Client, owner: Owner) -> None:
    psn_no = gateways.insure(county, 902, 0)
    client.do("GJ01", stay(psn_no))
    client.do("GJ01", stay(psn_no, hifp_pay="5500.00"))
    facts = owner.execute(
        "select details ->> 'pool_fen' from person_fact f join person p on p.id = f.person_id"
        " where p.psn_no = %s and f.kind = 'stay' and f.retired_at is null",
        [psn_no],
    ).fetchall()
    assert facts == [("550000",)]


def test_a_mistake_in_one_episode_keeps_none(county: Counter, client: Client, owner: Owner) -> None:
    psn_no = gateways.insure(county, 903, 0)
    good, bad = stay(psn_no)["stays"][0], stay("43050000000000000999")["stays"][0]
    assert "参保人" in client.refused("GJ01", {"stays": [good, bad]})
    reversed_days = client.refused("GJ01", stay(psn_no, endtime="2020-01-01"))
    assert gateways.says("dates_reversed", reversed_days) and "endtime" in reversed_days
    assert client.refused("GJ01", {"stays": [good] * 1001})
    kept = owner.execute(
        "select count(*) from person_fact f join person p on p.id = f.person_id"
        " where p.psn_no = %s and f.kind = 'stay'",
        [psn_no],
    ).fetchone()
    assert kept == (0,)


def test_each_credential_sends_its_own_transactions_only(county: Counter, client: Client) -> None:
    psn_no = gateways.insure(county, 904, 0)
    sent = json.dumps(client.envelope("GJ01", stay(psn_no))).encode()
    assert gateways.says("credential_scope", _told(client.post(sent)))
    inside = {"x-tif-paasid": f"ak-in-{client.institution}"}
    asked = json.dumps(client.envelope("1201", {"medinsinfo": {}})).encode()
    assert gateways.says("credential_scope", _told(client.post(asked, client.headers(**inside))))
    signed = {"signIn": {"opter_no": "1", "mac": "1", "ip": "1"}}
    both = json.dumps(client.envelope("9001", signed)).encode()
    for headers in (client.headers(), client.headers(**inside)):
        assert json.loads(client.post(both, headers)[1])["infcode"] == 0


def _told(answer: tuple[int, bytes]) -> str:
    return str(json.loads(answer[1])["err_msg"])


def test_an_episode_that_cannot_be_is_refused(
    county: Counter, client: Client, owner: Owner
) -> None:
    psn_no = gateways.insure(county, 905, 0)
    other = gateways.certificate_of(904)
    assert gateways.says("person_differs", client.refused("GJ01", stay(psn_no, certno=other)))
    for changes in ({"hifp_pay": "7400.01"}, {"endtime": "2024-12-22"}):
        assert gateways.says("stay_implausible", client.refused("GJ01", stay(psn_no, **changes)))
    for day in ("2023-11-15", "2024-12-22"):
        told = client.refused("GJ01", stay(psn_no, begntime=day))
        assert gateways.says("service_day_outside", told)
    owner.execute("update person set area = '445300' where psn_no = %s", [psn_no])
    assert gateways.says("stay_elsewhere", client.refused("GJ01", stay(psn_no)))
    assert not owner.execute("select 1 from entry where kind = 'stay'").fetchone()
