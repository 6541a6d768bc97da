"""What is handed on: the archive of the sources, the documentation that sentences cite, clones
whose line ends somebody converts."""

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest
from tests import resolve
from tests.installed import built

from gongji.cli.docs_option import docs_folder
from gongji.cli.main import main
from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.explain.quote import quote
from gongji.law.rulebook.rulebook import SHIPPED

ROOT = Path(__file__).parents[2]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GIT = shutil.which("git") if (ROOT / ".git").exists() else None
ORDINARY = [
    "area",
    "430500",
    "date",
    "2023-02-01",
    "status",
    "active",
    "level",
    "3",
    "in_scope",
    "1000",
]
FACTS = dict(zip(ORDINARY[::2], ORDINARY[1::2], strict=True))


def installed_docs() -> set[str]:
    """The pages that an installation brings, as they are called in the sources."""
    globs = SETTINGS["tool"]["setuptools"]["data-files"].values()
    found = {path for given in globs for glob in given for path in ROOT.glob(glob)}
    return {str(path.relative_to(ROOT)) for path in found}


def test_documentation_that_sentences_cite_comes_along() -> None:
    texts = [*(ROOT / "src").rglob("*.py"), *(ROOT / "src").rglob("*.yaml")]
    texts += (ROOT / "src").rglob("*.html")
    cited = {
        page
        for path in texts
        for page in re.findall(r"\bdocs/[\w./-]+\.(?:md|json)\b", path.read_text(encoding="utf-8"))
    }
    assert len(cited) > 5
    assert cited <= installed_docs(), cited - installed_docs()


def test_what_is_no_program_goes_along_too() -> None:
    package = ROOT / "src" / "gongji"
    globs = SETTINGS["tool"]["setuptools"]["package-data"]["gongji"]
    named = {path for glob in globs for path in package.glob(glob)}
    files = {path for path in package.rglob("*") if path.is_file()}
    assert not {path for path in files - named if path.suffix not in (".py", ".pyc")}


def test_the_documentation_is_shown_by_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    for words, code, said in (
        (["--docs"], 0, str(docs_folder())),
        (["--docs", "visits-file"], 0, "# "),
        (["--docs", "docs/use/visits-file.md"], 0, "# "),
        (["--docs", "colour"], 1, ""),
    ):
        with pytest.raises(SystemExit) as left:
            main(words)
        assert (left.value.code or 0) == code and said in capsys.readouterr().out


def test_the_program_runs_as_a_module() -> None:
    words = [sys.executable, "-m", "gongji", "--version"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.stdout.startswith("gongji, version "), done.stderr


def test_the_licence_goes_along_and_no_address_is_made_up() -> None:
    project = SETTINGS["project"]
    for name in project["license-files"]:
        assert (ROOT / name).stat().st_size, name
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    notice = " ".join((ROOT / "NOTICE").read_text(encoding="utf-8").split())
    assert "Lesser General Public License" in notice and "Mozilla Public License" in notice
    assert "urls" not in project, "an address must exist before it is given"
    for minor in (11, 12, 13):
        assert f"Programming Language :: Python :: 3.{minor}" in project["classifiers"]


def test_rulebooks_with_other_line_ends_are_the_same_law(tmp_path: Path) -> None:
    for path in SHIPPED.glob("??0000/*/*.yaml"):
        made = tmp_path / path.relative_to(SHIPPED)
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    ours, theirs = Areas(Library(())), Areas(Library((tmp_path,)))
    for code in ours.library.areas():
        mine, other = ours.area(code), theirs.area(code)
        assert mine.covered() == other.covered()
    assert [s.text for s in quote(FACTS).sentences] == [
        s.text for s in quote(FACTS, folders=(tmp_path,)).sentences
    ]


@pytest.mark.skipif(not GIT, reason="no clone of the sources")
def test_a_clone_that_converts_line_ends_has_those_of_unix() -> None:
    words = ["git", "-C", str(ROOT), "ls-files", "--eol"]
    for line in subprocess.run(words, capture_output=True, text=True).stdout.split("\n"):
        kept, _, name = line.partition("\t")
        if name and not name.endswith((".png", ".parquet", ".xlsx", ".gz")):
            assert "i/crlf" not in kept and "i/mixed" not in kept, name
            assert "eol=lf" in kept, name


@pytest.mark.slow
@pytest.mark.skipif(not GIT, reason="no clone of the sources")
def test_such_a_clone_checks_its_rulebooks(tmp_path: Path) -> None:
    words = ["git", "clone", "-q", "-c", "core.autocrlf=true", str(ROOT), str(tmp_path / "clone")]
    subprocess.run(words, check=True)
    program = f"import sys; sys.path.insert(0, {str(tmp_path / 'clone' / 'src')!r})"
    program += "\nfrom gongji.cli.main import main; main(['check'])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert b"\r\n" not in (tmp_path / "clone" / "src" / "gongji" / "units.py").read_bytes()


@pytest.mark.slow
@pytest.mark.skipif(not GIT, reason="no clone of the sources")
def test_the_archive_of_the_sources_has_no_stray_tests(tmp_path: Path) -> None:
    archive = built(tmp_path, "sdist")
    with tarfile.open(archive) as inside:
        names = {name.partition("/")[2] for name in inside.getnames()}
    assert not {name for name in names if name.startswith(("tests", "bench", "."))}
    for wanted in (
        "LICENSE",
        "NOTICE",
        "README.md",
        "deploy/nginx.conf",
        "docs/use/visits-file.md",
    ):
        assert wanted in names, wanted


@pytest.mark.slow
@pytest.mark.parametrize("system", ["Windows", "macOS"])
def test_the_base_and_the_platform_resolve_elsewhere(system: str) -> None:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    if resolve.resolves("", "Linux", here):
        pytest.skip("no packages can be looked up from here")
    for extra in ("", "platform"):
        assert not resolve.resolves(extra, system, here), extra


def dependencies() -> list[str]:
    """What the program, its build and each of its extras ask for, but for its own extras."""
    asked = SETTINGS["project"]
    built = SETTINGS["build-system"]["requires"]
    given = [built, asked["dependencies"], *asked["optional-dependencies"].values()]
    return [one for names in given for one in names if not one.startswith("gongji[")]


def test_every_dependency_has_an_upper_bound() -> None:
    """A release that nobody has tried is not taken: GB18030 bodies failed with a newer parser."""
    assert len(dependencies()) > 40
    open_ended = [one for one in dependencies() if "<" not in one.partition(";")[0]]
    assert not open_ended
