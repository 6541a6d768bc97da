"""The catalogue as the gateway tells it, cell by cell and field by field; pages and their
bounds.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.platform.counter import NOW
from tests.platform.gateways import AREA, HOSPITAL, Clock
from tests.platform.queries_county import Standing, refused, standing
from tests.platform.replies_town import DRUG, HERB, LIMITED, OWN, Walk, add

DOCUMENTED = json.loads((Path(__file__).parent / "reply_fields.json").read_text())
PAGE = {"updt_time": "2020-01-01", "page_num": 1, "page_size": 100}
VERSIONS = {
    "1301": "20241211100000",
    "1302": "20241212100000",
    "1303": "20241214100000",
    "1305": "20241213100000",
}
"""When each item of the town was learnt: nine, eight, seven and six days before."""
LEARNT = {
    "1301": "2024-12-11 10:00:00",
    "1302": "2024-12-12 10:00:00",
    "1303": "2024-12-14 10:00:00",
}
ROWS: dict[str, tuple[int, dict[int, str]]] = {
    "1301": (
        97,
        {
            1: DRUG,
            4: "甲药",
            8: "甲药",
            14: "10片/盒",
            37: "2021-01-01",
            38: "2029-12-31",
            58: "0",
            71: "1",
            75: "0",
            79: "1",
            80: "{1301}",
            81: LEARNT["1301"],
            82: LEARNT["1301"],
            83: VERSIONS["1301"],
            84: VERSIONS["1301"],
            92: "甲",
        },
    ),
    "1302": (
        29,
        {
            1: HERB,
            2: "乙药",
            12: "2022-02-02",
            14: "1",
            15: "{1302}",
            16: LEARNT["1302"],
            17: LEARNT["1302"],
            18: VERSIONS["1302"],
            19: VERSIONS["1302"],
            20: "乙药",
        },
    ),
    "1303": (
        78,
        {
            1: LIMITED,
            2: "限材",
            11: "30支",
            53: "限材",
            65: "1",
            66: "2024-04-04",
            68: "{1303}",
            69: LEARNT["1303"],
            70: LEARNT["1303"],
            71: VERSIONS["1303"],
            72: VERSIONS["1303"],
        },
    ),
    "1305": (
        16,
        {
            1: OWN,
            7: "1",
            10: "丙项",
            12: "2023-03-03",
            14: "{1305}",
            15: VERSIONS["1305"],
            16: VERSIONS["1305"],
        },
    ),
}
"""Of each file the number of its columns and its one row; every other cell is null."""
ITEM_OF = {"1301": DRUG, "1302": HERB, "1303": LIMITED, "1305": OWN}
TIMES = ("crte_time", "updt_time", "opt_time")
PAGES: dict[str, dict[str, Any]] = {
    "1312": dict.fromkeys(TIMES, "2024-12-12")
    | {
        "hilist_code": HERB,
        "hilist_name": "乙药",
        "insu_admdvs": AREA,
        "begndate": "2022-02-02",
        "med_chrgitm_type": "02",
        "chrgitm_lv": "02",
        "lmt_used_flag": "0",
        "list_type": "102",
        "med_use_flag": "1",
        "memo": "谈判药品、双通道药品，协议至2027-06-30",
        "vali_flag": "1",
        "rid": "{1302}",
        "poolarea_no": AREA,
    },
    "1317": dict.fromkeys(TIMES, "2024-12-20")
    | {
        "fixmedins_code": HOSPITAL,
        "medins_list_codg": "own-1",
        "medins_list_name": "院内甲",
        "insu_admdvs": AREA,
        "list_type": "101",
        "med_list_codg": DRUG,
        "begndate": "2024-02-01",
        "enddate": "2026-03-31",
        "aprvno": "准字",
        "dosform": "片剂",
        "exct_cont": "除外",
        "item_cont": "内涵",
        "prcunt": "盒",
        "spec": "规格",
        "pacspec": "包装",
        "memo": "对照备注",
        "vali_flag": "1",
        "rid": ...,
        "poolarea_no": AREA,
    },
    "1318": dict.fromkeys(TIMES, "2024-12-14")
    | {
        "hilist_code": LIMITED,
        "hilist_lmtpric_type": "3",
        "insu_admdvs": AREA,
        "begndate": "2024-04-04",
        "hilist_pric_uplmt_amt": 12,
        "vali_flag": "1",
        "rid": "{1303}-3",
        "poolarea_no": AREA,
    },
    "1319": dict.fromkeys(TIMES, "2024-12-14")
    | {
        "hilist_code": LIMITED,
        "selfpay_prop_psn_type": "310",
        "selfpay_prop_type": "10",
        "insu_admdvs": AREA,
        "begndate": "2024-04-04",
        "selfpay_prop": "0.2",
        "vali_flag": "1",
        "rid": "{1303}",
        "poolarea_no": AREA,
    },
}
"""The one row of each page; what is not here is empty."""


@pytest.fixture(scope="module")
def walk(server: str) -> Iterator[Walk]:
    """The town with its catalogue and what the gateway told of it."""
    with standing(server) as place:
        made = Walk(place)
        made.clock.now = NOW
        made.step("2201", {"data": _registration(made.psn_no)})
        made.number = made.steps["2201"]["data"]["mdtrt_id"]
        made.catalogue()
        yield made


@pytest.fixture
def place(walk: Walk) -> Iterator[Standing]:
    """The town itself."""
    assert isinstance(walk.place.clock, Clock)
    yield walk.place
    walk.place.clock.now = NOW


def _registration(psn_no: str) -> dict[str, str]:
    told = {"psn_no": psn_no, "insutype": "310", "begntime": "2024-12-18", "ipt_otp_no": "1"}
    return told | {"mdtrt_cert_type": "03", "mdtrt_cert_no": "CARD-400"}


def resolved(walk: Walk, text: str) -> str:
    """A text in which `{1301}` is the number of the version in that file."""
    rows = dict(walk.place.owner.execute("select item, id from item_version").fetchall())
    for infno, item in ITEM_OF.items():
        text = text.replace(f"{{{infno}}}", str(rows[item]))
    return text


@pytest.mark.parametrize("infno", ROWS)
def test_every_cell_of_a_file_stands_in_its_printed_column(walk: Walk, infno: str) -> None:
    columns, cells = ROWS[infno]
    ticket = walk.steps[infno]
    (row,) = walk.place.fetched(ticket)
    expected = {place: resolved(walk, text) for place, text in cells.items()}
    assert len(row) == columns
    assert {place: cell for place, cell in enumerate(row, 1) if cell != "null"} == expected
    assert ticket["data_cnt"] == 1
    assert ticket["dld_endtime"] == ticket["dld_end_time"] == "2024-12-28 00:00:00"
    assert ticket["filename"].startswith(f"{infno}_")
    assert ticket["filename"].endswith(f"_{AREA}_{VERSIONS[infno]}.zip")
    assert set(DOCUMENTED[infno][""]) <= set(ticket)


def test_the_file_of_the_diseases_has_its_columns(walk: Walk) -> None:
    rows = {row[0]: row for row in walk.place.fetched(walk.steps["1309"])}
    cells = {place: cell for place, cell in enumerate(rows["M01600"], 1) if cell != "null"}
    assert cells == {
        1: "M01600",
        2: "糖尿病",
        6: "1",
        7: "M01600",
        10: "20240101000000",
        12: "20240101000000",
        15: "糖尿病",
    }


@pytest.mark.parametrize("infno", PAGES)
def test_every_field_of_a_page_is_the_one_that_its_name_says(walk: Walk, infno: str) -> None:
    (told,) = walk.steps[infno]["data"]
    expected = PAGES[infno]
    assert set(told) == set(DOCUMENTED[infno]["data"]) and set(expected) <= set(told)
    for name, value in told.items():
        wanted = expected.get(name, "")
        if isinstance(wanted, str):
            wanted = resolved(walk, wanted)
        assert value == wanted or wanted is ... and value, (infno, name)


@pytest.mark.parametrize(
    ("number", "size", "expected"),
    [
        (1, 2, {"firstPage": True, "lastPage": False, "size": 2, "startRow": 1, "pageNum": 1}),
        (2, 2, {"firstPage": False, "lastPage": True, "size": 2, "startRow": 3, "pageNum": 2}),
        (0, 2, {"firstPage": True, "lastPage": False, "size": 2, "startRow": 1, "pageNum": 1}),
        (3, 2, {"firstPage": False, "lastPage": True, "size": 0, "startRow": 0, "pageNum": 3}),
        (2, 3, {"firstPage": False, "lastPage": True, "size": 1, "startRow": 4, "pageNum": 2}),
        (1, 4, {"firstPage": True, "lastPage": True, "size": 4, "startRow": 1, "pageNum": 1}),
        (1, 100, {"firstPage": True, "lastPage": True, "size": 4, "startRow": 1, "pageNum": 1}),
    ],
)
def test_a_page_knows_its_place(
    place: Standing, number: int, size: int, expected: dict[str, Any]
) -> None:
    given = PAGE | {"page_num": number, "page_size": size}
    found = place.client.do("1312", {"data": given})
    rows = found.pop("data")
    pages = {2: 2, 3: 2, 4: 1, 100: 1}[size]
    assert found == expected | {"pageSize": size, "recordCounts": 4, "pages": pages}
    order = [DRUG, HERB, OWN, LIMITED]
    start = (max(number, 1) - 1) * size
    assert [row["hilist_code"] for row in rows] == order[start : start + size]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"page_size": 0}, "value_invalid"),
        ({"page_size": 101}, "value_invalid"),
        ({"page_size": ""}, "field_missing"),
        ({"page_num": ""}, "field_missing"),
        ({"page_num": -1}, "value_invalid"),
        ({"page_num": 10**6 + 1}, "value_invalid"),
        ({"page_num": "1.5"}, "value_invalid"),
        ({"updt_time": ""}, "field_missing"),
    ],
)
@pytest.mark.parametrize("infno", ["1312", "1317", "1318", "1319"])
def test_a_page_out_of_bounds_is_refused(
    place: Standing, infno: str, changes: dict[str, Any], code: str
) -> None:
    refused(place.client, code, infno, {"data": PAGE | changes})


@pytest.mark.parametrize(
    ("infno", "given", "expected"),
    [
        ("1312", {"query_date": "2020-12-31"}, []),
        ("1312", {"query_date": "2021-01-01"}, [DRUG]),
        ("1312", {"query_date": "2029-12-31", "list_type": "101"}, [DRUG]),
        ("1312", {"query_date": "2030-01-01", "list_type": "101"}, []),
        ("1312", {"begndate": "2023-03-03"}, [OWN, LIMITED]),
        ("1312", {"begndate": "2023-03-04"}, [LIMITED]),
        ("1312", {"chrgitm_lv": "01"}, [DRUG]),
        ("1312", {"chrgitm_lv": "02"}, [HERB, LIMITED]),
        ("1312", {"chrgitm_lv": "03"}, [OWN]),
        ("1312", {"chrgitm_lv": "04"}, []),
        ("1312", {"lmt_used_flag": "1"}, [LIMITED]),
        ("1312", {"lmt_used_flag": "0"}, [DRUG, HERB, OWN]),
        ("1312", {"med_use_flag": "0"}, [OWN]),
        ("1312", {"med_use_flag": "1"}, [DRUG, HERB, LIMITED]),
        ("1312", {"med_chrgitm_type": "03"}, [OWN]),
        ("1312", {"list_type": "102"}, [HERB]),
        ("1312", {"hilist_name": "药"}, [DRUG, HERB]),
        ("1312", {"vali_flag": "0"}, []),
        ("1312", {"vali_flag": "1", "hilist_code": OWN}, [OWN]),
        ("1312", {"insu_admdvs": "430521"}, [DRUG, HERB, OWN, LIMITED]),
        ("1312", {"insu_admdvs": "445300"}, []),
        ("1312", {"updt_time": "2024-12-13"}, [OWN, LIMITED]),
        ("1312", {"updt_time": "2024-12-14"}, [LIMITED]),
        ("1312", {"updt_time": "2024-12-15"}, []),
        ("1318", {"poolarea_no": "445300"}, []),
        ("1318", {"insu_admdvs": "430500", "poolarea_no": "445300"}, [LIMITED] * 3),
        ("1318", {"hilist_lmtpric_type": "1"}, [LIMITED]),
        ("1319", {"enddate": "2029-12-31"}, [DRUG]),
        ("1319", {"enddate": "2029-12-30"}, []),
        ("1319", {"selfpay_prop_psn_type": "310"}, [DRUG, HERB, OWN, LIMITED]),
        ("1319", {"selfpay_prop_type": "20"}, []),
        ("1319", {"selfpay_prop_type": "10", "hilist_code": HERB}, [HERB]),
    ],
)
def test_a_query_finds_what_its_fields_say(
    place: Standing, infno: str, given: dict[str, Any], expected: list[str]
) -> None:
    rows = place.client.do(infno, {"data": PAGE | given})["data"]
    assert [row["hilist_code"] for row in rows] == expected


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ({"medins_list_codg": "own-1"}, 1),
        ({"medins_list_codg": "own"}, 0),
        ({"medins_list_name": "院内"}, 1),
        ({"list_type": "102"}, 0),
        ({"med_list_codg": DRUG}, 1),
        ({"med_list_codg": HERB}, 0),
        ({"query_date": "2024-01-31"}, 0),
        ({"query_date": "2024-02-01"}, 1),
        ({"query_date": "2026-03-31"}, 1),
        ({"query_date": "2026-04-01"}, 0),
        ({"fixmedins_code": HOSPITAL}, 1),
        ({"updt_time": "2024-12-20"}, 1),
        ({"updt_time": "2024-12-21"}, 0),
    ],
)
def test_own_matches_are_found_by_what_is_asked(
    place: Standing, given: dict[str, Any], count: int
) -> None:
    found = place.client.do("1317", {"data": PAGE | given})
    assert found["recordCounts"] == len(found["data"]) == count


def test_an_item_taken_back_is_told_with_the_day_of_it(place: Standing) -> None:
    add(
        place,
        "item_version",
        {
            "area": AREA,
            "item": "GONE",
            "name": "旧药",
            "list_type": "301",
            "charge_type": "09",
            "since": "2021-01-01",
            "grade": "甲",
            "diseases": [],
            "standard_fen": 500,
            "learnt_at": NOW - timedelta(days=5),
            "retired_at": NOW - timedelta(days=3),
        },
    )
    for infno in ("1312", "1318", "1319"):
        for row in place.client.do(infno, {"data": PAGE | {"hilist_code": "GONE"}})["data"]:
            assert (row["vali_flag"], row["crte_time"], row["updt_time"]) == (
                "0",
                "2024-12-15",
                "2024-12-17",
            )
    (row,) = place.fetched(place.client.do("1306", {"data": {"ver": "0"}}))
    assert row[67:71] == ["0", row[68], "20241217100000", "20241217100000"]
    with place.owner.transaction():
        place.owner.execute("set local session_replication_role = replica")
        place.owner.execute("delete from item_version where item = 'GONE'")


def test_the_area_s_own_share_counts_where_the_item_has_none(place: Standing) -> None:
    """Shaoyang's law gives no general share for 乙: the field is empty, never a zero."""
    for area, item in ((AREA, "NOSHARE"), ("999999", "NOLAW")):
        add(
            place,
            "item_version",
            {
                "area": area,
                "item": item,
                "name": "乙",
                "list_type": "301",
                "charge_type": "09",
                "since": "2021-01-01",
                "grade": "乙",
                "diseases": [],
                "learnt_at": NOW,
            },
        )
        found = place.client.do(
            "1319", {"data": PAGE | {"hilist_code": item, "insu_admdvs": area}}
        )["data"]
        assert [row["selfpay_prop"] for row in found] == [""]
        with place.owner.transaction():
            place.owner.execute("set local session_replication_role = replica")
            place.owner.execute("delete from item_version where item = %s", [item])
