"""Identity numbers: stored encrypted, found by a keyed hash, shown masked.

Two keys, so that whoever can look numbers up cannot read them. This module knows keys and texts; it
does not know where they are kept or where the keys come from.
"""

import hashlib
import hmac
import os
import unicodedata
from datetime import date
from typing import Any

import psycopg
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gongji.refusals import Fault

RESIDENT = "01"
"""The kind of certificate (psn_cert_type) that is a resident's identity card."""
CARD = "card"
"""The kind under which the number of a social security card is looked up."""

_VERSION = b"\x01"
_NONCE_BYTES = 12
_TAG_BYTES = 16
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_SHOWN = 4


class Identity:
    """Encrypts, decrypts and hashes identity numbers with the two keys of this installation."""

    def __init__(self, identity_key: bytes, lookup_key: bytes) -> None:
        self._cipher = AESGCM(identity_key)
        self._lookup = hmac.new(lookup_key, digestmod=hashlib.sha256)

    def encrypt(self, text: str) -> bytes:
        """A text encrypted and sealed, with a nonce of its own.

        Shape: a byte of version, the nonce, the sealed text.
        """
        nonce = os.urandom(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, text.encode(), _VERSION)

    def decrypt(self, sealed: bytes) -> str:
        """The text of what `encrypt` made.

        Refuses: Fault where it is not of this version, not of this key, or altered.
        """
        sealed = bytes(sealed)
        if sealed[:1] != _VERSION or len(sealed) < 1 + _NONCE_BYTES + _TAG_BYTES:
            raise Fault("加密的证件号码不是本程序写的，无法读出")
        nonce, rest = sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :]
        try:
            return self._cipher.decrypt(nonce, rest, _VERSION).decode()
        except InvalidTag:
            raise Fault("加密的证件号码与密钥 GONGJI_IDENTITY_KEY 不符，无法读出") from None

    def check(self, connection: psycopg.Connection[Any]) -> None:
        """The two keys are those of a database, as far as it has persons.

        Refuses: Fault.
        """
        row = connection.execute(
            "select certificate, certificate_hash, certificate_kind from person"
            " where certificate <> '' order by id limit 1"
        ).fetchone()
        if row is None:
            return
        number = self.decrypt(row[0])
        if self.lookup_hash(row[2], number) != bytes(row[1]):
            raise Fault("密钥 GONGJI_LOOKUP_KEY 不是这个数据库的；用它找不到任何参保人")

    def lookup_hash(self, kind: str, text: str) -> bytes:
        """The keyed hash under which a number of a kind is found, however it is written."""
        made = self._lookup.copy()
        made.update(f"{kind.zfill(2)}|{normalise(text)}".encode())
        return made.digest()


def normalise(number: str) -> str:
    """A number as it is compared: half width, upper case, without blanks."""
    return "".join(unicodedata.normalize("NFKC", number).upper().split())


def check_character(first_17: str) -> str:
    """The last character of a resident's identity number (GB 11643)."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_17, strict=True))
    return _CHECKS[total % 11]


def number_problem(number: str) -> str:
    """What is wrong with a resident's identity number, and what to do; empty if nothing."""
    text = normalise(number)
    if not (len(text) == 18 and text.isascii() and text[:17].isdigit()):
        return "居民身份证号码应为 18 位，前 17 位是数字；请核对"
    try:
        born_on(text)
    except ValueError:
        return "居民身份证号码第 7 至 14 位不是日期；请核对"
    if check_character(text[:17]) != text[17]:
        return "居民身份证号码的校验码不对，可能有一位抄错；请核对"
    return ""


def born_on(number: str) -> date:
    """The date of birth in a resident's identity number.

    Refuses: ValueError where it is no date.
    """
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def sex_of(number: str) -> str:
    """The sex in a resident's identity number: 1 male, 2 female."""
    return "1" if int(number[16]) % 2 else "2"


def mask_name(name: str) -> str:
    """A name as it may be shown: its first character; how long it is does not show."""
    return f"{name[0]}*" if name else ""


def mask_number(number: str) -> str:
    """A number as it may be shown: its first and last four characters; nothing of a short one."""
    if len(number) < 2 * _SHOWN + 2:
        return "*" * len(number)
    return number[:_SHOWN] + "*" * (len(number) - 2 * _SHOWN) + number[-_SHOWN:]
