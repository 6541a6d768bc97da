"""Correcting what is kept of a person's own particulars; what stood before stays known.

Law:     《个人信息保护法》 第四十六条: who finds what is kept of them wrong has it corrected.
The number of the certificate and dated facts are not corrected here: they are imported and filed.
"""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from psycopg import Connection
from psycopg.types.json import Jsonb

from gongji.people.person_rows import Person, lock_person
from gongji.platform.actors import Actor
from gongji.platform.commands import command
from gongji.refusals import Refusal

PARTICULARS = {"name": "姓名", "sex": "性别", "ethnicity": "民族"}
_CORRECT = "select correct_particulars(%s, %s, %s, %s, %s, %s, %s)"


class Particulars(msgspec.Struct, frozen=True):
    """What is right; what is not given stays as it is. Sex 1, 2 or 9, ethnicity by GB/T 3304."""

    psn_no: str
    name: Annotated[str, msgspec.Meta(max_length=50)] = ""
    sex: Literal["", "1", "2", "9"] = ""
    ethnicity: Annotated[str, msgspec.Meta(pattern="^([0-9]{2})?$")] = ""


class CorrectionOrder(msgspec.Struct, frozen=True):
    """A correction with the command that it was approved by."""

    right: Particulars
    command: int


def changes(person: Person, right: Particulars) -> dict[str, tuple[str, str]]:
    """Field -> what stands and what is right, where they differ.

    Refuses: nothing_corrected.
    """
    found = {
        name: (str(getattr(person, name)), str(getattr(right, name)))
        for name in PARTICULARS
        if getattr(right, name) not in ("", getattr(person, name))
    }
    if not found:
        raise Refusal("nothing_corrected", "psn_no")
    return found


@command("staff")
def correct_person(
    connection: Connection, content: CorrectionOrder, *, actor: Actor, now: datetime
) -> Person:
    """Correct a person's particulars; gives the person as they stood.

    Refuses: person_unknown, nothing_corrected; the database does where the command is not approved
             or about somebody else (correction_approved).
    """
    person = lock_person(connection, content.right.psn_no)
    found = changes(person, content.right)
    made = {name: getattr(person, name) for name in PARTICULARS}
    made |= {name: right for name, (_, right) in found.items()}
    was = Jsonb({name: stood for name, (stood, _) in found.items()})
    particulars = [made[name] for name in PARTICULARS]
    connection.execute(_CORRECT, [content.command, person.id, *particulars, was, now])
    return person
