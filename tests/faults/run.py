"""`make faults`: every fault for half a minute, and the table of what was lost or doubled."""

import sys
from pathlib import Path

from faults import every_fault, world

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
HEAD = """# Faults

As `make faults` did them, under the load of eight cashiers, on a service of its own (PostgreSQL
with durable commits, two doors). After each fault what was not answered was sent again, byte for
byte; then every message was held against the journal, and `gongji ledger verify --replay` found
nothing.

| fault | times | messages | unanswered at first | lost | doubled | refused |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
"""


def main(seconds: float = 30, count: int = 300) -> int:
    """Do the faults, write the page; exit code 1 if anything was lost or doubled."""
    rows, wrong = [], 0
    with world(50_000) as here:
        for name, times, found in every_fault(here, seconds, count):
            here.verify()
            wrong += found.lost + found.doubled
            rows.append(
                f"| {name} | {times} | {found.sent} | {found.unanswered} | {found.lost} "
                f"| {found.doubled} | {found.refused} |"
            )
            print(rows[-1], flush=True)
    PAGE.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:2])))
