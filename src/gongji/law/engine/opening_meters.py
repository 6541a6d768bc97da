"""Opening meters: what persons have used before a file of visits begins.

Every command that takes such a file reads it here. This module knows rows of texts, not files
(`sheets`) and not where a meter lies (`visit.meters`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from gongji.law.checks.library import Library
from gongji.law.engine.visit import read_amount
from gongji.refusals import Refusal
from gongji.tabular.header_rows import unknown_columns
from gongji.units import Fen

COLUMNS = ("person", "area", "meter", "key", "amount", "amount_fen")
"""Every column that an opening file may have."""

Used = dict[str, dict[str, Fen]]
"""What persons have used: person -> meter (`ordinary_paid`, `level_deductible.2`) -> fen."""


@dataclass(frozen=True)
class Opening:
    """What persons have used, by the area as the file names it; "" where a row names none."""

    used: Mapping[str, Used]

    def by_home(self, homes: Collection[str], library: Library) -> dict[str, Used]:
        """The same by pooling area, for those that visits fall into; others are passed over.

        Refuses: field_missing if rows name no area and there are several; area_unknown.
        """
        found: dict[str, Used] = {home: {} for home in homes}
        for area, persons in self.used.items():
            if persons and not area and len(homes) > 1:
                raise Refusal("field_missing", "area（期初累计；就诊文件涉及多个统筹区）")
            home = library.laws(area)[0].area if area else next(iter(homes), "")
            for person, meters in persons.items() if home in found else ():
                found[home].setdefault(person, {}).update(meters)
        return found


def read_opening(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Opening:
    """Opening meters from rows of texts.

    Shape:   `meter` is its code, with `.value` or `key` for one value of a meter spread over an
             axis; `area` may be left out where visits are of one area.
    Refuses: field_missing, field_unknown, amount_* with the first mistake and its row.
    """
    _check_columns(columns)
    used: dict[str, Used] = {}
    for number, cells in enumerate(rows, start=1):
        row = {name: text.strip() for name, text in zip(columns, cells, strict=False)}
        for column in ("person", "meter"):
            if not row.get(column):
                raise Refusal("field_missing", f"{column}（期初累计第 {number} 行）")
        column, unit = ("amount", "yuan") if row.get("amount") else ("amount_fen", "fen")
        where = f"{column}（期初累计第 {number} 行）"
        if not row.get(column):
            raise Refusal("field_missing", f"amount（期初累计第 {number} 行）")
        fen = read_amount(where, row[column], unit)
        meter = f"{row['meter']}.{row['key']}" if row.get("key") else row["meter"]
        persons = used.setdefault(row.get("area", ""), {})
        meters = persons.setdefault(row["person"], {})
        if meter in meters:
            values = {"value": meter, "allowed": "每人每项累计一行"}
            raise Refusal("value_invalid", f"meter（期初累计第 {number} 行）", values)
        meters[meter] = fen
    return Opening(used)


def _check_columns(columns: Sequence[str]) -> None:
    if unknown := [f"{column}（期初累计）" for column in columns if column not in COLUMNS]:
        raise unknown_columns(unknown, COLUMNS)
    for column in ("person", "meter"):
        if column not in columns:
            raise Refusal("field_missing", f"{column}（期初累计）")
    if "amount" not in columns and "amount_fen" not in columns:
        raise Refusal("field_missing", "amount（期初累计）")
