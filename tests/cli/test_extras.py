"""`pip install gongji` alone: what needs no extra imports none, and who lacks one is told which."""

import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from gongji.cli.exit_codes import MISSING_EXTRA
from gongji.cli.extras import EXTRAS, extra_of, missing_sentence

ROOT = Path(__file__).parents[2]
OF_PLATFORM = {
    "agency",
    "api",
    "backup",
    "catalogue",
    "console",
    "demo",
    "gateway",
    "hospital",
    "institutions",
    "ledger",
    "payment",
    "people",
    "platform",
    "portal",
    "review",
    "service",
    "settlement",
}
"""Rooms that need the platform; every other stands on the base alone, but for what Django asks."""
OF_THE_DESK = r"\.(apps|migrations\b.*|import_kinds|__main__|crowd_leads|lead_(c|r)\w+)$"
"""Modules of such a room that Django or the console asks for: they need the platform too."""
BLOCKED = """
import importlib.abc, sys
class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {modules!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Blocker())
"""


def run(code: str, *blocked: str) -> subprocess.CompletedProcess[str]:
    """A program in which the modules of some extras are not there."""
    modules = {module for extra in blocked for module in EXTRAS[extra]}
    program = BLOCKED.format(modules=modules) + code
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)


def base_modules() -> list[str]:
    """Every module of the rooms that stand on the base alone."""
    source = ROOT / "src"
    rooms = {path.name for path in (source / "gongji").iterdir() if path.is_dir()}
    assert rooms >= OF_PLATFORM, "a room that is not there"
    files = list((source / "gongji").rglob("*.py"))
    files = [p for p in files if p.relative_to(source / "gongji").parts[0] not in OF_PLATFORM]
    names = [".".join(path.relative_to(source).with_suffix("").parts) for path in sorted(files)]
    return [name.removesuffix(".__init__") for name in names if not re.search(OF_THE_DESK, name)]


def test_the_base_imports_without_any_extra() -> None:
    code = f"import importlib\nfor name in {base_modules()!r}: importlib.import_module(name)"
    done = run(code, *EXTRAS)
    assert done.returncode == 0, done.stderr


def test_the_platform_needs_no_other_extra() -> None:
    code = "import gongji.gateway.app, gongji.service.parts, gongji.backup, gongji.hospital.client"
    done = run(code, "plot", "pandas", "spark")
    assert done.returncode == 0, done.stderr


LINES = {
    "platform": [
        "serve --migrate-only",
        "ledger trial",
        "registry template -o x.xlsx",
        "hospital --code H43050000001 ask 1201 {}",
        "backup x",
        "law list --json",
    ],
    "plot": ["curve --area 430500 --date 2023-02-01 --to 500 -o x.svg"],
}
"""Command lines that need an extra."""
EACH = """
from gongji.cli.main import main
for line in {lines!r}:
    try:
        main(line.split())
    except SystemExit as left:
        print("ended", left.code)
"""


def test_who_lacks_an_extra_is_told_which(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(EACH.format(lines=[*LINES["platform"], *LINES["plot"]]), *EXTRAS)
    assert done.stdout.count(f"ended {MISSING_EXTRA}\n") == 7, done
    told = [f"pip install 'gongji[{extra}]'" for extra, lines in LINES.items() for _ in lines]
    said = done.stderr.strip().split("\n")
    assert all(one in line for one, line in zip(told, said, strict=True)), said
    (machine,) = [line for line in done.stdout.split("\n") if line.startswith("{")]
    assert json.loads(machine)["error"] == "missing_extra"
    assert list(tmp_path.iterdir()) == []


REPORTS = """
from gongji.simulation.reform_report import pictures
from gongji.supervision import supervise_run
print(pictures({}), [one.said for one in supervise_run._pictures(None, None)])
"""


def test_reports_without_a_library_for_pictures_say_so() -> None:
    done = run(REPORTS, "plot")
    assert done.stdout.startswith("{} ") and "gongji[plot]" in done.stdout, done


def test_help_needs_no_extra() -> None:
    lines = ["--help", "serve --help", "hospital ask --help", "ledger verify --help"]
    done = run(EACH.format(lines=lines), *EXTRAS)
    assert done.stdout.count("ended 0") == len(lines) and not done.stderr, done.stderr
    assert done.stdout.count("例") >= len(lines)


def project() -> dict[str, object]:
    """What pyproject.toml says of the project."""
    found: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))[
        "project"
    ]
    return found


def names_of(requirements: object) -> set[str]:
    """The distributions that requirements name."""
    assert isinstance(requirements, list)
    return {re.split(r"[\[<>=;~! ]", one)[0].lower() for one in requirements}


def test_every_requirement_of_an_extra_is_known_by_its_modules() -> None:
    wanted = project()["optional-dependencies"]
    assert isinstance(wanted, dict)
    modules: dict[str, set[str]] = {}
    for module, brought in packages_distributions().items():
        for one in brought:
            modules.setdefault(one.lower(), set()).add(module)
    for extra in EXTRAS:
        for name in names_of(wanted[extra]) & set(modules):
            known = {module for brought in EXTRAS.values() for module in brought}
            assert modules[name] & known, f"{name} brings {modules[name]}"
    assert names_of(wanted["all"]) == {"gongji"}
    assert not names_of(project()["dependencies"]) & names_of(wanted["platform"])
    # The pages draw curves.
    assert names_of(wanted["plot"]) <= names_of(wanted["platform"])


def test_a_module_that_no_extra_brings_is_no_excuse() -> None:
    assert extra_of("psycopg.errors") == "platform" and extra_of("colour") == ""
    assert missing_sentence("colour") == ""


def test_the_version_is_said_once() -> None:
    from gongji import __version__

    assert project()["version"] == __version__


def test_requests_go_out_by_one_library_and_progress_is_shown_by_one() -> None:
    others = re.compile(
        r"^\s*(?:import|from) (?:tqdm|requests|aiohttp|http\.client|urllib\.request|urllib3)\b",
        re.M,
    )
    for path in (ROOT / "src").rglob("*.py"):
        assert not others.search(path.read_text(encoding="utf-8")), path.name
