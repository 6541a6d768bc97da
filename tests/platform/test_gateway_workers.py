"""A gateway's threads and connections, while the database is away and after; its counters."""

import http.client
import json
import logging
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from tests import databases
from tests.platform import gateways
from tests.platform.gateways import HOSPITAL, ROLE, Client, bill, opened
from tests.platform.queries_county import Standing

from gongji.gateway.wire import threads
from gongji.gateway.wire.metrics import Metrics
from gongji.platform import database

ASKED = {"medinsinfo": {"fixmedins_code": HOSPITAL}}
KILL = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"


@pytest.fixture
def connections(place: Standing) -> Iterator[threads.Connections]:
    """Connections as a gateway has them."""
    made = threads.Connections(make_conninfo(place.owner.info.dsn, options=ROLE))
    yield made
    made.close()


def get(port: int, path: str) -> tuple[int, str, str]:
    """Status, content type and text of a page."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    found = answer.status, str(answer.getheader("content-type")), answer.read().decode()
    connection.close()
    return found


def test_a_connection_is_its_threads_own_and_kept(connections: threads.Connections) -> None:
    mine = connections.get()
    assert connections.get() is mine
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(connections.get).result()
    assert other is not mine
    connections.close()
    assert mine.closed and other.closed


def test_a_connection_acts_by_its_settings(connections: threads.Connections) -> None:
    found = {
        name: connections.get().execute(f"show {name}").fetchone()
        for name in (
            "statement_timeout",
            "plan_cache_mode",
            "enable_seqscan",
            "enable_hashjoin",
            "enable_mergejoin",
            "timezone",
            "role",
        )
    }
    assert found == {
        "statement_timeout": ("1min",),
        "plan_cache_mode": ("force_generic_plan",),
        "enable_seqscan": ("off",),
        "enable_hashjoin": ("off",),
        "enable_mergejoin": ("off",),
        "timezone": ("UTC",),
        "role": ("gongji_gateway",),
    }
    assert connections.get().autocommit


def test_work_on_a_broken_connection_is_done_once_more(
    connections: threads.Connections, place: Standing
) -> None:
    tries: list[psycopg.Connection[Any]] = []

    def work(connection: psycopg.Connection[Any]) -> int:
        tries.append(connection)
        if len(tries) == 1:
            place.owner.execute(f"{KILL} and pid = %s", [connection.info.backend_pid])
        found = connection.execute("select 7").fetchone()
        assert found is not None
        return int(found[0])

    assert connections.run(work) == 7
    assert len(tries) == 2 and tries[0].closed and not tries[1].closed
    assert connections.get() is tries[1]


def test_an_error_of_the_work_is_its_own_and_the_connection_stays(
    connections: threads.Connections,
) -> None:
    tries: list[psycopg.Connection[Any]] = []

    def work(connection: psycopg.Connection[Any]) -> None:
        tries.append(connection)
        connection.execute("select no_such_column")

    with pytest.raises(psycopg.errors.UndefinedColumn):
        connections.run(work)
    assert len(tries) == 1 and connections.get() is tries[0]


def test_settlements_and_questions_go_on_when_the_database_is_back(
    place: Standing, caplog: pytest.LogCaptureFixture
) -> None:
    """While it refuses connections every caller is told to send again, and nobody waits."""
    psn_no = place.insured()
    given = bill(psn_no, opened(place.client, psn_no), 30)
    msgid = place.client.msgid()
    name = place.owner.info.dbname
    with psycopg.connect(
        make_conninfo(place.owner.info.dsn, dbname="postgres"), autocommit=True
    ) as server:
        server.execute(f'alter database "{name}" with allow_connections false')
        try:
            server.execute(
                f"{KILL} and datname = %s and pid <> %s", [name, place.owner.info.backend_pid]
            )
            with ThreadPoolExecutor(3) as pool:
                asked = [("2207", given, msgid), ("1201", ASKED, ""), ("2206", given, "")]
                said = list(pool.map(lambda one: place.client.refused(*one), asked))
            assert all("请用同一报文重发" in one for one in said)
            status, _, page = get(place.port, "/ready")
            assert (status, json.loads(page)) == (
                503,
                {"status": "not ready", "lacking": ["database"]},
            )
            assert get(place.port, "/health")[0] == 200
        finally:
            server.execute(f'alter database "{name}" with allow_connections true')
    assert get(place.port, "/ready")[0] == 200
    assert place.client.do("2207", given, msgid)["setlinfo"]["medfee_sumamt"] == 30
    records = [one for one in caplog.records if one.name == "gongji.gateway"]
    assert {one.infno for one in records} >= {"2207", "1201"}
    assert {one.institution for one in records} == {HOSPITAL}


def test_while_keys_cannot_be_looked_up_nobody_is_a_stranger(place: Standing) -> None:
    with gateways.serving(place.owner.info.dsn, place.clock) as port:
        client = Client(port)
        place.owner.execute("alter table credential rename to hidden")
        try:
            said = client.refused("1201", ASKED)
        finally:
            place.owner.execute("alter table hidden rename to credential")
        assert "请用同一报文重发" in said
        assert client.do("1201", ASKED)


def test_a_server_that_is_behind_its_security_releases_is_told(
    place: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    major, minor = divmod(place.owner.info.server_version, 10000)
    for newest, behind in ((minor, False), (minor + 1, True)):
        monkeypatch.setattr(database, "NEWEST", {major: newest})
        said = json.loads(get(place.port, "/ready")[2])
        assert (said["postgresql"], said["outdated"]) == (f"{major}.{minor}", behind)
        told = database.outdated(place.owner.info.server_version)
        assert (f"PostgreSQL {major}.{minor} 落后于安全更新" in told) == behind
    monkeypatch.setattr(database, "NEWEST", {})
    assert database.outdated(place.owner.info.server_version) == ""


def test_a_gateway_before_its_tables_is_not_ready(server: str) -> None:
    with databases.copy(server) as database, gateways.serving(database) as port:
        assert json.loads(get(port, "/ready")[2])["lacking"] == []
        with psycopg.connect(database, autocommit=True) as owner:
            owner.execute("drop table nonce")
        status, _, page = get(port, "/ready")
        assert (status, json.loads(page)["lacking"]) == (503, ["migrations"])


def test_an_accident_is_logged_without_persons_and_with_its_place(
    caplog: pytest.LogCaptureFixture,
) -> None:
    try:
        raise ValueError("测试甲 990501197005060001 " + "x" * 400)
    except ValueError as error:
        said = threads.report(error, "2207", HOSPITAL)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR and record.error == "ValueError"
    assert record.reason.startswith("** ###### xxx") and len(record.reason) == 300
    assert record.trace in said and re.fullmatch("[0-9a-f]{12}", record.trace)
    assert "测试甲" not in said and record.infno == "2207"
    assert record.where[-1].startswith(__file__)


def counted(page: str, infno: str, outcome: str) -> float:
    """A counter of the page; zero where it is not there."""
    name = f'gongji_gateway_requests_total{{infno="{infno}",outcome="{outcome}"}}'
    found = re.findall(f"^{re.escape(name)} (.+)$", page, re.MULTILINE)
    return float(found[0]) if found else 0


def test_every_way_to_end_is_counted_under_its_transaction(place: Standing) -> None:
    with gateways.serving(place.owner.info.dsn, place.clock, body_bytes=3000) as port:
        client, psn_no = Client(port), place.insured()
        visit = opened(client, psn_no)
        for total in (31, 30):
            client.ask("2207", bill(psn_no, visit, total))
        client.ask("1201", {"medinsinfo": {}})
        client.refused("2202", {"data": {"psn_no": psn_no, "mdtrt_id": "77", "ipt_otp_no": "1"}})
        client.ask("9999", {})
        client.post(b"x" * 3001)
        client.post(b"{}", {})
        headers = client.headers(nonce="counted")
        for given, status in ((ASKED, 200), (ASKED | {"x": 1}, 401)):
            sent = json.dumps(client.envelope("1201", given)).encode()
            assert client.post(sent, headers)[0] == status
        place.owner.execute("alter table visit rename to gone")
        try:
            client.refused("2201", gateways.registration(psn_no))
        finally:
            place.owner.execute("alter table gone rename to visit")
        status, kind, page = get(port, "/metrics")
        assert status == 200 and kind.startswith("text/plain")
        expected = {
            ("2207", "done"): 1,
            ("2207", "refused"): 1,
            ("1201", "refused"): 1,
            ("1201", "done"): 1,
            ("-", "refused"): 2,
            ("-", "unsigned"): 2,
            ("2201", "fault"): 1,
            ("2202", "refused"): 1,
            ("2201", "done"): 1,
            ("2204", "done"): 1,
            ("2203", "done"): 1,
        }
        assert {key: counted(page, *key) for key in expected} == expected
        assert sum(expected.values()) == sum(
            map(float, re.findall("^gongji_gateway_requests_total.* (.+)$", page, re.MULTILINE))
        )
        assert re.search("^gongji_gateway_batch_count 2.0$", page, re.MULTILINE)
        assert re.search('^gongji_gateway_seconds_count{infno="2207"} 2.0$', page, re.MULTILINE)
        assert re.search("^gongji_gateway_waiting 0.0$", page, re.MULTILINE)


def test_a_time_is_counted_in_seconds() -> None:
    made = Metrics()
    made.count("2207", "done", 30_000_000)
    made.count("2207", "done", 6_000_000_000)
    page = made.page().decode()
    for bound, count in (("0.02", 0), ("0.05", 1), ("5.0", 1), ("+Inf", 2)):
        assert f'gongji_gateway_seconds_bucket{{infno="2207",le="{bound}"}} {count}.0' in page
    assert 'gongji_gateway_seconds_sum{infno="2207"} 6.03' in page


def test_who_is_being_answered_is_counted_while_it_lasts(place: Standing) -> None:
    with gateways.serving(place.owner.info.dsn, place.clock) as port:
        client = Client(port)
        assert client.do("1201", ASKED)
        with psycopg.connect(place.owner.info.dsn) as other:
            other.execute("lock table institution in access exclusive mode")
            waiting = threading.Thread(target=client.do, args=("1201", ASKED))
            waiting.start()
            while "gongji_gateway_waiting 1.0" not in get(port, "/metrics")[2]:
                assert waiting.is_alive()
        waiting.join()
        assert "gongji_gateway_waiting 0.0" in get(port, "/metrics")[2]
