"""How long a calculation of the pages takes: `python bench/portal.py`; the 95th percentile counts.

The questions are those of the tests: every area, law and benefit, some of them wrong.
"""

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

COUNT = 1000
WARM = 100


def seconds(count: int = COUNT, seed: int = 7) -> list[float]:
    """The time of each calculation from the query string to the HTML, after some to warm up."""
    sys.path.insert(0, str(Path(__file__).parent.parent))
    from tests import databases

    with databases.server():
        from django.http import QueryDict
        from django.template.loader import render_to_string
        from tests.portal.test_calculator import questions

        from gongji.portal import present
        from gongji.portal.calculation import answer
        from gongji.portal.inputs import read_question
        from gongji.refusals import Refusal

        taken = []
        for question in questions(count + WARM, seed):
            link = question.link()
            begun = time.perf_counter()
            asked = read_question(QueryDict(link))
            context: dict[str, Any] = {"question": asked}
            try:
                context |= present.shown(answer(asked))
            except Refusal as refusal:
                context["refusal"] = present.refusal_text(refusal)
            render_to_string("portal/answer.html", context)
            taken.append(time.perf_counter() - begun)
    return taken[WARM:]


def measure() -> dict[str, float]:
    """Milliseconds: median, 95th and 99th percentile."""
    taken = sorted(1000 * one for one in seconds())
    cuts = statistics.quantiles(taken, n=100)
    return {"median_ms": cuts[49], "p95_ms": cuts[94], "p99_ms": cuts[98]}


if __name__ == "__main__":
    found = {name: round(value, 2) for name, value in measure().items()}
    if "--json" in sys.argv:
        print(json.dumps(found))
    else:
        print(
            f"a calculation of the pages: {found['median_ms']} ms (median), "
            f"{found['p95_ms']} ms (95 of 100), {found['p99_ms']} ms (99 of 100)"
        )
