"""Verification against papers and outside seals: who forges with the owner's password is found."""

import json
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from tests import databases
from tests.platform import gateways
from tests.platform.counter import RULES
from tests.platform.gateways import AREA, HOSPITAL, OTHER, PHARMACY, Client

from gongji.cli.main import main
from gongji.gateway.transactions import MOVE_MONEY
from gongji.ledger.found_differences import Difference
from gongji.ledger.seal_copies import add_to_copy, read_copy, verify_copy
from gongji.ledger.seals import seal_all, verify_seals
from gongji.ledger.verify import ALL, Scope, verify
from gongji.platform import database as where
from gongji.refusals import Fault
from gongji.settlement.replay import replay
from gongji.settlement.verify_papers import verify_papers

Connection = psycopg.Connection[Any]
Copies = Callable[[], Any]
MUCH = {"cnt": 20, "det_item_fee_sumamt": 300}
"""A line that passes the deductible."""
LAST = 5
"""The settlement of the sixth person, who has no other."""


def _story(hospital: Client) -> None:
    """1 settlement, 2 its cancellation, 3 that taken back, 4 a purchase, 5 of another person."""
    first = f"{AREA}{1:014d}"
    visit = gateways.opened(hospital, first, [MUCH])
    done = hospital.do("2207", gateways.bill(first, visit, 300))["setlinfo"]
    named = {"psn_no": first, "mdtrt_id": visit, "setl_id": done["setl_id"]}
    gone = hospital.msgid()
    hospital.do("2208", {"data": named}, gone)
    hospital.do("2601", {"data": {"psn_no": first, "omsgid": gone, "oinfno": "2208"}})
    pharmacy = Client(hospital.port, PHARMACY)
    bought = {
        "med_list_codg": gateways.ITEMS[0][0],
        "medins_list_codg": "own-1",
        "fee_ocur_time": f"{gateways.DAY} 09:30:00",
        "det_item_fee_sumamt": 30,
        "cnt": 2,
        "pric": 15,
        "feedetl_sn": "1",
        "rxno": "",
        "rx_circ_flag": "0",
    }
    pharmacy.do("2102", gateways.purchase(f"{AREA}{2:014d}", 30, [bought]))
    last = f"{AREA}{6:014d}"
    hospital.do("2207", gateways.bill(last, gateways.opened(hospital, last, [MUCH]), 300))


@pytest.fixture(scope="module")
def copies(server: str) -> Iterator[Copies]:
    """Makes copies of a database that holds the story, sealed, without its walls."""
    name = f"gongji_papers_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'create database "{name}" template "{databases.TEMPLATE}"')
        made = make_conninfo(server, dbname=name)
        with psycopg.connect(made, autocommit=True) as owner:
            gateways.fill_county(owner)
            with gateways.serving(made) as port:
                _story(Client(port))
            list(seal_all(owner))
            owner.execute("alter table settlement drop constraint settlement_conserves")
            owner.execute("alter table settlement drop constraint settlement_splits")
        yield lambda: databases.copy_of(server, name)
        connection.execute(f'drop database "{name}" with (force)')


@pytest.fixture
def forged(copies: Copies) -> Iterator[Connection]:
    """The owner's connection to a copy of the story, as who knows no trigger."""
    with copies() as address, psycopg.connect(address, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        yield connection


def papers(connection: Connection, scope: Scope = ALL) -> set[tuple[int | None, str]]:
    """What the papers do not bear out: the entry, and what of it."""
    return {(one.entry, one.what) for one in verify_papers(connection, MOVE_MONEY, scope)}


def seals(connection: Connection) -> list[Difference]:
    with connection.transaction():
        return list(verify_seals(connection))


def test_a_true_story_is_borne_out(forged: Connection, tmp_path: Path) -> None:
    kinds = forged.execute("select kind, reverses from entry order by id").fetchall()
    assert kinds == [
        *(("settlement", None), ("cancellation", 1), ("settlement", 2)),
        *(("settlement", None), ("settlement", None)),
    ]
    assert papers(forged) == set() and seals(forged) == []
    assert add_to_copy(forged, tmp_path / "seals") == []
    assert list(verify_copy(forged, tmp_path / "seals")) == []


CONSISTENT = {
    "the institution, with what is owed to it": (
        f"update entry set institution = '{OTHER}', actor = '{OTHER}' where id = {LAST};"
        f"update posting set credit_owner = '{OTHER}' where entry = {LAST}",
        {(LAST, "institution"), (LAST, "message")},
    ),
    "the institution and its message": (
        f"update entry set institution = '{OTHER}', actor = '{OTHER}' where id = {LAST};"
        f"update posting set credit_owner = '{OTHER}' where entry = {LAST};"
        f"update inbox set actor = '{OTHER}' where entry = {LAST}",
        {(LAST, "institution")},
    ),
    "the institution that an entry names": (
        f"update entry set institution = '{OTHER}' where id = {LAST}",
        {(LAST, "institution")},
    ),
    "the day of service": (
        f"update entry set service_date = service_date + 1 where id = {LAST}",
        {(LAST, "service_date")},
    ),
    "the day of service and of the registration": (
        f"update entry set service_date = service_date + 1 where id = {LAST};"
        "update visit set begun_at = begun_at + interval '1 day'",
        {(1, "service_date"), (3, "service_date"), (4, "service_date"), (LAST, "service_date")},
    ),
    "the day on which it was entered": (
        "update entry set accounting_date = accounting_date - 1,"
        f" made_at = made_at - interval '1 day' where id = {LAST}",
        {(LAST, "made_at")},
    ),
    "the person": (
        f"update entry set person = person - 1 where id = {LAST}",
        {(LAST, "person")},
    ),
    "an article": (
        f"update posting set article = '某文件 第一条' where entry = {LAST} and debit = 'pool'",
        {(LAST, "article")},
    ),
    "an article of a cancellation": (
        "update posting set article = '某文件 第一条' where entry = 2 and credit = 'pool'",
        {(2, "article"), (3, "article")},
    ),
    "a total, with cash": (
        "update settlement set total_fen = total_fen + 100, in_scope_fen = in_scope_fen + 100,"
        f" cash_fen = cash_fen + 100 where entry = {LAST}",
        {(LAST, "total_fen of its lines")},
    ),
    "a fee line": (
        "update fee_line set amount_fen = amount_fen + 1, in_scope_fen = in_scope_fen + 1"
        " where id = 1",
        {(None, "lines of batch 1")},
    ),
    "lines that are free while they are settled": (
        f"update settlement_batch set released_at = now() where entry = {LAST}",
        {(LAST, "lines")},
    ),
    "a message that is gone": (
        f"delete from inbox where entry = {LAST}",
        {(LAST, "message")},
    ),
    "a message whose entry is gone": (
        f"delete from entry where id = {LAST}; delete from settlement where entry = {LAST};"
        f"delete from posting where entry = {LAST}",
        {(LAST, "message"), (LAST, "lines")},
    ),
    "a message that is told to have become nothing": (
        f"update inbox set entry = null where entry = {LAST}",
        {(LAST, "message"), (None, "message")},
    ),
    "a message under its other number that is told to have become nothing": (
        f"update inbox set entry = null, kind = '2207A' where entry = {LAST}",
        {(LAST, "message"), (None, "message")},
    ),
}
"""What is forged so that the ledger fits itself, and what its papers say."""


@pytest.mark.parametrize("what", CONSISTENT, ids=[name.replace(" ", "-") for name in CONSISTENT])
def test_what_papers_do_not_bear_out_is_told(forged: Connection, what: str) -> None:
    statement, expected = CONSISTENT[what]
    forged.execute(statement)
    assert papers(forged) == expected
    assert papers(forged, Scope("110000")) == set(), "in another area nothing was touched"


VANISHED = (
    "posting where entry = {0}",
    "settlement where entry = {0}",
    "settlement_batch where entry = {0}",
    "inbox where entry = {0}",
    "sealed where entry = {0}",
    "entry where id = {0}",
)
"""Every row that hangs on an entry."""


def _vanish(owner: Connection, *numbers: int) -> None:
    """Take entries out with all that hangs on them, give back what they moved, and seal anew."""
    for number in numbers:
        owner.execute(
            "update balance b set amount_fen = b.amount_fen + p.amount_fen from posting p"
            " where p.entry = %s and p.debit = 'account' and b.person::text = p.debit_owner",
            [number],
        )
        for place in VANISHED:
            owner.execute(f"delete from {place.format(number)}")
    owner.execute("delete from meter_use where person not in (select person from entry)")
    owner.execute("delete from sealed_day")
    owner.execute("delete from sealed")
    owner.execute("delete from seal")
    list(seal_all(owner))


def _silent(owner: Connection) -> bool:
    """Whether nothing inside the database tells; accounts of the county have no opening."""
    owner.execute("reset session_replication_role")
    told = [*verify(owner), *verify_papers(owner, MOVE_MONEY), *seals(owner), *replay(owner, RULES)]
    return not [one for one in told if one.check != "balance"]


def test_a_last_entry_that_vanished_is_told_by_the_outside_copy_only(
    forged: Connection, tmp_path: Path
) -> None:
    copy = tmp_path / "seals"
    add_to_copy(forged, copy)
    _vanish(forged, LAST)
    assert _silent(forged)
    (told,) = verify_copy(forged, copy)
    assert (told.check, told.what, told.area) == ("seal", "copied 1", AREA)
    assert told.kept.startswith("1–4 ") and told.rebuilt.startswith("1–5 ")
    assert [one.what for one in add_to_copy(forged, copy)] == ["copied 1"], "nor is it mended by it"
    assert len(read_copy(copy)) == 1


def test_a_person_who_vanished_is_told_by_the_outside_copy(
    forged: Connection, tmp_path: Path
) -> None:
    copy = tmp_path / "seals"
    add_to_copy(forged, copy)
    (row,) = forged.execute(f"select person from entry where id = {LAST}").fetchall()
    _vanish(forged, LAST)
    for statement in (
        "delete from fee_line using charge_batch b, visit v"
        " where fee_line.batch_id = b.id and b.visit_id = v.id and v.person_id = %s",
        "delete from charge_batch using visit v where charge_batch.visit_id = v.id"
        " and v.person_id = %s",
        "delete from visit where person_id = %s",
        "delete from balance where person = %s",
        "delete from person_fact where person_id = %s",
        "delete from person where id = %s",
    ):
        forged.execute(statement, row)
    assert _silent(forged)
    assert [one.what for one in verify_copy(forged, copy)] == ["copied 1"]


def test_seals_that_vanished_altogether_are_told(forged: Connection, tmp_path: Path) -> None:
    copy = tmp_path / "seals"
    add_to_copy(forged, copy)
    forged.execute("delete from sealed_day")
    forged.execute("delete from sealed")
    forged.execute("delete from seal")
    (told,) = verify_copy(forged, copy)
    assert told.kept == "" and list(verify_copy(forged, copy, "110000")) == []


def test_a_copy_is_added_to_and_stays_the_owners(forged: Connection, tmp_path: Path) -> None:
    copy = tmp_path / "seals"
    add_to_copy(forged, copy)
    first = copy.read_bytes()
    forged.execute("reset session_replication_role")
    forged.execute(
        "insert into entry (area, kind, service_date, actor_kind, actor)"
        " values (%s, 'credit', '2025-03-01', 'operator', 't')",
        [AREA],
    )
    list(seal_all(forged))
    add_to_copy(forged, copy)
    add_to_copy(forged, copy)
    assert copy.read_bytes().startswith(first) and copy.read_bytes().count(b"\n") == 2
    assert copy.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Fault, match="没有封存副本"):
        list(verify_copy(forged, tmp_path / "none"))
    copy.write_text("x\n")
    with pytest.raises(Fault, match="第 1 行"):
        read_copy(copy)


def test_the_commands_keep_a_copy_and_compare_with_it(
    forged: Connection,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    address = make_conninfo(forged.info.dsn, password=forged.info.password or None)
    monkeypatch.setattr(where, "owner_dsn", lambda: address)
    copy = str(tmp_path / "seals")

    def run(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as left:
            main(["ledger", *words])
        return int(left.value.code or 0), "".join(capsys.readouterr())

    assert run("seal", "--copy", copy) == (0, "没有新的分录需要封存\n")
    told = json.loads(run("verify", "--copy", copy, "--json")[1])["differences"]
    assert {one["check"] for one in told} == {"balance"}, "accounts of the county have no opening"
    forged.execute("update entry set institution = %s where id = 5", [HOSPITAL[:-1] + "2"])
    forged.execute("update seal set hash = 'x'")
    code, said = run("verify", "--copy", copy)
    assert code == 1 and "结算与凭据" in said and "copied 1" in said
    code, said = run("seal", "--copy", copy)
    assert code == 1 and "copied 1：账上" in said
