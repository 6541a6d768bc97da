"""Fields of the catalogue: the columns of the files of 1301 to 1309, and the paged queries.

The files have the columns of the national edition in their order. A column is given by its
position, counted from 1; every other column is written `null`, because gongji keeps of an item only
what pricing needs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gongji.gateway.wire.fields import Empty, node

CODE, NAME, SPECIFICATION = "code", "name", "specification"
SINCE, UNTIL = "since", "until"
RESTRICTED, ESSENTIAL, NEGOTIATED, GRADE = "restricted", "essential", "negotiated", "grade"
VALID, ROW, CREATED, UPDATED, VERSION = "valid", "row", "created", "updated", "version"

WHAT: Mapping[str, str] = {
    CODE: "item_version.item (1309: the national code of the disease)",
    NAME: "item_version.name (1309: the name of the disease)",
    SPECIFICATION: "item_version.specification",
    SINCE: "first day of the version",
    UNTIL: "last day of the version, null while it is open",
    RESTRICTED: "1 where its use is restricted",
    ESSENTIAL: "1 for an essential drug",
    NEGOTIATED: "1 for a nationally negotiated drug",
    GRADE: "甲, 乙 or 丙",
    VALID: "1, or 0 once the version was taken back",
    ROW: "item_version.id",
    CREATED: "when the version was learnt",
    UPDATED: "when it was learnt or taken back, whichever is later",
    VERSION: "the time of the last change as yyyyMMddHHmmss: what the next request sends as `ver`",
}
"""Where each kind of column comes from."""


@dataclass(frozen=True)
class FileTable:
    """The file of a download: which lists it holds, how many columns, which are filled.

    `lists` empty: gongji keeps no such list, the file has no rows for the reason in `why_empty`.
    """

    infno: str
    title: str
    lists: tuple[str, ...]
    columns: int
    filled: Mapping[int, str]
    why_empty: str = ""


_NO_DIAGNOSES = (
    "the list of the national bureau is used by hospitals as they have it; no rule of an area names"
    " a diagnosis or a procedure by its code, so gongji keeps none"
)

FILES = {
    table.infno: table
    for table in (
        FileTable(
            "1301",
            "西药中成药目录",
            ("101",),
            97,
            {
                1: CODE,
                4: NAME,
                8: NAME,
                14: SPECIFICATION,
                37: SINCE,
                38: UNTIL,
                58: RESTRICTED,
                71: ESSENTIAL,
                75: NEGOTIATED,
                79: VALID,
                80: ROW,
                81: CREATED,
                82: UPDATED,
                83: VERSION,
                84: VERSION,
                92: GRADE,
            },
        ),
        FileTable(
            "1302",
            "中药饮片目录",
            ("102",),
            29,
            {
                1: CODE,
                2: NAME,
                12: SINCE,
                13: UNTIL,
                14: VALID,
                15: ROW,
                16: CREATED,
                17: UPDATED,
                18: VERSION,
                19: VERSION,
                20: NAME,
            },
        ),
        FileTable(
            "1303",
            "医疗机构制剂目录",
            ("103",),
            78,
            {
                1: CODE,
                2: NAME,
                11: SPECIFICATION,
                53: NAME,
                65: VALID,
                66: SINCE,
                67: UNTIL,
                68: ROW,
                69: CREATED,
                70: UPDATED,
                71: VERSION,
                72: VERSION,
            },
        ),
        FileTable(
            "1305",
            "医疗服务项目目录",
            ("201",),
            16,
            {
                1: CODE,
                7: VALID,
                10: NAME,
                12: SINCE,
                13: UNTIL,
                14: ROW,
                15: VERSION,
                16: VERSION,
            },
        ),
        FileTable(
            "1306",
            "医用耗材目录",
            ("301",),
            71,
            {
                1: CODE,
                2: NAME,
                8: SPECIFICATION,
                34: RESTRICTED,
                47: SINCE,
                48: UNTIL,
                68: VALID,
                69: ROW,
                70: VERSION,
                71: VERSION,
            },
        ),
        FileTable("1307", "疾病与诊断目录", (), 24, {}, _NO_DIAGNOSES),
        FileTable("1308", "手术操作目录", (), 24, {}, _NO_DIAGNOSES),
        FileTable(
            "1309",
            "门诊慢特病种目录",
            ("disease",),
            16,
            {
                1: CODE,
                2: NAME,
                6: VALID,
                7: ROW,
                10: VERSION,
                12: VERSION,
                15: NAME,
            },
        ),
    )
}
"""The downloads by transaction."""

for _infno in FILES:
    node(
        _infno,
        "",
        {
            "file_qury_no": "ticket of the ZIP, for 9102 with fixmedins_code `plc`",
            "filename": "name of the ZIP",
            "dld_end_time": "until when the ticket holds",
            "dld_endtime": "the same under the name that other clients read",
            "data_cnt": "rows in the file",
        },
    )

_NO_OPERATOR = Empty("the agency's operators are not told to institutions")
_NO_MNEMONIC = Empty("mnemonics are not kept")
_TIMES: Mapping[str, str | Empty] = {
    "crter_id": _NO_OPERATOR,
    "crter_name": _NO_OPERATOR,
    "crte_time": "day on which the row was learnt",
    "crte_optins_no": _NO_OPERATOR,
    "opter_id": _NO_OPERATOR,
    "opter_name": _NO_OPERATOR,
    "opt_time": "day of the last change",
    "optins_no": _NO_OPERATOR,
}

HILIST = node(
    "1312",
    "data",
    {
        "hilist_code": "item",
        "hilist_name": "name",
        "insu_admdvs": "pooling area",
        "begndate": "first day of the version",
        "enddate": "last day of the version; empty while it is open",
        "med_chrgitm_type": "fee category",
        "chrgitm_lv": "01 甲, 02 乙, 03 丙",
        "lmt_used_flag": "1 where its use is restricted",
        "list_type": "catalogue kind",
        "med_use_flag": "1 for 甲 and 乙, 0 for 丙",
        "matn_used_flag": Empty("maternity insurance is not settled here"),
        "hilist_use_type": Empty("no code table is known"),
        "lmt_cpnd_type": Empty("restrictions of compounds are not kept"),
        "wubi": _NO_MNEMONIC,
        "pinyin": _NO_MNEMONIC,
        "memo": "negotiated or dual-channel, with the end of the agreement",
        "vali_flag": "1, or 0 once the version was taken back",
        "rid": "number of the version",
        "updt_time": "day of the last change",
        **_TIMES,
        "poolarea_no": "pooling area",
    },
)

MATCHES = node(
    "1317",
    "data",
    {
        "fixmedins_code": "the institution",
        "medins_list_codg": "its own code",
        "medins_list_name": "its own name",
        "insu_admdvs": "pooling area of the institution",
        "list_type": "as uploaded (3301)",
        "med_list_codg": "national code, as uploaded",
        "begndate": "as uploaded",
        "enddate": "as uploaded",
        "aprvno": "as uploaded",
        "dosform": "as uploaded",
        "exct_cont": "as uploaded",
        "item_cont": "as uploaded",
        "prcunt": "as uploaded",
        "spec": "as uploaded",
        "pacspec": "as uploaded",
        "memo": "as uploaded",
        "vali_flag": "1, or 0 once it was revoked (3302) or replaced",
        "rid": "number of the match",
        "updt_time": "day of the last change",
        **_TIMES,
        "poolarea_no": "pooling area of the institution",
    },
)

LIMITS = node(
    "1318",
    "data",
    {
        "hilist_code": "item",
        "hilist_lmtpric_type": "level of the hospital: 1, 2, 3",
        "overlmt_dspo_way": Empty("no code table is known; what is above is the person's"),
        "insu_admdvs": "pooling area",
        "begndate": "first day of the version",
        "enddate": "last day of the version; empty while it is open",
        "hilist_pric_uplmt_amt": "payment standard of the level, else of all, else listing price",
        "vali_flag": "1, or 0 once the version was taken back",
        "rid": "number of the version and level",
        "updt_time": "day of the last change",
        **_TIMES,
        "tabname": Empty("a table of another system"),
        "poolarea_no": "pooling area",
    },
)

SELF_PAY = node(
    "1319",
    "data",
    {
        "hilist_code": "item",
        "selfpay_prop_psn_type": "310 employees",
        "selfpay_prop_type": "10 first self-pay of the catalogue",
        "insu_admdvs": "pooling area",
        "begndate": "first day of the version",
        "enddate": "last day of the version; empty while it is open",
        "selfpay_prop": "0 for 甲, 1 for 丙, for 乙 the item's own share, else the area's"
        " at that day",
        "vali_flag": "1, or 0 once the version was taken back",
        "rid": "number of the version",
        "updt_time": "day of the last change",
        **_TIMES,
        "tabname": Empty("a table of another system"),
        "poolarea_no": "pooling area",
    },
)
