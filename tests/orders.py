"""`make orders`: the suite in reverse and shuffled, each folder by itself; all must be green.

A shuffled run tells its seed; `--seed N` repeats it.
"""

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

TESTS = Path(__file__).parent
SHUFFLED = ("--random-order", "--random-order-bucket=global")


def runs(seed: int, shuffled: int) -> Iterator[tuple[str, list[str]]]:
    """What to run: a name and pytest's arguments."""
    for folder in sorted({path.parent for path in TESTS.rglob("test_*.py")} - {TESTS}):
        yield f"{folder.relative_to(TESTS)} alone", [str(folder)]
    yield "in reverse", ["-n", "2", "--reverse"]
    for number in range(seed, seed + shuffled):
        yield f"shuffled, seed {number}", ["-n", "2", *SHUFFLED, f"--random-order-seed={number}"]


def main() -> int:
    """Run every order; how many were not green."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--shuffled", type=int, default=1, help="how many shuffled runs")
    given = parser.parse_args()
    failed = 0
    for name, arguments in runs(given.seed, given.shuffled):
        begun = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
        ran = subprocess.run(command, cwd=TESTS.parent, capture_output=True, text=True)
        last = ran.stdout.strip().split("\n")[-1]
        print(f"{name}: {last} ({time.monotonic() - begun:.0f} s)", flush=True)
        if ran.returncode:
            failed += 1
            print(ran.stdout[-5_000:], flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(min(1, main()))
