"""The benchmarks say what they need before they begin."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_counter_s_benchmark_says_which_program_is_missing(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "bench/counter.py"],
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 2
    assert "apt-get install wrk" in ran.stderr and "Traceback" not in ran.stderr


def test_the_comparison_of_costs_says_what_it_wants() -> None:
    ran = subprocess.run(
        [sys.executable, "bench/cost.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert "make cost BEFORE=commit" in ran.stderr and "Traceback" not in ran.stderr
