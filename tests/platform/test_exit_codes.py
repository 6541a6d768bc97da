"""Every command and every way it can end: the exit code, and where it says what.

0 done, 1 refused or not agreeing, 2 a wrong command line or a wrong file, 3 a fault.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import psycopg
import pytest
from tests.platform.counter import NOW, OPERATOR, RULES, Counter

from gongji.cli import main as command_line
from gongji.cli.endings import ending_of_error
from gongji.cli.exit_codes import FAULT
from gongji.cli.main import COMMANDS, main
from gongji.ledger.openings import OpeningBalance, enter
from gongji.platform import database as where
from gongji.platform import environment, installation
from gongji.settlement.settle import settle

Connection = psycopg.Connection[Any]

VISITS = "person,visit,date,area,status,level,in_scope,paid_pool\n"
PERSON = "人员编号,统筹区,姓名,证件号码\n53230000000000000001,532300,测试,{}\n"
FILES = {
    "visits.csv": VISITS + "甲,1,2023-03-01,532300,active,1,1000,582.00\n",
    "differ.csv": VISITS + "甲,1,2023-03-01,532300,active,1,1000,999.00\n",
    "nothing.csv": "",
    "columns.csv": "colour\nred\n",
    "strict.csv": VISITS + "甲,1,2023-13-01,532300,active,1,1000,582.00\n",
    "roster.csv": "person,area,month,status,base\n甲,430500,2024-05,active,5000\n",
    "roster-bad.csv": "person,area,month,status,base\n甲,430500,2024-05,asleep,5000\n",
    "institutions.csv": "colour\nred\n",
    "items.csv": "code,quantity,price,amount\nX1,1,1.00,1.00\n",
    "no-items.csv": "code,quantity\nX1,1\n",
    "参保人.csv": PERSON.format("990101198001010014"),
    "错.csv": PERSON.format("990101198001010015"),
    "wrong.yaml": "colour: red\n",
}

QUOTE = "quote --area 532300 --date 2023-03-01 --status retired --level 3 --in-scope 1000"
PERIOD = "--from 2024-12-01 --to 2024-12-31"
HOSPITAL = "hospital --address http://127.0.0.1:1 --code H43050000001"


@dataclass(frozen=True)
class Case:
    """A command line, how it ends, and what is among what it says."""

    line: str
    code: int
    said: str = ""
    disagree: bool = False

    def __str__(self) -> str:
        """A name without blanks."""
        words = self.line.replace("{}/", "").split()
        return "_".join([*words[:6], str(self.code), *(["disagree"] if self.disagree else [])])


CASES = [
    Case("--version", 0, "gongji"),
    Case("--help", 0, "quote"),
    Case("nope", 2, "没有命令 nope"),
    Case(QUOTE, 0, "统筹"),
    Case(f"{QUOTE} --json", 0, '"'),
    Case(QUOTE.replace("532300", "999999"), 1, "area_unknown"),
    Case(QUOTE.replace("2023-03-01", "1999-01-01"), 1, "date_outside"),
    Case(f"{QUOTE} --fact colour=red", 1, "field_unknown"),
    Case(QUOTE.replace(" --in-scope 1000", ""), 1, "field_missing"),
    Case(f"{QUOTE} --fact level=2", 2, "--fact"),
    Case("quote", 2, "缺少 --area"),
    Case("new 990100 2025-01-01 --folder {}/rules", 0, "gongji check"),
    Case("new 9901 2025-01-01 --folder {}/rules", 2, "六位行政区划代码"),
    Case("agency", 2, "coverage"),
    Case("agency county --area 532300", 2, "缺少 --code"),
    Case(f"{QUOTE} --set colour", 2, "--set"),
    Case("areas", 0, "532300"),
    Case("areas --area 999999", 1, "area_unknown"),
    Case("areas --at never", 1, "value_invalid"),
    Case("areas x", 2, "多余的参数"),
    Case("areas --at 2024-11-01 --area 532300", 0, "有效的规则"),
    Case("areas --at 2001-01-01 --area 532300", 1, "date_outside"),
    Case("articles 445300", 0, "第"),
    Case("articles 999999", 1, "area_unknown"),
    Case("articles --foo", 2, "没有选项"),
    Case("check --schema", 0, "$schema"),
    Case("check {}/wrong.yaml", 2, ""),
    Case("check {}/none.yaml", 2, "不存在"),
    Case("check {}/empty", 2, "没有规则文件"),
    Case("diff 532300@2024-10-31 532300@2024-11-01", 0, "不同"),
    Case("diff 999999@2024-10-31 532300@2024-11-01", 1, "area_unknown"),
    Case("diff 532300@never 532300@2024-11-01", 1, "value_invalid"),
    Case("diff 532300 532300@2024-11-01", 2, "统筹区@日期"),
    Case("adjudicate {}/visits.csv -o {}/o.csv --ignore paid_pool", 0, "1 次就诊"),
    Case("adjudicate {}/columns.csv -o {}/o.csv", 1, "field_missing"),
    Case("adjudicate {}/nothing.csv -o {}/o.csv", 1, "header_invalid"),
    Case("adjudicate {}/strict.csv -o {}/o.csv --ignore paid_pool --strict", 1, "row_rejected"),
    Case("adjudicate {}/visits.csv -o {}/o.doc", 1, "value_invalid"),
    Case("adjudicate {}/visits.csv -o {}/o.csv --lines {}/visits.csv", 2, "--catalogue"),
    Case("adjudicate {}/visits.csv -o /nowhere/o.csv", 2, "目录不存在"),
    Case("buckets {}/columns.csv -o {}/b", 1, "field_missing"),
    Case("buckets {}/none.csv -o {}/b", 2, "不存在"),
    Case("mirror {}/columns.csv -o {}/m", 2, "没有认得的表"),
    Case("mirror {}/none.csv -o {}/m", 2, "没有这个文件或目录"),
    Case("population --area 999999 --persons 100 -o {}/p", 1, "area_unknown"),
    Case("population", 2, "缺少 --area"),
    Case("simulate {}/empty --area 430500 -o {}/r", 1, "manifest.json"),
    Case("simulate", 2, "缺少 POPULATION"),
    Case("solve {}/empty --area 430500 --target x --vary y", 1, "--target"),
    Case("solve {}/none", 2, "不存在"),
    Case("evaluate {}/empty --on 2024-07-01 -o {}/e", 1, "visits"),
    Case("compare {}/empty -o {}/c", 1, "manifest.json"),
    Case("compare {}/none -o {}/c", 2, "不存在"),
    Case("evaluate {}/none --on 2024-07-01 -o {}/e", 2, "不存在"),
    Case("incentives --area 999999 --date 2024-01-01", 1, "area_unknown"),
    Case("incentives", 2, "缺少 --area"),
    Case("supervise {}/empty -o {}/s", 1, "visits"),
    Case("supervise {}/none -o {}/s", 2, "不存在"),
    Case("keys", 2, "rotate"),
    Case("audit {}/visits.csv", 0, "0 处差异"),
    Case("audit {}/differ.csv", 1, "1 处差异"),
    Case("audit {}/strict.csv", 1, "1 行未能核对"),
    Case("audit {}/columns.csv", 2, "columns.csv"),
    Case("audit {}/nothing.csv", 2, "nothing.csv"),
    Case("audit {}/none.csv", 2, "不存在"),
    Case("audit {}/visits.csv -o {}/visits.csv", 1, "value_invalid"),
    Case("accrue {}/roster.csv", 0, "甲"),
    Case("accrue {}/columns.csv", 1, "colour"),
    Case("accrue {}/roster.csv --from 2024-01", 1, "field_missing"),
    Case("accrue {}/roster-bad.csv --strict", 1, "row_rejected"),
    Case("accrue {}/roster-bad.csv", 1, "1 行无法计算"),
    Case("accrue", 2, "缺少 ROSTER"),
    Case("clear {}/columns.csv", 1, "colour"),
    Case("clear {}/nothing.csv", 1, "header_invalid"),
    Case("clear {}/none.csv", 2, "不存在"),
    Case("curve --area 430500 --date 2023-02-01 --to 500 -o {}/c.svg", 0, "已存入"),
    Case("curve --area 999999 -o {}/c.svg", 1, "area_unknown"),
    Case("curve --area 430500 -o {}/c.doc", 2, ".svg"),
    Case("curve --area 430500 --to never -o {}/c.svg", 1, "amount_invalid"),
    Case("law publish", 0, "与最新版本相同"),
    Case("law publish --area 999999", 1, "area_unknown"),
    Case("law publish --foo", 2, "没有选项"),
    Case("law list", 0, "现行"),
    Case("law list --area 999999", 1, "area_unknown"),
    Case("law show 430500", 0, "2022-11-01.yaml"),
    Case("law show 430500 9", 1, "value_invalid"),
    Case("law diff 430500 1 1", 0, "两个版本相同"),
    Case("law diff 430500 9", 1, "value_invalid"),
    Case("serve --foo", 2, "没有选项"),
    Case("demo --people x", 2, "应为整数"),
    Case("demo", 3, "可能有真实数据"),
    Case(f"{HOSPITAL} ask 1201 {{}}", 1, "连不上接口"),
    Case("hospital ask 1201 {}", 2, "缺少 --code"),
    Case(f"{HOSPITAL} ask 1201 @/nowhere", 3, "无法读写文件"),
    Case(f"{HOSPITAL} visit 990101198001010014 --items {{}}/no-items.csv", 1, "field_missing"),
    Case(f"{HOSPITAL} visit 990101198001010014 --items {{}}/none.csv", 2, "不存在"),
    Case("registry import {}/参保人.csv", 0, "新增 1"),
    Case("registry import {}/错.csv", 2, "种类"),
    Case("registry import {}/错.csv --kind 参保人", 2, "校验码"),
    Case("registry import {}/错.csv --kind 颜色", 1, "value_invalid"),
    Case("registry import {}/wrong.yaml", 1, "value_invalid"),
    Case("registry import", 2, "缺少 FILES"),
    Case("registry export 参保人 -o {}/o.csv --area 532300", 0, "1 行写入"),
    Case("registry export 期初余额 -o {}/o.csv", 1, "value_invalid"),
    Case("registry export 参保人 -o /nowhere/o.csv", 2, "目录不存在"),
    Case("registry export 参保人 -o {}/o.doc", 1, "value_invalid"),
    Case("registry template -o {}/o.xlsx", 0, "模板写入"),
    Case("registry template -o {}/o.csv", 1, ".xlsx"),
    Case("registry template 颜色 -o {}/o.xlsx", 1, "value_invalid"),
    Case("registry", 2, "registry"),
    Case("ledger verify", 0, "相符"),
    Case("ledger verify --replay", 0, "逐笔重算"),
    Case("ledger verify", 1, "不符", True),
    Case("ledger verify --json", 1, "79001", True),
    Case("ledger trial --date 2024-12-31", 0, "相符"),
    Case("ledger trial --date 2024-12-31", 1, "不符", True),
    Case("ledger trial --date 2024-12-31 --json", 1, '"agrees": false', True),
    Case("ledger trial --date 2024-12-31 --json", 0, '"agrees": true'),
    Case("ledger trial --date never", 1, "value_invalid"),
    Case(f"ledger statement --person 43050000000000000001 {PERIOD}", 0, "期末余额"),
    Case(f"ledger statement --person 43050000000000000009 {PERIOD}", 1, "person_unknown"),
    Case(f"ledger statement {PERIOD}", 1, "field_missing"),
    Case("ledger statement --person 1", 2, "缺少 --from"),
    Case("ledger seal", 0, "封存"),
    Case("ledger seal --area 999999", 1, "area_unknown"),
    Case("ledger close 430500 2024-12", 0, "已关闭"),
    Case("ledger close 430500 2024-13", 1, "value_invalid"),
    Case("ledger close 999999 2024-12", 1, "area_unknown"),
    Case("ledger close", 2, "缺少 AREA"),
    Case("ledger close 430500 2024-12", 1, "", True),
    Case("ledger tables --area 430500 --year 2024 -o {}/t", 0, "1 次就诊"),
    Case("ledger tables --area 430500 --year 2024 -o {}/t --keep-numbers", 0, "1 次就诊"),
    Case("ledger tables --area 430500 --year 2020 -o {}/t", 1, "2024"),
    Case("ledger tables", 2, "缺少 --area"),
    Case("ledger verfy", 2, "verify"),
    Case("readjudicate 430500 2024", 0, "没有差额"),
    Case("readjudicate 999999 2024", 1, "area_unknown"),
    Case("readjudicate 430500 2024 --since never", 1, "value_invalid"),
    Case("readjudicate 430500 year", 2, "应为整数"),
    Case("backup", 2, "缺少 FOLDER"),
    Case("backup {}/visits.csv", 2, "是文件"),
    Case("restore {}/empty --to {}/place", 1, "backup_missing"),
    Case("restore {}/empty", 1, "field_missing"),
    Case("restore {}/none", 2, "不存在"),
    Case("restore {}/visits.csv", 1, "database_not_empty"),
    Case("restore {}/empty --until never --to {}/place", 1, "value_invalid"),
]
"""`{}` stands for the folder of FILES; `disagree` is with a balance that is one fen too high."""

ELSEWHERE = {
    "serve": (0, 1),
    "demo": (0, 1),
    "backup": (0, 1, 3),
    "restore": (0, 3),
    "check": (1,),
    "clear": (0,),
    "hospital": (0,),
    "new": (1,),
    "agency": (0, 1),
    "keys": (0, 1),
    "mirror": (0, 1),
    **dict.fromkeys(
        ("buckets", "population", "simulate", "compare", "solve", "incentives", "evaluate")
        + ("supervise",),
        (0,),
    ),
}
"""Ends that take a service, a server or a year of one's own (test_service_parts, test_demo_day,
test_backup_commands, test_agency_command, test_ciphers, tests/accounts, tests/batch,
tests/mirror, tests/simulation, tests/supervision), and 1 where nothing can be refused."""
WITH_DATABASE = ("law", "registry", "ledger", "readjudicate", "backup", "restore")


@pytest.fixture
def county(
    database: str, owner: Connection, gateway: Connection, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Counter]:
    """One settlement, which the commands work on."""
    environment.environment()
    monkeypatch.setattr(where, "owner_dsn", lambda: database)
    monkeypatch.setattr(installation, "installed_areas", lambda: RULES)
    monkeypatch.setattr(installation, "installed_law", lambda: RULES)
    made = Counter(owner)
    person, here = made.person(1), made.institution(1, "2")
    made.fact(person, "account", "2020-01-01")
    opening = OpeningBalance(person, "430500", NOW.date().replace(day=1), "account", 90_000)
    enter(owner, [opening], RULES.area, NOW, actor=OPERATOR)
    settle(gateway, [made.bill(person, here, "2024-12-02", 20_000, accounts="own")], RULES, NOW)
    yield made


@pytest.fixture
def folder(tmp_path: Path, server: str) -> Path:
    """Files to work on; the address of the server is in the environment."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "empty").mkdir()
    return tmp_path


def ends(words: list[str]) -> int:
    with pytest.raises(SystemExit) as left:
        main(words)
    assert isinstance(left.value.code, int | None)
    return left.value.code or 0


def test_every_command_and_subcommand_is_tried_in_every_way_it_can_end() -> None:
    tried: dict[str, set[int]] = {}
    for case in CASES:
        words = case.line.split()
        for name in (words[0], " ".join(words[:2])):
            tried.setdefault(name, set()).add(case.code)
    for name in COMMANDS:
        assert {0, 1, 2} <= tried[name] | set(ELSEWHERE.get(name, ())), name
        command = command_line.cli.get_command(click.Context(command_line.cli), name)
        if isinstance(command, click.Group) and name not in {"hospital", "agency", "keys"}:
            for each in command.commands:
                assert {0, 1} <= tried[f"{name} {each}"], (name, each)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_command_ends_as_it_says(
    request: pytest.FixtureRequest, folder: Path, capsys: pytest.CaptureFixture[str], case: Case
) -> None:
    if case.line.startswith(WITH_DATABASE):
        county: Counter = request.getfixturevalue("county")
    if case.line.startswith("registry export"):
        assert ends(["registry", "import", str(folder / "参保人.csv")]) == 0
    if case.disagree:
        county.owner.execute("update balance set amount_fen = amount_fen + 1")
    before = {path.name for path in folder.iterdir()}
    code = ends(
        [word.replace("{}", str(folder)) if "/" in word else word for word in case.line.split()]
    )
    told = capsys.readouterr()
    assert code == case.code, told
    # What is wrong is said on stderr; what was asked for on stdout.
    said = (
        told.err
        if code and not case.disagree and "audit" not in case.line
        else (told.out + told.err)
    )
    assert case.said in said, told
    assert "Traceback" not in told.err
    if code and "audit" not in case.line:
        assert {path.name for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("line", "code", "key"),
    [
        (QUOTE.replace("532300", "999999"), 1, "refusal"),
        ("audit {}/columns.csv", 2, "refusal"),
        ("registry import {}/错.csv --kind 参保人", 2, "problems"),
        ("restore {}/empty --to {}/place", 1, "refusal"),
    ],
)
def test_with_json_a_machine_is_told_too(
    county: Counter,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    line: str,
    code: int,
    key: str,
) -> None:
    words = [word.replace("{}", str(folder)) for word in line.split()]
    assert ends([*words, "--json"]) == code
    told = capsys.readouterr()
    assert key in json.loads(told.out) and told.err
    assert ends(words) == code
    assert capsys.readouterr().out == ""


def test_a_database_without_tables_is_told_and_no_accident(server: str) -> None:
    """A command beside the first start finds none yet."""
    with psycopg.connect(server) as connection, pytest.raises(psycopg.Error) as found:
        connection.execute("select 1 from entry")
    ending = ending_of_error(found.value)
    assert ending is not None and ending.code == FAULT and "还没有建好表" in ending.sentence
