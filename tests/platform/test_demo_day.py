"""A day of the demonstration from beginning to end, and who comes to its counters; `hospital`."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests import databases
from tests.platform import gateways

from gongji.cli import demo
from gongji.cli.main import main
from gongji.demo import figures
from gongji.demo.county import fill
from gongji.demo.plans import County, plans
from gongji.hospital.day import Plan
from gongji.platform.identity import Identity, number_problem

Connection = psycopg.Connection[Any]
COMMAND = "from gongji.cli.main import main; main()"
IDENTITY = Identity(b"i" * 32, b"l" * 32)
PEOPLE, VISITS = 80, 12


@pytest.fixture(scope="module")
def county(server: str) -> Iterator[Connection]:
    """Made-up counties of two areas."""
    with databases.copy(server) as address, psycopg.connect(address, autocommit=True) as owner:
        for area in ("430500", "445300"):
            fill(owner, IDENTITY, 7, PEOPLE, datetime(2025, 1, 1, tzinfo=UTC), [area])
        yield owner


def who_comes(owner: Connection, area: str, count: int = 40, seed: int = 7) -> list[Plan]:
    return plans(County(owner, IDENTITY, area, demo.DAY), "http://127.0.0.1:1", count, seed)


def told(plan: Plan) -> tuple[Any, ...]:
    """What a plan says, but for the number of a prescription, which is always new."""
    items = [
        (item.code, item.quantity, item.price, item.amount, bool(item.prescription))
        for item in plan.items
    ]
    return (
        plan.hospital.code,
        plan.certificate,
        plan.why,
        plan.med_type,
        items,
        plan.disease,
        plan.accounts,
        plan.cancels,
    )


@pytest.mark.parametrize("area", ["430500", "445300"])
def test_a_seed_says_who_comes_and_another_says_others(county: Connection, area: str) -> None:
    first = [told(plan) for plan in who_comes(county, area)]
    assert len(first) == 40 and first == [told(plan) for plan in who_comes(county, area)]
    assert first != [told(plan) for plan in who_comes(county, area, seed=8)]
    assert first[:5] == [told(plan) for plan in who_comes(county, area, count=5)]


@pytest.mark.parametrize("area", ["430500", "445300"])
def test_who_comes_is_of_the_area_and_what_they_buy_adds_up(county: Connection, area: str) -> None:
    found = who_comes(county, area)
    assert {plan.med_type for plan in found} >= {"11", "14", "41"}
    lost = f"H{area}00011"
    for plan in found:
        # The hospital whose agreement is over has nobody; pharmacies sell on a prescription.
        assert plan.hospital.code[1:7] == area and plan.hospital.code != lost
        assert not number_problem(plan.certificate) and plan.accounts in "12"
        assert (plan.med_type == "41") == plan.hospital.code.startswith("P")
        assert (plan.med_type == "14") == bool(plan.disease[0])
        for item in plan.items:
            fen = round(float(item.price) * 100) * int(item.quantity)
            assert round(float(item.amount) * 100) == fen > 0
            assert bool(item.prescription) == bool(item.prescriber) == (plan.med_type == "41")
    assert any(plan.cancels for plan in found) and not all(plan.cancels for plan in found)
    assert len({plan.certificate for plan in found}) == len(found)


def test_nobody_is_taken_whose_facts_are_retired_or_over(county: Connection) -> None:
    with county.transaction(force_rollback=True):
        known = County(county, IDENTITY, "430500", demo.DAY)
        assert len(known.persons) == PEOPLE
        assert {row["level"] for row in known.of("hospital")} == {"1", "2", "3"}
        assert {row["level"] for row in known.of("hospital", "3")} == {"3"}
        county.execute("update person_fact set retired_at = now() where kind = 'insured'")
        county.execute("update credential set revoked_at = now() where institution like 'P%'")
        county.execute("update item_version set retired_at = now()")
        later = County(county, IDENTITY, "430500", demo.DAY)
        assert later.persons == later.items == later.of("pharmacy") == []
        assert len(later.institutions) < len(known.institutions)


def gongji(folder: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """A command as a process, on the data of a folder."""
    bare = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GONGJI_") and name != "DATABASE_URL"
    }
    own = {"GONGJI_DATA": folder, "GONGJI_PORT": "0", "GONGJI_PAGES_PORT": "0"}
    own["GONGJI_CONSOLE_PORT"] = "0"
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *words], env=bare | own, capture_output=True, text=True
    )


def test_a_day_is_settled_by_the_interface_alone_and_its_books_agree() -> None:
    # In a folder that the server's own user may enter.
    with tempfile.TemporaryDirectory(prefix="gongji-d-") as folder:
        asked = ("--leave", "--json", "--people", "40", "--visits", "6", "--seed", "3")
        done = gongji(folder, "demo", *asked)
        assert done.returncode == 0, done.stderr
        receipts = [json.loads(line) for line in done.stdout.splitlines()]
        settled = [receipt for receipt in receipts if "setl_id" in receipt]
        assert len(receipts) >= 6 * len(figures.AREAS) and len(settled) > len(receipts) // 2
        for receipt in settled:
            parts = float(receipt["fund_pay_sumamt"] or 0) + float(receipt["psn_part_amt"] or 0)
            parts += float(receipt["hosp_part_amt"] or 0)
            assert round(parts * 100) == round(float(receipt["medfee_sumamt"]) * 100)
        assert json.loads((Path(folder) / "demo.json").read_text())["GONGJI_DEMO"] == "1"
        verified = gongji(folder, "ledger", "verify", "--replay", "--json")
        assert verified.returncode == 0, verified.stdout
        body = json.loads(verified.stdout)
        assert body["differences"] == [] and body["settlements"] >= len(settled)
        # Shown again to people: nobody is made up twice, and each area has its table.
        again = gongji(folder, "demo", "--leave", "--visits", "1")
        assert again.returncode == 0 and "虚构五个统筹区" not in again.stdout
        assert all(f"{name} {area}" in again.stdout for area, name in demo.AREAS.items())


ITEMS = "code,quantity,price,amount\nXA00000000000000000001,2,15.00,30.00\n"


@pytest.fixture
def gateway_port(database: str, owner: Connection, tmp_path: Path) -> Iterator[int]:
    """A gateway of a made-up county, and a file of items."""
    gateways.fill_county(owner)
    (tmp_path / "items.csv").write_text(ITEMS)
    # The client's clock is the real one, that of the gateway stands still.
    with gateways.serving(database, replay_seconds=10**10, days_ahead=100_000) as port:
        yield port


def words(port: int, code: str = gateways.HOSPITAL, secret: str = "") -> list[str]:
    """The words of `gongji hospital` before that gateway."""
    return [
        "hospital",
        "--address",
        f"http://127.0.0.1:{port}",
        "--code",
        code,
        "--access-key",
        f"ak-{code}",
        "--secret",
        secret or gateways.SECRETS[code],
    ]


def ends(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(list(words))
    said = capsys.readouterr()
    return int(left.value.code or 0), said.out, said.err


def test_a_visit_is_settled_from_the_command_line(
    gateway_port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str], owner: Connection
) -> None:
    # Each time another institution: message ids of one are apart only by the second and a serial.
    visit = ["visit", gateways.certificate_of(4), "--items", str(tmp_path / "items.csv")]
    code, out, err = ends(capsys, *words(gateway_port), *visit, "--json")
    assert code == 0, err
    receipt = json.loads(out)
    assert float(receipt["medfee_sumamt"]) == 30 and receipt["setl_id"]
    code, out, err = ends(capsys, *words(gateway_port, gateways.OTHER), *visit)
    assert code == 0, err
    lines = {line.split()[0].strip("　"): line.split()[-1] for line in out.splitlines()}
    assert lines["医疗费总额"] == "30.00" and set(lines) >= {"账户余额", "个人现金"}
    assert owner.execute("select count(*) from entry where kind = 'settlement'").fetchone() == (2,)
    stranger = ["visit", "990501197005060999", *visit[2:]]
    code, out, err = ends(capsys, *words(gateway_port, gateways.PHARMACY), *stranger)
    assert (code, out) == (1, "") and "参保人" in err
    code, out, err = ends(capsys, *words(gateway_port, secret="wrong"), *visit)
    assert (code, out) == (1, "") and "签名不一致" in err


def test_a_transaction_is_asked_by_hand_or_from_a_file(
    gateway_port: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    number = gateways.certificate_of(1)
    asked = {
        "data": {
            "mdtrt_cert_type": "02",
            "mdtrt_cert_no": number,
            "psn_cert_type": "01",
            "certno": number,
            "psn_name": "",
        }
    }
    code, out, _ = ends(capsys, *words(gateway_port), "ask", "1101", json.dumps(asked))
    assert code == 0 and json.loads(out)["baseinfo"]["psn_no"] == f"430500{1:014d}"
    file = tmp_path / "asked.json"
    file.write_text(json.dumps(asked))
    assert ends(capsys, *words(gateway_port, gateways.OTHER), "ask", "1101", f"@{file}")[:2] == (
        0,
        out,
    )
    code, out, err = ends(capsys, *words(gateway_port), "ask", "9999", "{}")
    assert code == 1 and out == "" and "本平台未提供交易" in err
