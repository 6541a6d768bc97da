"""A settlement in the words of the interface: setlinfo, setldetail and its identities.

Units:   fen inside, yuan in what is made.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec

from gongji.gateway.transactions import decimal, show_instant, yuan
from gongji.gateway.visits.settlement_fields import CANCELLED_PURCHASE, SETLDETAIL, SETLINFO
from gongji.gateway.wire.codes import clr_type
from gongji.gateway.wire.fields import Empty, Node
from gongji.gateway.wire.personal_fields import Party, hidden
from gongji.law.rulebook.provision_kinds import ACCOUNT, POOL
from gongji.ledger.entry_contents import KeptStep, SettledFacts
from gongji.ledger.entry_rows import EntryRow
from gongji.people.person_rows import Person
from gongji.platform.identity import Identity
from gongji.refusals import Fault
from gongji.units import WHOLE, Fen, date_of, round_half_up, show_ppm, yuan_text

INSUTYPE = "310"
PSN_TYPES = {"active": "11", "retired": "12"}
BY_ITEM = "1"
OTHER_FUND = ("oth_pay", "999997", "其他基金")
FUNDS = {
    POOL: ("hifp_pay", "310100", "城镇职工基本医疗保险统筹基金"),
    "公务员医疗补助": ("cvlserv_pay", "320100", "公务员医疗补助基金"),
    "企业补充医疗保险": ("hifes_pay", "370100", "企业补充医疗保险基金"),
    "大额医疗费用补助": ("hifob_pay", "330100", "大额医疗费用补助基金"),
    "大病保险": ("hifob_pay", "310300", "职工大病补助基金"),
    "医疗救助": ("maf_pay", "610100", "医疗救助基金"),
    "老干部医疗补助": OTHER_FUND,
}
"""Payer of the rulebooks -> field of setlinfo, code and name of the fund in setldetail."""
ACCOUNT_FUND = ("310200", "城镇职工基本医疗保险个人账户基金")
HOSPITAL_SHARE = ("999996", "医院垫付基金")
_PAID = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifob_pay", "maf_pay", "oth_pay")
_LIMITS = {POOL: "pool"}
"""The name of a fund among the limits of an outcome, where it differs."""
AGAIN = "这笔报文此前已经办结，当时的回复已超过保存期限；本回复按账簿重新写出，账户余额是现在的余额"
"""Warns that a reply was written again."""
_RATIO_DECIMALS = 4
_LONGEST = 4000


class Bearer(msgspec.Struct, frozen=True):
    """The person that a reply is about, and who can open the certificate's number."""

    person: Person
    identity: Identity

    @property
    def certificate(self) -> str:
        """The number of the certificate, opened only where a reply tells it."""
        return self.identity.decrypt(self.person.certificate)


class Form:
    """A table of fields made ready: what `fields_shape.fill` makes, without asking every field."""

    def __init__(self, table: Node) -> None:
        if hidden(table.infno, table.filled, Party.ANY):
            raise ValueError(f"{table.infno} {table.name}: a form tells everything in clear")
        self._table, self._count = table, len(table.filled)
        self._blank = {
            name: (0 if source.number else "") if isinstance(source, Empty) else None
            for name, source in table.fields.items()
        }

    def fill(self, values: dict[str, Any]) -> dict[str, Any]:
        """An object with exactly the fields of the table, in their order.

        Refuses: Fault where a field with a source is missing or one without is given.
        """
        made = {**self._blank, **values}
        if len(made) != len(self._blank) or len(values) != self._count:
            raise Fault(f"{self._table.infno} {self._table.name} 的字段与字段表不符")
        return made


_SETLINFO = {infno: Form(table) for infno, table in SETLINFO.items()}
_CANCELLED, _DETAIL = Form(CANCELLED_PURCHASE), Form(SETLDETAIL)


def payers(entry: EntryRow) -> dict[str, Fen]:
    """What each fund paid, by the payer's name in the rulebooks; what paid nothing is left out."""
    paid = {POOL: entry.settlement.pool_fen}
    for name, amount in entry.supplements.items():
        if name not in (POOL, ACCOUNT):
            paid[name] = paid.get(name, 0) + amount
    return {name: amount for name, amount in paid.items() if amount}


def ratio(entry: EntryRow) -> Any:
    """The share that the pool paid of what the deductible left, four decimals half up."""
    settled = entry.settlement
    base = abs(settled.in_scope_fen - settled.deductible_fen)
    paid = abs(settled.pool_fen)
    if not base or not paid:
        return decimal(0, _RATIO_DECIMALS)
    unit = 10**_RATIO_DECIMALS
    return decimal(min((2 * paid * unit + base) // (2 * base), unit), _RATIO_DECIMALS)


def amounts(entry: EntryRow, balance_fen: Fen) -> dict[str, Any]:
    """The amounts of a reply."""
    settled, funds = entry.settlement, dict.fromkeys(_PAID, 0)
    for name, amount in payers(entry).items():
        funds[FUNDS.get(name, OTHER_FUND)[0]] += amount
    accounts = settled.account_fen + settled.family_fen
    return {name: yuan(amount) for name, amount in funds.items()} | {
        "medfee_sumamt": yuan(settled.total_fen),
        "fulamt_ownpay_amt": yuan(settled.wholly_own_fen),
        "overlmt_selfpay": yuan(settled.above_standard_fen),
        "preselfpay_amt": yuan(settled.first_self_pay_fen),
        "inscp_scp_amt": yuan(settled.in_scope_fen),
        "act_pay_dedc": yuan(settled.deductible_fen),
        "pool_prop_selfpay": ratio(entry),
        "fund_pay_sumamt": yuan(sum(funds.values())),
        "psn_part_amt": yuan(accounts + settled.cash_fen),
        "acct_pay": yuan(accounts),
        "psn_cash_pay": yuan(settled.cash_fen),
        "balc": yuan(balance_fen),
        "acct_mulaid_pay": yuan(settled.family_fen),
    }


def setlinfo(
    infno: str,
    entry: EntryRow,
    balance_fen: Fen,
    bearer: Bearer,
    sent: Mapping[str, str | None],
    msgid: str,
) -> dict[str, Any]:
    """The node setlinfo; `sent` holds mdtrt_cert_type and med_type."""
    person, standing = bearer.person, entry.id is not None
    facts = entry.settled.visit.facts if isinstance(entry.settlement.facts, SettledFacts) else {}
    day = facts.get("birth_date")
    born = date_of(int(day)) if day is not None else None
    values = {
        "mdtrt_id": str(entry.settlement.visit) if entry.settlement.visit else "",
        "setl_id": str(entry.id) if standing else "",
        "psn_no": person.psn_no,
        "psn_name": person.name,
        "psn_cert_type": person.certificate_kind,
        "certno": bearer.certificate,
        "gend": person.sex,
        "naty": person.ethnicity,
        "brdy": str(born or ""),
        "age": age(born, entry.service_date),
        "insutype": INSUTYPE,
        "psn_type": PSN_TYPES.get(str(facts.get("status", "")), "99"),
        "cvlserv_flag": "1" if facts.get("subsidy") == "civil_servant" else "0",
        "setl_time": show_instant(entry.made_at) if standing else "",
        "mdtrt_cert_type": sent.get("mdtrt_cert_type") or "",
        "med_type": sent.get("med_type") or "",
        "hosp_part_amt": yuan(entry.settlement.borne_fen),
        "medins_setl_id": msgid,
        "clr_optins": agency(entry.area) if standing else "",
        "clr_way": BY_ITEM if standing else "",
        "clr_type": clr_type(entry.institution),
    }
    return _SETLINFO[infno].fill(values | amounts(entry, balance_fen))


def cancelled_purchase(entry: EntryRow, balance_fen: Fen, msgid: str) -> dict[str, Any]:
    """The node setlinfo of 2103, with the person's totals under both of their names."""
    made = amounts(entry, balance_fen)
    values = {
        "mdtrt_id": str(entry.settlement.visit or ""),
        "setl_id": str(entry.id or ""),
        "clr_optins": agency(entry.area),
        "setl_time": show_instant(entry.made_at),
        "psn_pay": made["psn_part_amt"],
        "cash_payamt": made["psn_cash_pay"],
        "medins_setl_id": msgid,
    }
    return _CANCELLED.fill(values | made)


def setldetail(entry: EntryRow, limits: Mapping[str, Fen]) -> list[dict[str, Any]]:
    """A row for each fund that paid, for the account, and for the institution's own share."""
    settled = entry.settlement
    rows = [
        (
            *FUNDS.get(name, OTHER_FUND)[1:],
            amount,
            limits.get(_LIMITS.get(name, name), amount),
            worked_out(entry, name),
        )
        for name, amount in payers(entry).items()
    ]
    accounts = settled.account_fen + settled.family_fen
    if accounts:
        rows.append((*ACCOUNT_FUND, accounts, accounts, paid_by_accounts(entry)))
    if settled.borne_fen:
        rows.append((*HOSPITAL_SHARE, settled.borne_fen, settled.borne_fen, reasons(entry)))
    return [
        _DETAIL.fill(
            {
                "fund_pay_type": code,
                "inscp_scp_amt": yuan(settled.in_scope_fen),
                "crt_payb_lmt_amt": yuan(limit),
                "fund_payamt": yuan(amount),
                "fund_pay_type_name": name,
                "setl_proc_info": f"撤销：{said}"[:_LONGEST] if amount < 0 else said,
            },
        )
        for code, name, amount, limit, said in rows
    ]


def worked_out(entry: EntryRow, payer: str) -> str:
    """How a fund came to what it paid, layer by layer, with the articles."""
    steps = entry.decision.steps if entry.decision else ()
    said = [_step(step) for step in steps if step.payer == payer and step.paid_fen]
    return "；".join(said)[:_LONGEST]


def _step(step: KeptStep) -> str:
    """One layer: 费用2,090.00元，扣除起付标准90.00元，按50%支付，至限额500.00元〔…〕."""
    deducted = f"，扣除起付标准{yuan_text(step.deductible_fen)}元" if step.deductible_fen else ""
    wanted = round_half_up((step.cost_fen - step.deductible_fen) * step.rate_ppm, WHOLE)
    within = "" if step.paid_fen == wanted else "，在限额内"
    paid = f"按{show_ppm(step.rate_ppm)}{within}支付{yuan_text(step.paid_fen)}元"
    return f"费用{yuan_text(step.cost_fen)}元{deducted}，{paid}〔{step.articles}〕"


def paid_by_accounts(entry: EntryRow) -> str:
    """What the accounts paid, and why the pool or an account did not pay something."""
    settled = entry.settlement
    paid = (("本人账户", settled.account_fen), ("共济账户", settled.family_fen))
    said = [f"{whose}支付{yuan_text(abs(amount))}元" for whose, amount in paid if amount]
    return "；".join(filter(None, (*said, reasons(entry))))[:_LONGEST]


def reasons(entry: EntryRow) -> str:
    """Why the pool or an account paid nothing, in sentences."""
    return "；".join(entry.decision.reasons if entry.decision else ())[:_LONGEST]


def age(born: date | None, day: date) -> Any:
    """Whole years as the interface writes them (35.0)."""
    if born is None:
        return decimal(0, 1)
    return decimal(
        10 * max(day.year - born.year - ((day.month, day.day) < (born.month, born.day)), 0), 1
    )


def agency(area: str) -> str:
    """The clearing agency of an area: its city's code with 99."""
    return f"{area[:4]}99"
