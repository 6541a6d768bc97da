"""The gateway as a process, as `gongji serve` starts it: its role, and every setting it is given.

The clock here is the real one, so days are told from it.
"""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from tests import databases
from tests.platform import gateways
from tests.platform.counter import Counter
from tests.platform.gateways import HOSPITAL, Client
from tests.platform.test_laws import publish

from gongji.law.engine.areas import Areas
from gongji.platform import database as configured
from gongji.platform import environment
from gongji.service.parts import listen
from gongji.service.ready import wait_until_ready
from gongji.units import day_in_china

LOGIN = f"hatch_{uuid.uuid4().hex[:8]}"
KEYS = {
    f"GONGJI_{name.upper()}": base64.b64encode(key).decode() for name, key in gateways.KEYS.items()
} | {"GONGJI_SECRET_KEY": base64.b64encode(b"secret.." * 4).decode()}
SET = {
    "GONGJI_ADAPTOR": "api",
    "GONGJI_REPLAY_SECONDS": "600",
    "GONGJI_DAYS_BACK": "10",
    "GONGJI_DAYS_AHEAD": "3",
    "GONGJI_REFUSE_CHAINED": "530900, 430500",
}
"""None is the default."""
NOTE = """
create table acting (relation text, role text, zone text, rights text[]);
grant insert on acting to public;
create function note_role() returns trigger language plpgsql as $$ begin
  insert into acting select tg_table_name, current_user, current_setting('timezone'), array(
    select t.name || ' ' || r.name from unnest(array['entry', 'posting', 'closed_period', 'person',
      'balance', 'credential', 'institution', 'item_version', 'fee_line']) as t (name),
      unnest(array['update', 'delete', 'truncate']) as r (name)
    where has_table_privilege(current_user, t.name, r.name) order by 1);
  return new;
end $$;
create trigger note_role before insert on sign_in for each row execute function note_role();
create trigger note_role before insert on entry for each row execute function note_role();
create trigger note_role before insert on inbox for each row execute function note_role();
"""
"""Writes down, as whoever acts, who acts and what they could do to the journal."""


def now() -> datetime:
    """The real time."""
    return datetime.now(UTC)


@pytest.fixture(scope="module")
def database(server: str) -> Iterator[str]:
    """A county of this module's own."""
    with databases.copy(server) as made:
        yield made


@pytest.fixture(scope="module")
def owner(database: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection as the owner of the tables."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def county(owner: psycopg.Connection[Any]) -> Counter:
    """Its persons and institutions, and a trigger that notes who acts."""
    made = gateways.fill_county(owner)
    owner.execute(NOTE)
    return made


def variables(database: str, folder: Path, **given: str) -> dict[str, str]:
    """The environment of a process: nothing of ours but what is given."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("GONGJI_")}
    return kept | {"DATABASE_URL": database, "GONGJI_DATA": str(folder)} | KEYS | given


@contextmanager
def process(surroundings: dict[str, str], number: int = 1) -> Iterator[tuple[int, Any]]:
    """Gateways on one socket, started as the service starts them: their port and their
    processes.
    """
    listening = listen("127.0.0.1", 0)
    port = listening.getsockname()[1]
    made = [
        subprocess.Popen(
            [sys.executable, "-m", "gongji.service.processes", "gateway", str(listening.fileno())],
            pass_fds=(listening.fileno(),),
            env=surroundings,
            stderr=subprocess.PIPE,
        )
        for _ in range(number)
    ]
    try:
        wait_until_ready(f"http://127.0.0.1:{port}")
        yield port, made
    finally:
        listening.close()
        for one in made:
            one.terminate()
        codes = [one.wait(30) for one in made]
        for one in made:
            one.communicate()
        assert set(codes) <= {0, -signal.SIGTERM}


@pytest.fixture(scope="module")
def port(database: str, county: Counter, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A gateway with every setting other than its default."""
    folder = tmp_path_factory.mktemp("gateway")
    with psycopg.connect(database, autocommit=True) as connection:
        publish(connection, Areas(parameters={"430500": {"disease_ceiling": "3000"}}), "430500")
    with process(variables(database, folder, **SET)) as (found, _):
        yield found


@pytest.fixture
def client(port: int) -> Client:
    """A hospital whose clock is right."""
    return Client(port, adaptor="api", clock=now)


def opened(client: Client, psn_no: str) -> tuple[str, str]:
    """A visit of today with a bill of 30.00; its number and its day."""
    day = str(day_in_china(now()))
    visit = str(client.do("2201", gateways.registration(psn_no, day))["data"]["mdtrt_id"])
    client.do("2203", gateways.description(psn_no, visit, day))
    row = gateways.line(psn_no, visit, 1, fee_ocur_time=f"{day} 09:30:00")
    client.do("2204", {"feedetail": [row]})
    return visit, day


def test_a_gateway_acts_as_its_role_and_cannot_change_the_journal(
    client: Client, county: Counter, owner: psycopg.Connection[Any]
) -> None:
    psn_no = county.psn_no(1)
    client.do("9001", {"signIn": {"opter_no": "1", "mac": "", "ip": ""}})
    visit, _ = opened(client, psn_no)
    client.do("2207", gateways.bill(psn_no, visit, 30))
    found = owner.execute("select relation, role, zone, rights from acting").fetchall()
    assert {row[0] for row in found} == {"sign_in", "entry", "inbox"}
    assert {row[1:3] for row in found} == {("gongji_gateway", "UTC")}
    assert {tuple(row[3]) for row in found} == {("balance update",)}


def test_the_replay_window_is_the_setting_s(client: Client) -> None:
    asked = json.dumps(client.envelope("1201", {"medinsinfo": {"fixmedins_code": HOSPITAL}}))
    # Well inside and well outside, for this clock runs.
    for seconds, status in ((540, 200), (660, 401), (-540, 200), (-660, 401)):
        headers = client.headers(now() - timedelta(seconds=seconds))
        found, answer = client.post(asked.encode(), headers)
        assert found == status, seconds
        assert (f"超过 {SET['GONGJI_REPLAY_SECONDS']} 秒" in answer.decode()) == (status == 401)


def test_the_days_of_service_are_the_settings(client: Client, county: Counter) -> None:
    today = day_in_china(now())
    # A day inside and outside, for it may become midnight meanwhile.
    for days, taken in ((-9, True), (-12, False), (2, True), (5, False)):
        given = gateways.registration(county.psn_no(2), str(today + timedelta(days=days)))
        reply = client.ask("2201", given)
        assert (reply["infcode"] == 0) == taken, reply["err_msg"]
        assert taken or gateways.says("service_day_outside", reply["err_msg"])


def test_in_an_area_of_the_setting_the_last_settlement_is_cancelled_first(
    client: Client, county: Counter
) -> None:
    psn_no = county.psn_no(3)
    settled = []
    for _ in range(2):
        visit, _ = opened(client, psn_no)
        info = client.do("2207", gateways.bill(psn_no, visit, 30))["setlinfo"]
        settled.append({name: info[name] for name in ("psn_no", "mdtrt_id", "setl_id")})
    said = client.refused("2208", {"data": settled[0]})
    assert gateways.says("settlement_chained", said) and settled[1]["setl_id"] in said
    reverse = {"data": {"psn_no": psn_no, "oinfno": "2207", "omsgid": info["medins_setl_id"]}}
    assert client.ask("2601", reverse)["infcode"] == 0
    assert client.do("2208", {"data": settled[0]})


def test_the_keys_are_the_settings_and_the_figures_those_in_force(
    client: Client, county: Counter
) -> None:
    number = gateways.certificate_of(4)
    asked = {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": number, "psn_cert_type": "01"}}
    found = client.do("1101", asked)["baseinfo"]
    assert (found["psn_no"], found["certno"]) == (county.psn_no(4), number)
    county.fact(
        county.psn_no(4),
        "registration",
        "2020-01-01",
        key="M03900",
        benefit="chronic",
        disease="hypertension",
        name="高血压",
    )
    pool = client.do(
        "2001",
        {
            "data": {
                "psn_no": county.psn_no(4),
                "insutype": "310",
                "med_type": "14",
                "dise_codg": "M03900",
                "begntime": f"{day_in_china(now())} 00:00:00",
            }
        },
    )["trtinfo"][0]
    assert (pool["trt_enjymnt_flag"], pool["trt_chk_rslt"]) == ("1", "")


def test_gateways_of_one_socket_count_together(
    database: str, county: Counter, tmp_path: Path
) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    given = variables(database, tmp_path, PROMETHEUS_MULTIPROC_DIR=str(folder))
    with process(given, number=2) as (port, _):
        client = Client(port, clock=now)
        for _ in range(12):
            client.do("1201", {"medinsinfo": {"fixmedins_code": HOSPITAL}})
        for _ in range(4):
            page = httpx.get(f"http://127.0.0.1:{port}/metrics").text
            line = 'gongji_gateway_requests_total{infno="1201",outcome="done"} '
            assert float(re.findall(f"^{re.escape(line)}(.+)$", page, re.MULTILINE)[0]) == 12
            assert float(re.findall("^gongji_gateway_waiting (.+)$", page, re.MULTILINE)[0]) == 0


def test_a_gateway_ends_with_its_parent(database: str, county: Counter, tmp_path: Path) -> None:
    listening = listen("127.0.0.1", 0)
    port, fd = listening.getsockname()[1], listening.fileno()
    start = (
        "import subprocess, sys, time\n"
        f"made = subprocess.Popen([sys.executable, '-m', 'gongji.service.processes', 'gateway',"
        f" '{fd}'], pass_fds=({fd},), stdout=subprocess.DEVNULL)\n"
        "print(made.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", start],
        pass_fds=(fd,),
        env=variables(database, tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdout
    child = int(parent.stdout.readline())
    try:
        wait_until_ready(f"http://127.0.0.1:{port}")
    finally:
        listening.close()
        parent.kill()
        parent.communicate()
    deadline = time.monotonic() + 30
    try:
        while _lives(child):
            assert time.monotonic() < deadline, "the gateway outlives its parent"
            time.sleep(0.05)
    finally:
        if _lives(child):
            os.kill(child, signal.SIGKILL)


def _lives(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.fixture
def gateway_dsn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[dict[str, str]], str]:
    """The gateways' address under an environment, nothing remembered."""
    afresh = [getattr(configured, name).__wrapped__ for name in ("owner_dsn", "login_dsn")]
    monkeypatch.setattr(configured, "owner_dsn", afresh[0])

    def made(given: dict[str, str]) -> str:
        found = environment.read({"GONGJI_DATA": str(tmp_path), **KEYS, **given})
        monkeypatch.setattr(configured, "environment", lambda: found)
        return str(afresh[1]("gateway"))

    return made


@pytest.fixture
def login(owner: psycopg.Connection[Any]) -> Iterator[str]:
    """A role that logs in and is nothing yet."""
    owner.execute(f"create role {LOGIN} login password 'hatch'")
    yield LOGIN
    owner.execute(f"drop role {LOGIN}")


JOURNAL = (
    "update settlement set cash_fen = 0",
    "delete from entry",
    "truncate entry cascade",
    "update posting set amount_fen = 1",
    "delete from posting",
    "delete from balance",
    "update person set name = 'x'",
    "delete from person",
    "update credential set revoked_at = null",
    "insert into credential (access_key, institution, secret) values ('x', 'x', '')",
    "delete from inbox",
    "update inbox set hash = ''",
    "delete from inbox_bytes",
    "update inbox_bytes set reply = ''",
    "delete from inbox_bytes_other",
    "select from inbox_bytes_other",
    "drop table inbox_bytes_other",
    "delete from closed_period",
    "insert into closed_period (area, month, actor_kind, actor)"
    " values ('430500', '2024-01-01', 'operator', 't')",
    "delete from person_fact",
    "update person_fact set until = null",
    "drop table sign_in",
    "alter table entry disable trigger all",
    "delete from file_ticket",
    "delete from sign_in",
    "update item_version set grade = '甲'",
    "delete from fee_line",
    "delete from meter_use",
    "update institution set name = 'x'",
    "delete from visit",
    "delete from review_flag",
)
"""What nobody may do at a gateway."""


@pytest.mark.parametrize("statement", JOURNAL)
def test_the_gateways_address_gives_no_right_to_change_what_is_kept(
    database: str, county: Counter, gateway_dsn: Callable[[dict[str, str]], str], statement: str
) -> None:
    with (
        psycopg.connect(gateway_dsn({"DATABASE_URL": database})) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement)


def test_whoever_logs_in_the_gateways_have_one_role_and_one_zone(
    database: str,
    county: Counter,
    owner: psycopg.Connection[Any],
    login: str,
    gateway_dsn: Callable[[dict[str, str]], str],
) -> None:
    theirs = make_conninfo(database, user=login, password="hatch")
    patient = make_conninfo(database, options="-c lock_timeout=7s -c timezone=Asia/Tokyo")
    asked = "select current_user, current_setting('timezone'), current_setting('lock_timeout')"
    with pytest.raises(psycopg.OperationalError, match="role"):
        psycopg.connect(
            gateway_dsn({"DATABASE_URL": database, "GONGJI_GATEWAY_DATABASE_URL": theirs})
        )
    owner.execute(f"grant gongji_gateway to {login}")
    for given, lock_timeout, session in (
        ({"DATABASE_URL": database}, "0", owner.info.user),
        ({"DATABASE_URL": patient}, "7s", owner.info.user),
        ({"DATABASE_URL": database, "GONGJI_GATEWAY_DATABASE_URL": theirs}, "0", login),
    ):
        with psycopg.connect(gateway_dsn(given)) as connection:
            found = connection.execute(f"{asked}, session_user").fetchone()
            assert found == ("gongji_gateway", "UTC", lock_timeout, session)
