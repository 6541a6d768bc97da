"""Correction and erasure of what is kept of a person, as far as the time of keeping allows.

Law:     《个人信息保护法》 第四十六条 (correction), 第四十七条 (erasure: not before a term of
         keeping that the law demands is over; until then it is kept and used for nothing else).
"""

import msgspec

from gongji.agency import notices
from gongji.people.corrections import (
    PARTICULARS,
    CorrectionOrder,
    Particulars,
    changes,
    correct_person,
)
from gongji.people.person_rows import Person, get_person
from gongji.platform import retention
from gongji.platform.retention import PAPER, Certificate
from gongji.refusals import Refusal
from gongji.review.command_kinds import Case, CommandKind, Examination, PreviewLine, register
from gongji.review.subjects import check_subject
from gongji.units import day_in_china

CORRECTION, ERASURE = "《个人信息保护法》 第四十六条", "《个人信息保护法》 第四十七条"
KEPT = (
    "参保登记、缴费、账户和待遇记录属社会保险业务档案，在法定保管期限内继续保存，不作他用",
    "已办结事项的材料保存到各自的保管期满",
)
"""What is not erased, and why."""


class ErasureForm(msgspec.Struct, frozen=True):
    """The form by which somebody asks that what need not be kept of them is erased."""

    psn_no: str


def subject_of(case: Case) -> Person:
    """The person whom a command is about, whose whole record it touches: of this area today.

    Refuses: person_unknown, value_invalid, person_elsewhere.
    """
    person = get_person(case.connection, case.content.psn_no)
    check_subject(case.connection, case.row, (person.id,))
    if person.area != case.row.area:
        raise Refusal("person_elsewhere", "psn_no", {"area": case.row.area})
    return person


def examine_correction(case: Case) -> Examination:
    """What a correction rests on: the particulars as they stand.

    Refuses: person_unknown, person_elsewhere, nothing_corrected.
    """
    person = subject_of(case)
    found = changes(person, case.content)
    lines = tuple(
        PreviewLine(f"{PARTICULARS[name]}：{stands or '（空）'} → {right}", article=CORRECTION)
        for name, (stands, right) in found.items()
    )
    ground = {"person": person.id, "stands": {name: one[0] for name, one in found.items()}}
    return Examination(ground, lines, None, (person.id,))


def act_correction(case: Case) -> str:
    """Correct the particulars and tell the person."""
    content: Particulars = case.content
    order = CorrectionOrder(content, case.row.id)
    person = correct_person(case.connection, order, actor=case.actor, now=case.now)
    words = "、".join(PARTICULARS[name] for name in changes(person, content))
    text = f"您的{words}已更正（{CORRECTION}）；更正前的内容留有记录。"
    notices.tell(case.connection, case.row.id, (person.id,), text, case.now)
    return f"已更正{words}"


def _erasable(case: Case, person: int) -> list[str]:
    """The papers that are erased.

    Refuses: nothing_erasable.
    """
    found = retention.erasable(case.connection, person, day_in_china(case.now))
    if not found:
        raise Refusal("nothing_erasable", "psn_no")
    return found


def examine_erasure(case: Case) -> Examination:
    """What an erasure rests on: the list of what need not be kept.

    Refuses: person_unknown, person_elsewhere, nothing_erasable.
    """
    person = subject_of(case)
    found = _erasable(case, person.id)
    ground = {"person": person.id, "list": retention.list_hash(found).hex()}
    said = PreviewLine(f"销毁材料 {len(found)} 件：撤回的事项的，或保管期已满的", article=ERASURE)
    return Examination(ground, (said, *map(PreviewLine, KEPT)), None, (person.id,))


def act_erasure(case: Case) -> str:
    """Destroy the papers with a certificate and tell the person what is kept and why."""
    person = subject_of(case)
    found = _erasable(case, person.id)
    said = Certificate(PAPER, case.row.id, None, ERASURE)
    number = retention.destroy(case.connection, said, found)
    text = (
        f"应您的要求销毁材料 {len(found)} 件（{ERASURE}），凭证第 {number} 号。{'；'.join(KEPT)}。"
    )
    notices.tell(case.connection, case.row.id, (person.id,), text, case.now)
    return f"销毁凭证第 {number} 号"


register(
    CommandKind(
        "personal_correction",
        "更正个人信息",
        Particulars,
        ("handler",),
        examine_correction,
        act_correction,
        chain=("first_reviewer",),
    )
)
register(
    CommandKind(
        "personal_erasure",
        "删除个人信息",
        ErasureForm,
        ("handler",),
        examine_erasure,
        act_erasure,
        chain=("first_reviewer", "second_reviewer"),
    )
)
