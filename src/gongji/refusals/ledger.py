"""The ledger: periods and openings."""

LEDGER: dict[str, str] = {
    "period_not_over": "账期 {value} 还没有过完，不能关闭；请在下月 1 日以后关闭",
    "period_closed_already": "统筹区 {area} 的账期 {value} 已经关闭，不必再关",
    "period_differs": "统筹区 {area} 的账期 {value} 核对有 {count} 处不符，不能关闭（{reason}）；"
    "请先用 gongji ledger verify 查明",
    "opening_late": "{value} 在 {year} 年已经有账，不能再记期初；期初须先于该年的第一笔结算记入",
    "opening_repeated": "{value} 的期初 {meter} 出现不止一次；每人每项期初只记一行",
}
