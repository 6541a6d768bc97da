"""Files of the catalogue, and of institutions' own items matched to it."""

from dataclasses import replace

from gongji.law.rulebook.account_provisions import OWN_USES, USES
from gongji.platform.imports.common_columns import (
    AREA,
    INSTITUTION,
    SINCE,
    UNTIL,
    WITHDRAWN,
    one_of,
    yes_no,
    yuan,
)
from gongji.platform.imports.import_columns import (
    Column,
    Kind,
    choice,
    day,
    several,
    share,
    show_several,
    show_share,
    text,
)

C = Column
GRADES = {"甲": "甲", "乙": "乙", "丙": "丙", "甲类": "甲", "乙类": "乙", "丙类": "丙"}
_ITEMS = """select * from item_version where retired_at is null and %(area)s in ('', area)
order by area, item, since"""
_MATCHES = """select m.* from item_match m join institution i on i.code = m.institution
where m.retired_at is null and %(area)s in ('', i.area)
order by m.institution, m.own_item, m.since"""

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
        one_of(
            "account_use",
            "账户用途",
            {name: USES[name] for name in OWN_USES},
            "个人账户支付时不按医疗费用或药品，而按此用途；空为普通项目",
            "",
            empty="",
        ),
        WITHDRAWN,
    ),
    _ITEMS,
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
    _MATCHES,
)
