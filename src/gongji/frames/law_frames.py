"""What the law says as frames: `areas`, `parameters`, `diff`, `curve`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from gongji.frames.facts_given import fact_text, paths_of, texts_of
from gongji.law.checks.library import Library
from gongji.law.compile.citations import own_mark
from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.law.engine.visit import read_amount, read_date
from gongji.law.report.compare import SAME, LawDifference, compare
from gongji.law.report.curve import curves
from gongji.law.report.law_figures import figures
from gongji.law.rulebook.figure_paths import figures_of
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.provision_kinds import Parameter
from gongji.law.rulebook.rulebook import FOREVER
from gongji.refusals import Refusal
from gongji.units import Day, date_of

if TYPE_CHECKING:
    import polars as pl

Folders = Sequence[str | Path]
Given = Mapping[str, object] | None
DOCUMENTS = (
    "area",
    "place",
    "covered",
    "number",
    "title",
    "since",
    "until",
    "source",
    "rulebook",
)
FIGURES = (
    "area",
    "provision",
    "item",
    "where",
    "figure",
    "document",
    "article",
    "file",
    "source",
    "doubts",
    "open",
)
PARAMETERS = ("setting", "path", "figure", "unit", "note", "document", "article")
DIFFERENCES = (
    "mark",
    "subject",
    "item",
    "where",
    "left",
    "right",
    "left_articles",
    "right_articles",
)
POINTS = ("status", "levels", "in_scope_fen", "pool_pays_fen", "missing", "documents")
Row = tuple[object, ...]
AreaDay = str | tuple[str, date | str]
"""An area and a day: "532300@2024-11-01", or a pair of both."""


def areas(
    at: date | str = "", *, area: str = "", folders: Folders = (), settings: Given = None
) -> "pl.DataFrame":
    """The areas that have rulebooks, a row a document; with a day the law of that day, a row a
    figure, as `gongji areas --at` prints it.

    Refuses: area_unknown; date_outside for an area that was asked for.

    >>> import gongji
    >>> documents = gongji.areas(area="430500")
    >>> documents["place"][0], "邵市政办发〔2022〕22号" in documents["number"]
    ('湖南省邵阳市', True)
    >>> law = gongji.areas("2024-11-01", area="532300")
    >>> law.columns[:6]
    ['area', 'provision', 'item', 'where', 'figure', 'document']
    """
    library = Library(paths_of(folders))
    loaded = Areas(library, everywhere=texts_of(settings))
    found = [loaded.area(code) for code in ([area] if area else library.areas())]
    if not at:
        return _frame(DOCUMENTS, (row for one in found for row in _documents(library, one)))
    day = read_date("at", fact_text("at", at))
    laws = [(one.code, law) for one in found for law in _in_force(one, day, bool(area))]
    return _frame(FIGURES, (row for code, law in laws for row in _figures(code, law)))


def _in_force(area: Area, day: Day, asked: bool) -> list[Law]:
    try:
        return [area.law(day)]
    except Refusal:
        if asked:
            raise
        return []


def _documents(library: Library, area: Area) -> Iterator[Row]:
    for book in library.books(area.code):
        head = book.head
        until = None if head.until >= FOREVER - 1 else date_of(head.until)
        said = (head.number, head.title, date_of(head.since), until, book.source, book.label)
        yield (area.code, area.laws[-1].place, area.covered(), *said)


def _figures(code: str, law: Law) -> Iterator[Row]:
    for one in figures(law):
        where = "，".join(f"{fact}：{value}" for fact, value in one.where)
        place = (one.document, one.article, f"{one.file}:{one.line}", one.source)
        marks = ("、".join(one.doubts) or None, one.open or None)
        yield (code, one.provision, one.item, where, one.text, *place, *marks)


def parameters(
    area: str, date: date | str, *, folders: Folders = (), settings: Given = None
) -> "pl.DataFrame":
    """The figures of a law that may be given otherwise: by `setting` in settings where the law
    leaves them to another document, by `path` in `gongji.reform`.

    Returns: setting, path, figure (nothing where it is open), unit, note, document, article.
    Refuses: area_unknown, date_outside.

    >>> import gongji
    >>> known = gongji.parameters("430500", "2023-03-01")
    >>> known.filter(known["path"] == "待遇.普通门诊.最高支付限额.退休")["figure"].item()
    '2000元'
    """
    law = _areas(folders, settings).area(area).law(read_date("date", fact_text("date", date)))
    return _frame(PARAMETERS, _parameters(law))


def _parameters(law: Law) -> Iterator[Row]:
    for entries in law.provisions.values():
        for provision in entries.values():
            value, book = provision.value, provision.book
            number = f"{book.head.number}{own_mark(book.source)}"
            if isinstance(value, Parameter):
                setting = ".".join((value.code, *value.axes))
                figure, unit = law.settings.get(value.code), "元" if value.unit == "fen" else "%"
                note = f"{provision.name}：{value.note}"
                yield (setting, None, figure, unit, note, number, value.article)
            for one in figures_of(provision):
                yield (None, one.path, one.text, None, None, number, None)


def diff(
    left: AreaDay,
    right: AreaDay,
    *,
    everything: bool = False,
    folders: Folders = (),
    settings: Given = None,
) -> "pl.DataFrame":
    """Two laws side by side, a row a thing that they say: `mark` is ≠, －, ＋ or ＝.

    Shape:   a law is an area at a day, "532300@2024-11-01" or a pair; `everything` gives what is
             equal as well.
    Refuses: area_unknown, date_outside; value_invalid for a setting that neither law knows.

    >>> import gongji
    >>> found = gongji.diff("430500@2023-05-31", ("430500", "2023-06-01"))
    >>> found["mark"][0], found["left"][1], found["right"][1]
    ('＋', None, '50.00 元')
    """
    loaded = _areas(folders, settings)
    sides = [_side(loaded, one) for one in (left, right)]
    loaded.check_given(area.code for area, _ in sides)
    found = compare(*sides[0], *sides[1])
    return differences_frame([row for row in found if everything or row.mark != SAME])


def _side(loaded: Areas, side: AreaDay) -> tuple[Area, Day]:
    code, day = side.partition("@")[::2] if isinstance(side, str) else side
    return loaded.area(code), read_date("date", fact_text("date", day))


def differences_frame(rows: Sequence[LawDifference]) -> "pl.DataFrame":
    """Differences of laws as a frame."""
    return _frame(DIFFERENCES, map(_difference, rows))


def _difference(row: LawDifference) -> Row:
    where = "，".join(f"{fact}：{value}" for fact, value in row.where)
    sides = (row.left, row.right, row.left_articles, row.right_articles)
    return (row.mark, row.subject, row.item, where, *(text or None for text in sides))


def curve(
    area: str,
    date: date | str = "",
    *,
    facts: Given = None,
    to: object = "",
    folders: Folders = (),
    settings: Given = None,
) -> "pl.DataFrame":
    """What the pool pays of a person's first visit of a year, a row a point of a line.

    Shape:   `date` is the first day of the newest law where none is given; `facts` what else is so
             (benefit and others); `to` the highest cost in yuan.
    Returns: status, levels, in_scope_fen, pool_pays_fen, `missing`, the parameter for want of
             which a line ends, and `documents` that the figures come from.
    Refuses: area_unknown, date_outside, and what a visit is refused for.

    >>> import gongji
    >>> points = gongji.curve("430500", "2023-02-01", to=5000)
    >>> int(points.filter(points["status"] == "retired")["pool_pays_fen"].max())
    200000
    """
    loaded = _areas(folders, settings)
    loaded.check_given((area,))
    found = loaded.area(area)
    day = read_date("date", fact_text("date", date)) if date else found.laws[-1].since
    row = {"area": area, "date": str(date_of(day)), "benefit": "ordinary"} | texts_of(facts)
    text = fact_text("to", to)
    lines = curves(found, found.law(day), row, read_amount("to", text) if text else None)
    points = (
        (line.status, line.name, cost, paid, line.missing or None, "；".join(line.documents))
        for line in lines
        for cost, paid in line.points
    )
    return _frame(POINTS, points)


def _areas(folders: Folders, settings: Given) -> Areas:
    return Areas(Library(paths_of(folders)), everywhere=texts_of(settings))


def _frame(names: Sequence[str], rows: Iterable[Row]) -> "pl.DataFrame":
    import polars as pl

    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return pl.DataFrame(
        [
            pl.Series(name, values, None if any(one is not None for one in values) else pl.String)
            for name, values in zip(names, columns, strict=True)
        ]
    )
