"""A made-up county and a hospital's counter in it, for the tests of visits and fee lines.

Plain functions: a test module makes its own fixtures of them.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from gongji.law.engine.areas import Areas
from gongji.platform.actors import Actor
from gongji.refusals import Refusal
from gongji.settlement import visits
from gongji.settlement.batch_marks import read_marks
from gongji.settlement.batch_summary import AMOUNTS, BatchSummary
from gongji.settlement.contract import Bounds, Line
from gongji.settlement.price_bills import PricedLine
from gongji.settlement.visits import (
    Diagnosis,
    LinesNamed,
    LinesUpload,
    VisitDescription,
    VisitNamed,
    VisitOpening,
)
from gongji.units import CHINA, UNIT

Connection = psycopg.Connection[Any]

NOW = datetime(2024, 3, 5, 10, 0, tzinfo=CHINA)
RULES = Areas()
HOSPITAL, FOREIGN, PHARMACY, LAPSED = (
    "H53230000002",
    "H53230000003",
    "P53230000001",
    "H53230000009",
)
CHUXIONG, YUNFU = "53230000000000000001", "44530000000000000002"
ITEMS: list[tuple[Any, ...]] = [
    # item, grade, first self-pay, standard, listing, negotiated, restricted, diseases
    ("A", "甲", None, 200, None, False, False, []),
    ("B", "乙", 50_000, None, None, False, False, []),
    ("C", "丙", None, None, None, False, False, []),
    ("N", "乙", 200_000, None, 5000, True, False, []),
    ("R", "甲", None, None, None, False, True, []),
    ("G", "甲", None, None, None, False, False, ["糖尿病"]),
    ("H", "甲", None, None, None, False, False, ["M03900"]),
]


def fill_county(owner: Connection) -> None:
    """Two persons with a registered disease, a level-2 hospital, a pharmacy, seven items."""
    people = [(1, CHUXIONG, "532300", "chronic"), (2, YUNFU, "445300", "special")]
    for number, psn_no, area, benefit in people:
        owner.execute(
            "insert into person (id, psn_no, area, name, certificate, certificate_hash)"
            " overriding system value values (%s, %s, %s, '测试甲', '', %s)",
            [number, psn_no, area, bytes([number])],
        )
        details = {"benefit": benefit, "disease": "糖尿病", "name": "糖尿病"}
        filed = details | {"disease": "高血压", "name": "高血压", "state": "filed"}
        owner.execute(
            "insert into person_fact (person_id, area, kind, key, since, details)"
            " values (%s, %s, 'registration', 'M01600', '2023-01-01', %s),"
            " (%s, %s, 'registration', 'M03900', '2023-01-01', %s)",
            [number, area, Jsonb(details), number, area, Jsonb(filed)],
        )
        for item, grade, share, standard, listing, negotiated, restricted, diseases in ITEMS:
            add_item(
                owner,
                item,
                area=area,
                grade=grade,
                first_self_pay_ppm=share,
                diseases=diseases,
                standard_fen=standard,
                listing_fen=listing,
                negotiated=negotiated,
                dual_channel=negotiated,
                restricted=restricted,
                agreement_until="2024-03-01" if negotiated else None,
            )
    for code, kind, level in (
        (HOSPITAL, "hospital", "2"),
        (FOREIGN, "hospital", "3"),
        (PHARMACY, "pharmacy", ""),
        (LAPSED, "hospital", "1"),
    ):
        owner.execute(
            "insert into institution (code, area, name, kind) values (%s, '532300', '测试', %s)",
            [code, kind],
        )
        until = "2024-01-01" if code == LAPSED else None
        owner.execute(
            "insert into institution_fact (institution, kind, since, until, details) values"
            " (%s, 'level', '2020-01-01', null, %s), (%s, 'agreement', '2020-01-01', %s, %s)",
            [code, Jsonb({"level": level}), code, until, Jsonb({"designated_for": ["ordinary"]})],
        )


def add_item(owner: Connection, item: str, **columns: Any) -> None:
    row: dict[str, Any] = {
        "area": "532300",
        "item": item,
        "name": f"测试药{item}",
        "list_type": "101",
        "charge_type": "09",
        "since": "2023-01-01",
        "grade": "甲",
        "diseases": [],
    } | columns
    places = ", ".join(["%s"] * len(row))
    owner.execute(
        f"insert into item_version ({', '.join(row)}) values ({places})",
        list(row.values()),
    )


def told(institution: str = HOSPITAL) -> dict[str, Any]:
    """Who acts, and when."""
    return {"actor": Actor.institution(institution), "now": NOW}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def line(serial: str, item: str, fen: int, quantity: int = 1, **more: Any) -> Line:
    return Line(serial, item, quantity * UNIT, fen * 10_000 // quantity, fen, **more)


class Counter:
    """A hospital's counter: each call is a transaction of the gateway, as the dispatcher makes
    it.
    """

    def __init__(self, gateway: Connection) -> None:
        self.gateway = gateway

    def open(self, psn_no: str = CHUXIONG, when: str = "2024-03-05 09:00", **more: Any) -> int:
        who = told(more.pop("institution", HOSPITAL))
        bounds = Bounds(more.pop("days_back", 400), more.pop("days_ahead", 1))
        content = VisitOpening(psn_no, at(when), "n1", {}, "m1")
        with self.gateway.transaction():
            return visits.open_visit(self.gateway, content, **who, bounds=bounds)

    def describe(
        self, visit: int, psn_no: str = CHUXIONG, *rows: dict[str, str], **more: Any
    ) -> None:
        content = VisitDescription(
            visit,
            psn_no,
            more.get("med_type", "registered_disease"),
            more.get("disease", "M01600"),
            at(more.get("when", "2024-03-05 09:10")),
            tuple(
                Diagnosis(
                    one["diag_type"], one.get("diag_code", ""), one, one.get("vali_flag") == "0"
                )
                for one in rows
            ),
            more.get("details", {}),
        )
        with self.gateway.transaction():
            visits.record_diagnoses(self.gateway, content, **told())

    def upload(
        self, visit: int, *lines: Line, batch: str = "b1", psn_no: str = CHUXIONG, **more: Any
    ) -> list[PricedLine]:
        who = told(more.pop("institution", HOSPITAL))
        content = LinesUpload(visit, psn_no, batch, lines, **more)
        with self.gateway.transaction():
            return visits.upload_lines(self.gateway, content, **who, areas=RULES)

    def withdraw(self, visit: int, batch: str | None, psn_no: str = CHUXIONG) -> None:
        with self.gateway.transaction():
            visits.withdraw_lines(self.gateway, LinesNamed(visit, psn_no, batch), **told())

    def cancel(self, visit: int, number: str = "n1", psn_no: str = CHUXIONG) -> None:
        with self.gateway.transaction():
            visits.withdraw_visit(self.gateway, VisitNamed(visit, psn_no, number), **told())

    def batches(self) -> list[dict[str, Any]]:
        with self.gateway.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            return cursor.execute("select * from charge_batch order by id").fetchall()

    def summaries(self) -> list[BatchSummary]:
        return [
            BatchSummary(
                *(row[name] for name in ("total_fen", *AMOUNTS)),
                row["parts"],
                read_marks(row["marks"]),
            )
            for row in self.batches()
        ]

    def settle(self, number: str, entry: int | None = 77) -> None:
        batch = "select id from charge_batch where number = %s"
        if entry is None:
            self.gateway.execute(
                f"update settlement_batch set released_at = now() where batch in ({batch})"
                " and released_at is null",
                [number],
            )
        else:
            self.gateway.execute(
                f"insert into settlement_batch (entry, batch) select %s, id from ({batch}) c",
                [entry, number],
            )


def refused(code: str, act: Callable[[], object], *words: str) -> None:
    with pytest.raises(Refusal) as found:
        act()
    assert found.value.code == code
    for word in words:
        assert word in str(found.value)
