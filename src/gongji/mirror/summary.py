"""What became of delivered tables, in sentences for the one who handed them in."""

from gongji.mirror.national_values import CAUSES
from gongji.mirror.table_checks import COUNTS, NOTED, Check, Checks, TableCount
from gongji.units import show_fen


def summary_lines(checks: Checks) -> list[str]:
    """The checks as lines of text."""
    found = [f"对照文件：{checks.mapping}", "", "各表的行"]
    for table in checks.tables:
        found += _of_table(table)
    found += ["", "核对"]
    found += [_of_check(check) for check in checks.checks]
    found.append(f"  {checks.family.sentence}")
    if checks.by_dictionary:
        found += ["", "对照文件没有、按字典对上的代码"]
        found += [f"  {sentence}" for sentence in checks.by_dictionary]
    if checks.read_as:
        found += ["", "文件的写法"]
        found += [f"  {name}：{told}" for name, told in sorted(checks.read_as.items())]
    if checks.passed_over:
        found += ["", "未读的文件"]
        found += [f"  {path}：{reason}" for path, reason in sorted(checks.passed_over.items())]
    return found


def _of_table(table: TableCount) -> list[str]:
    ways = [
        f"{sentence} {table.rows[kind]}" + _money(table, kind)
        for kind, sentence in COUNTS.items()
        if table.rows.get(kind)
    ]
    found = [f"  {table.table}：{'，'.join(ways)}"]
    if table.lost:
        found.append(f"    有 {table.lost} 行去向不明，请报告此错误")
    found += [
        f"    {CAUSES[cause]}：{count} 行"
        for cause, count in sorted(table.unreadable.items(), key=lambda pair: -pair[1])
    ]
    found += [
        f"    {sentence}：{table.rows[kind]}"
        for kind, sentence in NOTED.items()
        if table.rows.get(kind)
    ]
    if table.rounded:
        found.append(f"    不足一分的金额 {table.rounded} 个，四舍五入到分")
    return found


def _money(table: TableCount, kind: str) -> str:
    return f"（{show_fen(table.fen[kind])} 元）" if kind in table.fen else ""


def _of_check(check: Check) -> str:
    if not check.rows:
        return f"  {check.sentence}：没有可核对的行"
    if check.holds == check.rows:
        return f"  {check.sentence}：{check.rows} 笔全部相符"
    said = f"{check.rows} 笔中 {check.rows - check.holds} 笔不符"
    money = f"相差 {show_fen(check.differs_fen)} 元" if check.differs_fen else ""
    some = f"如 {'、'.join(check.shown)}" if check.shown else ""
    return f"  {check.sentence}：{'，'.join(filter(None, (said, money, some)))}"
