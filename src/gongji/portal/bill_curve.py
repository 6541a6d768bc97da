"""One bill on the curve of what the pool pays: drawn by the page itself, in letters one can read.

The curve is that of the same visit at other costs, with the same facts and meters. Where the cost
in scope is known it is the cost that counts, else the whole cost.
"""

from dataclasses import dataclass, replace

from gongji.law.engine.engine import Result
from gongji.portal.calculation import settled
from gongji.portal.inputs import Question
from gongji.refusals import Refusal
from gongji.units import FEN_PER_YUAN, Fen, yuan_text

LEAST_END = 3_000 * FEN_PER_YUAN
"""Where the picture ends at least: most bills of a clinic are below."""
SAMPLES, FEW = 60, 12
ROWS = 6
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 360, 256, 62, 42, 18, 46
"""The picture's own units: at the width of a phone its letters of 14 are more than 12 pixels."""


@dataclass(frozen=True)
class BillCurve:
    """Points (cost, paid) of the curve, and those of the bill; in fen."""

    points: tuple[tuple[Fen, Fen], ...]
    bill: tuple[Fen, Fen]
    in_scope: bool
    end_fen: Fen


def bill_curve(question: Question, result: Result) -> BillCurve | None:
    """The curve that a bill lies on; None where the pool refuses it or its parts differ."""
    if result.refusal or result.visit.parts or not result.total_fen:
        return None
    in_scope = bool(question.get("in_scope")) or bool(question.items)
    cost = result.in_scope_fen if in_scope else result.total_fen
    end = _round_up(max(LEAST_END, cost * 5 // 4))
    facts = {n: t for n, t in question.facts.items() if not n.startswith(("total", "in_scope"))}
    plain = replace(question, facts=facts, items=())
    name = "in_scope" if in_scope else "total"
    samples = FEW if question.earlier else SAMPLES
    points = []
    for number in range(samples + 1):
        at = end * number // samples
        try:
            found = settled(plain.with_facts(**{name: yuan_text(at)}))[1][-1]
        except Refusal:
            break
        points.append((at, found.pool_fen))
    return BillCurve(tuple(points), (cost, result.pool_fen), in_scope, end)


_THIRDS = (10, 12, 15, 18, 20, 24, 30, 40, 50, 60, 80)
"""Round amounts for a third of an axis, in tens of yuan and their tenfolds."""


def _round_up(amount: Fen) -> Fen:
    """The next amount whose third is round."""
    unit = 30 * FEN_PER_YUAN
    while True:
        for third in _THIRDS:
            if amount <= third * unit:
                return third * unit
        unit *= 10


def drawn(curve: BillCurve) -> dict[str, object]:
    """The picture's lines and words: where each stands, in the picture's units."""
    top = max(paid for _, paid in (*curve.points, curve.bill)) or FEN_PER_YUAN
    height = _round_up(top)
    across, up = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def place(cost: Fen, paid: Fen) -> tuple[int, int]:
        return LEFT + cost * across // curve.end_fen, TOP + up - paid * up // height

    def fine(cost: Fen, paid: Fen) -> tuple[int, int]:
        """The same in tenths of a unit, so that a straight line is straight."""
        return (
            10 * LEFT + 10 * cost * across // curve.end_fen,
            10 * (TOP + up) - 10 * paid * up // height,
        )

    bill_x, bill_y = place(*curve.bill)
    thirds = range(4)
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "left": LEFT,
        "right": WIDTH - RIGHT,
        "top": TOP,
        "floor": TOP + up,
        "line": " ".join(
            f"{_tenth(x)},{_tenth(y)}" for x, y in (fine(*one) for one in curve.points)
        ),
        "bill": {"x": bill_x, "y": bill_y} | _beside(bill_x, bill_y),
        "across": [(*place(curve.end_fen * n // 3, 0), curve.end_fen * n // 3) for n in thirds],
        "up": [(*place(0, height * n // 3), height * n // 3) for n in thirds],
        "rows": _rows(curve),
        "in_scope": curve.in_scope,
        "cost": curve.bill[0],
        "paid": curve.bill[1],
    }


def _beside(x: int, y: int) -> dict[str, int]:
    """Where the bill's words stand: the line rises to the right, so below it or left above."""
    if x > (LEFT + WIDTH - RIGHT) // 2:
        return {"beyond": 1, "aside": -12, "below": -10}
    low = y + 24 > HEIGHT - BOTTOM
    return {"beyond": 0, "aside": -6 if low else 12, "below": -24 if low else 22}


def _tenth(tenths: int) -> str:
    return f"{tenths // 10}.{tenths % 10}"


def _rows(curve: BillCurve) -> list[tuple[Fen, Fen]]:
    """Some points of the curve as a table."""
    step = max(1, (len(curve.points) - 1) // ROWS)
    return list(curve.points[step::step])
