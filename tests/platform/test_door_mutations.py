"""Requests gone wrong: no accident, one sentence, no trace in facts or money."""

import logging
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tests.platform import doors, mutations
from tests.platform.counter import Counter
from tests.platform.doors import HOSPITAL, ITEMS, PHARMACY, Client, bill

COUNT, SEED = 300, 20241220


@pytest.fixture(scope="module")
def database(server: str) -> Iterator[str]:
    """A county of this module's own."""
    with doors.new_database(server) as made:
        yield made


@pytest.fixture(scope="module")
def owner(database: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection as the owner of the tables."""
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def county(owner: psycopg.Connection[Any]) -> Counter:
    """Its persons and institutions."""
    return doors.fill_county(owner)


@pytest.fixture(scope="module")
def port(database: str, county: Counter) -> Iterator[int]:
    """A door in front of it."""
    with doors.serving(database) as found:
        yield found


def real_values(county: Counter) -> dict[str, list[str]]:
    """What exists whatever the visit."""
    return {
        "psn_no": [county.psn_no(number) for number in range(1, 7)],
        "med_list_codg": [item[0] for item in ITEMS],
        "fixmedins_code": [HOSPITAL],
        "mdtrt_cert_no": [doors.certificate_of(1), "CARD2"],
    }


def scenes(client: Client, county: Counter, count: int) -> list[dict[str, str]]:
    """Visits with an open batch for bills, and some that are settled for cancellations."""
    made = []
    for number in range(count):
        psn_no = county.psn_no(number % 6 + 1)
        visit = county.visit(psn_no, HOSPITAL, doors.DAY)
        county.batch(visit, "1", 3000)
        scene = {"psn_no": psn_no, "mdtrt_id": str(visit), "medfee_sumamt": "30.00"}
        if number % 4 == 0:
            msgid = client.msgid()
            info = client.do("2207", bill(psn_no, str(visit), 30), msgid)["setlinfo"]
            scene |= {"setl_id": info["setl_id"], "omsgid": msgid, "oinfno": "2207"}
            scene["for"] = "2208 2601 5203 5204"
        else:
            scene["for"] = "2202 2203 2203A 2204 2205 2206 2206A 2207 2207A 5201 5202"
        made.append(scene)
    return made


def test_no_mutated_request_is_an_accident_or_leaves_a_trace(
    port: int, county: Counter, owner: psycopg.Connection[Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.ERROR)
    hospital, shop = Client(port), Client(port, PHARMACY)
    real, known = real_values(county), scenes(hospital, county, COUNT // 5)
    answered = {True: 0, False: 0}
    for client, count, only in (
        (hospital, COUNT, tuple(mutations.FIELDS)),
        (shop, COUNT // 4, ("2101", "2102", "2103", "2601", "2203A")),
    ):
        stream = mutations.Stream(SEED, real, client.envelope, only, known)
        for number, body in zip(range(count), stream, strict=False):
            before = owner.execute(mutations.TRACE).fetchone()
            status, answer = client.post(body)
            place = f"seed {SEED}, request {number}: {body[:300]!r}"
            assert not mutations.problem(status, answer), (place, answer[:500], _logged(caplog))
            said_no = status != 200 or mutations.refused(answer)
            answered[said_no] += 1
            if said_no:
                assert owner.execute(mutations.TRACE).fetchone() == before, (place, answer[:300])
    assert answered[True] > COUNT // 4 and answered[False] > COUNT // 20, answered


def _logged(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [(one.error, one.reason, one.where) for one in caplog.records if one.msg == "fault"]


def test_a_stream_is_told_by_its_seed() -> None:
    def some(seed: int) -> list[bytes]:
        stream = mutations.Stream(seed, {}, lambda infno, given: {"infno": infno, "input": given})
        return [body for body, _ in zip(stream, range(50), strict=False)]

    assert some(1) == some(1) != some(2)
