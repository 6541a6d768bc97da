"""The steps of a random history: bills, and what is learnt late, stays, the year again."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from tests.platform import history_again
from tests.platform.counter import OPERATOR, as_owner
from tests.platform.history_county import LAST
from tests.platform.history_law import RULES
from tests.platform.history_model import Change, Fact
from tests.platform.history_play import Play

from gongji.settlement import readjudicate as platform
from gongji.settlement.stays import StayReport, record_stay

YEARS = (2023, 2024)


@dataclass
class History(Play):
    """A history, step by step; after each step both must say the same."""

    stays: list[tuple[int, str]] = field(default_factory=list)

    def step(self) -> str:
        """Something happens; time passes."""
        if self.today < LAST:
            self.county.now += timedelta(hours=self.chance.choice((1, 5, 7, 11, 23)))
        kinds = [self.bills] * 10 + [self.take_back] * 4 + [self.restore] * 3 + [self.stay] * 2
        kinds += [*[self.learn] * 6, *[self.again] * 2, self.reverse_unknown]
        kind = self.chance.choice(kinds)
        kind()
        if kind == self.take_back and self.chance.random() < 0.6:
            self._think_better()
        return kind.__name__

    def _think_better(self) -> None:
        """What was just taken back is restored within minutes, or something comes in between."""
        if self.chance.random() < 0.4:
            self.chance.choice((self.bills, self.stay, self.take_back))()
        for _ in range(self.chance.choice((1, 2))):
            self.restore(self.chance.choice((1, 2, 3)))

    # Stays.

    def stay(self) -> None:
        """An inpatient episode is told, or one is told again otherwise."""
        chance = self.chance
        told_before = bool(self.stays) and chance.random() < 0.5
        if told_before:
            person, number = chance.choice(self.stays)
        else:
            person, number = chance.choice(list(self.model.numbers)), f"Z{len(self.stays)}"
        fact = self._episode(person, number)
        known = [one for one in self.model.facts[person] if one.kind == "stay" and not one.gone]
        if told_before and chance.random() < 0.5:
            (before,) = [one for one in known if one.key == number]
            fact = Fact("stay", before.since, before.until, number, dict(before.details))
            if chance.random() < 0.7:
                fact.until = before.since + timedelta(days=25)
                fact.details["pool_fen"] = 77_700
        if any(one.key != number and abs((one.since - fact.since).days) < 45 for one in known):
            return
        if not told_before:
            self.stays.append((person, number))
        report = StayReport(
            psn_no=self.model.numbers[person],
            area=self.area,
            number=number,
            since=fact.since,
            until=fact.until,
            **fact.details,
        )
        with as_owner(self.gateway) as owner:
            told = record_stay(owner, report, RULES, self.county.now, actor=OPERATOR)
        if told.entry is None:
            assert fact in known
            return
        assert fact not in known
        taken, flagged = self.model.stay(told.entry, person, fact)
        standing = [one.chain[-1] for one in taken]
        assert list(told.reversed) == standing
        assert list(told.flagged) == [one.chain[-1] for one in flagged]
        rows = self.gateway.execute(
            "select reverses, id from entry where reverses = any(%s)", [standing]
        )
        backs = dict(rows.fetchall())
        for one in taken:
            self.model.cancel(one, backs[one.chain[-1]], self.today, self.county.now)

    def _episode(self, person: int, number: str) -> Fact:
        chance, since = self.chance, self._admission(person)
        until = since + timedelta(days=chance.choice((1, 4, 30)))
        level = chance.choice("123")
        details = {
            "institution": f"H{self.area}0000{level}",
            "level": level,
            "from_emergency": chance.random() < 0.6,
            "died": chance.random() < 0.2,
            "deductible_fen": chance.choice((0, 0, 40_001, 80_000)),
            "pool_fen": chance.choice((0, 50_000, 333_333)),
            "total_fen": 900_000,
        }
        return Fact("stay", since, None if chance.random() < 0.1 else until, number, details)

    def _admission(self, person: int) -> date:
        """A day of admission, often just after a rescue or at a visit."""
        days = [one.bill.day for one in self.model.settled.values() if one.bill.person == person]
        if days and self.chance.random() < 0.8:
            return self.chance.choice(days) + timedelta(days=self.chance.randrange(-6, 5))
        return self.county.day()

    # What is learnt late.

    def learn(self) -> None:
        """Something about a person turns out otherwise, for days long past."""
        settled = [one.bill.person for one in self.model.settled.values()]
        person = self.chance.choice(settled or list(self.model.numbers))
        known = [one for one in self.model.facts[person] if not one.gone and one.kind != "stay"]
        kind = self.chance.choice(
            (
                "insured",
                "insured",
                "registration",
                "subsidy",
                "selection",
                "bond",
                "account",
                "birth",
            )
        )
        mine = [one for one in known if one.kind == kind]
        if kind == "insured":
            self._other_spells(person, mine)
        elif kind in ("registration", "bond") and (not mine or self.chance.random() < 0.5):
            made = self.county.registration() if kind == "registration" else None
            self.county.learn_once(person, made or self.county.bond(person))
        elif mine:
            wrong = self.chance.choice(mine)
            self.county.unlearn(wrong)
            if self.chance.random() < 0.6:
                self.county.learn(person, self._instead(wrong))
        elif kind == "subsidy":
            self.county.learn(person, self.county.subsidy())
        elif kind == "account":
            self.county.learn(person, Fact("account", date(2020, 1, 1)))

    def _other_spells(self, person: int, mine: list[Fact]) -> None:
        for one in mine:
            self.county.unlearn(one)
        if self.chance.random() < 0.85:
            for one in self.county.spells():
                self.county.learn(person, one)

    def _instead(self, wrong: Fact) -> Fact:
        """The same fact with other figures: since another day, or ended."""
        details, since, until = dict(wrong.details), wrong.since, wrong.until
        if wrong.kind == "registration" and self.chance.random() < 0.5:
            details["approval_date"] = str(self.county.day())
            if self.area in ("532300", "510400") and details["benefit"] in ("chronic", "special"):
                details["benefit"] = self.chance.choice(("chronic", "special"))
        elif wrong.kind == "birth":
            details["birth_date"] = "1954-11-20"
        elif wrong.kind == "selection":
            details["institution"] = f"H{self.area}0000{self.chance.choice('123')}"
        elif wrong.kind == "subsidy":
            details = self.county.subsidy().details
        else:
            until = max(self.county.day(), since + timedelta(days=1))
        return Fact(wrong.kind, since, until, wrong.key, details)

    # The year again.

    def again(self) -> None:
        """Both years again: looked at, or corrected; corrected ones give nothing more."""
        posting = self.chance.random() < 0.5
        for year in YEARS:
            since = date(year, self.chance.randrange(1, 13), 10)
            self.readjudicated(year, posting, since if self.chance.random() < 0.2 else None)

    def readjudicated(self, year: int, posting: bool, since: date | None = None) -> int:
        """A run of the platform is what the model finds.

        Returns: how many settlements come out otherwise.
        """
        wanted = history_again.readjudicate(self.model, year, since)
        actor = OPERATOR if posting else None
        with as_owner(self.gateway) as owner:
            found = list(
                platform.readjudicate(owner, self.area, year, RULES, self.county.now, since, actor)
            )
        assert [_change(one) for one in found] == [one.change for one in wanted.found]
        for one, theirs in zip(wanted.found, found, strict=True):
            assert theirs.person.endswith(self.model.numbers[one.one.bill.person][-4:])
            law = one.law.funds
            assert theirs.after["pool_fen"] == sum(f for (k, _), f in law.items() if k == "pool")
        if posting:
            history_again.post(self.model, wanted, self.today)
        return len(found)


def _change(found: platform.Change) -> Change:
    return Change(
        found.root.id or 0,
        found.cause,
        found.net_fen,
        found.payable_fen,
        found.receivable_fen,
        found.after["deductible_fen"],
    )
