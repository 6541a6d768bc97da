"""One visit's cost poured through layers in exact fractions, against meters of the year.

Knows the arithmetic of a layer and nothing of any area. A figure that the documents leave open is
asked for only when cost reaches it; without it the visit is refused and no meter moves.
"""

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from math import floor
from typing import TypeAlias

from gongji.oracle.facts import Facts
from gongji.units import FEN_PER_YUAN, WHOLE

Key: TypeAlias = tuple[str, ...]
Book: TypeAlias = dict[tuple[int, Key], int]
Amount: TypeAlias = int | Callable[[], int]
Rate: TypeAlias = Fraction | Callable[[], Fraction]
Limit: TypeAlias = tuple[Amount, Key]
Parameters: TypeAlias = Mapping[str, int | Fraction]

HALF = Fraction(1, 2)


class MissingParameter(Exception):
    """Cost reached a figure that is open and was not given."""

    def __init__(self, parameter: str) -> None:
        super().__init__(parameter)
        self.parameter = parameter


def yuan(amount: int) -> int:
    """Whole yuan as fen."""
    return amount * FEN_PER_YUAN


def points(percent: int) -> Fraction:
    """A whole percentage as an exact fraction."""
    return Fraction(percent, 100)


def to_fen(amount: Fraction) -> int:
    """An exact amount of fen as whole fen, half up."""
    return floor(amount + HALF)


def to_whole_yuan(amount: Fraction) -> int:
    """An exact amount of fen rounded half up to the yuan, in fen (以“元”为单位四舍五入)."""
    return yuan(floor(amount / FEN_PER_YUAN + HALF))


def find_amount(parameters: Parameters, name: str) -> int:
    """An open amount in fen."""
    if name not in parameters:
        raise MissingParameter(name)
    return int(parameters[name])


def find_rate(parameters: Parameters, name: str) -> Fraction:
    """An open rate: a Fraction as it is, an integer as parts per million."""
    if name not in parameters:
        raise MissingParameter(name)
    value = parameters[name]
    return value if isinstance(value, Fraction) else Fraction(value, WHOLE)


class Pot:
    """One settlement under way: what it would pay and how it would move the meters.

    The book is read only; `moves` is entered in it by the caller once the visit has been settled.
    """

    def __init__(self, facts: Facts, registration: Key, book: Book, parameters: Parameters) -> None:
        self.facts = facts
        self.registration = registration
        self.book = book
        self.parameters = parameters
        self.moves: Book = {}
        self.layers: dict[str, int] = {}
        self.deductible = 0
        self.pool = 0
        self.supplements = 0

    @property
    def status(self) -> str:
        """在职 "active" or 退休 "retired"."""
        return str(self.facts["status"])

    @property
    def retired(self) -> bool:
        """Whether the person is retired on the day."""
        return self.status == "retired"

    def amount(self, name: str) -> Callable[[], int]:
        """An open amount, looked up when cost reaches it."""
        return lambda: find_amount(self.parameters, name)

    def amount_for(self, name: str, disease: str) -> Callable[[], int]:
        """An open amount of one disease; where none is given for it, the one for all."""
        own = f"{name}.{disease}"
        return self.amount(own if own in self.parameters else name)

    def rate(self, name: str) -> Callable[[], Fraction]:
        """An open rate, looked up when cost reaches it."""
        return lambda: find_rate(self.parameters, name)

    def registered(self, name: str) -> Key:
        """A meter that starts empty with each registration (每次)."""
        return (name, *self.registration)

    def pour(
        self,
        name: str,
        cost: int,
        rate: Rate,
        deductibles: Sequence[Limit] = (),
        ceilings: Sequence[Limit] = (),
        supplement: bool = False,
    ) -> int:
        """Pour cost into one layer and return what is left for the next.

        Law:    起付标准以上、最高支付限额以下的政策范围内费用按比例支付.
        Rounds: room ÷ rate and the payment, each half up to the fen.
        """
        self.layers[name] = self.layers.get(name, 0)
        if cost == 0:
            return 0
        due = min((self._left(limit) for limit in deductibles), default=0)
        borne = min(due, cost)
        for _, key in deductibles:
            self._move(key, borne)
        self.deductible += borne
        base = cost - borne
        if base == 0:
            return 0
        share = rate if isinstance(rate, Fraction) else rate()
        rooms = [self._left(limit) for limit in ceilings]
        absorbed = base
        if rooms and share > 0:
            absorbed = min(base, to_fen(min(rooms) / share))
        paid = to_fen(share * absorbed)
        for _, key in ceilings:
            self._move(key, paid)
        self._book_payment(name, paid, supplement)
        return base - absorbed

    def _book_payment(self, name: str, paid: int, supplement: bool) -> None:
        self.layers[name] += paid
        if supplement:
            self.supplements += paid
        else:
            self.pool += paid

    def _left(self, limit: Limit) -> int:
        """What a limit still leaves: max(0, limit − meter)."""
        amount, key = limit
        figure = amount if isinstance(amount, int) else amount()
        at = (self.facts["date"].year, key)
        return max(0, figure - self.book.get(at, 0) - self.moves.get(at, 0))

    def _move(self, key: Key, by: int) -> None:
        at = (self.facts["date"].year, key)
        self.moves[at] = self.moves.get(at, 0) + by
