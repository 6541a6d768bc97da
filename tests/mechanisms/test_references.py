"""What a rulebook names wrongly is told with its line and what would be right, all at once."""

from pathlib import Path

import pytest
import yaml

from gongji.law.checks import check_references
from gongji.law.checks.library import Library
from gongji.refusals import Problem, RulebookError

HERE = Path(__file__).parent
MODEL = HERE / "model" / "990000" / "999903" / "2024-01-01.yaml"
BOOK = MODEL.read_text(encoding="utf-8")
MISTAKES = yaml.safe_load((HERE / "mistakes.yaml").read_text(encoding="utf-8"))


def problems_of(folder: Path, text: str) -> list[Problem]:
    """What loading the area reports."""
    place = folder / "990000" / "999903"
    place.mkdir(parents=True, exist_ok=True)
    (place / "2024-01-01.yaml").write_text(text, encoding="utf-8")
    try:
        Library([folder]).laws("999903")
    except RulebookError as error:
        return error.problems
    return []


def test_the_model_is_sound(tmp_path: Path) -> None:
    assert problems_of(tmp_path, BOOK) == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=[mistake["message"] for mistake in MISTAKES])
def test_a_mistake_is_told_with_its_line(tmp_path: Path, mistake: dict[str, str]) -> None:
    right, wrong, message = mistake["right"], mistake["wrong"], mistake["message"]
    assert right in BOOK
    text = BOOK.replace(right, wrong, 1)
    found = [problem for problem in problems_of(tmp_path, text) if message in problem.message]
    assert found, [str(p) for p in problems_of(tmp_path, text)]
    # Where a line is removed, the problem stands at what refers to it.
    changed = next(
        number
        for number, line in enumerate(text.split("\n"), 1)
        if line != BOOK.split("\n")[number - 1]
    )
    if wrong.count("\n") == right.count("\n") and "代号" not in message:
        assert changed in [problem.line for problem in found]


def test_all_mistakes_are_told_at_once_those_of_form_and_those_of_reference(tmp_path: Path) -> None:
    text = BOOK
    changes = [
        ("施行: 2024-01-01", "施行: 2024-13-01"),
        ("{按: 医院级别, 一级: 60%", "{按: 医院级别, 一级: 六成"),
        ("- 计量: 年起付", "- 计量: 年起负"),
        ("{接续: 超限额", "{接续: 超限"),
        ("存疑: [甲说]", "存疑: [乙说]"),
        ("付款方: 大额医疗费用补助", "付款方: 大额"),
    ]
    for right, wrong in changes[1:]:
        text = text.replace(right, wrong, 1)
    wanted = [
        "应为百分比",
        "没有计量“年起负”",
        "没有层组或待遇“超限”",
        "没有存疑“乙说”",
        "没有规定引用这一存疑",
        "“大额”不在可取值之内",
    ]
    found = problems_of(tmp_path, text)
    for message in wanted:
        assert any(message in problem.message for problem in found), message
    assert len(found) == len(wanted)


def test_a_file_in_the_wrong_folder_or_under_the_wrong_date_is_told(tmp_path: Path) -> None:
    text = BOOK.replace('"999903"', '"999904"').replace("2024-01-01", "2024-02-01")
    keys = [problem.key for problem in problems_of(tmp_path, text)]
    assert keys == ["文件.统筹区", "文件.施行"]


def test_a_broken_provision_is_not_reported_as_missing_where_it_is_named(tmp_path: Path) -> None:
    text = BOOK.replace("{代号: year_deductible, 量: 起付", "{代号: year_deductible, 量: 起步")
    found = problems_of(tmp_path, text)
    assert [problem.key for problem in found] == ["计量.年起付.量"]


def test_a_meter_keeps_its_meaning_through_a_change_of_rules(tmp_path: Path) -> None:
    problems_of(tmp_path, BOOK)
    later = BOOK.split("\n计量:")[0].replace("2024-01-01", "2025-01-01").split("\n事实:")[0]
    later = later.replace("出处: 虚拟", "出处: 虚拟\n  替换: [计量.年费用]")
    later += "\n计量:\n  年费用: {代号: year_cost, 量: 费用, 期: 月}\n"
    (tmp_path / "990000" / "999903" / "2025-01-01.yaml").write_text(later, encoding="utf-8")
    with pytest.raises(RulebookError) as wrong:
        Library([tmp_path]).laws("999903")
    assert "与此前同名的计量不同" in str(wrong.value)
    assert "2025-01-01.yaml:13" in str(wrong.value)


def test_what_a_province_replaces_stands_in_one_of_its_areas() -> None:
    library = Library()
    for path in library.files():
        assert check_references.problems(library, library.book(path)) == []
