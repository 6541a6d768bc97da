"""`gongji check`: clean over the shipped rulebooks, every mistake of a wrong one with its line."""

import json
from pathlib import Path

import pytest
from tests.check.conftest import Run

from gongji.law.checks.check_rulebooks import check_area, citations, read_files, years_of
from gongji.law.checks.library import Library
from gongji.law.rulebook.official_text import missing_parts, read_text

HERE = Path(__file__).parent
WRONG = HERE / "wrong"

GOOD = """\
文件:
  名称: 某市办法
  文号: 示范〔2024〕2号
  统筹区: "110000"
  地名: 某市
  施行: 2024-02-01
  来源: 演示
  出处: 为测试而编
计量:
  年度起付: {代号: year_deductible, 量: 起付, 期: 年}
  年度支付: {代号: year_paid, 量: 支付, 期: 年}
待遇:
  普通门诊:
    依据: 第六条
    层:
      - 名称: 普通门诊
        代号: ordinary
        起付标准: [{计量: 年度起付, 金额: 200元, 依据: 第六条}]
        支付比例: {比例: {按: 医院级别, 一级: 70%, 二级: 60%, 三级: 50%}, 依据: 第六条}
        最高支付限额: [{计量: 年度支付, 金额: 1500元, 依据: 第六条}]
"""


def written(folder: Path, text: str, name: str = "2024-02-01") -> str:
    """A rulebook file in a folder of its area; the path as text."""
    path = folder / "110000" / "110000" / f"{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_shipped_rulebooks_are_clean(run: Run) -> None:
    code, out = run()
    assert code == 0, out
    assert "没有问题：6 个统筹区" in out
    assert "未证明 普通门诊" in out and "待定 average_wage" in out
    assert "预算使用率达到 30% 时" in out and "第二十条（二）" in out
    assert "? 存疑 起付线累计（第六条）" in out


def test_ten_different_mistakes_are_reported_in_one_run_each_with_its_line(run: Run) -> None:
    path = next(WRONG.glob("**/*.yaml"))
    marked = [
        number
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1)
        if line.endswith("# ✗")
    ]
    assert len(marked) == 10
    code, out = run(str(WRONG), "--json")
    problems = json.loads(out)["problems"]
    assert code == 2
    assert [problem["line"] for problem in problems] == marked
    assert all(problem["file"].endswith("2024-02-01.yaml") for problem in problems)
    assert len({problem["message"] for problem in problems}) == 10
    allowed = next(p for p in problems if p["line"] == 28)
    assert "一级、二级、三级" in allowed["message"]


def test_the_page_shows_what_the_wrong_rulebook_brings(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = HERE.parent.parent
    monkeypatch.chdir(root)
    page = (root / "docs" / "use/check.md").read_text(encoding="utf-8")
    shown = [line for line in page.split("\n") if line.startswith("✗ ") or line == "10 处问题"]
    printed = run("tests/check/wrong")[1].split("\n")
    assert len(shown) == 5
    assert [line for line in shown if line not in printed] == []


def test_a_file_of_ones_own_is_checked_by_its_path(run: Run, tmp_path: Path) -> None:
    code, out = run(written(tmp_path, GOOD))
    assert code == 0, out
    assert "3 条支付链已证明" in out


def test_a_level_without_a_figure_is_a_gap(run: Run, tmp_path: Path) -> None:
    code, out = run(written(tmp_path, GOOD.replace(", 三级: 50%", "")))
    assert code == 2
    assert "医院级别为“三级”时没有数字" in out
    assert "2024-02-01.yaml:19" in out
    assert "3 个单元，1 处空档" in out


def test_a_level_that_a_gate_refuses_needs_no_figure(run: Run, tmp_path: Path) -> None:
    gate = "门槛:\n  限级别: {当: {医院级别: 三级}, 拒付: level_too_low, 依据: 第六条}\n"
    code, out = run(written(tmp_path, GOOD.replace(", 三级: 50%", "") + gate))
    assert code == 0, out


def test_days_without_law_between_two_documents_are_a_problem(run: Run, tmp_path: Path) -> None:
    first = GOOD.replace("  来源: 演示", "  有效期至: 2024-12-30\n  来源: 演示")
    written(tmp_path, first)
    later = GOOD.replace("2024-02-01", "2025-01-01")
    written(tmp_path, later, "2025-01-01")
    code, out = run(str(tmp_path))
    assert code == 2
    assert "2024-12-31 至 2024-12-31 没有规则" in out


def test_two_documents_that_rule_one_thing_are_a_problem(run: Run, tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    written(tmp_path, GOOD.replace("2024-02-01", "2025-01-01"), "2025-01-01")
    code, out = run(str(tmp_path))
    assert code == 2
    assert "也有这项规定" in out


def test_a_figure_whose_article_the_document_does_not_have_is_a_problem(
    run: Run, tmp_path: Path
) -> None:
    articles = "条文:\n" + "".join(
        f"  第{number}条: {{处置: 不涉及计算, 说明: 其他}}\n" for number in "一二三四五"
    )
    keys = "[待遇.普通门诊, 计量.年度起付, 计量.年度支付]"
    articles += f"  第六条: {{处置: 规则, 键: {keys}, 说明: 普通门诊}}\n"
    code, out = run(written(tmp_path, GOOD + articles))
    assert code == 0, out
    wrong = GOOD.replace("金额: 1500元, 依据: 第六条", "金额: 1500元, 依据: 第七条") + articles
    code, out = run(written(tmp_path, wrong))
    assert code == 2
    assert "“第七条”不在“条文”所列之内" in out
    # What another document says is accounted for there.
    item = (
        "事项:\n  家庭共济:\n    代号: family_bond\n    依据: 第六条\n    申请人: [本人]\n"
        "    渠道: [窗口]\n    时限: {工作日: 5, 依据: 第七条, 出自: 另一份文件}\n    保管: 10年\n"
    )
    answered = articles.replace("计量.年度支付]", "计量.年度支付, 事项.家庭共济]")
    code, out = run(written(tmp_path, GOOD + item + answered))
    assert code == 0, out


def test_an_example_that_comes_out_differently_is_a_problem(run: Run, tmp_path: Path) -> None:
    example = """\
示例:
  - 名称: 三级医院
    依据: 第六条
    行:
      - {日期: 2024-03-01, 参保状态: 在职, 医院级别: 三级, 费用: 1200元, 期望: {支付: 499元}}
"""
    code, out = run(written(tmp_path, GOOD + example))
    assert code == 2
    assert "期望 499.00 元，结果 500.00 元" in out


def test_an_open_parameter_leaves_its_chains_unproved_and_the_examples_prove_them(
    run: Run, tmp_path: Path
) -> None:
    text = (
        GOOD.replace("金额: 1500元", "金额: {参数: 限额}")
        + """\
参数:
  限额: {代号: ceiling, 单位: 元, 依据: 第六条, 说明: 另定}
示例:
  - 名称: 三级医院
    依据: 第六条
    设定: {ceiling: 1500}
    行:
      - {日期: 2024-03-01, 参保状态: 在职, 医院级别: 三级, 费用: 1200元, 期望: {支付: 500元}}
"""
    )
    code, out = run(written(tmp_path, text))
    assert code == 0, out
    assert "未证明 普通门诊 3 条：待定 ceiling；按示例的设定已证明 3 条" in out


def test_a_supplement_that_breaks_a_promise_is_a_problem(run: Run, tmp_path: Path) -> None:
    text = (
        GOOD
        + """\
补充:
  大额:
    依据: 第七条
    层:
      - 名称: 大额
        代号: large
        付款方: 大额医疗费用补助
        起付标准: [{计量: 年度起付, 金额: 300元, 依据: 第七条}]
        支付比例: {比例: 90%, 依据: 第七条}
"""
    )
    code, out = run(written(tmp_path, text))
    assert code == 2
    assert "个人负担下降" in out and "医院级别=一级" in out


def test_years_follow_the_statistics_of_the_law() -> None:
    library = Library()
    law = library.laws("445300")[0]
    assert years_of(law)[0] == 2022
    assert years_of(library.laws("430500")[0]) == [2022]


def test_every_provision_names_an_article() -> None:
    library = Library()
    books, problems = read_files(library, library.files())
    assert not problems
    for book in books:
        found = list(citations(tuple(book.sections.values())))
        assert len(found) > 5, book.id


@pytest.mark.parametrize("area", Library().areas())
def test_every_chain_without_open_parameters_is_proved(area: str) -> None:
    report = check_area(Library(), area)
    assert not report.problems
    for law in report.laws:
        for chain in law.chains:
            assert chain.opens or (chain.proof and not chain.proof.uncovered)


REGISTER = """\
条文:
  第一条: {处置: 不涉及计算, 说明: 目的}
  第三条: {处置: 规则, 说明: 范围, 键: 计量.年度起付}
  第六条: {处置: 规则, 说明: 待遇, 键: [待遇.普通门诊, 待遇.没有的], 模块: 集市, 已建: portal}
"""


def test_a_register_that_misses_something_is_a_finding(run: Run, tmp_path: Path) -> None:
    """Articles passed over, provisions without an article, keys and parts that do not exist."""
    path = written(tmp_path, GOOD + REGISTER)
    code, told = run(path)
    assert code == 2
    for problem in (
        ":22: 条文：缺少第二条",
        ":22: 条文：缺少第四条",
        ":22: 条文：缺少第五条",
        ":24: 条文.第六条：没有这项规定“待遇.没有的”",
        "不认识的模块“集市”",
        "已建的模块“portal”不在模块之中",
        ":11: 计量.年度支付：没有一条条文写明这项规定",
    ):
        assert problem in told, (problem, told)
    assert "缺少第七条" not in told


@pytest.mark.parametrize(
    ("article", "missing"),
    [
        ("第六条", []),
        ("第六条第二款", []),
        ("第六条第三款", ["第六条第三款"]),
        ("第七条（二）", []),
        ("第七条第（二）项", []),
        ("第七条第一款第（二）项", []),
        ("第七条（三）", ["第七条（三）"]),
        ("第七条（二）第一款", []),
        ("第七条（二）第二款", ["第七条（二）第二款"]),
        ("第六条第一款、第二款、第七条（一）（二）", []),
        ("第六条第一款、第九条", ["第九条"]),
        ("待遇表", []),
    ],
)
def test_an_article_that_the_official_text_does_not_have_is_found(
    tmp_path: Path, article: str, missing: list[str]
) -> None:
    """Articles, paragraphs beside the items, items, and paragraphs below an item."""
    (tmp_path / "2023-01-01.md").write_text(TEXT, encoding="utf-8")
    assert list(missing_parts(read_text(tmp_path / "2023-01-01.md"), article)) == missing


TEXT = """\
# 某市细则

### 第六条

第一款。

第二款。

### 第七条

下列情形：

（一）第一项；

（二）第二项：

第二项之下的一款。
"""


def test_a_citation_of_a_paragraph_that_is_not_there_is_a_problem(run: Run, tmp_path: Path) -> None:
    """At its line, where the text lies beside the rulebook."""
    path = Path(written(tmp_path, GOOD))
    texts = path.parent / "texts"
    texts.mkdir()
    (texts / f"{path.stem}.md").write_text("# 某市细则\n\n### 第六条\n\n一款。\n", encoding="utf-8")
    code, out = run(str(path))
    assert code == 0, out
    path.write_text(
        path.read_text("utf-8").replace("依据: 第六条}", "依据: 第六条第二款}"), "utf-8"
    )
    code, out = run(str(path))
    assert code == 2 and "正文没有“第六条第二款”" in out
