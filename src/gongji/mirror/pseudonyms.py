"""Personal numbers as keyed pseudonyms: the same number gives the same text, only the key tells.

The key is made once for a folder of tables and lies beside them, readable by its user alone; who
passes the tables on leaves it out.
"""

import hashlib
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from gongji.refusals import Refusal

KEY_FILE = "pseudonym.key"
_SIZE = 10
_MOST = 1 << 21
"""So many numbers are remembered before the memory is emptied."""


def load_key(folder: Path, given: Path | None) -> bytes:
    """The key of a folder: from a file that was given, else its own, made where there is none.

    Refuses: value_invalid for a key of fewer than 16 bytes.
    """
    path = given or folder / KEY_FILE
    if given is None and not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
    key = path.read_bytes().strip()
    if len(key) < 16:
        values = {"value": f"{len(key)} 个字节", "allowed": "至少 16 个字节"}
        raise Refusal("value_invalid", "--key", values)
    return key


@dataclass
class Pseudonyms:
    """Turns numbers into pseudonyms and remembers those of the last pieces.

    Shape:   without a `key` numbers stay as they are; `aliases` leads a local number to the
             national one of the same person.
    """

    key: bytes | None
    aliases: Mapping[str, str] = field(default_factory=dict)
    _known: dict[str, str] = field(default_factory=dict)

    def of(self, number: str) -> str:
        """The pseudonym of a number, `p` and twenty hexadecimal digits."""
        number = self.aliases.get(number, number)
        if self.key is None:
            return number
        digest = hashlib.blake2b(number.encode(), key=self.key[:64], digest_size=_SIZE)
        return f"p{digest.hexdigest()}"

    def column(self, numbers: pl.Series) -> pl.Series:
        """A column of numbers as pseudonyms; nothing stays nothing."""
        if len(self._known) > _MOST:
            self._known.clear()
        known, of = self._known, self.of
        distinct = numbers.unique().drop_nulls()
        for number in distinct:
            if number not in known:
                known[number] = of(number)
        made = pl.Series([known[number] for number in distinct], dtype=pl.String)
        if not len(distinct):
            return numbers
        return numbers.replace_strict(distinct, made, default=None, return_dtype=pl.String)
