"""The laws that areas are governed by, as rows: a version is documents, figures and their hash.

A version is only ever added. It is in force from its instant until one of a higher number is. What
a version says is the law's business (`gongji.law`); who uses it is `law_book`'s.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg import errors
from psycopg.types.json import Jsonb

from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.report.examine import examine
from gongji.law.rulebook.rulebook import SHIPPED
from gongji.law.rulebook.shelf import Documents
from gongji.platform.actors import Actor
from gongji.platform.commands import command
from gongji.refusals import Fault, Problem, Refusal, RulebookError

Connection = psycopg.Connection[Any]
PATIENCE = "2s"
"""How long the gateways may be kept waiting for a version to be added, at most."""


class LawText(msgspec.Struct, frozen=True):
    """What a version holds: an area's documents with those above it, and the figures given.

    Shape: `documents`: path inside a rulebook folder -> text; `parameters`: name -> figure.
    """

    area: str
    documents: Mapping[str, str]
    parameters: Mapping[str, str] = {}

    @property
    def content(self) -> dict[str, bytes]:
        """The documents as the bytes that are parsed and hashed."""
        return {path: text.encode() for path, text in self.documents.items()}

    @property
    def hash(self) -> str:
        """The SHA-256 of documents and figures; the database works out the same (`laws.sql`)."""
        digest = hashlib.sha256()
        for path, content in sorted(self.content.items()):
            digest.update(f"{path} {len(content)}\n".encode() + content)
        for name, figure in sorted(self.parameters.items()):
            digest.update(f"{name}={figure}\n".encode())
        return digest.hexdigest()


class Publication(msgspec.Struct, frozen=True):
    """The laws of one or more areas, in force together from an instant; by itself from now on."""

    laws: tuple[LawText, ...]
    since: datetime | None = None


class LawVersion(msgspec.Struct, frozen=True):
    """A version: its row without what it says."""

    id: int
    area: str
    number: int
    hash: str
    since: datetime


_VERSIONS = "select id, area, number, hash, from_instant from law_version"
CURRENT = f"{_VERSIONS} where id in (select id from law_versions_at(coalesce(%s, now())))"
HISTORY = f"{_VERSIONS} where %s = '' or area = %s order by area, number"
NEWEST = f"{_VERSIONS} v where number = (select max(number) from law_version where area = v.area)"
TEXTS = "select id, area, text, parameters, hash from law_version where id = any(%s)"
UNFIT = f"{_VERSIONS} where hash <> law_version_hash(text, parameters) order by id"

_ACT = """insert into command (area, kind, actor_kind, actor, subject_kind, subject, content,
  version) values (%s, 'publish_law', %s, %s, 'area', %s, %s, 1) returning id"""
_SUBMIT = "update command set state = 'submitted' where id = %s"
_EXECUTE = "update command set state = 'executed', executed_at = now() where id = %s"
_ADD = """insert into law_version (area, number, text, parameters, hash, command, from_instant)
values (%s, %s, %s, %s, %s, %s, coalesce(%s, now()))
returning id, area, number, hash, from_instant"""


def read_laws(areas: Areas) -> tuple[LawText, ...]:
    """The laws of folders, as they would be published: every area that has rulebooks of its own.

    Refuses: RulebookError with every mistake of form; value_invalid for figures of an area that
             has none.
    """
    library = areas.library
    codes = library.areas()
    for code in areas.parameters.keys() - set(codes):
        raise Refusal("value_invalid", "参数", {"value": code, "allowed": "、".join(codes)})
    problems = [problem for code in codes for problem in library.readable(code)[1]]
    if problems:
        raise RulebookError(list(dict.fromkeys(problems)))
    return tuple(
        LawText(
            code,
            {path: content.decode() for path, content in library.documents(code).items()},
            areas.parameters.get(code, {}),
        )
        for code in codes
    )


@command("operator", "job", "staff")
def publish_law(
    connection: Connection,
    content: Publication,
    *,
    actor: Actor,
    now: datetime,
    number: int | None = None,
) -> list[LawVersion]:
    """Add a version of each law that is not the newest one of its area already.

    Without `number`, the command by which it was approved, the caller holds no transaction. What
    is not shipped with the program is checked as by `gongji check`, beside the newest laws of the
    other areas.

    Refuses: RulebookError with every problem; value_invalid for a figure that no parameter takes,
             and for an instant that has passed; Fault where settlements keep it waiting.
    Ensures: all of them are in force from one instant, which no settlement's transaction began
             after before it could see them.
    """
    if content.since is not None and content.since < now:
        values = {"value": content.since.isoformat(), "allowed": "现在或以后的时刻"}
        raise Refusal("value_invalid", "生效时刻", values)
    changed = differing(connection, content.laws)
    if not changed:
        return []
    newest = {text.area: text for text in load(connection, _ids(newest_of(connection))).values()}
    check_laws(changed, newest)
    try:
        with connection.transaction():
            connection.execute(f"set local lock_timeout = '{PATIENCE}'")
            connection.execute("select pg_advisory_xact_lock(law_lock())")
            made = [
                _add(connection, law, content.since, number or _act(connection, law, actor))
                for law in differing(connection, changed)
            ]
            connection.execute("set local lock_timeout = default")
    except (errors.LockNotAvailable, errors.DeadlockDetected):
        raise Fault("有事务正在按现行规则结算，规则没有发布；请稍后再发布") from None
    return made


def _act(connection: Connection, law: LawText, actor: Actor) -> int:
    """The command by which somebody publishes a law without a review."""
    told = Jsonb({"number": _next(connection, law.area), "hash": law.hash})
    row = connection.execute(_ACT, [law.area, actor.kind, actor.id, law.area, told])
    act = int(_one(row)[0])
    connection.execute(_SUBMIT, [act])
    connection.execute(_EXECUTE, [act])
    return act


def _add(connection: Connection, law: LawText, since: datetime | None, act: int) -> LawVersion:
    """A law's row, with the command that it was added by."""
    text, given = Jsonb(dict(law.documents)), Jsonb(dict(law.parameters))
    place = [law.area, _next(connection, law.area)]
    row = connection.execute(_ADD, [*place, text, given, law.hash, act, since])
    return LawVersion(*_one(row))


def _next(connection: Connection, area: str) -> int:
    """The number of an area's next version."""
    newest = newest_of(connection, area)
    return newest[area].number + 1 if newest else 1


def _one(cursor: "psycopg.Cursor[Any]") -> tuple[Any, ...]:
    row = cursor.fetchone()
    assert row is not None
    return tuple(row)


def differing(connection: Connection, laws: Iterable[LawText]) -> list[LawText]:
    """The laws that are not the newest version of their area."""
    newest = newest_of(connection)
    return [law for law in laws if law.area not in newest or newest[law.area].hash != law.hash]


def check_laws(laws: Iterable[LawText], beside: Mapping[str, LawText]) -> None:
    """Laws are sound, beside those of other areas.

    Refuses: what `publish_law` refuses of a law.
    """
    laws = list(laws)
    texts = {code: law.content for code, law in beside.items()}
    texts |= {law.area: law.content for law in laws}
    library = Library(kept=texts)
    own = [law.area for law in laws if not _shipped(law.content)]
    problems = examine(library, [path for code in own for path in library.files(code)]).problems
    if problems:
        raise RulebookError(problems)
    for law in laws:
        Areas(library, {law.area: law.parameters}).area(law.area)


def problems_of(law: LawText, beside: Mapping[str, LawText]) -> list[Problem]:
    """Everything that is wrong with a law beside those of other areas, as `gongji check` tells it.

    A figure that no parameter takes is a problem at the name of the parameter.
    """
    texts = {code: one.content for code, one in beside.items()} | {law.area: law.content}
    library = Library(kept=texts)
    found = examine(library, library.files(law.area)).problems
    return found or [
        Problem("参数", 0, name, reason)
        for name, figure in sorted(law.parameters.items())
        for reason in _unfitting(library, law.area, {name: figure})
    ]


def _unfitting(library: Library, area: str, figure: Mapping[str, str]) -> Iterator[str]:
    try:
        Areas(library, {area: dict(figure)}).area(area)
    except Refusal as refusal:
        yield str(refusal)


def _shipped(documents: Documents) -> bool:
    """Whether all of these came with the program, whose own tests check them."""
    return all(
        (SHIPPED / path).is_file() and (SHIPPED / path).read_bytes() == content
        for path, content in documents.items()
    )


def current(connection: Connection, at: datetime | None = None) -> dict[str, LawVersion]:
    """The version in force of each area at an instant; by itself now."""
    return _by_area(connection.execute(CURRENT, [at]))


def newest_of(connection: Connection, area: str = "") -> dict[str, LawVersion]:
    """The version of the highest number of each area, or of one, in force already or not yet."""
    found = _by_area(connection.execute(NEWEST))
    return {code: one for code, one in found.items() if area in ("", code)}


def history(connection: Connection, area: str = "") -> list[LawVersion]:
    """Every version, or those of an area, in their order."""
    return [LawVersion(*row) for row in connection.execute(HISTORY, [area, area])]


def _by_area(rows: Iterable[Any]) -> dict[str, LawVersion]:
    return {version.area: version for version in (LawVersion(*row) for row in rows)}


def _ids(versions: Mapping[str, LawVersion]) -> list[int]:
    return [version.id for version in versions.values()]


def load(connection: Connection, ids: Iterable[int]) -> dict[int, LawText]:
    """What versions say, by their ids.

    Refuses: Fault where a version is not there, or its text is not what its hash is of.
    """
    wanted = list(ids)
    found: dict[int, LawText] = {}
    for number, area, text, parameters, kept in connection.execute(TEXTS, [wanted]):
        law = LawText(area, text, parameters)
        if law.hash != kept:
            raise Fault(f"规则第 {number} 号版本（统筹区 {area}）的内容与其哈希不符，不能据以结算")
        found[number] = law
    absent = [str(number) for number in wanted if number not in found]
    if absent:
        raise Fault(f"没有规则版本 {'、'.join(absent)}")
    return found


def unfit(connection: Connection) -> Iterator[LawVersion]:
    """Versions whose text is not what their hash is of: somebody changed them."""
    return (LawVersion(*row) for row in connection.execute(UNFIT))
