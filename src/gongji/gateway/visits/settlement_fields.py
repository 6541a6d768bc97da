"""Where every field of the replies around a settlement comes from."""

from gongji.gateway.wire.fields import Empty, Node

_NO_FUND = "职工医保门诊没有这项基金支出"
_PERSON: dict[str, str | Empty] = {
    "psn_no": "person.psn_no",
    "psn_name": "person.name",
    "psn_cert_type": "person.certificate_kind",
    "certno": "person.certificate, decrypted",
    "gend": "person.sex",
    "naty": "person.ethnicity",
    "brdy": "fact birth at the date of service",
    "age": "whole years at the date of service, 0 where the birth is unknown",
}
AMOUNTS: dict[str, str | Empty] = {
    "medfee_sumamt": "settlement.total_fen",
    "fulamt_ownpay_amt": "settlement.wholly_own_fen",
    "overlmt_selfpay": "settlement.above_standard_fen",
    "preselfpay_amt": "settlement.first_self_pay_fen",
    "inscp_scp_amt": "settlement.in_scope_fen",
    "act_pay_dedc": "settlement.deductible_fen",
    "hifp_pay": "settlement.pool_fen",
    "pool_prop_selfpay": "pool_fen over in_scope_fen less deductible_fen, half up to 4 decimals",
    "cvlserv_pay": "supplements paid by 公务员医疗补助",
    "hifes_pay": "supplements paid by 企业补充医疗保险",
    "hifmi_pay": Empty("居民大病保险，" + _NO_FUND, number=True),
    "hifob_pay": "supplements paid by 大额医疗费用补助 or 大病保险",
    "maf_pay": "supplements paid by 医疗救助",
    "oth_pay": "supplements of every other payer (老干部医疗补助)",
    "fund_pay_sumamt": "settlement.pool_fen + settlement.supplements_fen",
    "psn_part_amt": "settlement.account_fen + family_fen + cash_fen",
    "acct_pay": "settlement.account_fen + family_fen",
    "psn_cash_pay": "settlement.cash_fen",
    "balc": "the own account after the settlement",
    "acct_mulaid_pay": "settlement.family_fen",
    "hifdm_pay": Empty("伤残人员医疗保障基金，" + _NO_FUND, number=True),
}
_EXP: dict[str, str | Empty] = {"exp_content": Empty("没有扩展内容")}
_SETLINFO: dict[str, str | Empty] = {
    "mdtrt_id": "visit.id; empty for the trial of a purchase",
    "setl_id": "entry.id; empty for a trial",
    **_PERSON,
    "insutype": "310, the only insurance that gongji settles",
    "psn_type": "fact insured: 11 active, 12 retired",
    "cvlserv_flag": "fact subsidy: 1 for civil_servant",
    "setl_time": "entry.made_at; empty for a trial",
    "mdtrt_cert_type": "the request's; of a cancellation empty where none was sent",
    "med_type": "the request's; of a cancellation the visit's",
    **AMOUNTS,
    "hosp_part_amt": "settlement.borne_fen",
    "medins_setl_id": "msgid of this request",
    "clr_optins": "the person's city and 99; empty for a trial",
    "clr_way": "1, by item; empty for a trial",
    "clr_type": "11 hospital, 41 pharmacy",
    **_EXP,
}
_RX = {
    "hiRxno": "as it was sent",
    "rxStasCodg": "1 in force, 3 taken back",
    "rxStasName": "the same in words",
}
PRESCRIBED, UNPRESCRIBED = Node("7103", "data", _RX), Node("7104", "data", _RX)
SETLINFO = {
    infno: Node(infno, "setlinfo", _SETLINFO)
    for infno in ("2206", "2206A", "2207", "2207A", "2208", "2101", "2102")
}
CANCELLED_PURCHASE = Node(
    "2103",
    "setlinfo",
    {
        "mdtrt_id": "visit.id",
        "setl_id": "entry.id",
        "clr_optins": "the person's city and 99",
        "setl_time": "entry.made_at",
        **AMOUNTS,
        "psn_pay": "as psn_part_amt (its older name)",
        "cash_payamt": "as psn_cash_pay (its older name)",
        "medins_setl_id": "msgid of the cancelling request",
    },
)
SETLDETAIL = Node(
    "2207",
    "setldetail",
    {
        "fund_pay_type": "310100 pool, the payer's code for supplements, 310200 account, 999996 "
        "the institution's own share",
        "inscp_scp_amt": "settlement.in_scope_fen",
        "crt_payb_lmt_amt": "what the fund could still have paid before; the fund's payment where "
        "no limit bounds it",
        "fund_payamt": "what this fund paid",
        "fund_pay_type_name": "name of the code",
        "setl_proc_info": "how the fund came to its amount, with the articles; of the account and "
        "the institution's share, why a fund did not",
    },
)
_LINE: dict[str, str | Empty] = {
    "feedetl_sn": "the line's serial as sent",
    "det_item_fee_sumamt": "the line's amount",
    "cnt": "the line's quantity",
    "pric": "the line's price",
    "pric_uplmt_amt": "payment standard of the item version; 999999 without one",
    "selfpay_prop": "share of first self-pay, 1 for what is wholly the person's",
    "fulamt_ownpay_amt": "split of the line",
    "overlmt_amt": "split of the line",
    "preselfpay_amt": "split of the line",
    "inscp_scp_amt": "split of the line",
    "chrgitm_lv": "01 甲, 02 乙, 03 丙 or outside the catalogue",
    "med_chrgitm_type": "item_version.charge_type; 14 outside the catalogue",
    "bas_medn_flag": "item_version.essential",
    "hi_nego_drug_flag": "item_version.negotiated",
    "chld_medc_flag": Empty("目录没有儿童用药标志"),
    "list_sp_item_flag": Empty("目录没有特项标志"),
    "lmt_used_flag": "item_version.restricted",
    "drt_reim_flag": Empty("没有直报项目"),
    "memo": "why a part of the line is the person's",
}
PRICED_LINE = Node("2204", "result", _LINE | _EXP)
CUT_LINE = Node(
    "2102",
    "detlcutinfo",
    _LINE | {"hosp_part_amt": Empty("药店不负担费用", number=True)},
)
VISIT = Node(
    "2201",
    "data",
    {
        "mdtrt_id": "visit.id",
        "psn_no": "the request's",
        "ipt_otp_no": "the request's",
        **_EXP,
    },
)
SIGNED_IN = Node(
    "9001", "signinoutb", {"sign_time": "when it was received", "sign_no": "sign_in.sign_no"}
)
SIGNED_OUT = Node("9002", "signoutoutb", {"sign_time": "when it was received"})
UPLOADED = Node(
    "9101",
    "",
    {
        "file_qury_no": "file_ticket.number",
        "filename": "the request's",
        "fixmedins_code": "the institution of the envelope",
        "dld_endtime": "file_ticket.expires_at",
    },
)
PERSON = Node("1101", "baseinfo", _PERSON | _EXP)
INSURED = Node(
    "1101",
    "insuinfo",
    {
        "balc": "balance of the own account in the area",
        "insutype": "310",
        "psn_type": "fact insured: 11 active, 12 retired",
        "psn_insu_stas": "1 insured, 2 in arrears, 4 ended",
        "psn_insu_date": "first day of the spell",
        "paus_insu_date": "last day of an ended spell; empty while it lasts",
        "cvlserv_flag": "fact subsidy: 1 for civil_servant",
        "insuplc_admdvs": "area of the spell",
        "emp_name": "fact insured: employer",
    },
)
IDENTITY = Node(
    "1101",
    "idetinfo",
    {
        "psn_idet_type": "60 where the fact subsidy says veteran (建国初期参加革命工作退休干部)",
        "psn_type_lv": Empty("没有等级"),
        "memo": "name of the subsidy",
        "begntime": "first day of the fact",
        "endtime": "last day of the fact; empty while it lasts",
    },
)
INSTITUTION = Node(
    "1201",
    "medinsinfo",
    {
        "fixmedins_code": "institution.code",
        "fixmedins_name": "institution.name",
        "uscc": "institution.uscc",
        "fixmedins_type": "1 hospital, 2 pharmacy",
        "hosp_lv": "institution.grade",
        **_EXP,
    },
)
BENEFIT = Node(
    "2001",
    "trtinfo",
    {
        "psn_no": "the request's",
        "trt_chk_type": "01",
        "fund_pay_type": "310100 pool, 310200 account, 320100, 370100 and 999997 by subsidy",
        "trt_enjymnt_flag": "1 where the person may use this fund on the day",
        "begndate": "day of begntime",
        "enddate": "day of endtime",
        "trt_chk_rslt": "why not, with the article",
        **_EXP,
    },
)
NODES = (
    SIGNED_IN,
    SIGNED_OUT,
    UPLOADED,
    PERSON,
    INSURED,
    IDENTITY,
    INSTITUTION,
    BENEFIT,
    VISIT,
    PRICED_LINE,
    *SETLINFO.values(),
    CANCELLED_PURCHASE,
    SETLDETAIL,
    CUT_LINE,
)
"""Every table of this module, in the order of docs/generated/gateway.md."""
SILENT = ("2202", "2203", "2203A", "2205", "2601", "9102")
"""Transactions without an output; 9102 answers with the file."""
