"""The page on Python: its programs run, it says the same in both languages, it names everything."""

import re
from pathlib import Path

import pytest

import gongji
from gongji.frames.wishes import GivenWishes

PAGES = [
    Path(__file__).parents[2] / "docs" / "use" / name for name in ("python.md", "python.zh-CN.md")
]
PAID = {"500.50", "499.50", "2000.00", "3000.00", "1000.00", "value_invalid", "level"}
"""What the programs print, among others."""


def programs(page: Path) -> list[str]:
    """The programs of a page."""
    return re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def test_the_programs_run_and_print_what_the_law_gives(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile("\n".join(programs(PAGES[0])), "page", "exec"), {})
    assert set(capsys.readouterr().out.split()) >= PAID


def test_both_languages_have_the_same_programs_and_rows() -> None:
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    assert programs(PAGES[0]) == programs(PAGES[1])
    rows = [re.findall(r"^\| (`.*?) \|", text, re.MULTILINE) for text in texts]
    assert rows[0] == [row.replace("、", ", ") for row in rows[1]]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_name_and_wish_stands_on_the_page(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    functions = {name for name in gongji.__all__ if name.islower()}
    assert not [name for name in functions if f"`{name}(" not in text]
    assert not [name for name in GivenWishes.__annotations__ if f"| `{name}` |" not in text]
