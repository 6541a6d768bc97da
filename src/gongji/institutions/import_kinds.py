"""Files of institutions, what is known of them, and their credentials."""

from dataclasses import replace

from gongji.platform.imports.area_values import VALUE_COLUMNS
from gongji.platform.imports.common_columns import (
    AREA,
    BENEFITS,
    INSTITUTION,
    LEVELS,
    SINCE,
    SOURCE,
    UNTIL,
    WITHDRAWN,
    one_of,
    yes_no,
)
from gongji.platform.imports.import_columns import (
    Column,
    Kind,
    choice,
    instant,
    institution_code,
    several,
    show_choice,
    show_several,
    text,
    whole,
)

C = Column
KINDS_OF_INSTITUTION = {"医疗机构": "hospital", "零售药店": "pharmacy"}
DESIGNATIONS = {
    "普通门诊": "ordinary",
    "急诊抢救": "emergency",
    "日间手术": "day_surgery",
} | BENEFITS
_INSTITUTIONS = """select code, area, name, kind, grade, uscc from institution
where %(area)s in ('', area) order by code"""
_FACTS = """select f.institution, f.key, f.since, f.until, f.details, f.source
from institution_fact f join institution i on i.code = f.institution
where f.retired_at is null and f.kind = %(kind)s and %(area)s in ('', i.area)
order by f.institution, f.since"""
SCOPES = {"门诊": "counter", "住院": "inpatient"}
"""What is signed by a credential: what the counter sends, or what the inpatient system tells."""
_CREDENTIALS = """select c.access_key, c.institution, '' secret, c.revoked_at, c.scope,
  encode(c.sm2_public, 'hex') sm2_public
from credential c
join institution i on i.code = c.institution where %(area)s in ('', i.area)
order by c.access_key"""


def institution_kind(name: str, title: str, meaning: str, *own: Column, key: bool = False) -> Kind:
    """A kind of facts about institutions; `key`: the first of its own columns tells it apart."""
    keys, own = (own[:1], own[1:]) if key else ((), own)
    columns = (INSTITUTION, *keys, SINCE, UNTIL, *own, SOURCE, WITHDRAWN)
    return Kind(name, title, meaning, columns, _FACTS)


INSTITUTIONS = Kind(
    "institution",
    "机构",
    "定点医疗机构和零售药店",
    (
        replace(INSTITUTION, name="code"),
        replace(AREA, required=True, meaning="所在统筹区代码"),
        C("name", "名称", text(), "机构名称", "测试县人民医院", True),
        one_of("kind", "类别", KINDS_OF_INSTITUTION, "机构类别", "医疗机构", required=True),
        C("grade", "等级代码", text(6), "国家医院等级代码", "09"),
        C("uscc", "统一社会信用代码", text(50), "统一社会信用代码", ""),
    ),
    _INSTITUTIONS,
)
INSTITUTION_FACTS = (
    institution_kind(
        "level",
        "机构级别",
        "机构的级别；互联网医院填其实体机构",
        one_of("level", "级别", {"无": ""} | LEVELS, "医院级别", "二级"),
        C("parent", "实体机构", institution_code, "互联网医院所依托的实体机构代码", ""),
    ),
    institution_kind(
        "agreement",
        "定点协议",
        "机构的定点协议：协议期内才按统筹支付",
        C(
            "designated_for",
            "定点待遇",
            several(choice(DESIGNATIONS)),
            f"为哪些待遇定点，以、分开：{'、'.join(DESIGNATIONS)}；空为普通门诊",
            "普通门诊、慢性病",
            empty=["ordinary"],
            show=lambda codes: show_several([show_choice(DESIGNATIONS)(code) for code in codes]),
        ),
        yes_no("qualified", "纳入门诊统筹", "药店符合纳入门诊统筹的条件", True),
        C(
            "people_a_day",
            "每日读证人数",
            whole,
            "一天读取多少人的证件之内不提请监管；空为 GONGJI_PEOPLE_A_DAY",
            "3000",
            empty=None,
        ),
    ),
    institution_kind(
        "institution_area_fact",
        "机构事实",
        "本地文件登记在机构名下的事实（如基层、收费类别），一段一行",
        *VALUE_COLUMNS,
        key=True,
    ),
)
CREDENTIALS = Kind(
    "credential",
    "接入凭据",
    "机构签名用的密钥；存入时加密，从不导出",
    (
        C("access_key", "访问码", text(64), "请求头里的访问码", "TEST-H53230000001", True),
        INSTITUTION,
        C("secret", "密钥", text(200), "签名密钥", "（经办机构发放）", True, personal="secret"),
        C("revoked_at", "停用时间", instant, "停用的日期；空为有效", "", empty=None),
        one_of("scope", "用途", SCOPES, "签什么；空为门诊", "门诊", empty="counter"),
        C(
            "sm2_public",
            "SM2公钥",
            text(130),
            "按 SM2 签名的机构的公钥，十六进制 04‖x‖y；空为不用",
            "",
        ),
    ),
    _CREDENTIALS,
)
