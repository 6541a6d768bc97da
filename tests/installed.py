"""gongji as somebody new has it: a wheel, an environment of its own, an ordinary user.

`make installed` tries it with each Python of PYTHONS: the base does its work and says what is not
installed; each extra does its own; what each brings is counted. Where root tries it, the user is
`nobody`. Nothing of the sources is seen by what is tried.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOBODY = "nobody"
TOOLS = {"pip", "setuptools", "wheel"}
MISSING_EXTRA = 4
VISIT = "--area 532300 --date 2024-12-01 --status retired --level 2 --in-scope 800"
VISITS = "person,date,area,status,level,in_scope\nA,2024-12-01,532300,retired,2,800\n"
FACTS = "{'area': '532300', 'date': '2024-12-01', 'status': 'retired', 'level': 2, 'in_scope': 800}"
QUOTE = f"import gongji; print(gongji.quote({FACTS}).pool_pays)"
FRAME = (
    "import gongji, pandas\n"
    f"visits = pandas.DataFrame([{FACTS} | {{'person': 'A'}}])\n"
    "print(float(gongji.adjudicate(visits).pool_pays[0]))"
)


@dataclass(frozen=True)
class Trial:
    """What is typed, how it ends, and what it says."""

    words: tuple[str, ...]
    said: str = ""
    code: int = 0


def typed(line: str, said: str = "", code: int = 0) -> Trial:
    """A line of the shell."""
    return Trial(tuple(line.split()), said, code)


CURVE = f"gongji curve {VISIT.partition(' --status')[0]} -o curve.svg"
BASE = (
    typed("gongji --version", "gongji, version"),
    typed("gongji --help", "adjudicate"),
    typed("python -m gongji --version", "gongji, version"),
    typed(f"gongji quote {VISIT}", "494.00"),
    typed(f"gongji quote {VISIT} --json", "494.00"),
    typed("gongji adjudicate visits.csv -o result.csv"),
    typed("cat result.csv", "494.00"),
    typed("gongji adjudicate visits.csv -o result.xlsx"),
    typed("gongji articles 532300", "第十三条"),
    typed("gongji check"),
    typed("gongji --docs deployment", "systemctl"),
    Trial(("python", "-c", QUOTE), "494.00"),
    typed(CURVE, "gongji[plot]", MISSING_EXTRA),
    typed("gongji serve", "gongji[platform]", MISSING_EXTRA),
    typed("gongji demo", "gongji[platform]", MISSING_EXTRA),
)
"""The base alone."""
TRIALS: Mapping[str, tuple[Trial, ...]] = {
    "": BASE,
    "plot": (typed(CURVE),),
    # Brings what `plot` brings.
    "platform": (typed("gongji demo --people 40 --visits 1 --leave"),),
    "platform,pandas": (Trial(("python", "-c", FRAME), "494.0"),),
}
"""What is tried with which extras; each is laid over those before it."""


@dataclass(frozen=True)
class Newcomer:
    """Somebody with a folder of their own, an environment in it, and no rights."""

    folder: Path
    user: int
    group: int

    @property
    def programs(self) -> Path:
        """Where the environment has its programs."""
        return self.folder / "env" / "bin"

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program as this user, at home."""
        kept = {name: text for name, text in os.environ.items() if name.startswith("PIP_")}
        given = kept | {
            "HOME": str(self.folder),
            "PATH": f"{self.programs}:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "GONGJI_DATA": str(self.folder / "gongji"),
        }
        ids = (
            {"user": self.user, "group": self.group, "extra_groups": []} if not os.getuid() else {}
        )
        return subprocess.run(
            words, cwd=self.folder, env=given, capture_output=True, text=True, **ids
        )

    def must(self, *words: str) -> str:
        """Run what has to succeed; what it printed."""
        done = self.run(*words)
        if done.returncode:
            raise SystemExit(f"{' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def try_out(self, trial: Trial) -> None:
        """A trial, which ends and says what it should."""
        program = self.programs / trial.words[0]
        first = str(program) if program.exists() else trial.words[0]
        done = self.run(first, *trial.words[1:])
        said = done.stdout + done.stderr
        if done.returncode != trial.code or trial.said not in said:
            raise SystemExit(f"{' '.join(trial.words)}: {done.returncode}\n{said}")

    def brought(self) -> tuple[int, float]:
        """Distributions, and MB of files, but for the tools that install."""
        listed = self.must(str(self.programs / "python"), "-m", "pip", "list", "--format=freeze")
        names = {line.partition("=")[0].lower() for line in listed.split()} - TOOLS
        (places,) = (self.folder / "env" / "lib").glob("python*/site-packages")
        files = [path for path in places.rglob("*") if path.is_file() and not path.is_symlink()]
        own = [p for p in files if p.relative_to(places).parts[0].split("-")[0] not in TOOLS]
        return len(names), sum(path.stat().st_size for path in own) / 1e6


def newcomer(folder: Path) -> Newcomer:
    """Somebody in a new folder: `nobody` where root tries it."""
    known = pwd.getpwnam(NOBODY) if not os.getuid() else pwd.getpwuid(os.getuid())
    folder.mkdir()
    (folder / "visits.csv").write_text(VISITS, encoding="utf-8")
    if not os.getuid():
        for path in (folder, folder / "visits.csv"):
            os.chown(path, known.pw_uid, known.pw_gid)
    return Newcomer(folder, known.pw_uid, known.pw_gid)


def itself(python: str) -> str:
    """Where a Python is: what stands in the path may be a script that finds it."""
    words = [python, "-c", "import sys; print(sys.executable)"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


def built(folder: Path, kind: str) -> Path:
    """A `wheel` or an `sdist` of the sources that git knows, made from a copy of them."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        made = folder / "tree" / name
        made.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, made)
    program = f"from setuptools import build_meta; build_meta.build_{kind}({str(folder)!r})"
    words = [sys.executable, "-c", program]
    subprocess.run(words, cwd=folder / "tree", check=True, capture_output=True)
    (archive,) = folder.glob("gongji-*")
    archive.chmod(0o644)
    return archive


def tried(one: Newcomer, wheel: Path, extras: str, trials: tuple[Trial, ...]) -> str:
    """Install gongji with extras and try it; a line of what is there then."""
    python = str(one.programs / "python")
    wanted = f"gongji[{extras}] @ {wheel.as_uri()}" if extras else str(wheel)
    one.must(python, "-m", "pip", "install", "--quiet", wanted)
    for trial in trials:
        one.try_out(trial)
    number, size = one.brought()
    version = one.must(python, "-c", "import platform as p; print(p.python_version())").strip()
    name = f"gongji[{extras}]" if extras else "gongji"
    return f"| {version} | `{name}` | {number} | {size:.0f} |"


def main(pythons: list[str]) -> None:
    """Try the base, then one extra after the other, with each Python."""
    with tempfile.TemporaryDirectory(prefix="gongji-installed-") as made:
        Path(made).chmod(0o755)
        wheel = built(Path(made), "wheel")
        print("| Python | what | distributions | MB |\n| --- | --- | --- | --- |", flush=True)
        for number, python in enumerate(pythons):
            one = newcomer(Path(made) / str(number))
            one.must(itself(python), "-m", "venv", str(one.folder / "env"))
            for extras, trials in TRIALS.items():
                print(tried(one, wheel, extras, trials), flush=True)
            shutil.rmtree(one.folder)


if __name__ == "__main__":
    main(sys.argv[1:] or [sys.executable])
