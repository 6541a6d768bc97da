"""What was typed into a form as a content: amounts, days, choices; what is wrong is named."""

import re
from datetime import datetime
from importlib import import_module

import msgspec
import pytest

from gongji.agency.typed_forms import read_acting
from gongji.console.item_forms import FORMS, read_item, shown_content, typed_again
from gongji.console.said_refusals import words_of
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
    ("name", "text", "label", "code"),
    [
        ("total_fen", "", "总额（元）", "value_invalid"),
        ("total_fen", "1.005", "总额（元）", "amount_invalid"),
        ("total_fen", "1,00", "总额（元）", "amount_invalid"),
        ("total_fen", "-1", "总额（元）", "amount_negative"),
        ("total_fen", "10000000000.01", "总额（元）", "amount_too_large"),
        ("service_date", "昨天", "就医日期", "value_invalid"),
        ("service_date", "2026-W47-5", "就医日期", "value_invalid"),
        ("service_date", "46346", "就医日期", "value_invalid"),
        ("service_date", "9999-12-31", "就医日期", "value_invalid"),
        ("number", "x" * 65, "票据号", "value_invalid"),
        ("benefit", "dental", "类别", "value_invalid"),
    ],
)
def test_what_cannot_be_read_is_named(name: str, text: str, label: str, code: str) -> None:
    with pytest.raises(Refusal) as told:
        read_item(FORMS["manual_reimbursement"], BILL | {name: text})
    assert (told.value.code, told.value.field) == (code, label)


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("total_fen", "１，３００．５０", 130_050),
        ("total_fen", "￥1300.5元", 130_050),
        ("service_date", "2026/1/5", "2026-01-05"),
        ("service_date", "２０２６年1月5日", "2026-01-05"),
        ("number", " Ｐ\u200b１ ", "P1"),
        ("institution", "'0012", "0012"),
    ],
)
def test_what_is_typed_and_pasted_is_read_as_cells_are(name: str, text: str, read: object) -> None:
    assert read_item(FORMS["manual_reimbursement"], BILL | {name: text})[name] == read


HEAD = ("票据号", "医疗机构编码", "就医日期", "总额（元）", "政策范围内（元）")


def test_bills_that_were_pasted_go_by_their_columns_names(server: str) -> None:
    from gongji.console.bill_rows import BillRow, once, pasted

    def lines(*rows: tuple[str, ...]) -> str:
        return "\r\n".join("\t".join(row) for row in rows) + "\r\n\t\t\r\n"

    bill = ("Q1", "H1", "2026/1/5", "100", "60")
    typed = {"number": "Q1", "institution": "H1", "service_date": "2026/1/5"}
    typed |= {"total_fen": "100", "in_scope_fen": "60"}
    assert pasted(lines(HEAD, bill)) == pasted(lines(bill)) == [BillRow(1, typed)]
    narrow = ("备注", "全自费(元)", *HEAD[::-1])
    (found,) = pasted(lines(narrow, ("某", "40", *bill[::-1])))
    assert found.typed == typed | {"wholly_own_fen": "40"} and not found.problem
    (found,) = pasted(lines((*bill, "0", "0", "0", "40")))
    assert "40" in found.problem
    (found,) = pasted(lines(('"Q1\n第二联"', *bill[1:])))
    assert found.typed["number"] == "Q1\n第二联"
    with pytest.raises(Refusal, match="政策范围内"):
        pasted(lines(HEAD[:4], bill[:4]))
    first, again = once(pasted(lines(bill, ("ｑ 1", *bill[1:]))))
    assert not first.problem and "第 1 行" in again.problem


@pytest.mark.parametrize("ending", ["xlsx", "csv"])
def test_bills_come_from_workbooks_with_their_days_and_wide_brackets(
    server: str, ending: str
) -> None:
    import io

    import xlsxwriter
    from django.core.files.uploadedfile import SimpleUploadedFile

    from gongji.console.bill_rows import from_workbook

    made = io.BytesIO()
    if ending == "xlsx":
        with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, HEAD)
            sheet.write_row(1, 0, (7, "H1", "", 100.5, 100.5))
            sheet.write_datetime(1, 2, datetime(2026, 1, 5), book.add_format({"num_format": 14}))
            sheet.write_row(2, 0, (12345678901234567890, "H1"))
    else:
        rows = (",".join(HEAD), "7,H1,2026/1/5,100.5,100.5", "1.2E+19,H1,,,")
        made.write("\n".join(rows).encode("gb18030"))
    first, lost = from_workbook(SimpleUploadedFile(f"票据.{ending}", made.getvalue()))
    content = read_item(FORMS["manual_reimbursement"], BILL | first.typed)
    assert (content["number"], content["service_date"]) == ("7", "2026-01-05")
    assert (content["total_fen"], first.problem) == (10_050, "")
    assert "失真" in lost.problem


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (Refusal("bond_person_unknown", "psn_no"), "参保人编号"),
        (Refusal("value_invalid", "holding", {"value": "x", "allowed": "y"}), "任职 的值 x"),
        (Refusal("field_unknown", "x", {"known": "；可用的列：psn_no"}), "可用的列：参保人编号"),
        (Refusal("message_differs", "", {"value": "m", "names": "content"}), "请刷新页面"),
    ],
)
def test_at_the_desk_a_refusal_names_no_field_of_the_wire(refusal: Refusal, words: str) -> None:
    sentence = words_of(refusal)
    assert words in sentence and not re.search("[a-z]_[a-z]|msgid|holding", sentence)


def test_every_field_of_every_kind_is_shown_in_words() -> None:
    from gongji.agency import items
    from gongji.review.command_kinds import KINDS

    assert items.ALL
    names = {f.name for one in KINDS.values() for f in msgspec.structs.fields(one.content)}
    content = dict.fromkeys(names, 1) | {"lines": [1, 2], "advance": True, "applicant": "person"}
    shown = dict(shown_content("payout_batch", content))
    kinds = [one for kind, one in KINDS.items() if kind not in FORMS]
    wanted = {f.name for one in kinds for f in msgspec.structs.fields(one.content)}
    assert not wanted & shown.keys() and shown["金额（元）"] == "0.01"
    assert (shown["明细"], shown["先行支付"], shown["申请人"]) == ("2 行", "是", "本人")


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
