"""Why a request is not answered, as a problem of RFC 9457 in the caller's language.

A problem has a code of its own beside the members of the standard, and the field that it is about.
This module knows sentences, not rules.
"""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse

from gongji.portal import english
from gongji.portal.ui_texts import is_english
from gongji.refusals import Refusal

PROBLEM_JSON = "application/problem+json"
ABOUT = "/api/v1/docs#"
"""Where each kind of problem is described: the code follows."""

TITLES: dict[str, tuple[str, str]] = {
    "field_missing": ("缺少一项", "Something is missing"),
    "field_unknown": ("没有这一项", "A name is not known"),
    "value_invalid": ("有一项的值不对", "A value is not valid"),
    "amount_invalid": ("金额不对", "An amount cannot be read"),
    "amount_negative": ("金额小于零", "An amount is below zero"),
    "amount_too_large": ("金额过大", "An amount is too large"),
    "in_scope_above_total": ("政策范围内费用大于总费用", "The cost in scope is above the total"),
    "area_unknown": ("没有这个统筹区的规则", "There are no rules of this area"),
    "date_outside": ("日期不在规则的有效期内", "The day is outside the rules"),
    "benefit_not_offered": ("没有规定这项待遇", "The benefit is not offered"),
    "level_missing": ("缺少医疗机构的级别", "The level of the institution is missing"),
    "parameter_missing": ("文件没有写明的数字", "A figure that the documents leave open"),
    "rate_limited": ("问得太频繁", "Asked too often"),
    "not_found": ("没有这个地址", "There is no such address"),
    "method_not_allowed": ("这个地址不接受这种请求", "The address takes no such request"),
}
"""What each kind of problem is called, in Chinese and in English."""
OTHER = ("请求没有被接受", "The request was not accepted")

_FORMS: dict[str, str] = {
    "missing": "缺少这一项",
    "extra_forbidden": "没有这一项",
    "string_type": "应为文字",
    "string_too_long": "文字最长 {max_length} 个字符",
    "string_too_short": "文字至少 {min_length} 个字符",
    "string_pattern_mismatch": "文字的形式应为 {pattern}",
    "dict_type": "应为键值表",
    "list_type": "应为列表",
    "too_long": "最多 {max_length} 项",
    "too_short": "至少 {min_length} 项",
}
"""What is said in Chinese of a value of the wrong form, by the name of the check."""
_WRONG_FORM = ("形式不对", "The form is wrong")
_UNREADABLE = ("请求不是完好的 JSON", "The request is no valid JSON")
_TOO_OFTEN = ("请稍后再问", "Please wait and ask again")


def said(pair: tuple[str, str]) -> str:
    """A text in the caller's language."""
    return pair[1] if is_english() else pair[0]


def problem(code: str, field: str, detail: str, status: int = 422) -> dict[str, Any]:
    """The body of a problem; `reason` is the same as `detail`."""
    return {
        "type": ABOUT + code,
        "title": said(TITLES.get(code, OTHER)),
        "status": status,
        "detail": detail,
        "refusal": code,
        "field": field,
        "reason": detail,
    }


def of_refusal(refusal: Refusal, status: int = 422) -> dict[str, Any]:
    """A refusal as a problem, without the words of the command line."""
    field = "settings" if refusal.field == "--set" else refusal.field
    shown = Refusal(refusal.code, field, refusal.values)
    told = english.refusal(shown) if is_english() else str(shown)
    return problem(refusal.code, field, told.partition("；可用 --")[0], status)


def of_form(error: dict[str, Any]) -> dict[str, Any]:
    """A value of the wrong form as a problem.

    Shape:   `error` is one of pydantic: `loc`, `type`, `msg`, `ctx`.
    """
    field = ".".join(str(part) for part in error["loc"] if part not in _OURS)
    detail = str(error["msg"])
    if not is_english():
        form = _FORMS.get(str(error["type"]), _WRONG_FORM[0])
        detail = form.format(**error.get("ctx", {}))
    return problem("value_invalid", field, detail)


_OURS = ("body", "question", "asked")
"""Names of our functions' parameters, which no caller gave."""


def of_status(status: int) -> dict[str, Any]:
    """What is said where nothing but a status is known."""
    codes = {404: "not_found", 405: "method_not_allowed", 429: "rate_limited"}
    code = codes.get(status, "value_invalid")
    detail = {"rate_limited": _TOO_OFTEN, "value_invalid": _UNREADABLE}
    return problem(code, "", said(detail.get(code, TITLES[code])), 422 if status == 400 else status)


def respond(request: HttpRequest, body: dict[str, Any]) -> HttpResponse:
    """The answer that a problem is."""
    text = json.dumps(body, ensure_ascii=False)
    return HttpResponse(text, status=body["status"], content_type=PROBLEM_JSON)
