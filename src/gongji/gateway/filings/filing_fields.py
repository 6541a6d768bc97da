"""Fields of filings (2501 to 2507) and of the queries about them (5301 to 5304)."""

from gongji.gateway.wire.fields import Empty, node

_SERIAL = "number of the filing: area, time, serial"

REFERRED = node("2501", "result", {"trt_dcla_detl_sn": _SERIAL})
WITHDRAWN = node("2502", "result", {"trt_dcla_detl_sn": "as it was sent"})
REGISTERED = node(
    "2503",
    "result",
    {
        "trt_dcla_detl_sn": _SERIAL,
        "exp_content": Empty("gongji adds no fields of its own"),
    },
)
SELECTED = node(
    "2505",
    "result",
    {
        "trt_dcla_detl_sn": _SERIAL + "; also directly under output, where one client reads it",
        "exp_content": Empty("gongji adds no fields of its own"),
    },
)
INJURED = node("2507", "result", {"trt_dcla_detl_sn": _SERIAL})

REGISTRATIONS = node(
    "5301",
    "feedetail",
    {
        "opsp_dise_code": "key of the registration",
        "opsp_dise_name": "its name",
        "begndate": "its first day",
        "enddate": "its last day; empty while it is open",
    },
)

SELECTIONS = node(
    "5302",
    "psnfixmedin",
    {
        "psn_no": "the person",
        "insutype": "310 employees",
        "fix_srt_no": "1, for one institution is selected at a time",
        "fixmedins_code": "the institution selected",
        "fixmedins_name": "its name",
        "begndate": "first day",
        "enddate": "last day; empty while it is open",
        "memo": "reason of the selection",
    },
)

STAYS = node(
    "5303",
    "data",
    {
        "mdtrt_id": "number of the episode",
        "psn_no": "the person",
        "psn_cert_type": "kind of certificate",
        "certno": "number of the certificate",
        "psn_name": "name",
        "gend": "sex",
        "brdy": "date of birth",
        "age": "complete years on the first day of the stay",
        "insutype": "310 employees",
        "begndate": "day of admission",
        "med_type": "21 inpatient",
        "ipt_otp_no": Empty("stays are imported without the hospital's own number"),
        "out_flag": "1 where the hospital lies outside the person's pooling area",
    },
)

_SENT = "as sent with 2501; empty for a referral that the agency entered"
REFERRALS = node(
    "5304",
    "refmedin",
    {
        "insutype": "310 employees",
        "dcla_souc": "01 filed by an institution, 02 entered by the agency",
        "psn_no": "the person",
        "psn_cert_type": "kind of certificate",
        "certno": "number of the certificate",
        "psn_name": "name",
        "gend": "sex",
        "brdy": "date of birth",
        "tel": _SENT,
        "addr": _SENT,
        "insu_optins": "pooling area of the person",
        "emp_name": "employer",
        "diag_code": _SENT,
        "diag_name": _SENT,
        "dise_cond_dscr": _SENT,
        "reflin_medins_no": "the receiving institution",
        "reflin_medins_name": "its name, else as sent with 2501",
        "out_flag": "1 where the receiving institution lies outside the person's pooling area",
        "refl_date": "as sent with 2501, else the first day",
        "refl_rea": "reason of the referral",
        "begndate": "first day",
        "enddate": "last day",
        "hosp_agre_refl_flag": "as sent with 2501, else 1",
        "opter_id": Empty("who typed it is not kept"),
        "opter_name": Empty("who typed it is not kept"),
        "opt_time": "when it was learnt",
    },
)
