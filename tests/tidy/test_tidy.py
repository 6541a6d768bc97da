"""Style as a test: floats, clocks, lengths, names, refusals, addresses, the glossary."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from each import of_each
from gongji.law.rulebook.jsonschema import NAMED
from gongji.law.rulebook.vocabulary import BENEFITS
from gongji.refusals import REFUSALS

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "src" / "gongji"
EXACT = (
    "law/kernel",
    "law/rulebook",
    "law/compile",
    "law/checks",
    "law/engine",
    "law/explain",
    "oracle",
)
"""Rooms in which money and dates are integers only."""
TIMELESS = ("law", "oracle", "auditing", "batch", "simulation")
"""Rooms that do not know the clock: dates come with the data."""
CLOCKS = {"now", "today", "utcnow", "localtime", "gmtime", "time_ns", "monotonic", "perf_counter"}
FUNCTION_LINES = 60
ENTRY = re.compile(r"""[\s)\]},]*|\s*"[^"]*"(: [^(\[{]*)?,""")
VAGUE = {"utils", "helpers", "manager", "data", "info"}
THEIRS = {"data_received"}
"""Names that another library gives: asyncio's."""
SKIPPED = {".git", ".venv", "build", "dist", "node_modules"}
TEXTS = {".py", ".md", ".yaml", ".yml", ".toml", ".txt", ".json", ".csv", ".svg", ".in", ""}


def committed() -> Iterator[Path]:
    """Every file of the repository that is a text."""
    for path in sorted(ROOT.rglob("*")):
        inside = path.relative_to(ROOT).parts
        hidden = any(part.startswith(".") and part != ".ci" for part in inside[:-1])
        if hidden or SKIPPED & set(inside) or any(part.endswith(".egg-info") for part in inside):
            continue
        if path.is_file() and path.suffix in TEXTS and "__pycache__" not in inside:
            yield path


def modules(*folders: Path) -> list[Path]:
    """The Python modules in folders."""
    return [path for folder in folders for path in sorted(folder.rglob("*.py"))]


def rooms(names: tuple[str, ...]) -> list[Path]:
    """The modules of some rooms of the package."""
    found = {name: modules(PACKAGE / name) for name in names}
    assert all(found.values()), "a room that is not there"
    return [path for paths in found.values() for path in paths]


@cache
def tree(path: Path) -> ast.Module:
    """A module parsed."""
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path: object) -> str:
    """A path as a test's name."""
    return str(path.relative_to(ROOT)) if isinstance(path, Path) else str(path)


OURS = modules(ROOT / "src", ROOT / "tests", ROOT / "bench")


@of_each("path", rooms(EXACT), ids=name_of)
def test_no_floats(path: Path) -> None:
    for node in ast.walk(tree(path)):
        where = f"{name_of(path)}:{getattr(node, 'lineno', 0)}"
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float)), where
        assert not (isinstance(node, ast.Name) and node.id == "float"), where


@of_each("path", rooms(("law/kernel",)), ids=name_of)
def test_the_kernel_does_not_divide_into_fractions(path: Path) -> None:
    for node in ast.walk(tree(path)):
        assert not isinstance(node, ast.Div), name_of(path)


@of_each("path", rooms(TIMELESS), ids=name_of)
def test_no_clock(path: Path) -> None:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute):
            where = f"{name_of(path)}:{node.lineno}"
            of_time = isinstance(node.value, ast.Name) and node.value.id == "time"
            assert node.attr not in CLOCKS and not (of_time and node.attr == "time"), where


@of_each("path", OURS, ids=name_of)
def test_functions_are_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8").split("\n")
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[ast.get_docstring(node) is not None :] or node.body
            # A line that the formatter made of one entry of a table, or to close it, is no step.
            lines = [
                line
                for line in text[body[0].lineno - 1 : node.end_lineno]
                if not ENTRY.fullmatch(line)
            ]
            assert len(lines) <= FUNCTION_LINES, f"{node.name} has {len(lines)} lines"


@of_each("path", OURS, ids=name_of)
def test_no_vague_names(path: Path) -> None:
    assert path.stem not in VAGUE
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name not in THEIRS:
            words = set(re.findall(r"[a-z]+", re.sub(r"([A-Z])", r"_\1", node.name).lower()))
            assert not VAGUE & words, f"{name_of(path)}:{node.lineno}: {node.name}"


@of_each("path", modules(PACKAGE), ids=name_of)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(tree(path)), name_of(path)


@cache
def provoked() -> frozenset[str]:
    """The codes that the tests and the rulebooks' examples expect, this file's left out."""
    tests = [path for path in modules(ROOT / "tests") if path != Path(__file__)]
    examples = [*ROOT.glob("tests/**/*.yaml"), *PACKAGE.glob("rulebooks/**/*.yaml")]
    expected = re.compile(r"(?:期望|refusal)\b.*")
    lines = [path.read_text(encoding="utf-8") for path in tests]
    for path in examples:
        lines += expected.findall(path.read_text(encoding="utf-8"))
    said = re.compile(r"""(?:拒付|refusal)["']?: ?["']?(\w+)|["'](\w+)["']""")
    return frozenset(code for pair in said.findall("\n".join(lines)) for code in pair)


@of_each("code", REFUSALS)
def test_every_refusal_is_provoked_by_a_test(code: str) -> None:
    assert code in provoked(), f"no test expects {code}"


# Written in pieces, so that this file does not hold what it looks for.
ADDRESSES = re.compile(
    "|".join(
        (
            "py" + "pi\\.org",
            "python" + "hosted",
            "(?<!no-emit-)index" + "-url",
            "extra" + "-index",
            "(?<!no-emit-)find" + "-links",
            "(?<!no-emit-)trusted" + "-host",
            "proxy" + "\\.golang",
        )
    )
)
MACHINE = re.compile("(?<![\\w.])/(" + "|".join(("root", "home", "Users", "work")) + ")/\\w")


@of_each("path", sorted(committed()), ids=name_of)
def test_no_registry_address_and_no_machine_path(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for number, line in enumerate(text.split("\n"), start=1):
        assert not ADDRESSES.search(line), f"{name_of(path)}:{number}: {line.strip()}"
        assert not MACHINE.search(line), f"{name_of(path)}:{number}: {line.strip()}"


def test_the_glossary_has_every_term_of_the_rulebooks() -> None:
    glossary = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
    terms = [*NAMED, *BENEFITS, "统筹区", "起付标准", "支付比例", "最高支付限额", "政策范围内费用"]
    terms += ["先行自付", "个人账户", "统筹基金", "参保人", "预拨", "零星报销", "备案"]
    missing = [term for term in terms if term not in glossary]
    assert not missing, f"GLOSSARY.md does not explain {'、'.join(missing)}"


def test_the_glossary_is_in_order_and_says_each_word_once() -> None:
    glossary = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1].strip() for line in glossary.split("\n") if line.startswith("| ")]
    words = rows[2:] if rows and rows[0] == "English" else rows
    words = [word for word in words if word not in ("English", "---")]
    assert words == sorted(set(words), key=str.lower)
