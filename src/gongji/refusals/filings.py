"""Filings about persons."""

FILINGS: dict[str, str] = {
    "dates_reversed": "{field} {value} 早于开始日期 {since}；请核对起止日期",
    "uninsured_on": "参保人 {value} 在 {date} 没有职工医保参保记录，不能备案；请核对日期，或到经办机构办理",
    "filing_overlaps": "参保人已有{kind}，自 {since} 起（{until}），与这次重叠；请先撤销原来的备案，或改起止日期",
    "filing_too_early": "{field} {value} 早于 {since}，不能在机构补办；请核对日期，或到经办机构办理",
    "filing_unknown": "参保人没有流水号为 {value} 的{kind}；请核对 {field} 和 psn_no",
    "filing_withdrawn": "流水号 {value} 的{kind}已经撤销，不必再撤",
    "filing_audited": "流水号 {value} 的{kind}已由经办机构审核或登记，不能在机构撤销；请到经办机构办理",
    "filing_foreign": "流水号 {value} 的{kind}不是本机构报的，不能撤销；请由原机构或经办机构办理",
    "filing_used": "流水号 {value} 的{kind}已用于 {date} 的结算，不能撤销；请先撤销那笔结算",
    "selection_bound": "参保人自 {since} 起已选定 {institution}（{until}），一年一定（{article}）；"
    "确因居住地迁移等需要变更的，请到经办机构办理",
    "selection_too_long": "选定期到 {value} 超过一年（{article}）；{field} 请不晚于 {until}，或留空",
    "referral_sender": "本机构 {value} 不是参保人在 {date} 选定的医疗机构，也不是转诊的接收机构，"
    "不能转出（{article}）；请由选定的机构转诊",
    "referral_to_self": "转往机构 {value} 就是本机构；请核对 {field}",
    "disease_not_served": "统筹区 {area} 的文件没有门诊慢性病、特殊病待遇，病种 {value} 不能备案",
}
