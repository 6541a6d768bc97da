"""Institutions' own items matched to the catalogue."""

CATALOGUE: dict[str, str] = {
    "match_item_unknown": "统筹区 {area} 的医保目录没有编码 {value}；请先下载最新目录，核对 {field}",
    "item_matched": "本机构项目 {value} 在这段日期已对照到 {item}；请先撤销那条对照，或改起止日期",
    "match_unknown": "本机构没有项目 {value} 的这条目录对照，或已经撤销；请核对编码和目录类别",
}
