"""`make faults`: every fault for half a minute, and the table of what was lost or doubled."""

import sys
from collections.abc import Iterator
from pathlib import Path

from cashiers import Found
from faults import SMALL_DISK, NoRoomToTry, World, every_fault, full_disk, world

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "generated/faults.md"
SECONDS, COUNT, MUTATIONS, SEED = 30.0, 300, 10_000, 20241220
HEAD = f"""# Faults

As `make faults` did them, under the load of eight cashiers, on a service of its own (`gongji
serve` with two gateways and its embedded PostgreSQL, durable commits; what is killed the service
starts anew). After each fault what was not answered was sent again, byte for byte; then every
message was held against the journal, and `gongji ledger verify --replay` found nothing.

- lost: acknowledged, but not in the journal under the number and with the amounts that were told.
- doubled: in the journal twice, or there although it was refused.
- polite: of the unanswered, those that were told to send the same message again.
- full disk: all data on a disk of {SMALL_DISK} in memory, filled to the last byte for seconds.

| fault | times | messages | unanswered at first | polite | lost | doubled | refused |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"""


def rows(seconds: float, count: int) -> Iterator[tuple[str, int]]:
    """Every fault as a row of the table, and how many messages it lost or doubled."""
    with world(20_000) as here:
        yield from _rows(here, every_fault(here, seconds, count))
    try:
        with world(5_000, disk=SMALL_DISK) as small:
            yield from _rows(small, full_disk(small, seconds / 3))
    except NoRoomToTry as reason:
        yield f"| full disk: not tried, no small disk can be mounted here ({reason}) |", 0


def _rows(here: World, faults: Iterator[tuple[str, int, Found]]) -> Iterator[tuple[str, int]]:
    for name, times, found in faults:
        here.verify()
        cells = [name, times, *vars(found).values()]
        yield f"| {' | '.join(map(str, cells))} |", found.lost + found.doubled


def mutated(count: int) -> str:
    """Mutated requests; the sentence of what they did."""
    sys.path[:0] = [str(ROOT)]
    from tests import databases
    from tests.platform import attack

    with databases.server() as server, databases.copy(server) as database:
        tally = attack.attack(database, count, SEED)
    return (
        f"{tally.total():,} mutated requests, built from the field tables of the interface and "
        f"real samples: {tally['refused']:,} refused with one sentence and without a trace in "
        f"facts or money, {tally['answered']:,} answered, 0 accidents; then the ledger verified."
    )


def main(seconds: float = SECONDS) -> int:
    """Do the faults, write the page; exit code 1 if anything was lost or doubled."""
    share = seconds / SECONDS
    lines, wrong = [], 0
    for line, bad in rows(seconds, max(20, int(COUNT * share))):
        print(line, flush=True)
        lines.append(line)
        wrong += bad
    told = mutated(max(500, int(MUTATIONS * share)))
    print(told)
    if share >= 1:
        page = f"{HEAD}{chr(10).join(lines)}\n\n## Bad input\n\n{told}\n"
        PAGE.write_text(page, encoding="utf-8")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*map(float, sys.argv[1:2])))
