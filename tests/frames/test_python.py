"""What Python calls: values and frames of every kind, refusals, the same as the commands."""

import gzip
import importlib
import json
import subprocess
import sys
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import polars as pl
import pyarrow as pa
import pytest

import gongji
from gongji.batch.columns import BAD_FEN, Columns
from gongji.batch.loops import ABSENT
from gongji.cli.main import main
from gongji.frames.wishes import GivenWishes
from gongji.tabular.arrow_tables import ROW
from gongji.units import MAX_FEN

AREA, DAY = "430500", date(2023, 3, 1)
CEILING = "待遇.普通门诊.最高支付限额.退休"


def visits(count: int = 12) -> pl.DataFrame:
    """Visits in no order, with a column that no rule knows."""
    return pl.DataFrame(
        {
            "person": [f"p{(7 * n) % 5}" for n in range(count)],
            "date": [date(2023, 3, 1 + n % 20) for n in range(count)],
            "area": [AREA] * count,
            "status": [("active", "retired")[n % 5 % 2] for n in range(count)],
            "level": [str(1 + n % 3) for n in range(count)],
            "total": [Decimal(10_000 + 4_111 * n) / 100 for n in range(count)],
            "doctor": [f"d{n}" for n in range(count)],
        }
    )


def settled(frame: Any, **wishes: Any) -> pl.DataFrame:
    """The results as a Polars frame."""
    return pl.DataFrame(gongji.adjudicate(frame, ignore=["doctor"], **wishes))


def quoted(*arguments: str, capsys: pytest.CaptureFixture[str]) -> Any:
    """What the command says in JSON."""
    with pytest.raises(SystemExit):
        main(["quote", *arguments, "--json"])
    return json.loads(capsys.readouterr().out)


def test_every_name_is_there_and_in_dir() -> None:
    assert set(gongji.__all__) <= set(dir(gongji))
    for name in gongji.__all__:
        assert getattr(gongji, name).__doc__, name
    importlib.import_module("gongji.auditing")
    assert callable(gongji.audit)
    with pytest.raises(AttributeError):
        _ = gongji.no_such


FACTS: dict[str, object] = {"area": "532300", "status": "retired", "level": "3"}


@pytest.mark.parametrize("amount", [1000, "1000", 1000.0, Decimal("1000.00"), np.int64(1000)])
@pytest.mark.parametrize("day", [DAY, "2023-03-01", datetime(2023, 3, 1, 9), pandas.Timestamp(DAY)])
def test_a_quote_takes_numbers_dates_and_decimals(
    amount: object, day: object, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = gongji.quote({**FACTS, "date": day, "in_scope": amount, "drug": None})
    assert (answer.pool_pays, answer.person_pays) == (Decimal("500.50"), Decimal("499.50"))
    assert answer.total == answer.in_scope == 1000 and answer.refusal is None
    if amount == "1000" and day == DAY:
        line = "--area 532300 --date 2023-03-01 --status retired --level 3 --in-scope 1000"
        assert answer.to_dict() == quoted(*line.split(), capsys=capsys)
        assert answer.reasons[-1].startswith("合计：统筹基金支付500.50元")
        assert any("楚政规〔2022〕2号" in article for article in answer.articles)
        assert "500.50" in repr(answer) and "| 累计 |" in answer._repr_markdown_()
        before, after = answer.meters["ordinary_paid"]
        assert after - before == answer.pool_pays


def test_a_quote_knows_what_was_used_and_figures_as_numbers() -> None:
    facts = {**FACTS, "date": DAY, "in_scope": 1000}
    used = {"ordinary_paid": 5999.5}
    settings: dict[str, object] = {"inpatient_rate": "0%", "inpatient_ceiling": 1}
    assert gongji.quote(facts, used, settings).pool_pays == Decimal("0.50")


@pytest.mark.parametrize(
    ("facts", "code", "field"),
    [
        ({"area": "532300"}, "field_missing", "date"),
        ({**FACTS, "date": DAY, "in_scope": -1}, "amount_negative", "in_scope"),
        ({**FACTS, "date": DAY, "in_scope": 1.005}, "amount_invalid", "in_scope"),
        ({**FACTS, "date": DAY, "in_scope": 1, "level": 4}, "value_invalid", "level"),
        ({**FACTS, "date": DAY, "in_scope": 1, "shoe": 43}, "field_unknown", "shoe"),
        ({**FACTS, "date": [DAY], "in_scope": 1}, "value_invalid", "date"),
    ],
)
def test_a_quote_refuses_with_code_and_field(facts: Any, code: str, field: str) -> None:
    with pytest.raises(gongji.Refusal) as refused:
        gongji.quote(facts)
    assert (refused.value.code, refused.value.field, refused.value.row) == (code, field, None)


def columns(values: pa.Array, name: str = "total") -> list[int]:
    """Amounts as the batch reads them."""
    return [int(fen) for fen in Columns(pa.table({name: values})).fen(name.removesuffix("_fen"))]


@pytest.mark.parametrize("unit", ["total", "total_fen"])
def test_amounts_are_read_by_column_as_they_are_by_value(unit: str) -> None:
    rng = np.random.default_rng(3)
    scale = 100 if unit == "total" else 1
    whole = rng.integers(0, MAX_FEN + 2, 3000)
    odd = [0.005, 333 * 3.1, -0.0, -1.0, 1e13, 1e300, float("nan"), float("inf"), 0.1 + 0.2, 1.005]
    floats = [*(whole / scale).tolist(), *odd, None]
    by_value = columns(pa.array([None if f is None else repr_of(f) for f in floats]), unit)
    assert columns(pa.array(floats, pa.float64()), unit) == by_value
    assert by_value[:-11] == [fen if fen <= MAX_FEN else BAD_FEN for fen in whole]
    assert by_value[-1] == ABSENT
    decimals = [Decimal(int(fen)) / scale for fen in whole[:200]]
    decimals += [Decimal("1.005"), Decimal("1.500"), Decimal("-1"), Decimal("1E+13")]
    written = ["1.5" if one == Decimal("1.500") else f"{one:f}" for one in decimals]
    texts = columns(pa.array(written), unit)
    assert columns(pa.array([*decimals, None]), unit) == [*texts, ABSENT]


def repr_of(value: float) -> str:
    """A float as the text that is read of it: fifteen digits."""
    return f"{Decimal(f'{value:.15g}'):f}"


def test_frames_of_every_kind_come_back_as_they_came(tmp_path: Path) -> None:
    frame = visits().drop("doctor")
    wanted = gongji.adjudicate(frame)
    table = frame.to_arrow()
    frame.write_parquet(tmp_path / "v.parquet")
    frame.write_excel(tmp_path / "v.xlsx")
    (tmp_path / "v.csv.gz").write_bytes(gzip.compress(frame.write_csv().encode()))
    (tmp_path / "folder").mkdir()
    frame[:5].write_parquet(tmp_path / "folder/1.parquet")
    frame[5:].write_parquet(tmp_path / "folder/2.parquet")
    batch = table.combine_chunks().to_batches()[0]
    given: list[tuple[Any, type]] = [
        (frame.lazy(), pl.DataFrame),
        (table, pa.Table),
        (batch, pa.Table),
        (table.to_reader(), pa.Table),
        (frame.to_pandas(), pandas.DataFrame),
        (frame.to_dicts(), list),
        (frame.to_dict(as_series=False), dict),
        *((tmp_path / name, pl.DataFrame) for name in ("v.parquet", "v.xlsx", "folder")),
        (str(tmp_path / "v.csv.gz"), pl.DataFrame),
    ]
    for one, kind in given:
        found = gongji.adjudicate(one)
        assert type(found) is kind, type(one)
        result = pl.DataFrame(found)
        for name in ("person", "row_number", "pool_pays", "refusal"):
            assert result[name].to_list() == wanted[name].to_list(), (type(one), name)
    with pytest.raises(gongji.Refusal, match="frame"):
        gongji.adjudicate(5)  # type: ignore[call-overload]


def test_the_order_of_the_input_and_further_columns_are_kept_when_asked() -> None:
    frame = visits()
    found = gongji.adjudicate(frame, order="input", keep=frame.columns)
    assert found["row_number"].to_list() == list(range(1, 13))
    assert found["doctor"].to_list() == frame["doctor"].to_list()
    assert found["level"].to_list() == frame["level"].to_list()
    by_person = settled(frame)
    assert by_person["person"].is_sorted() and "level" not in by_person.columns
    same = found.sort("person", "date")["pool_pays"].to_list()
    assert same == by_person["pool_pays"].to_list()
    with pytest.raises(gongji.Refusal) as refused:
        gongji.adjudicate(frame)
    assert (refused.value.code, refused.value.field) == ("field_unknown", "doctor")
    rules_know = gongji.adjudicate(frame, keep=True, ignore=["doctor"])
    assert "level" in rules_know.columns and "doctor" not in rules_know.columns


def test_a_column_that_no_rule_knows_does_not_tell_rows_apart() -> None:
    rows = [
        {"person": "a", "date": DAY, "area": AREA, "status": "active", "level": 1, "total": 10}
        | {"doctor": doctor}
        for doctor in "xy"
    ]
    assert [row["note"] for row in gongji.adjudicate(rows, keep=["doctor"])] == [
        None,
        "与第 1 行完全相同",
    ]


def test_rejected_rows_come_back_with_their_reason() -> None:
    wrong = pl.int_range(pl.len()).is_in([3, 8])
    frame = visits().with_columns(status=pl.when(wrong).then(pl.lit("learner")).otherwise("status"))
    with pytest.raises(gongji.RowRefusal) as refused:
        gongji.adjudicate(frame, ignore=["doctor"])
    why = refused.value
    assert (why.code, why.why, why.field, why.row) == ("row_rejected", "value_invalid", "status", 4)
    for given in (frame, frame.to_pandas(), frame.to_arrow(), frame.to_dicts()):
        both = gongji.adjudicate_or_reject(given, keep=["doctor"])
        assert type(both.results) is type(both.rejected) is type(given)
        bad = pl.DataFrame(both.rejected)
        assert bad[ROW].to_list() == [4, 9] and bad["doctor"].to_list() == ["d3", "d8"]
        assert set(bad["refusal"]) == {"value_invalid"} and set(bad["column"]) == {"status"}
        assert len(pl.DataFrame(both.results)) == 10


def test_amounts_come_as_wanted() -> None:
    frame = visits()
    decimal, fen, floats = (settled(frame, money=money) for money in ("decimal", "fen", "float"))
    assert decimal.schema["pool_pays"] == pl.Decimal(18, 2)
    assert fen.schema["pool_pays_fen"] == pl.Int64 and floats.schema["pool_pays"] == pl.Float64
    assert fen["pool_pays_fen"].to_list() == [int(d * 100) for d in decimal["pool_pays"]]
    assert floats["pool_pays"].to_list() == [float(d) for d in decimal["pool_pays"]]
    with pytest.raises(gongji.Refusal, match="money"):
        settled(frame, money="cents")


def test_nothing_stands_where_nothing_was_refused_and_categories_occur() -> None:
    frame = visits(4).with_columns(designated=pl.Series(["true", "true", "false", "true"]))
    found = settled(frame, order="input")
    assert found["refusal"].to_list() == [None, None, "not_designated", None]
    assert found["note"].null_count() == 4
    categories = gongji.adjudicate(frame.drop("doctor").to_pandas())["refusal"].cat.categories
    assert list(categories) == ["not_designated"]


def test_a_pandas_frame_keeps_its_kind_of_columns() -> None:
    frame = visits().drop("doctor").with_columns(pl.col("total").cast(pl.Float64))
    numpy = frame.to_pandas()
    arrow = frame.to_pandas(use_pyarrow_extension_array=True)
    nullable = numpy.convert_dtypes(dtype_backend="numpy_nullable")
    floats = [gongji.adjudicate(one, money="float") for one in (numpy, arrow, nullable)]
    kinds = [found["pool_pays"].dtype for found in floats]
    assert kinds == [np.dtype("float64"), pandas.ArrowDtype(pa.float64()), pandas.Float64Dtype()]
    decimals = [gongji.adjudicate(one) for one in (numpy, arrow)]
    assert decimals[0]["pool_pays"].dtype == object
    assert decimals[1]["pool_pays"].dtype == pandas.ArrowDtype(pa.decimal128(18, 2))
    assert decimals[0]["pool_pays"].tolist() == decimals[1]["pool_pays"].tolist()
    given = gongji.adjudicate(numpy.assign(date=pandas.to_datetime(numpy["date"])))
    assert given["date"].dtype.kind == "M"
    unused = [name for name in decimals[0].columns if decimals[0][name].isna().any()]
    for name in unused:
        assert decimals[0][name].isna().tolist() == decimals[1][name].isna().tolist()


def test_pandas_results_have_the_labels_of_their_rows() -> None:
    frame = visits().drop("doctor").to_pandas()
    frame.index = pandas.Index([f"v{n}" for n in range(len(frame))])
    found = gongji.adjudicate(frame)
    in_order = gongji.adjudicate(frame, order="input")
    assert in_order.index.equals(frame.index) and not found.index.equals(frame.index)
    assert found["pool_pays"].loc[frame.index].tolist() == in_order["pool_pays"].tolist()


def test_kept_amounts_stay_as_they_are() -> None:
    frame = visits().drop("doctor").with_columns(total_fen=(pl.col("total") * 100).cast(int))
    frame = frame.drop("total")
    found = gongji.adjudicate(frame, money="decimal", order="input", keep=True)
    assert found["total_fen"].equals(frame["total_fen"]) and "pool_pays" in found.columns
    both = gongji.adjudicate_or_reject(frame.with_columns(level=pl.lit("9")), money="decimal")
    assert both.rejected["total_fen"].equals(frame["total_fen"])


def test_mixed_values_of_python_are_read_as_texts() -> None:
    frame = pandas.DataFrame(
        {"person": ["a", 7], "date": [DAY, "2023-03-02"], "area": [430500, "430500"]}
        | {"status": ["active"] * 2, "level": [1, "2"], "total": [100, "200.00"]}
    )
    assert gongji.adjudicate(frame)["person"].tolist() == ["7", "a"]
    with pytest.raises(gongji.Refusal, match="level"):
        gongji.adjudicate(frame.assign(level=[1, [1]]))


def test_columns_that_arrow_does_not_take_are_read_all_the_same() -> None:
    frame = visits().drop("doctor").to_pandas()
    due = gongji.adjudicate(frame)["pool_pays"].tolist()
    sparse = frame.assign(disease_count=pandas.arrays.SparseArray([1] * len(frame)))
    renamed = frame.rename(columns={"total": " to\ntal\u200b", "person": "\ufeffperson"})
    for one in (sparse, renamed):
        assert gongji.adjudicate(one)["pool_pays"].tolist() == due
    with pytest.raises(gongji.Refusal, match="total 超过上限"):
        gongji.adjudicate(frame.assign(total=[1 << 70] * len(frame)))
    wide = visits().drop("doctor").with_columns(total=pl.lit(1 << 63, pl.UInt64))
    with pytest.raises(gongji.Refusal, match="total 超过上限"):
        gongji.adjudicate(wide)


def test_names_and_columns_of_no_use_are_refused_and_no_error_of_a_library() -> None:
    frame = visits().drop("doctor").to_pandas()
    twice = pandas.concat([frame, frame[["total"]]], axis=1)
    table = visits().drop("doctor").to_arrow()
    levels = frame.set_axis(pandas.MultiIndex.from_product([["a"], frame.columns]), axis=1)
    for one in (twice, table.append_column("total", table.column("total"))):
        with pytest.raises(gongji.Refusal, match="total 不止一次出现"):
            gongji.adjudicate(one)
    with pytest.raises(gongji.Refusal, match="多级列名"):
        gongji.adjudicate(levels)
    with pytest.raises(gongji.Refusal, match="一列的值"):
        gongji.adjudicate({"person": "甲"})


def test_files_that_are_broken_or_empty_are_refused_and_what_editors_leave_passed_over(
    tmp_path: Path,
) -> None:
    head, row = "person,date,area,status,level,total", "甲,2023-03-01,430500,active,2,1000"
    packed = gzip.compress(f"{head}\n{row}\n".encode())
    path = tmp_path / "v.csv.gz"
    broken = (packed[:-12], packed[:20] + b"\xff" * 30, head.encode())
    for content in broken:
        path.write_bytes(content)
        with pytest.raises(gongji.Refusal, match="不是完好的 .gz 文件"):
            gongji.adjudicate(path)
    path.write_bytes(packed)
    (tmp_path / "~$v.xlsx").write_bytes(b"")
    (tmp_path / "._v.csv").write_bytes(b"")
    assert gongji.adjudicate(tmp_path)["pool_pays"].to_list() == [Decimal("480.00")]
    (tmp_path / "none.csv").write_text(f"{head}\n", encoding="utf-8")
    with pytest.raises(gongji.Refusal, match="至少一行"):
        gongji.adjudicate(tmp_path / "none.csv")


def test_a_name_that_there_is_not_is_said() -> None:
    with pytest.raises(TypeError, match="moneys"):
        gongji.adjudicate(visits(), moneys="fen")  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="moneys"):
        gongji.audit(visits(), moneys="fen")  # type: ignore[call-overload]
    assert set(GivenWishes.__annotations__) == set(gongji.FrameWishes.__annotations__)


def test_a_reform_begins_on_its_day_and_is_cited() -> None:
    more = gongji.reform(AREA, {CEILING: "3000元"}, start="2023-04-01", name="提高限额")
    row = {"area": AREA, "status": "retired", "level": 3, "in_scope": 8000}
    before = gongji.quote({**row, "date": "2023-03-31"}, reform=more)
    after = gongji.quote({**row, "date": "2023-04-01"}, reform=more)
    assert (before.pool_pays, after.pool_pays) == (2000, 3000)
    assert "提高限额" not in str(before)
    assert "经“提高限额”修改" in str(after) and "非官方" in str(after)
    assert more.to_dict()["figures"] == {CEILING: "3000元"}
    assert set(more.changes["right"]) == {"3,000.00 元"}
    assert "3,000.00" in more._repr_markdown_()
    visit = {"person": "a", "date": "2023-04-01", **row}
    (found,) = gongji.adjudicate([visit], reform=more)
    assert found["pool_pays"] == 3000 and "2023-04-01#" in str(found["rulebook"])
    with pytest.raises(gongji.RulebookError):
        gongji.reform(AREA, {CEILING: "80%"}, start=DAY)
    with pytest.raises(gongji.Refusal) as refused:
        gongji.reform(AREA, {CEILING: "1元"}, start="1999-01-01")
    assert refused.value.code == "date_outside"


def test_a_comparison_is_both_results_and_their_difference() -> None:
    more = gongji.reform(AREA, {CEILING: "1元"}, start="2023-03-10")
    frame = visits(30).drop("doctor")
    found = gongji.compare(frame, more, order="input")
    one = gongji.adjudicate(frame, order="input")
    other = gongji.adjudicate(frame, order="input", reform=more)
    assert found["pool_pays"].equals(one["pool_pays"])
    assert found["pool_pays_reform"].to_list() == other["pool_pays"].to_list()
    changes = found["pool_pays_change"]
    pairs = zip(one["pool_pays"], other["pool_pays"], strict=True)
    assert changes.to_list() == [after - before for before, after in pairs]
    assert min(changes) < 0 and found["pool_pays_change"].dtype == pl.Decimal(18, 2)


def test_an_audit_is_that_of_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = visits().drop("doctor").with_columns(paid_pool=pl.lit("100.00"))
    frame.write_csv(tmp_path / "v.csv")
    with pytest.raises(SystemExit):
        main(["audit", str(tmp_path / "v.csv"), "--json"])
    told = json.loads(capsys.readouterr().out)
    for given in (frame, frame.to_pandas(), tmp_path / "v.csv"):
        found = gongji.audit(given)
        rows = pl.DataFrame(found.differences)
        assert [f"{fen:.2f}" for fen in rows["difference_pool"]] == [
            row["difference_pool"]
            for row in sorted(told["rows_differing"], key=lambda row: row["row_number"])
        ]
        causes = pl.DataFrame(found.by_cause)
        assert causes["cause"].to_list() == [cause["cause"] for cause in told["causes"]]
        assert f"{causes['over'].sum():.2f}" == told["over"]
    bad = gongji.audit(frame.with_columns(level=pl.lit("9")))
    assert len(bad.not_audited) == 12 and bad.differences.is_empty()


def test_accounts_and_institutions_are_those_of_the_commands(tmp_path: Path) -> None:
    roster = pl.DataFrame({"person": ["a", "b"], "status": ["active", "x"], "base": [6000.5, 1.0]})
    with pytest.raises(gongji.RowRefusal) as refused:
        gongji.accrue(roster, area="445300", month="2024-05")
    assert (refused.value.row, refused.value.field) == (2, "status")
    found = gongji.accrue(roster, area="445300", month=date(2024, 5, 1), strict=False)
    assert found["refusal"].to_list() == [None, "value_invalid"] and found["credit"][1] is None
    roster[:1].write_csv(tmp_path / "r.csv")
    with pytest.raises(SystemExit):
        main(
            f"accrue {tmp_path}/r.csv -o {tmp_path}/o.parquet --area 445300 --month 2024-05".split()
        )
    assert pl.read_parquet(tmp_path / "o.parquet")["credit"][0] == found["credit"][0]
    months = gongji.accrue(roster[:1].to_pandas(), area="445300", since="2024-01", until="2024-03")
    assert months["month"].tolist() == ["2024-01", "2024-02", "2024-03"]
    year = {"institution": "甲", "area": "445300", "year": 2024, "spent": 1000, "settled": 10}
    year |= {"direct_settled": 10, **{f"heads_{n}": 100 for n in range(1, 13)}}
    (cleared,) = gongji.clear([year], settings={"average_wage.2022": 96957})
    assert sum(cleared[f"prepaid_{n}"] for n in range(1, 13)) == cleared["prepaid"]  # type: ignore[misc]


def test_the_law_as_frames_is_that_of_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["areas", "--at", "2024-11-01", "--area", "532300", "--json"])
    (told,) = json.loads(capsys.readouterr().out)
    found = gongji.areas(date(2024, 11, 1), area="532300")
    assert found["figure"].to_list() == [row["text"] for row in told["figures"]]
    with pytest.raises(SystemExit):
        main(["diff", "430500@2023-05-31", "430500@2023-06-01", "--json"])
    rows = json.JSONDecoder().raw_decode(capsys.readouterr().out)[0]["rows"]
    frame = gongji.diff("430500@2023-05-31", "430500@2023-06-01")
    assert frame["mark"].to_list() == [row["mark"] for row in rows]
    same = gongji.diff("430500@2023-03-01", "430500@2023-03-01")
    assert same.is_empty() and "mark" in same.columns
    open_ = gongji.parameters("445300", "2024-05-01").filter(pl.col("setting").is_not_null())
    assert "average_wage" in open_["setting"] and open_["document"].null_count() == 0
    line = gongji.curve(AREA, "2023-02-01", to=1000).filter(status="active", in_scope_fen=100_000)
    row = {"area": AREA, "date": "2023-02-01", "status": "active", "in_scope": 1000}
    paid = {gongji.quote({**row, "level": level}).result.pool_fen for level in (1, 2, 3)}
    assert set(line["pool_pays_fen"]) == paid


def test_a_quote_imports_nothing_heavy() -> None:
    script = (
        "import sys, gongji; gongji.quote({'area': '532300', 'date': '2023-03-01', 'level': 3,"
        "'status': 'active', 'in_scope': 1}); heavy = ('numba', 'numpy', 'polars', 'pyarrow', "
        "'pandas', 'xlsxwriter', 'matplotlib'); print([n for n in heavy if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("nothing", [None, float("nan")])
def test_nothing_among_facts_is_not_told(nothing):
    """A fact that is not known is as one that is left out, whatever its column."""
    known = {"area": "532300", "date": "2023-03-01", "status": "retired", "level": 3, "total": 1000}
    told = gongji.quote(known | {"disease": nothing, "institution": nothing, "offsite": nothing})
    assert told.to_dict() == gongji.quote(known).to_dict()
