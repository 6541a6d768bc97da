"""`gongji law`, and what a start of the service publishes."""

import json
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.made_rulebooks import AREA, write
from tests.platform.test_laws import CITY, ordinary, publish

from gongji.cli import serve
from gongji.cli.main import main
from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.platform import database as where
from gongji.platform import installation, laws
from gongji.platform.actors import Actor

Connection = psycopg.Connection[Any]


@pytest.fixture
def at(database: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The commands work on the test's database."""
    monkeypatch.setattr(where, "owner_dsn", lambda: database)
    return database


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    with pytest.raises(SystemExit) as left:
        main(["law", *words])
    said = capsys.readouterr()
    return int(left.value.code or 0), said.out + said.err


def test_a_law_is_published_listed_shown_and_compared(
    at: str, owner: Connection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "rules"
    write(rules, ordinary("50%"))
    asked = ("publish", "--rulebooks", str(rules), "--area", AREA)
    code, said = run(capsys, *asked)
    assert code == 0 and said.startswith(f"{AREA} 第 1 版（") and "起生效" in said
    assert run(capsys, *asked) == (0, "与最新版本相同，没有发布\n")
    write(rules, ordinary("60%"))
    code, said = run(capsys, *asked, "--json")
    (made,) = json.loads(said)
    assert (made["area"], made["number"]) == (AREA, 2)
    code, said = run(capsys, "list", "--area", AREA, "--json")
    rows = json.loads(said)
    assert [(row["number"], row["in_force"], row["hash_fits"]) for row in rows] == [
        (1, False, True),
        (2, True, True),
    ]
    code, said = run(capsys, "list")
    assert code == 0 and said.count("现行") == len(Library().areas()) + 1
    name = f"{AREA[:2]}0000/{AREA}/2023-01-01.yaml"
    code, said = run(capsys, "show", AREA, "1", "--to", str(tmp_path / "old"))
    assert code == 0 and name in said
    assert (tmp_path / "old" / name).read_text(encoding="utf-8") == ordinary("50%")
    code, said = run(capsys, "show", AREA, "--json")
    documents = json.loads(said)["documents"]
    # The nation's law lies under it.
    assert [path[:6] for path in documents] == ["000000", name[:6]]
    assert documents[name] == ordinary("60%")
    code, said = run(capsys, "diff", AREA, "1")
    assert code == 0 and "\n-    层" in said and "\n+    层" in said and "60%" in said
    assert run(capsys, "diff", AREA, "2") == (0, "两个版本相同\n")


def test_figures_are_published_and_compared(
    at: str, owner: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _ = run(capsys, "publish", "--area", CITY, "--set", f"{CITY}:disease_ceiling=4000")
    assert code == 0 and laws.current(owner)[CITY].number == 2
    code, said = run(capsys, "diff", CITY, "1")
    assert (code, said) == (0, "参数 disease_ceiling：（空） → 4000\n")


def test_mistakes_are_told_and_nothing_is_published(
    at: str, owner: Connection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, ordinary("150%").replace("第一条", ""))
    code, said = run(capsys, "publish", "--rulebooks", str(tmp_path), "--area", AREA)
    assert code == 2 and "处问题" in said and laws.history(owner, AREA) == []
    for words, told in (
        (("publish", "--area", "999999"), "area_unknown"),
        (("publish", "--area", CITY, "--set", "430500:nothing=1"), "value_invalid"),
        (("publish", "--from", "2030-01-01"), "value_invalid"),
        (("publish", "--from", "2020-01-01T00:00+08:00"), "value_invalid"),
        (("show", AREA), "value_invalid"),
        (("show", CITY, "9"), "value_invalid"),
    ):
        code, said = run(capsys, *words)
        assert code == 1 and told in said, words


def test_a_changed_text_is_marked_in_the_list(
    at: str, owner: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    owner.execute("alter table law_version disable trigger law_version_kept")
    owner.execute("alter table law_version drop constraint law_version_hash_fits")
    owner.execute("update law_version set hash = 'x' where area = %s", [CITY])
    code, said = run(capsys, "list", "--area", CITY)
    assert code == 1 and "内容与哈希不符" in said
    assert run(capsys, "list", "--area", "445300")[0] == 0
    assert run(capsys, "show", CITY)[0] == 3


def test_a_start_publishes_what_is_new_and_puts_nothing_back(
    at: str, owner: Connection, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The environment's figures are published once; what was published since stays in force."""
    serve._publish()
    assert capsys.readouterr().err == ""
    configured = Areas(parameters={CITY: {"disease_ceiling": "1234"}})
    monkeypatch.setattr(installation, "configured_areas", lambda: configured)
    serve._publish()
    assert capsys.readouterr().err == f"规则 {CITY} 第 2 版已发布\n"
    publish(owner, Areas(parameters={CITY: {"disease_ceiling": "5678"}}), CITY)
    serve._publish()
    assert laws.current(owner)[CITY].number == 3
    told = f"规则 {CITY}：设置的规则和参数是从前的第 2 版，现行的第 3 版不变"
    assert capsys.readouterr().err == f"{told}；要恢复请运行 gongji law publish\n"


def test_the_pages_see_a_new_version_without_a_restart(
    at: str, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    installation.forget_laws()
    monkeypatch.setattr(installation, "LOOK_SECONDS", 0.0)
    day = Areas().area(CITY).laws[0].since
    before = installation.installed_areas()
    assert before.law_hash(CITY, day) == Areas().law_hash(CITY, day)
    given = Areas(parameters={CITY: {"disease_ceiling": "1"}})
    (second,) = publish(owner, given, CITY)
    assert installation.installed_areas().law_hash(CITY, day) == given.law_hash(CITY, day)
    first = laws.history(owner, CITY)[0]
    assert installation.installed_version(first.id).law_hash(CITY, day) == before.law_hash(
        CITY, day
    )
    assert installation.installed_version(second.id).area(CITY).version == second.id
    # The database is away: what was known stays.
    monkeypatch.setattr(where, "owner_dsn", lambda: "postgresql://127.0.0.1:1/nothing")
    assert installation.installed_areas().area(CITY).version == second.id
    installation.forget_laws()
    with pytest.raises(psycopg.OperationalError):
        installation.installed_areas()


def test_settings_that_name_a_law_of_before_are_told(owner: Connection) -> None:
    """A restart puts no law back, and does not keep silent about it."""
    assert installation.superseded(owner) == []
    given = Areas(parameters={CITY: {"inpatient_ceiling": "1元"}})
    (newer,) = publish(owner, given, CITY)
    (told,) = installation.superseded(owner)
    assert told == (laws.history(owner, CITY)[0], newer)
    publish(owner, installation.configured_areas(), CITY)
    assert installation.superseded(owner) == []


def test_a_database_without_versions_gets_the_shipped_ones(owner: Connection) -> None:
    owner.execute("alter table law_version disable trigger law_version_kept")
    owner.execute("delete from law_version")
    made = installation.publish_installed(owner, Actor.job("serve"))
    assert sorted(version.area for version in made) == Library().areas()
    assert {version.number for version in made} == {1}
