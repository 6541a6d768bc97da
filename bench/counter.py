"""Settlements at the counter, measured side by side with pgbench in one run: `make bench-counter`.

T is what pgbench reaches with a settlement written statement by statement (`--yardstick` names
the folder with its schema.sql and settlement.sql). In turn with it: 2207 through HTTP from a C load
generator (wrk), each request signed, for random distinct persons; whole visits by a client that
keeps its connections, at full speed and at half. Then 2207 on larger tables. Prints a table and
keeps it in docs/generated/benchmarks-counter.md.
"""

import argparse
import hashlib
import itertools
import json
import os
import platform
import random
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from counter_visits import CERTIFICATE, Times, times_at, visits_a_second
from counter_yardstick import Host, Yardstick

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "generated/benchmarks-counter.md"
HOSPITAL, ACCESS_KEY, SECRET = "H43050000001", "bench", "bench-secret"
AREA = "430500"
DAY = datetime(2023, 3, 1, 9, 0, 0)
MOST_A_SECOND = 5_000
"""Settlements a second for which bills are prepared."""
GROWTH = [(10_000, 0), (1_000_000, 1_000_000), (1_000_000, 5_000_000)]
"""Persons and settlements in the tables."""
SERIALS = itertools.count(1)
"""Of messages, over all benches: a copied database knows those of the first."""
SHORT_SECONDS, ROUNDS = 4, 5
"""How long each size is measured and how often; ten thousand persons suffice for so long."""


FILL = """
-- Checking a million made-up facts against each other would take longer than the measurement.
alter table person_fact drop constraint if exists person_fact_one_at_a_time;
insert into institution (code, area, name, kind, grade)
values (%(hospital)s, %(area)s, '测试医院', 'hospital', '5') on conflict do nothing;
insert into institution_fact (institution, kind, since, details)
values (%(hospital)s, 'level', '2020-01-01', '{"level": "2"}'),
       (%(hospital)s, 'agreement', '2020-01-01',
        '{"designated_for": ["ordinary", "chronic", "special"], "qualified": true}')
on conflict do nothing;
insert into person (psn_no, area, name, certificate, certificate_hash)
select %(area)s || lpad(n::text, 14, '0'), %(area)s, '测试', %(sealed)s,
  case n when 1 then %(hash)s else int8send(n) end
from generate_series(%(from)s::bigint, %(to)s::bigint) n;
insert into person_fact (person_id, area, kind, since, details)
select p.id, p.area, k.kind, '2020-01-01', k.details::jsonb from person p
cross join (values ('insured', '{"status": "active"}'), ('account', '{}'),
                   ('birth', '{"birth_date": "1980-01-01"}')) k (kind, details)
where p.psn_no between %(area)s || lpad(%(from)s::text, 14, '0')
                   and %(area)s || lpad(%(to)s::text, 14, '0');
insert into balance (area, person, kind, amount_fen)
select p.area, p.id, 'account', 1000000 from person p
where p.psn_no between %(area)s || lpad(%(from)s::text, 14, '0')
                   and %(area)s || lpad(%(to)s::text, 14, '0');
"""

PREPARE = """
with chosen as (
  select id, psn_no, row_number() over () as n from (
    select id, psn_no from person where area = %(area)s order by random() limit %(count)s) p),
made as (
  insert into visit (area, person_id, institution, msgid, begun_at, med_type, number, details,
                     diagnoses)
  select %(area)s, id, %(hospital)s, 'bench', %(at)s, 'outpatient', 'MZ' || n, '{}', '[]'
  from chosen
  returning id, person_id),
batches as (
  insert into charge_batch (visit_id, number, total_fen, above_standard_fen, wholly_own_fen,
                            first_self_pay_fen, in_scope_fen, parts, marks)
  select id, '1', 30000 + id %% 7 * 3, 0, 3000, 300, 26700 + id %% 7 * 3, '{}', '{}' from made
  returning id, visit_id, total_fen),
lines as (
  insert into fee_line (batch_id, serial, item, quantity_e4, price_micro, amount_fen,
                        above_standard_fen, wholly_own_fen, first_self_pay_fen, in_scope_fen,
                        details)
  select b.id, k::text, 'X' || k, 10000, b.total_fen / 3 * 10000, b.total_fen / 3, 0,
         case k when 1 then 3000 else 0 end, case k when 2 then 300 else 0 end,
         b.total_fen / 3 - case k when 1 then 3000 when 2 then 300 else 0 end, '{}'
  from batches b cross join generate_series(1, 3) k returning 1)
select c.psn_no, m.id, b.total_fen from made m join batches b on b.visit_id = m.id
join person c on c.id = m.person_id
"""


class Bench:
    """A database with people and a gateway on it."""

    def __init__(self, dsn: str, port: int) -> None:
        self.dsn, self.port = dsn, port
        self.address = f"http://127.0.0.1:{port}"
        self.day = DAY
        self.serial = 0

    def people(self, first: int, last: int) -> None:
        """Invented persons with these numbers, and the hospital."""
        from gongji.platform.environment import environment
        from gongji.platform.identity import Identity

        identity = Identity(environment().identity_key, environment().lookup_key)
        given = {
            "hospital": HOSPITAL,
            "area": AREA,
            "from": first,
            "to": last,
            "sealed": identity.encrypt(CERTIFICATE),
            # The first is as the platform writes it: a service looks whether its keys fit.
            "hash": identity.lookup_hash("01", CERTIFICATE),
        }
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            with psycopg.ClientCursor(connection) as cursor:
                cursor.execute(FILL, given)
            connection.execute(
                "insert into credential (access_key, institution, secret) values (%s, %s, %s)"
                " on conflict do nothing",
                [ACCESS_KEY, HOSPITAL, identity.encrypt(SECRET)],
            )
            connection.execute("vacuum analyze")

    def bills(self, count: int) -> list[tuple[str, int, int]]:
        """Visits of distinct random persons with their lines, ready to settle."""
        given = {"area": AREA, "hospital": HOSPITAL, "count": count, "at": DAY}
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            found = connection.execute(PREPARE, given).fetchall()
            connection.execute("vacuum analyze visit, charge_batch, fee_line")
        random.shuffle(found)
        return found

    def bill_of(self, psn_no: str) -> tuple[str, int, int]:
        """Another visit of a person, ready to settle."""
        given = {"area": AREA, "hospital": HOSPITAL, "count": 1, "at": DAY, "psn_no": psn_no}
        chosen = PREPARE.replace("where area =", "where psn_no = %(psn_no)s and area =")
        with psycopg.connect(self.dsn, autocommit=True) as connection:
            (found,) = connection.execute(chosen, given).fetchall()
        return str(found[0]), int(found[1]), int(found[2])

    def signed(self) -> dict[str, str]:
        """The headers of one request."""
        stamp, nonce = str(int(time.time())), secrets.token_hex(8)
        text = f"{stamp}{SECRET}{nonce}{stamp}"
        return {
            "x-tif-paasid": ACCESS_KEY,
            "x-tif-timestamp": stamp,
            "x-tif-nonce": nonce,
            "x-tif-signature": hashlib.sha256(text.encode()).hexdigest(),
        }

    def envelope(self, infno: str, given: dict[str, Any]) -> bytes:
        """A request of the bench's hospital."""
        self.serial = next(SERIALS)
        made = {
            "infno": infno,
            "msgid": f"{HOSPITAL}{DAY:%Y%m%d}{os.getpid() % 10_000:04d}{self.serial:08d}",
            "mdtrtarea_admvs": AREA,
            "insuplc_admdvs": AREA,
            "recer_sys_code": "99",
            "dev_no": "",
            "infver": "V1.0",
            "opter_type": "1",
            "opter": "0001",
            "opter_name": "收费员",
            "inf_time": f"{DAY:%Y-%m-%d %H:%M:%S}",
            "fixmedins_code": HOSPITAL,
            "fixmedins_name": "测试医院",
            "sign_no": "",
            "input": given,
        }
        return json.dumps(made, ensure_ascii=False).encode()

    def bill(self, psn_no: str, visit: str, total_fen: int) -> dict[str, Any]:
        """What 2207 asks."""
        total = f"{total_fen // 100}.{total_fen % 100:02d}"
        return {
            "data": {
                "psn_no": psn_no,
                "mdtrt_cert_type": "02",
                "mdtrt_cert_no": CERTIFICATE,
                "med_type": "11",
                "medfee_sumamt": total,
                "psn_setlway": "01",
                "mdtrt_id": visit,
                "chrg_bchno": "1",
                "insutype": "310",
                "acct_used_flag": "1",
                "invono": "",
                "fulamt_ownpay_amt": "30.00",
                "overlmt_selfpay": "0.00",
                "preselfpay_amt": "3.00",
                "inscp_scp_amt": f"{(total_fen - 3300) / 100:.2f}",
            }
        }

    def settlements(self, seconds: int, connections: int, threads: int = 1) -> dict[str, Any]:
        """Settle bills through HTTP for so long, as fast as the gateway goes."""
        bills = self.bills(seconds * MOST_A_SECOND)
        with tempfile.NamedTemporaryFile("wb", suffix=".requests") as file:
            for psn_no, visit, total in bills:
                headers = ";".join(f"{k}={v}" for k, v in self.signed().items())
                body = self.envelope("2207", self.bill(psn_no, str(visit), total))
                file.write(b"/2207\t" + headers.encode() + b"\t" + body + b"\n")
            file.flush()
            ran = subprocess.run(
                [
                    "wrk",
                    "-t",
                    str(threads),
                    "-c",
                    str(connections),
                    "-d",
                    f"{seconds}s",
                    "--timeout",
                    "30s",
                    "-s",
                    str(ROOT / "bench" / "counter.lua"),
                    self.address,
                ],
                env={**os.environ, "REQUESTS": file.name, "THREADS": str(threads)},
                capture_output=True,
                text=True,
                check=True,
            )
        found = re.search(r"RESULT (\{.*\})", ran.stdout)
        assert found, ran.stdout + ran.stderr
        result: dict[str, Any] = json.loads(found[1])
        if result["refused"]:
            raise SystemExit(f"the gateway refused: {ran.stderr}")
        if result["accepted"] >= len(bills):
            raise SystemExit("the gateway was faster than the bench prepared for")
        result["a_second"] = result["accepted"] / result["seconds"]
        return result

    def count(self) -> int:
        """Settlements in the journal."""
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute("select count(*) from entry where kind = 'settlement'")
            return int(row.fetchone()[0])  # type: ignore[index]


@contextmanager
def gateway(dsn: str, port: int, gateways: int, log: Any = None, **more: str) -> Iterator[Bench]:
    """A service with its gateways on a database; `log` takes what it says, `more` are variables."""
    from gongji.service.ready import wait_until_ready

    variables = {
        **os.environ,
        "DATABASE_URL": dsn,
        "GONGJI_PORT": str(port),
        "GONGJI_LOG_LEVEL": "WARNING",
        "GONGJI_PAGES_PORT": str(port + 1),
        "GONGJI_CONSOLE_PORT": str(port + 2),
        "GONGJI_GATEWAYS": str(gateways),
        "GONGJI_DAYS_BACK": "4000",
    } | more
    command = [Path(sys.executable).parent / "gongji", "serve"]
    process = subprocess.Popen(command, env=variables, stderr=log)
    bench = Bench(dsn, port)
    try:
        wait_until_ready(bench.address)
        yield bench
    finally:
        process.terminate()
        process.wait(60)


def grown(dsn: str, persons: int, settlements: int) -> None:
    """Bring the tables to this size: further people, and copies of settlements of other years."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        row = connection.execute("select count(*) from person").fetchone()
    have = int(row[0]) if row else 0
    bench = Bench(dsn, 0)
    for first in range(have + 1, persons + 1, 200_000):
        bench.people(first, min(first + 199_999, persons))
    with psycopg.connect(dsn, autocommit=True) as connection:
        while True:
            row = connection.execute("select count(*) from entry").fetchone()
            missing = settlements - (int(row[0]) if row else 0)
            if missing <= 0:
                break
            connection.execute(COPIES, {"count": min(missing, 500_000)})
        connection.execute("vacuum analyze")


COPIES = """
with chosen as (
  select p.id, p.area from person p order by random() limit %(count)s),
made as (
  insert into entry (area, person, institution, kind, service_date, actor_kind, actor)
  select area, id, %(hospital)s, 'settlement', '2022-12-01', 'institution', %(hospital)s
  from chosen returning id, area),
beside as (
  insert into settlement (entry, benefit, total_fen, wholly_own_fen, first_self_pay_fen,
                          in_scope_fen, deductible_fen, pool_fen, cash_fen, facts, result)
  select m.id, 'ordinary', 30000, 3000, 300, 26700, 20000, 4020, 25980, f.facts, f.result
  from made m cross join (select facts, result from settlement order by entry desc limit 1) f)
insert into posting (entry, number, area, fund, debit, credit, credit_owner, amount_fen, benefit,
                     article)
select id, 1, area, 'pool', 'pool', 'provider', %(hospital)s, 4020, 'ordinary', '演示' from made
""".replace("%(hospital)s", f"'{HOSPITAL}'")


def persons_of(dsn: str, count: int) -> list[str]:
    """Random distinct persons."""
    with psycopg.connect(dsn) as connection:
        found = connection.execute(
            "select psn_no from person order by random() limit %s", [count]
        ).fetchall()
    return [psn_no for (psn_no,) in found]


@dataclass
class Round:
    """What one round measured, everything within the same minutes."""

    t: float
    settled: dict[str, Any]
    visits: float
    half: Times
    yardstick_p99: float
    taken: float
    """The share of the machine that its host gave to others."""

    @property
    def p99(self) -> float:
        """Of the requests at half load, in ms."""
        return self.half.percentile(0.99)


def _round(bench: Bench, yardstick: Yardstick | None, options: argparse.Namespace) -> Round:
    """pgbench, 2207, whole visits, requests at half of these, in turn."""
    host = Host()
    t = yardstick.best(options.seconds) if yardstick else 0.0
    settled = max(
        (_checked(bench, options.seconds, connections) for connections in (64, 128, 256)),
        key=lambda one: one["a_second"],
    )
    visits, _ = visits_a_second(bench, persons_of(bench.dsn, options.visits), 32)
    half = times_at(bench, persons_of(bench.dsn, options.visits), visits / 2)
    p99 = yardstick.p99_ms(t / 2, options.seconds) if yardstick else 0.0
    found = Round(t, settled, visits, half, p99, host.taken())
    print(
        f"T {t:,.0f}/s, 2207 {settled['a_second']:,.0f}/s, visits {visits:,.0f}/s, p99 at half "
        f"{found.p99:.0f} ms (pgbench {p99:.0f} ms), taken by the host {found.taken:.0%}",
        file=sys.stderr,
    )
    return found


def measure(options: argparse.Namespace, dsn: str) -> list[str]:
    """Everything, as the lines of the page."""
    yardstick = Yardstick(dsn, options.yardstick) if options.yardstick else None
    target = make_conninfo(dsn, dbname="gongji")
    with gateway(target, options.port, options.gateways) as bench:
        bench.people(1, options.persons)
        bench.settlements(3, 32)
        rounds = [_round(bench, yardstick, options) for _ in range(options.rounds)]
    rows = [*_rounds(rounds), *(_growth(dsn, options) if options.growth else ())]
    return [f"| {' | '.join(row)} |" for row in rows]


Line = tuple[str, str, str, str]
"""Of the page: what, the median, what more there is to say, the rounds."""


def _rounds(rounds: list[Round]) -> Iterator[Line]:
    """The medians of the rounds, and each of them."""
    t = [one.t for one in rounds]
    settled = [one.settled["a_second"] for one in rounds]
    if any(t):
        yield _line("pgbench, one settlement a transaction (T)", t, "/s")
    yield _line("2207 through HTTP", settled, "/s", _ratio(settled, t, "T") if any(t) else "")
    yield _line("whole visits (five transactions)", [one.visits for one in rounds], "/s")
    p50 = median(one.half.percentile(0.5) for one in rounds)
    yield _line(
        "requests at half of that, p99", [one.p99 for one in rounds], " ms", f"p50 {p50:.1f} ms"
    )
    if any(t):
        yield _line("pgbench at half of T, p99", [one.yardstick_p99 for one in rounds], " ms")
    yield _line("the host gave to others", [100 * one.taken for one in rounds], " %")


def _line(what: str, found: Sequence[float], unit: str, more: str = "") -> Line:
    """A line of the page: what was found in the median, and in each round."""
    return what, f"{median(found):,.0f}{unit}", more, ", ".join(f"{one:,.0f}" for one in found)


def _ratio(found: Sequence[float], to: Sequence[float], name: str) -> str:
    """The median of the rounds' ratios: what is compared was measured in the same minutes."""
    return f"{median(a / b for a, b in zip(found, to, strict=True)):.2f} {name}"


def _checked(bench: Bench, seconds: int, connections: int) -> dict[str, Any]:
    """Settlements as fast as they go; every acknowledged one is in the journal."""
    before = bench.count()
    found = bench.settlements(seconds, connections)
    # What was under way at the end may be in the journal too.
    assert bench.count() - before >= found["accepted"], "an acknowledged one is missing"
    print(connections, found, file=sys.stderr)
    return found


def _growth(dsn: str, options: argparse.Namespace) -> Iterator[Line]:
    """2207 on tables of several sizes, each in a database and behind a gateway of its own, in
    turn.
    """
    names = _databases(dsn, options)
    with ExitStack() as stack:
        benches = [
            stack.enter_context(
                gateway(
                    make_conninfo(dsn, dbname=name),
                    options.port + 10 * number,
                    options.gateways,
                    GONGJI_DATA=stack.enter_context(_folder_of_its_own()),
                )
            )
            for number, name in enumerate(names)
        ]
        for bench in benches:
            bench.settlements(SHORT_SECONDS, 256)
        rounds = [
            [_checked(bench, SHORT_SECONDS, 256)["a_second"] for bench in benches]
            for _ in range(ROUNDS)
        ]
    columns = list(zip(*rounds, strict=True))
    for (persons, settlements), found in zip(options.growth, columns, strict=True):
        what = f"2207 with {persons:,} persons, {settlements:,} settlements"
        yield _line(what, found, "/s", _ratio(found, columns[0], "of the first"))


@contextmanager
def _folder_of_its_own() -> Iterator[str]:
    """A data folder for another service, with the keys of this one."""
    from gongji.platform.environment import environment

    with tempfile.TemporaryDirectory(prefix="gongji-bench-") as folder:
        shutil.copytree(environment().data / "keys", Path(folder) / "keys")
        yield folder


def _databases(dsn: str, options: argparse.Namespace) -> list[str]:
    """A database of each size; each is copied from one that grows on."""
    growing = "growing"
    target = make_conninfo(dsn, dbname=growing)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(f"create database {growing}")
    names = []
    for number, (persons, settlements) in enumerate(options.growth):
        print(f"growing to {persons:,} persons, {settlements:,} settlements", file=sys.stderr)
        if number == 0:
            with gateway(target, options.port, options.gateways) as bench:
                bench.people(1, persons)
                bench.settlements(SHORT_SECONDS, 256)
        grown(target, persons, settlements)
        names.append(f"size_{number}")
        with psycopg.connect(dsn, autocommit=True) as connection:
            if number + 1 < len(options.growth):
                connection.execute(f"create database {names[-1]} template {growing}")
            else:
                connection.execute(f"alter database {growing} rename to {names[-1]}")
    return names


def pair(text: str) -> tuple[int, int]:
    """PERSONS:SETTLEMENTS."""
    persons, settlements = text.split(":")
    return int(persons), int(settlements)


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--yardstick", type=Path, help="folder with schema.sql and settlement.sql")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4, help="of each measurement in a round")
    parser.add_argument("--visits", type=int, default=1_000, help="whole visits in a round, twice")
    parser.add_argument("--persons", type=int, default=200_000)
    parser.add_argument("--gateways", type=int, default=2)
    parser.add_argument("--port", type=int, default=18086)
    parser.add_argument("--growth", type=pair, nargs="*", default=GROWTH)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        parser.error("wrk, which sends the requests, is missing; on Debian: apt-get install wrk")
    with tempfile.TemporaryDirectory(prefix="gongji-bench-") as folder:
        os.environ |= {"GONGJI_DEMO": "1", "GONGJI_DATA": folder}
        from gongji.platform.database import embedded
        from gongji.platform.environment import environment

        environment()  # It makes the folder a demonstration's.
        server = embedded(Path(folder) / "postgresql", keep=True)
        try:
            dsn = server.address()
            with psycopg.connect(dsn, autocommit=True) as connection:
                connection.execute("create database gongji")
            lines = measure(options, dsn)
        finally:
            server.stop()
    head = (
        f"# At the counter\n\nAs `make bench-counter` measured it on {os.cpu_count()} cores "
        f"({platform.machine()}, Python {platform.python_version()}), everything on the same "
        "machine: PostgreSQL with durable commits, the gateway, the load. Wanted: 0.5 of T, a 99th "
        "percentile of 50 ms at half load, at most 20 % slower on large tables. A machine that "
        "shares its host is fast and slow by turns, so everything is measured in rounds, each "
        "within the same minutes; what counts are the medians, of the speeds and of the rounds' "
        "ratios.\n\n| what | median |  | rounds |\n| --- | ---: | ---: | --- |\n"
    )
    PAGE.write_text(head + "\n".join(lines) + "\n", encoding="utf-8")
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
