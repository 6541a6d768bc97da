"""docs/use/mechanisms.md has a row for every known mechanism, and what it points at is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROWS = [f"A{n}" for n in range(1, 17)] + [f"B{n}" for n in range(1, 49)] + ["B38a", "B40a"]
LINES = (ROOT / "docs" / "use/mechanisms.md").read_text(encoding="utf-8").splitlines()
TABLE = {
    cells[0]: cells
    for line in LINES
    if re.match(r"\| [AB]\d", line)
    for cells in [[cell.strip() for cell in line.strip("|").split("|")]]
}
NUMBERS = (1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 14, 15, 17, 19, 20, 24, 25, 26, 27, 28, 29, 31, 32)
MUST_BE_SHOWN = [f"B{n}" for n in (*NUMBERS, 33, 36, 43, 44, 45, 47)] + ["B38a"]


def test_every_mechanism_has_one_row() -> None:
    rows = [match[1] for line in LINES if (match := re.match(r"\| ([AB]\d+a?) \|", line))]
    assert sorted(rows) == sorted(ROWS)


def test_every_rulebook_that_is_pointed_at_exists() -> None:
    for cells in TABLE.values():
        for path in re.findall(r"`([^`]+\.yaml)`", cells[4]):
            shipped = ROOT / "src" / "gongji" / "rulebooks" / path
            assert (ROOT / path).exists() or shipped.exists(), path


@pytest.mark.parametrize("row", MUST_BE_SHOWN)
def test_a_mechanism_is_shown_by_a_rulebook_with_examples(row: str) -> None:
    paths = re.findall(r"`(tests/[^`]+\.yaml)`", TABLE[row][4])
    texts = [(ROOT / path).read_text(encoding="utf-8") for path in paths]
    assert any(re.search(rf"\b{row}\b", text) and "示例:" in text for text in texts)
