"""What an answer tells of a person: by kind of field and transaction, clear or masked.

Law:     《个人信息保护法》 第六条, 第二十八条: what is needed for the purpose, and no more. Whoever
         asks knows the person already (`queries/reach`): what a counter has read from a certificate
         need not be told again.
A personal field that has no place in the table below cannot be told: `fields.Node` refuses it.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum

from gongji.platform.identity import mask_name, mask_number


class PersonalKind(Enum):
    """What a field says of a person."""

    NAME = "name"
    CERTIFICATE = "certificate number"
    PHONE = "telephone"
    ADDRESS = "address"
    DIAGNOSIS = "diagnosis"


class Telling(Enum):
    """To whom a kind is told in clear; to others it is masked, or empty."""

    CLEAR = "everybody who may ask"
    SENDER = "the institution that sent it"
    PARTIES = "the institution that sent it, and the one that receives the person"
    MASKED = "nobody"


class Party(Enum):
    """What the caller is to what is told."""

    ANY = "any"
    SENDER = "sender"
    RECEIVER = "receiver"


NAME, CERTIFICATE, PHONE, ADDRESS, DIAGNOSIS = PersonalKind
CLEAR, SENDER, PARTIES, MASKED = Telling
FIELDS: Mapping[str, PersonalKind] = {
    "psn_name": NAME,
    "patn_name": NAME,
    "coner_name": NAME,
    "certno": CERTIFICATE,
    "mdtrt_cert_no": CERTIFICATE,
    "card_sn": CERTIFICATE,
    "tel": PHONE,
    "addr": ADDRESS,
    "diag_code": DIAGNOSIS,
    "diag_name": DIAGNOSIS,
    "dise_codg": DIAGNOSIS,
    "dise_name": DIAGNOSIS,
    "dise_cond_dscr": DIAGNOSIS,
    "main_cond_dscr": DIAGNOSIS,
    "otp_diag_info": DIAGNOSIS,
    "dscg_maindiag_code": DIAGNOSIS,
    "dscg_maindiag_name": DIAGNOSIS,
    "opsp_dise_code": DIAGNOSIS,
    "opsp_dise_name": DIAGNOSIS,
}
"""The fields that say who somebody is or what ails them."""
SETTLED = {NAME: CLEAR, CERTIFICATE: CLEAR}
"""Of a bill: the certificate came with it and was compared; both stand on the receipt."""
TOLD: Mapping[str, Mapping[PersonalKind, Telling]] = {
    "1101": {NAME: CLEAR, CERTIFICATE: CLEAR},
    **dict.fromkeys(("2101", "2102", "2206", "2206A", "2207", "2207A", "2208"), SETTLED),
    "5201": {NAME: CLEAR, CERTIFICATE: MASKED, DIAGNOSIS: CLEAR},
    "5202": {DIAGNOSIS: CLEAR},
    "5203": {NAME: CLEAR, CERTIFICATE: MASKED, DIAGNOSIS: CLEAR},
    "5301": {DIAGNOSIS: CLEAR},
    "5303": {NAME: CLEAR, CERTIFICATE: MASKED},
    "5304": {
        NAME: CLEAR,
        CERTIFICATE: MASKED,
        PHONE: SENDER,
        ADDRESS: SENDER,
        DIAGNOSIS: PARTIES,
    },
}
"""The table: transaction -> what it tells of each kind."""
HEARS: Mapping[Party, frozenset[Telling]] = {
    Party.ANY: frozenset({CLEAR}),
    Party.RECEIVER: frozenset({CLEAR, PARTIES}),
    Party.SENDER: frozenset({CLEAR, PARTIES, SENDER}),
}
"""What is told in clear to whom."""
_MASKS: Mapping[PersonalKind, Callable[[str], str]] = {NAME: mask_name, CERTIFICATE: mask_number}
"""How a kind is shown masked; the others are empty."""


def untold(infno: str, names: Iterable[str]) -> set[str]:
    """The personal fields of a transaction's answer for which the table has no place."""
    told = TOLD.get(infno, {})
    return {name for name in names if name in FIELDS and FIELDS[name] not in told}


def hidden(infno: str, names: Iterable[str], party: Party) -> set[str]:
    """The personal fields of an answer that the caller does not get in clear."""
    told, heard = TOLD.get(infno, {}), HEARS[party]
    return {name for name in names if name in FIELDS and told[FIELDS[name]] not in heard}


def masked(name: str, value: str | None) -> str:
    """A personal field's value as it is shown to whoever does not get it in clear."""
    mask = _MASKS.get(FIELDS[name])
    return mask(value) if mask and value else ""
