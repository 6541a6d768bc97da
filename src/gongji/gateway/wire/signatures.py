"""How institutions sign their requests: one adaptor for each scheme of headers.

An adaptor reads the headers and checks them against a secret. Whose secret it is, and whether a
nonce was used before, others decide (`credentials`, `nonces`).
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from gongji.refusals import GongjiError

Headers: TypeAlias = Mapping[str, str]
_MILLISECONDS_FROM = 10**11
"""Seconds are below this until the year 5138, milliseconds above it since 1973."""
_LONGEST = 100
_SIGNING = ("x-tif-", "_api_")
_NOBODYS = secrets.token_hex(16)
"""What an unknown access key is held against."""


class Unsigned(GongjiError):
    """A request that the gateway does not let in; its sentence is all that the sender learns."""


class Forged(Unsigned):
    """A signature that no key of ours made."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What the headers claim: who signs, when, with which nonce, and the signature itself."""

    access_key: str
    timestamp: str
    nonce: str
    signature: str
    signed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Adaptor:
    """A scheme: how its headers are read, and the signature that a secret makes of them."""

    read: Callable[[Headers], Signature]
    sign: Callable[[Signature, str], str]


def _get(headers: Headers, name: str) -> str:
    value = headers.get(name, "").strip()
    if not value or len(value) > _LONGEST:
        raise Unsigned(f"缺少网关请求头 {name}，或者它过长")
    return value


def _read_tif(headers: Headers) -> Signature:
    return Signature(
        _get(headers, "x-tif-paasid"),
        _get(headers, "x-tif-timestamp"),
        _get(headers, "x-tif-nonce"),
        _get(headers, "x-tif-signature"),
    )


def _sign_tif(claim: Signature, secret: str) -> str:
    """Lower-case hex SHA-256 of timestamp + secret + nonce + timestamp."""
    text = f"{claim.timestamp}{secret}{claim.nonce}{claim.timestamp}"
    return hashlib.sha256(text.encode()).hexdigest()


_API = ("_api_access_key", "_api_name", "_api_timestamp", "_api_version")


def _read_api(headers: Headers) -> Signature:
    signed = tuple((name, _get(headers, name)) for name in _API)
    given = dict(signed)
    return Signature(
        given["_api_access_key"],
        given["_api_timestamp"],
        "",
        _get(headers, "_api_signature"),
        signed,
    )


def _sign_api(claim: Signature, secret: str) -> str:
    """Base64 of HMAC-SHA1 over the four other headers as k=v, joined by & in the order of keys."""
    text = "&".join(f"{name}={value}" for name, value in claim.signed)
    made = hmac.new(secret.encode(), text.encode(), hashlib.sha1)
    return base64.b64encode(made.digest()).decode()


ADAPTORS = {"x-tif": Adaptor(_read_tif, _sign_tif), "api": Adaptor(_read_api, _sign_api)}
"""By the names of the setting GONGJI_ADAPTOR; `none` has no adaptor."""


def check_time(claim: Signature, now: datetime, window_seconds: int) -> None:
    """The timestamp, in seconds or in milliseconds, is not further from now than the window.

    Refuses: Unsigned.
    """
    text = claim.timestamp
    if not (text.isascii() and text.isdigit() and len(text) <= 16):
        raise Unsigned("网关时间戳不是数字")
    stamp = int(text)
    seconds = stamp // 1000 if stamp >= _MILLISECONDS_FROM else stamp
    if abs(int(now.timestamp()) - seconds) > window_seconds:
        raise Unsigned(f"网关时间戳与服务器时间相差超过 {window_seconds} 秒；请校准时钟后重新签名")


def one_of_each(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by name; none that says who signs may come twice, for which of them would count?

    Refuses: Unsigned.
    """
    texts: dict[str, str] = {}
    for name, value in headers:
        key = name.decode("latin-1")
        if key in texts and key.startswith(_SIGNING):
            raise Unsigned(f"网关请求头 {key} 重复")
        texts[key] = value.decode("latin-1")
    return texts


def check_signature(adaptor: Adaptor, claim: Signature, secret: str | None) -> None:
    """The signature is the one that the secret makes; without a secret nobody has this access key.

    Refuses: Forged, in the same words and after the same work for either.
    """
    made = adaptor.sign(claim, _NOBODYS if secret is None else secret)
    given = claim.signature.lower() if adaptor is ADAPTORS["x-tif"] else claim.signature
    equal = hmac.compare_digest(made.encode(), given.encode())
    if secret is None or not equal:
        raise Forged("接入账号或签名不一致；请核对接入账号、密钥和签名方法")
