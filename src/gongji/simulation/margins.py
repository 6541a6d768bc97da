"""What a made-up population is raked to: figures with their source and how sure they are.

The defaults are the nation's, from the yearly bulletins where these say it; what they do not say is
an assumption and marked so. An area's own file replaces any of them. This module knows figures, it
draws nobody.
"""

from math import inf
from pathlib import Path
from typing import Any

import msgspec

from gongji.law.rulebook.source import Node, content_of, read
from gongji.refusals import Problem, RulebookError

PUBLISHED, REPORTED, DERIVED, ASSUMED = "公报", "转引", "推算", "假定"
SURENESS = (PUBLISHED, REPORTED, DERIVED, ASSUMED)
BULLETIN = "全国医疗保障事业发展统计公报"
WITHOUT = "没有公布的数字"


class Margin(msgspec.Struct, frozen=True):
    """One figure, or several by category, with source and sureness."""

    name: str
    value: float | dict[str, float]
    source: str
    sureness: str

    @property
    def number(self) -> float:
        """The figure of a margin that has one."""
        assert isinstance(self.value, float | int)
        return float(self.value)

    @property
    def shares(self) -> dict[str, float]:
        """The figures by category, adding up to one."""
        assert isinstance(self.value, dict)
        total = sum(self.value.values())
        return {name: part / total for name, part in self.value.items()}

    @property
    def by_category(self) -> dict[str, float]:
        """The figures by category as they are."""
        assert isinstance(self.value, dict)
        return dict(self.value)


LEVELS = ("一级", "二级", "三级", "药店")
AGES = ("16-29", "30-39", "40-49", "50-54", "55-59", "60-64", "65-69", "70-79", "80-99")

DEFAULTS = (
    Margin("参保人数", 0.0, "未给出：每人只代表自己；全国 2024 年为 37948.34 万人", ASSUMED),
    Margin("退休占比", 0.2756, f"2024年{BULLETIN}：10457.50 / 37948.34", DERIVED),
    Margin("女性占比", 0.47, WITHOUT, ASSUMED),
    Margin(
        "在职年龄",
        {"16-29": 0.19, "30-39": 0.34, "40-49": 0.28, "50-54": 0.12, "55-59": 0.07},
        f"{WITHOUT}，参照劳动年龄人口",
        ASSUMED,
    ),
    Margin(
        "退休年龄",
        {
            "50-54": 0.08,
            "55-59": 0.17,
            "60-64": 0.22,
            "65-69": 0.20,
            "70-79": 0.23,
            "80-99": 0.10,
        },
        f"{WITHOUT}，参照领取养老金人员",
        ASSUMED,
    ),
    Margin("有个人账户占比", 0.9338, f"2024年{BULLETIN}：统账结合 35435.02 万人", DERIVED),
    Margin("人均普通门诊次数", 5.9, "2023年普通门急诊 21.8 亿人次 / 37095 万人", DERIVED),
    Margin("人均慢特病次数", 0.73, "2023年门诊慢特病 2.7 亿人次 / 37095 万人", DERIVED),
    Margin("慢特病人员占比", 0.08, WITHOUT, ASSUMED),
    Margin("退休与在职次数之比", 2.2, f"{WITHOUT}；2023年人均费用之比为 3.58（含住院）", ASSUMED),
    Margin("无就诊占比", 0.18, "按均值 5.9 的负二项分布（k=0.8）", DERIVED),
    Margin("次数最多的一成占比", 0.38, "按均值 5.9 的负二项分布（k=0.8）", DERIVED),
    Margin(
        "级别占比",
        {"一级": 0.25, "二级": 0.27, "三级": 0.332, "药店": 0.148},
        "三级占比：云南 2024 年 10 月 33.2%；其余假定",
        ASSUMED,
    ),
    Margin(
        "次均费用",
        {"一级": 120.0, "二级": 240.8, "三级": 379.3, "药店": 107.0},
        "二级、三级：国家卫生健康委 2024 年 1—5 月；药店：2471 亿元 / 23 亿人次；一级假定",
        ASSUMED,
    ),
    Margin("费用离散程度", 0.9, "对数正态分布的标准差", ASSUMED),
    Margin("慢特病次均费用", 380.0, WITHOUT, ASSUMED),
    Margin("政策范围内占比", 0.85, WITHOUT, ASSUMED),
    Margin(
        "月份占比",
        {
            str(month): share
            for month, share in enumerate(
                (1.02, 0.86, 1.05, 1.02, 1.0, 0.98, 0.98, 0.98, 0.98, 0.97, 1.06, 1.10), start=1
            )
        },
        f"{WITHOUT}，冬季略多、春节少",
        ASSUMED,
    ),
    Margin("月缴费基数", 9_500.0, "2022年城镇非私营单位平均工资 114029 元 / 12", REPORTED),
    Margin("月养老金", 3_900.0, WITHOUT, ASSUMED),
    Margin("账户余额", 4_084.0, "2024年累计结存 14472 亿元 / 35435.02 万人", DERIVED),
    Margin("人均统筹收入", 4_570.0, f"2024年{BULLETIN}：17342.45 亿元 / 37948.34 万人", DERIVED),
    Margin("人均统筹支出", 3_484.0, f"2024年{BULLETIN}：13222.71 亿元 / 37948.34 万人", DERIVED),
    Margin("人均统筹结存", 8_023.0, "2024年末累计结存 30445.50 亿元 / 37948.34 万人", DERIVED),
)


class Margins(msgspec.Struct, frozen=True):
    """All margins by name."""

    title: str
    entries: dict[str, Margin]

    def __getitem__(self, name: str) -> Margin:
        return self.entries[name]


def default_margins() -> Margins:
    """The nation's figures."""
    return Margins("全国职工医保（缺省）", {margin.name: margin for margin in DEFAULTS})


def read_margins(path: Path | None) -> Margins:
    """The margins of a file over the defaults.

    Shape:   名称, then for each margin its value, or 值, 来源, 把握; shares as 27.5% or 0.275.
    Refuses: RulebookError with every entry that is no margin or cannot be read.
    """
    base = default_margins()
    if path is None:
        return base
    problems: list[Problem] = []
    content = content_of(path, problems)
    root = read(path, content, problems) if content is not None else None
    if root is None or problems or not isinstance(root.value, dict):
        raise RulebookError(problems or [Problem(str(path), 1, "边际", "顶层应为键值表")])
    entries = dict(base.entries)
    title = path.stem
    for name, node in root.value.items():
        if name == "名称" and isinstance(node.value, str):
            title = node.text()
        elif name not in entries:
            allowed = "、".join(entries)
            problems.append(Problem(str(path), node.line, name, f"没有这项边际；可取：{allowed}"))
        else:
            entries[name] = _margin(entries[name], node, path, problems)
    if problems:
        raise RulebookError(problems)
    return Margins(title, entries)


def _margin(before: Margin, node: Node, path: Path, problems: list[Problem]) -> Margin:
    """A margin as a file says it."""
    fields = node.value if isinstance(node.value, dict) and "值" in node.value else {"值": node}
    source = fields["来源"].text() if "来源" in fields else path.name
    sureness = fields["把握"].text() if "把握" in fields else PUBLISHED
    if sureness not in SURENESS:
        allowed = "、".join(SURENESS)
        problems.append(Problem(str(path), node.line, before.name, f"把握可取：{allowed}"))
    value = _value(fields["值"])
    wanted = _unlike(before, value)
    if wanted:
        problems.append(Problem(str(path), node.line, before.name, wanted))
        return before
    return Margin(before.name, value, source, sureness)


def _unlike(before: Margin, value: Any) -> str:
    """What is wanted of a margin that a value is not; empty where it is fit."""
    if isinstance(before.value, dict):
        fits = isinstance(value, dict) and list(value) == list(before.value)
        parts = list(value.values()) if fits else []
        fits = fits and all(isinstance(part, float) and 0 <= part < inf for part in parts)
        if not fits:
            return f"应写 {'、'.join(before.value)} 各自的数"
        return "" if sum(parts) > 0 else "各项之和应大于 0"
    if not isinstance(value, float) or not 0 <= value < inf:
        return "应写一个不小于 0 的数"
    if before.name.endswith("占比") and value > 1:
        return "应写 0 至 100% 的占比，如 27.5% 或 0.275"
    if before.name == "参保人数" and value < 1:
        return "应写代表的人数，至少 1；每人只代表自己时不写这一项"
    return ""


def _value(node: Node) -> Any:
    """A number, a share, or several by category; None where it is none."""
    if isinstance(node.value, dict):
        return {key: _value(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return None
    text = node.text().replace(",", "")
    try:
        return float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None
