"""What the pages say, in Chinese and in English.

Templates and views say everything in Chinese; the English stands here. Which language a visitor
gets is Django's to decide (the cookie, then the browser). A test looks that no text is missing.
"""

from django.utils.translation import get_language

from gongji.portal.law_terms import TERMS

WORDS = {
    # Every page.
    "门诊共济": "Outpatient mutual aid", "跳到正文": "Skip to the content",
    "主要页面": "Main pages", "待遇测算": "Calculator", "各地规则": "Rules",
    "两地对照": "Comparison", "我的": "My pages", "程序接口": "Interface for programmers",
    "没有连上，请稍后再试。": "No connection; please try again in a moment.",
    "测算按所列文件的条文得出，不代替经办机构的结算。":
        "Worked out from the articles of the documents named; it does not replace the agency's "
        "settlement.",
    "条文": "Article", "关闭": "Close",
    "没有这一页": "There is no such page", "不能看这一页": "This page is not for you",
    "出错了": "Something went wrong",
    "地址可能写错了，或者内容已经移走。": "The address may be wrong, or the page has moved.",
    "这个账号没有看这一页的权限。": "This account may not see this page.",
    "请稍后再试；已经记录下来。": "Please try again later; it has been noted.",
    # The calculator.
    "这次门诊能报销多少": "What will this visit cost me", "谁、何时": "Who and when",
    "在哪里、看什么": "Where and what for", "费用": "Cost", "元": "yuan", "计算": "Work it out",
    "结果": "Result", "统筹区": "area", "就诊日期": "date of the visit",
    "处方机构级别": "level of the prescriber", "待遇": "benefit", "总费用": "total cost",
    "政策范围内费用": "cost in scope", "出生日期": "date of birth",
    "可不填；只在规则按年龄区分时用到": "optional; used where rules depend on age",
    "可不填；不填则按总费用扣除先行自付":
        "optional; without it, the total less the first self-pay",
    "可不填；按名称查找，填了就按它的级别":
        "optional; search by name; its level is then used", "医疗机构": "institution",
    "或者填费用明细": "Or list the items", "项目": "Item", "数量": "Quantity", "单价": "Unit price",
    "加一行": "One more", "文件没有写明的数字": "Figures the documents leave open",
    "这些数字由别的文件规定，这里没有收录。用得到时请填上。":
        "Other documents set these figures, and they are not here. Fill them in where needed.",
    "今年已经用了多少": "What was used this year", "累计": "Meters",
    "或者列出以前的就诊": "Or list the earlier visits", "日期": "Date", "级别": "Level",
    "其他情形": "Other circumstances",
    # The answer.
    "还算不出来": "Not yet", "统筹基金不予支付": "The pooled fund does not pay",
    "统筹基金支付": "The pooled fund pays", "，补充保障支付": ", supplements pay",
    "，个人负担": ", the person bears", "谁付多少": "Who pays what", "为什么": "Why",
    "起付标准内": "Deductible", "个人按比例负担": "The person's share",
    "超过限额": "Above the ceiling",
    "政策范围外": "Out of scope", "先行自付": "First self-pay", "费用明细": "Items",
    "金额": "Amount", "高于标准": "Above the standard", "目录外": "Not in the catalogue",
    "政策范围内": "In scope", "存疑": "In doubt", "设定": "Given by you",
    "结果用到的数字出自：": "Figures used here come from: ",
    "这些数字由你填写，不是文件中的数字：": "You gave these figures; the documents do not: ",
    "下一次": "Next time",
    "同样的就诊再来一次：统筹基金支付": "The same visit once more: the pooled fund pays",
    "这次之后还剩多少": "What is left after this visit", "还剩多少": "What is left",
    "标准": "Standard", "累计项目": "Meter", "数额": "Amount", "已用": "Used", "还剩": "Left",
    "在别处看呢": "And elsewhere?", "机构": "Institution", "统筹支付": "The pool pays",
    "个人负担": "The person bears", "所选": "chosen", "适用文件：": "Documents that apply: ",
    "，": ", ", "这里的全部规则": "All rules of this area",
    "这一结果的链接": "Link to this result",
    # Areas.
    "各统筹区的规则": "Rules by area", "的规则": ": the rules", "哪一天": "On which day",
    "看这一天": "Show this day", "规则变化的日子：": "The rules changed on: ",
    "与最早的规则对照": "Compare with the first rules", "条件": "Condition", "数字": "Figure",
    "什么情形不予支付": "When the pool does not pay", "支付多少：曲线": "How much: the curve",
    "一年中第一次就诊，统筹基金支付的数额。":
        "What the pooled fund pays of the first visit of a year.",
    "统筹基金支付随费用变化的曲线；数字见下表":
        "Curve of what the pooled fund pays against the cost; the numbers are in the table below",
    "曲线的数字（元）": "The curve in numbers (yuan)", "文件原文": "Texts of the documents",
    "原文未收录；以下是登记的说明。":
        "The text is not here; what follows is from the register of articles.",
    "官方": "official", "官方转述": "official, at second hand", "非官方": "not official",
    "演示": "demonstration",
    "个人账户的计入": "Credits to personal accounts", "不计入个人账户的": "Not credited",
    "个人账户的用途": "Uses of personal accounts", "个人账户不得用于": "Not allowed uses",
    "家庭共济": "Family sharing", "个人账户的其他事项": "Other events of accounts",
    "备案、报销和期限": "Filings, reimbursement, deadlines", "就医和购药": "Care and pharmacies",
    "谁参加": "Who takes part", "从何时起算退休": "From when one counts as retired",
    "缴费": "Contributions", "由其他文件规定的数字": "Figures set by other documents",
    "与机构结算": "Payment of institutions", "清算": "Clearing", "审核": "Review",
    "监管": "Supervision", "统计数字": "Statistics",
    # Comparison.
    "两地或两个日期的规则对照": "Two areas or two dates side by side",
    "甲：统筹区": "A: area", "甲：日期": "A: date", "乙：统筹区": "B: area", "乙：日期": "B: date",
    "列出": "Show", "只列不同": "differences only", "全部": "everything", "对照": "Compare",
    "不同": "Different:", "相同": "equal:", "两边不同": "differs", "只有甲有": "only A",
    "只有乙有": "only B", "异同": "Mark", "规定": "Provision",
    # Signing in.
    "登录": "Sign in", "登录，看自己的账": "Sign in to see what is yours",
    "用医保账号登录": "Sign in with the insurance account", "参保人编号": "person's number",
    "验证码": "code", "姓名": "name",
    "演示：这些人是虚构的": "Demonstration: these people are invented",
    "任选一位；验证码只能用一次，十分钟有效。":
        "Take any of them; a code holds once, for ten minutes.",
    "虚构的参保人": "Invented persons", "这里没有开通登录。": "Nobody can sign in here.",
    "还没有虚构的人；先运行 gongji demo。": "Nobody is invented yet; run gongji demo first.",
    "号码或验证码不对，或验证码已经用过。":
        "Number or code is wrong, or the code has been used.",
    "没有与这个账号对应的参保人，请到经办机构登记。":
        "There is no insured person for this account; please register at the agency.",
    "这个账号登记的是另一位参保人，请到经办机构核对。":
        "This account belongs to another insured person; please ask the agency.",
    # My pages.
    "总览": "Overview", "结算": "Settlements", "账户和对账单": "Account and statement",
    "备案": "Filings", "退出": "Sign out", "我的门诊共济": "My outpatient mutual aid",
    "账户": "Account", "没有个人账户。": "No personal account.",
    "已经用了多少": "What was used", "期间": "Period", "还没有用。": "Nothing yet.",
    "最近的结算": "The last settlements", "事项": "Event", "个人账户": "Personal account",
    "现金": "Cash", "已撤销": "cancelled", "还没有结算。": "No settlements yet.",
    "我的结算": "My settlements", "补充保障": "Supplements", "家人的账户": "Family accounts",
    "对账单": "Statement", "起": "From", "止": "To", "看这段时间": "Show this time",
    "用浏览器的打印就是对账单。": "Print this page for a statement.",
    "依据": "Article", "变动": "Change", "余额": "Balance", "期初": "Opening", "期末": "Closing",
    "撤销结算": "Cancellation", "住院": "Inpatient stay", "划入": "Credit",
    "重新核算": "Re-adjudication", "应收（个人欠基金）": "Owed to the fund",
    "应付（基金欠个人）": "Owed by the fund",
    "谁的账户为我支付": "Whose accounts pay for me", "等对方同意": "waiting for their consent",
    "等我同意": "waiting for my consent", "自": "since", "撤回请求": "Withdraw", "解除": "End",
    "没有。": "None.", "请家人用账户为我支付": "Ask a relative to let their account pay for me",
    "提出请求": "Ask", "我的账户为谁支付": "For whom my account pays", "我是其": "I am their",
    "同意": "Consent", "不同意": "Refuse",
    "让我的账户为家人支付": "Let my account pay for a relative",
    "同意支付": "Give", "对方的参保人编号": "Their number", "对方的姓名": "Their name",
    "对方是我的": "They are my", "我是对方的": "I am their", "关系": "relation", "编号": "number",
    "配偶": "spouse", "父母": "parent", "子女": "child", "其他近亲属": "other close relative",
    "当时的计算": "As it was worked out", "付款方": "Payer", "支付": "Paid",
    "我的备案": "My filings", "种类": "Kind", "内容": "What", "状态": "State",
    "已过期": "over", "慢特病备案": "Registration of a disease", "异地就医备案": "Care elsewhere",
    "选定医疗机构": "Institution selected", "转诊": "Referral", "意外伤害登记": "Injury",
    "已报，待审核": "filed, to be reviewed", "已核准": "approved",
}  # fmt: skip
"""Every text of the interface: Chinese -> English."""

_JOINTS = {" · ": " · ", "，": ", ", "：": ": ", "、": ", ", "（": " (", "）": ")"}
"""What joins words of the law, and how it is written in English."""


def is_english() -> bool:
    """Whether the visitor reads English."""
    return (get_language() or "").startswith("en")


def say(text: str, **values: object) -> str:
    """A text of the interface in the visitor's language, with values put in."""
    shown = WORDS.get(text, text) if is_english() else text
    return shown.format(**values) if values else shown


def name(word: str) -> str:
    """A word of the law (or several, joined by marks) in the visitor's language."""
    if not is_english():
        return word
    known = WORDS.get(word) or TERMS.get(word)
    if known:
        return known
    for joint, shown in _JOINTS.items():
        if joint in word:
            return shown.join(name(part) for part in word.split(joint))
    return word
