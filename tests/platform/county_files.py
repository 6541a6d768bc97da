"""Import files of every kind, each cell of them other than what an empty one would mean.

Rows are by Chinese heading, written as an export writes them; STORED says by hand what becomes of
them. Plain functions and tables, no fixtures.
"""

import csv
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
from tests.platform.counter import OPERATOR

from gongji.cli.import_kinds import KINDS, ROOMS, stores
from gongji.law.engine.areas import Areas
from gongji.platform.identity import Identity, check_character
from gongji.platform.imports.dated_rows import Counts
from gongji.platform.imports.load_files import Importing, load

Connection = psycopg.Connection[Any]
IDENTITY = Identity(b"i" * 32, b"l" * 32)
NOW = datetime(2025, 6, 1, 4, tzinfo=UTC)
LEDGER = stores(Areas(), OPERATOR)
EXPORTED = tuple(kind.name for kind in KINDS.exported)
AREA, HERE, THERE, SHOP = "532300", "H53230000001", "H53230000002", "P53230000003"


def psn(order: int) -> str:
    """The number of a person."""
    return f"{AREA}{order:014d}"


def certificate(order: int, born: str = "19800101") -> str:
    """An invented identity number; its region does not exist."""
    first = f"990101{born}{order:03d}"
    return first + check_character(first)


def _whose(order: int, since: str = "2024-02-01", until: str = "2025-07-01") -> dict[str, str]:
    return {"人员编号": psn(order), "统筹区": AREA, "起始日": since, "终止日": until}


SPAN = {"起始日": "2024-02-01", "终止日": "2025-07-01"}
ROWS: dict[str, list[dict[str, str]]] = {
    "institution": [
        {
            "机构代码": code,
            "统筹区": AREA,
            "名称": f"测试{code}",
            "类别": kind,
            "等级代码": "03",
            "统一社会信用代码": f"99TEST{code}",
        }
        for code, kind in ((HERE, "医疗机构"), (THERE, "医疗机构"), (SHOP, "零售药店"))
    ],
    "level": [
        {"机构代码": HERE, **SPAN, "级别": "三级", "来源": "测试一号"},
        {"机构代码": THERE, **SPAN, "级别": "无", "实体机构": HERE, "来源": "测试二号"},
    ],
    "agreement": [
        {
            "机构代码": SHOP,
            **SPAN,
            "定点待遇": "急诊抢救、慢性病、谈判药",
            "纳入门诊统筹": "否",
            "每日读证人数": "3000",
            "来源": "测试三号",
        },
    ],
    "institution_area_fact": [
        {"机构代码": HERE, "事实": "grassroots", **SPAN, "值": "true", "来源": "测试十三号"},
    ],
    "credential": [
        {
            "访问码": "TEST-1",
            "机构代码": HERE,
            "密钥": "hush-hush",
            "停用时间": "2030-01-02 03:04:05+00:00",
            "用途": "住院",
            "SM2公钥": "04" + "0a" * 64,
        },
    ],
    "item": [
        {
            "统筹区": AREA,
            "国家编码": "X0000000001",
            "名称": "测试药",
            "目录类别": "101",
            "收费类别": "09",
            **SPAN,
            "甲乙丙": "乙",
            "先行自付比例": "12.5%",
            "支付标准": "10.01",
            "支付标准一级": "10.02",
            "支付标准二级": "10.03",
            "支付标准三级": "10.04",
            "挂网价": "10.05",
            "费用部分": "special",
            "谈判药": "是",
            "双通道": "是",
            "限制使用": "是",
            "基本药物": "是",
            "相关病种": "M03900、M01600",
            "规格": "10mg×20片",
            "协议期止": "2025-06-30",
            "账户用途": "健康体检",
        },
    ],
    "match": [
        {
            "机构代码": HERE,
            "机构编码": "OWN-1",
            "机构名称": "自己的药",
            "目录类别": "102",
            "国家编码": "X0000000001",
            **SPAN,
        },
    ],
    "person": [
        {
            "人员编号": psn(1),
            "统筹区": AREA,
            "姓名": "测试·天枢",
            "性别": "女",
            "民族": "02",
            "证件类型": "01",
            "证件号码": certificate(1),
            "社保卡号": "CARD001",
            "出生日期": "1980-01-02",
        },
        {
            "人员编号": psn(2),
            "统筹区": AREA,
            "姓名": "测试·天璇",
            "性别": "未说明",
            "民族": "03",
            "证件类型": "07",
            "证件号码": "TESTPASS02",
            "社保卡号": "CARD002",
            "出生日期": "1950-05-06",
        },
    ],
    "insured": [
        _whose(1)
        | {
            "参保状态": "退休",
            "参保方式": "灵活就业",
            "缴费档次": "二档",
            "欠费": "是",
            "待遇起": "2024-03-01",
            "待遇止": "2025-06-01",
            "单位": "测试单位",
            "缺缴年限": "3",
            "退休月份": "2024-03",
            "缴满月份": "2024-02",
            "来源": "测试四号",
        },
    ],
    "account": [_whose(1) | {"来源": "测试五号"}],
    "subsidy": [_whose(1) | {"补助": "企业补充", "来源": "测试六号"}],
    "bond": [
        _whose(1)
        | {
            "账户所有人": psn(2),
            "顺序": "2",
            "关系": "父母",
            "同意日期": "2024-01-31",
            "来源": "测试七号",
        },
    ],
    "registration": [
        _whose(1)
        | {
            "病种代码": "M07800",
            "待遇": "特殊病",
            "规则病种": "renal_failure",
            "病种名称": "透析",
            "状态": "已备案",
            "备案流水号": "BA1",
            "批准日期": "2024-01-30",
            "备案机构": THERE,
            "来源": "测试八号",
        },
    ],
    "offsite": [
        _whose(1)
        | {
            "就医地": "510100",
            "状态": "已备案",
            "备案流水号": "YD1",
            "类别": "long_term",
            "来源": "测试九号",
        },
    ],
    "area_fact": [
        _whose(1) | {"事实": "contracted", "值": "true", "来源": "测试十四号"},
    ],
    "selection": [
        _whose(1) | {"机构代码": THERE, "备案流水号": "XD1", "原因": "搬家", "来源": "测试十号"},
    ],
    "referral": [
        _whose(1)
        | {
            "转入机构": THERE,
            "转出机构": HERE,
            "备案流水号": "ZZ1",
            "原因": "病重",
            "来源": "测试十一号",
        },
    ],
    "injury": [
        _whose(1)
        | {
            "编号": "YW1",
            "第三人责任": "是",
            "先行支付": "否",
            "备案流水号": "YW1",
            "说明": "摔伤",
            "状态": "已备案",
            "来源": "测试十二号",
        },
    ],
    "stay": [
        _whose(1, "2025-02-01", "2025-02-09")
        | {
            "住院号": "ZY1",
            "机构代码": HERE,
            "级别": "三级",
            "急诊转入": "是",
            "入院时刻": "09:05",
            "死亡": "是",
            "起付": "800.01",
            "统筹支付": "5600.02",
            "总费用": "8000.03",
        },
    ],
}
"""What is imported; the last known date of birth comes with the persons."""

STORED: dict[str, dict[str, Any]] = {
    "level": {"level": "3", "parent": ""},
    "agreement": {
        "designated_for": ["emergency", "chronic", "negotiated_drug"],
        "qualified": False,
        "people_a_day": 3000,
    },
    "birth": {"birth_date": "1980-01-02"},
    "insured": {
        "status": "retired",
        "scheme": "flexible",
        "tier": "2",
        "arrears": True,
        "benefit_since": "2024-03-01",
        "benefit_until": "2025-06-01",
        "employer": "测试单位",
        "contribution_years_short": 3,
        "retired_month": "2024-03",
        "years_complete_month": "2024-02",
    },
    "account": {},
    "subsidy": {"subsidy": "enterprise"},
    "bond": {"order": 2, "relation": "parent", "consented_on": "2024-01-31"},
    "registration": {
        "benefit": "special",
        "disease": "renal_failure",
        "name": "透析",
        "state": "filed",
        "serial": "BA1",
        "approval_date": "2024-01-30",
        "institution": THERE,
    },
    "offsite": {"state": "filed", "serial": "YD1", "kind": "long_term"},
    "area_fact": {"value": "true"},
    "institution_area_fact": {"value": "true"},
    "selection": {"institution": THERE, "serial": "XD1", "reason": "搬家"},
    "referral": {"sender": HERE, "serial": "ZZ1", "reason": "病重"},
    "injury": {
        "third_party": True,
        "advance": False,
        "serial": "YW1",
        "memo": "摔伤",
        "state": "filed",
    },
    "stay": {
        "institution": HERE,
        "level": "3",
        "from_emergency": True,
        "died": True,
        "deductible_fen": 80_001,
        "pool_fen": 560_002,
        "total_fen": 800_003,
        "admitted_at": "09:05",
    },
}
"""What details the first row of a kind of facts has afterwards."""
KEYS = {
    "bond": psn(2),
    "registration": "M07800",
    "offsite": "510100",
    "area_fact": "contracted",
    "institution_area_fact": "grassroots",
    "referral": THERE,
    "injury": "YW1",
    "stay": "ZY1",
}
"""What the fact of a kind is told apart by; the others have no key."""
SINCE, UNTIL = date(2024, 2, 1), date(2025, 7, 1)


def saved(folder: Path, kind: str, rows: list[dict[str, str]], name: str = "") -> Path:
    """A CSV of rows by heading; a heading that a row has not is an empty cell."""
    path = folder / (name or f"{kind}.csv")
    headings = [column.heading for column in KINDS[kind].columns]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, headings, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return path


def load_files(
    owner: Connection,
    paths: Sequence[Path],
    identity: Identity,
    now: datetime,
    kind: str = "",
    dry_run: bool = False,
    **more: Any,
) -> list[tuple[str, Counts]]:
    """Files imported with the kinds of every room; `more` is what `Importing` takes."""
    return load(owner, Importing(ROOMS, identity, **more), paths, now, kind, dry_run)


def take(owner: Connection, *paths: Path, now: datetime = NOW, **more: Any) -> list[Counts]:
    """The counts of an import, by table."""
    return [counts for _, counts in load_files(owner, paths, IDENTITY, now, stores=LEDGER, **more)]


def fill(owner: Connection, folder: Path, *kinds: str, now: datetime = NOW) -> list[Counts]:
    """Every kind imported, or some."""
    files = [saved(folder, kind, ROWS[kind]) for kind in kinds or ROWS]
    return take(owner, *files, now=now)


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV by heading."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
