"""Files of persons and of what is known of them; the fields are those of `person_kinds`."""

from dataclasses import replace
from typing import Any

from gongji.platform.identity import RESIDENT, mask_number, normalise, number_problem
from gongji.platform.imports.area_values import VALUE_COLUMNS
from gongji.platform.imports.common_columns import (
    AREA,
    BENEFITS,
    INSTITUTION,
    PSN_NO,
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
    day,
    day_text,
    digits,
    institution_code,
    month_name,
    name_of_person,
    person_number,
    text,
    two_digits,
    whole,
)

C = Column
STATUS = {"在职": "active", "退休": "retired"}
SCHEMES = {"职工": "employee", "灵活就业": "flexible"}
TIERS = {"无": "", "一档": "1", "二档": "2"}
SUBSIDIES = {"公务员": "civil_servant", "建国初期参加革命工作": "veteran", "企业补充": "enterprise"}
RELATIONS = {"配偶": "spouse", "父母": "parent", "子女": "child", "近亲属": "close_relative"}
STATES = {"已备案": "filed", "已批准": "approved"}
SERIAL = C("serial", "备案流水号", text(60), "备案的流水号", "")
_PERSONS = """select p.psn_no, p.area, p.name, p.sex, p.ethnicity, p.certificate_kind,
  p.certificate, '' card, (select (f.details->>'birth_date')::date from person_fact f
    where f.person_id = p.id and f.kind = 'birth' and f.retired_at is null limit 1) birth_date
from person p where %(area)s in ('', p.area) order by p.area, p.id"""
KNOWN_FACTS = """select p.psn_no, f.area, f.key, f.since, f.until, f.details, f.source
from person_fact f join person p on p.id = f.person_id
where f.retired_at is null and f.kind = %(kind)s and %(area)s in ('', f.area)
order by f.area, f.person_id, f.since, f.key"""
"""The statement that reads what is known now of a kind of facts about persons."""


def certificate(cell: str) -> str:
    """The number of a certificate as it is compared; whether it is right depends on its kind."""
    return str(text(50)(normalise(cell)))


def wrong_certificate(values: dict[str, Any]) -> tuple[str, str] | None:
    """What is wrong with a person's certificate; only identity cards can be checked."""
    kind, number = values.get("certificate_kind", RESIDENT), values["certificate"]
    wrong = number_problem(number) if kind == RESIDENT else ""
    shown = mask_number(number)
    return ("证件号码", f"“{shown}”：{wrong}") if wrong else None


def person_kind(
    name: str,
    title: str,
    meaning: str,
    *own: Column,
    key: Column | None = None,
    unbroken: bool = False,
) -> Kind:
    """A kind of facts about persons: whose, where, what it is told apart by, when, its details."""
    keys = (replace(key, name="key", required=True),) if key else ()
    columns = (PSN_NO, AREA, *keys, SINCE, UNTIL, *own, SOURCE, WITHDRAWN)
    return Kind(name, title, meaning, columns, KNOWN_FACTS, unbroken=unbroken)


PERSONS = Kind(
    "person",
    "参保人",
    "参保人；身份证号码校验后加密保存",
    (
        PSN_NO,
        replace(AREA, required=True, meaning="参保的统筹区代码"),
        C("name", "姓名", name_of_person, "姓名", "测试·天枢", True, personal="name"),
        one_of(
            "sex",
            "性别",
            {"男": "1", "女": "2", "未说明": "9"},
            "性别；空为依身份证号码",
            "男",
            empty="",
        ),
        C("ethnicity", "民族", text(3), "民族代码", "01", empty="01"),
        C(
            "certificate_kind",
            "证件类型",
            two_digits,
            "国家代码：01 居民身份证、04 港澳居民来往内地通行证、08 外国人护照等",
            "01",
            empty="01",
        ),
        C(
            "certificate",
            "证件号码",
            certificate,
            "证件号码；居民身份证须校验码正确",
            "990101198001010014",
            True,
            personal="number",
        ),
        C("card", "社保卡号", certificate, "社会保障卡号；不导出，空为不改", "", personal="secret"),
        C(
            "birth_date",
            "出生日期",
            day,
            "出生日期；空为依身份证号码",
            "",
            empty=None,
            show=lambda value: "" if value is None else str(value),
        ),
    ),
    _PERSONS,
    wrong_certificate,
)
PERSON_FACTS = (
    Kind(
        "birth",
        "出生日期",
        "出生日期的更正（参保人表中已有的不必再给）",
        (PSN_NO, C("birth_date", "出生日期", day_text, "出生日期", "1980-01-01", True), SOURCE),
        KNOWN_FACTS,
    ),
    person_kind(
        "insured",
        "参保",
        "参保状态：一段一行，退休、转档、欠费和补缴都另起一行",
        one_of("status", "参保状态", STATUS, "在职或退休", "在职", required=True),
        one_of("scheme", "参保方式", SCHEMES, "参保方式；空为职工", "职工", empty="employee"),
        one_of("tier", "缴费档次", TIERS, "灵活就业的档次", "无", empty=""),
        yes_no("arrears", "欠费", "欠费，待遇暂停"),
        C("benefit_since", "待遇起", day_text, "待遇享受期的第一天；空为随参保", ""),
        C("benefit_until", "待遇止", day_text, "待遇享受期之后的第一天；空为随参保", ""),
        C("employer", "单位", text(), "单位名称", "测试单位"),
        C("contribution_years_short", "缺缴年限", whole, "退休时不足的缴费年数", "0", empty=0),
        C("retired_month", "退休月份", month_name, "办结退休手续的月份；空为早已办结", ""),
        C("years_complete_month", "缴满月份", month_name, "缴满规定年限的月份；空为早已缴满", ""),
        unbroken=True,
    ),
    person_kind("account", "个人账户", "建有职工医保个人账户的一段时间"),
    person_kind(
        "subsidy",
        "补助身份",
        "公务员医疗补助等",
        one_of("subsidy", "补助", SUBSIDIES, "补助身份", "公务员", required=True),
    ),
    person_kind(
        "bond",
        "家庭共济",
        "家庭共济关系：账户所有人的账户也为本人支付",
        C("order", "顺序", whole, "先后，1 最先", "1", True),
        one_of("relation", "关系", RELATIONS, "账户所有人是本人的什么人", "配偶", required=True),
        C("consented_on", "同意日期", day_text, "账户所有人同意的日期", "2025-01-01", True),
        key=C(
            "owner",
            "账户所有人",
            person_number,
            "账户所有人的人员编号",
            "53230000000000000002",
            personal="number",
        ),
    ),
    person_kind(
        "registration",
        "慢特病备案",
        "门诊慢性病、特殊病等的备案",
        one_of("benefit", "待遇", BENEFITS, "待遇", "慢性病", required=True),
        C("disease", "规则病种", text(60), "规则里的病种名", "hypertension", True),
        C("name", "病种名称", text(100), "病种名称", "高血压", True),
        one_of("state", "状态", STATES, "状态；空为已批准", "已批准", empty="approved"),
        SERIAL,
        C("approval_date", "批准日期", day_text, "批准日期", ""),
        C("institution", "备案机构", institution_code, "备案的机构", ""),
        key=C("code", "病种代码", text(60), "国家病种代码", "M03900"),
    ),
    person_kind(
        "offsite",
        "异地备案",
        "异地就医备案",
        one_of("state", "状态", STATES, "状态；空为已批准", "已批准", empty="approved"),
        SERIAL,
        C("kind", "类别", text(60), "本地文件的异地类别；空为已备案", ""),
        key=C("region", "就医地", digits(6), "就医地区划", "510100"),
    ),
    person_kind(
        "area_fact",
        "参保人事实",
        "本地文件登记在参保人名下的事实（如签约），一段一行",
        VALUE_COLUMNS[1],
        key=VALUE_COLUMNS[0],
    ),
    person_kind(
        "selection",
        "选定机构",
        "选定的门诊统筹定点医疗机构",
        INSTITUTION,
        SERIAL,
        C("reason", "原因", text(), "变更原因", ""),
    ),
    person_kind(
        "referral",
        "转诊",
        "转诊",
        C("sender", "转出机构", institution_code, "转出的机构", "H53230000001", True),
        SERIAL,
        C("reason", "原因", text(), "转诊原因", ""),
        key=C("receiver", "转入机构", institution_code, "转入的机构", "H53230000003"),
    ),
    person_kind(
        "injury",
        "意外伤害",
        "意外伤害备案",
        yes_no("third_party", "第三人责任", "有第三人责任"),
        yes_no("advance", "先行支付", "第三人不支付或者无法确定，经办机构决定先行支付"),
        SERIAL,
        C("memo", "说明", text(), "说明", ""),
        one_of("state", "状态", STATES, "状态；空为已批准", "已批准", empty="approved"),
        key=C("number", "编号", text(60), "备案编号", "YW0001"),
    ),
)
