"""Old names are gone: from the code, the docs and the lists of faults."""

import re
from functools import cache
from pathlib import Path

from each import of_each

ROOT = Path(__file__).parents[2]
HERE = Path(__file__)
FORMER = (
    r"gongji[./](?:errors|sheets|rulebook|kernel|visit|explain|accounts|report|commands|config|jobs)\b"
    r"(?!s)",
    r"\b(?:the|a) doors?\b",
    r"\bgongji_door\b|\bDOORS?\b",
    r"\bsettlement/(?:facts|today|marks|reading|kept_lines|decide|lines|rules)\.py",
    r"\bgateway/(?:bills|amounts|undo|workers|queries)\.py",
    r"\bportal/(?:mine|words|terms|person|books)\.py",
    r"\bbatch/(?:settling|machine|plans)\.py",
    r"\bbackup/(?:give|take)\.py",
    r"gongji[./]registry\b|(?<!cli/)\bregistry/|\bregistry_\w",
    r"[\"']registry(?:\.[A-Z]|[\"'], [\"']0)",
    r"\bfact_kinds\b|\bimport_stores\b|\btest_registry",
)  # fmt: skip
"""What modules, folders and words were called before, as patterns."""
READ = {".py", ".md", ".yaml", ".toml", ".html", ""}
SKIPPED = {".git", ".venv", "build", "dist"}


@cache
def texts() -> list[tuple[Path, str]]:
    """Every text that we write, read once; what tells of the past is left out."""
    found = [path for path in sorted(ROOT.rglob("*")) if path.is_file() and path.suffix in READ]
    inside = [(path, path.relative_to(ROOT).parts) for path in found]
    return [
        (path, path.read_text(encoding="utf-8", errors="replace"))
        for path, parts in inside
        if not SKIPPED & set(parts) and not any(part.startswith(".") for part in parts[:-1])
        if path not in (HERE, ROOT / "CHANGELOG.md")
    ]


@of_each("former", FORMER)
def test_an_old_name_stands_nowhere(former: str) -> None:
    pattern = re.compile(former)
    said = [
        f"{path.relative_to(ROOT)}: {line.strip()[:80]}"
        for path, whole in texts()
        if pattern.search(whole)
        for line in whole.splitlines()
        if pattern.search(line)
    ]
    assert not said, "\n".join(said[:20])
