"""Injuries (意外伤害): filed by an institution, counted once the agency has approved them.

Law:     社会保险法 第三十条: what a third party should bear the pool does not pay; where that party
         does not pay or is unknown the pool advances it and recovers it.
"""

from gongji.agency import notices
from gongji.people import filings
from gongji.people.filings import InjuryDecision
from gongji.review.command_kinds import Case, CommandKind, Examination, PreviewLine, register

LAW = "社会保险法 第三十条"


def _found(content: InjuryDecision) -> str:
    if content.withdrawn:
        return "备案撤回，不再影响结算"
    if not content.third_party:
        return "没有第三人责任，按规定支付"
    if content.advance:
        return "有第三人责任，统筹基金先行支付并追偿"
    return "有第三人责任，统筹基金不予支付"


def examine(case: Case) -> Examination:
    """What a decision rests on: the filing as it stands.

    Refuses: person_unknown, filing_unknown, filing_withdrawn.
    """
    content: InjuryDecision = case.content
    person, fact = filings.filed_injury(case.connection, content)
    ground = {"person": person.id, "filing": fact.id}
    until = f"至 {fact.until}（不含）" if fact.until else "起"
    said = PreviewLine(f"{person.name}：{_found(content)}，{fact.since} {until}", article=LAW)
    return Examination(ground, (said,), None, (person.id,))


def act(case: Case) -> str:
    """Decide the injury and tell the person."""
    content: InjuryDecision = case.content
    person, _ = filings.filed_injury(case.connection, content)
    serial = filings.decide_injury(case.connection, content, actor=case.actor, now=case.now)
    text = f"意外伤害备案 {serial} 已核定：{_found(content)}（{LAW}）。"
    notices.tell(case.connection, case.row.id, (person.id,), text, case.now)
    return f"意外伤害备案 {serial}"


register(
    CommandKind(
        "injury_filing",
        "意外伤害备案",
        InjuryDecision,
        ("handler",),
        examine,
        act,
        chain=("first_reviewer",),
    )
)
