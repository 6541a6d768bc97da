"""An agency at work: staff in every post, two persons with accounts, a hospital, a disease list."""

from datetime import date, timedelta
from typing import Any

from tests.platform.review_world import AREA, PDF, World

from gongji.agency.disease_lists import ListedDisease, enter_diseases
from gongji.platform.environment import environment
from gongji.platform.inbox import inbox_of
from gongji.platform.message_seal import seal_of
from gongji.review import desk as life
from gongji.review.evidence import PaperFile

PAPERS = ("医保凭证", "医疗费用发票", "病历")


class Office(World):
    """The world of review with the keys of the installation and what the console shows."""

    def __init__(self, owner: Any, by: Any) -> None:
        super().__init__(owner, by)
        keys = environment().identity_key, environment().lookup_key
        self.inbox, self.seal = inbox_of(*keys), seal_of(*keys)
        self.day = self.desk().today - timedelta(days=3)
        self._places()
        self._persons()
        self._staff()
        listed = [ListedDisease("M03900", "高血压", "hypertension", "chronic", "病历", 24)]
        enter_diseases(owner, AREA, date(2020, 1, 1), "测试文号", listed)

    def _places(self) -> None:
        self.owner.execute(
            "insert into institution (code, area, name, kind)"
            " values ('H1', '532300', '测试医院', 'hospital')"
        )
        for kind, key, details in (
            ("level", "", '{"level": "2"}'),
            ("agreement", "ordinary", "{}"),
        ):
            self.owner.execute(
                "insert into institution_fact (institution, kind, key, since, details)"
                " values ('H1', %s, %s, '2020-01-01', %s)",
                [kind, key, details],
            )

    def _persons(self) -> None:
        for person in (1, 2, 3):
            for kind, details in (("insured", '{"status": "active"}'), ("account", "{}")):
                self.owner.execute(
                    "insert into person_fact (person_id, area, kind, since, details)"
                    " values (%s, '532300', %s, '2020-01-01', %s)",
                    [person, kind, details],
                )

    def _staff(self) -> None:
        self.clerk = self.post("clerk", "handler")
        self.colleague = self.post("colleague", "handler")
        self.first = self.post("first", "first_reviewer")
        self.second = self.post("second", "second_reviewer", "city")
        self.post("countysecond", "second_reviewer")
        self.auditor = self.post("auditor", "audit_officer", "city")
        self.third = self.post("third", "inspector", "city")
        self.admin = self.post("admin", "administrator", "city")
        self.security = self.post("security", "security_officer", "city")
        self.technician = self.post("technician", "technician", "city")
        self.newcomer = self.staff("newcomer")

    def bill(self, number: str, fen: int) -> int:
        """A bill submitted with its papers."""
        form: dict[str, Any] = {"psn_no": "53230000000000000001", "institution": "H1"}
        form |= {"number": number, "service_date": str(self.day), "total_fen": fen}
        made = self.draft(self.clerk, form | {"in_scope_fen": fen}, kind="manual_reimbursement")
        for name in PAPERS:
            life.add_paper(self.desk(), self.clerk, made, PaperFile(name, PDF))
        life.submit(self.desk(), self.clerk, self.acting(made))
        return made
