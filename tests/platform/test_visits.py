"""Visits before the settlement: opened, described, taken back, on the real database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import date

import pytest
from tests.platform.visit_counter import (
    CHUXIONG,
    FOREIGN,
    HOSPITAL,
    LAPSED,
    NOW,
    YUNFU,
    Connection,
    Counter,
    add_item,
    at,
    fill_county,
    line,
    refused,
)

from gongji.settlement import visits


@pytest.fixture
def counter(owner: Connection, gateway: Connection) -> Counter:
    fill_county(owner)
    return Counter(gateway)


def test_a_visit_is_opened_in_the_persons_area(counter: Counter) -> None:
    visit = counter.open(YUNFU)
    row = counter.gateway.execute("select area, person_id, number, begun_at from visit").fetchone()
    assert row == ("445300", 2, "n1", at("2024-03-05 09:00"))
    assert visits.get_visit(counter.gateway, HOSPITAL, visit, YUNFU).day == date(2024, 3, 5)


def test_a_visit_is_opened_in_the_area_of_the_insurance_on_its_day(
    owner: Connection, counter: Counter
) -> None:
    owner.execute(
        "insert into person_fact (person_id, area, kind, since, until, details) values"
        " (1, '530925', 'insured', '2023-01-01', '2024-03-05', '{}'),"
        " (1, '532300', 'insured', '2024-03-05', null, '{}')"
    )
    add_item(owner, "K", area="530900")
    visit = counter.open(when="2024-03-04 09:00")
    found = counter.upload(visit, line("1", "K", 100))
    assert found[0].in_scope_fen == 100  # The catalogue of a county is its city's.
    counter.open()
    areas = counter.gateway.execute("select area from visit order by id").fetchall()
    assert areas == [("530925",), ("532300",)]


def test_a_visit_needs_a_person_an_institution_an_agreement_and_a_day_within_bounds(
    counter: Counter,
) -> None:
    refused("person_unknown", lambda: counter.open("53230000000000000009"), "5323*")
    refused("institution_unknown", lambda: counter.open(institution="H53230099999"))
    refused("agreement_missing", lambda: counter.open(institution=LAPSED), "2024-03-05")
    assert counter.open(institution=LAPSED, when="2023-12-31 23:59")
    refused("service_day_outside", lambda: counter.open(when="2024-03-07 00:00"), "2024-03-06")
    refused("service_day_outside", lambda: counter.open(when="2023-01-29 23:59"), "2023-01-30")
    assert counter.open(when="2024-03-06 23:59") and counter.open(when="2023-01-30 00:00")
    refused("service_day_outside", lambda: counter.open(when="2024-03-04 00:00", days_back=0))


def test_the_day_of_a_visit_is_that_of_china(counter: Counter) -> None:
    visit = counter.open(when="2024-03-05 00:30")  # 16:30 of the day before in UTC
    assert visits.get_visit(counter.gateway, HOSPITAL, visit, CHUXIONG).day == date(2024, 3, 5)


def test_an_institution_sees_only_its_own_visits(counter: Counter) -> None:
    visit = counter.open()
    refused(
        "visit_unknown", lambda: counter.upload(visit, line("1", "A", 100), institution=FOREIGN)
    )
    refused("visit_unknown", lambda: counter.upload(visit, line("1", "A", 100), psn_no=YUNFU))
    refused("visit_unknown", lambda: counter.upload(visit + 1, line("1", "A", 100)))


def test_a_visit_is_taken_back_with_its_unsettled_lines_and_only_once(counter: Counter) -> None:
    visit = counter.open()
    counter.upload(visit, line("1", "A", 100))
    refused("visit_number_differs", lambda: counter.cancel(visit, "n2"), "n1")
    counter.settle("b1")
    refused("visit_settled", lambda: counter.cancel(visit), "b1")
    counter.settle("b1", None)
    counter.cancel(visit)
    assert counter.batches()[0]["withdrawn_at"] == NOW
    refused("visit_withdrawn", lambda: counter.cancel(visit))
    refused("visit_withdrawn", lambda: counter.upload(visit, line("2", "A", 100)))


def test_diagnoses_are_replaced_and_voided_by_kind_and_code(counter: Counter) -> None:
    visit = counter.open()
    cold = {"diag_type": "1", "diag_code": "J00", "diag_name": "感冒", "vali_flag": "1"}
    flu = {"diag_type": "1", "diag_code": "J11", "diag_name": "流感", "vali_flag": "1"}
    counter.describe(visit, CHUXIONG, cold, flu, details={"prescriber": FOREIGN})
    counter.describe(
        visit, CHUXIONG, cold | {"diag_name": "鼻炎"}, med_type="outpatient", disease=""
    )
    counter.describe(visit, CHUXIONG, {"diag_type": "1", "diag_code": "J11", "vali_flag": "0"})
    found = visits.get_visit(counter.gateway, HOSPITAL, visit, CHUXIONG)
    assert [one["diag_name"] for one in found.diagnoses] == ["鼻炎"]
    assert [one["diag_name"] for one in found.details["voided"]] == ["流感"]
    assert (found.med_type, found.disease) == ("registered_disease", "M01600")
    assert found.details["prescriber"] == FOREIGN
    refused("field_missing", lambda: counter.describe(visit, CHUXIONG, {"diag_type": "1"}))
    refused("service_day_outside", lambda: counter.describe(visit, when="2025-03-05 09:00"))


def test_batches_and_serials_stand_once_until_they_are_taken_back(counter: Counter) -> None:
    visit = counter.open()
    counter.upload(visit, line("1", "A", 100))
    refused("batch_standing", lambda: counter.upload(visit, line("2", "A", 100)), "b1")
    refused("serial_standing", lambda: counter.upload(visit, line("1", "A", 100), batch="b2"), "1")
    refused("batch_number_invalid", lambda: counter.upload(visit, line("2", "A", 1), batch=""))
    counter.upload(counter.open(), line("1", "A", 100))  # Another visit has its own serials.
    counter.upload(visit, line("2", "A", 100), batch="b2")
    counter.withdraw(visit, "b1")
    counter.upload(visit, line("1", "A", 100))
    refused("batch_unknown", lambda: counter.withdraw(visit, "b3"), "b3")


def test_settled_lines_cannot_be_taken_back(counter: Counter) -> None:
    visit = counter.open()
    for number in ("b1", "b2", "b3"):
        counter.upload(visit, line(number, "A", 100), batch=number)
    counter.settle("b2")
    refused("batch_settled", lambda: counter.withdraw(visit, "b2"), "b2", "撤销结算")
    counter.withdraw(visit, None)
    assert [row["withdrawn_at"] is None for row in counter.batches()] == [False, True, False]


def test_of_two_uploads_at_once_with_one_number_one_is_kept(
    counter: Counter, connect: Callable[[], Connection]
) -> None:
    visit = counter.open()
    with connect() as other, ThreadPoolExecutor(1) as pool:
        with counter.gateway.transaction():
            counter.upload(visit, line("1", "A", 100))
            second = pool.submit(Counter(other).upload, visit, line("2", "A", 100))
            assert not wait([second], 0.2).done  # It waits for the first.
        refused("batch_standing", second.result)
    assert len(counter.batches()) == 1


def test_lines_are_not_taken_back_while_the_person_is_settled(
    counter: Counter, connect: Callable[[], Connection]
) -> None:
    visit = counter.open()
    counter.upload(visit, line("1", "A", 100))
    with connect() as other, ThreadPoolExecutor(1) as pool:
        with other.transaction():
            other.execute("select id from person where id = 1 for no key update")
            taking = pool.submit(counter.withdraw, visit, "b1")
            assert not wait([taking], 0.2).done
            Counter(other).settle("b1")
        refused("batch_settled", taking.result)
