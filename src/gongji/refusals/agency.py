"""The agency's items: what a form says that does not fit."""

AGENCY: dict[str, str] = {
    "applicant_refused": "“{kind}”不由{value}申请；可以申请的：{allowed}",
    "disease_list_wrong": "病种目录第 {row} 行有误：{reason}；请改正后重新录入",
    "disease_unlisted": "统筹区 {area} 在 {date} 有效的病种目录没有 {value}；请核对代码，或先录入目录",
    "registration_double": "参保人已有{name}的门诊慢特病备案，同一病种不得重复享受；请先结束原来的备案",
    "bill_late": "{date} 的费用应在 {last} 前申请报销，逾期不予受理（{article}）",
    "bill_not_accepted": "统筹区 {area} 不受理手工报销（{article}）；请在就医时直接结算",
    "relation_refused": "{value}不在可以共济的亲属之内（{article}）；可取：{allowed}",
}
