"""The pages of the insured."""

PAGES: dict[str, str] = {
    "bond_person_unknown": "没有这个编号和姓名的参保人；请核对 {field}，姓名须与登记的一致",
    "bond_with_oneself": "自己的账户不必绑定给自己；请填写家人的编号",
    "bond_unknown": "没有这项家庭共济关系或请求，或已经解除；请刷新页面",
}
