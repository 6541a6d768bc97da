"""A rulebook that did not come with the program is marked; a reform lies on the shipped ones."""

import csv
import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import polars as pl
import pytest

import gongji
from gongji.cli.main import cli, main
from gongji.law.accounts.clearing import MONTHS
from gongji.law.checks.library import Library
from gongji.law.rulebook.rulebook import SHIPPED

Run = Callable[..., str]
PLACE = Path("510000/510400/2023-01-01.yaml")
QUOTE = "quote --area 510400 --date 2026-03-01 --status active --level 3 --in-scope 10000"
REFORM = """\
文件:
  名称: 关于调整普通门诊限额的通知
  文号: 某医保发〔2025〕9号
  统筹区: "510400"
  地名: 四川省攀枝花市
  施行: 2026-01-01
  有效期至: 2027-12-31
  来源: 演示
  出处: 为测试而编
  叠加: 是
  替换: [待遇.普通门诊]
待遇:
  普通门诊:
    依据: 第一条
    层:
      - 名称: 普通门诊统筹
        代号: ordinary
        起付标准: [{计量: 年度起付, 金额: 100元, 依据: 第一条}]
        支付比例: {比例: 50%, 依据: 第一条}
        最高支付限额: [{计量: 普通统筹, 金额: 3000元, 依据: 第一条}]
"""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process: what it prints."""

    def printed(*arguments: str) -> str:
        with pytest.raises(SystemExit):
            main(list(arguments))
        streams = capsys.readouterr()
        return streams.out + streams.err

    return printed


def doctored(folder: Path) -> tuple[Path, str]:
    """A folder with a copy whose figures somebody changed, and its hash."""
    path = folder / PLACE
    path.parent.mkdir(parents=True)
    text = (SHIPPED / PLACE).read_text(encoding="utf-8")
    path.write_text(text.replace("2000元", "9000元"), encoding="utf-8")
    assert path.read_bytes() != (SHIPPED / PLACE).read_bytes()
    return folder, hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def test_a_doctored_copy_is_marked_wherever_its_figures_appear(run: Run, tmp_path: Path) -> None:
    folder, digest = doctored(tmp_path)
    more = ("--rulebooks", str(folder))
    assert "【自备】本结果用到的规则文件不是随程序发布的：" in run(*QUOTE.split(), *more)
    assert digest in run(*QUOTE.split(), *more)
    assert f"（自备 {digest}）" in run("areas", *more)
    assert f"（自备 {digest}）" in run(
        "areas", "--at", "2026-03-01", "--area", "510400", "--json", *more
    )
    visits, result = tmp_path / "visits.csv", tmp_path / "result.csv"
    visits.write_text("person,date,status,level,in_scope\n甲,2026-03-01,active,3,1000\n")
    run("adjudicate", str(visits), "-o", str(result), "--area", "510400", *more)
    assert f"510400@2023-01-01#{digest}" in result.read_text(encoding="utf-8")


TABLES = {
    "v.csv": "person,date,status,level,in_scope,paid_pool\n甲,2026-03-01,active,3,10000,100\n",
    "r.csv": "person,status,month,base\n甲,active,2026-03,5000\n",
}
OF_LAW = {
    "areas": "areas --at 2026-03-01 --area 510400",
    "articles": "articles 510400",
    "articles as JSON": "articles 510400 --json",
    "quote": QUOTE,
    "quote as JSON": f"{QUOTE} --json",
    "diff": "diff 510400@2026-03-01 532300@2026-03-01",
    "curve": "curve --area 510400 --date 2026-03-01 -o c.svg",
    "curve as JSON": "curve --area 510400 --date 2026-03-01 -o c.svg --json",
    "audit": "audit v.csv --area 510400",
    "audit as JSON": "audit v.csv --area 510400 --json",
    "audit into a file": "audit v.csv --area 510400 -o d.csv",
    "accrue": "accrue r.csv --area 510400",
}
SEARCHED = "incentives --area 510400 --date 2026-03-01 --benefit ordinary"
ELSEWHERE = {
    "adjudicate": "the rulebook column, above",
    "check": "reads the user's own files",
    "clear": "the rulebook column, below",
    "compare": "below, on a population",
    "law": "lists what is published by its hash",
    "population": "shows no figure of a law",
    "simulate": "below, on a population",
    "solve": "below, on a population",
}


def test_every_command_that_takes_rulebooks_is_tried_here() -> None:
    names = {
        name
        for name, command in commands().items()
        if any("--rulebooks" in one.opts for one in walked(command))
    }
    tried = {words.split()[0] for words in (*OF_LAW.values(), SEARCHED)}
    assert names == tried | ELSEWHERE.keys()


def commands() -> dict[str, click.Command]:
    """The commands by name."""
    context = click.Context(cli)
    found = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    return {name: command for name, command in found.items() if command}


def walked(command: click.Command) -> Iterator[click.Parameter]:
    """The parameters of a command and of those below it."""
    yield from command.params
    if isinstance(command, click.Group):
        for one in command.commands.values():
            yield from walked(one)


@pytest.mark.parametrize("words", OF_LAW.values(), ids=OF_LAW)
def test_every_command_marks_what_a_doctored_copy_gives(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in TABLES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    folder, digest = doctored(tmp_path / "own")
    told = run(*words.split(), "--rulebooks", str(folder))
    assert "自备" in told and (digest in told or "diff" in words)
    assert "自备" not in run(*words.split())


@pytest.mark.slow
@pytest.mark.parametrize("more", [(), ("--json",)])
def test_what_a_rule_invites_is_marked(run: Run, tmp_path: Path, more: tuple[str, ...]) -> None:
    folder, digest = doctored(tmp_path)
    told = run(*SEARCHED.split(), *more, "--rulebooks", str(folder))
    assert f"（自备 {digest}）" in told and "不是随程序发布的" in told


def test_the_files_of_an_audit_and_of_accounts_carry_the_mark(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who opens the table alone sees it: among the articles, in the rulebook column, on the page.

    510400, 第七条第二款, in work, first 200 yuan deducted: (10000 - 200) × 50 % of the third level.
    """
    monkeypatch.chdir(tmp_path)
    for name, text in TABLES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    folder, digest = doctored(tmp_path / "own")
    more = ("--area", "510400", "--rulebooks", str(folder))
    run("audit", "v.csv", "-o", "d.csv", *more)
    (row,) = rows_of("d.csv")
    assert f"第七条第二款（自备 {digest}）" in row["articles"]
    run("accrue", "r.csv", "-o", "a.csv", *more)
    (row,) = rows_of("a.csv")
    assert row["rulebook"].endswith(f" 510400@2023-01-01#{digest}") and row["credit"] == "100.00"
    run("curve", "--date", "2026-03-01", "-o", "c.svg", *more)
    assert "自备" in Path("c.svg").read_text(encoding="utf-8")
    frames = (
        gongji.curve("510400", "2026-03-01", folders=[folder])["documents"],
        gongji.parameters("510400", "2026-03-01", folders=[folder])["document"],
        gongji.audit(pl.read_csv("v.csv"), area="510400", folders=[folder]).differences["articles"],
    )
    assert all(digest in "".join(one.to_list()) for one in frames)


def altered(folder: Path, area: str) -> Path:
    """A folder with a copy of an area's rulebooks, each with a line more that says nothing."""
    for path in SHIPPED.glob(f"*/{area}/*.yaml"):
        copy = folder / path.relative_to(SHIPPED)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes() + "# 改动过\n".encode())
    return folder


def test_a_clearing_names_the_rulebook_with_its_hash(run: Run, tmp_path: Path) -> None:
    given = {"institution": "卫生院", "area": "445300", "year": "2024", "spent": "900"}
    given |= {f"heads_{month}": "10" for month in MONTHS}
    given |= {"manual_reimbursed": "0", "direct_settled": "9", "settled": "10"}
    path, result = tmp_path / "i.csv", tmp_path / "cleared.csv"
    path.write_text(f"{','.join(given)}\n{','.join(given.values())}\n", encoding="utf-8")
    words = ("clear", str(path), "-o", str(result), "--set", "average_wage=96957")
    run(*words, "--rulebooks", str(altered(tmp_path / "own", "445300")))
    (row,) = rows_of(str(result))
    assert "445300@" in row["rulebook"] and "#" in row["rulebook"] and row["refusal"] == ""
    run(*words)
    assert "#" not in rows_of(str(result))[0]["rulebook"]


@pytest.mark.slow
def test_what_is_told_of_a_population_is_marked(run: Run, tmp_path: Path) -> None:
    own, people = str(altered(tmp_path / "own", "430500")), str(tmp_path / "people")
    run("population", "--area", "430500", "--persons", "300", "-o", people)
    path = "待遇.普通门诊.最高支付限额.退休"
    for words in (
        ("compare", people, "--area", "430500", "-o", str(tmp_path / "compared")),
        ("simulate", people, "--area", "430500", "--change", f"{path}=2100元"),
        ("solve", people, "--area", "430500", "--target", "统筹支出 +1%", "--vary", path),
    ):
        more = ("-o", str(tmp_path / "simulated")) if words[0] == "simulate" else ()
        told = run(*words, *more, "--rulebooks", own)
        assert "自备" in told, words


def rows_of(name: str) -> list[dict[str, str]]:
    """The rows of a table of results."""
    with Path(name).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_true_copy_and_the_shipped_file_are_not_marked(run: Run, tmp_path: Path) -> None:
    path = tmp_path / PLACE
    path.parent.mkdir(parents=True)
    shutil.copy(SHIPPED / PLACE, path)
    for more in ((), ("--rulebooks", str(tmp_path))):
        assert "自备" not in run(*QUOTE.split(), *more)
    assert "自备" not in run("areas")


def test_a_reform_lies_on_the_shipped_documents(run: Run, tmp_path: Path) -> None:
    path = tmp_path / PLACE.parent / "2026-01-01.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(REFORM, encoding="utf-8")
    assert "没有问题：1 个统筹区" in run("check", str(path))
    told = run(*QUOTE.split(), "--rulebooks", str(tmp_path))
    assert "统筹基金支付3,000.00元" in told and "【自备】" in told
    books = Library([tmp_path]).books("510400")
    assert [book.path.name for book in books if book.head.area == "510400"] == [
        "2023-01-01.yaml",
        "2026-01-01.yaml",
    ]
    path.write_text(REFORM.replace("  叠加: 是\n", ""), encoding="utf-8")
    assert "没有此前的规定" in run("check", str(path))


def test_a_reform_after_the_end_of_what_it_lies_on_is_told_which_document_ended(
    run: Run, tmp_path: Path
) -> None:
    """攀枝花 第十九条: in force until 2027-12-31; a reform after that finds nothing of it."""
    path = tmp_path / PLACE.parent / "2028-03-01.yaml"
    path.parent.mkdir(parents=True)
    late = REFORM.replace("施行: 2026-01-01", "施行: 2028-03-01").replace(
        "2027-12-31", "2029-12-31"
    )
    path.write_text(late, encoding="utf-8")
    said = run("check", str(tmp_path))
    assert "2028-03-01.yaml:" in said and "没有计量“普通统筹”" in said
    assert "已于 2027-12-31 到期，其中的规定不再有效" in said and "请续期" in said
    # A file that says by itself what it needs stands alone, and the days between have no rules.
    meters = "计量:\n  普通统筹: {代号: ordinary_paid, 量: 支付, 期: 年}\n"
    meters += "  年度起付: {代号: year_deductible, 量: 起付, 期: 年}\n待遇:"
    whole = late.replace("  替换: [待遇.普通门诊]\n", "").replace("待遇:", meters, 1)
    path.write_text(whole, encoding="utf-8")
    asked = "quote --area 510400 --status active --level 3 --in-scope 1000 --date"
    at = [
        run(*asked.split(), day, "--rulebooks", str(tmp_path))
        for day in ("2028-03-01", "2028-01-01")
    ]
    assert "450.00元" in at[0]
    assert "date_outside" in at[1] or "不在" in at[1]
