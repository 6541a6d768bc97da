"""Files of inpatient stays, and how their rows become facts and entries."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

from gongji.law.engine.areas import Areas
from gongji.people.import_kinds import KNOWN_FACTS
from gongji.people.import_people import take_stored
from gongji.platform.actors import Actor
from gongji.platform.imports.common_columns import (
    AREA,
    INSTITUTION,
    LEVELS,
    PSN_NO,
    SINCE,
    UNTIL,
    one_of,
    yes_no,
    yuan,
)
from gongji.platform.imports.dated_rows import Counts
from gongji.platform.imports.import_columns import Column, Kind, hour, text
from gongji.platform.imports.import_run import RoomImport, Store, Stored
from gongji.refusals import Refusal
from gongji.settlement.stays import StayReport, record_stay

Database = Connection[Any]
Rows = Sequence[tuple[int, dict[str, Any]]]
C = Column
STAYS = Kind(
    "stay",
    "住院",
    "住院经历；在住院系统结算的金额计入共用的累计",
    (
        PSN_NO,
        AREA,
        C("key", "住院号", text(60), "住院的编号", "ZY2025000001", True),
        SINCE,
        UNTIL,
        INSTITUTION,
        one_of("level", "级别", LEVELS, "住院医院的级别", "三级", required=True),
        yes_no("from_emergency", "急诊转入", "由急诊抢救直接转入"),
        C("admitted_at", "入院时刻", hour, "入院的时刻；空为不知道，按日计算", "09:30", empty=""),
        yes_no("died", "死亡", "住院或抢救中死亡"),
        yuan("deductible_fen", "起付", "住院结算扣除的起付标准", "0", empty=0),
        yuan("pool_fen", "统筹支付", "住院结算统筹支付的金额", "0", empty=0),
        yuan("total_fen", "总费用", "住院总费用", "0", empty=0),
    ),
    KNOWN_FACTS,
)
IMPORT = RoomImport((STAYS,), take_stored, stored=True)


def stay_stores(areas: Areas, actor: Actor) -> dict[str, Store]:
    """The store of stays (`gongji.platform.imports.load_files`)."""

    def stays(connection: Database, rows: Rows, now: datetime) -> Stored:
        return _record(connection, rows, areas, actor, now)

    return {STAYS.name: stays}


def _record(connection: Database, rows: Rows, areas: Areas, actor: Actor, now: datetime) -> Stored:
    """Stays one by one, so that each refusal names its row."""
    stored = Stored()
    for line, row in rows:
        report = StayReport(
            psn_no=row["psn_no"],
            area=row["area"],
            number=row["key"],
            since=row["since"],
            until=row["until"],
            institution=row["institution"],
            level=row["level"],
            from_emergency=row["from_emergency"],
            admitted_at=row["admitted_at"],
            died=row["died"],
            deductible_fen=row["deductible_fen"],
            pool_fen=row["pool_fen"],
            total_fen=row["total_fen"],
        )
        try:
            outcome = record_stay(connection, report, areas, now, actor=actor)
        except Refusal as error:
            stored.problems.append((line, error.field, str(error)))
            continue
        stored.counts += Counts(same=1) if outcome.entry is None else Counts(new=1)
    return stored
