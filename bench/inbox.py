"""What exactly once costs a message, and a settlement through settle() in process.

`python bench/inbox.py` prints µs for the keyed hash and the encryption of a 2207 and of a 2204 with
a hundred lines, then, for batches of 1 and of 50, user CPU, server CPU and statements a settlement.
"""

import resource
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import psycopg

sys.path.insert(0, str(Path(__file__).parents[1]))

AREA, HOSPITAL = "430500", "H43050000001"
NOW = datetime(2025, 3, 3, 4, tzinfo=UTC)
CARE = "outpatient"
COUNT, WARM = 2_000, 400
REPLY = b'{"infcode":0,"output":{"setlinfo":{' + b'"psn_no":"43050000000000000001",' * 60 + b"}}}"
"""As long as a reply to 2207."""


def bill(psn_no: str, visit: str) -> dict[str, Any]:
    """The input of a 2207 of 100 yuan."""
    return {
        "data": {
            "psn_no": psn_no,
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": "430500198001010000",
            "med_type": "11",
            "medfee_sumamt": "100.00",
            "psn_setlway": "01",
            "mdtrt_id": visit,
            "chrg_bchno": "1",
            "insutype": "310",
            "acct_used_flag": "1",
            "invono": None,
            "fulamt_ownpay_amt": "0.00",
            "overlmt_selfpay": "0.00",
            "preselfpay_amt": "0.00",
            "inscp_scp_amt": "100.00",
        }
    }


def lines(count: int) -> dict[str, Any]:
    """The input of a 2204 of so many lines."""
    names = ("orders_dr_code", "bilg_dept_codg", "bilg_dr_codg", "bilg_dr_name", "etip_flag")
    rows = [
        {
            "feedetl_sn": str(number),
            "mdtrt_id": "1",
            "psn_no": f"{AREA}00000000000001",
            "chrg_bchno": "1",
            "fee_ocur_time": "2025-03-03 09:30:00",
            "med_list_codg": f"XA{number:020d}",
            "medins_list_codg": f"own-{number}",
            "det_item_fee_sumamt": "30.00",
            "cnt": "2",
            "pric": "15.00",
            "hosp_appr_flag": "1",
        }
        | dict.fromkeys(names, "测试")
        for number in range(count)
    ]
    return {"feedetail": rows}


def micros(work: Callable[[], Any], seconds: float = 0.5) -> float:
    """µs a call, the best of five rounds."""
    best = float("inf")
    for _ in range(5):
        count, begun = 0, time.perf_counter()
        while time.perf_counter() - begun < seconds / 5:
            work()
            count += 1
        best = min(best, (time.perf_counter() - begun) / count)
    return best * 1e6


def sealing() -> None:
    """Hash and encryption by themselves."""
    from gongji.platform.inbox import INSTITUTION, Key, inbox_of
    from gongji.platform.message_seal import seal_of

    keys = (b"i" * 32, b"l" * 32)
    box, seal = inbox_of(*keys), seal_of(*keys)
    for name, content in (("2207", bill(f"{AREA}00000000000001", "1")), ("2204", lines(100))):
        key = Key(INSTITUTION, HOSPITAL, "M" * 30, name, content)
        text = msgspec.json.Encoder(order="sorted").encode(content)
        hashed = micros(partial(box.hash, key))
        said, told = (
            micros(partial(seal.seal, key.place, part, one))
            for part, one in (("content", text), ("reply", REPLY))
        )
        print(
            f"{name} ({len(text)} bytes): hash {hashed:.1f} µs with writing the input in order;"
            f" encryption of the content {said:.1f} µs, of a reply {told:.1f} µs"
        )


class Counting(psycopg.Connection[Any]):
    """Counts the statements that it sends."""

    sent = 0

    def cursor(self, *given: Any, **named: Any) -> Any:
        Counting.sent += 1
        return super().cursor(*given, **named)


def settling(dsn: str, size: int) -> None:
    """Settlements in batches of a size, on a database of their own."""
    import crowd
    from gongji.gateway.wire.threads import BY_KEY
    from gongji.law.engine.areas import Areas
    from gongji.platform.inbox import INSTITUTION, Key, inbox_of
    from gongji.settlement.contract import Request
    from gongji.settlement.settle import Answers, Bounds, settle

    rules, count = Areas(), COUNT + WARM
    answers = Answers(inbox_of(b"i" * 32, b"l" * 32), lambda request, outcome: REPLY)
    with psycopg.connect(dsn, autocommit=True) as owner:
        made = crowd.fill(owner, rules.area(AREA), count, count, count)
        found = owner.execute(
            "select v.id, p.psn_no, v.institution from visit v join person p on p.id = v.person_id"
            " where v.id >= %s order by v.id",
            [made["first_pending"]],
        ).fetchall()

    def run(connection: psycopg.Connection[Any], part: Sequence[Any]) -> None:
        asked = []
        for visit, psn_no, place in part:
            key = Key(INSTITUTION, place, f"{place}{visit:022d}", "2207", bill(psn_no, str(visit)))
            asked.append(Request(key, psn_no, CARE, 10_000, "own", visit=visit, batch="1"))
        for at in range(0, len(asked), size):
            lot = asked[at : at + size]
            outcomes = settle(connection, lot, rules, NOW, Bounds(4000, 4000), answers)
            assert all(outcome.entry for outcome in outcomes), outcomes

    options = "-c role=gongji_gateway -c timezone=UTC"
    with Counting.connect(dsn, options=options, autocommit=True, prepare_threshold=1) as gateway:
        for setting in BY_KEY:
            gateway.execute(f"set {setting}")
        run(gateway, found[:WARM])
        Counting.sent = 0
        wal = _wal_bytes(gateway)
        server, before = _server_seconds(gateway), resource.getrusage(resource.RUSAGE_SELF)
        run(gateway, found[WARM:])
        after = resource.getrusage(resource.RUSAGE_SELF)
        user = (after.ru_utime - before.ru_utime) / COUNT * 1e6
        there = (_server_seconds(gateway) - server) / COUNT * 1e6
        print(
            f"batches of {size}: user CPU {user:.0f} µs, server CPU {there:.0f} µs,"
            f" WAL {(_wal_bytes(gateway) - wal) / COUNT:.0f} bytes a settlement,"
            f" {Counting.sent * size / COUNT:.1f} statements a batch"
        )


def _wal_bytes(connection: psycopg.Connection[Any]) -> int:
    """How much log the server has written."""
    row = connection.execute("select pg_current_wal_lsn() - '0/0'::pg_lsn").fetchone()
    assert row
    return int(row[0])


def _server_seconds(connection: psycopg.Connection[Any]) -> float:
    """CPU seconds of the server's process behind a connection on this machine."""
    import os

    text = Path(f"/proc/{connection.info.backend_pid}/stat").read_text().rpartition(")")[2].split()
    return (int(text[11]) + int(text[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print both."""
    from tests import databases

    sealing()
    with databases.server() as address:
        for size in (1, 50):
            with databases.copy(address) as dsn:
                settling(dsn, size)


if __name__ == "__main__":
    main()
