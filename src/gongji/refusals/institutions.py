"""Institutions."""

INSTITUTIONS: dict[str, str] = {
    "institution_unknown": "没有定点医药机构 {value}；请核对代码，或先导入机构",
    "institution_kind": "机构 {value} 不能办理这项交易：{reason}",
    "access_keys_many": "机构 {value} 已有 {most} 个在用的接入凭证；请先作废不用的一个",
    "access_key_unknown": "没有在用的接入凭证 {value}；请刷新后再看",
}
