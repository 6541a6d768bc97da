"""What a rulebook refers to must exist and fit: meters, facts, parameters, benefits, doubts.

`check` reads the law of one area over all its time and the documents it is made of, `problems`
everything that concerns one document. Both find all mistakes and raise none, so that a rulebook
that passes never meets a missing name while a visit is settled.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from gongji.law.checks.check_figures import unknown
from gongji.law.checks.check_provisions import Checker
from gongji.law.checks.structs import structs_in
from gongji.law.compile.gates import gates_of
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.law import ALL, NATION, Law, spans
from gongji.law.rulebook.rulebook import DOUBTS, FOREVER, SECTIONS, Rulebook
from gongji.law.rulebook.shelf import Shelf
from gongji.law.rulebook.source import Node, line_of
from gongji.refusals import Problem
from gongji.units import date_of

MAX_ATOMS = 62
"""Gate conditions of an area over all its time: each is a bit of one number."""

PROVINCE = "0000"
"""How the code of a province ends: its documents replace what stands in those of its areas."""


def check(books: list[Rulebook], laws: list[Law]) -> list[Problem]:
    """Every problem of an area's laws and of the documents they are made of."""
    found: list[Problem] = []
    for law in laws:
        found += _of_span(law, books)
    found += _changed_meters(laws)
    home = laws[0].area if laws else ""
    for number, book in enumerate(books):
        if book.head.area == home:
            found += _doubts(book)
            found += _given_way(book)
            if not home.endswith(PROVINCE):
                found += _replaced(book, books[:number])
    return list(dict.fromkeys(found))


def problems(shelf: Shelf, book: Rulebook) -> list[Problem]:
    """Everything that a document refers to that does not exist or does not fit, in every area.

    Returns: problems of this document's file only; none of form, which loading reports.
    """
    found = [*_doubts(book), *_given_way(book)]
    replaced: list[list[Problem]] = []
    for area in shelf.areas():
        books, _ = shelf.readable(area)
        # A file that is misplaced or misnamed is none of its area's: that is told by itself.
        if all(other.path != book.path for other in books):
            continue
        laws = spans(area, books, {}, found)
        found += [problem for law in laws for problem in _of_span(law, books)]
        found += _changed_meters(laws)
        earlier = books[: next(n for n, other in enumerate(books) if other.path == book.path)]
        replaced.append(_replaced(book, earlier))
    # What a province's document replaces needs to stand in one of its areas only.
    for problem in replaced[0] if replaced else []:
        if all(problem.line in [p.line for p in others] for others in replaced):
            found.append(problem)
    return [p for p in dict.fromkeys(found) if p.file == str(book.path)]


def _of_span(law: Law, books: list[Rulebook]) -> list[Problem]:
    """The problems of a law's provisions; on which days, where a document has ended before.

    What is missing then often stands in that document, which says it no longer.
    """
    found = Checker(law).run()
    ended = [one for one in books if one.head.until < law.since and one.head.area == law.area]
    if not found or not ended:
        return found
    last = ended[-1].head
    until = "今" if law.until >= FOREVER else str(date_of(law.until - 1))
    when = f"（{date_of(law.since)} 至 {until}：{last.number}已于 {date_of(last.until)} 到期，"
    when += "其中的规定不再有效；请续期，或把要用的规定写进这个文件）"
    return [replace(one, message=one.message + when) for one in found]


def _changed_meters(laws: list[Law]) -> Iterator[Problem]:
    """A meter keeps its meaning over the area's time, for it goes on through a change of rules."""
    places: dict[str, tuple[object, ...]] = {}
    atoms: set[tuple[str, tuple[str, ...]]] = set()
    for law in laws:
        for name, provision in law.all(provision_kinds.Meter).items():
            meter = provision.value
            spread = tuple(law.facts[fact].values for fact in meter.apart if fact in law.facts)
            place = (meter.measure, meter.period, meter.start, meter.apart, spread)
            if places.setdefault(name, place) != place:
                message = "与此前同名的计量不同（量、期、分或所分事实的值）；累计要延续，请另起名称"
                yield Problem(meter.node.file, meter.node.line, provision.path, message)
        for found, when in sorted(gates_of(law), key=lambda gate: not gate[0].national):
            node = found.value.node
            atoms |= set(when.items())
            if len(atoms) > MAX_ATOMS:
                message = f"门槛的条件超过 {MAX_ATOMS} 种"
                yield Problem(node.file, node.line, found.path, message)


def _entries(book: Rulebook) -> set[str]:
    """The paths of a document's provisions, those that could not be read included."""
    named = {f"{section}.{name}" for section, entries in book.sections.items() for name in entries}
    return named | {path for path in book.broken if path.partition(".")[0] in SECTIONS}


def _given_way(book: Rulebook) -> Iterator[Problem]:
    """What stands under 缺省 is in the same document."""
    head, entries = book.head, _entries(book)
    for path in head.fallback:
        if path not in entries:
            line = line_of(head.node, "缺省")
            yield Problem(str(book.path), line, "文件.缺省", unknown("规定", path, sorted(entries)))


def _replaced(book: Rulebook, earlier: list[Rulebook]) -> list[Problem]:
    """What stands under 替换 is in an earlier document."""
    below = [other for other in earlier if other.head.area != NATION or book.head.area == NATION]
    known = sorted({path for other in below for path in _entries(other)})
    listed = book.head.node.value.get("替换")  # type: ignore[union-attr]
    nodes = listed.value if listed and isinstance(listed.value, list) else []
    found = []
    for number, path in enumerate(book.head.replaces):
        everything = path == ALL and any(one.head.area == book.head.area for one in below)
        if path not in known and not everything:
            line = nodes[number].line if nodes else line_of(book.head.node, "替换")
            found.append(
                Problem(str(book.path), line, "文件.替换", unknown("此前的规定", path, known))
            )
    return found


def _doubts(book: Rulebook) -> Iterator[Problem]:
    """Each doubt that is named is in the document, and each that is there is named."""
    broken = {path.partition(".")[2] for path in book.broken if path.startswith(f"{DOUBTS}.")}
    used: set[str] = set()
    for owner in _owners(book.sections), _owners(book.loose):
        for node, names in owner:
            used |= set(names)
            for name in names:
                if name not in book.doubts and name not in broken:
                    message = unknown("存疑", name, book.doubts)
                    yield Problem(node.file, line_of(node, DOUBTS), DOUBTS, message)
    for name, doubt in book.doubts.items():
        if name not in used:
            message = "没有规定引用这一存疑；请在它影响的规定里写“存疑”"
            yield Problem(doubt.node.file, doubt.node.line, f"{DOUBTS}.{name}", message)


def _owners(value: Any) -> Iterator[tuple[Node, tuple[str, ...]]]:
    """Every struct inside a value that names doubts, with the names."""
    for struct in structs_in(value):
        names = getattr(struct, "doubts", ()) + getattr(struct, "near_doubts", ())
        names += tuple(name for row in getattr(struct, "row_doubts", {}).values() for name in row)
        if names:
            yield struct.node, names
