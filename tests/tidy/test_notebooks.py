"""The notebooks say what their cells give: the first cells in every run, all in a slow one."""

from pathlib import Path

import pytest

import notebooks

FIRST = 3
"""So many cells of each notebook are run every time."""
NAMES = {"a-year-audited", "a-reform-on-a-population", "an-own-area"}


def kept(path: Path, first: int | None = None) -> list[object]:
    """What the notebook says that its cells gave."""
    return [cell["outputs"] for cell in notebooks.code_cells(notebooks.read(path))[:first]]


def test_there_are_three_and_all_their_cells_were_run() -> None:
    assert {path.stem for path in notebooks.notebooks()} == NAMES
    for path in notebooks.notebooks():
        cells = notebooks.code_cells(notebooks.read(path))
        assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1))
        assert sum(bool(cell["outputs"]) for cell in cells) >= FIRST


@pytest.mark.parametrize("path", notebooks.notebooks(), ids=lambda path: path.stem)
def test_the_first_cells_give_what_stands_there(path: Path) -> None:
    assert notebooks.run(notebooks.read(path), FIRST) == kept(path, FIRST)


@pytest.mark.slow
@pytest.mark.parametrize("path", notebooks.notebooks(), ids=lambda path: path.stem)
def test_all_cells_give_what_stands_there(path: Path) -> None:
    assert notebooks.run(notebooks.read(path)) == kept(path)
