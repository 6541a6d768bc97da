"""`make orders`: the suite in reverse and shuffled, each folder by itself; all must be green.

`--all` adds the slow tests; `--third 0`, `1` or `2` takes a third of the runs, and `--third today`
that of the day. With `--seconds` a run that does not end in time is stopped, which is said and is
no failure. A shuffled run tells its seed; `--seed N` repeats it.
"""

import argparse
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

TESTS = Path(__file__).parent
SHUFFLED = ("--random-order", "--random-order-bucket=global")
STOPPING_SECONDS = 20
# Nothing was collected: a file of tests that need what is not installed says so and is skipped.
GREEN = (0, 5)
Run = tuple[str, list[str]]


def orders(seed: int, shuffled: int) -> Iterator[Run]:
    """What to run: a name and pytest's arguments."""
    for folder in sorted({path.parent for path in TESTS.rglob("test_*.py")} - {TESTS}):
        yield f"{folder.relative_to(TESTS)} alone", [str(folder)]
    yield "in reverse", ["-n", "2", "--reverse"]
    for number in range(seed, seed + shuffled):
        yield f"shuffled, seed {number}", ["-n", "2", *SHUFFLED, f"--random-order-seed={number}"]


def slow() -> Iterator[Run]:
    """The slow tests, each file of them a run."""
    for path in sorted(TESTS.rglob("test_*.py")):
        if "pytest.mark.slow" in path.read_text():
            yield f"slow tests of {path.name}", ["-m", "slow", str(path)]


def pytest(arguments: list[str], seconds: float | None) -> tuple[str, bool]:
    """What pytest printed, and whether no test failed, as far as it came in its time."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    ran = subprocess.Popen(command, cwd=TESTS.parent, stdout=subprocess.PIPE, text=True)
    try:
        printed = ran.communicate(timeout=seconds)[0]
        return printed, ran.returncode in GREEN
    except subprocess.TimeoutExpired:
        # As by Ctrl-C: it stops the servers that it started.
        ran.send_signal(signal.SIGINT)
        printed = _rest(ran)
        return f"{printed}\nstopped, the time is over", re.search(
            r"\d+ (failed|error)", printed
        ) is None


def _rest(ran: subprocess.Popen[str]) -> str:
    """What is printed by a run that was asked to stop; who does not stop is made to."""
    try:
        return ran.communicate(timeout=STOPPING_SECONDS)[0]
    except subprocess.TimeoutExpired:
        ran.kill()
        return ran.communicate()[0]


def main() -> int:
    """Run them in turn; how many were not green."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--shuffled", type=int, default=1, help="how many shuffled runs")
    parser.add_argument("--all", action="store_true", help="the slow tests too")
    parser.add_argument("--third", choices=["0", "1", "2", "today"], help="a third of the runs")
    parser.add_argument("--seconds", type=float, help="how long all of it may take")
    given = parser.parse_args()
    runs = [*(slow() if given.all else ()), *orders(given.seed, given.shuffled)]
    if given.third:
        third = date.today().toordinal() % 3 if given.third == "today" else int(given.third)
        runs = runs[third::3]
    # Whoever was started in the background ignores it, and so would every run.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    failed, until = 0, time.monotonic() + given.seconds if given.seconds else None
    for name, arguments in runs:
        begun = time.monotonic()
        if until and begun >= until:
            print(f"{name}: not begun, the time is over", flush=True)
            continue
        printed, green = pytest(arguments, until - begun if until else None)
        last = printed.strip().split("\n")[-1]
        print(f"{name}: {last} ({time.monotonic() - begun:.0f} s)", flush=True)
        if not green:
            failed += 1
            print(printed[-5_000:], flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(min(1, main()))
