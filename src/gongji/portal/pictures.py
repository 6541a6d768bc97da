"""The curve of payment against cost as a picture, drawn by matplotlib on the server.

A picture is drawn once for an area's law, a benefit and a language, and kept. Its text is text, so
the browser brings the font.
"""

import tempfile
import threading
from functools import lru_cache
from pathlib import Path

from gongji.law.report.curve import curves
from gongji.platform.installation import installed_areas
from gongji.portal.law_terms import TERMS
from gongji.units import Day, date_of

_DRAWING = threading.Lock()
"""Matplotlib's settings are the process's, so one picture is drawn at a time."""

WORDS = {
    "统筹基金支付（元）": "paid by the pool (yuan)",
    "政策范围内费用（元）；虚线为费用全额": "cost in scope (yuan); dashed: the whole cost",
    "各级": "all levels",
}


@lru_cache(maxsize=64)
def curve(code: str, day: Day, benefit: str, english: bool) -> str:
    """The picture of an area's benefit as SVG.

    Refuses: date_outside, benefit_not_offered, and whatever refuses at every level.
    """
    from gongji.law.report.picture import draw

    area = installed_areas().area(code, {})
    law = area.law(day)
    name = area.benefit(law, benefit)
    facts = {"area": code, "date": str(date_of(day)), "benefit": benefit}
    found = curves(area, law, facts, None)
    numbers = "、".join(dict.fromkeys(number for one in found for number in one.documents))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "curve.svg"
        with _DRAWING:
            draw(found, f"{law.place} {name}", f"{date_of(day)}  {numbers}", path, None)
        drawn = path.read_text(encoding="utf-8")
    return _translated(drawn) if english else drawn


def _translated(drawn: str) -> str:
    """The picture with its words in English, the longest first."""
    words = TERMS | WORDS
    for chinese in sorted(words, key=len, reverse=True):
        drawn = drawn.replace(chinese, words[chinese])
    return drawn
