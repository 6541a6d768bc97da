"""What a rulebook says of the agency's items (事项): who asks, papers, time limit, review.

Like `account_provisions.py`: one struct, a flat map of name to provision. An item is the nation's
default until a document of the province or the area replaces it. Who works by it is the agency's
room; this module describes.
"""

from dataclasses import dataclass

from gongji.law.rulebook import schema as s
from gongji.law.rulebook.schema import key, list_of, struct
from gongji.law.rulebook.source import Node

ITEMS = {
    "family_bond": False,
    "family_bond_end": False,
    "chronic_filing": False,
    "manual_reimbursement": True,
}
"""The items that the agency's room can carry out, and whether money is paid by them."""
APPLICANTS = {
    "本人": "person",
    "代办人": "delegate",
    "账户所有人": "owner",
    "定点医药机构": "institution",
    "经办机构": "agency",
}
CHANNELS = {
    "窗口": "counter",
    "网上": "web",
    "电话": "phone",
    "自助": "self_service",
    "机构": "institution",
}
REVIEW_POSTS = {
    "初审": "first_reviewer",
    "复审": "second_reviewer",
    "稽核": "inspector",
    "业务": "business",
    "财务": "finance",
}
"""The posts that may take a step of a review, by the law's words."""
OWN, COUNTY, PREFECTURE = LEVELS = ("受理机构", "县级", "市级")
"""Whose post takes a step: the agency's where it was handed in, a county's, the prefecture's."""
_YEARS = ("10年", "30年", "50年", "100年", "永久")


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Paper:
    """材料: a paper that is asked for, with its basis and what may stand in for it."""

    name: str = key("名称", s.prose)
    article: str = key("依据", s.prose, "法律、国务院决定中的条款")
    document: str = key("出自", s.prose, "依据出自另一份文件时，那份文件怎样称呼", default="")
    instead: tuple[str, ...] = key("或", list_of(s.prose), "任交其一即可的其他材料", default=())
    promise: bool = key("承诺", s.yes_no, "可以书面承诺代替", default=False)
    broken: str = key("违诺", s.prose, "承诺不实的后果", default="")
    optional: bool = key("视情形", s.yes_no, "只在有此情形时提交", default=False)
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ReviewStep:
    """审核的一步: which post, of which agency, and above which amount only."""

    post: str = key("岗位", s.choice(REVIEW_POSTS))
    level: str = key("机构", s.choice({level: level for level in LEVELS}), default=OWN)
    above: int = key("超过", s.money, "只在金额超过它时", default=-1)
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TimeLimit:
    """时限: within how many working days, not counting the time in which papers were missing."""

    days: int = key("工作日", s.whole, "0 为即时办结")
    article: str = key("依据", s.prose)
    document: str = key("出自", s.prose, "依据出自另一份文件时，那份文件怎样称呼", default="")
    node: Node = None  # type: ignore[assignment]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ItemRule:
    """事项: one of the agency's items, as the law has it carried out."""

    code: str = key("代号", s.choice({code: code for code in ITEMS}))
    article: str = key("依据", s.prose)
    document: str = key("出自", s.prose, "依据出自另一份文件时，那份文件怎样称呼", default="")
    applicants: tuple[str, ...] = key("申请人", list_of(s.choice(APPLICANTS)))
    channels: tuple[str, ...] = key("渠道", list_of(s.choice(CHANNELS)))
    papers: tuple[Paper, ...] = key("材料", list_of(struct(Paper)), default=())
    limit: TimeLimit | None = key("时限", struct(TimeLimit), default=None)
    review: tuple[ReviewStep, ...] = key("审核", list_of(struct(ReviewStep)), default=())
    retention: str = key("保管", s.choice({years: years for years in _YEARS}), "档案保管期限")
    remedy: str = key("救济", s.prose, "不服时怎样办", default="")
    doubts: tuple[str, ...] = key("存疑", list_of(s.prose), default=())
    node: Node = None  # type: ignore[assignment]


SECTIONS: dict[str, type] = {"事项": ItemRule}
"""The section of the agency's items, a map of name to provision."""
