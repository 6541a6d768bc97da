"""Chronic filing: a list of diseases as data, two reviews, no double enjoyment."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests import databases
from tests.platform.review_world import AREA, PDF, World

from gongji.agency.chronic_filing import months_after
from gongji.agency.disease_lists import (
    ListedDisease,
    disease_on,
    enter_diseases,
    read_diseases,
)
from gongji.agency.notices import notices_of
from gongji.platform.actors import Actor
from gongji.refusals import Refusal
from gongji.review import desk as life
from gongji.review.evidence import PaperFile

CONSOLE = "-c role=gongji_console -c timezone=UTC"
LIST = [
    ListedDisease("M03900", "高血压", "hypertension", "chronic", "测试标准", 24),
    ListedDisease("M01600", "糖尿病", "diabetes", "chronic"),
    ListedDisease("L03900", "高血压（两病）", "hypertension", "two_diseases"),
]
PERSON = "53230000000000000001"


class County(World):
    """A world with a list, an institution, two reviewers and an insured person."""

    def __init__(self, owner: Any, by: Any) -> None:
        super().__init__(owner, by)
        self.day = self.desk().today
        enter_diseases(owner, AREA, date(2020, 1, 1), "测试目录", LIST)
        owner.execute(
            "insert into institution (code, area, name, kind)"
            " values ('H1', '532300', '测试医院', 'hospital')"
        )
        owner.execute(
            "insert into person_fact (person_id, area, kind, since, details)"
            " values (1, '532300', 'insured', '2020-01-01', '{\"status\": \"active\"}')"
        )
        self.clerk = self.post("clerk", "handler")
        self.first = self.post("first", "first_reviewer")
        self.second = self.post("second", "second_reviewer")

    def form(self, disease: str, **more: Any) -> dict[str, Any]:
        """The form for a disease."""
        made = {"psn_no": PERSON, "disease": disease, "certifier": "H1", "since": str(self.day)}
        return made | more

    def apply(self, disease: str, actor: Actor | None = None, **more: Any) -> int:
        """A command that was submitted with its paper."""
        who = actor or self.clerk
        number = self.draft(who, self.form(disease, **more), kind="chronic_filing")
        life.add_paper(self.desk(), who, number, PaperFile("病历", PDF))
        life.submit(self.desk(), who, self.acting(number))
        return number

    def decided(self, disease: str, **more: Any) -> str:
        """A disease applied for and approved; what was told."""
        number = self.apply(disease, **more)
        assert self.approve(self.first, number).state == "submitted"
        return self.approve(self.second, number).result

    def registrations(self) -> list[tuple[Any, ...]]:
        """What is known now: code, benefit, state, since, until."""
        return self.owner.execute(
            "select key, details ->> 'benefit', details ->> 'state', since, until"
            " from person_fact where kind = 'registration' and retired_at is null order by id"
        ).fetchall()


@pytest.fixture
def county(server: str) -> Iterator[County]:
    """A county of its own."""
    with (
        databases.copy(server) as address,
        psycopg.connect(address, autocommit=True) as owner,
        psycopg.connect(address, options=CONSOLE, autocommit=True) as by,
    ):
        yield County(owner, by)


def refused(code: str, act: Any, *given: Any, **named: Any) -> Refusal:
    with pytest.raises(Refusal) as found:
        act(*given, **named)
    assert found.value.code == code, found.value
    return found.value


def test_a_disease_is_approved_by_two_and_lasts_as_the_list_says(county: County) -> None:
    assert "流水号" in county.decided("M03900")
    until = months_after(county.day, 24) + timedelta(days=1)
    assert county.registrations() == [("M03900", "chronic", "approved", county.day, until)]
    (notice,) = notices_of(county.owner, 1)
    assert "高血压" in notice.text and "行政复议" in notice.text
    refused("filing_overlaps", county.apply, "M03900")


def test_what_a_hospital_filed_is_decided_with_its_serial(county: County) -> None:
    county.owner.execute(
        "insert into person_fact (person_id, area, kind, key, since, details) values"
        " (1, '532300', 'registration', 'M01600', %s, %s)",
        [
            county.day,
            psycopg.types.json.Jsonb(
                {
                    "benefit": "chronic",
                    "disease": "diabetes",
                    "name": "糖尿病",
                    "state": "filed",
                    "serial": "S1",
                }
            ),
        ],
    )
    assert county.decided("M01600") == "备案流水号 S1"
    assert county.registrations() == [("M01600", "chronic", "approved", county.day, None)]


def test_nobody_enjoys_two_diseases_twice(county: County) -> None:
    county.decided("L03900", since=str(county.day - timedelta(days=30)))
    number = county.apply("M03900")
    lines = life.preview(county.desk(), number).examined.lines
    assert any("不重复享受" in line.words for line in lines)
    county.approve(county.first, number)
    county.approve(county.second, number)
    benefits = {row[1]: row[4] for row in county.registrations()}
    assert benefits["two_diseases"] == county.day and benefits["chronic"] > county.day
    refused("registration_double", county.apply, "L03900")


def test_what_does_not_fit_is_refused(county: County) -> None:
    refused("disease_unlisted", county.apply, "M99999")
    refused("disease_unlisted", county.apply, "M03900", since="2019-12-31")
    refused("dates_reversed", county.apply, "M03900", last="2019-12-31")
    refused("uninsured_on", county.apply, "M03900", psn_no="53230000000000000002")
    refused("person_unknown", county.apply, "M03900", psn_no="1")
    refused("institution_unknown", county.apply, "M03900", certifier="H9")
    refused("dates_reversed", county.decided, "M01600", last="2019-01-01")


def test_a_later_list_holds_from_its_day(county: County) -> None:
    later = [ListedDisease("M01600", "糖尿病", "diabetes", "special")]
    enter_diseases(county.owner, AREA, date(2030, 1, 1), "后一目录", later)
    assert disease_on(county.owner, AREA, "M01600", date(2029, 12, 31)).benefit == "chronic"
    assert disease_on(county.owner, AREA, "M01600", date(2030, 1, 1)).benefit == "special"
    refused("disease_unlisted", disease_on, county.owner, AREA, "M03900", date(2030, 1, 1))
    for statement in ("delete from disease", "update disease_list set source = 'x'"):
        with pytest.raises(psycopg.errors.RestrictViolation), county.owner.transaction():
            county.owner.execute(statement)


def serial(county: County) -> str:
    """The serial of the registration that stands."""
    row = county.owner.execute(
        "select details ->> 'serial' from person_fact where kind = 'registration'"
        " and retired_at is null order by id desc limit 1"
    ).fetchone()
    assert row is not None
    return str(row[0])


def changed(county: County, kind: str, who: Actor | None = None, **content: Any) -> str:
    """A change handed in and reviewed at the prefecture's agency."""
    form = {"psn_no": PERSON, "serial": serial(county)} | content
    number = county.submitted(who or county.clerk, form, kind=kind)
    first = county.post("first2", "first_reviewer", "city")
    return county.approve(first, number).result


def test_a_registration_ends_by_review_and_the_person_is_told(county: County) -> None:
    county.decided("M03900")
    last = county.day + timedelta(days=10)
    told = changed(county, "chronic_filing_end", last=str(last), reason="已治愈")
    assert told == f"高血压备案至 {last} 止"
    (row,) = county.registrations()
    assert row[2:] == ("approved", county.day, last + timedelta(days=1))
    notice = notices_of(county.owner, 1)[0]
    assert "已治愈" in notice.text and "行政复议" in notice.text
    # What was known before stays known; on a day after it nothing can be changed.
    late = str(last + timedelta(days=1))
    refused("registration_over", changed, county, "chronic_filing_end", last=late, reason="又一次")
    refused("reason_missing", changed, county, "chronic_filing_end", last=str(last), reason=" ")
    refused(
        "filing_unknown",
        changed,
        county,
        "chronic_filing_end",
        **{"serial": "9"}
        | {
            "last": str(last),
            "reason": "无",
        },
    )


def test_a_registration_moves_to_another_hospital(county: County) -> None:
    county.decided("M03900")
    county.owner.execute(
        "insert into institution (code, area, name, kind)"
        " values ('H2', '532300', '测试二院', 'hospital')"
    )
    since = county.day + timedelta(days=5)
    move = {"institution": "H2", "since": str(since)}
    refused(
        "institution_unknown",
        changed,
        county,
        "chronic_filing_move",
        **move
        | {
            "institution": "H9",
        },
    )
    refused(
        "registration_there",
        changed,
        county,
        "chronic_filing_move",
        **move
        | {
            "institution": "H1",
        },
    )
    assert changed(county, "chronic_filing_move", **move) == "高血压备案变更到 H2"
    rows = county.owner.execute(
        "select details ->> 'institution', since, until from person_fact"
        " where kind = 'registration' and retired_at is null order by since"
    ).fetchall()
    assert [row[:2] for row in rows] == [("H1", county.day), ("H2", since)]
    assert rows[0][2] == since and rows[1][2] is not None
    # It is still one registration, by its serial.
    last = str(since + timedelta(days=1))
    assert "止" in changed(county, "chronic_filing_end", last=last, reason="已治愈")


HEAD = "病种代码,病种名称,规则病种,待遇,认定标准,有效月数\n"


def test_a_list_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "病种.csv"
    rows = "M03900,高血压,hypertension,慢性病,测试标准,24\nM01600,糖尿病,diabetes,慢性病,,\n"
    path.write_text(HEAD + rows, encoding="utf-8")
    assert read_diseases(path) == LIST[:2]


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("病种代码,病种名称\nM1,甲\n", "0"),
        (HEAD + "M1,,甲,慢性病,,\n", "1"),
        (HEAD + "M1,甲,甲,住院,,\n", "1"),
        (HEAD + "M1,甲,甲,慢性病,,0\n", "1"),
        (HEAD + "M1,甲,甲,慢性病,,\nM1,乙,乙,慢性病,,\n", "2"),
    ],
)
def test_a_mistake_in_a_list_is_named(tmp_path: Path, text: str, row: str) -> None:
    path = tmp_path / "病种.csv"
    path.write_text(text, encoding="utf-8")
    assert refused("disease_list_wrong", read_diseases, path).values["row"] == row


@pytest.mark.parametrize(
    ("day", "months", "last"),
    [
        ("2024-01-01", 12, "2024-12-31"),
        ("2024-01-15", 1, "2024-02-14"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2023-12-31", 2, "2024-02-29"),
        ("2024-11-30", 1, "2024-12-29"),
        ("2024-12-01", 1, "2024-12-31"),
    ],
)
def test_months_end_the_day_before(day: str, months: int, last: str) -> None:
    assert str(months_after(date.fromisoformat(day), months)) == last
