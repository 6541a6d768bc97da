"""Facts of an area's own at the counter: what the registry says of them, what messages tell.

The registry goes before a message: what an institution tells of a person or of itself counts where
nothing is kept for the day. Which facts there are, the area's documents declare.
"""

from collections.abc import Mapping

from gongji.law.engine.visit import Value, columns_of, read_fact
from gongji.law.rulebook.law import Law
from gongji.law.rulebook.own_facts import OFFSITE, OwnFact, own_facts
from gongji.law.rulebook.provision_kinds import OF_INSTITUTION, OF_PERSON
from gongji.refusals import Refusal
from gongji.settlement.known_facts import AREA_FACT, PersonFacts, Standing

FILED, UNFILED, REFERRED = "filed", "unfiled", "referred"
"""The kinds of care outside the area that the platform works out itself."""
VALUE = "value"
"""In the details of a fact of an area's own: its value, as a visits file writes it."""


def kept_of_person(law: Law, home: str, person: PersonFacts) -> dict[str, Value]:
    """What is kept of a person, by column; ordinary values too.

    Refuses: value_invalid where the law of the day does not know what is kept.
    """
    return {
        one.column: read_fact(one.fact, text)
        for one in own_facts(law)
        if one.owner == OF_PERSON and (text := _of_person(one, home, person)) is not None
    }


def kept_of_place(law: Law, here: Standing) -> dict[str, Value]:
    """What is kept of an institution, as `kept_of_person`."""
    return {
        one.column: read_fact(one.fact, text)
        for one in own_facts(law)
        if one.owner == OF_INSTITUTION and (text := here.own(one.column)) is not None
    }


def counting(
    told: Mapping[str, Value], facts: Mapping[str, Value], kept: Mapping[str, Value]
) -> dict[str, Value]:
    """What counts of what messages tell beside the facts that the registry fills.

    Shape:   `kept` are the facts of the area's own that are kept; of care outside the area its kind
             is told where there is no filing of a kind of its own.
    """
    found = {name: value for name, value in told.items() if name not in kept}
    if OFFSITE in found and facts.get(OFFSITE) not in (FILED, UNFILED):
        del found[OFFSITE]
    return found


def told_names(law: Law, told: Mapping[str, Value]) -> tuple[str, ...]:
    """Of what was told, what the registry may say another time."""
    may = {one.column for one in own_facts(law) if one.registered} | {OFFSITE}
    return tuple(sorted(may & told.keys()))


def _of_person(one: OwnFact, home: str, person: PersonFacts) -> str | None:
    """What is kept of the person: a fact of its own, else the field of the spell of that name."""
    for fact in person.holding.get(AREA_FACT, ()):
        if fact.key == one.column and fact.area in ("", home):
            return str(fact.details[VALUE])
    held = person.holding.get("insured")
    text = held[0].details.get(one.column) if held else None
    return None if text is None else str(text)


def told_by_messages(law: Law, said: Mapping[str, str]) -> dict[str, Value]:
    """What the fields of messages tell, by column; other fields are passed over.

    Shape:   `said` name of a field in lower case -> its text.
    Refuses: value_invalid for a code without meaning, naming the field.
    """
    found: dict[str, Value] = {}
    for one in own_facts(law):
        name = one.message.field if one.message else ""
        text = said.get(name.lower(), "").strip() if name else ""
        if not text:
            continue
        found[one.column] = _meant(one, name, text)
    return found


def _meant(one: OwnFact, name: str, text: str) -> Value:
    """What the field of a fact says.

    Refuses: value_invalid, naming the field.
    """
    meant = one.meaning(text)
    if meant is not None:
        try:
            return read_fact(one.fact, meant)
        except Refusal as refusal:
            allowed = refusal.values.get("allowed", one.name)
    else:
        words = one.message.words if one.message else {}
        allowed = "、".join(f"{code}（{word}）" for code, word in words.items())
    raise Refusal("value_invalid", name, {"value": text[:40], "allowed": allowed})


def without_ordinary(law: Law, facts: Mapping[str, Value]) -> dict[str, Value]:
    """Facts without those that every visit has that does not tell them."""
    known = columns_of(law)
    return {name: value for name, value in facts.items() if value != known[name].default}
