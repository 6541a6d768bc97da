"""What `gongji check` finds in rulebooks: mistakes, gaps, overlaps, and proofs of every chain.

Files are read with every mistake reported; the law of each area is folded over time, every cell
compiled, and each distinct program proved. Examples are run by the command, which knows who runs
them; this module knows rulebooks and the kernel only.
"""

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gongji.law.checks import check_references, check_traps
from gongji.law.checks.library import Library
from gongji.law.checks.proof import Proof, prove, refuses_all
from gongji.law.checks.structs import structs_in
from gongji.law.compile import parameters_given
from gongji.law.compile.cells import axes_of, offered_benefits, settled_values
from gongji.law.compile.figures import Cell
from gongji.law.compile.layout import Layout, lay_out
from gongji.law.compile.program import Compiler, Program
from gongji.law.rulebook import account_provisions, provision_kinds, value_mistakes
from gongji.law.rulebook.law import Law, Settings
from gongji.law.rulebook.official_text import missing_parts, text_beside
from gongji.law.rulebook.rulebook import FOREVER, Rulebook
from gongji.law.rulebook.source import line_of, unseen
from gongji.refusals import Problem, Refusal, RulebookError
from gongji.units import WHOLE, date_of, show_ppm


@dataclass(frozen=True)
class CheckedChain:
    """A distinct program of a benefit under a law, the cells that share it, and its proof.

    `opens` are the open parameters for which it is unproved; `supposed` how many programs were
    proved in its place with the figures that the rulebook's examples suppose.
    """

    benefit: str
    cells: tuple[Cell, ...]
    proof: Proof | None
    opens: tuple[str, ...] = ()
    supposed: int = 0


@dataclass(frozen=True)
class Cliff:
    """A jump that the law itself contains: a finding, not a mistake."""

    document: str
    article: str
    sentence: str


@dataclass
class LawReport:
    """The chains of an area's law over one span of days."""

    law: Law
    chains: list[CheckedChain] = field(default_factory=list)
    cells: int = 0
    gaps: list[Problem] = field(default_factory=list)

    def where(self, *, proved: bool) -> list[CheckedChain]:
        """The chains that are proved, or those that are not."""
        return [chain for chain in self.chains if (chain.proof is not None) == proved]


@dataclass
class AreaReport:
    """What was found in the law of one area."""

    area: str
    books: list[Rulebook]
    laws: list[LawReport] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    cliffs: list[Cliff] = field(default_factory=list)


def read_files(library: Library, files: Iterable[Path]) -> tuple[list[Rulebook], list[Problem]]:
    """The documents in these files, and every mistake of form and of reference."""
    books: list[Rulebook] = []
    problems: list[Problem] = []
    for path in files:
        book, found = library.read(path)
        problems += found
        if book is not None:
            books.append(book)
            problems += check_references.problems(library, book)
            problems += _uncited(book)
            problems += _unmeant(book)
            problems += _not_in_text(book)
    return books, problems


def check_area(library: Library, area: str) -> AreaReport:
    """Fold an area's law over time, compile every cell and prove every chain.

    Returns: a report without laws where the documents have mistakes, which are in its problems.
    """
    books, _ = library.readable(area)
    report = AreaReport(area, books)
    try:
        laws = library.laws(area)
    except RulebookError as error:
        report.problems += error.problems
        return report
    report.problems += _pauses(laws)
    report.problems += check_traps.unused_meters(area, laws)
    if not laws:
        node = books[-1].head.node
        message = "没有一天有本统筹区的规则有效"
        report.problems.append(Problem(node.file, node.line, "文件", message))
    layout = lay_out(laws)
    for number, law in enumerate(laws):
        supposed = [library.laws(area, settings)[number] for settings in _supposed(law)]
        checked = _check_law(law, layout, supposed, report.problems)
        report.laws.append(checked)
        report.problems += checked.gaps
        report.cliffs += [cliff for cliff in _cliffs(law) if cliff not in report.cliffs]
    return report


def _pauses(laws: list[Law]) -> Iterator[Problem]:
    """Days between two documents on which no document is in force."""
    for earlier, later in itertools.pairwise(laws):
        if earlier.until < later.since:
            node = later.books[-1].head.node
            days = f"{date_of(earlier.until)} 至 {date_of(later.since - 1)}"
            yield Problem(node.file, node.line, "文件.施行", f"{days} 没有规则")


def _supposed(law: Law) -> list[Settings]:
    """The figures that examples of this law's documents suppose for open parameters."""
    found: list[Settings] = []
    for book in law.books:
        for example in book.examples:
            if example.settings and example.settings not in found:
                found.append(example.settings)
    return [settings for settings in found if _readable(law, settings)]


def _readable(law: Law, settings: Settings) -> bool:
    """Whether figures can be read: where they cannot, running their example tells it."""
    known = {path: text for path, text in settings.items() if _names_parameter(law, path)}
    try:
        parameters_given.check([law], known)
    except Refusal:
        return False
    return True


def _names_parameter(law: Law, path: str) -> bool:
    """Whether a figure is of a parameter of this law; an example's may be of another year's."""
    codes = {one.value.code for one in law.all(provision_kinds.Parameter).values()}
    return path.partition(".")[0] in codes


def years_of(law: Law) -> list[int]:
    """The years for which programs can differ: those of its statistics, otherwise the first."""
    first = date_of(law.since).year
    known: set[int] = set()
    for provision in law.all(provision_kinds.Parameter).values():
        known |= {int(year) for year in provision.value.years}
    if not known:
        return [first]
    last = max(known) + 2
    if law.until < FOREVER:
        last = min(last, date_of(law.until - 1).year)
    return list(range(first, max(first, last) + 1))


def cells_of(law: Law, benefit: str) -> Iterator[Cell]:
    """Every cell of a benefit in which a visit can be settled."""
    axes = axes_of(law, benefit)
    for values in itertools.product(*(settled_values(law, axis) for axis in axes)):
        yield dict(zip(axes, values, strict=True))


def _check_law(law: Law, layout: Layout, supposed: list[Law], problems: list[Problem]) -> LawReport:
    report = LawReport(law)
    proofs: dict[tuple[int, ...], Proof] = {}
    gaps: dict[tuple[str, int, str], Problem] = {}
    reached = check_traps.Reached()
    for benefit, year in itertools.product(offered_benefits(law), years_of(law)):
        found: dict[tuple[int, ...], tuple[Program, list[Cell]]] = {}
        for cell in cells_of(law, benefit):
            program = Compiler(law, layout, year).program(benefit, cell)
            report.cells += 1
            if refuses_all(program.code):
                continue
            for problem in _gaps(program, benefit):
                gaps.setdefault((problem.file, problem.line, problem.key), problem)
            reached.see(program, cell)
            if not program.gaps:
                found.setdefault(tuple(program.code), (program, []))[1].append(cell)
        for code, (program, cells) in found.items():
            if program.opens:
                tried = [_try(one, layout, year, benefit, cells, proofs) for one in supposed]
                opens = tuple(dict.fromkeys(program.opens.values()))
                report.chains.append(CheckedChain(benefit, tuple(cells), None, opens, sum(tried)))
                continue
            proof = _proved(code, proofs)
            report.chains.append(CheckedChain(benefit, tuple(cells), proof))
            if proof.broken:
                problems.append(_broken(law, program, cells[0], proof.broken))
    report.gaps = list(gaps.values())
    problems += [*reached.problems(), *check_traps.of_tables(law)]
    return report


def _proved(code: tuple[int, ...], proofs: dict[tuple[int, ...], Proof]) -> Proof:
    if code not in proofs:
        proofs[code] = prove(list(code))
    return proofs[code]


def _try(
    law: Law,
    layout: Layout,
    year: int,
    benefit: str,
    cells: list[Cell],
    proofs: dict[tuple[int, ...], Proof],
) -> int:
    """How many distinct programs of these cells are proved with the figures supposed."""
    codes = set()
    for cell in cells:
        program = Compiler(law, layout, year).program(benefit, cell)
        if not program.opens and not program.gaps:
            codes.add(tuple(program.code))
    return sum(not _proved(code, proofs).broken for code in codes)


def _gaps(program: Program, benefit: str) -> Iterator[Problem]:
    for gap in program.gaps.values():
        node = gap.table.node if gap.table else None
        message = (
            f"{gap.axis}为“{gap.value}”时没有数字；请补上，或写明“{provision_kinds.REST_TEXT}”"
        )
        if node:
            yield Problem(node.file, node.line, f"{benefit}.{gap.axis}.{gap.value}", message)


def _broken(law: Law, program: Program, cell: Cell, sentence: str) -> Problem:
    provision = law.all(provision_kinds.Benefit)[program.benefit]
    node = getattr(provision.value, "node", provision.book.head.node)
    where = "、".join(f"{axis}={value}" for axis, value in cell.items())
    return Problem(node.file, node.line, provision.path, f"{sentence}（{where or '所有人'}）")


def _cliffs(law: Law) -> Iterator[Cliff]:
    """Where one fen more of a budget's use changes what an institution keeps by a jump."""
    for provision in law.all(account_provisions.Clearing).values():
        clearing = provision.value
        number = provision.book.head.number
        for earlier, later in itertools.pairwise(clearing.bands):
            jump = (later.kept - earlier.kept) * (WHOLE - later.since) // WHOLE
            yield Cliff(
                number,
                later.article,
                f"预算使用率达到 {show_ppm(later.since)} 时，留用由结余的 {show_ppm(earlier.kept)}"
                f" 变为 {show_ppm(later.kept)}，相当于预算的 {show_ppm(jump)}",
            )
        direct = clearing.direct
        if direct:
            yield Cliff(
                number,
                direct.article,
                f"直接结算率低于 {show_ppm(direct.below)} 时，每低 {show_ppm(direct.step)}"
                f"（不足也算）留用比例降低 {show_ppm(direct.loss)}",
            )


def _not_in_text(book: Rulebook) -> Iterator[Problem]:
    """Articles, paragraphs and items that the official text beside the document does not have."""
    text = text_beside(book.path)
    for article, struct in citations(tuple(book.sections.values())) if text.sections else ():
        if getattr(struct, "document", ""):
            continue  # Read in another document, which is not beside this one.
        for part in missing_parts(text, article):
            message = f"正文没有“{part}”"
            yield Problem(struct.node.file, line_of(struct.node, "依据"), "依据", message)


def _uncited(book: Rulebook) -> Iterator[Problem]:
    """Provisions whose article is not among those that the document accounts for (条文)."""
    for article, struct in citations(tuple(book.sections.values())) if book.articles else ():
        if getattr(struct, "document", ""):
            continue  # Of another document, which accounts for its own articles.
        if not any(name in article for name in book.articles):
            node = struct.node
            message = f"“{article}”不在“条文”所列之内：{'、'.join(book.articles)}"
            yield Problem(node.file, line_of(node, "依据"), "依据", message)


def _unmeant(book: Rulebook) -> Iterator[Problem]:
    """What can be read and is surely not meant: signs that nobody sees, words in place of articles,
    examples that expect nothing, a folder of another province."""
    yield from unseen(str(book.path), book.content)
    for article, struct in citations((*book.sections.values(), book.doubts, book.examples)):
        if article in value_mistakes.NO_ARTICLES:
            node, message = struct.node, f"“{article}”不是条款；请写第几条，如 第三条第二款"
            yield Problem(node.file, line_of(node, "依据"), "依据", message)
    for example in book.examples:
        rows = example.rows.value if isinstance(example.rows.value, list) else [example.rows]
        wanted = [row.value.get("期望") for row in rows if isinstance(row.value, dict)]
        empty = [node for node in wanted if node and not node.value]
        for node in empty if rows else [example.rows]:
            message = "是空的，什么也没有核对；如 期望: {支付: 400元}"
            yield Problem(node.file, node.line, f"示例“{example.name}”", message)
    province, area = book.path.parent.parent.name, book.head.area
    here = book.path.parent.name == area and re.fullmatch("[0-9]{6}", province)
    if here and province != f"{area[:2]}0000":
        message = f"{area} 的目录应在 {area[:2]}0000 里，却在 {province} 里；请移过去"
        yield Problem(str(book.path), line_of(book.head.node, "统筹区"), "文件.统筹区", message)


def citations(value: Any) -> Iterator[tuple[str, Any]]:
    """Every article named in provisions, with the struct that names it."""
    for struct in structs_in(value):
        for name in ("article", "unless_article", "spares_article", "over_article"):
            if getattr(struct, name, ""):
                yield getattr(struct, name), struct
        for article in getattr(struct, "articles", {}).values():
            yield article, struct
