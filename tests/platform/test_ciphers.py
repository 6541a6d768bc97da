"""Cryptography by the vectors of the standards; keys that are told apart and rotated."""

import os
import shutil
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from tests.platform import gateways
from tests.platform.counter import Counter

from gongji.cli.main import main
from gongji.platform import ciphers, installation, sm2
from gongji.platform import database as where
from gongji.platform.identity import Identity
from gongji.platform.key_rotation import rotate
from gongji.platform.message_seal import MessageSeal
from gongji.refusals import Fault

Owner = psycopg.Connection[Any]
OLD, NEW, LOOKUP = gateways.KEYS["identity_key"], b"n" * 16 + b"w" * 16, gateways.KEYS["lookup_key"]
PLACES = (("person", "id", "certificate"), ("credential", "access_key", "secret"))


def test_sm3_and_sm4_give_the_vectors_of_the_standards() -> None:
    assert ciphers.sm3(b"abc").hex() == (
        "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    ), "GB/T 32905, A.1"
    block = bytes.fromhex("0123456789abcdeffedcba9876543210")
    made = Cipher(algorithms.SM4(block), modes.ECB()).encryptor()
    assert made.update(block).hex() == "681edf34d206965e86b3e94f536e4246", "GB/T 32907, A.1"


PRIVATE = bytes.fromhex("3945208f7b2144b13f36e38ac6d39f95889393692860b51a42fb81ef4df7c5b8")
PUBLIC = bytes.fromhex(
    "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020"
    "ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13"
)
SIGNATURE = bytes.fromhex(
    "f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3"
    "b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa"
)
"""GB/T 32918.5, the signature of "message digest"."""
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl here")


@needs_openssl
def test_sm2_verifies_the_vector_of_the_standard_and_nothing_else() -> None:
    text = b"message digest"
    assert sm2.verify(PUBLIC, text, SIGNATURE)
    assert sm2.verify(PUBLIC, text, sm2.to_der(SIGNATURE))
    assert not sm2.verify(PUBLIC, text + b".", SIGNATURE)
    assert not sm2.verify(PUBLIC, text, SIGNATURE[::-1])
    assert not sm2.verify(PUBLIC, text, SIGNATURE, "somebody")
    assert not sm2.verify(PUBLIC[1:], text, SIGNATURE)


@needs_openssl
def test_what_sm2_signs_it_verifies_by_the_public_key_of_the_standard() -> None:
    made = sm2.sign(PRIVATE, b"text")
    assert len(made) == 64 and sm2.verify(PUBLIC, b"text", made)
    assert made != sm2.sign(PRIVATE, b"text"), "a number of its own each time"


@pytest.mark.parametrize("head", ["00", "0001", "80", "7f"])
def test_halves_of_a_signature_go_to_der_and_back(head: str) -> None:
    raw = bytes.fromhex(head).ljust(32, b"\x81") + bytes.fromhex(head).ljust(32, b"\x01")
    assert sm2.to_raw(sm2.to_der(raw)) == raw
    for wrong in (b"", b"\x30", sm2.to_der(raw)[:-1], b"\x30\x06" + b"\x02\x01\x01" * 2 + b"x"):
        with pytest.raises(ValueError, match="DER"):
            sm2.to_raw(wrong)


@pytest.mark.parametrize("name", ciphers.PROVIDERS)
def test_a_provider_opens_what_it_sealed_whole_and_in_its_place(name: str) -> None:
    made = ciphers.PROVIDERS[name]
    key, nonce = os.urandom(32), made.random(ciphers.NONCE_BYTES)
    sealed = made.encrypt(key, nonce, b"text", b"here")
    assert made.decrypt(key, nonce, sealed, b"here") == b"text" and len(made.digest(b"")) == 32
    altered = bytes([sealed[0] ^ 1]) + sealed[1:]
    for other in (
        (key, nonce, altered, b"here"),
        (key, nonce, sealed, b"there"),
        (os.urandom(32), nonce, sealed, b"here"),
        (key, nonce, sealed[:10], b"here"),
    ):
        with pytest.raises(ciphers.Altered):
            made.decrypt(*other)


def test_a_ciphertext_names_its_key_and_its_algorithms() -> None:
    first, other = Identity(OLD, LOOKUP), Identity(NEW, LOOKUP, cryptography="national")
    assert first.encrypt("a")[:5] == b"\x02" + ciphers.key_id(OLD)
    assert other.encrypt("a")[:5] == b"\x03" + ciphers.key_id(NEW)
    both = Identity(NEW, LOOKUP, [OLD])
    assert both.decrypt(first.encrypt("甲")) == "甲" == both.decrypt(other.encrypt("甲"))
    with pytest.raises(Fault, match="不符"):
        other.decrypt(first.encrypt("甲"))
    relabelled = b"\x02" + ciphers.key_id(NEW) + first.encrypt("甲")[5:]
    with pytest.raises(Fault, match="不符"):
        both.decrypt(relabelled)


def test_messages_of_a_former_key_are_opened_by_it() -> None:
    place = ("institution", "H1", "m")
    old = MessageSeal(OLD, LOOKUP)
    sealed = old.seal(place, "content", b"text")
    assert MessageSeal(NEW, LOOKUP, [OLD]).open(place, "content", sealed, old.key_id) == b"text"
    with pytest.raises(Fault, match="GONGJI_FORMER_KEYS"):
        MessageSeal(NEW, LOOKUP).open(place, "content", sealed, old.key_id)


def test_a_wrong_key_is_told_by_its_fingerprint(owner: Owner) -> None:
    """Even where nobody is kept yet whose number could be opened."""
    Identity(OLD, LOOKUP).check(owner)
    Identity(OLD, LOOKUP).check(owner)
    with pytest.raises(Fault, match="GONGJI_IDENTITY_KEY 不是这个数据库的"):
        Identity(NEW, LOOKUP).check(owner)
    with pytest.raises(Fault, match="GONGJI_LOOKUP_KEY 不是这个数据库的"):
        Identity(OLD, NEW).check(owner)
    with pytest.raises(Fault, match="keys rotate"):
        Identity(NEW, LOOKUP, [OLD]).check(owner)


def test_a_wrong_lookup_key_is_told_by_what_is_written(county: Counter, owner: Owner) -> None:
    """Where no fingerprint is kept yet."""
    with pytest.raises(Fault, match="GONGJI_LOOKUP_KEY"):
        Identity(OLD, NEW).check(owner)


def test_keys_are_rotated_and_the_former_one_is_needed_no_more(
    county: Counter, owner: Owner, monkeypatch: pytest.MonkeyPatch, database: str, tmp_path: Path
) -> None:
    Identity(OLD, LOOKUP).check(owner)
    new = Identity(NEW, LOOKUP, [OLD], "national")
    monkeypatch.setattr(where, "owner_dsn", lambda: database)
    monkeypatch.setattr(installation, "installed_identity", lambda: new)
    with pytest.raises(SystemExit) as left:
        main(["keys", "rotate"])
    assert not left.value.code
    alone = Identity(NEW, LOOKUP, cryptography="national")
    alone.check(owner)
    opened = [
        alone.decrypt(row[0])
        for table, _, column in PLACES
        for row in owner.execute(f"select {column} from {table} where {column} <> ''")
    ]
    assert gateways.certificate_of(1) in opened and gateways.SECRETS[gateways.OTHER] in opened
    assert rotate(owner, new, PLACES) == 0, "nothing is left to do"
    assert owner.execute("select what from access_log").fetchall() == [("keys rotate",)]
