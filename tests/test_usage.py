"""A wrong command line is told in Chinese, with where to look."""

import re

import pytest

from gongji.cli.main import main
from gongji.cli.options import pairs

WRONG = {
    "quote --foo": "没有选项 --foo",
    "quote --levl 3": "没有选项 --levl；是否想用 --level、--help",
    "quote": "缺少 --area",
    "quote --area": "--area 后面缺少值",
    "clear": "缺少 INSTITUTIONS",
    "nope": "没有命令 nope",
    "adjudicat x": "没有命令 adjudicat；是否想用 adjudicate、readjudicate、audit",
    "ledger verfy": "没有命令 verfy；是否想用 verify",
    "areas x y": "多余的参数：x y",
    "areas --json=3": "选项 --json 不带值",
    "demo --people x": "--people 的值不对：应为整数",
    "adjudicate /nowhere -o x.csv": "VISITS 的值不对：文件或目录不存在：/nowhere",
    "adjudicate pyproject.toml -o x.csv --compression zip": "--compression 的值不对：应为 none、snappy、lz4、zstd 之一",
    "population --area 430500 --persons 5 -o p": "--persons 的值不对：不应小于 100",
    "buckets pyproject.toml -o b --buckets 0": "--buckets 的值不对：应在 1 至 512 之间",
    "check nothing.yaml": "PATHS 的值不对：文件或目录不存在：nothing.yaml",
    "diff 430500 532300": "应写成 统筹区@日期，如 532300@2024-11-01：430500",
    "curve --area 430500 -o curve.doc": "-o 的值不对：文件名应以 .svg 或 .png 结尾：curve.doc",
}


@pytest.mark.parametrize(("line", "told"), WRONG.items())
def test_what_is_wrong_is_told_in_chinese(
    line: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main(line.split())
    said = capsys.readouterr().err
    assert left.value.code == 2
    assert said.startswith(f"命令行有误：{told}\n用法见 gongji"), said
    assert not re.search(r"\b(Error|Usage|Try|option|value)\b", said)


def test_a_group_without_its_command_is_told_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["ledger"])
    assert left.value.code == 2 and "gongji ledger verify --area" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--set", "a=1", "--set", "a=2"), "a 写了两次：1、2"),
        (("--set", "a"), "应写成 名称=值"),
        (("--set", "=1"), "应写成 名称=值"),
    ],
)
def test_names_with_values_are_told_once(
    given: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(["incentives", "--area", "430500", "--date", "2024-06-05", *given])
    assert leaving.value.code == 2 and said in capsys.readouterr().err


def test_the_sign_between_a_name_and_its_value_may_be_wide() -> None:
    assert pairs("--set", ("a＝1", "b = 2", "a=1")) == {"a": "1", "b": "2"}
