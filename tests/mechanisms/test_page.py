"""docs/use/rulebook.md and its Chinese twin say every key; the example loads and settles."""

import dataclasses
import re
from pathlib import Path

import pytest

from gongji.law.checks import check_references
from gongji.law.checks.library import Library
from gongji.law.engine.visit_examples import run_example
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.rulebook import Head

USE = Path(__file__).parents[2] / "docs" / "use"
PAGES = {
    name: (USE / name).read_text(encoding="utf-8") for name in ("rulebook.md", "rulebook.zh-CN.md")
}
PAGE = PAGES["rulebook.md"]
STRUCTS = [Head] + [
    value
    for value in vars(provision_kinds).values()
    if isinstance(value, type) and dataclasses.is_dataclass(value)
]
KEYS = sorted(
    {
        (struct.__name__, field.metadata["key"])
        for struct in STRUCTS
        for field in dataclasses.fields(struct)
        if "key" in field.metadata and struct is not provision_kinds.Article
    }
)


@pytest.mark.parametrize(("struct", "key"), KEYS)
def test_every_key_is_described(struct: str, key: str) -> None:
    assert [name for name, page in PAGES.items() if key not in page] == [], f"{struct}.{key}"


def test_every_choice_is_listed() -> None:
    words = [
        *provision_kinds.PERIODS,
        *provision_kinds.PAYERS,
        *provision_kinds.BASES,
        *provision_kinds.METER_MEASURES,
    ]
    words += [
        *provision_kinds.ROUNDING_UNITS,
        *provision_kinds.ROUNDING_WAYS,
        *provision_kinds.SOURCES,
    ]
    assert [word for page in PAGES.values() for word in words if word not in page] == []


def test_the_example_of_the_page_loads_and_settles(tmp_path: Path) -> None:
    match = re.search(r"```yaml\n(.*?)```", PAGE, re.S)
    assert match
    place = tmp_path / "370000" / "370300"
    place.mkdir(parents=True)
    (place / "2023-01-01.yaml").write_text(match[1], encoding="utf-8")
    library = Library([tmp_path])
    (book,) = library.books("370300")
    assert check_references.problems(library, book) == []
    assert [run_example(library, book, example) for example in book.examples] == [[]]
