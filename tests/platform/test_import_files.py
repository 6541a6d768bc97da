"""Files of the registry: imported whole or not at all, again without change, with both times."""

import csv
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.platform.counter import OPERATOR
from tests.platform.county_files import EXPORTED, load_files

from gongji.cli.import_kinds import KINDS, stores
from gongji.institutions.institution_kinds import INSTITUTION_KINDS, KEYED
from gongji.law.engine.areas import Areas
from gongji.people.person_facts import facts_at
from gongji.people.person_kinds import EXCLUSIVE, PERSON_KINDS
from gongji.people.person_rows import find_person
from gongji.platform.identity import Identity, check_character
from gongji.platform.imports.dated_rows import Counts
from gongji.platform.imports.export_files import export
from gongji.platform.imports.template import explained, template
from gongji.refusals import Refusal, RulebookError

Connection = psycopg.Connection[Any]
IDENTITY = Identity(b"i" * 32, b"l" * 32)
NOW = datetime(2025, 6, 1, 4, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def number(order: int, born: str = "19800101") -> str:
    first = f"990101{born}{order:03d}"
    return first + check_character(first)


def psn(order: int) -> str:
    return f"532300{order:014d}"


def write(folder: Path, name: str, *rows: str) -> Path:
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(row.split(",") for row in rows)
    return path


def persons(folder: Path, *orders: int) -> Path:
    rows = [f"{psn(n)},532300,测试·星{n},{number(n)}" for n in orders]
    return write(folder, "参保人.csv", "人员编号,统筹区,姓名,证件号码", *rows)


def take(owner: Connection, *paths: Path, now: datetime = NOW, **more: Any) -> list[Counts]:
    return [counts for _, counts in load_files(owner, paths, IDENTITY, now, **more)]


def problems(owner: Connection, *paths: Path, **more: Any) -> list[str]:
    with pytest.raises(RulebookError) as caught:
        load_files(owner, paths, IDENTITY, NOW, **more)
    return [str(problem) for problem in caught.value.problems]


def rows_of(owner: Connection, table: str) -> int:
    found = owner.execute(f"select count(*) from {table}").fetchone()
    assert found
    return int(found[0])


INSURED = "人员编号,起始日,终止日,参保状态,单位"


def test_a_person_comes_with_the_sex_and_birth_of_the_identity_number(
    owner: Connection, tmp_path: Path
) -> None:
    assert take(owner, persons(tmp_path, 1, 2)) == [Counts(new=2), Counts(new=2)]
    person = find_person(owner, psn(1))
    assert person and (person.sex, person.name) == ("1", "测试·星1")
    assert IDENTITY.decrypt(person.certificate) == number(1)
    (born,) = facts_at(owner, [person.id], date(2025, 6, 1))[person.id]
    assert born.read().birth_date == "1980-01-01"


def test_the_same_file_again_changes_nothing(owner: Connection, tmp_path: Path) -> None:
    files = [
        persons(tmp_path, 1),
        write(tmp_path, "参保.csv", INSURED, f"{psn(1)},2020-01-01,,在职,测试单位"),
    ]
    take(owner, *files)
    before = rows_of(owner, "person_fact")
    assert take(owner, *files, now=LATER) == [Counts(same=1)] * 3
    assert rows_of(owner, "person_fact") == before


def test_a_changed_fact_keeps_what_was_known_before(owner: Connection, tmp_path: Path) -> None:
    take(
        owner,
        persons(tmp_path, 1),
        write(tmp_path, "参保.csv", INSURED, f"{psn(1)},2020-01-01,,在职,甲"),
    )
    changed = write(
        tmp_path,
        "参保.csv",
        INSURED,
        f"{psn(1)},2020-01-01,2025-06-01,在职,甲",
        f"{psn(1)},2025-06-01,,退休,甲",
    )
    assert take(owner, changed, now=LATER) == [Counts(new=1, changed=1)]
    person = find_person(owner, psn(1))
    assert person

    def status(known_at: datetime | None) -> str:
        (fact,) = facts_at(owner, [person.id], date(2025, 6, 2), known_at, ["insured"])[person.id]
        return str(fact.read().status)

    assert status(None) == "retired"
    assert status(NOW) == "active"
    assert facts_at(owner, [person.id], date(2025, 6, 2), NOW - timedelta(1))[person.id] == []


def test_every_mistake_of_every_file_is_told_at_once_and_nothing_is_kept(
    owner: Connection, tmp_path: Path
) -> None:
    wrong = number(2)[:-1] + ("1" if number(2)[-1] != "1" else "2")
    people = write(
        tmp_path,
        "参保人.csv",
        "人员编号,统筹区,姓名,证件号码",
        f"{psn(1)},532300,测试·星一,{number(1)}",
        f"{psn(2)},532300,测试·星二,{wrong}",
        f"5.323E+19,532300,,{number(3)}",
    )
    spells = write(
        tmp_path,
        "参保.csv",
        INSURED,
        f"{psn(1)},2020-01-01,,在岗,甲",
        f"{psn(9)},2020-01-01,,在职,甲",
        f"{psn(2)},2020-01-01,,在职,甲",
        f"{psn(1)},2020-13-01,,在职,甲",
        f"{psn(1)},2020-01-01,2019-01-01,在职,甲",
    )
    found = problems(owner, people, spells)
    assert [line.split("：")[0] for line in found] == [
        "参保.csv: 第 1 行 参保状态",
        "参保.csv: 第 2 行 人员编号",
        "参保.csv: 第 4 行 起始日",
        "参保.csv: 第 5 行 终止日",
        "参保人.csv: 第 2 行 证件号码",
        "参保人.csv: 第 3 行 人员编号",
        "参保人.csv: 第 3 行 姓名",
    ]
    said = "\n".join(found)
    assert "在职、退休" in said and "校验码" in said
    assert wrong not in said and psn(9) not in said and "5323************0009" in said
    assert rows_of(owner, "person") == rows_of(owner, "person_fact") == 0


def test_rows_that_overlap_are_named_before_the_database_says_so(
    owner: Connection, tmp_path: Path
) -> None:
    take(
        owner,
        persons(tmp_path, 1, 2),
        write(tmp_path, "参保.csv", INSURED, f"{psn(1)},2020-01-01,,在职,甲"),
    )
    more = write(
        tmp_path,
        "参保.csv",
        INSURED,
        f"{psn(1)},2025-01-01,,退休,甲",
        f"{psn(2)},2020-01-01,2022-01-01,在职,甲",
        f"{psn(2)},2021-12-31,,在职,甲",
        f"{psn(2)},2021-12-31,,在职,乙",
    )
    found = problems(owner, more)
    assert found[0].startswith("参保.csv: 第 1 行 起始日：与已有的一条（2020-01-01 起）重叠")
    assert any("第 3 行 起始日：与第 2 行" in line and "重叠" in line for line in found)
    assert any("第 4 行 起始日：与第 3 行是同一项" in line for line in found)


def test_an_earlier_spell_may_overlap_once_the_known_one_is_withdrawn(
    owner: Connection, tmp_path: Path
) -> None:
    take(
        owner,
        persons(tmp_path, 1),
        write(tmp_path, "参保.csv", INSURED, f"{psn(1)},2020-01-01,,在职,甲"),
    )
    right = write(
        tmp_path,
        "参保.csv",
        INSURED + ",撤销",
        f"{psn(1)},2020-01-01,,在职,甲,是",
        f"{psn(1)},2019-01-01,,在职,甲,",
    )
    assert take(owner, right, now=LATER) == [Counts(new=1, withdrawn=1)]
    assert take(owner, right, now=LATER + timedelta(1)) == [Counts(same=2)]
    never = write(tmp_path, "参保.csv", INSURED + ",撤销", f"{psn(1)},2001-01-01,,在职,甲,是")
    assert "没有起始日相同的一条可以撤销" in problems(owner, never)[0]


def test_a_dry_run_counts_and_keeps_nothing(owner: Connection, tmp_path: Path) -> None:
    assert take(owner, persons(tmp_path, 1), dry_run=True)[0] == Counts(new=1)
    assert rows_of(owner, "person") == 0


def test_a_certificate_belongs_to_one_person(owner: Connection, tmp_path: Path) -> None:
    take(owner, persons(tmp_path, 1))
    stolen = write(
        tmp_path,
        "参保人.csv",
        "人员编号,统筹区,姓名,证件号码",
        f"{psn(5)},532300,测试·星五,{number(1)}",
        f"{psn(6)},532300,测试·星六,{number(6)}",
        f"{psn(7)},532300,测试·星七,{number(6)}",
    )
    found = problems(owner, stolen)
    assert "第 1 行 证件号码：已属于参保人 5323************0001" in found[0]
    assert "第 3 行 证件号码：与第 2 行的证件号码相同" in found[1]


def test_a_county_is_its_pooling_area(owner: Connection, tmp_path: Path) -> None:
    file = persons(tmp_path, 1)
    take(owner, file, home={"532300": "530900"}.__getitem__)
    person = find_person(owner, psn(1))
    assert person and person.area == "530900"


def test_bonds_name_people_who_are_there_and_are_somebody_else(
    owner: Connection, tmp_path: Path
) -> None:
    head = "人员编号,账户所有人,起始日,顺序,关系,同意日期"
    bonds = write(
        tmp_path,
        "家庭共济.csv",
        head,
        f"{psn(1)},{psn(2)},2025-01-01,1,配偶,2025-01-01",
        f"{psn(1)},{psn(1)},2025-01-01,2,配偶,2025-01-01",
        f"{psn(1)},{psn(8)},2025-01-01,3,配偶,2025-01-01",
    )
    found = problems(owner, persons(tmp_path, 1, 2), bonds)
    assert ["是本人" in found[0], "没有参保人" in found[1], len(found)] == [True, True, 2]


def test_two_spouses_of_one_person_are_told_by_their_lines(
    owner: Connection, tmp_path: Path
) -> None:
    head = "人员编号,账户所有人,起始日,终止日,顺序,关系,同意日期"
    people = persons(tmp_path, 1, 2, 3)

    def bonds(*rows: tuple[int, int, str, str, str]) -> Path:
        lines = [
            f"{psn(one)},{psn(other)},{since},{until},{order},{relation},2025-01-01"
            for order, (one, other, since, until, relation) in enumerate(rows, start=1)
        ]
        return write(tmp_path, "家庭共济.csv", head, *lines)

    second = [(1, 2, "2025-01-01", "", "配偶"), (1, 3, "2025-02-01", "", "配偶")]
    (found,) = problems(owner, people, bonds(*second))
    assert "第 2 行" in found and "与第 1 行是两位配偶" in found and "第一千零四十一条" in found
    across = [(1, 2, "2025-01-01", "", "配偶"), (3, 1, "2025-02-01", "", "配偶")]
    (found,) = problems(owner, people, bonds(*across))
    assert "与第 1 行是两位配偶" in found
    # One after the other, and the same two both ways, are one at a time.
    after = [(1, 2, "2025-01-01", "2025-02-01", "配偶"), (1, 3, "2025-02-01", "", "配偶")]
    paths = [people, bonds(*after, (3, 1, "2025-03-01", "", "配偶"))]
    load_files(owner, paths, IDENTITY, NOW)
    # What is known already counts as well.
    (found,) = problems(owner, bonds((2, 1, "2025-06-01", "", "配偶")))
    assert "与已有的一条（2025-02-01 起）是两位配偶" in found


@pytest.mark.parametrize(
    ("name", "rows", "said"),
    [
        ("不知何物.csv", ["人员编号"], "种类"),
        ("参保.csv", ["人员编号,起始日,颜色"], "颜色：“参保”没有这一列"),
        ("参保.csv", ["人员编号,起始日"], "参保状态：缺少这一列"),
        ("参保.csv", [INSURED, f"{psn(1)},2020-01-01,,在职,甲,多"], "整行：单元格比列名多"),
        (
            "目录.csv",
            [
                "统筹区,国家编码,名称,目录类别,收费类别,起始日,甲乙丙,先行自付比例",
                "532300,X1,药,101,09,2025-01-01,乙,0.1",
            ],
            "须带百分号",
        ),
        ("机构级别.csv", ["机构代码,起始日,级别", "H53230000009,2025-01-01,二级"], "没有机构"),
    ],
)
def test_a_file_that_does_not_fit_is_told_what_to_do(
    owner: Connection, tmp_path: Path, name: str, rows: list[str], said: str
) -> None:
    assert any(said in line for line in problems(owner, write(tmp_path, name, *rows)))


def test_an_unknown_kind_is_refused(owner: Connection, tmp_path: Path) -> None:
    with pytest.raises(Refusal) as caught:
        take(owner, persons(tmp_path, 1), kind="颜色")
    assert (caught.value.code, caught.value.field) == ("value_invalid", "--kind")
    assert "颜色" in str(caught.value) and "参保人、出生日期、参保、" in str(caught.value)
    assert rows_of(owner, "person") == 0


def test_a_credential_is_sealed_and_its_secret_never_shown(
    owner: Connection, tmp_path: Path
) -> None:
    institution = write(
        tmp_path, "机构.csv", "机构代码,统筹区,名称,类别", "H53230000001,532300,测试县医院,医疗机构"
    )
    secret = write(tmp_path, "接入凭据.csv", "访问码,机构代码,密钥", "TEST,H53230000001,hush-hush")
    assert take(owner, institution, secret) == [Counts(new=1), Counts(new=1)]
    assert take(owner, secret) == [Counts(same=1)]
    row = owner.execute("select secret from credential").fetchone()
    assert row and b"hush" not in row[0] and IDENTITY.decrypt(row[0]) == "hush-hush"
    out = tmp_path / "out.csv"
    export(owner, KINDS["credential"], out, IDENTITY, unmasked=True)
    assert "hush" not in out.read_text()


def test_a_template_with_its_examples_made_rows_comes_in_and_goes_out_the_same(
    owner: Connection, tmp_path: Path
) -> None:
    """Every kind once: the example row of the template, imported, exported, imported again."""
    book = tmp_path / "全部.xlsx"
    template(list(KINDS), book)
    assert take(owner, book, dry_run=True, stores=stores(Areas(), OPERATOR)) == [Counts()] * len(
        KINDS.by_name
    )
    take(owner, *_examples(tmp_path), stores=stores(Areas(), OPERATOR))
    out = []
    for name in EXPORTED:
        if name != "credential":
            out.append(tmp_path / f"{name}-again.csv")
            assert export(owner, KINDS[name], out[-1], IDENTITY, unmasked=True) >= 1, name
    for counts in take(owner, *out, now=LATER, stores=stores(Areas(), OPERATOR)):
        assert counts.same and counts == Counts(same=counts.same)


def _examples(folder: Path) -> list[Path]:
    """A file of each kind with its example row; the second person is the first one's family."""
    files = []
    for name in EXPORTED:
        if name == "birth":
            continue  # It comes with the persons.
        columns = KINDS[name].columns
        rows = [[column.example for column in columns]]
        if name == "person":
            other = list(rows[0])
            other[0], other[6] = psn(2), number(2)
            rows.append(other)
        path = folder / f"{name}.csv"
        with path.open("w", newline="") as file:
            csv.writer(file).writerows([[column.heading for column in columns], *rows])
        files.append(path)
    return files


def test_an_export_is_masked_unless_that_is_asked_for(owner: Connection, tmp_path: Path) -> None:
    take(owner, persons(tmp_path, 1))
    out = tmp_path / "out.csv"
    export(owner, KINDS["person"], out, IDENTITY)
    shown = out.read_text()
    assert psn(1) not in shown and number(1) not in shown and "测试·星1" not in shown
    assert "测*" in shown and "9901**********" in shown
    export(owner, KINDS["person"], out, IDENTITY, unmasked=True)
    assert number(1) in out.read_text()


@pytest.mark.parametrize("kind", [*PERSON_KINDS, *INSTITUTION_KINDS])
def test_a_file_of_facts_has_every_field_of_its_kind(kind: str) -> None:
    fields = (PERSON_KINDS | INSTITUTION_KINDS)[kind].__struct_fields__
    columns = {column.name for column in KINDS[kind].columns}
    assert set(fields) <= columns
    assert kind in ("birth", "stay") or {"since", "until", "withdrawn"} <= columns
    assert ("key" in columns) == (kind not in EXCLUSIVE | (set(INSTITUTION_KINDS) - KEYED))


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("参保-2025", "insured"),
        ("参保人", "person"),
        ("opening_balance_1", "opening_balance"),
        ("person", "person"),
        ("personal", None),
        ("颜色", None),
    ],
)
def test_a_file_name_tells_its_kind(word: str, kind: str | None) -> None:
    found = KINDS.find(word)
    assert (found.name if found else None) == kind


def _balance(owner: Connection) -> int:
    row = owner.execute("select amount_fen from balance where kind = 'account'").fetchone()
    return int(row[0]) if row else 0


def test_openings_and_stays_go_into_the_ledger_once(owner: Connection, tmp_path: Path) -> None:
    ledger = stores(Areas(), OPERATOR)
    files = [
        persons(tmp_path, 1),
        write(
            tmp_path,
            "机构.csv",
            "机构代码,统筹区,名称,类别",
            "H53230000001,532300,测试县医院,医疗机构",
        ),
        write(tmp_path, "期初余额.csv", "人员编号,日期,余额", f"{psn(1)},2025-01-01,123.45"),
        write(
            tmp_path,
            "期初累计.csv",
            "人员编号,日期,累计代号,已用",
            f"{psn(1)},2025-01-01,ordinary_paid,10",
        ),
        write(
            tmp_path,
            "住院.csv",
            "人员编号,住院号,起始日,终止日,机构代码,级别,统筹支付",
            f"{psn(1)},Z1,2025-02-01,2025-02-03,H53230000001,二级,500.00",
        ),
    ]
    take(owner, *files, stores=ledger)
    entries = rows_of(owner, "entry")
    assert _balance(owner) == 12345
    assert take(owner, *files, now=LATER, stores=ledger) == [Counts(same=1)] * 6
    assert rows_of(owner, "entry") == entries and _balance(owner) == 12345


def test_what_the_ledger_refuses_is_named_by_row(owner: Connection, tmp_path: Path) -> None:
    files = [
        persons(tmp_path, 1),
        write(
            tmp_path,
            "期初累计.csv",
            "人员编号,日期,累计代号,已用",
            f"{psn(1)},2025-01-01,ordinary_paid,10",
            f"{psn(1)},2025-01-01,colour,10",
        ),
    ]
    (said,) = problems(owner, *files, stores=stores(Areas(), OPERATOR))
    assert said.startswith("期初累计.csv: 第 2 行") and "colour" in said
    assert rows_of(owner, "entry") == rows_of(owner, "person") == 0
    (said,) = problems(owner, *files)
    assert "要计入账簿" in said


NASTY = (
    "",
    " ",
    "0",
    "-1",
    "1e9",
    "９",
    "null",
    "是",
    "乙",
    "\x00",
    "a\nb",
    "x" * 300,
    "9" * 40,
    "'",
    ";",
    "\\.",
    "\\N",
    "2025-02-30",
    "0001-01-01",
    "9999-12-31",
    "100%",
    "100.001",
    "￥5",
    "{}",
    "H1",
    "，，",
    "99999999999.99",
    "𠮷",
    "inf",
    "2025-01-01T25:00",
    "532300",
    psn(1),
)


def test_no_cell_however_odd_is_an_accident(owner: Connection, tmp_path: Path) -> None:
    """Every kind's example row with some cells replaced: imported or refused, nothing else."""
    rng = random.Random(20250303)
    take(owner, *_examples(tmp_path), stores=stores(Areas(), OPERATOR))
    ledger, refused = stores(Areas(), OPERATOR), 0
    for _ in range(150):
        kind = rng.choice(list(KINDS))
        cells = [column.example for column in kind.columns]
        for at in rng.sample(range(len(cells)), rng.randint(1, 2)):
            cells[at] = rng.choice(NASTY)
        path = tmp_path / f"{kind.name}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([[column.heading for column in kind.columns], cells])
        try:
            load_files(owner, [path], IDENTITY, LATER, dry_run=True, stores=ledger)
        except (RulebookError, Refusal):
            refused += 1
    assert 50 < refused < 150


def test_every_column_is_in_the_documentation() -> None:
    text = (Path(__file__).parents[2] / "docs/operate/import-files.md").read_text()
    for kind in KINDS:
        assert f"## {kind.title} `{kind.name}`" in text
        for cells in explained(kind):
            assert f"| {' | '.join(cells)} |" in text, f"{kind.title}：{cells[0]}"
