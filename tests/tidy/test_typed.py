"""A user's program is checked by mypy as strictly as it can be, and mistakes in it are found."""

from pathlib import Path

import pytest
from mypy import api

HERE = Path(__file__).parent
PROGRAM = HERE / "user_program.py"
MISTAKES = {
    'money="cents"': 'money="decimal"',
    'order="output"': 'order="input"',
    "moneys": "money",
    "gongji.adjudicated(": "gongji.adjudicate(",
    "refused.column": "refused.code",
}
"""What is wrong, and what stands in the program."""


def checked(program: Path) -> str:
    """What mypy says of a program, that of this tree being what it is."""
    config = str(HERE.parents[1] / "pyproject.toml")
    said, faults, _ = api.run(["--strict", "--config-file", config, str(program)])
    return said + faults


@pytest.mark.slow
def test_a_user_s_program_is_typed_and_mistakes_are_found(tmp_path: Path) -> None:
    assert "Success" in checked(PROGRAM)
    text = PROGRAM.read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.py"
    for mistake, right in MISTAKES.items():
        assert right in text
        wrong.write_text(text.replace(right, mistake, 1), encoding="utf-8")
        assert "error:" in checked(wrong), mistake
