"""The benchmarks say what they need before they begin, and compare like with like."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "bench"))

import bench  # noqa: E402
import beside  # noqa: E402
import console  # noqa: E402


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


@pytest.mark.usefixtures("server")
def test_every_page_that_the_console_s_benchmark_asks_is_there() -> None:
    from django.urls import resolve

    # The addresses of the library are made once in a process, by the settings of all faces.
    import_module("allauth.urls")
    asked = console.pages(persons=10, count=10, opened=[1])
    assert {post for post, _ in asked.values()} <= set(console.POSTS)
    for _, address in asked.values():
        resolve(urlsplit(address()).path, urlconf="gongji.console.urls")


@pytest.mark.slow
def test_the_program_by_hand_writes_the_table_that_the_product_writes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Before any file is timed both settle a small one, and it is an end if their tables differ.
    monkeypatch.setattr(bench, "FILES", ())
    assert bench.files(1000) == []


def test_models_that_cannot_be_had_or_run_are_named_and_left_out(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(beside, "environment", lambda: sys.executable)
    monkeypatch.setattr(beside, "PACKAGES", {"taxcalc": "taxcalc"})
    assert beside.beside(10) == []
    assert "taxcalc cannot be run: ModuleNotFoundError" in capsys.readouterr().out

    def none() -> Path:
        raise subprocess.CalledProcessError(1, "pip")

    monkeypatch.setattr(beside, "environment", none)
    assert beside.beside(10) == [] and "cannot be had" in capsys.readouterr().out


def test_a_model_s_line_tells_both_rates() -> None:
    one = {"name": "M", "units": 1000, "seconds": 2.0, "processor": 1.5}
    assert "500 units a second; gongji settles 3.00 times" in beside.told(one, 1500.0)
