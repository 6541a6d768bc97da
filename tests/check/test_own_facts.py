"""What a rulebook may say of its own facts: whose they are, and which message tells them."""

from pathlib import Path

import pytest

from gongji.law.rulebook.definitions import define_all
from gongji.law.rulebook.rulebook import parse_book

HEAD = """文件:
  名称: 某市办法
  文号: 某政〔2024〕1号
  统筹区: "999904"
  地名: 某市（虚拟）
  施行: 2024-01-01
  来源: 演示
  出处: 测试
事实:
"""


def wrong(fact: str) -> list[str]:
    """What is wrong with a fact, by name or by form."""
    path = Path("990000/999904/2024-01-01.yaml")
    book, problems = parse_book(path, f"{HEAD}  {fact}\n".encode())
    assert book is not None and not problems, problems
    _, found = define_all(book.sections["事实"])  # type: ignore[arg-type]
    return [f"{key}：{message}" for said in found.values() for key, message in said]


@pytest.mark.parametrize(
    ("fact", "said"),
    [
        ('签约: {列: a, 类: 是否, 归属: 参保人, 报文: {字段: F, 取值: {"1": 是}}, 依据: 一}', ""),
        ("签约: {列: a, 类: 是否, 归属: 机构, 报文: {字段: F}, 依据: 一}", ""),
        ("年数: {列: a, 类: 数, 归属: 参保人, 报文: {字段: F}, 依据: 一}", ""),
        ('签约: {列: a, 类: 是否, 报文: {字段: F, 取值: {"1": 对}}, 依据: 一}', "“对”不是取值"),
        (
            '年数: {列: a, 类: 数, 报文: {字段: F, 取值: {"1": 是}}, 依据: 一}',
            "只有是否和选项写取值",
        ),
        ("团队: {列: a, 类: 文字, 归属: 机构, 依据: 一}", "不能是文字"),
        ("年龄段: {取自: 年龄, 段: {甲: 0}, 归属: 参保人, 依据: 一}", "写在那一事实"),
        ('异地: {选项: {否: "", 未备案: unfiled}, 归属: 参保人, 依据: 一}', "不另行登记"),
        ('异地: {选项: {否: "", 已备案: filed}, 依据: 一}', "须有代码为 unfiled 的一项"),
        ('异地: {选项: {否: "", 长住: long, 未备案: unfiled}, 依据: 一}', ""),
    ],
)
def test_who_tells_a_fact_fits_what_it_is(fact: str, said: str) -> None:
    found = wrong(fact)
    assert (said in found[0]) if said else found == [], found
