"""Visits and fee lines at the counter."""

COUNTER: dict[str, str] = {
    "visit_unknown": "本机构没有这位参保人的就诊 {value}；请核对 {field} 和 psn_no，或先挂号",
    "visit_withdrawn": "就诊 {value} 的挂号已经撤销；请重新挂号",
    "visit_number_differs": "{field} {value} 与挂号时的 {known} 不同；请核对要撤销的是哪一次就诊",
    "visit_settled": "就诊 {value} 的收费批次 {batch} 已经结算，挂号不能撤销；请先撤销结算",
    "service_day_outside": "{field} 的日期 {value} 不在受理范围 {since} 至 {until} 内；"
    "请核对日期，超期的请到经办机构办理",
    "agreement_missing": "机构 {value} 在 {date} 没有有效的定点协议，不能办理医保就诊；请联系经办机构",
    "batch_number_invalid": "收费批次号 {value} 不能用于上传；请换一个批次号",
    "batch_standing": "收费批次 {value} 已经上传；请先撤销这一批，或用新的批次号",
    "batch_unknown": "这次就诊没有收费批次 {value}，或已经撤销；请核对 {field}",
    "batch_settled": "收费批次 {value} 已经结算，明细不能撤销；请先撤销结算",
    "lines_missing": "没有费用明细；请上传至少一行 {field}",
    "line_invalid": "费用明细 {value} 有误：{reason}；请改正后整批重新上传",
    "line_repeated": "费用明细流水号 {value} 在同一批中出现两次；{field} 在一次就诊内不得重复",
    "serial_standing": "费用明细流水号 {value} 在这次就诊的其他批次中已有；请换流水号，或先撤销那一批",
    "line_return": "费用明细 {value} 的数量、单价或金额为负数；退费请撤销结算后重新上传，不上传负数明细",
    "line_amount_differs": "费用明细 {value} 的金额 {amount} 与单价乘以数量 {product} 相差超过 0.01 元；请改正",
    "prescription_missing": "费用明细 {value} 标为外购处方而没有处方号；请补上 {field}",
    "prescription_used": "处方 {value} 已经用于一笔结算，一张处方只能使用一次；请核对 {field}",
    "prescription_standing": "处方 {value} 已经登记；请核对 {field}，重新登记须先撤销",
    "prescription_unknown": "处方 {value} 没有开方机构 {prescriber} 的有效登记，统筹基金不能据以支付；"
    "请核对 {field}，或请开方机构登记处方",
    "prescription_differs": "处方 {value} 不能用于这笔购药：{reason}；请核对 {field}",
    "prescription_beside": "统筹基金在药店只支付处方上的药品，这张账单中处方上的只有明细：{value}；"
    "其余请分开结算",
    "line_unpriced": "费用明细 {value} 无法定价：{reason}",
}
