"""What laws come to for people: what several kinds of person get back before and after a reform.

Each person is a question to the calculator, settled as there; where a figure is not published, what
is certain and what it is at most stand in the place of one amount.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from gongji.law.engine.area import Area
from gongji.law.engine.engine import Result
from gongji.law.report.curve import LEVELS, STATUSES, line_of
from gongji.portal import present, refusal_words
from gongji.portal.area_overview import PLACES
from gongji.portal.calculation import settled, so_far
from gongji.portal.fields import OPENLY
from gongji.portal.inputs import Question
from gongji.portal.law_state import LawState, near, state_of
from gongji.portal.ui_texts import is_english, name, say
from gongji.refusals import Refusal
from gongji.units import FEN_PER_YUAN, Day, Fen, date_of, parse_fen, show_fen


@dataclass(frozen=True)
class Patient:
    """A kind of person with a bill: status and level by their codes, yuan, how often in a year.

    Shape:   `level` is of the institution, at a pharmacy (`bought`) of the one that prescribed.
    """

    status: str
    level: str
    cost: str
    times: int = 1
    bought: bool = False

    @property
    def label(self) -> str:
        """The person in words: 退休、县医院（二级）、800 元."""
        place = "药店（凭处方）" if self.bought else PLACES[LEVELS[self.level]]
        words = [name(STATUSES[self.status]), name(place), amount(self.cost)]
        if self.times > 1:
            words[-1] = say("一年 {times} 次、每次 {cost}", times=self.times, cost=words[-1])
        said = say("、").join(words)
        return said[0].upper() + said[1:]

    def question(self, code: str, day: Day) -> Question:
        """The last of the visits as a question to the calculator, the others before it."""
        date = str(date_of(day))
        place = (
            {"institution_kind": "pharmacy", "prescriber_level": self.level}
            if self.bought
            else {"level": self.level}
        )
        facts = {"area": code, "date": date, "status": self.status, "total": self.cost, **place}
        row = {"date": date, "in_scope": self.cost}
        return Question(facts, earlier=(row,) * (self.times - 1))


PATIENTS = (
    Patient("retired", "2", "800"),
    Patient("active", "2", "800"),
    Patient("retired", "1", "200"),
    Patient("active", "3", "3000"),
    Patient("retired", "3", "3000"),
    Patient("retired", "1", "200", bought=True),
    Patient("retired", "2", "800", times=10),
)
"""Whom a comparison leads with."""


def amount(yuan: str | Fen) -> str:
    """An amount as people write it, without noughts behind the point: 800 元, ¥800."""
    shown = show_fen(yuan if isinstance(yuan, int) else parse_fen(yuan)).removesuffix(".00")
    return f"¥{shown}" if is_english() else f"{shown} 元"


@dataclass(frozen=True)
class Received:
    """What the pool pays of a year's visits in fen, at least and at most; or why it pays nothing.

    `missing` are the figures that it depends on, `conditions` what it rests on, in words.
    """

    least: Fen = 0
    most: Fen = 0
    total: Fen = 0
    reason: str = ""
    missing: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    link: str = ""

    @property
    def exact(self) -> bool:
        """Whether one amount is known."""
        return not self.reason and self.least == self.most

    @property
    def text(self) -> str:
        """The amount, its bounds, or the reason."""
        if self.reason:
            return self.reason
        if self.exact:
            return amount(self.least)
        if self.least:
            return say("{least} 至 {most}", least=amount(self.least), most=amount(self.most))
        return say("最多 {most}", most=amount(self.most))

    @property
    def notes(self) -> tuple[object, ...]:
        """What is told below the amount."""
        return self.missing, self.conditions

    @property
    def borne(self) -> str:
        """What is left to the person and others, where the amount is known."""
        return amount(self.total - self.least) if self.exact else "—"


def received(area: Area, day: Day, patient: Patient) -> Received:
    """What the pool pays of a person's visits under an area's law on a day."""
    question = patient.question(area.code, day)
    total = parse_fen(patient.cost) * patient.times
    link = "" if patient.times > 1 else f"/?{question.link()}"
    try:
        results = settled(question)[1]
    except Refusal as refusal:
        return _without_a_figure(area, question, refusal, Received(total=total, link=link))
    refused = next((result.refusal for result in results if result.refusal), "")
    if refused:
        text = present.refusal_text(Refusal(refused), None, area.code)
        return Received(total=total, reason=text, link=link)
    paid = sum(result.pool_fen for result in results)
    conditions = tuple(_conditions(question, results[-1]))
    return Received(paid, paid, total, conditions=conditions, link=link)


def _without_a_figure(
    area: Area, question: Question, refusal: Refusal, found: Received
) -> Received:
    """The bounds of what depends on a figure that nobody published; else the refusal's words."""
    bounds = so_far(question) if not question.earlier else None
    if bounds is None:
        if refusal.code == "parameter_missing":
            return replace(found, reason=say(OPEN_NOW))
        return replace(found, reason=present.refusal_text(refusal, None, area.code))
    labels = refusal_words.labels_of(area)
    names = [labels.get(path.partition(".")[0], "") for path in bounds.missing]
    missing = tuple(name(one) for one in dict.fromkeys(names) if one)
    conditions = tuple(_conditions(question, bounds.explanation.result))
    return replace(
        found,
        least=bounds.least_fen,
        most=bounds.most_fen,
        missing=missing,
        conditions=conditions,
    )


OPEN_NOW = "取决于尚未公布的数字"


def _conditions(question: Question, result: Result) -> Iterator[str]:
    """What the payment rests on and many people's visits do not have."""
    for fact in result.law.facts.values():
        if fact.column in OPENLY and not question.get(fact.column):
            try:
                other = settled(question.with_facts(**{fact.column: "false"}))[1][-1]
            except Refusal:
                continue
            if other.refusal:
                yield name(fact.name)


@dataclass(frozen=True)
class BeforeAndAfter:
    """One person under two laws."""

    patient: Patient
    left: Received
    right: Received

    @property
    def change(self) -> Fen | None:
        """How much more the second pays, where both are known."""
        known = self.left.exact and self.right.exact
        return self.right.least - self.left.least if known else None

    @property
    def more(self) -> str:
        """The change in words."""
        change = self.change
        if change is None:
            return ""
        if change == 0:
            return say("一样")
        form = "多报 {amount}" if change > 0 else "少报 {amount}"
        return say(form, amount=amount(abs(change)))

    @property
    def sign(self) -> str:
        """Whether the person gains or loses, as a style is called."""
        return "" if not self.change else "gain" if self.change > 0 else "loss"


def before_and_after(sides: list[tuple[Area, Day]]) -> list[BeforeAndAfter]:
    """The kinds of person that a comparison leads with."""
    (left, left_day), (right, right_day) = sides
    return [
        BeforeAndAfter(
            patient, received(left, left_day, patient), received(right, right_day, patient)
        )
        for patient in PATIENTS
    ]


WIDE, HIGH = 1600, 960
"""The small picture of an area in its own units."""
SAMPLES = 60


@dataclass(frozen=True)
class SmallMultiple:
    """One area in a row of small pictures: its day, what the person gets, the line of all costs.

    Shape:   `line` is a list of points of a picture WIDE by HIGH; `x` and `y` are the person's own
             bill in it, where one amount is known.
    """

    area: Area
    place: str
    date: str
    state: LawState
    received: Received
    line: str
    x: str
    y: str


def small_multiples(areas: tuple[Area, ...], day: Day, patient: Patient) -> list[SmallMultiple]:
    """Every area for one person, on a day or on the last day that its rules cover before it."""
    until = max(parse_fen(patient.cost), 3_000 * FEN_PER_YUAN)
    found = []
    for area in areas:
        law = near(area, day)
        at = min(max(day, law.since), law.until - 1)
        got = received(area, at, patient)
        cost = parse_fen(patient.cost)
        found.append(
            SmallMultiple(
                area,
                law.place,
                str(date_of(at)),
                state_of(area, law),
                got,
                _line(area, at, patient, until),
                str(cost * WIDE // until) if got.exact else "",
                str(HIGH - got.least * HIGH // until) if got.exact else "",
            )
        )
    return found


def _line(area: Area, day: Day, patient: Patient, until: Fen) -> str:
    """The line of what is paid against cost as points of the small picture."""
    facts = dict(patient.question(area.code, day).facts)
    del facts["total"]
    try:
        points = line_of(area, area.law(day), facts, until, SAMPLES)
    except Refusal:
        return ""
    shown = [f"{cost * WIDE // until},{HIGH - paid * HIGH // until}" for cost, paid in points]
    # A line that ends at its beginning shows nothing.
    return " ".join(shown) if points[-1][0] * 10 > until else ""
