"""What a rulebook says of fee lines: which part of a line is not in scope, and by which article.

Like `provision_kinds.py`: one struct, a flat map of name to provision. Prices, classes and payment
standards stand in catalogues (`gongji.batch.lines`); a rulebook says what becomes of them.
"""

from dataclasses import dataclass

from gongji.law.rulebook import schema as s
from gongji.law.rulebook.schema import key, list_of
from gongji.law.rulebook.source import Node

OUTSIDE, STANDARD, LISTING, SELF_PAY, UNRELATED, APART, ITEM_CEILING = LINE_KINDS = (
    "目录外",
    "超支付标准",
    "超挂网价格",
    "先行自付",
    "无关项目",
    "分开结算",
    "超单项限额",
)
"""What a rule of fee lines is about: items outside the catalogue are the person's; so is what is
above the payment standard, or the listing price where there is no standard; the share paid first;
items that have nothing to do with the disease; benefits that one bill must not mix; what a unit of
any item costs above a ceiling that the document sets for all of them."""

LEVELS = ("一级", "二级", "三级")
"""The levels of institutions at which a ceiling of single items may hold, in their order."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LineRule:
    """费用明细: what becomes of one kind of fee lines, or of one part of a line."""

    kind: str = key("类", s.choice({kind: kind for kind in LINE_KINDS}))
    article: str = key("依据", s.prose, "条、款")
    benefits: tuple[str, ...] = key("适用", list_of(s.prose), "适用的待遇", default=())
    share: int | None = key("比例", s.percent, "目录未写时乙类项目的先行自付", default=None)
    ceiling: int | None = key(
        "金额", s.money, "超单项限额：每个项目每单位最多计入多少", default=None
    )
    levels: tuple[str, ...] = key(
        "级别", list_of(s.choice({level: level for level in LEVELS})), "只在这些级别", default=()
    )
    note: str = key("说明", s.prose, default="")
    doubts: tuple[str, ...] = key("存疑", list_of(s.prose), default=())
    node: Node = None  # type: ignore[assignment]


SECTIONS: dict[str, type] = {"费用明细": LineRule}
"""Sections about fee lines, each a map of name to provision."""
