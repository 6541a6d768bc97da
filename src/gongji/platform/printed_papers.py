"""Papers as PDF in Chinese type: what stands on one is data, its form is one file.

Whoever prints says who made and who checked it; this module knows no business.
"""

from pathlib import Path

import msgspec
import typst

FORM = Path(__file__).parent / "print" / "paper.typ"


class PrintedTable(msgspec.Struct, frozen=True):
    """A table of a paper.

    Shape:   `numbers` are the columns, from 0, that stand to the right; `sums` how many of the last
             rows are sums.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...] = ()
    sums: int = 0


class PrintedPaper(msgspec.Struct, frozen=True):
    """A paper: title, place, facts, tables, texts, and who signs; `wide` lies on its side."""

    title: str
    place: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[PrintedTable, ...] = ()
    texts: tuple[str, ...] = ()
    signed: tuple[tuple[str, str], ...] = ()
    wide: bool = False


def printed(paper: PrintedPaper) -> bytes:
    """A paper as PDF."""
    made = typst.compile(FORM, sys_inputs={"paper": msgspec.json.encode(paper).decode()})
    assert isinstance(made, bytes)
    return made
