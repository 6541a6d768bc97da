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


def said_what(text: str) -> str:
    """A row's words; what has none stays as it was written."""
    first, _, rest = text.partition(" ")
    return f"{WORDS.get(first, first)} {rest}".strip()
