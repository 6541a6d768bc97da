"""The definitions of detectors read a second time, slowly: rows as dicts, loops, no columns."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta

from gongji.supervision.claim_tables import ClaimPart
from gongji.supervision.rules_folded import Rule

Row = dict  # type: ignore[type-arg]
Found = set[tuple[str, int]]
"""Lines, or visits, and the money of each."""


def grouped(rows: Iterable[Row], *names: str) -> dict[tuple, list[Row]]:  # type: ignore[type-arg]
    """Rows by some of their columns."""
    groups = defaultdict(list)
    for row in rows:
        groups[tuple(row[name] for name in names)].append(row)
    return groups


class Tables:
    """A part's tables as rows."""

    def __init__(self, part: ClaimPart) -> None:
        self.visits = part.visits.sort("settled_at", "visit").to_dicts()
        self.lines = part.lines.sort("occurred_at", "line").to_dicts()
        self.persons = {row["person"]: row for row in part.persons.to_dicts()}
        self.houses = {row["institution"]: row for row in part.institutions.to_dicts()}
        self.items = {row["item"]: row for row in part.items.to_dicts()}
        self.spells = grouped(part.spells.to_dicts(), "person")
        self.stays = [row for row in self.visits if row["care"] == "inpatient"]
        self.in_stay = {row["visit"] for row in self.stays}

    def outside(self) -> list[Row]:
        """Visits that are no stays."""
        return [row for row in self.visits if row["care"] != "inpatient"]


def during_stay(tables: Tables, rule: Rule) -> Found:
    found = set()
    stays = grouped(tables.stays, "person")
    for visit in tables.outside():
        for stay in stays.get((visit["person"],), []):
            if stay["begin"] < visit["begin"] < stay["end"]:
                found.add((visit["visit"], visit["total"]))
    return found


def after_death(tables: Tables, rule: Rule) -> Found:
    found = set()
    for visit in tables.visits:
        died = tables.persons[visit["person"]]["died"]
        if died and (visit["begin"] - died).days > rule.number("宽限天数"):
            found.add((visit["visit"], visit["total"]))
    return found


def during_arrears(tables: Tables, rule: Rule) -> Found:
    found, grace = set(), timedelta(days=rule.number("宽限天数"))
    for visit in tables.visits:
        for spell in tables.spells.get((visit["person"],), []):
            began = not spell["since"] or visit["begin"] >= spell["since"] + grace
            over = spell["until"] and visit["begin"] > spell["until"]
            if spell["arrears"] and began and not over and visit["pool"] > 0:
                found.add((visit["visit"], visit["pool"]))
    return found


def charged_twice(tables: Tables, rule: Rule) -> Found:
    found, had = set(), set()
    for line in tables.lines:
        if line["kind"] != "201" or line["visit"] in tables.in_stay:
            continue
        if any(line["item"].startswith(one) for one in rule.words("可多次")):
            continue
        if (line["visit"], line["item"]) in had:
            found.add((line["line"], line["amount"]))
        had.add((line["visit"], line["item"]))
    return found


def above_listing(tables: Tables, rule: Rule) -> Found:
    found = set()
    for line in tables.lines:
        listing = (tables.items.get(line["item"]) or {}).get("listing")
        if line["kind"] in ("101", "102", "103") and listing and line["price"] > listing:
            over = (line["price"] - listing) * line["count"]
            found.add((line["line"], (over + 50_000_000) // 100_000_000))
    return found


def age(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def over_supply(tables: Tables, rule: Rule) -> Found:
    hand: dict[tuple[str, str], int] = {}
    last: dict[tuple[str, str], date] = {}
    beyond: dict[tuple[str, str], Found] = defaultdict(set)
    clear: dict[tuple[str, str], int] = defaultdict(int)
    for line in tables.lines:
        drug = line["kind"] in ("101", "102", "103") and line["days"]
        if not drug or line["count"] < 10_000:
            continue
        key, day = (line["person"], line["item"][:10]), line["occurred_at"].date()
        left = max(0, hand.get(key, 0) - (day - last.get(key, day)).days)
        hand[key], last[key] = left + line["days"], day
        old = age(tables.persons[line["person"]]["born"], day) >= rule.number("高龄")
        limit = rule.number("高龄上限天数" if old else "上限天数")
        pack = max(line["days"] * 10_000 // line["count"], 1)
        packs = min((hand[key] - limit) // pack, line["count"] // 10_000)
        if packs > 0:
            money = line["amount"] * packs * 10_000 // line["count"]
            beyond[key].add((line["line"], money))
            clear[key] += money if hand[key] * 100 > limit * (100 + rule.grey_percent) else 0
    least = rule.number("起算金额")
    return set().union(*(beyond[key] for key in beyond if clear[key] >= least))


def same_class(tables: Tables, rule: Rule) -> Found:
    found = set()
    drugs = [one for one in tables.lines if one["kind"] == "101" and one["days"]]
    drugs = [one for one in drugs if one["item"].startswith("X")]
    for group in grouped(drugs, "person").values():
        for line in group:
            day, most = line["occurred_at"].date(), 0
            for other in group:
                then = other["occurred_at"].date()
                same = other["item"][:6] == line["item"][:6] and other["item"] != line["item"]
                if same and then < day:
                    most = max(most, (then + timedelta(days=other["days"]) - day).days)
            if most > rule.number("重叠天数"):
                money = line["amount"] * min(most, line["days"]) // line["days"]
                found.add((line["line"], money))
    return found


def often(tables: Tables, rule: Rule) -> Found:
    found = set()
    kinds = rule.words("就医方式")
    mine = [one for one in tables.visits if one["med_type"] in kinds]
    mine.sort(key=lambda one: (one["begin"], one["settled_at"], one["visit"]))
    for group in grouped(mine, "person").values():
        for at, visit in enumerate(group):
            window = [
                one
                for one in group[:at]
                if (visit["begin"] - one["begin"]).days < rule.number("天数")
            ]
            if len(window) >= rule.number("次数"):
                found.add((visit["visit"], visit["pool"] + visit["account"]))
    return found


def many_places(tables: Tables, rule: Rule) -> Found:
    found = set()
    drugs = [one for one in tables.lines if one["kind"] in ("101", "102", "103")]
    for group in grouped(
        [one | {"drug": one["item"][:10]} for one in drugs], "person", "drug"
    ).values():
        for line in group:
            day = line["occurred_at"].date()
            near = {
                one["institution"]
                for one in group
                if 0 <= (day - one["occurred_at"].date()).days < rule.number("天数")
            }
            if len(near) >= rule.number("家数"):
                found.add((line["line"], line["amount"]))
    return found


def two_places(tables: Tables, rule: Rule) -> Found:
    found = set()
    there = [
        one
        for one in tables.outside()
        if tables.houses[one["institution"]]["kind"] != "internet" and one["region"]
    ]
    for group in grouped(there, "person").values():
        for before, visit in zip(group, group[1:], strict=False):
            minutes = (visit["settled_at"] - before["settled_at"]) // timedelta(minutes=1)
            if before["region"][:4] != visit["region"][:4] and minutes < rule.number("分钟"):
                found.add((visit["visit"], visit["total"]))
    return found


def split_visit(tables: Tables, rule: Rule) -> Found:
    found = set()
    fees: dict[str, int] = defaultdict(int)
    for line in tables.lines:
        if line["item"].startswith(str(rule.figures["诊查费编码"])):
            fees[line["visit"]] += line["amount"]
    there = [
        one for one in tables.outside() if tables.houses[one["institution"]]["kind"] != "pharmacy"
    ]
    for group in grouped(there, "person", "institution", "begin", "diagnosis").values():
        if len(group) >= rule.number("次数"):
            found |= {(one["visit"], fees[one["visit"]]) for one in group[1:]}
    return found


def trace_twice(tables: Tables, rule: Rule) -> Found:
    found, first = set(), {}
    for line in tables.lines:
        if line["trace"] is None or line["count"] < 10_000:
            continue
        if line["trace"] in first and first[line["trace"]] != line["visit"]:
            found.add((line["line"], line["amount"]))
        first.setdefault(line["trace"], line["visit"])
    return found


def card_runs(tables: Tables, rule: Rule) -> Found:
    found: Found = set()
    for group in grouped(tables.outside(), "terminal").values():
        runs: list[list[Row]] = []
        for visit in group:
            before = runs[-1][-1] if runs else None
            seconds = before and (visit["settled_at"] - before["settled_at"]).total_seconds()
            same = before and before["total"] == visit["total"]
            if same and seconds <= rule.number("间隔秒数"):
                runs[-1].append(visit)
            else:
                runs.append([visit])
        for run in runs:
            if len({one["person"] for one in run}) >= rule.number("张数"):
                least = rule.number("起算金额")
                found |= {(one["visit"], one["total"]) for one in run if one["total"] >= least}
    return found


def equal_amounts(tables: Tables, rule: Rule) -> Found:
    found: Found = set()
    dear = [one for one in tables.outside() if one["total"] >= rule.number("起算金额")]
    for group in grouped(dear, "institution", "begin", "total").values():
        if len({one["person"] for one in group}) >= rule.number("人数"):
            found |= {(one["visit"], one["total"]) for one in group}
    return found


def one_account(tables: Tables, rule: Rule) -> Found:
    found: Found = set()
    paid = [one for one in tables.visits if one["payer_account"]]
    for group in grouped(paid, "payer_account").values():
        if len({one["person"] for one in group}) > rule.number("人数"):
            found |= {(one["visit"], one["family"]) for one in group}
    return found


def year_end(tables: Tables, rule: Rule) -> Found:
    found: Found = set()
    paid = [one for one in tables.outside() if one["pool"] > 0]
    rates: dict[str, list[int]] = defaultdict(list)
    for visit in paid:
        rates[visit["level"]].append(_rate(visit))
    usual = {
        (level, rate)
        for level, all_rates in rates.items()
        for rate in set(all_rates)
        if all_rates.count(rate) >= 0.02 * len(all_rates)
    }
    sums: dict[int, list[list[Row]]] = defaultdict(list)
    for group in grouped(paid, "person").values():
        sums[sum(one["pool"] for one in group)].append(group)
    for groups in sums.values():
        if len(groups) < rule.number("同额人数"):
            continue
        for group in groups:
            last = group[-1]
            late = (date(last["begin"].year, 12, 31) - last["begin"]).days < rule.number("年末天数")
            shop = tables.houses[last["institution"]]["kind"] == "pharmacy"
            above, rate = last["in_scope"] - last["deductible"], _rate(last)
            whole = abs(above * rate / 100 - last["pool"]) <= 100 and (last["level"], rate) in usual
            if late and shop and whole and last["pool"] >= rule.number("起算金额"):
                found.add((last["visit"], last["total"]))
    return found


def _rate(visit: Row) -> int:
    return round(visit["pool"] * 100 / max(visit["in_scope"] - visit["deductible"], 1))


def wrong_line(tables: Tables, rule: Rule) -> Found:
    found: Found = set()
    for line in tables.lines:
        exact = (line["count"] * line["price"] + 50_000_000) // 100_000_000
        if abs(exact - line["amount"]) > rule.number("允许差额") or line["count"] <= 0:
            found.add((line["line"], max(0, line["amount"] - exact)))
    return found


def many_drugs(tables: Tables, rule: Rule) -> Found:
    found: Found = set()
    drugs = [
        one for one in tables.lines if one["kind"] == "101" and one["visit"] not in tables.in_stay
    ]
    for group in grouped(drugs, "visit").values():
        if len({one["item"] for one in group}) > rule.number("品种"):
            dear = sorted(group, key=lambda one: (one["amount"], one["line"]), reverse=True)
            found |= {(one["line"], one["in_scope"]) for one in dear[rule.number("品种") :]}
    return found


def large_decoction(tables: Tables, rule: Rule) -> Found:
    found: Found = set()
    pieces = [one for one in tables.lines if one["kind"] == "102"]
    for group in grouped(pieces, "visit").values():
        grams = sum(one["count"] for one in group) // 10_000
        beyond = max(0, grams - rule.number("克数"))
        if beyond or len({one["item"] for one in group}) > rule.number("味数"):
            found |= {(one["line"], one["in_scope"] * beyond // max(grams, 1)) for one in group}
    return found


SLOW: dict[str, Callable[[Tables, Rule], Found]] = {
    "住院期间门诊": during_stay,
    "死亡后就诊": after_death,
    "欠费期间支付": during_arrears,
    "重复收费": charged_twice,
    "超挂网价": above_listing,
    "超量开药": over_supply,
    "重复开药": same_class,
    "频繁就诊": often,
    "多处购药": many_places,
    "异地同时": two_places,
    "分解就诊": split_visit,
    "追溯码重复": trace_twice,
    "连续刷卡": card_runs,
    "金额雷同": equal_amounts,
    "一户多人": one_account,
    "年末用尽": year_end,
    "明细异常": wrong_line,
    "品种数": many_drugs,
    "饮片大处方": large_decoction,
}
"""Every detector that looks at more than what one point says."""
