"""A rulebook that did not come with the program is marked; a reform lies on the shipped ones."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gongji.cli.main import main
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
