"""The pages about the rules against the law: the figures of each area as its articles have them."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from tests.portal.reading import Page, read

import gongji

TEXTS = Path(gongji.__file__).parent / "rulebooks"


def area(client: Any, code: str, day: str) -> Page:
    """The page of an area at a day."""
    return read(client.get(f"/areas/{code}?at={day}"))


def rows(page: Page, kind: str, benefit: int = 0) -> list[list[str]]:
    """The rows of a kind in a benefit's table, without kind and articles."""
    heads = [t for t in page.tables if t and t[0][:2] == ["标准", "条件"]]
    return [row[1:-1] for row in heads[benefit][1:] if row[0].startswith(kind)]


LAW = {
    # 邵市政办发〔2022〕22号 第六条
    ("430500", "2022-11-01"): {
        "levels": ["一级", "二级", "三级"],
        "起付标准": [["", "不设", "200.00 元", "300.00 元"], ["", "300.00 元"]],
        "支付比例": [["", "70%", "60%", "60%"]],
        "最高支付限额": [["在职", "1,500.00 元"], ["退休", "2,000.00 元"]],
    },
    # 湖南省2023年6月1日起门诊统筹标准
    ("430500", "2023-06-01"): {
        "levels": ["一级", "二级", "三级"],
        "起付标准": [
            ["", "不设", "50.00 元", "100.00 元"],
            ["", "不设", "200.00 元", "300.00 元"],
            ["", "300.00 元"],
        ],
        "支付比例": [["", "70%", "60%", "60%"]],
        "最高支付限额": [["在职", "1,500.00 元"], ["退休", "2,000.00 元"]],
    },
    # 攀枝花实施细则 第七条
    ("510400", "2023-01-01"): {
        "levels": ["一级", "二级", "三级", "药店"],
        "起付标准": [["在职", "200.00 元"], ["退休", "150.00 元"]],
        "支付比例": [["在职", "60%", "60%", "50%", "50%"], ["退休", "65%", "65%", "55%", "55%"]],
        "最高支付限额": [["在职", "1,000.00 元"], ["退休", "1,500.00 元"]],
    },
    # 云浮实施细则 第五条; 第六条 is a share of a wage that is not here.
    ("445300", "2022-09-01"): {
        "levels": ["一级", "二级", "三级"],
        "支付比例": [["在职", "60%", "55%", "50%"], ["退休", "70%", "65%", "60%"]],
    },
    # 楚政规〔2022〕2号 第十三条
    ("532300", "2022-07-01"): {
        "levels": ["一级", "二级", "三级"],
        "起付标准": [["", "30.00 元", "60.00 元", "90.00 元"]],
        "支付比例": [["在职", "60%", "55%", "50%"], ["退休", "65%", "60%", "55%"]],
        "最高支付限额": [["", "6,000.00 元"]],
    },
    # 云政办规〔2024〕2号 二（二）
    ("532300", "2024-11-01"): {
        "levels": ["一级", "二级", "三级"],
        "起付标准": [["", "20.00 元", "40.00 元", "60.00 元"]],
        "支付比例": [["在职", "60%", "55%", "50%"], ["退休", "70%", "65%", "60%"]],
        "最高支付限额": [["", "6,000.00 元"]],
    },
    # 临政办规〔2022〕2号: 30, 60, 90
    ("530900", "2023-01-01"): {
        "levels": ["一级", "二级", "三级"],
        "起付标准": [["", "30.00 元", "60.00 元", "90.00 元"]],
    },
}


@pytest.mark.parametrize(("code", "day"), LAW)
def test_ordinary_care_has_the_figures_of_its_article(client: Any, code: str, day: str) -> None:
    page = area(client, code, day)
    expected: dict[str, Any] = dict(LAW[code, day])
    first = next(t for t in page.tables if t and t[0][:2] == ["标准", "条件"])
    assert first[0] == ["标准", "条件", *expected.pop("levels"), "依据"]
    # Where each value has a paragraph of its own, it is named in its cell.
    marks = re.compile(r" ?(存疑：\S+|非官方|邵市政办发〔2022〕22号 第六条（[一二三]）)")
    for kind, figures in expected.items():
        found = [[marks.sub("", cell) for cell in row] for row in rows(page, kind)]
        # What is above the ceiling, and what supplements pay, comes after the benefit's own.
        assert sorted(found[: len(figures)]) == sorted(figures), (kind, found)


def test_the_page_is_of_the_day_asked_for_and_links_to_the_days_of_change(client: Any) -> None:
    page = area(client, "532300", "2024-10-31")
    assert "云南省楚雄彝族自治州的规则 2024-10-31" in page.text
    assert page.fields["at"]["value"] == "2024-10-31"
    days = [(text, href) for text, href in page.links if href == f"?at={text}"]
    assert days == [("2022-07-01", "?at=2022-07-01"), ("2024-11-01", "?at=2024-11-01")]
    assert ("看 2024-11-01 起的规则", "?at=2024-11-01") in page.links
    compared = dict(page.links)["与最早的规则对照"]
    assert compared == "/compare?a=532300@2022-07-01&b=532300@2024-10-31"
    assert "与最早的规则对照" not in dict(area(client, "510400", "2023-01-01").links)
    for wrong in ("2022-06-30", "x"):
        answer = client.get(f"/areas/532300?at={wrong}")
        assert answer.status_code == 404
        told = read(answer)
        assert told.fields["at"]["value"] == wrong and told.fields["at"]["aria-invalid"] == "true"
        assert not [t for t in told.tables if t]


CURVE = {
    # 邵阳: 1500 in work and 2000 retired; 70 % at level 1, (cost - 200 or 300) x 60 %.
    "在职，一级": ["140.00", "350.00", "700.00", "1,400.00", "1,500.00", "1,500.00", "1,500.00"],
    "在职，二级": ["0.00", "180.00", "480.00", "1,080.00", "1,500.00", "1,500.00", "1,500.00"],
    "在职，三级": ["0.00", "120.00", "420.00", "1,020.00", "1,500.00", "1,500.00", "1,500.00"],
    "退休，一级": ["140.00", "350.00", "700.00", "1,400.00", "2,000.00", "2,000.00", "2,000.00"],
    "退休，二级": ["0.00", "180.00", "480.00", "1,080.00", "2,000.00", "2,000.00", "2,000.00"],
    "退休，三级": ["0.00", "120.00", "420.00", "1,020.00", "2,000.00", "2,000.00", "2,000.00"],
}


def payments(page: Page, number: int = 0) -> dict[str, list[str]]:
    """The numbers of the curves by status and level, for one benefit after the other."""
    tables = [table for table in page.tables if table and table[0][0] == "费用"]
    found = {}
    for status, table in zip(("在职", "退休"), tables[2 * number :], strict=False):
        for column, level in enumerate(table[0][1:], start=1):
            found[f"{status}，{level}"] = [row[column] for row in table[1:]]
    return found


COSTS = ["200", "500", "800", "1,000", "2,000", "3,000", "5,000", "10,000", "20,000"]


def test_the_curve_in_numbers_is_that_of_a_first_visit(client: Any) -> None:
    page = area(client, "430500", "2023-02-01")
    table = next(t for t in page.tables if t and t[0][0] == "费用")
    assert [row[0] for row in table[1:]] == COSTS
    found = payments(page)
    asked = [COSTS.index(c) for c in ("200", "500", "1,000", "2,000", "5,000", "10,000", "20,000")]
    assert {name: [line[at] for at in asked] for name, line in found.items()} == CURVE
    # 800 at level 2: (800 - 200) x 60 %.
    assert found["退休，二级"][COSTS.index("800")] == "360.00"
    # What the documents leave open has no number: 6000 of 楚雄 and then inpatient care.
    line = payments(area(client, "532300", "2023-02-01"))["在职，一级"]
    # (20000 - 30) x 60 % passes the ceiling; (10000 - 30) x 60 % = 5982.
    expected = ["102.00", "282.00", "582.00", "1,182.00", "2,982.00", "5,982.00", "—"]
    assert [line[at] for at in asked] == expected


def test_an_open_ceiling_leaves_a_bound_and_no_picture(client: Any) -> None:
    answer = client.get("/areas/445300?at=2023-02-01").content.decode()
    found = payments(read(answer))
    # 云浮 第五条: 800 x 55 % at level 2, 65 % for the retired; 第六条's ceiling is not published.
    assert found["在职，二级"][COSTS.index("800")] == "≤440.00"
    assert found["退休，二级"][COSTS.index("800")] == "≤520.00"
    assert found["退休，二级"][COSTS.index("5,000")] == "—"
    assert 'class="curve"' not in answer and "“≤”：至多" in answer


def test_what_the_pool_does_not_pay_stands_with_its_article(client: Any) -> None:
    text = area(client, "430500", "2023-02-01").text
    for reason, article in (("应当由第三人负担", "第七条（五）"), ("公共卫生", "第七条（六）")):
        assert reason in text and f"邵市政办发〔2022〕22号 {article}" in text
    page = client.get("/areas/430500?at=2023-02-01", headers={"accept-language": "en"})
    assert "a third party is liable for the cost" in page.content.decode()


def test_sections_that_are_no_benefits_are_told_in_the_law_s_own_words(client: Any) -> None:
    page = client.get("/areas/430500?at=2023-02-01").content.decode()
    (credits,) = re.findall(r"个人账户的计入</h3>(.*?)</details>", page, re.DOTALL)
    told = re.findall(r"<dt>(\S+?)(?: <small>.*?</small>)?</dt><dd>(\S+)", credits)
    assert {("退休人员", "75元"), ("在职人员", "2%")} <= set(told), told
    assert credits.count("第十一条") == credits.count("<dt>")
    assert "个人账户的计入" in page and "个人账户的用途" in page
    links = [href for text, href in read(page).links if "第十一条" in text]
    assert links and set(links) == {"/texts/430500/2022-11-01#%E7%AC%AC%E5%8D%81%E4%B8%80%E6%9D%A1"}


def saved(client: Any, query: str) -> list[list[str]]:
    """The rows of a comparison as a spreadsheet opens it, without those of people."""
    answer = client.get(f"/compare?{query}&format=csv")
    assert answer["Content-Type"].startswith("text/csv")
    text = answer.content.decode()
    assert text.startswith("\ufeff")
    return [row for row in csv.reader(io.StringIO(text[1:])) if row[1] != "这样的人报多少"]


BOTH = "a=532300@2024-10-31&b=532300@2024-11-01"


def test_a_comparison_puts_each_side_in_its_own_column(client: Any) -> None:
    table = saved(client, BOTH)
    left, right = "云南省楚雄彝族自治州 2024-10-31", "云南省楚雄彝族自治州 2024-11-01"
    assert table[0][:4] == ["异同", "规定", "内容", "条件"]
    assert table[0][4:] == [left, f"{left} 依据", right, f"{right} 依据"]
    ours = [row for row in table[1:] if row[1] == "普通门诊" and "起付标准" in row[2]]
    level = {row[3].partition("医院级别：")[2][:2]: row for row in ours if "医院级别" in row[3]}
    for name, before, after in (("一级", "30", "20"), ("二级", "60", "40"), ("三级", "90", "60")):
        mark, left, articles, right, more = level[name][0], *level[name][4:]
        assert mark == "≠" and left == f"{before}.00 元" and right == f"{after}.00 元", level[name]
        assert "第十三条" in articles and "二（二）" in more
    marks = {row[0] for row in table[1:]}
    assert marks <= {"≠", "－", "＋", "＝", ""} and len(marks) == 4, marks
    page = read(client.get(f"/compare?{BOTH}"))
    counts = re.search(r"不同 (\d+) 项，相同 (\d+) 项", page.text)
    assert counts
    different = [row for row in table[1:] if row[0] in ("≠", "－", "＋")]
    assert int(counts[1]) == len(different)
    assert int(counts[2]) == len(table) - 1 - len(different)
    for row in table[1:]:
        left, right = row[4] != "", row[6] != ""
        if row[0] == "－":
            assert left and not right
        if row[0] == "＋":
            assert right and not left
    # Two days of one area stand in the order of time.
    assert saved(client, "a=532300@2024-11-01&b=532300@2024-10-31") == table


def test_two_areas_the_other_way_round_change_their_places(client: Any) -> None:
    one, other = (
        [row for row in saved(client, given)[1:] if row[0] in ("≠", "－", "＋")]
        for given in (
            "a=532300@2024-10-31&b=430500@2024-10-31",
            "a=430500@2024-10-31&b=532300@2024-10-31",
        )
    )
    swapped = {"－": "＋", "＋": "－", "≠": "≠"}
    # Names and conditions are worded as the first has them; figures and articles are the same.
    back = [[swapped[row[0]], *row[6:], *row[4:6]] for row in other]
    assert len(one) > 50 and sorted(back) == sorted([row[0], *row[4:]] for row in one)


def test_old_and_new_stand_together_in_small_grids(client: Any) -> None:
    page = read(client.get(f"/compare?{BOTH}"))
    deductibles, rates = page.tables[:2]
    assert deductibles == [
        ["一级", "30 元 →改为 20 元"],
        ["二级", "60 元 →改为 40 元"],
        ["三级", "90 元 →改为 60 元"],
    ]
    # What is equal stands once; only the retired gained.
    assert rates == [
        ["级别", "在职", "退休"],
        ["一级", "60%", "65% →改为 70%"],
        ["二级", "55%", "60% →改为 65%"],
        ["三级", "50%", "55% →改为 60%"],
    ]
    links = dict(page.links)
    assert links["30 元"].startswith("/texts/532300/2022-07-01#")
    assert links["20 元"].startswith("/texts/530000/2024-11-01#")
    every = read(client.get(f"/compare?{BOTH}&all=1"))
    assert ["各级", "6,000 元"] in [row for table in every.tables for row in table]
    assert ["各级", "6,000 元"] not in [row for table in page.tables for row in table]


def test_the_form_of_a_comparison_says_what_is_compared(client: Any) -> None:
    page = read(client.get("/compare?a_area=510400&a_date=2023-01-01&b=445300@2023-02-01&all=1"))
    given = {n: page.fields[n]["value"] for n in ("a_area", "a_date", "b_area", "b_date", "all")}
    assert given == {
        "a_area": "510400",
        "a_date": "2023-01-01",
        "b_area": "445300",
        "b_date": "2023-02-01",
        "all": "1",
    }
    wrong = client.get("/compare?a=510400@x&b=445300@2026-01-01").content.decode()
    assert re.search(r'id="e-a_date">[^<]*x[^<]*<', wrong)
    assert re.search(r'id="e-b_date">[^<]*2026-01-01[^<]*445300', wrong)


def test_a_text_is_shown_whole_article_by_article(client: Any) -> None:
    page = client.get("/texts/532300/2022-07-01").content.decode()
    source = (TEXTS / "530000/532300/texts/2022-07-01.md").read_text("utf-8")
    names = re.findall(r"^### (第\S+条)", source, re.MULTILINE)
    assert re.findall(r'<section class="article" id="([^"]+)"', page) == names and len(names) > 30
    for line in source.split("\n"):
        if line.strip() and not line.startswith("#"):
            assert line.strip() in page.replace("&quot;", '"'), line
    chapters = re.findall(r"^## (\S+)", source, re.MULTILINE)
    assert [found.split("　")[0] for found in re.findall(r"<h2>([^<]+)</h2>", page)] == chapters
    assert "原文未收录" not in page
    retold = client.get("/texts/430500/2023-06-01").content.decode()
    assert "原文未收录" in retold and "<mark>非官方</mark>" in retold


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("第六条", "第六条"),
        ("第六条（一）", "第六条"),
        ("第六条第二款", "第六条"),
        ("第六十条", None),
        ("六", None),
    ],
)
def test_an_article_is_found_by_what_a_citation_begins_with(
    client: Any, named: str, found: str | None
) -> None:
    answer = client.get(f"/texts/430500/2022-11-01/{named}")
    assert answer.status_code == (200 if found else 404)
    if found:
        page = answer.content.decode()
        assert f"<h2>{found}" in page and "1500元" in page.replace(" ", "")
        assert page.count("<h2>") == 1 and "〔规则〕" in page


@pytest.mark.parametrize(
    "path",
    [
        "/texts/430500/2022-11-02",
        "/texts/999999/2022-11-01",
        "/texts/430500/x",
        "/texts/430500/2022-07-01",
        "/texts/430500/2022-11-02/第六条",
        "/areas/430500/curve.svg?at=x",
        "/areas/999999/curve.svg",
        "/areas/430500/curve.svg?at=2023-02-01&benefit=普通门诊",
    ],
)
def test_what_does_not_exist_is_told(client: Any, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_curve_is_of_its_benefit_its_day_and_its_area(client: Any) -> None:
    def drawn(query: str, code: str = "430500") -> str:
        return str(client.get(f"/areas/{code}/curve.svg?{query}").content.decode())

    plain = drawn("at=2023-02-01")
    assert plain == drawn("at=2023-02-01&benefit=ordinary") and "普通门诊" in plain
    assert "湖南省邵阳市" in plain and "2023-02-01" in plain and "邵市政办发〔2022〕22号" in plain
    later = drawn("at=2023-06-01")
    assert later != plain and "2023-06-01" in later
    assert "四川省攀枝花市" in drawn("at=2023-02-01", "510400")
    assert plain.lstrip().startswith("<?xml") and "<script" not in plain
