"""Backups that only their recipient reads: sealed to a public key, opened by the private one.

Each file has a key of its own: X25519 between a key made for it and the recipient's, then
HKDF-SHA256. Its content goes in pieces of a megabyte by AES-256-GCM, whose nonce counts the pieces
and marks the last one, so that none can be left out, moved or cut off. A file of any size needs a
few megabytes of memory. Keys are PEM files, as `openssl genpkey -algorithm X25519` makes them.
"""

import io
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from gongji.refusals import Refusal

MAGIC = b"gongji backup 1\n"
SEALED = ".sealed"
"""How the name of a sealed file ends."""
PIECE = 1 << 20
_KEY_BYTES, _TAG_BYTES, _NAME_BYTES = 32, 16, 8


@dataclass(frozen=True)
class Recipient:
    """Whom backups are sealed to."""

    key: X25519PublicKey

    @property
    def name(self) -> str:
        """What tells a recipient from another: the beginning of the key's hash, hex."""
        return _name(self.key).hex()


def load_recipient(path: Path) -> Recipient:
    """The recipient of a public key's file.

    Refuses: backup_key_unreadable.
    """
    try:
        found = load_pem_public_key(path.read_bytes())
    except ValueError:
        found = None
    if not isinstance(found, X25519PublicKey):
        raise _unreadable(path, "公钥")
    return Recipient(found)


def load_opener(path: Path) -> X25519PrivateKey:
    """The private key of a file.

    Refuses: backup_key_unreadable.
    """
    try:
        found = load_pem_private_key(path.read_bytes(), None)
    except (ValueError, TypeError):
        found = None
    if not isinstance(found, X25519PrivateKey):
        raise _unreadable(path, "私钥")
    return found


def _unreadable(path: Path, which: str) -> Refusal:
    return Refusal("backup_key_unreadable", which, {"value": str(path), "which": which})


def seal(source: IO[bytes], target: IO[bytes], recipient: Recipient) -> None:
    """Seal what a stream holds into another, piece by piece."""
    made = X25519PrivateKey.generate()
    own = made.public_key().public_bytes_raw()
    head = MAGIC + _name(recipient.key) + own
    cipher = _cipher(made.exchange(recipient.key), own, recipient.key)
    target.write(head)
    piece, number, last = source.read(PIECE), 0, False
    while not last:
        following = source.read(PIECE)
        last = not following
        target.write(cipher.encrypt(_nonce(number, last), piece, head))
        piece, number = following, number + 1


def seal_file(source: Path, target: Path, recipient: Recipient) -> None:
    """Seal a file into another, whole or not at all; it is on the disk then."""
    draft = target.with_name(target.name + ".draft")
    with source.open("rb") as clear, draft.open("wb") as file:
        seal(clear, file, recipient)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def open_pieces(source: IO[bytes], opener: X25519PrivateKey) -> Iterator[bytes]:
    """What was sealed, piece by piece.

    Refuses: backup_key_wrong, backup_damaged.
    """
    head = source.read(len(MAGIC) + _NAME_BYTES + _KEY_BYTES)
    name, own = head[len(MAGIC) : -_KEY_BYTES], head[-_KEY_BYTES:]
    if not head.startswith(MAGIC) or len(own) != _KEY_BYTES:
        raise Refusal("backup_damaged", "备份")
    if name != _name(opener.public_key()):
        raise Refusal("backup_key_wrong", "--key", {"value": name.hex()})
    shared = opener.exchange(X25519PublicKey.from_public_bytes(own))
    cipher = _cipher(shared, own, opener.public_key())
    piece, number, last = source.read(PIECE + _TAG_BYTES), 0, False
    while not last:
        following = source.read(PIECE + _TAG_BYTES)
        last = not following
        try:
            yield cipher.decrypt(_nonce(number, last), piece, head)
        except InvalidTag:
            raise Refusal("backup_damaged", "备份") from None
        piece, number = following, number + 1


class OpenedStream(io.RawIOBase):
    """What was sealed, as a stream that is read once."""

    def __init__(self, source: IO[bytes], opener: X25519PrivateKey) -> None:
        """Of a sealed stream."""
        self._pieces = open_pieces(source, opener)
        self._rest = b""

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill a buffer as far as the piece at hand goes; 0 at the end."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        taken = self._rest[: len(buffer)]
        self._rest = self._rest[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)


def opened(source: IO[bytes], opener: X25519PrivateKey) -> io.BufferedReader:
    """A sealed stream to be read in clear; refuses as `open_pieces`, when it is read."""
    return io.BufferedReader(OpenedStream(source, opener), PIECE)


def open_file(source: Path, target: Path, opener: X25519PrivateKey) -> None:
    """Open a sealed file into another.

    Refuses: as `open_pieces`.
    """
    with source.open("rb") as sealed, target.open("wb") as file:
        shutil.copyfileobj(opened(sealed, opener), file, PIECE)


def _name(key: X25519PublicKey) -> bytes:
    made = Hash(SHA256())
    made.update(key.public_bytes_raw())
    return made.finalize()[:_NAME_BYTES]


def _cipher(shared: bytes, own: bytes, recipient: X25519PublicKey) -> AESGCM:
    """The cipher of one file."""
    salt = own + recipient.public_bytes_raw()
    return AESGCM(HKDF(SHA256(), _KEY_BYTES, salt, MAGIC).derive(shared))


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])
