"""What a row of the trail is called: its first word in plain words, then what it names."""

WORDS = {
    "person": "参保人档案",
    "open": "打开档案",
    "command": "事项",
    "paper": "材料",
    "entry": "结算",
    "receipt": "打印回执",
    "decision": "打印决定书",
    "statement": "打印结算单",
    "account": "打印对账单",
    "institution": "医药机构",
    "institutions": "医药机构列表",
    "policy": "测算",
    "waiting": "待办列表",
    "persons": "查找参保人",
    "posts": "岗位",
    "coverage": "业务能否办完",
    "staff": "人员",
    "day": "今天",
    "books": "核对账",
    "trail": "留痕",
    "rules": "修改规则",
    "trial": "规则试算",
    "export": "导出列表",
    "file": "作业的文件",
    "handed-out": "复制个人信息",
    "lead": "监管线索",
    "leads": "监管线索列表",
    "stop": "停止作业",
    "access": "接入凭证",
    "people": "读取人数",
    "draft": "建草稿",
    "edit": "修改",
    "submit": "提交",
    "approve": "同意",
    "return": "退回",
    "withdraw": "撤回",
    "elevate": "提升权限",
    "elevate-end": "结束提升的权限",
}
"""The first words of what stands in the trail."""
OWN_PAGES = {
    "overview": "总览",
    "settlements": "结算",
    "settlement": "结算",
    "settlement_pdf": "结算单",
    "account": "账户和对账单",
    "account_pdf": "对账单",
    "bonds": "家庭共济",
    "page": "家庭共济",
    "filings": "备案",
    "looks": "谁看过我的记录",
    "download": "下载我的数据",
    "items": "网上办事",
    "item": "网上办事",
    "new_item": "网上办事",
    "decision": "决定书",
}
"""What the person's own pages are called."""
BY_INSTITUTIONS = {"11": "参保信息", "52": "结算和备案记录", "53": "结算和备案记录"}
"""What institutions ask for, by how the transaction begins."""
REASONS = {"own": "", "certificate": "出示了医保凭证", "treated": "近期在这里就医"}
"""Why institutions and persons looked; members of staff say it in their own words."""


def said_what(text: str) -> str:
    """A row's words; what has none stays as it was written."""
    first, _, rest = text.partition(" ")
    return f"{WORDS.get(first, first)} {rest}".strip()
