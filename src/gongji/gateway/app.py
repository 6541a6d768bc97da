"""The gateway as an ASGI application: bodies in, signatures checked, answers out.

It knows HTTP and nothing of the transactions. A business refusal is HTTP 200 with infcode -1; what
the gateway does not let in is HTTP 401 with `code` and `message`.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from time import perf_counter_ns
from typing import Any, TypeAlias

import msgspec
import psycopg

from gongji.gateway.handlers import SETTLED
from gongji.gateway.transactions import TRANSACTIONS, GatewaySettings
from gongji.gateway.visits import stays
from gongji.gateway.visits.settling import Settling, Waiting
from gongji.gateway.wire import (
    credentials,
    envelope,
    multipart,
    national,
    signatures,
    threads,
)
from gongji.gateway.wire.credentials import Credentials, Nonce
from gongji.gateway.wire.dispatch import FAULT, JSON, REFUSED, Clock, Reply, answer, refuse
from gongji.gateway.wire.envelope import Envelope
from gongji.gateway.wire.forgeries import Forgeries
from gongji.gateway.wire.gathering import Gatherer
from gongji.gateway.wire.metrics import Metrics
from gongji.gateway.wire.national import NationalKeys, Sealed
from gongji.gateway.wire.signatures import ADAPTORS, Forged, Unsigned
from gongji.law.engine.areas import Areas
from gongji.platform.database import outdated
from gongji.platform.law_book import LawBook, Laws
from gongji.refusals import GongjiError, Refusal

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

NEWEST_TABLE = "nonce"
"""A table of the newest migration that the gateway needs."""


INPATIENT = "inpatient"
"""The scope of a credential by which the inpatient system tells of stays."""
SIGN_INS = frozenset({"9001", "9002"})
FILES = frozenset({"3202"})
"""Transactions that read whole files: in a pool of their own, so that nobody else waits."""
BEGINNING = 4096
"""Bytes in which a body says whether it uploads a file."""


class TooLarge(Exception):
    """A body longer than the bound."""


class Gone(Exception):
    """Whoever sent a request went away before its end."""


class Signer(msgspec.Struct, frozen=True):
    """The institution that signed a request, by which key and with which nonce."""

    institution: str | None
    access_key: str
    once: str
    scope: str
    keys: NationalKeys

    def may_send(self, infno: str) -> bool:
        """Whether the key is one for a transaction: what the inpatient system tells has its own."""
        return (self.scope == INPATIENT) == (infno == stays.INFNO) or infno in SIGN_INS

    def nonce(self, body: bytes) -> Nonce | None:
        """The nonce, if the scheme has one, with the hash of what came with it."""
        if not self.once:
            return None
        return Nonce(self.access_key, self.once, hashlib.sha256(body).digest())


def utc_now() -> datetime:
    """The clock of a gateway that is given none."""
    return datetime.now(UTC)


def make_app(
    gateway_dsn: str, laws: Laws, settings: GatewaySettings, clock: Clock = utc_now
) -> "Application":
    """The gateway over a database (a DSN in the role of the gateways), rules and settings."""
    return Application(gateway_dsn, laws, settings, clock)


class Application:
    """One gateway: its threads, its connections and what it remembers of credentials."""

    def __init__(self, dsn: str, laws: Laws, settings: GatewaySettings, clock: Clock) -> None:
        self._laws, self._settings, self._clock = laws, settings, clock
        self._adaptor = None if settings.adaptor == "none" else ADAPTORS[settings.adaptor]
        self._identity = settings.identity
        self._credentials = Credentials(self._identity.decrypt)
        self._connections = threads.Connections(dsn)
        self._metrics = Metrics()
        self._pool = ThreadPoolExecutor(settings.workers, "answering")
        self._files = ThreadPoolExecutor(1, "files")
        self._forgeries = Forgeries(settings.forgeries)
        self._settling = Settling(self._connections, laws, settings, self._identity, clock)
        self._gatherer: Gatherer[Waiting, Reply] = Gatherer(
            self._settle, settings.batches, settings.batch_size
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One conversation of ASGI."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        sweeper: asyncio.Task[None] | None = None
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self._load_laws()
                except GongjiError as error:
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    return
                self._gatherer.start()
                sweeper = asyncio.create_task(self._sweep())
                await send({"type": "lifespan.startup.complete"})
            else:
                if sweeper:
                    sweeper.cancel()
                await asyncio.get_running_loop().run_in_executor(None, self._stop)
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _load_laws(self) -> None:
        """Load and compile the laws in force before anybody comes.

        Without a database they are loaded by the first batch that finds one.
        """
        try:
            if isinstance(self._laws, Areas):
                await asyncio.get_running_loop().run_in_executor(None, self._laws.every)
            else:
                await self._run(lambda connection: _in_force(connection, self._laws).every())
        except psycopg.OperationalError as error:
            threads.report(error, "laws", "")

    def _stop(self) -> None:
        self._gatherer.stop()
        self._pool.shutdown()
        self._files.shutdown()
        self._connections.close()

    async def _sweep(self) -> None:
        """Drop old nonces now and then."""
        window = timedelta(seconds=2 * self._settings.replay_seconds + 60)
        while True:
            await asyncio.sleep(self._settings.replay_seconds)
            try:
                await self._run(partial(credentials.forget, before=self._clock() - window))
            except psycopg.Error as error:
                threads.report(error, "sweep", "")

    async def _run(self, work: Callable[[threads.Connection], Any], infno: str = "") -> Any:
        loop = asyncio.get_running_loop()
        pool = self._files if infno in FILES else self._pool
        return await loop.run_in_executor(pool, self._connections.run, work)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            return await self._page(scope["path"], send)
        self._metrics.waiting.inc()
        begun = perf_counter_ns()
        infno, status = "-", 200
        try:
            infno, reply = await self._post(scope["headers"], receive)
        except Gone:
            return
        except TooLarge as error:
            refusal = Refusal("message_too_large", values={"value": str(error)})
            status, reply = 413, Reply(refuse(None, self._clock(), self._clock, refusal), REFUSED)
        except Unsigned as error:
            if isinstance(error, Forged):
                peer = str((scope.get("client") or ("-",))[0])
                await asyncio.sleep(self._forgeries.delay(peer, self._clock(), str(error)))
            said = {"code": 401, "message": str(error)}
            status, reply = 401, Reply(msgspec.json.encode(said), "unsigned")
        finally:
            self._metrics.waiting.dec()
        self._metrics.count(infno, reply.outcome, perf_counter_ns() - begun)
        await _send(send, status, reply)

    async def _post(
        self, headers: Iterable[tuple[bytes, bytes]], receive: Receive
    ) -> tuple[str, Reply]:
        """The transaction and its answer; the signature is checked before the body is read."""
        now = self._clock()
        known: Envelope | None = None
        try:
            signer = await self._admit(headers, now)
        except Unsigned:
            raise
        except Exception as error:
            return "-", self._accident(known, now, error)
        body = await _body(receive, self._settings)
        how: Sealed | None = None
        try:
            content, how = await self._opened(body, signer)
            known = self._read(body, now, signer, content)
        except Refusal as refusal:
            return "-", Reply(refuse(known, now, self._clock, refusal), REFUSED)
        try:
            nonce = signer.nonce(body) if signer else None
            reply = await self._answer(known, nonce)
            return known.infno, await self._sealed(reply, how, signer)
        except Unsigned:
            raise
        except Exception as error:
            return known.infno, self._accident(known, now, error)

    async def _opened(
        self, body: bytes, signer: "Signer | None"
    ) -> tuple[dict[str, Any] | None, Sealed | None]:
        """A message that is encrypted or signed by national algorithms, in clear; else neither.

        Refuses: message_unreadable, signature_wrong.
        """
        if signer is None or not (b'"SM4"' in body or b'"SM2"' in body):
            return None, None
        if multipart.is_multipart(body):
            return None, None
        content = envelope.decode(body)
        how = national.is_sealed(content, signer.keys)
        if not (how.encrypted or how.signed):
            return None, None
        loop = asyncio.get_running_loop()
        work = partial(national.opened, content, how, signer.keys, body)
        return await loop.run_in_executor(self._pool, work), how

    async def _sealed(self, reply: Reply, how: Sealed | None, signer: "Signer | None") -> Reply:
        """A reply that goes back as its message came."""
        if how is None or signer is None or reply.kind != JSON:
            return reply
        work = partial(national.sealed, reply.body, how, signer.keys)
        made = await asyncio.get_running_loop().run_in_executor(self._pool, work)
        return msgspec.structs.replace(reply, body=made)

    def _read(
        self,
        body: bytes,
        now: datetime,
        signer: "Signer | None",
        content: dict[str, Any] | None = None,
    ) -> Envelope:
        """The envelope of a body, which may be what its sender may send; `content` is it opened."""
        parts = multipart.read_parts(body) if multipart.is_multipart(body) else content
        known = envelope.read(body, now, parts)
        if len(body) > self._settings.body_bytes and known.infno != envelope.UPLOAD:
            raise TooLarge(self._settings.body_bytes)
        if signer is not None and signer.institution != known.institution:
            values = {"value": known.institution}
            raise Refusal("institution_foreign", "fixmedins_code", values)
        if known.infno not in TRANSACTIONS and known.infno not in SETTLED:
            raise Refusal("transaction_unknown", "infno", {"value": known.infno})
        if signer is not None and not signer.may_send(known.infno):
            raise Refusal("credential_scope", "infno", {"value": known.infno})
        return known

    def _accident(self, known: Envelope | None, now: datetime, error: Exception) -> Reply:
        """What the sender is told of an accident; its cause goes to the log."""
        infno, institution = (known.infno, known.institution) if known else ("-", "-")
        sentence = threads.report(error, infno, institution)
        return Reply(envelope.write(known, now, self._clock(), refused=sentence), FAULT)

    async def _answer(self, known: Envelope, nonce: Nonce | None) -> Reply:
        if known.infno in SETTLED:
            request = Waiting(known, nonce)
            reply = await self._gatherer.put((known.institution, known.key.msg_id), request)
        else:
            work = partial(self._alone, known=known, nonce=nonce)
            reply = await self._run(work, known.infno)
        if reply.outcome == "unsigned":
            raise Unsigned("随机数已用过；每个请求都请换新的随机数再签名")
        return reply

    def _alone(self, connection: threads.Connection, known: Envelope, nonce: Nonce | None) -> Reply:
        if nonce and credentials.claim(connection, [nonce], known.received_at):
            return Reply(b"", "unsigned")
        return answer(connection, known, self._laws, self._settings, self._clock)

    def _settle(self, waiting: "list[Waiting] | tuple[Waiting, ...] | Any") -> list[Reply]:
        self._metrics.batches.observe(len(waiting))
        return self._settling.settle(waiting)

    async def _admit(
        self, headers: Iterable[tuple[bytes, bytes]], now: datetime
    ) -> "Signer | None":
        """Who signed; None: anyone may speak for anyone.

        Refuses: Unsigned.
        """
        if self._adaptor is None:
            return None
        claim = self._adaptor.read(signatures.one_of_each(headers))
        signatures.check_time(claim, now, self._settings.replay_seconds)
        known = self._credentials.remembered(claim.access_key, now)
        if known is None:
            key = claim.access_key
            known = await self._run(partial(self._credentials.load, access_key=key, now=now))
        signatures.check_signature(self._adaptor, claim, known.secret)
        keys = NationalKeys(known.secret or "", known.sm2_public, self._settings.sm2_key)
        return Signer(known.institution, claim.access_key, claim.nonce, known.scope, keys)

    async def _page(self, path: str, send: Send) -> None:
        if path == "/health":
            await _send(send, 200, Reply(b'{"status":"ok"}'))
        elif path == "/metrics":
            await _send(send, 200, Reply(self._metrics.page(), kind=b"text/plain; version=0.0.4"))
        elif path == "/ready":
            lacking, server = await self._lacking()
            said = {"status": "not ready" if lacking else "ready", "lacking": lacking} | server
            await _send(send, 503 if lacking else 200, Reply(msgspec.json.encode(said)))
        else:
            await _send(send, 404, Reply(b'{"code":404,"message":"POST"}'))

    async def _lacking(self) -> tuple[list[str], dict[str, Any]]:
        """What the gateway still needs before it can settle, and which server it is on."""
        lacking = []
        try:
            found, version = await self._run(_has_tables)
            if not found:
                lacking.append("migrations")
            elif not await self._run(lambda one: _in_force(one, self._laws).library.areas()):
                lacking.append("rules")
        except psycopg.Error:
            return ["database"], {}
        server = "{}.{}".format(*divmod(version, 10000))
        return lacking, {"postgresql": server, "outdated": bool(outdated(version))}


def _in_force(connection: threads.Connection, laws: Laws) -> Areas:
    """The laws in force, for whoever only looks."""
    return laws.in_force(connection, held=False) if isinstance(laws, LawBook) else laws


def _has_tables(connection: threads.Connection) -> tuple[bool, int]:
    """Whether the tables are there, and the version of the server."""
    row = connection.execute("select to_regclass(%s) is not null", [NEWEST_TABLE]).fetchone()
    return bool(row and row[0]), connection.info.server_version


async def _body(receive: Receive, settings: GatewaySettings) -> bytes:
    """The body of a request, longer only where a file is uploaded.

    Refuses: TooLarge, Gone.
    """
    parts: list[bytes] = []
    length, most, told = 0, settings.body_bytes, False
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        part = message.get("body", b"")
        length += len(part)
        parts.append(part)
        if length > most and not told:
            told = True
            if envelope.is_upload(b"".join(parts)[:BEGINNING]):
                most = max(most, settings.upload_bytes)
        if length > most:
            raise TooLarge(most)
        if not message.get("more_body"):
            return b"".join(parts)


async def _send(send: Send, status: int, reply: Reply) -> None:
    headers = [
        (b"content-type", reply.kind if reply.kind else JSON),
        (b"content-length", str(len(reply.body)).encode()),
    ]
    if reply.name:
        name = reply.name.encode("ascii", "ignore").decode().replace('"', "") or "file.zip"
        headers.append((b"content-disposition", f'attachment; filename="{name}"'.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})
