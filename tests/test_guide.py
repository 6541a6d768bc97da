"""The Chinese guide to rulebooks, followed from its beginning: its files are written, its commands
run in a shell, and what they say is what the page says."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/use/rulebook.zh-CN.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)
SAVED = re.compile(r"存为 `([^`]+)`：$")
ELIDED = "……\n"
PROBLEMS, REFUSED = "处问题", ("不予受理", "无法计算")


@dataclass(frozen=True)
class Block:
    """A block of the page: a file to write, commands to run, or what they say."""

    kind: str
    text: str
    file: str


def blocks() -> list[Block]:
    """The blocks of the page, in order; `file` where the words before one say to save it."""
    found = []
    for match in FENCE.finditer(PAGE):
        said = SAVED.search(PAGE[: match.start()].rstrip())
        found.append(Block(match[1], match[2], said[1] if said else ""))
    return found


FIRST_RUN = "第一次运行："


def run(commands: str, place: Path) -> tuple[str, int]:
    """What the commands say, on both outputs, and the exit code of the last."""
    found = [str(Path(sys.executable).parent), os.environ["PATH"]]
    surroundings = {**os.environ, "PATH": os.pathsep.join(found)}
    ran = subprocess.run(
        ["sh", "-c", commands],
        cwd=place,
        env=surroundings,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return plain(ran.stdout), ran.returncode


def plain(text: str) -> str:
    """The lines without what a reader does not see or not each time: blanks at their ends, a mark
    of byte order, that the first run compiles."""
    lines = text.replace("\ufeff", "").rstrip().splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines if not line.startswith(FIRST_RUN))


def as_told(said: str, page: str) -> bool:
    """Whether the page tells what was said, but for the lines it leaves out."""
    parts = [re.escape(part) for part in plain(page).split(ELIDED)]
    return re.fullmatch("(?:.*\n)*?".join(parts), said) is not None


def exit_code(said: str) -> int:
    """What a command that says this should leave with."""
    last = said.splitlines()[-1] if said else ""
    return 2 if last.endswith(PROBLEMS) else 1 if last.startswith(REFUSED) else 0


def test_the_guide_can_be_followed_from_its_beginning(tmp_path: Path) -> None:
    (tmp_path / "src").symlink_to(ROOT / "src")
    said, commands = "", ""
    for block in blocks():
        if block.file:
            (tmp_path / block.file).write_text(block.text, encoding="utf-8")
        elif block.kind == "sh":
            commands = block.text
            said, code = run(commands, tmp_path)
            assert code == exit_code(said), f"{commands}\n{said}"
        elif block.kind == "text":
            assert as_told(said, block.text), f"{commands}\n{said}"


def test_every_block_is_a_file_a_command_or_what_it_said() -> None:
    kinds = [block.kind for block in blocks()]
    assert all(block.file or block.kind in ("sh", "text") for block in blocks())
    assert all(kinds[at + 1] == "text" for at, kind in enumerate(kinds) if kind == "sh")


@pytest.mark.parametrize(
    ("said", "page", "same"),
    [
        ("甲\n乙\n丙\n", "甲\n……\n丙\n", True),
        ("甲\n丙\n", "甲\n……\n丙\n", True),
        ("甲\n乙\n", "甲\n", False),
        ("甲\n乙\n丙\n", "丙\n……\n甲\n", False),
    ],
)
def test_what_is_left_out_is_only_what_the_page_says(said: str, page: str, same: bool) -> None:
    assert as_told(said, page) is same
