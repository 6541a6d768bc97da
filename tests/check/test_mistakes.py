"""What officials get wrong in rulebooks: each kind told in Chinese with its line and the mend."""

from pathlib import Path

import pytest
import yaml
from tests.check.conftest import Run

from gongji.cli.main import main

HERE = Path(__file__).parent
BASE = (HERE / "mistakes" / "base.yaml").read_text(encoding="utf-8")
MISTAKES = yaml.safe_load((HERE / "mistakes" / "mistakes.yaml").read_text(encoding="utf-8"))
PAGE = HERE.parent.parent / "docs" / "inside" / "rulebook-mistakes.md"


def written(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    """The rulebook as a file where it belongs; its rulebook folder."""
    path = folder / "620000" / "629900" / "2022-07-12.yaml"
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode(encoding))
    return folder


def changed(mistake: dict[str, str]) -> str:
    """The rulebook with one mistake."""
    right = mistake.get("right", "文件:")
    assert right in BASE, mistake
    more = mistake.get("also", "")
    return BASE.replace(right, mistake.get("wrong", right), 1) + (f"{more}\n" if more else "")


def test_the_base_is_right(run: Run, tmp_path: Path) -> None:
    code, out = run(str(written(tmp_path, BASE)))
    assert code == 0, out
    assert "没有问题：1 个统筹区" in out


@pytest.mark.parametrize(
    "mistake", MISTAKES, ids=[f"{n}-{one['kind']}" for n, one in enumerate(MISTAKES)]
)
def test_a_mistake_is_told_with_its_line_and_its_mend(
    run: Run, tmp_path: Path, mistake: dict[str, str]
) -> None:
    text = changed(mistake)
    folder = written(tmp_path, text, mistake.get("encoding", "utf-8"))
    code, out = run(str(folder))
    line = text[: text.index(mistake["at"])].count("\n") + 1
    told = [row for row in out.split("\n") if mistake["says"] in row]
    assert code == 2, out
    assert told and f"2022-07-12.yaml:{line}: " in told[0], out


def test_a_mistake_is_told_once(run: Run, tmp_path: Path) -> None:
    """What a provision that cannot be read leaves behind is no second mistake."""
    articles = "条文:\n  第五条: {处置: 规则, 说明: 定点, 键: 门槛.非定点}\n"
    text = BASE.replace("拒付: not_designated", "拒付: 非定点") + articles
    code, out = run(str(written(tmp_path, text)))
    assert code == 2 and "“非定点”不在可取值之内" in out
    assert "没有这项规定“门槛.非定点”" not in out


@pytest.mark.parametrize("level", ["..", ".", "620000", "620000/629900"])
def test_a_folder_of_any_level_is_checked(run: Run, tmp_path: Path, level: str) -> None:
    folder = written(tmp_path / "rules", BASE.replace(", 三级: 50%", ""))
    code, out = run(str(folder / level))
    assert code == 2 and "医院级别为“三级”时没有数字" in out, out


@pytest.mark.parametrize("level", ["", "620000", "620000/629900", "620000/629900/2022-07-12.yaml"])
def test_a_relative_path_is_checked_where_the_command_runs(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    folder = written(tmp_path, BASE.replace("一级: 70%", "一级: 170%"))
    place = folder / level
    monkeypatch.chdir(place if place.is_dir() else place.parent)
    code, out = run("." if place.is_dir() else place.name)
    assert code == 2 and "“170%”超出范围" in out, out


@pytest.mark.parametrize("level", ["", "620000", "620000/629900"])
def test_the_rulebooks_of_a_folder_of_any_level_are_used(
    run: Run, tmp_path: Path, level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = written(tmp_path, BASE)
    arguments = "--area 629900 --date 2023-03-01 --status retired --level 3 --in-scope 1150"
    with pytest.raises(SystemExit) as stopped:
        main(["quote", *arguments.split(), "--rulebooks", str(folder / level)])
    assert stopped.value.code == 0
    assert "统筹基金支付550.00元" in capsys.readouterr().out


def test_nothing_checked_is_a_mistake(run: Run, tmp_path: Path) -> None:
    code, out = run(str(tmp_path))
    assert code == 2 and "没有规则文件" in out
    (tmp_path / "rules.yaml").write_text(BASE, encoding="utf-8")
    code, out = run(str(tmp_path))
    assert code == 2 and "没有问题" not in out


@pytest.mark.parametrize(
    "name",
    ["2022-07-12 - 副本.yaml", "2023-1-1.yaml", "2023-01-01-2.yaml", "通知.yaml"]
    + ["2023-01-01.yml", "2023-01-01.YAML", "2023-01-01.yaml.txt"],
)
def test_a_file_whose_name_keeps_it_from_being_read_is_told(
    run: Run, tmp_path: Path, name: str
) -> None:
    """It was passed over without a word, or ended in a traceback."""
    folder = written(tmp_path, BASE)
    (folder / "620000" / "629900" / name).write_text(BASE, encoding="utf-8")
    code, out = run(str(folder))
    assert code == 2 and f"文件名是 {name}，这样的文件不会被读取；请改名为 2022-07-12.yaml" in out


@pytest.mark.parametrize("place", ["610000/629900", "甘肃/某市", "."])
def test_a_file_in_a_folder_that_is_not_its_areas_is_told(
    run: Run, tmp_path: Path, place: str
) -> None:
    path = tmp_path / place / "2022-07-12.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(BASE, encoding="utf-8")
    code, out = run(str(tmp_path))
    assert code == 2 and "2022-07-12.yaml:4: 文件.统筹区：" in out, out


def test_what_an_office_leaves_in_a_folder_is_no_rulebook(run: Run, tmp_path: Path) -> None:
    area = written(tmp_path, BASE) / "620000" / "629900"
    for name in ("~$2022-07-12.yaml", "._2022-07-12.yaml", ".DS_Store", "通知.docx"):
        (area / name).write_bytes(b"\0\1")
    assert run(str(tmp_path))[0] == 0


def test_the_page_of_kinds_names_each_and_its_test() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [one["kind"] for one in MISTAKES if f"| {one['kind']} |" not in page] == []
