"""Change one figure of a shipped rulebook, and see whether anything notices.

A figure is every scalar with a digit that is not prose, a document's number or an article; a
rulebook's examples and its list of articles are tests and descriptions, not figures. A mutant dies
of the first that fails: reading and references, the rulebook's own examples, a comparison with the
oracle on fixed random histories, credits and clearings, or the time limits of the agency's items.
Each figure is made one larger; only where that goes unnoticed, one smaller: a limit beside a
tighter one (Shaoyang's 300 of level 3 beside the 300 of all levels) binds from one side only.
"""

import random
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from accounts_comparison import (
    clear_by_kernel,
    clear_by_oracle,
    credit_by_kernel,
    credit_by_oracle,
    in_whole_yuan,
)
from comparison import Shelf, by_kernel, by_oracle
from gongji.law.accounts import account_examples
from gongji.law.checks.library import Library
from gongji.law.engine import visit_examples
from gongji.law.rulebook.item_provisions import ItemRule
from gongji.law.rulebook.law import NATION
from gongji.law.rulebook.rulebook import SHIPPED, Rulebook
from gongji.refusals import Problem, Refusal, RulebookError
from histories import random_clearing, random_credit, random_history

PROSE = frozenset(
    {
        *("名称", "文号", "地名", "出处", "依据", "超支依据", "说明", "互联网", "材料", "范围"),
        *("问题", "采用", "另解", "理由", "存疑", "特殊情形"),
    }
)
DESCRIBED = frozenset({"示例", "条文", "存疑"})
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
NUMBER = re.compile(r"\d+")
HISTORIES, CREDITS, CLEARINGS = 240, 400, 60


IN_FORCE = "000000@2011-07-01"
"""社会保险法 第九十八条: 本法自2011年7月1日起施行."""
WORKING_DAYS = {"manual_reimbursement": 30}
"""Time limits of the agency's items: 社会保险经办条例 第二十条."""


@dataclass(frozen=True)
class Mutant:
    """One figure changed: where, from what, to what."""

    path: Path
    line: int
    key: str
    start: int
    end: int
    before: str
    after: str

    def __str__(self) -> str:
        place = f"{self.path.parent.name}/{self.path.name}:{self.line}"
        return f"{place}: {self.key}: {self.before} -> {self.after}"

    @property
    def text(self) -> str:
        """The whole file with the figure changed."""
        whole = self.path.read_text(encoding="utf-8")
        return whole[: self.start] + self.after + whole[self.end :]

    @property
    def name(self) -> str:
        """The file's name, which follows the day on which the document comes into force."""
        return f"{self.after}.yaml" if self.key == "文件.施行" else self.path.name


def mutants() -> list[Mutant]:
    """Every figure of the shipped rulebooks, changed a little."""
    return [mutant for path in sorted(SHIPPED.glob("**/*.yaml")) for mutant in _of_file(path)]


def _of_file(path: Path) -> Iterator[Mutant]:
    text = path.read_text(encoding="utf-8")
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    for keys, node in _scalars(root, ()):
        start, end = node.start_mark.index, node.end_mark.index
        before = text[start:end]
        if NUMBER.search(before):
            line = node.start_mark.line + 1
            yield Mutant(path, line, ".".join(keys), start, end, before, _changed(before, 1))


def _scalars(node: Any, keys: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The scalars that may be figures, with their keys; years of a statistic are keys."""
    if isinstance(node, yaml.ScalarNode):
        yield keys, node
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _scalars(item, keys)
    else:
        for key, value in node.value:
            if key.value.isdigit():
                yield (*keys, key.value), key
            if key.value not in (PROSE if keys else DESCRIBED):
                yield from _scalars(value, (*keys, key.value))


def _changed(figure: str, by: int) -> str:
    """The figure with its last number changed; a date by days."""
    if DATE.fullmatch(figure):
        return str(date.fromisoformat(figure) + timedelta(days=by))
    start, end = list(NUMBER.finditer(figure))[-1].span()
    return f"{figure[:start]}{abs(int(figure[start:end]) + by):0{end - start}d}{figure[end:]}"


@cache
def _histories(area: str) -> list[tuple[list[Any], dict[str, int], list[Any]]]:
    found = []
    for number in range(HISTORIES):
        rows, figures = random_history(random.Random(f"mutation:{number}:{area}"), area)
        found.append((rows, figures, list(by_oracle(rows, figures))))
    return found


@cache
def _credits() -> list[tuple[Any, dict[str, int], Any]]:
    rng = random.Random("mutation:credits")
    rows = [random_credit(rng) for _ in range(CREDITS * 7)]
    return [(row, figures, credit_by_oracle(row, figures)) for row, figures in rows]


@cache
def _clearings() -> list[tuple[Any, Any]]:
    rng = random.Random("mutation:clearing")
    rows = [in_whole_yuan(random_clearing(rng)) for _ in range(CLEARINGS)]
    return [(row, clear_by_oracle(row)) for row in rows]


def death(mutant: Mutant) -> str:
    """What notices the change, or the opposite one; empty for a survivor."""
    smaller = replace(mutant, after=_changed(mutant.before, -1))
    return _one_death(mutant) or _one_death(smaller)


def _one_death(mutant: Mutant) -> str:
    with tempfile.TemporaryDirectory() as folder:
        area = Path(folder) / mutant.path.parent.name
        area.mkdir()
        for path in mutant.path.parent.glob("*.yaml"):
            if path != mutant.path:
                (area / path.name).write_bytes(path.read_bytes())
        (area / mutant.name).write_text(mutant.text, encoding="utf-8")
        library = Shelf([Path(folder)])
        try:
            if area.name == NATION:
                return _death_of_nations(library, area / mutant.name)
            return _death(library, mutant.path.parent.name)
        except RulebookError:
            return "reading"


def _death_of_nations(library: Library, path: Path) -> str:
    """The nation's law lies under every area: its figures are its code, its day and time limits."""
    if library.book(path).id != IN_FORCE:
        return "the day of the law"
    return "" if _limits(library.book(path)) else "time limits"


def _limits(book: Rulebook) -> bool:
    """Whether the agency's items of a document have the time limits of the law."""
    rules = [one for one in book.sections.get("事项", {}).values() if isinstance(one, ItemRule)]
    return all(rule.limit.days == WORKING_DAYS[rule.code] for rule in rules if rule.limit)


def _death(library: Library, area: str) -> str:
    # A province's document bears on its areas.
    affected = [area] if not area.endswith("0000") else library.areas()
    affected = [code for code in affected if code[:2] == area[:2]]
    for code in affected:
        library.laws(code)
    for code in affected:
        for path in library.files(code):
            if _failing_examples(library, path):
                return "examples"
            if not _limits(library.book(path)):
                return "time limits"
    for code in affected:
        for rows, figures, expected in _histories(code):
            if list(by_kernel(library, rows, figures)) != expected:
                return "oracle: visits"
    for row, figures, expected in _credits():
        concerned = row["area"][:4] in {code[:4] for code in affected}
        if concerned and credit_by_kernel(library, row, figures) != expected:
            return "oracle: credits"
    if "445300" in affected:
        for row, expected in _clearings():
            if clear_by_kernel(library, row) != expected:
                return "oracle: clearing"
    return ""


def _failing_examples(library: Library, path: Path) -> list[Problem]:
    book = library.book(path)
    for example in book.examples:
        of_visits = example.kind in visit_examples.KINDS
        runner = visit_examples.run_example if of_visits else account_examples.run_example
        try:
            problems = runner(library, book, example)
        except Refusal as refusal:
            return [Problem(str(path), example.node.line, example.name, str(refusal))]
        if problems:
            return problems
    return []
