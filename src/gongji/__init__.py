"""gongji (共济): outpatient mutual aid rules as data, settled to the fen and explained by article.

Python has the commands under the same names: `quote` explains one visit; `adjudicate` settles a
frame of visits (Polars, pandas, Arrow, dictionaries, files), `audit` holds what was paid against
it; `accrue` and `clear` compute accounts and institutions; `areas`, `parameters`, `diff` and
`curve` tell the law; `reform` changes figures of it, `compare` and `simulate` settle both. What is
refused is a `Refusal` with `code`, `field` and `row`. Each is imported when it is first used; the
page is docs/use/python.md.
"""

from typing import TYPE_CHECKING

__version__ = "0.1.0"

_HOMES = {
    "Adjudicated": "gongji.frames.wishes",
    "Audited": "gongji.frames.wishes",
    "FrameWishes": "gongji.frames.wishes",
    "GongjiError": "gongji.refusals",
    "Quote": "gongji.frames.quoting",
    "ReformOverlay": "gongji.frames.reform_overlays",
    "Refusal": "gongji.refusals",
    "RowRefusal": "gongji.refusals",
    "RulebookError": "gongji.refusals",
    "accrue": "gongji.frames.account_frames",
    "adjudicate": "gongji.frames.adjudicating",
    "adjudicate_or_reject": "gongji.frames.adjudicating",
    "areas": "gongji.frames.law_frames",
    "audit": "gongji.frames.audits",
    "clear": "gongji.frames.account_frames",
    "compare": "gongji.frames.adjudicating",
    "curve": "gongji.frames.law_frames",
    "diff": "gongji.frames.law_frames",
    "parameters": "gongji.frames.law_frames",
    "quote": "gongji.frames.quoting",
    "reform": "gongji.frames.reform_overlays",
    "simulate": "gongji.frames.simulations",
}

if TYPE_CHECKING:
    from gongji.frames.account_frames import accrue, clear
    from gongji.frames.adjudicating import adjudicate, adjudicate_or_reject, compare
    from gongji.frames.audits import audit
    from gongji.frames.law_frames import areas, curve, diff, parameters
    from gongji.frames.quoting import Quote, quote
    from gongji.frames.reform_overlays import ReformOverlay, reform
    from gongji.frames.simulations import simulate
    from gongji.frames.wishes import Adjudicated, Audited, FrameWishes
    from gongji.refusals import GongjiError, Refusal, RowRefusal, RulebookError

__all__ = [
    "Adjudicated",
    "Audited",
    "FrameWishes",
    "GongjiError",
    "Quote",
    "ReformOverlay",
    "Refusal",
    "RowRefusal",
    "RulebookError",
    "accrue",
    "adjudicate",
    "adjudicate_or_reject",
    "areas",
    "audit",
    "clear",
    "compare",
    "curve",
    "diff",
    "parameters",
    "quote",
    "reform",
    "simulate",
]

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module 'gongji' has no attribute {name!r}")
        import importlib

        return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
