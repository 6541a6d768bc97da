"""A table of a report's page."""

import html
from collections.abc import Iterable, Sequence


def html_table(
    heads: Iterable[str], rows: Iterable[Sequence[str]], texts: Iterable[bool] = ()
) -> str:
    """A table of texts, each escaped; `texts` marks the columns that are words and no numbers."""
    marks = [' class="text"' if text else "" for text in texts]
    top = "".join(f"<th>{html.escape(head)}</th>" for head in heads)
    body = "".join(f"<tr>{_cells(row, marks)}</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def _cells(row: Sequence[str], marks: Sequence[str]) -> str:
    told = zip(row, marks or [""] * len(row), strict=True)
    return "".join(f"<td{mark}>{html.escape(cell)}</td>" for cell, mark in told)
