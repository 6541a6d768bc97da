"""A person's accounts as they are told: every movement with its article, the sums, who issues it.

The pages of the insured and of the agency show and print the same. Where a posting names no
article, as that of an account at the counter, it is the provision by which an account may pay.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg

from gongji.institutions import institution_rows
from gongji.law.accounts import uses
from gongji.law.engine.areas import Areas
from gongji.law.rulebook.law import Law
from gongji.ledger.statement import ACCOUNTS, Movement, PersonStatement
from gongji.people.person_rows import Person
from gongji.platform.installation import installed_areas
from gongji.platform.printed_papers import PrintedPaper, PrintedTable
from gongji.refusals import Refusal
from gongji.review.staff import agencies
from gongji.units import Fen, day_of, show_fen

Connection = psycopg.Connection[Any]
OPENED = "上线时转入"
"""What an opening is called, so that nobody takes it for the balance before a statement."""
FOR_FAMILY = "家人就医"
BY_USE = ("settlement", "cancellation", "adjustment", "reimbursement")
"""Kinds of entries by which an account pays for care."""


@dataclass(frozen=True)
class AccountLine:
    """A movement as it is told.

    Units:   fen, signed. Shape: `about` the benefit, or that it was a relative's care.
    """

    day: date
    event: str
    about: str
    place: str
    article: str
    amount_fen: Fen
    balance_fen: Fen

    @property
    def risen_fen(self) -> Fen | None:
        """What came onto the account, None where nothing did."""
        return self.amount_fen if self.amount_fen > 0 else None

    @property
    def fallen_fen(self) -> Fen | None:
        """What went off it."""
        return -self.amount_fen if self.amount_fen < 0 else None


@dataclass(frozen=True)
class AccountTold:
    """One account between two days.

    Ensures: closing = opening + risen - fallen.
    """

    title: str
    opening_fen: Fen
    lines: tuple[AccountLine, ...]
    risen_fen: Fen
    fallen_fen: Fen
    closing_fen: Fen


def place_of(area: str) -> str:
    """What an area is called; by its code where it has no law."""
    try:
        return installed_areas().area(area).laws[-1].place
    except Refusal:
        return area


def issuer_of(connection: Connection, area: str, place: str) -> str:
    """Who issues papers of an area: its prefecture's agency as it is entered, else by its place."""
    tree = agencies(connection, area)
    first = next((one for one in tree.values() if one.level == "prefecture"), None)
    return first.name if first else f"{place}医疗保障经办机构"


def accounts_told(
    connection: Connection, areas: Areas, person: Person, statement: PersonStatement
) -> list[AccountTold]:
    """The accounts of a statement on which there is or was something; the personal one always."""
    moves = [move for one in statement.accounts for move in one.movements]
    codes = {move.institution for move in moves if move.institution}
    found = institution_rows.institutions_of(connection, codes)
    places = {one.code: (one.name, one.kind) for one in found}
    return [
        AccountTold(
            ACCOUNTS[one.account],
            one.opening_fen,
            tuple(_line(move, places, _law(areas, person.area, move)) for move in one.movements),
            one.risen_fen,
            one.fallen_fen,
            one.closing_fen,
        )
        for one in statement.accounts
        if one.movements or one.opening_fen or one.account == "account"
    ]


def _law(areas: Areas, area: str, move: Movement) -> Law | None:
    try:
        return areas.area(area).law(day_of(move.served or move.date))
    except Refusal:
        return None


def _line(move: Movement, places: dict[str, tuple[str, str]], law: Law | None) -> AccountLine:
    name, kind = places.get(move.institution, (move.institution, ""))
    event = OPENED if move.kind == "opening" else move.event
    about = next((n for n, c in law.benefits.items() if c == move.benefit), "") if law else ""
    if move.relation:
        about = FOR_FAMILY
    article = move.article or (_by_use(move, law, kind) if law else "")
    return AccountLine(move.date, event, about, name, article, move.amount_fen, move.balance_fen)


def _by_use(move: Movement, law: Law, kind: str) -> str:
    """The article by which an account may pay at a place, empty where the law has none."""
    if move.kind not in BY_USE:
        return ""
    pharmacy = kind == "pharmacy"
    place = "pharmacy" if pharmacy else "hospital"
    try:
        found = uses.use(law, "drugs" if pharmacy else "care", move.relation or "self", place)
    except Refusal:
        return ""
    cites = (f"{one.cite.document} {one.cite.article}" for one in found.grounds)
    return "；".join(dict.fromkeys(cites)) if found.allowed else ""


def account_paper(
    issuer: str,
    place: str,
    statement: PersonStatement,
    told: Iterable[AccountTold],
    issued: date,
    signed: tuple[tuple[str, str], ...] = (),
) -> PrintedPaper:
    """The statement on paper: who issues it for whom, when, every movement, the sums."""
    facts = (
        *(("姓名", statement.name), ("参保人编号", statement.psn_no), ("统筹区", place)),
        *(("起止日期", f"{statement.since} 至 {statement.until}"), ("出具机构", issuer)),
        ("出具日期", str(issued)),
    )
    tables = tuple(_table(one, statement) for one in told)
    texts = ("金额单位：元。对内容有疑问的，请向经办机构查询。",)
    return PrintedPaper(
        "个人账户对账单", f"{issuer}  {issued}", facts, tables, texts, signed, wide=True
    )


HEAD = ("日期", "事项", "机构", "依据", "收入", "支出", "余额")


def _table(one: AccountTold, statement: PersonStatement) -> PrintedTable:
    rows = [
        (
            str(line.day),
            f"{line.event} {line.about}".strip(),
            line.place,
            line.article,
            _yuan(line.risen_fen),
            _yuan(line.fallen_fen),
            show_fen(line.balance_fen),
        )
        for line in one.lines
    ]
    first = (str(statement.since), "期初余额", "", "", "", "", show_fen(one.opening_fen))
    added = ("", "本期合计", "", "", show_fen(one.risen_fen), show_fen(one.fallen_fen), "")
    last = (str(statement.until), "期末余额", "", "", "", "", show_fen(one.closing_fen))
    return PrintedTable(one.title, HEAD, (first, *rows, added, last), (4, 5, 6), 2)


def _yuan(fen: Fen | None) -> str:
    return "" if fen is None else show_fen(fen)
