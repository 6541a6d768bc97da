"""Statements: each amount by itself, each day at its edge, each row under the place it names."""

import io
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from tests.platform.counter import NOW
from tests.platform.gateways import Clock, bill, line, opened, purchase
from tests.platform.queries_county import Standing, refused, standing
from tests.platform.test_statements import asked, compared, packed, row, totals, uploaded

from gongji.gateway.statements import statement_files
from gongji.gateway.statements.statement_files import read_rows, zipped
from gongji.settlement.reconcile import DeclaredRow

AMOUNTS = {
    "medfee_sumamt": "医疗费总额",
    "fund_pay_sumamt": "基金支付总额",
    "acct_pay": "个人账户支付",
}
NAMES = ("psn_no", "mdtrt_id", "setl_id")


@pytest.fixture(scope="module")
def town(server: str) -> Iterator[Standing]:
    """A county with a gateway; every settlement of it is this module's."""
    with standing(server) as made:
        yield made


@pytest.fixture
def place(town: Standing) -> Iterator[Standing]:
    """The town on a day of its own, so that each test has a statement of its own."""
    assert isinstance(town.clock, Clock)
    town.clock.now = max(town.clock.now, NOW) + timedelta(days=8)
    yield town


def today(place: Standing, days: int = 0) -> str:
    """The day of the gateway's clock, or one some days from it."""
    return str((place.clock() + timedelta(days=days)).date())


def settled(place: Standing, amount: str = "900.00", fund: str = "510.00") -> dict[str, Any]:
    """A settlement whose three amounts are not alike: (900 - 50) x 60 % = 510.00, 70.00 by account.

    Its account holds 70.00; the rest is cash.
    """
    psn_no = place.insured(7000)
    visit = opened(place.client, psn_no, [{"det_item_fee_sumamt": amount, "pric": "450"}])
    found: dict[str, Any] = place.client.do("2207", bill(psn_no, visit, amount))["setlinfo"]
    assert (found["medfee_sumamt"], found["acct_pay"]) == (900, 70)
    assert found["fund_pay_sumamt"] == float(fund)
    return found


def on(place: Standing, *one: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """3201 of the day of the clock."""
    day = today(place)
    return totals(*one, **({"stmt_begndate": day, "stmt_enddate": day} | changes))


def rows_of(place: Standing, lines: list[str], **changes: Any) -> list[dict[str, str]]:
    """result.txt of the day of the clock."""
    day = today(place)
    return compared(place, lines, **({"stmt_begndate": day, "stmt_enddate": day} | changes))


@pytest.mark.parametrize(("field", "name"), AMOUNTS.items())
def test_each_total_is_compared_with_its_own(place: Standing, field: str, name: str) -> None:
    one = settled(place)
    assert place.client.do("3201", on(place, one))["stmtinfo"]["stmt_rslt"] == "0"
    found = place.client.do("3201", on(place, one, **{field: "1.23"}))["stmtinfo"]
    assert found["stmt_rslt"] == "1"
    assert found["stmt_rslt_dscr"] == f"{name}平台{one[field]:.2f}机构1.23"


def test_the_number_of_settlements_is_compared(place: Standing) -> None:
    one = settled(place)
    found = place.client.do("3201", on(place, one, fixmedins_setl_cnt=2))["stmtinfo"]
    assert found["stmt_rslt_dscr"] == "结算笔数平台1机构2"


@pytest.mark.parametrize(("field", "name"), AMOUNTS.items())
def test_each_amount_of_a_row_is_compared_with_its_own(
    place: Standing, field: str, name: str
) -> None:
    one = settled(place)
    (found,) = rows_of(place, [row(one, **{field: "1.23"})])
    assert (found["stmt_rslt"], found["memo"]) == ("1", f"{name}平台{one[field]:.2f}机构1.23")
    assert [found[each] for each in AMOUNTS] == ["900.00", "510.00", "70.00"]
    assert found["setl_id"] == one["setl_id"] and found["psn_no"] == one["psn_no"]
    assert found["mdtrt_id"] == one["mdtrt_id"] and found["msgid"] == one["medins_setl_id"]


def test_a_row_that_only_the_institution_knows_is_told_as_it_was_sent(place: Standing) -> None:
    one = {
        "setl_id": "77",
        "mdtrt_id": "88",
        "psn_no": "99",
        "medfee_sumamt": "5.00",
        "fund_pay_sumamt": "3.00",
        "acct_pay": "1.00",
    }
    (found,) = rows_of(place, [row(one, refd_setl_flag="1")])
    assert found == one | {
        "msgid": "null",
        "stmt_rslt": "1",
        "refd_setl_flag": "1",
        "memo": "平台没有这笔结算",
    }


@pytest.mark.parametrize(
    ("begin", "end", "counted"),
    [(0, 0, 1), (-1, -1, 0), (1, 1, 0), (-1, 0, 1), (0, 1, 1), (-3, -1, 0), (1, 3, 0)],
)
def test_a_statement_counts_from_its_first_to_its_last_day(
    place: Standing, begin: int, end: int, counted: int
) -> None:
    one = settled(place)
    span = {"stmt_begndate": today(place, begin), "stmt_enddate": today(place, end)}
    found = place.client.do("3201", totals(*[one] * counted, **span))["stmtinfo"]
    assert found["stmt_rslt_dscr"] == "平"
    (told, *_) = rows_of(place, [row(one)], **span)
    elsewhere = f"平台有这笔结算，日期{today(place)}，不在本次对账的日期、清算类别或退费范围内"
    assert told["memo"] == ("null" if counted else elsewhere)


@pytest.mark.parametrize(("clearing", "counted"), [("41", 1), ("11", 0), ("21", 0), ("99", 0)])
def test_a_pharmacy_clears_under_its_own_type(place: Standing, clearing: str, counted: int) -> None:
    psn_no = place.insured(7000)
    sold = line("", "", 1)
    for name in ("mdtrt_id", "psn_no", "chrg_bchno"):
        del sold[name]
    info = place.pharmacy.do("2102", purchase(psn_no, 30, [sold]))["setlinfo"]
    given = on(place, *[info] * counted, clr_type=clearing)
    assert place.pharmacy.do("3201", given)["stmtinfo"]["stmt_rslt_dscr"] == "平"


def test_other_insurances_have_nothing_to_clear(place: Standing) -> None:
    settled(place)
    found = place.client.do("3201", on(place, insutype="390"))["stmtinfo"]
    assert found["stmt_rslt"] == "0"


def test_the_pair_of_a_refund_is_told_by_sign(place: Standing) -> None:
    one = settled(place)
    undone = place.client.do("2208", {"data": {name: one[name] for name in NAMES}})["setlinfo"]
    minus = {name: undone[name] for name in AMOUNTS}
    lines = [row(one, **minus), row(one), row(one, setl_id="", **minus), row(one, setl_id="")]
    found = rows_of(place, lines)
    assert [each["setl_id"] for each in found] == [
        undone["setl_id"],
        one["setl_id"],
        "null",
        "null",
    ]
    assert [each["memo"] for each in found] == ["null"] * 2 + ["文件中重复的一笔"] * 2
    found = rows_of(place, [row(one, setl_id="", **minus), row(one, setl_id="")])
    assert [each["stmt_rslt"] for each in found] == ["0", "0"]
    assert [each["medfee_sumamt"] for each in found] == ["-900.00", "900.00"]


def test_without_refunds_neither_side_of_a_pair_is_counted(place: Standing) -> None:
    one, two = settled(place), settled(place)
    undone = place.client.do("2208", {"data": {name: one[name] for name in NAMES}})["setlinfo"]
    given = {"refd_setl_flag": "0", "fixmedins_refd_setl_flag": "1"}
    assert place.client.do("3201", on(place, two, **given))["stmtinfo"]["stmt_rslt"] == "0"
    given = {"refd_setl_flag": "1", "fixmedins_refd_setl_flag": "0"}
    every = on(place, one, two, undone, **given)
    assert place.client.do("3201", every)["stmtinfo"]["stmt_rslt"] == "0"
    found = rows_of(place, [], refd_setl_flag="0")
    assert [each["setl_id"] for each in found] == [two["setl_id"]]
    assert "机构文件中没有" in found[0]["memo"] and found[0]["stmt_rslt"] == "1"


def test_a_visit_that_is_named_wrongly_is_told(place: Standing) -> None:
    one = settled(place)
    (found,) = rows_of(place, [row(one, mdtrt_id="123456", psn_no="9")])
    assert found["memo"] == "人员编号不同；就诊ID不同"
    (found,) = rows_of(place, [row(one, mdtrt_id="")])
    assert (found["memo"], found["mdtrt_id"]) == ("null", one["mdtrt_id"])


def test_sums_of_a_file_that_differ_from_the_request_are_warned_of_one_by_one(
    place: Standing,
) -> None:
    one = settled(place)
    ticket = uploaded(place, row(one).encode())
    for changes, said in (
        ({}, None),
        ({"medfee_sumamt": 1}, "医疗费总额：请求1.00，文件合计900.00"),
        ({"fund_pay_sumamt": 2}, "基金支付总额：请求2.00，文件合计510.00"),
        ({"fixmedins_setl_cnt": 3}, "结算笔数：请求3，文件1行"),
    ):
        assert place.client.ask("3202", asked(ticket, one, **changes))["warn_msg"] == said
    for name in ("medfee_sumamt", "fund_pay_sumamt", "cash_payamt", "fixmedins_setl_cnt"):
        given = asked(ticket, one, **{name: ""})
        assert name in refused(place.client, "field_missing", "3202", given)


def test_a_result_is_fetched_by_its_own_institution_only(place: Standing) -> None:
    one = settled(place)
    ticket = uploaded(place, row(one).encode())
    info = place.client.do("3202", asked(ticket, one))["fileinfo"]
    given = {"fsDownloadIn": {"file_qury_no": info["file_qury_no"]}}
    refused(place.other, "file_unknown", "9102", given)
    assert place.fetched(info)


ROW = "1\t2\t3\t4.00\t3.00\t1.00\t0"
READ = DeclaredRow("1", "2", "3", 400, 300, 100, refunded=False)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (ROW, [READ]),
        (f"\ufeff{ROW}\n", [READ]),
        (f"{ROW}\r\n{ROW}", [READ, READ]),
        (f"\n\t\t\n{ROW}", [READ]),
        (f"SETL_ID\tx\n{ROW}", [READ]),
        (f"结算ID\t就诊\n{ROW}", [READ]),
        ("", []),
        (ROW.replace("1\t2", "null\t2", 1), [DeclaredRow("", "2", "3", 400, 300, 100, False)]),
        (ROW[:-1] + "1", [DeclaredRow("1", "2", "3", 400, 300, 100, refunded=True)]),
        (ROW[:-1], [READ]),
        (ROW.replace("4.00", "-4"), [DeclaredRow("1", "2", "3", -400, 300, 100, False)]),
    ],
)
def test_a_file_is_read_as_institutions_write_it(content: str, expected: list[DeclaredRow]) -> None:
    for written in (
        content.encode(),
        content.replace("\ufeff", "").encode("gb18030"),
        packed(content),
    ):
        assert read_rows(written) == expected


@pytest.mark.parametrize(
    ("line_", "field", "why"),
    [
        (ROW + "\t9", "列", "现有 8 列"),
        (ROW[:-2], "列", "现有 6 列"),
        (ROW.replace("\t3\t", "\t\t"), "psn_no", "不能为空"),
        (ROW.replace("4.00", ""), "medfee_sumamt", "不能为空"),
        (ROW.replace("3.00", "null"), "fund_pay_sumamt", "不能为空"),
        (ROW.replace("1.00", ""), "acct_pay", "不能为空"),
        (ROW.replace("4.00", "1e3"), "medfee_sumamt", "不是至多两位小数"),
        (ROW.replace("3.00", "1.005"), "fund_pay_sumamt", "不是至多两位小数"),
        (ROW.replace("1.00", "一"), "acct_pay", "不是至多两位小数"),
        (ROW.replace("4.00", "10000000000.01"), "medfee_sumamt", "超过上限"),
        (ROW.replace("4.00", "-10000000000.01"), "medfee_sumamt", "超过上限"),
        (ROW[:-1] + "2", "refd_setl_flag", "可取：0、1"),
        ("setl_id\tx", "列", "现有 2 列"),
    ],
)
def test_a_row_with_a_mistake_is_named(line_: str, field: str, why: str) -> None:
    with pytest.raises(statement_files.Refusal) as found:
        read_rows(f"{ROW}\n{line_}".encode())
    assert found.value.code == "statement_row_invalid" and found.value.field == field
    assert "第 2 行" in str(found.value) and why in str(found.value)


def test_an_amount_at_the_bound_is_read() -> None:
    (found,) = read_rows(ROW.replace("4.00", "10000000000.00").encode())
    assert found.total_fen == 10**12


def test_a_packed_file_may_be_so_large_and_no_larger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statement_files, "LONGEST", 1024 * 1024)
    text = ROW + "\n" + " " * (1024 * 1024 - len(ROW) - 1)
    assert read_rows(packed(text)) == [READ]
    with pytest.raises(statement_files.Refusal, match="超过 1 MB"):
        read_rows(packed(text + " "))


def test_a_folder_in_a_packed_file_is_no_second_file() -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("folder/", "")
        archive.writestr("folder/detail.txt", ROW)
    assert read_rows(made.getvalue()) == [READ]
    empty = io.BytesIO()
    zipfile.ZipFile(empty, "w").close()
    with pytest.raises(statement_files.Refusal, match="只有一个文件，现有 0 个|编码不是|现有"):
        read_rows(empty.getvalue())


def test_the_same_text_is_the_same_file() -> None:
    assert zipped("a.txt", "行\n") == zipped("a.txt", "行\n") != zipped("b.txt", "行\n")
    with zipfile.ZipFile(io.BytesIO(zipped("a.txt", "行\n"))) as archive:
        assert archive.read("a.txt").decode() == "行\n"
