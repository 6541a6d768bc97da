"""The kinds of import files, with the columns of each: headings, examples, explanations.

Files of facts have the fields of `gongji.registry.fact_kinds`; a test sees that none is missing.
"""

from dataclasses import replace
from typing import Any

from gongji.registry.import_columns import (
    Column,
    Kind,
    certificate,
    choice,
    day,
    day_text,
    digits,
    fen,
    flag,
    instant,
    institution_code,
    several,
    share,
    show_choice,
    show_fen,
    show_several,
    show_share,
    show_yes,
    text,
    whole,
)

C = Column
STATUS = {"在职": "active", "退休": "retired"}
SCHEMES = {"职工": "employee", "灵活就业": "flexible"}
TIERS = {"无": "", "一档": "1", "二档": "2"}
SUBSIDIES = {"公务员": "civil_servant", "建国初期参加革命工作": "veteran", "企业补充": "enterprise"}
RELATIONS = {"配偶": "spouse", "父母": "parent", "子女": "child", "近亲属": "close_relative"}
BENEFITS = {
    "慢性病": "chronic",
    "特殊病": "special",
    "两病": "two_diseases",
    "双通道": "dual_channel",
    "谈判药": "negotiated_drug",
}
STATES = {"已备案": "filed", "已批准": "approved"}
LEVELS = {"一级及以下": "1", "二级": "2", "三级": "3"}
KINDS_OF_INSTITUTION = {"医疗机构": "hospital", "零售药店": "pharmacy"}
DESIGNATIONS = {
    "普通门诊": "ordinary",
    "急诊抢救": "emergency",
    "日间手术": "day_surgery",
} | BENEFITS
GRADES = {"甲": "甲", "乙": "乙", "丙": "丙", "甲类": "甲", "乙类": "乙", "丙类": "丙"}
ACCOUNTS = {"个人账户": "account", "应收": "receivable", "应付": "payable"}


def one_of(
    name: str, heading: str, words: dict[str, str], meaning: str, example: str, **more: Any
) -> Column:
    """A column that takes one of some words."""
    shown = f"{meaning}：{'、'.join(words)}"
    return C(name, heading, choice(words), shown, example, show=show_choice(words), **more)


def yes_no(name: str, heading: str, meaning: str, empty: bool = False) -> Column:
    """A column that takes 是 or 否."""
    shown = f"{meaning}（是、否；空为{show_yes(empty)}）"
    return C(name, heading, flag, shown, show_yes(empty), empty=empty, show=show_yes)


def yuan(name: str, heading: str, meaning: str, example: str = "", **more: Any) -> Column:
    """A column of amounts in yuan."""
    return C(
        name, heading, fen, f"{meaning}（元）", example, **{"empty": None} | more, show=show_fen
    )


PSN_NO = C(
    "psn_no",
    "人员编号",
    digits(20),
    "参保人的 20 位编号，前 6 位是区划",
    "53230000000000000001",
    True,
    personal="number",
)
AREA = C("area", "统筹区", digits(6), "统筹区代码；空为参保人所在的统筹区", "532300", empty=None)
SINCE = C("since", "起始日", day, "从哪一天起成立", "2025-01-01", True)
UNTIL = C(
    "until",
    "终止日",
    day,
    "不再成立的第一天；空为一直成立",
    "",
    empty=None,
    show=lambda value: "" if value is None else str(value),
)
SOURCE = C("source", "来源", text(100), "依据的文件或经办单号", "测试文件〔2025〕1号")
WITHDRAWN = C(
    "withdrawn",
    "撤销",
    flag,
    "是：起始日相同的一条作废（是、否；空为否）",
    "",
    empty=False,
    show=lambda value: "",
)
INSTITUTION = C(
    "institution", "机构代码", institution_code, "定点医药机构的国家代码", "H53230000001", True
)
SERIAL = C("serial", "备案流水号", text(60), "备案的流水号", "")


def person_kind(
    name: str, title: str, meaning: str, *own: Column, key: Column | None = None
) -> Kind:
    """A kind of facts about persons: whose, where, what it is told apart by, when, its details."""
    keys = (replace(key, name="key", required=True),) if key else ()
    return Kind(name, title, meaning, (PSN_NO, AREA, *keys, SINCE, UNTIL, *own, SOURCE, WITHDRAWN))


def institution_kind(name: str, title: str, meaning: str, *own: Column) -> Kind:
    """A kind of facts about institutions."""
    return Kind(name, title, meaning, (INSTITUTION, SINCE, UNTIL, *own, SOURCE, WITHDRAWN))


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
    ),
)
ITEMS = Kind(
    "item",
    "目录",
    "药品、诊疗项目、医用耗材的目录版本：一项目录的一次调整一行",
    (
        replace(AREA, required=True, meaning="哪个统筹区的目录", empty=None),
        C("item", "国家编码", text(50), "国家统一编码", "X0000000001", True),
        C("name", "名称", text(), "项目名称", "测试药·甲001", True),
        C(
            "list_type",
            "目录类别",
            text(6),
            "101 西药中成药、102 中药饮片、201 诊疗项目、301 耗材",
            "101",
            True,
        ),
        C("charge_type", "收费类别", text(3), "国家收费项目类别 01 至 14", "09", True),
        SINCE,
        UNTIL,
        C("grade", "甲乙丙", choice(GRADES), "甲、乙、丙；丙类不在支付范围", "乙", True),
        C(
            "first_self_pay_ppm",
            "先行自付比例",
            share,
            "乙类的先行自付比例，须带百分号；空为依规则",
            "10%",
            empty=None,
            show=show_share,
        ),
        yuan("standard_fen", "支付标准", "各级通用的支付标准"),
        yuan("standard_1_fen", "支付标准一级", "一级及以下机构的支付标准"),
        yuan("standard_2_fen", "支付标准二级", "二级机构的支付标准"),
        yuan("standard_3_fen", "支付标准三级", "三级机构的支付标准"),
        yuan("listing_fen", "挂网价", "省级挂网价"),
        C("part", "费用部分", text(30), "规则另作处理的部分的代号", ""),
        yes_no("negotiated", "谈判药", "国家谈判药"),
        yes_no("dual_channel", "双通道", "双通道药"),
        yes_no("restricted", "限制使用", "限支付范围"),
        yes_no("essential", "基本药物", "国家基本药物"),
        C(
            "diseases",
            "相关病种",
            several(text(30)),
            "与哪些病种有关（病种代码），以、分开",
            "",
            empty=[],
            show=show_several,
        ),
        C("specification", "规格", text(), "规格", "10mg×20片"),
        C(
            "agreement_until",
            "协议期止",
            day,
            "谈判药协议期之后的第一天",
            "",
            empty=None,
            show=lambda value: "" if value is None else str(value),
        ),
        WITHDRAWN,
    ),
)
MATCHES = Kind(
    "match",
    "目录对照",
    "机构自己的项目与国家目录的对照",
    (
        INSTITUTION,
        C("own_item", "机构编码", text(150), "机构自己的编码", "TEST001", True),
        C("own_name", "机构名称", text(), "机构自己的名称", "测试药·甲001", True),
        C("list_type", "目录类别", text(30), "101、102、201、301", "101", True),
        C("item", "国家编码", text(50), "对照到的国家编码", "X0000000001", True),
        SINCE,
        UNTIL,
        WITHDRAWN,
    ),
)
PERSONS = Kind(
    "person",
    "参保人",
    "参保人；身份证号码校验后加密保存",
    (
        PSN_NO,
        replace(AREA, required=True, meaning="参保的统筹区代码"),
        C("name", "姓名", text(50), "姓名", "测试·天枢", True, personal="name"),
        one_of(
            "sex",
            "性别",
            {"男": "1", "女": "2", "未说明": "9"},
            "性别；空为依身份证号码",
            "男",
            empty="",
        ),
        C("ethnicity", "民族", text(3), "民族代码", "01", empty="01"),
        C("certificate_kind", "证件类型", text(6), "01 居民身份证", "01", empty="01"),
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
)
STAY = Kind(
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
        yes_no("died", "死亡", "住院或抢救中死亡"),
        yuan("deductible_fen", "起付", "住院结算扣除的起付标准", "0", empty=0),
        yuan("pool_fen", "统筹支付", "住院结算统筹支付的金额", "0", empty=0),
        yuan("total_fen", "总费用", "住院总费用", "0", empty=0),
    ),
)
PERSON_FACTS = (
    Kind(
        "birth",
        "出生日期",
        "出生日期的更正（参保人表中已有的不必再给）",
        (PSN_NO, C("birth_date", "出生日期", day_text, "出生日期", "1980-01-01", True), SOURCE),
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
            digits(20),
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
        key=C("region", "就医地", digits(6), "就医地区划", "510100"),
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
        SERIAL,
        C("memo", "说明", text(), "说明", ""),
        key=C("number", "编号", text(60), "备案编号", "YW0001"),
    ),
)
OPENING_BALANCES = Kind(
    "opening_balance",
    "期初余额",
    "上线时个人账户等的余额，作为期初分录入账",
    (
        PSN_NO,
        AREA,
        C("day", "日期", day, "余额的日期", "2025-01-01", True),
        one_of("account", "账户", ACCOUNTS, "哪个账户；空为个人账户", "个人账户", empty="account"),
        yuan("amount_fen", "余额", "余额", "1234.56", required=True),
    ),
)
OPENING_METERS = Kind(
    "opening_meter",
    "期初累计",
    "上线时本年已用的累计（起付、支付），作为期初分录入账",
    (
        PSN_NO,
        AREA,
        C("day", "日期", day, "累计所属期间内的一天", "2025-01-01", True),
        C(
            "meter",
            "累计代号",
            text(80),
            "规则里的累计代号；分项的在后面加点和代号",
            "ordinary_paid",
            True,
        ),
        C("slot", "分项", text(120), "病种、药品等不定的分项；没有则空", ""),
        yuan("amount_fen", "已用", "已用的金额", "350.00", required=True),
    ),
)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        INSTITUTIONS,
        *INSTITUTION_FACTS,
        CREDENTIALS,
        ITEMS,
        MATCHES,
        PERSONS,
        *PERSON_FACTS,
        OPENING_BALANCES,
        OPENING_METERS,
        STAY,
    )
}
"""Every kind by name, in the order in which they are imported."""
TITLES = {kind.title: kind for kind in KINDS.values()}
"""Every kind by its Chinese title."""
EXAMPLE = "例："
"""What the first cell of an example row begins with; such rows of a file are passed over."""


def find_kind(word: str) -> Kind | None:
    """The kind that a word names: its name or Chinese title, a date or number after it allowed."""
    named = [name for name in (*KINDS, *TITLES) if word.startswith(name)]
    found = max(named, key=len, default="")
    if word[len(found) :][:1].isalpha():
        return None
    return KINDS.get(found) or TITLES.get(found)
