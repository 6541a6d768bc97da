"""Fields of reconciliation (3201, 3202) and of catalogue matching (3301, 3302 answer nothing)."""

from gongji.gateway.wire.fields import node

STMTINFO = node(
    "3201",
    "stmtinfo",
    {
        "setl_optins": "as it was sent",
        "stmt_rslt": "0 equal, 1 different",
        "stmt_rslt_dscr": "each amount that differs, with both figures",
    },
)

FILEINFO = node(
    "3202",
    "fileinfo",
    {
        "file_qury_no": "ticket of the result, for 9102",
        "filename": "name of the ZIP, which holds result.txt",
        "dld_endtime": "until when the ticket holds",
    },
)

RESULT_FILE = node(
    "3202",
    "result.txt",
    {
        "psn_no": "the person of the entry, or as sent where only the institution knows it",
        "mdtrt_id": "the visit; empty where several rows of ours fit one of theirs",
        "setl_id": "the entry; empty where several rows of ours fit one of theirs",
        "msgid": "the message that made the entry; empty where only the institution knows it",
        "stmt_rslt": "0 equal, 1 different",
        "refd_setl_flag": "1 where the settlement was cancelled, or is the cancellation",
        "memo": "what differs, or on whose side the row is missing",
        "medfee_sumamt": "ours, or as sent where only the institution knows it",
        "fund_pay_sumamt": "ours, or as sent where only the institution knows it",
        "acct_pay": "ours, or as sent where only the institution knows it",
    },
)
