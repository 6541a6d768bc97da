"""The file that a bank pays by: one line for each order of a confirmed batch, and a line of totals.

Its columns are documented in docs/operate/bank-file.md. The same batch gives the same bytes, and
each making is kept with its hash, so that a file that was sent twice is seen.
"""

import csv
import hashlib
import io
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from gongji.agency.payees import open_payee, payees_by_id
from gongji.agency.payouts import BATCH, PayoutOrder, fund_words, orders_of
from gongji.people.person_rows import persons_by_id
from gongji.platform import trail
from gongji.platform.actors import Actor
from gongji.platform.command_rows import find_command
from gongji.platform.message_seal import MessageSeal
from gongji.refusals import Refusal
from gongji.tabular.formulas import no_formula
from gongji.units import Fen, yuan_text

Connection = psycopg.Connection[Any]
COLUMNS = (
    *("批次号", "序号", "业务参考号", "付款资金", "收款人户名", "收款账号", "开户银行"),
    *("金额", "附言"),
)
TOTAL = "合计"


@dataclass(frozen=True)
class BankFile:
    """A bank file: its rows (texts, amounts in yuan), totals, bytes as CSV and their hash.

    Shape:   `number`: the how-manieth time that it was made.
    """

    batch: int
    rows: tuple[tuple[str, ...], ...]
    count: int
    total_fen: Fen
    by_fund: dict[str, Fen]
    content: bytes
    sha256: str
    number: int


def bank_file(
    connection: Connection, seal: MessageSeal, batch: int, *, actor: Actor, now: datetime
) -> BankFile:
    """The file of a batch that was confirmed; that it was made is kept and stands in the trail.

    Orders that the bank returned meanwhile stay in it: it says what was ordered.
    Refuses: command_unknown; payout_unconfirmed.
    """
    row = find_command(connection, batch)
    if row is None or row.kind != BATCH:
        raise Refusal("command_unknown", "batch", {"value": str(batch)})
    orders = orders_of(connection, batch)
    if row.state != "executed":
        raise Refusal("payout_unconfirmed", "batch", {"value": str(batch)})
    rows = _rows(connection, seal, orders)
    content = _csv(rows)
    digest = hashlib.sha256(content).digest()
    with connection.transaction():
        number = _keep(connection, batch, digest, actor, now)
        said = f"银行文件 第 {batch} 批 第 {number} 次"
        ids = tuple(order.id for order in orders)
        trail.log(connection, (actor.kind, actor.id), trail.Trace(trail.ACT, said, ids=ids))
    funds: dict[str, Fen] = {}
    for order in orders:
        funds[order.fund] = funds.get(order.fund, 0) + order.fen
    total = sum(funds.values())
    return BankFile(batch, rows, len(orders), total, funds, content, digest.hex(), number)


def _rows(
    connection: Connection, seal: MessageSeal, orders: list[PayoutOrder]
) -> tuple[tuple[str, ...], ...]:
    persons = {one.id: one for one in persons_by_id(connection, {o.person for o in orders})}
    payees = payees_by_id(connection, sorted({order.payee for order in orders}))
    made = []
    for order in orders:
        payee = payees[order.payee]
        number = open_payee(seal, payee, persons[order.person].psn_no)
        said = f"医保支付{order.source}"
        words = fund_words(order.fund)
        place = (str(order.batch), str(order.line), str(order.id))
        to = (payee.holder, number, payee.bank)
        made.append((*place, words, *to, yuan_text(order.fen), said))
    total = sum(order.fen for order in orders)
    batch = str(orders[0].batch) if orders else ""
    count = f"{len(orders)} 笔"
    made.append((batch, TOTAL, count, "", "", "", "", yuan_text(total), ""))
    return tuple(made)


def _csv(rows: tuple[tuple[str, ...], ...]) -> bytes:
    """Rows as CSV with a mark of UTF-8, as spreadsheets and banks' programs expect it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([no_formula(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _keep(connection: Connection, batch: int, digest: bytes, actor: Actor, now: datetime) -> int:
    connection.execute("select 1 from command where id = %s for no key update", [batch])
    row = connection.execute(
        "insert into payout_file (batch, number, sha256, actor_kind, actor, made_at)"
        " select %s, 1 + coalesce(max(number), 0), %s, %s, %s, %s from payout_file where batch = %s"
        " returning number",
        [batch, digest, actor.kind, actor.id, now, batch],
    ).fetchone()
    assert row is not None
    return int(row[0])
