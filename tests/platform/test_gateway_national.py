"""Messages encrypted by SM4 and signed by SM2, from a hospital to the gateway and back."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests.platform import gateways
from tests.platform.counter import Counter
from tests.platform.gateways import HOSPITAL, OTHER, SECRETS, Client
from tests.platform.test_ciphers import PRIVATE, PUBLIC, needs_openssl

from gongji.gateway.wire import national
from gongji.gateway.wire.national import NationalKeys, Sealed
from gongji.platform import sm2
from gongji.refusals import Refusal

pytestmark = needs_openssl
ASKED = {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": gateways.certificate_of(1)}}


@pytest.fixture
def port(database: str, county: Counter, owner: psycopg.Connection[Any]) -> Iterator[int]:
    """A gateway that signs, and a hospital whose public key is known (both the standard's)."""
    owner.execute(
        "update credential set sm2_public = %s where access_key = %s", [PUBLIC, f"ak-{HOSPITAL}"]
    )
    with gateways.serving(database, sm2_key=PRIVATE) as found:
        yield found


def signed(text: str | bytes) -> dict[str, str]:
    made = sm2.sign(PRIVATE, text.encode() if isinstance(text, str) else text)
    return {"signtype": "SM2", "cainfo": base64.b64encode(made).decode()}


def test_a_message_in_cipher_and_signed_is_answered_likewise(port: int) -> None:
    client = Client(port)
    secret = national.encrypt(SECRETS[HOSPITAL], json.dumps(ASKED).encode())
    reply = client.ask("1101", secret, enctype="SM4", **signed(secret))
    assert reply["infcode"] == 0 and (reply["enctype"], reply["signtype"]) == ("SM4", "SM2")
    assert sm2.verify(PUBLIC, reply["output"].encode(), base64.b64decode(reply["cainfo"]))
    said = json.loads(national.decrypt(SECRETS[HOSPITAL], reply["output"]))
    assert said == client.do("1101", ASKED) and "certno" in said["baseinfo"]
    der = sm2.to_der(sm2.sign(PRIVATE, secret.encode()))
    also = {"signtype": "SM2", "cainfo": base64.b64encode(der).decode()}
    assert client.ask("1101", secret, enc_type="SM4", **also)["infcode"] == 0, "Jiangsu, and DER"


def test_each_of_both_may_come_alone(port: int) -> None:
    client, other = Client(port), Client(port, OTHER)
    plain = json.dumps(ASKED, ensure_ascii=False)
    reply = client.ask("1101", ASKED, **signed(plain))
    assert reply["infcode"] == 0 and reply["signtype"] == "SM2" and reply["enctype"] is None
    secret = national.encrypt(SECRETS[OTHER], plain.encode())
    reply = other.ask("1101", secret, enctype="SM4")
    assert reply["infcode"] == 0 and reply["enctype"] == "SM4" and reply["signtype"] is None
    words = {"signtype": "SM2", "cainfo": "a card password"}
    assert other.ask("1101", ASKED, **words)["infcode"] == 0, "it has no public key with us"


def test_a_wrong_signature_or_cipher_is_refused(port: int) -> None:
    client = Client(port)
    secret = national.encrypt(SECRETS[HOSPITAL], json.dumps(ASKED).encode())
    for wrong in (signed("else"), {"signtype": "SM2", "cainfo": "?"}, {"signtype": "SM2"}):
        told = client.refused("1101", secret, enctype="SM4", **wrong)
        assert gateways.says("signature_wrong", told)
    strange = national.encrypt(SECRETS[OTHER], json.dumps(ASKED).encode())
    for given in (strange, "?", {}, national.encrypt(SECRETS[HOSPITAL], b"no json")):
        told = client.refused("1101", given, enctype="SM4")
        assert gateways.says("message_unreadable", told)


def test_a_refusal_has_nothing_to_hide() -> None:
    body = b'{"infcode":-1,"output":null,"cainfo":null}'
    assert national.sealed(body, Sealed(True, True), NationalKeys("s", PUBLIC, PRIVATE)) == body
    with pytest.raises(Refusal):
        national.decrypt("s", "AAAA")
