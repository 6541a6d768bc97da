"""The law's words in English: facts, their values, meters, layers, benefits, parameters, places.

GLOSSARY.md explains them. A word that is not here (an area's own rulebook may add any) stays as it
is; a test looks that the shipped rulebooks' words are here.
"""

TERMS = {
    # Places.
    "云南省": "Yunnan Province", "云南省临沧市": "Lincang, Yunnan",
    "云南省楚雄彝族自治州": "Chuxiong Prefecture, Yunnan", "四川省攀枝花市": "Panzhihua, Sichuan",
    "广东省云浮市": "Yunfu, Guangdong", "湖南省邵阳市": "Shaoyang, Hunan",
    # Benefits.
    "普通门诊": "ordinary outpatient care", "慢性病": "chronic disease",
    "特殊病": "special disease", "急诊抢救": "emergency care", "谈判药": "negotiated drug",
    "日间手术": "day surgery", "两病": "hypertension and diabetes drugs",
    "双通道药": "dual-channel drug",
    # Facts.
    "参保状态": "status", "医院级别": "level of institution", "机构类别": "kind of institution",
    "住院医院级别": "level of the inpatient hospital", "缴费档次": "contribution tier",
    "异地": "treated outside the area", "补助身份": "subsidy status", "病种": "disease",
    "药品": "drug", "医疗机构": "institution", "病种数": "number of diseases",
    "病种数段": "number of diseases", "当年账户": "current-year account", "日期": "date",
    "年龄": "age", "周岁": "age", "季内月数": "months into the quarter",
    "年内月数": "months into the year", "核准当年剩余月数": "months left in the year of approval",
    "待遇享受期内": "in the benefit period", "定点": "designated institution",
    "选定机构": "the institution selected", "转诊": "referred", "直接结算": "settled directly",
    "住院期间": "during an inpatient stay", "第三人责任": "a third party is liable",
    "其他基金": "another fund pays", "账户已付": "already paid from the account",
    "公共卫生": "public health bears it", "保健美容": "wellness or cosmetic",
    "依法不予支付": "not payable by law", "有个人账户": "has a personal account",
    "药店合规": "pharmacy qualified for the pool", "有处方": "with a prescription",
    "协议期内": "in the agreement period", "转住院": "went on to an inpatient stay",
    "死亡": "died in emergency care", "特殊病类": "class of special disease",
    "备案核准日期": "date of approval of the registration",
    "互联网医院的实体机构级别": "Internet hospital: level of the physical institution",
    "账户年龄段": "age band of the account",
    # Values.
    "在职": "in work", "退休": "retired", "一级": "level 1", "二级": "level 2", "三级": "level 3",
    "药店": "pharmacy", "医院": "hospital", "无": "none", "一档": "tier 1", "二档": "tier 2",
    "是": "yes", "否": "no", "已备案": "filed", "未备案": "not filed", "公务员": "civil servant",
    "老干部": "veteran cadre", "企业补充": "enterprise supplement", "一种": "one", "两种": "two",
    "三种": "three", "四种": "four", "五种及以上": "five and more",
    "免起付病种": "disease without deductible", "其他特殊病": "other special disease",
    **{f"{n}个月": f"{n} month{'s' if n > 1 else ''}" for n in range(1, 13)},
    # Meters.
    "两病统筹": "paid for hypertension and diabetes",
    "住院统筹": "paid under the inpatient ceiling",
    "双通道统筹": "paid for dual-channel drugs", "各级起付": "deductible of the year at the level",
    "大额补助": "paid by the large-amount subsidy", "年度起付": "deductible of the year",
    "慢性病统筹": "paid for chronic diseases", "慢性病起付": "deductible for chronic diseases",
    "普通统筹": "paid for ordinary outpatient care", "每次住院起付": "deductible of the stay",
    "每次急诊起付": "deductible of the emergency", "每次手术起付": "deductible of the operation",
    "每次起付": "deductible of the visit", "特定病种统筹": "paid for specified diseases",
    "特定病种起付": "deductible for specified diseases", "特殊病统筹": "paid for special diseases",
    "特殊病起付": "deductible for special diseases", "病种统筹": "paid for the disease",
    "谈判药起付": "deductible of the negotiated drug",
    # Layers and payers.
    "统筹基金": "the pooled fund", "个人账户": "the personal account",
    "大额医疗费用补助": "the large-amount medical subsidy", "大病保险": "serious-illness insurance",
    "公务员医疗补助": "the civil servants' medical subsidy",
    "老干部医疗补助": "the veteran cadres' medical subsidy",
    "企业补充医疗保险": "enterprise supplementary insurance", "医疗救助": "medical assistance",
    "双通道管理药品": "Dual-channel drugs", "国家医保谈判药品": "Nationally negotiated drugs",
    "建国初期参加革命工作部分退休干部医疗补助": "Medical subsidy of veteran cadres",
    "急诊抢救死亡（参照住院）": "Emergency care ending in death (as inpatient care)",
    "慢特病门诊": "Outpatient care of chronic and special diseases",
    "普通门诊统筹": "Ordinary outpatient pool", "职工门诊统筹": "Employees' outpatient pool",
    "超普通门诊限额部分（住院待遇）": "Above the ordinary ceiling (as inpatient care)",
    "超普通门诊限额部分（住院比例）": "Above the ordinary ceiling (at the inpatient rate)",
    "门诊急诊抢救": "Outpatient emergency care", "门诊慢性病": "Outpatient chronic disease",
    "门诊特定病种": "Outpatient specified disease", "门诊特殊病": "Outpatient special disease",
    "高血压、糖尿病门诊用药": "Drugs for hypertension and diabetes",
    "起付标准": "deductible", "按比例自付": "share borne", "超限额": "part above the ceiling",
    "最高支付限额": "ceiling", "支付比例": "rate", "费用段": "band of cost",
    "先行自付": "first self-pay", "不予支付": "not paid",
    # Figures.
    "不设": "none", "不限": "no limit", "未定": "open", "随就诊给出": "comes with the visit",
    # Routes.
    "其他急诊": "Other emergencies", "急救抢救": "Emergency rescue",
    "双通道药品": "Dual-channel drugs",
    # Parameters.
    "两病年度限额": "yearly ceiling for hypertension and diabetes",
    "两病支付比例": "rate for hypertension and diabetes",
    "住院年度最高支付限额": "yearly inpatient ceiling", "住院支付比例": "inpatient rate",
    "住院起付标准": "inpatient deductible",
    "双通道年度限额": "yearly ceiling for dual-channel drugs",
    "双通道支付比例": "rate for dual-channel drugs",
    "城镇在岗职工年平均工资": "average yearly wage of urban employees",
    "大额年度最高支付限额": "yearly ceiling of the large-amount subsidy",
    "大额支付比例": "rate of the large-amount subsidy", "平均基本养老金": "average basic pension",
    "慢性病年度限额": "yearly ceiling for chronic diseases",
    "慢性病支付比例": "rate for chronic diseases",
    "慢性病起付标准": "deductible for chronic diseases",
    "特定病种年度限额": "yearly ceiling for specified diseases",
    "特定病种支付比例": "rate for specified diseases",
    "特定病种起付标准": "deductible for specified diseases",
    "特殊病年度限额": "yearly ceiling for special diseases",
    "特殊病支付比例": "rate for special diseases",
    "特殊病起付标准": "deductible for special diseases",
    "病种年度限额": "yearly ceiling of the disease", "补助比例": "rate of the subsidy",
    "退休人员提高": "points added for retirees", "退休划入": "credit of retirees",
    "退休划入基数": "base of the credit of retirees",
    "退休划入比例": "rate of the credit of retirees",
}  # fmt: skip


def term(word: str) -> str:
    """A word of the law in English, or as it is."""
    return TERMS.get(word, word)
