"""One sentence of an explanation, and how amounts stand in it."""

from dataclasses import dataclass

from gongji.law.compile.citations import Cite
from gongji.units import Fen, show_fen


@dataclass(frozen=True, eq=False, repr=False)
class Sentence:
    """One sentence with its citations; `kind` says what it is about."""

    kind: str
    text: str
    cites: tuple[Cite, ...] = ()


def yuan(amount: Fen) -> str:
    """Fen as a person reads them: 1,000.00元."""
    return f"{show_fen(amount)}元"
