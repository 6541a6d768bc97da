"""The settings of the environment: every problem at once, keys only in a demonstration."""

import base64
from pathlib import Path

import pytest

from gongji.platform import environment as env
from gongji.refusals import Fault, RulebookError

KEYS = {
    name: base64.b64encode(bytes(32)).decode()
    for name in ("GONGJI_SECRET_KEY", "GONGJI_IDENTITY_KEY", "GONGJI_LOOKUP_KEY")
}


def test_every_problem_is_told_at_once_and_no_key_is_shown(tmp_path: Path) -> None:
    given = {
        "GONGJI_PORT": "x",
        "GONGJI_GATEWAYS": "-1",
        "GONGJI_SECRET_KEY": "c2VjcmV0",
        "GONGJI_ADAPTOR": "mine",
    }
    with pytest.raises(RulebookError) as refused:
        env.read({"GONGJI_DATA": str(tmp_path), **given})
    told = {problem.key for problem in refused.value.problems}
    assert {
        "GONGJI_PORT",
        "GONGJI_GATEWAYS",
        "GONGJI_SECRET_KEY",
        "GONGJI_ADAPTOR",
        "GONGJI_IDENTITY_KEY",
        "GONGJI_LOOKUP_KEY",
    } <= told
    assert "c2VjcmV0" not in str(refused.value)


def test_keys_are_made_once_for_a_demonstration_only(tmp_path: Path) -> None:
    given = {"GONGJI_DATA": str(tmp_path), "GONGJI_DEMO": "1"}
    first, second = env.read(given), env.read(given)
    assert first.identity_key == second.identity_key and len(first.identity_key) == 32
    kept = tmp_path / "keys" / "gongji_identity_key"
    assert kept.stat().st_mode & 0o077 == 0
    with pytest.raises(RulebookError):
        env.read({"GONGJI_DATA": str(tmp_path)})


def test_nobody_goes_unsigned_outside_a_demonstration(tmp_path: Path) -> None:
    with pytest.raises(RulebookError, match="GONGJI_ADAPTOR"):
        env.read({"GONGJI_DATA": str(tmp_path), "GONGJI_ADAPTOR": "none", **KEYS})


def test_figures_for_parameters_are_read_by_area(tmp_path: Path) -> None:
    text = "445300:average_wage.2023=96957 532300:inpatient_rate=85%"
    found = env.read({"GONGJI_DATA": str(tmp_path), "GONGJI_PARAMETERS": text, **KEYS})
    assert found.parameters["532300"] == {"inpatient_rate": "85%"}


def test_a_demonstration_spares_the_folder_of_real_people(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONGJI_DATA", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    env.keep_demo({"GONGJI_LOG_LEVEL": "WARNING"})
    assert env.kept_demo(tmp_path)["GONGJI_DEMO"] == "1"
    (tmp_path / "postgresql").mkdir()
    env.keep_demo({})
    (tmp_path / env.DEMO).unlink()
    with pytest.raises(Fault, match="真实数据"):
        env.keep_demo({})
