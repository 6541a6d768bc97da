"""Pages in both languages say the same: each links to the other, every row of an English table
stands in the Chinese one, and the facts in Chinese are those of the code."""

import re
from pathlib import Path

from each import of_each
from gongji.law.rulebook.vocabulary import BENEFITS, CHOICE, DERIVED, FACTS
from reference import DOCS

ROOT = DOCS.parent
ENDING = ".zh-CN.md"
CHINESE = [*sorted(ROOT.glob(f"*{ENDING}")), *sorted(DOCS.rglob(f"*{ENDING}"))]
NAMES_OF_PARTS = ("`in_scope_<part>`",)
"""Facts whose Chinese name is told in words."""

Row = list[str]


def english(page: Path) -> Path:
    """The English page of a Chinese one."""
    return page.with_name(page.name.removesuffix(ENDING) + ".md")


def tables(page: Path) -> list[list[Row]]:
    """The tables of a page: for each its rows, the head left out."""
    found: list[list[Row]] = []
    before = ""
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.startswith("| ---"):
            found.append([])
        elif line.startswith("|") and before.startswith("|"):
            found[-1].append([cell.strip() for cell in line.strip("|").split("|")])
        before = line
    return found


def codes(text: str) -> list[str]:
    """What a text gives as code."""
    return sorted(re.findall(r"`([^`]+)`", text))


def names(cell: str) -> list[str]:
    """The names that a cell lists."""
    return re.split(r"[,、]\s*", cell)


def rows(name: str) -> list[tuple[Row, Row]]:
    """The rows of a page under docs/use beside those in Chinese; there are as many."""
    page = DOCS / f"use/{name}{ENDING}"
    ours, theirs = tables(english(page)), tables(page)
    assert [len(table) for table in ours] == [len(table) for table in theirs]
    return [
        (row, twin)
        for table, other in zip(ours, theirs, strict=True)
        for row, twin in zip(table, other, strict=True)
    ]


@of_each("page", CHINESE, ids=lambda page: page.name)
def test_the_two_languages_lead_to_each_other(page: Path) -> None:
    twin = english(page)
    for here, there in ((page, twin), (twin, page)):
        top = here.read_text(encoding="utf-8").splitlines()[:8]
        assert any(f"]({there.name})" in line for line in top), f"{here.name} -> {there.name}"


def test_the_guide_has_every_key_and_form_in_both() -> None:
    for row, twin in rows("rulebook"):
        assert codes(" ".join(row)) == codes(" ".join(twin)), twin
        for cell, other in zip(row, twin, strict=True):
            if re.match(r"[一-鿿–]", cell) and not re.search(r"[A-Za-z]", cell):
                assert names(cell) == names(other), twin


def test_every_mechanism_is_shown_by_the_same_rulebooks_in_both() -> None:
    for row, twin in rows("mechanisms"):
        assert (row[0], codes(row[4])) == (twin[0], codes(twin[4]))
        assert all(twin[1:4]), twin


def test_every_fact_has_the_same_codes_in_both() -> None:
    for row, twin in rows("facts"):
        if len(row) == 2:
            assert (row[0], codes(row[1])) == (twin[0], codes(twin[1]))
        else:
            assert row[0] == twin[0]
            assert row[1] == twin[1] or row[0] in NAMES_OF_PARTS
            assert [codes(cell) for cell in row[2:4]] == [codes(cell) for cell in twin[2:4]], twin


def test_facts_in_chinese_have_the_names_and_values_that_rulebooks_use() -> None:
    columns, derived = tables(DOCS / f"use/facts{ENDING}")
    told = {row[0].strip("`"): row for row in columns}
    for fact in FACTS.values():
        if fact.column in DERIVED:
            assert fact.name in [row[0] for row in derived]
        if fact.column in told:
            assert told[fact.column][1] == fact.name
            for name, code in fact.choices.items() if fact.kind == CHOICE else ():
                assert code in ("", "pharmacy") or f"`{code}` {name}" in told[fact.column][2]
        else:
            assert fact.column in DERIVED, fact.name
    for name, code in BENEFITS.items():
        assert f"`{code}` {name}" in told["benefit"][2]
    named = {row[1] for row in columns} - {"–"} - {told["in_scope_<part>"][1]}
    assert named <= FACTS.keys()
