"""Whether each extra resolves for other systems: `make resolve`; nothing is installed.

pip itself decides, by the wheels that there are for a system and a version of Python. What needs a
compiler there does not count as resolved, but for Spark, which has no wheels anywhere.
"""

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
SYSTEMS = {
    "Windows": (["win_amd64"], {"sys_platform": "win32", "platform_system": "Windows"}),
    "macOS": (
        ["macosx_14_0_arm64", "macosx_12_0_arm64", "macosx_11_0_arm64"],
        {"sys_platform": "darwin", "platform_system": "Darwin", "platform_machine": "arm64"},
    ),
    "Linux": (
        ["manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"],
        {"sys_platform": "linux", "platform_system": "Linux"},
    ),
}
PYTHONS = ("3.11", "3.12", "3.13")
EXTRAS = ("", "platform", "plot", "pandas")


def wanted(extra: str, system: str, python: str) -> list[str]:
    """The requirements of an extra (and of the base) that hold on a system."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    given = project["dependencies"] + (project["optional-dependencies"][extra] if extra else [])
    here = {key: str(value) for key, value in default_environment().items()}
    here |= SYSTEMS[system][1] | {"python_version": python, "extra": ""}
    found = map(Requirement, given)
    return [
        f"{one.name}{'[' + ','.join(sorted(one.extras)) + ']' if one.extras else ''}{one.specifier}"
        for one in found
        if one.marker is None or one.marker.evaluate(here)
    ]


def resolves(extra: str, system: str, python: str) -> str:
    """What pip says against it; nothing where it resolves."""
    platforms = [word for tag in SYSTEMS[system][0] for word in ("--platform", tag)]
    with tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--target", folder]
        words += [*platforms, "--python-version", python, "--implementation", "cp"]
        words += ["--only-binary", ":all:", "--ignore-installed", *wanted(extra, system, python)]
        done = subprocess.run(words, capture_output=True, text=True)
    said = [line for line in done.stderr.split("\n") if line.startswith("ERROR")]
    return said[-1] if done.returncode and said else done.stderr if done.returncode else ""


def main() -> None:
    """Try every extra on every system; what does not resolve is told and fails."""
    failed = 0
    for system in SYSTEMS:
        for python in PYTHONS:
            for extra in EXTRAS:
                against = resolves(extra, system, python)
                failed += bool(against)
                name = f"gongji[{extra}]" if extra else "gongji"
                print(f"{system} Python {python} {name}: {against or 'resolves'}", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
