"""My pages figure by figure: columns, signs, order, dates; nobody's records but one's own."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.portal import neighbours, people
from tests.portal.conftest import sign_in
from tests.portal.neighbours import Neighbours
from tests.portal.reading import Page, read


@pytest.fixture(scope="module")
def street(family_template: tuple[str, Any]) -> Iterator[tuple[str, Neighbours]]:
    """A database with the neighbours in it, for all tests of this file."""
    with people.copy_of(family_template[0]) as made:
        yield made, neighbours.move_in(made)


@pytest.fixture
def pages_database(street: tuple[str, Neighbours]) -> Iterator[str]:
    """The pages show that database."""
    before = people.facts_kept(street[0])
    yield street[0]
    people.forget_visitors(street[0])
    assert people.facts_kept(street[0]) == before


@pytest.fixture
def known(street: tuple[str, Neighbours]) -> Neighbours:
    """Who lives there."""
    return street[1]


@pytest.fixture
def duan(client: Any, known: Neighbours, clock: Any) -> Any:
    """段誉, signed in at ten in the morning of 2025-01-02."""
    clock("2025-01-02T02:00:00+00:00")
    sign_in(client, known.duan)
    return client


ROWS = [
    [
        *("2024-02-10", "鹿城镇卫生院", "结算 普通门诊", "130.00元", "60.00元", "0.00元"),
        *("0.00元", "0.00元", "70.00元"),
    ],
    [
        *("2024-04-01", "鹿城镇卫生院", "撤销结算 普通门诊", "-230.00元", "-120.00元", "0.00元"),
        *("0.00元", "-80.00元", "-30.00元"),
    ],
    [
        *("2024-04-01", "鹿城镇卫生院", "结算 普通门诊 已撤销", "230.00元", "120.00元", "0.00元"),
        *("0.00元", "80.00元", "30.00元"),
    ],
    [
        *("2024-03-05", "楚雄州人民医院", "结算 普通门诊", "420.00元", "155.00元", "0.00元"),
        *("150.00元", "0.00元", "115.00元"),
    ],
    [
        *("2024-03-01", "鹿城镇卫生院", "结算 普通门诊", "80.00元", "30.00元", "0.00元"),
        *("50.00元", "0.00元", "0.00元"),
    ],
]
"""Each entry in the list: late, taken_back, family, large, small."""
HEADS = [
    *("日期", "机构", "事项", "总费用", "统筹支付", "补充保障", "个人账户", "家人的账户"),
    "现金",
]


def test_what_each_pays_adds_up_to_the_total() -> None:
    for row in ROWS:
        total, *parts = (int(cell.removesuffix("元").replace(".", "")) for cell in row[3:])
        assert total == sum(parts), row


def by_number(known: Neighbours) -> list[list[str]]:
    """The rows in the order of the entries' numbers, the last first."""
    numbers = [known.late, known.taken_back, known.family, known.large, known.small]
    order = sorted(range(len(numbers)), key=lambda place: -numbers[place])
    return [ROWS[place] for place in order]


def test_settlements_are_listed_with_every_amount_the_latest_first(
    duan: Any, known: Neighbours
) -> None:
    page = read(duan.get("/me/settlements"))
    assert page.tables == [[HEADS, *by_number(known)]]
    links = [href for text, href in page.links if text.startswith("2024-")]
    numbers = (known.late, known.taken_back, known.family, known.large, known.small)
    assert links == [f"/me/settlements/{n}" for n in sorted(numbers, reverse=True)]


def test_the_overview_says_balance_meter_and_the_last_settlements(
    duan: Any, known: Neighbours
) -> None:
    tables = read(duan.get("/me")).tables
    assert [["个人账户", "0.00元"]] in tables
    # 30.00 + 155.00 + 60.00; what was taken back counts no more, the deductible is each visit's.
    assert [["期间", "累计项目", "已用"], ["2024", "普通统筹", "245.00元"]] in tables
    assert [HEADS, *by_number(known)] in tables


AMOUNTS = {
    "small": [("统筹支付", "30.00元"), ("个人账户", "50.00元"), ("现金", "0.00元")],
    "large": [("统筹支付", "155.00元"), ("个人账户", "150.00元"), ("现金", "115.00元")],
    "family": [
        *(("统筹支付", "120.00元"), ("个人账户", "0.00元")),
        *(("木*（配偶）的账户", "80.00元"), ("现金", "30.00元")),
    ],
    "taken_back": [
        *(("统筹支付", "-120.00元"), ("个人账户", "0.00元")),
        *(("木*（配偶）的账户", "-80.00元"), ("现金", "-30.00元")),
    ],
    "late": [("统筹支付", "60.00元"), ("个人账户", "0.00元"), ("现金", "70.00元")],
}
"""Who paid what; a fund that paid nothing has no row."""
COSTS = {
    "small": ("80.00元", "80.00元"),
    "large": ("420.00元", "400.00元"),
    "family": ("230.00元", "230.00元"),
    "taken_back": ("-230.00元", "-230.00元"),
    "late": ("130.00元", "130.00元"),
}
"""The total and what of it is in scope."""


def costs_and_payers(name: str) -> list[list[list[str]]]:
    """The two tables of a settlement."""
    total, in_scope = COSTS[name]
    paid = [*([a, b] for a, b in AMOUNTS[name]), ["合计", total]]
    return [[["总费用", total], ["政策范围内费用", in_scope]], paid]


@pytest.mark.parametrize("name", AMOUNTS)
def test_a_settlement_says_who_paid_what(duan: Any, known: Neighbours, name: str) -> None:
    answer = duan.get(f"/me/settlements/{getattr(known, name)}")
    page = read(answer)
    assert page.tables[:2] == costs_and_payers(name)
    row = ROWS[["late", "taken_back", "family", "large", "small"].index(name)]
    assert f"{row[0]} · 普通门诊" in page.text and row[1] in page.text
    assert ("已撤销" in page.text) == (name == "family")
    # Only a settlement is explained; what takes it back is its mirror.
    assert ("为什么" in page.text) == (name != "taken_back")


def test_a_settlement_is_explained_with_its_own_figures_and_articles(
    duan: Any, known: Neighbours
) -> None:
    page = read(duan.get(f"/me/settlements/{known.large}"))
    assert "起付标准90.00元" in page.text
    assert "起付标准以上310.00元，统筹基金按50%支付155.00元" in page.text
    assert (
        "楚政规〔2022〕2号 第十三条第三款",
        "/texts/532300/2022-07-01#%E7%AC%AC%E5%8D%81%E4%B8%89%E6%9D%A1",
    ) in page.links
    # The registration bore nothing before, so what a visit is makes no difference to it.
    assert "存疑" not in page.text


def statement(client: Any, query: str) -> Page:
    """The statement of the visitor."""
    return read(client.get(f"/me/account?{query}"))


def test_a_statement_runs_from_opening_to_closing_in_order(duan: Any) -> None:
    page = statement(duan, "from=2024-01-01&to=2024-12-31")
    account, meters = page.tables
    care = "楚政规〔2022〕2号 第十条（一）"
    assert account == [
        ["日期", "事项", "机构", "依据", "收入", "支出", "余额"],
        ["2024-01-01", "期初余额", "0.00元"],
        ["2024-01-02", "上线时转入", "", "上线期初", "200.00元", "", "200.00元"],
        ["2024-03-01", "结算 普通门诊", "鹿城镇卫生院", care, "", "50.00元", "150.00元"],
        ["2024-03-05", "结算 普通门诊", "楚雄州人民医院", care, "", "150.00元", "0.00元"],
        ["", "本期合计", "200.00元", "200.00元", ""],
        ["2024-12-31", "期末余额", "0.00元"],
    ]
    # Of 2024 were told by its last day: 30.00 and 155.00; what was settled later is not in it.
    assert meters == [["普通统筹", "185.00元"]]
    for said in ("出具机构云南省楚雄", "出具日期2025-01-02", "统筹区云南省楚雄", "2024-01-01 –"):
        assert said in page.text, said


def test_a_statement_holds_its_first_and_its_last_day(duan: Any) -> None:
    both = statement(duan, "from=2024-03-01&to=2024-03-05").tables[0]
    assert [row[-2:] for row in both[1:]] == [
        ["期初余额", "200.00元"],
        ["50.00元", "150.00元"],
        ["150.00元", "0.00元"],
        ["200.00元", ""],
        ["期末余额", "0.00元"],
    ]
    first = statement(duan, "from=2024-03-02&to=2024-03-04").tables[0]
    assert [row[-2:] for row in first[1:]] == [
        ["期初余额", "150.00元"],
        ["0.00元", ""],
        ["期末余额", "150.00元"],
    ]
    after = statement(duan, "from=2024-03-06&to=2024-03-07").tables
    assert [row[-1] for row in after[0][1:]] == ["0.00元", "", "0.00元"]
    assert after[1] == [["普通统筹", "185.00元"]]
    wrong = statement(duan, "from=2024-03-05&to=2024-03-04")
    assert "起始日不晚于截止日" in wrong.text and wrong.tables == []


def test_what_is_given_back_to_an_account_rises_again(client: Any, known: Neighbours) -> None:
    sign_in(client, known.mu)
    account = statement(client, "from=2024-01-01&to=2024-12-31").tables[0]
    assert [[row[0], row[1], *row[-3:]] for row in account[2:5]] == [
        ["2024-01-02", "上线时转入", "80.00元", "", "80.00元"],
        ["2024-04-01", "结算 家人就医", "", "80.00元", "0.00元"],
        ["2024-04-09", "撤销结算 家人就医", "80.00元", "", "80.00元"],
    ]
    assert account[3][3] == account[4][3] == "楚政规〔2022〕2号 第十条（一）"
    assert account[1] == ["2024-01-01", "期初余额", "0.00元"]
    assert account[-1] == ["2024-12-31", "期末余额", "80.00元"]
    # Whose care it was is not told, and the entry itself is the other person's.
    assert client.get(f"/me/settlements/{known.family}").status_code == 404
    assert read(client.get("/me/settlements")).tables[0][1:] == [["还没有结算。"]]


WHOSE = {
    "duan": ("small", "large", "family", "taken_back", "late"),
    "mu": (),
    "zhong": ("strangers",),
}


@pytest.mark.parametrize("person", WHOSE)
def test_each_entry_is_shown_to_its_person_and_to_nobody_else(
    client: Any, known: Neighbours, person: str
) -> None:
    sign_in(client, getattr(known, person))
    for other in WHOSE.values():
        for entry in other:
            number = getattr(known, entry)
            status = client.get(f"/me/settlements/{number}").status_code
            assert status == (200 if entry in WHOSE[person] else 404), entry
    assert client.get("/me/settlements/99999999").status_code == 404
    shown = [
        text
        for text, href in read(client.get("/me/settlements")).links
        if href.startswith("/me/settlements/")
    ]
    assert len(shown) == len(WHOSE[person])
    others = {"段誉", "木婉清", "钟灵"} - {neighbours.NAMES[list(WHOSE).index(person)]}
    for path in ("", "/settlements", "/account?from=2024-01-01", "/family", "/filings"):
        text = client.get("/me" + path).content.decode()
        assert not [name for name in others if name in text], path


def test_an_opening_and_an_unknown_entry_have_no_page_of_another(
    client: Any, known: Neighbours, street: tuple[str, Neighbours]
) -> None:
    import psycopg

    with psycopg.connect(street[0]) as connection:
        rows = connection.execute(
            "select e.id, p.psn_no from entry e join person p on p.id = e.person"
        ).fetchall()
    sign_in(client, known.duan)
    for number, psn_no in rows:
        status = client.get(f"/me/settlements/{number}").status_code
        assert (status == 200) == (psn_no == known.duan), number


def test_a_settlement_by_other_rules_shows_the_steps_that_were_kept(
    duan: Any, known: Neighbours, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gongji.law.engine.areas import Areas
    from gongji.portal import own_pages

    other = Areas(parameters={"532300": {"subsidy_rate": "60%"}})
    monkeypatch.setattr(own_pages, "installed_version", lambda number: other)
    page = read(duan.get(f"/me/settlements/{known.large}"))
    heads, *rows = page.tables[2]
    assert heads == ["付款方", "费用", "起付标准内", "支付", "依据"]
    assert rows[0][:4] == ["统筹基金", "400.00元", "90.00元", "155.00元"]
    assert "第十三条" in rows[0][4] and "为什么" not in page.text
    assert page.tables[:2] == costs_and_payers("large")


def test_pages_read_in_the_role_of_the_gateways_which_owns_nothing(duan: Any) -> None:
    import psycopg

    from gongji.portal.own_records import journal

    with journal() as connection:
        row = connection.execute("select current_user, current_setting('timezone')").fetchone()
        assert row == ("gongji_pages", "UTC")
        for statement in ("delete from entry", "update person set name = 'x'"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)
