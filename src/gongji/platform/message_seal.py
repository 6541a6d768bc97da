"""Messages are told apart by a keyed hash and kept encrypted; this module knows bytes and keys.

Both keys are derived from the installation's: whoever has the tables alone can neither guess what
a message said (identity numbers are few enough to try them all) nor read it.
"""

import hashlib
import hmac
import os
import zlib
from collections.abc import Sequence
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from gongji.platform.ciphers import key_number
from gongji.refusals import Fault

HASH_ID = 1
"""The number of the way by which is hashed now; it stands before every hash."""
PARTING = "\0"
"""Between names that are hashed or sealed together; no text of PostgreSQL can hold it."""
_NONCE_BYTES = 12
_TAG_BYTES = 16
_DEFLATE = -12


class MessageSeal:
    """Hashes, encrypts and decrypts messages with keys derived from this installation's.

    Shape:   `key_id` the number of the key by which is encrypted now; it stands beside what it
             made. `former` keys still open what they encrypted.
    """

    def __init__(
        self, identity_key: bytes, lookup_key: bytes, former: Sequence[bytes] = ()
    ) -> None:
        self.key_id = key_number(identity_key)
        self._keys = {key_number(key): key for key in (*former, identity_key)}
        self._lookup = _derived(lookup_key, f"gongji inbox hash {HASH_ID}")
        self._ciphers: dict[int, AESGCM] = {}

    def hash(self, place: Sequence[str], kind: str, text: bytes) -> bytes:
        """The keyed hash of what a message asks: its command and its normalised input.

        Shape: a byte with the number of the key, then HMAC-SHA-256. The place of the message is
               hashed too, so that equal inputs do not show.
        """
        said = PARTING.join([*place, kind, ""]).encode() + text
        return bytes([HASH_ID]) + hmac.digest(self._lookup, said, hashlib.sha256)

    def seal(self, place: Sequence[str], part: str, text: bytes) -> bytes:
        """A part of a message, compressed and encrypted; it opens at its own place only.

        Shape: the nonce, then the sealed text (AES-256-GCM). What is encrypted cannot be compressed
               any more, and a reply is mostly names of fields.
        """
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher(self.key_id).encrypt(nonce, _pressed(text), _bound(place, part))

    def open(self, place: Sequence[str], part: str, sealed: bytes, key_id: int) -> bytes:
        """What `seal` made, in clear.

        Refuses: Fault where it is of another key or place, or altered.
        """
        if len(sealed) < _NONCE_BYTES + _TAG_BYTES:
            raise Fault("存档的报文不完整，无法读出")
        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            pressed = self._cipher(key_id).decrypt(nonce, rest, _bound(place, part))
        except InvalidTag:
            raise Fault("存档的报文与密钥 GONGJI_IDENTITY_KEY 不符，无法读出") from None
        return zlib.decompress(pressed, wbits=_DEFLATE)

    def _cipher(self, key_id: int) -> AESGCM:
        found = self._ciphers.get(key_id)
        if found is None:
            key = self._keys.get(key_id)
            if key is None:
                raise Fault("存档的报文是另一个密钥写的；请把它放进 GONGJI_FORMER_KEYS")
            found = AESGCM(_derived(key, f"gongji inbox bytes {key_id}"))
            self._ciphers[key_id] = found
        return found


def _derived(key: bytes, purpose: str) -> bytes:
    """A key for one purpose, from which neither the others nor the installation's follow."""
    return HKDF(hashes.SHA256(), 32, None, purpose.encode()).derive(key)


def _pressed(text: bytes) -> bytes:
    """Raw deflate at its quickest, its tables small: making them costs more than a message."""
    press = zlib.compressobj(1, wbits=_DEFLATE, memLevel=5)
    return press.compress(text) + press.flush()


def _bound(place: Sequence[str], part: str) -> bytes:
    return PARTING.join([*place, part]).encode()


@lru_cache(maxsize=8)
def seal_of(identity_key: bytes, lookup_key: bytes, former: tuple[bytes, ...] = ()) -> MessageSeal:
    """The seal of an installation's keys, derived once."""
    return MessageSeal(identity_key, lookup_key, former)
