"""What `gongji ledger` says, word for word, and the code it leaves with."""

import csv
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.platform import books
from tests.platform.books import AREA, HOSPITAL, OTHER, forge, sheet_texts

from gongji.cli import ledger as commands
from gongji.cli.main import main
from gongji.law.engine.areas import Areas
from gongji.platform import database as where
from gongji.platform import installation
from gongji.tabular.workbooks import SUMS
from gongji.units import CHINA

Connection = psycopg.Connection[Any]
Said = tuple[int, str, str]
Copies = Callable[[], Any]
FIRST, SECOND = "43050000000000000001", "43050000000000000002"
MARCH = ["--from", "2025-03-01", "--to", "2025-03-31"]


@pytest.fixture(scope="module")
def copies(server: str) -> Iterator[Copies]:
    """Makes copies of a database that holds the journal of `books`."""
    with books.written(server) as made:
        yield made


@pytest.fixture
def ledger(copies: Copies, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    """The owner's connection to a copy of the books, on which the commands work."""
    with copies() as address, psycopg.connect(address, autocommit=True) as connection:
        monkeypatch.setattr(where, "owner_dsn", lambda: address)
        monkeypatch.setattr(installation, "installed_areas", Areas)
        monkeypatch.setattr(installation, "installed_law", Areas)
        yield connection


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs `gongji ledger …`: exit code, output, errors."""

    def made(*words: str) -> Said:
        with pytest.raises(SystemExit) as left:
            main(["ledger", *words])
        said = capsys.readouterr()
        code = left.value.code
        assert isinstance(code, int)
        return code, said.out, said.err

    return made


Run = Callable[..., Said]


def _table(said: str) -> list[list[str]]:
    """The cells of a printed table."""
    return [line.split() for line in said.splitlines() if line.strip(" ─")]


def test_verify_counts_what_it_looked_at(ledger: Connection, run: Run) -> None:
    assert run("verify") == (0, "账簿核对相符：11 笔分录（结算 4 笔）\n", "")
    assert run("verify", "--area", AREA)[1] == "账簿核对相符：10 笔分录（结算 3 笔）\n"
    assert run("verify", "--area", OTHER)[1] == "账簿核对相符：1 笔分录（结算 1 笔）\n"
    assert run("verify", "--area", "532300")[1] == "账簿核对相符：0 笔分录（结算 0 笔）\n"
    code, out, err = run("verify", "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {"entries": 11, "settlements": 4, "differences": []}
    code, out, _ = run("--json", "verify", "--area", OTHER)
    assert json.loads(out) == {"entries": 1, "settlements": 1, "differences": []}


def test_verify_lists_what_differs_with_every_check_in_words(ledger: Connection, run: Run) -> None:
    forge(
        ledger,
        "update settlement set pool_fen = 12001, cash_fen = 799 where entry = 6",
        "update settlement set deductible_fen = -1499 where entry = 5",
        "update meter_use set used_fen = 9 where person = 3",
        "update balance set amount_fen = 9 where kind = 'payable'",
    )
    code, out, err = run("verify")
    assert code == 1
    assert err == "核对 11 笔分录（结算 4 笔），有 7 处不符\n"
    head, *rows = _table(out)
    assert head == ["核对项", "统筹区", "人员", "分录", "项目", "账上", "应为"]
    assert sorted(rows) == sorted(
        [
            [
                "冲销与原结算",
                AREA,
                "4305************0001",
                "5",
                "amounts",
                "deductible_fen",
                "-1499",
                "deductible_fen",
                "-1500",
            ],
            ["结算金额与分录", AREA, "4305************0001", "6", "pool_fen", "12001", "12000"],
            [
                *("结算金额与分录", AREA, "4305************0001", "6"),
                *("total_fen", "-", "cash_fen", "-", "borne_fen", "19001", "19000"),
            ],
            ["累计", OTHER, "5104************0003", "ordinary_paid", "年:2025", "9", "1000"],
            ["余额", AREA, "4305************0002", "payable", "9", "1100"],
            ["试算", AREA, "pool", "11301", "11300"],
            ["试算", AREA, "provider", "19601", "19600"],
        ]
    )
    code, out, _ = run("verify", "--area", OTHER, "--json")
    assert code == 1
    assert json.loads(out)["differences"] == [
        {
            "check": "meter",
            "area": OTHER,
            "person": "5104************0003",
            "entry": None,
            "what": "ordinary_paid 年:2025",
            "kept": "9",
            "rebuilt": "1000",
        },
    ]
    assert run("verify", "--area", "532300")[0] == 0


def test_verify_prints_fifty_differences_and_counts_all(ledger: Connection, run: Run) -> None:
    insert = (
        "insert into meter_use (area, person, period, slot, code, used_fen)"
        " select '430500', 1, '年:2025', n::text, 'drug', 1"
        " from generate_series(%s::int, %s::int) n"
    )
    ledger.execute(insert, [1, 50])
    code, out, err = run("verify")
    assert (code, err) == (1, "核对 11 笔分录（结算 4 笔），有 50 处不符\n")
    assert len(_table(out)) == 1 + 50
    ledger.execute(insert, [51, 51])
    code, out, err = run("verify")
    assert err == "核对 11 笔分录（结算 4 笔），有 51 处不符（列出前 50 处，全部见 --json）\n"
    assert code == 1 and len(_table(out)) == 1 + 50
    assert len(json.loads(run("verify", "--json")[1])["differences"]) == 51


def test_seals_are_made_by_command_and_verified_with_the_rest(ledger: Connection, run: Run) -> None:
    code, out, err = run("seal", "--area", OTHER)
    assert (code, err) == (0, "")
    assert out.startswith(f"统筹区 {OTHER} 第 1 次封存：分录序号 1 至 1，指纹 ")
    made = json.loads(run("--json", "seal")[1])["seals"]
    assert [(one["area"], one["first"], one["last"]) for one in made] == [(AREA, 1, 10)]
    assert run("seal")[1] == "没有新的分录需要封存\n"
    assert run("verify")[0] == 0
    forge(ledger, "update entry set actor = 'x' where id = 9")
    code, out, _ = run("verify", "--json")
    (found,) = json.loads(out)["differences"]
    assert code == 1 and (found["check"], found["area"], found["entry"]) == ("seal", OTHER, 9)
    assert run("verify", "--area", AREA)[0] == 0


def test_every_check_has_its_words() -> None:
    checks = {
        "amounts",
        "posting",
        "mirror",
        "meter",
        "limit",
        "balance",
        "trial",
        "replay",
        "papers",
        "seal",
        "trail",
    }
    assert commands.WORDS.keys() == checks
    from gongji.ledger import chart

    assert commands.ACCOUNTS.keys() == set(chart.SIDES)


STATEMENT = """\
测* 4305************0001 2025-03-01 至 2025-03-31
账户,日期,事项,机构,待遇,依据,金额（元）,余额（元）,分录
个人账户,2025-03-01,期初余额,,,,,940.00,
个人账户,2025-03-01,撤销结算,H43050000001,ordinary,第六条,60.00,1000.00,5
个人账户,2025-03-01,结算,H43050000001,ordinary,第六条,-40.00,960.00,6
个人账户,2025-03-31,期末余额,,,,,960.00,
应收（个人欠基金）,2025-03-01,期初余额,,,,,0.00,
应收（个人欠基金）,2025-03-31,重新核算,,ordinary,第六条,20.00,20.00,7
应收（个人欠基金）,2025-03-31,期末余额,,,,,20.00,
本年累计,年:2025,ordinary_paid,,,,,100.00,
本年累计,年:2025,year_deductible,,,,,15.00,
""".splitlines()

OWED = """\
H43050000001 测试医院 2025-03-01 至 2025-04-01
日期,待遇,笔数,总费用,统筹,补充,账户,现金,机构承担,应付机构,累计应付
2025-03-01,期初,,,,,,,,,430.00
2025-03-01,ordinary,0,-300.00,-180.00,-30.00,-30.00,-42.00,-18.00,-240.00,190.00
2025-04-01,ordinary,1,9.00,6.00,0.00,0.00,3.00,0.00,6.00,196.00
2025-04-01,期末,,,,,,,,,196.00
""".splitlines()

WHOSE = [
    (["--person", FIRST, *MARCH], STATEMENT),
    (["--institution", HOSPITAL, "--from", "2025-03-01", "--to", "2025-04-01"], OWED),
]


@pytest.mark.parametrize(("words", "expected"), WHOSE)
def test_a_statement_says_the_same_in_every_form(
    ledger: Connection, run: Run, tmp_path: Path, words: list[str], expected: list[str]
) -> None:
    title, *lines = expected
    rows = list(csv.reader(lines))
    code, out, err = run("statement", *words)
    assert (code, err) == (0, "") and out.splitlines()[0] == title
    shown = [line.split() for line in out.splitlines()[1:]]
    assert shown == [[cell for cell in row if cell] for row in rows]
    assert run("statement", *words, "--format", "csv") == (0, "\r\n".join([*lines, ""]), "")
    file = tmp_path / "对账单"
    for form in ("text", "csv", "json", "xlsx"):
        said = run("statement", *words, "--format", form, "-o", str(file))
        assert said == (0, f"对账单写入 {file}\n", "")
        if form == "xlsx":
            assert sheet_texts(file, "说明") == [["对账单"], [title]]
            assert sheet_texts(file, "对账单") == rows
            added = {row[1] for row in sheet_texts(file, SUMS)[1:]}
            assert added and not added & {"余额（元）", "累计应付"}
        elif form == "csv":
            # With the mark by which Excel knows UTF-8.
            assert file.read_bytes()[:3] == b"\xef\xbb\xbf"
            assert list(csv.reader(file.read_text("utf-8-sig").splitlines())) == rows
        else:
            on_screen = run("statement", *words, "--format", form)[1]
            assert file.read_text() == on_screen
    assert run("statement", *words, "--json")[1] == on_screen_json(run, words)


def on_screen_json(run: Run, words: list[str]) -> str:
    """The statement by the option of the group, and by its own format."""
    made = run("statement", *words, "--format", "json")[1]
    assert run("--json", "statement", *words)[1] == made
    return made


def test_a_statement_as_json_has_every_amount_in_fen(ledger: Connection, run: Run) -> None:
    made = json.loads(run("statement", "--person", FIRST, *MARCH, "--json")[1])
    found = [(one["account"], one["opening_fen"], one["closing_fen"]) for one in made["accounts"]]
    assert found == [("account", 94_000, 96_000), ("receivable", 0, 2_000), ("payable", 0, 0)]
    assert made["accounts"][1]["movements"] == [
        {
            "date": "2025-03-31",
            "entry": 7,
            "event": "重新核算",
            "institution": "",
            "benefit": "ordinary",
            "article": "第六条",
            "amount_fen": 2_000,
            "balance_fen": 2_000,
            "kind": "adjustment",
            "served": "2025-03-31",
            "relation": "",
        },
    ]
    assert (made["since"], made["until"]) == ("2025-03-01", "2025-03-31")


def test_columns_line_up_where_letters_are_two_wide(ledger: Connection, run: Run) -> None:
    out = run("statement", "--person", SECOND, *MARCH)[1].splitlines()[1:]
    starts = []
    for line in out:
        wide = "".join(letter + "\0" * (ord(letter) > 0x2E7F) for letter in line)
        starts.append(wide.find("2025-03") if "2025-03" in wide else wide.find("日\0期"))
    assert set(starts[:-2]) == {starts[0]} and starts[0] > 0
    assert FIRST not in "".join(out) and SECOND not in "".join(out)


def test_an_account_that_was_never_used_is_left_out_but_the_personal_one(
    ledger: Connection, run: Run
) -> None:
    out = run("statement", "--person", FIRST, "--from", "2025-01-01", "--to", "2025-01-01")[1]
    assert [line.split()[:3] for line in out.splitlines()[2:]] == [
        ["个人账户", "2025-01-01", "期初余额"],
        ["个人账户", "2025-01-01", "期末余额"],
    ]
    out = run("statement", "--person", SECOND, "--from", "2025-06-01", "--to", "2025-06-01")[1]
    assert "应收（个人欠基金）" in out and "应付（基金欠个人）" in out


REFUSED = [
    (
        ["statement", *MARCH],
        1,
        "不予受理（field_missing）：缺少必填项 --person 或 --institution（二者给一）",
    ),
    (
        ["statement", "--person", FIRST, "--institution", HOSPITAL, *MARCH],
        1,
        "不予受理（field_missing）：缺少必填项 --person 或 --institution（二者给一）",
    ),
    (
        ["statement", "--person", FIRST, *MARCH, "--format", "xlsx"],
        1,
        "不予受理（field_missing）：缺少必填项 -o（xlsx 写入文件）",
    ),
    (
        ["statement", "--person", "0", *MARCH],
        1,
        "不予受理（person_unknown）：没有参保人 0；请核对号码，或先导入参保人",
    ),
    (
        ["statement", "--institution", "H0", *MARCH],
        1,
        "不予受理（institution_unknown）：没有定点医药机构 H0；请核对代码，或先导入机构",
    ),
    (
        ["statement", "--person", FIRST, "--from", "2025-03-32", "--to", "2025-03-31"],
        1,
        "不予受理（value_invalid）：--from 的值 2025-03-32 无法识别；可取：YYYY-MM-DD",
    ),
    (
        ["statement", "--person", FIRST, "--from", "2025-03-01", "--to", "today"],
        1,
        "不予受理（value_invalid）：--to 的值 today 无法识别；可取：YYYY-MM-DD",
    ),
    (
        ["statement", "--person", FIRST, "--from", "2025-03-02", "--to", "2025-03-01"],
        1,
        "不予受理（value_invalid）：--from、--to 的值 2025-03-02 至 2025-03-01 无法识别；"
        "可取：起始日不晚于截止日",
    ),
    (
        ["trial", "--date", "2025-02-29"],
        1,
        "不予受理（value_invalid）：--date 的值 2025-02-29 无法识别；可取：YYYY-MM-DD",
    ),
    (
        ["close", AREA, "2025-00"],
        1,
        "不予受理（value_invalid）：账期 的值 2025-00 无法识别；可取：YYYY-MM",
    ),
    (
        ["close", AREA, "2025-03-01"],
        1,
        "不予受理（value_invalid）：账期 的值 2025-03-01 无法识别；可取：YYYY-MM",
    ),
    (
        ["close", AREA, "2099-01"],
        1,
        "不予受理（period_not_over）：账期 2099-01 还没有过完，不能关闭；请在下月 1 日以后关闭",
    ),
]


@pytest.mark.parametrize(("words", "code", "sentence"), REFUSED)
def test_what_is_refused_is_one_sentence_and_code_1(
    ledger: Connection, run: Run, words: list[str], code: int, sentence: str
) -> None:
    assert run(*words) == (code, "", sentence + "\n")
    before = ledger.execute("select count(*) from closed_period").fetchone()
    assert before == (0,)


def test_an_area_without_rules_is_not_closed(ledger: Connection, run: Run) -> None:
    code, out, err = run("close", "999999", "2025-03")
    assert (code, out) == (1, "")
    assert err.startswith("不予受理（area_unknown）：没有统筹区 999999 的规则；现有：")


@pytest.mark.parametrize(
    "words",
    [
        ["statement", "--person", FIRST, "--to", "2025-03-31"],
        ["statement", "--person", FIRST],
        ["statement", *MARCH, "--person", FIRST, "--format", "pdf"],
        ["close", AREA],
        ["nothing"],
        ["verify", "--month", "2025-03"],
    ],
)
def test_a_wrong_option_leaves_with_code_2(ledger: Connection, run: Run, words: list[str]) -> None:
    code, out, err = run(*words)
    assert (code, out) == (2, "") and err


TRIAL = [
    ["账户", "上日", "借", "贷", "本日"],
    ["个人账户", "-990.00", "0.00", "0.00", "-990.00"],
    ["缴费", "100.00", "0.00", "0.00", "100.00"],
    ["期初", "951.00", "0.00", "0.00", "951.00"],
    ["应付个人", "-3.00", "0.00", "8.00", "-11.00"],
    ["统筹基金", "120.00", "17.00", "20.00", "117.00"],
    ["医药机构", "-190.00", "0.00", "10.00", "-200.00"],
    ["应收个人", "2.00", "20.00", "0.00", "22.00"],
    ["补充资金", "10.00", "1.00", "0.00", "11.00"],
    ["合计", "38.00", "38.00"],
]


def test_the_trial_balance_is_told_in_words_and_leaves_by_whether_it_agrees(
    ledger: Connection, run: Run
) -> None:
    code, out, err = run("trial", "--date", "2025-03-31")
    table, agreements = out.splitlines()[:-5], out.splitlines()[-5:]
    assert (code, err) == (0, "")
    assert _table("\n".join(table)) == TRIAL
    assert agreements == [
        "统筹基金支付 = 各笔结算：117.00 相符",
        "补充资金支付 = 各笔结算：11.00 相符",
        "个人账户支付 = 各笔结算：60.00 相符",
        "应付医药机构 = 各笔结算：200.00 相符",
        "应付与应收个人 = 各笔核算：-12.00 相符",
    ]
    forge(ledger, "update settlement set pool_fen = 1001, cash_fen = 499 where entry = 9")
    for words, expected in (
        ([], 1),
        (["--json"], 1),
        (["--area", OTHER], 1),
        (["--area", AREA], 0),
        (["--area", AREA, "--json"], 0),
    ):
        assert run("trial", "--date", "2025-03-31", *words)[0] == expected, words
    out = run("trial", "--date", "2025-03-31")[1]
    assert "统筹基金支付 = 各笔结算：117.00 不符（117.01）\n" in out
    assert "应付医药机构 = 各笔结算：200.00 不符（200.01）\n" in out
    # The day before nobody had forged anything.
    assert run("trial", "--date", "2025-03-30")[0] == 0


def test_the_trial_balance_as_json(ledger: Connection, run: Run) -> None:
    code, out, _ = run("--json", "trial", "--date", "2025-03-31", "--area", OTHER)
    made = json.loads(out)
    assert code == 0 and made["agrees"] is True
    assert (made["day"], made["area"]) == ("2025-03-31", OTHER)
    assert made["lines"][0] == {
        "account": "pool",
        "before_fen": 0,
        "debit_fen": 1_000,
        "credit_fen": 0,
        "after_fen": 1_000,
    }
    assert made["agreements"][5] == {
        "what": "个人账户 = 各人余额",
        "journal_fen": 0,
        "other_fen": 0,
    }


def test_without_a_date_it_is_today_in_china(ledger: Connection, run: Run) -> None:
    before = datetime.now(CHINA).date()
    day = json.loads(run("trial", "--json")[1])["day"]
    assert str(before) <= day <= str(datetime.now(CHINA).date())


def test_a_month_is_closed_by_command_once(ledger: Connection, run: Run) -> None:
    assert run("close", AREA, "2025-03") == (0, "统筹区 430500 的账期 2025-03 已关闭\n", "")
    assert run("close", AREA, "2025-03") == (
        1,
        "",
        "不予受理（period_closed_already）：统筹区 430500 的账期 2025-03 已经关闭，不必再关\n",
    )
    code, out, err = run("close", AREA, "2025-02", "--json")
    assert (code, json.loads(out), err) == (
        0,
        {"area": AREA, "month": "2025-02", "closed": True},
        "",
    )
    code, out, err = run("--json", "close", OTHER, "2025-02")
    assert json.loads(out)["closed"] is True
    found = ledger.execute(
        "select area, month::text, actor_kind = 'operator' and actor <> ''"
        " from closed_period order by 1, 2"
    ).fetchall()
    assert found == [
        (AREA, "2025-02-01", True),
        (AREA, "2025-03-01", True),
        (OTHER, "2025-02-01", True),
    ]


def test_a_month_that_differs_is_refused_with_code_1(ledger: Connection, run: Run) -> None:
    ledger.execute("update balance set amount_fen = 1 where kind = 'payable'")
    assert run("close", AREA, "2025-03") == (
        1,
        "",
        "不予受理（period_differs）：统筹区 430500 的账期 2025-03 核对有 1 处不符，不能关闭"
        "（balance 4305************0002 payable 账上 1 应为 1100）；"
        "请先用 gongji ledger verify 查明\n",
    )
    code, out, _ = run("close", AREA, "2025-03", "--json")
    assert code == 1 and json.loads(out)["refusal"] == "period_differs"
    assert run("close", OTHER, "2025-03")[0] == 0
