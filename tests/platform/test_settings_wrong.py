"""Every setting by itself, and its wrong values told by name at the start."""

import base64
import json
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gongji.platform import environment as env
from gongji.refusals import Fault, RulebookError

KEY = base64.b64encode(bytes(range(32))).decode()
KEYS = {
    name: base64.b64encode(bytes(range(number, number + 32))).decode()
    for number, name in enumerate(("GONGJI_SECRET_KEY", "GONGJI_IDENTITY_KEY", "GONGJI_LOOKUP_KEY"))
}

BY_ITSELF: dict[str, Any] = {
    "demo": False,
    "database_url": "",
    "gateway_database_url": "",
    "pages_database_url": "",
    "console_database_url": "",
    "jobs_database_url": "",
    "keep_database": False,
    "host": "127.0.0.1",
    "port": 8086,
    "pages_port": 8087,
    "console_port": 8088,
    "gateways": 2,
    "adaptor": "x-tif",
    "replay_seconds": 1800,
    "rulebooks": (),
    "parameters": {},
    "populations": None,
    "days_back": 400,
    "days_ahead": 1,
    "people_a_day": 2000,
    "message_days": 400,
    "seals": None,
    "refuse_chained": (),
    "prescribed_since": {},
    "secret_key": bytes(range(32)),
    "identity_key": bytes(range(1, 33)),
    "lookup_key": bytes(range(2, 34)),
    "former_keys": (),
    "cryptography": "international",
    "sm2_key": b"",
    "log_level": "INFO",
    "allowed_hosts": ("127.0.0.1", "localhost"),
    "api_rate": "120/m",
    "proxies": 0,
    "proxy_addresses": ("127.0.0.0/8", "::1/128"),
    "oidc_server": "",
    "oidc_client": "",
    "oidc_secret": "",
    "oidc_claim": "psn_no",
    "staff_oidc_server": "",
    "staff_oidc_client": "",
    "staff_oidc_secret": "",
    "staff_oidc_claim": "preferred_username",
}

WRONG = {
    "GONGJI_DEMO": ("yes", "2", "on"),
    "DATABASE_URL": ("nonsense", "postgresql://%zz"),
    "GONGJI_GATEWAY_DATABASE_URL": ("nonsense",),
    "GONGJI_PAGES_DATABASE_URL": ("nonsense",),
    "GONGJI_CONSOLE_DATABASE_URL": ("nonsense",),
    "GONGJI_JOBS_DATABASE_URL": ("nonsense",),
    "GONGJI_KEEP_DATABASE": ("no", "2"),
    "GONGJI_PORT": ("x", "-1", "8086.0", "²", "65536"),
    "GONGJI_PAGES_PORT": ("x", "65536"),
    "GONGJI_CONSOLE_PORT": ("x", "65536"),
    "GONGJI_GATEWAYS": ("x", "-1", "1.5"),
    "GONGJI_ADAPTOR": ("mine", "X-TIF", "none"),
    "GONGJI_REPLAY_SECONDS": ("x", "-1", "９０"),
    "GONGJI_RULEBOOKS": ("/nowhere/at/all",),
    "GONGJI_POPULATIONS": ("/nowhere/at/all",),
    "GONGJI_PARAMETERS": ("wage=1", "430500:wage", ":wage=1", "430500:=1", "430500:wage="),
    "GONGJI_DAYS_BACK": ("x", "-1"),
    "GONGJI_DAYS_AHEAD": ("x", "-1"),
    "GONGJI_PEOPLE_A_DAY": ("x", "-1"),
    "GONGJI_MESSAGE_DAYS": ("x", "-1", "30"),
    "GONGJI_SEALS": ("/", "/nowhere/at/all/seals"),
    "GONGJI_FORMER_KEYS": ("x", "AAAA"),
    "GONGJI_SM2_KEY": ("x", "AAAA"),
    "GONGJI_CRYPTOGRAPHY": ("sm4", "National"),
    "GONGJI_REFUSE_CHAINED": ("shaoyang", "43050", "430500,4305001"),
    "GONGJI_PRESCRIBED_SINCE": (
        "430500",
        "43050:2026-01-01",
        "430500:2026-13-01",
        "430500:20260101",
        "430500:2026-01-01,430500:2026-02-01",
    ),
    "GONGJI_SECRET_KEY": ("c2VjcmV0", KEY[:-4], KEY + "AAAA", "!" + KEY[1:]),
    "GONGJI_IDENTITY_KEY": ("c2VjcmV0",),
    "GONGJI_LOOKUP_KEY": ("c2VjcmV0",),
    "GONGJI_LOG_LEVEL": ("LOUD", "info", "10"),
    "GONGJI_API_RATE": ("often", "5/x", "5", "/m", "0/m", "-1/m", "5/mm"),
    "GONGJI_PROXIES": ("x", "-1"),
    "GONGJI_PROXY_ADDRESSES": ("somewhere", "10.0.0.300", "10.0.0.1/8"),
}
"""What cannot be read; the settings that are left out are free texts."""
FREE = {
    "GONGJI_DATA",
    "GONGJI_HOST",
    "GONGJI_ALLOWED_HOSTS",
    "GONGJI_OIDC_SERVER",
    "GONGJI_OIDC_CLIENT",
    "GONGJI_OIDC_SECRET",
    "GONGJI_OIDC_CLAIM",
    "GONGJI_STAFF_OIDC_SERVER",
    "GONGJI_STAFF_OIDC_CLIENT",
    "GONGJI_STAFF_OIDC_SECRET",
    "GONGJI_STAFF_OIDC_CLAIM",
}
HIDDEN = {
    "DATABASE_URL",
    *(f"GONGJI_{process}_DATABASE_URL" for process in ("GATEWAY", "PAGES", "CONSOLE", "JOBS")),
    *KEYS,
}


def test_every_setting_is_tried_here() -> None:
    names = {setting.name for setting in env.SETTINGS}
    assert set(WRONG) | FREE == names and not set(WRONG) & FREE
    assert {name.removeprefix("GONGJI_").lower() for name in names} == {*BY_ITSELF, "data"}


def test_each_setting_has_its_value_by_itself(tmp_path: Path) -> None:
    found = env.read({"GONGJI_DATA": str(tmp_path), **KEYS})
    assert {name: getattr(found, name) for name in BY_ITSELF} == BY_ITSELF
    assert found.data == tmp_path
    # An empty variable is as good as none.
    empty = dict.fromkeys((s.name for s in env.SETTINGS if s.name not in KEYS), "")
    assert env.read(empty | KEYS | {"GONGJI_DATA": str(tmp_path)}) == found
    with pytest.raises(AttributeError, match="colour"):
        print(found.colour)


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, values in WRONG.items() for value in values]
)
def test_a_wrong_value_is_told_by_the_name_of_its_setting(
    tmp_path: Path, name: str, value: str
) -> None:
    given = {"GONGJI_DATA": str(tmp_path), **KEYS, name: value}
    with pytest.raises(RulebookError) as refused:
        env.read(given)
    told = [(problem.file, problem.key) for problem in refused.value.problems]
    assert set(told) == {("环境变量", name)}
    assert name not in HIDDEN or value not in str(refused.value)
    # What is allowed is said in our own words.
    assert "invalid" not in str(refused.value)


def test_all_wrong_values_are_told_at_once(tmp_path: Path) -> None:
    given = {name: values[0] for name, values in WRONG.items()}
    with pytest.raises(RulebookError) as refused:
        env.read({"GONGJI_DATA": str(tmp_path), **given})
    assert {problem.key for problem in refused.value.problems} == set(WRONG)


@pytest.mark.parametrize("name", KEYS)
def test_a_missing_key_is_told_outside_a_demonstration(tmp_path: Path, name: str) -> None:
    given = {"GONGJI_DATA": str(tmp_path), **KEYS} | {name: ""}
    with pytest.raises(RulebookError) as refused:
        env.read(given)
    (problem,) = refused.value.problems
    assert problem.key == name and "缺少" in problem.message
    assert not (tmp_path / "keys").exists()
    made = env.read(given | {"GONGJI_DEMO": "1"})
    kept = (tmp_path / "keys" / name.lower()).read_text()
    assert base64.b64decode(kept) == getattr(made, name.removeprefix("GONGJI_").lower())
    assert len(list((tmp_path / "keys").iterdir())) == 1


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("GONGJI_DEMO", "true", True),
        ("GONGJI_DEMO", "TRUE", True),
        ("GONGJI_DEMO", "0", False),
        ("GONGJI_DEMO", "False", False),
        ("GONGJI_PORT", "0", 0),
        ("GONGJI_PORT", "65535", 65535),
        ("GONGJI_API_RATE", "1/s", "1/s"),
        ("GONGJI_API_RATE", "10000/d", "10000/d"),
        ("GONGJI_ALLOWED_HOSTS", "a.cn,b.cn  c.cn", ("a.cn", "b.cn", "c.cn")),
        ("GONGJI_REFUSE_CHAINED", "430500, 532300", ("430500", "532300")),
        (
            "GONGJI_PRESCRIBED_SINCE",
            "430500:2026-01-01, 532300:2027-07-01",
            {"430500": date(2026, 1, 1), "532300": date(2027, 7, 1)},
        ),
        (
            "GONGJI_PARAMETERS",
            "430500:a.3=85%, 430500:b=1 532300:a=2",
            {"430500": {"a.3": "85%", "b": "1"}, "532300": {"a": "2"}},
        ),
        ("DATABASE_URL", "host=/tmp dbname=x", "host=/tmp dbname=x"),
        ("GONGJI_LOG_LEVEL", "DEBUG", "DEBUG"),
        ("GONGJI_ADAPTOR", "api", "api"),
    ],
)
def test_a_value_is_read(tmp_path: Path, name: str, text: str, value: Any) -> None:
    found = env.read({"GONGJI_DATA": str(tmp_path), **KEYS, name: text})
    assert getattr(found, name.removeprefix("GONGJI_").lower()) == value


def test_folders_of_rulebooks_keep_their_order(tmp_path: Path) -> None:
    folders = [tmp_path / "b", tmp_path / "a"]
    for folder in folders:
        folder.mkdir()
    text = os.pathsep.join(map(str, [*folders, ""]))
    found = env.read({"GONGJI_DATA": str(tmp_path), **KEYS, "GONGJI_RULEBOOKS": text})
    assert found.rulebooks == tuple(folders)


def test_the_folder_lies_where_the_user_keeps_such_things(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nowhere/made-up")
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
    assert env.own_folder("") == Path("/somewhere/gongji")
    monkeypatch.delenv("XDG_DATA_HOME")
    assert env.own_folder("") == Path("/nowhere/made-up/.local/share/gongji")
    assert env.own_folder("~/x") == Path("/nowhere/made-up/x")


def test_nothing_is_read_of_a_demonstration_that_is_somewhere_else(tmp_path: Path) -> None:
    assert env.kept_demo(tmp_path) == {}
    (tmp_path / env.DEMO).write_text(json.dumps({"GONGJI_DEMO": "1", "GONGJI_DAYS_BACK": "9"}))
    shown = (
        "from gongji.platform.environment import environment as e;print(e().days_back, e().demo)"
    )
    own = {"GONGJI_DATA": str(tmp_path), "DATABASE_URL": ""}
    for given, said in (({}, "9 True"), ({"GONGJI_DAYS_BACK": "7"}, "7 True")):
        done = subprocess.run(
            [sys.executable, "-c", shown],
            env=_bare() | own | given,
            capture_output=True,
            text=True,
            check=True,
        )
        # What the environment says now counts before what the demonstration was made with.
        assert done.stdout.strip() == said


def _bare() -> dict[str, str]:
    """The environment without any setting."""
    return {name: value for name, value in os.environ.items() if not name.startswith("GONGJI_")}


@pytest.mark.parametrize("url", ["", "postgresql://elsewhere/x"])
def test_a_demonstration_is_made_only_where_nobody_real_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("GONGJI_DATA", str(tmp_path / "new"))
    monkeypatch.setenv("DATABASE_URL", url)
    if url:
        with pytest.raises(Fault, match="DATABASE_URL 指定的数据库可能有真实数据"):
            env.keep_demo({})
        assert not (tmp_path / "new").exists()
    else:
        env.keep_demo({"GONGJI_DAYS_BACK": "4000"})
        kept = {"GONGJI_DEMO": "1", "GONGJI_DAYS_BACK": "4000"}
        assert env.kept_demo(tmp_path / "new") == kept
