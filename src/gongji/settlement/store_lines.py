"""Write priced bills: batches with their lines, and purchases with their visits too.

Ids are drawn first, so that any number of bills takes the same few statements. Pricing and checks
are done before (`gongji.settlement.price_bills`); these functions run inside the caller's
transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from gongji.settlement.batch_summary import AMOUNTS, batch_of
from gongji.settlement.contract import Purchase
from gongji.settlement.price_bills import PricedBill

_IDS = """select nextval(pg_get_serial_sequence(%s, 'id')) from generate_series(1, %s)"""

_VISITS = """insert into visit (id, area, person_id, institution, msgid, begun_at, med_type,
  disease, number, details, diagnoses)
select v.*, '[]'::jsonb from unnest(%s::bigint[], %s::text[], %s::bigint[], %s::text[], %s::text[],
  %s::timestamptz[], %s::text[], %s::text[], %s::text[], %s::jsonb[]) v"""

_BATCHES = """insert into charge_batch (id, visit_id, number, disease, total_fen,
  above_standard_fen, wholly_own_fen, first_self_pay_fen, in_scope_fen, parts, marks)
select * from unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::bigint[],
  %s::bigint[], %s::bigint[], %s::bigint[], %s::jsonb[], %s::jsonb[])"""

_LINES = """insert into fee_line (batch_id, serial, item, own_item, version, quantity_e4,
  price_micro, amount_fen, above_standard_fen, wholly_own_fen, first_self_pay_fen, in_scope_fen,
  details)
select * from unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[],
  %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
  %s::jsonb[])"""

PURCHASE_BATCH = "1"
"""The number of the only batch of a purchase."""


@dataclass(frozen=True)
class NewBatch:
    """A priced bill to be kept as a batch of a visit."""

    visit: int
    number: str
    disease: str
    priced: PricedBill


@dataclass(frozen=True)
class NewPurchase:
    """A purchase to be kept: a visit, a batch and its lines. `person` is the id."""

    area: str
    person: int
    msgid: str
    purchase: Purchase
    priced: PricedBill
    number: str = ""


def draw_ids(connection: psycopg.Connection[Any], table: str, count: int) -> list[int]:
    """So many new ids of a table."""
    return [int(row[0]) for row in connection.execute(_IDS, [table, count])]


def write_batches(connection: psycopg.Connection[Any], batches: Sequence[NewBatch]) -> list[int]:
    """Keep batches with their lines: three statements, however many; gives their ids."""
    if not batches:
        return []
    ids = draw_ids(connection, "charge_batch", len(batches))
    rows = [_batch_row(number, batch) for number, batch in zip(ids, batches, strict=True)]
    connection.execute(_BATCHES, _columns(rows))
    lines = [
        row
        for number, batch in zip(ids, batches, strict=True)
        for row in _line_rows(number, batch.priced)
    ]
    connection.execute(_LINES, _columns(lines))
    return ids


def write_purchase(
    connection: psycopg.Connection[Any], purchases: Sequence[NewPurchase]
) -> list[tuple[int, int]]:
    """Keep purchases: (id of the visit, id of the batch) for each, in their order.

    For `settle`, inside its transaction and for trials not at all: price every purchase of the
    gathered requests with one `price_bills`, sum up with `sums_for(batch_of(priced), benefit)`,
    write all of them with one call of this, and name the visit and the batch in the entry. Five
    statements for any number of purchases and lines. `settlement_batch` and
    `prescription_use` are the settlement's to write.
    """
    if not purchases:
        return []
    visits = draw_ids(connection, "visit", len(purchases))
    connection.execute(
        _VISITS,
        _columns(
            [
                (
                    visit,
                    new.area,
                    new.person,
                    new.priced.bill.institution,
                    new.msgid,
                    new.purchase.begun_at,
                    new.purchase.med_type,
                    new.purchase.disease,
                    new.number,
                    Jsonb(new.purchase.details),
                )
                for visit, new in zip(visits, purchases, strict=True)
            ]
        ),
    )
    batches = write_batches(
        connection,
        [
            NewBatch(visit, PURCHASE_BATCH, new.purchase.disease, new.priced)
            for visit, new in zip(visits, purchases, strict=True)
        ],
    )
    return list(zip(visits, batches, strict=True))


def _columns(rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _batch_row(number: int, batch: NewBatch) -> tuple[Any, ...]:
    made = batch_of(batch.priced)
    return (
        number,
        batch.visit,
        batch.number,
        batch.disease,
        made.total_fen,
        *(getattr(made, name) for name in AMOUNTS),
        Jsonb(made.parts),
        Jsonb(msgspec.to_builtins(made.marks)),
    )


def _line_rows(batch: int, priced: PricedBill) -> list[tuple[Any, ...]]:
    """Lines as they are kept, split as where the disease does not matter.

    What the reply says beside the request (limit, share, memo) is kept in the details, under
    `priced`, so that a query repeats it and need not price again.
    """
    return [
        (
            batch,
            line.line.serial,
            line.line.item,
            line.line.own_item,
            line.version.id if line.version else None,
            line.line.quantity_e4,
            line.line.price_micro,
            line.line.amount_fen,
            *line.split,
            Jsonb(line.line.details | {"priced": priced_details(line)}),
        )
        for line in priced.lines
    ]


def priced_details(line: Any) -> dict[str, Any]:
    """What the reply says of a line beside its amounts, by our names."""
    return {
        "limit_fen": line.price_limit_fen,
        "share_ppm": line.share_ppm,
        "grade": line.grade_code,
        "charge_type": line.charge_type,
        "essential": line.essential,
        "negotiated": line.negotiated,
        "restricted": line.restricted,
        "prescription": line.line.prescription,
        "prescriber": line.prescriber,
        "approved": line.line.approved,
        "memo": line.memo,
    }
