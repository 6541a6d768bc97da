"""Insured persons and what is known of them."""

PEOPLE: dict[str, str] = {
    "person_unknown": "没有参保人 {value}；请核对号码，或先导入参保人",
    "fact_overlaps": "{value} 与已有的一条重叠（{since} 起，{until} 止）；请先停用那一条，或改日期",
}
