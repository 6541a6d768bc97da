"""Notebooks of docs/notebooks executed in plain Python, so that Jupyter itself is not needed.

`python tests/tidy/notebooks.py` writes what the cells give beside them, as Jupyter would. Cells run
one after the other in a folder that is thrown away. A value at a cell's end is shown as it shows
itself; a cell that is tagged `raises-exception` shows what it raises.
"""

import ast
import contextlib
import io
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parents[2] / "docs" / "notebooks"
TAG = "raises-exception"
FORMS = {"_repr_markdown_": "text/markdown", "_repr_html_": "text/html"}
"""How a value shows itself in a notebook, and what that is called there."""

Cell = dict[str, Any]


def notebooks() -> list[Path]:
    """The notebooks in their order."""
    return sorted(HERE.glob("*.ipynb"))


def read(path: Path) -> dict[str, Any]:
    """A notebook."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def code_cells(notebook: dict[str, Any]) -> list[Cell]:
    """The cells that are run."""
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def lines(text: str) -> list[str]:
    """A text as notebooks keep it."""
    return text.splitlines(keepends=True)


def shown(value: object, number: int) -> dict[str, Any]:
    """What a cell's last value looks like."""
    forms = {kind: getattr(value, name) for name, kind in FORMS.items() if hasattr(value, name)}
    found = {kind: lines(str(form())) for kind, form in forms.items()}
    return {
        "output_type": "execute_result",
        "execution_count": number,
        "metadata": {},
        "data": {**found, "text/plain": lines(repr(value))},
    }


def outputs_of(cell: Cell, names: dict[str, Any], number: int) -> list[dict[str, Any]]:
    """What a cell gives: what it prints, then its last value or what it raises."""
    tree = ast.parse("".join(cell["source"]))
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    ends: list[dict[str, Any]] = []
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(tree, "<cell>", "exec"), names)
            if last is not None:
                value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), names)
                ends = [] if value is None else [shown(value, number)]
    except Exception as error:
        if TAG not in cell["metadata"].get("tags", []):
            raise
        said = {"ename": type(error).__name__, "evalue": str(error)}
        told = lines(f"{said['ename']}: {said['evalue']}")
        ends = [{"output_type": "error", **said, "traceback": told}]
    text = printed.getvalue()
    stream = {"output_type": "stream", "name": "stdout", "text": lines(text)}
    return [*([stream] if text else []), *ends]


def run(notebook: dict[str, Any], first: int | None = None) -> list[list[dict[str, Any]]]:
    """What the cells give, or the first so many of them."""
    names: dict[str, Any] = {"__name__": "__main__"}
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            cells = code_cells(notebook)[:first]
            return [outputs_of(cell, names, at) for at, cell in enumerate(cells, start=1)]
        finally:
            os.chdir(before)


def write(path: Path) -> None:
    """Run a notebook and keep what its cells give."""
    notebook = read(path)
    for number, (cell, given) in enumerate(
        zip(code_cells(notebook), run(notebook), strict=True), start=1
    ):
        cell["outputs"], cell["execution_count"] = given, number
    text = json.dumps(notebook, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    chosen = set(sys.argv[1:])
    for one in notebooks():
        if not chosen or one.stem in chosen:
            write(one)
            print(one.name)
