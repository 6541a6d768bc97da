"""Bring what is encrypted by a former key, or by other algorithms, to those of now.

Rooms name the columns that hold such texts; messages and papers stay as they were written, and are
opened by the former keys as long as they are kept.
"""

from collections.abc import Iterable
from typing import Any

import psycopg
from psycopg import sql

from gongji.platform.identity import Identity

Connection = psycopg.Connection[Any]
LOT = 5_000
Place = tuple[str, str, str]
"""A table, its primary key, the column that is encrypted."""


def rotate(connection: Connection, identity: Identity, places: Iterable[Place]) -> int:
    """Encrypt anew whatever is not by the key of now; gives how much. By the owner of the tables.

    The caller holds no transaction. Broken off it is taken up by running again; the fingerprint
    of the new key is kept last.
    Refuses: Fault where something is by no key that is known.
    """
    count = 0
    for table, key, column in places:
        after: Any = None
        while True:
            with connection.transaction():
                asked = [LOT] if after is None else [after, LOT]
                rows = connection.execute(_some(table, key, column, after), asked).fetchall()
                old = [row for row in rows if not identity.is_current(row[1])]
                for number, sealed in old:
                    anew = identity.encrypt(identity.decrypt(sealed))
                    connection.execute(_anew(table, key, column), [anew, number])
            count += len(old)
            if len(rows) < LOT:
                break
            after = rows[-1][0]
    identity.keep_fingerprints(connection)
    return count


def _some(table: str, key: str, column: str, after: Any) -> sql.Composed:
    beyond = "true" if after is None else "{key} > %s"
    return sql.SQL(
        f"select {{key}}, {{column}} from {{table}} where {beyond} and {{column}} <> ''"
        " order by {key} limit %s for no key update"
    ).format(key=sql.Identifier(key), column=sql.Identifier(column), table=sql.Identifier(table))


def _anew(table: str, key: str, column: str) -> sql.Composed:
    return sql.SQL("update {table} set {column} = %s where {key} = %s").format(
        key=sql.Identifier(key), column=sql.Identifier(column), table=sql.Identifier(table)
    )
