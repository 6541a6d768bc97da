"""Why a figure is what it is: the document, article, line and doubts behind what the kernel saw."""

from dataclasses import dataclass

from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.provision_kinds import ByAxis, Layer
from gongji.law.rulebook.rulebook import Rulebook


@dataclass(frozen=True)
class Cite:
    """Where a figure stands: document, article, file, line, and how official it is."""

    document: str
    article: str
    file: str
    line: int
    source: str


@dataclass(frozen=True)
class Gap:
    """A fact has a value for which there is no figure: a table without it, a level not given."""

    axis: str
    value: str
    table: ByAxis | None


@dataclass(frozen=True)
class Cited:
    """A figure with its reasons; `figure` as the kernel sees it (OPEN, UNLIMITED or below).

    OPEN is a parameter nobody has set (`open` is its path) or a `gap`.
    """

    figure: int
    cites: tuple[Cite, ...]
    doubts: tuple[provision_kinds.Doubt, ...] = ()
    open: str = ""
    gap: Gap | None = None
    supplied: tuple[str, ...] = ()


@dataclass(frozen=True)
class LimitNote:
    """The twin of a limit."""

    cited: Cited
    meter: str


@dataclass(frozen=True, eq=False)
class StepNote:
    """The twin of a step; limits by their position in the program."""

    layer: Layer
    rate: Cited
    limits: dict[int, LimitNote]
    onward: tuple[Cite, ...]
    doubts: tuple[provision_kinds.Doubt, ...]
    floor: bool = False
    part: str = ""
    """Which part of the cost (费用部分) the step is of, where the law tells parts apart."""


@dataclass(frozen=True)
class GateNote:
    """The twin of a gate."""

    refusal: str
    name: str
    cite: Cite
    doubts: tuple[provision_kinds.Doubt, ...]


def cite(book: Rulebook, article: str, node: object, source: str = "") -> Cite:
    """The citation of a provision's figure."""
    line = getattr(node, "line", 0)
    return Cite(book.head.number, article, book.path.name, line, source or book.head.source)


def doubts_of(book: Rulebook, names: tuple[str, ...]) -> tuple[provision_kinds.Doubt, ...]:
    """The doubts of a document by name."""
    return tuple(book.doubts[name] for name in names)
