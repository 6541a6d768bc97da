"""Who acts: an institution, an insured person, a member of staff, a job, the operator.

Who acted stands on every row that is written, so that a row can always be asked who made it, in
which post and for which area. This module knows no table and no right: what an actor may do is said
where a command is declared.
"""

from typing import Literal

import msgspec

KINDS = {
    "institution": "定点医药机构",
    "person": "参保人",
    "staff": "经办人员",
    "job": "定时任务",
    "operator": "系统操作员",
}
"""The kinds of actors, with what people call them."""
SOURCE_LONGEST = 100


class Actor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who acts.

    Shape:   `id` is the code of an institution, the psn_no of a person, the account of a member of
             staff, the name of a job or of the operator's account; `post` what a member of staff
             holds; `area` the pooling area acted for, None where it is no one area.
    """

    kind: Literal["institution", "person", "staff", "job", "operator"]
    id: str
    post: str | None = None
    area: str | None = None

    def source(self, message: str = "") -> str:
        """How a row tells who made it: kind, id and, where there was one, the message."""
        parts = [self.kind, self.id, *([message] if message else [])]
        return "|".join(parts)[:SOURCE_LONGEST]

    @classmethod
    def institution(cls, code: str, area: str | None = None) -> "Actor":
        """An institution, by its national code; `area` is the one that it is in."""
        return cls("institution", code, area=area)

    @classmethod
    def person(cls, psn_no: str, area: str | None = None) -> "Actor":
        """An insured person, by number; `area` is where this person is insured."""
        return cls("person", psn_no, area=area)

    @classmethod
    def staff(cls, account: str, post: str, area: str) -> "Actor":
        """A member of the agency's staff, in a post and an area: both are always known."""
        return cls("staff", account, post, area)

    @classmethod
    def job(cls, name: str, area: str | None = None) -> "Actor":
        """A job that runs at a fixed time, by its name."""
        return cls("job", name, area=area)

    @classmethod
    def operator(cls, account: str) -> "Actor":
        """Whoever operates the installation from the command line, by the account there."""
        return cls("operator", account)


def institution_source(source: str) -> tuple[str, str]:
    """Institution and message of a row that an institution made; both empty for any other."""
    kind, _, rest = source.partition("|")
    code, _, message = rest.partition("|")
    return (code, message) if kind == "institution" else ("", "")
