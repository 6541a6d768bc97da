"""A kind of command for the tests of review: a bill with a chain of three steps by two agencies.

It stands for what pays money: its chain is Chuxiong's (county, prefecture, prefecture), its ground
a row that the test moves, its effect a row that counts how often it was carried out.
"""

from typing import Any

import msgspec
import psycopg

from gongji.review.command_kinds import Case, CommandKind, Examination, PreviewLine

KIND = "manual_reimbursement"
PAPERS = ("医保凭证", "医疗费用发票", "病历")


class Bill(msgspec.Struct, frozen=True):
    """So many fen for a person."""

    fen: int


def prepare(owner: psycopg.Connection[Any]) -> None:
    """The tables of the ground and of the effect."""
    owner.execute("create table bill_ground (ground int not null)")
    owner.execute("insert into bill_ground values (0)")
    owner.execute("create table bill_effect (command bigint not null, fen bigint not null)")
    owner.execute("grant select on bill_ground to gongji_console")
    owner.execute("grant select, insert on bill_effect to gongji_console")


def _examine(case: Case) -> Examination:
    row = case.connection.execute("select ground from bill_ground").fetchone()
    assert row is not None
    fen = case.content.fen
    return Examination(
        {"ground": row[0]}, (PreviewLine("报销", fen),), fen, (int(case.row.subject),)
    )


def _act(case: Case) -> str:
    case.connection.execute(
        "insert into bill_effect values (%s, %s)", [case.row.id, case.content.fen]
    )
    return "已支付"


BILL = CommandKind(KIND, "零星报销", Bill, ("handler",), _examine, _act, item=True)
