"""Filings, matching and reconciliation by institutions."""

FILINGS: dict[str, str] = {
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
}
