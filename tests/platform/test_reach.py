"""Whom an institution may ask about, and the log of who looked at whom."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from tests.platform import gateways
from tests.platform.counter import NOW, Counter
from tests.platform.gateways import OTHER, PHARMACY, Client

from gongji.gateway.queries import reach
from gongji.institutions import institution_facts
from gongji.institutions.institution_facts import NewInstitutionFact
from gongji.platform import trail
from gongji.review.record_looks import who_looked

Owner = psycopg.Connection[Any]
SPAN = {"begntime": "2024-12-01", "endtime": "2024-12-31"}
ASKED = {
    "5206": {},
    "5301": {},
    "5302": {"biz_appy_type": "03"},
    "5303": SPAN,
    "5304": SPAN,
}
"""What is told of a person whom the request only names."""


class Stranger(Client):
    """A client that reads no certificate by itself."""

    def _card(self, psn_no: object) -> None:
        pass


def look(owner: Owner, person: int) -> list[tuple[str, str, bool]]:
    return [(one.what, one.reason, one.granted) for one in who_looked(owner, person)][::-1]


@pytest.mark.parametrize("infno", ASKED)
def test_a_number_alone_opens_nobody(county: Counter, port: int, owner: Owner, infno: str) -> None:
    client, psn_no = Stranger(port), county.psn_no(1)
    asked = {"data": {"psn_no": psn_no} | ASKED[infno]}
    assert gateways.says("person_out_of_reach", client.refused(infno, asked))
    shown = {"mdtrt_cert_type": "02", "mdtrt_cert_no": gateways.number_of(psn_no)}
    client.do("1101", {"data": shown})
    client.do(infno, asked)
    assert gateways.says("person_out_of_reach", Stranger(port, OTHER).refused(infno, asked))
    assert look(owner, county.persons[psn_no]) == [
        (infno, "", False),
        ("1101", "certificate", True),
        (infno, "certificate", True),
        (infno, "", False),
    ]


def test_who_is_treated_is_open_for_a_week(county: Counter, port: int, owner: Owner) -> None:
    client, psn_no = Stranger(port), county.psn_no(1)
    asked = {"data": {"psn_no": psn_no}}
    for day, reached in (("2024-12-12", False), ("2024-12-14", True)):
        client.do("2201", gateways.registration(psn_no, day))
        assert (client.ask("5301", asked)["infcode"] == 0) is reached
    owner.execute("update visit set withdrawn_at = now()")
    assert gateways.says("person_out_of_reach", client.refused("5301", asked))


def test_a_certificate_opens_for_a_day(county: Counter, owner: Owner, database: str) -> None:
    clock = gateways.Clock()
    with gateways.serving(database, clock) as port:
        client = Stranger(port, clock=clock)
        shown = {"mdtrt_cert_type": "02", "mdtrt_cert_no": gateways.certificate_of(1)}
        client.do("1101", {"data": shown})
        asked = {"data": {"psn_no": county.psn_no(1)}}
        clock.now = NOW + timedelta(hours=24, seconds=-1)
        client.do("5301", asked)
        clock.now = NOW + timedelta(hours=24)
        assert gateways.says("person_out_of_reach", client.refused("5301", asked))
    assert reach.forget(owner, NOW) == 0 and reach.forget(owner, NOW + timedelta(seconds=1)) == 1


@pytest.mark.parametrize(
    ("changes", "right"),
    [
        ({"mdtrt_cert_no": gateways.certificate_of(2)}, False),
        ({"mdtrt_cert_no": ""}, False),
        ({"mdtrt_cert_type": "03", "mdtrt_cert_no": "CARD2"}, False),
        ({"mdtrt_cert_type": "03", "mdtrt_cert_no": "CARD1"}, True),
        ({"mdtrt_cert_type": "01", "mdtrt_cert_no": "token"}, False),
    ],
)
def test_a_visit_and_a_purchase_are_of_who_showed_the_certificate(
    county: Counter, client: Client, changes: dict[str, str], right: bool
) -> None:
    psn_no = county.psn_no(1)
    sold = gateways.line(psn_no, "", 1) | {"mdtrt_id": ""}
    pharmacy = Client(client.port, PHARMACY)
    for whom, infno, given in (
        (client, "2201", gateways.registration(psn_no, **changes)),
        (pharmacy, "2101", gateways.purchase(psn_no, 30, [sold], **changes)),
    ):
        reply = whom.ask(infno, given)
        assert (reply["infcode"] == 0) is right, reply
        assert right or gateways.says("person_differs", reply["err_msg"])


def test_a_token_counts_after_the_certificate_was_read(county: Counter, client: Client) -> None:
    token = {"mdtrt_cert_type": "01", "mdtrt_cert_no": "token"}
    number = gateways.certificate_of(1)
    client.do("1101", {"data": token | {"certno": number}})
    client.do("2201", gateways.registration(county.psn_no(1), **token))


def test_whoever_opens_very_many_people_is_flagged_once(
    county: Counter, owner: Owner, database: str
) -> None:
    with gateways.serving(database, people_a_day=3) as port:
        for number in (1, 2, 3, 3, 4, 4, 5):
            shown = {"mdtrt_cert_type": "02", "mdtrt_cert_no": gateways.certificate_of(number)}
            Client(port).do("1101", {"data": shown})
        Client(port, OTHER).do("1101", {"data": shown})
    ((_, code, reason),) = trail.crowds(owner, NOW - timedelta(days=1))
    assert code == gateways.HOSPITAL and "4 人" in reason


def test_an_agreement_says_how_many_people_are_many(
    county: Counter, owner: Owner, database: str
) -> None:
    owner.execute("update institution_fact set retired_at = now() where institution = %s", [OTHER])
    agreed = {"designated_for": ["ordinary"], "qualified": True, "people_a_day": 1}
    new = NewInstitutionFact(OTHER, "agreement", NOW.date(), details=agreed)
    institution_facts.add(owner, [new], datetime.now(UTC))
    with gateways.serving(database, people_a_day=2) as port:
        for number, code in (
            (1, OTHER),
            (2, OTHER),
            (1, gateways.HOSPITAL),
            (2, gateways.HOSPITAL),
        ):
            shown = {"mdtrt_cert_type": "02", "mdtrt_cert_no": gateways.certificate_of(number)}
            Client(port, code).do("1101", {"data": shown})
    ((_, code, reason),) = trail.crowds(owner, NOW - timedelta(days=1))
    assert code == OTHER and "2 人" in reason and "1 人" in reason


def test_whoever_tries_numbers_of_nobody_is_flagged(
    county: Counter, owner: Owner, database: str
) -> None:
    with gateways.serving(database, people_a_day=3) as port:
        client = Stranger(port, OTHER)
        for number in range(5):
            tried = {"mdtrt_cert_type": "02", "mdtrt_cert_no": f"11010119900101{number:03}X"}
            assert gateways.says("person_unknown", client.refused("1101", {"data": tried}))
        other_name = {"mdtrt_cert_type": "02", "mdtrt_cert_no": gateways.certificate_of(1)}
        client.refused("1101", {"data": other_name | {"psn_name": "无此名"}})
    ((_, code, reason),) = trail.crowds(owner, NOW - timedelta(days=1))
    assert code == OTHER and "4 个查无此人的号码" in reason
    tried = owner.execute(
        "select count(*) from access_log where reason = '查无此人' and not granted"
    )
    assert tried.fetchone() == (5,)
    assert look(owner, county.persons[county.psn_no(1)]) == [("1101", "", False)]
