"""The tests of files and rules on the lowest or the latest versions allowed: `make lowest`, `make
latest`.

An environment of its own is made for the time of the run; the lock and `.venv` stay as they are.
"""

import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
TRIED = (
    "tests/test_quote.py",
    "tests/test_sheets.py",
    "tests/test_price.py",
    "tests/test_usage.py",
    "tests/files",
    "tests/batch",
    "tests/audit",
    "tests/accounts",
    "tests/report",
)
EXTRAS = ("plot", "pandas", "platform")
TESTING = ("pytest", "pytest-xdist", "hypothesis", "jsonschema")


def requirements(which: str) -> list[str]:
    """What is to be installed: direct requirements at their lower bound, or just within bounds."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    extras = project["optional-dependencies"]
    given = project["dependencies"] + [line for extra in EXTRAS for line in extras[extra]]
    tools = [line for line in extras["dev"] if Requirement(line).name in TESTING]
    return [lowest(line) if which == "lowest" else line for line in given] + tools


def lowest(line: str) -> str:
    """A requirement at its lower bound."""
    one = Requirement(line)
    bound = next(spec.version for spec in one.specifier if spec.operator == ">=")
    extras = f"[{','.join(sorted(one.extras))}]" if one.extras else ""
    marker = f"; {one.marker}" if one.marker else ""
    return f"{one.name}{extras}=={bound}{'' if bound.count('.') > 1 else '.*'}{marker}"


def main(which: str) -> int:
    """Install into a new environment and run the tests there.

    Returns: the exit code of the first step that fails.
    """
    with tempfile.TemporaryDirectory(prefix="gongji-versions-") as folder:
        python = f"{folder}/bin/python"
        steps = [
            [sys.executable, "-m", "venv", folder],
            [python, "-m", "pip", "install", "--quiet", *requirements(which)],
            [python, "-m", "pip", "list", "--format=freeze"],
            # What two other libraries will no longer do for each other is not judged here.
            [python, "-m", "pytest", "-q", "-n", "2", "-W", "ignore::DeprecationWarning", *TRIED],
        ]
        for words in steps:
            given = os.environ | {"PYTHONPATH": str(ROOT / "src")}
            done = subprocess.run(words, cwd=ROOT, env=given)
            if done.returncode:
                return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
