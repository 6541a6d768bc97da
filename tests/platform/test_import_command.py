"""`gongji registry`: the command as a person uses it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from gongji.cli.main import main
from gongji.platform import database as place
from gongji.platform.environment import environment

PERSON = "人员编号,统筹区,姓名,证件号码\n53092500000000000001,530925,测试·天枢,{number}\n"
NUMBER = "990101198001010014"


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    """The command on a database of the test's own."""
    environment()
    monkeypatch.setattr(place, "owner_dsn", lambda: database)
    yield CliRunner()


def gongji(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["registry", *words])
    said = capsys.readouterr()
    return int(caught.value.code or 0), said.out, said.err


def test_a_file_is_checked_imported_and_exported_masked(
    run: CliRunner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "参保人.csv"
    file.write_text(PERSON.format(number=NUMBER))
    code, out, _ = gongji(capsys, "import", str(file), "--dry-run")
    assert (code, "没有保存" in out) == (0, True)
    code, out, _ = gongji(capsys, "import", str(file))
    assert code == 0 and "参保人.csv：新增 1，更改 0，撤销 0，未变 0" in out
    code, out, _ = gongji(capsys, "import", str(file), "--json")
    assert json.loads(out)["tables"][0]["same"] == 1
    back = tmp_path / "out.csv"
    code, out, _ = gongji(capsys, "export", "参保人", "-o", str(back))
    shown = back.read_text()
    # The county belongs to the city's pooling area.
    assert code == 0 and ",530900," in shown and NUMBER not in shown
    gongji(capsys, "export", "参保人", "-o", str(back), "--unmasked")
    assert NUMBER in back.read_text()


def test_a_wrong_file_ends_with_every_problem_and_code_2(
    run: CliRunner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "名单.csv"
    file.write_text(PERSON.format(number="990101198001010015"))
    code, out, err = gongji(capsys, "import", str(file), "--kind", "参保人", "--json")
    assert code == 2 and "校验码" in err and "990101198001010015" not in err + out
    assert json.loads(out)["problems"][0]["line"] == 1


@pytest.mark.parametrize("words", [("template", "颜色"), ("export", "期初余额")])
def test_a_kind_that_there_is_not_is_refused(
    run: CliRunner, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    code, _, err = gongji(capsys, *words, "-o", str(tmp_path / "x.xlsx"))
    assert code == 1 and "可取" in err and not list(tmp_path.iterdir())


def test_a_template_is_an_excel_workbook(
    run: CliRunner, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "全部.xlsx"
    code, out, _ = gongji(capsys, "template", "参保人", "参保", "-o", str(file))
    assert code == 0 and "参保人、参保" in out and file.exists()
    code, _, err = gongji(capsys, "template", "-o", str(tmp_path / "全部.csv"))
    assert code == 1 and ".xlsx" in err
    code, out, _ = gongji(capsys, "import", str(file), "--dry-run")
    assert code == 0 and "新增 0" in out
