# ruff: noqa: E501
"""What rulebooks say in words, in English: provisions, notes of open figures, documents, articles.

The words of benefits, facts and meters stand in `law_terms`; here is what the other sections say.
A word that is not here stays as it is; a test looks that all of the shipped rulebooks are here.
"""

import re

from gongji.law.report.register import NUMERALS
from gongji.portal.english_doubts import DOUBTS
from gongji.portal.law_terms import TERMS
from gongji.portal.ui_texts import WORDS

TITLES = {
    "中华人民共和国社会保险法": "Social Insurance Law of the People's Republic of China",
    "楚雄彝族自治州职工基本医疗保险门诊共济保障实施细则（暂行）": "Chuxiong Prefecture: rules on outpatient mutual aid in employee basic medical insurance (provisional)",
    "云南省职工基本医疗保险门诊共济保障实施办法": "Yunnan Province: measures on outpatient mutual aid in employee basic medical insurance",
    "临沧市职工基本医疗保险门诊共济保障实施细则（暂行）": "Lincang: rules on outpatient mutual aid in employee basic medical insurance (provisional)",
    "攀枝花市建立健全职工基本医疗保险门诊共济保障机制实施细则": "Panzhihua: rules on establishing outpatient mutual aid in employee basic medical insurance",
    "云浮市职工基本医疗保险门诊共济保障实施细则": "Yunfu: rules on outpatient mutual aid in employee basic medical insurance",
    "邵阳市职工基本医疗保险门诊共济保障机制实施细则": "Shaoyang: rules on outpatient mutual aid in employee basic medical insurance",
    "湖南省职工基本医疗保险普通门诊统筹起付标准调整": "Hunan Province: change of the deductibles of the ordinary outpatient pool for employees",
}
"""Titles of documents."""
NUMBERS = {
    "中华人民共和国社会保险法": "Social Insurance Law",
    "社会保险经办条例": "Social Insurance Handling Regulations",
    "楚政规〔2022〕2号": "Chuxiong Government Rule [2022] No. 2",
    "云政办规〔2024〕2号": "Yunnan Government Office Rule [2024] No. 2",
    "临政办规〔2022〕2号": "Lincang Government Office Rule [2022] No. 2",
    "邵市政办发〔2022〕22号": "Shaoyang Government Office [2022] No. 22",
    "湖南省2023年6月1日起门诊统筹标准": "Hunan outpatient standards from 2023-06-01",
    "云浮市职工基本医疗保险门诊共济保障实施细则": "Yunfu rules on outpatient mutual aid",
    "攀枝花市建立健全职工基本医疗保险门诊共济保障机制实施细则": "Panzhihua rules on outpatient mutual aid",
    "双江自治县政策解读": "Shuangjiang County, explanation of the policy",
    "临沧市职工医保待遇表": "Lincang table of benefits",
}
"""How documents are cited."""
ARTICLES = {
    "待遇表": "table of benefits",
    "普通门诊统筹": "ordinary outpatient pool",
    "标题": "title",
    "解释权": "interpretation",
}
"""Headings that are cited where a text has no articles."""
KEYS = {
    # Who and what.
    "人员": "who",
    "享受期": "benefit period",
    "缴费人": "paid by",
    "去向": "goes to",
    "费率": "rate",
    "用于": "for",
    "事件": "event",
    "起": "from",
    "资金": "paid out of",
    "自": "since",
    "标准": "standard",
    "比例": "rate",
    "基数": "base",
    "取整": "rounded to",
    "用途": "use",
    "亲属": "for whom",
    "地点": "where",
    "限政策范围内": "only cost in scope",
    "限国家编码": "only with a national insurance code",
    "自愿": "voluntary",
    "余额不足": "where the balance is short",
    "处理": "what happens",
    "申请": "on application",
    "特殊情形": "special case",
    "特殊处理": "in the special case",
    "方式": "method",
    "状态": "state",
    "总额预算": "budget in total",
    "定额": "quota",
    "限额": "ceiling",
    "纳入": "includes",
    "扣回": "deducted again",
    "付费": "payment",
    "分档": "bands",
    "使用率": "share used",
    "留用": "share kept",
    "超支": "overspending",
    "直接结算率": "share settled directly",
    "低于": "below",
    "每低": "for each",
    "降低": "lowered by",
    "步骤": "steps",
    "范围": "scope",
    "不相容": "not to be held together",
    "类": "kind",
    "适用": "applies to",
    "受理": "accepted",
    "截止": "until",
    "逾期": "after that",
    "材料": "papers",
    "申请人": "who asks",
    "渠道": "channel",
    "时限": "time limit",
    "工作日": "working days",
    "审核": "review",
    "岗位": "post",
    "机构": "agency",
    "保管": "kept for",
    "救济": "remedy",
    "承诺": "written promise",
    "违诺": "promise broken",
    "或": "or",
    "出自": "from",
    "名称": "name",
    "拒付": "reason",
    "药店级别": "level of a pharmacy",
    "互联网": "Internet hospitals",
    "年度": "year",
    "值": "figure",
    "参数": "figure",
}
"""Keys of rulebooks."""
NAMES = {
    "在职人员": "active employees",
    "退休人员": "retirees",
    "职工": "employees",
    "灵活就业人员": "flexibly employed persons",
    "单位在职职工": "active employees of an employer",
    "一档灵活就业人员": "flexibly employed persons of tier 1",
    "参保人员": "insured persons",
    "单位缴费": "contribution of the employer",
    "个人缴费": "contribution of the person",
    "用人单位": "the employer",
    "个人": "the person",
    "缴费基数": "contribution base",
    "待遇": "benefits",
    "划入": "credit",
    "退休手续": "registration as retired",
    "缴满年限": "contribution years complete",
    "次月": "the month after",
    "当月": "that month",
    "退休待遇": "benefits of retirees",
    "缴满年限待遇": "benefits when the contribution years are complete",
    "退休登记划入": "credit on registration as retired",
    "与职工医保待遇享受期一致": "as in employee medical insurance",
    "建立了个人账户且在待遇享受期内": "with a personal account and within the benefit period",
    # Personal accounts.
    "就医费用": "cost of care",
    "药店购药": "purchases at pharmacies",
    "居民医保缴费": "contributions to residents' medical insurance",
    "补充保险缴费": "premiums of supplementary insurance",
    "退休补缴": "contributions made up at retirement",
    "中医治未病": "preventive care of Chinese medicine",
    "商业补充保险": "commercial supplementary insurance",
    "普惠型商业补充医疗保险": "inclusive commercial supplementary medical insurance",
    "大额补助缴费": "premiums of the large-amount subsidy",
    "大额医疗费用补助缴费": "premiums of the large-amount medical subsidy",
    "长期护理保险缴费": "premiums of long-term care insurance",
    "商业健康保险": "commercial health insurance",
    "补充医疗保险缴费": "premiums of supplementary medical insurance",
    "重特大疾病保险缴费": "premiums of serious-disease insurance",
    "政府医疗保险缴费": "premiums of the government's medical insurance",
    "医疗费用": "medical cost",
    "医疗器械": "medical devices",
    "医用耗材": "medical consumables",
    "定点医疗机构": "designated medical institutions",
    "定点零售药店": "designated pharmacies",
    "定点医药机构": "designated institutions and pharmacies",
    "本人": "oneself",
    "配偶": "spouse",
    "父母": "parents",
    "子女": "children",
    "兄弟姐妹": "siblings",
    "祖父母": "paternal grandparents",
    "外祖父母": "maternal grandparents",
    "孙子女": "a son's children",
    "外孙子女": "a daughter's children",
    "近亲属": "close relatives",
    "范围外支出": "spending out of scope",
    "体育健身": "sports and fitness",
    "养生保健": "wellness",
    "健康体检": "health check-ups",
    "家庭共济": "family sharing",
    "解除家庭共济": "end of family sharing",
    "自付": "paid by the person",
    "年度结转": "carrying over to the next year",
    "结转使用": "carried over and used",
    "继承": "inheritance",
    "依法继承": "inherited by law",
    "关系转移": "transfer of the insurance",
    "省内跨市转移": "move to another city of the province",
    "跨省转移": "move to another province",
    "跨省异地安置": "settling in another province",
    "跨省异地安置退休": "retired and settled in another province",
    "随同转移": "moves along",
    "不划转不提现": "neither moved nor paid out",
    "无法转移": "cannot be moved",
    "因转入地无个人账户等特殊原因无法转移接续": "cannot be moved, as where the new area has no personal accounts",
    "一次性清退": "paid out at once",
    "划入本人银行账户": "paid into the person's bank account",
    "应征入伍": "joining the armed forces",
    "出境定居": "settling abroad",
    "待遇享受期外": "outside the benefit period",
    "社会保险法享受期外": "outside the benefit period (Social Insurance Law)",
    "按月补缴": "while contributions are made up by the month",
    "非一档": "not of tier 1",
    "改革前无账户": "without an account before the reform",
    "改革前有账户": "had an account before the reform",
    # Payment of institutions.
    "结算办法": "method of payment",
    "另行规定": "ruled elsewhere",
    "按人头付费": "payment by head",
    "按项目": "by item",
    "按项目付费": "payment by item",
    "按病种": "by disease",
    "按病种付费": "payment by disease",
    "按病种分值": "by points of a disease",
    "按病种分值付费": "payment by points of a disease",
    "基层人头包干": "by head at primary institutions",
    "复合式": "mixed",
    "复合式付费": "mixed payment",
    "按病种结合人头": "by disease and head",
    "按病种结合人头付费": "payment by disease and head",
    "病例分组结合点数法": "by case groups and points",
    "门诊病例分组结合点数法付费": "payment by outpatient case groups and points",
    "探索": "being tried",
    "符合规定的转诊医疗费用": "cost of referred care that follows the rules",
    "院外购药费用（“双通道”管理药品）": "drugs bought outside the hospital (dual-channel drugs)",
    "零星报销统筹基金费用": "what the pool paid by manual reimbursement",
    "年度清算": "clearing of the year",
    "定点医疗机构承担": "borne by the institution",
    # Filings and review.
    "手工报销": "manual reimbursement",
    "慢特病备案": "registration of a chronic or special disease",
    "备案后在统筹区外就医、就医时未能联网结算的": "care outside the area that was filed and could not be settled online",
    "就医时未能联网直接结算的": "care that could not be settled directly online",
    "原则上不予受理": "not accepted as a rule",
    "不予受理": "not accepted",
    "医保凭证": "insurance credential",
    "医疗费用发票": "invoice of the medical cost",
    "病历": "medical record",
    "病历资料": "medical records",
    "检查检验报告": "reports of examinations",
    "社会保障卡或居民身份证": "social security card or identity card",
    "社会保障卡": "social security card",
    "居民身份证": "identity card",
    "医院收费票据": "receipt of the hospital",
    "收费票据": "receipt",
    "费用明细清单": "list of items",
    "诊断证明": "certificate of the diagnosis",
    "户口簿": "household register",
    "结婚证": "marriage certificate",
    "出生医学证明": "birth certificate",
    "解除共济关系，退回已支付的费用，依法处理": "the sharing ends, what was paid is given back, the law is applied",
    "代办人": "an agent",
    "账户所有人": "owner of the account",
    "窗口": "counter",
    "网上": "online",
    "不服的，可以依法申请行政复议或者提起行政诉讼": "whoever disagrees may ask for administrative reconsideration or go to court",
    "三级审核": "review in three steps",
    "不相容岗位": "incompatible posts",
    "初审": "first review",
    "复审": "second review",
    "稽核": "audit",
    "县级": "county",
    "市级": "city",
    "待遇支付和基金结算": "payment of benefits and settlement of the fund",
    "经办和稽核": "handling and audit",
    "会计和出纳": "accountant and cashier",
    "业务和财务": "business and finance",
    "信息和业务": "information and business",
    # Supervision.
    "指标": "indicator",
    "线索": "lead",
    "后果": "consequence",
    "要求": "requirement",
    "费用增长": "growth of cost",
    "次均费用": "cost per visit",
    "自费比例": "share paid by the person outside the catalogue",
    "检查费用占比": "share of examinations",
    "目录外项目": "items outside the catalogue",
    "欺诈骗保": "fraud",
    "骗取基金": "fraud against the fund",
    "造假欺诈": "forgery and fraud",
    "虚构服务": "invented services",
    "过度诊疗": "excessive treatment",
    "账户套现": "cashing in accounts",
    "考核挂钩": "tied to the assessment",
    "移交处理": "handed over",
    "智能监控": "smart monitoring",
    "就诊率": "visit rate",
    "转诊率": "referral rate",
    "费用结构": "structure of cost",
    "挂网价格": "listed price",
    "优先目录内": "the catalogue first",
    "诱导院外购药": "inducing purchases outside",
    "信用管理": "credit records",
    "药品追溯": "tracing of drugs",
    "药店报告": "reports of pharmacies",
    # Lines of a bill, places, care.
    "目录外": "outside the catalogue",
    "支付标准": "payment standard",
    "超支付标准": "above the payment standard",
    "超挂网价格": "above the listed price",
    "无关项目": "items that do not belong to the disease",
    "两病无关项目": "items that do not belong to hypertension or diabetes",
    "慢特病无关项目": "items that do not belong to the chronic or special disease",
    "分开结算": "settled apart",
    "处方机构": "that of the institution that prescribed",
    # Reasons for which nothing is credited, as rulebooks name them.
    "不在待遇享受期内": "outside the benefit period",
    "没有建立职工医保个人账户": "no personal account of employee insurance",
    "退休后按月补缴期间不计发个人账户": "nothing is credited while a retiree makes up contributions by the month",
    # Units and bands.
    "元": "yuan",
    "合计": "both together",
    "七十周岁以下": "below 70",
    "七十周岁及以上": "70 and above",
    "七十岁以下": "below 70",
    "七十岁及以上": "70 and above",
    "年龄段": "age band",
}
"""What rulebooks say under their keys."""
NOTES = {
    "统筹区内各级定点医疗机构住院起付标准，住院文件另定": "The inpatient deductibles of each level are set by the area's document on inpatient care.",
    "各级定点医疗机构住院支付比例，住院文件另定": "The inpatient rates of each level are set by the area's document on inpatient care.",
    "住院统筹基金年度最高支付限额，住院文件另定": "The pool's yearly inpatient ceiling is set by the area's document on inpatient care.",
    "公务员医疗补助、老干部医疗补助、企业补充医疗保险各自的补助比例，另有政策": "The rates of the subsidies of civil servants and veteran cadres and of enterprise insurance have policies of their own.",
    "退休人员个人账户现有划入比例，今后逐步调整到2%，比例未见官方文本": "The present rate of credits to retirees, to move to 2% by and by; no official text gives it.",
    "退休人员个人账户划入的月基数（现为原口径，今后为当年基本养老金平均水平），未见官方文本": "The monthly base of credits to retirees (so far as before, later the year's average pension); no official text gives it.",
    "各统筹区各级定点医疗机构住院支付比例": "Each area's own document on inpatient care gives the inpatient rates of each level.",
    "各统筹区住院统筹基金年度最高支付限额": "Each area's own document on inpatient care gives the pool's yearly inpatient ceiling.",
    "2023—2024年退休人员比在职人员提高的百分点，未见官方文本": "The points that retirees had above active employees in 2023 and 2024; no official text gives them.",
    "各级定点医疗机构住院起付标准，70岁起减半；门诊各待遇暂不引用，供住院接口使用": "Inpatient deductibles of each level, halved from the age of 70; no outpatient benefit uses them.",
    "各级定点医疗机构住院支付比例": "Inpatient rates of each level.",
    "统筹基金年度支付上限": "What the pool pays at most in a year.",
    "超过统筹限额后大额补助的比例": "The rate of the large-amount subsidy above the pool's ceiling.",
    "大额补助年度支付上限": "What the large-amount subsidy pays at most in a year.",
    "慢性病年度起付标准，未见官方文本": "The yearly deductible for chronic diseases; no official text gives it.",
    "慢性病支付比例，未见官方文本": "The rate for chronic diseases; no official text gives it.",
    "2023年1月至2024年10月退休人员每月划入金额，未见官方文本": "What retirees were credited each month from January 2023 to October 2024; no official text gives it.",
    "与城乡居民“两病”用药保障一致，本市数字未见": "As for residents with hypertension or diabetes; the city's figures were not found.",
    "与城乡居民“两病”用药保障一致，本市数字未见；两种病合计的限额，各病种的限额另按病种给出": "As for residents with hypertension or diabetes; the city's figures were not found. A ceiling for both together and one for each.",
    "按现行政策，另文规定": "Under the policy in force, set by another document.",
    "2022年度攀枝花市城镇职工基本养老保险月平均基本养老金，人社部门提供，未收录": "Panzhihua's average monthly basic pension of 2022, given by the human resources authority; it is not here.",
    "本市上上年度城镇在岗职工年平均工资，统计部门公布，未收录": "The city's average wage of urban employees two years before, published by the statistics authority; it is not here.",
    "按省、市门诊特定病种管理规定，未收录": "Under the province's and the city's rules on specified diseases; they are not here.",
    "各病种年度支付限额，由省医疗保障行政部门规定": "The yearly ceiling of each disease is set by the province's healthcare security authority.",
    "急诊抢救死亡参照住院政策，住院文件另定": "Emergency care ending in death follows inpatient care, which another document rules.",
    "住院文件另定": "Set by the area's document on inpatient care.",
    "“双通道”政策另定": "Set by the policy on dual-channel drugs.",
    # What a meter adds up.
    "一次急诊抢救（含随后住院）内的起付标准": "deductible within one emergency, the stay after it included",
    "一次挂号内已承担的起付标准": "deductible borne within one registration",
    "一次日间手术内的起付标准": "deductible within one day surgery",
    "与住院合并计算的统筹基金年度支付累计": "paid by the pooled fund this year, inpatient care included",
    "全年起付累计": "deductibles borne this year",
    "各病种年度支付累计": "paid this year for each disease",
    "各级医疗机构各自的年度起付累计": "deductibles borne this year, at each level apart",
    "普通门诊年度起付累计": "deductibles borne this year in ordinary outpatient care",
    "普通门诊统筹基金年度支付累计": "paid by the pooled fund this year for ordinary outpatient care",
    "当年有效": "for this year only",
    "高血压、糖尿病各自": "hypertension and diabetes apart",
    "高血压、糖尿病合计": "hypertension and diabetes together",
}
"""What rulebooks note of open figures (who gives them) and of meters (what they add up)."""
_ALL = WORDS | TERMS | NUMBERS | NOTES | KEYS | NAMES | DOUBTS
_JOINTS = (("；", "; "), (" · ", " · "), ("，", ", "), ("：", ": "), ("、", ", "))
_AMOUNT = re.compile(r"^(-?[\d,.]+) ?元$")
_POINTS = re.compile(r"^(\d+)个百分点$")
_YEARS = re.compile(r"^(\d+)年$")
_NEXT_YEAR = re.compile(r"^次年(\d+)月(\d+)日$")
_DAYS = re.compile(r"^[\d\s%.,±+-]*$")
_IN_BRACKETS = re.compile(r"^(.*?)（(.*)）$")
_NUMBERED = re.compile(r"^(\D+)(\d+)$")
_ONE_ARTICLE = re.compile(r"^第[零一二三四五六七八九十百]+条")
_PARAGRAPHS = re.compile(
    r"第([零一二三四五六七八九十百]+)条|第([零一二三四五六七八九十]+)款|（([零一二三四五六七八九十]+)）|至"
)
_HEADING = re.compile(r"^([一二三四五六七八九十]+)(（[一二三四五六七八九十]+）)?$")


def words(text: str) -> str:
    """What a rulebook says, in English; a word that is not known stays as it is."""
    whole = _ALL.get(text) or _shape(text)
    if whole:
        return whole
    key, colon, value = text.partition("：")
    if colon and key in KEYS and "；" not in text:
        return f"{KEYS[key]}: {words(value)}"
    for joint, shown in _JOINTS:
        if joint in text:
            return shown.join(words(part) for part in text.split(joint))
    found = _IN_BRACKETS.match(text)
    if found:
        return f"{words(found[1])} ({words(found[2])})"
    if found := _NUMBERED.match(text):
        return f"{words(found[1])} {found[2]}"
    key, space, value = text.partition(" ")
    return f"{words(key)} {words(value)}" if space and value else text


def _shape(text: str) -> str:
    """A text that is a figure or a date, in English; nothing for another one."""
    if found := _AMOUNT.match(text):
        return f"¥{found[1]}"
    if found := _POINTS.match(text):
        return f"{found[1]} percentage points"
    if found := _YEARS.match(text):
        return f"{found[1]} years"
    if found := _NEXT_YEAR.match(text):
        return f"{found[2]} {_MONTHS[int(found[1]) - 1]} of the next year"
    if _ONE_ARTICLE.match(text):
        return article(text)
    return text if _DAYS.match(text) else ""


_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


def article(text: str) -> str:
    """An article as it is cited, in English: art. 13 para. 3, art. 6 (1), II (2)."""
    if text in ARTICLES:
        return ARTICLES[text]
    if "、" in text:
        return ", ".join(article(part) for part in text.split("、"))
    heading = _HEADING.match(text)
    if heading:
        text = f"{_roman(_number(heading[1]))}{heading[2] or ''}"
    text = text.removeprefix("经办条例")
    return _PARAGRAPHS.sub(_part, text).strip()


def _part(found: re.Match[str]) -> str:
    if found[1]:
        return f" art. {_number(found[1])}"
    if found[2]:
        return f" para. {_number(found[2])}"
    return f" ({_number(found[3])})" if found[3] else " to"


def _number(numeral: str) -> int:
    return NUMERALS[f"第{numeral}条"]


def _roman(number: int) -> str:
    return ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X")[number - 1]


def cited(label: str) -> str:
    """A document with an article, in English; a document that is not known keeps its name."""
    document, space, named = label.partition(" ")
    marked = None if document in NUMBERS else _IN_BRACKETS.match(document)
    if marked and marked[1] in NUMBERS:
        document = f"{NUMBERS[marked[1]]} ({words(marked[2])})"
    return f"{NUMBERS.get(document, document)}{space}{article(named)}"
