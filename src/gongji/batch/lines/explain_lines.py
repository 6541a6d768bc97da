"""The sentences of one priced line: what of it is the person's and why, with the article."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from gongji.batch.lines.line_columns import LAW
from gongji.batch.lines.price_lines import PricedRows
from gongji.law.compile.grounds import Ground
from gongji.law.explain.sentences import Sentence, yuan
from gongji.law.pricing.terms import NEGOTIATED, Terms
from gongji.law.rulebook.line_provisions import OUTSIDE, SELF_PAY, UNRELATED
from gongji.law.rulebook.provision_kinds import Doubt
from gongji.law.rulebook.vocabulary import BENEFITS
from gongji.units import QUANTITY_DECIMALS, UNIT, show_ppm

NEGOTIATED_DRUG = BENEFITS[NEGOTIATED]


def explain_line(priced: PricedRows, line: Mapping[str, Any]) -> tuple[list[Sentence], list[Doubt]]:
    """The sentences of a line (a row of `PricedRows.lines`), and the doubts that they rest on.

    Ensures: every part of the line's amount appears in a sentence; each that is the person's with
             its article.
    """
    reasons = list(_reasons(priced.terms[line[LAW]], line))
    doubts = {doubt.question: doubt for _, found in reasons for doubt in found.doubts}
    said = [Sentence(sentence.kind, sentence.text, (found.cite,)) for sentence, found in reasons]
    return [_opening(line), *said, _closing(line)], list(doubts.values())


def _opening(line: Mapping[str, Any]) -> Sentence:
    name = f"{line['item']} {line['name'] or ''}".strip()
    group = f"（{line['class']}类）" if line["class"] else "（目录中没有）"
    whole, parts = divmod(line["quantity_e4"], UNIT)
    number = f"{whole}.{parts:0{QUANTITY_DECIMALS}d}".rstrip("0").rstrip(".")
    return Sentence("line", f"{name}{group}：数量{number}，金额{yuan(line['amount_fen'])}。")


def _reasons(terms: Terms, line: Mapping[str, Any]) -> Iterator[tuple[Sentence, Ground]]:
    """What is the person's, each with the rule behind it; lines without a rule are never priced."""
    wholly = yuan(line["wholly_own_fen"])
    if line["unrelated"]:
        found = terms.ground(UNRELATED, line["benefit_code"])
        benefit = terms.law.benefit_name(line["benefit_code"])
        text = f"与病种治疗无关，不属于{benefit}的支付范围，{wholly}由个人负担。"
        yield from _said("unrelated", text, found)
    elif not line["covered"]:
        found = terms.ground(OUTSIDE)
        yield from _said("outside", f"不在医保目录支付范围内，{wholly}由个人负担。", found)
    if line["above_standard_fen"]:
        found = terms.ground(line["price"])
        name = line["price"].removeprefix("超")
        text = (
            f"高于{name}（每单位{yuan(line['standard_fen'])}）的部分"
            f"{yuan(line['above_standard_fen'])}统筹基金不予支付。"
        )
        yield from _said("above_standard", text, found)
    if line["first_self_pay_fen"]:
        negotiated = line["share_from"] == "negotiated" and terms.negotiated
        found = negotiated[1] if negotiated else terms.ground(SELF_PAY)
        text = (
            f"先行自付{show_ppm(line['share_ppm'])}，"
            f"即{yuan(line['first_self_pay_fen'])}，由个人负担。"
        )
        if found and line["benefit_code"] == NEGOTIATED_DRUG:
            # How it mixes with other benefits is no question in its own.
            found = replace(found, doubts=())
        yield from _said("first_self_pay", text, found)


def _said(kind: str, text: str, found: Ground | None) -> Iterator[tuple[Sentence, Ground]]:
    assert found is not None
    yield Sentence(kind, text), found


def _closing(line: Mapping[str, Any]) -> Sentence:
    part = f"（{line['part']}）" if line["part"] else ""
    return Sentence("in_scope", f"计入政策范围内费用{part}{yuan(line['in_scope_fen'])}。")
