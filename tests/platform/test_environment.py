"""The settings of the environment: every problem at once, keys only in a demonstration."""

import base64
import os
import stat
from pathlib import Path

import pytest

from gongji.platform import environment as env
from gongji.platform.private_files import private_folder
from gongji.refusals import Fault, RulebookError

KEYS = {
    name: base64.b64encode(bytes(range(number, number + 32))).decode()
    for number, name in enumerate(("GONGJI_SECRET_KEY", "GONGJI_IDENTITY_KEY", "GONGJI_LOOKUP_KEY"))
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


def test_keys_that_protect_nothing_are_refused(tmp_path: Path) -> None:
    given = {"GONGJI_DATA": str(tmp_path), **KEYS}
    env.read(given)
    for byte in (b"\0", b"k"):
        flat = base64.b64encode(byte * 32).decode()
        with pytest.raises(RulebookError, match="GONGJI_LOOKUP_KEY") as refused:
            env.read(given | {"GONGJI_LOOKUP_KEY": flat})
        assert flat not in str(refused.value)
    twice = given | {"GONGJI_LOOKUP_KEY": KEYS["GONGJI_IDENTITY_KEY"]}
    with pytest.raises(RulebookError, match="与 GONGJI_IDENTITY_KEY 相同"):
        env.read(twice)
    env.read(twice | {"GONGJI_DEMO": "1"})


def test_a_folder_of_real_people_is_no_demonstration(tmp_path: Path) -> None:
    (tmp_path / "postgresql").mkdir()
    given = {"GONGJI_DATA": str(tmp_path), "GONGJI_DEMO": "1"}
    with pytest.raises(RulebookError, match="不是演示的"):
        env.read(given)
    assert [path.name for path in tmp_path.iterdir()] == ["postgresql"]
    # One whose keys were kept there, or that says so, is.
    (tmp_path / env.DEMO).write_text("{}")
    env.read(given)
    (tmp_path / env.DEMO).unlink()
    env.read(given)


def test_what_a_demonstration_keeps_is_its_user_s_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    monkeypatch.setenv("GONGJI_DATA", str(folder))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    env.keep_demo({})
    env.read({"GONGJI_DATA": str(folder), "GONGJI_DEMO": "1"})
    assert folder.stat().st_mode & 0o067 == 0
    for path in folder.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


@pytest.mark.skipif(os.geteuid() != 0, reason="of root")
def test_what_root_keeps_is_not_in_a_home_that_its_server_cannot_enter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    tmp_path.chmod(0o700)
    assert env.own_folder("") == env.ROOTS_DATA
    monkeypatch.setenv("XDG_DATA_HOME", "/made-up/data")
    assert env.own_folder("") == Path("/made-up/data/gongji"), "what is said holds"
    monkeypatch.delenv("XDG_DATA_HOME")
    tmp_path.chmod(0o711)
    assert env.own_folder("") == tmp_path / ".local/share/gongji"
    before = os.umask(0o077)
    private_folder(tmp_path / ".local/share/gongji")
    os.umask(before)
    made = [tmp_path / path for path in (".local", ".local/share", ".local/share/gongji")]
    assert [stat.S_IMODE(path.stat().st_mode) for path in made] == [0o711, 0o711, 0o700]
    tmp_path.chmod(0o700)
    assert env.own_folder("") == tmp_path / ".local/share/gongji"
