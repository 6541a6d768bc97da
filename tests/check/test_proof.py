"""Proofs: what holds is proved, what does not is shown with a cost and the meters."""

from collections.abc import Sequence

import pytest

from gongji.law.checks import proof
from gongji.law.checks.proof import prove, refuses_all
from gongji.law.kernel import pour
from gongji.units import WHOLE

Limit = tuple[int, int]
"""An amount and the meter's place."""

YEAR, PAID, OTHER = 0, 1, 2


def step(
    rate_percent: int,
    deductibles: tuple[Limit, ...] = (),
    ceilings: tuple[Limit, ...] = (),
    bands: tuple[Limit, ...] = (),
    base: int = pour.LEFT,
) -> list[int]:
    """A step of a program."""
    numbers = [base, 0, rate_percent * 10_000]
    for group in (bands, deductibles, ceilings):
        numbers += [number for limit in group for number in limit] + [pour.END]
    return numbers


def program(steps: list[list[int]], tails: Sequence[list[int]] = ()) -> list[int]:
    """A program without gates."""
    body = [number for one in steps for number in one]
    tail = pour.HEADER + len(body)
    last = [number for one in tails for number in one]
    return [0, len(steps), len(tails), tail, *body, *last]


ORDINARY = step(60, deductibles=((30_000, YEAR),), ceilings=((150_000, PAID),))
OVERFLOW = step(85, ceilings=((5_000_000, OTHER),))

PROVED = {
    "a deductible, a rate and a ceiling": program([ORDINARY]),
    "what passes a ceiling at a higher rate": program([ORDINARY, OVERFLOW]),
    "odd figures": program([step(33, ((10_001, YEAR),), ((77_777, PAID),)), OVERFLOW]),
    "a band of cost, then another rate": program([step(75, bands=((550_000, PAID),)), step(55)]),
    "two deductibles, the tighter one counts": program(
        [step(60, deductibles=((20_000, YEAR), (30_000, OTHER)), ceilings=((150_000, PAID),))]
    ),
    "a floor above a ceiling": program([ORDINARY], [step(50, base=pour.FLOOR)]),
    "a supplement on the burden, to a ceiling": program(
        [ORDINARY, OVERFLOW], [step(90, ceilings=((40_000_000, OTHER + 1),))]
    ),
    "supplements on two parts of the burden": program(
        [ORDINARY],
        [step(70, base=pour.BORNE_DEDUCTIBLE), step(100, base=pour.BEYOND), step(50)],
    ),
    "a supplement whose ceiling counts what the layers paid": program(
        [ORDINARY], [step(80, ceilings=((200_000, PAID),))]
    ),
    "a supplement in two bands that share a meter": program(
        [ORDINARY],
        [
            step(60, bands=((100_000, OTHER),)),
            step(80, bands=((300_000, OTHER),), base=pour.ONWARD),
        ],
    ),
    "a share of one's own before everything": program(
        [step(10, base=pour.OWN), ORDINARY, OVERFLOW]
    ),
    "an amount that comes with the visit": program([step(100, ceilings=((-2, YEAR),)), ORDINARY]),
    "a ceiling that no cost fills exactly, then another rate": program(
        [step(85, ceilings=((5_000_000, OTHER),)), step(90)]
    ),
    "nothing at all": program([]),
}


@pytest.mark.parametrize("code", PROVED.values(), ids=PROVED)
def test_a_chain_that_keeps_its_promises_is_proved(code: list[int]) -> None:
    found = prove(code)
    assert not found.broken, found.broken
    assert not found.uncovered, found.uncovered
    assert found.states and found.points >= 0


def test_a_rate_above_the_whole_is_shown_with_cost_and_payment() -> None:
    found = prove(program([step(120, deductibles=((30_000, YEAR),))]))
    assert "个人负担下降" in found.broken
    assert "元" in found.broken


def test_supplements_that_pay_the_same_fen_twice_are_shown() -> None:
    """The second layer's deductible is paid whole by one supplement and half by the other."""
    layers = [step(10, bands=((100_000, PAID),)), ORDINARY]
    found = prove(program(layers, [step(50), step(100, base=pour.BORNE_DEDUCTIBLE)]))
    assert "个人负担下降" in found.broken


def test_a_supplement_whose_deductible_the_layers_also_meet_is_shown() -> None:
    """From 200 to 300 each fen is burden and also lowers what is due of the supplement's 400."""
    found = prove(program([ORDINARY], [step(90, deductibles=((40_000, YEAR),))]))
    assert "个人负担下降" in found.broken


def test_what_the_argument_does_not_cover_is_said_where_nothing_breaks() -> None:
    twice = [step(10), step(10, base=pour.BORNE_DEDUCTIBLE)]
    found = prove(program([step(60)], twice))
    assert not found.broken
    assert "同一笔负担" in found.uncovered


def test_a_kernel_that_rounds_the_absorbed_cost_down_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The proof is about the kernel, not about a picture of it."""
    monkeypatch.setattr(pour, "cost_absorbed", lambda room, rate: room * WHOLE // rate)
    assert any(prove(code).broken for code in PROVED.values())


def test_every_kink_of_a_chain_is_looked_at() -> None:
    """Deductible 300, then 60 % to 1,500 paid (2,500 of cost), then 85 % to 50,000 paid."""
    code = program([ORDINARY, OVERFLOW])
    steps, tails = proof._steps(code)
    bench = proof._Bench(code, steps + tails)
    bench.set({YEAR: 0, PAID: 0, OTHER: 0})
    absorbed = pour.cost_absorbed(5_000_000, 850_000)
    assert bench.kinks() == [0, 30_000, 280_000, 280_000 + absorbed]


def test_the_kinks_behind_a_share_of_ones_own_are_found() -> None:
    """One tenth is the person's own; the deductible of 300 is met at 333.33 or 333.34."""
    code = program([step(10, base=pour.OWN), ORDINARY])
    steps, tails = proof._steps(code)
    bench = proof._Bench(code, steps + tails)
    bench.set({YEAR: 0, PAID: 0})
    assert any(33_333 <= kink <= 33_335 for kink in bench.kinks())
    assert any(311_110 <= kink <= 311_113 for kink in bench.kinks())


def test_the_kinks_of_a_floor_and_a_supplement_are_found() -> None:
    """Paid 60 % above 300; half of the whole from 1,800 on is below it: 0.6 (c - 300) = 0.5 c."""
    code = program([step(60, deductibles=((30_000, YEAR),))], [step(50, base=pour.FLOOR)])
    steps, tails = proof._steps(code)
    bench = proof._Bench(code, steps + tails)
    bench.set({YEAR: 0})
    assert any(abs(kink - 180_000) <= 10 for kink in bench.kinks())


def test_a_cell_that_a_gate_always_refuses_needs_no_proof() -> None:
    assert refuses_all([1, 0, 0, 0, 0, 7])
    assert not refuses_all([1, 0, 0, 0, 4, 7])
