"""What is sold and done in the made-up prefecture: items with prices, and who needs them.

Codes have the shape of the national ones: X and Z drugs (the five places after the X are the
class of the drug), T pieces, C consumables, fifteen digits for services. The figures in them are
made up.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Numbers = npt.NDArray[np.int64]

WESTERN, PROPRIETARY, PIECES, SERVICE, CONSUMABLE = "101", "101", "102", "201", "301"
"""National types of a list: Western and proprietary drugs share one."""

DRUGS = (
    # name, class, yuan a pack, days a pack, listing level, group
    ("硝苯地平控释片", "C08CA", 26.0, 14, "01", "chronic"),
    ("氨氯地平片", "C08CA", 18.5, 14, "01", "chronic"),
    ("厄贝沙坦片", "C09CA", 32.0, 14, "02", "chronic"),
    ("缬沙坦胶囊", "C09CA", 28.0, 14, "02", "chronic"),
    ("美托洛尔缓释片", "C07AB", 21.0, 14, "02", "chronic"),
    ("二甲双胍片", "A10BA", 15.0, 15, "01", "chronic"),
    ("格列美脲片", "A10BB", 39.0, 15, "02", "chronic"),
    ("达格列净片", "A10BK", 61.0, 14, "02", "chronic"),
    ("阿托伐他汀片", "C10AA", 36.0, 14, "02", "chronic"),
    ("瑞舒伐他汀片", "C10AA", 30.0, 14, "02", "chronic"),
    ("氯吡格雷片", "B01AC", 45.0, 7, "02", "chronic"),
    ("阿司匹林肠溶片", "B01AC", 12.0, 30, "01", "chronic"),
    ("复方丹参滴丸", "Z0301", 27.0, 9, "01", "chronic"),
    ("银杏叶片", "Z0302", 22.0, 12, "01", "chronic"),
    ("沙美特罗吸入剂", "R03AK", 168.0, 30, "02", "chronic"),
    ("阿莫西林胶囊", "J01CA", 14.0, 4, "01", "acute"),
    ("头孢克肟片", "J01DD", 28.0, 3, "02", "acute"),
    ("左氧氟沙星片", "J01MA", 19.0, 4, "02", "acute"),
    ("连花清瘟胶囊", "Z0101", 24.0, 3, "01", "acute"),
    ("感冒灵颗粒", "Z0102", 12.0, 3, "02", "acute"),
    ("布洛芬缓释胶囊", "M01AE", 17.0, 5, "01", "acute"),
    ("奥美拉唑肠溶胶囊", "A02BC", 23.0, 14, "01", "acute"),
    ("蒙脱石散", "A07BC", 16.0, 4, "01", "acute"),
    ("氯雷他定片", "R06AX", 15.0, 6, "01", "acute"),
    ("氨溴索口服液", "R05CB", 21.0, 5, "02", "acute"),
    ("六味地黄丸", "Z0501", 35.0, 15, "01", "acute"),
    ("乌鸡白凤丸", "Z0601", 33.0, 10, "02", "female"),
    ("黄体酮胶囊", "G03DA", 42.0, 10, "02", "female"),
    ("益母草颗粒", "Z0602", 18.0, 6, "01", "female"),
    ("非那雄胺片", "G04CB", 55.0, 10, "02", "male"),
    ("坦索罗辛缓释胶囊", "G04CA", 48.0, 10, "02", "male"),
    ("小儿豉翘清热颗粒", "Z0103", 26.0, 3, "02", "child"),
    ("小儿止咳糖浆", "Z0104", 15.0, 4, "01", "child"),
    ("司美格鲁肽注射液", "A10BJ", 478.0, 28, "02", "resold"),
    ("利伐沙班片", "B01AF", 218.0, 14, "02", "resold"),
    ("百令胶囊", "Z0502", 88.0, 10, "02", "resold"),
    ("阿胶", "Z0503", 320.0, 20, "03", "tonic"),
    ("西洋参含片", "Z0504", 180.0, 20, "03", "tonic"),
)
SERVICES = (
    ("普通门诊诊查费", "1102", 12.0, "01", "consult"),
    ("专家门诊诊查费", "1102", 30.0, "01", "consult"),
    ("血常规", "2501", 20.0, "01", "lab"),
    ("肝功能组合", "2503", 75.0, "01", "lab"),
    ("血糖测定", "2503", 8.0, "01", "lab"),
    ("血脂组合", "2503", 52.0, "01", "lab"),
    ("糖化血红蛋白", "2503", 60.0, "01", "lab"),
    ("肿瘤标志物组合", "2504", 210.0, "02", "lab"),
    ("心电图", "3107", 25.0, "01", "exam"),
    ("腹部彩超", "2203", 110.0, "01", "exam"),
    ("胸部X线", "2101", 65.0, "01", "exam"),
    ("胸部CT平扫", "2103", 240.0, "02", "ct"),
    ("头颅磁共振平扫", "2102", 480.0, "02", "mr"),
    ("妇科检查", "3112", 28.0, "01", "female"),
    ("阴道镜检查", "3112", 130.0, "02", "female"),
    ("前列腺彩超", "2203", 120.0, "01", "male"),
    ("针刺治疗", "4300", 38.0, "01", "treatment"),
    ("推拿治疗", "4500", 55.0, "01", "treatment"),
    ("静脉输液", "1204", 14.0, "01", "treatment"),
    ("雾化吸入", "1208", 12.0, "01", "treatment"),
    ("小换药", "1206", 18.0, "01", "treatment"),
)
HERBS = ("黄芪", "当归", "茯苓", "白术", "甘草", "党参", "川芎", "熟地黄")
SUPPLIES = (("一次性输液器", 4.0, "01"), ("医用敷料", 15.0, "02"), ("一次性注射器", 2.0, "01"))

WOMEN, MEN, CHILDREN = "female", "male", "child"


@dataclass(frozen=True)
class Goods:
    """The items as columns, and the places of each group."""

    items: pl.DataFrame
    groups: dict[str, Numbers]

    def at(self, name: str) -> Numbers:
        """The values of a column of numbers."""
        return self.items[name].to_numpy()


def _drug_code(place: int, group: str) -> str:
    return f"X{group}{'ABCDEFGH'[place % 8]}{place:03d}A0010101{place:06d}"[:23]


def _rows() -> list[tuple[str, str, str, int, int, str, str]]:
    """Items as code, name, kind, millionths of yuan, days a pack, listing level, group."""
    rows: list[tuple[str, str, str, int, int, str, str]] = []
    for place, (name, kind, yuan, days, level, group) in enumerate(DRUGS):
        code = (
            _drug_code(place, kind) if kind[0] != "Z" else f"Z{kind[1:]}AAA{place:04d}01010{0:05d}"
        )
        rows.append((code, name, WESTERN, round(yuan * 1e6), days, level, group))
    for place, (name, kind, yuan, level, group) in enumerate(SERVICES):
        code = f"00{kind}{place:05d}0000"
        rows.append((code, name, SERVICE, round(yuan * 1e6), 0, level, group))
    for place, name in enumerate(HERBS):
        code = f"T{place:09d}"
        rows.append((code, name, PIECES, round((0.2 + 0.05 * place) * 1e6), 0, "01", "herb"))
    for place, (name, yuan, level) in enumerate(SUPPLIES):
        rows.append((f"C{place:019d}", name, CONSUMABLE, round(yuan * 1e6), 0, level, "supply"))
    return rows


def make_goods() -> Goods:
    """The items of the prefecture."""
    names = ("item", "name", "kind", "price", "pack_days", "listing_level", "group")
    items = pl.DataFrame(_rows(), schema=names, orient="row")
    places: dict[str, list[int]] = {}
    for place, group in enumerate(items["group"]):
        places.setdefault(group, []).append(place)
    return Goods(items, {name: np.array(found) for name, found in places.items()})
