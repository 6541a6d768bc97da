"""An area with a prefecture's agency and two counties', staff in every post, and some persons."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import msgspec
import psycopg

from gongji.agency import items
from gongji.platform.actors import Actor
from gongji.platform.command_rows import find_command
from gongji.platform.inbox import inbox_of
from gongji.platform.law_book import LawBook
from gongji.platform.message_seal import seal_of
from gongji.review import desk as life
from gongji.review.desk import Acting, Became, Desk, Drafting
from gongji.review.evidence import PaperFile
from gongji.review.posts import PostGrant, grant_post
from gongji.review.staff import Agency, NewStaff, add_agency, add_staff
from gongji.review.working_days import NewYear, enter_year

Connection = psycopg.Connection[Any]
AREA, COUNTY, OTHER_COUNTY, ELSEWHERE = "532300", "532301", "532322", "430500"
POSTS = (
    *("handler", "first_reviewer", "second_reviewer", "inspector", "accountant", "cashier"),
    *("business", "finance", "technician", "supervisor", "reader"),
    *("administrator", "security_officer", "audit_officer"),
)
PLACES = {"county": (AREA, COUNTY), "other": (AREA, OTHER_COUNTY), "city": (AREA, AREA)}
PLACES |= {"all": (AREA, ""), "elsewhere": (ELSEWHERE, "")}
PDF = b"%PDF-1.4\n1 0 obj\n%%EOF\n"
OPERATOR = Actor.operator("t")
assert items.ALL


class World:
    """The area, and whoever acts in it; `by` is a connection in the console's role."""

    def __init__(self, owner: Connection, by: Connection) -> None:
        self.owner, self.by, self.law = owner, by, LawBook()
        self.numbers = count(1)
        self.inbox, self.seal = inbox_of(b"i" * 32, b"l" * 32), seal_of(b"i" * 32, b"l" * 32)
        self.now = datetime.now(UTC)
        for area, codes in ((AREA, (AREA, COUNTY, OTHER_COUNTY)), (ELSEWHERE, (ELSEWHERE,))):
            for code in codes:
                parent, level = (None, "prefecture") if code == area else (area, "county")
                made = Agency(code, area, parent, level, f"测试经办机构{code}")
                add_agency(owner, made, actor=OPERATOR, now=self.now)
        for year in range(self.now.year, self.now.year + 2):
            enter_year(owner, NewYear(year, "测试", ()))
        for number in range(1, 9):
            owner.execute(
                "insert into person (id, psn_no, area, name, certificate, certificate_hash)"
                " values (%s, %s, %s, %s, '', %s)",
                [number, f"5323000000000000000{number}", AREA, f"测试{number}", f"h{number}"],
            )

    def desk(self) -> Desk:
        """The desk at the instant of the world, in the console's role."""
        return Desk(self.by, self.law, self.inbox, self.seal, self.now)

    def staff(self, subject: str, person: int | None = None) -> int:
        """A member of staff without a post."""
        made = NewStaff(subject, f"测试{subject}", person)
        return add_staff(self.owner, made, actor=OPERATOR, now=self.now).staff

    def post(
        self, subject: str, post: str, place: str = "county", person: int | None = None
    ) -> Actor:
        """Somebody who holds a post at a place from ten days ago on."""
        area, agency = PLACES[place]
        since = self.desk().today - timedelta(days=10)
        grant = PostGrant(self.staff(subject, person), post, area, since, None, agency)
        grant_post(self.owner, grant, actor=OPERATOR, now=self.now)
        return Actor.staff(subject, post, area)

    def msg(self) -> str:
        """A message id that was not used."""
        return f"m{next(self.numbers)}"

    def bond(self, person: int = 1, owner: int = 2) -> dict[str, Any]:
        """The form of a bond."""
        return {
            "psn_no": f"5323000000000000000{person}",
            "name": f"测试{person}",
            "owner": f"5323000000000000000{owner}",
            "owner_name": f"测试{owner}",
            "relation": "child",
            "consented_on": str(self.desk().today),
        }

    def draft(self, actor: Actor, content: dict[str, Any] | None = None, **given: str) -> int:
        """A draft of a bond with its paper."""
        content = content or self.bond()
        fields = {"kind": "family_bond", "area": AREA, "agency": COUNTY}
        fields |= {"subject_kind": "person", "subject": "1"} | given
        asked = Drafting(self.msg(), **fields, content=content)
        told = life.draft(self.desk(), actor, asked)
        if fields["kind"] == "family_bond":
            life.add_paper(self.desk(), actor, told.command, PaperFile("结婚证", PDF))
        return told.command

    def acting(self, number: int, **changed: Any) -> Acting:
        """An act on a command as it is seen now."""
        row = find_command(self.owner, number)
        assert row is not None
        try:
            seen = life.preview(self.desk(), number).seen
        except Exception:
            seen = ""
        made = Acting(self.msg(), number, row.version, seen, "")
        return msgspec.structs.replace(made, **changed)

    def submitted(self, actor: Actor, content: dict[str, Any] | None = None, **given: str) -> int:
        """A command that was submitted."""
        number = self.draft(actor, content, **given)
        life.submit(self.desk(), actor, self.acting(number))
        return number

    def approve(self, actor: Actor, number: int, **changed: Any) -> Became:
        """The step whose turn it is."""
        return life.approve(self.desk(), actor, self.acting(number, **changed))

    def state(self, number: int) -> str:
        """The state of a command."""
        row = find_command(self.owner, number)
        assert row is not None
        return row.state


def year_days(year: int) -> list[date]:
    """Every day of a year."""
    first = date(year, 1, 1)
    return [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]
