"""What a settlement costs, this tree beside an earlier one, in turn: `make cost BEFORE=commit`.

Speed swings with whoever shares the machine; these do not, or hardly: user CPU of the gateways and
of the database, bytes of WAL and statements a settlement, for 2207 one after another (single) and
fifty at once (batch), and the user CPU of `gongji quote`. Each tree has a service and a database of
its own; rounds alternate; what counts is the median of the rounds, and of their ratios.
"""

import argparse
import asyncio
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[1]
TICKS = os.sysconf("SC_CLK_TCK")
QUOTE = [
    "quote",
    "--area",
    "430500",
    "--date",
    "2023-02-01",
    "--status",
    "active",
    "--level",
    "3",
    "--total",
    "4000",
]
AT_ONCE = {"single": 1, "batch": 50}
MEASURES = {"user_us": "gateways' user CPU, µs", "server_us": "database's CPU, µs", "wal": "WAL, B"}


def _cpu(parents: set[int], fields: slice) -> int:
    """Microseconds of all processes below these, by fields of /proc: those that ended too."""
    known: dict[int, tuple[int, list[int]]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            rest = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        known[int(folder.name)] = int(rest[1]), [int(text) for text in rest[11:15]]
    family = set(parents)
    while more := {pid for pid, (parent, _) in known.items() if parent in family} - family:
        family |= more
    ticks = sum(sum(known[pid][1][fields]) for pid in family if pid in known)
    return ticks * 1_000_000 // TICKS


class Served:
    """The service of the tree that this process was started in."""

    def __init__(self, bench: Any, service: int) -> None:
        import psycopg

        self.bench, self.service = bench, service
        self.database = psycopg.connect(bench.dsn, autocommit=True)
        self.postmaster = int(
            (Path(self._one("show data_directory")) / "postmaster.pid").read_text().split()[0]
        )

    def _one(self, query: str) -> Any:
        row = self.database.execute(query).fetchone()  # type: ignore[arg-type]
        return row[0] if row else None

    def measured(self, kind: str, count: int) -> dict[str, float]:
        """Settle so many; what each took."""
        bills = self.bench.bills(count)
        before = self._taken()
        asyncio.run(self._settle(bills, AT_ONCE[kind]))
        after = self._taken()
        return {name: (after[name] - before[name]) / count for name in before}

    def statements(self, kind: str, count: int) -> float:
        """Statements a settlement, as the database logs them."""
        bills = self.bench.bills(count)
        log = Path(self._one("show data_directory")).parent
        self._logged("all")
        begun = {path: path.stat().st_size for path in log.rglob("*log*") if path.is_file()}
        asyncio.run(self._settle(bills, AT_ONCE[kind]))
        self._logged("none")
        found = 0
        for path in log.rglob("*log*"):
            if path.is_file():
                new = path.read_bytes()[begun.get(path, 0) :]
                found += len(re.findall(rb"LOG:  (?:execute|statement)", new))
        return found / count

    def _logged(self, which: str) -> None:
        self.database.execute(f"alter system set log_statement = '{which}'")  # type: ignore[arg-type]
        self.database.execute("select pg_reload_conf()")
        self.database.execute("select pg_sleep(1)")

    def _taken(self) -> dict[str, int]:
        return {
            "user_us": _cpu({self.service}, slice(0, 1)),
            "server_us": _cpu({self.postmaster}, slice(0, 4)),
            "wal": int(self._one("select pg_current_wal_insert_lsn() - '0/0'")),
        }

    async def _settle(self, bills: list[tuple[str, int, int]], at_once: int) -> None:
        from counter_visits import Connection

        waiting = iter(bills)

        async def cashier() -> None:
            connection = await Connection.open(self.bench.port)
            for psn_no, visit, total in waiting:
                asked = self.bench.bill(psn_no, str(visit), total)
                body, headers = self.bench.envelope("2207", asked), self.bench.signed()
                answer = await connection.post("/2207", headers, body)
                if answer["infcode"] != 0:
                    raise SystemExit(str(answer.get("err_msg")))

        await asyncio.gather(*(cashier() for _ in range(at_once)))


def serve(port: int, persons: int) -> None:
    """Be the service of a tree: answer each line of the input with a line."""
    import psycopg
    from psycopg.conninfo import make_conninfo

    import counter

    started: list[Any] = []
    real = subprocess.Popen

    def popen(command: Any, *given: Any, **more: Any) -> Any:
        if str(command[-1]) == "serve":
            command = [sys.executable, "-c", _main(Path(counter.__file__).parents[1]), "serve"]
        started.append(real(command, *given, **more))
        return started[-1]

    counter.subprocess.Popen = popen  # type: ignore[assignment, misc]
    opened = getattr(counter, "gateway", None) or counter.door
    with tempfile.TemporaryDirectory(prefix="gongji-cost-") as folder:
        os.environ |= {"GONGJI_DEMO": "1", "GONGJI_DATA": folder}
        with suppress(ModuleNotFoundError):
            # It makes the folder a demonstration's, in trees that ask for one.
            import_module("gongji.platform.environment").environment()
        server = _embedded()(Path(folder) / "postgresql", keep=True)
        try:
            # Earlier trees have their server from a library, which names things otherwise.
            dsn = (getattr(server, "address", None) or server.get_uri)()
            with psycopg.connect(dsn, autocommit=True) as connection:
                connection.execute("create database gongji")
            with opened(make_conninfo(dsn, dbname="gongji"), port, 1) as bench:
                bench.people(1, persons)
                served = Served(bench, started[-1].pid)
                print(json.dumps("ready"), flush=True)
                for line in sys.stdin:
                    what, kind, count = line.split()
                    print(json.dumps(getattr(served, what)(kind, int(count))), flush=True)
                served.database.close()
        finally:
            (getattr(server, "stop", None) or server.cleanup)()


def _main(folder: Path) -> str:
    """Python that runs the `gongji` command of a tree."""
    module = "gongji.cli.main" if (folder / "src/gongji/cli").is_dir() else "gongji.cli"
    return f"import sys; sys.argv[0] = 'gongji'; from {module} import main; main()"


def _embedded() -> Callable[..., Any]:
    """How this tree starts a database; its module has been in another room."""
    for room in ("platform", "config"):
        with suppress(ModuleNotFoundError):
            found: Callable[..., Any] = import_module(f"gongji.{room}.database").embedded
            return found
    raise SystemExit("this tree starts no database that is known here")


@contextmanager
def tree(folder: Path, port: int, persons: int) -> Iterator[Callable[[str], Any]]:
    """The service of a tree, as what answers a line with its result."""
    child = subprocess.Popen(
        [sys.executable, "-P", str(Path(__file__)), "--serve", "--port", str(port)]
        + ["--persons", str(persons)],
        env=os.environ | {"PYTHONPATH": f"{folder / 'src'}:{folder / 'bench'}"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdin and child.stdout

    def ask(line: str) -> Any:
        child.stdin.write(line + "\n")
        child.stdin.flush()
        return answer()

    def answer() -> Any:
        for text in child.stdout:
            if text.startswith(("{", '"ready"')) or re.fullmatch(r"[\d.]+\n", text):
                return json.loads(text)
        raise SystemExit(f"the service of {folder} ended")

    try:
        answer()
        yield ask
    finally:
        child.stdin.close()
        child.wait(60)


def quoted(folder: Path) -> float:
    """Milliseconds of user CPU of one `gongji quote`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run(
        [sys.executable, "-c", _main(folder), *QUOTE],
        env=os.environ | {"PYTHONPATH": str(folder / "src")},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return 1000 * (resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)


def compare(before: Path, options: argparse.Namespace) -> Iterator[str]:
    """The rows of the table."""
    found: dict[str, list[tuple[float, float]]] = {}
    trees = (before, ROOT)
    with ExitStack() as stack:
        asks = [
            stack.enter_context(tree(folder, options.port + 10 * n, options.persons))
            for n, folder in enumerate(trees)
        ]
        for ask in asks:
            ask("measured batch 500")
        for kind, count in (("single", options.single), ("batch", options.batch)):
            for _ in range(options.rounds):
                pair = [ask(f"measured {kind} {count}") for ask in asks]
                for name, words in MEASURES.items():
                    values = (pair[0][name], pair[1][name])
                    found.setdefault(f"{kind}: {words}", []).append(values)
            counts = tuple(float(ask(f"statements {kind} 200")) for ask in asks)
            found[f"{kind}: statements"] = [counts]  # type: ignore[list-item]
    found["`gongji quote`: user CPU, ms"] = [
        (quoted(before), quoted(ROOT)) for _ in range(options.rounds)
    ]
    for what, pairs in found.items():
        first, second = (median(column) for column in zip(*pairs, strict=True))
        ratio = median(after / earlier for earlier, after in pairs)
        yield f"| {what} | {first:,.1f} | {second:,.1f} | {ratio:.3f} |"


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", help="a commit, or the folder of a tree")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--single", type=int, default=200, help="settlements in a round")
    parser.add_argument("--batch", type=int, default=2_000, help="settlements in a round")
    parser.add_argument("--persons", type=int, default=50_000)
    parser.add_argument("--port", type=int, default=18186)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.port, options.persons)
        return
    if not options.before:
        parser.error("--before names what to compare with: make cost BEFORE=commit")
    with tempfile.TemporaryDirectory(prefix="gongji-before-") as folder:
        before = Path(options.before)
        if not before.is_dir():
            before = Path(folder) / "tree"
            made = ["git", "-C", str(ROOT), "worktree", "add", "--detach", "-q", str(before)]
            subprocess.run([*made, options.before], check=True)
        try:
            print("| a settlement | before | after | ratio |\n| --- | ---: | ---: | ---: |")
            for row in compare(before, options):
                print(row, flush=True)
        finally:
            if str(before).startswith(folder):
                subprocess.run(
                    ["git", "-C", str(ROOT), "worktree", "remove", "--force", str(before)],
                    check=True,
                )


if __name__ == "__main__":
    main()
