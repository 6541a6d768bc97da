"""Tables as SQL: a room's migration runs the file that stands beside it.

The files are the schema, walls and all; there is no second description of a table.
"""

from pathlib import Path

from django.db.migrations import RunSQL


def tables(beside: str, name: str) -> RunSQL:
    """The operation of a migration that runs `name` of the migration's room.

    `beside` is the migration's own `__file__`.
    """
    return RunSQL((Path(beside).parents[1] / name).read_text(encoding="utf-8"))


def step(beside: str) -> RunSQL:
    """The operation of a later migration: runs `steps/<its name>.sql` of the migration's room.

    `beside` is the migration's own `__file__`. The file of the tables as they began stays as it
    was: whoever has them is led on by the steps, whoever begins runs both.
    """
    own = Path(beside)
    return RunSQL((own.parents[1] / "steps" / f"{own.stem}.sql").read_text(encoding="utf-8"))
