"""攀枝花 第十二条, from the item to its effect: bills on paper, once the procedure takes them.

The county's agency reviews first, the prefecture's second and audits; without a procedure of its
own the area takes no bills, and with one the same item carries them to their payment.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import psycopg
import pytest
from tests import databases
from tests.platform.agency_office import refused
from tests.platform.review_world import OPERATOR, PDF, PLACES, World

from gongji.agency import law_changes
from gongji.agency.law_changes import KIND, LawChange, proposed, read_document
from gongji.ledger.verify import verify
from gongji.review import desk as life
from gongji.review import staff_jobs
from gongji.review.desk import Drafting
from gongji.review.evidence import PaperFile
from gongji.review.staff import Agency, add_agency

CONSOLE = "-c role=gongji_console -c timezone=UTC"
AREA, COUNTY = "510400", "510411"
PAPERS = ("收费票据", "费用明细清单", "诊断证明", "病历资料")
PROCEDURE = f"""文件:
  名称: 测试市职工医保普通门诊统筹经办规程
  文号: 测医中心〔2026〕1号
  统筹区: "{AREA}"
  地名: 四川省攀枝花市
  施行: 2026-01-01
  有效期至: 2027-12-31
  来源: 非官方
  出处: 测试
期限:
  手工报销:
    事项: 手工报销
    截止: 次年3月31日
    依据: 第一条
条文:
  第一条:
    处置: 规则
    说明: 未能直接结算的门诊费用，次年3月31日前申请
    键: 期限.手工报销
"""


class City(World):
    """The city with a county, a hospital of level two, an insured person, and the staff."""

    def __init__(self, owner: Any, by: Any) -> None:
        super().__init__(owner, by)
        for code, parent in ((AREA, None), (COUNTY, AREA)):
            made = Agency(code, AREA, parent, "county" if parent else "prefecture", f"测试{code}")
            add_agency(owner, made, actor=OPERATOR, now=self.now)
        owner.execute(
            "insert into institution (code, area, name, kind)"
            " values ('H1', %s, '测试', 'hospital')",
            [AREA],
        )
        for kind, key, details in (
            ("level", "", '{"level": "2"}'),
            ("agreement", "ordinary", "{}"),
        ):
            owner.execute(
                "insert into institution_fact (institution, kind, key, since, details)"
                " values ('H1', %s, %s, '2020-01-01', %s)",
                [kind, key, details],
            )
        for kind, details in (("insured", '{"status": "active"}'), ("account", "{}")):
            owner.execute(
                "insert into person_fact (person_id, area, kind, since, details)"
                " values (1, %s, %s, '2020-01-01', %s)",
                [AREA, kind, details],
            )
        self.clerk = self.post("clerk", "handler", "pz county")
        self.steps = [
            self.post("first", "first_reviewer", "pz county"),
            self.post("second", "second_reviewer", "pz city"),
            self.post("third", "inspector", "pz city"),
        ]
        self.maker = self.post("maker", "business", "pz city")

    def bill(self, number: str) -> int:
        """A bill of 1,000.00 in scope of three days ago, submitted with its papers."""
        day = self.desk().today - timedelta(days=3)
        form: dict[str, Any] = {"psn_no": "53230000000000000001", "institution": "H1"}
        form |= {"number": number, "service_date": str(day)}
        form |= {"total_fen": 100_000, "in_scope_fen": 100_000}
        place = {"area": AREA, "agency": COUNTY}
        made = self.draft(self.clerk, form, kind="manual_reimbursement", **place)
        for name in PAPERS:
            life.add_paper(self.desk(), self.clerk, made, PaperFile(name, PDF))
        life.submit(self.desk(), self.clerk, self.acting(made))
        return made

    def published(self, change: LawChange) -> None:
        """A change of the law, tried and reviewed."""
        law = proposed(self.by, AREA, change)
        job = law_changes.ask_trial(self.by, law, 1, self.now)
        assert staff_jobs.carry_out(self.by, self.seal, job.id, self.now)
        content = msgspec.to_builtins(change)
        asked = Drafting(self.msg(), KIND, AREA, "", "area", AREA, content)
        number = life.draft(self.desk(), self.maker, asked).command
        life.submit(self.desk(), self.maker, self.acting(number))
        told = [self.approve(who, number).state for who in self.steps[1:]]
        assert told == ["submitted", "executed"]


@pytest.fixture
def city(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[City]:
    monkeypatch.setitem(PLACES, "pz county", (AREA, COUNTY))
    monkeypatch.setitem(PLACES, "pz city", (AREA, AREA))
    with (
        databases.copy(server) as address,
        psycopg.connect(address, autocommit=True) as owner,
        psycopg.connect(address, options=CONSOLE, autocommit=True) as by,
    ):
        yield City(owner, by)


def test_article_12_from_the_item_to_the_posting(city: City) -> None:
    refused("not_ruled", city.bill, "B1")
    path, text = read_document(AREA, "规程.yaml", PROCEDURE.encode())
    city.published(LawChange({path: text}))
    made = city.bill("B2")
    chain = [(step.post, step.agency) for step in life.preview(city.desk(), made).chain]
    assert chain == [
        ("first_reviewer", COUNTY),
        ("second_reviewer", AREA),
        ("inspector", AREA),
    ]
    # Nobody of another step goes before: the county's agency reviews first.
    refused("step_not_held", city.approve, city.steps[1], made)
    refused("step_not_held", city.approve, city.post("other", "first_reviewer", "pz city"), made)
    told = [city.approve(who, made).state for who in city.steps]
    assert told == ["submitted", "submitted", "executed"]
    # 第七条: 200 a year, then 60 % at level two: (1,000 - 200) x 60 %.
    row = city.owner.execute(
        "select s.pool_fen, s.deductible_fen, e.command from settlement s"
        " join entry e on e.id = s.entry where e.kind = 'reimbursement'"
    ).fetchone()
    assert row == (48_000, 20_000, made)
    assert list(verify(city.owner)) == []
    (notice,) = city.owner.execute("select text from notice").fetchall()
    assert "第十二条" in notice[0]
