"""Requests that wait are settled together, and their replies written (2206, 2207, 2101, 2102).

A reply is written inside the settlement's transaction and stored with the message, so what a client
was told and what is kept are the same bytes.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec

from gongji.gateway.transactions import Call, GatewaySettings
from gongji.gateway.visits import read_bills, write_lines, write_settlement
from gongji.gateway.visits.write_settlement import Bearer
from gongji.gateway.wire import credentials, envelope, threads
from gongji.gateway.wire.codes import med_type_of
from gongji.gateway.wire.credentials import Nonce
from gongji.gateway.wire.dispatch import DONE, FAULT, REFUSED, Clock, Reply, refuse
from gongji.gateway.wire.envelope import Envelope
from gongji.people.person_rows import persons_of
from gongji.platform.identity import Identity
from gongji.platform.law_book import Laws
from gongji.refusals import Refusal
from gongji.settlement.contract import Outcome, Request
from gongji.settlement.settle import Answers, Failure, settle

UNSIGNED = Reply(b"", "unsigned")
"""A nonce that was used before: the gateway refuses, not the settlement."""


class Waiting(msgspec.Struct, frozen=True):
    """A request to settle, and the nonce that it was signed with."""

    envelope: Envelope
    nonce: Nonce | None


class Settling:
    """Settles what waits, on the connection of the thread that asks."""

    def __init__(
        self,
        connections: threads.Connections,
        laws: Laws,
        settings: GatewaySettings,
        identity: Identity,
        clock: Clock,
    ) -> None:
        self._connections, self._laws, self._settings = connections, laws, settings
        self._identity, self._clock = identity, clock
        self._bounds = settings.bounds

    def settle(self, waiting: Sequence[Waiting]) -> list[Reply]:
        """The reply to each, in their order."""
        return self._connections.run(partial(self._settle, waiting=waiting))

    def _settle(self, connection: threads.Connection, waiting: Sequence[Waiting]) -> list[Reply]:
        now = self._clock()
        nonces = [one.nonce for one in waiting if one.nonce]
        used = credentials.claim(connection, nonces, now) if nonces else set()
        replies: dict[int, Reply] = {}
        asked: list[tuple[int, Envelope, Request]] = []
        for place, one in enumerate(waiting):
            if one.nonce in used:
                replies[place] = UNSIGNED
                continue
            try:
                asked.append((place, one.envelope, self._read(connection, one.envelope)))
            except Refusal as refusal:
                replies[place] = self._refused(one.envelope, refusal)
        if asked:
            replies |= self._settled(connection, asked)
        return [replies[place] for place in range(len(waiting))]

    def _read(self, connection: threads.Connection, known: Envelope) -> Request:
        call = Call(
            connection,
            known.institution,
            known.infno,
            known.input,
            known.key,
            known.received_at,
            self._laws,
            self._settings,
            known.header,
        )
        return read_bills.read_request(call)

    def _settled(
        self, connection: threads.Connection, asked: Sequence[tuple[int, Envelope, Request]]
    ) -> dict[int, Reply]:
        envelopes = {id(request): known for _, known, request in asked}
        bearers = self._bearers(connection, {request.psn_no for _, _, request in asked})

        def encode(request: Request, outcome: Outcome) -> bytes:
            return self._write(envelopes[id(request)], request, outcome, bearers)

        requests = [request for _, _, request in asked]
        now = self._clock()
        answers = Answers(self._settings.inbox, encode)
        outcomes = settle(connection, requests, self._laws, now, self._bounds, answers)
        return {
            place: self._reply(connection, known, request, outcome, bearers)
            for (place, known, request), outcome in zip(asked, outcomes, strict=True)
        }

    def _reply(
        self,
        connection: threads.Connection,
        known: Envelope,
        request: Request,
        outcome: Outcome,
        bearers: dict[str, Bearer],
    ) -> Reply:
        """The reply of the outcome that stands: of an attempt that was undone nothing is told."""
        if isinstance(outcome, Failure):
            error = outcome.error or RuntimeError("a settlement failed without a reason")
            return self._fault(known, error)
        if outcome.replayed is not None:
            return Reply(outcome.replayed)
        if outcome.again:
            bought = known.infno in read_bills.PURCHASES
            lines = write_lines.settled(connection, outcome.made) if bought else None
            return Reply(self._write(known, request, outcome, bearers, lines))
        made = outcome.reply or self._write(known, request, outcome, bearers)
        return Reply(made, REFUSED if outcome.refusal else DONE)

    def _bearers(self, connection: threads.Connection, numbers: set[str]) -> dict[str, Bearer]:
        found = persons_of(connection, numbers)
        return {person.psn_no: Bearer(person, self._identity) for person in found}

    def _write(
        self,
        known: Envelope,
        request: Request,
        outcome: Outcome,
        bearers: dict[str, Bearer],
        lines: list[dict[str, Any]] | None = None,
    ) -> bytes:
        """The reply in full; `lines` are those of a purchase that was settled before."""
        if outcome.refusal:
            return refuse(known, known.received_at, self._clock, outcome.refusal)
        entry, infno = outcome.made, known.infno
        node = (
            known.input.get("druginfo" if infno in read_bills.PURCHASES else "data") or known.input
        )
        sent = node[0] if isinstance(node, list) else node
        told = {
            "mdtrt_cert_type": sent.get("mdtrt_cert_type"),
            "med_type": med_type_of(request.med_type),
        }
        bearer = bearers[request.psn_no]
        output: dict[str, Any] = {
            "setlinfo": write_settlement.setlinfo(
                infno, entry, outcome.balance_fen, bearer, told, known.key.msg_id
            ),
            "setldetail": write_settlement.setldetail(entry, outcome.limits),
        }
        if infno in read_bills.PURCHASES:
            output["detlcutinfo"] = write_lines.cut(outcome.lines) if lines is None else lines
        warnings = [*outcome.warnings, *([write_settlement.AGAIN] if outcome.again else [])]
        warnings += entry.decision.reasons if entry.decision else ()
        return envelope.write(
            known, known.received_at, self._clock(), output, warnings=list(dict.fromkeys(warnings))
        )

    def _refused(self, known: Envelope, refusal: Refusal) -> Reply:
        return Reply(refuse(known, known.received_at, self._clock, refusal), REFUSED)

    def _fault(self, known: Envelope, error: Exception) -> Reply:
        sentence = threads.report(error, known.infno, known.institution)
        made = envelope.write(known, known.received_at, self._clock(), refused=sentence)
        return Reply(made, FAULT)
