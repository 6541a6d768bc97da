"""A body in parts (9101): the envelope in the part jsonStr, the file in another.

Told by the body itself, since headers cannot be trusted; the parts are read by python-multipart.
"""

import base64
from dataclasses import dataclass, field
from typing import Any

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from gongji.gateway.wire.envelope import decode
from gongji.refusals import Refusal

MOST_PARTS = 16
"""Parts of a body: the envelope, the file, and a few fields that nobody reads."""
MOST_HEADS = 16 * 1024
"""Bytes of all heads of a body together."""


def is_multipart(body: bytes) -> bool:
    """Whether a body comes in parts: JSON never begins with two dashes."""
    return body.startswith(b"--")


def read_parts(body: bytes) -> dict[str, Any]:
    """The decoded envelope, with the file of its other part as Base64 where JSON would have it.

    Refuses: message_unreadable.
    """
    content: dict[str, Any] | None = None
    file: BodyPart | None = None
    for part in _parts(body):
        name = part.option(b"name")
        if name.lower() == b"jsonstr":
            content = decode(bytes(part.content))
        elif name:
            file = part
    if content is None:
        raise _unreadable("没有 jsonStr 部分")
    if file is not None:
        named = file.option(b"filename").decode("utf-8", "replace")
        _put(content, bytes(file.content), named)
    return content


@dataclass
class BodyPart:
    """One part of a body: the heads as they came, by their names, and the content."""

    heads: dict[bytes, bytes] = field(default_factory=dict)
    content: bytearray = field(default_factory=bytearray)

    def option(self, name: bytes) -> bytes:
        """What its disposition says of a name; nothing where it does not."""
        _, options = parse_options_header(self.heads.get(b"content-disposition"))
        return options.get(name, b"")


class _Reading:
    """What the library tells as it reads, put together to parts."""

    def __init__(self) -> None:
        self.parts: list[BodyPart] = []
        self.name, self.value, self.read = bytearray(), bytearray(), 0

    def begin(self) -> None:
        if len(self.parts) == MOST_PARTS:
            raise _unreadable(f"超过 {MOST_PARTS} 个部分")
        self.parts.append(BodyPart())

    def head_name(self, told: bytes, start: int, end: int) -> None:
        self.name += self._few(told[start:end])

    def head_value(self, told: bytes, start: int, end: int) -> None:
        self.value += self._few(told[start:end])

    def head_end(self) -> None:
        self.parts[-1].heads[bytes(self.name).lower()] = bytes(self.value)
        self.name, self.value = bytearray(), bytearray()

    def content(self, told: bytes, start: int, end: int) -> None:
        self.parts[-1].content += told[start:end]

    def _few(self, told: bytes) -> bytes:
        self.read += len(told)
        if self.read > MOST_HEADS:
            raise _unreadable("各部分的头太长")
        return told


def _parts(body: bytes) -> list[BodyPart]:
    edge = body.partition(b"\r\n")[0].removeprefix(b"--")
    reading = _Reading()
    try:
        parser = MultipartParser(
            edge,
            {
                "on_part_begin": reading.begin,
                "on_header_field": reading.head_name,
                "on_header_value": reading.head_value,
                "on_header_end": reading.head_end,
                "on_part_data": reading.content,
            },
        )
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise _unreadable(f"各部分没有分清（{error}）") from None
    return reading.parts


def _unreadable(reason: str) -> Refusal:
    return Refusal("message_unreadable", values={"reason": reason})


def _put(content: dict[str, Any], file: bytes, name: str) -> None:
    given = next((part for key, part in content.items() if key.lower() == "input"), None)
    if not isinstance(given, dict):
        given = content["input"] = {}
    node = next((part for key, part in given.items() if key.lower() == "fsuploadin"), None)
    if not isinstance(node, dict):
        node = given["fsuploadin"] = {}
    node["in"] = base64.b64encode(file).decode()
    node.setdefault("filename", name)
