"""National codes of chronic and special diseases: the name that rulebooks use, the benefit.

Only diseases that are in national lists of direct settlement, or that a rulebook knows by name, are
here. A code that is not here is no mistake: the filing keeps the name that was sent, and the agency
decides under which benefit it approves it.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from gongji.law.compile.cells import offered_benefits
from gongji.law.rulebook.law import Law

CHRONIC, SPECIAL, TWO_DISEASES = "chronic", "special", "two_diseases"


@dataclass(frozen=True)
class Disease:
    """A disease: its national code and name, the rulebooks' name, whether it is a special one."""

    code: str
    name: str
    rulebook: str
    special: bool = False


DISEASES = {
    one.code: one
    for one in (
        Disease("M00200", "病毒性肝炎", "病毒性肝炎"),
        Disease("M00500", "恶性肿瘤门诊治疗", "恶性肿瘤门诊治疗", special=True),
        Disease("M01600", "糖尿病", "diabetes"),
        Disease("M03900", "高血压", "hypertension"),
        Disease("M04600", "冠心病", "冠心病"),
        Disease("M05300", "慢性阻塞性肺疾病", "慢性阻塞性肺疾病"),
        Disease("M06900", "类风湿关节炎", "类风湿关节炎"),
        Disease("M07200", "强直性脊柱炎", "强直性脊柱炎"),
        Disease("M07800", "慢性肾功能衰竭（透析）", "renal_failure", special=True),
        Disease("M08300", "器官移植抗排异治疗", "器官移植抗排异治疗", special=True),
    )
}
"""The diseases by national code."""


def known_code(code: str, registered: Iterable[str] = ()) -> bool:
    """Whether a code of a disease is one of these, or one that a person is registered with."""
    return not code or code in DISEASES or code in registered


def filed_under(law: Law, code: str) -> str:
    """The benefit that a filing of a disease asks for, empty where the area has none for it.

    The agency confirms or changes it when it approves.
    """
    offered = {law.benefits[name] for name in offered_benefits(law)}
    known = DISEASES.get(code)
    wanted = (SPECIAL, CHRONIC) if known and known.special else (CHRONIC, SPECIAL, TWO_DISEASES)
    return next((benefit for benefit in wanted if benefit in offered), "")
