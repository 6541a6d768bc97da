"""Where several mistakes explain a payment: which is named, on which days, from which row; and what
a summary and a file make of over- and underpayment. By hand from the articles."""

import polars as pl
import pytest

from gongji.auditing import AuditSummary, Finding, PaidFile, audit, findings_frame
from gongji.auditing.suspects import suspects_of

CHUXIONG, PANZHIHUA, SHAOYANG = "532300", "510400", "430500"


def visit(day="2023-03-01", in_scope="1000", paid="455", **more):
    """A visit of somebody active at level 3."""
    return {
        "person": "甲",
        "visit": "",
        "date": day,
        "status": "active",
        "level": "3",
        "in_scope": in_scope,
        "paid_pool": paid,
    } | more


def file(area, *rows, **more):
    columns = dict.fromkeys(name for row in rows for name in row)
    frame = pl.DataFrame([dict.fromkeys(columns, "") | row for row in rows])
    return PaidFile(frame, area=area, **more)


def found(area, *rows, mode="law", **more):
    return list(audit(file(area, *rows, **more), mode))


@pytest.mark.parametrize(
    ("paid", "cause", "difference"),
    [
        ("454.98", "unknown", -2),
        ("454.99", "rounding", -1),
        ("455", "", 0),
        ("455.01", "rounding", 1),
        ("455.02", "unknown", 2),
    ],
)
def test_a_fen_is_a_rounding_and_two_are_none(paid, cause, difference):
    """(1000 - 90) x 50 % = 455."""
    rows = found(CHUXIONG, visit(paid=paid))
    assert [(f.cause, f.difference_fen) for f in rows] == ([(cause, difference)] if cause else [])


@pytest.mark.parametrize(
    ("in_scope", "paid", "words"),
    [
        ("90.01", "0", "被舍去"),  # 0.005 of the fen is up
        ("90.02", "0.02", "相差一分"),  # 0.01 exactly
        ("91.01", "0.51", ""),  # 0.505 is 0.51
        ("91.01", "0.50", "被舍去"),
    ],
)
def test_how_a_fen_was_lost_or_won(in_scope, paid, words):
    rows = found(CHUXIONG, visit(in_scope=in_scope, paid=paid))
    assert [words in f.sentence for f in rows] == ([True] if words else [])


@pytest.mark.parametrize(
    ("in_scope", "paid", "words"),
    [
        ("100.02", "22.01", ""),
        ("100.02", "22.02", "被进为一分"),  # 40.02 x 55 % = 22.011
        ("100.04", "22.02", ""),
        ("100.04", "22.03", "被进为一分"),  # 22.022
        ("100.03", "22.03", "相差一分"),  # 22.0165 is 22.02 already
        ("100.03", "22.01", "被舍去"),
    ],
)
def test_a_part_of_a_fen_that_was_made_a_whole_one_is_told(in_scope, paid, words):
    rows = found(CHUXIONG, visit(in_scope=in_scope, paid=paid, level="2"))
    assert [words in f.sentence for f in rows] == ([True] if words else [])


RETIRED = {"status": "retired"}


@pytest.mark.parametrize(
    ("day", "cause"),
    [
        ("2024-11-01", "previous_version"),
        ("2024-11-02", "previous_version"),
        ("2025-01-31", "previous_version"),
        ("2025-02-01", "wrong_level"),
        ("2025-11-01", "wrong_level"),
    ],
)
def test_the_version_before_is_suspected_first_for_a_quarter_from_the_day_of_the_change(day, cause):
    """A retiree at level 2 is due (1000 - 40) x 65 % = 624. Paid 564: (1000 - 60) x 60 %, which is
    level 2 before 2024-11-01 and level 3 since; the other is named beside it.
    """
    (one,) = found(CHUXIONG, visit(day, paid="564", level="2", **RETIRED))
    other = {"previous_version", "wrong_level"} - {cause}
    assert (one.cause, one.difference_fen) == (cause, -6_000)
    assert other <= set(one.also)
    if cause == "previous_version":
        assert "楚政规〔2022〕2号" in one.sentence
        days = {"2024-11-01": 0, "2024-11-02": 1, "2025-01-31": 91}[day]
        assert f"距变更{days}天" in one.sentence


@pytest.mark.parametrize(
    ("day", "cause"),
    [
        ("2024-10-31", "next_version"),
        ("2024-08-01", "next_version"),
        ("2024-07-31", "wrong_level"),
        ("2023-11-01", "wrong_level"),
    ],
)
def test_the_version_after_is_suspected_first_for_a_quarter_before_the_change(day, cause):
    """A retiree at level 3 is due (1000 - 90) x 55 % = 500.50; paid 564: (1000 - 60) x 60 %."""
    (one,) = found(CHUXIONG, visit(day, paid="564", **RETIRED))
    assert (one.cause, one.difference_fen) == (cause, 6_350)
    if cause == "next_version":
        days = {"2024-10-31": 1, "2024-08-01": 92}[day]
        assert f"距变更{days}天" in one.sentence and "云政办规〔2024〕2号" in one.sentence


def test_without_a_version_before_or_after_none_is_suspected():
    """Panzhihua has one document; nothing crashes on the first and last law."""
    (one,) = found(PANZHIHUA, visit(in_scope="700", paid="1"))
    assert one.cause == "unknown" and not one.also


def test_the_last_visit_that_moved_a_meter_is_named():
    """Panzhihua, level 1, ceiling 1,000. 700 is due 300, 310 were paid; 500 is due 300, 315 were
    paid; of 2,000 the law has 400 left, the payments 375.
    """
    level = {"level": "1"}
    rows = [
        visit("2023-03-01", "700", "310", **level),
        visit("2023-03-02", "500", "315", **level),
        visit("2023-03-03", "2000", "375", **level),
    ]
    told = [(f.cause, f.difference_fen, f.from_row) for f in found(PANZHIHUA, *rows)]
    assert told == [("unknown", 1_000, 0), ("unknown", 1_500, 0), ("carried_forward", -2_500, 2)]
    by_paid = [(f.cause, f.row_number) for f in found(PANZHIHUA, *rows, mode="paid")]
    assert by_paid == [("unknown", 1), ("unknown", 2)]


def test_what_was_moved_in_one_year_is_not_carried_into_the_next():
    """The overpayment of December says nothing of January's ceiling."""
    rows = [
        visit("2023-12-31", "700", "310", level="1"),
        visit("2024-01-01", "2000", "1000", level="1"),
    ]
    assert [(f.cause, f.row_number) for f in found(PANZHIHUA, *rows)] == [("unknown", 1)]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_visits_are_judged_in_the_order_of_days_and_sequences(order):
    """Nine before ten, wherever they stand; what has no number last: 200 of deductible first."""
    rows = [
        visit(in_scope="200", paid="0", sequence="9", level="1"),
        visit(in_scope="500", paid="300", sequence="10", level="1"),
        visit(in_scope="100", paid="60", sequence="", level="1"),
    ]
    assert found(PANZHIHUA, *(rows[number] for number in order)) == []


PAID = {
    # (700 - 200) x 60 % = 300; deductible 200; person 400.
    "paid_pool": "300",
    "paid_deductible": "200",
    "paid_person": "400",
    "paid_ordinary": "300",
    "paid_supplements": "0",
}


@pytest.mark.parametrize("column", PAID)
def test_whoever_differs_in_any_column_is_a_suspect_and_nobody_else(column):
    """Each amount by itself; an empty one is not judged, but the pool's is."""
    right = visit(in_scope="700", level="1") | PAID
    wrong = right | {"person": "乙", column: "299.99"}
    silent = right | {"person": "丙", column: ""}
    given = file(PANZHIHUA, right, wrong, silent)
    suspects = suspects_of(given) - {None}
    assert suspects == ({"乙", "丙"} if column == "paid_pool" else {"乙"})
    told = [(getattr(f, "row_number", 0), type(f).__name__) for f in audit(given)]
    assert (2, "Finding") in told
    assert ((3, "BadRow") in told) == (column == "paid_pool") and len(told) == len(suspects)


@pytest.mark.parametrize(("column", "text"), [("paid_pool", "300"), ("paid_pool_fen", "30000")])
def test_what_was_paid_in_yuan_or_fen(column, text):
    row = visit(in_scope="700", level="1") | {column: text}
    row = row if column == "paid_pool" else {n: t for n, t in row.items() if n != "paid_pool"}
    assert found(PANZHIHUA, row) == []
    row[column] = f"{int(text) + (1 if column == 'paid_pool' else 100)}"
    (one,) = found(PANZHIHUA, row)
    assert one.difference_fen == 100


def test_too_much_and_too_little_are_summed_apart_cause_by_cause():
    """45.50 and 4.55 too much by status, 455 and 9.10 too little by nothing paid."""
    rows = [
        visit(paid="500.50"),
        visit(in_scope="181", paid="50.05", person="乙"),
        visit(paid="0", person="丙"),
        visit(in_scope="108.20", paid="0", person="丁"),
    ]
    findings = found(CHUXIONG, *rows)
    summary = AuditSummary(len(rows))
    for one in findings:
        assert isinstance(one, Finding)
        summary.add(one)
    told = {cause: (t.count, t.over_fen, t.under_fen) for cause, t in summary.causes.items()}
    assert told == {"wrong_status": (2, 5_005, 0), "paid_zero": (2, 0, 46_410)}
    said = summary.as_json()
    assert (said["differences"], said["over"], said["under"]) == (4, "50.05", "464.10")
    assert [(c["cause"], c["over"], c["under"]) for c in said["causes"]] == [
        ("paid_zero", "0.00", "464.10"),
        ("wrong_status", "50.05", "0.00"),
    ]
    frame = findings_frame(findings)
    assert frame["difference_pool"].to_list() == ["45.50", "4.55", "-455.00", "-9.10"]
    assert frame["due_pool"].to_list() == ["455.00", "45.50", "455.00", "9.10"]
    assert frame["paid_pool"].to_list() == ["500.50", "50.05", "0.00", "0.00"]
    assert frame["person"].to_list() == ["甲", "乙", "丙", "丁"]


def test_opening_meters_of_the_area_count_where_the_first_visit_finds_them():
    """Shaoyang, level 2: 150 of the 200 met before; an earlier year's are not this one's."""
    opening = pl.DataFrame(
        {
            "person": ["甲"],
            "area": [SHAOYANG],
            "meter": ["level_deductible"],
            "key": ["2"],
            "amount": ["150"],
        }
    )
    row = visit("2023-03-01", "700", "390", level="2")  # (700 - 50) x 60 %
    assert found(SHAOYANG, row, opening=opening) == []
    again = visit("2023-03-02", "100", "60", level="2")
    assert found(SHAOYANG, row, again, opening=opening) == []
