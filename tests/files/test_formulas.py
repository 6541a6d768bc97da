"""No cell of a CSV file that we write is a formula, and reading gives back what was written."""

import csv
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongji.auditing.differences import _guarded
from gongji.batch.visit_files import _no_formulas
from gongji.cli.ledger import _csv
from gongji.tabular.formulas import BEGINNINGS, formula_again, no_formula
from gongji.tabular.sheets import Whole

FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1", "\r=1", "=", "-"]
PLAIN = ["", "-12.00", "+3", "-1,234.50", "12%", "测试", "'quoted", "a=b", "-5%"]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_begins_as_a_formula_is_marked_as_a_text(text: str) -> None:
    assert no_formula(text) == f"'{text}" and formula_again(f"'{text}") == text


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_none_stays_as_it_is(text: str) -> None:
    assert no_formula(text) == text and formula_again(text) == text
    assert no_formula(-5) == -5 and no_formula(None) is None


@given(st.text())
def test_no_text_but_a_number_begins_as_a_formula(text: str) -> None:
    made = str(no_formula(text))
    assert made == text or formula_again(made) == text
    if made[:1] in BEGINNINGS and made:
        float(made.replace(",", "").rstrip("%").split(".")[0] + ".0")


def test_files_are_written_so(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    texts = [text for text in FORMULAS if "\r" not in text]
    with Whole(path, ["名称", "=列"]) as file:
        file.write([[text, "x"] for text in texts])
    with path.open(encoding="utf-8-sig", newline="") as read:
        rows = list(csv.reader(read))
    assert rows[0] == ["名称", "'=列"] and [row[0] for row in rows[1:]] == [f"'{t}" for t in texts]
    assert _csv([["=1"]]) == "'=1\r\n"
    table = pa.table({"a": [*FORMULAS, *PLAIN, None]})
    assert _no_formulas(table)["a"].to_pylist() == [*map(no_formula, [*FORMULAS, *PLAIN]), None]
    frame = pl.DataFrame({"a": [*FORMULAS, *PLAIN], "n": range(len(FORMULAS) + len(PLAIN))})
    assert _guarded(frame)["a"].to_list() == [no_formula(text) for text in frame["a"]]
    assert _guarded(frame)["n"].to_list() == frame["n"].to_list()
