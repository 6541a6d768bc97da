"""The counter prices a line exactly as the files do: random catalogues and bills, both ways."""

import random
from datetime import date
from typing import Any

import polars as pl
import psycopg
import pytest

from gongji.batch.lines import read_catalogue
from gongji.batch.lines.price_lines import SPLIT, price
from gongji.batch.lines.price_list import AMOUNTS as AMOUNT_COLUMNS
from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.refusals import Refusal
from gongji.settlement.batch_summary import AMOUNTS, batch_of, sums_for
from gongji.settlement.contract import Line
from gongji.settlement.price_bills import Bill, price_bills
from gongji.tabular.texts import read_texts
from gongji.units import UNIT, round_half_up, yuan_text

AREAS = ("532300", "530900", "430500", "445300", "510400")
DAYS = ("2023-03-01", "2024-06-30", "2024-12-01", "2025-03-05")
LEVELS = {"": "H53230000000", "1": "H53230000001", "2": "H53230000002", "3": "H53230000003"}
ITEMS = 40
CATALOGUE_HEAD = (
    "item,name,from,to,class,first_self_pay,standard,standard_1,standard_2,standard_3,listing,"
    "part,negotiated"
)


def catalogue_rows(dice: random.Random) -> list[str]:
    def amount(chance: float) -> str:
        return yuan_text(dice.randrange(1, 20_000)) if dice.random() < chance else ""

    rows = []
    for number in range(ITEMS):
        spans = dice.choice(
            [[("2020-01-01", "")], [("2020-01-01", "2024-06-30"), ("2024-06-30", "")]]
        )
        if dice.random() < 0.1:
            spans = [("2020-01-01", "2024-01-01")]
        for since, until in spans:
            grade = dice.choice("甲甲乙乙乙丙")
            share = dice.choice(["", "5%", "10%", "12.5%", "100%"]) if grade == "乙" else ""
            limits = ",".join(amount(chance) for chance in (0.5, 0.2, 0.2, 0.2, 0.4))
            negotiated = dice.choice(["", "", "", "是"])
            rows.append(
                f"I{number},药{number},{since},{until},{grade},{share},{limits},,{negotiated}"
            )
    return rows


def texts(head: str, rows: list[str]) -> pl.DataFrame:
    return read_texts(pl.read_csv("\n".join([head, *rows]).encode(), infer_schema=False))


class Bills:
    """Random bills, as rows of files and as what the counter is given."""

    def __init__(self, dice: random.Random, rules: Areas) -> None:
        self.visits: list[str] = []
        self.lines: list[str] = []
        self.bills: list[Bill] = []
        for number in range(60):
            area, day = AREAS[number % len(AREAS)], dice.choice(DAYS)
            level, prescriber = dice.choice([("1", ""), ("2", ""), ("3", ""), ("", ""), ("", "2")])
            chronic = dice.random() < 0.4
            benefit = "chronic" if chronic else "ordinary"
            self.visits.append(f"v{number},{day},{area},active,{level},{prescriber},{benefit}")
            lines = tuple(
                self.line(dice, number, at, prescriber, chronic)
                for at in range(dice.randrange(1, 9))
            )
            self.bills.append(
                Bill(
                    rules.area(area),
                    date.fromisoformat(day),
                    LEVELS[level],
                    lines,
                    AREAS.index(area) + 1,
                    "registered_disease" if chronic else "outpatient",
                    "M1" if chronic else "",
                )
            )

    def line(
        self, dice: random.Random, visit: int, at: int, prescriber: str, chronic: bool
    ) -> Line:
        item = f"I{dice.randrange(ITEMS + 1)}"
        quantity, micro = (
            dice.choice([10_000, 20_000, 15_000, 3333, 100_000]),
            dice.randrange(1, 200) * 1_370_000,
        )
        fen = round_half_up(quantity * micro, 10**8)
        own_day = dice.choice(["", "", "2023-12-31", "2024-06-30"])
        related = dice.choice(["", "", "", "否"]) if chronic else ""
        self.lines.append(
            f"v{visit},{item},{quantity / UNIT:.4f},{yuan_text(fen)},{related},{own_day}"
        )
        details = {"fee_ocur_time": f"{own_day} 08:30:00" if own_day else None}
        return Line(
            str(at),
            item,
            quantity,
            micro,
            fen,
            prescriber=LEVELS[prescriber] if prescriber else "",
            related=False if related else None,
            details=details,
        )


def fill(owner: psycopg.Connection[Any], catalogue: pl.DataFrame) -> None:
    def fen(value: int) -> int | None:
        return value if value >= 0 else None

    for level, code in LEVELS.items():
        owner.execute(
            "insert into institution (code, area, name, kind)"
            " values (%s, '532300', %s, 'hospital')",
            [code, f"测试医院{level}"],
        )
        owner.execute(
            "insert into institution_fact (institution, kind, since, details)"
            " values (%s, 'level', '2020-01-01', jsonb_build_object('level', %s::text))",
            [code, level],
        )
    for number, area in enumerate(AREAS, start=1):
        owner.execute(
            "insert into person (id, psn_no, area, name, certificate, certificate_hash)"
            " overriding system value values (%s, %s, %s, '测试甲', '', %s)",
            [number, f"{area}{number:014}", area, bytes([number])],
        )
        owner.execute(
            "insert into person_fact (person_id, area, kind, key, since, details)"
            " values (%s, %s, 'registration', 'M1', '2020-01-01', jsonb_build_object("
            "'benefit', 'chronic', 'disease', '甲病', 'name', '甲病'))",
            [number, area],
        )
        for row in catalogue.iter_rows(named=True):
            days = [date.fromordinal(719163 + day) for day in (row["from"], min(row["to"], 60_000))]
            owner.execute(
                "insert into item_version (area, item, name, list_type, charge_type, since, until,"
                " grade, first_self_pay_ppm, standard_fen, standard_1_fen, standard_2_fen,"
                " standard_3_fen, listing_fen, part, negotiated, diseases)"
                " values (%s, %s, %s, '101', '09',"
                " %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '{}')",
                [
                    area,
                    row["item"],
                    row["name"],
                    *days,
                    row["class"],
                    fen(row["share"]),
                    *(fen(row[name]) for name in AMOUNT_COLUMNS),
                    row["part"],
                    row["negotiated"],
                ],
            )


@pytest.mark.parametrize("seed", [3, 2026])
def test_random_bills_come_out_as_their_files_do(
    owner: psycopg.Connection[Any], gateway: psycopg.Connection[Any], seed: int
) -> None:
    dice = random.Random(seed)
    catalogue = read_catalogue(texts(CATALOGUE_HEAD, catalogue_rows(dice)).drop("row_number"))
    bills = Bills(dice, Areas())
    fill(owner, catalogue.versions)
    by_file = price(
        texts("visit,item,quantity,amount,related,date", bills.lines),
        catalogue,
        texts("visit,date,area,status,level,prescriber_level,benefit", bills.visits),
        Library(),
        unknown_items="own",
    )
    splits: dict[str, list[Any]] = {}
    for row in by_file.lines.select("visit", *SPLIT).iter_rows():
        splits.setdefault(row[0], []).append(row[1:])
    reasons: dict[str, set[str]] = {}
    for visit, code in by_file.problems.select("visit", "code").iter_rows():
        reasons.setdefault(visit, set()).add(code)
    found = price_bills(gateway, bills.bills)
    compared = refused = unrelated = 0
    for number, (bill, made) in enumerate(zip(bills.bills, found, strict=True)):
        visit = f"v{number}"
        if isinstance(made, Refusal):
            if visit not in reasons:
                # The counter stores the split of a line whatever the disease turns out to be.
                assert any(line.related is False for line in bill.lines), str(made)
                assert made.values.get("why", made.code) in ("self_pay_missing", "level_missing")
                continue
            assert made.values.get("why", made.code) in reasons[visit], str(made)
            refused += 1
            continue
        assert visit not in reasons, reasons[visit]
        assert [line.amounts for line in made.lines] == splits[visit]
        sums = sums_for(
            batch_of(made), "chronic" if bill.med_type == "registered_disease" else "ordinary"
        )
        whole = [sum(column) for column in zip(*splits[visit], strict=True)]
        assert [getattr(sums, name) for name in AMOUNTS] == whole
        compared += 1
        unrelated += len(sums.unrelated)
    assert compared > 15 and refused > 5 and unrelated > 0
