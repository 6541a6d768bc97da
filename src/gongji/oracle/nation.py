"""The nation's law under every area: 社会保险法 第三十条, and the benefit period.

Where it applies is everywhere, so no document of an area asks for it.
"""

EVERYWHERE = frozenset(
    {
        # 第三十条 （一）应当从工伤保险基金中支付的 （二）应当由第三人负担的
        # （三）应当由公共卫生负担的 （四）在境外就医的.
        "other_fund",
        "third_party",
        "public_health",
        "abroad",
        # Other laws and regulations; whoever is not insured at the time has no claim (readings).
        "excluded_by_law",
        "outside_benefit_period",
    }
)
