"""The interface's words for what gongji knows under names of its own: codes, fields, transactions.

Only here, and beside the handlers, do both stand together; the rooms inside know no code of these.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from gongji.refusals import REFUSALS, Refusal
from gongji.settlement.routes import CARE_NAMES

OUTPATIENT, PHARMACY = "11", "41"
"""Clearing types (clr_type) of the settlements that gongji makes; only these are portable."""


def clr_type(institution: str) -> str:
    """The clearing type of a settlement at an institution (its code begins with H or P)."""
    return PHARMACY if institution.startswith("P") else OUTPATIENT


CARE = {
    "11": "outpatient",
    "12": "outpatient_registration",
    "13": "urgent",
    "14": "registered_disease",
    "18": "special_drugs",
    "19": "injury",
    "21": "inpatient",
    "28": "day_surgery",
    "41": "pharmacy",
    "1301": "rescue",
    "9901": "two_diseases",
    "9903": "local_injury",
}
"""med_type -> kind of care; of any other code, nothing inside knows what it means."""
_MED_TYPES = {care: code for code, care in CARE.items()}


def care_of(med_type: str) -> str:
    """The kind of care of a med_type; a code that is not known is kept, to be refused or told."""
    return CARE.get(med_type, med_type)


def med_type_of(care: str) -> str:
    """The med_type of a kind of care."""
    return _MED_TYPES.get(care, care)


def unknown_care(care: str) -> str:
    """What is said of a kind of care that no settlement takes, before one is asked for."""
    return told(Refusal("med_type_unsupported", "care", {"value": care, "allowed": ""}))


FIELDS = {
    "since": "begndate",
    "last": "enddate",
    "institution": "fixmedins_code",
    "serial": "trt_dcla_detl_sn",
    "visit": "mdtrt_id",
    "batch": "chrg_bchno",
    "line_serial": "feedetl_sn",
    "prescription": "rxno",
    "begun_at": "begntime",
    "disease": "dise_codg",
    "diagnosis": "diag_code",
    "care": "med_type",
    "lines": "feedetail",
}
"""Fields of contents that a refusal names -> fields of the interface, for most transactions."""


@contextmanager
def in_fields(**own: str) -> Iterator[None]:
    """What a room refuses is told with the names that a transaction has for its fields.

    Shape: our name of a field = the transaction's, where it is not that of FIELDS.
    """
    try:
        yield
    except Refusal as refusal:
        field = own.get(refusal.field)
        if field is None:
            raise
        raise Refusal(refusal.code, field, refusal.values) from None


HINTS = {
    "visit_unknown": ("先挂号", "（2201）"),
    "visit_withdrawn": ("重新挂号", "（2201）"),
    "visit_settled": ("撤销结算", "（2208）"),
    "batch_number_invalid": ("用于上传", "（0000 表示全部批次）"),
    "batch_standing": ("撤销这一批", "（2205）"),
    "batch_settled": ("撤销结算", "（2208）"),
    "serial_standing": ("撤销那一批", "（2205）"),
    "line_return": ("撤销结算", "（2208）"),
    "batch_settled_already": ("须先撤销", "（2208）"),
    "registration_missing": ("先备案", "（2503）"),
    "message_irreversible": ("不能冲正", "（2601）"),
    "filing_used": ("撤销那笔结算", "（2208）"),
    "item_matched": ("撤销那条对照", "（3302）"),
}
"""Refusal -> a word of its sentence, and the transaction or value that does what it says."""


AT_THE_COUNTER = {
    "institution_unknown": "没有定点医药机构 {value}；请核对代码，或联系经办机构",
    "parameter_missing": "本地文件没有写明这笔费用要用到的数字，暂不能结算：{reason}；"
    "请联系经办机构给出这项数字（参数 {parameter}）后再结算",
    "person_unknown": "没有参保人 {value}；请核对号码，或请参保人到经办机构办理",
}
"""Refusal -> its sentence where nobody can import a file or give an option."""


@cache
def sentence(code: str) -> str:
    """The sentence of a refusal with the transactions that it speaks of, its values still open."""
    found = AT_THE_COUNTER.get(code) or REFUSALS[code]
    word, hint = HINTS.get(code, ("", ""))
    assert word in found, code
    return found.replace(word, word + hint, 1) if word else found


def told(refusal: Refusal) -> str:
    """The sentence of a refusal, in the words of the interface."""
    values = {"field": FIELDS.get(refusal.field, refusal.field)} | refusal.values
    if refusal.code == "med_type_unsupported":
        values["value"] = med_type_of(values["value"])
        values["allowed"] = "、".join(
            f"{med_type_of(care)} {name}" for care, name in CARE_NAMES.items()
        )
    return sentence(refusal.code).format(**values)
