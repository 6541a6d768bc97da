"""The columns of our own tables of visits, fee lines, persons and institutions.

Simulation, supervision and the national platform's nightly tables share them. Where a visits file
(docs/use/visits-file.md) has a column for a thing, that is its name here too, so that a folder of
visits is settled as it is; docs/inside/own-tables.md says what each column means.
"""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from gongji.refusals import Refusal

_TEXT, _FEN, _DAY = pa.string(), pa.int64(), pa.date32()
_MOMENT = pa.timestamp("us")


def _schema(**kinds: pa.DataType) -> pa.Schema:
    return pa.schema(list(kinds.items()))


VISITS = _schema(
    visit=_TEXT,
    person=_TEXT,
    institution=_TEXT,
    area=_TEXT,
    region=_TEXT,
    date=_DAY,
    end=_DAY,
    settled_at=_MOMENT,
    status=_TEXT,
    med_type=_TEXT,
    benefit=_TEXT,
    disease=_TEXT,
    diagnosis=_TEXT,
    level=_TEXT,
    institution_kind=_TEXT,
    offsite=_TEXT,
    doctor=_TEXT,
    department=_TEXT,
    prescriber=_TEXT,
    prescriber_level=_TEXT,
    terminal=_TEXT,
    total_fen=_FEN,
    in_scope_fen=_FEN,
    own_fen=_FEN,
    first_self_fen=_FEN,
    over_limit_fen=_FEN,
    paid_deductible_fen=_FEN,
    paid_pool_fen=_FEN,
    paid_supplements_fen=_FEN,
    account_fen=_FEN,
    family_fen=_FEN,
    cash_fen=_FEN,
    institution_bears_fen=_FEN,
    payer_account=_TEXT,
)
"""A visit: `area` is where the person is insured, `region` where the visit was."""

ALSO_OF_VISITS = _schema(settlement=_TEXT, sequence=pa.int64(), birth_date=_DAY, subsidy=_TEXT)
"""What visits of the national tables have besides: one visit may be settled several times."""

LINES = _schema(
    line=_TEXT,
    visit=_TEXT,
    person=_TEXT,
    institution=_TEXT,
    occurred_at=_MOMENT,
    item=_TEXT,
    name=_TEXT,
    kind=_TEXT,
    count=pa.int64(),
    price=pa.int64(),
    amount_fen=_FEN,
    in_scope_fen=_FEN,
    listing_level=_TEXT,
    days=pa.int32(),
    doctor=_TEXT,
    department=_TEXT,
    trace=_TEXT,
)
"""A fee line: `count` in ten-thousandths, `price` in millionths of a yuan."""

PERSONS = _schema(
    person=_TEXT,
    sex=_TEXT,
    born=_DAY,
    died=_DAY,
    status=_TEXT,
    area=_TEXT,
)
SPELLS = _schema(
    person=_TEXT,
    status=_TEXT,
    since=_DAY,
    until=_DAY,
    insured=pa.bool_(),
    arrears=pa.bool_(),
)
INSTITUTIONS = _schema(
    institution=_TEXT,
    name=_TEXT,
    kind=_TEXT,
    level=_TEXT,
    area=_TEXT,
    since=_DAY,
    until=_DAY,
)
FILINGS = _schema(
    person=_TEXT,
    kind=_TEXT,
    disease=_TEXT,
    region=_TEXT,
    since=_DAY,
    until=_DAY,
)
"""A filing: `kind` is chronic (with `disease`) or offsite (with `region`)."""
REFUNDS = _schema(
    settlement=_TEXT,
    original=_TEXT,
    person=_TEXT,
    settled_at=_MOMENT,
    total_fen=_FEN,
    paid_pool_fen=_FEN,
)
"""A row that reverses the settlement `original`; its amounts are negative."""
TABLES = {
    "visits": VISITS,
    "lines": LINES,
    "persons": PERSONS,
    "spells": SPELLS,
    "institutions": INSTITUTIONS,
    "filings": FILINGS,
    "refunds": REFUNDS,
}

SHORT = {
    "begin": "date",
    "care": "benefit",
    "total": "total_fen",
    "in_scope": "in_scope_fen",
    "own": "own_fen",
    "first_self": "first_self_fen",
    "over_limit": "over_limit_fen",
    "deductible": "paid_deductible_fen",
    "pool": "paid_pool_fen",
    "supplements": "paid_supplements_fen",
    "account": "account_fen",
    "family": "family_fen",
    "cash": "cash_fen",
    "institution_bears": "institution_bears_fen",
    "amount": "amount_fen",
}
"""Shorter names of the same columns, and the names that they have here."""


def check_tables(paths: Iterable[Path], table: str, needed: Iterable[str], whole: bool) -> None:
    """Files of a table have the columns that are needed, each once, of the types that are read.

    Shape:   names are ours or the shorter ones; with `whole` the types of all columns are looked
             at, otherwise whether the needed ids and words are texts. A flag or a code may stand
             for a word that is no id.
    Refuses: file_unreadable, with file and column.
    """
    kinds = {field.name: field.type for field in TABLES[table]}
    needed = list(needed)
    for path in paths:
        try:
            given = pq.read_schema(path)
        except pa.ArrowInvalid:
            raise _unusable(path, "不是完好的 .parquet 文件") from None
        names = [SHORT.get(name, name) for name in given.names]
        for name in dict.fromkeys((*needed, *names)):
            if names.count(name) != 1:
                raise _unusable(path, f"{'没有列' if name not in names else '多于一列是'} {name}")
            found, wanted = given.types[names.index(name)], kinds.get(name)
            asked = whole or (name in needed and wanted == _TEXT)
            if wanted is None or not asked or _fits(found, wanted):
                continue
            if name in needed or not (pa.types.is_boolean(found) or _is_coded(found)):
                told = f"列 {name} 的类型是 {found}，应为 {wanted}"
                raise _unusable(path, f"{told}（docs/inside/own-tables.md）")


def _unusable(path: Path, reason: str) -> Refusal:
    return Refusal("file_unreadable", "文件", {"value": path.name, "reason": reason})


def _is_coded(found: pa.DataType) -> bool:
    return bool(pa.types.is_dictionary(found) and _fits(found.value_type, _TEXT))


def _fits(found: pa.DataType, wanted: pa.DataType) -> bool:
    """Whether a column can be read as what its table has there."""
    if pa.types.is_null(found):
        return True
    if wanted == _TEXT:
        texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
        return any(is_one(found) for is_one in texts)
    if pa.types.is_integer(wanted):
        return bool(pa.types.is_integer(found)) and found != pa.uint64()
    if pa.types.is_boolean(wanted):
        return bool(pa.types.is_boolean(found))
    return bool(pa.types.is_date(found) or pa.types.is_timestamp(found))


def own_files(folder: Path, table: str) -> list[Path]:
    """The Parquet files of a table in a folder: one file, or a folder of them."""
    one = folder / f"{table}.parquet"
    return [one] if one.is_file() else sorted((folder / table).glob("*.parquet"))
