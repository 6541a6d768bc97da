"""Every provision of the documents that can be computed has a key and a case."""

import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from gongji.law.checks.library import Library
from gongji.law.report.register import ROOMS, provisions
from gongji.law.rulebook.rulebook import Rulebook

HERE = Path(__file__).parent
TABLES: dict[str, list[dict[str, Any]]] = yaml.safe_load(
    (HERE / "requirements.yaml").read_text(encoding="utf-8")
)
ROWS = [(table, row) for table, rows in TABLES.items() for row in rows]
LIBRARY = Library()
BOOKS = {book.id: book for book in map(LIBRARY.book, LIBRARY.files())}

SIZES = {
    "Who and when": 11,
    "What the pool pays": 30,
    "Personal accounts": 12,
    "Settlement and service": 5,
    "Paying institutions": 6,
    "Readings settled": 31,
}
"""How many provisions there are; a row that is dropped is missed."""

NOT_ARITHMETIC = {"PZ-13, YF-23", "SY-16", "PZ-17", "CX-32(3)"}
"""Rows without a figure: what they ask for is the work of a part of gongji alone."""

every_row = pytest.mark.parametrize(
    ("table", "row"), ROWS, ids=[f"{table}: {row['row']}" for table, row in ROWS]
)


def keys_of(book: Rulebook) -> set[str]:
    """Everything in a rulebook that a row can point to."""
    own = {"文件.施行", "文件.有效期至"}
    return {*provisions(book), *(f"存疑.{name}" for name in book.doubts), *own}


def test_no_row_is_missing() -> None:
    """The tables are whole."""
    assert {table: len(rows) for table, rows in TABLES.items()} == SIZES


@every_row
def test_each_row_is_a_rule_with_a_case_or_the_work_of_a_part(
    table: str, row: dict[str, Any]
) -> None:
    """What can be computed has key and case; for the rest the part is named."""
    if row["row"] in NOT_ARITHMETIC:
        assert row["workflow"]
    else:
        assert row.get("keys"), "no key"
        assert row.get("cases"), "no case"
    for rooms, what in row.get("workflow", {}).items():
        assert set(rooms.split(", ")) <= set(ROOMS), rooms
        assert what


@every_row
def test_keys_exist(table: str, row: dict[str, Any]) -> None:
    """A key is a provision or doubt of a document, or a function of the kernel."""
    for key in row.get("keys", []):
        document, _, path = key.partition(" ")
        if path:
            assert path in keys_of(BOOKS[document]), key
        else:
            module, function = document.split(":")
            assert hasattr(importlib.import_module(module), function), key


@every_row
def test_cases_exist(table: str, row: dict[str, Any]) -> None:
    """A case is an example of a document, by its name, or a test."""
    for case in row.get("cases", []):
        if case.startswith("tests/"):
            path, test = case.split("::")
            assert f"def {test}(" in (HERE.parent / path).read_text(encoding="utf-8"), case
        else:
            document, _, name = case.partition(" ")
            assert name in {example.name for example in BOOKS[document].examples}, case
