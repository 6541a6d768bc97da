"""What the calculator says of a visit, part by part: who pays what, the room after it, elsewhere.

Every figure is worked out by hand from the articles that stand in the rulebooks.
"""

from typing import Any

import pytest
from tests.portal.reading import Page, read

from gongji.refusals import Refusal
from gongji.units import show_fen

SHAOYANG = {"area": "430500", "date": "2023-02-01", "status": "active", "level": "3"}
CHUXIONG = {"area": "532300", "date": "2023-03-01", "status": "active", "level": "3"}
INPATIENT = {"inpatient_deductible": "300", "inpatient_rate": "85%", "inpatient_ceiling": "200"}
LINCANG = {"area": "530900", "date": "2023-02-01", "status": "active", "level": "1"}


def answered(facts: dict[str, str], figures: Any = (), used: Any = ()) -> Any:
    """The answer to a question."""
    from gongji.portal.calculation import answer
    from gongji.portal.inputs import Question

    return answer(Question(facts, dict(used), dict(figures)))


SHARES = {
    # 邵阳 第六条: 300 deductible, 60 %, 1500 a year.
    "deductible and share": (
        SHAOYANG | {"in_scope": "1000"},
        {},
        {"pool": 42_000, "deductible": 30_000, "share": 28_000},
    ),
    "only deductible": (SHAOYANG | {"in_scope": "250"}, {}, {"deductible": 25_000}),
    "no deductible at level 1": (
        SHAOYANG | {"in_scope": "1000", "level": "1"},
        {},
        {"pool": 70_000, "share": 30_000},
    ),
    # (4000 - 300) x 60 % = 2220 of which 1500 are paid; 1500 / 60 % = 2500 are taken, 1200 beyond.
    "beyond the ceiling": (
        SHAOYANG | {"in_scope": "4000"},
        {},
        {"pool": 150_000, "deductible": 30_000, "share": 100_000, "beyond": 120_000},
    ),
    "outside the scope": (
        SHAOYANG | {"in_scope": "1000", "total": "1234.56"},
        {},
        {"pool": 42_000, "deductible": 30_000, "share": 28_000, "outside": 23_456},
    ),
    "refused": (
        SHAOYANG | {"in_scope": "1000", "total": "1100", "third_party": "true"},
        {},
        {"refused": 100_000, "outside": 10_000},
    ),
    "nothing": (SHAOYANG | {"in_scope": "0"}, {}, {}),
    # 楚雄 第十八条: 10 % first self-pay of 1000; (900 - 300) x 85 % = 510, of which 200 are left in
    # the year's ceiling: 200 / 85 % = 235.29 are taken, 364.71 are beyond.
    "first self-pay": (
        CHUXIONG | {"total": "1000", "benefit": "negotiated_drug", "drug": "甲"},
        INPATIENT,
        {
            "pool": 20_000,
            "deductible": 30_000,
            "share": 3_529,
            "beyond": 36_471,
            "first_self_pay": 10_000,
        },
    ),
    # 第三十五条: 60 % of the (400 - 155) that are left in scope.
    "a supplement": (
        CHUXIONG | {"in_scope": "400", "subsidy": "civil_servant"},
        {"subsidy_rate": "60%"},
        {"pool": 15_500, "supplement": 14_700, "deductible": 9_000, "share": 800},
    ),
}


@pytest.mark.parametrize("name", SHARES)
def test_who_pays_what_to_the_fen(portal: Any, name: str) -> None:
    facts, figures, expected = SHARES[name]
    found = answered(facts, figures)
    assert {share.code: share.amount_fen for share in found.shares} == expected
    assert [share.code for share in found.shares] == list(expected), "funds first, then the person"
    names = {
        "pool": "统筹基金",
        "deductible": "起付标准内",
        "share": "个人按比例负担",
        "refused": "统筹基金不予支付的",
        "beyond": "超过限额",
        "first_self_pay": "先行自付",
        "outside": "政策范围外",
        "supplement": "公务员医疗补助",
    }
    assert [share.name for share in found.shares] == [names[code] for code in expected]


def test_what_a_layer_takes_from_the_account_is_the_account_s() -> None:
    """The rulebooks of the tests have such a layer; the shares are those of the JSON."""
    from types import SimpleNamespace

    from gongji.law.rulebook import provision_kinds
    from gongji.portal.calculation import shares

    def step(payer: str, paid: int, rest: int) -> Any:
        layer = SimpleNamespace(payer=payer)
        return SimpleNamespace(note=SimpleNamespace(layer=layer), paid=paid, rest=rest)

    result: Any = SimpleNamespace(
        steps=[
            step(provision_kinds.ACCOUNT, 3_000, 7_000),
            step(provision_kinds.POOL, 2_000, 1_500),
        ],
        person_fen=8_000,
        total_fen=11_000,
        in_scope_fen=9_000,
        first_self_pay_fen=1_000,
        deductible_fen=700,
        visit=SimpleNamespace(parts={}),
        refusal="",
    )
    assert [(one.code, one.amount_fen) for one in shares(result)] == [
        ("account", 3_000),
        ("pool", 2_000),
        ("deductible", 700),
        ("share", 800),
        ("beyond", 1_500),
        ("first_self_pay", 1_000),
        ("outside", 1_000),
    ]


ROOMS = {
    # name, limit, used after the visit, left after it
    "邵阳 level 3": (
        SHAOYANG | {"in_scope": "1000"},
        {},
        {
            ("起付标准", "各级起付", "三级"): (30_000, 30_000, 0),
            ("起付标准", "年度起付", ""): (30_000, 30_000, 0),
            ("最高支付限额", "普通统筹", ""): (150_000, 42_000, 108_000),
        },
    ),
    "邵阳 after others": (
        SHAOYANG | {"in_scope": "100"},
        {"year_deductible": "200", "level_deductible": "150", "ordinary_paid": "600.01"},
        {
            ("起付标准", "各级起付", "三级"): (30_000, 25_000, 5_000),
            ("起付标准", "年度起付", ""): (30_000, 30_000, 0),
            ("最高支付限额", "普通统筹", ""): (150_000, 60_001, 89_999),
        },
    ),
    "楚雄": (
        CHUXIONG | {"in_scope": "490", "status": "retired"},
        {"ordinary_paid": "1000"},
        {
            # The deductible of a visit begins anew with the next one, and is not listed.
            ("最高支付限额", "普通统筹", ""): (600_000, 122_000, 478_000)
        },
    ),
}


@pytest.mark.parametrize("name", ROOMS)
def test_the_room_is_what_is_left_after_the_visit(portal: Any, name: str) -> None:
    facts, used, expected = ROOMS[name]
    found = answered(facts, used=used)
    rooms = {
        (room.kind, room.meter, room.where): (room.limit_fen, room.used_fen, room.left_fen)
        for room in found.rooms
        if room.meter != "住院统筹"
    }
    assert rooms == expected


def test_more_used_than_the_limit_leaves_nothing_and_not_less(portal: Any) -> None:
    from gongji.portal.calculation import Room

    assert Room("最高支付限额", "普通统筹", "", 150_000, 150_001).left_fen == 0
    assert Room("最高支付限额", "普通统筹", "", 150_000, 149_999).left_fen == 1


def test_the_next_visit_is_another_registration_and_finds_what_this_one_used(portal: Any) -> None:
    # 邵阳: the deductible of the year is borne: 1000 x 60 %.
    assert answered(SHAOYANG | {"in_scope": "1000"}).following.pool_fen == 60_000
    # 1500 - 1440 = 60 are left for the next one, though it would be 600.
    used = {"ordinary_paid": "1020"}
    found = answered(SHAOYANG | {"in_scope": "1000"}, used=used)
    assert (found.result.pool_fen, found.following.pool_fen) == (42_000, 6_000)
    # 楚雄: each visit has its deductible again, one registration only one.
    found = answered(CHUXIONG | {"in_scope": "490", "visit": "甲"})
    assert (found.result.pool_fen, found.following.pool_fen) == (20_000, 20_000)
    assert answered(SHAOYANG | {"in_scope": "1000", "third_party": "true"}).following is None
    # What the documents leave open is not told: 6000 are paid, and the rest is inpatient care.
    found = answered(CHUXIONG | {"in_scope": "10090", "level": "3"}, used={"ordinary_paid": "1000"})
    assert found.result.pool_fen == 500_000 and found.following is None


def test_elsewhere_the_same_visit_is_settled_at_each_kind_of_institution(portal: Any) -> None:
    def told(facts: dict[str, str]) -> list[Any]:
        return [
            (one.level, one.here, one.result.pool_fen if one.result else one.refusal.code)
            for one in answered(facts).elsewhere
        ]

    # 邵阳: 1000 x 70 %, (1000 - 200) x 60 %, (1000 - 300) x 60 %.
    assert told(SHAOYANG | {"in_scope": "1000"}) == [
        ("一级", False, 70_000),
        ("二级", False, 48_000),
        ("三级", True, 42_000),
    ]
    # 攀枝花 第七条: 200 deductible; 60 %, 60 %, 50 %; pharmacies 50 % as level 3.
    facts = {"area": "510400", "date": "2023-02-01", "status": "active", "in_scope": "1000"}
    assert told(facts | {"level": "2"}) == [
        ("一级", False, 48_000),
        ("二级", True, 48_000),
        ("三级", False, 40_000),
        ("药店", False, 40_000),
    ]
    pharmacy = {"institution_kind": "pharmacy", "prescriber_level": "2"}
    assert told(facts | {"level": "", **pharmacy}) == [
        ("一级", False, 48_000),
        ("二级", False, 48_000),
        ("三级", False, 40_000),
        ("药店", True, 40_000),
    ]
    # An Internet hospital counts as its parent; elsewhere has no parent.
    internet = answered(SHAOYANG | {"in_scope": "1000", "level": "1", "parent_level": "3"})
    assert internet.result.pool_fen == 42_000
    assert [one.result.pool_fen for one in internet.elsewhere] == [42_000, 48_000, 42_000]


LEVELS = {
    # level, parent, kind, prescriber -> 邵阳 (by the prescriber), 攀枝花 (a level of its own)
    ("1", "", "hospital", ""): (70_000, 48_000),
    ("2", "", "hospital", ""): (48_000, 48_000),
    ("3", "", "hospital", ""): (42_000, 40_000),
    ("1", "3", "hospital", ""): (42_000, 40_000),
    ("3", "1", "hospital", ""): (70_000, 48_000),
    ("3", "", "hospital", "1"): (42_000, 40_000),
    ("1", "", "pharmacy", "3"): (42_000, 40_000),
    ("3", "", "pharmacy", "1"): (70_000, 40_000),
    ("", "", "pharmacy", "2"): (48_000, 40_000),
    ("", "1", "pharmacy", "3"): (42_000, 40_000),
    ("1", "", "pharmacy", ""): ("no_prescription", "no_prescription"),
}


@pytest.mark.parametrize("case", LEVELS)
def test_the_level_that_counts_at_pharmacies_and_internet_hospitals(portal: Any, case: Any) -> None:
    level, parent, kind, prescriber = case
    facts = {
        "level": level,
        "parent_level": parent,
        "institution_kind": kind,
        "prescriber_level": prescriber,
        "in_scope": "1000",
    }
    areas = (SHAOYANG, {"area": "510400", "date": "2023-02-01", "status": "active"})
    for area, expected in zip(areas, LEVELS[case], strict=True):
        found = answered(area | facts).result
        assert (found.refusal or found.pool_fen) == expected, area["area"]


def page(client: Any, **facts: str) -> Page:
    """The calculator's page for a question."""
    return read(client.get("/", facts))


def test_the_page_shows_each_part_beside_its_name_and_percentage(client: Any) -> None:
    found = page(client, **SHAOYANG, in_scope="4000", total="4321.09")
    shares = next(table for table in found.tables if table[0][0] == "统筹基金")
    assert shares == [
        ["统筹基金", "1,500.00元", "34.7%"],
        ["起付标准内", "300.00元", "7.0%"],
        ["个人按比例负担", "1,000.00元", "23.1%"],
        ["超过限额", "1,200.00元", "27.8%"],
        ["政策范围外", "321.09元", "7.4%"],
        ["总费用", "4,321.09元", ""],
    ]
    assert "统筹基金支付 1,500.00元，个人负担 2,821.09元" in found.text
    assert "补充保障支付" not in found.text
    rooms = next(table for table in found.tables if table[0] == ["标准", "数额", "已用", "还剩"])
    assert rooms[1:] == [
        ["起付标准 各级起付（三级）", "300.00元", "300.00元", "0.00元"],
        ["起付标准 年度起付", "300.00元", "300.00元", "0.00元"],
        ["最高支付限额 普通统筹", "1,500.00元", "1,500.00元", "0.00元"],
    ]
    assert "同样的就诊再来一次：统筹基金支付 0.00元，个人负担 4,321.09元" in found.text
    elsewhere = next(table for table in found.tables if table[0][0] == "机构")
    # 4000 x 70 % and (4000 - 200) x 60 % are above 1500 too.
    assert elsewhere[1:] == [
        ["一级", "1,500.00元", "2,821.09元"],
        ["二级", "1,500.00元", "2,821.09元"],
        ["三级（所选）", "1,500.00元", "2,821.09元"],
    ]


def test_a_refused_visit_says_why_and_who_bears_it(client: Any) -> None:
    other = page(client, **SHAOYANG, in_scope="1000", designated="false")
    assert "医保不报，自己付 1,000.00元" in other.text
    assert "统筹基金不予支付，个人负担 1,000.00元" in other.text.replace(
        "不予支付 ，", "不予支付，"
    )
    # 社会保险法 第三十条第一款（二）: what a third party has to bear is not the person's.
    found = page(client, **SHAOYANG, in_scope="1000", third_party="true")
    assert "医保不报，1,000.00元 由第三人负担" in found.text
    assert "统筹基金不予支付，1,000.00元 由第三人负担" in found.text
    assert "自己付 1,000.00元" not in found.text
    # 邵市政办发〔2022〕22号 第八条: emergency care that goes on to a stay is settled with it.
    joined = SHAOYANG | {"benefit": "emergency"}
    stay = page(client, **joined, in_scope="1000", admitted="true").text
    assert "医保不报，1,000.00元 并入住院费用结算" in stay and "出院时和住院费用一起结算。" in stay
    assert "这种费用统筹基金都不付" not in stay
    assert "下一次" not in found.text
    # Each level refuses for the same: it is said once, and not again for each.
    assert str(Refusal("third_party")) in found.text
    assert not [table for table in found.tables if table[0][0] == "机构"]


def test_a_supplement_is_named_in_the_head_line(client: Any) -> None:
    query = "&".join(f"{name}={text}" for name, text in CHUXIONG.items())
    found = read(client.get(f"/?{query}&in_scope=400&subsidy=civil_servant&set.subsidy_rate=60%25"))
    assert "统筹基金支付 155.00元，补充保障支付 147.00元，个人负担 98.00元" in found.text
    assert "这些数字由你填写，不是文件中的数字：" in found.text
    assert "这些数字由你填写，不是文件中的数字：补助比例" in found.text


def test_links_elsewhere_ask_the_same_there(client: Any) -> None:
    facts = {"area": "510400", "date": "2023-02-01", "status": "active", "in_scope": "1000"}
    found = page(client, **facts, level="2")
    links = {text: href for text, href in found.links if text in ("一级", "三级", "药店")}
    for name, paid in (("一级", "480.00元"), ("三级", "400.00元"), ("药店", "400.00元")):
        there = read(client.get("/" + links[name]))
        assert f"统筹基金支付 {paid}" in there.text, name
        row = next(t for t in there.tables if t[0][0] == "机构")
        assert [f"{name}（所选）", paid] in [one[:2] for one in row]
    same = next(href for text, href in found.links if text == "这一结果的链接")
    assert read(client.get("/" + same)).tables == found.tables


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        ([0, 100], ["0.0%", "100.0%"]),
        ([1, 2], ["33.3%", "66.7%"]),
        ([1, 1999], ["0.1%", "99.9%"]),
        ([1, 2000], ["0.0%", "100.0%"]),
        ([5], ["100.0%"]),
        ([0], ["0.0%"]),
        ([1999, 1], ["100.0%", "0.0%"]),
        ([1234, 8766], ["12.3%", "87.7%"]),
        ([1235, 8765], ["12.4%", "87.6%"]),
        # Rounded one by one these would add up to 100.1 %.
        ([2005, 2005, 5990], ["20.1%", "20.0%", "59.9%"]),
        ([1, 1, 1], ["33.4%", "33.3%", "33.3%"]),
    ],
)
def test_percentages_of_a_bill_add_up_to_a_hundred(
    portal: Any, parts: list[int], shown: list[str]
) -> None:
    from gongji.portal.present import _percents

    assert _percents(parts, sum(parts)) == shown
    tenths = sum(int(one.rstrip("%").replace(".", "")) for one in shown)
    assert tenths == (1000 if sum(parts) else 0)


def test_the_bar_is_as_long_as_the_cost_and_shows_the_smallest_part(portal: Any) -> None:
    from gongji.portal.present import bars

    found = bars(answered(SHAOYANG | {"in_scope": "4000", "total": "4000.01"}))
    assert [(one["code"], one["x"], one["width"], one["fen"]) for one in found] == [
        ("pool", 0, 374, 150_000),
        ("deductible", 374, 75, 30_000),
        ("share", 449, 250, 100_000),
        ("beyond", 699, 300, 120_000),
        ("outside", 999, 2, 1),
    ]
    assert bars(answered(SHAOYANG | {"in_scope": "0"})) == []
    assert show_fen(sum(one["fen"] for one in found)) == "4,000.01"
