"""Refusals and faults: every code once, in order of precedence.

A **Refusal** is a decision with a reason; a **Fault** is an accident. Where several refusals hold,
the first in REFUSALS is the one that is given. This module knows the codes and their sentences,
not the articles behind them: those come from the rulebook.
"""

import dataclasses
from dataclasses import dataclass

REFUSALS: dict[str, str] = {
    # Files of rows as a whole, and the first bad row where none is let pass.
    "file_unreadable": "无法读取文件 {value}：{reason}",
    "header_invalid": "文件 {value} 的表头有误：{reason}",
    "row_rejected": "{file}第 {row} 行 {field}：{reason}。"
    "请改正这一行；不用 --strict 则这类行写入报告，其余照常处理",
    # Input that cannot be read as a visit.
    "field_missing": "缺少必填项 {field}",
    "field_unknown": "不认识的列或事实 {field}",
    "value_invalid": "{field} 的值 {value} 无法识别；可取：{allowed}",
    "amount_invalid": "{field} 的值 {value} 不是以元为单位、至多两位小数的金额",
    "amount_negative": "{field} 为负数：{value}；冲销请另作退费，不用负数",
    "amount_too_large": "{field} 超过上限：{value}；单笔不得超过 100 亿元",
    "in_scope_above_total": "政策范围内费用 {value} 大于总费用 {total}",
    "area_unknown": "没有统筹区 {value} 的规则；现有：{allowed}",
    "date_outside": "{value} 不在统筹区 {area} 规则的有效期内；现有规则覆盖：{allowed}",
    "benefit_not_offered": "统筹区 {area} 的文件没有规定待遇“{value}”；现有：{allowed}",
    "not_ruled": "统筹区 {area} 的文件没有规定{value}",
    # Fee lines.
    "line_visit_unknown": "费用明细的就诊 {value} 不在就诊文件中",
    "line_visit_ambiguous": "就诊 {value} 在就诊文件中有多行；费用明细请加上列 {allowed} 以区分",
    "benefits_mixed": "一笔结算只有一项待遇，这张账单混有 {value}，须分别结算{article}",
    "item_unknown": "目录中没有项目 {value}；确属目录外的可用 --unknown-items own",
    "item_outside_dates": "项目 {value} 在 {date} 没有有效的目录版本；现有版本：{allowed}",
    "self_pay_missing": "目录没有给出乙类项目 {value} 的先行自付比例，{area} 的文件也没有规定",
    "nothing_priced": "每次就诊都有无法定价的明细，没有可结算的；原因见 {value}",
    "lines_differ": "费用明细合计 {value} 与就诊的总费用 {total} 不符",
    # Visits and lines at the counter.
    "visit_unknown": "本机构没有这位参保人的就诊 {value}；请核对 {field} 和 psn_no，或先挂号（2201）",
    "visit_withdrawn": "就诊 {value} 的挂号已经撤销；请重新挂号（2201）",
    "visit_number_differs": "{field} {value} 与挂号时的 {known} 不同；请核对要撤销的是哪一次就诊",
    "visit_settled": "就诊 {value} 的收费批次 {batch} 已经结算，挂号不能撤销；请先撤销结算（2208）",
    "service_day_outside": "{field} 的日期 {value} 不在受理范围 {since} 至 {until} 内；"
    "请核对日期，超期的请到经办机构办理",
    "agreement_missing": "机构 {value} 在 {date} 没有有效的定点协议，不能办理医保就诊；请联系经办机构",
    "batch_number_invalid": "收费批次号 {value} 不能用于上传（0000 表示全部批次）；请换一个批次号",
    "batch_standing": "收费批次 {value} 已经上传；请先撤销这一批（2205），或用新的批次号",
    "batch_unknown": "这次就诊没有收费批次 {value}，或已经撤销；请核对 {field}",
    "batch_settled": "收费批次 {value} 已经结算，明细不能撤销；请先撤销结算（2208）",
    "lines_missing": "没有费用明细；请上传至少一行 {field}",
    "line_invalid": "费用明细 {value} 有误：{reason}；请改正后整批重新上传",
    "line_repeated": "费用明细流水号 {value} 在同一批中出现两次；{field} 在一次就诊内不得重复",
    "serial_standing": "费用明细流水号 {value} 在这次就诊的其他批次中已有；请换流水号，或先撤销那一批（2205）",
    "line_return": "费用明细 {value} 的数量、单价或金额为负数；退费请撤销结算（2208）后重新上传，不上传负数明细",
    "line_amount_differs": "费用明细 {value} 的金额 {amount} 与单价乘以数量 {product} 相差超过 0.01 元；请改正",
    "prescription_missing": "费用明细 {value} 标为外购处方而没有处方号；请补上 {field}",
    "prescription_used": "处方 {value} 已经用于一笔结算，一张处方只能使用一次；请核对 {field}",
    "line_unpriced": "费用明细 {value} 无法定价：{reason}",
    # Settlement.
    "not_insured": "参保人在 {date} 没有职工医保的参保记录，不能结算；请核对就诊日期，或请参保人到经办机构办理",
    "batch_settled_already": "收费批次 {value} 已经结算（结算号 {entry}）；重新结算须先撤销（2208）",
    "period_closed": "统筹区 {area} {value} 的账期已经关闭，不能再记账；请联系经办机构",
    "med_type_unsupported": "医疗类别 {value} 不在本平台结算范围；可取：{allowed}",
    "registration_missing": "{value}没有有效的慢特病备案（或备案未经核准）；请先备案（2503），或按普通门诊结算",
    "drugs_missing": "按特药结算的账单须全部是{kind}，这张账单中是的只有明细：{value}；其余请分开结算",
    "drugs_mixed": "{kind}按药品分别结算，这张账单有多种（明细 {value}）；请分开上传和结算",
    "prescribers_mixed": "一笔购药只能用一家机构的处方，这张账单有多家（{value}）；请分开结算",
    "total_differs": "医疗费总额 {value} 与费用明细合计 {total} 不符；请核对 {field} 和已上传的明细",
    "settlement_unknown": "本机构没有这位参保人的结算 {value}；请核对 {field} 和 psn_no",
    "settlement_cancelled": "结算 {value} 已经撤销，不能再次撤销",
    "settlement_chained": "结算 {value} 之后还有以它为基础的结算{own}，本统筹区须从最后一笔起依次撤销",
    "settlement_taken": "报文 {value} 撤销的结算，其费用明细或处方已另行结算或撤回，不能恢复；请重新结算",
    "account_short": "个人账户余额不足，不能恢复被撤销的结算 {value}；请重新结算",
    "message_irreversible": "交易 {value} 不能冲正（2601）；可冲正：{allowed}",
    "reversal_differs": "要冲正的报文 {value} 与所报的 {names} 不符；请核对",
    "law_changed": "结算所依据的文件（{value}）已有改动，不能据以重新说明；请用原来的规则文件",
    # Gates: reasons why the pool does not pay. The article comes from the rulebook.
    "outside_benefit_period": "不在待遇享受期内",
    "not_designated": "不是定点医药机构",
    "not_selected": "不是选定的定点医疗机构，也没有转诊",
    "inpatient_stay": "住院期间发生的门诊费用",
    "joins_inpatient": "急诊抢救后转入住院，与住院费用合并计算，不在门诊结算",
    "third_party": "应当由第三人负担的费用",
    "other_fund": "由其他资金（基金）保障的费用",
    "paid_by_account": "已用个人账户支付的费用",
    "public_health": "应当由公共卫生负担的费用",
    "wellness": "保健、整形美容等费用",
    "excluded_by_law": "法律法规规定不予支付的费用",
    "no_account": "没有建立职工医保个人账户",
    "level_too_low": "该待遇限二级及以上定点医疗机构",
    "not_in_agreement": "国家医保谈判药品不在协议期内",
    "offsite_unfiled": "统筹区外就医没有备案",
    "not_direct": "没有在定点医药机构直接结算",
    "no_prescription": "在药店购药没有定点医疗机构的处方（缺开方机构级别）",
    "pharmacy_not_qualified": "药店不符合纳入门诊统筹的条件",
    "not_eligible": "不符合本地规定的享受条件",
    # Door.
    "message_unreadable": "报文无法读取：{reason}；请发送 UTF-8（或 GB18030）编码的一个 JSON 对象",
    "message_too_large": "报文超过 {value} 字节；请分批发送",
    "institution_foreign": "报文的定点医药机构编号 {value} 与接入账号所属机构不符；请核对 {field}",
    "transaction_unknown": "未知交易编号 {value}；请核对 {field}",
    "message_differs": "报文 {value} 已经受理过，这一次的内容不同（{names}）；请换新的 msgid 发送",
    "message_barred": "报文 {value} 已先被冲正（2601），不再受理；仍要办理的，请换新的 msgid 发送",
    "insutype_not_served": "险种 {value} 不在本平台结算；{field} 只受理 310（职工基本医疗保险）",
    "quota_not_served": "不受理按定额结算（{field} {value}）；请按项目结算（01）",
    "sign_in_unknown": "签到编号 {value} 不存在、不属于本机构，或已经签退；请先签到（9001）",
    "file_unknown": "没有可供下载的文件 {value}，或它已过期；请重新查询，取得新的文件查询号",
    "voucher_not_served": "本平台不能解读医保电子凭证令牌；请改用身份证（02）或社会保障卡（03）",
    "lines_too_many": "一次最多 {value} 行；请分批发送 {field}",
    "rows_differ": "各行的 {field} 不一致；一次只上传一次就诊、一个收费批次的明细",
    "person_differs": "{field} 与证件登记的参保人不符；请核对后重新读取",
    "institution_kind": "机构 {value} 不能办理这项交易：{reason}",
    # Filings, matching and reconciliation at the door.
    "dates_reversed": "{field} {value} 早于开始日期 {since}；请核对起止日期",
    "file_ticket_unknown": "没有本机构上传的文件 {value}，或它已过期；请用 9101 重新上传，再用新的文件查询号",
    "statement_unreadable": "对账文件无法读取：{reason}；请上传以制表符分隔的 UTF-8 文本或其 ZIP 压缩包",
    "statement_row_invalid": "对账文件第 {row} 行 {field} 有误：{reason}；请改正后重新上传",
    "institution_not_own": "{field} {value} 不是本机构；只能办理本机构自己的，请核对编号",
    "uninsured_on": "参保人 {value} 在 {date} 没有职工医保参保记录，不能备案；请核对日期，或到经办机构办理",
    "filing_overlaps": "参保人已有{kind}，自 {since} 起（{until}），与这次重叠；请先撤销原来的备案，或改起止日期",
    "filing_too_early": "{field} {value} 早于 {since}，不能在机构补办；请核对日期，或到经办机构办理",
    "filing_unknown": "参保人没有流水号为 {value} 的{kind}；请核对 {field} 和 psn_no",
    "filing_withdrawn": "流水号 {value} 的{kind}已经撤销，不必再撤",
    "filing_audited": "流水号 {value} 的{kind}已由经办机构审核或登记，不能在机构撤销；请到经办机构办理",
    "filing_foreign": "流水号 {value} 的{kind}不是本机构报的，不能撤销；请由原机构或经办机构办理",
    "filing_used": "流水号 {value} 的{kind}已用于 {date} 的结算，不能撤销；请先撤销那笔结算（2208）",
    "filing_kind_not_served": "业务申请类型 {value} 不在本交易办理：{reason}",
    "selection_bound": "参保人自 {since} 起已选定 {institution}（{until}），一年一定（{article}）；"
    "确因居住地迁移等需要变更的，请到经办机构办理",
    "selection_too_long": "选定期到 {value} 超过一年（{article}）；{field} 请不晚于 {until}，或留空",
    "referral_sender": "本机构 {value} 不是参保人在 {date} 选定的医疗机构，也不是转诊的接收机构，"
    "不能转出（{article}）；请由选定的机构转诊",
    "referral_to_self": "转往机构 {value} 就是本机构；请核对 {field}",
    "disease_not_served": "统筹区 {area} 的文件没有门诊慢性病、特殊病待遇，病种 {value} 不能备案",
    "match_item_unknown": "统筹区 {area} 的医保目录没有编码 {value}；请先下载最新目录，核对 {field}",
    "item_matched": "本机构项目 {value} 在这段日期已对照到 {item}；请先撤销那条对照（3302），或改起止日期",
    "match_unknown": "本机构没有项目 {value} 的这条目录对照，或已经撤销；请核对编码和目录类别",
    "window_too_long": "查询的起止时间相差 {value} 天，超过上限 {most} 天；请缩短 {field} 之前的时段",
    # Registry.
    "person_unknown": "没有参保人 {value}；请核对号码，或先导入参保人",
    "institution_unknown": "没有定点医药机构 {value}；请核对代码，或先导入机构",
    "fact_overlaps": "{value} 与已有的一条重叠（{since} 起，{until} 止）；请先停用那一条，或改日期",
    # Pages.
    "bond_person_unknown": "没有这个编号和姓名的参保人；请核对 {field}，姓名须与登记的一致",
    "bond_with_oneself": "自己的账户不必绑定给自己；请填写家人的编号",
    "bond_unknown": "没有这项家庭共济关系或请求，或已经解除；请刷新页面",
    # Accounts.
    "paying_monthly": "退休后按月补缴期间不计发个人账户",
    "use_not_allowed": "个人账户不得用于这项支出",
    "relation_not_allowed": "个人账户不得为这位亲属支付这项支出",
    # Ledger.
    "period_not_over": "账期 {value} 还没有过完，不能关闭；请在下月 1 日以后关闭",
    "period_closed_already": "统筹区 {area} 的账期 {value} 已经关闭，不必再关",
    "period_differs": "统筹区 {area} 的账期 {value} 核对有 {count} 处不符，不能关闭（{reason}）；"
    "请先用 gongji ledger verify 查明",
    "opening_late": "{value} 在 {year} 年已经有账，不能再记期初；期初须先于该年的第一笔结算记入",
    "opening_repeated": "{value} 的期初 {meter} 出现不止一次；每人每项期初只记一行",
    # Backup.
    "backup_not_allowed": "数据库角色 {value} 没有复制权限（replication），不能做物理备份；"
    "请由管理员授予，或用 --dump 只导出数据库",
    "backup_missing": "{value} 中没有完整的备份；请检查目录，或先用 gongji backup 备份",
    "backup_not_reaching": "备份到不了 {value}；现有备份可恢复到：{allowed}",
    "server_running": "数据目录 {value} 上的数据库还在运行，不能覆盖；请先停止 gongji serve",
    "database_not_empty": "数据库 {value} 里已经有表，不能装入备份；请指向一个新建的空数据库",
    # A figure that the visit needs is not there.
    "level_missing": "计算所需的医疗机构级别缺失；请提供 {field}",
    "parameter_missing": "缺少参数 {parameter}：{reason}；可用 --set {parameter}=… 给出{also}",
}
"""Every refusal: code -> Chinese sentence, in order of precedence."""

PRECEDENCE = {code: number for number, code in enumerate(REFUSALS, start=1)}
CODES = ("",) + tuple(REFUSALS)
"""The code of each refusal number; number zero is no refusal."""


class GongjiError(Exception):
    """Anything gongji says no to."""


@dataclass
class Refusal(GongjiError):
    """A decision not to do what was asked.

    Ensures: `code` is one of REFUSALS; `str()` is one Chinese sentence.
    """

    code: str
    field: str = ""
    values: dict[str, str] = dataclasses.field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(str(self))

    def __str__(self) -> str:
        return REFUSALS[self.code].format(**({"field": self.field} | self.values))

    def as_json(self) -> dict[str, str]:
        """Code, field and sentence, for machines."""
        return {"refusal": self.code, "field": self.field, "reason": str(self)}


class RowRefusal(Refusal):
    """Why the first bad row of a file stops it: which row, which column, the row's own refusal.

    Shape:   rows of a file are counted from 1, its head not counted; `reason` is the sentence of
             the refusal `why`.
    """

    def __init__(self, row_number: int, column: str, why: str, reason: str, file: str = "") -> None:
        self.row_number, self.why = row_number, why
        values = {"file": f"{file} " if file else "", "row": str(row_number), "reason": reason}
        super().__init__("row_rejected", column, values)

    def as_json(self) -> dict[str, str]:
        """With the row and its own refusal."""
        return super().as_json() | {"row_number": str(self.row_number), "row_refusal": self.why}


@dataclass(frozen=True)
class Problem:
    """One mistake in a file: where, which key, what is wrong and what to do."""

    file: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.key}：{self.message}"


@dataclass(frozen=True)
class RowProblem(Problem):
    """One mistake in a file of rows: `line` counts its rows from 1, zero being its head."""

    def __str__(self) -> str:
        row = f"第 {self.line} 行 " if self.line else ""
        return f"{self.file}: {row}{self.key}：{self.message}"


class RulebookError(GongjiError):
    """A rulebook that cannot be used, with every problem found."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems, key=lambda p: (p.file, p.line, p.key))
        super().__init__("\n".join(map(str, self.problems)))


class Fault(GongjiError):
    """Something that should not happen; a retry may succeed."""
