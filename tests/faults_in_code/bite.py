"""`make bite`: one fault in the code at a time, and whether a test tells.

Each fault of the lists beside this file is made in a copy of the source, and the tests that should
tell run. For what they do not tell, those of its room and then the whole suite run at the end. A
fault that lives fails the run, unless its list says why it may.
"""

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from queue import Queue

import yaml

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "gongji"
LISTS = Path(__file__).parent
PAGE = ROOT / "docs" / "generated" / "bite.md"
HEAD = """# Faults in the code

As `make bite` made them: each fault of `tests/faults_in_code/` alone, in a copy of the source; the
tests that its line names run first, and for what they do not tell those of its room, then the whole
suite. A fault that lives has no test that tells of it.
"""
SECONDS = 900
"""A run of tests that takes longer hangs; then the fault is found too."""

ROOM_TESTS = {
    "api": ["tests/portal"],
    "auditing": ["tests/audit"],
    "backup": ["tests/platform/test_backup.py", "tests/platform/test_backup_commands.py"],
    "console": ["tests/console"],
    "supervision": ["tests/supervision"],
    "batch": ["tests/batch", "tests/audit", "tests/catalogue"],
    "frames": ["tests/frames", "tests/batch/test_adjudicate.py"],
    "cli": ["tests/cli", "tests/platform/test_exit_codes.py", "tests/test_usage.py"],
    "law/accounts": ["tests/accounts"],
    "law/checks": ["tests/check", "tests/mechanisms"],
    "law/compile": ["tests/check", "tests/mechanisms", "tests/test_cases.py", "tests/oracle"],
    "law/engine": ["tests/visit", "tests/test_cases.py", "tests/mechanisms", "tests/test_quote.py"],
    "law/explain": ["tests/explain", "tests/test_quote.py"],
    "law/kernel": ["tests/kernel", "tests/test_cases.py", "tests/check", "tests/oracle"],
    "law/pricing": ["tests/catalogue", "tests/platform/test_lines_priced.py"],
    "law/report": ["tests/report"],
    "law/rulebook": ["tests/check", "tests/mechanisms", "tests/test_cases.py", "tests/oracle"],
    "mirror": ["tests/mirror", "tests/audit/test_folder.py"],
    "portal": ["tests/portal"],
    "simulation": ["tests/simulation"],
    "tabular": ["tests/test_sheets.py", "tests/catalogue"],
    "units": ["tests/kernel", "tests/test_price.py"],
}
"""The tests of a room; those of a room that is not named are in tests/platform."""
OWN_SERVER = {"backup", "cli", "demo", "platform", "service"}
"""Rooms whose tests start a PostgreSQL of their own."""


@dataclass(frozen=True)
class Fault:
    """One change of the source.

    Shape: `file` is relative to src/gongji; `function` its qualified name, empty for the whole
           file; `change` is found there exactly once, whatever the white space.
    """

    name: str
    file: str
    function: str
    change: str
    into: str
    tests: tuple[str, ...]
    lives: str = ""

    @property
    def room(self) -> str:
        """The folder, or the file, that it is in; in `law` the folder there."""
        first, *more = self.file.split("/")
        return f"{first}/{more[0]}" if first == "law" else first.removesuffix(".py")


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""LibYAML's, where it is: the lists are long."""


def read_faults(folder: Path = LISTS) -> list[Fault]:
    """The faults of every list, in the order of their files."""
    return [
        Fault(
            row["name"],
            *_place(row["where"]),
            row["change"],
            row["into"],
            tuple(row["tests"].split()),
            row.get("lives", ""),
        )
        for path in sorted(folder.glob("*.yaml"))
        for row in yaml.load(path.read_text(), _LOADER)
    ]


def _place(where: str) -> tuple[str, str]:
    file, _, function = where.partition(" ")
    return file, function


def changed(fault: Fault, source: Path = SOURCE) -> str:
    """The text of its file with the fault in it.

    Refuses: ValueError where the place is not found exactly once, or the result is no Python.
    """
    text = (source / fault.file).read_text()
    start, end = _span(text, fault)
    pattern = r"\s+".join(re.escape(word) for word in fault.change.split())
    before = text[start:end]
    found = list(re.finditer(pattern, before))
    if len(found) != 1:
        raise ValueError(f"{fault.name}: {len(found)} places in {fault.file} {fault.function}")
    after = before[: found[0].start()] + fault.into + before[found[0].end() :]
    if fault.file.endswith(".py"):
        # A method is read alone: the whole file is a hundred times as long.
        ast.parse(f"if True:\n{after}" if after.startswith(" ") else after)
    if after == before:
        raise ValueError(f"{fault.name}: changes nothing")
    return text[:start] + after + text[end:]


def _span(text: str, fault: Fault) -> tuple[int, int]:
    """Where the function, class or constant stands in the text."""
    if not fault.function:
        return 0, len(text)
    node: ast.AST = _parsed(text)
    for name in fault.function.split("."):
        inside = [found for found in ast.iter_child_nodes(node) if name in _names(found)]
        if len(inside) != 1:
            raise ValueError(f"{fault.name}: {fault.file} has no {fault.function}")
        node = inside[0]
    assert isinstance(node, ast.stmt) and node.end_lineno
    lines = text.splitlines(keepends=True)
    return sum(map(len, lines[: node.lineno - 1])), sum(map(len, lines[: node.end_lineno]))


@lru_cache(maxsize=4)
def _parsed(text: str) -> ast.Module:
    """A text's tree; faults of one file come one after the other."""
    return ast.parse(text)


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


@contextmanager
def _copies(count: int) -> Iterator["Queue[Path]"]:
    """So many copies of the source, beside the docs that its files point to."""
    with tempfile.TemporaryDirectory(prefix="gongji-bite-") as folder:
        copies: Queue[Path] = Queue()
        for number in range(count):
            made = Path(folder) / str(number)
            # With its bytecode, whose times still fit: only a changed file is compiled anew.
            shutil.copytree(SOURCE, made / "src" / "gongji")
            (made / "docs").symlink_to(ROOT / "docs")
            copies.put(made / "src")
        yield copies


@contextmanager
def _faulty(fault: Fault, copies: "Queue[Path]") -> Iterator[Path]:
    """A copy with the fault in it, which is taken out again."""
    source = copies.get()
    file = source / "gongji" / fault.file
    try:
        file.write_text(changed(fault))
        yield source
    finally:
        shutil.copy2(SOURCE / fault.file, file)
        copies.put(source)


@contextmanager
def _server() -> Iterator[str]:
    """One PostgreSQL for all the runs whose tests do not need one of their own."""
    from gongji.platform.database import embedded

    with tempfile.TemporaryDirectory(prefix="gongji-bite-") as folder:
        started = embedded(Path(folder) / "postgresql", keep=True)
        try:
            yield str(started.address())
        finally:
            started.stop()


def _fails(tests: Sequence[str], source: Path, server: str) -> str:
    """The first test that fails on a source, empty if none does."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    if all("::" in test for test in tests):
        # A test that is named is run, slow or not; a file without its slow ones.
        command += ["-m", "slow or not slow"]
    environment = os.environ | {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
    if all(test.startswith("tests/platform/") for test in tests):
        # Plugins take longer to load than these tests to run, which need none.
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    if server:
        environment["DATABASE_URL"] = server
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        return "it hangs"
    if done.returncode == 0:
        return ""
    if done.returncode not in (1, 2):
        raise RuntimeError(f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    told = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    return told[1] if told else "it cannot start"


def _named(fault: Fault, copies: "Queue[Path]", server: str) -> tuple[str, str]:
    """The test that told among those that the fault's line names, empty if none did."""
    with _faulty(fault, copies) as source:
        shared = "" if fault.room in OWN_SERVER else server
        return "named", _fails(fault.tests, source, shared) if fault.tests else ""


def _others(fault: Fault, copies: "Queue[Path]", jobs: int) -> tuple[str, str]:
    """How far the search went beyond (room, suite) and the test that told, empty if none did."""
    wider = {"room": ROOM_TESTS.get(fault.room, ["tests/platform"]), "suite": ["tests"]}
    with _faulty(fault, copies) as source:
        for name, tests in wider.items():
            told = _fails(["-n", str(jobs), *tests], source, "")
            # A test of the whole room may fail by itself now and then: it must do so again.
            if told and ("::" not in told or _fails([told], source, "")):
                return name, told
    return "suite", ""


def table(faults: Sequence[Fault], found: dict[Fault, tuple[str, str]]) -> list[str]:
    """The table of rooms, and what lives with its reason."""
    lines = [
        "| room | faults | told by the test named | by its room | by the suite | live |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    rooms = sorted({fault.room for fault in faults})
    for room in [*rooms, ""]:
        of = [found[fault] for fault in faults if room in ("", fault.room)]
        told = [sum(bool(test) and far == name for far, test in of) for name in ROUNDS]
        cells = [room or "all", len(of), *told, len(of) - sum(told)]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    living = [fault for fault in faults if not found[fault][1]]
    said = [
        f"- {one.file} {one.function}: {one.name}; {one.lives or 'NO REASON'}" for one in living
    ]
    return [*lines, "", *(said or ["Nothing lives."])]


ROUNDS = ("named", "room", "suite")
TOLD = re.compile(r"\d+/\d+ \d+ s (\S+): (.*?): (\S+::.*|it .*) \((named|room|suite)\)$")


def _found_before(log: Path | None, faults: Sequence[Fault]) -> dict[Fault, tuple[str, str]]:
    """What an earlier run has found: how far it went and the test that told."""
    lines = log.read_text().splitlines() if log else []
    told = {(m[1], m[2]): (m[4], m[3]) for m in map(TOLD.match, lines) if m}
    return {
        fault: told[fault.room, fault.name] for fault in faults if (fault.room, fault.name) in told
    }


def main() -> int:
    """Make every fault, or the chosen ones."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--room", default="", help="only the faults of this room")
    parser.add_argument("--only", default="", help="only faults with these words in their name")
    parser.add_argument("--resume", type=Path, help="what a run that was stopped has printed")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="how many at one time")
    given = parser.parse_args()
    faults = [
        fault
        for fault in read_faults()
        if given.room in ("", fault.room) and given.only in fault.name
    ]
    begun, found = time.monotonic(), _found_before(given.resume, faults)

    def tell(fault: Fault, far: str, told: str) -> None:
        found[fault] = far, told
        spent, what = time.monotonic() - begun, f"{told} ({far})" if told else "LIVES"
        head = f"{len(found)}/{len(faults)} {spent:.0f} s"
        print(f"{head} {fault.room}: {fault.name}: {what}", flush=True)

    left = []
    with _copies(given.jobs) as copies, _server() as server, ThreadPoolExecutor(given.jobs) as pool:
        tasks = {
            pool.submit(_named, fault, copies, server): fault
            for fault in faults
            if fault not in found
        }
        for task in as_completed(tasks):
            far, told = task.result()
            if told:
                tell(tasks[task], far, told)
            else:
                left.append(tasks[task])
                print(f"not told by the tests named: {tasks[task].name}", flush=True)
        for fault in left:
            tell(fault, *_others(fault, copies, given.jobs))
    lines = table(faults, found)
    print("", *lines, sep="\n")
    if not given.room and not given.only:
        PAGE.write_text("\n".join([HEAD, *lines, ""]), encoding="utf-8")
    return min(1, sum(not found[fault][1] and not fault.lives for fault in faults))


if __name__ == "__main__":
    sys.exit(main())
