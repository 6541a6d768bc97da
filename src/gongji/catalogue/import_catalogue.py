"""What is imported of the catalogue: versions of items, and institutions' items matched to them."""

from collections.abc import Sequence

from gongji.catalogue.import_kinds import ITEMS, MATCHES
from gongji.institutions.import_institutions import unknown_institutions
from gongji.platform.imports.dated_rows import DatedTable
from gongji.platform.imports.import_run import (
    Arrival,
    DatedRows,
    RoomImport,
    of_kind,
    take_dated,
)
from gongji.platform.imports.import_tables import ArrivingTable

_AMOUNTS = ("standard_fen", "standard_1_fen", "standard_2_fen", "standard_3_fen", "listing_fen")
_FLAGS = ("negotiated", "dual_channel", "restricted", "essential")
ITEM_VERSION = DatedTable(
    "item_version",
    {
        "area": "text",
        "item": "text",
        "name": "text",
        "list_type": "text",
        "charge_type": "text",
        "since": "date",
        "until": "date",
        "grade": "text",
        "first_self_pay_ppm": "integer",
        **dict.fromkeys(_AMOUNTS, "bigint"),
        "part": "text",
        **dict.fromkeys(_FLAGS, "boolean"),
        "diseases": "text[]",
        "specification": "text",
        "agreement_until": "date",
        "account_use": "text",
    },
    ("area", "item"),
    (
        "name",
        "list_type",
        "charge_type",
        "until",
        "grade",
        "first_self_pay_ppm",
        *_AMOUNTS,
        "part",
        *_FLAGS,
        "diseases",
        "specification",
        "agreement_until",
        "account_use",
    ),
)
ITEM_MATCH = DatedTable(
    "item_match",
    {
        "institution": "text",
        "own_item": "text",
        "own_name": "text",
        "list_type": "text",
        "item": "text",
        "since": "date",
        "until": "date",
    },
    ("institution", "own_item"),
    ("own_name", "list_type", "item", "until"),
)


def take_catalogue(arrival: Arrival, tables: Sequence[ArrivingTable]) -> None:
    """Versions of items, then matches, whose institutions must be there."""
    take_dated(arrival, DatedRows(ITEM_VERSION, of_kind(tables, ITEMS)))
    matches = DatedRows(
        ITEM_MATCH,
        of_kind(tables, MATCHES),
        check=lambda arrival: unknown_institutions(arrival, ITEM_MATCH),
    )
    take_dated(arrival, matches)


IMPORT = RoomImport((ITEMS, MATCHES), take_catalogue)
