"""Insured persons and what is known of them."""

PEOPLE: dict[str, str] = {
    "person_unknown": "没有参保人 {value}；请核对号码，或先导入参保人",
    "fact_overlaps": "{value} 与已有的一条重叠（{since} 起，{until} 止）；请先停用那一条，或改日期",
    "bond_person_unknown": "没有这个编号和姓名的参保人；请核对 {field}，姓名须与登记的一致",
    "bond_with_oneself": "自己的账户不必绑定给自己；请填写家人的编号",
    "bonds_asked_often": "一小时内申请共济关系已达 {limit} 次；请核对家人的编号和姓名，稍后再试",
    "bond_standing": "与这位家人的家庭共济已经有了（{since} 起）；不必再办，要改关系请先解除",
    "bond_second_spouse": "已有另一位配偶的家庭共济（{since} 起）；一人只有一位配偶（《中华人民共和国民法典》第一千零四十一条），请先解除原来的，或改选别的关系",
    "items_begun_often": "一天内在网上新办已达 {limit} 件；请先办完或撤回已有的，明天再办",
    "papers_many": "这件事已交了 {limit} 份材料；请合并成 PDF，或到经办机构窗口补交",
    "bond_unknown": "没有这项家庭共济关系或请求，或已经解除；请刷新页面",
    "person_differs": "{field} 与证件登记的参保人不符；请核对后重新读取",
}
