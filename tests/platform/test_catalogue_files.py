"""The catalogue at the gateway: downloads (1301 to 1309), paged queries, matches (3301, 3302)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from tests.platform.counter import NOW
from tests.platform.gateways import AREA, ITEMS
from tests.platform.queries_county import Standing, refused, standing

from gongji.gateway.catalogue.catalogue_fields import FILES
from gongji.gateway.catalogue.downloads import read_version, show_version

PAGE = {"updt_time": "2020-01-01", "page_num": 1, "page_size": 100}


@pytest.fixture
def place(server: str) -> Iterator[Standing]:
    """A county with a gateway; its catalogue was learnt some days ago."""
    with standing(server) as made:
        # No fact is changed: for this the wall is taken down.
        made.owner.execute("alter table item_version disable trigger user")
        made.owner.execute("update item_version set learnt_at = '2024-12-10 09:30:00+08'")
        made.owner.execute("alter table item_version enable trigger user")
        for number, kind in enumerate(("102", "103", "201", "301"), start=1):
            add_item(made, f"K{number}", list_type=kind)
        yield made


def add_item(place: Standing, item: str, **columns: Any) -> int:
    """A version of an item."""
    row: dict[str, Any] = {
        "area": AREA,
        "item": item,
        "name": f"测试品{item}",
        "list_type": "101",
        "charge_type": "09",
        "since": "2024-01-01",
        "grade": "甲",
        "diseases": [],
        "learnt_at": "2024-12-11 08:00:00+08",
        "specification": "每盒\t10片",
    } | columns
    found = place.owner.execute(
        f"insert into item_version ({', '.join(row)})"
        f" values ({', '.join(['%s'] * len(row))}) returning id",
        list(row.values()),
    ).fetchone()
    assert found is not None
    return int(found[0])


def page(place: Standing, infno: str, **changes: Any) -> dict[str, Any]:
    """A page of a query."""
    found: dict[str, Any] = place.client.do(infno, {"data": PAGE | changes})
    return found


def test_the_drugs_are_fetched_as_a_file_of_the_printed_columns(place: Standing) -> None:
    ticket = place.client.do("1301", {"data": {"ver": "0"}})
    rows = place.fetched(ticket, place.other)
    assert ticket["data_cnt"] == len(rows) == 4 and {len(row) for row in rows} == {97}
    assert rows[1][0] == ITEMS[1][0] and rows[1][3] == "测试品" and rows[1][91] == "乙"
    assert rows[1][78] == "1" and rows[1][82] == "20241210093000" and rows[1][37] == "null"
    again = place.other.do("1301", {"data": {"ver": "F001_20241209120000_C"}})
    assert again["data_cnt"] == 4


@pytest.mark.parametrize(
    ("infno", "item", "columns"),
    [("1302", "K1", 29), ("1303", "K2", 78), ("1305", "K3", 16), ("1306", "K4", 71)],
)
def test_every_kind_of_item_has_its_file(
    place: Standing, infno: str, item: str, columns: int
) -> None:
    (row,) = place.fetched(place.client.do(infno, {"data": {"ver": "0"}}))
    assert row[0] == item and len(row) == columns and f"测试品{item}" in row
    spoken = FILES[infno].filled
    if "specification" in spoken.values():
        assert "每盒 10片" in row


def test_only_what_is_newer_is_in_the_file(place: Standing) -> None:
    held = page(place, "1312", list_type="101")["data"]
    add_item(place, "NEW", learnt_at="2024-12-15 10:00:00+08")
    old = add_item(place, "OLD", learnt_at="2024-12-01 10:00:00+08")
    assert held
    ticket = place.client.do("1301", {"data": {"ver": "20241210093000"}})
    assert [row[0] for row in place.fetched(ticket)] == ["NEW"]
    place.owner.execute(
        "update item_version set retired_at = '2024-12-16 10:00:00+08' where id = %s", [old]
    )
    ticket = place.client.do("1301", {"data": {"ver": "20241215100000"}})
    (row,) = place.fetched(ticket)
    assert (row[0], row[78], row[82]) == ("OLD", "0", "20241216100000")
    ticket = place.client.do("1301", {"data": {"ver": row[82]}})
    assert ticket["data_cnt"] == 0 and place.fetched(ticket) == []
    assert "ver" in refused(place.client, "field_missing", "1301", {"data": {"ver": ""}})


def test_the_same_file_is_one_ticket(place: Standing) -> None:
    before = place.client.do("1302", {"data": {"ver": "0"}})
    assert place.other.do("1302", {"data": {"ver": "0"}}) == before
    add_item(place, "K9", list_type="102", learnt_at="2024-12-18 10:00:00+08")
    assert place.client.do("1302", {"data": {"ver": "0"}})["data_cnt"] == 2


def test_lists_that_are_not_kept_are_empty_files(place: Standing) -> None:
    for infno in ("1307", "1308"):
        ticket = place.client.do(infno, {"data": {"ver": "0"}})
        assert ticket["data_cnt"] == 0 and place.fetched(ticket) == []
        assert FILES[infno].why_empty


def test_the_diseases_of_the_area_are_a_file(place: Standing) -> None:
    rows = place.fetched(place.client.do("1309", {"data": {"ver": "0"}}))
    assert ["M03900", "高血压"] in [row[:2] for row in rows] and {len(row) for row in rows} == {16}
    version = rows[0][9]
    assert place.client.do("1309", {"data": {"ver": version}})["data_cnt"] == 0


def test_a_version_is_the_second_of_the_last_change() -> None:
    assert show_version(NOW) == "20241220100000"
    assert show_version(read_version("F001_20241220095959_C")) == "20241220100000"
    for first in ("0", "abc", "99991399000000", "20241399000000"):
        assert read_version(first).year == 1970


def test_items_are_told_in_pages(place: Standing) -> None:
    first = page(place, "1312", page_size=2)
    assert (first["firstPage"], first["lastPage"], first["size"], first["startRow"]) == (
        True,
        False,
        2,
        1,
    )
    count = first["recordCounts"]
    assert first["pages"] == -(-count // 2) and first["pageSize"] == 2
    last = page(place, "1312", page_size=2, page_num=first["pages"])
    assert last["lastPage"] and last["startRow"] == 2 * first["pages"] - 1
    assert page(place, "1312", page_num=99)["data"] == []
    refused(place.client, "value_invalid", "1312", {"data": PAGE | {"page_size": 5000}})
    refused(place.client, "field_missing", "1312", {"data": PAGE | {"updt_time": ""}})


def test_items_are_found_by_what_is_asked(place: Standing) -> None:
    add_item(
        place,
        "NEG",
        grade="乙",
        negotiated=True,
        agreement_until="2026-01-01",
        restricted=True,
        since="2024-06-01",
        name="测试谈判药",
    )
    (found,) = page(place, "1312", hilist_name="谈判")["data"]
    assert (found["hilist_code"], found["chrgitm_lv"], found["lmt_used_flag"]) == ("NEG", "02", "1")
    assert found["memo"] == "谈判药品，协议至2025-12-31" and found["begndate"] == "2024-06-01"
    for given in ({"hilist_code": "NEG"}, {"lmt_used_flag": "1", "begndate": "2024-06-01"}):
        assert [row["hilist_code"] for row in page(place, "1312", **given)["data"]] == ["NEG"]
    none = (
        {"hilist_code": "NEG", "query_date": "2024-05-31"},
        {"insu_admdvs": "510400"},
        {"updt_time": "2025-01-01"},
        {"hilist_code": "NEG", "vali_flag": "0"},
        {"hilist_code": "NEG", "chrgitm_lv": "01"},
        {"hilist_code": "NEG", "med_use_flag": "0"},
    )
    for given in none:
        assert page(place, "1312", **given)["data"] == [], given
    assert page(place, "1312", insu_admdvs="430523")["data"]


def test_price_ceilings_are_told_by_level(place: Standing) -> None:
    add_item(place, "LIM", standard_fen=1000, standard_3_fen=1250, listing_fen=2000)
    add_item(place, "LST", listing_fen=350)
    rows = page(place, "1318", hilist_code="LIM")["data"]
    assert [(row["hilist_lmtpric_type"], row["hilist_pric_uplmt_amt"]) for row in rows] == [
        ("1", 10),
        ("2", 10),
        ("3", 12.5),
    ]
    (one,) = page(place, "1318", hilist_code="LST", hilist_lmtpric_type="2")["data"]
    assert one["hilist_pric_uplmt_amt"] == 3.5
    assert page(place, "1318", rid=one["rid"])["recordCounts"] == 1
    assert page(place, "1318", hilist_code=ITEMS[0][0])["data"] == []


def test_the_first_self_pay_is_told(place: Standing) -> None:
    found = {
        code: page(place, "1319", hilist_code=code)["data"][0]["selfpay_prop"]
        for code in (ITEMS[0][0], ITEMS[1][0], ITEMS[2][0])
    }
    assert list(found.values()) == ["0", "0.1", "1"]
    assert page(place, "1319", selfpay_prop_psn_type="390")["data"] == []
    (open_end,) = page(place, "1319", hilist_code=ITEMS[3][0])["data"]
    assert (open_end["selfpay_prop"], open_end["enddate"]) == ("0.2", "")


def match(own: str, item: str = ITEMS[0][0], **changes: Any) -> dict[str, Any]:
    """A row of 3301."""
    return {
        "fixmedins_hilist_id": own,
        "fixmedins_hilist_name": f"院内{own}",
        "list_type": "101",
        "med_list_codg": item,
        "begndate": "2024-01-01",
        "enddate": "2099-12-31",
        "aprvno": "ZZ1",
        "spec": "10片",
    } | changes


def revoke(own: str, **changes: Any) -> dict[str, Any]:
    """3302."""
    return {
        "data": {
            "fixmedins_code": "H43050000001",
            "fixmedins_hilist_id": own,
            "list_type": "101",
            "med_list_codg": ITEMS[0][0],
        }
        | changes
    }


def test_matches_are_kept_replaced_and_revoked(place: Standing) -> None:
    place.client.do("3301", {"data": [match("Y1"), match("Y2", aprvno="")]})
    place.client.do("3301", {"data": match("Y1", fixmedins_hilist_name="改名")})
    rows = page(place, "1317", medins_list_codg="Y1", vali_flag="1")["data"]
    assert [(row["medins_list_name"], row["aprvno"], row["enddate"]) for row in rows] == [
        ("改名", "ZZ1", "2099-12-31")
    ]
    assert page(place, "1317", medins_list_codg="Y1", vali_flag="0")["recordCounts"] == 1
    assert place.other.do("1317", {"data": PAGE})["data"] == []
    place.client.do("3302", revoke("Y1"))
    assert page(place, "1317", medins_list_codg="Y1", vali_flag="1")["data"] == []
    refused(place.client, "match_unknown", "3302", revoke("Y1"))
    refused(place.other, "institution_not_own", "3302", revoke("Y2"))
    foreign = {"data": PAGE | {"fixmedins_code": "H43050000001"}}
    refused(place.other, "institution_not_own", "1317", foreign)


@pytest.mark.parametrize(
    ("items", "told"),
    [((0, 1), [-1, 0]), ((0, 0), [0, 0])],
    ids=["two codes", "one code"],
)
def test_matches_of_one_item_at_once_leave_one(
    place: Standing, items: tuple[int, int], told: list[int]
) -> None:
    name = f"R{items[1]}"
    with ThreadPoolExecutor(2) as pool:
        for number in range(8):
            sent = [{"data": match(f"{name}-{number}", item=ITEMS[item][0])} for item in items]
            replies = pool.map(lambda given: place.client.ask("3301", given), sent)
            assert sorted(reply["infcode"] for reply in replies) == told
    for number in range(8):
        found = page(place, "1317", medins_list_codg=f"{name}-{number}", vali_flag="1")
        assert found["recordCounts"] == 1


def test_a_match_taken_back_twice_at_once_is_taken_back_once(place: Standing) -> None:
    with ThreadPoolExecutor(2) as pool:
        for number in range(8):
            place.client.do("3301", {"data": match(f"T{number}")})
            twice = [revoke(f"T{number}")] * 2
            replies = pool.map(lambda given: place.client.ask("3302", given), twice)
            assert sorted(reply["infcode"] for reply in replies) == [-1, 0]


def test_a_match_with_a_mistake_keeps_none_of_its_rows(place: Standing) -> None:
    place.client.do("3301", {"data": [match("Z1")]})
    before = page(place, "1317")["recordCounts"]
    for rows, code in (
        ([match("Z2"), match("Z3", item="NONE")], "match_item_unknown"),
        ([match("Z2"), match("Z1", item=ITEMS[1][0])], "item_matched"),
        ([match("Z2"), match("Z2", item=ITEMS[1][0])], "item_matched"),
        ([match("Z2", enddate="2023-01-01")], "dates_reversed"),
        ([match("Z2", list_type="")], "field_missing"),
        ([match(f"Q{number}") for number in range(2001)], "lines_too_many"),
        ([], "field_missing"),
    ):
        refused(place.client, code, "3301", {"data": rows})
    assert page(place, "1317")["recordCounts"] == before
    later = match("Z1", item=ITEMS[1][0], begndate="2100-01-01", enddate="2100-12-31")
    place.client.do("3301", {"data": [later]})
