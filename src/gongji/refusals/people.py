"""Insured persons and what is known of them."""

PEOPLE: dict[str, str] = {
    "person_unknown": "没有参保人 {value}；请核对号码，或先导入参保人",
    "fact_overlaps": "{value} 与已有的一条重叠（{since} 起，{until} 止）；请先停用那一条，或改日期",
    "bond_person_unknown": "没有这个编号和姓名的参保人；请核对 {field}，姓名须与登记的一致",
    "bond_with_oneself": "自己的账户不必绑定给自己；请填写家人的编号",
    "bonds_asked_often": "一小时内申请共济关系已达 {limit} 次；请核对家人的编号和姓名，稍后再试",
    "bond_unknown": "没有这项家庭共济关系或请求，或已经解除；请刷新页面",
    "person_differs": "{field} 与证件登记的参保人不符；请核对后重新读取",
}
