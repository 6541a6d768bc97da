"""The JSON Schema: current in docs, and every rulebook is valid under it as an editor reads it."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from gongji.cli.main import main
from gongji.law.rulebook.jsonschema import rulebook_schema
from gongji.law.rulebook.rulebook import SHIPPED

ROOT = Path(__file__).parent.parent.parent
DOCUMENT = ROOT / "docs" / "generated/rulebook.schema.json"
MODELINE = "# yaml-language-server: $schema="
RULEBOOKS = sorted([*SHIPPED.glob("**/*.yaml"), *ROOT.glob("tests/rulebooks/**/*.yaml")])


class EditorLoader(yaml.SafeLoader):
    """YAML as the editors' server reads it: dates stay texts."""


EditorLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith("timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def as_an_editor_reads(path: Path) -> Any:
    return yaml.load(path.read_text(encoding="utf-8"), EditorLoader)


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    schema = rulebook_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_the_schema_in_docs_is_current(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["check", "--schema"])
    printed = capsys.readouterr().out
    assert DOCUMENT.read_text(encoding="utf-8") == printed, (
        "write it anew: gongji check --schema > docs/generated/rulebook.schema.json"
    )


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_rulebook_is_valid(path: Path, validator: jsonschema.Draft202012Validator) -> None:
    errors = validator.iter_errors(as_an_editor_reads(path))
    found = [f"{error.json_path}: {error.message}" for error in errors]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "path", sorted(SHIPPED.glob("**/*.yaml")), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_editors_find_the_schema(path: Path) -> None:
    first = path.read_text(encoding="utf-8").split("\n")[0]
    assert first.startswith(MODELINE)
    assert (path.parent / first.removeprefix(MODELINE)).resolve() == DOCUMENT


def test_the_wrong_rulebook_is_not_valid(validator: jsonschema.Draft202012Validator) -> None:
    path = next(Path(__file__).parent.glob("wrong/**/*.yaml"))
    messages = "\n".join(e.message for e in validator.iter_errors(as_an_editor_reads(path)))
    assert "最高限额" in messages and "not_designted" in messages


def test_every_key_of_every_struct_is_described() -> None:
    text = json.dumps(rulebook_schema(), ensure_ascii=False)
    for reference in {part.split('"')[0] for part in text.split("#/$defs/")[1:]}:
        assert reference in rulebook_schema()["$defs"], reference
