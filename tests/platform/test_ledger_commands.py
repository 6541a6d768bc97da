"""The ledger's commands, as an official runs them."""

import csv
import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.platform.books import sheet_texts
from tests.platform.counter import NOW, OPERATOR, RULES, Counter

from gongji.cli.main import main
from gongji.ledger.openings import OpeningBalance, enter
from gongji.platform import database as where
from gongji.platform import installation
from gongji.settlement.settle import settle

Connection = psycopg.Connection[Any]
PERSON, HOSPITAL = "43050000000000000001", "H43050000001"
PERIOD = ["--from", "2024-12-01", "--to", "2024-12-31"]


@pytest.fixture
def county(
    database: str, owner: Connection, gateway: Connection, monkeypatch: pytest.MonkeyPatch
) -> Counter:
    """A county with one settlement, which the commands work on."""
    monkeypatch.setattr(where, "owner_dsn", lambda: database)
    monkeypatch.setattr(installation, "installed_areas", lambda: RULES)
    monkeypatch.setattr(installation, "installed_law", lambda: RULES)
    made = Counter(owner)
    person, here = made.person(1), made.institution(1, "2")
    made.fact(person, "account", "2020-01-01")
    opening = OpeningBalance(person, "430500", NOW.date().replace(day=1), "account", 90_000)
    enter(owner, [opening], RULES.area, NOW, actor=OPERATOR)
    settle(gateway, [made.bill(person, here, "2024-12-02", 20_000, accounts="own")], RULES, NOW)
    return made


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as left:
        main(list(words))
    return int(left.value.code or 0), capsys.readouterr().out


def test_verify_says_so_when_all_is_right_and_lists_what_is_not(
    county: Counter, owner: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = run(capsys, "ledger", "verify", "--replay")
    assert (code, said) == (0, "账簿核对相符：2 笔分录（结算 1 笔，已逐笔重算）\n")
    owner.execute("update balance set amount_fen = amount_fen + 1")
    code, said = run(capsys, "ledger", "verify", "--json")
    (difference,) = json.loads(said)["differences"]
    assert code == 1 and (difference["kept"], difference["rebuilt"]) == ("79001", "79000")
    code, said = run(capsys, "ledger", "verify", "--area", "430500")
    assert code == 1 and "4305************0001" in said and PERSON not in said


ROWS = {
    PERSON: [
        ["个人账户", "2024-12-01", "期初余额", "", "", "", "", "0.00"],
        ["个人账户", "2024-12-20", "期初", "", "", "上线期初", "900.00", "900.00"],
        ["个人账户", "2024-12-20", "结算", HOSPITAL, "ordinary", "", "-110.00", "790.00"],
        ["个人账户", "2024-12-31", "期末余额", "", "", "", "", "790.00"],
        # 200.00 in a second-level hospital: the deductible of 50.00 first, 60 % of the rest.
        ["本年累计", "年:2024", "level_deductible.2", "", "", "", "", "50.00"],
        ["本年累计", "年:2024", "ordinary_paid", "", "", "", "", "90.00"],
        ["本年累计", "年:2024", "year_deductible", "", "", "", "", "50.00"],
        ["本年累计", "次:2024", "visit_deductible", "", "", "1", "", "50.00"],
    ],
    HOSPITAL: [
        ["2024-12-01", "期初", *[""] * 8, "0.00"],
        [
            "2024-12-20",
            "ordinary",
            "1",
            "200.00",
            "90.00",
            "0.00",
            "110.00",
            "0.00",
            "0.00",
            "200.00",
            "200.00",
        ],
        ["2024-12-31", "期末", *[""] * 8, "200.00"],
    ],
}
"""The statements of December, without the column of entries."""


@pytest.mark.parametrize("whose", [["--person", PERSON], ["--institution", HOSPITAL]])
def test_a_statement_comes_in_every_format(
    county: Counter, capsys: pytest.CaptureFixture[str], tmp_path: Path, whose: list[str]
) -> None:
    expected = ROWS[whose[1]]
    for form in ("text", "csv", "json", "xlsx"):
        file = tmp_path / f"statement.{form}"
        code, said = run(
            capsys, "ledger", "statement", *whose, *PERIOD, "--format", form, "-o", str(file)
        )
        assert code == 0 and str(file) in said
        if form == "xlsx":
            assert file.read_bytes()[:2] == b"PK"
            rows = sheet_texts(file, "对账单")
            assert [row[: len(expected[0])] for row in rows[1:]] == expected
            continue
        text = file.read_text("utf-8-sig")
        for word in ("opening_fen", "closing_fen") if form == "json" else ("期初", "期末"):
            assert word in text
        if form == "csv":
            rows = list(csv.reader(text.splitlines()))
            assert [row[: len(expected[0])] for row in rows[1:]] == expected
        elif form == "text":
            assert all(
                row[-1] in line for row, line in zip(expected, text.splitlines()[2:], strict=True)
            )
            assert PERSON not in text
        else:
            made = json.loads(text)
            made = made["accounts"][0] if "accounts" in made else made
            closing = {PERSON: 79_000, HOSPITAL: 20_000}
            assert (made["opening_fen"], made["closing_fen"]) == (0, closing[whose[1]])


def test_a_statement_is_of_one_person_or_one_institution(
    county: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "ledger", "statement", *PERIOD)[0] == 1
    code, said = run(capsys, "ledger", "statement", "--person", PERSON, *PERIOD)
    assert code == 0 and "-110.00" in said and "790.00" in said, said


def test_the_trial_balance_and_the_closing_of_a_month(
    county: Counter, capsys: pytest.CaptureFixture[str]
) -> None:
    code, said = run(capsys, "ledger", "trial", "--date", "2024-12-31", "--json")
    assert code == 0 and json.loads(said)["agrees"]
    code, said = run(capsys, "ledger", "trial", "--date", "2024-12-31")
    assert "个人账户 = 各人余额" in said
    with pytest.raises(SystemExit):
        main(["ledger", "close", "430500", "2024-13"])
    assert capsys.readouterr().err.endswith("2024-13 无法识别；可取：YYYY-MM\n")
    code, said = run(capsys, "ledger", "close", "430500", "2024-12")
    assert (code, said) == (0, "统筹区 430500 的账期 2024-12 已关闭\n")
    assert run(capsys, "ledger", "close", "430500", "2024-12")[0] == 1


def test_readjudicate_reports_and_posts_on_command(
    county: Counter, owner: Connection, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, said = run(capsys, "readjudicate", "430500", "2024")
    assert (code, said) == (0, "重新核算 1 人，没有差额\n")
    owner.execute("update person_fact set retired_at = now() where kind = 'insured'")
    report = tmp_path / "differences.csv"
    code, said = run(capsys, "readjudicate", "430500", "2024", "-o", str(report))
    assert "应收个人 90.00 元，未入账" in said and "事实变动" in report.read_text("utf-8-sig")
    code, said = run(capsys, "readjudicate", "430500", "2024", "--post", "--json")
    assert json.loads(said)["receivable"] == "90.00"
    assert run(capsys, "readjudicate", "430500", "2024")[1] == "重新核算 1 人，没有差额\n"
    code, said = run(
        capsys,
        "ledger",
        "statement",
        "--person",
        PERSON,
        "--from",
        "2024-01-01",
        "--to",
        "2099-12-31",
    )
    assert "应收（个人欠基金）" in said and "重新核算：事实变动" in said
