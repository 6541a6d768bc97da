"""`gongji quote`: answers, refusals with code and exit code, nothing heavy imported."""

import json
import shlex
import subprocess
import sys

import pytest

from gongji.cli.main import main

BASE = "--area 532300 --date 2023-03-01 --status retired --level 3 --in-scope 1000"


def run(capsys, line):
    """Exit code, stdout and stderr of a quote."""
    with pytest.raises(SystemExit) as stopped:
        main(["quote", *shlex.split(line)])
    streams = capsys.readouterr()
    return stopped.value.code, streams.out, streams.err


def test_a_quote_is_explained(capsys):
    code, out, _ = run(capsys, BASE)
    assert code == 0
    assert "统筹基金支付500.50元，个人负担499.50元" in out


def test_a_quote_as_json(capsys):
    code, out, _ = run(capsys, BASE + " --json")
    assert code == 0
    assert json.loads(out)["pool_pays"] == "500.50"


def test_an_option_given_later_wins_over_nothing_and_used_is_held_against_the_ceiling(capsys):
    line = BASE + " --used ordinary_paid=5999.50 --set inpatient_rate=0% --set inpatient_ceiling=1"
    assert json.loads(run(capsys, line + " --json")[1])["pool_pays"] == "0.50"


REFUSED = {
    "area_unknown": BASE.replace("532300", "999999"),
    "date_outside": BASE.replace("2023-03-01", "2021-03-01"),
    "value_invalid": BASE.replace("retired", "resting"),
    "amount_invalid": BASE.replace("1000", "1e3"),
    "amount_negative": BASE.replace("--in-scope 1000", "--in-scope=-1"),
    "amount_too_large": BASE.replace("1000", "10000000000.01"),
    "in_scope_above_total": BASE + " --total 999.99",
    "benefit_not_offered": BASE + " --benefit two_diseases",
    "level_missing": BASE.replace("--level 3", ""),
    "field_missing": BASE.replace("--in-scope 1000", ""),
    "field_unknown": BASE + " --fact shoe_size=43",
    "parameter_missing": BASE + " --benefit special",
}


@pytest.mark.parametrize("refusal", REFUSED)
def test_what_cannot_be_settled_is_refused_with_code_field_and_reason(capsys, refusal):
    code, out, err = run(capsys, REFUSED[refusal] + " --json")
    answer = json.loads(out)
    assert (code, answer["refusal"]) == (1, refusal)
    assert answer["field"] and answer["reason"]
    assert refusal in err and "Traceback" not in err


@pytest.mark.parametrize(
    "extra",
    [
        "--level 4",
        "--benefit massage",
        "--set inpatient_rate=x",
        "--set no_such=1",
        "--used no_such=1",
        "--fact has_account=perhaps",
        "--fact birth_date=1950-02-30",
        "--set inpatient_rate=120%",
        "--set inpatient_rate=-1%",
        "--set inpatient_rate.9=85%",
        "--set inpatient_rate.3.retired.x=85%",
        "--set inpatient_ceiling.3=80000",
    ],
)
def test_values_that_cannot_be_read_are_refused_with_what_is_allowed(capsys, extra):
    code, _, err = run(capsys, f"{BASE} {extra}")
    assert code == 1
    assert "可取" in err


@pytest.mark.parametrize("area", ["53", "*", "[0-9]*", "5323001", "../530000"])
def test_an_area_is_six_digits_and_no_pattern_of_names(capsys, area):
    code, _, err = run(capsys, BASE.replace("532300", area))
    assert code == 1 and "area_unknown" in err


def test_a_value_of_a_meter_that_is_not_there_is_refused_with_those_there_are(capsys):
    line = "--area 430500 --date 2023-02-01 --status active --level 3 --in-scope 1000"
    code, _, err = run(capsys, line + " --used level_deductible.9=1")
    assert code == 1 and "level_deductible.2" in err
    assert run(capsys, line + " --used level_deductible.2=1")[0] == 0


def test_a_fact_that_an_option_gives_is_not_overridden(capsys):
    code, _, err = run(capsys, BASE + " --fact level=1")
    assert code == 2 and "level 已由选项给出" in err
    assert run(capsys, BASE + " --fact benefit=chronic")[0] == 0


def test_a_county_is_settled_by_its_city(capsys):
    line = "--area 530925 --date 2024-12-02 --status active --level 1 --in-scope 1000 --json"
    answer = json.loads(run(capsys, line)[1])
    assert (answer["area"], answer["pool_pays"]) == ("530900", "588.00")


def test_a_quote_imports_nothing_heavy():
    script = (
        "import sys, gongji.cli.quote; "
        "heavy = ('numba', 'numpy', 'polars', 'pyarrow', 'duckdb', 'pandas', 'matplotlib', 'rich');"
        "print([name for name in heavy if name in sys.modules])"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
