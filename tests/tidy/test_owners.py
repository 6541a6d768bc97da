"""Every table is written by its own room; faces write none of the rooms' tables and hold no law.

A table belongs to the room whose SQL makes it. Looked at is every statement in
the texts of the source, by file.
"""

import ast
import importlib
import inspect
import re
import typing
from functools import cache
from pathlib import Path

import msgspec

from each import of_each
from gongji.gateway.handlers import SETTLED
from gongji.gateway.transactions import TRANSACTIONS
from gongji.platform.actors import KINDS
from gongji.platform.commands import COMMANDS
from schema_page import rooms
from test_tidy import PACKAGE, modules, name_of, tree

WRITES = re.compile(
    r"""\b(?:insert\s+into|delete\s+from|truncate(?:\s+table)?|copy|merge\s+into)\s+(?P<one>[\w{]+)
    |\bupdate\s+(?P<two>[\w{]+)\s+(?:\w+\s+)?set\b""",
    re.IGNORECASE | re.VERBOSE,
)
EXCEPTIONS = {
    ("demo/county.py", "{"): "fills an empty database with made-up counties by COPY",
    ("platform/imports/dated_rows.py", "{"): "writes the table that a room hands in; see below",
    ("platform/inbox_months.py", "{"): "moves rows between the parts of its own table",
}
"""What writes a table that is not its own room's: file, table (* any, { a name that is put in)."""
FACES = ("gateway", "portal", "api", "cli", "console")
FACES_OWN = {"sign_in", "file_ticket", "nonce", "certificate_shown"}
"""What a face remembers for itself: who signed in, files to be fetched, nonces that were used."""
CHANGES = {"create", "get_or_create", "update_or_create", "bulk_create", "update", "delete", "save"}
COMMAND_ROOMS = (
    *("platform", "people", "institutions", "catalogue", "ledger", "settlement"),
    *("review", "agency"),
)


ABOVE = ("api", "cli", "console", "demo", "gateway", "hospital", "portal", "service")
"""The rooms that may know the numbers of the interface's transactions."""
NUMBERS_OF_OTHERS = {
    "mirror/made_up.py": "kinds of insured persons",
    "refusals/gateway.py": "the gateway's own sentences",
    "supervision/prefecture/goods.py": "kinds of items",
}
"""What looks like a transaction's number below the gateway, and what it is."""


def texts(path: Path) -> list[str]:
    """The texts of a module; what is put into one stands as `{`."""
    found, inside = [], set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.JoinedStr):
            inside |= {id(part) for part in node.values}
            parts = [p.value if isinstance(p, ast.Constant) else "{" for p in node.values]
            found.append("".join(map(str, parts)))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found += [node.value] if id(node) not in inside else []
    return found


def documented(path: Path) -> set[str]:
    """The docstrings of a module, which say and do not write."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = (node for node in ast.walk(tree(path)) if isinstance(node, kinds))
    return {ast.get_docstring(node, clean=False) or "" for node in nodes}


def written(path: Path) -> set[str]:
    """The tables that a module's statements write."""
    said = documented(path)
    return {
        (match["one"] or match["two"]).lower() if "{" not in match[0] else "{"
        for text in texts(path)
        if text not in said
        for match in WRITES.finditer(text)
    }


@cache
def written_by_file() -> dict[str, set[str]]:
    """File of the package -> the tables that it writes; migrations build, they do not write."""
    paths = [path for path in modules(PACKAGE) if "migrations" not in path.parts]
    found = {path.relative_to(PACKAGE).as_posix(): written(path) for path in paths}
    return {file: tables for file, tables in found.items() if tables}


def excepted(file: str, table: str) -> bool:
    """Whether a reason is given."""
    return (file, table) in EXCEPTIONS or (file, "*") in EXCEPTIONS


def test_a_table_is_written_by_its_own_room_only() -> None:
    wrong = []
    for file, tables in written_by_file().items():
        for table in tables:
            if excepted(file, table) or table.startswith("arriving_"):
                continue
            if file == "platform/dated_facts.py":
                continue  # Triggers: `before update or delete on` the table of a room.
            if rooms().get(table) != file.split("/")[0]:
                wrong.append(f"{file} writes {table} of {rooms().get(table, 'nobody')}")
    assert not wrong, "\n".join(sorted(wrong))


def test_a_face_writes_only_what_it_remembers_for_itself() -> None:
    for file, tables in written_by_file().items():
        if file.split("/")[0] in FACES:
            more = {table for table in tables if not excepted(file, table)} - FACES_OWN
            assert not more, f"{file} writes {more}"


def test_every_exception_is_still_needed() -> None:
    found = written_by_file()
    for (file, table), reason in EXCEPTIONS.items():
        if not (PACKAGE / file).exists():
            continue
        assert reason and found.get(file, set()) & ({table} if table != "*" else found[file]), file


def test_the_statements_of_the_rooms_are_found() -> None:
    found = written_by_file()
    assert "entry" in found["ledger/post.py"] and "person_fact" in found["people/person_facts.py"]
    assert (
        "visit" in found["settlement/visits.py"] and "nonce" in found["gateway/wire/credentials.py"]
    )
    assert len(rooms()) >= 19


def test_a_table_of_dated_rows_is_handed_in_by_its_own_room() -> None:
    handed = []
    for path in modules(PACKAGE):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                first = node.args[0]
                if node.func.id == "DatedTable" and isinstance(first, ast.Constant):
                    handed.append(first.value)
                    assert rooms()[str(first.value)] == path.relative_to(PACKAGE).parts[0]
    assert len(handed) >= 3, "no table of dated rows was looked at"


@of_each("path", modules(*(PACKAGE / face for face in FACES)), ids=name_of)
def test_a_face_does_not_change_rows_by_models(path: Path) -> None:
    """The models of rooms may be asked; accounts of Django's own are not meant."""
    theirs = {
        alias.name
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith(".models")
        for alias in node.names
    }
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute) and node.attr in CHANGES:
            asked = ast.unparse(node.value).split(".")[0].split("(")[0]
            assert asked not in theirs, f"{name_of(path)}:{node.lineno}"


@cache
def declared() -> tuple[str, ...]:
    """Every command, once the modules that declare one are imported."""
    for path in modules(*(PACKAGE / room for room in COMMAND_ROOMS)):
        if any(
            isinstance(node, ast.ImportFrom) and node.module == "gongji.platform.commands"
            for node in ast.walk(tree(path))
        ):
            inside = path.relative_to(PACKAGE).with_suffix("").parts
            importlib.import_module(".".join(("gongji", *inside)))
    return tuple(COMMANDS)


def test_commands_stand_in_rooms_and_not_in_faces() -> None:
    assert len(declared()) >= 15
    for one in COMMANDS.values():
        assert one.act.__module__.split(".")[1] in COMMAND_ROOMS, one.kind


def test_every_command_has_one_shape() -> None:
    """`f(connection, content, *, actor, now, …)`, the content a frozen struct of its own."""
    contents = []
    for name in declared():
        one = COMMANDS[name]
        parameters = inspect.signature(one.act).parameters
        placed = [p.name for p in parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
        named = [p.name for p in parameters.values() if p.kind is p.KEYWORD_ONLY]
        assert placed == ["connection", "content"] and named[:2] == ["actor", "now"], name
        assert one.actors and one.actors <= KINDS.keys(), name
        assert issubclass(one.content, msgspec.Struct), name
        assert one.content.__struct_config__.frozen, name
        assert typing.get_type_hints(one.act)["now"].__name__ == "datetime", name
        contents.append(one.content)
    shared = {content.__name__ for content in contents if contents.count(content) > 1}
    assert shared <= {"BondTerms", "BondNumber"}, shared


def numbered() -> set[str]:
    """The modules below the gateway whose texts hold a transaction's number."""
    known = "|".join(sorted(n for n in {*TRANSACTIONS, *SETTLED} if n[0].isdigit()))
    number = re.compile(rf"(?<![\d.,-])(?:{known})(?![\d,-])")
    below = [path for path in PACKAGE.iterdir() if path.is_dir() and path.name not in ABOVE]
    return {
        path.relative_to(PACKAGE).as_posix()
        for path in [*modules(*below), *(p for room in below for p in room.rglob("*.sql"))]
        if any(map(number.search, texts(path) if path.suffix == ".py" else [path.read_text()]))
    }


def test_no_room_below_the_gateway_knows_the_number_of_a_transaction() -> None:
    assert numbered() == set(NUMBERS_OF_OTHERS)
