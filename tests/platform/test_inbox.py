"""Exactly once: what the inbox tells apart, keeps, bars, drops, and answers afterwards."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from tests.platform.counter import NOW, RULES
from tests.platform.gateways import (
    HOSPITAL,
    IDENTITY,
    KEYS,
    ROLE,
    bill,
    description,
    line,
    opened,
    purchase,
    registration,
)
from tests.platform.queries_county import Standing, refused, standing
from tests.platform.test_gateway_messages import bought, reversal, taking_back
from tests.platform.waiting import waits

from gongji.gateway.transactions import GatewaySettings
from gongji.gateway.visits.settling import Settling, Waiting
from gongji.gateway.visits.write_settlement import AGAIN
from gongji.gateway.wire import envelope, threads
from gongji.platform.inbox import INSTITUTION, Answer, Key, Work, find, inbox_of
from gongji.platform.inbox_months import OTHER, SCHEMA, drop_old, make_ahead
from gongji.platform.message_seal import MessageSeal
from gongji.refusals import Fault, Refusal
from gongji.units import day_in_china

Connection = psycopg.Connection[Any]
INBOX = inbox_of(**KEYS)
PLACE = (INSTITUTION, HOSPITAL, "M1")
LATER = day_in_china(NOW) + timedelta(days=800)


@pytest.fixture(scope="module")
def place(server: str) -> Iterator[Standing]:
    """A county with a gateway."""
    with standing(server) as made:
        yield made


def key(msg_id: str = "M1", kind: str = "2202", **content: Any) -> Key:
    """A message of the hospital."""
    return Key(INSTITUTION, HOSPITAL, msg_id, kind, content)


def forget(place: Standing) -> None:
    """Drop what messages said and were answered, as the nightly job does two years later."""
    drop_old(place.owner, LATER, 400)
    assert place.owner.execute("select count(*) from inbox_bytes").fetchone() == (0,)


def entries(place: Standing) -> int:
    """How many entries the journal has."""
    row = place.owner.execute("select count(*) from entry").fetchone()
    assert row
    return int(row[0])


# Hash and seal.


def test_a_hash_is_of_the_key_the_place_the_command_and_the_input() -> None:
    seal = MessageSeal(b"i" * 32, b"l" * 32)
    made = {
        seal.hash(PLACE, "2207", b"a"),
        seal.hash(PLACE, "2207", b"b"),
        seal.hash(PLACE, "2208", b"a"),
        seal.hash((INSTITUTION, HOSPITAL, "M2"), "2207", b"a"),
        MessageSeal(b"i" * 32, b"m" * 32).hash(PLACE, "2207", b"a"),
    }
    assert len(made) == 5 and {len(one) for one in made} == {33}
    assert MessageSeal(b"x" * 32, b"l" * 32).hash(PLACE, "2207", b"a") in made


def test_what_is_sealed_opens_by_its_key_and_at_its_place_only() -> None:
    seal = MessageSeal(b"i" * 32, b"l" * 32)
    sealed = seal.seal(PLACE, "reply", b"said")
    names = b'{"fund_payamt":"40.20"}' * 50
    assert len(seal.seal(PLACE, "reply", names)) < len(names) / 4
    assert seal.open(PLACE, "reply", seal.seal(PLACE, "reply", names), seal.key_id) == names
    assert b"said" not in sealed and seal.seal(PLACE, "reply", b"said") != sealed
    assert seal.open(PLACE, "reply", sealed, seal.key_id) == b"said"
    other = (INSTITUTION, HOSPITAL, "M2")
    wrong: list[Callable[[], bytes]] = [
        lambda: seal.open(other, "reply", sealed, seal.key_id),
        lambda: seal.open(PLACE, "content", sealed, seal.key_id),
        lambda: seal.open(PLACE, "reply", sealed, seal.key_id % 0x7FFF + 1),
        lambda: seal.open(PLACE, "reply", sealed[:-1] + bytes([sealed[-1] ^ 1]), seal.key_id),
        lambda: seal.open(PLACE, "reply", sealed[:20], seal.key_id),
        lambda: MessageSeal(b"j" * 32, b"l" * 32).open(PLACE, "reply", sealed, seal.key_id),
    ]
    for attempt in wrong:
        with pytest.raises(Fault):
            attempt()


def test_the_tables_show_nothing_of_a_message(place: Standing) -> None:
    psn_no, msgid = place.insured(), place.client.msgid()
    place.client.do("2207", bill(psn_no, opened(place.client, psn_no), 30), msgid)
    row = place.owner.execute(
        "select i::text, b::text, b.content, b.reply from inbox i join inbox_bytes b"
        " using (actor_kind, actor, msg_id) where msg_id = %s",
        [msgid],
    ).fetchone()
    assert row
    for name in (psn_no, "mdtrt_id", "setlinfo"):
        assert name not in row[0] + row[1]
        assert name.encode() not in row[2] + row[3]
    (said,) = INBOX.contents(place.owner, [(INSTITUTION, HOSPITAL, msgid)]).values()
    assert said["data"]["psn_no"] == psn_no


# Once.


def test_a_second_delivery_at_the_same_moment_waits_and_gets_the_first_answer(
    owner: Connection, connect: Any
) -> None:
    ran: list[str] = []
    replies: dict[str, bytes] = {}
    work: dict[str, Work] = {}

    def deliver(name: str, connection: Connection) -> None:
        replies[name] = INBOX.once(connection, key(n=1), NOW, work[name])

    with connect() as first, connect() as second:
        late = threading.Thread(target=deliver, args=("second", second))

        def run() -> tuple[bytes, int | None]:
            ran.append("first")
            late.start()
            waits(owner, second.info.backend_pid)
            return b"one", None

        def run_again() -> tuple[bytes, int | None]:
            ran.append("second")
            return b"two", None

        work |= {"first": Work(run, lambda _: b""), "second": Work(run_again, lambda _: b"")}
        deliver("first", first)
        late.join()
    assert ran == ["first"] and replies == {"first": b"one", "second": b"one"}


def test_an_accident_leaves_nothing_and_a_refusal_is_an_answer(gateway: Connection) -> None:
    def broken() -> tuple[bytes, int | None]:
        raise ValueError

    def refusing() -> tuple[bytes, int | None]:
        raise Refusal("visit_unknown", "mdtrt_id", {"value": "1"})

    def never(_: Refusal) -> bytes:
        raise AssertionError

    with pytest.raises(ValueError):
        INBOX.once(gateway, key(), NOW, Work(broken, never))
    assert find(gateway, PLACE) is None
    assert INBOX.once(gateway, key(), NOW, Work(refusing, lambda _: b"no")) == b"no"
    known = find(gateway, PLACE)
    assert known and (known.state, known.kind, known.entry) == ("refused", "2202", None)
    assert INBOX.once(gateway, key(), NOW, Work(broken, never)) == b"no"
    with pytest.raises(Refusal, match="data"):
        INBOX.once(gateway, key(data="other"), NOW, Work(broken, never))


def test_actors_of_two_kinds_share_no_ids(gateway: Connection) -> None:
    for kind in ("institution", "staff", "job"):
        asked = msgspec.structs.replace(key(), actor_kind=kind)
        work = Work(lambda said=kind: (said.encode(), None), lambda _: b"")
        for _ in range(2):
            assert INBOX.once(gateway, asked, NOW, work) == kind.encode()


def test_a_message_of_another_key_is_never_taken_for_the_same(gateway: Connection) -> None:
    """After the installation's keys were changed: refused, not run again."""
    INBOX.keep(gateway, [Answer(key(), b"first", 7)], NOW)
    other = inbox_of(KEYS["identity_key"], b"another key of 32 bytes.........")
    work = Work(lambda: (b"second", None), lambda _: b"")
    with pytest.raises(Refusal) as found:
        other.once(gateway, key(), NOW, work)
    assert found.value.code == "message_differs"


@pytest.fixture(scope="module")
def both(place: Standing) -> Iterator[tuple[Settling, Settling]]:
    """Two gateways' settling."""
    dsn = make_conninfo(place.owner.info.dsn, options=ROLE)
    made = [threads.Connections(dsn) for _ in range(2)]
    one, other = (
        Settling(each, RULES, GatewaySettings(**KEYS), IDENTITY, lambda: NOW) for each in made
    )
    yield one, other
    for each in made:
        each.close()


def test_of_two_persons_under_one_id_at_the_same_moment_one_is_settled(
    place: Standing, both: tuple[Settling, Settling], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an attempt wrote that was undone is told nobody."""
    from gongji.settlement import settle as module

    msgid, client = place.client.msgid(), place.client
    asked = []
    for psn_no in (place.insured(), place.insured()):
        sent = client.envelope("2207", bill(psn_no, opened(client, psn_no), 30), msgid)
        asked.append(Waiting(envelope.read(json.dumps(sent).encode(), NOW), None))
    real, before = module.read_around, entries(place)
    replies: list[Any] = []

    def meanwhile(*given: Any) -> Any:
        monkeypatch.setattr(module, "read_around", real)
        # On a thread of its own, since a connection is its thread's.
        other = threading.Thread(target=lambda: replies.extend(both[1].settle([asked[1]])))
        other.start()
        other.join()
        return real(*given)

    monkeypatch.setattr(module, "read_around", meanwhile)
    replies = [*both[0].settle([asked[0]]), *replies]
    told = [json.loads(reply.body) for reply in replies]
    assert sorted(one["infcode"] for one in told) == [-1, 0]
    (no,) = (one["err_msg"] for one in told if one["infcode"])
    assert msgid in no and "data.psn_no" in no
    assert [reply.outcome for reply in replies] == ["refused", "done"]
    assert entries(place) == before + 1


# Taken back.


@pytest.mark.parametrize("infno", ["2207", "2102", "2208", "2103"])
def test_a_message_that_was_reversed_is_refused_when_it_comes_again(
    place: Standing, infno: str
) -> None:
    client = place.pharmacy if infno in ("2102", "2103") else place.client
    psn_no, msgid = place.insured(), client.msgid()
    if infno == "2207":
        given = bill(psn_no, opened(client, psn_no), 30)
    elif infno == "2102":
        given = purchase(psn_no, 30, [bought()])
    elif infno == "2208":
        given = taking_back(place.settled(psn_no))
    else:
        given = taking_back(client.do("2102", purchase(psn_no, 30, [bought()]))["setlinfo"])
    info = client.do(infno, given, msgid)["setlinfo"]
    assert client.do(infno, given, msgid)["setlinfo"] == info
    assert client.ask("2601", reversal(psn_no, msgid, infno))["infcode"] == 0
    before = entries(place)
    for _ in range(2):
        assert f"报文 {msgid} 已先被冲正" in client.refused(infno, given, msgid)
    again = refused(client, "settlement_cancelled", "2601", reversal(psn_no, msgid, infno))
    assert info["setl_id"] in again
    assert entries(place) == before


# Forgotten.


def same(now: dict[str, Any], then: dict[str, Any]) -> bool:
    """Whether two setlinfo are the same but for what is on the account now."""
    return now | {"balc": None} == then | {"balc": None}


def test_a_settlement_whose_reply_is_dropped_is_answered_from_the_journal(place: Standing) -> None:
    psn_no, msgid = place.insured(), place.client.msgid()
    given = bill(psn_no, opened(place.client, psn_no), 30)
    answered = place.client.ask("2207", given, msgid)
    first = answered["output"]
    forget(place)
    before = entries(place)
    for _ in range(2):
        reply = place.client.ask("2207", given, msgid)
        assert reply["infcode"] == 0
        assert reply["warn_msg"] == f"{AGAIN}；{answered['warn_msg']}"
        assert same(reply["output"]["setlinfo"], first["setlinfo"])
        assert reply["output"]["setlinfo"]["balc"] == first["setlinfo"]["balc"]
        amounts = [
            [{name: row[name] for name in row if name != "crt_payb_lmt_amt"} for row in rows]
            for rows in (reply["output"]["setldetail"], first["setldetail"])
        ]
        assert amounts[0] == amounts[1]
    said = place.client.refused("2207", given | {"data": given["data"] | {"invono": "9"}}, msgid)
    assert "内容不同" in said and "超过保存期限" in said and "invono" not in said
    assert entries(place) == before


def test_a_purchase_whose_reply_is_dropped_is_answered_with_its_lines(place: Standing) -> None:
    psn_no, msgid = place.insured(), place.pharmacy.msgid()
    given = purchase(psn_no, 60, [bought(1), bought(2)])
    first = place.pharmacy.do("2102", given, msgid)
    forget(place)
    before = entries(place)
    again = place.pharmacy.do("2102", given, msgid)
    assert same(again["setlinfo"], first["setlinfo"])
    assert again["detlcutinfo"] == first["detlcutinfo"] and len(again["detlcutinfo"]) == 2
    assert entries(place) == before


@pytest.mark.parametrize("infno", ["2208", "2103"])
def test_a_cancellation_whose_reply_is_dropped_is_answered_from_the_journal(
    place: Standing, infno: str
) -> None:
    client, psn_no = (place.pharmacy if infno == "2103" else place.client), place.insured()
    if infno == "2208":
        info = place.settled(psn_no)
    else:
        info = client.do("2102", purchase(psn_no, 30, [bought()]))["setlinfo"]
    given, msgid = taking_back(info), client.msgid()
    first = client.do(infno, given, msgid)
    undoing = client.msgid()
    client.do("2601", reversal(psn_no, msgid, infno), undoing)
    other = taking_back(place.settled(place.insured()))
    kept, named = place.client.msgid(), other["data"]["setl_id"]
    whole = place.client.do("2208", other, kept)
    forget(place)
    before = entries(place)
    # What was reversed stays so; the reversal itself is repeated.
    assert "已先被冲正" in client.refused(infno, given, msgid)
    assert client.ask("2601", reversal(psn_no, msgid, infno), undoing)["infcode"] == 0
    reply = place.client.ask("2208", other, kept)
    assert same(reply["output"]["setlinfo"], whole["setlinfo"]) and reply["warn_msg"] == AGAIN
    assert reply["output"]["setldetail"] == whole["setldetail"]
    assert named != reply["output"]["setlinfo"]["setl_id"] and first
    assert entries(place) == before


def test_what_made_no_entry_is_refused_once_its_reply_is_dropped(place: Standing) -> None:
    psn_no = place.insured()
    client = place.client
    registering, describing, lines, refusing = (client.msgid() for _ in range(4))
    visit = client.do("2201", registration(psn_no), registering)["data"]["mdtrt_id"]
    client.do("2203", description(psn_no, visit), describing)
    client.do("2204", {"feedetail": [line(psn_no, visit, 1)]}, lines)
    client.refused("2207", bill(psn_no, visit, 31), refusing)
    forget(place)
    asked = [
        ("2201", registration(psn_no), registering),
        ("2203", description(psn_no, visit), describing),
        ("2204", {"feedetail": [line(psn_no, visit, 1)]}, lines),
        ("2207", bill(psn_no, visit, 31), refusing),
    ]
    counted = "select (select count(*) from visit), (select count(*) from fee_line)"
    before = place.owner.execute(counted).fetchone()
    for infno, given, msgid in asked:
        said = client.refused(infno, given, msgid)
        assert said == str(Refusal("message_answered_before", "msgid", {"value": msgid}))
        assert f"报文 {msgid} 此前已处理过" in said
    assert place.owner.execute(counted).fetchone() == before
    # Under a new id the bill is settled.
    assert client.do("2207", bill(psn_no, visit, 30))["setlinfo"]


def test_a_query_tells_what_a_message_said_as_long_as_that_is_kept(place: Standing) -> None:
    psn_no = place.insured()
    given = bill(psn_no, opened(place.client, psn_no), 30, invono="F77")
    info = place.client.do("2207", given)["setlinfo"]
    asked = {"data": {name: info[name] for name in ("psn_no", "mdtrt_id", "setl_id")}}
    assert place.client.do("5203", asked)["setlinfo"]["invono"] == "F77"
    forget(place)
    assert not place.client.do("5203", asked)["setlinfo"]["invono"]


# Months.


def parts(owner: Connection) -> set[str]:
    """The names of the parts of the messages' bytes."""
    rows = owner.execute(
        "select inhrelid::regclass::text from pg_inherits where inhparent = 'inbox_bytes'::regclass"
    )
    return {name for (name,) in rows}


def keep_at(gateway: Connection, at: datetime) -> None:
    """A message that was answered at an instant."""
    INBOX.keep(gateway, [Answer(key(at.isoformat()), b"x")], at)


def left(gateway: Connection) -> list[datetime]:
    """When the messages came whose bytes are kept."""
    return [at for (at,) in gateway.execute("select at from inbox_bytes order by at")]


def placed(names: list[str]) -> list[str]:
    """Parts by their names with the schema in which they lie."""
    return [f"{SCHEMA}.{name}" for name in names]


INSTANTS = [
    datetime(2024, 11, 30, 15, 59, 59, tzinfo=UTC),
    datetime(2024, 11, 30, 16, tzinfo=UTC),  # December in China
    datetime(2024, 12, 31, 15, 59, 59, tzinfo=UTC),
    datetime(2024, 12, 31, 16, tzinfo=UTC),  # January in China
]


@pytest.mark.parametrize("ahead", [True, False])
def test_months_are_made_ahead_and_dropped_whole(
    owner: Connection, gateway: Connection, ahead: bool
) -> None:
    today = day_in_china(NOW)
    if ahead:
        made = make_ahead(owner, today)
    for at in INSTANTS:
        keep_at(gateway, at)
    if not ahead:
        assert owner.execute(f"select count(*) from {OTHER}").fetchone() == (4,)
        made = make_ahead(owner, today)
    months = ["202412", "202501", "202502", "202503"]
    assert made == [f"inbox_bytes_{month}" for month in months]
    assert parts(owner) == {*placed(made), OTHER} and make_ahead(owner, today) == []
    counts = [
        owner.execute(f"select count(*) from {name}").fetchone()
        for name in (*placed(made[:2]), OTHER)
    ]
    assert counts == [(2,), (1,), (1,)]
    assert left(gateway) == INSTANTS
    assert drop_old(owner, day_in_china(INSTANTS[-1]) + timedelta(days=30), 31) == []
    assert left(gateway) == INSTANTS[1:], "what is in no part of its own goes by months too"
    assert drop_old(owner, day_in_china(INSTANTS[-1]) + timedelta(days=31), 31) == [made[0]]
    assert left(gateway) == INSTANTS[3:] and parts(owner) == {*placed(made[1:]), OTHER}
    assert gateway.execute("select count(*) from inbox").fetchone() == (4,)


def test_a_part_that_is_in_use_is_not_waited_for_long(
    owner: Connection, gateway: Connection, connect: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gongji.platform import month_parts

    monkeypatch.setattr(month_parts, "PATIENCE", "50ms")
    make_ahead(owner, day_in_china(NOW))
    with connect() as reader, reader.transaction():
        reader.execute("select count(*) from inbox_bytes")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            drop_old(owner, LATER, 400)
        keep_at(gateway, NOW)
    assert len(drop_old(owner, LATER, 400)) == 4
