"""No figure of a shipped rulebook can change without a test that notices."""

from collections import Counter
from concurrent.futures import ProcessPoolExecutor

import pytest
from rich.progress import track

from mutants import Mutant, death, mutants

SAMPLE = 4
"""In the ordinary run one in so many figures is changed."""


def test_a_figure_is_every_scalar_with_a_digit_that_is_not_prose() -> None:
    found = mutants()
    shown = {str(mutant).split(": ", 1)[1] for mutant in found}
    assert "文件.施行: 2022-07-01 -> 2022-07-02" in shown
    assert "期限.手工报销.截止: 次年3月31日 -> 次年3月32日" in shown
    assert "待遇.普通门诊.层.最高支付限额.金额: 6000元 -> 6001元" in shown
    assert not any("依据" in mutant.key or "文号" in mutant.key for mutant in found)
    assert len(found) > 150


@pytest.mark.parametrize("mutant", mutants()[::SAMPLE], ids=str)
def test_a_changed_figure_is_noticed(mutant: Mutant) -> None:
    assert death(mutant), f"survives: {mutant}"


@pytest.mark.slow
def test_every_changed_figure_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    """All of them, in two processes; `make mutation` runs this and prints the survivors."""
    found = mutants()
    survivors: list[Mutant] = []
    causes: Counter[str] = Counter()
    with capsys.disabled(), ProcessPoolExecutor(2) as pool:
        deaths = track(pool.map(death, found), "figures", len(found))
        for mutant, cause in zip(found, deaths, strict=True):
            causes[cause] += 1
            if not cause:
                survivors.append(mutant)
        print(f"\n{len(found)} figures changed: {dict(causes)}")
        print(f"{len(survivors)} survivors")
        for mutant in survivors:
            print(f"  {mutant}")
    assert not survivors
