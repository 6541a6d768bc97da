"""A document that replaces all before it, with adjustments by tables: kernel and oracle agree."""

import random
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.engine.engine import settle
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import read_visit
from gongji.oracle.layers import Book, Pot, points, yuan

AREA = "999905"
FOLDER = Path(__file__).parent.parent / "rulebooks"
FIRST, NEW, DAYS = date(2023, 12, 1), date(2024, 1, 1), 60
BY_LEVEL = {"1": 20, "2": 10, "3": 0}
RETIRED_MORE = {"1": 10, "2": 5, "3": 5}


def paid_by_hand(day: date, status: str, level: str, cost: int, book: Book) -> int:
    """What the two documents give, as they are read; the meters of the year move."""
    year = str(day.year)
    pot = Pot({"status": status, "level": level, "date": day}, (), book, {})
    ceiling = yuan(2000 if day < NEW else 3000)
    deductibles = [(yuan(300), ("deductible", year))] if day < NEW else []
    more = 0 if day < NEW else BY_LEVEL[level]
    if day >= NEW and status == "retired":
        more += RETIRED_MORE[level]
    rate: Fraction = points(50 + more)
    pot.pour("ordinary", cost, rate, deductibles, [(ceiling, ("paid", year))])
    for key, moved in pot.moves.items():
        book[key] = book.get(key, 0) + moved
    return pot.pool


def test_random_visits_over_the_change_agree_with_the_oracle() -> None:
    area = Areas(Library([FOLDER])).area(AREA)
    chance = random.Random(20240101)
    for _ in range(40):
        meters, book = Meters(area.layout), {}
        status = chance.choice(["active", "retired"])
        for day in sorted(FIRST + timedelta(chance.randrange(DAYS)) for _ in range(12)):
            level, cost = chance.choice("123"), chance.randrange(1, 150_000)
            row = {"area": AREA, "date": str(day), "status": status, "level": level}
            row |= {"in_scope": f"{cost // 100}.{cost % 100:02d}"}
            visit = read_visit(row, area.law((day - date(1970, 1, 1)).days))
            result = settle(area, visit, meters)
            assert result.pool_fen == paid_by_hand(day, status, level, cost, book), (row, book)
