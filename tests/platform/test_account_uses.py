"""What accounts pay of lines that are neither care nor drugs, or have no national code."""

from datetime import datetime
from typing import Any

import psycopg
import pytest
from tests.platform.counter import NOW, RULES, Counter, one
from tests.platform.visit_counter import add_item

from gongji.catalogue.items import looks_national
from gongji.settlement.contract import OWN_ACCOUNT, Line, Purchase, Request
from gongji.settlement.replay import replay
from gongji.settlement.settle import settle
from gongji.units import CHINA, UNIT

Connection = psycopg.Connection[Any]
DAY = "2024-06-05"


def paid(
    counter: Counter, gateway: Connection, use: str, own: int, kind: str = "hospital"
) -> tuple[int, int, tuple[str, ...]]:
    """What the account and cash pay of a bill with 20 outside the policy as some use, and why."""
    person = counter.person(1, 9_000_000)
    level = "1" if kind == "hospital" else ""
    here = counter.institution(1, level, kind)
    marks = {"uses": {use: 2000}} if use else {}
    care = "pharmacy" if kind == "pharmacy" else "outpatient"
    bill = counter.bill(person, here, DAY, 0, own=own, marks=marks, accounts="own", med_type=care)
    entry = one(gateway, bill).entry
    return entry.settlement.account_fen, entry.settlement.cash_fen, entry.decision.reasons


@pytest.mark.parametrize(
    ("area", "use", "account"),
    [
        # 云浮 第十一条（五） lets accounts pay 中医治未病 at hospitals, no other area does.
        ("445300", "preventive_tcm", 5000),
        ("510400", "preventive_tcm", 3000),
        ("430500", "preventive_tcm", 3000),
        # 公共卫生、体育健身、养生保健 nowhere; 健康体检 is no use of any table.
        ("445300", "sport", 3000),
        ("510400", "wellness", 3000),
        ("430500", "public_health", 3000),
        ("445300", "check_up", 3000),
        ("430500", "", 5000),
    ],
)
def test_an_account_pays_the_uses_of_its_area_and_no_others(
    owner: Connection, gateway: Connection, area: str, use: str, account: int
) -> None:
    found = paid(Counter(owner, area), gateway, use, 5000)
    assert found[:2] == (account, 5000 - account)
    told = any("个人账户不得用于这项支出" in reason for reason in found[2])
    assert told is (account < 5000), "what is not paid is told with its article"


def test_preventive_care_is_paid_at_yunfus_hospitals_only(
    owner: Connection, gateway: Connection
) -> None:
    found = paid(Counter(owner, "445300"), gateway, "preventive_tcm", 5000, "pharmacy")
    assert found[:2] == (3000, 2000)


def bought(counter: Counter, gateway: Connection, items: dict[str, int]) -> Any:
    """A purchase at a pharmacy paid from the own account."""
    person, shop = counter.person(1, 9_000_000), counter.institution(1, "", "pharmacy")
    lines = tuple(
        Line(serial=str(n), item=item, quantity_e4=UNIT, price_micro=fen * 10_000, amount_fen=fen)
        for n, (item, fen) in enumerate(items.items())
    )
    at = datetime.fromisoformat(f"{DAY} 10:00").replace(tzinfo=CHINA)
    key = counter.key(shop, "2102", {"n": 1})
    purchase = Purchase(at, "pharmacy", "", lines, {})
    total = sum(items.values())
    request = Request(key, person, "pharmacy", total, OWN_ACCOUNT, purchase=purchase)
    (outcome,) = settle(gateway, [request], RULES, NOW)
    return outcome.entry


@pytest.mark.parametrize(
    ("area", "uncoded"),
    [("532300", 0), ("510400", 700)],
)
def test_at_pharmacies_in_chuxiong_accounts_pay_what_has_a_national_code(
    owner: Connection, gateway: Connection, area: str, uncoded: int
) -> None:
    """楚雄 第十条（一）; 攀枝花 第五条 asks for none."""
    counter = Counter(owner, area)
    add_item(owner, "LOCAL1", area=area)
    entry = bought(
        counter, gateway, {"LOCAL1": 100, "XA01AAA001A001010100001": 500, "自制膏药": 700}
    )
    assert entry.settlement.account_fen == 600 + uncoded
    assert entry.settlement.cash_fen == 700 - uncoded
    assert any("编码" in reason for reason in entry.decision.reasons) is not bool(uncoded)


def test_the_use_of_an_item_comes_from_the_catalogue_and_is_replayed(
    owner: Connection, gateway: Connection
) -> None:
    counter = Counter(owner, "532300")
    add_item(owner, "XSPORT0001", grade="丙", account_use="sport")
    add_item(owner, "XPLAIN0001", grade="丙")
    entry = bought(counter, gateway, {"XSPORT0001": 100, "XPLAIN0001": 300})
    assert (entry.settlement.account_fen, entry.settlement.cash_fen) == (300, 100)
    assert entry.settled.sums.uses == {"sport": 100}
    assert list(replay(gateway, RULES)) == []


@pytest.mark.parametrize(
    ("code", "national"),
    [
        ("XA01AAA001A001010100001", True),
        ("C0101020030000201234", True),
        ("T001700001", True),
        ("自制膏药", False),
        ("12345", False),
        ("X1", False),
        ("xa01aaa001", False),
        ("", False),
    ],
)
def test_a_national_code_is_told_by_its_form(code: str, national: bool) -> None:
    assert looks_national(code) is national
