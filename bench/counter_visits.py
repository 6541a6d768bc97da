"""Whole visits at the counter: a client that keeps its connections and does one step after another.

At full speed it says how many visits a second; at a given rate how long each request took.
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Signed = Callable[[], dict[str, str]]
CERTIFICATE = "430500198001010000"
"""The number of everybody's made-up certificate."""


class Connection:
    """One kept HTTP connection, requests one after another."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> "Connection":
        """A connection to a gateway of this machine."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def post(self, path: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
        """Send a request and read its answer."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"POST {path} HTTP/1.1\r\nhost: bench\r\ncontent-length: {len(body)}\r\n{lines}\r\n"
        self.writer.write(head.encode() + body)
        await self.writer.drain()
        answer = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        length = int(answer.split(b"content-length:")[1].split(b"\r\n")[0])
        found: dict[str, Any] = json.loads(await self.reader.readexactly(length))
        return found


@dataclass
class Times:
    """How long the requests took, in milliseconds, by transaction."""

    by_infno: dict[str, list[float]] = field(default_factory=dict)

    def add(self, infno: str, seconds: float) -> None:
        """One more request."""
        self.by_infno.setdefault(infno, []).append(seconds * 1000)

    def percentile(self, share: float) -> float:
        """The time that this share of all requests did not exceed."""
        every = sorted(time for times in self.by_infno.values() for time in times)
        return every[min(len(every) - 1, int(len(every) * share))]


class Visitor:
    """Does whole visits over one connection: 2201, 2203, 2204, 2206, 2207."""

    def __init__(self, connection: Connection, bench: Any, times: Times) -> None:
        self.connection, self.bench, self.times = connection, bench, times

    async def ask(self, infno: str, given: dict[str, Any]) -> dict[str, Any]:
        """One transaction, timed."""
        body = self.bench.envelope(infno, given)
        begun = time.perf_counter()
        answer = await self.connection.post(f"/{infno}", self.bench.signed(), body)
        self.times.add(infno, time.perf_counter() - begun)
        if answer["infcode"] != 0:
            raise SystemExit(f"{infno}: {answer.get('err_msg')}")
        return answer

    async def visit(self, psn_no: str) -> None:
        """A visit with three lines, from registration to settlement."""
        at = f"{self.bench.day:%Y-%m-%d %H:%M:%S}"
        answer = await self.ask(
            "2201",
            {
                "data": {
                    "psn_no": psn_no,
                    "insutype": "310",
                    "begntime": at,
                    "mdtrt_cert_type": "02",
                    "mdtrt_cert_no": CERTIFICATE,
                    "ipt_otp_no": f"MZ{self.bench.serial}",
                    "atddr_no": "D1",
                    "dr_name": "测试医生",
                    "dept_code": "01",
                    "dept_name": "内科",
                    "caty": "A03",
                }
            },
        )
        visit = answer["output"]["data"]["mdtrt_id"]
        await self.ask(
            "2203",
            {
                "mdtrtinfo": {
                    "mdtrt_id": visit,
                    "psn_no": psn_no,
                    "med_type": "11",
                    "begntime": at,
                    "dise_codg": "",
                    "dise_name": "",
                },
                "diseinfo": [
                    {
                        "diag_type": "1",
                        "diag_srt_no": 1,
                        "diag_code": "J06.900",
                        "diag_name": "感染",
                        "diag_dept": "内科",
                        "dise_dor_no": "D1",
                        "dise_dor_name": "测试医生",
                        "diag_time": at,
                        "vali_flag": "1",
                    }
                ],
            },
        )
        rows = [
            {
                "feedetl_sn": str(number),
                "mdtrt_id": visit,
                "psn_no": psn_no,
                "chrg_bchno": "1",
                "rx_circ_flag": "0",
                "fee_ocur_time": at,
                "med_list_codg": f"BENCH{number}",
                "medins_list_codg": f"B{number}",
                "det_item_fee_sumamt": "100.00",
                "cnt": "2",
                "pric": "50",
                "bilg_dept_codg": "01",
                "bilg_dept_name": "内科",
                "bilg_dr_codg": "D1",
                "bilg_dr_name": "测试医生",
                "hosp_appr_flag": "0",
            }
            for number in (1, 2, 3)
        ]
        await self.ask("2204", {"feedetail": rows})
        bill = self.bench.bill(psn_no, visit, 30_000)
        await self.ask("2206", bill)
        await self.ask("2207", bill)


async def _at_full_speed(bench: Any, persons: list[str], connections: int) -> tuple[float, Times]:
    times, waiting = Times(), iter(persons)

    async def one() -> None:
        visitor = Visitor(await Connection.open(bench.port), bench, times)
        for psn_no in waiting:
            await visitor.visit(psn_no)

    begun = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(connections)))
    return len(persons) / (time.perf_counter() - begun), times


async def _at_rate(bench: Any, persons: list[str], a_second: float) -> Times:
    times, free = Times(), asyncio.Queue[Visitor]()

    async def one(psn_no: str) -> None:
        visitor = (
            free.get_nowait()
            if not free.empty()
            else Visitor(await Connection.open(bench.port), bench, times)
        )
        await visitor.visit(psn_no)
        free.put_nowait(visitor)

    begun, tasks = time.perf_counter(), []
    for number, psn_no in enumerate(persons):
        await asyncio.sleep(max(0.0, begun + number / a_second - time.perf_counter()))
        tasks.append(asyncio.create_task(one(psn_no)))
    await asyncio.gather(*tasks)
    return times


def visits_a_second(bench: Any, persons: list[str], connections: int) -> tuple[float, Times]:
    """Whole visits a second, at full speed."""
    return asyncio.run(_at_full_speed(bench, persons, connections))


def times_at(bench: Any, persons: list[str], a_second: float) -> Times:
    """How long requests take when visits begin at this rate, whoever is still waiting."""
    return asyncio.run(_at_rate(bench, persons, a_second))
