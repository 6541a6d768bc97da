"""Who is let in at the gateway: every header of both schemes, both sides of every limit of time."""

import hashlib
import http.client
import json
import socket
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest
from tests import databases
from tests.platform import gateways
from tests.platform.counter import NOW
from tests.platform.gateways import HOSPITAL, IDENTITY, OTHER, SECRETS, Client, Clock
from tests.platform.queries_county import Standing, standing

from gongji.gateway.wire.credentials import (
    _CLAIM,
    KEPT_SECONDS,
    UNKNOWN_SECONDS,
    Credentials,
    Nonce,
    claim,
    forget,
)
from gongji.gateway.wire.credentials import _MOST as MOST_REMEMBERED
from gongji.gateway.wire.forgeries import MOST_SECONDS, STEP_SECONDS, WINDOW, Forgeries
from gongji.refusals import Fault

ASKED = {"medinsinfo": {"fixmedins_type": "1", "fixmedins_code": HOSPITAL}}
HEADERS = {
    "x-tif": ("x-tif-paasid", "x-tif-timestamp", "x-tif-nonce", "x-tif-signature"),
    "api": ("_api_access_key", "_api_name", "_api_timestamp", "_api_version", "_api_signature"),
}
STAMP = {"x-tif": "x-tif-timestamp", "api": "_api_timestamp"}
REPLAY = 600
BOTH = pytest.mark.parametrize("adaptor", sorted(HEADERS))


@pytest.fixture(scope="module")
def place(server: str) -> Iterator[Standing]:
    """A county with a gateway whose clock the tests set."""
    with standing(server, replay_seconds=REPLAY) as made:
        yield made


@pytest.fixture(scope="module")
def api(place: Standing) -> Iterator[int]:
    """A second gateway in front of it, by the other scheme."""
    with gateways.serving(
        place.owner.info.dsn, place.clock, adaptor="api", replay_seconds=REPLAY
    ) as p:
        yield p


@pytest.fixture
def clock(place: Standing) -> Iterator[Clock]:
    """The clock of both gateways, set back afterwards."""
    assert isinstance(place.clock, Clock)
    yield place.clock
    place.clock.now = NOW


@pytest.fixture
def clients(place: Standing, api: int) -> dict[str, Client]:
    """A hospital at either gateway."""
    return {"x-tif": place.client, "api": Client(api, adaptor="api", clock=place.clock)}


def body(client: Client) -> bytes:
    """A query, with a message id of its own."""
    return json.dumps(client.envelope("1201", ASKED)).encode()


def status(client: Client, headers: dict[str, str]) -> int:
    """How a query with these headers ends."""
    return client.post(body(client), headers)[0]


def told(client: Client, headers: dict[str, str]) -> str:
    """The sentence with which these headers are not let in."""
    found, answer = client.post(body(client), headers)
    assert found == 401, answer
    return str(json.loads(answer)["message"])


@pytest.mark.parametrize(
    ("adaptor", "name"), [(one, name) for one, names in HEADERS.items() for name in names]
)
def test_every_header_is_needed_and_has_a_longest_form(
    clients: dict[str, Client], adaptor: str, name: str
) -> None:
    client = clients[adaptor]
    sound = client.headers()
    for value in (None, "", " ", "9" * 101):
        given = {other: text for other, text in sound.items() if other != name}
        assert name in told(client, given if value is None else given | {name: value})
    assert status(client, sound) == 200


@pytest.mark.parametrize(
    ("adaptor", "name"), [(one, name) for one, names in HEADERS.items() for name in names]
)
def test_every_header_is_signed_or_is_the_signature(
    clients: dict[str, Client], adaptor: str, name: str
) -> None:
    client = clients[adaptor]
    sound = client.headers()
    stamp = name == STAMP[adaptor]
    altered = str(int(sound[name]) + 1) if stamp else f"{sound[name]}0"
    if name.endswith(("paasid", "access_key")):
        altered = f"ak-{OTHER}"
    assert "签名不一致" in told(client, sound | {name: altered})


@BOTH
@pytest.mark.parametrize(
    ("seconds", "let_in"),
    [(0, True), (REPLAY, True), (REPLAY + 1, False), (-REPLAY, True), (-REPLAY - 1, False)],
)
def test_a_signature_holds_to_its_last_second_on_either_side(
    clients: dict[str, Client], adaptor: str, seconds: int, let_in: bool
) -> None:
    client = clients[adaptor]
    headers = client.headers(NOW - timedelta(seconds=seconds))
    if let_in:
        assert status(client, headers) == 200
    else:
        assert f"超过 {REPLAY} 秒" in told(client, headers)


def test_milliseconds_are_told_from_seconds_by_their_size(place: Standing) -> None:
    # 99,999,999,999 is the year 5138 in seconds; one more is March 1973 in milliseconds.
    for at, stamp in ((NOW, f"{int(NOW.timestamp())}999"), (NOW, f"0{int(NOW.timestamp())}")):
        assert status(place.client, _stamped(place.client, at, stamp)) == 200
    for stamp in ("1" * 17, "１２３", "-1", "99999999999", "100000000000", "²"):
        sentence = told(place.client, _stamped(place.client, NOW, stamp))
        assert "时间戳" in sentence, stamp


def _stamped(client: Client, at: datetime, stamp: str) -> dict[str, str]:
    digest = hashlib.sha256(f"{stamp}{SECRETS[HOSPITAL]}n{stamp}{stamp}".encode()).hexdigest()
    # The nonce holds the time, so that each is new.
    return {
        "x-tif-paasid": f"ak-{HOSPITAL}",
        "x-tif-timestamp": _latin(stamp),
        "x-tif-nonce": _latin(f"n{stamp}"),
        "x-tif-signature": digest,
    }


def _latin(text: str) -> str:
    """As it is sent: bytes of UTF-8 in a header."""
    return text.encode().decode("latin-1")


def test_only_the_hexadecimal_signature_may_be_in_capitals(clients: dict[str, Client]) -> None:
    tif, api = clients["x-tif"], clients["api"]
    sound = tif.headers()
    assert status(tif, sound | {"x-tif-signature": sound["x-tif-signature"].upper()}) == 200
    sound = api.headers()
    swapped = sound["_api_signature"].swapcase()
    assert "签名不一致" in told(api, sound | {"_api_signature": swapped})


@BOTH
def test_a_header_that_comes_twice_lets_nobody_in(clients: dict[str, Client], adaptor: str) -> None:
    """Which of the two would count?"""
    client = clients[adaptor]
    for name in HEADERS[adaptor]:
        sound = client.headers()
        for other in (sound[name], f"{sound[name]}x"):
            for pair in ((sound[name], other), (other, sound[name])):
                assert _twice(client, sound, name, pair) == 401, name
        assert status(client, sound) == 200


def _twice(client: Client, headers: dict[str, str], name: str, values: tuple[str, str]) -> int:
    sent = body(client)
    connection = http.client.HTTPConnection("127.0.0.1", client.port, timeout=60)
    connection.putrequest("POST", "/")
    for one, value in headers.items():
        for given in values if one == name else (value,):
            connection.putheader(one, given)
    connection.putheader("content-length", str(len(sent)))
    connection.endheaders(sent)
    found = connection.getresponse().status
    connection.close()
    return found


def credential(place: Standing, key: str, secret: str = "s", **columns: Any) -> Client:
    """A new access key of the hospital, and who signs with it."""
    row = {
        "access_key": key,
        "institution": HOSPITAL,
        "secret": IDENTITY.encrypt(secret),
        "since": "2020-01-01",
    } | columns
    place.owner.execute(
        f"insert into credential ({', '.join(row)}) values ({', '.join(['%s'] * len(row))})",
        list(row.values()),
    )
    return place.client


def signed(client: Client, key: str, secret: str = "s") -> dict[str, str]:
    """The headers of a key that is not the institution's usual one."""
    made = client.headers()
    stamp, nonce = made["x-tif-timestamp"], made["x-tif-nonce"]
    digest = hashlib.sha256(f"{stamp}{secret}{nonce}{stamp}".encode()).hexdigest()
    return made | {"x-tif-paasid": key, "x-tif-signature": digest}


@pytest.mark.parametrize(
    ("columns", "seconds", "let_in"),
    [
        ({"since": NOW}, -1, False),
        ({"since": NOW}, 0, True),
        ({"since": NOW}, 1, True),
        ({"revoked_at": NOW}, -1, True),
        ({"revoked_at": NOW}, 0, False),
        ({"revoked_at": NOW}, 1, False),
    ],
)
def test_a_key_counts_from_its_first_instant_to_before_its_end(
    place: Standing, clock: Clock, columns: dict[str, datetime], seconds: int, let_in: bool
) -> None:
    key = f"ak-{next(iter(columns))}-{seconds}"
    client = credential(place, key, **columns)
    clock.now = NOW + timedelta(seconds=seconds)
    assert (status(client, signed(client, key)) == 200) == let_in
    if not let_in:
        assert "签名不一致" in told(client, signed(client, key))


def test_a_key_that_ends_or_changes_does_so_within_half_a_minute(
    place: Standing, clock: Clock
) -> None:
    client = credential(place, "ak-short")
    assert status(client, signed(client, "ak-short")) == 200
    place.owner.execute(
        "update credential set revoked_at = %s where access_key = 'ak-short'", [NOW]
    )
    clock.now = NOW + timedelta(seconds=KEPT_SECONDS - 1)
    assert status(client, signed(client, "ak-short")) == 200
    clock.now = NOW + timedelta(seconds=KEPT_SECONDS)
    assert status(client, signed(client, "ak-short")) == 401
    place.owner.execute(
        "update credential set revoked_at = null, secret = %s where access_key = 'ak-short'",
        [IDENTITY.encrypt("new")],
    )
    clock.now += timedelta(seconds=UNKNOWN_SECONDS)
    assert status(client, signed(client, "ak-short", "new")) == 200
    assert "签名不一致" in told(client, signed(client, "ak-short", "s"))


def test_a_key_that_was_just_made_is_known_within_seconds(place: Standing, clock: Clock) -> None:
    client = place.client
    assert status(client, signed(client, "ak-soon")) == 401
    credential(place, "ak-soon")
    clock.now = NOW + timedelta(seconds=UNKNOWN_SECONDS - 1)
    assert status(client, signed(client, "ak-soon")) == 401
    clock.now = NOW + timedelta(seconds=UNKNOWN_SECONDS)
    assert status(client, signed(client, "ak-soon")) == 200


def test_a_secret_of_another_installation_is_an_accident_not_a_stranger(place: Standing) -> None:
    client = credential(place, "ak-alien", secret="s")
    place.owner.execute(
        "update credential set secret = %s where access_key = 'ak-alien'",
        [gateways.Identity(b"x" * 32, b"y" * 32).encrypt("s")],
    )
    found, answer = client.post(body(client), signed(client, "ak-alien"))
    said = json.loads(answer)
    assert found == 200 and said["infcode"] == -1 and "请用同一报文重发" in said["err_msg"]
    with pytest.raises(Fault):
        Credentials(IDENTITY.decrypt).load(place.owner, "ak-alien", NOW)


def test_strangers_cannot_fill_the_memory_of_keys(place: Standing) -> None:
    known = Credentials(IDENTITY.decrypt)
    known._known = dict.fromkeys(map(str, range(MOST_REMEMBERED)), (NOW, None))  # type: ignore[arg-type]
    assert known.load(place.owner, f"ak-{HOSPITAL}", NOW).secret == SECRETS[HOSPITAL]
    assert list(known._known) == [f"ak-{HOSPITAL}"]
    assert known.load(place.owner, "nobody", NOW).secret is None
    assert len(known._known) == 2


def test_a_nonce_belongs_to_its_key(place: Standing) -> None:
    client = credential(place, "ak-second", secret=SECRETS[HOSPITAL])
    mine = client.headers(nonce="shared")
    assert status(client, mine) == 200 and status(client, mine) == 401
    assert status(client, mine | {"x-tif-paasid": "ak-second"}) == 200


def test_a_refused_transaction_uses_its_nonce_too(place: Standing) -> None:
    client = place.client
    headers = client.headers(nonce="of a refusal")
    for infno in ("1201", "2207", "2201"):
        sent = json.dumps(client.envelope(infno, {"data": {}})).encode()
        found, answer = client.post(sent, headers)
        assert (found, infno) in ((200, "1201"), (401, "2207"), (401, "2201")), answer


def test_only_nonces_that_can_no_longer_pass_are_forgotten(place: Standing) -> None:
    for number, seconds in enumerate((0, 1), start=1):
        place.owner.execute(
            "insert into nonce (access_key, nonce, digest, seen_at) values ('k', %s, '', %s)",
            [str(number), NOW + timedelta(seconds=seconds)],
        )
    forget(place.owner, NOW + timedelta(seconds=1))
    left = place.owner.execute("select nonce from nonce where access_key = 'k'").fetchall()
    assert left == [("2",)]


def test_old_nonces_are_swept_by_the_gateway_and_none_that_could_still_pass(
    server: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A signature made a window early is let in a window late: twice the window, and a minute."""
    seconds = 1
    with (
        databases.copy(server) as database,
        psycopg.connect(database, autocommit=True) as owner,
    ):
        owner.execute("alter table nonce rename to away")
        with gateways.serving(database, replay_seconds=seconds):
            _wait(lambda: any(one.name == "gongji.gateway" for one in caplog.records))
            owner.execute(
                "insert into away (access_key, nonce, seen_at) values ('k', 'late', %s),"
                " ('k', 'gone', %s)",
                [
                    NOW - timedelta(seconds=2 * seconds + 60),
                    NOW - timedelta(seconds=2 * seconds + 61),
                ],
            )
            owner.execute("alter table away rename to nonce")
            kept = "select nonce from nonce order by 1"
            _wait(lambda: ("gone",) not in owner.execute(kept).fetchall())
            assert owner.execute(kept).fetchall() == [("late",)]
    (record,) = {one.infno for one in caplog.records if one.name == "gongji.gateway"}
    assert record == "sweep"


def _wait(holds: Any) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.02)


def test_an_unknown_key_and_a_wrong_signature_look_alike(
    place: Standing, clients: dict[str, Client]
) -> None:
    client = clients["x-tif"]
    sound = client.headers()
    wrong = told(client, sound | {"x-tif-signature": "0" * 64})
    assert told(client, client.headers() | {"x-tif-paasid": "ak-nobody"}) == wrong
    credential(place, "ak-ended", revoked_at=NOW - timedelta(days=1))
    assert told(client, signed(client, "ak-ended")) == wrong


def test_wrong_signatures_are_counted_told_and_answered_more_slowly(
    place: Standing, caplog: pytest.LogCaptureFixture
) -> None:
    with gateways.serving(place.owner.info.dsn, place.clock, forgeries=2) as port:
        client = Client(port)
        forged = {"x-tif-signature": "0" * 64}
        spent = []
        for _ in range(5):
            begun = time.monotonic()
            assert status(client, client.headers() | forged) == 401
            spent.append(time.monotonic() - begun)
        assert spent[2] > 0.09 and spent[3] > 0.19 and spent[4] > 0.29
        # Whoever signs rightly from the same address does not wait for them.
        begun = time.monotonic()
        assert status(client, client.headers()) == 200
        assert time.monotonic() - begun < spent[4]
    (record,) = [one for one in caplog.records if one.message == "wrong_signatures"]
    assert (record.peer, record.number) == ("127.0.0.1", 3)  # type: ignore[attr-defined]


def test_wrong_signatures_are_forgotten_after_a_minute() -> None:
    counted = Forgeries(free=1)
    assert [counted.delay("a", NOW, "") for _ in range(3)] == [0, STEP_SECONDS, 2 * STEP_SECONDS]
    assert counted.delay("b", NOW, "") == 0
    assert counted.delay("a", NOW + WINDOW, "") == 0
    for _ in range(200):
        longest = counted.delay("a", NOW + WINDOW, "")
    assert longest == MOST_SECONDS


def test_a_claimed_nonce_waits_for_the_disk(place: Standing) -> None:
    with psycopg.connect(place.owner.info.dsn, autocommit=True) as connection:
        claim(connection, [Nonce("k", "durable", b"")], NOW)
        assert connection.execute("show synchronous_commit").fetchone() == ("on",)
    assert "synchronous_commit" not in _CLAIM


def test_whoever_is_not_let_in_is_told_before_the_body_is_there(place: Standing) -> None:
    with socket.create_connection(("127.0.0.1", place.port), timeout=30) as made:
        made.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9999999\r\n\r\n")
        assert made.recv(100).startswith(b"HTTP/1.1 401")
