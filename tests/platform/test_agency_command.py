"""`gongji agency`: the first day, a year's working days, what nobody can finish."""

import json
import re
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from gongji.cli.main import cli
from gongji.platform import database as where
from gongji.review.staff import redeem

from datetime import UTC, datetime  # isort: skip

AREA = "532300"


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch) -> "Run":
    """Runs a command on a database of the test's own."""
    monkeypatch.setattr(where, "owner_dsn", lambda: database)
    return Run(database)


class Run:
    """The command line, and a connection to look with."""

    def __init__(self, address: str) -> None:
        self.address = address

    def __call__(self, *words: str) -> tuple[int, str]:
        told = CliRunner().invoke(cli, ["agency", *words], standalone_mode=False)
        if told.exception:
            raise told.exception
        return int(told.return_value or 0), told.output

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.address, autocommit=True) as connection:
            return connection.execute(statement).fetchall()


FIRST = ("init", "--area", AREA, "--name", "测试州医保中心", "--admin", "guan=测试甲")


def test_the_first_day_prints_links_that_work_once(run: Run) -> None:
    code, told = run(*FIRST, "--security", "an=测试乙", "--audit", "shen=测试丙")
    tokens = re.findall(r"/console/first/(\S+)", told)
    assert code == 0 and len(tokens) == 3 and "测试乙（an）" in told
    posts = run.ask("select post from post_holding order by id")
    assert posts == [("administrator",), ("security_officer",), ("audit_officer",)]
    with psycopg.connect(run.address, autocommit=True) as connection:
        assert redeem(connection, tokens[0], datetime.now(UTC)) == "guan"
    # Again: a new link, and nobody and nothing twice.
    run(*FIRST)
    assert run.ask("select count(*) from staff") == [(3,)]
    assert run.ask("select count(*) from post_holding") == [(3,)]
    assert run.ask("select count(*) from agency") == [(1,)]


def test_somebody_without_a_name_is_a_mistake(run: Run) -> None:
    with pytest.raises(Exception, match="账号=姓名"):
        run(*FIRST[:-1], "guan")
    assert run.ask("select count(*) from agency") == [(0,)]


def test_a_year_and_a_county_are_entered(run: Run, tmp_path: Path) -> None:
    run(*FIRST)
    code, told = run("county", "--area", AREA, "--code", "532301", "--name", "测试市医保中心")
    assert code == 0 and "532301" in told
    path = tmp_path / "2020.csv"
    path.write_text("日期,上班\n2020-01-01,否\n", encoding="utf-8")
    year = ("calendar", str(path), "--year", "2020", "--source", "测试通知")
    assert run(*year) == (0, "2020 年：1 天与周历不同\n")
    assert "此前已录入" in run(*year)[1]


def test_a_list_of_diseases_is_entered(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "病种.csv"
    path.write_text(
        "病种代码,病种名称,规则病种,待遇\nM03900,高血压,hypertension,慢性病\n", encoding="utf-8"
    )
    words = ("diseases", str(path), "--area", AREA, "--since", "2025-01-01", "--source", "文号")
    assert run(*words) == (0, "统筹区 532300：自 2025-01-01 起 1 个病种\n")
    assert run.ask(
        "select since::text, source, code from disease_list join disease on list = id"
    ) == [("2025-01-01", "文号", "M03900")]


def test_coverage_names_every_gap_and_says_so_by_its_code(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gongji.law.engine.areas import Areas
    from gongji.platform import installation

    monkeypatch.setattr(installation, "installed_areas", lambda: Areas())
    run(*FIRST, "--security", "an=测试乙")
    code, told = run("coverage", "--area", AREA)
    assert code == 1 and f"{AREA} 家庭共济：没有{AREA}的经办" in told and "任命岗位" not in told
    rows = json.loads(run("coverage", "--area", AREA, "--json")[1])
    assert {row["kind"] for row in rows} >= {"family_bond", "family_bond_end"}
    assert not any(row["kind"] == "grant_post" for row in rows)
