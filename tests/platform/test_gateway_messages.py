"""One message, one effect, one answer: what the log of messages keeps, bars and tells apart."""

import json
from typing import Any

import pytest
from tests.platform.counter import NOW
from tests.platform.gateways import HOSPITAL, KEYS, Client, bill, line, opened, purchase
from tests.platform.queries_county import Standing, refused

from gongji.gateway.transactions import MOVE_MONEY
from gongji.gateway.wire.envelope import read
from gongji.platform.inbox import INSTITUTION, Answer, Key, Work, inbox_of
from gongji.platform.inbox_differences import LONGEST_KEPT, shortened
from gongji.refusals import Refusal

INBOX = inbox_of(**KEYS)


def count(place: Standing, table: str) -> int:
    """How many rows a table has."""
    found = place.owner.execute(f"select count(*) from {table}").fetchone()
    assert found is not None
    return int(found[0])


def reversal(psn_no: str, msgid: str, infno: str) -> dict[str, Any]:
    """2601."""
    return {"data": {"psn_no": psn_no, "omsgid": msgid, "oinfno": infno}}


def taking_back(info: dict[str, Any]) -> dict[str, Any]:
    """2208 or 2103 of a settlement."""
    return {"data": {name: info[name] for name in ("psn_no", "mdtrt_id", "setl_id")}}


def bought(number: int = 1) -> dict[str, Any]:
    """A line of a purchase of 30.00."""
    row = line("", "", number)
    return {name: row[name] for name in row if name not in ("mdtrt_id", "psn_no", "chrg_bchno")}


@pytest.mark.parametrize("header", ["inf_time", "opter", "sign_no", "mdtrtarea_admvs", "infver"])
def test_what_is_beside_the_input_makes_no_other_message(header: str) -> None:
    sent = Client(0).envelope("2207", {"data": {"a": 1}}, "m")
    one, other = (
        read(json.dumps(each).encode(), NOW) for each in (sent, sent | {header: "430521"})
    )
    assert one.key == other.key


@pytest.mark.parametrize("changed", [{"infno": "2207A"}, {"input": {"data": {"a": 2}}}])
def test_the_transaction_and_the_input_make_another_message(changed: dict[str, Any]) -> None:
    sent = Client(0).envelope("2207", {"data": {"a": 1}}, "m")
    one, other = (read(json.dumps(each).encode(), NOW) for each in (sent, sent | changed))
    assert INBOX.hash(one.key) != INBOX.hash(other.key)


@pytest.mark.parametrize(("first", "second"), [("2205", "2202"), ("2202", "2205")])
def test_the_same_input_under_another_transaction_is_not_answered_from_the_log(
    place: Standing, first: str, second: str
) -> None:
    psn_no = place.insured()
    visit = opened(place.client, psn_no)
    given = {
        "data": {"psn_no": psn_no, "mdtrt_id": visit, "chrg_bchno": "0000", "ipt_otp_no": "OP1"}
    }
    msgid = place.client.msgid()
    place.client.do(first, given, msgid)
    said = place.client.refused(second, given, msgid)
    assert f"报文 {msgid} 已经受理过" in said and "infno" in said
    withdrawn = "select count(*) from visit where id = %s and withdrawn_at is not null"
    (found,) = place.owner.execute(withdrawn, [visit]).fetchone() or ()
    assert found == (1 if first == "2202" else 0)


def test_a_settlement_under_another_transaction_is_not_answered_from_the_log(
    place: Standing,
) -> None:
    psn_no = place.insured()
    given = bill(psn_no, opened(place.client, psn_no), 30)
    msgid = place.client.msgid()
    place.client.do("2207", given, msgid)
    assert "infno" in place.client.refused("2207A", given, msgid)


def test_messages_of_two_institutions_share_no_ids(place: Standing) -> None:
    signing = {"signIn": {"opter_no": "7", "mac": "", "ip": ""}}
    numbers = {
        client.do("9001", signing, "one-id")["signinoutb"]["sign_no"]
        for client in (place.client, place.other, place.client)
    }
    assert len(numbers) == 2


@pytest.mark.parametrize("infno", MOVE_MONEY)
def test_what_was_reversed_before_it_came_is_barred(place: Standing, infno: str) -> None:
    client = place.pharmacy if infno in ("2102", "2103") else place.client
    psn_no, msgid = place.insured(), client.msgid()
    if infno in ("2207", "2207A"):
        given = bill(psn_no, opened(client, psn_no), 30)
    elif infno == "2102":
        given = purchase(psn_no, 30, [bought()])
    elif infno == "2208":
        given = taking_back(place.settled(psn_no))
    else:
        given = taking_back(client.do("2102", purchase(psn_no, 30, [bought()]))["setlinfo"])
    reply = client.ask("2601", reversal(psn_no, msgid, infno.lower()))
    assert reply["infcode"] == 0 and f"没有收到过报文 {msgid}" in reply["warn_msg"]
    before = count(place, "entry")
    for _ in range(2):
        said = client.refused(infno, given, msgid)
        assert f"报文 {msgid} 已先被冲正" in said
    assert count(place, "entry") == before
    again = client.ask("2601", reversal(psn_no, msgid, infno))
    assert again["infcode"] == 0 and msgid in again["warn_msg"]
    assert client.do(infno, given)["setlinfo"]


@pytest.mark.parametrize("infno", ["2201", "2204", "2205", "2206", "2601", "5203"])
def test_no_other_transaction_is_reversible(place: Standing, infno: str) -> None:
    psn_no, msgid = place.insured(), place.client.msgid()
    refused(place.client, "message_irreversible", "2601", reversal(psn_no, msgid, infno))
    kept = place.owner.execute("select count(*) from inbox where msg_id = %s", [msgid]).fetchone()
    assert kept == (0,), "and no mark is left"


def test_only_the_own_message_of_the_named_person_is_reversed(place: Standing) -> None:
    psn_no, other = place.insured(), place.insured()
    info = place.settled(psn_no)
    msgid = info["medins_setl_id"]
    before = count(place, "entry")
    sentence = refused(place.client, "reversal_differs", "2601", reversal(other, msgid, "2207"))
    assert "psn_no" in sentence
    sentence = refused(place.client, "reversal_differs", "2601", reversal(psn_no, msgid, "2207A"))
    assert "oinfno" in sentence
    refused(place.client, "message_irreversible", "2601", reversal(psn_no, msgid, "2206"))
    reply = place.other.ask("2601", reversal(psn_no, msgid, "2207"))
    assert "没有收到过" in reply["warn_msg"]
    assert count(place, "entry") == before
    assert place.client.ask("2601", reversal(psn_no, msgid, "2207"))["warn_msg"] is None
    assert count(place, "entry") == before + 1
    sentence = refused(
        place.client, "settlement_cancelled", "2601", reversal(psn_no, msgid, "2207")
    )
    assert info["setl_id"] in sentence


def test_a_cancellation_of_a_purchase_is_reversed_by_its_message(place: Standing) -> None:
    psn_no, msgid = place.insured(), place.pharmacy.msgid()
    info = place.pharmacy.do("2102", purchase(psn_no, 30, [bought()]))["setlinfo"]
    place.pharmacy.do("2103", taking_back(info), msgid)
    place.pharmacy.do("2601", reversal(psn_no, msgid, "2103"))
    rows = place.owner.execute(
        "select e.kind, s.total_fen, coalesce(m.msg_id, '') from entry e"
        " join settlement s on s.entry = e.id left join inbox m on m.entry = e.id"
        " where e.person = %s order by e.id",
        [place.county.persons[psn_no]],
    ).fetchall()
    assert [row[:2] for row in rows] == [
        ("settlement", 3000),
        ("cancellation", -3000),
        ("settlement", 3000),
    ]
    assert len({row[2] for row in rows}) == 3


def test_a_refused_message_has_nothing_to_reverse_and_stays_refused(place: Standing) -> None:
    psn_no, msgid = place.insured(), place.client.msgid()
    visit = opened(place.client, psn_no)
    said = place.client.refused("2207", bill(psn_no, visit, 31), msgid)
    reply = place.client.ask("2601", reversal(psn_no, msgid, "2207"))
    assert reply["infcode"] == 0
    assert place.client.refused("2207", bill(psn_no, visit, 31), msgid) == said


def test_an_accident_leaves_no_answer_and_the_same_message_may_come_again(place: Standing) -> None:
    psn_no, msgid = place.insured(), place.client.msgid()
    visit = opened(place.client, psn_no)
    taken = {"data": {"psn_no": psn_no, "mdtrt_id": visit, "ipt_otp_no": "OP1"}}
    place.owner.execute("alter table charge_batch rename to elsewhere")
    try:
        for infno, given in (("2202", taken), ("2207", bill(psn_no, visit, 30))):
            said = place.client.refused(infno, given, msgid + infno)
            assert "请用同一报文重发" in said
    finally:
        place.owner.execute("alter table elsewhere rename to charge_batch")
    found = place.owner.execute(
        "select count(*) from inbox where msg_id like %s", [f"{msgid}%"]
    ).fetchone()
    assert found == (0,)
    assert place.client.do("2207", bill(psn_no, visit, 30), msgid + "2207")["setlinfo"]
    refused_then = place.client.refused("2202", taken, msgid + "2202")
    assert "已经结算" in refused_then


def test_what_only_asks_is_not_kept(place: Standing) -> None:
    psn_no = place.insured()
    given = bill(psn_no, opened(place.client, psn_no), 30)
    before = count(place, "inbox")
    asked = {"data": {"psn_no": psn_no}}
    for infno, one in (("2206", given), ("5301", asked), ("5206", asked)):
        place.client.do(infno, one)
    assert count(place, "inbox") == before


def test_a_message_is_kept_with_when_it_came_and_what_it_said(place: Standing) -> None:
    psn_no, msgid = place.insured(), place.client.msgid()
    given = {"data": {"psn_no": psn_no, "mdtrt_id": "1", "ipt_otp_no": " OP1 "}}
    place.client.refused("2202", given, msgid)
    row = place.owner.execute(
        "select kind, state, at, entry from inbox join inbox_bytes using"
        " (actor_kind, actor, msg_id) where msg_id = %s",
        [msgid],
    ).fetchone()
    assert row == ("2202", "refused", NOW, None)
    content = {"data": {"psn_no": psn_no, "mdtrt_id": "1", "ipt_otp_no": "OP1"}}
    named = (INSTITUTION, HOSPITAL, msgid)
    assert INBOX.contents(place.owner, [named]) == {named: content}


def test_a_refusal_that_meets_an_answer_gives_the_answer(place: Standing) -> None:
    """The same message was answered by another gateway while this one refused it."""
    key = Key(INSTITUTION, HOSPITAL, "met", "2202", {"data": {}})

    def run() -> tuple[bytes, int | None]:
        raise Refusal("visit_unknown", "mdtrt_id", {"value": "1"})

    def refuse(refusal: Refusal) -> bytes:
        # Between taking back what it did and keeping its refusal.
        INBOX.keep(place.owner, [Answer(key, b"first")], NOW)
        return b"second"

    assert INBOX.once(place.owner, key, NOW, Work(run, refuse)) == b"first"


@pytest.mark.parametrize("length", [LONGEST_KEPT, LONGEST_KEPT + 1])
def test_a_long_text_is_kept_by_its_length(length: int) -> None:
    text = "汉" * length
    found = shortened([{"a": text}])[0]["a"]
    whole = length <= LONGEST_KEPT
    assert found == (text if whole else f"（{length} 个字符，以 {'汉' * 32} 开头）")


def test_a_file_sent_again_with_other_bytes_is_another_message(place: Standing) -> None:
    msgid = place.client.msgid()
    given = {"fsUploadIn": {"in": "QUFB" * 2000, "filename": "a"}}
    first = place.client.do("9101", given, msgid)
    assert place.client.do("9101", given, msgid) == first
    for changed, named in (
        ("QUFB" * 1999 + "QUFC", "input"),
        ("QUFB" * 2001, "fsuploadin.in"),
    ):
        other = {"fsUploadIn": {"in": changed, "filename": "a"}}
        said = place.client.refused("9101", other, msgid)
        assert f"（{named}）" in said, said
