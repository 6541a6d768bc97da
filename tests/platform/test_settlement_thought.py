"""What a settlement decides without a database: routes, sums of lines, differing messages, laws."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as replaced
from tests.platform.counter import AREAS, PARAMETERS, RULES

from gongji.catalogue.items import ItemVersion
from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.pricing.price_line import Judgement, terms_of
from gongji.law.rulebook.law import Law
from gongji.ledger.entry_contents import Sums
from gongji.platform.inbox_differences import differing
from gongji.refusals import Refusal
from gongji.settlement.batch_marks import Drug, Marks
from gongji.settlement.batch_summary import BatchSummary, batch_of, sums_for, together
from gongji.settlement.contract import Line
from gongji.settlement.known_facts import BY_ORDINARY, DatedFact, Standing, standings
from gongji.settlement.price_bills import (
    FEE_TIME,
    SERIAL_LENGTH,
    Bill,
    PricedBill,
    PricedLine,
    check_lines,
    fee_day,
    names_of,
)
from gongji.settlement.routes import CARE_NAMES, ROUTES, Registered, route
from gongji.units import MAX_FEN, UNIT, day_of

DAY = date(2024, 6, 5)


def law(area: str) -> Law:
    """The law of an area on the day."""
    return RULES.area(area).law(day_of(DAY))


# Routes.

HOLDS = {
    "chronic": Registered("M1", "chronic", "m1", True, "2024-01-01"),
    "special": Registered("M2", "special", "m2", True, "2024-01-01"),
    "two_diseases": Registered("M3", "two_diseases", "m3", True, "2024-01-01"),
    "dual_channel": Registered("M4", "dual_channel", "m4", True, "2024-01-01"),
}
DRUG = Drug("A", "1", True, False, True)
DUAL = Drug("D", "2", False, True, True)
NOT = "benefit_not_offered"
WAYS: dict[str, tuple[str, str, list[Drug], tuple[str, str, str, str, str]]] = {
    # name: med_type, disease, drugs, what 532300, 530900, 510400, 445300 and 430500 do
    "outpatient": ("outpatient", "", [], ("ordinary",) * 5),
    "registration": ("outpatient_registration", "", [], ("ordinary",) * 5),
    "urgent": ("urgent", "", [], ("ordinary",) * 5),
    "accident": ("injury", "", [], ("ordinary",) * 5),
    "accident too": ("local_injury", "", [], ("ordinary",) * 5),
    "chronic": ("registered_disease", "M1", [], ("chronic", "chronic", "chronic", NOT, "chronic")),
    "special": ("registered_disease", "M2", [], ("special", NOT, "special", "special", "special")),
    "day surgery": ("day_surgery", "", [], ("day_surgery", NOT, NOT, NOT, NOT)),
    "rescue": ("rescue", "", [], ("emergency", NOT, NOT, "emergency", "emergency")),
    "two diseases": ("two_diseases", "M3", [], (NOT, NOT, "two_diseases", NOT, NOT)),
    "negotiated drug": (
        "special_drugs",
        "",
        [DRUG],
        ("negotiated_drug", NOT, NOT, "drugs_missing", "drugs_missing"),
    ),
    "dual-channel drug": (
        "special_drugs",
        "",
        [DUAL],
        ("drugs_missing", NOT, NOT, "dual_channel", "dual_channel"),
    ),
    "pharmacy": ("pharmacy", "", [], ("ordinary",) * 5),
    "dual-channel drug of a pharmacy": (
        "pharmacy",
        "",
        [DUAL],
        ("ordinary", "ordinary", "ordinary", "dual_channel", "dual_channel"),
    ),
    "inpatient": ("inpatient", "", [], ("med_type_unsupported",) * 5),
    "none": ("", "", [], ("med_type_unsupported",) * 5),
}


def routed(area: str, med_type: str, disease: str, held: Any, drugs: Any, lines: int = 1) -> str:
    """The benefit of a bill, or the code of the refusal."""
    try:
        return route(law(area), med_type, disease, list(held), drugs, lines).benefit
    except Refusal as refusal:
        assert "{" not in str(refusal)
        return refusal.code


@pytest.mark.parametrize("way", WAYS)
def test_every_kind_of_care_has_its_benefit_in_every_area(way: str) -> None:
    med_type, disease, drugs, expected = WAYS[way]
    found = tuple(routed(area, med_type, disease, HOLDS.values(), drugs) for area in AREAS)
    assert found == expected


def test_every_route_has_a_name_and_stands_in_the_table() -> None:
    assert set(ROUTES) == set(CARE_NAMES) == {way[0] for way in WAYS.values()} - {"inpatient", ""}


@pytest.mark.parametrize(
    ("disease", "changes", "found"),
    [
        ("M1", {}, "chronic"),
        ("M1", {"approved": False}, "registration_missing"),
        ("M9", {}, "registration_missing"),
        ("", {}, "registration_missing"),
        ("m1", {}, "registration_missing"),
        ("M1", {"benefit": "two_diseases"}, "registration_missing"),
        ("M1", {"benefit": "special"}, "special"),
    ],
)
def test_chronic_care_is_by_the_approved_registration_of_its_disease(
    disease: str, changes: dict[str, Any], found: str
) -> None:
    assert (
        routed("532300", "registered_disease", disease, [replace(HOLDS["chronic"], **changes)], [])
        == found
    )


def test_two_diseases_are_by_their_own_registration() -> None:
    assert routed("510400", "two_diseases", "M1", [HOLDS["chronic"]], []) == "registration_missing"
    assert (
        routed("510400", "registered_disease", "M3", [HOLDS["two_diseases"]], [])
        == "registration_missing"
    )


B_DRUG = Drug("B", "3", True, False, True)
LATE = Drug("A", "4", True, False, False)


@pytest.mark.parametrize(
    ("area", "drugs", "lines", "held", "found"),
    [
        ("532300", [DRUG], 1, True, "negotiated_drug"),
        ("532300", [DRUG], 1, False, "negotiated_drug"),
        ("532300", [DRUG], 2, True, "drugs_missing"),
        ("532300", [DRUG, B_DRUG], 2, True, "drugs_mixed"),
        ("532300", [DRUG, LATE], 2, True, "negotiated_drug"),
        ("532300", [DRUG, DUAL], 2, True, "drugs_missing"),
        ("532300", [], 0, True, "drugs_missing"),
        ("430500", [DUAL], 1, False, "registration_missing"),
        ("430500", [DUAL], 2, True, "drugs_missing"),
        ("430500", [DUAL, replaced(DUAL, item="E")], 2, True, "dual_channel"),
    ],
)
def test_drugs_decide_when_every_line_is_one(
    area: str, drugs: list[dict[str, Any]], lines: int, held: bool, found: str
) -> None:
    holders = [HOLDS["dual_channel"]] if held else []
    assert routed(area, "special_drugs", "", holders, drugs, lines) == found


@pytest.mark.parametrize(
    ("drugs", "lines", "holder", "found"),
    [
        ([DUAL], 1, HOLDS["dual_channel"], "dual_channel"),
        ([DUAL], 2, HOLDS["dual_channel"], "ordinary"),
        ([DUAL], 1, replace(HOLDS["dual_channel"], approved=False), "ordinary"),
        ([DUAL], 1, replace(HOLDS["dual_channel"], benefit="negotiated_drug"), "dual_channel"),
        ([DUAL], 1, HOLDS["chronic"], "ordinary"),
        ([DRUG], 1, HOLDS["dual_channel"], "ordinary"),
    ],
)
def test_a_pharmacy_sells_by_the_dual_channel_only_what_is_registered(
    drugs: list[dict[str, Any]], lines: int, holder: Registered, found: str
) -> None:
    assert routed("430500", "pharmacy", "", [holder], drugs, lines) == found


@pytest.mark.parametrize("care", ["pharmacy", "special_drugs"])
@pytest.mark.parametrize(
    ("drugs", "lines", "found"),
    [
        ([DUAL], 1, "dual_channel"),
        ([DUAL, replaced(DUAL, item="E")], 2, "dual_channel"),
        ([DUAL], 2, "drugs_missing"),
    ],
)
def test_where_the_dual_channel_is_ordinary_it_needs_no_registration(
    care: str, drugs: list[dict[str, Any]], lines: int, found: str
) -> None:
    """云浮 第二十条（一）: of what is bought outside only dual-channel drugs are paid."""
    for held in ([], [HOLDS["dual_channel"]]):
        assert routed("445300", care, "", held, drugs, lines) == found


def test_a_route_names_the_one_drug_and_whether_all_of_it_is_in_agreement() -> None:
    held = list(HOLDS.values())
    found = route(law("532300"), "special_drugs", "", held, [DRUG, LATE], 2)
    assert (found.drug, found.in_agreement) == ("A", False)
    assert route(law("532300"), "special_drugs", "", held, [DRUG, DRUG], 2).in_agreement
    assert route(law("430500"), "special_drugs", "", held, [DUAL], 1).drug == "D"
    assert (
        route(law("430500"), "special_drugs", "", held, [DUAL, replaced(DUAL, item="E")], 2).drug
        == ""
    )


# Sums of lines.


def version(item: str, *diseases: str) -> ItemVersion:
    """A version of an item, 甲 and without limits."""
    return ItemVersion(
        1,
        "532300",
        item,
        "测试",
        "101",
        "09",
        date(2020, 1, 1),
        None,
        "甲",
        None,
        None,
        None,
        None,
        None,
        None,
        "",
        False,
        False,
        False,
        False,
        list(diseases),
        "",
        None,
    )


def priced(area: str, *lines: PricedLine, diseases: tuple[str, ...] = ()) -> PricedBill:
    """A priced bill of some lines."""
    bill = Bill(RULES.area(area), DAY, "H", [line.line for line in lines])
    return PricedBill(bill, lines, terms_of(law(area)), (), diseases)


def line(
    serial: str,
    split: tuple[int, int, int, int],
    part: str = "",
    related: bool | None = None,
    diseases: tuple[str, ...] = (),
    known: bool = True,
) -> PricedLine:
    """A priced line."""
    sent = Line(serial, serial, UNIT, sum(split) * 10_000, sum(split), related=related)
    return PricedLine(
        sent, DAY, version(serial, *diseases) if known else None, Judgement(True, part=part), split
    )


def test_a_batch_adds_up_its_lines_and_their_parts() -> None:
    found = batch_of(
        priced(
            "532300",
            line("1", (1, 20, 300, 4000), "consultation"),
            line("2", (5, 0, 0, 600), "drug"),
            line("3", (0, 7, 0, 0), "drug"),
            line("4", (0, 0, 0, 90)),
            line("5", (0, 0, 9, 11), "drug"),
            line("6", (0, 3, 0, 0), "equipment"),
        )
    )
    amounts = {
        name: getattr(found, name)
        for name in (
            "total_fen",
            "above_standard_fen",
            "wholly_own_fen",
            "first_self_pay_fen",
            "in_scope_fen",
        )
    }
    assert amounts == {
        "total_fen": 5046,
        "above_standard_fen": 6,
        "wholly_own_fen": 30,
        "first_self_pay_fen": 309,
        "in_scope_fen": 4701,
    }
    assert found.parts == {"consultation": 4000, "drug": 611}, "only what is in scope"


def test_lines_unrelated_to_the_disease_leave_every_sum_and_their_part() -> None:
    bill = priced(
        "532300",
        line("1", (1, 0, 10, 100), "drug", diseases=("M1",)),
        line("2", (2, 3, 20, 200), "drug", diseases=("M2",)),
        line("3", (0, 0, 0, 400), "drug", related=False),
        line("4", (0, 0, 0, 5)),
    )
    made = batch_of(bill)
    whole = sums_for(made, "ordinary", ["M1"])
    assert whole == Sums(741, 3, 3, 30, 705, {"drug": 700})
    mine = sums_for(made, "chronic", ["M1"])
    # 2: 3 + 222 wholly own; 3: 400.
    assert mine == Sums(741, 1, 3 + 222 + 400, 10, 105, {"drug": 100}, ("2", "3"))
    assert sums_for(made, "special", ["M1", "M2"]).unrelated == ("3",)
    other = sums_for(made, "chronic", ["M9"])
    assert (other.in_scope_fen, other.parts) == (5, {}), "an empty part is left out"
    assert (
        other.total_fen
        == 741
        == sum(
            (
                other.above_standard_fen,
                other.wholly_own_fen,
                other.first_self_pay_fen,
                other.in_scope_fen,
            )
        )
    )
    assert made.parts == {"drug": 700}, "the batch itself is as it was"


def test_the_disease_known_when_the_lines_came_counts_where_none_is_given() -> None:
    lines = [line(n, (0, 0, 0, 100), diseases=(f"M{n}",)) for n in "12"]
    made = batch_of(priced("532300", *lines, diseases=("M2",)))
    assert sums_for(made, "chronic").unrelated == ("1",)
    assert sums_for(made, "chronic", []).unrelated == (), "without a disease nothing is unrelated"


def test_batches_merge_part_by_part() -> None:
    first = BatchSummary(10, 1, 2, 3, 4, {"a": 4}, Marks(unrelated=("x",)))
    both = together([first, BatchSummary(20, 2, 4, 6, 8, {"a": 3, "b": 5})])
    assert both == BatchSummary(30, 3, 6, 9, 12, {"a": 7, "b": 5}, Marks(unrelated=("x",)))
    assert together([]) == BatchSummary(0, 0, 0, 0, 0)


def test_items_that_the_catalogue_does_not_know_are_named_to_the_cashier() -> None:
    lines = [line(n, (0, 5, 0, 0), known=n == "2") for n in "123"]
    warnings = batch_of(priced("532300", *lines)).marks.warnings
    assert len(warnings) == 1 and "明细 1、3 " in warnings[0]
    assert batch_of(priced("532300", line("2", (0, 0, 0, 5)))).marks.warnings == ()


# Lines as they are sent.


def sent(**changes: Any) -> Line:
    """A sound line of 1.00."""
    return replace(Line("1", "A", UNIT, 1_000_000, 100), **changes)


def wrong(*lines: Line) -> str:
    """The code of the refusal, empty for none."""
    try:
        check_lines(lines)
    except Refusal as refusal:
        return refusal.code
    return ""


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"serial": "x" * SERIAL_LENGTH}, ""),
        ({"serial": "x" * (SERIAL_LENGTH + 1)}, "line_invalid"),
        ({"serial": ""}, "line_invalid"),
        ({"item": ""}, "line_invalid"),
        ({"quantity_e4": 0, "amount_fen": 0}, "line_invalid"),
        ({"quantity_e4": 1, "price_micro": 0, "amount_fen": 0}, ""),
        ({"quantity_e4": 1, "price_micro": 0, "amount_fen": 1}, ""),
        ({"amount_fen": 101}, ""),
        ({"amount_fen": 99}, ""),
        ({"amount_fen": 102}, "line_amount_differs"),
        ({"amount_fen": 98}, "line_amount_differs"),
        ({"price_micro": MAX_FEN * 10_000, "amount_fen": MAX_FEN}, ""),
        ({"price_micro": (MAX_FEN + 1) * 10_000, "amount_fen": MAX_FEN + 1}, "amount_too_large"),
    ],
)
def test_a_line_is_taken_up_to_its_bounds(changes: dict[str, Any], code: str) -> None:
    assert SERIAL_LENGTH == 30
    assert wrong(sent(**changes)) == code


def test_the_bound_of_a_bill_is_that_of_its_total() -> None:
    big = sent(price_micro=MAX_FEN * 10_000, amount_fen=MAX_FEN)
    assert wrong(big, sent(serial="2")) == "amount_too_large"
    assert wrong(sent(), sent(serial="2"), sent(serial="1")) == "line_repeated"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-06-03 23:59:59", "2024-06-03"),
        ("2024-06-03", "2024-06-03"),
        ("20240603000000", "2024-06-03"),
        ("2024/06/03 01:02", "2024-06-03"),
        ("20240603", "2024-06-03"),
        ("", "2024-06-05"),
        ("2024-02-29 08:00:00", "2024-02-29"),
        ("2023-02-29 08:00:00", ""),
        ("2024-6-3", "2024-06-03"),
        ("2024-06-02T16:30:00.000Z", "2024-06-03"),
        ("2024060", ""),
        ("yesterday", ""),
        ("2024-13-01", ""),
    ],
)
def test_the_day_of_a_fee_is_read_or_refused(text: str, day: str) -> None:
    bill = Bill(RULES.area("532300"), DAY, "H", [])
    one = sent(details={FEE_TIME: text})
    if day:
        assert str(fee_day(one, bill)) == day
    else:
        with pytest.raises(Refusal, match="费用发生时间"):
            fee_day(one, bill)


def test_a_fee_arises_from_the_first_to_the_last_day_of_the_bounds() -> None:
    first, last = date(2024, 6, 1), date(2024, 6, 6)
    bill = Bill(RULES.area("532300"), DAY, "H", [], bounds=(first, last))
    for day in (first, DAY, last):
        assert fee_day(sent(details={FEE_TIME: str(day)}), bill) == day
    for day in (first - timedelta(days=1), last + timedelta(days=1)):
        with pytest.raises(Refusal, match=str(day)):
            fee_day(sent(details={FEE_TIME: str(day)}), bill)


def test_a_disease_is_known_by_its_code_and_by_the_rulebooks_name() -> None:
    class Fact:
        key, details = "M1", {"disease": "m1"}

    assert names_of("M1", [Fact]) == ("M1", "m1")  # type: ignore[list-item]
    assert names_of("M2", [Fact]) == ("M2",)  # type: ignore[list-item]
    assert names_of("", [Fact]) == ()  # type: ignore[list-item]


# Messages.

CONTENT = {"a": "1", "rows": [{"x": 1, "y": [1, 2]}, {"x": 2}], "n": None}


@pytest.mark.parametrize(
    ("before", "infno", "names"),
    [
        (CONTENT, "2102", ["infno"]),
        (CONTENT | {"a": "2"}, "2207", ["a"]),
        ({"a": "1", "n": None}, "2207", ["rows"]),
        (CONTENT | {"z": 1}, "2102", ["infno", "z"]),
        (
            CONTENT | {"rows": [{"x": 1, "y": [1, 3]}, {"x": 3}]},
            "2207",
            ["rows[1].y[2]", "rows[2].x"],
        ),
        (CONTENT | {"rows": [{"x": 1}]}, "2207", ["rows"]),
        ({str(n): n for n in range(9)}, "2207", ["0", "1", "2", "3", "4", "…"]),
        (CONTENT, "2207", ["input"]),
    ],
)
def test_what_differs_is_named_field_by_field(
    before: dict[str, Any], infno: str, names: list[str]
) -> None:
    assert differing(infno, before, "2207", CONTENT) == names


# Institutions on a day.


def test_an_agreement_for_ordinary_care_covers_rescue_day_surgery_and_the_two_diseases() -> None:
    here = Standing("H", "430500", "hospital", designated_for=frozenset({"ordinary"}))
    covered = {"ordinary", "emergency", "day_surgery", "two_diseases"}
    benefits = {"chronic", "special", "negotiated_drug", "dual_channel"} | covered
    assert {benefit for benefit in benefits if here.designated(benefit)} == covered
    assert covered - {"ordinary"} == BY_ORDINARY
    special = replace(here, designated_for=frozenset({"special"}))
    assert {benefit for benefit in benefits if special.designated(benefit)} == {"special"}


def test_the_level_that_counts_is_the_parents_where_there_is_one() -> None:
    def fact(kind: str, **details: Any) -> DatedFact:
        return DatedFact(kind, "", date(2024, 1, 1), date(2024, 7, 1), details)

    rows = [
        ("H", "430500", "hospital", fact("level", level="1", parent="P")),
        ("H", "430500", "hospital", fact("agreement", qualified=False)),
        ("P", "430500", "hospital", fact("level", level="3")),
        ("N", "430500", "pharmacy", None),
    ]
    found = standings(rows, DAY)
    assert (found["H"].level, found["H"].parent_level, found["H"].counting_level) == ("1", "3", "3")
    assert found["H"].designated_for == {"ordinary"} and not found["H"].qualified
    assert found["P"].counting_level == "3" and not found["P"].designated("ordinary")
    assert (found["N"].kind, found["N"].level, found["N"].qualified) == ("pharmacy", "", False)
    for day in (date(2023, 12, 31), date(2024, 7, 1)):
        assert standings(rows, day)["H"] == Standing("H", "430500", "hospital")


# The law's hash.


def test_the_hash_is_of_the_documents_in_force_and_the_figures_given() -> None:
    hashes = {
        day: RULES.law_hash("430500", day_of(date.fromisoformat(day)))
        for day in ("2022-11-01", "2023-05-31", "2023-06-01", "2024-06-05")
    }
    assert hashes["2022-11-01"] == hashes["2023-05-31"] != hashes["2023-06-01"]
    assert hashes["2023-06-01"] == hashes["2024-06-05"]
    figures = PARAMETERS["430500"]
    backwards = Areas(parameters={"430500": dict(reversed(figures.items()))})
    assert backwards.law_hash("430500", day_of(DAY)) == hashes["2024-06-05"]
    for name in figures:
        other = Areas(parameters={"430500": figures | {name: "77%" if "rate" in name else "77"}})
        assert other.law_hash("430500", day_of(DAY)) != hashes["2024-06-05"], name


def test_the_hash_changes_with_any_byte_of_a_document(tmp_path: Path) -> None:
    _, book = RULES.area("445300").law(day_of(DAY)).books
    copy = tmp_path / "440000" / "445300" / book.path.name
    copy.parent.mkdir(parents=True)
    copy.write_bytes(book.path.read_bytes())
    settings = {"445300": PARAMETERS["445300"]}
    same = Areas(Library((tmp_path,)), settings).law_hash("445300", day_of(DAY))
    copy.write_bytes(book.path.read_bytes() + b"\n")
    other = Areas(Library((tmp_path,)), settings).law_hash("445300", day_of(DAY))
    assert same == RULES.law_hash("445300", day_of(DAY)) != other


def test_every_area_is_loaded_before_anybody_comes_and_a_wrong_figure_is_told_then() -> None:
    rules = Areas(parameters=PARAMETERS)
    assert set(AREAS) <= {area.code for area in rules.every()}
    with pytest.raises(Refusal) as refused:
        Areas(parameters={"430500": {"no_such_figure": "1"}}).every()
    assert refused.value.code == "value_invalid"
