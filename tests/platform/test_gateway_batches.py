"""Settlements taken together in a batch: each caller gets its own answer, whatever the others'."""

import asyncio
import json
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from psycopg.conninfo import make_conninfo
from tests.platform.counter import NOW, RULES
from tests.platform.gateways import (
    IDENTITY,
    KEYS,
    ROLE,
    Client,
    bill,
    line,
    opened,
    purchase,
)
from tests.platform.queries_county import Standing

from gongji.gateway.transactions import GatewaySettings
from gongji.gateway.visits.settling import Settling, Waiting
from gongji.gateway.wire import credentials, envelope, threads
from gongji.gateway.wire.credentials import Nonce
from gongji.gateway.wire.dispatch import Reply
from gongji.gateway.wire.gathering import Gatherer

SECONDS = 20
"""An answer that has not come by then does not come."""


@pytest.fixture(scope="module")
def settling(place: Standing) -> Iterator[Settling]:
    """Settling behind no gateway, so that a test says what is taken together."""
    connections = threads.Connections(make_conninfo(place.owner.info.dsn, options=ROLE))
    yield Settling(connections, RULES, GatewaySettings(**KEYS), IDENTITY, lambda: NOW)
    connections.close()


def waiting(
    client: Client, infno: str, given: Any, msgid: str = "", nonce: str = "", **changes: Any
) -> Waiting:
    """A request as the gateway hands it to be settled."""
    sent = json.dumps(client.envelope(infno, given, msgid, **changes)).encode()
    claimed = Nonce(f"ak-{client.institution}", nonce, b"this body") if nonce else None
    return Waiting(envelope.read(sent, NOW), claimed)


def told(reply: Reply) -> dict[str, Any]:
    """A reply as its caller reads it."""
    found: dict[str, Any] = json.loads(reply.body)
    return found


def test_each_of_a_batch_gets_its_own_answer(place: Standing, settling: Settling) -> None:
    one, two, three, four = (place.insured(10_000 * n) for n in range(1, 5))
    nameless = place.county.person(190, 0)  # Without a certificate its reply cannot be written.
    visits = {
        psn_no: opened(client, psn_no)
        for psn_no, client in (
            (one, place.client),
            (two, place.other),
            (three, place.client),
            (four, place.other),
            (nameless, place.client),
        )
    }
    credentials.claim(place.owner, [Nonce("ak-H43050000001", "used", b"another body")], NOW)
    old = waiting(place.client, "2207", bill(three, visits[three], 30))
    (first,) = settling.settle([old])
    sold = line("", "", 1)
    for name in ("mdtrt_id", "psn_no", "chrg_bchno"):
        del sold[name]
    asked = [
        waiting(place.client, "2207", bill(one, visits[one], 30), mdtrtarea_admvs="430521"),
        waiting(place.other, "2207", bill(four, visits[four], 30, acct_used_flag="9")),
        waiting(place.client, "2207", bill(nameless, visits[nameless], 30)),
        waiting(place.other, "2207", bill(two, visits[two], 30), mdtrtarea_admvs="430522"),
        waiting(place.client, "2207", bill(one, visits[one], 30), nonce="used"),
        waiting(place.other, "2207", bill(four, visits[four], 31), mdtrtarea_admvs="430523"),
        old,
        waiting(place.pharmacy, "2102", purchase(four, 30, [sold]), nonce="fresh"),
        waiting(place.other, "2206", bill(four, visits[four], 30)),
    ]
    replies = settling.settle(asked)
    outcomes = [reply.outcome for reply in replies]
    assert outcomes == [
        "done",
        "refused",
        "fault",
        "done",
        "unsigned",
        "refused",
        "done",
        "done",
        "done",
    ]
    for place_of in (0, 3, 7):
        info = told(replies[place_of])["output"]["setlinfo"]
        known = asked[place_of].envelope
        assert info["medins_setl_id"] == known.key.msg_id
        assert info["psn_no"] == envelope_person(known)
    assert [told(replies[n])["inf_refmsgid"][:6] for n in (0, 3, 5)] == [
        "430521",
        "430522",
        "430523",
    ]
    assert [told(replies[n])["output"]["setlinfo"]["clr_type"] for n in (0, 3, 7)] == [
        "11",
        "11",
        "41",
    ]
    assert "detlcutinfo" in told(replies[7])["output"]
    assert "detlcutinfo" not in told(replies[0])["output"]
    assert "acct_used_flag" in told(replies[1])["err_msg"]
    assert "31.00" in told(replies[5])["err_msg"]
    assert replies[6].body == first.body
    assert replies[4].body == b""
    assert told(replies[8])["output"]["setlinfo"]["setl_id"] == ""
    kept = place.owner.execute(
        "select msg_id from inbox join inbox_bytes using (actor_kind, actor, msg_id)"
        " where kind in ('2207', '2102')"
    ).fetchall()
    mine = {each.envelope.key.msg_id for each in asked}
    assert {row[0] for row in kept} & mine == {
        asked[n].envelope.key.msg_id for n in (0, 3, 5, 6, 7)
    }


def envelope_person(known: envelope.Envelope) -> str:
    """The person that a request names."""
    node = known.input.get("data") or known.input["druginfo"]
    return str(node["psn_no"])


def test_a_kept_refusal_of_a_batch_is_repeated_to_its_sender(
    place: Standing, settling: Settling
) -> None:
    psn_no = place.insured()
    asked = waiting(
        place.client,
        "2207",
        bill(psn_no, opened(place.client, psn_no), 31),
        mdtrtarea_admvs="430529",
    )
    (first,), (second,) = settling.settle([asked]), settling.settle([asked])
    assert first.body == second.body and told(first)["inf_refmsgid"].startswith("430529")


def test_an_accident_of_one_is_mended_by_sending_it_again(
    place: Standing, settling: Settling
) -> None:
    sound = place.insured()
    nameless = place.county.person(191, 0)
    given = [
        waiting(place.client, "2207", bill(who, opened(place.client, who), 30))
        for who in (nameless, sound)
    ]
    broken, fine = settling.settle(given)
    assert (broken.outcome, fine.outcome) == ("fault", "done")
    assert "请用同一报文重发" in told(broken)["err_msg"]
    place.owner.execute(
        "update person set certificate = %s where psn_no = %s", [IDENTITY.encrypt("1"), nameless]
    )
    again, repeated = settling.settle(given)
    assert again.outcome == "done" and repeated.body == fine.body
    entries = "select count(*) from entry where person = any(%s)"
    ids = [place.county.persons[who] for who in (nameless, sound)]
    assert place.owner.execute(entries, [ids]).fetchone() == (2,)


def test_a_nonce_of_a_batch_is_kept_with_when_it_came(place: Standing, settling: Settling) -> None:
    psn_no = place.insured()
    given = bill(psn_no, opened(place.client, psn_no), 30)
    settling.settle([waiting(place.client, "2207", given, nonce="kept")])
    found = place.owner.execute("select seen_at from nonce where nonce = 'kept'").fetchone()
    assert found == (NOW,)


def test_two_of_one_batch_with_one_nonce_and_other_bodies_pass_once(
    place: Standing, settling: Settling
) -> None:
    one, two = place.insured(), place.insured()
    asked = [
        waiting(place.client, "2207", bill(who, opened(place.client, who), 30))
        for who in (one, two)
    ]
    pair = [
        Waiting(each.envelope, Nonce("ak-H43050000001", "pair", body))
        for each, body in zip(asked, (b"one", b"two"), strict=True)
    ]
    assert sorted(reply.outcome for reply in settling.settle(pair)) == ["done", "unsigned"]


def test_warnings_are_each_told_once_and_the_pools_reason_with_them(
    place: Standing, settling: Settling
) -> None:
    psn_no = place.insured(arrears=True)
    visit = opened(place.client, psn_no)
    given = bill(psn_no, visit, 30, inscp_scp_amt=29, preselfpay_amt=1)
    (reply,) = settling.settle([waiting(place.client, "2207", given)])
    said = told(reply)["warn_msg"].split("；")
    assert len(said) == len(set(said)) and any("待遇享受期" in one for one in said)
    assert any("29.00" in one for one in said)


def test_whoever_came_first_is_taken_first() -> None:
    """Two of one key never meet in a batch; who is put off keeps the place in front."""
    batches: list[list[str]] = []
    begin = threading.Event()

    def work(items: Sequence[str]) -> list[str]:
        begin.wait(10)
        batches.append(list(items))
        return [item.upper() for item in items]

    gatherer: Gatherer[str, str] = Gatherer(work, threads=1, size=3)

    async def run() -> list[str]:
        keys = "aabbaccd"
        waits = [
            asyncio.ensure_future(gatherer.put(key, f"{key}{n}")) for n, key in enumerate(keys)
        ]
        await asyncio.sleep(0)
        begin.set()
        gatherer.start()
        return list(await asyncio.wait_for(asyncio.gather(*waits), SECONDS))

    answers = asyncio.run(run())
    gatherer.stop()
    assert answers == ["A0", "A1", "B2", "B3", "A4", "C5", "C6", "D7"]
    assert batches == [["a0", "b2", "c5"], ["a1", "b3", "c6"], ["a4", "d7"]]


def test_what_waits_when_the_end_is_asked_is_still_answered() -> None:
    gatherer: Gatherer[int, int] = Gatherer(lambda items: [2 * n for n in items], 2, 1)

    async def run() -> list[int]:
        waits = [asyncio.ensure_future(gatherer.put(n, n)) for n in range(5)]
        await asyncio.sleep(0)
        gatherer.start()
        await asyncio.get_running_loop().run_in_executor(None, gatherer.stop)
        return list(await asyncio.wait_for(asyncio.gather(*waits), SECONDS))

    assert asyncio.run(run()) == [0, 2, 4, 6, 8]
    assert not any(thread.is_alive() for thread in gatherer._threads)


def test_one_who_went_away_does_not_keep_the_others_waiting() -> None:
    release = threading.Event()

    def work(items: Sequence[int]) -> list[int]:
        release.wait(10)
        return list(items)

    gatherer: Gatherer[int, int] = Gatherer(work, threads=1, size=10)

    async def run() -> int:
        gone, stays = (asyncio.ensure_future(gatherer.put(n, n)) for n in (1, 2))
        await asyncio.sleep(0)
        gone.cancel()
        gatherer.start()
        release.set()
        return await asyncio.wait_for(stays, SECONDS)

    assert asyncio.run(run()) == 2

    async def leave() -> None:
        waits = asyncio.ensure_future(gatherer.put(3, 3))
        await asyncio.sleep(0)
        waits.cancel()

    # Its loop is closed when the answer comes; the thread goes on all the same.
    release.clear()
    asyncio.run(leave())
    release.set()
    assert asyncio.run(gatherer.put(4, 4)) == 4
    gatherer.stop()


def test_a_batch_without_an_answer_for_each_is_an_accident_for_all() -> None:
    gatherer: Gatherer[int, int] = Gatherer(lambda items: [1], threads=1, size=10)

    async def run() -> list[object]:
        waits = [asyncio.ensure_future(gatherer.put(n, n)) for n in range(2)]
        await asyncio.sleep(0)
        gatherer.start()
        return list(await asyncio.wait_for(asyncio.gather(*waits, return_exceptions=True), SECONDS))

    found = asyncio.run(run())
    assert all(isinstance(one, ValueError) for one in found)
