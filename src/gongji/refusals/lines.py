"""Files of fee lines."""

LINES: dict[str, str] = {
    "line_visit_unknown": "费用明细的就诊 {value} 不在就诊文件中",
    "line_visit_ambiguous": "就诊 {value} 在就诊文件中有多行；费用明细请加上列 {allowed} 以区分",
    "benefits_mixed": "一笔结算只有一项待遇，这张账单混有 {value}，须分别结算{article}",
    "item_unknown": "目录中没有项目 {value}；确属目录外的可用 --unknown-items own",
    "item_outside_dates": "项目 {value} 在 {date} 没有有效的目录版本；现有版本：{allowed}",
    "self_pay_missing": "目录没有给出乙类项目 {value} 的先行自付比例，{area} 的文件也没有规定",
    "nothing_priced": "每次就诊都有无法定价的明细，没有可结算的；原因见 {value}",
    "lines_differ": "费用明细合计 {value} 与就诊的总费用 {total} 不符",
}
