"""Explanations and refusals in English: the same sentences, figures and articles.

Each Chinese sentence of `gongji.law.explain` and `gongji.refusals` has one form; here stands the
English form of each. The figures are those of the sentence itself, so the two languages cannot
differ. A sentence of a form that is not known here stays in Chinese.
"""

import re
from collections.abc import Callable, Mapping

from gongji.portal.english_provisions import cited
from gongji.portal.law_terms import term
from gongji.refusals import Refusal

_YUAN = r"[\d,]+\.\d\d元"


def _form(chinese: str, english: str) -> tuple[re.Pattern[str], str]:
    """A form: {m} stands for an amount, {r} for a rate, {name} for anything else."""

    def group(found: re.Match[str]) -> str:
        name = found[1]
        kinds = {"m": _YUAN, "r": r"[\d.]+%"}
        return f"(?P<{name}>{kinds.get(name.rstrip('0123456789'), '.*?')})"

    escaped = re.escape(chinese).replace(r"\{", "{").replace(r"\}", "}")
    return re.compile("^" + re.sub(r"\{(\w+)\}", group, escaped) + "$"), english


SENTENCES = [
    _form(
        "{date}，{place}，{benefit}（{facts}）。总费用{m1}，其中政策范围内费用{m2}。适用文件：{books}。",
        "{date}, {place}, {benefit} ({facts}). Total cost {m1}, of which in scope {m2}. "
        "Documents that apply: {books}.",
    ),
    _form(
        "{date}，{place}，{benefit}。总费用{m1}，其中政策范围内费用{m2}。适用文件：{books}。",
        "{date}, {place}, {benefit}. Total cost {m1}, of which in scope {m2}. "
        "Documents that apply: {books}.",
    ),
    _form("{route}：按{benefit}的规定结算。", "{route}: settled by the rules for {benefit}."),
    _form(
        "先行自付{r}，即{m1}，由个人负担。",
        "First self-pay {r}, that is {m1}, is borne by the person.",
    ),
    _form("政策范围外费用{m}，由个人负担。", "Cost out of scope, {m}, is borne by the person."),
    _form(
        "统筹基金不予支付：{reason}。全部费用{m}并入住院费用结算，各项累计不变。",
        "The pooled fund does not pay: {reason}. The whole cost, {m}, is settled with the stay; "
        "no meter moves.",
    ),
    _form(
        "统筹基金不予支付：{reason}。全部费用{m}由{bearer}，各项累计不变。",
        "The pooled fund does not pay: {reason}. The whole cost, {m}, is borne by {bearer}; "
        "no meter moves.",
    ),
    _form(
        "第三人不支付或者无法确定第三人的，由基金先行支付，并有权向第三人追偿。",
        "Where the third party does not pay or is not known, the fund advances the cost and has a "
        "claim on the third party.",
    ),
    _form(
        "{month}{event}，退休待遇自{after}起；本次仍按在职人员。",
        "{month}: {event}; the benefits of retirees begin in {after}; this visit is still one of "
        "an active employee.",
    ),
    _form("在药店购药，按{whose}的标准结算。", "Bought at a pharmacy, by the rules for {whose}."),
    _form(
        "互联网医院按其依托的{level}实体医疗机构的标准结算。",
        "An Internet hospital is settled as the physical institution behind it: {level}.",
    ),
    _form(
        "异地就医已备案，与统筹区内同样结算。",
        "Care outside the area was filed and is settled as within it.",
    ),
    _form("{benefit}不受“{reason}”的限制。", "{benefit} is not refused for this: {reason}."),
    _form(
        "不因“{reason}”拒付：{fact}为“{value}”。",
        "Not refused for this: {reason}, because {fact}: {value}.",
    ),
    _form(
        "超过{layer}年度限额的{m}，按{how}计算。",
        "{m} above the year's limit of {layer} go by {how}.",
    ),
    _form("超过{layer}限额的{m}，按{how}计算。", "{m} above the limit of {layer} go by {how}."),
    _form("余下{m}，按{how}计算。", "The remaining {m} go by {how}."),
    _form(
        "超过{layer}年度限额的{m}不再转入其他待遇：{reason}。",
        "{m} above the year's limit of {layer} flow on to no other benefit: {reason}.",
    ),
    _form(
        "超过{layer}限额的{m}不再转入其他待遇：{reason}。",
        "{m} above the limit of {layer} flow on to no other benefit: {reason}.",
    ),
    _form(
        "余下{m}不再转入其他待遇：{reason}。",
        "The remaining {m} flow on to no other benefit: {reason}.",
    ),
    _form(
        "未超过起付标准，统筹基金不支付。",
        "The cost is not above the deductible; the pooled fund pays nothing.",
    ),
    _form(
        "这项待遇没有规定读取的事实：{unread}；它们不影响本次结果。",
        "No rule of this benefit asks for: {unread}; the result does not depend on it.",
    ),
    _form("保底：实际支付低于{r}的，补足{m}。", "Floor: payment below {r} is topped up by {m}."),
    _form(
        "费用部分“{name}”{m}，按“{layer}”计算。",
        "The part of the cost “{name}”, {m}, goes by “{layer}”.",
    ),
    _form(
        "{layer}：以个人负担中{base}的{m}为基数。",
        "{layer}: reckoned on {m}, the {base} within what the person bears.",
    ),
    _form("{layer}：以余下的{m}计算。", "{layer}: reckoned on the remaining {m}."),
    _form(
        "本段费用至{m1}为止，此前{meter}已累计{m2}，本次进入本段{m3}。",
        "This band of cost ends at {m1}; {meter} held {m2} before, {m3} of this visit fall in it.",
    ),
    _form("不设起付标准。", "There is no deductible."),
    _form(
        "起付标准{m1}（{meter}此前已承担{m2}），本次扣除{m3}，由个人负担。",
        "Deductible {m1} ({meter}: {m2} borne before); {m3} of this visit are deducted and borne "
        "by the person.",
    ),
    _form(
        "{layer}：先自付{r}，即{m}，由个人负担。",
        "{layer}: {r} are paid first by the person, that is {m}.",
    ),
    _form(
        "{layer}：起付标准以上{m1}，按{r}应由{payer}支付{m2}。",
        "{layer}: {m1} above the deductible; at {r}, {payer} would pay {m2}.",
    ),
    _form(
        "{layer}：起付标准以上{m1}，{payer}按{r}支付{m2}。",
        "{layer}: {m1} above the deductible; {payer} pays {r}, that is {m2}.",
    ),
    _form(
        "{layer}：{m1}，按{r}应由{payer}支付{m2}。",
        "{layer}: {m1}; at {r}, {payer} would pay {m2}.",
    ),
    _form(
        "{layer}：{m1}，{payer}按{r}支付{m2}。", "{layer}: {m1}; {payer} pays {r}, that is {m2}."
    ),
    _form(
        "最高支付限额{m1}，此前{meter}已支付{m2}，本次只能支付{m3}；超过限额的费用{m4}由个人负担。",
        "Ceiling {m1}; {m2} were used of it before ({meter}), so only {m3} can be paid now; "
        "the cost above the ceiling, {m4}, is borne by the person.",
    ),
    _form(
        "最高支付限额{m1}，此前{meter}已支付{m2}，本次只能支付{m3}。",
        "Ceiling {m1}; {m2} were used of it before ({meter}), so only {m3} can be paid now.",
    ),
    _form("合计：{parts}。", "In all: {parts}."),
    _form(
        "其余政策范围内费用{m}无法计算，取决于：{figures}。",
        "The rest of the cost in scope, {m}, cannot be worked out; it depends on: {figures}.",
    ),
    _form(
        "统筹基金至少支付{m1}，至多支付{m2}。",
        "The pooled fund pays at least {m1} and at most {m2}.",
    ),
    _form("统筹基金支付{m}。", "The pooled fund pays {m}."),
]
_PARTS = {
    "统筹基金支付": "the pooled fund pays",
    "补充保障支付": "supplements pay",
    "定点医疗机构承担": "the institution bears",
    "其中个人账户支付": "of which the personal account pays",
    "个人负担": "the person bears",
    "其余": "the rest is",
}
_BEARERS = {
    "个人负担": "the person",
    "第三人负担": "the third party",
    "应当支付的其他基金负担": "the other fund that has to pay it",
    "公共卫生负担": "public health",
}
_WORDS = {
    "办结退休手续": "registered as retired",
    "缴满规定年限": "contribution years complete",
    "次月": "the month after",
    "当月": "that month",
    "定点零售药店": "pharmacies",
    "就诊医疗机构住院支付比例": "the inpatient rate of the institution",
}
_PRESCRIBER = re.compile("^开具处方的(.*)定点医疗机构$")


def _yuan(text: str) -> str:
    return "¥" + text.removesuffix("元")


def _facts(text: str) -> str:
    found = []
    for part in text.split("、"):
        fact, colon, value = part.partition("：")
        found.append(f"{term(fact)}: {term(value)}" if colon else term(fact))
    return ", ".join(found)


def _totals(text: str) -> str:
    found = []
    for part in text.split("，"):
        name = next((name for name in _PARTS if part.startswith(name)), "")
        amount, yuan, whose = part.removeprefix(name).partition("元")
        said = f"{_PARTS.get(name, name)} {_yuan(amount + yuan)}"
        found.append(said + (f" ({_bearer(whose)})" if whose else ""))
    return ", ".join(found)


def _bearer(text: str) -> str:
    if text.startswith("并入"):
        return "settled with the stay"
    whose = text.removeprefix("由")
    return _BEARERS.get(whose, whose)


def _how(text: str) -> str:
    return _WORDS.get(text) or f"“{term(text.strip('“”'))}”"


def _whose(text: str) -> str:
    found = _PRESCRIBER.match(text)
    if found:
        return f"the institution that prescribed, {term(found[1])}"
    return _WORDS.get(text, text)


def _meter(text: str) -> str:
    name, bracket, where = text.removesuffix("）").partition("（")
    if term(text) != text or not bracket:
        return term(text)
    return f"{term(name)} ({_facts(where)})"


_BRACKET = re.compile("（.*")


def _parted(text: str) -> list[str]:
    """A list parted by 、 outside brackets."""
    found, depth = [""], 0
    for sign in text:
        depth += (sign == "（") - (sign == "）")
        if sign == "、" and not depth:
            found.append("")
        else:
            found[-1] += sign
    return found


_OWN: dict[str, Callable[[str], str]] = {
    "facts": _facts,
    "parts": _totals,
    "meter": _meter,
    "bearer": _bearer,
    "how": _how,
    "whose": _whose,
    "unread": _facts,
    "figures": lambda text: ", ".join(term(_BRACKET.sub("", one)) for one in _parted(text)),
    "event": lambda text: _WORDS.get(text, text),
    "after": lambda text: _WORDS.get(text, text),
}


def _word(name: str, text: str) -> str:
    if name[0] == "m" and name.rstrip("0123456789") == "m":
        return _yuan(text)
    if name in ("date", "month", "r"):
        return text
    if name == "reason":
        return reason(text)
    if name == "books":
        return ", ".join(cited(one) for one in text.split("、"))
    return _OWN.get(name, term)(text)


def sentence(text: str) -> str:
    """A sentence of an explanation in English, or as it is where its form is not known."""
    for pattern, english in SENTENCES:
        found = pattern.match(text)
        if found:
            words = {name: _word(name, part) for name, part in found.groupdict().items()}
            return english.format(**words).replace(" ()", "")
    return text


_REASONS = {
    "outside_benefit_period": "outside the benefit period",
    "not_designated": "not a designated institution",
    "not_selected": "not the institution selected, and no referral",
    "inpatient_stay": "outpatient cost during an inpatient stay",
    "joins_inpatient": "emergency care that went on to an inpatient stay is settled with the stay",
    "third_party": "a third party is liable for the cost",
    "other_fund": "another fund covers the cost",
    "paid_by_account": "already paid from the personal account",
    "public_health": "public health bears the cost",
    "abroad": "care abroad",
    "wellness": "wellness, cosmetic surgery and the like",
    "excluded_by_law": "not payable by law",
    "no_account": "no personal account of employee insurance",
    "level_too_low": "this benefit is for designated institutions of level 2 and above",
    "not_in_agreement": "the negotiated drug is outside its agreement period",
    "offsite_unfiled": "treated outside the area without a filing",
    "not_direct": "not settled directly at the counter",
    "no_prescription": "bought at a pharmacy without a prescription of a designated institution "
    "(the level of the prescriber is missing)",
    "not_dual_channel": "bought at a pharmacy, and no dual-channel drug",
    "pharmacy_not_qualified": "the pharmacy does not meet the conditions of the pool",
    "not_eligible": "the area's own conditions are not met",
}
REFUSALS: Mapping[str, str] = _REASONS | {
    "field_missing": "{field} is required",
    "field_unknown": "{field} is no known column or fact",
    "value_invalid": "{field}: {value} is not known; allowed: {allowed}",
    "no_such_day": "{field}: there is no day {value}",
    "beyond": "{field} cannot be {value}; allowed: {allowed}",
    "amount_invalid": "{field}: {value} is no amount in yuan with at most two decimals",
    "amount_negative": "{field} is below zero: {value}",
    "amount_too_large": "{field} is too large: {value}; one bill is at most ten billion yuan",
    "in_scope_above_total": "the cost in scope, {value}, is above the total, {total}",
    "area_unknown": "there are no rules of an area {value}; there are: {allowed}",
    "date_outside": "{value} is outside the rules of area {area}{place}, which cover: {allowed}",
    "benefit_not_offered": "area {area} does not offer {value}; it offers: {allowed}",
    "not_ruled": "the documents of area {area} do not rule {value}",
    "item_unknown": "the catalogue has no item {value}",
    "item_outside_dates": "item {value} has no version on {date}; there are: {allowed}",
    "self_pay_missing": "neither the catalogue nor area {area} gives the first self-pay of {value}",
    "level_missing": "the level of the institution is missing; please give {field}",
    "parameter_missing": "the documents leave {parameter} to another one; give a figure for it",
    "bond_person_unknown": "there is no person of this number and name; please check both",
    "bonds_asked_often": "you asked for a bond {limit} times within the hour; check the number and "
    "the name, and try again later",
    "bond_with_oneself": "your own account needs no bond with yourself",
    "bond_standing": "there is a bond with this person already, since {since}; to change the "
    "relation, please end it first",
    "bond_second_spouse": "there is a bond with another spouse, since {since}; a person has one "
    "spouse (Civil Code, article 1041), so please end that one first or choose another relation",
    "items_begun_often": "{limit} items were begun online within a day; please finish or withdraw "
    "those, and go on tomorrow",
    "papers_many": "{limit} papers were handed in already; please join them in one PDF, or bring "
    "them to the agency",
    "papers_missing": "papers are still missing: {names}; please hand them all in first",
    "evidence_type": "{value} is no PDF, JPEG or PNG; please take another photograph or file",
    "evidence_size": "{value}: no file was chosen, or it is larger than {most} MB; please choose "
    "again",
    "evidence_unsafe": "{value} holds something that runs by itself; please make a plain PDF of it",
    "evidence_unknown": "“{value}” is no paper of this item; there are: {allowed}",
    "command_state": "item {value} is “{state}” now and cannot be changed so; please reload",
    "command_changed": "item {value} was changed meanwhile; please open it again",
    "preview_differs": "what item {value} comes to is not what you saw; please look again",
    "total_differs": "the parts come to {total} and not to the total of {value}",
    "bill_entered": "bill {value} was paid before",
    "bill_late": "a bill of {date} was to be handed in by {last} ({article})",
    "bill_not_accepted": "bills on paper are not paid here ({article})",
    "payee_wrong": "please give the bank and a number of 8 to 32 digits",
    "uninsured_on": "{value} was not insured here on {date}",
    "not_insured": "not insured on {date}",
    "disease_unlisted": "{value} is not on the list of diseases of {date}",
    "bond_unknown": "there is no such bond or request any more; please reload the page",
    "fact_overlaps": "there is one already since {since}",
    "law_changed": "the documents that this was settled by have changed; it cannot be told again",
}
"""The refusals that pages and the public interface can give."""


_ALLOWED = tuple(
    (re.compile(chinese), english)
    for chinese, english in (
        ("1、2、3 或空", "1, 2, 3 or nothing"),
        ("true、false、是、否、1、0", "true, false, 1, 0"),
        ("不小于零的整数", "a whole number from 0"),
        (r"不小于 (\S+)", r"from \1"),
        (r"(\S+) 及以后", r"from \1"),
        (r"不晚于 (\S+)", r"not after \1"),
        (r"大于 0、不超过 (\S+) 元", r"above 0 and up to \1 yuan"),
        (r"以元为单位的金额，如 (\S+?)(?:（.*）)?", r"an amount in yuan, such as \1"),
        (r"0% 至 100% 的百分比，(?:须写百分号，)?如 (\S+)", r"0% to 100% with %, such as \1"),
        (r"(\S+) 或 \1\.年份", r"\1 or \1.year"),
        (r"(YYYY\S+)（.*）", r"\1"),
        ("（空）", "nothing"),
        ("不超过发票总额", "no more than the total of the bill"),
        ("本统筹区定点医疗机构的全名", "the full name of a designated institution of the area"),
    )
)
"""What is allowed, where it is said in a sentence and not listed."""


def _said(text: str) -> str:
    """A word of the law, a list of them, or one with others in brackets, in English."""
    for pattern, english in _ALLOWED:
        if found := pattern.fullmatch(text):
            return found.expand(english)
    if term(text) != text:
        return term(text)
    if len(parts := _parted(text)) > 1:
        return ", ".join(map(_said, parts))
    whole, bracket, where = text.removesuffix("）").partition("（")
    return f"{term(whole)} ({_said(where)})" if bracket else text


def covered(days: str) -> str:
    """The days that rules cover: 2022-07-01 to 2024-10-31; 2024-11-01 to today."""
    return days.replace(" 至 ", " to ").replace("今", "today").replace("；", "; ")


DAY = "像 2023-03-01 这样的日期"
"""What the pages say in Chinese for YYYY-MM-DD."""
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def wording_of(found: Refusal) -> str:
    """The code by which a refusal is told: what was read and is no day, or lies beyond a bound, is
    not called unknown."""
    if found.code != "value_invalid":
        return found.code
    allowed = found.values["allowed"]
    if allowed == "不能为空":
        return "field_missing"
    if allowed.startswith(("不晚于", "不超过", "大于")) or allowed.endswith("及以后"):
        return "beyond"
    day_wanted = allowed.startswith(("YYYY-MM-DD", DAY))
    return "no_such_day" if day_wanted and _DAY.fullmatch(found.values["value"]) else found.code


def refusal(found: Refusal) -> str:
    """The sentence of a refusal in English; in Chinese where there is no English one."""
    form = REFUSALS.get(wording_of(found))
    if form is None:
        return str(found)
    values = {name: _said(text) for name, text in found.values.items()}
    if found.code == "date_outside":
        place = values.get("place", "")
        values["place"] = f" ({place})" if place else ""
        values["allowed"] = covered(found.values["allowed"])
    text = form.format(**({"field": found.field} | values))
    return text[0].upper() + text[1:]


def reason(text: str) -> str:
    """Why the pool does not pay, in English."""
    from gongji.refusals import REFUSALS as CHINESE

    code = next((code for code in _REASONS if CHINESE[code] == text), "")
    return _REASONS.get(code, text)
