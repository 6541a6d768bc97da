"""Identity numbers: stored encrypted, found by a keyed hash, shown masked.

Two keys, so that whoever can look numbers up cannot read them. This module knows keys and texts; it
does not know where they are kept or where the keys come from.
"""

import hashlib
import hmac
import unicodedata
from collections.abc import Sequence
from datetime import date
from typing import Any

import psycopg

from gongji.platform.ciphers import (
    BY_NUMBER,
    KEY_ID_BYTES,
    NONCE_BYTES,
    PROVIDERS,
    TAG_BYTES,
    Altered,
    key_id,
)
from gongji.refusals import Fault

RESIDENT = "01"
"""The kind of certificate (psn_cert_type) that is a resident's identity card."""
CARD = "card"
"""The kind under which the number of a social security card is looked up."""

_HEAD = 1 + KEY_ID_BYTES
_FINGERPRINT = """insert into key_fingerprint (purpose, fingerprint) values (%s, %s)
on conflict (purpose) do update set fingerprint = excluded.fingerprint, since = now()
where key_fingerprint.fingerprint <> excluded.fingerprint"""
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_SHOWN = 4


class Identity:
    """Encrypts, decrypts and hashes identity numbers with the keys of this installation.

    Shape:   `former` are keys that were used before and still read what they wrote.
    """

    def __init__(
        self,
        identity_key: bytes,
        lookup_key: bytes,
        former: Sequence[bytes] = (),
        cryptography: str = "international",
    ) -> None:
        self._key, self._provider = identity_key, PROVIDERS[cryptography]
        self._keys = {key_id(key): key for key in (*former, identity_key)}
        self._lookup = hmac.new(lookup_key, digestmod=hashlib.sha256)
        self._lookup_id = key_id(lookup_key)

    def encrypt(self, text: str) -> bytes:
        """A text encrypted and sealed, with a nonce of its own.

        Shape: a byte that names the algorithms, four of the key, the nonce, the sealed text.
        """
        made, nonce = self._provider, self._provider.random(NONCE_BYTES)
        head = bytes([made.number]) + key_id(self._key)
        return head + nonce + made.encrypt(self._key, nonce, text.encode(), head)

    def decrypt(self, sealed: bytes) -> str:
        """The text of what `encrypt` made, by either provider and any key that is known.

        Refuses: Fault where it is not ours, not of a known key, or altered.
        """
        sealed = bytes(sealed)
        made = BY_NUMBER.get(sealed[0]) if sealed else None
        if made is None or len(sealed) < _HEAD + NONCE_BYTES + TAG_BYTES:
            raise Fault("加密的证件号码不是本程序写的，无法读出")
        head, rest = sealed[:_HEAD], sealed[_HEAD:]
        key = self._keys.get(head[1:])
        try:
            if key is None:
                raise Altered
            return made.decrypt(key, rest[:NONCE_BYTES], rest[NONCE_BYTES:], head).decode()
        except Altered:
            raise Fault("加密的证件号码与密钥 GONGJI_IDENTITY_KEY 不符，无法读出") from None

    def is_current(self, sealed: bytes) -> bool:
        """Whether something is encrypted by the key and the algorithms of now."""
        return bytes(sealed)[:_HEAD] == bytes([self._provider.number]) + key_id(self._key)

    def check(self, connection: psycopg.Connection[Any]) -> None:
        """The keys are those of a database, by the fingerprints that it keeps; the first are kept.

        Refuses: Fault where one is another, or a former one that still has to be rotated.
        """
        kept = dict(
            connection.execute("select purpose, fingerprint from key_fingerprint").fetchall()
        )
        _refuse_other(kept.get("lookup"), self._lookup_id, "LOOKUP", "用它找不到任何参保人")
        found = kept.get("identity")
        if found is not None and found != key_id(self._key) and found in self._keys:
            raise Fault("密钥 GONGJI_IDENTITY_KEY 是新的；请先运行 gongji keys rotate")
        _refuse_other(found, key_id(self._key), "IDENTITY", "用它读不出任何证件号码")
        self._check_written(connection)
        self.keep_fingerprints(connection)

    def _check_written(self, connection: psycopg.Connection[Any]) -> None:
        """What is written opens, where there is no fingerprint yet."""
        row = connection.execute(
            "select certificate, certificate_hash, certificate_kind from person"
            " where certificate <> '' order by id limit 1"
        ).fetchone()
        if row is None:
            return
        number = self.decrypt(row[0])
        if self.lookup_hash(row[2], number) != bytes(row[1]):
            raise Fault("密钥 GONGJI_LOOKUP_KEY 不是这个数据库的；用它找不到任何参保人")

    def keep_fingerprints(self, connection: psycopg.Connection[Any]) -> None:
        """Keep the fingerprints of the keys of now, by the owner of the tables."""
        for purpose, found in (("identity", key_id(self._key)), ("lookup", self._lookup_id)):
            connection.execute(_FINGERPRINT, [purpose, found])

    def lookup_hash(self, kind: str, text: str) -> bytes:
        """The keyed hash under which a number of a kind is found, however it is written."""
        made = self._lookup.copy()
        made.update(f"{kind.zfill(2)}|{normalise(text)}".encode())
        return made.digest()


def _refuse_other(kept: bytes | None, found: bytes, name: str, what: str) -> None:
    if kept is not None and kept != found:
        raise Fault(f"密钥 GONGJI_{name}_KEY 不是这个数据库的；{what}")


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
