"""Versions of laws in the database: published, refused, read in the transaction that decides."""

import hashlib
import shutil
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors
from psycopg.types.json import Jsonb
from tests.made_rulebooks import AREA, head, write

from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.engine.engine import settle
from gongji.law.engine.person_meters import Meters
from gongji.law.engine.visit import read_visit
from gongji.law.rulebook.rulebook import SHIPPED
from gongji.platform import laws
from gongji.platform.actors import Actor
from gongji.platform.law_book import LawBook, as_decided, in_force
from gongji.platform.laws import LawText, LawVersion, Publication, publish_law, read_laws
from gongji.refusals import Fault, Refusal, RulebookError
from gongji.units import parse_day

Connection = psycopg.Connection[Any]
CITY = "430500"
OPERATOR = Actor.operator("somebody")
DAY = parse_day("2023-06-01")

ORDINARY = """待遇:
  普通门诊:
    依据: 第一条
    层: [{名称: 普通门诊, 代号: ordinary, 支付比例: {比例: RATE, 依据: 第一条}}]
"""


def ordinary(rate: str) -> str:
    """A rulebook that pays a share of everything."""
    return head() + ORDINARY.replace("RATE", rate)


def publish(owner: Connection, areas: Areas, *codes: str, **when: Any) -> list[LawVersion]:
    """Publish the laws of some areas of folders."""
    chosen = tuple(law for law in read_laws(areas) if law.area in codes)
    now = datetime.now(UTC)
    return publish_law(owner, Publication(chosen, **when), actor=OPERATOR, now=now)


def made(folder: Path, rate: str) -> Areas:
    """The areas with one more, whose rate is given."""
    write(folder, ordinary(rate))
    return Areas(Library([folder]))


def pool_fen(areas: Areas) -> int:
    """What the pool pays of 100.00 in the area that was made."""
    area = areas.area(AREA)
    row = {"date": "2023-06-01", "status": "active", "benefit": "ordinary", "in_scope": "100"}
    visit = read_visit(row, area.law(DAY))
    return settle(area, visit, Meters(area.layout)).pool_fen


def test_the_shipped_laws_are_there_from_the_first_start_on(owner: Connection) -> None:
    found = laws.current(owner)
    assert sorted(found) == Library().areas()
    assert {version.number for version in found.values()} == {1}
    law = laws.load(owner, [found["430500"].id])[found["430500"].id]
    assert law.content == {
        path.relative_to(SHIPPED).as_posix(): path.read_bytes()
        for code in ("000000/000000", "430000/430*")
        for path in sorted(SHIPPED.glob(f"{code}/????-??-??.yaml"))
    }


def test_what_is_the_newest_already_is_not_published_again(owner: Connection) -> None:
    assert publish(owner, Areas(), *Library().areas()) == []
    (second,) = publish(owner, Areas(parameters={CITY: {"disease_ceiling": "4000"}}), CITY)
    assert (second.area, second.number) == (CITY, 2)
    assert publish(owner, Areas(parameters={CITY: {"disease_ceiling": "4000"}}), CITY) == []
    # What was published before and is no longer the newest is a new version, if somebody asks.
    (third,) = publish(owner, Areas(), CITY)
    first, *_ = laws.history(owner, CITY)
    assert (third.number, third.hash) == (3, first.hash)


def test_the_hash_is_that_of_the_bytes_that_were_parsed(tmp_path: Path, owner: Connection) -> None:
    path = write(tmp_path, ordinary("50%"))
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    read = Areas(Library([tmp_path]), {AREA: {}})
    (law,) = (one for one in read_laws(read) if one.area == AREA)
    parsed = path.read_bytes()
    path.write_text(ordinary("60%"), encoding="utf-8")
    (version,) = publish_law(owner, Publication((law,)), actor=OPERATOR, now=datetime.now(UTC))
    name = f"{AREA[:2]}0000/{AREA}/2023-01-01.yaml"
    (nation,) = SHIPPED.glob("000000/000000/????-??-??.yaml")
    content = {nation.relative_to(SHIPPED).as_posix(): nation.read_bytes(), name: parsed}
    digest = hashlib.sha256()
    for shown, told in sorted(content.items()):
        digest.update(f"{shown} {len(told)}\n".encode() + told)
    assert version.hash == law.hash == digest.hexdigest()
    assert laws.load(owner, [version.id])[version.id].content == content
    assert pool_fen(LawBook().areas(owner, [version.id])) == pool_fen(read) == 5_000


def test_who_published_stands_in_a_command_that_is_executed(
    tmp_path: Path, owner: Connection
) -> None:
    (version,) = publish(owner, made(tmp_path, "50%"), AREA)
    found = owner.execute(
        "select c.kind, c.actor_kind, c.actor, c.area, c.state, c.content from command c"
        " join law_version v on v.command = c.id where v.id = %s",
        [version.id],
    ).fetchone()
    content = {"number": 1, "hash": version.hash}
    assert found == ("publish_law", "operator", "somebody", AREA, "executed", content)
    with pytest.raises(Refusal) as refused:
        person = Actor.institution("H1")
        publish_law(owner, Publication(()), actor=person, now=datetime.now(UTC))
    assert refused.value.code == "actor_refused"


def test_a_rulebook_with_mistakes_is_refused_with_all_of_them(
    tmp_path: Path, owner: Connection
) -> None:
    text = ordinary("50%").replace("依据: 第一条}}", "依据: 第一条, 存疑: 没有}}")
    text += "门槛:\n  定点: {当: {没有的事实: 否}, 拒付: not_designated, 依据: 第六条}\n"
    good = {law.area: law for law in read_laws(Areas())}
    name = f"{AREA[:2]}0000/{AREA}/2023-01-01.yaml"
    wrong = LawText(AREA, {name: text})
    also = LawText(CITY, good[CITY].documents, {"disease_ceiling": "4000"})
    with pytest.raises(RulebookError) as refused:
        publish_law(owner, Publication((also, wrong)), actor=OPERATOR, now=datetime.now(UTC))
    assert len(refused.value.problems) >= 2
    assert {problem.file for problem in refused.value.problems} == {name}
    assert laws.history(owner, AREA) == [] and len(laws.history(owner, CITY)) == 1


def test_a_chain_that_the_checks_find_broken_is_refused(tmp_path: Path, owner: Connection) -> None:
    """Not only form: what `gongji check` proves and what examples expect."""
    text = ordinary("50%") + (
        "示例:\n  - 名称: 算错的\n    依据: 第一条\n    行:\n"
        "      - {日期: 2023-03-01, 参保状态: 在职, 医院级别: 三级, 费用: 100元,"
        " 期望: {支付: 60元}}\n"
    )
    write(tmp_path, text)
    with pytest.raises(RulebookError):
        publish(owner, Areas(Library([tmp_path])), AREA)
    assert laws.history(owner, AREA) == []


@pytest.mark.parametrize(
    ("figures", "code"),
    [({"no_such_figure": "1"}, "value_invalid"), ({"disease_ceiling": "much"}, "value_invalid")],
)
def test_a_figure_that_no_parameter_takes_is_refused(
    owner: Connection, figures: dict[str, str], code: str
) -> None:
    with pytest.raises(Refusal) as refused:
        publish(owner, Areas(parameters={CITY: figures}), CITY)
    assert refused.value.code == code and len(laws.history(owner, CITY)) == 1


def test_figures_are_given_for_areas_with_rules_of_their_own(owner: Connection) -> None:
    with pytest.raises(Refusal) as refused:
        read_laws(Areas(parameters={"430521": {"disease_ceiling": "1"}}))
    assert refused.value.code == "value_invalid" and CITY in str(refused.value)


def test_a_version_is_in_force_from_its_instant_and_a_later_number_goes_before(
    tmp_path: Path, owner: Connection
) -> None:
    publish(owner, made(tmp_path, "50%"), AREA)
    soon = datetime.now(UTC) + timedelta(hours=1)
    (second,) = publish(owner, made(tmp_path, "60%"), AREA, since=soon)
    assert second.since == soon
    assert laws.current(owner)[AREA].number == 1
    assert laws.current(owner, soon - timedelta(seconds=1))[AREA].number == 1
    assert laws.current(owner, soon)[AREA].number == 2
    assert pool_fen(LawBook().in_force(owner)) == 5_000
    publish(owner, made(tmp_path, "70%"), AREA)
    assert laws.current(owner)[AREA].number == laws.current(owner, soon)[AREA].number == 3


def test_nothing_is_published_for_an_instant_that_has_passed(
    tmp_path: Path, owner: Connection
) -> None:
    with pytest.raises(Refusal) as refused:
        past = datetime.now(UTC) - timedelta(days=1)
        publish(owner, made(tmp_path, "50%"), AREA, since=past)
    assert refused.value.code == "value_invalid"
    # Nor does the database take it, whoever asks.
    law = LawText(AREA, {"a": "b"})
    owner.execute(
        "insert into law_version (area, number, text, hash, from_instant)"
        " values (%s, 1, %s, %s, '2020-01-01')",
        [AREA, Jsonb({"a": "b"}), law.hash],
    )
    assert laws.history(owner, AREA)[0].since > datetime.now(UTC) - timedelta(minutes=1)


def test_a_published_law_needs_no_folder_any_more(tmp_path: Path, owner: Connection) -> None:
    folder = tmp_path / "rules"
    before = made(folder, "50%")
    (first,) = publish(owner, before, AREA)
    was = before.law_hash(AREA, DAY)
    (second,) = publish(owner, made(folder, "60%"), AREA)
    shutil.rmtree(folder)
    book = LawBook()
    assert pool_fen(as_decided(owner, book, first.id)) == 5_000
    assert as_decided(owner, book, first.id).law_hash(AREA, DAY) == was
    assert pool_fen(as_decided(owner, book, second.id)) == 6_000
    assert pool_fen(as_decided(owner, book, None)) == 6_000
    assert book.areas(owner, [first.id]).area(AREA).version == first.id


def test_a_kept_law_is_the_law_of_the_folder(owner: Connection) -> None:
    kept, read = LawBook().in_force(owner), Areas()
    assert kept.library.areas() == read.library.areas()
    for area in read.every():
        other = kept.area(area.code)
        assert [(law.since, law.until, law.hash) for law in area.laws] == [
            (law.since, law.until, law.hash) for law in other.laws
        ]
        assert area.layout.widths == other.layout.widths
        assert other.version == laws.current(owner)[area.code].id
    assert kept.area("430521").version == kept.area(CITY).version
    assert kept.area(CITY, {"disease_ceiling": "1"}).laws[0].settings == {"disease_ceiling": "1"}
    with pytest.raises(Refusal):
        kept.area("999999")


def test_counties_have_the_figures_of_their_city() -> None:
    rules = Areas(parameters={CITY: {"disease_ceiling": "1234"}})
    assert rules.area("430521").laws[0].settings == {"disease_ceiling": "1234"}
    assert rules.law_hash("430521", DAY) == rules.law_hash(CITY, DAY)


def test_a_new_version_alone_is_compiled_and_old_ones_are_forgotten(
    tmp_path: Path, owner: Connection
) -> None:
    book = LawBook(versions=1, sets=2)
    before = book.in_force(owner)
    assert book.in_force(owner) is before
    publish(owner, made(tmp_path, "50%"), AREA)
    after = book.in_force(owner)
    assert after is not before and after.area(CITY) is before.area(CITY)
    for rate in ("60%", "70%"):
        publish(owner, made(tmp_path, rate), AREA)
        book.in_force(owner)
    assert len(book._sets) == 2 and len(book._versions) == len(Library().areas()) + 1


TAMPERING = (
    "update law_version set hash = 'x'",
    "update law_version set from_instant = now()",
    "delete from law_version",
    "truncate law_version cascade",
)


@pytest.mark.parametrize("statement", TAMPERING)
def test_versions_are_only_added(owner: Connection, statement: str) -> None:
    with pytest.raises(errors.RestrictViolation):
        owner.execute(statement)


def add(connection: Connection, number: int, text: str, digest: str) -> None:
    connection.execute(
        "insert into law_version (area, number, text, hash) values (%s, %s, %s, %s)",
        [AREA, number, Jsonb({"a": text}), digest],
    )


def test_the_database_refuses_a_hash_that_does_not_fit_and_a_number_out_of_turn(
    owner: Connection,
) -> None:
    digest = LawText(AREA, {"a": "甲\n"}).hash
    for number, text, hash_, wall in (
        (1, "乙\n", digest, "law_version_hash_fits"),
        (2, "甲\n", digest, "law_version_follows"),
    ):
        with pytest.raises(errors.CheckViolation) as refused:
            add(owner, number, text, hash_)
        assert refused.value.diag.constraint_name == wall
    add(owner, 1, "甲\n", digest)
    with pytest.raises(errors.CheckViolation):
        add(owner, 1, "甲\n", digest)


@pytest.mark.parametrize("login", ["gateway", "pages", "api", "jobs"])
def test_only_the_owner_and_the_console_add_versions(database: str, login: str) -> None:
    with psycopg.connect(database, options=f"-c role=gongji_{login}", autocommit=True) as one:
        assert laws.current(one)
        with pytest.raises(errors.InsufficientPrivilege):
            add(one, 1, "a", LawText(AREA, {"a": "a"}).hash)


def test_a_text_that_was_changed_behind_the_walls_is_told_and_nothing_is_decided_by_it(
    tmp_path: Path, owner: Connection
) -> None:
    (version,) = publish(owner, made(tmp_path, "50%"), AREA)
    assert not list(laws.unfit(owner))
    owner.execute("alter table law_version disable trigger law_version_kept")
    owner.execute("alter table law_version drop constraint law_version_hash_fits")
    owner.execute(
        "update law_version set text = replace(text::text, '50%%', '90%%')::jsonb where id = %s",
        [version.id],
    )
    assert [one.id for one in laws.unfit(owner)] == [version.id]
    with pytest.raises(Fault, match="哈希不符"):
        LawBook().in_force(owner)
    with pytest.raises(Fault, match="没有规则版本"):
        laws.load(owner, [10**9])


def test_the_version_is_that_of_the_transaction_whatever_is_published_meanwhile(
    tmp_path: Path, owner: Connection, connect: Callable[[], Connection]
) -> None:
    publish(owner, made(tmp_path, "50%"), AREA)
    with connect() as one:
        book = LawBook()
        with one.transaction():
            started = one.execute("select now()").fetchone()
            # Published after this transaction began, before it asks.
            (second,) = publish(owner, made(tmp_path, "60%"), AREA)
            assert started and second.since > started[0]
            assert pool_fen(in_force(one, book)) == 5_000
        with one.transaction():
            assert pool_fen(in_force(one, book)) == 6_000


def test_publishing_waits_for_no_long_transaction(
    tmp_path: Path, owner: Connection, connect: Callable[[], Connection]
) -> None:
    publish(owner, made(tmp_path, "50%"), AREA)
    with connect() as one, one.transaction():
        in_force(one, LawBook())
        with pytest.raises(Fault, match="稍后再发布"):
            publish(owner, made(tmp_path, "60%"), AREA)
    assert publish(owner, made(tmp_path, "60%"), AREA)
    assert owner.execute("show lock_timeout").fetchone() == ("0",)


def test_two_publish_the_same_at_once_and_it_is_one_version(
    tmp_path: Path, owner: Connection, database: str
) -> None:
    areas = made(tmp_path, "50%")
    found: list[LawVersion] = []

    def one() -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            found.extend(publish(connection, areas, AREA))

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 1 and len(laws.history(owner, AREA)) == 1


SETTLES = """insert into entry (area, kind, service_date, actor_kind, actor, institution, law)
values (%s, 'settlement', '2023-06-01', 'institution', %s, %s, %s) returning id"""
WRONG = """select count(*) from entry e where e.law is distinct from (
  select v.id from law_version v where v.area = e.area and v.from_instant <= e.made_at
  order by v.number desc limit 1)"""


def test_while_two_gateways_settle_every_entry_has_the_law_in_force_as_it_began(
    tmp_path: Path, owner: Connection, connect: Callable[[], Connection]
) -> None:
    """Four connections of two gateways with law books of their own, and ten publications."""
    publish(owner, made(tmp_path, "10%"), AREA)
    versions = {laws.current(owner)[AREA].id: 1_000}
    done = threading.Event()
    books = [LawBook(), LawBook()]
    decided: list[tuple[int | None, int]] = []

    def settling(number: int) -> None:
        with connect() as one:
            while not done.is_set():
                with one.transaction():
                    areas = in_force(one, books[number % 2])
                    area = areas.area(AREA)
                    one.execute(SETTLES, [AREA, f"H{number}", f"H{number}", area.version])
                    decided.append((area.version, pool_fen(areas)))

    threads = [threading.Thread(target=settling, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for rate in range(20, 90, 7):
        (version,) = publish(owner, made(tmp_path, f"{rate}%"), AREA)
        versions[version.id] = rate * 100
    done.set()
    for thread in threads:
        thread.join()
    assert len(decided) >= 40 and len({version for version, _ in decided}) >= 5
    assert all(versions[version or 0] == paid_fen for version, paid_fen in decided)
    assert owner.execute(WRONG).fetchone() == (0,)
