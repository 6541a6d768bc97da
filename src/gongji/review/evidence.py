"""Papers that are handed in: their type, size and content are checked, they are kept encrypted.

They lie in the database with the command, so that every backup has them.
"""

import hashlib
import re
import zlib
from typing import Any

import msgspec
import psycopg

from gongji.platform.command_rows import CommandRow, add_evidence
from gongji.platform.message_seal import MessageSeal
from gongji.refusals import Fault, Refusal

Connection = psycopg.Connection[Any]
MOST_BYTES = 10 * 1024 * 1024
"""How large a paper may be."""
STARTS = {
    "application/pdf": (b"%PDF-",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
}
"""How the types of papers begin."""
ENDS = {
    "application/pdf": (b"%%EOF",),
    "image/jpeg": (b"\xff\xd9",),
    "image/png": (b"IEND\xaeB`\x82",),
}
UNSAFE = (
    *(b"/JavaScript", b"/Rendition", b"/Launch", b"/EmbeddedFile", b"/OpenAction", b"/RichMedia"),
    *(b"/SubmitForm", b"/ImportData"),
)
"""What a PDF does by itself. Each name is so long that no picture has it by chance: `/JS`, which
every second scan of ten megabytes has, stands beside one of the first two."""
TAIL = 1024
AFTER = b"\0\t\n\r "
"""What may follow a file's end: scanners and phones fill it up."""
_MOVING = re.compile(rb"\xff\xd9.{4}ftyp", re.DOTALL)
"""A phone's photograph with a moving one behind it."""
_ESCAPED = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM, END = re.compile(rb"(?<!end)stream\r?\n"), b"endstream"
HEAD = 1000
"""How long the head of a packed stream is at most."""
MOST_UNPACKED = 4 * MOST_BYTES
"""How much all of them come to."""


class PaperFile(msgspec.Struct, frozen=True):
    """A paper as it was handed in."""

    name: str
    content: bytes


def type_of(paper: PaperFile) -> str:
    """The type of a paper by what is in it, whatever its file is called.

    Refuses: evidence_size, evidence_type, evidence_unsafe.
    """
    size = len(paper.content)
    if not 0 < size <= MOST_BYTES:
        values = {"value": paper.name, "size": str(size), "most": str(MOST_BYTES)}
        raise Refusal("evidence_size", "file", values)
    tail = paper.content.rstrip(AFTER)[-TAIL:]
    for kind, starts in STARTS.items():
        moving = kind == "image/jpeg" and _MOVING.search(paper.content)
        if paper.content.startswith(starts) and (moving or any(one in tail for one in ENDS[kind])):
            if kind == "application/pdf" and _acts(paper.content):
                raise Refusal("evidence_unsafe", "file", {"value": paper.name})
            return kind
    raise Refusal("evidence_type", "file", {"value": paper.name})


def _acts(content: bytes) -> bool:
    """Whether a PDF does something by itself, or has objects that cannot be looked into."""
    if _says_so(content):
        return True
    left = MOST_UNPACKED
    for found in _STREAM.finditer(content):
        head = content[max(0, found.start() - HEAD) : found.start()].rpartition(b"obj")[2]
        if b"/ObjStm" in _unescaped(head):
            objects = _unpacked(content[found.end() : content.find(END, found.end())], left)
            if objects is None or _says_so(objects):
                return True
            left -= len(objects)
    return False


def _unpacked(packed: bytes, most: int) -> bytes | None:
    """Objects as they were before they were packed; None where they are no such, or too many."""
    unpacking = zlib.decompressobj()
    try:
        found = unpacking.decompress(packed, max(most, 1))
    except zlib.error:
        return None
    return found if unpacking.eof else None


def _says_so(content: bytes) -> bool:
    plain = _unescaped(content)
    return any(one in plain for one in UNSAFE)


def _unescaped(content: bytes) -> bytes:
    """The content with the signs of names as they are read: `/J#53` is /JS."""
    return _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), content)


def keep(
    connection: Connection, seal: MessageSeal, command: CommandRow, paper: PaperFile, retention: str
) -> bytes:
    """Keep a paper with its command; gives its SHA-256. The same one again changes nothing.

    Refuses: as `type_of`; the database does where the command is submitted (evidence_open).
    """
    kind = type_of(paper)
    digest = hashlib.sha256(paper.content).digest()
    sealed = seal.seal(_place(command.id, paper.name), digest.hex(), paper.content)
    size = len(paper.content)
    row = [command.id, paper.name, digest, kind, size, str(seal.key_id), sealed, retention]
    add_evidence(connection, row)
    return digest


def open_paper(connection: Connection, seal: MessageSeal, number: int) -> tuple[str, PaperFile]:
    """A paper by its number: its type and its content.

    Refuses: Fault where it is not there, or is not what was handed in.
    """
    row = connection.execute(
        "select command, paper, sha256, type, key_id, sealed from evidence where id = %s", [number]
    ).fetchone()
    if row is None:
        raise Fault(f"没有第 {number} 号材料")
    command, name, digest, kind, key_id, sealed = row
    content = seal.open(_place(command, name), digest.hex(), sealed, int(key_id))
    if hashlib.sha256(content).digest() != digest:
        raise Fault(f"第 {number} 号材料与提交时不同")
    return kind, PaperFile(name, content)


def _place(command: int, name: str) -> tuple[str, str, str]:
    return "evidence", str(command), name
