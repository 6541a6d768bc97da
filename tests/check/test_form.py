"""Files that are no rulebook in form: each told with file, line and key, and none half read."""

from pathlib import Path

import pytest

from gongji.law.checks.library import Library
from gongji.law.rulebook.rulebook import read_book
from gongji.law.rulebook.source import read_or_refuse
from gongji.refusals import RulebookError
from made_rulebooks import AREA, head, write

GOOD = head() + "计量:\n  付: {代号: paid, 量: 支付, 期: 年}\n"

FORMS = [
    # text, line, key, words
    ("", 1, "文件", "空文件"),
    ("# 只有注释\n", 1, "文件", "空文件"),
    ("- 一\n- 二\n", 1, "文件", "顶层应为键值表"),
    ("文件: [一\n", 1, "YAML", "这一行的“[”没有配对的“]”"),
    ("文件: {一: 二\n计量: 三\n", 1, "YAML", "这一行的“{”没有配对的“}”"),
    ("文件:\n  名称：甲\n  文号: 乙\n", 2, "YAML", "“名称”后面是全角冒号“：”"),
    ("文件:\n\t名称: 甲\n", 2, "YAML", "制表符（Tab）"),
    ("文件: {名称: 甲，文号: 乙}\n", 1, "YAML", "半角逗号"),
    ("文件:\n  名称: 甲\n 文号: 乙\n", 3, "YAML", "缩进没有对齐"),
    ("文件:\n  - 甲\n  乙: 丙\n", 3, "YAML", "缩进没有对齐"),
    ('文件: "甲\n', 1, "YAML", "引号没有配对"),
    ("文件: 甲\n---\n计量: 乙\n", 2, "YAML", "一个文件里只能有一份文件"),
    ("文件: 甲\x01\n", 1, "YAML", "看不见的控制字符"),
    ("文件: *a\n", 1, "YAML", "写法有误（found undefined alias"),
    ("计量:\n  付: {代号: paid, 量: 支付, 期: 年}\n", 1, "文件", "缺少这一部分"),
    (GOOD + "待遇表: {}\n", 11, "待遇表", "不认识的部分"),
    (GOOD + "门槛: 没有\n", 11, "门槛", "写成了文字"),
    (GOOD + "门槛: [没有]\n", 11, "门槛", "写成了列表"),
    (GOOD + "计量:\n  收: {代号: b, 量: 支付, 期: 年}\n", 11, "计量", "与第 9 行的键重复"),
    (GOOD + "  付: {代号: b, 量: 支付, 期: 年}\n", 11, "付", "与第 10 行的键重复"),
    (GOOD.replace("量: 支付", "量: 支付, 量: 起付"), 10, "量", "与第 10 行的键重复"),
    (GOOD.replace("量: 支付", "量: 收付"), 10, "计量.付.量", "“收付”不在可取值之内"),
    (GOOD.replace("量: 支付, ", ""), 10, "计量.付.量", "缺少这一项"),
    (GOOD.replace("期: 年", "期: 年, 起: 13月"), 10, "计量.付.起", "须为1月至12月"),
    (GOOD.replace("期: 年", "期: 年, 起: 0月"), 10, "计量.付.起", "须为1月至12月"),
    (GOOD.replace("期: 年", "期: 年, 色: 红"), 10, "计量.付.色", "不认识的键"),
    (GOOD.replace("代号: paid", "代号: [paid]"), 10, "计量.付.代号", "写成了列表"),
    (GOOD.replace("代号: paid", "代号: 付"), 10, "计量.付.代号", ""),
    (GOOD.replace("名称: 某市办法", "名称: [某市办法]"), 2, "文件.名称", "写成了列表"),
    (GOOD.replace("名称: 某市办法", 'name: 某市办法\n  名称: ""'), 3, "文件.名称", "不能为空"),
    (GOOD.replace("施行: 2023-01-01", "施行: 2023-02-30"), 6, "文件.施行", ""),
    (GOOD.replace(f'"{AREA}"', '"62990"'), 4, "文件.统筹区", ""),
    (GOOD.replace("来源: 演示", "来源: 听说"), 7, "文件.来源", "“听说”不在可取值之内"),
]


@pytest.mark.parametrize(("text", "line", "key", "words"), FORMS)
def test_a_mistake_of_form_has_its_line_and_key(
    tmp_path: Path, text: str, line: int, key: str, words: str
) -> None:
    path = write(tmp_path, text)
    _, problems = read_book(path)
    assert (path.name, line, key) in [(Path(p.file).name, p.line, p.key) for p in problems], [
        str(p) for p in problems
    ]
    assert any(words in p.message for p in problems if p.key == key)
    with pytest.raises(RulebookError):
        Library([tmp_path]).laws(AREA)


def test_the_good_one_is_good(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    book, problems = read_book(path)
    assert book and not problems and book.id == f"{AREA}@2023-01-01"
    assert Library([tmp_path]).book(path).head.number == "某政〔2023〕1号"


def test_bytes_that_are_no_text_and_files_that_are_not_there(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    path.write_bytes(GOOD.encode("gb18030"))
    said = {path: "GB18030", tmp_path / "nothing.yaml": "无法读取"}
    for broken, words in said.items():
        book, (problem,) = read_book(broken)
        assert book is None and problem.key == "文件" and words in problem.message
        with pytest.raises(RulebookError):
            read_or_refuse(broken)
    with pytest.raises(RulebookError) as error:
        Library([tmp_path / "no"]).files()
    assert "规则目录不存在" in error.value.problems[0].message


def test_full_width_figures_are_figures(tmp_path: Path) -> None:
    """As officials type them; what is prose stays as it is written."""
    text = head() + (
        "待遇:\n  普通门诊:\n    依据: 第（一）条\n    层:\n"
        "      - {名称: 普通门诊, 代号: ordinary, 支付比例: {比例: ５０％, 依据: 第（一）条}}\n"
    )
    write(tmp_path, text)
    benefit = Library([tmp_path]).laws(AREA)[0].section("待遇")["普通门诊"].value
    assert benefit.layers[0].rate.value.amount == 500_000  # type: ignore[attr-defined]
    assert benefit.article == "第（一）条"  # type: ignore[attr-defined]


def test_what_repeats_itself_is_built_once_and_refused(tmp_path: Path) -> None:
    doubled = ["a0: &a0 [一, 一]"]
    doubled += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 60)]
    for text in ("\n".join(doubled), "文件: &a [*a]\n", "文件: " + "[" * 5000):
        _, problems = read_book(write(tmp_path, text))
        assert any(p.key == "YAML" for p in problems), text[:40]
