"""The dialects in which systems of other provinces speak: their envelopes, literals and orders.

That of Chongqing is in test_gateway_visit.py. Shapes are those of real requests; people,
institutions and numbers are invented.
"""

import json
from typing import Any

from tests.platform.counter import Counter
from tests.platform.gateways import Client, number_of

HUNAN = {
    "recer_sys_code": "99",
    "dev_no": "null",
    "dev_safe_info": "null",
    "cainfo": "null",
    "signtype": "SM2",
    "infver": "1.0.0",
    "sign_no": "null",
}


def short(client: Client) -> str:
    """A message id of 29 characters, whose number has three digits only."""
    return client.msgid()[:-13] + client.msgid()[-12:]


def test_hunan_writes_null_as_a_word_and_leaves_required_fields_empty(
    client: Client, county: Counter
) -> None:
    psn_no = county.psn_no(1)
    data = {
        "mdtrt_cert_type": "02",
        "mdtrt_cert_no": number_of(psn_no),
        "card_sn": "NULL",
        "begntime": "",
        "psn_cert_type": "01",
        "certno": "",
        "psn_name": "",
    }
    msgid = short(client)
    assert len(msgid) == 29
    told = client.do("1101", {"data": data}, msgid, **HUNAN)
    assert told["baseinfo"]["psn_no"] == psn_no
    assert [one["insutype"] for one in told["insuinfo"]] == ["310"]
    # The word stands for nothing in the data too, not for a card of that number.
    without = {name: text for name, text in data.items() if name != "card_sn"}
    assert client.do("1101", {"data": without}, **HUNAN)["baseinfo"] == told["baseinfo"]


def test_fujian_sends_its_keys_in_no_order_and_asks_what_is_not_offered(
    client: Client, county: Counter
) -> None:
    data = {
        "adm_time": "20241220084935",
        "gend": "2",
        "mdtrt_cert_type": "03",
        "brdy": "1950-03-05",
    }
    given = client.envelope("3103", {"data": data}, recer_sys_code="MBS_LOCAL", infver="V1.0")
    order = ["insuplc_admdvs", "dev_no", "inf_time", "msgid", "infver", "input", "infno"]
    sent: dict[str, Any] = {
        name: given[name] for name in (*order, *sorted(set(given) - set(order)))
    }
    status, body = client.post(json.dumps(sent, ensure_ascii=False).encode())
    reply = json.loads(body)
    assert (status, reply["infcode"], reply["output"]) == (200, -1, None)
    assert "本平台未提供交易 3103" in reply["err_msg"]
    # The same order is read where the transaction is there.
    asked = {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": number_of(county.psn_no(1))}}
    found = client.envelope("1101", asked, recer_sys_code="MBS_LOCAL")
    sent = {name: found[name] for name in sent if name in found}
    _, body = client.post(json.dumps(sent, ensure_ascii=False).encode())
    assert json.loads(body)["output"]["baseinfo"]["psn_no"] == county.psn_no(1)
