"""Input that cannot be read as a visit, and rules that are not there."""

VISITS: dict[str, str] = {
    "field_missing": "缺少必填项 {field}",
    "field_unknown": "不认识的列或事实 {field}{known}",
    "value_invalid": "{field} 的值 {value} 无法识别；可取：{allowed}",
    "amount_invalid": "{field} 的值 {value} 不是以元为单位、至多两位小数的金额",
    "amount_negative": "{field} 为负数：{value}；冲销请另作退费，不用负数",
    "amount_too_large": "{field} 超过上限：{value}；单笔不得超过 100 亿元",
    "in_scope_above_total": "政策范围内费用 {value} 大于总费用 {total}",
    "area_unknown": "没有统筹区 {value} 的规则；现有：{allowed}",
    "date_outside": "{value} 不在统筹区 {area} 规则的有效期内；现有规则覆盖：{allowed}",
    "benefit_not_offered": "统筹区 {area} 的文件没有规定待遇“{value}”；现有：{allowed}",
    "not_ruled": "统筹区 {area} 的文件没有规定{value}",
}
