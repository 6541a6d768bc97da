"""`gongji mirror`: national tables read back are the truth, and every row is accounted for."""

import json

import polars as pl
import pytest
import xlsxwriter
from polars.testing import assert_frame_equal

from gongji.cli.main import main
from gongji.mirror.made_up import encode_prefecture
from gongji.mirror.national_values import read_values
from gongji.mirror.nightly import MirrorWishes, mirror_tables
from gongji.mirror.table_checks import COUNTS
from gongji.refusals import Refusal
from mirror.made_small import write_small

SETTLED = {
    "SETL_ID": "1",
    "MDTRT_ID": "m1",
    "PSN_NO": "31000000000000001",
    "INSUTYPE": "310",
    "PSN_TYPE": "1101",
    "INSU_ADMDVS": "532300",
    "FIXMEDINS_CODE": "H53230000001",
    "FIX_BLNG_ADMDVS": "532301",
    "DEDC_HOSP_LV": "2",
    "HOSP_LV": "05",
    "MED_TYPE": "11",
    "BEGNDATE": "2023-03-01",
    "SETL_TIME": "2023-03-01 09:00:00",
    "MEDFEE_SUMAMT": "100.00",
    "INSCP_AMT": "100.00",
    "HIFP_PAY": "60.00",
    "FUND_PAY_SUMAMT": "60.00",
    "PSN_PAY": "40.00",
    "ACCT_PAY": "30.00",
    "CASH_PAYAMT": "10.00",
    "ACCT_MULAID_PAY": "",
    "INIT_SETL_ID": "",
    "REFD_SETL_FLAG": "0",
    "VALI_FLAG": "1",
    "UPDT_TIME": "2023-03-01 10:00:00",
}


def nothing(what, rows):
    """Hears of progress and says nothing."""


def read(folder, table):
    """An own table of a folder."""
    paths = sorted((folder / table).glob("*.parquet")) or [folder / f"{table}.parquet"]
    return pl.concat([pl.read_parquet(path) for path in paths])


def settle(tmp_path, *rows, name="SETL_D.csv", **wishes):
    """Settlements that differ from SETTLED as said, mirrored: the checks and the folder."""
    folder = tmp_path / "tables"
    folder.mkdir(exist_ok=True)
    pl.DataFrame([SETTLED | row for row in rows]).write_csv(folder / name)
    wanted = MirrorWishes(tmp_path / "out", **({"keep_numbers": True} | wishes))
    return mirror_tables([folder], wanted, nothing), tmp_path / "out"


def rows_of(checks, table="SETL_D"):
    """How many rows of a table went which way."""
    found = next(item for item in checks.tables if item.table == table)
    assert found.lost == 0
    return found.rows


@pytest.fixture(scope="module")
def prefecture(tmp_path_factory):
    """A small prefecture, its national tables, and what was read of them."""
    folder = tmp_path_factory.mktemp("prefecture")
    write_small(folder / "own")
    dirt = encode_prefecture(folder / "own", folder / "national")
    wishes = MirrorWishes(folder / "out", keep_numbers=True, buckets=3)
    checks = mirror_tables([folder / "national/tables"], wishes, nothing)
    return folder, dirt.counts, checks


@pytest.mark.parametrize("table", ["visits", "lines", "persons", "institutions"])
def test_what_is_read_back_is_the_truth(prefecture, table):
    folder, _, _ = prefecture
    truth = read(folder / "own", table)
    key = {"visits": "visit", "lines": "line", "persons": "person"}.get(table, "institution")
    found = read(folder / "out", table).select(truth.columns).sort(key)
    assert_frame_equal(found, truth.sort(key))


def test_spells_are_read_back_but_for_those_that_were_not_delivered(prefecture):
    folder, dirt, _ = prefecture
    truth, found = read(folder / "own", "spells"), read(folder / "out", "spells")
    assert found.join(truth, on=truth.columns, how="anti", nulls_equal=True).is_empty()
    lost = truth.join(found, on=truth.columns, how="anti", nulls_equal=True)
    assert lost.height == dirt["spell_missing"]


def test_every_dirty_row_is_counted_as_what_it_is(prefecture):
    _, dirt, checks = prefecture
    settled, lines = rows_of(checks), rows_of(checks, "FEE_LIST_D")
    assert settled["superseded"] == dirt["delivered_twice"] + dirt["older_version"]
    assert settled["refunded"] == settled["refund_rows"] == dirt["refunded_in_the_next_month"]
    assert (settled["void"], settled["other_insurance"]) == (7, dirt["other_insurance"])
    assert settled["rejected"] == dirt["code_unknown"] + dirt["refund_alone"]
    assert settled["old_person_code"] == dirt["old_person_code"] > 0
    assert lines["of_refunded"] == dirt["lines_of_refunded"]
    assert lines["returning"] == dirt["returned_lines"]
    assert lines["not_settled"] == dirt["not_settled"]
    assert lines["rejected"] == dirt["settlement_missing"]


def test_rows_and_money_of_every_table_are_accounted_for(prefecture):
    _, _, checks = prefecture
    for table in checks.tables:
        assert table.lost == 0, table.table
    settled = next(item for item in checks.tables if item.table == "SETL_D")
    assert set(settled.rows) - set(COUNTS) <= {"old_person_code", "refund_without_flag"}
    assert settled.fen["refunded"] == -settled.fen["refund_rows"]


def test_the_sums_hold_in_every_row(prefecture):
    _, _, checks = prefecture
    assert {check.name for check in checks.checks if check.rows == check.holds == 600} == {
        *("total_by_payer", "total_by_scope", "person", "funds", "lines"),
    }
    assert checks.family.decided == "inside" and checks.family.inside > 100


def test_a_table_that_has_been_through_excel_is_refused_with_what_was_lost(prefecture, tmp_path):
    folder, _, _ = prefecture
    with pytest.raises(Refusal, match="SETL_ID 有 5 个编号是 4.39E.17.*已经丢失") as refused:
        mirror_tables([folder / "national/excel"], MirrorWishes(tmp_path / "out"), nothing)
    assert refused.value.code == "file_unreadable"


def test_a_finished_file_is_not_read_again_and_a_new_one_is_added(tmp_path):
    heard = []
    first, out = settle(tmp_path, {})
    assert rows_of(first)["written"] == 1
    wishes = MirrorWishes(out, keep_numbers=True)
    mirror_tables([tmp_path / "tables"], wishes, lambda what, rows: heard.append(what))
    assert heard == ["分桶"]
    later = tmp_path / "next/SETL_D.csv"
    later.parent.mkdir()
    pl.DataFrame([SETTLED | {"SETL_ID": "2"}]).write_csv(later)
    both = mirror_tables([later.parent], wishes, lambda what, rows: heard.append(what))
    assert rows_of(both)["written"] == 2 and heard[1:] == ["SETL_D.csv", "分桶"]


def test_a_bucket_that_was_changed_is_made_anew(tmp_path):
    _, out = settle(tmp_path, {})
    before = (out / "visits/00000.parquet").read_bytes()
    (out / "visits/00000.parquet").write_bytes(b"")
    settle(tmp_path, {})
    assert (out / "visits/00000.parquet").read_bytes() == before


def test_no_number_of_a_person_is_left_unless_it_is_asked_for(tmp_path):
    row = {"INIT_SETL_ID": "missing"}
    _, out = settle(tmp_path, {}, {"SETL_ID": "2"} | row, keep_numbers=False)
    number = SETTLED["PSN_NO"].encode()
    assert not [p for p in out.rglob("*") if p.is_file() and number in p.read_bytes()]
    person = read(out, "visits")["person"][0]
    assert person.startswith("p") and read(out, "persons")["person"].to_list() == [person]
    again, _ = settle(tmp_path, {}, {"SETL_ID": "3"}, keep_numbers=False)
    assert read(out, "visits")["person"].unique().to_list() == [person]
    assert (out / "pseudonym.key").stat().st_mode & 0o077 == 0


def test_copies_of_the_settlements_are_refused_together(tmp_path):
    settle(tmp_path, {})
    with pytest.raises(Refusal, match="SETL_D、NOCLR_SETL_D") as refused:
        settle(tmp_path, {}, name="noclr_setl_d_2023.csv")
    assert refused.value.code == "tables_together"


def test_a_copy_in_a_later_run_is_refused_too(tmp_path):
    _, out = settle(tmp_path, {})
    (tmp_path / "tables/SETL_D.csv").unlink()
    with pytest.raises(Refusal) as refused:
        settle(tmp_path, {}, name="CLRED_SETL_D.csv")
    assert refused.value.code == "tables_together"


def test_a_settlement_partly_refunded_is_written_with_its_net_amounts(tmp_path):
    back = {"SETL_ID": "2", "INIT_SETL_ID": "1", "MEDFEE_SUMAMT": "-40", "HIFP_PAY": "-24"}
    checks, out = settle(tmp_path, {}, back)
    visit = read(out, "visits").row(0, named=True)
    assert (visit["total_fen"], visit["paid_pool_fen"]) == (6000, 3600)
    assert rows_of(checks)["partly_refunded"] == 1
    assert read(out, "refunds").row(0, named=True)["original"] == "1"


def test_the_refund_of_a_national_id_may_name_the_local_one(tmp_path):
    ids = {"SETL_ID": "L1", "SETL_ID_NAT": "N1"}
    back = {"SETL_ID": "L2", "SETL_ID_NAT": "N2", "INIT_SETL_ID": "L1"}
    money = {"MEDFEE_SUMAMT": "-100", "HIFP_PAY": "-60"}
    checks, out = settle(tmp_path, ids, back | money, ids | {"SETL_ID": "L3", "SETL_ID_NAT": "N3"})
    assert read(out, "visits")["settlement"].to_list() == ["N3"]
    assert rows_of(checks)["refunded"] == 1


@pytest.mark.parametrize(
    ("mark", "told"), [(";", "以分号分隔"), ("\t", "以制表符分隔"), ("|", "以竖线分隔，GB18030")]
)
def test_what_separates_cells_is_seen_and_told(tmp_path, mark, told):
    folder = tmp_path / "tables"
    folder.mkdir()
    # A comma and the mark itself stand in a cell between quotes; one file has a byte order mark.
    row = SETTLED | {"FIXMEDINS_NAME": f'虚构,"一"{mark}院'}
    text = pl.DataFrame([row]).write_csv(separator=mark, include_bom=mark == ";")
    encoding = "gb18030" if mark == "|" else "utf-8"
    (folder / "SETL_D.csv").write_bytes(text.encode(encoding))
    checks = mirror_tables([folder], MirrorWishes(tmp_path / "out"), nothing)
    assert rows_of(checks)["written"] == 1 and checks.read_as == {"SETL_D.csv": told}
    name = read(tmp_path / "out", "institutions")["name"].item()
    assert name == row["FIXMEDINS_NAME"].replace("\t", " ")


def test_a_local_code_is_taken_as_its_parent_or_as_what_has_its_name(tmp_path):
    entries = [
        ("MED_TYPE", "11", "普通门诊", ""),
        ("MED_TYPE", "L9", "本地门诊", ""),
        ("MED_TYPE", "L91", "本地门诊下一级", "L9"),
        ("MED_TYPE", "K1", "口岸门诊", "11"),
        ("MED_TYPE", "K2", "口岸门诊下一级", "K1"),
        ("MED_TYPE", "T1", "普通门诊", "T2"),
        ("MED_TYPE", "T2", "转圈", "T1"),
    ]
    names = ("DIC_TYPE_CODE", "NAT_DIC_VAL_CODE", "NAT_DIC_VAL_NAME", "PRNT_DIC_VAL_CODE")
    (tmp_path / "tables").mkdir()
    frame = pl.DataFrame(entries, schema=names, orient="row")
    frame.write_csv(tmp_path / "tables/NAT_DATA_DIC_A.csv")
    codes = ("11", "L91", "K1", "K2", "T1")
    rows = [{"SETL_ID": code, "MED_TYPE": code} for code in codes]
    checks, out = settle(tmp_path, *rows)
    assert sorted(read(out, "visits")["settlement"]) == ["11", "K1", "K2", "T1"]
    assert set(read(out, "visits")["benefit"]) == {"ordinary"}
    assert rows_of(checks)["rejected"] == 1
    assert pl.read_csv(out / "rejected.csv")["value"].to_list() == ["L91 本地门诊下一级"]
    assert "MED_TYPE T1 普通门诊：作 11 普通门诊" in checks.by_dictionary
    assert len(checks.by_dictionary) == 3 and rows_of(checks, "NAT_DATA_DIC_A")["written"] == 7


def test_local_numbers_are_held_against_national_ones(tmp_path):
    same = {"PSN_NO": "L1", "PSN_NO_GB": "N1", "SETL_ID_NAT": "S1"}
    rows = [
        same | {"SETL_ID": "1"},
        same | {"SETL_ID": "2", "SETL_ID_NAT": "S1"},
        same | {"SETL_ID": "3", "PSN_NO": "L2", "PSN_NO_GB": "N2", "SETL_ID_NAT": "S3"},
        same | {"SETL_ID": "4", "PSN_NO": "L2", "PSN_NO_GB": "N3", "SETL_ID_NAT": "S4"},
    ]
    checks, out = settle(tmp_path, *rows)
    found = {check.name: (check.rows, check.holds) for check in checks.checks}
    assert found["person_numbers"] == (3, 1) and found["settlement_numbers"] == (4, 2)
    text = (out / "checks.txt").read_text(encoding="utf-8")
    assert "本地人员编号与国家编号一一对应：3 笔中 2 笔不符\n" in text
    again = mirror_tables([tmp_path / "tables"], MirrorWishes(out, keep_numbers=True), nothing)
    assert {check.name for check in again.checks} == set(found)


def test_a_local_number_and_the_national_one_are_the_same_person(tmp_path):
    known = {"PSN_NO": "L7", "PSN_NO_GB": "31000000000000001"}
    _, out = settle(tmp_path, known, {"SETL_ID": "2", "PSN_NO_GB": ""})
    assert read(out, "visits")["person"].unique().to_list() == ["31000000000000001"]


def test_the_newest_row_counts_though_it_was_delivered_first(tmp_path):
    older = {"HIFP_PAY": "1.00", "UPDT_TIME": "2023-03-01 09:59:59"}
    checks, out = settle(tmp_path, {}, older)
    assert read(out, "visits")["paid_pool_fen"].to_list() == [6000]
    assert rows_of(checks)["superseded"] == 1


def test_a_row_deleted_later_is_gone(tmp_path):
    gone = {"DELETED": "1", "UPDT_TIME": "2023-03-02 00:00:00"}
    checks, out = settle(tmp_path, {"DELETED": "0"}, gone)
    assert read(out, "visits").is_empty() and rows_of(checks)["deleted"] == 1


def test_a_row_that_is_valid_in_words_stands_and_a_void_one_does_not(tmp_path):
    checks, out = settle(tmp_path, {"VALI_FLAG": "有效"}, {"SETL_ID": "2", "VALI_FLAG": "无效"})
    assert read(out, "visits").height == 1 and rows_of(checks)["void"] == 1


def test_what_a_mirror_wrote_among_the_tables_is_no_delivery(tmp_path):
    for _ in range(2):
        checks, out = settle(tmp_path, {})
        inside = tmp_path / "tables" / "SETL_D"
        checks = mirror_tables(
            [tmp_path / "tables"], MirrorWishes(inside, keep_numbers=True), nothing
        )
        assert read(inside, "visits")["paid_pool_fen"].to_list() == [6000]
        assert rows_of(checks)["read"] == 1


def test_a_refund_that_is_positive_is_told_and_not_added(tmp_path):
    checks, out = settle(tmp_path, {}, {"SETL_ID": "2", "INIT_SETL_ID": "1"})
    assert read(out, "visits")["paid_pool_fen"].to_list() == [6000]
    assert "refund_positive" in (out / "rejected.csv").read_text()
    assert rows_of(checks)["rejected"] == 1


def test_a_spell_that_is_paused_before_it_begins_is_told(tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    given = {"PSN_NO": "1", "INSUTYPE": "310", "PSN_TYPE": "11", "INSU_ADMDVS": "430500"}
    given |= {"PSN_INSU_STAS": "2", "CRT_INSU_DATE": "2023-05-01"}
    pauses = ("2023-04-01", "2023-05-01", "2023-05-02")
    rows = [
        given | {"PSN_INSU_RLTS_ID": str(n), "PAUS_INSU_DATE": day} for n, day in enumerate(pauses)
    ]
    pl.DataFrame(rows).write_csv(folder / "PSN_INSU_D.csv")
    checks, out = settle(tmp_path, {})
    assert rows_of(checks, "PSN_INSU_D")["rejected"] == 2
    assert "spell_empty" in (out / "rejected.csv").read_text()


@pytest.mark.parametrize(("mutual", "account"), [("10.00", "20.00"), ("10.00", "30.00")])
def test_where_the_family_account_is_counted_is_told_by_the_rows(tmp_path, mutual, account):
    beside = account == "20.00"
    amounts = {"ACCT_MULAID_PAY": mutual, "ACCT_PAY": account}
    checks, out = settle(tmp_path, amounts)
    assert checks.family.decided == ("beside" if beside else "inside")
    visit = read(out, "visits").row(0, named=True)
    assert (visit["account_fen"], visit["family_fen"], visit["cash_fen"]) == (2000, 1000, 1000)
    assert next(c for c in checks.checks if c.name == "person").holds == 1


def test_columns_that_are_not_delivered_are_empty_never_zero(tmp_path):
    required = ("SETL_ID", "MDTRT_ID", "PSN_NO", "MED_TYPE", "MEDFEE_SUMAMT", "HIFP_PAY")
    required = (*required, "SETL_TIME", "INSU_ADMDVS", "PSN_TYPE")
    folder = tmp_path / "tables"
    folder.mkdir()
    pl.DataFrame([{name: SETTLED[name] for name in required}]).write_csv(folder / "SETL_D.csv")
    mirror_tables([folder], MirrorWishes(tmp_path / "out"), nothing)
    visit = read(tmp_path / "out", "visits").row(0, named=True)
    assert visit["paid_pool_fen"] == 6000 and str(visit["date"]) == "2023-03-01"
    assert visit["cash_fen"] is visit["paid_supplements_fen"] is visit["account_fen"] is None


def test_a_sum_that_does_not_hold_is_told_with_its_money(tmp_path):
    checks, _ = settle(tmp_path, {}, {"SETL_ID": "2", "PSN_PAY": "39.00"})
    broken = next(c for c in checks.checks if c.name == "total_by_payer")
    assert (broken.rows, broken.holds, broken.differs_fen, broken.shown) == (2, 1, 100, ["2"])


def test_a_prefecture_tells_only_what_differs(tmp_path):
    over = tmp_path / "own.yaml"
    over.write_text(
        "版本: 本市-1\n代码:\n  MED_TYPE: {'8888': chronic}\n"
        "表:\n  SETL_D:\n    列:\n      MED_TYPE: [码, 本地类别]\n",
        encoding="utf-8",
    )
    row = {key: value for key, value in SETTLED.items() if key != "MED_TYPE"}
    folder = tmp_path / "tables"
    folder.mkdir()
    pl.DataFrame([row | {"本地类别": "8888"}]).write_csv(folder / "结算信息表.csv")
    wishes = MirrorWishes(tmp_path / "out", (over,), keep_numbers=True)
    mirror_tables([folder], wishes, nothing)
    assert read(tmp_path / "out", "visits")["benefit"].to_list() == ["chronic"]


def test_an_unknown_code_is_rejected_with_its_value(tmp_path):
    checks, out = settle(tmp_path, {"MED_TYPE": "8888"})
    rejected = pl.read_csv(out / "rejected.csv", infer_schema=False).row(0, named=True)
    assert (rejected["cause"], rejected["value"], rejected["key"]) == ("code_unknown", "8888", "1")
    assert rows_of(checks)["rejected"] == 1


@pytest.mark.parametrize(
    ("column", "text", "cause"),
    [
        ("MEDFEE_SUMAMT", "一百", "amount_unreadable"),
        ("SETL_TIME", "昨天", "time_unreadable"),
        ("PSN_NO", "", "key_missing"),
    ],
)
def test_a_cell_that_cannot_be_read_is_told_with_its_row(tmp_path, column, text, cause):
    checks, out = settle(tmp_path, {}, {"SETL_ID": "2", column: text})
    rejected = pl.read_csv(out / "rejected.csv", infer_schema=False).row(0, named=True)
    assert (rejected["row_number"], rejected["column"], rejected["cause"]) == ("2", column, cause)
    assert checks.tables[0].unreadable == {cause: 1}
    assert rows_of(checks)["written"] == 1


@pytest.mark.parametrize(
    ("form", "given", "meant"),
    [
        ("fen", ["12.3", "1,234.50", "-0.01"], [1230, 123450, -1]),
        ("fen", [0.285, 100.0, 1e9], [29, 10000, 10**11]),
        ("code", ["11.0", "０1", " 310 "], ["11", "01", "310"]),
        ("code2", ["1", "02", "11"], ["01", "02", "11"]),
        ("code", [1, 2, 310], ["1", "2", "310"]),
        ("day", ["2023-03-01", "2023/3/1", "20230301"], ["2023-03-01"] * 3),
        ("instant", ["2023-03-01 08:00:00", "20230301080000"], ["2023-03-01 08:00:00"] * 2),
        ("month", ["202303", "2023-03"], ["2023-03-01"] * 2),
    ],
)
def test_cells_have_one_meaning_however_they_are_written(form, given, meant):
    frame = pl.DataFrame({"row_number": range(1, len(given) + 1), "x": given})
    found = read_values(frame, {"x": form}, ()).frame["x"].to_list()
    assert [
        str(v)[: len(m)] if isinstance(m, str) else v for v, m in zip(found, meant, strict=True)
    ] == meant


def test_a_long_number_that_became_a_float_is_refused():
    frame = pl.DataFrame({"row_number": [1], "SETL_ID": [4.39e17]})
    with pytest.raises(Refusal, match="丢失"):
        read_values(frame, {"SETL_ID": "key"}, ())


def test_a_sheet_of_excel_is_read_like_any_file(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "SETL_D.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [name.lower() for name in SETTLED])
        sheet.write_row(1, 0, list(SETTLED.values()))
    mirror_tables([tmp_path / "SETL_D.xlsx"], MirrorWishes(tmp_path / "out"), nothing)
    assert read(tmp_path / "out", "visits")["total_fen"].to_list() == [10000]


def test_a_sheet_whose_numbers_have_lost_their_ends_is_refused(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "SETL_D.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, list(SETTLED))
        sheet.write_row(1, 0, [4.39e17, *list(SETTLED.values())[1:]])
    with pytest.raises(Refusal, match="失真") as refused:
        mirror_tables([tmp_path / "SETL_D.xlsx"], MirrorWishes(tmp_path / "out"), nothing)
    assert refused.value.code == "file_unreadable"


def test_a_file_of_another_table_is_passed_over_though_it_has_columns_of_ours(tmp_path):
    pl.DataFrame([SETTLED]).write_csv(tmp_path / "SETL_D.csv")
    other = {"DIAG_INFO_ID": "1", "MDTRT_ID": "m1", "PSN_NO": "1", "VALI_FLAG": "1"}
    other |= {"UPDT_TIME": "2023-01-01", "CRTE_TIME": "2023-01-01", "OPT_TIME": "2023-01-01"}
    pl.DataFrame([other]).write_csv(tmp_path / "SETL_DIAG_LIST_D.csv")
    checks = mirror_tables([tmp_path], MirrorWishes(tmp_path / "out"), nothing)
    assert [table.table for table in checks.tables] == ["SETL_D"]
    assert list(checks.passed_over.values()) == ["名称和列名都看不出是哪张表"]


@pytest.mark.parametrize(
    "name",
    [
        "SETLCENT_DB.SETL_D.csv",
        "stg_setl_d_di/pt=20240101/part-0.csv",
        "结算信息表_202401.csv",
        "x.csv",
    ],
)
def test_a_table_is_known_by_its_name_by_its_folder_or_by_its_columns(tmp_path, name):
    path = tmp_path / "handed" / name
    path.parent.mkdir(parents=True)
    more = ["BRDY", "GEND", "SETL_TYPE", "PAY_LOC", "ENDDATE", "DISE_NO", "FULAMT_OWNPAY_AMT"]
    row = SETTLED | dict.fromkeys([*more, "PRESELFPAY_AMT", "OVERLMT_SELFPAY", "ACT_PAY_DEDC"], "")
    pl.DataFrame([row]).write_csv(path)
    checks = mirror_tables([tmp_path / "handed"], MirrorWishes(tmp_path / "out"), nothing)
    assert [table.table for table in checks.tables] == ["SETL_D"]


def test_the_catalogue_has_its_highest_price_and_first_self_pay(tmp_path):
    begun = {"HILIST_CODE": "X1", "BEGNDATE": "2024-01-01"}
    tables = {
        "SETL_D": [SETTLED],
        "HILIST_B": [
            begun | {"HILIST_NAME": "虚构药品", "CHRGITM_LV": "2", "INSU_ADMDVS": "530000"}
        ],
        "HILIST_LMTPRIC_D": [
            begun | {"HILIST_PRIC_UPLMT_AMT": "12.5"},
            begun | {"HILIST_PRIC_UPLMT_AMT": "9", "BEGNDATE": "2023-01-01"},
        ],
        "HILIST_SELFPAY_PROP_B": [begun | {"SELFPAY_PROP": "0.1"}],
    }
    for name, rows in tables.items():
        pl.DataFrame(rows).write_csv(tmp_path / f"{name}.csv")
    mirror_tables([tmp_path], MirrorWishes(tmp_path / "out"), nothing)
    item = pl.read_parquet(tmp_path / "out/items.parquet").row(0, named=True)
    assert (item["listing_level"], item["listing"], item["first_self_ppm"]) == (
        *("02", 12_500_000, 100_000),
    )


def run(*argv):
    """The exit code of a command."""
    with pytest.raises(SystemExit) as leaving:
        main(["mirror", *map(str, argv)])
    return leaving.value.code


def test_the_command_says_what_became_of_every_table(tmp_path, capsys):
    folder = tmp_path / "tables"
    folder.mkdir()
    pl.DataFrame([SETTLED]).write_csv(folder / "SETL_D.csv")
    (folder / "其他.csv").write_text("甲,乙\n1,2\n", encoding="utf-8")
    assert run(folder, "-o", tmp_path / "out") == 0
    said = capsys.readouterr().out
    assert "SETL_D：读入 1，写出 1（100.00 元）" in said
    assert "其他.csv：名称和列名都看不出是哪张表" in said
    pl.DataFrame([SETTLED | {"MED_TYPE": "8888"}]).write_csv(folder / "SETL_D_2.csv")
    assert run(folder, "-o", tmp_path / "out", "--json") == 1
    told = json.loads(capsys.readouterr().out)
    assert told["tables"][0]["rows"]["rejected"] == 1
    assert run(folder / "其他.csv", "-o", tmp_path / "none") == 2


def test_on_monday_the_tables_become_a_report_that_finds_what_was_paid_wrongly(tmp_path, capsys):
    made, out = tmp_path / "made", tmp_path / "out"
    assert run("--made-up", made, "--persons", 150) == 0
    assert run(made / "tables", "-o", out) == 1
    assert "明细金额之和 = 结算总费用" in capsys.readouterr().out
    truth = pl.concat([pl.read_parquet(p) for p in (made / "truth/visits").glob("*")])
    assert read(out, "visits")["total_fen"].sum() == truth["total_fen"].sum()
    with pytest.raises(SystemExit):
        main(["audit", str(out), "-o", str(tmp_path / "report"), "--json"])
    told = json.loads(capsys.readouterr().out)
    wrong = json.loads((made / "dirt.json").read_text())["paid_wrongly"]
    unknown = told["set_aside"].get("prescriber_unknown", 0)
    assert wrong > 2 and told["differences"] + unknown == wrong
