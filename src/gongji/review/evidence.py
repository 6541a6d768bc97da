"""Papers that are handed in: their type, size and content are checked, they are kept encrypted.

They lie in the database with the command, so that every backup has them.
"""

import hashlib
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
UNSAFE = (b"/JavaScript", b"/JS", b"/Launch", b"/EmbeddedFile", b"/OpenAction", b"/RichMedia")
"""What a PDF does by itself."""
TAIL = 1024


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
    tail = paper.content[-TAIL:]
    for kind, starts in STARTS.items():
        if paper.content.startswith(starts) and any(end in tail for end in ENDS[kind]):
            if kind == "application/pdf" and any(one in paper.content for one in UNSAFE):
                raise Refusal("evidence_unsafe", "file", {"value": paper.name})
            return kind
    raise Refusal("evidence_type", "file", {"value": paper.name})


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
