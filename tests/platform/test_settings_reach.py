"""Every setting reaches what it sets: one service with none of them as it would be by itself.

The service is the real one, `gongji serve` as a process, on a database of this module's own.
"""

import base64
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from http.server import HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from tests import databases
from tests.platform import gateways
from tests.platform import test_ciphers as vectors
from tests.platform.test_jobs import DEFER
from tests.portal.test_sign_in import Issuer

from gongji.agency.policy_jobs import ask_run
from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.ledger.seal_copies import read_copy
from gongji.platform import programs, sm2, trail
from gongji.platform.ciphers import PROVIDERS
from gongji.platform.environment import SETTINGS
from gongji.platform.identity import Identity
from gongji.review import staff_jobs
from gongji.service.ready import wait_until_ready
from gongji.simulation.policy_runs import ReformAsked
from gongji.simulation.populations import Population
from gongji.simulation.reforms import Reform
from gongji.units import CHINA

HOST, HOUSE = "127.0.0.2", "gongji.test"
FIRST_DAY = date(2024, 12, 1)
FIGURES = {"430500": {"disease_ceiling": "3000", "dual_channel_rate": "60%"}}
MORE_RULES = Path(__file__).parents[1] / "rulebooks"
COMMAND = "from gongji.cli.main import main; main()"
SALT = "django.contrib.sessions.SessionStore"


@dataclass(frozen=True)
class Running:
    """The service, what it was told, and what it wrote."""

    given: dict[str, str]
    process: "subprocess.Popen[bytes]"
    log: Path
    owner: psycopg.Connection[Any]

    @property
    def pages(self) -> str:
        """The address of the pages."""
        return f"http://{HOST}:{self.given['GONGJI_PAGES_PORT']}"

    @property
    def console(self) -> str:
        """The address of the console."""
        return f"http://{HOST}:{self.given['GONGJI_CONSOLE_PORT']}"

    def visitor(self, **headers: str) -> httpx.Client:
        """Somebody at the pages, under the name by which they may be asked for."""
        headers = {"host": HOUSE} | headers
        return httpx.Client(base_url=self.pages, headers=headers, timeout=60)

    def hospital(self, adaptor: str = "api") -> "Hospital":
        """A hospital system at the gateway."""
        return Hospital(int(self.given["GONGJI_PORT"]), adaptor=adaptor)

    def parts(self, name: str) -> list[psutil.Process]:
        """The processes of a kind that the service started."""
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if child.cmdline()[3:4] == [name]]


class Hospital(gateways.Client):
    """A client whose clock is the real one."""

    def headers(self, at: datetime | None = None, nonce: str = "", **more: str) -> dict[str, str]:  # type: ignore[override]
        return super().headers(at or datetime.now(UTC), nonce, **more)

    def post(
        self, body: bytes, headers: dict[str, str] | None = None, path: str = "/callService"
    ) -> tuple[int, bytes]:
        answer = httpx.post(
            f"http://{HOST}:{self.port}{path}",
            content=body,
            timeout=60,
            headers=self.headers() if headers is None else headers,
        )
        return answer.status_code, answer.content


def free_port() -> int:
    with socket.socket() as made:
        made.bind((HOST, 0))
        return int(made.getsockname()[1])


def key(letter: str) -> str:
    return base64.b64encode(letter.encode() * 32).decode()


@contextlib.contextmanager
def made_up_issuer() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Issuer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    Issuer.asked = []
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@contextlib.contextmanager
def clerk(owner: psycopg.Connection[Any]) -> Iterator[dict[str, str]]:
    """A login role that is a member of the gateways' role."""
    name = f"clerk_{uuid.uuid4().hex[:8]}"
    owner.execute(f"create role {name} login password 'made-up'")
    for login in ("gongji_pages", "gongji_console", "gongji_jobs"):
        owner.execute(f"alter role {login} password 'made-up'")
    owner.execute(f"grant gongji_gateway to {name}")
    yield {"user": name, "password": "made-up"}
    owner.execute(f"drop role {name}")


def settings(folder: Path, database: str, gateway: dict[str, str], issuer: str) -> dict[str, str]:
    """Every setting, none of them as it is by itself."""
    rules = folder / "rules"
    (folder / "populations").mkdir()
    shutil.copytree(MORE_RULES / "330000", rules / "330000")
    for book in Library().files():
        if book.parent.name == "430500":
            own = rules / "430500" / book.name
            own.parent.mkdir(exist_ok=True)
            own.write_text(book.read_text(encoding="utf-8") + "# Our own copy.\n", encoding="utf-8")
    words = (
        f"{area}:{name}={text}" for area, named in FIGURES.items() for name, text in named.items()
    )
    return {
        "GONGJI_DATA": str(folder / "data"),
        "GONGJI_DEMO": "1",
        "DATABASE_URL": database,
        "GONGJI_GATEWAY_DATABASE_URL": make_conninfo(database, **gateway),
        "GONGJI_PAGES_DATABASE_URL": make_conninfo(database, **gateway | {"user": "gongji_pages"}),
        "GONGJI_CONSOLE_DATABASE_URL": make_conninfo(
            database, **gateway | {"user": "gongji_console"}
        ),
        "GONGJI_JOBS_DATABASE_URL": make_conninfo(database, **gateway | {"user": "gongji_jobs"}),
        "GONGJI_KEEP_DATABASE": "1",
        "GONGJI_HOST": HOST,
        "GONGJI_PORT": str(free_port()),
        "GONGJI_PAGES_PORT": str(free_port()),
        "GONGJI_CONSOLE_PORT": str(free_port()),
        "GONGJI_GATEWAYS": "3",
        "GONGJI_ADAPTOR": "api",
        "GONGJI_REPLAY_SECONDS": "90",
        "GONGJI_RULEBOOKS": str(rules),
        "GONGJI_PARAMETERS": " ".join(words),
        "GONGJI_POPULATIONS": str(folder / "populations"),
        "GONGJI_DAYS_BACK": str((datetime.now(CHINA).date() - FIRST_DAY).days),
        "GONGJI_DAYS_AHEAD": "3",
        "GONGJI_PEOPLE_A_DAY": "1",
        "GONGJI_MESSAGE_DAYS": "60",
        "GONGJI_SEALS": str(folder / "seals"),
        "GONGJI_FORMER_KEYS": base64.b64encode(FORMER).decode(),
        "GONGJI_CRYPTOGRAPHY": "national",
        "GONGJI_SM2_KEY": base64.b64encode(vectors.PRIVATE).decode(),
        "GONGJI_REFUSE_CHAINED": "532300,430500",
        "GONGJI_PRESCRIBED_SINCE": "532300:2020-01-01,430500:2020-01-01",
        "GONGJI_SECRET_KEY": key("s"),
        **{
            f"GONGJI_{name.upper()}": base64.b64encode(value).decode()
            for name, value in gateways.KEYS.items()
        },
        "GONGJI_LOG_LEVEL": "ERROR",
        "GONGJI_ALLOWED_HOSTS": f"{HOUSE} other.test",
        "GONGJI_API_RATE": "3/h",
        "GONGJI_PROXIES": "1",
        "GONGJI_PROXY_ADDRESSES": "127.0.0.0/24",
        "GONGJI_OIDC_SERVER": issuer,
        "GONGJI_OIDC_CLIENT": "our-client",
        "GONGJI_OIDC_SECRET": "our-secret",
        "GONGJI_OIDC_CLAIM": "id_number",
        "GONGJI_STAFF_OIDC_SERVER": issuer,
        "GONGJI_STAFF_OIDC_CLIENT": "console-client",
        "GONGJI_STAFF_OIDC_SECRET": "console-secret",
        "GONGJI_STAFF_OIDC_CLAIM": "work_number",
    }


@pytest.fixture(scope="module")
def service(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("service")
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(databases.copy(server))
        owner = stack.enter_context(psycopg.connect(database, autocommit=True))
        gateways.fill_county(owner)
        gateway, issuer = stack.enter_context(clerk(owner)), stack.enter_context(made_up_issuer())
        given = settings(folder, database, gateway, issuer)
        log = stack.enter_context((folder / "log").open("wb"))
        process = subprocess.Popen(
            [sys.executable, "-c", COMMAND, "serve"], env={**os.environ, **given}, stderr=log
        )
        try:
            wait_until_ready(f"http://{HOST}:{given['GONGJI_PORT']}")
            _await_page(f"http://{HOST}:{given['GONGJI_PAGES_PORT']}")
            yield Running(given, process, folder / "log", owner)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0, (folder / "log").read_text()


def _await_page(address: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(address, headers={"host": HOUSE}, timeout=60).status_code < 500:
                return
        time.sleep(0.1)
    raise AssertionError("no pages")


def counters(service: Running) -> None:
    kept = Path(service.given["GONGJI_DATA"]) / "metrics"
    # Every gateway keeps its counters there, and so does a face that was asked for a page.
    counting = {
        name: {str(part.pid) for part in service.parts(name)}
        for name in ("gateway", "pages", "console")
    }
    asked = counting["gateway"] | counting["pages"]
    pids: set[str] = set()
    deadline = time.monotonic() + 10
    # A page is counted once its answer is on its way.
    while not asked <= pids and time.monotonic() < deadline:
        pids = {re.findall(r"\d+", path.stem)[-1] for path in kept.glob("*.db")}
    assert asked <= pids <= set().union(*counting.values())
    shown = httpx.get(f"http://{HOST}:{service.given['GONGJI_PORT']}/metrics").text
    line = 'gongji_pages_requests_total{face="pages",outcome="done",page="portal:calculator"} '
    assert re.search(f"^{re.escape(line)}[1-9]", shown, re.MULTILINE)


def demo(service: Running) -> None:
    with service.visitor() as somebody:
        shown = somebody.get("/sign-in").text
    assert "演示：这些人是虚构的" in shown and re.search(r"<td[^>]*>\d{6}</td>", shown)


def database_url(service: Running) -> None:
    name = str(conninfo_to_dict(service.given["DATABASE_URL"])["dbname"])
    people = {psn_no for (psn_no,) in service.owner.execute("select psn_no from person")}
    with service.visitor() as somebody:
        shown = set(re.findall(r"<td[^>]*>(\d{20})</td>", somebody.get("/sign-in").text))
    assert shown and shown < people and name.startswith("gongji_test_")


def gateway_database_url(service: Running) -> None:
    service.hospital().do("1101", person())
    rows = service.owner.execute(
        "select usename from pg_stat_activity where datname = current_database()"
        " and application_name is not null and pid <> pg_backend_pid()"
    )
    user = str(conninfo_to_dict(service.given["GONGJI_GATEWAY_DATABASE_URL"])["user"])
    assert user in {name for (name,) in rows}


def _signed_in_as(service: Running, name: str) -> bool:
    rows = service.owner.execute(
        "select usename from pg_stat_activity where datname = current_database()"
    )
    return name in {shown for (shown,) in rows}


def pages_database_url(service: Running) -> None:
    # A request takes its connection with it: it is seen while somebody asks.
    over = threading.Event()

    def ask() -> None:
        with service.visitor() as somebody:
            while not over.is_set():
                assert somebody.get("/sign-in").status_code == 200

    asking = threading.Thread(target=ask)
    asking.start()
    deadline = time.monotonic() + 60
    try:
        while not _signed_in_as(service, "gongji_pages"):
            assert time.monotonic() < deadline
    finally:
        over.set()
        asking.join()


def jobs_database_url(service: Running) -> None:
    assert _signed_in_as(service, "gongji_jobs")


KEEPING = "from gongji.platform.database import owner_dsn; print(owner_dsn())"


def keep_database(service: Running) -> None:
    """The embedded server goes on where that is asked for, and ends with its process otherwise."""
    lives = {}
    for keep in ("1", "0"):
        # In a folder that the server's own user may enter.
        with tempfile.TemporaryDirectory(prefix="gongji-k-") as folder:
            own = {"GONGJI_DATA": folder, "GONGJI_KEEP_DATABASE": keep, "DATABASE_URL": ""}
            subprocess.run(
                [sys.executable, "-c", KEEPING],
                check=True,
                capture_output=True,
                env={**os.environ, **service.given, **own},
            )
            note = Path(folder) / "postgresql" / "postmaster.pid"
            lives[keep] = note.exists()
            if note.exists():
                left = psutil.Process(int(note.read_text().split()[0]))
                assert "postgres" in left.name()
                programs.run("pg_ctl", "-D", str(note.parent), "stop", as_server=True)
    assert lives == {"1": True, "0": False}


def host(service: Running) -> None:
    for port in (service.given[f"GONGJI_{name}PORT"] for name in ("", "PAGES_", "CONSOLE_")):
        socket.create_connection((HOST, int(port)), timeout=10).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(port)), timeout=10)


def port(service: Running) -> None:
    answer = httpx.get(f"http://{HOST}:{service.given['GONGJI_PORT']}/health")
    assert answer.json() == {"status": "ok"}


def pages_port(service: Running) -> None:
    with service.visitor() as somebody:
        assert "<html" in somebody.get("/").text


def number_of_gateways(service: Running) -> None:
    assert len(service.parts("gateway")) == 3
    assert len(service.parts("pages")) == len(service.parts("jobs")) == 1
    assert len(service.parts("console")) == 1


def person(number: int = 1) -> dict[str, Any]:
    """1101 by identity number."""
    certificate = gateways.certificate_of(number)
    return {
        "data": {
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": certificate,
            "psn_cert_type": "01",
            "certno": certificate,
            "psn_name": "",
        }
    }


def adaptor(service: Running) -> None:
    hospital = service.hospital("api")
    assert hospital.do("1101", person())["baseinfo"]["psn_no"] == f"430500{1:014d}"
    status, said = service.hospital("x-tif").post(b"{}")
    assert status == 401 and "_api_access_key" in said.decode()


def replay_seconds(service: Running) -> None:
    hospital, now = service.hospital(), datetime.now(UTC)
    for age, refused in ((80, False), (95, True), (-80, False), (-120, True)):
        at = now - timedelta(seconds=age)
        status, _ = hospital.post(b"{}", hospital.headers(at))
        late = abs((datetime.now(UTC) - at).total_seconds())
        assert (status == 401) == refused or late > 90 > age, age


def settled(hospital: Hospital, number: int) -> tuple[str, str]:
    """A visit from registration to settlement: its number and the settlement's."""
    psn_no = f"430500{number:014d}"
    visit = gateways.opened(hospital, psn_no)
    done = hospital.do("2207", gateways.bill(psn_no, visit, 30))
    return visit, str(done["setlinfo"]["setl_id"])


def law_hash(service: Running) -> str:
    _, number = settled(service.hospital(), 3)
    row = service.owner.execute(
        "select law_hash from settlement where entry = %s", [number]
    ).fetchone()
    assert row
    return str(row[0])


def message_days(service: Running) -> None:
    """The service's own nightly job drops a message of 130 days ago, and keeps one of 50."""
    now = datetime.now(UTC)
    for age in (50, 130):
        service.owner.execute(
            "insert into inbox_bytes (actor_kind, actor, msg_id, at, key_id, content)"
            " values ('institution', 'H1', %s, %s, 1, '')",
            [str(age), now - timedelta(days=age)],
        )
    job = [sys.executable, "-c", DEFER, "message_months", str(int(now.timestamp()))]
    subprocess.run(job, env={**os.environ, **service.given}, check=True, capture_output=True)
    deadline = time.monotonic() + 60
    while True:
        kept = service.owner.execute("select msg_id from inbox_bytes where actor = 'H1'")
        if kept.fetchall() == [("50",)]:
            break
        assert time.monotonic() < deadline, service.log.read_text()
        time.sleep(0.1)


def seals(service: Running) -> None:
    """The service's own nightly job copies the seals into the file."""
    settled(service.hospital(), 4)
    job = [sys.executable, "-c", DEFER, "seal_journal", str(int(datetime.now(UTC).timestamp()))]
    subprocess.run(job, env={**os.environ, **service.given}, check=True, capture_output=True)
    copy, deadline = Path(service.given["GONGJI_SEALS"]), time.monotonic() + 60
    while not copy.exists() or not read_copy(copy):
        assert time.monotonic() < deadline, service.log.read_text()
        time.sleep(0.1)


DAY = datetime.fromisoformat(gateways.DAY).date().toordinal() - date(1970, 1, 1).toordinal()


def rulebooks(service: Running) -> None:
    with service.visitor() as somebody:
        areas = {row["area"] for row in somebody.get("/api/v1/areas").json()}
    assert {"330100", "330200", "430500"} <= areas
    folder = Path(service.given["GONGJI_RULEBOOKS"])
    assert law_hash(service) == Areas(Library((folder,)), FIGURES).law_hash("430500", DAY)


def parameters(service: Running) -> None:
    folder = Path(service.given["GONGJI_RULEBOOKS"])
    assert law_hash(service) != Areas(Library((folder,))).law_hash("430500", DAY)
    assert law_hash(service) == Areas(Library((folder,)), FIGURES).law_hash("430500", DAY)


def offered_populations(service: Running) -> None:
    """A run on a population that there is not is told which there are."""
    offered = Path(service.given["GONGJI_POPULATIONS"]) / "offered"
    offered.mkdir()
    Population("有的", "430500", 2025, 100, 100, True).write(offered)
    (offered / "manifest.json").touch()
    asked = ReformAsked("430500", "none", "2025-01-01", Reform())
    job = ask_run(service.owner, asked, _planner(service), datetime.now(UTC))
    deadline = time.monotonic() + 60
    while job.open:
        assert time.monotonic() < deadline, service.log.read_text()
        time.sleep(0.1)
        job = staff_jobs.get(service.owner, job.id)
    assert job.state == "failed" and "offered" in job.problem


def _planner(service: Running) -> int:
    """Somebody who asks for a run."""
    made = "insert into staff (subject, name) values ('w1', '测试') returning id"
    row = service.owner.execute(made).fetchone()
    assert row is not None
    return int(row[0])


def register(service: Running, wanted: Callable[[date], date]) -> dict[str, Any]:
    """The answer to a registration on a day that depends on today, whenever midnight comes."""
    while True:
        today = datetime.now(CHINA).date()
        asked = gateways.registration(f"430500{2:014d}", str(wanted(today)))
        answer = service.hospital().ask("2201", asked)
        if today == datetime.now(CHINA).date():
            return answer


def days_back(service: Running) -> None:
    back = timedelta(days=int(service.given["GONGJI_DAYS_BACK"]))
    assert register(service, lambda today: today - back)["infcode"] == 0
    answer = register(service, lambda today: today - back - timedelta(days=1))
    assert gateways.says("service_day_outside", answer["err_msg"]), answer


def days_ahead(service: Running) -> None:
    assert register(service, lambda today: today + timedelta(days=3))["infcode"] == 0
    answer = register(service, lambda today: today + timedelta(days=4))
    assert gateways.says("service_day_outside", answer["err_msg"]), answer


def people_a_day(service: Running) -> None:
    hospital = service.hospital()
    for number in (1, 2, 3):
        shown = {"mdtrt_cert_type": "02", "mdtrt_cert_no": gateways.certificate_of(number)}
        hospital.do("1101", {"data": shown})
    flags = trail.crowds(service.owner, datetime.now(UTC) - timedelta(days=1))
    assert [(code, "2 人" in reason) for _, code, reason in flags] == [(gateways.HOSPITAL, True)]


def refuse_chained(service: Running) -> None:
    hospital = service.hospital()
    visit, first = settled(hospital, 4)
    settled(hospital, 4)
    asked = {"data": {"setl_id": first, "mdtrt_id": visit, "psn_no": f"430500{4:014d}"}}
    assert gateways.says("settlement_chained", hospital.refused("2208", asked))


def prescribed_since(service: Running) -> None:
    """Nobody has told the prescription that the pharmacy names."""
    pharmacy = Hospital(int(service.given["GONGJI_PORT"]), gateways.PHARMACY, adaptor="api")
    person = f"430500{4:014d}"
    sold = gateways.line(person, "", 1, rx_circ_flag="1", rxno="NOBODYS")
    bought = gateways.purchase(person, "30.00", [sold], rxFixmedinsCode=gateways.HOSPITAL)
    assert gateways.says("prescription_unknown", pharmacy.refused("2102", bought))


def sign_in(service: Running, somebody: httpx.Client, number: int) -> httpx.Response:
    """Come back from the issuer, which says who one is by the identity number."""
    Issuer.claims = {"sub": f"sub-{number}", "id_number": gateways.certificate_of(number)}
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', somebody.get("/sign-in").text)
    assert token
    leaving = somebody.post(
        "/accounts/oidc/issuer/login/",
        data={"csrfmiddlewaretoken": token[1]},
        headers={"referer": f"http://{HOUSE}/sign-in"},
    )
    where = urlsplit(leaving.headers["location"])
    asked = parse_qs(where.query)
    assert f"{where.scheme}://{where.netloc}" == service.given["GONGJI_OIDC_SERVER"]
    assert asked["client_id"] == ["our-client"]
    back = {"code": "made-up", "state": asked["state"][0]}
    return somebody.get("/accounts/oidc/issuer/login/callback/", params=back)


def secret_key(service: Running) -> None:
    from django.contrib.sessions.serializers import JSONSerializer
    from django.core import signing

    with service.visitor() as somebody:
        sign_in(service, somebody, 5)
        cookie = somebody.cookies["sessionid"]
    row = service.owner.execute(
        "select session_data from django_session where session_key = %s", [cookie]
    ).fetchone()
    assert row
    kept = signing.loads(row[0], key=key("s"), salt=SALT, serializer=JSONSerializer)
    assert kept["_auth_user_id"]
    with pytest.raises(signing.BadSignature):
        signing.loads(row[0], key=key("t"), salt=SALT, serializer=JSONSerializer)


def identity_key(service: Running) -> None:
    found = service.hospital().do("1101", person(2))
    assert found["baseinfo"]["certno"] == gateways.certificate_of(2)


def lookup_key(service: Running) -> None:
    assert service.hospital().do("1101", person(3))["baseinfo"]["psn_no"] == f"430500{3:014d}"


FORMER = bytes(range(7, 39))


def former_keys(service: Running) -> None:
    """A number that a former key encrypted is opened."""
    number = gateways.certificate_of(3)
    row = service.owner.execute(
        "select certificate from person where psn_no = %s", [f"430500{3:014d}"]
    ).fetchone()
    change = "update person set certificate = %s where psn_no = %s"
    sealed = Identity(FORMER, bytes(32)).encrypt(number)
    service.owner.execute(change, [sealed, f"430500{3:014d}"])
    try:
        assert service.hospital().do("1101", person(3))["baseinfo"]["certno"] == number
    finally:
        assert row
        service.owner.execute(change, [row[0], f"430500{3:014d}"])


def cryptography(service: Running) -> None:
    """What is encrypted from now on says by which algorithms."""
    asked = "from gongji.platform.installation import installed_identity as i;"
    job = [sys.executable, "-c", asked + "print(i().encrypt('a')[0])"]
    env = {**os.environ, **service.given}
    said = subprocess.run(job, env=env, check=True, capture_output=True, text=True).stdout
    assert int(said) == PROVIDERS["national"].number


def sm2_key(service: Running) -> None:
    """A reply to who signs by SM2 is signed by the platform's key, which is the standard's."""
    hospital = service.hospital()
    change = "update credential set sm2_public = %s where access_key = %s"
    service.owner.execute(change, [vectors.PUBLIC, f"ak-{hospital.institution}"])
    asked: dict[str, Any] = {"medinsinfo": {"fixmedins_type": "1", "fixmedins_name": "一院"}}
    made = sm2.sign(vectors.PRIVATE, json.dumps(asked, ensure_ascii=False).encode())
    signed = {"signtype": "SM2", "cainfo": base64.b64encode(made).decode()}
    deadline = time.monotonic() + 60
    while not (reply := hospital.ask("1201", asked, **signed))["cainfo"]:
        assert time.monotonic() < deadline, "credentials are remembered for half a minute"
        time.sleep(1)
    assert reply["signtype"] == "SM2" and len(base64.b64decode(reply["cainfo"])) == 64


def log_level(service: Running) -> None:
    with service.visitor() as somebody:
        assert somebody.get("/nowhere-at-all").status_code == 404
        # What comes last is graver, and is written.
        assert somebody.get("/", headers={"host": "grave.test"}).status_code == 400
    deadline = time.monotonic() + 30
    while "grave.test" not in service.log.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    said = service.log.read_text()
    assert "grave.test" in said and "nowhere-at-all" not in said and '"level": "error"' in said


def allowed_hosts(service: Running) -> None:
    port_of_pages = service.given["GONGJI_PAGES_PORT"]
    known = {HOUSE: 200, "other.test": 200, f"{HOST}:{port_of_pages}": 200, "localhost": 400}
    with service.visitor() as somebody:
        got = {name: somebody.get("/", headers={"host": name}).status_code for name in known}
    assert got == known


def api_rate(service: Running) -> None:
    with service.visitor(**{"x-forwarded-for": "203.0.113.1"}) as somebody:
        answers = [somebody.get("/api/v1/areas").status_code for _ in range(4)]
    assert answers == [200, 200, 200, 429]


def proxies(service: Running) -> None:
    """The last proxy says who comes; what stands before may be made up."""

    def ask(callers: str) -> int:
        with service.visitor(**{"x-forwarded-for": callers}) as somebody:
            return somebody.get("/api/v1/areas").status_code

    assert [ask(f"198.51.100.{n}, 203.0.113.2") for n in range(4)] == [200, 200, 200, 429]
    assert ask("198.51.100.1, 203.0.113.3") == 200


def proxy_addresses(service: Running) -> None:
    """Whoever is no proxy is who it is, whatever it says."""

    def ask(number: int) -> int:
        headers = {"host": HOUSE, "x-forwarded-for": f"198.51.100.{number}"}
        sender = httpx.HTTPTransport(local_address="127.0.1.9")
        with httpx.Client(base_url=service.pages, headers=headers, transport=sender) as somebody:
            return somebody.get("/api/v1/areas", timeout=60).status_code

    assert [ask(n) for n in range(4)] == [200, 200, 200, 429]


def oidc(service: Running) -> None:
    with service.visitor() as somebody:
        assert "oidc" in somebody.get("/sign-in").text
        answer = sign_in(service, somebody, 6)
        assert (answer.status_code, answer.headers["location"]) == (302, "/me")
        assert "测试甲" in somebody.get("/me").text
    sent = parse_qs(Issuer.asked[-1])
    assert (sent["client_id"], sent["client_secret"]) == (["our-client"], ["our-secret"])


def staff_oidc(service: Running) -> None:
    """The console's own issuer: its client, its secret, its claim, and staff only."""
    service.owner.execute(
        "insert into staff (subject, name) values ('w17', '测试员') on conflict do nothing"
    )
    for number, (landed, status) in {"w17": ("/console/", 302), "w18": ("", 403)}.items():
        with httpx.Client(base_url=service.console, headers={"host": HOUSE}, timeout=60) as one:
            Issuer.claims = {"sub": f"staff-{number}", "work_number": number}
            page = one.get("/console/accounts/login/").text
            token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
            assert token
            leaving = one.post(
                "/console/accounts/oidc/issuer/login/",
                data={"csrfmiddlewaretoken": token[1]},
                headers={"referer": f"http://{HOUSE}/console/accounts/login/"},
            )
            asked = parse_qs(urlsplit(leaving.headers["location"]).query)
            assert asked["client_id"] == ["console-client"]
            back = {"code": "made-up", "state": asked["state"][0]}
            answer = one.get("/console/accounts/oidc/issuer/login/callback/", params=back)
            assert answer.status_code == status, answer.text
            assert answer.headers.get("location", "") == landed
            if landed:
                assert "/2fa/totp/activate/" in one.get("/console/").headers["location"]
    sent = parse_qs(Issuer.asked[-1])
    assert (sent["client_id"], sent["client_secret"]) == (["console-client"], ["console-secret"])


def console_port(service: Running) -> None:
    answer = httpx.get(
        f"{service.console}/console/accounts/login/", headers={"host": HOUSE}, timeout=60
    )
    assert "经办人员登录" in answer.text


def console_database_url(service: Running) -> None:
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            console_port(service)

    asking = threading.Thread(target=ask)
    asking.start()
    deadline = time.monotonic() + 60
    try:
        while not _signed_in_as(service, "gongji_console"):
            assert time.monotonic() < deadline
    finally:
        over.set()
        asking.join()


REACHES: dict[str, Any] = {
    "GONGJI_DATA": counters,
    "GONGJI_DEMO": demo,
    "DATABASE_URL": database_url,
    "GONGJI_GATEWAY_DATABASE_URL": gateway_database_url,
    "GONGJI_PAGES_DATABASE_URL": pages_database_url,
    "GONGJI_CONSOLE_DATABASE_URL": console_database_url,
    "GONGJI_JOBS_DATABASE_URL": jobs_database_url,
    "GONGJI_KEEP_DATABASE": keep_database,
    "GONGJI_HOST": host,
    "GONGJI_PORT": port,
    "GONGJI_PAGES_PORT": pages_port,
    "GONGJI_CONSOLE_PORT": console_port,
    "GONGJI_GATEWAYS": number_of_gateways,
    "GONGJI_ADAPTOR": adaptor,
    "GONGJI_REPLAY_SECONDS": replay_seconds,
    "GONGJI_RULEBOOKS": rulebooks,
    "GONGJI_PARAMETERS": parameters,
    "GONGJI_POPULATIONS": offered_populations,
    "GONGJI_DAYS_BACK": days_back,
    "GONGJI_DAYS_AHEAD": days_ahead,
    "GONGJI_PEOPLE_A_DAY": people_a_day,
    "GONGJI_MESSAGE_DAYS": message_days,
    "GONGJI_SEALS": seals,
    "GONGJI_REFUSE_CHAINED": refuse_chained,
    "GONGJI_PRESCRIBED_SINCE": prescribed_since,
    "GONGJI_SECRET_KEY": secret_key,
    "GONGJI_IDENTITY_KEY": identity_key,
    "GONGJI_LOOKUP_KEY": lookup_key,
    "GONGJI_FORMER_KEYS": former_keys,
    "GONGJI_CRYPTOGRAPHY": cryptography,
    "GONGJI_SM2_KEY": sm2_key,
    "GONGJI_LOG_LEVEL": log_level,
    "GONGJI_ALLOWED_HOSTS": allowed_hosts,
    "GONGJI_API_RATE": api_rate,
    "GONGJI_PROXIES": proxies,
    "GONGJI_PROXY_ADDRESSES": proxy_addresses,
    "GONGJI_OIDC_SERVER": oidc,
    "GONGJI_OIDC_CLIENT": oidc,
    "GONGJI_OIDC_SECRET": oidc,
    "GONGJI_OIDC_CLAIM": oidc,
    "GONGJI_STAFF_OIDC_SERVER": staff_oidc,
    "GONGJI_STAFF_OIDC_CLIENT": staff_oidc,
    "GONGJI_STAFF_OIDC_SECRET": staff_oidc,
    "GONGJI_STAFF_OIDC_CLAIM": staff_oidc,
}


LONG = {"GONGJI_SM2_KEY"}
"""A signature by SM2 in Python takes its time."""


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(one.name, marks=[pytest.mark.slow] if one.name in LONG else [])
        for one in SETTINGS
    ],
)
def test_a_setting_reaches_what_it_sets(service: Running, name: str) -> None:
    by_itself = next(setting.default for setting in SETTINGS if setting.name == name)
    assert service.given[name] != by_itself
    REACHES[name](service)
