"""Every kind of file: imported, read back, exported, imported again; masked; nothing retired."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests import databases
from tests.platform.county_files import (
    AREA,
    EXPORTED,
    HERE,
    IDENTITY,
    KEYS,
    NOW,
    ROWS,
    SINCE,
    STORED,
    THERE,
    UNTIL,
    Connection,
    certificate,
    fill,
    psn,
    read,
    saved,
    take,
)

from gongji.cli.import_kinds import KINDS
from gongji.gateway.wire.credentials import Credentials
from gongji.institutions.institution_kinds import INSTITUTION_KINDS
from gongji.people.import_kinds import PERSON_FACTS
from gongji.people.import_people import BORN
from gongji.people.person_kinds import PERSON_KINDS
from gongji.people.person_rows import find_by_card, find_by_certificate
from gongji.platform.imports.dated_rows import Counts
from gongji.platform.imports.export_files import export

LATER = NOW + timedelta(days=1)
TABLES = (
    dict.fromkeys(PERSON_KINDS, "person_fact")
    | dict.fromkeys(INSTITUTION_KINDS, "institution_fact")
    | {"item": "item_version", "match": "item_match"}
)
"""Where the rows of a dated kind lie."""


@pytest.fixture(scope="module")
def county(server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """Every kind imported once, for tests that only look."""
    with databases.copy(server) as address, psycopg.connect(address, autocommit=True) as owner:
        fill(owner, tmp_path_factory.mktemp("files"))
        yield owner


@pytest.fixture
def fresh(owner: Connection, tmp_path: Path) -> Connection:
    """Every kind imported once, for a test that imports more."""
    fill(owner, tmp_path)
    return owner


def exported(owner: Connection, folder: Path, kind: str, **more: Any) -> list[dict[str, str]]:
    """The rows of an export; without the mask unless that is asked for."""
    path = folder / f"{kind}-out.csv"
    count = export(owner, KINDS[kind], path, IDENTITY, **({"unmasked": True} | more))
    rows = read(path)
    assert len(rows) == count
    return rows


def test_every_kind_that_can_be_exported_is_tried_here() -> None:
    assert (
        {*ROWS, "birth"}
        == set(EXPORTED)
        == set(KINDS.by_name) - {"opening_balance", "opening_meter"}
    )
    assert set(STORED) == {*PERSON_KINDS, *INSTITUTION_KINDS}
    for kind, rows in ROWS.items():
        told = {heading for row in rows for heading, cell in row.items() if cell}
        untold = {column.heading for column in KINDS[kind].columns} - told
        assert untold <= {"撤销"} | ({"来源"} if kind == "stay" else set()), (kind, untold)


@pytest.mark.parametrize("kind", STORED)
def test_a_fact_is_stored_with_its_days_its_key_and_every_detail(
    county: Connection, kind: str
) -> None:
    found = county.execute(
        f"select key, since, until, learnt_at, retired_at, details from {TABLES[kind]}"
        " where kind = %s order by id",
        [kind],
    ).fetchall()
    since, until = {
        "birth": (BORN, None),
        "stay": (datetime(2025, 2, 1).date(), datetime(2025, 2, 9).date()),
    }.get(kind, (SINCE, UNTIL))
    assert found[0] == (KEYS.get(kind, ""), since, until, NOW, None, STORED[kind])
    assert len(found) == (2 if kind in ("birth", "level") else 1)


def test_an_item_is_stored_with_every_price_and_flag(county: Connection) -> None:
    row = county.execute(
        "select name, list_type, charge_type, since, until, grade, first_self_pay_ppm,"
        " standard_fen, standard_1_fen, standard_2_fen, standard_3_fen, listing_fen, part,"
        " negotiated, dual_channel, restricted, essential, diseases, specification,"
        " agreement_until::text, account_use, learnt_at, retired_at from item_version"
    ).fetchone()
    assert row == (
        "测试药",
        "101",
        "09",
        SINCE,
        UNTIL,
        "乙",
        125_000,
        1001,
        1002,
        1003,
        1004,
        1005,
        "special",
        True,
        True,
        True,
        True,
        ["M03900", "M01600"],
        "10mg×20片",
        "2025-06-30",
        "check_up",
        NOW,
        None,
    )
    match = county.execute(
        "select institution, own_item, own_name, list_type, item, since, until, learnt_at,"
        " retired_at from item_match"
    ).fetchone()
    assert match == (HERE, "OWN-1", "自己的药", "102", "X0000000001", SINCE, UNTIL, NOW, None)


def test_a_person_is_stored_sealed_and_found_by_certificate_and_card(county: Connection) -> None:
    rows = county.execute(
        "select psn_no, area, name, sex, ethnicity, certificate_kind, learnt_at from person"
        " order by psn_no"
    ).fetchall()
    assert rows == [
        (psn(1), AREA, "测试·天枢", "2", "02", "01", NOW),
        (psn(2), AREA, "测试·天璇", "9", "03", "07", NOW),
    ]
    for order, kind, number in ((1, "01", certificate(1)), (2, "07", "TESTPASS02")):
        found = find_by_certificate(county, IDENTITY, kind, number)
        assert found and found.psn_no == psn(order)
        assert IDENTITY.decrypt(found.certificate) == number
        card = find_by_card(county, IDENTITY, f"card00{order}")
        assert card and card.id == found.id
    assert find_by_certificate(county, IDENTITY, "01", "TESTPASS02") is None


@pytest.mark.parametrize("kind", ROWS)
def test_what_was_imported_is_exported_cell_for_cell(
    county: Connection, tmp_path: Path, kind: str
) -> None:
    untold = {"社保卡号": "", "密钥": "", "撤销": ""}
    wanted = [
        {column.heading: row.get(column.heading, "") for column in KINDS[kind].columns}
        | {name: "" for name in untold if any(c.heading == name for c in KINDS[kind].columns)}
        for row in ROWS[kind]
    ]
    if kind == "stay":
        wanted = [row | {"来源": ""} if "来源" in row else row for row in wanted]
    assert exported(county, tmp_path, kind) == wanted


def test_what_was_exported_is_the_same_when_it_is_imported_again(
    fresh: Connection, tmp_path: Path
) -> None:
    kinds = [kind for kind in EXPORTED if kind != "credential"]
    counted = [len(exported(fresh, tmp_path, kind)) for kind in kinds]
    before = {table: _count(fresh, table) for table in {*TABLES.values(), "entry"}}
    found = take(fresh, *(tmp_path / f"{kind}-out.csv" for kind in kinds), now=LATER)
    # The last count is of the dates of birth that come with the persons.
    assert found == [Counts(same=count) for count in [*counted, 2]]
    assert before == {table: _count(fresh, table) for table in before}


def _count(owner: Connection, table: str) -> int:
    row = owner.execute(f"select count(*) from {table}").fetchone()
    assert row
    return int(row[0])


@pytest.mark.parametrize("kind", TABLES)
def test_what_is_retired_is_not_exported(county: Connection, tmp_path: Path, kind: str) -> None:
    of_kind = f" and kind = '{kind}'" if TABLES[kind].endswith("fact") else ""
    assert exported(county, tmp_path, kind)
    with county.transaction(force_rollback=True):
        county.execute(f"update {TABLES[kind]} set retired_at = %s where true{of_kind}", [LATER])
        assert exported(county, tmp_path, kind) == []
        if kind == "birth":
            assert [row["出生日期"] for row in exported(county, tmp_path, "person")] == ["", ""]


@pytest.mark.parametrize("kind", EXPORTED)
def test_an_export_of_one_area_has_no_other_areas_rows(
    county: Connection, tmp_path: Path, kind: str
) -> None:
    everything = exported(county, tmp_path, kind)
    assert exported(county, tmp_path, kind, area=AREA) == everything != []
    assert exported(county, tmp_path, kind, area="430500") == []


@pytest.mark.parametrize("kind", EXPORTED)
def test_no_name_and_no_number_of_anybody_is_in_a_masked_export(
    county: Connection, tmp_path: Path, kind: str
) -> None:
    exported(county, tmp_path, kind, unmasked=False)
    said = (tmp_path / f"{kind}-out.csv").read_text(encoding="utf-8-sig")
    private = ["天枢", "天璇", psn(1), psn(2), certificate(1), "TESTPASS02", "CARD00", "hush"]
    assert not [word for word in private if word in said]
    if "人员编号" in said:
        assert "5323************0001" in said
    if kind == "bond":
        assert read(tmp_path / "bond-out.csv")[0]["账户所有人"] == "5323************0002"


def test_no_export_shows_a_card_or_a_secret(county: Connection, tmp_path: Path) -> None:
    assert [row["社保卡号"] for row in exported(county, tmp_path, "person")] == ["", ""]
    assert [row["密钥"] for row in exported(county, tmp_path, "credential")] == [""]


def test_a_withdrawn_row_is_retired_from_that_instant_and_counted(
    fresh: Connection, tmp_path: Path
) -> None:
    kinds = [kind for kind in ROWS if "撤销" in {column.heading for column in KINDS[kind].columns}]
    assert set(kinds) == set(TABLES) - {"birth", "stay"}
    for kind in kinds:
        rows = [row | {"撤销": "是"} for row in ROWS[kind]]
        assert take(fresh, saved(tmp_path, kind, rows), now=LATER) == [Counts(withdrawn=len(rows))]
        assert times(fresh, kind) == [(NOW, LATER)] * len(rows)
        assert exported(fresh, tmp_path, kind) == []


def times(owner: Connection, kind: str) -> list[Any]:
    """When each row of a kind was learnt and retired, in the order of their numbers."""
    of_kind = f" where kind = '{kind}'" if TABLES[kind].endswith("fact") else ""
    found = f"select learnt_at, retired_at from {TABLES[kind]}{of_kind} order by id"
    return owner.execute(found).fetchall()


CHANGED = {
    "level": {"级别": "二级"},
    "agreement": {"纳入门诊统筹": "是"},
    "item": {"挂网价": "9.99"},
    "match": {"国家编码": "X0000000002"},
    "insured": {"欠费": "否"},
    "account": {"终止日": ""},
    "subsidy": {"补助": "公务员"},
    "bond": {"顺序": "1"},
    "registration": {"状态": "已批准"},
    "offsite": {"终止日": "2025-08-01"},
    "selection": {"机构代码": HERE},
    "referral": {"转出机构": THERE},
    "injury": {"第三人责任": "否"},
}


def test_a_changed_row_takes_the_place_of_the_known_one(fresh: Connection, tmp_path: Path) -> None:
    for kind, cells in CHANGED.items():
        rows = [ROWS[kind][0] | cells]
        assert take(fresh, saved(tmp_path, kind, rows), now=LATER) == [Counts(changed=1)], kind
        shown = exported(fresh, tmp_path, kind)[0]
        assert {name: shown[name] for name in cells} == cells
        assert times(fresh, kind)[0] == (NOW, LATER) and times(fresh, kind)[-1] == (LATER, None)


def test_another_source_alone_is_no_other_fact(fresh: Connection, tmp_path: Path) -> None:
    for kind in [kind.name for kind in PERSON_FACTS if kind.name != "birth"]:
        rows = [row | {"来源": "别处"} for row in ROWS[kind]]
        assert take(fresh, saved(tmp_path, kind, rows), now=LATER) == [Counts(same=1)], kind


def test_a_card_that_is_not_given_stays_and_a_changed_person_is_counted(
    fresh: Connection, tmp_path: Path
) -> None:
    rows = [row | {"社保卡号": ""} for row in ROWS["person"]]
    assert take(fresh, saved(tmp_path, "person", rows), now=LATER)[0] == Counts(same=2)
    cells = {
        "姓名": "测试·玉衡",
        "性别": "男",
        "民族": "05",
        "社保卡号": "CARD009",
        "统筹区": "430500",
        "证件号码": certificate(9),
    }
    for name, cell in cells.items():
        changed = [ROWS["person"][0] | {name: cell}]
        assert take(fresh, saved(tmp_path, "person", changed), now=LATER)[0] == Counts(changed=1)
        assert take(fresh, saved(tmp_path, "person", changed), now=LATER)[0] == Counts(same=1)
        take(fresh, saved(tmp_path, "person", ROWS["person"]), now=LATER)
    assert find_by_card(fresh, IDENTITY, "CARD009") is None
    renamed = [ROWS["person"][0] | {"姓名": "测试·玉衡", "社保卡号": ""}]
    assert take(fresh, saved(tmp_path, "person", renamed), now=LATER)[0] == Counts(changed=1)
    found = find_by_card(fresh, IDENTITY, "CARD001")
    assert found and found.name == "测试·玉衡"


def test_a_changed_institution_is_counted_and_stored(fresh: Connection, tmp_path: Path) -> None:
    cells = {
        "统筹区": "430500",
        "名称": "改名",
        "类别": "零售药店",
        "等级代码": "07",
        "统一社会信用代码": "99OTHER",
    }
    for name, cell in cells.items():
        rows = [ROWS["institution"][0] | {name: cell}, *ROWS["institution"][1:]]
        assert take(fresh, saved(tmp_path, "institution", rows)) == [Counts(same=2, changed=1)]
        assert exported(fresh, tmp_path, "institution")[0][name] == cell
        fill(fresh, tmp_path, "institution")


def secret_of(owner: Connection, access_key: str, now: datetime) -> str | None:
    """What the gateway takes for the secret of an access key at an instant."""
    return Credentials(IDENTITY.decrypt).load(owner, access_key, now).secret


def test_a_revocation_that_is_imported_ends_the_credential_at_its_instant(
    fresh: Connection, tmp_path: Path
) -> None:
    row = ROWS["credential"][0]
    end = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    # Known since the import and no sooner, up to the instant of its end.
    assert secret_of(fresh, "TEST-1", NOW - timedelta(microseconds=1)) is None
    assert secret_of(fresh, "TEST-1", NOW) == "hush-hush"
    assert secret_of(fresh, "TEST-1", end - timedelta(microseconds=1)) == "hush-hush"
    assert secret_of(fresh, "TEST-1", end) is None
    # A day means its beginning in China.
    sooner = saved(tmp_path, "credential", [row | {"停用时间": "2026-01-01"}])
    assert take(fresh, sooner, now=LATER) == [Counts(changed=1)]
    end = datetime(2025, 12, 31, 16, tzinfo=UTC)
    assert secret_of(fresh, "TEST-1", end - timedelta(microseconds=1)) == "hush-hush"
    assert secret_of(fresh, "TEST-1", end) is None
    assert take(fresh, sooner, now=LATER) == [Counts(same=1)]
    lasting = saved(tmp_path, "credential", [row | {"停用时间": "", "密钥": "other"}])
    assert take(fresh, lasting, now=LATER) == [Counts(changed=1)]
    assert secret_of(fresh, "TEST-1", datetime(2040, 1, 1, tzinfo=UTC)) == "other"


def test_a_credential_of_another_institution_is_moved_not_kept(
    fresh: Connection, tmp_path: Path
) -> None:
    moved = [ROWS["credential"][0] | {"机构代码": THERE}]
    assert take(fresh, saved(tmp_path, "credential", moved)) == [Counts(changed=1)]
    found = Credentials(IDENTITY.decrypt).load(fresh, "TEST-1", LATER)
    assert (found.institution, found.secret) == (THERE, "hush-hush")
