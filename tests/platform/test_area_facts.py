"""Facts of an area's own at the counter: declared by its document, imported, told by messages.

The area is invented (tests/rulebooks/990000/999903); no module of gongji names a fact of it.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.platform import gateways
from tests.platform.counter import NOW, OPERATOR, PARAMETERS, Counter, as_owner, rows
from tests.platform.county_files import IDENTITY, load_files, saved
from tests.platform.gateways import Client
from tests.platform.test_settle_other_rules import FOLDER

from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.own_facts import shown_value
from gongji.ledger.verify import verify
from gongji.platform.imports.export_files import export
from gongji.refusals import Refusal, RulebookError
from gongji.settlement.readjudicate import FACTS, Change, readjudicate
from gongji.settlement.replay import replay

Connection = psycopg.Connection[Any]
AREA, HERE, AWAY, PHARMACY = "999903", "H99990300001", "H51010000002", "P99990300003"
RULES = Areas(Library((FOLDER,)), parameters=PARAMETERS)
DAY = "2024-12-18"
SIGNED = {"exp_content": {"SIGN_FLAG": "1"}}


def laws(area: str) -> Sequence[Law]:
    """The laws of an area; none of areas without rules here."""
    try:
        return RULES.area(area).laws
    except Refusal:
        return ()


@pytest.fixture
def town(owner: Connection, monkeypatch: pytest.MonkeyPatch) -> Counter:
    """Two hospitals, one of them elsewhere, a pharmacy and a person."""
    made = Counter(owner, AREA)
    assert made.institution(1) == HERE
    assert made.institution(2, region="510100") == AWAY
    for code in (HERE, AWAY):
        monkeypatch.setitem(gateways.SECRETS, code, f"secret of {code}")
        gateways.give_secret(owner, code)
    owner.execute(
        "insert into item_version (area, item, name, list_type, charge_type, since, grade,"
        " diseases) values (%s, %s, '测试品', '101', '09', '2020-01-01', '甲', '{}')",
        [AREA, gateways.ITEMS[0][0]],
    )
    gateways.insure(made, 1, 0)
    return made


@pytest.fixture
def client(database: str, town: Counter) -> Iterator[Client]:
    """The hospital at home."""
    with gateways.serving(database, laws=RULES) as port:
        yield Client(port, HERE)


Take = Callable[..., None]


@pytest.fixture
def take(owner: Connection, town: Counter, tmp_path: Path) -> Take:
    """Imports one row of a kind, by heading."""

    def one(kind: str, now: datetime = NOW, **cells: str) -> None:
        whose = {"人员编号": town.psn_no(1)} if kind != "institution_area_fact" else {}
        row = whose | {"起始日": "2024-01-01"} | cells
        load_files(owner, [saved(tmp_path, kind, [row])], IDENTITY, now, laws=laws)

    return one


def paid(client: Client, psn_no: str, opening: Any = None, bill: Any = None, **cells: Any) -> float:
    """What the pool pays of 110.00; the deductible takes 10.00 of it where the class is 二类."""
    sent = gateways.registration(psn_no, **(opening or {}))
    visit = client.do("2201", sent)["data"]["mdtrt_id"]
    client.do("2203", gateways.description(psn_no, visit, **cells))
    line = gateways.line(psn_no, visit, 1, cnt=1, pric=110, det_item_fee_sumamt=110)
    client.do("2204", {"feedetail": [line]})
    made = gateways.bill(psn_no, visit, "110.00")
    made["data"] |= bill or {}
    return float(client.do("2207", made)["setlinfo"]["hifp_pay"])


def facts(owner: Connection) -> dict[str, Any]:
    """The facts of the last settlement."""
    ((found,),) = rows(
        owner, "select facts->'visit'->'facts' from settlement order by entry desc limit 1"
    )
    assert isinstance(found, dict)
    return found


def again(gateway: Connection) -> list[Change]:
    with as_owner(gateway) as owner:
        made = list(readjudicate(owner, AREA, 2024, RULES, NOW, actor=OPERATOR))
        assert list(readjudicate(owner, AREA, 2024, RULES, NOW, actor=OPERATOR)) == []
    assert [*verify(gateway), *replay(gateway, RULES)] == []
    return made


def test_a_fact_that_is_imported_counts_and_changes_inside_the_year(
    client: Client, town: Counter, take: Take, owner: Connection, gateway: Connection
) -> None:
    psn_no = town.psn_no(1)
    assert paid(client, psn_no) == 50
    assert "contracted" not in facts(owner)
    take("area_fact", 事实="签约", 值="是", 起始日="2024-07-01")
    assert paid(client, psn_no) == 60 and facts(owner)["contracted"] is True
    # What is learnt late changes the settlement before; both were in the contract's time.
    (change,) = again(gateway)
    assert (change.cause, change.funds) == (FACTS, {("pool", "ordinary"): 1_000})
    assert change.detail == "contracted （空） → true"
    # The contract proves to have ended: both settlements lose what it gave.
    late = datetime(2024, 12, 21, tzinfo=UTC)
    take("area_fact", late, 事实="contracted", 值="是", 起始日="2024-07-01", 终止日="2024-12-01")
    assert [one.funds for one in again(gateway)] == [{("pool", "ordinary"): -1_000}] * 2
    assert paid(client, psn_no) == 50


def test_a_visits_first_message_tells_where_nothing_is_kept(
    client: Client, town: Counter, take: Take, owner: Connection, gateway: Connection
) -> None:
    psn_no = town.psn_no(1)
    assert paid(client, psn_no, SIGNED) == 60
    assert paid(client, psn_no, {"exp_content": '{"sign_flag": "1"}'}) == 60
    assert paid(client, psn_no, SIGNED, {"exp_content": {"SIGN_FLAG": "0"}}) == 50, "the last one"
    assert again(gateway) == [], "what was told stays told"
    take("area_fact", 事实="签约", 值="否")
    assert paid(client, psn_no, SIGNED) == 50 and "contracted" not in facts(owner)
    assert [one.funds for one in again(gateway)] == [{("pool", "ordinary"): -1_000}] * 2


def test_a_code_without_meaning_is_refused_by_its_field(client: Client, town: Counter) -> None:
    psn_no = town.psn_no(1)
    visit = client.do("2201", gateways.registration(psn_no, exp_content={"SIGN_FLAG": "7"}))
    line = gateways.line(psn_no, visit["data"]["mdtrt_id"], 1)
    client.do("2203", gateways.description(psn_no, visit["data"]["mdtrt_id"]))
    client.do("2204", {"feedetail": [line]})
    bill = gateways.bill(psn_no, visit["data"]["mdtrt_id"], "30.00")
    sentence = client.refused("2207", bill)
    assert "SIGN_FLAG" in sentence and "1（是）、0（否）" in sentence


def test_facts_of_institutions_and_numbers_of_persons(
    client: Client, town: Counter, take: Take, owner: Connection, gateway: Connection
) -> None:
    psn_no = town.psn_no(1)
    take("institution_area_fact", 机构代码=HERE, 事实="基层", 值="是")
    assert paid(client, psn_no) == 55
    take("institution_area_fact", 机构代码=HERE, 事实="收费类别", 值="一类")
    take("area_fact", 事实="缺缴年数", 值="3")
    # (110 - 20) x (50 + 5 - 6) %
    assert paid(client, psn_no) == 44.1
    assert facts(owner) == facts(owner) | {
        "grassroots": True,
        "price_class": "a",
        "years_short": 3,
    }
    # (110 - 20) x 49 % where it was (110 - 10) x 55 %.
    assert [one.funds for one in again(gateway)] == [{("pool", "ordinary"): -1_090}]


def test_what_an_institution_tells_of_itself_gives_way_to_what_is_kept(
    client: Client, town: Counter, take: Take, gateway: Connection
) -> None:
    psn_no, told = town.psn_no(1), {"exp_content": {"PRICE_CLASS": "01", "FIRST_FLAG": "Y"}}
    # (110 - 20) x 51 %
    assert paid(client, psn_no, bill=told) == 45.9
    take("institution_area_fact", 机构代码=HERE, 事实="收费类别", 值="二类")
    # (110 - 10) x 51 %: 首诊 is told with each visit and stays.
    assert [one.funds for one in again(gateway)] == [{("pool", "ordinary"): 510}]
    assert paid(client, psn_no, bill=told) == 51


def test_meters_are_kept_apart_by_a_text_of_the_persons(
    client: Client, town: Counter, take: Take, owner: Connection
) -> None:
    psn_no = town.psn_no(1)
    take("area_fact", 事实="签约团队", 值="甲队")
    assert paid(client, psn_no) == 50 == paid(client, psn_no)
    found = rows(owner, "select slot, used_fen::int from meter_use where code = 'team_paid'")
    assert found == [("甲队", 10_000)]


def test_care_outside_the_area_is_of_the_kinds_that_the_document_names(
    client: Client, town: Counter, take: Take, owner: Connection, gateway: Connection
) -> None:
    psn_no, away = town.psn_no(1), Client(client.port, AWAY)
    urgent = {"exp_content": {"OUT_TYPE": "9"}}
    assert paid(away, psn_no) == 0 and facts(owner)["offsite"] == "unfiled"
    assert paid(away, psn_no, urgent) == 42 and facts(owner)["offsite"] == "emergency"
    assert paid(client, psn_no, urgent) == 50 and "offsite" not in facts(owner), "it is at home"
    town.fact(psn_no, "referral", "2024-06-01", key=AWAY, sender=HERE)
    assert paid(away, psn_no) == 45 and facts(owner)["offsite"] == "referred"
    take("offsite", 就医地="510100", 类别="长期居住", 起始日="2024-12-01")
    assert paid(away, psn_no, urgent) == 50 and facts(owner)["offsite"] == "long_term"
    found = [change.funds for change in again(gateway)]
    gained = [5_000, 800, 500]
    assert found == [{("pool", "ordinary"): fen} for fen in gained]


@pytest.mark.parametrize(
    ("kind", "cells", "said"),
    [
        ("area_fact", {"事实": "基层", "值": "是"}, "可取：签约、签约团队、缺缴年数"),
        ("area_fact", {"事实": "签约", "值": "也许"}, "应为是、否"),
        ("area_fact", {"事实": "缺缴年数", "值": "三"}, "值"),
        (
            "institution_area_fact",
            {"机构代码": HERE, "事实": "收费类别", "值": "三类"},
            "一类、二类",
        ),
        ("offsite", {"就医地": "510100", "类别": "旅游"}, "长期居住、转诊、急诊"),
    ],
)
def test_what_the_document_does_not_know_is_told_with_its_row(
    take: Take, kind: str, cells: dict[str, str], said: str
) -> None:
    with pytest.raises(RulebookError) as found:
        take(kind, **cells)
    assert said in str(found.value) and "第 1 行" in str(found.value)


def test_what_was_imported_is_shown(take: Take, owner: Connection, tmp_path: Path) -> None:
    take("area_fact", 事实="签约", 值="是")
    take("institution_area_fact", 机构代码=HERE, 事实="收费类别", 值="b")
    shown = []
    for kind in ("area_fact", "institution_area_fact"):
        from gongji.cli.import_kinds import KINDS

        export(owner, KINDS[kind], tmp_path / f"{kind}.out.csv", IDENTITY)
        shown.append((tmp_path / f"{kind}.out.csv").read_text())
    assert "contracted,2024-01-01,,true" in shown[0] and "price_class,2024-01-01,,b" in shown[1]


def test_a_fact_is_shown_in_peoples_words() -> None:
    law = RULES.area(AREA).laws[0]
    said = [
        shown_value(law, column, text)
        for column, text in (
            ("contracted", "true"),
            ("contracted", "false"),
            ("price_class", "a"),
            ("team", "甲队"),
            ("nothing", "1"),
        )
    ]
    assert said == ["签约：是", "签约：否", "收费类别：一类", "签约团队：甲队", ""]
