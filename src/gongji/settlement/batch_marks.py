"""What the lines of a batch say of its settlement, as `charge_batch.marks` keeps it, by version.

The pricing of lines writes it; the settlement, re-adjudication and the queries of the gateway read
it. A batch without lines that say anything may keep an empty object.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from gongji.refusals import Fault
from gongji.units import Fen

VERSION = 1
"""The version of marks that this program writes and reads."""


class Drug(msgspec.Struct, frozen=True):
    """A line of a negotiated or dual-channel drug."""

    item: str
    serial: str
    negotiated: bool
    dual_channel: bool
    in_agreement: bool


class Prescription(msgspec.Struct, frozen=True):
    """A prescription written elsewhere; `prescriber` is empty where nobody has named it yet."""

    prescriber: str
    number: str
    serial: str = ""


class Scoped(msgspec.Struct, frozen=True):
    """Lines whose items are related to these diseases only, or that were told to be unrelated.

    Units:   fen. Shape: `told` False, or None where nothing was told; `part` of the rulebook;
             `split` the sums of the four amounts.
    """

    diseases: tuple[str, ...]
    told: bool | None
    part: str
    serials: tuple[str, ...]
    split: tuple[Fen, Fen, Fen, Fen]


class Marks(msgspec.Struct, frozen=True):
    """What the lines of a batch say.

    Shape:   `benefits` serials of lines by the benefit that they belong to, of those which must be
             settled apart (only in areas with the rule 分开结算); `unrelated` serials of lines that
             are unrelated to the visit's disease as it was known when they came; `warnings` for
             the cashier; `diseases` the visit's disease by its names; `unrelated_in` benefits that
             are limited to what is related; `uses` fen outside the policy of lines that an account
             pays as another use (`Sums.uses`).
    """

    version: int = VERSION
    drugs: tuple[Drug, ...] = ()
    benefits: dict[str, tuple[str, ...]] = {}
    unrelated: tuple[str, ...] = ()
    prescriptions: tuple[Prescription, ...] = ()
    warnings: tuple[str, ...] = ()
    diseases: tuple[str, ...] = ()
    unrelated_in: tuple[str, ...] = ()
    scoped: tuple[Scoped, ...] = ()
    uses: dict[str, Fen] = {}


def read_marks(kept: Mapping[str, Any]) -> Marks:
    """The column `marks` as its struct.

    Refuses: Fault for a version that is not known.
    """
    if not kept:
        return Marks()
    if kept.get("version") != VERSION:
        raise Fault(f"费用批次的 marks 是第 {kept.get('version')!r} 版，本程序不认识")
    try:
        return msgspec.convert(kept, Marks)
    except msgspec.ValidationError as error:
        raise Fault(f"费用批次的 marks 无法读取：{error}") from None
