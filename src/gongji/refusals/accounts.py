"""Credits to personal accounts and what these may pay."""

ACCOUNTS: dict[str, str] = {
    "paying_monthly": "退休后按月补缴期间不计发个人账户",
    "use_not_allowed": "个人账户不得用于这项支出",
    "relation_not_allowed": "个人账户不得为这位亲属支付这项支出",
}
