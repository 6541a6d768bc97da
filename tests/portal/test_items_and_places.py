"""Items and institutions of the calculator: versions of a day, a line's split, who is found."""

from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest
from tests.portal.reading import read

ASKED = {"area": "430500", "date": "2023-02-01", "status": "active", "level": "1"}


@pytest.fixture
def owner(fresh_database: str) -> Any:
    """The owner of a database of the test's own."""
    with psycopg.connect(fresh_database, autocommit=True) as connection:
        yield connection


def item(owner: Any, code: str, since: str = "2022-01-01", **more: Any) -> None:
    """A version of an item."""
    row = {
        "area": "430500",
        "item": code,
        "name": f"药{code}",
        "list_type": "101",
        "charge_type": "09",
        "since": since,
        "grade": "甲",
        "diseases": "{}",
    } | more
    marks = ", ".join(["%s"] * len(row))
    owner.execute(
        f"insert into item_version ({', '.join(row)}) values ({marks})", list(row.values())
    )


def ask(client: Any, rows: list[tuple[str, str, str]], **facts: str) -> Any:
    """The answer to a question about items."""
    pairs = list((ASKED | facts).items())
    for code, quantity, price in rows:
        pairs += [("line_item", code), ("line_quantity", quantity), ("line_price", price)]
    return client.get("/answer?" + urlencode(pairs)).json()


def lines(found: Any) -> list[list[str]]:
    """The table of the items of an answer."""
    tables = read(found["answer"]).tables
    (table,) = [one for one in tables if one and one[0][:2] == ["项目", "金额"]]
    assert table[0] == ["项目", "金额", "高于标准", "目录外", "先行自付", "政策范围内"]
    return table[1:]


def test_a_line_is_split_as_at_the_counter_and_adds_up_to_the_visit(
    client: Any, owner: Any
) -> None:
    item(owner, "A", standard_fen=1_000)
    item(owner, "B", grade="乙", first_self_pay_ppm=200_000, listing_fen=5_000)
    found = ask(client, [("A", "3", "12.50"), ("B", "1.5", "40"), ("T003", "2", "7.77")])
    assert found["errors"] == {}
    # A: 37.50, above 3 x 10.00 by 7.50. B: 60.00, 20 % first: 48.00. T003 is in no catalogue.
    assert lines(found) == [
        ["药A", "37.50元", "7.50元", "0.00元", "0.00元", "30.00元"],
        ["药B", "60.00元", "0.00元", "0.00元", "12.00元", "48.00元"],
        ["测试药T003", "15.54元", "0.00元", "15.54元", "0.00元", "0.00元"],
    ]
    # 78.00 in scope at level 1: 70 % without a deductible = 54.60; 113.04 - 54.60 = 58.44.
    assert "统筹基金支付 54.60元，个人负担 58.44元" in read(found["answer"]).text


@pytest.mark.parametrize(("level", "above"), [("1", "90.00元"), ("2", "80.00元"), ("3", "70.00元")])
def test_a_standard_by_level_is_that_of_the_level_that_counts(
    client: Any, owner: Any, level: str, above: str
) -> None:
    item(
        owner,
        "A",
        standard_fen=5_000,
        standard_1_fen=1_000,
        standard_2_fen=2_000,
        standard_3_fen=3_000,
    )
    assert lines(ask(client, [("A", "1", "100")], level=level))[0][2] == above
    internet = ask(client, [("A", "1", "100")], level="1", parent_level=level)
    assert lines(internet)[0][2] == above
    pharmacy = {"institution_kind": "pharmacy", "level": "", "prescriber_level": level}
    assert lines(ask(client, [("A", "1", "100")], **pharmacy))[0][2] == above


def test_a_pharmacy_of_a_level_of_its_own_has_the_standard_of_all(client: Any, owner: Any) -> None:
    item(
        owner,
        "A",
        area="510400",
        standard_fen=5_000,
        standard_1_fen=1_000,
        standard_2_fen=2_000,
        standard_3_fen=3_000,
    )
    facts = {"area": "510400", "level": "", "institution_kind": "pharmacy", "prescriber_level": "3"}
    assert lines(ask(client, [("A", "1", "100")], **facts))[0][2] == "50.00元"


VERSIONS = {
    "2022-12-31": "旧",
    "2023-01-01": "新",
    "2023-02-28": "新",
    "2023-03-01": None,
}


@pytest.mark.parametrize("day", VERSIONS)
def test_the_version_is_that_of_the_day(client: Any, owner: Any, day: str) -> None:
    item(owner, "V", "2022-01-01", until="2023-01-01", name="旧")
    item(owner, "V", "2023-01-01", until="2023-03-01", name="新")
    item(owner, "W", "2022-01-01", name="已停用", retired_at="2099-01-01")
    item(owner, "X", "2022-01-01", name="外地", area="532300")
    found = ask(client, [("V", "1", "1")], date=day)
    if VERSIONS[day]:
        assert lines(found)[0][0] == VERSIONS[day]
    else:
        assert list(found["errors"]) == ["line.0.item"] and "V" in found["errors"]["line.0.item"]
    for code in ("W", "X", "nothing"):
        wrong = ask(client, [("T001", "1", "1"), (code, "1", "1")], date=day)
        assert list(wrong["errors"]) == ["line.1.item"], code
    words = {"area": "430500", "date": day, "words": "V"}
    listed = client.get("/items", words).json()["found"]
    assert [one["name"] for one in listed] == ([VERSIONS[day]] if VERSIONS[day] else [])


QUANTITIES = {
    "1": "10.00元",
    "0.001": "0.01元",
    "0.0357": "0.36元",
    "0.5": "5.00元",
    ".5": "5.00元",
    "2.125": "21.25元",
    "1.": "10.00元",
    "100000": "1,000,000.00元",
    "": "10.00元",
}
NO_QUANTITIES = ["0", "0.000", "100000.001", "-1", "1.00001", "x", "1,5", "²", "1e3", "１"]


@pytest.mark.parametrize("text", QUANTITIES)
def test_a_quantity_has_up_to_four_decimals(client: Any, owner: Any, text: str) -> None:
    pairs = [*ASKED.items(), ("line_item", "T001"), ("line_price", "10")]
    found = ask(client, [("T001", text, "10")])
    if not text:
        found = client.get("/answer?" + urlencode(pairs)).json()
    assert lines(found)[0][1] == QUANTITIES[text]


@pytest.mark.parametrize("text", NO_QUANTITIES)
def test_what_is_no_quantity_is_told_at_its_row(client: Any, text: str) -> None:
    found = ask(client, [("T001", "1", "1"), ("T002", text, "1")])
    assert list(found["errors"]) == ["line.1.quantity"]
    assert text in found["errors"]["line.1.quantity"]


def test_an_amount_is_rounded_half_up_once_a_line(client: Any) -> None:
    # 0.5 x 0.01 = 0.005 -> 0.01; 0.4 x 0.01 = 0.004 -> 0.00; 1.5 x 3.33 = 4.995 -> 5.00.
    found = ask(client, [("T001", "0.5", "0.01"), ("T001", "0.4", "0.01"), ("T001", "1.5", "3.33")])
    assert [row[1] for row in lines(found)] == ["0.01元", "0.00元", "5.00元"]
    for text in ("", "x", "1.001", "-1"):
        wrong = ask(client, [("T001", "1", text)])
        assert list(wrong["errors"]) == ["line.0.price"], text


def test_a_price_stands_in_the_place_of_what_was_typed_as_cost(client: Any) -> None:
    found = ask(client, [("T001", "1", "100")], total="5", in_scope="3")
    assert found["errors"] == {} and "统筹基金支付 70.00元" in read(found["answer"]).text
    fields = read(found["form"]).fields
    assert "total" not in fields and "in_scope" not in fields
    assert read(ask(client, [], total="5")["form"]).fields["total"]["value"] == "5"


def test_suggestions_are_by_name_or_code_in_order_twenty_at_most(client: Any, owner: Any) -> None:
    for number in range(25):
        item(owner, f"S{number:02d}", name=f"感冒灵{number:02d}", specification="10g")
    item(owner, "P1", name="100%葡萄糖_注射液")
    item(owner, "P2", name="葡萄糖注射液")

    def found(words: str, area: str = "430500", day: str = "2023-02-01") -> list[str]:
        answer = client.get("/items", {"area": area, "date": day, "words": words})
        return [one["code"] for one in answer.json()["found"]]

    assert found("感冒") == [f"S{number:02d}" for number in range(20)]
    assert found("s24") == ["S24"] and found("t00") == ["T001", "T002", "T003"]
    listed = client.get("/items", {"area": "430500", "date": "2023-02-01", "words": "S07"})
    assert listed.json() == {"found": [{"code": "S07", "name": "感冒灵07 10g"}]}
    # What are marks of a pattern elsewhere are letters here.
    assert found("%") == ["P1"] and found("_") == ["P1"] and found("\\") == []
    assert found("感冒灵07" + "x" * 44) == [] and found("x" * 500) == []
    assert found("感冒", area="532300") == [] and found("感冒", day="2021-01-01") == []
    assert found("感冒", area="999999") == [] and found("感冒", day="x") == []


def place(owner: Any, code: str, name: str, level: str, parent: str = "", **more: Any) -> None:
    """An institution with its level."""
    row = {"area": "430500", "kind": "hospital", "since": "2020-01-01", "until": None} | more
    owner.execute(
        "insert into institution (code, area, name, kind) values (%s, %s, %s, %s)",
        [code, row["area"], name, row["kind"]],
    )
    details = psycopg.types.json.Jsonb({"level": level, "parent": parent})
    owner.execute(
        "insert into institution_fact (institution, kind, since, until, details)"
        " values (%s, 'level', %s, %s, %s)",
        [code, row["since"], row["until"], details],
    )


PLACES = {
    # name: (own level, level of the physical institution) -> what the pool pays of 1000 at 邵阳
    "level 1": ("1", "", "700.00元"),
    "level 2": ("2", "", "480.00元"),
    "level 3": ("3", "", "420.00元"),
    "an Internet hospital of level 3": ("1", "3", "420.00元"),
    "an Internet hospital of level 1": ("3", "1", "700.00元"),
    "an Internet hospital without a level": ("", "2", "480.00元"),
}


@pytest.mark.parametrize("name", PLACES)
def test_an_institution_counts_with_its_level_or_that_of_the_physical_one(
    client: Any, owner: Any, name: str
) -> None:
    level, physical, paid = PLACES[name]
    if physical:
        place(owner, "H2", "实体医院", physical)
    place(owner, "H1", name, level, "H2" if physical else "")
    query = urlencode(ASKED | {"level": "2", "total": "1000", "institution": "H1"})
    found = client.get("/answer?" + query).json()
    assert found["errors"] == {} and f"统筹基金支付 {paid}" in read(found["answer"]).text
    form = read(found["form"])
    assert form.fields["level"]["value"] == (physical or level) and name in form.text
    assert found["key"].endswith(" H1")


def test_a_pharmacy_that_is_chosen_asks_for_the_prescriber(client: Any, owner: Any) -> None:
    place(owner, "P1", "大药房", "", kind="pharmacy")
    facts = ASKED | {"total": "1000", "institution": "P1"}
    found = client.get("/answer?" + urlencode(facts | {"prescriber_level": "3"})).json()
    assert "统筹基金支付 420.00元" in read(found["answer"]).text
    form = read(found["form"]).fields
    assert form["level"]["value"] == "pharmacy"
    assert form["prescriber_level"]["value"] == "3"
    without = client.get("/answer?" + urlencode(facts | {"prescriber_level": "none"})).json()
    assert "统筹基金不予支付" in read(without["answer"]).text
    unsaid = read(client.get("/answer?" + urlencode(facts)).json()["answer"])
    assert [row[1].partition("元")[0] for row in unsaid.tables[0]] == [
        "医保报 700.00",
        "医保报 480.00",
        "医保报 420.00",
        "不报：在药店购药没有定点医疗机构的处方",
    ]


def test_the_level_is_that_of_the_day(client: Any, owner: Any) -> None:
    place(owner, "H1", "升级医院", "1", until="2023-02-01")
    # Level 2 was told by mistake in 2020, and taken back.
    rows = (
        ("3", "2023-02-01", None, "2021-01-01", None),
        ("2", "2023-01-01", "2023-03-01", "2020-01-01", "2020-02-01"),
    )
    for level, since, until, learnt, retired in rows:
        details = psycopg.types.json.Jsonb({"level": level, "parent": ""})
        owner.execute(
            "insert into institution_fact (institution, kind, since, until, details, learnt_at,"
            " retired_at) values ('H1', 'level', %s, %s, %s, %s, %s)",
            [since, until, details, learnt, retired],
        )
    for day, paid in (("2023-01-31", "700.00元"), ("2023-02-01", "420.00元")):
        query = urlencode(ASKED | {"date": day, "total": "1000", "institution": "H1"})
        found = client.get("/answer?" + query).json()
        assert f"统筹基金支付 {paid}" in read(found["answer"]).text, day
        asked = {"area": "430500", "date": day, "words": "升级"}
        assert client.get("/institutions", asked).json() == {
            "found": [{"code": "H1", "name": "升级医院"}]
        }


def test_institutions_are_found_by_name_in_their_area(client: Any, owner: Any) -> None:
    for number in range(25):
        place(owner, f"N{number:02d}", f"卫生院{number:02d}", "1")
    place(owner, "E1", "外地卫生院", "1", area="532300")

    def found(words: str, area: str = "430500", day: str = "2023-02-01") -> list[str]:
        answer = client.get("/institutions", {"area": area, "date": day, "words": words})
        return [one["code"] for one in answer.json()["found"]]

    assert found("卫生院") == [f"N{number:02d}" for number in range(20)]
    assert found("N24") == ["N24"] and found("院24") == ["N24"] and found("N2") == []
    assert found("卫生院", area="532300") == ["E1"] and found("E1") == []
    assert found("%") == [] and found("_") == []
    assert found("卫生院", area="999999") == [] and found("卫生院", day="x") == []
    # By its code in another area it is not known.
    query = urlencode(ASKED | {"total": "1", "institution": "E1"})
    assert list(client.get("/answer?" + query).json()["errors"]) == ["institution"]


def test_where_the_registry_knows_nobody_no_institution_is_asked_for(client: Any) -> None:
    here = read(client.get("/?" + urlencode(ASKED | {"total": "1"})))
    assert "institution" in here.fields and "line_item" in here.fields
    there = read(client.get("/?" + urlencode(ASKED | {"area": "532300", "total": "1"})))
    assert "institution" not in there.fields and "line_item" not in there.fields
