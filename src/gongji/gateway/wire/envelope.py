"""The envelope around every transaction: read as tolerantly as clients need, written in one form.

The content of a message is its normalised input and nothing else: headers and clocks differ between
two deliveries of one message.
"""

import itertools
import random
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from gongji.gateway.transactions import Node, normalise, shown
from gongji.platform.inbox import INSTITUTION, Key
from gongji.refusals import Refusal
from gongji.tabular.csv_files import decode as decode_text
from gongji.units import CHINA

LONGEST_MSGID = 100
MOST_VALUES = 500_000
"""Commas of a message; 5,000 lines of the interface have half as many."""
UPLOAD = "9101"
_UPLOADED = re.compile(rb'"infno"\s*:\s*"9101"', re.IGNORECASE)
_SERIALS = 10**10
_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=str)
_ENCODER = msgspec.json.Encoder()
_serial = itertools.count(random.SystemRandom().randrange(_SERIALS))


class Envelope(msgspec.Struct, frozen=True):
    """A request: its transaction, message id, institution, and the rest of the envelope."""

    infno: str
    key: Key
    input: Node
    received_at: datetime
    header: Node = {}

    @property
    def institution(self) -> str:
        """The institution that the envelope names."""
        return self.key.actor


def decode(body: bytes) -> dict[str, Any]:
    """The object that a body holds: UTF-8 with or without a mark, otherwise GB18030.

    Refuses: message_unreadable.
    """
    text = body if body.isascii() else _text(body)
    null = ("\\u0000", "\0") if isinstance(text, str) else (b"\\u0000", b"\0")
    if any(sign in text for sign in null):  # type: ignore[operator]
        raise _unreadable("含有空字符")
    # Counted before anything is made of them: each costs a hundred times its byte.
    comma = "," if isinstance(text, str) else b","
    if text.count(comma) > MOST_VALUES:  # type: ignore[arg-type]
        raise _unreadable(f"内容多于 {MOST_VALUES} 项；文件请用 Base64")
    try:
        found = _DECODER.decode(text)
    except RecursionError:
        raise _unreadable("嵌套层数过多") from None
    except ValueError:
        raise _unreadable("不是完整的 JSON") from None
    if not isinstance(found, dict):
        raise _unreadable("不是一个对象")
    return found


def is_upload(beginning: bytes) -> bool:
    """Whether a body says at its beginning that a file is uploaded: in parts, or by its number."""
    return beginning.startswith(b"--") or _UPLOADED.search(beginning) is not None


def _text(body: bytes) -> str:
    """The text of a body, before JSON sees it: in GB18030 the second byte of a character may be a
    backslash, and how the parser tells bytes that are no UTF-8 differs from version to version."""
    try:
        return decode_text(body)
    except UnicodeDecodeError:
        raise _unreadable("编码不是 UTF-8 或 GB18030") from None


def _unreadable(reason: str) -> Refusal:
    return Refusal("message_unreadable", values={"reason": reason})


def read(body: bytes, received_at: datetime, content: dict[str, Any] | None = None) -> Envelope:
    """The envelope in a body; `content` is the decoded body where it came in another form.

    Refuses: message_unreadable, field_missing, value_invalid.
    """
    try:
        header = normalise(decode(body) if content is None else content)
    except RecursionError:
        raise _unreadable("嵌套层数过多") from None
    given = header.pop("input", None)
    if given is None:
        given = {}
    elif not isinstance(given, dict):
        raise Refusal("value_invalid", "input", {"value": "（其他）", "allowed": "一个 JSON 对象"})
    infno = _header(header, "infno", 10).upper()
    msgid = _header(header, "msgid", LONGEST_MSGID)
    institution = _header(header, "fixmedins_code", 12)
    key = Key(INSTITUTION, institution, msgid, infno, given)
    return Envelope(infno, key, given, received_at, header)


def _header(header: Node, name: str, longest: int) -> str:
    value = header.get(name)
    if value is None:
        raise Refusal("field_missing", name)
    if not isinstance(value, str) or len(value) > longest or not value.isprintable():
        allowed = f"不超过 {longest} 个可见字符"
        raise Refusal("value_invalid", name, {"value": shown(name, value), "allowed": allowed})
    return value


def region(envelope: Envelope | None) -> str:
    """The region of treatment that a reply's number begins with; zeros where it is not told."""
    value = envelope.header.get("mdtrtarea_admvs") if envelope else None
    if isinstance(value, str) and len(value) == 6 and value.isascii() and value.isdigit():
        return value
    return "000000"


def write(
    envelope: Envelope | None,
    received_at: datetime,
    responded_at: datetime,
    output: dict[str, Any] | None = None,
    refused: str = "",
    warnings: Sequence[str] = (),
) -> bytes:
    """A reply: infcode 0 with the output, or -1 with the sentence `refused`."""
    received = received_at.astimezone(CHINA)
    responded = responded_at.astimezone(CHINA)
    second = _second(received)
    number = f"{region(envelope)}{second}{next(_serial) % _SERIALS:010d}"
    reply = {
        "infcode": -1 if refused else 0,
        "inf_refmsgid": number,
        "refmsg_time": f"{second}{received.microsecond // 1000:03d}",
        "respond_time": f"{_second(responded)}{responded.microsecond // 1000:03d}",
        "err_msg": refused or None,
        "output": None if refused else output,
        "warn_msg": "；".join(warnings) or None,
        "cainfo": None,
        "signtype": None,
        "enctype": None,
    }
    return _ENCODER.encode(reply)


def _second(at: datetime) -> str:
    """yyyyMMddHHmmss; quicker than strftime."""
    return f"{at.year:04d}{at.month:02d}{at.day:02d}{at.hour:02d}{at.minute:02d}{at.second:02d}"
