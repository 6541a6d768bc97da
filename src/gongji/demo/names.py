"""Names that are clearly invented: stars, and the sixty pairs of the calendar."""

import random

STARS = (
    "天枢",
    "天璇",
    "天玑",
    "天权",
    "玉衡",
    "开阳",
    "摇光",
    "织女",
    "牵牛",
    "角宿",
    "亢宿",
    "氐宿",
    "房宿",
    "心宿",
    "尾宿",
    "箕宿",
    "斗宿",
    "女宿",
    "虚宿",
    "危宿",
    "室宿",
    "壁宿",
    "奎宿",
    "娄宿",
    "胃宿",
    "昴宿",
    "毕宿",
    "觜宿",
    "参宿",
    "井宿",
    "鬼宿",
    "柳宿",
    "星宿",
    "张宿",
    "翼宿",
    "轸宿",
    "北落",
    "老人",
    "天狼",
    "南门",
    "大角",
    "河鼓",
    "天津",
    "五车",
    "南河",
    "北河",
    "轩辕",
    "天囷",
    "天纪",
    "贯索",
)
STEMS, BRANCHES = "甲乙丙丁戊己庚辛壬癸", "子丑寅卯辰巳午未申酉戌亥"
PAIRS = tuple(STEMS[n % 10] + BRANCHES[n % 12] for n in range(60))


def person(rng: random.Random) -> str:
    """The name of a person: a star and a pair of the calendar."""
    return f"{rng.choice(STARS)}·{rng.choice(PAIRS)}"
