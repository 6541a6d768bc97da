"""What is wrong with the form of a YAML file, in Chinese: the line that was meant and the mend.

The YAML library tells where it stopped, which is often a line later than the mistake; the lines
themselves tell more. This module knows how people write YAML, not rules.
"""

import re
from collections.abc import Iterator

import yaml

_FORMS = {
    "mapping values are not allowed": "冒号的位置不对：上一行或这一行的键后面要用半角冒号加一个"
    "空格；文字里有半角冒号的，用引号括起来",
    "cannot start any token": "以 %、@、` 开头的文字请加引号；缩进请用空格，不用制表符（Tab）",
    "tab character": "缩进用了制表符（Tab）；请用空格缩进",
    "expected ',' or '}'": "花括号里的各项用半角逗号隔开，冒号后面要有空格，最后以“}”结束",
    "expected ',' or ']'": "方括号里的各项用半角逗号隔开，最后以“]”结束",
    "expected key": "缩进没有对齐：同一层的键要从同一列开始",
    "expected '-' indicator": "缩进没有对齐：同一列表的“-”要在同一列，别的键不能与它们同列",
    "expected <block end>": "缩进没有对齐：同一层的键、同一列表的“-”要从同一列开始",
    "unexpected end of stream": "引号没有配对",
    "could not find expected ':'": "键后面缺少半角冒号和空格",
    "another document": "一个文件里只能有一份文件，不要写“---”",
}
"""What the YAML library says of a form (either of its loaders), and what a writer can do."""

LOOK_BACK = 3
"""How many lines before the place where the library stopped a mistake may stand."""

_FULL_COLON = re.compile(r"^\s*(?:-\s+)*([^\s:：'\"#{\[]{1,20})：")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'|(?:^|\s)#.*")
_FULL_COMMA = re.compile(r"([，、；])\s*[^\s,，:：{}\[\]]{1,20}[:：]")
_FULL_INSIDE = re.compile(r"[{,，]\s*([^\s,，:：{}\[\]]{1,20})：")
_BARE_SIGN = re.compile(r"(?:[:,\[{-]\s+|[\[{])([%@`!][^\s,}\]]*)")
_ODD_INDENT = re.compile(r" *[\u3000\u00a0\u2002-\u200b\ufeff]")
_FULL_BRACKET = re.compile(r"(?:^|[:\[{,]\s+|-\s+)([｛［【])")
_FULL_LINE = re.compile(r"^\s*(?:-\s+)*[^\s:：{\[]{1,20}:\s+(?:[^\s|>{\[].*|[{\[].*[}\]])$")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff]"
)
_ODD_BLANK = re.compile(r"(?<![\s:：])[:,]([\u00a0\u2000-\u200a\u202f\u205f\u3000])")
_ODD_DASH = re.compile(r"^\s*([—–－‐•·●▪○◆])\s*\S")
_DASH = re.compile(r"^\s*-[^\s-]")
_TWO_COLONS = re.compile(r"^\s*(?:-\s+)*[^\s:：{\[]{1,20}:\s+([^\s\[{|>].*:\s.*)$")
_NO_BLANK = re.compile(r"^\s*(?:-\s+)*([^\s:：'\"#{\[]{1,20}):(?=[^\s:/])")


def form(error: yaml.YAMLError, text: str) -> tuple[int, str]:
    """The line on which a form is wrong, and how it is mended, in Chinese.

    Returns: the library's own place, and its own words for a rare mistake, where the lines do not
             tell what was meant.
    """
    if found := unseen(text):
        return found[0]
    mark = getattr(error, "problem_mark", None)
    stopped = mark.line + 1 if mark else 1
    said = str(getattr(error, "problem", None) or error)
    for line, mend in _seen(text.split("\n"), stopped):
        return line, mend
    if "could not find expected ':'" in said and stopped > 1:
        stopped -= 1
    told = next((mend for words, mend in _FORMS.items() if words in said), f"写法有误（{said}）")
    return stopped, told


def unseen(text: str) -> list[tuple[int, str]]:
    """What one does not see in a text as it is copied from elsewhere: the line, and the mend.

    Shape:   the first of a line: control characters and characters without width anywhere, blanks
             that are none to YAML behind a colon or comma.
    """
    found = []
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        if sign := _UNSEEN.search(line):
            where = line[: sign.start()][-8:].strip()
            behind = f"“{where}”后面" if where else "行首"
            mend = f"{behind}有看不见的控制字符（U+{ord(sign[0]):04X}）；请删去后重新输入这一处"
            found.append((number, mend))
        elif blank := _ODD_BLANK.search(_QUOTED.sub("", line)):
            sign_ = "冒号" if blank[0][0] == ":" else "逗号"
            mend = f"{sign_}后面的空格是全角或不间断的（U+{ord(blank[1]):04X}）；请改为半角空格"
            found.append((number, mend))
    return found


def _seen(lines: list[str], stopped: int) -> Iterator[tuple[int, str]]:
    """Mistakes in the line where the library stopped and in those before it, nearest first."""
    for number in range(min(stopped, len(lines)), max(0, stopped - 1 - LOOK_BACK), -1):
        mend = _wrong_line(lines[number - 1])
        if mend:
            yield number, mend
    for number in range(min(stopped, len(lines)), max(0, stopped - 1 - LOOK_BACK), -1):
        mend = _wrong_indent(lines, number) or _unclosed(lines, number)
        if mend:
            yield number, mend
    for number, line in enumerate(lines[:stopped], start=1):
        if _QUOTED.sub("", line).count('"') % 2:
            yield number, "这一行的引号没有配对"


def _unclosed(lines: list[str], number: int) -> str:
    """Which bracket a line opens that the lines down to the next key do not close."""
    bare = _QUOTED.sub("", lines[number - 1])
    follows = _QUOTED.sub("", lines[number]) if number < len(lines) else ""
    for left, right in ("{}", "[]"):
        if bare.count(left) > bare.count(right) and right not in follows:
            return f"这一行的“{left}”没有配对的“{right}”"
    return ""


def _wrong_line(line: str) -> str:
    """How a line is mended that is wrong by itself, or nothing."""
    bare = _QUOTED.sub("", line)
    if "\t" in line[: len(line) - len(line.lstrip())]:
        return "缩进用了制表符（Tab）；请用空格缩进"
    if _ODD_INDENT.match(line):
        return "行首有全角空格或看不见的字符；请用半角空格缩进"
    if found := _FULL_BRACKET.search(bare):
        return bracket_mend(found[1])
    found = _FULL_COLON.match(bare)
    if found:
        return f"“{found[1]}”后面是全角冒号“：”；请改成半角冒号加空格：“{found[1]}: ”"
    inside = bare[min(at for at in (bare.find("{"), bare.find("["), len(bare)) if at >= 0) :]
    if found := _FULL_COMMA.search(inside):
        sign = found[1]
        return f"括号里用了全角的“{sign}”；各项之间请用半角逗号加空格“, ”（文字里的“{sign}”加引号）"
    found = _FULL_INSIDE.search(inside)
    if found:
        return f"“{found[1]}”后面是全角冒号“：”；请改成半角冒号加空格：“{found[1]}: ”"
    found = _BARE_SIGN.search(bare)
    if found:
        return f'“{found[1]}”须加引号，写成 "{found[1]}"'
    found = _NO_BLANK.match(bare)
    if found:
        return f"“{found[1]}:”的冒号后面要有一个空格"
    if found := _ODD_DASH.match(bare):
        return f"列表的每一项以半角减号加空格“- ”开头，这里是“{found[1]}”"
    if _DASH.match(bare):
        return "“-”后面要有一个空格"
    found = _TWO_COLONS.match(bare)
    if found:
        return f"“{found[1].strip()}”里有半角冒号，请加引号，或用全角冒号"
    for left, right in ("{}", "[]"):
        if bare.count(left) < bare.count(right):
            return f"这一行多了“{right}”，或少了“{left}”"
    return ""


def bracket_mend(sign: str) -> str:
    """How a full-width bracket is mended that was meant as one of YAML's."""
    half = "{ }" if sign in "｛｝" else "[ ]"
    return f"用了全角的括号“{sign}”；请改成半角的 {half}"


def _columns(line: str) -> tuple[int, ...]:
    """The columns at which a line opens a list's item and its own key."""
    start = len(line) - len(line.lstrip(" "))
    found = re.match(r"(?:-\s+)+", line[start:])
    return (start, start + len(found[0])) if found else (start,)


def _wrong_indent(lines: list[str], number: int) -> str:
    """Where a line begins at none of the columns that the lines above it leave open."""
    line = lines[number - 1]
    if not line.strip() or line.lstrip().startswith("#"):
        return ""
    columns: list[int] = []
    full = False
    for above in lines[: number - 1]:
        if above.strip() and not above.lstrip().startswith("#"):
            starts = _columns(above)
            columns = [column for column in columns if column < starts[0]] + [*starts]
            full = bool(_FULL_LINE.match(above))
    here = _columns(line)[0]
    if not columns or here in columns or (here > columns[-1] and not full):
        return ""
    allowed = "、".join(str(column) for column in columns)
    return f"缩进没有对齐：这一行前面有 {here} 个空格，可用的是 {allowed} 个"


def encoding(content: bytes, error: UnicodeDecodeError) -> tuple[int, str]:
    """The line of the first byte that is not UTF-8, and how the file is mended."""
    line = content[: error.start].count(b"\n") + 1
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return 1, "文件是 UTF-16 编码；请在编辑器里“另存为”，编码选 UTF-8"
    try:
        content.decode("gb18030")
    except UnicodeDecodeError:
        return line, "文件不是 UTF-8 编码的文本；请在编辑器里“另存为”，编码选 UTF-8"
    return line, "文件是 GB18030（ANSI、GBK）编码；请在编辑器里“另存为”，编码选 UTF-8"
