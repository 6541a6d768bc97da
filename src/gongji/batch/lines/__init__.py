"""Catalogues of drugs, services and consumables, and the pricing of fee lines by them.

A catalogue says, version by version, the class, the first self-pay and the payment standard of an
item; what becomes of each part of a line is the rulebook's to say (section 费用明细); the split
itself is `gongji.law.kernel.price`. This room settles nothing: it makes total and in-scope cost.

Files need data frames and compiled loops, the counter neither: what this package offers is loaded
when it is first asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gongji.batch.lines.explain_lines import explain_line
    from gongji.batch.lines.price_lines import (
        UNKNOWN_ITEMS,
        PricedRows,
        price,
        price_files,
        with_scope,
    )
    from gongji.batch.lines.price_list import Catalogue, read_catalogue

__all__ = [
    "UNKNOWN_ITEMS",
    "Catalogue",
    "PricedRows",
    "explain_line",
    "price",
    "price_files",
    "read_catalogue",
    "with_scope",
]

_MODULES = {
    "explain_line": "explain_lines",
    "Catalogue": "price_list",
    "read_catalogue": "price_list",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(name)
    return getattr(import_module(f"gongji.batch.lines.{_MODULES.get(name, 'price_lines')}"), name)
