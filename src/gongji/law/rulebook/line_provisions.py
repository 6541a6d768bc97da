"""What a rulebook says of fee lines: which part of a line is not in scope, and by which article.

Like `provision_kinds.py`: one struct, a flat map of name to provision. Prices, classes and payment
standards stand in catalogues (`gongji.batch.lines`); a rulebook says what becomes of them.
"""

from dataclasses import dataclass

from gongji.law.rulebook import schema as s
from gongji.law.rulebook.schema import key, list_of
from gongji.law.rulebook.source import Node

OUTSIDE, STANDARD, LISTING, SELF_PAY, UNRELATED, APART = LINE_KINDS = (
    "目录外",
    "超支付标准",
    "超挂网价格",
    "先行自付",
    "无关项目",
    "分开结算",
)
"""What a rule of fee lines is about: items outside the catalogue are the person's; so is what is
above the payment standard, or the listing price where there is no standard; the share paid first;
items that have nothing to do with the disease; benefits that one bill must not mix."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LineRule:
    """费用明细: what becomes of one kind of fee lines, or of one part of a line."""

    kind: str = key("类", s.choice({kind: kind for kind in LINE_KINDS}))
    article: str = key("依据", s.prose, "条、款")
    benefits: tuple[str, ...] = key("适用", list_of(s.prose), "适用的待遇", default=())
    share: int | None = key("比例", s.percent, "目录未写时乙类项目的先行自付", default=None)
    note: str = key("说明", s.prose, default="")
    doubts: tuple[str, ...] = key("存疑", list_of(s.prose), default=())
    node: Node = None  # type: ignore[assignment]


SECTIONS: dict[str, type] = {"费用明细": LineRule}
"""Sections about fee lines, each a map of name to provision."""
