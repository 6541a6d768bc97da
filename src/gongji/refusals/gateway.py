"""Messages of institutions' systems."""

GATEWAY: dict[str, str] = {
    "message_unreadable": "报文无法读取：{reason}；请发送 UTF-8（或 GB18030）编码的一个 JSON 对象",
    "message_too_large": "报文超过 {value} 字节；请分批发送",
    "institution_foreign": "报文的定点医药机构编号 {value} 与接入账号所属机构不符；请核对 {field}",
    "transaction_unknown": "本平台未提供交易 {value}；所提供的交易见接口说明",
    "message_differs": "报文 {value} 已经受理过，这一次的内容不同（{names}）；请换新的 msgid 发送",
    "message_barred": "报文 {value} 已先被冲正（2601），不再受理；仍要办理的，请换新的 msgid 发送",
    "message_answered_before": "报文 {value} 此前已处理过，当时的回复已超过保存期限，不再重复办理；请先查询办理结果，确需再办的，请换新的 msgid 发送",
    "insutype_not_served": "险种 {value} 不在本平台结算；{field} 只受理 310（职工基本医疗保险）",
    "quota_not_served": "不受理按定额结算（{field} {value}）；请按项目结算（01）",
    "sign_in_unknown": "签到编号 {value} 不存在、不属于本机构，或已经签退；请先签到（9001）",
    "file_unknown": "没有可供下载的文件 {value}，或它已过期；请重新查询，取得新的文件查询号",
    "voucher_not_served": "本平台不能解读医保电子凭证令牌；请改用身份证（02）或社会保障卡（03）",
    "lines_too_many": "一次最多 {value} 行；请分批发送 {field}",
    "rows_differ": "各行的 {field} 不一致；一次只上传一次就诊、一个收费批次的明细",
    "file_ticket_unknown": "没有本机构上传的文件 {value}，或它已过期；请用 9101 重新上传，再用新的文件查询号",
    "statement_unreadable": "对账文件无法读取：{reason}；请上传以制表符分隔的 UTF-8 文本或其 ZIP 压缩包",
    "statement_row_invalid": "对账文件第 {row} 行 {field} 有误：{reason}；请改正后重新上传",
    "institution_not_own": "{field} {value} 不是本机构；只能办理本机构自己的，请核对编号",
    "window_too_long": "查询的起止时间相差 {value} 天，超过上限 {most} 天；请缩短 {field} 之前的时段",
    "filing_kind_not_served": "业务申请类型 {value} 不在本交易办理：{reason}",
}
