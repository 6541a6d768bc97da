"""Reconciliation at the gateway: totals (3201) and rows, both directions (3202)."""

import base64
import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from tests.platform.counter import NOW, RULES
from tests.platform.gateways import bill, description, line, number_of, opened, registration
from tests.platform.queries_county import Standing, refused, standing

from gongji.gateway.statements.statements import compare_totals
from gongji.gateway.transactions import Call, GatewaySettings, normalise
from gongji.platform.inbox import INSTITUTION, Key
from gongji.refusals import Refusal

TODAY = "2024-12-20"
COLUMNS = (
    "psn_no",
    "mdtrt_id",
    "setl_id",
    "msgid",
    "stmt_rslt",
    "refd_setl_flag",
    "memo",
    "medfee_sumamt",
    "fund_pay_sumamt",
    "acct_pay",
)
_FIELDS = ("psn_no", "不能都为空", "refd_setl_flag")


@pytest.fixture
def place(server: str) -> Iterator[Standing]:
    """A county with a gateway, without settlements."""
    with standing(server) as made:
        yield made


def totals(*settled: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """3201 with the totals of settlements."""
    return {
        "data": {
            "insutype": "310",
            "clr_type": "11",
            "setl_optins": "430599",
            "stmt_begndate": TODAY,
            "stmt_enddate": TODAY,
            "medfee_sumamt": sum(one["medfee_sumamt"] for one in settled),
            "fund_pay_sumamt": round(sum(one["fund_pay_sumamt"] for one in settled), 2),
            "acct_pay": round(sum(one["acct_pay"] for one in settled), 2),
            "fixmedins_setl_cnt": len(settled),
        }
        | changes
    }


def row(one: dict[str, Any], **changes: Any) -> str:
    """A row of the institution's file."""
    told = one | {"refd_setl_flag": "0"} | changes
    names = (
        "setl_id",
        "mdtrt_id",
        "psn_no",
        "medfee_sumamt",
        "fund_pay_sumamt",
        "acct_pay",
        "refd_setl_flag",
    )
    return "\t".join(str(told[name]) if told[name] != "" else "null" for name in names)


def uploaded(place: Standing, content: bytes) -> str:
    """The ticket of an uploaded file."""
    given = {
        "in": base64.b64encode(content).decode(),
        "filename": "detail.zip",
        "fixmedins_code": place.client.institution,
    }
    return str(place.client.do("9101", {"fsUploadIn": given})["file_qury_no"])


def packed(text: str, name: str = "detail.txt") -> bytes:
    """A ZIP with a text."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, text)
    return made.getvalue()


def asked(ticket: str, *settled: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """3202."""
    given = totals(*settled)["data"] | {"file_qury_no": ticket, "cash_payamt": 0} | changes
    return {"data": given}


def compared(place: Standing, lines: list[str], **changes: Any) -> list[dict[str, str]]:
    """The rows of result.txt for a file of the institution."""
    ticket = uploaded(place, packed("\n".join(lines)))
    info = place.client.do("3202", asked(ticket, **changes))["fileinfo"]
    found = place.fetched(info)
    assert all(len(cells) == len(COLUMNS) for cells in found)
    return [dict(zip(COLUMNS, cells, strict=True)) for cells in found]


def test_equal_totals_are_equal_and_each_difference_is_named(place: Standing) -> None:
    one, two = place.settled(place.insured()), place.settled(place.insured())
    place.settled(place.insured(), place.other)
    found = place.client.do("3201", totals(one, two))["stmtinfo"]
    assert found == {"setl_optins": "430599", "stmt_rslt": "0", "stmt_rslt_dscr": "平"}
    found = place.client.do("3201", totals(one))["stmtinfo"]
    assert found["stmt_rslt"] == "1"
    assert "医疗费总额平台60.00机构30.00" in found["stmt_rslt_dscr"]
    assert "结算笔数平台2机构1" in found["stmt_rslt_dscr"]
    off = place.client.do("3201", totals(one, two, acct_pay="0.01"))["stmtinfo"]
    assert "个人账户支付平台" in off["stmt_rslt_dscr"] and "医疗费" not in off["stmt_rslt_dscr"]
    for nothing in (
        {"stmt_begndate": "2024-12-01", "stmt_enddate": "2024-12-19"},
        {"insutype": "390"},
        {"clr_type": "41"},
        {"clr_type": "21"},
    ):
        assert place.client.do("3201", totals(**nothing))["stmtinfo"]["stmt_rslt"] == "0"


def test_a_number_of_thirty_characters_is_settled_told_and_compared(place: Standing) -> None:
    """A person's number is text: a province writes letters and 30 of them."""
    short, psn_no = place.insured(), "JM-" + "a1" * 13 + "X"
    assert len(psn_no) == 30
    place.owner.execute("update person set psn_no = %s where psn_no = %s", [psn_no, short])
    shown = {"mdtrt_cert_no": number_of(short)}
    client = place.client
    visit = client.do("2201", registration(psn_no, **shown))["data"]["mdtrt_id"]
    client.do("2203", description(psn_no, visit))
    client.do("2204", {"feedetail": [line(psn_no, visit, 1)]})
    info = client.do("2207", bill(psn_no, visit, 30, **shown))["setlinfo"]
    assert info["psn_no"] == psn_no
    names = {name: info[name] for name in ("psn_no", "mdtrt_id", "setl_id")}
    assert client.do("5203", {"data": names})["setlinfo"]["psn_no"] == psn_no
    (equal,) = compared(place, [row(info)])
    assert (equal["psn_no"], equal["stmt_rslt"]) == (psn_no, "0")
    (differs,) = compared(place, [row(info, medfee_sumamt="31")])
    assert (differs["psn_no"], differs["stmt_rslt"]) == (psn_no, "1")


def test_refunds_are_counted_or_left_out(place: Standing) -> None:
    one, two = place.settled(place.insured()), place.settled(place.insured())
    given = {name: two[name] for name in ("psn_no", "mdtrt_id", "setl_id")}
    undone = place.client.do("2208", {"data": given})["setlinfo"]
    for flag in ({}, {"refd_setl_flag": "1"}):
        found = place.client.do("3201", totals(one, two, undone, **flag))["stmtinfo"]
        assert found["stmt_rslt"] == "0", found
    for flag in ({"refd_setl_flag": "0"}, {"fixmedins_refd_setl_flag": "0"}):
        found = place.client.do("3201", totals(one, **flag))["stmtinfo"]
        assert found["stmt_rslt"] == "0", found


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"stmt_enddate": "2024-12-01"}, "dates_reversed"),
        ({"clr_type": "99915"}, "value_invalid"),
        ({"medfee_sumamt": "1.234"}, "amount_invalid"),
        ({"fixmedins_setl_cnt": ""}, "field_missing"),
        ({"refd_setl_flag": "2"}, "value_invalid"),
    ],
)
def test_a_wrong_statement_is_refused(changes: dict[str, Any], code: str) -> None:
    given = normalise(totals(**changes))
    key = Key(INSTITUTION, "H43050000001", "m", "3201", given)
    nowhere: Any = type("Nowhere", (), {"execute": lambda *_: []})()
    call = Call(nowhere, key.actor, "3201", given, key, NOW, RULES, GatewaySettings())
    with pytest.raises(Refusal) as found:
        compare_totals(call)
    assert (found.value.code, found.value.field) == (code, next(iter(changes)))


def test_rows_are_compared_in_both_directions(place: Standing) -> None:
    one, two, three, four = (place.settled(place.insured()) for _ in range(4))
    elsewhere = place.settled(place.insured(), place.other)
    found = compared(
        place,
        [
            "setl_id\tmdtrt_id\tpsn_no\tmedfee_sumamt\tfund_pay_sumamt\tacct_pay\trefd_setl_flag",
            row(one),
            row(one),
            row(two, medfee_sumamt="31.00", psn_no="1"),
            row(three, setl_id=""),
            row(elsewhere),
            "",
            row(one, setl_id="9" * 40),
            row(one, setl_id="²"),
        ],
    )
    memos = [(line["setl_id"], line["stmt_rslt"], line["memo"]) for line in found]
    assert memos[0] == (one["setl_id"], "0", "null")
    assert memos[1] == (one["setl_id"], "1", "文件中重复的一笔")
    assert memos[2][:2] == (two["setl_id"], "1")
    assert memos[2][2] == "医疗费总额平台30.00机构31.00；人员编号不同"
    assert memos[3] == (three["setl_id"], "0", "null")
    assert memos[4] == (elsewhere["setl_id"], "1", "平台没有这笔结算")
    assert [memo for _, _, memo in memos[5:7]] == ["平台没有这笔结算"] * 2
    assert memos[7][0] == four["setl_id"] and "机构文件中没有" in memos[7][2]
    assert found[7]["msgid"] == four["medins_setl_id"] and found[4]["msgid"] == "null"
    assert len(found) == 8


def test_a_refund_is_two_rows_under_either_number(place: Standing) -> None:
    one, two = place.settled(place.insured()), place.settled(place.insured())
    undone = [
        place.client.do(
            "2208", {"data": {name: each[name] for name in ("psn_no", "mdtrt_id", "setl_id")}}
        )["setlinfo"]
        for each in (one, two)
    ]
    person = {"psn_no": one["psn_no"]}, {"psn_no": two["psn_no"]}
    lines = [
        row(one),
        row(undone[0] | person[0]),
        row(two),
        row(undone[1] | person[1], setl_id=two["setl_id"]),
    ]
    found = compared(place, lines)
    assert [line["stmt_rslt"] for line in found] == ["0"] * 4
    assert {line["refd_setl_flag"] for line in found} == {"1"}
    kept = compared(place, [row(one, refd_setl_flag="1"), row(two)], refd_setl_flag="0")
    assert [line["setl_id"] for line in kept] == [two["setl_id"]]
    assert "不在本次对账" in kept[0]["memo"]


def test_a_row_that_fits_several_is_left_without_numbers(place: Standing) -> None:
    psn_no = place.insured()
    visit = opened(place.client, psn_no)
    first = place.client.do("2207", bill(psn_no, visit, 30))["setlinfo"]
    place.client.do("2204", {"feedetail": [line(psn_no, visit, 9, batch="2")]})
    place.client.do("2207", bill(psn_no, visit, 30, batch="2"))
    (found,) = compared(place, [row(first, setl_id="")])
    assert (found["setl_id"], found["mdtrt_id"], found["stmt_rslt"]) == ("null", "null", "1")
    assert "平台有2笔" in found["memo"]


def test_totals_that_are_not_the_files_are_warned_of(place: Standing) -> None:
    one = place.settled(place.insured())
    ticket = uploaded(place, row(one).encode("gb18030"))
    reply = place.client.ask("3202", asked(ticket, one, medfee_sumamt="31"))
    assert reply["infcode"] == 0 and "请求31.00，文件合计30.00" in reply["warn_msg"]
    assert place.client.ask("3202", asked(ticket, one))["warn_msg"] is None


def test_a_file_that_cannot_be_read_is_refused_with_its_row(place: Standing) -> None:
    one = {
        "setl_id": "1",
        "mdtrt_id": "1",
        "psn_no": "1",
        "medfee_sumamt": "1",
        "fund_pay_sumamt": "0",
        "acct_pay": "0",
    }
    two_files = io.BytesIO()
    with zipfile.ZipFile(two_files, "w") as archive:
        archive.writestr("a", "")
        archive.writestr("b", "")
    unreadable, invalid = "statement_unreadable", "statement_row_invalid"
    for content, sentence in (
        (b"PK broken", "压缩包已损坏"),
        (packed("x" * 100)[:-40], "压缩包已损坏"),
        (two_files.getvalue(), "只有一个文件"),
        (b"\xff\xff\xff", "编码不是"),
        (packed(row(one) + "\n1\t2"), "第 2 行 列 有误：应有 7 列"),
        (packed(row(one, medfee_sumamt="1.005")), "第 1 行 medfee_sumamt"),
        (packed(row(one, psn_no="")), "psn_no"),
        (packed(row(one, setl_id="", mdtrt_id="")), "不能都为空"),
        (packed(row(one, refd_setl_flag="x")), "refd_setl_flag"),
    ):
        code = invalid if "行" in sentence or sentence in _FIELDS else unreadable
        given = asked(uploaded(place, content))
        assert sentence in refused(place.client, code, "3202", given)
    refused(place.client, "file_ticket_unknown", "3202", asked("nothing"))
    ticket = uploaded(place, packed(row(one)))
    refused(place.other, "file_ticket_unknown", "3202", asked(ticket))
