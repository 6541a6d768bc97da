"""Family bonds: who may do what, on which day each begins and ends, what either side is shown."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from tests.portal import people
from tests.portal.conftest import Family, sign_in
from tests.portal.reading import read

pytestmark = pytest.mark.usefixtures("fresh_database")

NIGHT = "2025-03-31T16:00:00+00:00"
"""Midnight of 1 April in China."""
NEVER = "9999-12-31"
MASKED = {"甲": "测* 4305************0001", "乙": "测* 4305************0002"}


def bonds(address: str) -> list[tuple[Any, ...]]:
    """Every bond ever known: whose care, whose account, since, until, details, whether retired."""
    with psycopg.connect(address) as connection:
        return connection.execute(
            "select right(p.psn_no, 1), right(f.key, 1), f.since::text, f.until::text,"
            " f.details->>'relation', (f.details->>'order')::int, f.details->>'consented_on',"
            " f.retired_at is not null, f.source"
            " from person_fact f join person p on p.id = f.person_id where f.kind = 'bond'"
            " order by f.id"
        ).fetchall()


def number(address: str) -> int:
    """The number of the latest bond."""
    with psycopg.connect(address) as connection:
        row = connection.execute("select max(id) from person_fact where kind = 'bond'").fetchone()
    assert row
    return int(row[0])


def visitor(psn_no: str) -> Any:
    """Somebody signed in with a browser of their own."""
    from django.test import Client

    client = Client(headers={"accept-language": "zh-CN", "host": "localhost"})
    sign_in(client, psn_no)
    return client


@pytest.fixture
def three(client: Any, family: Family, clock: Callable[[str], None]) -> dict[str, Any]:
    """甲, 乙 and 丙, signed in at midnight of 1 April 2025 in China."""
    clock(NIGHT)
    named = {"甲": family.person, "乙": family.spouse, "丙": family.stranger}
    return {name: visitor(psn_no) for name, psn_no in named.items()}


def asks(three: dict[str, Any], family: Family, relation: str = "spouse") -> Any:
    """甲 asks 乙."""
    number = f" {family.spouse[:6]} {family.spouse[6:]} "
    given = {"psn_no": number, "name": " 测试 • 乙 ", "relation": relation}
    return three["甲"].post("/me/family/ask", given)


def test_asking_is_a_fact_whose_consent_never_comes(
    three: dict[str, Any], family: Family, pages_database: str
) -> None:
    answer = asks(three, family)
    assert answer.status_code == 302 and answer["Location"] == "/me/family"
    assert bonds(pages_database) == [
        ("1", "2", "2025-04-01", None, "spouse", 1, NEVER, False, f"person|{family.person}")
    ]
    mine, others = read(three["甲"].get("/me/family")).tables
    assert mine == [[MASKED["乙"], "配偶", "等对方同意", "撤回请求"]] and others == [["没有。"]]
    mine, others = read(three["乙"].get("/me/family")).tables
    assert mine == [["没有。"]]
    assert others == [[MASKED["甲"], "我是其 配偶", "等我同意", "同意不同意"]]
    assert read(three["丙"].get("/me/family")).tables == [[["没有。"]], [["没有。"]]]


def test_consent_is_of_the_day_on_which_it_is_given(
    three: dict[str, Any], family: Family, pages_database: str, clock: Callable[[str], None]
) -> None:
    asks(three, family, "parent")
    clock("2025-04-01T16:00:01+00:00")
    owner = visitor(family.spouse)
    assert owner.post("/me/family/consent", {"bond": number(pages_database)}).status_code == 302
    assert bonds(pages_database) == [
        ("1", "2", "2025-04-01", None, "parent", 1, NEVER, True, f"person|{family.person}"),
        ("1", "2", "2025-04-02", None, "parent", 1, "2025-04-02", False, f"person|{family.spouse}"),
    ]
    mine, _ = read(visitor(family.person).get("/me/family")).tables
    assert mine == [[MASKED["乙"], "父母", "自 2025-04-02", "解除"]]
    _, others = read(owner.get("/me/family")).tables
    assert others == [[MASKED["甲"], "我是其 父母", "自 2025-04-02", "解除"]]


def test_who_gives_consents_the_same_day_and_each_relation_is_kept(
    three: dict[str, Any], family: Family, pages_database: str
) -> None:
    given = {"psn_no": family.stranger, "name": "测试·丙"}
    for relation in ("spouse", "parent", "child", "close_relative"):
        assert (
            three["乙"].post("/me/family/give", given | {"relation": relation}).status_code == 302
        )
        assert bonds(pages_database)[-1] == (
            "3",
            "2",
            "2025-04-01",
            None,
            relation,
            1,
            "2025-04-01",
            False,
            f"person|{family.spouse}",
        )
        three["乙"].post("/me/family/end", {"bond": number(pages_database)})
    options = read(three["乙"].get("/me/family")).fields["relation"]["options"]
    assert options == [
        ["spouse", "配偶"],
        ["parent", "父母"],
        ["child", "子女"],
        ["close_relative", "其他近亲属"],
    ]


def test_the_next_account_pays_after_those_that_are_there(
    three: dict[str, Any], family: Family, pages_database: str
) -> None:
    asks(three, family)
    given = {"psn_no": family.person, "name": "测试·甲", "relation": "child"}
    assert three["丙"].post("/me/family/give", given).status_code == 302
    assert [(row[1], row[5]) for row in bonds(pages_database)] == [("2", 1), ("3", 2)]
    mine, _ = read(three["甲"].get("/me/family")).tables
    assert [row[1] for row in mine] == ["配偶", "子女"]


STATES = ("asked", "given")
MAY = {
    ("甲", "consent", "asked"): False,
    ("乙", "consent", "asked"): True,
    ("丙", "consent", "asked"): False,
    ("甲", "end", "asked"): True,
    ("乙", "end", "asked"): True,
    ("丙", "end", "asked"): False,
    ("甲", "consent", "given"): False,
    ("乙", "consent", "given"): False,
    ("丙", "consent", "given"): False,
    ("甲", "end", "given"): True,
    ("乙", "end", "given"): True,
    ("丙", "end", "given"): False,
}


@pytest.mark.parametrize(("who", "what", "state"), MAY)
def test_who_may_consent_and_who_may_end(
    three: dict[str, Any], family: Family, pages_database: str, who: str, what: str, state: str
) -> None:
    asks(three, family)
    if state == "given":
        three["乙"].post("/me/family/consent", {"bond": number(pages_database)})
    before = bonds(pages_database)
    answer = three[who].post(f"/me/family/{what}", {"bond": number(pages_database)})
    if MAY[who, what, state]:
        assert answer.status_code == 302 and bonds(pages_database) != before
    else:
        assert answer.status_code == 422 and bonds(pages_database) == before
        assert "没有这项家庭共济关系或请求" in answer.content.decode()


@pytest.mark.parametrize("who", ["甲", "乙"])
@pytest.mark.parametrize(
    ("since", "ended"),
    [
        ("2025-03-31T15:59:59+00:00", (True, "2025-04-01")),
        ("2025-03-31T16:00:00+00:00", (False, None)),
    ],
)
def test_a_bond_of_an_earlier_day_ends_today_and_one_of_today_was_never(
    client: Any,
    family: Family,
    pages_database: str,
    clock: Callable[[str], None],
    who: str,
    since: str,
    ended: tuple[bool, str | None],
) -> None:
    clock(since)
    given = {"psn_no": family.person, "name": "测试·甲", "relation": "spouse"}
    assert visitor(family.spouse).post("/me/family/give", given).status_code == 302
    clock(NIGHT)
    ender = visitor({"甲": family.person, "乙": family.spouse}[who])
    assert ender.post("/me/family/end", {"bond": number(pages_database)}).status_code == 302
    kept = [(row[3], row[6]) for row in bonds(pages_database) if not row[7]]
    assert kept == ([(ended[1], "2025-03-31")] if ended[0] else [])
    # On the day it ends it is shown no more, on neither side.
    for psn_no in (family.person, family.spouse):
        assert read(visitor(psn_no).get("/me/family")).tables == [[["没有。"]], [["没有。"]]]
    # And nobody ends or gives it again.
    answer = ender.post("/me/family/consent", {"bond": number(pages_database)})
    assert answer.status_code == 422


def test_a_bond_with_an_end_is_shown_to_both_until_the_day_before(
    client: Any, family: Family, pages_database: str, clock: Callable[[str], None]
) -> None:
    with psycopg.connect(pages_database, autocommit=True) as owner:
        people.counter_of(owner).fact(
            family.person,
            "bond",
            "2025-01-01",
            "2025-04-02",
            key=family.spouse,
            order=1,
            relation="child",
            consented_on="2025-01-01",
        )
    for instant, shown in (("2025-04-01T15:59:59+00:00", 1), ("2025-04-01T16:00:00+00:00", 0)):
        clock(instant)
        for psn_no, place in ((family.person, 0), (family.spouse, 1)):
            table = read(visitor(psn_no).get("/me/family")).tables[place]
            assert (table != [["没有。"]]) == bool(shown), (instant, place)


WRONG = {
    "no such number": ({"psn_no": "1"}, "没有这个编号和姓名的参保人"),
    "no number": ({"psn_no": ""}, "没有这个编号和姓名的参保人"),
    "another name": ({"name": "测试·丙"}, "没有这个编号和姓名的参保人"),
    "no name": ({"name": ""}, "没有这个编号和姓名的参保人"),
    "no relation": ({"relation": ""}, "关系"),
    "unknown relation": ({"relation": "friend"}, "关系"),
    "oneself": ({"psn_no": "430500" + f"{1:014d}", "name": "测试·甲"}, "自己的账户"),
}


@pytest.mark.parametrize("what", ["ask", "give"])
@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_bound_is_told_and_changes_nothing(
    three: dict[str, Any], family: Family, pages_database: str, what: str, name: str
) -> None:
    changes, said = WRONG[name]
    given = {"psn_no": family.spouse, "name": "测试·乙", "relation": "spouse"} | changes
    answer = three["甲"].post(f"/me/family/{what}", given)
    assert answer.status_code == 422 and said in answer.content.decode()
    assert bonds(pages_database) == []


def test_a_second_request_for_the_same_account_is_refused_until_the_first_ends(
    three: dict[str, Any], family: Family, pages_database: str
) -> None:
    assert asks(three, family).status_code == 302
    again = asks(three, family)
    assert again.status_code == 422 and "2025-04-01" in again.content.decode()
    three["甲"].post("/me/family/end", {"bond": number(pages_database)})
    assert asks(three, family).status_code == 302
    assert [row[7] for row in bonds(pages_database)] == [True, False]


@pytest.mark.parametrize("text", ["", "x", "-1", "1.5", "²", "１", "9" * 19, "9" * 18, "0"])
@pytest.mark.parametrize("what", ["consent", "end"])
def test_a_number_that_is_none_is_no_bond(three: dict[str, Any], what: str, text: str) -> None:
    answer = three["甲"].post(f"/me/family/{what}", {"bond": text})
    assert answer.status_code == 422


@pytest.mark.parametrize("what", ["ask", "give", "consent", "end"])
def test_a_change_is_logged_with_the_number_shortened_and_never_by_a_link(
    three: dict[str, Any], family: Family, pages_database: str, what: str
) -> None:
    import structlog

    before = bonds(pages_database)
    followed = three["甲"].get(f"/me/family/{what}")
    assert followed.status_code == 302 and followed["Location"] == "/me/family"
    assert bonds(pages_database) == before
    names = {"ask": "asked", "give": "given", "consent": "consented", "end": "ended"}
    given = {"psn_no": family.spouse, "name": "测试·乙", "relation": "spouse"}
    if what in ("consent", "end"):
        three["乙"].post("/me/family/ask", given | {"psn_no": family.person, "name": "测试·甲"})
        given = {"bond": str(number(pages_database))}
    with structlog.testing.capture_logs() as told:
        assert three["甲"].post(f"/me/family/{what}", given).status_code == 302
    changes = [line for line in told if line["event"] == "bond_changed"]
    assert changes == [
        {
            "change": names[what],
            "person": "4305************0001",
            "by": "portal",
            "event": "bond_changed",
            "log_level": "info",
        }
    ]
    assert family.spouse not in str(told)


def test_what_stands_is_ended_by_the_agency_s_command_and_both_are_told(
    three: dict[str, Any], family: Family, pages_database: str
) -> None:
    asks(three, family)
    # What is only asked for is taken back; that is no item of the agency.
    three["甲"].post("/me/family/end", {"bond": number(pages_database)})
    asks(three, family)
    three["乙"].post("/me/family/consent", {"bond": number(pages_database)})
    bond = number(pages_database)
    assert three["丙"].post("/me/family/end", {"bond": bond}).status_code == 422
    assert three["甲"].post("/me/family/end", {"bond": bond}).status_code == 302
    with psycopg.connect(pages_database) as owner:
        rows = owner.execute(
            "select kind, state, actor_kind, content from command where kind <> 'publish_law'"
        ).fetchall()
        told = owner.execute("select distinct person, text from notice").fetchall()
    assert rows == [("family_bond_end", "executed", "person", {"bond": bond})]
    assert len(told) == 2 and all("解除" in text for _, text in told)
