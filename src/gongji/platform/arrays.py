"""Columns of values as PostgreSQL array literals: many rows in one parameter each, written quickly.

The driver's own arrays are general and take longer than all the rest of a settlement; these know
that a column has values of one kind.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode
PARTING = "\0"


def array(values: Iterable[Any]) -> str:
    """Numbers, dates and instants, or None, as an array literal."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def texts(values: Iterable[str | None]) -> str:
    """Texts, or None, as an array literal."""
    values = list(values)
    if not values or None in values:
        return "{" + ",".join([_quoted(value) for value in values]) + "}"
    # All at once; what parts them here is what no text of PostgreSQL can hold.
    whole = PARTING.join(values)  # type: ignore[arg-type]
    if whole.count(PARTING) >= len(values):
        raise ValueError("a text holds a NUL")
    if "\\" in whole or '"' in whole:
        whole = whole.replace("\\", "\\\\").replace('"', '\\"')
    return '{"' + whole.replace(PARTING, '","') + '"}'


def _quoted(text: str | None) -> str:
    if text is None:
        return "NULL"
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def instants(values: Iterable[Any]) -> str:
    """Instants as an array literal."""
    return texts([value.isoformat() for value in values])


def documents(values: Iterable[Any]) -> str:
    """Values as an array literal of JSON."""
    return texts([_encode(value).decode() for value in values])


def contents(values: Iterable[bytes | None]) -> str:
    """Bytes, or None, as an array literal of bytea."""
    written = ["NULL" if value is None else f'"\\\\x{value.hex()}"' for value in values]
    return "{" + ",".join(written) + "}"


WRITERS = {
    "bigint": array,
    "int": array,
    "date": array,
    "bool": array,
    "text": texts,
    "timestamptz": instants,
    "jsonb": documents,
    "bytea": contents,
}


def written(types: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    """Rows as one array literal a column, for unnest."""
    if not rows:
        return ["{}"] * len(types)
    columns = zip(*rows, strict=True)
    return [WRITERS[kind](column) for kind, column in zip(types, columns, strict=True)]
