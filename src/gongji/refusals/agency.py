"""The agency's items: what a form says that does not fit."""

AGENCY: dict[str, str] = {
    "applicant_refused": "“{kind}”不由{value}申请；可以申请的：{allowed}",
    "disease_list_wrong": "病种目录第 {row} 行有误：{reason}；请改正后重新录入",
    "disease_unlisted": "统筹区 {area} 在 {date} 有效的病种目录没有 {value}；请核对代码，或先录入目录",
    "registration_double": "参保人已有{name}的门诊慢特病备案，同一病种不得重复享受；请先结束原来的备案",
    "registration_over": "流水号 {value} 的慢特病备案在 {date} 没有生效；请核对流水号和日期",
    "registration_there": "这项慢特病备案已在 {value}；请核对要变更到的机构",
    "bill_late": "{date} 的费用应在 {last} 前申请报销，逾期不予受理（{article}）",
    "bill_not_accepted": "统筹区 {area} 不受理手工报销（{article}）；请在就医时直接结算",
    "relation_refused": "{value}不在可以共济的亲属之内（{article}）；可取：{allowed}",
    "payee_wrong": "收款账户有误：户名、开户银行不能为空，账号须为 8 至 32 位数字；请核对后重填",
    "payout_nothing": "统筹区 {area} 现在没有可以支付的款项；请先核对收款账户和已在办的批次",
    "payout_line": "分录 {value} 的款项已经支付、已在另一批次或账户已变；请重新汇集后再提交",
    "payout_unknown": "没有第 {value} 号付款；请核对编号",
    "payout_returned": "第 {value} 号付款已经登记过退票；请刷新后再看",
    "payout_unconfirmed": "第 {value} 批还没有经出纳确认，不能生成银行文件；请先确认",
    "claim_unknown": "没有第 {value} 号第三人债权；请核对编号",
    "claim_exceeded": "第 {value} 号债权还可追回 {left} 元，登记的金额须大于零且不超过它",
}
