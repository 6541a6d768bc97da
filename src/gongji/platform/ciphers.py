"""The cryptography that the platform stores with: two providers, one to be chosen by a setting.

A provider digests, encrypts and seals, and gives random bytes; what it made names it, so that
either reads what the other wrote. `international` is SHA-256 and AES-256-GCM, `national` SM3
(GB/T 32905) and SM4-GCM (GB/T 32907). Both are the library's: no certified module. One takes a
provider's place by the same functions. SM2 is `gongji.platform.sm2`.
"""

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES, TAG_BYTES = 12, 16
KEY_ID_BYTES = 4
_SM4_BYTES = 16


class Altered(Exception):
    """What was to be opened is of another key, or was altered."""


@dataclass(frozen=True)
class Provider:
    """A set of algorithms; `number` stands in what it made.

    Shape:   `encrypt` and `decrypt` take a key of 32 bytes, a nonce, the text and what it is bound
             to; the tag of 16 bytes ends what is encrypted.
    Refuses: `decrypt`: Altered.
    """

    name: str
    number: int
    digest: Callable[[bytes], bytes]
    encrypt: Callable[[bytes, bytes, bytes, bytes], bytes]
    decrypt: Callable[[bytes, bytes, bytes, bytes], bytes]
    random: Callable[[int], bytes] = os.urandom


@lru_cache(maxsize=16)
def _aes(key: bytes) -> AESGCM:
    return AESGCM(key)


def _aes_encrypt(key: bytes, nonce: bytes, text: bytes, bound: bytes) -> bytes:
    return _aes(key).encrypt(nonce, text, bound)


def _aes_decrypt(key: bytes, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
    try:
        return _aes(key).decrypt(nonce, sealed, bound)
    except InvalidTag:
        raise Altered from None


@lru_cache(maxsize=16)
def _sm4(key: bytes) -> algorithms.SM4:
    """SM4 takes half of what AES-256 does: a key of its own, derived from the installation's."""
    return algorithms.SM4(HKDF(hashes.SHA256(), _SM4_BYTES, None, b"gongji sm4").derive(key))


def _sm4_encrypt(key: bytes, nonce: bytes, text: bytes, bound: bytes) -> bytes:
    made = Cipher(_sm4(key), modes.GCM(nonce)).encryptor()
    made.authenticate_additional_data(bound)
    return made.update(text) + made.finalize() + made.tag


def _sm4_decrypt(key: bytes, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
    if len(sealed) < TAG_BYTES:
        raise Altered
    made = Cipher(_sm4(key), modes.GCM(nonce, sealed[-TAG_BYTES:])).decryptor()
    made.authenticate_additional_data(bound)
    try:
        return made.update(sealed[:-TAG_BYTES]) + made.finalize()
    except InvalidTag:
        raise Altered from None


def sm3(text: bytes) -> bytes:
    """The digest of GB/T 32905."""
    made = hashes.Hash(hashes.SM3())
    made.update(text)
    return made.finalize()


def _sha256(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


PROVIDERS = {
    "international": Provider("international", 2, _sha256, _aes_encrypt, _aes_decrypt),
    "national": Provider("national", 3, sm3, _sm4_encrypt, _sm4_decrypt),
}
"""By the names of the setting GONGJI_CRYPTOGRAPHY."""
BY_NUMBER = {one.number: one for one in PROVIDERS.values()}


@lru_cache(maxsize=64)
def key_id(key: bytes) -> bytes:
    """What tells a key from another and tells nothing of it."""
    return hashlib.sha256(b"gongji key id" + key).digest()[:KEY_ID_BYTES]


def key_number(key: bytes) -> int:
    """The same as a small number above zero, for columns that hold one."""
    return int.from_bytes(key_id(key)[:2], "big") % 0x7FFF + 1
