"""Tables for people: text that lines up where Chinese characters are two columns wide."""

import shutil
import sys
from collections.abc import Sequence

Row = Sequence[str]
_WIDE = 10_000
"""Columns of a table that is piped into a file or a program: nothing is folded there."""


def print_table(
    headers: Row, rows: Sequence[Row], joined: Sequence[tuple[int, ...]] = (), styles: Row = ()
) -> None:
    """A table on standard output: a line for each row, folded only to fit a terminal.

    `joined` are the columns that share a cell on a terminal, one below the other; `styles` gives
    each row a style of rich, or nothing.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    terminal = sys.stdout.isatty()
    console = Console(width=shutil.get_terminal_size().columns if terminal else _WIDE)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, leading=int(terminal and bool(joined)))
    if terminal and joined:
        headers = [headers[group[0]] for group in joined]
        rows = [["\n".join(row[at] for at in group if row[at]) for group in joined] for row in rows]
    for header in headers:
        table.add_column(header, overflow="fold")
    for number, row in enumerate(rows):
        table.add_row(*map(Text, row), style=styles[number] if styles else "")
    console.print(table)
