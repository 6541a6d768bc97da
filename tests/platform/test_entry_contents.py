"""What an entry and a batch keep comes back as it was; a version that nobody knows is a fault."""

from typing import Any

import msgspec
import pytest
from tests.platform.test_rows_written import WHOLE

from gongji.ledger.entry_contents import (
    NOTHING,
    VERSIONS,
    Adjusting,
    Decision,
    SettledFacts,
    StayFacts,
    read_facts,
    read_result,
)
from gongji.ledger.entry_rows import NO_SETTLEMENT, EntryRow
from gongji.refusals import Fault
from gongji.settlement.batch_marks import Drug, Marks, Prescription, Scoped, read_marks
from gongji.units import date_of

FACTS = [
    WHOLE.settlement.facts,
    StayFacts(area="430500", number="7", since=date_of(20_000), institution="H", level="2"),
]
RESULTS = [
    WHOLE.settlement.result,
    Adjusting(adjusts=1, cause="事实变动", detail="a", funds=(("pool", "x", -5),), decided=None),
]
MARKS = Marks(
    drugs=(Drug("A", "1", True, False, True),),
    benefits={"special": ("1",)},
    prescriptions=(Prescription("H", "R1", "2"),),
    scoped=(Scoped(("M1",), None, "drug", ("1",), (0, 1, 2, 3)),),
)


def as_kept(content: msgspec.Struct) -> Any:
    """As the database gives it back."""
    return msgspec.json.decode(msgspec.json.encode(content))


def test_contents_come_back_as_they_were() -> None:
    assert [read_facts(as_kept(one)) for one in FACTS] == FACTS
    assert [read_result(as_kept(one)) for one in RESULTS] == RESULTS
    assert read_marks(as_kept(MARKS)) == MARKS
    assert as_kept(NOTHING) == {} and read_facts({}) == read_result({}) == NOTHING
    assert read_marks({}) == Marks()
    facts = read_facts(as_kept(FACTS[0]))
    assert isinstance(facts, SettledFacts) and facts.visit.facts["a"] is True


@pytest.mark.parametrize("content", [*FACTS, *RESULTS], ids=lambda one: type(one).__name__)
def test_every_content_says_its_name_and_version_first(content: msgspec.Struct) -> None:
    kept = as_kept(content)
    assert list(kept)[:2] == ["of", "version"] and VERSIONS[kept["of"]] == kept["version"]
    read = read_facts if content in FACTS else read_result
    for wrong in ({"version": 2}, {"version": None}, {"of": "other"}):
        with pytest.raises(Fault, match="不认识"):
            read(kept | wrong)
    del kept["version"]
    with pytest.raises(Fault, match="不认识"):
        read(kept)


def test_the_texts_of_an_older_program_are_told_as_such() -> None:
    with pytest.raises(Fault, match="facts"):
        read_facts({"status": "active", "total_fen": "100"})
    with pytest.raises(Fault, match="无法读取"):
        read_facts({"of": "settled", "version": 1})
    for kept in ({"drugs": []}, {"version": 2}):
        with pytest.raises(Fault, match="marks"):
            read_marks(kept)
    with pytest.raises(Fault, match="marks 无法读取"):
        read_marks({"version": 1, "drugs": [{"item": "A"}]})


def test_what_is_not_a_settlement_has_no_facts_of_one() -> None:
    entry = msgspec.structs.replace(WHOLE, settlement=NO_SETTLEMENT)
    assert entry.decision is None and entry.supplements == {}
    with pytest.raises(Fault, match="77"):
        assert entry.settled


@pytest.mark.parametrize(("kind", "sign"), [("settlement", 1), ("cancellation", -1)])
def test_supplements_of_a_cancellation_have_the_other_sign(kind: str, sign: int) -> None:
    entry: EntryRow = msgspec.structs.replace(WHOLE, kind=kind)
    assert isinstance(entry.settlement.result, Decision)
    assert entry.supplements == {"大额": sign * 500}
