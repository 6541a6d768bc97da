"""Refusals as the pages say them: no word of the command line, no name that only programs know.

The sentences of `gongji.refusals` are for everybody who works with gongji; here stand those that
the public is told otherwise, and what their values are called.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from gongji.law.compile.citations import document_of
from gongji.law.engine.area import Area
from gongji.law.explain.facts_told import DISEASES
from gongji.law.explain.show import parameter_name
from gongji.law.rulebook import provision_kinds
from gongji.law.rulebook.law import KEPT, Law
from gongji.law.rulebook.vocabulary import BENEFIT_NAMES, FACTS
from gongji.platform.installation import installed_areas
from gongji.portal import english
from gongji.portal.family import RELATIONS
from gongji.portal.ui_texts import is_english
from gongji.refusals import Refusal
from gongji.refusals.accounts import ACCOUNTS
from gongji.refusals.gates import GATES

OF_THE_LINK = "链接中的一项"
"""What a field is called that the page does not have."""
MEGABYTE = 1024 * 1024
SENTENCES = {
    "parameter_missing": "文件没有写明{parameter}（{reason}）；知道的请填上",
    "item_unknown": "目录中没有项目 {value}；请从列出的项目中选",
    "field_unknown": "链接中有这里不认识的内容；请从头填写",
    "area_unknown": "没有统筹区 {value} 的规则；请从列表中选",
    "date_outside": "{value} 不在统筹区 {area} 规则的有效期内（{place}）；现有规则覆盖：{allowed}",
    "benefit_not_offered": "{place}的文件没有规定待遇“{value}”；现有：{allowed}",
    "not_ruled": "{place}的文件没有规定{value}",
    "self_pay_missing": "目录没有给出乙类项目 {value} 的先行自付比例，{place}的文件也没有规定",
    "level_missing": "还没有选医疗机构的级别",
    "amount_invalid": "{field}：“{value}”不是金额；请只填数字，至多两位小数，像 800 或 800.50 这样",
    "field_missing": "缺少必填项 {field}",
    "evidence_size": "“{value}”没有选照片或文件，或者文件大于 {most} MB；请重新选",
    "no_such_day": "{field} 的值 {value} 无法识别：没有这一天",
    "beyond": "{field}应{allowed}，不能是 {value}",
    "amount_negative": "{field}不能是负数：{value}",
    "no_prescription": "在药店购药没有定点医疗机构的处方",
}
"""What the pages say instead, by code."""
_CODE = re.compile(r"[A-Za-z_]\w*(?:\.\w+)*", re.ASCII)
_PATH = re.compile(r"[A-Za-z_][A-Za-z_0-9]*(?:\.\w+)*")
_FORMS = {
    "YYYY-MM-DD": english.DAY,
    "YYYY-MM": "像 2023-03 这样的月份",
    "YYYY-MM-DD HH:MM": "像 2023-03-01 10:30 这样的时间",
    "true、false、是、否、1、0": "是、否",
    "1、2、3 或空": "一级、二级、三级",
}


@lru_cache(maxsize=1)
def _fixed() -> dict[str, str]:
    """Words by codes that no area changes."""
    found = {"true": "是", "false": "否", "bond": "家庭共济"} | BENEFIT_NAMES | RELATIONS
    for fact in FACTS.values():
        found |= {code: name for name, code in fact.choices.items() if code}
    return found


def _words(area: Area | None) -> dict[str, str]:
    """Words by the codes of facts, of their choices, of meters and of parameters of an area."""
    found = dict(_fixed())
    for law in area.laws if area else ():
        for fact in law.facts.values():
            found |= {code: name for name, code in fact.choices.items() if code}
        for name, provision in law.all(provision_kinds.Parameter).items():
            found[provision.value.code] = name
    for place in area.layout.meters.values() if area else ():
        found[place.code] = place.name
    return found


def labels_of(area: Area | None) -> dict[str, str]:
    """What facts, meters and parameters are called, by the names that refusals give."""
    found = _words(area)
    for law in area.laws if area else ():
        found |= {fact.column: fact.name for fact in law.facts.values() if not fact.source}
    return found


def area_of(code: str) -> Area | None:
    """The area of a code, or None."""
    try:
        return installed_areas().area(code, {})
    except Refusal:
        return None


def in_words(refusal: Refusal, label: str, area: Area | None) -> Refusal:
    """The same refusal with its field and its values called as people call them."""
    values = dict(refusal.values)
    words = _words(area)
    named = area_of(values["area"]) if "area" in values else area
    if "area" in values:
        values["place"] = named.laws[-1].place if named else f"统筹区 {values['area']} "
    if refusal.code == "evidence_size":
        values["most"] = str(int(values["most"]) // MEGABYTE)
    if refusal.field in ("used", "--set"):
        values["value"] = _PATH.sub(lambda path: _called(path[0], words), values["value"])
    if "allowed" in values and refusal.code != "area_unknown":
        values["allowed"] = _allowed(values["allowed"], words)
    code = values.get("value", "").partition(".")[0]
    if code.isascii() and code[:1].isalpha():
        values["value"] = words.get(values["value"]) or words.get(code) or values["value"]
    if refusal.code == "parameter_missing" and named:
        values |= _parameter(values["parameter"], named)
    return Refusal(refusal.code, label, values)


def _parameter(path: str, area: Area) -> dict[str, str]:
    """A parameter's name with the values it is for, and what its rulebook says of it."""
    for law in reversed(area.laws):
        for provision in law.all(provision_kinds.Parameter).values():
            parameter = provision.value
            if parameter.code == path.partition(".")[0]:
                document = document_of(provision.book, parameter.article)
                reason = f"{parameter.note}，{document} {parameter.article}"
                return {"parameter": parameter_name(law, path), "reason": reason}
    return {}


def _allowed(text: str, words: dict[str, str]) -> str:
    """What is allowed, in words: names for codes, of `code（name）` the name."""
    form = text.partition("（")[0]
    if form in _FORMS:
        return form if is_english() else _FORMS[form]
    found: dict[str, None] = {}
    for one in text.split("、"):
        code, bracket, name = one.removesuffix("）").partition("（")
        said = _PATH.sub(lambda path: _called(path[0], words), one)
        found[name if bracket and code.isascii() and code else said] = None
    return "、".join(said for said in found if said and said != "（空）")


def figure_in_words(text: str, law: Law) -> str:
    """What a table says, in words: 未定（住院支付比例） for the code of the parameter."""
    return _CODE.sub(lambda code: _called(code[0], _of_law(law)), text)


@lru_cache(maxsize=KEPT)
def _of_law(law: Law) -> dict[str, str]:
    """Words by the codes of a law's parameters, of reasons and of diseases."""
    named = {p.value.code: name for name, p in law.all(provision_kinds.Parameter).items()}
    return {**GATES, **ACCOUNTS, **DISEASES, **named}


def _called(code: str, words: Mapping[str, str]) -> str:
    """A code by its word, the values behind its points in brackets; or as it is."""
    if code in words:
        return words[code]
    first, *values = code.split(".")
    if first not in words or not values:
        return code
    return f"{words[first]}（{'、'.join(words.get(value, value) for value in values)}）"


def sentence(refusal: Refusal) -> str:
    """The sentence of a refusal that is in words."""
    form = SENTENCES.get(english.wording_of(refusal))
    if refusal.code == "value_invalid" and refusal.field == OF_THE_LINK:
        form = "链接中的累计或数字认不出来；可取：{allowed}"
    if form is None:
        return str(refusal)
    return form.format(**({"field": refusal.field} | refusal.values))
