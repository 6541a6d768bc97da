"""An agency's office: a hospital, an insured person, who takes each step of a bill on paper."""

from datetime import timedelta
from typing import Any

import pytest
from tests.platform.review_world import PDF, World

from gongji.refusals import Refusal
from gongji.review import desk as life
from gongji.review.evidence import PaperFile

CONSOLE = "-c role=gongji_console -c timezone=UTC"
PAPERS = ("医保凭证", "医疗费用发票", "病历")


class Office(World):
    """A world with a level-two hospital and an insured person, and who takes each step."""

    def __init__(self, owner: Any, by: Any) -> None:
        super().__init__(owner, by)
        self.day = self.desk().today - timedelta(days=3)
        owner.execute(
            "insert into institution (code, area, name, kind)"
            " values ('H1', '532300', '测试医院', 'hospital')"
        )
        for kind, key, details in (
            ("level", "", '{"level": "2"}'),
            ("agreement", "ordinary", "{}"),
        ):
            owner.execute(
                "insert into institution_fact (institution, kind, key, since, details)"
                " values ('H1', %s, %s, '2020-01-01', %s)",
                [kind, key, details],
            )
        owner.execute(
            "insert into person_fact (person_id, area, kind, since, details)"
            " values (1, '532300', 'insured', '2020-01-01', '{\"status\": \"active\"}')"
        )
        self.clerk = self.post("clerk", "handler")
        self.steps = [
            self.post("first", "first_reviewer"),
            self.post("second", "second_reviewer", "city"),
            self.post("third", "inspector", "city"),
        ]

    def form(self, number: str, fen: int, **more: Any) -> dict[str, Any]:
        """A bill wholly in scope."""
        made: dict[str, Any] = {"psn_no": "53230000000000000001", "institution": "H1"}
        made |= {"number": number, "service_date": str(self.day), "total_fen": fen}
        return made | {"in_scope_fen": fen} | more

    def hand_in(self, number: str, fen: int, **more: Any) -> int:
        """A bill submitted with its papers."""
        form = self.form(number, fen, **more)
        made = self.draft(self.clerk, form, kind="manual_reimbursement")
        for name in PAPERS:
            life.add_paper(self.desk(), self.clerk, made, PaperFile(name, PDF))
        life.submit(self.desk(), self.clerk, self.acting(made))
        return made

    def paid(self, made: int) -> str:
        """All three steps; what was told."""
        told = [self.approve(who, made) for who in self.steps]
        assert [one.state for one in told] == ["submitted", "submitted", "executed"]
        return told[-1].result


def refused(code: str, act: Any, *given: Any, **named: Any) -> Refusal:
    with pytest.raises(Refusal) as found:
        act(*given, **named)
    assert found.value.code == code, found.value
    return found.value
