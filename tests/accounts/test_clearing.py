"""A year's capitation: against the oracle, in Numba, over part years, explained."""

import random
from typing import Any

import pytest

from gongji import oracle
from gongji.law.accounts import clear
from gongji.law.accounts.clearing import HEADS
from gongji.law.accounts.explain_accounts import explain_statement
from gongji.law.checks.library import Library
from gongji.law.engine.areas import Areas
from gongji.law.kernel import clear as kernel
from gongji.refusals import Refusal
from gongji.units import yuan_text
from histories import random_clearing

LIBRARY = Library()
YF = "445300"
TERMS = (
    300_000,
    900_000,
    10_000,
    10_000,
    4,
    0,
    0,
    300_000,
    300_000,
    700_000,
    700_000,
    800_000,
    1_000_000,
)
"""云浮第二十条 as the kernel takes it, typed here a second time."""


def year(wage: str = "50000", **row: str) -> dict[str, str]:
    """A year of an institution with 40 people; wage 50,000 makes the ceiling 1,000 yuan."""
    ordinary = {"area": YF, "year": "2024", "direct_settled": "90", "settled": "100"}
    return ordinary | dict.fromkeys(HEADS, "40") | row


def cleared(settings: dict[str, str] | None = None, **row: str) -> Any:
    """A year cleared with an average wage of 50,000."""
    return clear(
        Areas(LIBRARY, everywhere=settings or {"average_wage": "50000"}).area(YF), year(**row)
    )


def kernel_year(row: dict[str, Any]) -> tuple[int, ...]:
    """The kernel's year of a row of the oracle."""
    prepaid = sum(kernel.prepayment(row["ceiling_fen"], TERMS[0], heads) for heads in row["heads"])
    out = [0] * kernel.YEAR_SIZE
    counts = (row["direct_settled"], row["settled"])
    paid = prepaid - row["manual_fen"]
    spent = row["spent_fen"] + max(0, -paid)
    kernel.clear(TERMS, 0, max(0, paid), spent, *counts, out)
    return (prepaid, *out)


def test_the_kernel_equals_the_oracle_on_random_years() -> None:
    """On and beside every boundary of use and of the direct-settlement rate."""
    rng = random.Random("clearing")
    for number in range(5_000):
        row = random_clearing(rng)
        wanted = oracle.clear(row)
        prepaid, balance, _, _, share, kept, returned, borne = kernel_year(row)
        found = (prepaid, balance, share, kept, returned, borne)
        assert found == (
            wanted.prepaid_fen,
            wanted.balance_fen,
            wanted.kept_ppm,
            wanted.kept_fen,
            wanted.returned_fen,
            wanted.borne_fen,
        ), (number, row)


def test_the_rulebook_equals_the_oracle_on_random_years() -> None:
    """The same through the rulebook and a row of texts; the ceiling is 2 % of a wage in yuan."""
    rng = random.Random("institutions")
    for number in range(300):
        row = random_clearing(rng)
        row["ceiling_fen"] = row["ceiling_fen"] // 100 * 100
        wanted = oracle.clear(row)
        texts = {name: str(row[name]) for name in ("direct_settled", "settled", "spent_fen")}
        texts["manual_reimbursed_fen"] = str(row["manual_fen"])
        texts |= {name: str(heads) for name, heads in zip(HEADS, row["heads"], strict=True)}
        found = cleared({"average_wage.2022": yuan_text(row["ceiling_fen"] * 50)}, **texts)
        assert (found.prepaid_fen, found.kept_ppm, found.kept_fen, found.borne_fen) == (
            wanted.prepaid_fen,
            wanted.kept_ppm,
            wanted.kept_fen,
            wanted.borne_fen,
        ), (number, row)
        assert found.usage_ppm == int(wanted.usage * 1_000_000)


def test_a_kept_share_has_cliffs_only_where_the_article_puts_them() -> None:
    """What is kept falls with each fen spent, but at 30, 70 and 80 % it leaps up."""
    prepaid = 100_000
    kept = []
    for used in range(prepaid + 2):
        out = [0] * kernel.YEAR_SIZE
        kernel.clear(TERMS, 0, prepaid, used, 1, 1, out)
        kept.append(out[kernel.KEPT])
    leaps = [used for used in range(1, len(kept)) if kept[used] > kept[used - 1]]
    assert leaps == [30_000, 70_000, 80_000]


def test_a_part_year_is_prepaid_from_the_first_month_in_force() -> None:
    """第二十六条: from 2022-09; people counted before are a mistake of the file."""
    heads = dict.fromkeys(HEADS[:8], "0")
    settings = {"average_wage.2020": "50000"}
    assert cleared(settings, year="2022", spent="0", **heads).prepaid_fen == 400_000
    with pytest.raises(Refusal) as refusal:
        cleared(settings, year="2022", spent="0", **heads | {"heads_8": "1"})
    assert (refusal.value.code, refusal.value.field) == ("date_outside", "heads_8")


@pytest.mark.parametrize(
    ("row", "code", "field"),
    [
        ({"spent": "1", "year": "2026"}, "date_outside", "year"),
        ({"spent": "1", "year": "24"}, "value_invalid", "year"),
        ({"spent": "-1"}, "amount_negative", "spent"),
        ({"spent": "1", "heads_3": "1.5"}, "value_invalid", "heads_3"),
        ({"spent": "1", "heads_3": "999999999"}, "amount_too_large", "heads_3"),
        ({"spent": "1", "direct_settled": "101"}, "value_invalid", "direct_settled"),
        ({"spent": "1", "settled": ""}, "field_missing", "settled"),
        ({}, "field_missing", "spent"),
        ({"spent": "1", "heads": "40"}, "field_unknown", "heads"),
    ],
)
def test_a_year_that_cannot_be_read_is_refused(row: dict[str, str], code: str, field: str) -> None:
    """Code and column of each mistake."""
    with pytest.raises(Refusal) as refusal:
        cleared(**row)
    assert (refusal.value.code, refusal.value.field) == (code, field)


def test_a_clearing_needs_the_wage_and_an_area_that_rules_it() -> None:
    """Yunfu's wage is open; the other documents give no clearing arithmetic."""
    with pytest.raises(Refusal) as refusal:
        cleared({"average_wage.2021": "50000"}, spent="1")
    assert (refusal.value.code, refusal.value.field) == ("parameter_missing", "average_wage.2022")
    for code in ("430500", "510400", "532300", "530925"):
        with pytest.raises(Refusal) as refusal:
            clear(Areas(LIBRARY).area(code), year(area=code, spent="1"))
        assert refusal.value.code == "not_ruled"


def test_each_line_of_a_clearing_shows_its_arithmetic_and_article() -> None:
    """Ceiling, prepayment, charge-back, use, direct rate, what is kept."""
    result = cleared(spent="9120", manual_reimbursed="600", direct_settled="899", settled="1000")
    told = explain_statement(result)
    assert told.lines()[:6] == [
        "2024年，广东省云浮市：普通门诊年度最高支付限额1,000.00元。"
        "〔云浮市职工基本医疗保险门诊共济保障实施细则 第六条〕",
        "按月预拨＝限额×30%×当月定点人数÷12：1—12月每月40人1,000.00元；全年定额包干12,000.00元。"
        "〔云浮市职工基本医疗保险门诊共济保障实施细则 第二十条（一）〕",
        "零星报销600.00元在定额包干费用中扣回，实付定额11,400.00元。"
        "〔云浮市职工基本医疗保险门诊共济保障实施细则 第二十条（一）〕",
        "使用9,120.00元÷11,400.00元，使用率80%；结余2,280.00元，本档由机构留用100%。"
        "〔云浮市职工基本医疗保险门诊共济保障实施细则 第二十条（二）第四款〕",
        "直接结算899÷1,000＝89.9%，低于90%，留用比例降低1个百分点。"
        "〔云浮市职工基本医疗保险门诊共济保障实施细则 第二十条（二）第六款〕",
        "机构留用99%，2,257.20元；退回统筹基金22.80元。"
        "〔云浮市职工基本医疗保险门诊共济保障实施细则 第二十条（二）〕",
    ]
    assert any("零星报销" in note for note in told.notes())
    over = explain_statement(cleared(spent="12000.01"))
    assert "超出定额的0.01元由机构承担" in over.as_text()
    assert "第二十条（二）第五款" in over.articles
