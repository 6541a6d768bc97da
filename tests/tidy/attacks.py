"""The tests that docs/operate/security.md names, and the files in which `make attacks` runs them.

Run it to have the files, from the folder of the tests: they follow the page and no other list.
"""

import re
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "operate" / "security.md"
_NAMED = re.compile(r"`([^`]+)`")
_TEST = re.compile(r"^(?:async )?def test_(\w+)", re.MULTILINE)


def named() -> list[tuple[str, tuple[str, ...]]]:
    """Each attack of the page, with what its last column names: a test, or a file of tests."""
    part = PAGE.read_text(encoding="utf-8").split("\n## Attacks\n")[1].split("\n## ")[0]
    rows = [line.split(" | ") for line in part.splitlines() if line.startswith("| ")]
    return [(row[0].removeprefix("| "), tuple(_NAMED.findall(row[-1]))) for row in rows[2:]]


@cache
def places() -> dict[str, list[str]]:
    """Test, and file of tests -> where it is, from the folder of the tests."""
    found: dict[str, list[str]] = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        place = path.relative_to(TESTS).as_posix()
        found.setdefault(place, []).append(place)
        for name in _TEST.findall(path.read_text(encoding="utf-8")):
            found.setdefault(name, []).append(place)
    return found


def files() -> list[str]:
    """The files that hold what the page names."""
    return sorted({place for _, names in named() for name in names for place in places()[name]})


if __name__ == "__main__":
    print(*files())
