"""A file that is sealed to a recipient: what comes out is what went in, or nothing."""

import io
import tracemalloc

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from gongji.backup.recipients import MAGIC, PIECE, Recipient, open_pieces, opened, seal
from gongji.refusals import Refusal

KEY = X25519PrivateKey.generate()
HEAD = len(MAGIC) + 8 + 32


def sealed(content: bytes) -> bytes:
    file = io.BytesIO()
    seal(io.BytesIO(content), file, Recipient(KEY.public_key()))
    return file.getvalue()


def refusal(content: bytes, key: X25519PrivateKey = KEY) -> str:
    with pytest.raises(Refusal) as refused:
        list(open_pieces(io.BytesIO(content), key))
    return refused.value.code


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE])
def test_what_comes_out_is_what_went_in(size: int) -> None:
    content = bytes(n % 251 for n in range(size))
    made = sealed(content)
    assert opened(io.BytesIO(made), KEY).read() == content
    assert size < 16 or content[:16] not in made


def test_whoever_has_another_key_is_told_and_gets_nothing() -> None:
    made = sealed(b"x")
    assert refusal(made, X25519PrivateKey.generate()) == "backup_key_wrong"
    assert sealed(b"x") != made, "a key of its own for each file"


def test_what_was_changed_cut_off_or_moved_is_told() -> None:
    content = b"a" * PIECE + b"b" * PIECE + b"c"
    made, piece = sealed(content), PIECE + 16
    first, second = made[HEAD : HEAD + piece], made[HEAD + piece : HEAD + 2 * piece]
    rest = made[HEAD + 2 * piece :]
    head = made[:HEAD]
    for wrong in (
        made[:-1],
        head + first + second,
        head + first + rest,
        head + second + first + rest,
        head + made[HEAD:-1] + bytes([made[-1] ^ 1]),
        head,
        made[:20],
        b"",
        b"PGDMP" + made,
    ):
        assert refusal(wrong) == "backup_damaged"


def test_a_large_file_takes_little_memory() -> None:
    class Endless(io.RawIOBase):
        left = 64 * PIECE

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
            taken = min(self.left, len(buffer))
            self.left -= taken
            return taken

    class Nowhere(io.BytesIO):
        def write(self, content: bytes) -> int:  # type: ignore[override]
            return len(content)

    tracemalloc.start()
    seal(io.BufferedReader(Endless(), PIECE), Nowhere(), Recipient(KEY.public_key()))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 8 * PIECE
