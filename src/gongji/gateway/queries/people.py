"""A person as queries tell them: certificate, age and insurance on a day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from gongji.gateway.queries.reach import open_person, opened
from gongji.gateway.transactions import Call, Node
from gongji.gateway.visits.write_settlement import INSUTYPE, PSN_TYPES, age
from gongji.people import person_facts, person_rows
from gongji.people.person_facts import FactRow
from gongji.people.person_rows import Person
from gongji.platform.inbox import INSTITUTION

OWN_RECORDS = frozenset({"5201", "5202", "5203", "5204", "5205"})
"""Queries that tell of the institution's own visits and settlements only."""
_TOLD = ("birth", "insured", "subsidy")


@dataclass(frozen=True)
class DescribedPerson:
    """A person with the certificate opened and the facts that describe them, over all time."""

    person: Person
    certificate: str
    facts: tuple[FactRow, ...]

    def on(self, day: date) -> dict[str, Any]:
        """Every field that a query may tell of the person on a day."""
        held = {
            fact.kind: fact
            for fact in self.facts
            if fact.since <= day and (fact.until is None or day < fact.until)
        }
        birth, spell = held.get("birth"), held.get("insured")
        born = str(birth.details["birth_date"]) if birth else ""
        servant = "subsidy" in held and held["subsidy"].details["subsidy"] == "civil_servant"
        flexible = spell is not None and spell.details.get("scheme") == "flexible"
        return {
            "psn_no": self.person.psn_no,
            "psn_cert_type": self.person.certificate_kind,
            "certno": self.certificate,
            "psn_name": self.person.name,
            "gend": self.person.sex,
            "naty": self.person.ethnicity,
            "brdy": born,
            "age": age(date.fromisoformat(born) if born else None, day),
            "insutype": INSUTYPE,
            "psn_type": PSN_TYPES[spell.details["status"]] if spell else "99",
            "cvlserv_flag": "1" if servant else "0",
            "flxempe_flag": "1" if flexible else "0",
            "insu_optins": spell.area if spell else self.person.area,
            "emp_name": spell.details.get("employer", "") if spell else "",
        }


def named_person(call: Call, data: Node) -> DescribedPerson:
    """The person that a request names, as far as the institution may ask (`reach`).

    Refuses: field_missing, person_unknown, person_out_of_reach.
    """
    person = person_rows.get_person(call.connection, call.text(data, "psn_no", required=True))
    (opened if call.infno in OWN_RECORDS else open_person)(call, person)
    return known(call, [person])[person.id]


def known_people(call: Call, ids: Iterable[int]) -> dict[int, DescribedPerson]:
    """Persons by id."""
    return known(call, person_rows.persons_by_id(call.connection, ids))


def known(call: Call, found: Iterable[Person]) -> dict[int, DescribedPerson]:
    """Persons with what describes them; one statement for all."""
    persons = list(found)
    facts = person_facts.history(call.connection, [one.id for one in persons], kinds=_TOLD)
    return {
        one.id: DescribedPerson(one, call.identity.decrypt(one.certificate), tuple(facts[one.id]))
        for one in persons
    }


def message_contents(
    call: Call, keys: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], dict[str, Any]]:
    """What messages said, by institution and message id, as long as that is kept."""
    places = [(INSTITUTION, one, msg_id) for one, msg_id in keys]
    found = call.settings.inbox.contents(call.connection, places)
    return {(place[1], place[2]): said for place, said in found.items()}


def sent(content: dict[str, Any] | None, name: str) -> dict[str, Any]:
    """A node of a message, or the message itself where the node was left out."""
    node = (content or {}).get(name, content or {})
    if isinstance(node, list):
        node = node[0] if node else {}
    return node if isinstance(node, dict) else {}


def word(node: dict[str, Any], name: str) -> str:
    """A text of a node; empty where it is absent or no text."""
    value = node.get(name)
    return value if isinstance(value, str) else ""
