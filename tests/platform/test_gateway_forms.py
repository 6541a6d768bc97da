"""Forms in which clients of the interface send instants, numbers, names and bytes."""

import json
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from tests.platform import gateways
from tests.platform.counter import Counter
from tests.platform.gateways import DAY, HOSPITAL, ITEMS, Client, bill, line, opened
from tests.platform.queries_county import CLINIC, Standing, refused
from tests.platform.test_filings import referral, registration, selection
from tests.platform.test_gateway_stays import stay

from gongji.gateway import transactions
from gongji.gateway.statements.statement_files import read_rows
from gongji.gateway.wire.envelope import decode
from gongji.refusals import Refusal


@pytest.mark.parametrize(
    "text",
    [
        "2025-12-31T16:30:00.000Z",
        "2025-12-31T16:30:00+00:00",
        "2025-12-31T09:30:00-0700",
        "2026-01-01 00:30:00",
        "2026-01-01T00:30:00+08:00",
        "20260101003000",
    ],
)
def test_07_an_instant_with_an_offset_is_converted(text: str) -> None:
    made = transactions._instant("begntime", text)
    assert made.astimezone(UTC) == datetime(2025, 12, 31, 16, 30, tzinfo=UTC)
    assert str(made.date()) == "2026-01-01"


@pytest.mark.parametrize("text", ["²026-01-01", "٢٠٢٦-01-01", "2026-02-30", "1899-01-01"])
def test_07_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        transactions._instant("begntime", text)
    assert caught.value.code == "value_invalid"


@pytest.mark.parametrize("name", ["测试医院", "張誠", "許功蓋", "u0000誠u0000"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_08_bytes_are_decoded_before_the_parser_sees_them(name: str, encoding: str) -> None:
    """In GB18030 the second byte of 誠, 許, 功 and 蓋 is a backslash in some tables."""
    body = json.dumps({"fixmedins_name": name}, ensure_ascii=False).encode(encoding)
    assert decode(body) == {"fixmedins_name": name}


def test_08_a_null_character_is_refused_in_every_encoding() -> None:
    for body in (b'{"a": "\\u0000"}', '{"名": "\\u0000"}'.encode("gb18030"), b'{"a": "\0"}'):
        with pytest.raises(Refusal, match="空字符"):
            decode(body)
    with pytest.raises(Refusal, match="编码"):
        decode(b'{"a": "\xff\xff"}')


class _Call:
    """The readers of a call, of which only the text matters here."""

    text = transactions.Call.text
    scaled = transactions.Call.scaled


@pytest.mark.parametrize(
    ("text", "number"),
    [("1200000.00", 1_200_000_000_000), ("10000000000", 10**16), ("0.000001", 1)],
)
def test_11_a_single_infusion_may_cost_more_than_a_million(text: str, number: int) -> None:
    assert _Call().scaled({"pric": text}, "pric", 6, most=10**10) == number


@pytest.mark.parametrize(
    ("text", "decimals", "number"),
    [
        ("0.30000000000000004", 2, 30),
        ("1234.5600000000013", 2, 123_456),
        ("99999999.99000001", 2, 9_999_999_999),
        ("0.03570000000000001", 4, 357),
        ("5.551115123125783e-17", 2, 0),
        ("-2.842170943040401e-14", 2, 0),
        ("-30.000000000000004", 2, -3000),
        ("0.305", 2, None),
        ("0.30500000000000005", 2, None),
        ("0.30000100000000001", 2, None),
        ("0.3000000001", 2, None),
        ("1e-7", 2, None),
    ],
)
def test_06_what_floats_leave_of_a_number_is_the_number(
    text: str, decimals: int, number: int | None
) -> None:
    assert transactions.parse_scaled(text, decimals) == number


def test_11_a_bound_is_told_as_a_bound() -> None:
    with pytest.raises(Refusal, match="不超过 10000000000 的数"):
        _Call().scaled({"pric": "10000000000.01"}, "pric", 6, most=10**10)
    with pytest.raises(Refusal, match="至多 6 位小数"):
        _Call().scaled({"pric": "1.0000001"}, "pric", 6, most=10**10)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_statement_is_read_in_every_encoding(encoding: str) -> None:
    cells = ["1", "誠", "43050000000000000001", "１00.50", "-1", "30.000000000000004", "0"]
    (found,) = read_rows("\t".join(cells).encode(encoding))
    assert (found.total_fen, found.fund_fen, found.account_fen) == (10_050, -100, 3000)


def test_16_a_name_is_the_same_with_a_blank_inside(
    client: Client, county: Counter, owner: psycopg.Connection[Any]
) -> None:
    owner.execute("update person set name = '张 三' where psn_no = %s", [county.psn_no(2)])
    asked: dict[str, Any] = {
        "mdtrt_cert_type": "02",
        "mdtrt_cert_no": gateways.certificate_of(2),
        "psn_cert_type": "01",
    }
    for name in ("张三", "张\u3000三", "张 三"):
        found = client.do("1101", {"data": asked | {"psn_name": name}})
        assert found["baseinfo"]["psn_no"] == county.psn_no(2)


def test_06_a_pack_is_sold_in_parts_and_paid_as_floats_add_up(place: Standing) -> None:
    """One of 28 tablets at 56.00 is 1.9992; the total comes as a binary float."""
    psn_no, client = place.insured(), place.client
    visit = opened(client, psn_no)
    part = line(psn_no, visit, 2, "2", cnt=0.0357, pric=56, det_item_fee_sumamt="2.00")
    (told,) = client.do("2204", {"feedetail": [part]})["result"]
    assert (told["cnt"], told["inscp_scp_amt"]) == (0.0357, 2)
    settled = client.do("2207", bill(psn_no, visit, 32.00000000000001, "1,2"))["setlinfo"]
    assert settled["medfee_sumamt"] == 32
    asked = {"psn_no": psn_no, "mdtrt_id": visit, "setl_id": settled["setl_id"]}
    assert [row["cnt"] for row in client.do("5204", {"data": asked})] == [2, 0.0357]


def test_07_a_fee_arises_on_the_day_of_china_and_is_told_so(place: Standing) -> None:
    """Of an item whose class changed on 18 December, sold half an hour after that midnight."""
    psn_no, client, item = place.insured(), place.client, "XZ00000000000000000009"
    for since, until, grade in (("2020-01-01", DAY, "丙"), (DAY, None, "甲")):
        place.owner.execute(
            "insert into item_version (area, item, name, list_type, charge_type, since, until,"
            " grade, diseases) values (%s, %s, '测试品', '101', '09', %s, %s, %s, '{}')",
            [gateways.AREA, item, since, until, grade],
        )
    visit = opened(client, psn_no)
    moments = {
        "2024-12-17T16:30:00.000Z": "01",
        "2024-12-17T15:30:00.000Z": "03",
        "20241218003000123": "01",
        "2024年12月17日": "03",
        "2024-12-18T00:30:00+08:00": "01",
    }
    for number, (moment, grade) in enumerate(moments.items(), start=10):
        sold = line(psn_no, visit, number, f"{number}", med_list_codg=item, fee_ocur_time=moment)
        (told,) = client.do("2204", {"feedetail": [sold]})["result"]
        assert told["chrgitm_lv"] == grade, moment
    lines = client.do("5204", {"data": {"psn_no": psn_no, "mdtrt_id": visit}})
    assert [row["fee_ocur_time"] for row in lines[1:3]] == [
        "2024-12-18 00:30:00",
        "2024-12-17 23:30:00",
    ]


def test_07_the_day_of_a_referral_is_told_as_the_day_of_china(place: Standing) -> None:
    for moment in ("2024-12-19T16:30:00.000Z", "20241220003000", "2024-12-20"):
        psn_no = place.insured()
        place.client.do("2501", referral(psn_no, refl_date=moment, reflin_medins_no=CLINIC))
        asked = {"psn_no": psn_no, "begntime": "2024-12-01", "endtime": "2025-12-31"}
        (told,) = place.client.do("5304", {"data": asked})["refmedin"]
        assert (told["refl_date"], told["begndate"]) == ("2024-12-20", "2024-12-20"), moment


def test_06_what_never_ends_is_open(place: Standing) -> None:
    never, psn_no, client = "9999-12-31 23:59:59", place.insured(), place.client
    place.settled(psn_no)
    span = {"psn_no": psn_no, "begntime": "2024-12-01", "endtime": never}
    assert len(client.do("5201", {"data": span | {"med_type": "11"}})["mdtrtinfo"]) == 1
    asked = {"psn_no": psn_no, "insutype": "310", "med_type": "11", "begntime": DAY}
    (pool, *_) = client.do("2001", {"data": asked | {"endtime": never}})["trtinfo"]
    assert (pool["trt_enjymnt_flag"], pool["enddate"]) == ("1", "")
    refused(client, "dates_reversed", "2001", {"data": asked | {"endtime": "2024-12-17"}})
    client.do("2503", registration(psn_no, enddate=never))
    matched = {
        "fixmedins_hilist_id": "never",
        "fixmedins_hilist_name": "测试品",
        "list_type": 101,
        "med_list_codg": ITEMS[0][0],
        "begndate": "2024-01-01",
        "enddate": never,
    }
    client.do("3301", {"data": [matched]})
    other = matched | {"med_list_codg": ITEMS[1][0], "begndate": "2100-01-01"}
    refused(client, "item_matched", "3301", {"data": [other]})
    matches = "select until from item_match where own_item = 'never' and retired_at is null"
    assert place.owner.execute(matches).fetchall() == [(None,)]
    filings = (
        "select until from person_fact f join person p on p.id = f.person_id"
        " where psn_no = %s and details->>'institution' = %s and f.retired_at is null"
    )
    assert place.owner.execute(filings, [psn_no, HOSPITAL]).fetchall() == [(None,)]


def test_a_stay_may_end_on_the_day_it_began_or_never(place: Standing) -> None:
    """Whoever dies on the day of admission was in for that day, and the day after is free."""
    psn_no, other = place.insured(), place.insured()
    client = Client(place.port, HOSPITAL, clock=place.clock)
    client.do("GJ01", stay(psn_no, endtime=f"{DAY} 22:00:00", die_flag="1"))
    client.do("GJ01", stay(other, endtime="9999-12-31"))
    found = place.owner.execute(
        "select p.psn_no, f.since::text, f.until::text from person_fact f"
        " join person p on p.id = f.person_id where f.kind = 'stay' and f.retired_at is null"
        " and p.psn_no = any(%s) order by p.psn_no",
        [[psn_no, other]],
    ).fetchall()
    assert found == [(psn_no, DAY, "2024-12-19"), (other, DAY, None)]
    told = client.refused("GJ01", stay(other, ipt_no="2", endtime="2024-12-17"))
    assert "endtime" in told and "until" not in told


def test_a_code_without_its_zero_is_the_code(place: Standing) -> None:
    """Clients keep codes as numbers: a quota is refused, a card is a card, a selection is one."""
    psn_no, client = place.insured(), place.client
    visit = opened(client, psn_no)
    for quota in ("02", "2", 2):
        refused(client, "quota_not_served", "2206", bill(psn_no, visit, 30, psn_setlway=quota))
    number = int(psn_no[6:])
    shown = {"mdtrt_cert_type": 2, "mdtrt_cert_no": gateways.certificate_of(number)}
    assert client.do("1101", {"data": shown})["baseinfo"]["psn_no"] == psn_no
    yunfu = place.yunfu.psn_no(200)
    chosen = selection(yunfu, biz_appy_type=3)
    place.clinic.do("2505", chosen)
    place.clinic.do(
        "1101", {"data": {"mdtrt_cert_type": "2", "mdtrt_cert_no": gateways.certificate_of(200)}}
    )
    asked = {"psn_no": yunfu, "biz_appy_type": "3"}
    assert len(place.clinic.do("5302", {"data": asked})["psnfixmedin"]) == 1


def test_the_extension_that_is_not_empty_counts(place: Standing) -> None:
    """A liable third party under the newer name is not hidden by the older one left empty."""
    psn_no, client = place.insured(), place.client
    visit = opened(client, psn_no, [{"cnt": 1, "pric": 900, "det_item_fee_sumamt": 900}])
    told = {"exp_content": "", "expContent": {"REL_TTP_FLAG": 1}}
    assert client.do("2206", bill(psn_no, visit, 900))["setlinfo"]["hifp_pay"] > 0
    assert client.do("2206", bill(psn_no, visit, 900, **told))["setlinfo"]["hifp_pay"] == 0


def test_a_filing_is_of_the_employees_insurance(place: Standing) -> None:
    psn_no, client = place.insured(), place.client
    for infno, given in (
        ("2501", referral(psn_no, insutype="390")),
        ("2503", registration(psn_no, insutype="390")),
    ):
        refused(client, "insutype_not_served", infno, given)
