"""The curves of payment against cost as pictures for a telephone, drawn on the server (matplotlib).

A picture is drawn once for an area's law, a benefit, a reach and a language, and kept. Its text is
text, so the browser brings the font.
"""

import tempfile
import threading
from functools import lru_cache
from pathlib import Path

from gongji.law.report.curve import curves
from gongji.platform.installation import installed_areas
from gongji.portal.english_provisions import NUMBERS, words
from gongji.portal.law_terms import TERMS
from gongji.units import FEN_PER_YUAN, Day, Fen, date_of

_DRAWING = threading.Lock()
"""Matplotlib's settings are the process's, so one picture is drawn at a time."""

NEAR, WHOLE = "near", "whole"
REACHES: dict[str, Fen | None] = {NEAR: 3_000 * FEN_PER_YUAN, WHOLE: None}
"""Up to which cost a picture goes: what most bills are below, or until nothing changes any more."""
WORDS = {
    "费用（元）": "cost (yuan)",
    "报多少（元）": "what the pool pays (yuan)",
    "各级": "all levels",
    "此后的数字尚未公布：": "beyond here not published: ",
}


@lru_cache(maxsize=256)
def curve(code: str, day: Day, benefit: str, english: bool, reach: str = WHOLE) -> str:
    """The picture of an area's benefit as SVG.

    Refuses: date_outside, benefit_not_offered, and whatever refuses at every level.
    """
    from gongji.law.report.picture import draw_narrow

    area = installed_areas().area(code, {})
    law = area.law(day)
    name = area.benefit(law, benefit)
    facts = {"area": code, "date": str(date_of(day)), "benefit": benefit}
    found = curves(area, law, facts, REACHES[reach])
    numbers = dict.fromkeys(number for one in found for number in one.documents)
    title = [f"{law.place} {name}", f"{date_of(day)}", *numbers]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "curve.svg"
        with _DRAWING:
            draw_narrow(found, title, path, _in_english if english else str)
        return path.read_text(encoding="utf-8")


def _in_english(text: str) -> str:
    """Words of a picture in English; a place and a benefit stand side by side."""
    known = WORDS.get(text) or NUMBERS.get(text) or TERMS.get(text)
    place, space, benefit = text.partition(" ")
    return known or (f"{words(place)}: {words(benefit)}" if space else words(text))
