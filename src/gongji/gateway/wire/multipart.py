"""A body in parts (9101): the envelope in the part jsonStr, the file in another.

Told by the body itself, since headers cannot be trusted.
"""

import base64
import re
from typing import Any

from gongji.gateway.wire.envelope import decode
from gongji.refusals import Refusal

_NAME = re.compile(rb'name="?([^";\r\n]+)')
_FILE = re.compile(rb'filename="?([^";\r\n]*)')


def is_multipart(body: bytes) -> bool:
    """Whether a body comes in parts: JSON never begins with two dashes."""
    return body.startswith(b"--")


def read_parts(body: bytes) -> dict[str, Any]:
    """The decoded envelope, with the file of its other part as Base64 where JSON would have it.

    Refuses: message_unreadable.
    """
    boundary, _, _ = body.partition(b"\r\n")
    content: dict[str, Any] | None = None
    file: bytes | None = None
    name = ""
    for part in body.split(boundary)[1:-1]:
        head, _, value = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        value = value.removesuffix(b"\r\n")
        found = _NAME.search(head)
        if found and found[1].lower() == b"jsonstr":
            content = decode(value)
        elif found:
            file, named = value, _FILE.search(head)
            name = named[1].decode("utf-8", "replace") if named else ""
    if content is None:
        raise Refusal("message_unreadable", values={"reason": "没有 jsonStr 部分"})
    if file is not None:
        _put(content, file, name)
    return content


def _put(content: dict[str, Any], file: bytes, name: str) -> None:
    given = next((part for key, part in content.items() if key.lower() == "input"), None)
    if not isinstance(given, dict):
        given = content["input"] = {}
    node = next((part for key, part in given.items() if key.lower() == "fsuploadin"), None)
    if not isinstance(node, dict):
        node = given["fsuploadin"] = {}
    node["in"] = base64.b64encode(file).decode()
    node.setdefault("filename", name)
