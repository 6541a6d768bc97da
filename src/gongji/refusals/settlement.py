"""Settlements, their cancellation and reversal."""

SETTLEMENT: dict[str, str] = {
    "not_insured": "参保人在 {date} 没有职工医保的参保记录，不能结算；请核对就诊日期，或请参保人到经办机构办理",
    "batch_settled_already": "收费批次 {value} 已经结算（结算号 {entry}）；重新结算须先撤销",
    "batches_differ": "一笔结算的各收费批次须属同一病种，这几批有多种（{value}）；请分开结算",
    "period_closed": "统筹区 {area} {value} 的账期已经关闭，不能再记账；请联系经办机构",
    "bill_entered": "票据 {value} 已经报销过（分录 {entry}），不能重复报销；请核对票据号",
    "med_type_unsupported": "医疗类别 {value} 不在本平台结算范围；可取：{allowed}",
    "registration_missing": "{value}没有有效的慢特病备案（或备案未经核准）；请先备案，或按普通门诊结算",
    "drugs_missing": "按特药结算的账单须全部是{kind}，这张账单中是的只有明细：{value}；其余请分开结算",
    "drugs_mixed": "{kind}按药品分别结算，这张账单有多种（明细 {value}）；请分开上传和结算",
    "prescribers_mixed": "一笔购药只能用一家机构的处方，这张账单有多家（{value}）；请分开结算",
    "total_differs": "医疗费总额 {value} 与费用明细合计 {total} 不符；请核对 {field} 和已上传的明细",
    "settlement_unknown": "本机构没有这位参保人的结算 {value}；请核对 {field} 和 psn_no",
    "settlement_of_another_visit": "结算 {value} 不属于就诊 {visit}；请核对 {field}",
    "settlement_cancelled": "结算 {value} 已经撤销，不能再次撤销",
    "settlement_chained": "结算 {value} 之后还有以它为基础的结算{own}，本统筹区须从最后一笔起依次撤销",
    "settlement_taken": "报文 {value} 撤销的结算，其费用明细或处方已另行结算或撤回，不能恢复；请重新结算",
    "restore_late": "报文 {value} 撤销结算已超过 {minutes} 分钟，不能恢复；请重新结算",
    "restore_overtaken": "报文 {value} 撤销结算之后，参保人的累计已有变动（记账分录 {entries}），"
    "不能恢复；请重新结算",
    "account_short": "个人账户余额不足，不能恢复被撤销的结算 {value}；请重新结算",
    "message_irreversible": "交易 {value} 不能冲正；可冲正：{allowed}",
    "reversal_differs": "要冲正的报文 {value} 与所报的 {names} 不符；请核对",
    "law_changed": "结算所依据的文件（{value}）已有改动，不能据以重新说明；请用原来的规则文件",
}
