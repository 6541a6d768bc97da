"""Why a figure is what it is: the document, article, line and doubts behind what the kernel saw."""

from collections.abc import Iterable
from dataclasses import dataclass

from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.provision_kinds import ByAxis, Layer
from gongji.law.rulebook.rulebook import OWN, Rulebook


@dataclass(frozen=True)
class Cite:
    """Where a figure stands: document, article, file, line, and how official it is."""

    document: str
    article: str
    file: str
    line: int
    source: str

    @property
    def text(self) -> str:
        """As it is shown; a table that is a document of its own is named once."""
        named = self.document.endswith(self.article)
        return self.document if named else f"{self.document} {self.article}"

    @property
    def marked(self) -> str:
        """As it is shown where no notes follow: a user's own file with its mark and hash."""
        return f"{self.text}{own_mark(self.source)}"


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
    row_doubts: tuple[provision_kinds.Doubt, ...] = ()
    """Those of the doubts that are about which row of a table counts."""
    beyond: int | None = None
    """A rate as adjusted, where that is outside 0 to 100 % and was held to it without a word."""


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
    """The twin of a gate; `more` is where the nation's law says the same."""

    refusal: str
    name: str
    cite: Cite
    doubts: tuple[provision_kinds.Doubt, ...]
    national: bool = False
    more: tuple[Cite, ...] = ()

    @property
    def cites(self) -> tuple[Cite, ...]:
        """Everywhere it stands, the area's own text first."""
        return (self.cite, *self.more)


def cite(book: Rulebook, article: str, node: object, source: str = "") -> Cite:
    """The citation of a provision's figure, under the document that the words are read in."""
    line = getattr(node, "line", 0)
    document = document_of(book, article)
    return Cite(document, article, book.path.name, line, _source(book, source))


def document_of(book: Rulebook, article: str) -> str:
    """How the document is called in which an article is read: this one, or one that tells of it."""
    for name, said in book.articles.items():
        if said.document and (article == name or article.startswith((f"{name}、", f"{name}（"))):
            return said.document
    return book.head.number


def doubts_of(book: Rulebook, names: tuple[str, ...]) -> tuple[provision_kinds.Doubt, ...]:
    """The doubts of a document by name."""
    return tuple(book.doubts[name] for name in names)


def _source(book: Rulebook, source: str) -> str:
    """How official a figure is: as its document, or as said of the figure itself."""
    if not source:
        return book.source
    return f"{source}{OWN}{book.own}）" if book.own else source


def said_source(source: str) -> str:
    """What a document says of itself, without the mark of a user's own file."""
    return source.partition(OWN)[0]


def own_mark(source: str) -> str:
    """The mark and hash of a user's own file: （自备 812295ee0c1d）; nothing of a shipped one."""
    _, mark, digest = source.partition(OWN)
    return mark + digest


def own_files(cites: Iterable[Cite]) -> list[str]:
    """The cited documents that did not come with the program, with file and hash."""
    found = []
    for cite in cites:
        _, _, digest = cite.source.partition(OWN)
        if digest:
            found.append(f"{cite.document}（{cite.file}，SHA-256 {digest.removesuffix('）')}…）")
    return list(dict.fromkeys(found))


def own_note(cites: Iterable[Cite]) -> str:
    """That something rests on files which did not come with the program; nothing if none did."""
    own = own_files(cites)
    return f"本结果用到的规则文件不是随程序发布的：{'、'.join(own)}。" if own else ""


def books_note(books: Iterable[Rulebook]) -> str:
    """The same of whole documents, for what is shown of laws without their articles."""
    return own_note(cite(book, "", None) for book in books)
