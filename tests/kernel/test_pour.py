"""The kernel on small programs typed by hand: gates, limits that bind alike, parts, what a visit
that cannot be settled leaves, what a supplement is on."""

import pytest

from gongji.law.kernel import pour
from gongji.units import WHOLE

Limit = tuple[int, int]
DUE, PAID, MORE, BAND = range(4)
"""Places of meters."""


def step(
    rate: int,
    deductibles: tuple[Limit, ...] = (),
    ceilings: tuple[Limit, ...] = (),
    bands: tuple[Limit, ...] = (),
    base: int = pour.LEFT,
) -> list[int]:
    """A step; the rate in parts per million."""
    numbers = [base, 0, rate]
    for group in (bands, deductibles, ceilings):
        numbers += [number for limit in group for number in limit] + [pour.END]
    return numbers


def program(
    steps: list[list[int]], tails: tuple[list[int], ...] = (), gates: tuple[Limit, ...] = ()
) -> list[int]:
    """A program; gates are masks with their refusals."""
    head = [number for gate in gates for number in gate]
    body = [number for one in steps for number in one]
    tail = [number for one in tails for number in one]
    at = pour.HEADER + len(head) + len(body)
    return [len(gates), len(steps), len(tails), at, *head, *body, *tail]


class Poured:
    """One visit poured: status, records and meters."""

    def __init__(
        self, code: list[int], *costs: int, meters: tuple[int, ...] = (0,) * 4, flags: int = 0
    ) -> None:
        self.meters = list(meters)
        self.out, self.why = [0] * 60, [0] * 40
        cells = [0] * len(costs)
        self.status, self.records = pour.pour(
            code, cells, list(costs), len(costs), flags, [], self.meters, self.out, self.why
        )

    def paid(self) -> list[int]:
        """What each step paid."""
        return [self.out[n * pour.RECORD_SIZE + pour.PAID] for n in range(self.records)]

    def cost(self) -> list[int]:
        """What each step was offered."""
        return [self.out[n * pour.RECORD_SIZE + pour.COST] for n in range(self.records)]


GATES = ((0b011, 20), (0b100, 21), (0b001, 22))


@pytest.mark.parametrize(
    ("flags", "refusal"),
    [(0, 0), (0b001, 22), (0b010, 0), (0b011, 20), (0b100, 21), (0b101, 21), (0b111, 20)],
)
def test_a_gate_holds_only_where_all_its_conditions_do(flags: int, refusal: int) -> None:
    """And of several the first in the program refuses; the meters stay."""
    found = Poured(program([step(WHOLE, ((500, DUE),))], gates=GATES), 1_000, flags=flags)
    assert found.status == refusal
    assert found.meters[DUE] == (0 if refusal else 500)


ORDINARY = step(600_000, ((30_000, DUE),), ((150_000, PAID),))


@pytest.mark.parametrize(
    ("cost", "due", "paid"),
    [
        (29_999, 29_999, 0),
        (30_000, 30_000, 0),
        (30_001, 30_000, 1),  # 0.6 fen
        (279_999, 30_000, 149_999),  # 249,999 x 0.6 = 149,999.4
        (280_000, 30_000, 150_000),
        (280_001, 30_000, 150_000),
    ],
)
def test_a_deductible_and_a_ceiling_to_the_fen(cost: int, due: int, paid: int) -> None:
    """300 yuan, 60 %, 1,500 yuan: used up at 2,800."""
    found = Poured(program([ORDINARY]), cost)
    assert found.status == pour.SETTLED and found.meters[:2] == [due, paid]


def test_what_is_above_a_ceiling_flows_on_to_the_fen() -> None:
    """10 yuan of room at 85 % absorb 11.76 (1000 / 0.85 = 1176.47): 8.24 of 20 flow on."""
    found = Poured(program([step(850_000, (), ((1_000, PAID),)), step(WHOLE)]), 2_000)
    assert found.paid() == [1_000, 824] and found.cost() == [2_000, 824]
    # At 75 % 10.01 yuan of room are 13.3467 of cost, 13.35.
    found = Poured(program([step(750_000, (), ((1_001, PAID),)), step(WHOLE)]), 2_000)
    assert found.cost() == [2_000, 665]


@pytest.mark.parametrize(
    ("held", "bound"), [((0, 0), 0), ((100, 0), 0), ((0, 100), 1), ((100, 100), 0)]
)
def test_the_tightest_limit_is_named_and_of_equal_ones_the_first(
    held: tuple[int, int], bound: int
) -> None:
    """Two deductibles of 300 yuan with meters of their own."""
    code = program([step(600_000, ((30_000, DUE), (30_000, MORE)))])
    found = Poured(code, 100_000, meters=(held[0], 0, held[1], 0))
    at = pour.HEADER + pour.STEP_SIZE + 1
    assert found.why[pour.DEDUCTIBLE_BY] == at + bound * pour.LIMIT_SIZE


OPEN = step(pour.OPEN, (), ((500, MORE),))


@pytest.mark.parametrize("tail", [False, True])
@pytest.mark.parametrize("costs", [(400_000,), (200_000, 200_000)])
def test_a_visit_that_cannot_be_settled_leaves_no_trace(costs: tuple[int, ...], tail: bool) -> None:
    """Band, deductible and payment of the steps before an open figure are taken back."""
    first = step(600_000, ((30_000, DUE),), ((90_000, PAID),), ((10**9, BAND),))
    code = program([first], (OPEN,)) if tail else program([first, OPEN])
    meters = (7, 11, 13, 17)
    found = Poured(code, *costs, meters=meters)
    assert found.status < 0 and code[-found.status] == pour.OPEN
    assert tuple(found.meters) == meters


@pytest.mark.parametrize("figure", ["band", "deductible", "ceiling"])
def test_an_open_limit_is_told_by_its_place(figure: str) -> None:
    """Of a band, a deductible, a ceiling; nothing has moved."""
    limit = ((pour.OPEN, DUE),)
    groups = {"band": ((), (), limit), "deductible": (limit, (), ()), "ceiling": ((), limit, ())}
    code = program([step(600_000, *groups[figure])])
    found = Poured(code, 1_000)
    assert code[-found.status] == pour.OPEN
    assert found.meters == [0] * 4


def test_a_band_is_used_up_by_deductible_and_share_alike() -> None:
    """Cost up to 5,500 at 75 % after 300: 5,200 absorbed, the band is full; the rest at 55 %."""
    band = step(750_000, ((30_000, DUE),), (), ((550_000, BAND),))
    found = Poured(program([band, step(550_000)]), 600_000)
    assert found.meters[BAND] == 550_000
    assert found.paid() == [390_000, 27_500]
    assert Poured(program([band, step(550_000)]), 1, meters=(0, 0, 0, 550_000)).cost() == [1, 1]


TAILS = {
    # Cost 4,000: deductible 300, 60 % of 2,500 = 1,500 (the ceiling), 1,200 beyond.
    pour.BORNE_DEDUCTIBLE: 30_000,
    pour.BORNE_SHARE: 100_000,
    pour.BEYOND: 120_000,
    pour.LEFT: 250_000,
}


@pytest.mark.parametrize(("base", "fen"), TAILS.items())
def test_a_supplement_is_on_its_part_of_the_burden(base: int, fen: int) -> None:
    """Deductible, share, beyond the ceiling, or all that is left; half of it is paid."""
    found = Poured(program([ORDINARY], (step(500_000, base=base),)), 400_000)
    assert found.cost()[1] == fen
    assert found.paid() == [150_000, fen // 2]


def test_what_is_ones_own_first_is_in_no_part_of_the_burden() -> None:
    """A tenth of 4,000 first; of 3,600: 300, 1,000, 800 beyond."""
    own = step(100_000, base=pour.OWN)
    for base, fen in (
        (pour.BORNE_DEDUCTIBLE, 30_000),
        (pour.BORNE_SHARE, 100_000),
        (pour.BEYOND, 80_000),
    ):
        found = Poured(program([own, ORDINARY], (step(500_000, base=base),)), 400_000)
        assert found.cost() == [400_000, 360_000, fen]


def test_a_floor_tops_up_to_a_share_of_the_whole_and_no_further() -> None:
    """Half of 4,000 is 2,000: 500 more. Half of 2,000 is 1,000, less than the 1,020 paid."""
    floor = step(500_000, base=pour.FLOOR)
    assert Poured(program([ORDINARY], (floor,)), 400_000).paid() == [150_000, 50_000]
    assert Poured(program([ORDINARY], (floor,)), 200_000).paid() == [102_000, 0]


def test_a_supplement_is_on_what_the_parts_left_together() -> None:
    """Two parts of 2,000 share the deductible: 1,020 and 480 (the room), 2,500 left."""
    found = Poured(program([ORDINARY], (step(WHOLE, base=pour.LEFT),)), 200_000, 200_000)
    assert found.paid() == [102_000, 48_000, 250_000]
