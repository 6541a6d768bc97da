"""Everything that is wrong with rulebooks, as `gongji check` tells it and as it is asked before a
version is published: form, references, register, gaps, proofs, examples, accounts.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from gongji.law.accounts import account_examples, check_accounts
from gongji.law.checks.check_rulebooks import AreaReport, check_area, read_files
from gongji.law.checks.library import Library
from gongji.law.engine import visit_examples
from gongji.law.report import register
from gongji.law.rulebook.rulebook import Rulebook
from gongji.refusals import Problem, Refusal, RulebookError


@dataclass(frozen=True)
class Examined:
    """What was found: a report of each area, every problem by file and line, and how many examples
    each document has that were run."""

    reports: list[AreaReport]
    problems: list[Problem]
    examples: Counter[str]


def examine(library: Library, files: Iterable[Path]) -> Examined:
    """Check the documents in some of a library's files, and the areas that these belong to."""
    files = list(files)
    books, problems = read_files(library, files)
    examples = _run_examples(library, books, problems)
    problems += [problem for book in books for problem in register.problems(book)]
    areas = sorted({path.parent.name for path in files} & set(library.areas()))
    reports = [check_area(library, area) for area in areas]
    for report in reports:
        problems += report.problems
        for law in report.laws:
            problems += check_accounts.problems(law.law)
            problems += check_accounts.without_uses(law.law)
    found = sorted(dict.fromkeys(problems), key=lambda p: (p.file, p.line, p.key))
    return Examined(reports, found, examples)


def _run_examples(library: Library, books: list[Rulebook], problems: list[Problem]) -> Counter[str]:
    """Run the examples of documents: how many each file has; what differs goes to `problems`."""
    ran: Counter[str] = Counter()
    for book in books:
        for example in book.examples:
            ran[book.id] += 1
            runner = (
                visit_examples.run_example
                if example.kind in visit_examples.KINDS
                else account_examples.run_example
            )
            try:
                problems += runner(library, book, example)
            except RulebookError:
                # The mistakes themselves are reported by reading and by the area's check.
                ran[book.id] -= 1
            except Refusal as refusal:
                name, node = f"示例“{example.name}”", example.node
                problems.append(Problem(node.file, node.line, name, str(refusal)))
    return ran
