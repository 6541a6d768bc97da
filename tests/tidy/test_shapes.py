"""Parameters, homonyms, foreign insides: what a reader stumbles over, each with a short list."""

import ast
from collections import defaultdict
from pathlib import Path

from each import of_each
from test_tidy import PACKAGE, modules, name_of, tree

MOST_PARAMETERS = 6
COMPILED = ("law/kernel/", "batch/loops.py")
"""Numba compiles these, and takes arrays and numbers but no structs."""
LONG = {
    "auditing/trials.py _try",
    "batch/lines/price_lines.py _price",
    "batch/lines/price_lines.py _split",
    "batch/lines/price_lines.py price",
    "batch/lines/price_lines.py price_files",
    "settlement/cancel.py cancel",
    "settlement/cancel.py reverse",
    "settlement/readjudicate.py readjudicate",
    "settlement/stays.py _follow",
}
"""Functions that still take more; the list may only grow shorter."""

TRANSLATORS = ("refusals", "cli", "api", "migrations")
"""Folders whose files are named after what they are about: its sentences, its command, its shape
in JSON."""
EVERYWHERE = {"__init__.py", "apps.py", "models.py", "urls.py", "import_kinds.py"}
"""What Django wants in every room, and what each room says of its imports."""


def parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """How many parameters a function has, whoever it is a method of not counted."""
    given = node.args
    names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def of_the_command_line(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether click fills the parameters, one for each option."""
    return any(
        isinstance(one, ast.Call)
        and isinstance(one.func, ast.Attribute)
        and one.func.attr in ("command", "group", "option", "argument")
        for one in node.decorator_list
    )


def long_functions() -> set[str]:
    """Functions of the package with more parameters than are taken in at a glance."""
    found = set()
    for path in modules(PACKAGE):
        file = path.relative_to(PACKAGE).as_posix()
        if file.startswith(COMPILED):
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                many = parameters(node) > MOST_PARAMETERS
                if many and not of_the_command_line(node):
                    found.add(f"{file} {node.name}")
    return found


def test_a_function_takes_at_most_six_parameters_then_a_struct() -> None:
    assert long_functions() <= LONG, long_functions() - LONG
    assert len(LONG) < 10


def rooms_of(path: Path) -> str:
    """The room of a module: its folder, in the law the folder there."""
    first, *more = path.relative_to(PACKAGE).parts
    return f"law/{more[0]}" if first == "law" else first


def told_apart() -> list[Path]:
    """The modules whose names are to be different."""
    return [
        path
        for path in modules(PACKAGE)
        if not set(TRANSLATORS) & set(path.relative_to(PACKAGE).parts[:-1])
        and path.name not in EVERYWHERE
    ]


def repeated(names: dict[str, list[str]]) -> set[str]:
    """Names that occur more than once."""
    return {name for name, places in names.items() if len(places) > 1}


FILES = {
    "cancel.py",  # gateway: its transaction; settlement: the cancellation
    "fields.py",  # gateway: fields of outputs; portal: fields of forms
    "figures.py",  # demo: made-up figures; law: a cell's figures
    "filings.py",  # gateway: its transactions; people: the commands
    "institutions.py",  # demo, gateway, portal: what each makes or tells of them
    "items.py",  # catalogue; demo: made-up ones
    "people.py",  # demo; gateway: how queries tell a person
    "stays.py",  # gateway: its transaction; settlement: what stays do
    "visits.py",  # gateway: its queries; settlement: the commands
}
"""File names that stand in several rooms: a face's file is named after the room's that it calls."""
CLASSES = {
    "Answer",  # gateway: an output; settlement: a message's
    "Cited",  # both in law/compile: a figure, a ground
    "Column",  # law/compile: of meters; platform/imports: of a file
    "Deadline",  # law: the provision, and what it comes to for a person
    "Fact",  # law: what figures depend on; platform: the model of a dated fact
    "Node",  # gateway: an output's; law/rulebook: a file's
    "Payment",  # law: of credits; settlement: from an account
    "Place",  # batch: where a row's program is; law: a step's
    "Places",  # batch: of lines; settlement: of a visit
    "Plan",  # batch: of a file; hospital: of a visit; settlement: of a bill
    "Results",  # both in batch: Python's and Numba's
    "Route",  # law: the provision; settlement: a bill's
    "Run",  # batch: of a file; settlement: of a year
    "Settling",  # batch: of a file; gateway: of what waits
    "Sheet",  # settlement: of facts; tabular: of rows
    "Standing",  # institutions: on a day; settlement: as a bill sees it
    "Terms",  # law: of clearing, of pricing
}
"""Class names that stand in several modules; the list may only grow shorter."""


def test_a_file_name_is_one_room_s() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in told_apart():
        places[path.name].append(rooms_of(path))
    assert repeated(places) <= FILES, repeated(places) - FILES
    assert len(FILES) < 10


def test_a_class_name_is_one_module_s() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in told_apart():
        for node in tree(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(name_of(path))
    assert repeated(places) <= CLASSES, repeated(places) - CLASSES
    assert len(CLASSES) < 20


@of_each("path", modules(PACKAGE), ids=name_of)
def test_nothing_is_written_into_the_insides_of_another_object(path: Path) -> None:
    """No `x.__dict__[…] = `, `x.__dict__.update(…)`, `x.__class__ = `, `object.__setattr__`.

    `vars(x)` may be read, and is not to be changed either.
    """
    for node in ast.walk(tree(path)):
        where = f"{name_of(path)}:{getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Attribute) and node.attr in ("__dict__", "__class__"):
            assert isinstance(node.ctx, ast.Load), where
            assert node.attr != "__dict__", where
        if isinstance(node, ast.Attribute) and node.attr == "__setattr__":
            raise AssertionError(where)
        inside = node.value if isinstance(node, ast.Attribute | ast.Subscript) else None
        if isinstance(inside, ast.Call) and isinstance(inside.func, ast.Name):
            changed = isinstance(node.ctx, ast.Store) or getattr(node, "attr", "") == "update"
            assert not (inside.func.id == "vars" and changed), where
