"""Files of rows as a whole, and the first bad row where none is let pass."""

FILES: dict[str, str] = {
    "file_unreadable": "无法读取文件 {value}：{reason}",
    "database_unreadable": "无法读取数据库 {value}：{reason}",
    "sheet_unclear": "工作簿 {value} 有几张有内容的工作表：{sheets}；请用 {option} 指明用哪一张，"
    "或把这一张另存为单独的文件",
    "cell_unreadable": "{field}：{reason}",
    "tables_together": "{value} 不能一起读入：它们是同一批结算的副本，合在一起会重复计算；请只给其中一张",
    "header_invalid": "文件 {value} 的表头有误：{reason}",
    "row_rejected": "{file}第 {row} 行 {field}：{reason}。"
    "请改正这一行；不用 --strict 则这类行写入报告，其余照常处理",
}
