"""SM2 signatures with SM3 (GB/T 32918.2), by the OpenSSL of the system: the library has no SM2.

A signature is 64 bytes r‖s as the interfaces write it; DER is read too. A public key is 65 bytes
04‖x‖y, a private key 32. A call of the program costs some milliseconds: for envelopes, not for a
flood. A certified module or signature server takes the place of `sign` and `verify`.
"""

import base64
import shutil
import subprocess
import tempfile
from pathlib import Path

from gongji.refusals import Fault

USER_ID = "1234567812345678"
"""Who signs where nobody is named (GM/T 0009)."""
KEY_BYTES, HALF = 32, 32
_SM2 = bytes.fromhex("06082a811ccf5501822d")
_EC = bytes.fromhex("06072a8648ce3d0201")
_SEQUENCE, _INTEGER, _BITS, _OCTETS = 0x30, 0x02, 0x03, 0x04


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    assert size < 0x100, "nothing here is longer"
    return bytes([tag, 0x81, size]) + content


def _pem(name: str, content: bytes) -> str:
    text = base64.b64encode(content).decode()
    return f"-----BEGIN {name}-----\n{text}\n-----END {name}-----\n"


def _private_pem(key: bytes) -> str:
    named = _der(0xA0, _SM2)
    made = _der(_SEQUENCE, _der(_INTEGER, b"\x01") + _der(_OCTETS, key) + named)
    return _pem("EC PRIVATE KEY", made)


def _public_pem(key: bytes) -> str:
    made = _der(_SEQUENCE, _der(_SEQUENCE, _EC + _SM2) + _der(_BITS, b"\0" + key))
    return _pem("PUBLIC KEY", made)


def _whole(half: bytes) -> bytes:
    """A number as DER writes it: without zeros before, with one where it would be negative."""
    text = half.lstrip(b"\0") or b"\0"
    return _der(_INTEGER, b"\0" + text if text[0] & 0x80 else text)


def to_der(raw: bytes) -> bytes:
    """64 bytes r‖s as DER."""
    return _der(_SEQUENCE, _whole(raw[:HALF]) + _whole(raw[HALF:]))


def to_raw(der: bytes) -> bytes:
    """DER as 64 bytes r‖s.

    Refuses: ValueError where it is no signature.
    """
    if len(der) < 8 or der[0] != _SEQUENCE or der[1] != len(der) - 2:
        raise ValueError("no DER signature")
    halves, rest = [], der[2:]
    while rest:
        if rest[0] != _INTEGER or len(rest) < 2 + rest[1]:
            raise ValueError("no DER signature")
        halves.append(rest[2 : 2 + rest[1]].lstrip(b"\0"))
        rest = rest[2 + rest[1] :]
    if len(halves) != 2 or max(map(len, halves)) > HALF:
        raise ValueError("no DER signature")
    return b"".join(half.rjust(HALF, b"\0") for half in halves)


def sign(private: bytes, text: bytes, user_id: str = USER_ID) -> bytes:
    """The signature of a text: 64 bytes r‖s.

    Refuses: Fault where the system has no OpenSSL with SM2.
    """
    if len(private) != KEY_BYTES:
        raise ValueError("an SM2 key has 32 bytes")
    with tempfile.TemporaryDirectory(prefix="gongji-sm2-") as folder:
        made = _run(Path(folder), _private_pem(private), text, ["-sign"], user_id)
    if made.returncode:
        raise Fault(f"系统的 OpenSSL 不能作 SM2 签名：{made.stderr.decode(errors='replace')[:200]}")
    return to_raw(made.stdout)


def verify(public: bytes, text: bytes, signature: bytes, user_id: str = USER_ID) -> bool:
    """Whether a signature, 64 bytes r‖s or DER, is that of a text by a public key."""
    if len(public) != 1 + 2 * HALF or public[0] != 4:
        return False
    der = to_der(signature) if len(signature) == 2 * HALF else signature
    with tempfile.TemporaryDirectory(prefix="gongji-sm2-") as folder:
        place = Path(folder)
        (place / "signature").write_bytes(der)
        how = ["-verify", "-pubin", "-sigfile", str(place / "signature")]
        return _run(place, _public_pem(public), text, how, user_id).returncode == 0


def _run(
    folder: Path, key: str, text: bytes, how: list[str], user_id: str
) -> "subprocess.CompletedProcess[bytes]":
    """One call of the program; the folder is its user's alone, and gone afterwards."""
    program = shutil.which("openssl")
    if program is None:
        raise Fault("没有 openssl 程序，不能作 SM2 签名或验签")
    (folder / "key").write_text(key)
    (folder / "text").write_bytes(text)
    what = ["-inkey", str(folder / "key"), "-in", str(folder / "text"), "-rawin", "-digest", "sm3"]
    asked = [program, "pkeyutl", *how, *what, "-pkeyopt", f"distid:{user_id}"]
    return subprocess.run(asked, capture_output=True, check=False, timeout=30)
