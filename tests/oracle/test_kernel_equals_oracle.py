"""The kernel with the rulebooks against the oracle, on random person-years over all areas."""

from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import date

import pytest
from rich.progress import Progress

from comparison import Difference, Shelf, compare_years, difference, settings_of, shrunk, texts_of
from gongji.law.checks.library import Library

YEARS = 10_000
SLICES = 20
MILLION = 1_000_000
CHUNK = 2_000


@pytest.fixture(scope="module")
def library() -> Library:
    """The shipped rulebooks, read once."""
    return Shelf()


ORDINARY = 5
"""So many slices are of every run, all of the slow ones."""


@pytest.mark.parametrize(
    "number",
    [*range(ORDINARY), *(pytest.param(n, marks=pytest.mark.slow) for n in range(ORDINARY, SLICES))],
)
def test_kernel_equals_oracle_on_ten_thousand_person_years(library: Library, number: int) -> None:
    years = YEARS // SLICES
    visits, found = compare_years(library, years, "ordinary run", first=number * years)
    assert not found, found
    assert visits > years


def _chunk(seed: str, first: int) -> tuple[int, str]:
    return compare_years(Shelf(), CHUNK, seed, first)


@pytest.mark.slow
def test_kernel_equals_oracle_on_a_million_person_years(
    seed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Over two processes, with progress; the seed is printed and `--seed` repeats it."""
    with capsys.disabled(), ProcessPoolExecutor(2) as pool:
        print(f"\nseed {seed}")
        jobs = [pool.submit(_chunk, seed, first) for first in range(0, MILLION, CHUNK)]
        visits = 0
        with Progress() as progress:
            task = progress.add_task("person-years", total=MILLION)
            for job in as_completed(jobs):
                count, found = job.result()
                if found:
                    pool.shutdown(cancel_futures=True)
                    pytest.fail(found)
                visits += count
                progress.advance(task, CHUNK)
        print(f"{MILLION:,} person-years, {visits:,} visits: no difference")


def test_a_difference_is_shrunk_to_the_visits_that_make_it(library: Library) -> None:
    row = {"person": "1", "area": "510400", "status": "active", "institution": "A"}
    rows = [
        row | {"date": date(2023, 3, day), "level": "3", "total_fen": 12_345, "visit": f"v{day}"}
        for day in (1, 2, 3)
    ]
    answers = {"refusal": "", "deductible": 0}
    found = shrunk(library, Difference(rows, {}, answers, answers))
    assert found.rows == rows, "nothing differs, so nothing is taken away"
    assert difference(library, rows, {}) is None
    assert "differ on the last of these visits" in str(found)


def test_open_figures_and_facts_are_handed_over_as_text() -> None:
    figures = {"inpatient_rate.3.active": 853_300, "inpatient_ceiling": 5_000_033}
    assert settings_of(figures) == {
        "inpatient_rate.3.active": "85.33%",
        "inpatient_ceiling": "50000.33",
    }
    row = {"date": date(2023, 3, 1), "designated": False, "level": "3", "total_fen": 5}
    assert texts_of(row) == {
        "date": "2023-03-01",
        "designated": "false",
        "level": "3",
        "total_fen": "5",
    }
