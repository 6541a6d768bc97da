"""`gongji new` writes a rulebook that is accepted; examples say meters, or a rate only."""

from pathlib import Path

import pytest

from gongji.cli.main import main
from gongji.law.checks.library import Library
from gongji.law.engine.visit_examples import run_example
from made_rulebooks import AREA, head, write

RULES = """\
计量:
  年度起付: {代号: year_deductible, 量: 起付, 期: 年}
  普通统筹: {代号: ordinary_paid, 量: 支付, 期: 年}
待遇:
  普通门诊:
    依据: 第二条
    层:
      - 名称: 普通门诊统筹
        代号: ordinary
        起付标准: [{计量: 年度起付, 金额: 200元, 依据: 第二条}]
        支付比例: {比例: {按: 医院级别, 一级: 70%, 二级: 60%, 三级: 50%}, 依据: 第二条}
        最高支付限额: [{计量: 普通统筹, 金额: 2000元, 依据: 第二条}]
示例:
  - 名称: 一行
    依据: 第二条
    行:
      - {日期: 2023-03-01, 参保状态: 在职, 医院级别: 三级, ROW}
"""
RIGHT = [
    # 2000-1900=100 left of the ceiling
    "费用: 1000元, 此前: {普通统筹: 1900元, 年度起付: 200元}, 期望: {支付: 100元, 起付: 0元}",
    "费用: 1000元, 期望: {支付: 400元, 累计: {普通统筹: 400元, year_deductible: 200元}}",
    "期望: {支付比例: 50%}",
    "期望: {支付比例: {ordinary: 50%}}",
]
WRONG = [
    (
        "费用: 1000元, 期望: {累计: {普通统筹: 401元}}",
        "累计.普通统筹期望 401.00 元，结果 400.00",
    ),
    ("费用: 1000元, 期望: {累计: {门诊: 1元}}", "不认识的期望“累计.门诊”"),
    (
        "费用: 1000元, 此前: {门诊: 1元}, 期望: {支付: 400元}",
        "门诊 无法识别；可取：year_deductible",
    ),
    ("费用: 1000元, 此前: {普通统筹: 很多}, 期望: {支付: 400元}", "无法识别"),
    ("期望: {支付比例: 55%}", "支付比例期望 55%，结果 50%"),
    ("期望: {支付比例: {其他: 50%}}", "没有代号为“其他”的层；有：ordinary"),
]


def said(folder: Path, row: str) -> list[str]:
    """What running the example of one row tells."""
    path = write(folder, head() + RULES.replace("ROW", row))
    library = Library([folder])
    book = library.book(path)
    return [problem.message for problem in run_example(library, book, book.examples[0])]


@pytest.mark.parametrize("row", RIGHT)
def test_an_example_may_give_meters_or_expect_meters_or_a_rate(tmp_path: Path, row: str) -> None:
    assert said(tmp_path, row) == []


@pytest.mark.parametrize(("row", "words"), WRONG)
def test_meters_and_rates_that_differ_are_told(tmp_path: Path, row: str, words: str) -> None:
    (message,) = said(tmp_path, row)
    assert words in message


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as stopped:
        main(list(arguments))
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


def test_a_new_rulebook_is_accepted_and_never_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "规则"
    assert run("new", AREA, "2025-01-01", "--folder", str(folder)) == 0
    path = folder / f"{AREA[:2]}0000" / AREA / "2025-01-01.yaml"
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 30
    assert run("check", str(folder)) == 0
    assert "没有问题：1 个统筹区" in capsys.readouterr().out
    path.write_text("改过\n", encoding="utf-8")
    assert run("new", AREA, "2025-01-01", "--folder", str(folder)) == 2
    assert path.read_text(encoding="utf-8") == "改过\n"
    assert run("new", "51", "2025-01-01") == 2
    assert run("new", AREA, "2025-02-30") == 1
    assert run("new", "000000", "2025-01-01", "--folder", str(folder)) == 2
    assert "全国的规定随程序发布" in capsys.readouterr().err


def test_a_new_rulebook_of_a_shipped_area_tells_of_the_overlay(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("new", "510400", "2026-01-01", "--folder", str(tmp_path)) == 0
    assert "叠加: 是" in capsys.readouterr().out
