"""Gates: reasons why the pool does not pay, in order of precedence; the article is the
rulebook's.
"""

GATES: dict[str, str] = {
    "outside_benefit_period": "不在待遇享受期内",
    "not_designated": "不是定点医药机构",
    "not_selected": "不是选定的定点医疗机构，也没有转诊",
    "inpatient_stay": "住院期间发生的门诊费用",
    "joins_inpatient": "急诊抢救后转入住院，与住院费用合并计算，不在门诊结算",
    "third_party": "应当由第三人负担的费用",
    "other_fund": "由其他资金（基金）保障的费用",
    "paid_by_account": "已用个人账户支付的费用",
    "public_health": "应当由公共卫生负担的费用",
    "abroad": "在境外就医的费用",
    "wellness": "保健、整形美容等费用",
    "excluded_by_law": "法律法规规定不予支付的费用",
    "no_account": "没有建立职工医保个人账户",
    "level_too_low": "该待遇限二级及以上定点医疗机构",
    "not_in_agreement": "国家医保谈判药品不在协议期内",
    "offsite_unfiled": "统筹区外就医没有备案",
    "not_direct": "没有在定点医药机构直接结算",
    "no_prescription": "在药店购药没有定点医疗机构的处方（缺开方机构级别）",
    "not_dual_channel": "在药店购买的不是“双通道”管理药品",
    "pharmacy_not_qualified": "药店不符合纳入门诊统筹的条件",
    "not_eligible": "不符合本地规定的享受条件",
}
