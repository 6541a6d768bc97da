"""The chain of a command: which posts of which agencies take its steps, by kind, area and amount.

Law:     楚政规〔2022〕2号 第二条, 攀办发〔2022〕32号 第十二条, 云府办〔2022〕20号 第十四条 and
         第十五条: a county's agency receives and reviews first, the prefecture's second.
"""

from collections.abc import Mapping

from gongji.law.accounts.agency_items import AgencyItem, item
from gongji.law.rulebook.item_provisions import COUNTY, OWN
from gongji.law.rulebook.law import Law
from gongji.platform.command_rows import ChainStep
from gongji.review.command_kinds import Chain, CommandKind
from gongji.review.staff import Agency
from gongji.units import Fen


def item_of(kind: CommandKind, law: Law) -> AgencyItem | None:
    """The item of a kind as the law has it; None for what is no item.

    Refuses: not_ruled where it should be one and the law has none.
    """
    return item(law, kind.kind) if kind.item else None


def chain_of(
    kind: CommandKind, law: Law, tree: Mapping[str, Agency], agency: str, amount_fen: Fen
) -> Chain:
    """The chain of a command that is handed in at an agency, for an amount.

    `tree` are the agencies of the area. A county's step of what is handed in at the prefecture's
    agency is the prefecture's own.
    """
    found = item_of(kind, law)
    if found is None:
        return tuple(ChainStep(post, _prefecture(tree)) for post in kind.chain)
    return tuple(
        ChainStep(step.post, _at(tree, agency, step.level)) for step in found.steps(amount_fen)
    )


def _at(tree: Mapping[str, Agency], agency: str, level: str) -> str:
    if level in (OWN, COUNTY) and agency:
        return agency
    return _prefecture(tree)


def _prefecture(tree: Mapping[str, Agency]) -> str:
    """The prefecture's agency; empty where there is none, and any post of the area counts."""
    return next((one.code for one in tree.values() if one.level == "prefecture"), "")
