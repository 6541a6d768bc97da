"""The pages about the rules in plain words of one language: first table, states, open figures."""

import csv
import html
import io
import re
from typing import Any

import pytest
from tests.portal.reading import Page, read

from gongji.law.engine.areas import Areas
from gongji.law.report.compare import WORKED_OUT
from gongji.law.report.law_figures import figures
from gongji.law.rulebook import provision_kinds

CHINESE = re.compile("[\u3400-\u9fff]")
LATIN = re.compile(r"[A-Za-z][A-Za-z_.]*")
ENGLISH = {"accept-language": "en"}
TODAY = "2026-11-30T04:00+00:00"
AREAS = {area.code: area for area in Areas().every({})}
PAGES = [
    "/areas",
    *(f"/areas/{code}" for code in AREAS),
    "/areas/532300?at=2023-02-01",
    "/areas/430500?at=2001-01-01",
    "/compare",
    "/compare?a=532300@2024-10-31&b=532300@2024-11-01&all=1",
    "/compare?a=532300@2025-11-01&b=430500@2025-11-01&all=1",
    "/compare?a=445300@2025-12-31&b=510400@2026-01-01&all=1",
    "/compare?a=430500@x&b=532300@2001-01-01",
    "/compare?mode=all",
    "/compare?mode=all&status=active&level=3&cost=20000&at=2023-02-01",
]


def main_of(page: str) -> str:
    """What stands between the head and the foot of a page."""
    return page.partition("<main")[2].partition(">")[2].partition("</main>")[0]


@pytest.mark.parametrize("path", PAGES)
def test_a_chinese_page_has_no_key_of_programs(client: Any, path: str) -> None:
    shown = read(main_of(client.get(path).content.decode())).text
    assert not [word for word in LATIN.findall(shown) if len(word) > 1]
    assert "--" not in shown and "未定" not in shown
    codes = [code for code in AREAS if re.search(rf"(?<!\d){code}(?!\d)", shown)]
    # A refusal may name the code that a link gave, beside the area's name.
    assert not [code for code in codes if "2001" not in path]


@pytest.mark.parametrize("path", PAGES)
def test_an_english_page_has_chinese_only_in_names_of_documents(client: Any, path: str) -> None:
    from gongji.portal.english_provisions import NUMBERS, TITLES

    page = main_of(client.get(path, headers=ENGLISH).content.decode())
    named = re.findall(r'<(\w+)[^>]*lang="zh-Hans"[^>]*>([^<]*)</\1>', page)
    for _, text in named:
        name = html.unescape(text)
        assert name in TITLES or name in NUMBERS, name
        assert name not in TITLES or f"<span>{html.escape(TITLES[name])}</span>" in page
    left = re.sub(r'<(\w+)[^>]*lang="zh-Hans"[^>]*>[^<]*</\1>', "", page)
    # What a title says to a mouse and a label to a screen reader is text too.
    assert not re.findall("[^<>]*[\u3400-\u9fff][^<>]*", left)


def test_every_word_of_the_shipped_rulebooks_is_known_in_english() -> None:
    from gongji.portal import english_provisions as english

    unknown = set()
    for area in AREAS.values():
        for law in area.laws:
            said = [figure for figure in figures(law) if figure.section not in WORKED_OUT]
            for one in said:
                texts = (one.name, one.item, one.text, *(t for pair in one.where for t in pair))
                unknown.update(text for text in texts if CHINESE.search(english.words(text)))
                label = f"{one.document} {one.article}"
                unknown.update([label] if CHINESE.search(english.cited(label)) else [])
            for provision in law.all(provision_kinds.Parameter).values():
                unknown.update({provision.value.note} - english.NOTES.keys())
            notes = [one.value.note for one in law.all(provision_kinds.Meter).values()]
            unknown.update(note for note in notes if CHINESE.search(english.words(note)))
            for book in law.books:
                unknown.update({book.head.title} - english.TITLES.keys())
                for name, doubt in book.doubts.items():
                    told = (name, doubt.question, doubt.reading, doubt.other, doubt.reason)
                    unknown.update(text for text in told if CHINESE.search(english.words(text)))
    assert not unknown


ARTICLES = {
    "楚政规〔2022〕2号 第十三条第三款": "Chuxiong Government Rule [2022] No. 2 art. 13 para. 3",
    "邵市政办发〔2022〕22号 第六条（一）（二）": (
        "Shaoyang Government Office [2022] No. 22 art. 6 (1) (2)"
    ),
    "双江自治县政策解读 二（二）": "Shuangjiang County, explanation of the policy II (2)",
    "楚政规〔2022〕2号 第十五条、第十七条至第十九条": (
        "Chuxiong Government Rule [2022] No. 2 art. 15, art. 17 to art. 19"
    ),
    "某市某文 第二十三条": "某市某文 art. 23",
}


@pytest.mark.parametrize("label", ARTICLES)
def test_an_article_is_cited_in_english(label: str) -> None:
    from gongji.portal.english_provisions import cited

    assert cited(label) == ARTICLES[label]


def first_table(page: Page) -> list[list[str]]:
    """The first table of an area's page."""
    (table,) = [t for t in page.tables if t and t[0][0] in ("去哪里看病", "Where")]
    return table


OVERVIEWS = {
    # 云政办规〔2024〕2号 二（二）
    "/areas/532300?at=2024-12-01": [
        ["社区、卫生院（一级）", "0.60 元 起付线 每次 20 元", "0.70 元 起付线 每次 20 元"],
        ["县医院（二级）", "0.55 元 起付线 每次 40 元", "0.65 元 起付线 每次 40 元"],
        ["市州医院（三级）", "0.50 元 起付线 每次 60 元", "0.60 元 起付线 每次 60 元"],
        ["药店", "凭处方，与开处方的医院一样"],
        ["最多报", "一年 6,000 元"],
    ],
    # 湖南省2023年6月1日起门诊统筹标准
    "/areas/430500?at=2023-06-01": [
        ["社区、卫生院（一级）", "0.70 元 不设起付线"],
        ["县医院（二级）", "0.60 元 起付线 每次 50 元、一年 200 元"],
        ["市州医院（三级）", "0.60 元 起付线 每次 100 元、一年 300 元"],
        ["药店", "凭处方，与开处方的医院一样"],
        ["各级起付线合计，最多扣", "一年 300 元"],
        ["最多报", "一年 1,500 元", "一年 2,000 元"],
    ],
    # 攀枝花实施细则 第七条
    "/areas/510400?at=2023-02-01": [
        ["社区、卫生院（一级）", "0.60 元 起付线 一年 200 元", "0.65 元 起付线 一年 150 元"],
        ["县医院（二级）", "0.60 元 起付线 一年 200 元", "0.65 元 起付线 一年 150 元"],
        ["市州医院（三级）", "0.50 元 起付线 一年 200 元", "0.55 元 起付线 一年 150 元"],
        ["药店", "0.50 元 起付线 一年 200 元", "0.55 元 起付线 一年 150 元"],
        ["最多报", "一年 1,000 元", "一年 1,500 元"],
    ],
    # 云浮实施细则 第五条、第六条: a pharmacy sells dual-channel drugs only.
    "/areas/445300?at=2023-02-01": [
        ["社区、卫生院（一级）", "0.60 元 不设起付线", "0.70 元 不设起付线"],
        ["县医院（二级）", "0.55 元 不设起付线", "0.65 元 不设起付线"],
        ["市州医院（三级）", "0.50 元 不设起付线", "0.60 元 不设起付线"],
        ["最多报", "一年 尚未公布"],
    ],
}


@pytest.mark.parametrize("path", OVERVIEWS)
def test_the_first_table_says_what_comes_back_of_one_yuan(client: Any, path: str) -> None:
    page = client.get(path).content.decode()
    assert first_table(read(page)) == [["去哪里看病", "在职", "退休"], *OVERVIEWS[path]]
    table = page.partition("<table")[2].partition("</table>")[0]
    assert "去哪里看病" in table and table.count('class="fig cite"') >= 4


def test_the_first_table_is_in_english_too(client: Any) -> None:
    page = read(client.get("/areas/532300?at=2024-12-01", headers=ENGLISH))
    assert first_table(page)[0] == ["Where", "in work", "retired"]
    assert first_table(page)[2] == [
        "County hospital (level 2)",
        "¥0.55 deductible each visit ¥40",
        "¥0.65 deductible each visit ¥40",
    ]


STATES = {
    "/areas/532300": "现行有效",
    "/areas/510400": "现行有效，有效期至 2027-12-31",
    "/areas/445300": "已经失效：最后一天是 2025-12-31；之后的规则这里没有",
    "/areas/532300?at=2024-10-31": "已经失效：最后一天是 2024-10-31，次日起有新的规则",
    "/areas/430500?at=2027-06-01": "现行有效",
}


@pytest.mark.parametrize("path", STATES)
def test_what_is_not_in_force_is_said_with_its_last_day(client: Any, clock: Any, path: str) -> None:
    clock(TODAY)
    page = client.get(path).content.decode()
    banner = page.partition('<p class="banner')[2].partition("</p>")[0]
    assert f">{STATES[path]}</span>" in banner, banner
    listed = read(client.get("/areas")).text
    assert "已经失效：最后一天是 2025-12-31" in listed and listed.count("现行有效") == 5
    clock("2022-06-01T04:00+00:00")
    page = client.get("/areas/532300?at=2022-07-01").content.decode()
    assert "自 2022-07-01 起施行，今天还没有生效" in page


def test_a_day_outside_the_rules_offers_their_last_day(client: Any, clock: Any) -> None:
    clock(TODAY)
    page = read(client.get("/areas/445300?at=2026-05-01"))
    assert ("看规则有效的最后一天：2025-12-31", "?at=2025-12-31") in page.links
    page = read(client.get("/compare?a=445300@2026-05-01&b=532300@2026-05-01"))
    wanted = "/compare?a=445300@2025-12-31&b=532300@2026-05-01"
    (offered,) = [href for text, href in page.links if text.startswith("看规则有效的最后一天")]
    assert f"/compare{offered}" == wanted
    # Before the rules it is their first day, wherever a day is asked for.
    page = read(client.get("/areas/445300?at=2001-01-01"))
    assert ("看规则有效的第一天：2022-09-01", "?at=2022-09-01") in page.links
    answer = client.get("/compare?a=445300@2001-01-01&b=999999@2026-05-01").content.decode()
    assert "看规则有效的第一天：2022-09-01" in answer
    wrong = re.search(r'id="e-b_area">([^<]*)<', answer)
    assert wrong and "没有统筹区 999999" in wrong[1] and 'id="e-b_date"></p>' in answer
    shown = read(client.get(wanted)).text
    assert (
        "已经失效：最后一天是 2025-12-31" in shown
        and "取决于尚未公布的：城镇在岗职工年平均工资" in shown
    )


def test_open_figures_stand_once_with_who_gives_them(client: Any) -> None:
    page = client.get("/areas/532300?at=2024-12-01").content.decode()
    (open_figures,) = re.findall(r'id="open">(.*?)</section>', page, re.DOTALL)
    names = re.findall(r"<dt>(\S+?)(?: <small>|</dt>)", open_figures)
    assert names == [
        "住院起付标准",
        "住院支付比例",
        "住院年度最高支付限额",
        "补助比例",
        "退休划入比例",
        "退休划入基数",
    ]
    assert "各级定点医疗机构住院支付比例，住院文件另定" in open_figures
    assert open_figures.count('class="cite"') == len(names)
    # A subsidy's rate stands under its own heading and not under each benefit.
    rest = page.replace(open_figures, "")
    assert rest.count("公务员医疗补助<") == 1


def test_a_level_that_is_never_paid_has_no_column(client: Any) -> None:
    page = read(client.get("/areas/532300?at=2023-02-01"))
    tables = [t for t in page.tables if t and t[0][:2] == ["标准", "条件"]]
    for table in tables:
        shown = [row for row in table[1:] if "特殊病" in row[0] or "谈判药" in row[0]]
        assert not shown or "一级" not in table[0]
    assert "一级 不予支付" in page.text
    # Neither has it a line where laws are compared.
    page = client.get("/compare?a=532300@2024-10-31&b=532300@2024-11-01&all=1").content.decode()
    special = page.partition("<h3>特殊病</h3>")[2].partition("</details>")[0]
    assert "支付比例" in special and not re.search(r"<th scope=\"row\">[^<]*一级", special)


def csv_of(client: Any, query: str, **more: Any) -> list[list[str]]:
    """A comparison as a spreadsheet opens it."""
    text = client.get(f"/compare?{query}&format=csv", **more).content.decode()
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))


BOTH = "a=532300@2024-10-31&b=532300@2024-11-01"
PEOPLE = {
    # Of 800 at level 2: (800 - 60) x 60 % before, (800 - 40) x 65 % since.
    "退休、县医院（二级）、800 元": ("444 元", "494 元"),
    # (800 - 60) x 55 %, (800 - 40) x 55 %
    "在职、县医院（二级）、800 元": ("407 元", "418 元"),
    # (200 - 30) x 65 %, (200 - 20) x 70 %
    "退休、社区、卫生院（一级）、200 元": ("110.50 元", "126 元"),
    # (3000 - 90) x 50 %, (3000 - 60) x 50 %
    "在职、市州医院（三级）、3,000 元": ("1,455 元", "1,470 元"),
    # (3000 - 90) x 55 %, (3000 - 60) x 60 %
    "退休、市州医院（三级）、3,000 元": ("1,600.50 元", "1,764 元"),
    # By the prescriber, as at level 1.
    "退休、药店（凭处方）、200 元": ("110.50 元", "126 元"),
    # Ten times 444 and 494, below 6,000.
    "退休、县医院（二级）、一年 10 次、每次 800 元": ("4,440 元", "4,940 元"),
}


def test_a_comparison_leads_with_people(client: Any) -> None:
    rows = [row for row in csv_of(client, BOTH) if row[1] == "这样的人报多少"]
    assert {row[2]: (row[4], row[6]) for row in rows} == PEOPLE
    page = client.get(f"/compare?{BOTH}").content.decode()
    text = read(page).text
    assert text.index("退休、县医院（二级）、800 元") < text.index("哪些规定不同")
    assert "444 元 →改为 494 元 多报 50 元" in text
    # Each amount is the calculator's own answer to the question it links to.
    links = re.findall(r'<a href="(/\?[^"]+)">(?:444|494) 元</a>', page)
    assert len(links) == 2
    for link, paid in zip(links, ("444.00", "494.00"), strict=True):
        assert f"{paid}元" in client.get(html.unescape(link)).content.decode()


def test_two_days_stand_in_the_order_of_time_and_one_law_is_no_reform(client: Any) -> None:
    turned = "a=532300@2024-11-01&b=532300@2024-10-31"
    assert csv_of(client, turned) == csv_of(client, BOTH)
    page = read(client.get(f"/compare?{turned}"))
    assert "改革前 云南省楚雄彝族自治州 2024-10-31" in page.text.replace("改革前云", "改革前 云")
    assert "左右对调" not in [text for text, _ in page.links]
    same = read(client.get("/compare?a=532300@2023-01-01&b=532300@2023-02-01")).text
    assert "这两天的规则一样" in same and "改革" not in same


def test_two_areas_are_compared_by_the_same_people(client: Any) -> None:
    rows = csv_of(client, "a=532300@2025-11-01&b=430500@2025-11-01")
    people = {row[2]: (row[4], row[6]) for row in rows if row[1] == "这样的人报多少"}
    # 邵阳: (800 - 50) x 60 %; of ten visits 200 in all are deducted, and 2,000 is the ceiling.
    assert people["退休、县医院（二级）、800 元"] == ("494 元", "450 元")
    assert people["退休、县医院（二级）、一年 10 次、每次 800 元"] == ("4,940 元", "2,000 元")
    turned = csv_of(client, "a=430500@2025-11-01&b=532300@2025-11-01")
    assert {row[2]: (row[6], row[4]) for row in turned if row[1] == "这样的人报多少"} == people


def test_a_table_in_english_has_no_chinese_but_names_of_documents(client: Any) -> None:
    for query in (BOTH, "a=532300@2025-11-01&b=430500@2025-11-01"):
        rows = csv_of(client, query, headers=ENGLISH)
        assert not [cell for row in rows for cell in row if CHINESE.search(cell)]
        assert [row for row in rows if row[2] == "Retired, county hospital (level 2), ¥800"]


def test_every_area_for_one_person_on_one_scale(client: Any, clock: Any) -> None:
    clock(TODAY)
    answer = client.get("/compare?mode=all&status=retired&level=2&cost=800元")
    page = read(answer)
    table = next(t for t in page.tables if t and t[0][0] == "统筹区")
    assert {row[0]: row[1:] for row in table[1:]} == {
        "湖南省邵阳市": ["450 元", "350 元"],
        # 800 x 65 %, within a ceiling that nobody published.
        "广东省云浮市": ["最多 520 元", "—"],
        # (800 - 150) x 65 %
        "四川省攀枝花市": ["422.50 元", "377.50 元"],
        "云南省": ["494 元", "306 元"],
        "云南省临沧市": ["494 元", "306 元"],
        "云南省楚雄彝族自治州": ["494 元", "306 元"],
    }
    assert "按 2025-12-31 的规则。" in page.text and "前提：选定机构" in page.text
    drawn = answer.content.decode()
    assert drawn.count('<svg class="small" viewBox="0 0 1600 960"') == 5
    # 800 of 3,000 along 1,600, 494 of 3,000 up 960.
    assert 'cx="426" cy="802"' in drawn
    assert '<polyline class="paid" points="0,960 ' in drawn


def test_every_area_is_shown_by_its_law_of_the_day(client: Any, clock: Any) -> None:
    clock(TODAY)
    page = read(client.get("/compare?mode=all&status=retired&level=2&cost=800&at=2024-05-01"))
    table = next(t for t in page.tables if t and t[0][0] == "统筹区")
    paid = {row[0]: row[1] for row in table[1:]}
    # (800 - 60) x 60 %, and the province's own rules began later: those of their first day.
    assert paid["云南省楚雄彝族自治州"] == "444 元" and paid["云南省"] == "494 元"
    assert "按 2024-05-01 的规则。" in page.text and "按 2024-11-01 的规则。" in page.text


@pytest.mark.parametrize(
    ("name", "typed", "told"),
    [
        ("cost", "0", "总费用应大于 0、不超过 100000 元，不能是 0"),
        ("cost", "1千2", "总费用：“1千2”不是金额"),
        ("at", "2023-02-29", "日期 的值 2023-02-29 无法识别：没有这一天"),
    ],
)
def test_a_wrong_question_about_every_area_stays_in_its_field(
    client: Any, name: str, typed: str, told: str
) -> None:
    page = read(client.get("/compare", {"mode": "all", name: typed}))
    assert page.fields[name]["value"] == typed and told in page.text


ODD = ["", "x", "-1", "0", "99999999999", "٣", "\x00", "1e9", "0001-01-01", "9999-12-31", "800元"]


@pytest.mark.parametrize("odd", ODD)
def test_odd_questions_about_every_area_have_an_answer(client: Any, odd: str) -> None:
    for name in ("mode", "status", "level", "cost", "at"):
        given = {"mode": "all", name: odd}
        assert client.get("/compare", given).status_code == 200
    assert client.get("/compare", {"a": odd, "b": odd, "format": "csv"}).status_code == 200
    assert client.get("/areas/532300/curve.svg", {"reach": odd or "far"}).status_code == 404
