"""The path of the form: what is asked in the open, card by card, and what is folded away.

In the open stand where one is insured, in work or retired, where one goes, what for, and the cost;
besides, whatever turns the answer to nothing or changes its kind for this question. All else that
can change the answer is folded; what cannot is not asked. The words are those of people, the values
those of a visits file.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from gongji.law.explain.facts_told import DISEASES
from gongji.law.rulebook.law import REST, Law
from gongji.law.rulebook.provision_kinds import Place
from gongji.law.rulebook.vocabulary import FACTS
from gongji.platform.installation import installed_areas
from gongji.portal.asked_facts import birth_date, deciding
from gongji.portal.fields import CARDS, DAY, MONEY, NOT_SAID, ONLY_THERE, SELECT, Field, InputForm
from gongji.portal.inputs import (
    INTERNET_CARD,
    INTERNET_LEVEL,
    NONE,
    PHARMACY_CARD,
    UNSAID,
    Question,
    at_pharmacy,
    place_card,
    supposed,
)
from gongji.refusals import Refusal

PROVINCE, ELSEWHERE = "0000", "其他州市"
"""How a province's code ends, and what it is called beside areas of its own."""
MOST_CARDS = 9
"""More areas than these are a list."""
PLACES = {
    "1": "社区、卫生院（一级）",
    "2": "县医院（二级）",
    "3": "市州医院（三级）",
    PHARMACY_CARD: "药店",
    INTERNET_CARD: "互联网医院",
}
"""The places in people's words; their level is in brackets."""
OF_DISEASES = ("chronic", "special", "two_diseases")
"""Benefits for diseases that are registered."""
BENEFIT_CARDS = {
    "chronic": "慢性病（已登记）",
    "special": "特殊病（已登记）",
    "two_diseases": "高血压、糖尿病用药（已登记）",
}
COMMON_DISEASES = ("高血压", "糖尿病", "恶性肿瘤")
"""Offered first."""
OTHER_DISEASE = "其他慢性病、特殊病"
IN_THE_OPEN = ("selected", "referred", "offsite")
"""Facts asked in the path itself where they can change the answer."""
OPEN_QUESTIONS = {
    "selected": "是选定的那家机构吗",
    "referred": "选定的机构开了转诊吗",
    "offsite": "在参保地看的吗",
}
OPEN_ANSWERS = {
    "selected": (("", NOT_SAID), ("true", "是"), ("false", "不是")),
    "referred": (("false", "没有转诊"), ("true", "有转诊")),
    "offsite": (("", "在参保地"), ("filed", "在外地，办了备案"), ("unfiled", "在外地，没办备案")),
}
FOLDED_QUESTIONS = {
    "in_benefit_period": "在医保待遇享受期内吗",
    "designated": "是定点医药机构吗",
    "direct": "是当场直接结算的吗",
    "qualified": "是纳入门诊统筹的药店吗",
    "has_account": "有职工医保个人账户吗",
    "in_agreement": "药品在协议期内吗",
    "third_party": "应当由第三人负担吗（如被人撞伤）",
    "advance": "由基金先行支付吗",
    "other_fund": "应当由工伤保险等其他基金付吗",
    "paid_by_account": "已经用个人账户付过了吗",
    "public_health": "应当由公共卫生负担吗",
    "abroad": "是在境外看的吗",
    "wellness": "是保健、整形美容吗",
    "excluded_by_law": "是法律法规规定不予支付的吗",
    "inpatient": "是在住院期间吗",
    "admitted": "急诊后转住院了吗",
    "died": "是抢救无效死亡的吗",
    "disease_count": "登记了几种病",
}
"""What is folded away, asked in people's words; an area's own facts keep their names."""
PICKS = ("100", "300", "800", "2000", "5000")
"""Costs in yuan to choose by one tap."""


@dataclass(frozen=True)
class PathOfQuestions:
    """The fields in their order: in the open, folded away, and those unsaid in the open."""

    start: tuple[Field, ...]
    place: tuple[Field, ...]
    reason: tuple[Field, ...]
    benefit: Field
    total: Field
    more: tuple[Field, ...]
    unsaid: tuple[Field, ...] = ()
    hidden: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """What the form looks like, so that the script knows when it is another."""
        shown = (*self.start, *self.place, *self.reason, self.benefit, *self.more)
        return " ".join(f"{field.name}:{len(field.choices)}" for field in shown)

    @property
    def names(self) -> set[str]:
        """The names of all fields."""
        shown = (*self.start, *self.place, *self.reason, self.benefit, self.total, *self.more)
        return {field.name for field in shown}


def path_of(question: Question, form: InputForm, typed_day: str) -> PathOfQuestions:
    """The fields of a question; `typed_day` is the day as the visitor gave it."""
    asked = deciding(supposed(question), form) if form.law else frozenset()
    place = tuple(_place(question, form, asked))
    reason = tuple(_reason(question, form))
    shown = {field.name for field in (*place, *reason)}
    day = Field("date", "就诊日期", DAY, typed_day)
    more = (day, *_more(question, form, asked, shown))
    made = PathOfQuestions(
        tuple(_start(question)), place, reason, _benefit(question, form), _total(question), more
    )
    unsaid = tuple(field for field in place if _unsaid(field))
    return replace(made, unsaid=unsaid, hidden=tuple(_hidden(question, made)))


def _unsaid(field: Field) -> bool:
    """Whether a question in the open waits for its answer, and none is usual."""
    open_ended = field.name in ("selected", "prescriber_level", INTERNET_LEVEL)
    return open_ended and field.value == ""


def _cards(
    name: str, label: str, value: str, choices: tuple[tuple[str, str], ...], note: str = ""
) -> Field:
    return Field(name, label, CARDS, value, choices, note=note)


def _start(question: Question) -> Iterator[Field]:
    areas = tuple(_areas())
    kind = CARDS if len(areas) <= MOST_CARDS else SELECT
    home = question.get("area")
    try:
        home = installed_areas().home(home).code
    except Refusal:
        home = ""
    yield Field("area", "在哪参保", kind, home, areas)
    status = tuple((code, name) for name, code in FACTS["参保状态"].choices.items())
    given = FACTS["参保状态"].codes.get(question.get("status"), question.get("status"))
    yield _cards("status", "在职还是退休", given, status)


def _areas() -> Iterator[tuple[str, str]]:
    """The areas by code and name; a province is what is left of it, behind its own areas."""
    every = installed_areas().every({})
    provinces = {area.code[:2] for area in every if not area.code.endswith(PROVINCE)}
    for area in sorted(every, key=lambda one: (one.code[:2], one.code.endswith(PROVINCE))):
        whole = area.code.endswith(PROVINCE) and area.code[:2] in provinces
        place = area.laws[-1].place
        yield area.code, f"{place}（{ELSEWHERE}）" if whole else place


def _place(question: Question, form: InputForm, asked: frozenset[str]) -> Iterator[Field]:
    chosen = place_card(question)
    offered = [code for code in PLACES if code != INTERNET_CARD or _has_internet(form.law)]
    if chosen == INTERNET_CARD and chosen not in offered:
        offered.append(chosen)
    chosen = {"一级": "1", "二级": "2", "三级": "3"}.get(chosen, chosen)
    yield _cards("level", "去哪看", chosen, tuple((code, PLACES[code]) for code in offered))
    if at_pharmacy(question):
        yield _prescription(question, form)
    elif chosen == INTERNET_CARD:
        given = question.get("parent_level").replace(UNSAID, "")
        levels = (("", NOT_SAID), *((code, PLACES[code]) for code in ("1", "2", "3")))
        yield _cards(INTERNET_LEVEL, "背后是哪家医院", given, levels)
    known = {field.name: field for field in (*form.facts, *form.circumstances)}
    for name in IN_THE_OPEN:
        if name in known and (name in asked or question.get(name)):
            note = ONLY_THERE if name == "selected" else ""
            value = known[name].value
            default = known[name].default
            made = _cards(name, OPEN_QUESTIONS[name], value, OPEN_ANSWERS[name], note)
            yield replace(made, default=default)


def _prescription(question: Question, form: InputForm) -> Field:
    """Whether there is a prescription, and where its level counts, of which institution."""
    given = question.get("prescriber_level")
    given = {"一级": "1", "二级": "2", "三级": "3"}.get(given, given)
    none = (NONE, "没有处方")
    if form.law is not None and _own_level(form.law):
        given = "1" if given and given != NONE else given
        known = [("1", "有医院的处方")]
    else:
        known = [(code, f"有{PLACES[code]}的处方") for code in ("1", "2", "3")]
    answers = (("", NOT_SAID), *known, none)
    return _cards("prescriber_level", "有医院开的处方吗", given, answers)


def _own_level(law: Law) -> bool:
    return any(place.value.own_level for place in law.all(Place).values())


def _has_internet(law: Law | None) -> bool:
    return law is not None and any(place.value.internet for place in law.all(Place).values())


def _reason(question: Question, form: InputForm) -> Iterator[Field]:
    """The disease by its name, where the area has benefits for those registered."""
    offered = {code for code, _ in form.benefits}
    if not offered & set(OF_DISEASES):
        return
    names = dict.fromkeys((*COMMON_DISEASES, *DISEASES.values()))
    for fact in form.law.facts.values() if form.law else ():
        if fact.source == "病种":
            bands = (band for band in fact.bands.values() if isinstance(band, list | tuple))
            listed = (one for band in bands for one in band if one != REST)
            names |= dict.fromkeys(DISEASES.get(one, one) for one in listed)
    given = DISEASES.get(question.get("disease"), question.get("disease"))
    if given:
        names[given] = None
    known = question.get("benefit") in OF_DISEASES
    first = ("", "不说是哪种病" if known else "一般的病")
    others = () if OTHER_DISEASE in names else ((OTHER_DISEASE, OTHER_DISEASE),)
    yield _cards("disease", "看什么病", given, (first, *((n, n) for n in names), *others))


def _benefit(question: Question, form: InputForm) -> Field:
    offered = form.benefits or (("ordinary", "普通门诊"),)
    choices = tuple((code, BENEFIT_CARDS.get(code, name)) for code, name in offered)
    value = question.get("benefit") or "ordinary"
    value = form.law.benefits.get(value, value) if form.law else value
    return Field("benefit", "按哪种待遇", CARDS, value, choices, "ordinary")


def _total(question: Question) -> Field:
    return Field("total", "花了多少", MONEY, question.get("total"))


def _more(
    question: Question, form: InputForm, asked: frozenset[str], shown: set[str]
) -> Iterator[Field]:
    """What is folded away beside the day: the cost in scope, facts that can change the answer."""
    note = "可不填；不填则按总费用扣除先行自付"
    yield Field("in_scope", "政策范围内费用", MONEY, question.get("in_scope"), note=note)
    if "birth_date" in asked or question.get("birth_date"):
        yield replace(birth_date(question), note="可不填；只在规则按年龄区分时用到")
    for field in (*form.facts, *form.circumstances):
        if field.name in shown or field.name in ("parent_level", *IN_THE_OPEN):
            continue
        if field.name in asked or question.get(field.name):
            yield replace(field, label=FOLDED_QUESTIONS.get(field.name, field.label))


BY_THE_PLACE = {"level", "institution_kind", "parent_level", "institution"}
"""Facts that the card of the place stands for."""


def _hidden(question: Question, made: PathOfQuestions) -> Iterator[tuple[str, str]]:
    """Facts given that are not shown: they are kept for the next question."""
    shown = made.names | BY_THE_PLACE
    facts: Mapping[str, str] = question.facts
    yield from ((name, text) for name, text in facts.items() if text and name not in shown)
