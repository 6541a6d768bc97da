"""From an envelope to the bytes of its answer, for transactions answered one at a time."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias

import msgspec
import psycopg

from gongji.gateway.transactions import TRANSACTIONS, Answer, Call, Download, GatewaySettings
from gongji.gateway.wire import codes
from gongji.gateway.wire import envelope as envelopes
from gongji.gateway.wire.envelope import Envelope
from gongji.platform.inbox import Work
from gongji.platform.law_book import Laws
from gongji.refusals import Refusal

Clock: TypeAlias = Callable[[], datetime]
DONE, REFUSED, FAULT = "done", "refused", "fault"
JSON = b"application/json;charset=utf-8"
BYTES = b"application/octet-stream"


class Reply(msgspec.Struct, frozen=True):
    """What goes back: the body, how it went, and of a file its name."""

    body: bytes
    outcome: str = DONE
    kind: bytes = JSON
    name: str = ""


def refuse(
    envelope: Envelope | None, received_at: datetime, clock: Clock, refusal: Refusal
) -> bytes:
    """The reply of a refusal: infcode -1 with its sentence."""
    return envelopes.write(envelope, received_at, clock(), refused=codes.told(refusal))


def answer(
    connection: psycopg.Connection[Any],
    envelope: Envelope,
    laws: Laws,
    settings: GatewaySettings,
    clock: Clock,
) -> Reply:
    """The answer of the transaction that an envelope names."""
    now = envelope.received_at
    found = TRANSACTIONS[envelope.infno]
    call = Call(
        connection,
        envelope.institution,
        envelope.infno,
        envelope.input,
        envelope.key,
        now,
        laws,
        settings,
        envelope.header,
    )
    outcome = DONE

    def run() -> tuple[bytes, int | None]:
        made = found.answer(call)
        assert not isinstance(made, Download), "a download changes nothing"
        entry = made.entry if isinstance(made, Answer) else None
        return _written(envelope, made, clock), entry

    def refused(refusal: Refusal) -> bytes:
        nonlocal outcome
        outcome = REFUSED
        return refuse(envelope, now, clock, refusal)

    def again(entry: int) -> bytes:
        assert found.again is not None
        return _written(envelope, found.again(call, entry), clock)

    try:
        if found.changes:
            work = Work(run, refused, again if found.again else None)
            return Reply(settings.inbox.once(connection, envelope.key, now, work), outcome)
        made = found.answer(call)
    except Refusal as refusal:
        return Reply(refused(refusal), REFUSED)
    if isinstance(made, Download):
        return Reply(made.content, DONE, BYTES, made.name)
    return Reply(_written(envelope, made, clock))


def _written(envelope: Envelope, made: dict[str, Any] | Answer | None, clock: Clock) -> bytes:
    told = made if isinstance(made, Answer) else Answer(made)
    return envelopes.write(
        envelope, envelope.received_at, clock(), told.output, warnings=told.warnings
    )
