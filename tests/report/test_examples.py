"""Worked examples of visits in rulebooks: all shipped ones hold, and a wrong one is found."""

from pathlib import Path

import pytest

from gongji.law.checks.library import Library
from gongji.law.engine.visit_examples import KINDS, run_example
from gongji.law.report.law_figures import short_path
from gongji.law.rulebook.law import NATION
from gongji.law.rulebook.rulebook import SHIPPED
from gongji.refusals import Problem

LIBRARY = Library()
CHUXIONG = SHIPPED / "530000/532300/2022-07-01.yaml"


AREAS_OWN = [path for path in LIBRARY.files() if path.parent.name != NATION]
"""The nation's law is no area: its examples are those of the areas that it lies under."""


@pytest.mark.parametrize("path", AREAS_OWN, ids=short_path)
def test_shipped_examples_hold(path: Path) -> None:
    """Every row comes out as computed by hand."""
    book = LIBRARY.book(path)
    examples = [example for example in book.examples if example.kind in KINDS]
    assert examples
    problems = [p for example in examples for p in run_example(LIBRARY, book, example)]
    assert problems == []


def wrong(tmp_path: Path, *rows: str) -> list[Problem]:
    """The problems of an example with these rows in a copy of Chuxiong's rulebook."""
    path = tmp_path / "530000/532300/2022-07-01.yaml"
    path.parent.mkdir(parents=True)
    text = CHUXIONG.read_text(encoding="utf-8").split("\n示例:")[0]
    lines = "".join(f"\n      - {{{row}}}" for row in rows)
    head = "\n示例:\n  - 名称: 试\n    依据: 第十三条\n    行:"
    path.write_text(text + head + lines + "\n", encoding="utf-8")
    library = Library([tmp_path])
    book = library.book(path)
    return run_example(library, book, book.examples[0])


VISIT = "日期: 2023-03-01, 参保状态: 在职, 医院级别: 一级, 费用: 1000元"


WRONG = [
    (f"{VISIT}, 期望: {{支付: 581.99元}}", "支付期望 581.99 元，结果 582.00 元"),
    (f"{VISIT}, 期望: {{起付: 60元}}", "起付期望 60.00 元，结果 30.00 元"),
    (f"{VISIT}, 期望: {{个人: 0元}}", "个人期望 0.00 元，结果 418.00 元"),
    (f"{VISIT}, 期望: {{overflow: 1元}}", "overflow期望 1.00 元，结果 0.00 元"),
    (f"{VISIT}, 期望: {{医院级别: 二级}}", "医院级别期望“二级”，结果“一级”"),
    (f"{VISIT}, 期望: {{拒付: not_designated}}", "期望拒付 not_designated，结果予以支付"),
    (f"{VISIT}, 定点: 否, 期望: {{支付: 582元}}", "期望予以支付，结果拒付 not_designated"),
    (f"{VISIT}, 期望: {{付: 582元}}", "不认识的期望“付”"),
    (f"{VISIT}, 期望: {{支付: 多}}", "期望的“支付”"),
    (f"{VISIT}, 期望: 支付", "“期望”应为键值表"),
    (f"{VISIT}, 期望: {{支付: [581元]}}", "期望的“支付”应写文字，写成了列表"),
    ("日期: [2023-03-01], 参保状态: 在职, 费用: 1元, 期望: {支付: 0元}", "“日期”应写文字"),
    ("日期: 2023-03-01, 参保状态: 在职, 参数: [补助比例], 期望: {金额: 1%}", "“参数”应写文字"),
    (f"{VISIT}, 住院天数: 3, 期望: {{支付: 582元}}", "不认识的事实“住院天数”"),
    (VISIT, "并写明“期望”"),
    ("参保状态: 在职, 费用: 1元, 期望: {支付: 0元}", "缺少“日期”"),
    ("日期: 2023-03-01, 参保状态: 在职, 参数: 无此, 期望: {金额: 1元}", "参数“无此”"),
    ("日期: 2023-03-01, 参保状态: 在职, 参数: 补助比例, 期望: {金额: 1%}", "结果 未定"),
]
"""Rows with something wrong, and what the report says of it."""


@pytest.mark.parametrize(("row", "words"), WRONG, ids=range(len(WRONG)))
def test_what_disagrees_is_reported_with_its_line(tmp_path: Path, row: str, words: str) -> None:
    """The second row of the example is wrong, and only it."""
    good = f"{VISIT}, 期望: {{支付: 582元, 起付: 30元, 个人: 418元, ordinary: 582元}}"
    problems = wrong(tmp_path, good, row)
    text = (tmp_path / "530000/532300/2022-07-01.yaml").read_text(encoding="utf-8")
    assert [problem.line for problem in problems] == [len(text.splitlines())]
    assert words in problems[0].message


def test_a_setting_that_is_no_parameter_is_reported(tmp_path: Path) -> None:
    """A misspelt 设定 would otherwise leave the parameter open."""
    path = tmp_path / "530000/532300/2022-07-01.yaml"
    path.parent.mkdir(parents=True)
    text = CHUXIONG.read_text(encoding="utf-8").replace('inpatient_ceiling: "900"', 'ceiling: "9"')
    path.write_text(text, encoding="utf-8")
    library = Library([tmp_path])
    book = library.book(path)
    problems = [p for e in book.examples if e.kind in KINDS for p in run_example(library, book, e)]
    assert [("ceiling" in p.message, p.message[:3]) for p in problems] == [(True, "设定：")]
