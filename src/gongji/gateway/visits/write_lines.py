"""Priced fee lines as the interface tells them (2204 `result`, 2101 and 2102 `detlcutinfo`)."""

from collections.abc import Iterable
from typing import Any

import msgspec
import psycopg
from psycopg.rows import dict_row

from gongji.gateway.visits.settlement_fields import CUT_LINE, PRICED_LINE
from gongji.gateway.wire.fields import fill, ratio, scaled, yuan
from gongji.ledger.entry_rows import EntryRow
from gongji.settlement.price_bills import PricedLine
from gongji.units import QUANTITY_DECIMALS

UNLIMITED = msgspec.Raw(b"999999")
"""pric_uplmt_amt where nothing limits the price."""
_PRICE_DECIMALS = 6


def result(lines: Iterable[PricedLine]) -> list[dict[str, Any]]:
    """The rows of 2204."""
    return [fill(PRICED_LINE, _values(line)) for line in lines]


def cut(lines: Iterable[PricedLine]) -> list[dict[str, Any]]:
    """The rows of a purchase."""
    return [fill(CUT_LINE, _values(line)) for line in lines]


_SETTLED = """select l.serial, l.quantity_e4, l.price_micro, l.amount_fen, l.above_standard_fen,
  l.wholly_own_fen, l.first_self_pay_fen, l.in_scope_fen, l.details -> 'priced' as priced,
  coalesce(b.marks -> 'unrelated' ? l.serial, false) as unrelated
from settlement_batch s join charge_batch b on b.id = s.batch join fee_line l on l.batch_id = b.id
where s.entry = %s order by l.id"""


def settled(connection: psycopg.Connection[Any], entry: EntryRow) -> list[dict[str, Any]]:
    """The rows of a purchase that was settled before, as they are kept."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return [fill(CUT_LINE, _kept(row)) for row in cursor.execute(_SETTLED, [entry.id])]


def _kept(row: dict[str, Any]) -> dict[str, Any]:
    priced, unrelated, amount = row["priced"], row["unrelated"], row["amount_fen"]
    limit = priced["limit_fen"]
    return {
        "feedetl_sn": row["serial"],
        "det_item_fee_sumamt": yuan(amount),
        "cnt": scaled(row["quantity_e4"], QUANTITY_DECIMALS),
        "pric": scaled(row["price_micro"], _PRICE_DECIMALS),
        "pric_uplmt_amt": UNLIMITED if limit is None else yuan(limit),
        "selfpay_prop": ratio(priced["share_ppm"]),
        "fulamt_ownpay_amt": yuan(amount if unrelated else row["wholly_own_fen"]),
        "overlmt_amt": yuan(0 if unrelated else row["above_standard_fen"]),
        "preselfpay_amt": yuan(0 if unrelated else row["first_self_pay_fen"]),
        "inscp_scp_amt": yuan(0 if unrelated else row["in_scope_fen"]),
        "chrgitm_lv": priced["grade"],
        "med_chrgitm_type": priced["charge_type"],
        "bas_medn_flag": _flag(priced["essential"]),
        "hi_nego_drug_flag": _flag(priced["negotiated"]),
        "lmt_used_flag": _flag(priced["restricted"]),
        "memo": priced["memo"],
    }


def _flag(value: bool) -> str:
    return "1" if value else "0"


def _values(line: PricedLine) -> dict[str, Any]:
    limit = line.price_limit_fen
    return {
        "feedetl_sn": line.line.serial,
        "det_item_fee_sumamt": yuan(line.line.amount_fen),
        "cnt": scaled(line.line.quantity_e4, QUANTITY_DECIMALS),
        "pric": scaled(line.line.price_micro, _PRICE_DECIMALS),
        "pric_uplmt_amt": UNLIMITED if limit is None else yuan(limit),
        "selfpay_prop": ratio(line.share_ppm),
        "fulamt_ownpay_amt": yuan(line.wholly_own_fen),
        "overlmt_amt": yuan(line.above_standard_fen),
        "preselfpay_amt": yuan(line.first_self_pay_fen),
        "inscp_scp_amt": yuan(line.in_scope_fen),
        "chrgitm_lv": line.grade_code,
        "med_chrgitm_type": line.charge_type,
        "bas_medn_flag": _flag(line.essential),
        "hi_nego_drug_flag": _flag(line.negotiated),
        "lmt_used_flag": _flag(line.restricted),
        "memo": line.memo,
    }
