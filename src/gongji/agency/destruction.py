"""Destroying records whose time is over: proposed by a job, approved here, with a certificate.

Law:     国务院令第765号 第三十八条: the handling is recorded; 《个人信息保护法》 第十九条: kept no
         longer than the purpose and the law demand.
"""

import msgspec

from gongji.platform import retention
from gongji.platform.retention import Certificate, Proposal
from gongji.refusals import Refusal
from gongji.review.command_kinds import Case, CommandKind, Examination, PreviewLine, register

BASIS = "《个人信息保护法》 第十九条"


class DestructionForm(msgspec.Struct, frozen=True):
    """The form by which a proposal is carried out."""

    proposal: int


def _proposed(case: Case) -> tuple[Proposal, list[str]]:
    """The proposal and its list, which is what it was.

    Refuses: destruction_unknown, destruction_changed.
    """
    number = case.content.proposal
    found = retention.find_proposal(case.connection, number)
    if found is None or found.area != case.row.area:
        raise Refusal("destruction_unknown", "proposal", {"value": str(number)})
    records = retention.due(case.connection, found.area, found.kind, found.before)
    if retention.list_hash(records) != found.list_hash:
        raise Refusal("destruction_changed", "proposal", {"value": str(number)})
    return found, records


def examine(case: Case) -> Examination:
    """What a destruction rests on: the list that was proposed.

    Refuses: destruction_unknown, destruction_changed.
    """
    found, _ = _proposed(case)
    said = PreviewLine(f"销毁{found.words}；销毁后不能恢复，备份在其轮换之后才没有", article=BASIS)
    return Examination({"list": found.list_hash.hex()}, (said,))


def act(case: Case) -> str:
    """Destroy the list and write the certificate."""
    found, records = _proposed(case)
    said = Certificate(found.kind, case.row.id, found.id, BASIS)
    return f"销毁凭证第 {retention.destroy(case.connection, said, records)} 号"


register(
    CommandKind(
        "destroy_records",
        "销毁到期记录",
        DestructionForm,
        ("handler", "business"),
        examine,
        act,
        chain=("first_reviewer", "second_reviewer"),
    )
)
