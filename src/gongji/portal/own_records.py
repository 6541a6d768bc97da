"""Who is signed in, and what the rooms hold of this person, and of nobody else.

Everything here takes the person whose pages these are; there is no way to name another. Reading is
done in the role of the gateways, which owns nothing.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import wraps
from typing import Any

import psycopg
import structlog
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from gongji.institutions import institution_rows
from gongji.ledger import person_journal
from gongji.ledger.entry_contents import SettledFacts
from gongji.ledger.entry_rows import EntryRow
from gongji.people import person_rows
from gongji.people.person_rows import Person
from gongji.platform import trail
from gongji.platform.actors import Actor
from gongji.platform.identity import mask_name, mask_number
from gongji.platform.page_connection import page_connection
from gongji.review.record_looks import looks_told
from gongji.units import Fen

Connection = psycopg.Connection[Any]
RELATIONS = {"spouse": "配偶", "parent": "父母", "child": "子女", "close_relative": "其他近亲属"}
log = structlog.get_logger("portal")


def journal() -> AbstractContextManager[Connection]:
    """A connection to the journal in the role of the pages, whoever Django signs in as."""
    return page_connection("gongji_pages")


@dataclass(frozen=True)
class Visitor:
    """The person signed in, with a connection to read what is theirs."""

    person: Person
    connection: Connection

    @property
    def name(self) -> str:
        """The name as it may be shown."""
        return self.person.name

    @property
    def actor(self) -> Actor:
        """Who acts on these pages."""
        return Actor.person(self.person.psn_no, self.person.area)

    @property
    def number(self) -> str:
        """The number, shortened."""
        return mask_number(self.person.psn_no)


Page = Callable[..., HttpResponse]


def insured(page: Page) -> Page:
    """Only for a person who is signed in; every look is logged with the number shortened.

    Refuses: PermissionDenied where the user is no insured person.
    """

    @wraps(page)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = request.user
        if not user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        with journal() as connection:
            found = person_rows.find_person(connection, user.get_username())
            if found is None:
                raise PermissionDenied
            who = ("person", found.psn_no)
            trail.log(connection, who, trail.Trace(trail.LOOK, page.__name__, found.id, "own"))
            log.info(
                "looked",
                page=page.__name__,
                person=mask_number(found.psn_no),
                method=request.method,
            )
            answer = page(request, Visitor(found, connection), *args, **kwargs)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    return guarded


@dataclass(frozen=True)
class ShownPayer:
    """Who paid a part of a settlement: the code of a colour, the name, whose account, fen."""

    code: str
    name: str
    fen: Fen
    whose: str = ""


def payers(visitor: Visitor, row: EntryRow) -> list[ShownPayer]:
    """Who paid what of an entry: funds, accounts with their owners, cash, the institution.

    What a bill on paper gives back to the person is not their cash.
    Ensures: the parts add up to the total.
    """
    s = row.settlement
    found = [ShownPayer("pool", "统筹支付", s.pool_fen)]
    named = row.supplements
    if sum(named.values()) != s.supplements_fen:
        named = {"补充保障": s.supplements_fen}
    found += [ShownPayer("supplement", name, fen) for name, fen in named.items() if fen]
    found.append(ShownPayer("account", "个人账户", s.account_fen))
    found += _relatives(visitor, row)
    found.append(ShownPayer("cash", "现金", s.cash_fen - s.owed_fen))
    if s.borne_fen:
        found.append(ShownPayer("outside", "定点医疗机构承担", s.borne_fen))
    return found


def _relatives(visitor: Visitor, row: EntryRow) -> list[ShownPayer]:
    """The relatives' accounts that paid, each by its owner as they may be shown."""
    s = row.settlement
    sign = -1 if row.kind == "cancellation" else 1
    paid = {one: sign * fen for one, fen in row.decision.family} if row.decision else {}
    if sum(paid.values()) != s.family_fen:
        return [ShownPayer("family", "家人的账户", s.family_fen)] if s.family_fen else []
    owners = {one.id: one for one in person_rows.persons_by_id(visitor.connection, list(paid))}
    facts = s.facts
    known = facts.accounts.family if isinstance(facts, SettledFacts) else ()
    relations = {one.person: one.relation for one in known}
    return [
        ShownPayer(
            "family",
            RELATIONS.get(relations.get(one, ""), ""),
            fen,
            mask_name(owners[one].name) if one in owners else "",
        )
        for one, fen in paid.items()
        if fen
    ]


def looks(visitor: Visitor, own: bool = False) -> list[dict[str, Any]]:
    """Who else looked at the person's record, or when they did; of staff no name is told."""
    return looks_told(visitor.connection, visitor.person.id, own, 200 - 180 * own)


def entries(visitor: Visitor, most: int | None = None) -> list[EntryRow]:
    """The person's settlements, cancellations and stays, the latest first: all, or so many."""
    return person_journal.entries_of(visitor.connection, visitor.person.id, most)


def entry(visitor: Visitor, number: int) -> EntryRow | None:
    """One of the person's entries, or None where it is not the person's."""
    return person_journal.entry_of(visitor.connection, visitor.person.id, number)


def taken_back(visitor: Visitor, numbers: list[int]) -> set[int]:
    """Those of some entries that were cancelled."""
    return person_journal.cancelled_among(visitor.connection, numbers)


def institution_names(visitor: Visitor, codes: set[str]) -> dict[str, str]:
    """The names of institutions by code."""
    found = institution_rows.institutions_of(visitor.connection, codes)
    return {one.code: one.name for one in found}


def meters(visitor: Visitor) -> list[tuple[str, str, str, str, int]]:
    """What the person has used: area, period, slot, code, fen."""
    return person_journal.meters_of(visitor.connection, visitor.person.id)


def balances(visitor: Visitor) -> list[tuple[str, str, int]]:
    """The person's balances: area, kind, fen."""
    return person_journal.balances_of(visitor.connection, visitor.person.id)


def shown_name(name: str, psn_no: str) -> str:
    """Another person as they may be shown."""
    return f"{mask_name(name)} {mask_number(psn_no)}"
