"""Mutated requests against a gateway in this process, and what they must not do.

Every refused request leaves the tables as they were, no answer is an accident, and afterwards the
ledger verifies and replays. Plain functions: the tests send some hundreds, `make faults` thousands.
"""

import asyncio
import logging
import random
from collections import Counter as Tally
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tests.platform import gateways, mutations
from tests.platform.counter import NOW, RULES, Counter
from tests.platform.gateways import HOSPITAL, ITEMS, OTHER, PHARMACY, Client, bill

from gongji.gateway.app import Application, make_app
from gongji.gateway.transactions import GatewaySettings
from gongji.ledger.verify import verify
from gongji.settlement.replay import replay

PURCHASES = ("2101", "2102", "2103", "2601", "2203A")
TOGETHER = 10
"""How many of the last requests are sent at once, so that bad ones are settled beside good ones."""
SCENES = ("2202 2203 2203A 2204 2205 2206 2206A 2207 2207A 5201 5202", "2208 2601 5203 5204")

OPENED = """
with made as (
  insert into entry (area, person, kind, origin, service_date, accounting_date, made_at,
    actor_kind, actor)
  select area, person, 'opening', 'opening', '2020-01-01', '2024-12-01', '2024-12-01',
    'operator', 't' from balance returning id, area, person)
insert into posting (entry, number, area, fund, debit, debit_owner, credit, credit_owner,
  amount_fen)
select m.id, 1, m.area, 'account', 'opening', m.area, 'account', m.person::text, b.amount_fen
from made m join balance b using (area, person)"""
STRANGERS = """select (select count(*) from entry where institution = %(code)s),
(select count(*) from visit where institution = %(code)s and withdrawn_at is null),
(select count(*) from charge_batch c join visit v on v.id = c.visit_id
 where v.institution = %(code)s and c.withdrawn_at is null)"""


@dataclass
class Gateway:
    """A gateway called as a server would call it, without one."""

    application: Application
    clients: Mapping[str, Client] = field(
        default_factory=lambda: {code: Client(0, code) for code in (HOSPITAL, OTHER, PHARMACY)}
    )

    async def ask(self, method: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Status and body of an answer."""
        said: list[Any] = []
        lines = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        scope = {"type": "http", "method": method, "path": "/metrics", "headers": lines}

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            said.append(message)

        await self.application(scope, receive, send)
        return said[0]["status"], said[1]["body"]

    async def post(self, code: str, body: bytes) -> tuple[int, bytes]:
        """The answer to a request that an institution signed."""
        return await self.ask("POST", body, self.clients[code].headers())

    async def live(self, started: asyncio.Event, ending: asyncio.Event) -> None:
        """The life of the gateway, from its start to its end."""
        steps = iter(("lifespan.startup", "lifespan.shutdown"))

        async def receive() -> dict[str, str]:
            step = next(steps)
            if step == "lifespan.shutdown":
                await ending.wait()
            return {"type": step}

        async def send(message: Any) -> None:
            started.set()

        await self.application({"type": "lifespan"}, receive, send)


class Log(logging.Handler):
    """What the gateway logs of accidents."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[Any] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep where it happened."""
        known = record.__dict__
        self.said.append((known.get("error"), known.get("reason"), known.get("where")))


def attack(database: str, count: int, seed: int) -> Tally[str]:
    """Send so many mutated requests; how many were refused, how many answered.

    Raises AssertionError, naming the request, where one is an accident or a refusal leaves a trace.
    """
    log = Log()
    logging.getLogger("gongji").addHandler(log)
    try:
        with psycopg.connect(database, autocommit=True) as owner:
            name = conninfo_to_dict(database)["dbname"]
            owner.execute(f'alter database "{name}" set synchronous_commit = off')
            county = gateways.fill_county(owner)
            owner.execute(OPENED)
            tally = asyncio.run(_attack(database, owner, county, count, seed, log))
            wrong = [*verify(owner), *replay(owner, RULES)]
            assert not wrong, wrong[:5]
        assert not log.said, log.said[:3]
        return tally
    finally:
        logging.getLogger("gongji").removeHandler(log)


async def _attack(
    database: str, owner: psycopg.Connection[Any], county: Counter, count: int, seed: int, log: Log
) -> Tally[str]:
    settings = GatewaySettings(**(gateways.KEYS | {"workers": 3, "forgeries": 10**9}))
    target = make_conninfo(database, options=gateways.ROLE)
    gateway = Gateway(make_app(target, RULES, settings, lambda: NOW))
    started, ending = asyncio.Event(), asyncio.Event()
    life = asyncio.create_task(gateway.live(started, ending))
    await started.wait()
    try:
        known = [
            *await _scenes(gateway, HOSPITAL, county, count // 8),
            *await _scenes(gateway, OTHER, county, 8),
        ]
        strangers = owner.execute(STRANGERS, {"code": OTHER}).fetchone()
        stream = _stream(gateway, county, seed, known)
        alone = count - count // TOGETHER
        tally: Tally[str] = Tally()
        tally += await _one_by_one(gateway, owner, stream, alone, log)
        tally += await _together(gateway, stream, count - alone, log)
        await _oddly_signed(gateway, owner, stream, seed, count // 10)
        assert owner.execute(STRANGERS, {"code": OTHER}).fetchone() == strangers
        _, page = await gateway.ask("GET", b"", {})
        assert b'outcome="fault"' not in page and b'outcome="done"' in page
        return tally
    finally:
        ending.set()
        await life


def _stream(
    gateway: Gateway, county: Counter, seed: int, scenes: Sequence[Mapping[str, str]]
) -> Iterator[tuple[str, bytes]]:
    """Requests of the hospital, and of the pharmacy every sixth."""
    real = {
        "psn_no": [county.psn_no(number) for number in range(1, 7)],
        "med_list_codg": [item[0] for item in ITEMS],
        "fixmedins_code": [HOSPITAL],
        "mdtrt_cert_no": [gateways.certificate_of(1), "CARD2"],
    }
    hospital = tuple(infno for infno in mutations.FIELDS if infno not in ("2101", "2102", "2103"))
    streams = {
        code: mutations.Stream(seed, real, gateway.clients[code].envelope, infnos, scenes)
        for code, infnos in ((HOSPITAL, hospital), (PHARMACY, PURCHASES))
    }
    number = 0
    while True:
        number += 1
        code = HOSPITAL if number % 6 else PHARMACY
        yield code, streams[code].request()


async def _scenes(gateway: Gateway, code: str, county: Counter, count: int) -> list[dict[str, str]]:
    """Visits with an open batch, and every fourth settled; some for each institution."""
    made = []
    for number in range(count):
        psn_no = county.psn_no(number % 6 + 1)
        visit = county.visit(psn_no, code, gateways.DAY)
        county.batch(visit, "1", 3000)
        scene = {"psn_no": psn_no, "mdtrt_id": str(visit), "medfee_sumamt": "30.00"}
        scene["for"] = SCENES[number % 4 == 0]
        if number % 4 == 0:
            client = gateway.clients[code]
            msgid = client.msgid()
            sent = client.envelope("2207", bill(psn_no, str(visit), 30), msgid)
            _, answer = await gateway.post(code, mutations.encode(sent))
            info = mutations.decode(answer)["output"]["setlinfo"]
            scene |= {"setl_id": info["setl_id"], "omsgid": msgid, "oinfno": "2207"}
        made.append(scene)
    return made


async def _one_by_one(
    gateway: Gateway,
    owner: psycopg.Connection[Any],
    stream: Iterator[tuple[str, bytes]],
    count: int,
    log: Log,
) -> Tally[str]:
    """Each alone, so that the trace of a refused one is its own."""
    tally: Tally[str] = Tally()
    before = owner.execute(mutations.TRACE).fetchone()
    for number in range(count):
        code, body = next(stream)
        status, answer = await gateway.post(code, body)
        place = f"request {number}: {body[:2000]!r} -> {status} {answer[:500]!r}"
        wrong = mutations.problem(status, answer)
        assert not wrong, (wrong, place, log.said[-1:])
        after = owner.execute(mutations.TRACE).fetchone()
        if status != 200 or mutations.refused(answer):
            tally["refused"] += 1
            assert after == before, (place, before, after)
        else:
            tally["answered"] += 1
        before = after
    return tally


async def _together(
    gateway: Gateway, stream: Iterator[tuple[str, bytes]], count: int, log: Log
) -> Tally[str]:
    """Twenty at once: a bad one does not make a good one fail."""
    tally: Tally[str] = Tally()
    for first in range(0, count, 20):
        asked = [next(stream) for _ in range(min(20, count - first))]
        for (_, body), (status, answer) in zip(
            asked, await asyncio.gather(*(gateway.post(*one) for one in asked)), strict=True
        ):
            wrong = mutations.problem(status, answer)
            assert not wrong, (wrong, body[:2000], answer[:500], log.said[-1:])
            no = status != 200 or mutations.refused(answer)
            tally["refused" if no else "answered"] += 1
    return tally


async def _oddly_signed(
    gateway: Gateway,
    owner: psycopg.Connection[Any],
    stream: Iterator[tuple[str, bytes]],
    seed: int,
    count: int,
) -> None:
    """Signatures with a part missing or odd: let in, or 401 and no trace."""
    pick = random.Random(seed)
    for _ in range(count):
        code, body = next(stream)
        headers = gateway.clients[code].headers()
        name = pick.choice(list(headers))
        odd = pick.choice((*mutations.ODD_TEXTS, *map(str, mutations.ODD_NUMBERS)))
        odd = "".join(filter(str.isprintable, odd))
        headers[name] = odd.encode("latin-1", "replace").decode("latin-1")
        if pick.random() < 0.2:
            del headers[name]
        before = owner.execute(mutations.TRACE).fetchone()
        status, answer = await gateway.ask("POST", body, headers)
        assert status == 401 or not mutations.problem(status, answer), (headers, answer[:500])
        if status == 401:
            assert owner.execute(mutations.TRACE).fetchone() == before, headers
