"""Until when a visit not settled at the counter may be handed in, and what lateness means."""

from dataclasses import dataclass

from gongji.law.compile.grounds import Ground, ground, rules
from gongji.law.rulebook.account_provisions import Deadline as Rule
from gongji.law.rulebook.law import Law
from gongji.refusals import Refusal
from gongji.units import Day, date_of, day_of

MANUAL = "manual_reimbursement"


@dataclass(frozen=True)
class Deadline:
    """The last day (it counts), what happens after it, and the papers; no day where refused."""

    accepted: bool
    last_day: Day | None
    late: str
    papers: tuple[str, ...]
    scope: str
    ground: Ground

    def state(self, day: Day) -> str:
        """What a request of a day meets: open, by_review or refused."""
        if not self.accepted:
            return "refused"
        assert self.last_day is not None
        return "open" if day <= self.last_day else self.late


def deadline(law: Law, visit_day: Day, matter: str = MANUAL) -> Deadline:
    """Until when a visit may be handed in for manual reimbursement.

    Refuses: not_ruled where the law is silent.
    """
    for provision, rule in rules(law, Rule):
        if rule.matter == matter:
            last = None
            if rule.accepted and rule.until is not None:
                last = day_of(rule.until.last_day(date_of(visit_day)))
            return Deadline(
                rule.accepted, last, rule.late, rule.papers, rule.scope, ground(provision, rule)
            )
    raise Refusal("not_ruled", "area", {"area": law.area, "value": "手工报销的期限"})
