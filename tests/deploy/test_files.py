"""What `deploy/` holds: units that systemd accepts, a recipe that holds to rules, a dashboard whose
metrics exist."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from prometheus_client import generate_latest

from gongji.gateway.wire.metrics import Metrics
from gongji.platform.environment import SETTINGS
from gongji.service.page_metrics import PageMetrics

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
HARDENED = (
    "NoNewPrivileges=yes",
    "CapabilityBoundingSet=",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX",
    "SystemCallFilter=@system-service",
    "UMask=0077",
    "User=gongji",
)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_is_hardened_and_runs_a_command_that_there_is(unit: Path) -> None:
    lines = unit.read_text(encoding="utf-8").split("\n")
    assert set(HARDENED) <= set(lines), set(HARDENED) - set(lines)
    for line in lines:
        if line.startswith("ExecStart="):
            words = line.removeprefix("ExecStart=/opt/gongji/bin/").split()
            options = [word for word in words if word.startswith("--")]
            page = (DEPLOY.parent / "docs/generated/commands.md").read_text(encoding="utf-8")
            assert f"## `gongji {words[1]}`" in page
            assert all(option in page for option in options)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_systemd_accepts_the_units(tmp_path: Path) -> None:
    copies = []
    for unit in UNITS:
        # The program need not be installed where the tests run.
        text = re.sub(r"ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(encoding="utf-8"))
        copies.append(tmp_path / unit.name)
        copies[-1].write_text(text, encoding="utf-8")
    words = ["systemd-analyze", "verify", "--recursive-errors=no", *map(str, copies)]
    done = subprocess.run(words, capture_output=True, text=True)
    said = [line for line in done.stderr.split("\n") if any(u.name in line for u in UNITS)]
    assert done.returncode == 0 and not said, done.stderr


def test_the_dashboard_and_the_service_name_the_same_metrics() -> None:
    dashboard = json.loads((DEPLOY / "dashboard.json").read_text(encoding="utf-8"))
    metrics, pages = Metrics(), PageMetrics("pages")
    metrics.count("2207", "done", 1)
    pages.count("portal:calculator", 200, 0.1)
    page = metrics.page().decode() + generate_latest(pages.registry).decode()
    given = set(re.findall(r"^(gongji_\w+?)(?:\{| )", page, re.MULTILINE))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    named = {name for expr in asked for name in re.findall(r"gongji_\w+", expr)}
    assert named <= given, named - given
    families = {re.sub(r"_(total|bucket|sum|count|created)$", "", name) for name in given}
    shown = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in named}
    assert families == shown, families - shown
    outcomes = {word for expr in asked for word in re.findall(r'outcome!?="(\w+)"', expr)}
    assert outcomes <= {"done", "refused", "fault"}
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)


def test_the_example_of_settings_names_settings_and_holds_no_secret() -> None:
    known = {setting.name: setting for setting in SETTINGS}
    for line in (DEPLOY / "gongji.env").read_text(encoding="utf-8").split("\n"):
        name, equals, value = line.partition("=")
        if not equals or line.startswith("#"):
            continue
        assert name in known, name
        assert not (known[name].secret and "KEY" in name and value), name
    given = (DEPLOY / "gongji.env").read_text(encoding="utf-8")
    for setting in SETTINGS:
        assert setting.default is not None or f"\n{setting.name}=" in given, setting.name


def recipe() -> list[tuple[str, str]]:
    """The steps of the container's recipe: a word and the rest."""
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    joined = re.sub(r"\\\n\s*", " ", text)
    lines = [line for line in joined.split("\n") if line and line[0] != "#"]
    return [(line.partition(" ")[0], line.partition(" ")[2].strip()) for line in lines]


def copied() -> list[str]:
    """What the recipe copies of the sources."""
    given = [rest for word, rest in recipe() if word == "COPY" and not rest.startswith("--from")]
    return [source for rest in given for source in rest.split()[:-1]]


def test_the_recipe_of_the_container_holds_to_the_rules() -> None:
    steps = recipe()
    words = [step[0] for step in steps]
    allowed = {"ARG", "FROM", "WORKDIR", "RUN", "COPY", "ENV", "USER", "VOLUME", "EXPOSE"}
    assert set(words) <= allowed | {"STOPSIGNAL", "HEALTHCHECK", "CMD"}
    assert words.index("USER") > max(n for n, word in enumerate(words) if word == "RUN")
    assert [rest for word, rest in steps if word == "USER"] == ["gongji"]
    assert all(rest.startswith("${PYTHON}") for word, rest in steps if word == "FROM")
    last = dict(steps)
    assert json.loads(last["CMD"]) == ["gongji", "serve", "--no-migrate"]
    assert json.loads(last["HEALTHCHECK"].partition("CMD")[2])[0] == "python"
    compile(json.loads(last["HEALTHCHECK"].partition("CMD")[2])[2], "healthcheck", "exec")
    for source in copied():
        assert (DEPLOY.parent / source).exists(), source
    for word, rest in steps:
        if word == "RUN" and "install" in rest:
            assert "--require-hashes" in rest or "--no-deps" in rest


def test_the_recipe_names_ports_settings_and_a_program_that_there_are() -> None:
    last = dict(recipe())
    known = {setting.name: setting.default for setting in SETTINGS}
    ports = [known[f"GONGJI_{face}PORT"] for face in ("", "PAGES_", "CONSOLE_")]
    assert last["EXPOSE"].split() == ports
    assert f"({', '.join(map(str, ports))})" in last["HEALTHCHECK"]
    named = set(re.findall(r"\b(GONGJI_\w+)=", last["ENV"]))
    assert named - set(known) == {"GONGJI_CACHE"}, "where what is compiled is kept"
    project = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text(encoding="utf-8"))
    assert json.loads(last["CMD"])[0] in project["project"]["scripts"]
    given = last["ARG"].partition("python:")[2].partition("-")[0]
    assert f"Programming Language :: Python :: {given}" in project["project"]["classifiers"]


@pytest.mark.slow
def test_what_the_recipe_copies_is_enough_to_build_the_program(tmp_path: Path) -> None:
    for source in copied():
        path, made = DEPLOY.parent / source, tmp_path / "src" / source
        if path.is_dir():
            shutil.copytree(path, made, ignore=shutil.ignore_patterns("*.egg-info", "__pycache__"))
        else:
            made.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, made)
    program = f"from setuptools import build_meta; build_meta.build_wheel({str(tmp_path)!r})"
    words = [sys.executable, "-c", program]
    subprocess.run(words, cwd=tmp_path / "src", check=True, capture_output=True)
    (wheel,) = tmp_path.glob("gongji-*.whl")
    with zipfile.ZipFile(wheel) as inside:
        names = set(inside.namelist())
    source = DEPLOY.parent / "src"
    wanted = [path for path in (source / "gongji").rglob("*") if path.is_file()]
    lacking = {str(p.relative_to(source)) for p in wanted if p.suffix != ".pyc"} - names
    assert not lacking
    assert any(name.endswith("share/gongji/deploy/gongji.service") for name in names)
