"""Messages that are encrypted by SM4 and signed by SM2, as some regions demand (enctype, signtype).

The input comes as Base64 of SM4-ECB over its JSON, `cainfo` is Base64 of the SM2 signature (r‖s or
DER) over that text; the reply goes back likewise. ECB is what others require here; nothing is kept
by it. The key of SM4 is the first half of SM3 of the credential's secret. Who has no public key
with us signs for nobody: then `signtype` and `cainfo` are what they always were, words.
"""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Any

import msgspec
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from gongji.platform import sm2
from gongji.platform.ciphers import sm3
from gongji.refusals import Refusal

SM2, SM4 = "SM2", "SM4"
_BLOCK_BITS, _KEY_BYTES = 128, 16
_NAMES = ("enctype", "enc_type")
_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True)
class NationalKeys:
    """What a message is opened and its reply sealed with.

    Shape:   `secret` of the credential; `public` the sender's SM2 key, empty where none is known;
             `private` the platform's, empty where there is none.
    """

    secret: str = field(repr=False)
    public: bytes = b""
    private: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Sealed:
    """How a message came, and its reply goes back."""

    encrypted: bool
    signed: bool


def _cipher(secret: str) -> "Cipher[modes.ECB]":
    return Cipher(algorithms.SM4(sm3(secret.encode())[:_KEY_BYTES]), modes.ECB())


def encrypt(secret: str, text: bytes) -> str:
    """Base64 of a text under the key of a secret."""
    pad = padding.PKCS7(_BLOCK_BITS).padder()
    made = _cipher(secret).encryptor()
    return base64.b64encode(made.update(pad.update(text) + pad.finalize())).decode()


def decrypt(secret: str, text: str) -> bytes:
    """What `encrypt` made, in clear.

    Refuses: message_unreadable.
    """
    try:
        made = _cipher(secret).decryptor()
        padded = made.update(base64.b64decode(text, validate=True)) + made.finalize()
        pad = padding.PKCS7(_BLOCK_BITS).unpadder()
        return pad.update(padded) + pad.finalize()
    except (ValueError, binascii.Error):
        raise Refusal("message_unreadable", values={"reason": "密文不能用约定的密钥解开"}) from None


def is_sealed(content: dict[str, Any], keys: NationalKeys) -> Sealed:
    """How a message says that it came."""
    named = {name.lower(): value for name, value in content.items()}
    encrypted = any(named.get(name) == SM4 for name in _NAMES)
    return Sealed(encrypted, named.get("signtype") == SM2 and bool(keys.public))


def _as_sent(body: bytes, name: str) -> bytes:
    """The bytes of a field as they stand in a message: spaces and numbers are signed as written."""
    try:
        return bytes(msgspec.json.decode(body, type=dict[str, msgspec.Raw])[name])
    except (msgspec.DecodeError, KeyError):
        return b""


def opened(content: dict[str, Any], how: Sealed, keys: NationalKeys, body: bytes) -> dict[str, Any]:
    """A message in clear, its signature checked; `body` is the message as it was sent.

    Refuses: message_unreadable, signature_wrong.
    """
    name = next((name for name in content if name.lower() == "input"), "input")
    given = content.get(name)
    text = given.encode() if isinstance(given, str) else _as_sent(body, name)
    if how.signed:
        cainfo = next((v for n, v in content.items() if n.lower() == "cainfo"), None)
        try:
            signature = base64.b64decode(cainfo if isinstance(cainfo, str) else "", validate=True)
        except (ValueError, binascii.Error):
            signature = b""
        if not signature or not sm2.verify(keys.public, text, signature):
            raise Refusal("signature_wrong", "cainfo")
    if not how.encrypted:
        return content
    if not isinstance(given, str):
        raise Refusal("message_unreadable", values={"reason": "enctype 为 SM4 时 input 应为密文"})
    try:
        inside = msgspec.json.decode(decrypt(keys.secret, given))
    except msgspec.DecodeError:
        raise Refusal("message_unreadable", values={"reason": "密文里不是完整的 JSON"}) from None
    return content | {name: inside}


def sealed(body: bytes, how: Sealed, keys: NationalKeys) -> bytes:
    """A reply encrypted and signed as its message was."""
    reply = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    output = bytes(reply.get("output", msgspec.Raw(b"null")))
    if output == b"null":
        return body
    text = output
    if how.encrypted:
        made = encrypt(keys.secret, output)
        text = made.encode()
        reply["output"] = msgspec.Raw(_ENCODER.encode(made))
        reply["enctype"] = msgspec.Raw(_ENCODER.encode(SM4))
    if how.signed and keys.private:
        signature = base64.b64encode(sm2.sign(keys.private, text)).decode()
        reply["cainfo"] = msgspec.Raw(_ENCODER.encode(signature))
        reply["signtype"] = msgspec.Raw(_ENCODER.encode(SM2))
    return _ENCODER.encode(reply)
