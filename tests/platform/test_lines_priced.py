"""Fee lines at the counter: priced, marked and kept, on the real database."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg.types.json import Jsonb
from tests.platform.visit_counter import (
    FOREIGN,
    LAPSED,
    PHARMACY,
    RULES,
    YUNFU,
    Connection,
    Counter,
    add_item,
    at,
    fill_county,
    line,
    refused,
)

from gongji.settlement.batch_summary import batch_of, refuse_mixed, sums_for
from gongji.settlement.contract import Line, Purchase
from gongji.settlement.price_bills import Bill, PricedBill, price_bills, price_lines
from gongji.settlement.store_lines import NewPurchase, write_purchase
from gongji.units import UNIT, day_of


@pytest.fixture
def counter(owner: Connection, gateway: Connection) -> Counter:
    fill_county(owner)
    return Counter(gateway)


def test_lines_are_split_as_computed_by_hand(counter: Counter) -> None:
    visit = counter.open()
    found = counter.upload(
        visit,
        line("1", "A", 1000, 4),  # 支付标准 2.00×4=8.00
        line("2", "B", 452),  # 4.52×5%=0.226
        line("3", "C", 500),
        line("4", "N", 6000),  # 挂网价格 50.00；楚雄谈判药 10%，不是目录的 20%
        line("5", "R", 300, approved="1"),
        line("6", "R", 300),
        line("7", "A", 100, approved="2"),
        line("8", "没有", 70),
    )
    assert [one.amounts for one in found] == [
        (200, 0, 0, 800),
        (0, 0, 23, 429),
        (0, 500, 0, 0),
        (1000, 0, 500, 4500),
        (0, 0, 0, 300),
        (0, 300, 0, 0),
        (0, 100, 0, 0),
        (0, 70, 0, 0),
    ]
    assert [one.grade_code for one in found] == ["01", "02", "03", "02", "01", "01", "01", "03"]
    assert [one.share_ppm for one in found] == [0, 50_000, 10**6, 100_000, 0, 10**6, 10**6, 10**6]
    assert [one.price_limit_fen for one in found] == [200, None, None, 5000, None, None, None, None]
    assert [one.charge_type for one in found] == ["09"] * 7 + ["14"]
    assert [one.restricted for one in found] == [False] * 4 + [True, True, False, False]
    assert found[3].negotiated and "2.00" in found[0].memo and "目录" in found[7].memo
    (batch,) = counter.batches()
    sums = [batch[name] for name in ("total_fen", "above_standard_fen", "wholly_own_fen")]
    assert sums == [8722, 1200, 970]
    assert (batch["first_self_pay_fen"], batch["in_scope_fen"]) == (523, 6029)
    assert batch["marks"]["drugs"] == [
        {
            "item": "N",
            "serial": "4",
            "negotiated": True,
            "dual_channel": True,
            "in_agreement": False,
        }
    ]
    assert "8" in batch["marks"]["warnings"][0]
    rows = counter.gateway.execute(
        "select serial, in_scope_fen from fee_line order by id"
    ).fetchall()
    assert rows == [(one.line.serial, one.in_scope_fen) for one in found]


def on(fee_time: str) -> Line:
    return line("1", "A", 1, details={"fee_ocur_time": fee_time})


A7 = line("7", "A", 100)


WRONG: list[tuple[str, list[Line], list[str]]] = [
    ("lines_missing", [], []),
    ("line_repeated", [line("1", "A", 100), line("1", "B", 100)], ["1"]),
    ("line_invalid", [line("", "A", 100)], []),
    ("line_invalid", [replace(line("1", "A", 0), quantity_e4=0)], ["数量"]),
    ("line_invalid", [on("2024-02-30 08:00:00")], ["费用发生时间"]),
    ("line_invalid", [on("2020-01-01 08:00:00")], ["2020-01-01"]),
    ("line_return", [replace(A7, quantity_e4=-UNIT, amount_fen=-100)], ["7（A）", "撤销结算"]),
    ("line_amount_differs", [replace(A7, amount_fen=102)], ["7（A）", "1.02", "1.00"]),
    ("amount_too_large", [line("1", "A", 10**12), line("2", "A", 1)], []),
    ("line_unpriced", [A7, line("9", "OLD", 100)], ["9（OLD）", "2023-06-01"]),
    ("prescription_missing", [line("1", "A", 100, prescriber=FOREIGN)], ["prescription"]),
]


def test_what_is_wrong_with_lines_names_the_line_and_keeps_nothing(
    owner: Connection, counter: Counter
) -> None:
    add_item(owner, "OLD", until="2023-06-01")
    visit = counter.open()
    for code, lines, words in WRONG:
        refused(code, lambda lines=lines: counter.upload(visit, *lines), *words)  # type: ignore[misc]
    assert counter.batches() == []


def test_a_version_is_chosen_by_the_fee_time_and_the_law_by_the_visit(
    owner: Connection, counter: Counter
) -> None:
    add_item(owner, "Z", until="2024-03-05")
    add_item(owner, "Z", since="2024-03-05", grade="丙")
    before = line("1", "Z", 100, details={"fee_ocur_time": "2024-03-04 23:59:59"})
    after = line("2", "Z", 100, details={"fee_ocur_time": "20240305000000"})
    found = counter.upload(counter.open(), before, after, line("3", "Z", 100))
    assert [one.in_scope_fen for one in found] == [100, 0, 0]


def test_an_unknown_item_is_refused_where_the_setting_says_so(counter: Counter) -> None:
    visit = counter.open()
    refused(
        "line_unpriced",
        lambda: counter.upload(visit, line("5", "没有", 70), unknown_items="refuse"),
        "5（没有）",
    )


def test_lines_unrelated_to_the_disease_are_the_persons_in_chuxiong(counter: Counter) -> None:
    visit = counter.open()
    lines = [line("1", "G", 100), line("2", "H", 200), line("3", "A", 200)]
    lines.append(line("4", "B", 1000, related=False))
    early = counter.upload(visit, *lines, batch="early")
    counter.describe(visit)
    late = counter.upload(visit, *(replace(x, serial=f"9{x.serial}") for x in lines), batch="late")
    assert [one.unrelated for one in early] == [False] * 4
    assert [one.wholly_own_fen for one in late] == [0, 200, 0, 1000]
    assert [one.in_scope_fen for one in late] == [100, 0, 200, 0]
    first, second = counter.summaries()
    assert (first.marks.unrelated, second.marks.unrelated) == ((), ("92", "94"))
    for batch, diseases in ((first, ["M01600", "糖尿病"]), (second, None)):
        ordinary, chronic = (
            sums_for(batch, "ordinary", diseases),
            sums_for(batch, "chronic", diseases),
        )
        assert (ordinary.wholly_own_fen, ordinary.first_self_pay_fen, ordinary.in_scope_fen) == (
            0,
            50,
            1450,
        )
        assert (chronic.wholly_own_fen, chronic.first_self_pay_fen, chronic.in_scope_fen) == (
            1200,
            0,
            300,
        )
        assert len(chronic.unrelated) == 2 and chronic.total_fen == 1500
    kept = counter.gateway.execute(
        "select sum(wholly_own_fen), sum(in_scope_fen) from fee_line group by batch_id order by 1"
    ).fetchall()
    assert kept == [(0, 1450), (0, 1450)]  # Lines are kept as where the disease does not matter.
    both = [sums_for(first, "ordinary"), sums_for(second, "chronic")]
    totals = [one.total_fen for one in both], [one.in_scope_fen for one in both]
    assert tuple(map(sum, totals)) == (3000, 1750)


def test_an_unrelated_line_needs_no_first_self_pay(counter: Counter, owner: Connection) -> None:
    """Nobody says what is paid first of an item of class 乙; who bears all of it need not know."""
    add_item(owner, "U", grade="乙", first_self_pay_ppm=None)
    visit = counter.open()
    counter.describe(visit)
    found = counter.upload(visit, line("1", "U", 700, related=False), line("2", "A", 200))
    assert [one.amounts for one in found] == [(0, 700, 0, 0), (0, 0, 0, 200)]
    assert found[0].unrelated and found[0].share_ppm == 10**6 and "无关" in found[0].memo
    more = line("3", "U", 700)
    refused("line_unpriced", lambda: counter.upload(visit, more, batch="later"), "先行自付")


def test_special_disease_drugs_are_settled_apart_in_yunfu(counter: Counter) -> None:
    visit = counter.open(YUNFU)
    lines = [line("1", "G", 100), line("2", "A", 200), line("3", "H", 300)]
    lines.append(line("4", "G", 50, related=False))
    counter.upload(visit, *lines, psn_no=YUNFU)
    marks = counter.summaries()[0].marks
    assert marks.benefits == {"special": ("1",), "ordinary": ("3", "4")}
    law = RULES.area("445300").law(day_of(date(2024, 3, 5)))
    refused(
        "benefits_mixed",
        lambda: refuse_mixed(marks, "ordinary", law),
        "特殊病（明细 1）",
        "第十九条",
    )
    refused("benefits_mixed", lambda: refuse_mixed(marks, "special", law), "普通门诊（明细 3、4）")
    refuse_mixed(msgspec.structs.replace(marks, benefits={"special": ("1",)}), "special", law)


def test_a_prescription_from_elsewhere_is_marked_and_used_once(counter: Counter) -> None:
    visit = counter.open()
    outside = line("1", "A", 100, prescriber=FOREIGN, prescription="rx1")
    later = line("2", "A", 100, prescription="rx2", details={"rx_circ_flag": "1"})
    own = line("3", "A", 100, prescription="rx3", details={"rx_circ_flag": "0"})
    counter.upload(visit, outside, later, own)
    assert counter.batches()[0]["marks"]["prescriptions"] == [
        {"prescriber": FOREIGN, "number": "rx1", "serial": "1"},
        {"prescriber": "", "number": "rx2", "serial": "2"},
    ]
    entry = counter.gateway.execute(
        "insert into entry (area, kind, service_date, actor_kind, actor)"
        " values ('532300', 'stay', '2024-03-05', 'institution', 'H1') returning id"
    ).fetchone()
    assert entry
    counter.gateway.execute(
        "insert into prescription_use (prescriber, number, entry) values (%s, 'rx1', %s)",
        [FOREIGN, entry[0]],
    )
    again = replace(outside, serial="9")
    refused("prescription_used", lambda: counter.upload(visit, again, batch="b2"), "rx1")
    counter.describe(visit, details={"prescriber": FOREIGN})
    from_visit = replace(later, serial="10", prescription="rx1")
    refused("prescription_used", lambda: counter.upload(visit, from_visit, batch="b2"))
    counter.gateway.execute("update prescription_use set released_at = now()")
    counter.upload(visit, again, batch="b2")


def test_a_pharmacy_takes_the_prescribers_standard(owner: Connection, counter: Counter) -> None:
    add_item(owner, "L", standard_1_fen=100, standard_3_fen=300)
    bill = Bill(RULES.area("532300"), date(2024, 3, 5), PHARMACY, [line("1", "L", 500)], 1)
    refused("line_unpriced", lambda: price_lines(counter.gateway, bill), "级别")
    prescribed = replace(bill, lines=[line("1", "L", 500, prescriber=FOREIGN, prescription="r")])
    assert price_lines(counter.gateway, prescribed).lines[0].amounts == (200, 0, 0, 300)


def test_an_internet_hospital_has_the_level_of_the_physical_one(
    owner: Connection, counter: Counter
) -> None:
    add_item(owner, "L", standard_1_fen=100, standard_3_fen=300)
    owner.execute(
        "update institution_fact set retired_at = now() where institution = %s and kind = 'level'",
        [LAPSED],
    )
    owner.execute(
        "insert into institution_fact (institution, kind, since, details)"
        " values (%s, 'level', '2020-01-01', %s)",
        [LAPSED, Jsonb({"level": "1", "parent": FOREIGN})],
    )
    bill = Bill(RULES.area("532300"), date(2024, 3, 5), LAPSED, [line("1", "L", 500)], 1)
    assert price_lines(counter.gateway, bill).lines[0].above_standard_fen == 200


def purchases(counter: Counter, count: int, lines: int) -> list[NewPurchase]:
    bought = [line(str(n), "AB"[n % 2], 100 + n) for n in range(lines)]
    bill = Bill(RULES.area("532300"), date(2024, 3, 5), PHARMACY, bought, 1, "pharmacy")
    purchase = Purchase(at("2024-03-05 09:00"), "pharmacy", "", tuple(bought), {"invono": "1"})
    made = price_bills(counter.gateway, [bill] * count)
    return [
        NewPurchase("532300", 1, f"m{n}", purchase, priced)
        for n, priced in enumerate(made)
        if isinstance(priced, PricedBill)
    ]


def test_purchases_are_kept_with_their_visits(counter: Counter) -> None:
    with counter.gateway.transaction():
        ids = write_purchase(counter.gateway, purchases(counter, 3, 4))
    rows = counter.gateway.execute(
        "select v.id, b.id, v.msgid, v.institution, v.med_type, b.total_fen,"
        " (select count(*) from fee_line l where l.batch_id = b.id)"
        " from visit v join charge_batch b on b.visit_id = v.id order by v.id"
    ).fetchall()
    assert [row[:2] for row in rows] == ids
    assert [row[2:] for row in rows] == [(f"m{n}", PHARMACY, "pharmacy", 406, 4) for n in range(3)]


def test_a_refused_bill_does_not_hinder_the_others(counter: Counter) -> None:
    good = Bill(RULES.area("532300"), date(2024, 3, 5), PHARMACY, [line("1", "A", 100)], 1)
    before = replace(good, day=date(2001, 1, 1))
    found = price_bills(counter.gateway, [good, replace(good, lines=[]), before, good])
    assert [getattr(one, "code", "") for one in found] == ["", "lines_missing", "date_outside", ""]
    assert isinstance(found[0], PricedBill) and batch_of(found[0]).in_scope_fen == 100
    assert price_bills(counter.gateway, []) == []


def test_statements_do_not_grow_with_lines_or_bills(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[object] = []
    execute = psycopg.Cursor.execute

    def counted(cursor: Any, query: Any, *more: Any, **names: Any) -> Any:
        said.append(query)
        return execute(cursor, query, *more, **names)

    monkeypatch.setattr(psycopg.Cursor, "execute", counted)

    def statements(act: Callable[[], object]) -> int:
        said.clear()
        act()
        return len(said)

    visit = counter.open()
    many = [
        line(f"x{n}", "ABCN"[n % 4], 100, prescriber=FOREIGN, prescription="r") for n in range(150)
    ]
    few = statements(lambda: counter.upload(visit, many[0]))
    assert statements(lambda: counter.upload(visit, *many[1:], batch="b2")) == few <= 12
    small = statements(lambda: write_purchase(counter.gateway, purchases(counter, 1, 1)))
    assert (
        statements(lambda: write_purchase(counter.gateway, purchases(counter, 40, 5)))
        == small
        <= 10
    )
