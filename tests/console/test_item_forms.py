"""What was typed into a form as a content: amounts, days, choices; what is wrong is named."""

from importlib import import_module

import pytest

from gongji.agency.typed_forms import read_acting
from gongji.console.item_forms import FORMS, read_item, shown_content, typed_again
from gongji.refusals import Refusal
from gongji.review.desk import Acting

BILL = {
    "psn_no": "1",
    "number": "P1",
    "institution": "H1",
    "service_date": "2026-01-05",
    "total_fen": "1,300.5",
    "in_scope_fen": "1300.50",
    "benefit": "ordinary",
    "applicant": "person",
}


def test_amounts_are_read_in_yuan_and_shown_as_they_were_typed() -> None:
    form = FORMS["manual_reimbursement"]
    content = read_item(form, BILL | {"advance": "1"})
    assert (content["total_fen"], content["in_scope_fen"]) == (130_050, 130_050)
    assert content["told"] == {"advance": "1"} and "late_reason" not in content
    again = typed_again(form, content)
    assert again["total_fen"] == "1300.50" and again["advance"] == "1"
    assert ("总额（元）", "1300.50") in shown_content("manual_reimbursement", content)
    assert ("先行支付（第三人责任）", "是") in shown_content("manual_reimbursement", content)


@pytest.mark.parametrize(
    ("name", "text", "label"),
    [
        ("total_fen", "", "总额（元）"),
        ("total_fen", "1.005", "总额（元）"),
        ("service_date", "昨天", "就医日期"),
        ("benefit", "dental", "类别"),
    ],
)
def test_what_cannot_be_read_is_named(name: str, text: str, label: str) -> None:
    with pytest.raises(Refusal) as told:
        read_item(FORMS["manual_reimbursement"], BILL | {name: text})
    assert (told.value.code, told.value.field) == ("value_invalid", label)


def test_a_head_that_was_pasted_is_no_bill(server: str) -> None:
    from gongji.console.drafting import pasted

    rows = pasted("票据号\t医疗机构编码\nQ1\tH1\t2026-01-05\t100\n\n")
    assert rows == [
        {"number": "Q1", "institution": "H1", "service_date": "2026-01-05", "total_fen": "100"}
    ]


def test_without_a_demonstration_nobody_signs_in_by_a_button(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.http import Http404
    from django.test import RequestFactory, override_settings

    from gongji.console import staff_sign_in
    from gongji.console.staff_sign_in import demo_sign_in, invented_staff

    def looks() -> None:
        raise AssertionError("it is asked who the staff are")

    monkeypatch.setattr(staff_sign_in, "console_connection", looks)
    with override_settings(GONGJI_DEMO=False):
        assert invented_staff() == []
        with pytest.raises(Http404):
            demo_sign_in(RequestFactory().post("/", {"subject": "clerk"}))


def test_the_settings_of_the_console_pass_the_checks_of_a_deployment(server: str) -> None:
    from django.core.checks import run_checks
    from django.test import override_settings

    from gongji.service.settings import OF_CONSOLE

    # The addresses of the library are made once in a process, by the settings of all faces.
    import_module("allauth.urls")
    theirs = {name: value for name, value in OF_CONSOLE.items() if name != "INSTALLED_APPS"}
    with override_settings(**theirs):
        found = run_checks(include_deployment_checks=True)
        assert [one for one in found if not one.is_silenced()] == []


def test_the_trail_is_told_in_plain_words() -> None:
    from gongji.review.trail_words import said_what

    assert said_what("command 13") == "事项 13" and said_what("waiting") == "待办列表"
    assert (
        said_what("staff link xinren") == "人员 link xinren" and said_what("other 1") == "other 1"
    )


def test_every_job_of_the_service_has_a_word(server: str) -> None:
    from gongji.console.day_page import JOBS
    from gongji.service.jobs import tasks

    names = {name.rpartition(".")[2] for name in tasks.app.tasks if name.startswith("gongji.")}
    assert names == set(JOBS)


def test_a_step_is_read_from_its_own_fields() -> None:
    """Several commands on one form: each has its own message, version and preview."""
    typed = {"msg_id_7": "m7", "version_7": "2", "seen_7": "ab", "msg_id": "m", "version": "x"}
    assert read_acting(typed, 7, mark="_7") == Acting("m7", 7, 2, "ab", "")
    assert read_acting(typed, 8, "submit", "因故") == Acting("m-submit", 8, 0, "", "因故")
