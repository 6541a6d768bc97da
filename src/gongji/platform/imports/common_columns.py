"""Columns that files of several rooms have, and the makers of usual ones."""

from typing import Any

from gongji.platform.imports.import_columns import (
    Column,
    choice,
    day,
    digits,
    end_day,
    fen,
    flag,
    institution_code,
    person_number,
    show_choice,
    show_fen,
    show_yes,
    text,
)

C = Column
BENEFITS = {
    "慢性病": "chronic",
    "特殊病": "special",
    "两病": "two_diseases",
    "双通道": "dual_channel",
    "谈判药": "negotiated_drug",
}
LEVELS = {"一级及以下": "1", "二级": "2", "三级": "3"}


def one_of(
    name: str, heading: str, words: dict[str, str], meaning: str, example: str, **more: Any
) -> Column:
    """A column that takes one of some words."""
    shown = f"{meaning}：{'、'.join(words)}"
    return C(name, heading, choice(words), shown, example, show=show_choice(words), **more)


def yes_no(name: str, heading: str, meaning: str, empty: bool = False) -> Column:
    """A column that takes 是 or 否."""
    shown = f"{meaning}（是、否；空为{show_yes(empty)}）"
    return C(name, heading, flag, shown, show_yes(empty), empty=empty, show=show_yes)


def yuan(name: str, heading: str, meaning: str, example: str = "", **more: Any) -> Column:
    """A column of amounts in yuan."""
    return C(
        name, heading, fen, f"{meaning}（元）", example, **{"empty": None} | more, show=show_fen
    )


PSN_NO = C(
    "psn_no",
    "人员编号",
    person_number,
    "参保人的编号，至多 30 个字符",
    "53230000000000000001",
    True,
    personal="number",
)
AREA = C("area", "统筹区", digits(6), "统筹区代码；空为参保人所在的统筹区", "532300", empty=None)
SINCE = C("since", "起始日", day, "从哪一天起成立", "2025-01-01", True)
UNTIL = C(
    "until",
    "终止日",
    end_day,
    "不再成立的第一天；空或 9999-12-31 为一直成立",
    "",
    empty=None,
    show=lambda value: "" if value is None else str(value),
)
SOURCE = C("source", "来源", text(100), "依据的文件或经办单号", "测试文件〔2025〕1号")
WITHDRAWN = C(
    "withdrawn",
    "撤销",
    flag,
    "是：起始日相同的一条作废（是、否；空为否）",
    "",
    empty=False,
    show=lambda value: "",
)
INSTITUTION = C(
    "institution", "机构代码", institution_code, "定点医药机构的国家代码", "H53230000001", True
)
