"""How a value that people write in another way is written in a rulebook: what to say of it.

Figures with other units or in words, dates as documents give them, names as the trade says them.
"""

import re
from collections.abc import Collection
from decimal import Decimal

from gongji.tabular.cell_forms import amount_said, day_text
from gongji.units import parse_day, parse_fen, yuan_text

NO_LIMIT_WORDS = (
    "不封顶",
    "无限",
    "无限制",
    "不限制",
    "无上限",
    "没有限额",
    "不设限额",
    "不设上限",
)
"""What writers put for 不限."""
NO_END_WORDS = ("长期", "长期有效", "永久", "无", "无期限", "不限", "至今", "另行通知", "废止")
"""What writers put for an end that there is not."""
NO_ARTICLES = (
    *("无", "没有", "暂无", "略", "同上", "见上", "待定", "待补", "不详", "文件"),
    *("-", "—", "——", "/", "?", "？", "~", "null", "None", "N/A"),
)
"""What writers put where they have no article to cite."""
_SEVERAL = re.compile(r"[0-9][元%％]?\s*(?:[-~～—–至到+＋/或]+)\s*[0-9]")
_ONE = "只写一个数；按情形不同的写成表，如 {按: 参保状态, 在职: …, 退休: …}，提高的写“增减”"
_IN_WORDS = re.compile("[〇零一二三四五六七八九十百千万两壹贰叁肆伍陆柒捌玖拾佰仟半成]")
_LEVELS = {"1": "一级", "2": "二级", "3": "三级"}
_OUTER = {"“": "”", "‘": "’", "「": "」", "『": "』"}


def money(text: str) -> str:
    """How an amount that is not written as one should be, or nothing."""
    found = re.fullmatch(r"(-?[0-9]+(?:\.[0-9]+)?)(万|千|百)元?", text)
    if found:
        times = {"万": 6, "千": 5, "百": 4}[found[2]]
        whole, _, decimals = found[1].partition(".")
        if len(decimals) > times:
            return f"“{text}”请以元为单位，至多两位小数"
        fen = int(whole + decimals[:times].ljust(times, "0"))
        return f"“{text}”请以元为单位，写成 {_yuan(fen)}"
    if text in NO_LIMIT_WORDS:
        return f"“{text}”请写成 不限（没有起付标准的写 不设）"
    if re.fullmatch(r"-?[0-9][0-9,]*(\.[0-9]+)?", text):
        return f"“{text}”须写明单位，写成 {text}元"
    if _SEVERAL.search(text):
        return f"“{text}”{_ONE}"
    said = amount_said(re.sub(r"(元|圆)?[/每].*$", "元", text))
    if not text.endswith("元") or said != text.removesuffix("元").strip():
        try:
            return f"“{text}”请写成 {_yuan(parse_fen(said))}"
        except ValueError:
            pass
    if not re.search("[0-9]", text) and _IN_WORDS.search(text):
        return f"“{text}”请用阿拉伯数字，如 2000元"
    return "" if text.endswith("元") else f"“{text}”须写明单位，如 30元、105.55元"


def _yuan(fen: int) -> str:
    return f"{yuan_text(fen).removesuffix('.00')}元"


def percent(text: str) -> str:
    """How a percentage that is not written as one should be, or nothing."""
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        # 0.65 is meant as sixty-five in a hundred, not as less than one.
        meant = Decimal(text) * 100 if abs(Decimal(text)) < 1 else Decimal(text)
        return f"“{text}”须写百分号，写成 {meant.normalize():f}%"
    if _SEVERAL.search(text):
        return f"“{text}”{_ONE}"
    if found := re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*‰", text):
        return f"“{text}”写成 {(Decimal(found[1]) / 10).normalize():f}%"
    if found := re.fullmatch(r"(-?[0-9]+(?:\.[0-9]+)?)\s*(百分点|个?点|个百分比)", text):
        return f"“{text}”写成 {found[1]}个百分点"
    if found := re.fullmatch(r"百分之\s*([0-9]+(?:\.[0-9]+)?)", text):
        return f"“{text}”写成 {found[1]}%"
    if not re.search("[0-9]", text) and _IN_WORDS.search(text):
        return f"“{text}”请用阿拉伯数字和百分号，如 70%"
    return ""


def day(text: str) -> str:
    """How a date that is not written as one should be."""
    if text in NO_END_WORDS:
        return f"“{text}”不是日期；没有截止日期的，不写这一项"
    given = re.sub(r"\s*(起|开始|之日|止|施行|执行|以前|以后).*$", "", text)
    if month := re.fullmatch(r"([0-9]{4})[年./-]([0-9]{1,2})月?", given):
        given = f"{month[1]}年{month[2]}月1日"
    for sign in "–—‐－−":
        given = given.replace(sign, "-")
    made = day_text(given)
    try:
        parse_day(made)
    except ValueError:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", made):
            return f"没有“{text}”这一天"
        return f"“{text}”不是日期，如 2025-01-01"
    return f"“{text}”写成 {made}"


def level(name: str, known: Collection[str]) -> str:
    """The level that a name of the trade stands for: 二级甲等, 三甲, 一级及以下; or nothing."""
    found = re.match(r"([一二三])(?:级|[甲乙丙]等?$)", name)
    meant = f"{found[1]}级" if found else _LEVELS.get(name, "")
    return meant if meant in known and meant != name else ""


def signs(text: str) -> str:
    """What signs of Chinese typing do to a value, or nothing."""
    if len(text) > 1 and _OUTER.get(text[0]) == text[-1]:
        return '；外面的引号是全角的，请改为半角的 "" 或删去'
    if re.search(r"\s[#＃]", text):
        return "；注释前面的 # 要用半角的"
    return ""
