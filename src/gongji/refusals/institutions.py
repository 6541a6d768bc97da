"""Institutions."""

INSTITUTIONS: dict[str, str] = {
    "institution_unknown": "没有定点医药机构 {value}；请核对代码，或先导入机构",
    "institution_kind": "机构 {value} 不能办理这项交易：{reason}",
}
