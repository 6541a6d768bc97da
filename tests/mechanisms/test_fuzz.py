"""However a rulebook is spoilt, loading tells it, or visits still settle: nothing else breaks."""

import contextlib
import random
from pathlib import Path

import pytest
import yaml

from gongji.law.checks.library import Library
from gongji.law.compile.cells import axes_of, axis_values, offered_benefits
from gongji.law.compile.program import Compiler
from gongji.law.engine.areas import Areas
from gongji.law.engine.engine import settle
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import read_visit
from gongji.law.explain.sentences import explain
from gongji.law.rulebook.law import NATION
from gongji.law.rulebook.rulebook import SHIPPED
from gongji.refusals import Refusal, RulebookError
from gongji.units import date_of

FILES = sorted((Path(__file__).parent.parent / "rulebooks").glob("**/*.yaml"))
FILES += sorted(SHIPPED.glob("**/*.yaml"))
SPOILT_EACH = 4
CELLS_EACH = 5


def places(node: object, path: tuple = ()) -> list[tuple]:
    """Every place in a document, from the root."""
    found = [path] if path else []
    items = node.items() if isinstance(node, dict) else enumerate(node)
    if isinstance(node, dict | list):
        for key, child in items:
            found += places(child, (*path, key))
    return found


def scalars(node: object) -> list[str]:
    """Every text in a document."""
    if isinstance(node, dict):
        return [text for child in node.values() for text in scalars(child)] + list(node)
    if isinstance(node, list):
        return [text for child in node for text in scalars(child)]
    return [node]


def spoil(document: dict, rng: random.Random) -> tuple:
    """Change one place: leave it out, write another of the file's texts, or rename its key."""
    path = rng.choice([path for path in places(document) if path[0] not in ("示例", "条文")])
    parent = document
    for key in path[:-1]:
        parent = parent[key]
    way = rng.choice(["drop", "text", "text", "text", "rename"])
    other = rng.choice(scalars(document))
    if way == "drop":
        del parent[path[-1]]
    elif way == "rename" and isinstance(parent, dict):
        parent[other] = parent.pop(path[-1])
    else:
        parent[path[-1]] = other
    return path, way, other


def use(library: Library, area: str, rng: random.Random) -> None:
    """Compile some cells and settle a visit of every benefit of an area, under every law."""
    # The nation's document holds under every area and is no area itself.
    rules = Areas(library).area(library.areas()[0] if area == NATION else area)
    layout = rules.layout
    for law in rules.laws:
        day = str(date_of(law.since))
        for benefit in offered_benefits(law):
            axes = axes_of(law, benefit)
            for _ in range(CELLS_EACH):
                cell = {axis: rng.choice(axis_values(law.facts[axis])) for axis in axes}
                Compiler(law, layout, 2024).program(benefit, cell)
            row = {"date": day, "benefit": benefit, "in_scope": "12345.67"}
            row |= {"status": rng.choice(["active", "retired"]), "level": rng.choice("123")}
            with contextlib.suppress(Refusal):
                explain(settle(rules, read_visit(row, law), Meters(layout)))


@pytest.mark.parametrize("path", FILES, ids=[path.parent.name + path.stem for path in FILES])
def test_a_spoilt_rulebook_is_told_or_works(path: Path, tmp_path: Path) -> None:
    rng = random.Random(path.parent.name + path.stem)
    text = path.read_text(encoding="utf-8")
    place = tmp_path / path.parent.name
    place.mkdir()
    for sibling in path.parent.glob("*.yaml"):
        (place / sibling.name).write_bytes(sibling.read_bytes())
    for _ in range(SPOILT_EACH):
        document = yaml.load(text, Loader=yaml.BaseLoader)
        change = spoil(document, rng)
        (place / path.name).write_text(yaml.safe_dump(document, allow_unicode=True))
        try:
            use(Library([tmp_path]), path.parent.name, rng)
        except RulebookError as error:
            assert all(problem.line > 0 and problem.message for problem in error.problems)
        except Exception as error:
            raise AssertionError(f"{change}: {error!r}") from error
