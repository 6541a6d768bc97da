"""Files in and out (9101, 9102). A file belongs to the institution; the catalogue is everyone's."""

import base64
import binascii
import secrets
from datetime import datetime, timedelta
from typing import Any

import psycopg

from gongji.gateway.transactions import Call, Download, show_instant, transaction
from gongji.gateway.visits.settlement_fields import UPLOADED
from gongji.gateway.wire.fields import fill
from gongji.refusals import Refusal

EVERYONE = "plc"
"""Whose files everyone may fetch."""
_BYTES = 255


def content(value: Any) -> bytes:
    """The bytes of a file: Base64 in a text, or an array of bytes.

    Refuses: field_missing, value_invalid.
    """
    if value is None:
        raise Refusal("field_missing", "in")
    try:
        if isinstance(value, str):
            return base64.b64decode("".join(value.split()), validate=True)
        if isinstance(value, list):
            # Java writes bytes with a sign.
            return bytes(int(byte) & _BYTES for byte in value)
    except (binascii.Error, ValueError, TypeError):
        pass
    raise Refusal("value_invalid", "in", {"value": "（文件）", "allowed": "Base64 文本或字节数组"})


def forget_files(connection: psycopg.Connection[Any], now: datetime) -> int:
    """Drop files whose time to be fetched is over; gives how many."""
    return connection.execute("delete from file_ticket where expires_at < %s", [now]).rowcount


@transaction("9101", nodes=("fsuploadin",), changes=True)
def upload(call: Call) -> dict[str, Any]:
    """Keep a file of the institution for a while."""
    node = call.one("fsuploadin")
    kept = content(node.get("in"))
    name = call.text(node, "filename", required=True, longest=200)
    number = f"{call.institution}{secrets.token_hex(9)}"
    ends = call.now + timedelta(seconds=call.settings.file_seconds)
    call.connection.execute(
        "insert into file_ticket (number, institution, name, content, made_at, expires_at)"
        " values (%s, %s, %s, %s, %s, %s)",
        [number, call.institution, name, kept, call.now, ends],
    )
    values = {
        "file_qury_no": number,
        "filename": name,
        "fixmedins_code": call.institution,
        "dld_endtime": show_instant(ends),
    }
    return fill(UPLOADED, values)


@transaction("9102", nodes=("fsdownloadin",))
def download(call: Call) -> Download:
    """The bytes of a file that is the institution's own or everyone's.

    Refuses: file_unknown.
    """
    node = call.one("fsdownloadin")
    number = call.text(node, "file_qury_no", required=True, longest=60)
    row = call.connection.execute(
        "select content, name from file_ticket where number = %s and institution = any(%s)"
        " and expires_at > %s",
        [number, [call.institution, EVERYONE], call.now],
    ).fetchone()
    if row is None:
        raise Refusal("file_unknown", "file_qury_no", {"value": number[:40]})
    return Download(bytes(row[0]), str(row[1]))
