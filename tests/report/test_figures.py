"""Every figure of the law is listed, and stands where the list says."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.report.law_figures import Figure, figures, short_path
from gongji.law.rulebook.rulebook import SHIPPED
from gongji.law.rulebook.source import Node, read_or_refuse
from gongji.units import parse_day

LIBRARY = Library()
APART = ("文件", "存疑", "条文", "示例")
"""Sections that hold no rule."""


@cache
def every_figure() -> list[Figure]:
    """The figures of all areas over all their time."""
    return [f for area in LIBRARY.areas() for law in LIBRARY.laws(area) for f in figures(law)]


def scalars(node: Node) -> Iterator[Node]:
    """The texts of a node."""
    if isinstance(node.value, str):
        yield node
    else:
        inside = node.value if isinstance(node.value, list) else list(node.value.values())
        for child in inside:
            yield from scalars(child)


@pytest.mark.parametrize("path", LIBRARY.files(), ids=short_path)
def test_no_amount_or_rate_of_a_rulebook_is_missing_from_the_list(path: Path) -> None:
    """Amounts and rates of the file are listed, alone or in the words of a formula."""
    listed: dict[tuple[str, int], str] = {}
    for figure in every_figure():
        place = figure.file, figure.line
        listed[place] = listed.get(place, "") + figure.text
    root = read_or_refuse(path)
    assert isinstance(root.value, dict)
    for section, content in root.value.items():
        if section in APART:
            continue
        for node in scalars(content):
            text = node.text()
            if text.endswith(("元", "%", "个百分点")) and text[0].isdigit():
                place = short_path(path), node.line
                near = [
                    words
                    for (file, line), words in listed.items()
                    if file == place[0] and line in (node.line, node.line - 1)
                ]
                assert any(text in words for words in near), f"{place}: {text}"


def test_every_figure_stands_on_its_line_with_document_and_article() -> None:
    """The line of the file holds the figure, whose document and article are named."""
    lines = {short_path(p): p.read_text(encoding="utf-8").splitlines() for p in LIBRARY.files()}
    for figure in every_figure():
        assert figure.document
        assert figure.article or figure.section == "计量", figure
        if not figure.open and not set("，：、") & set(figure.text):
            written = figure.text.split()[-1]
            assert written in lines[figure.file][figure.line - 1], figure


def test_open_parameters_and_unofficial_figures_are_marked() -> None:
    """What is open, not official or in doubt says so."""
    law = Areas(LIBRARY).area("445300").law(parse_day("2023-03-01"))
    found = {(f.provision, f.item): f for f in figures(law)}
    ceiling = found["待遇.普通门诊", "普通门诊统筹 · 最高支付限额 · 普通统筹"]
    assert ceiling.open == "average_wage"
    assert ceiling.marks == "未定：average_wage；存疑：限额取整"
    hunan = Areas(LIBRARY).area("430500").law(parse_day("2023-06-01"))
    ordinary = [f for f in figures(hunan) if f.provision == "待遇.普通门诊"]
    assert {f.marks for f in ordinary} == {"非官方"}
    shuangjiang = Areas(LIBRARY).area("530925").law(parse_day("2024-11-01"))
    rows = [f for f in figures(shuangjiang) if f.item == "普通门诊 · 起付标准 · 每次起付"]
    assert [(f.where, f.text, f.marks) for f in rows] == [
        ((("医院级别", "一级"),), "20元", "官方转述"),
        ((("医院级别", "二级"),), "40元", "官方转述"),
        ((("医院级别", "三级"),), "60元", "官方转述"),
    ]


def test_shipped_files_are_named_from_their_province_on() -> None:
    """A path in a list says nothing of the machine."""
    assert short_path(SHIPPED / "530000/532300/2022-07-01.yaml") == "530000/532300/2022-07-01.yaml"
