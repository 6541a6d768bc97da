"""Two other tax-benefit models on samples of their own, for `bench/reform.py --beside`.

Tax-Calculator settles its own sample of the United States' tax units, OpenFisca-France single
persons with a wage; each under the law and under a reform, with tables by tenth. They run in an
environment of their own under build/, made by pip as the machine has it set up. What is counted is
in their favour: the sample lies in memory, was settled once before, and reading is not timed; ours
reads its files again. The laws are not alike (an income tax of hundreds of lines against an
outpatient benefit), nor are units (a year's totals against six visits), so a ratio tells whether
this is a reasonable speed for such work, and no more.
"""

import argparse
import json
import subprocess
import sys
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "build/beside"
PACKAGES = {"taxcalc": "taxcalc", "openfisca": "openfisca-france"}
YEAR = 2024


def measure_taxcalc(persons: int) -> dict[str, Any]:
    """Tax-Calculator's sample of the CPS under the law and a larger standard deduction."""
    import taxcalc

    records = taxcalc.Records.cps_constructor()
    reform = taxcalc.Policy()
    larger = [16_000, 32_000, 16_000, 24_000, 32_000]
    reform.implement_reform({"STD": {str(YEAR): larger}})

    def prepared() -> list[Any]:
        made = [taxcalc.Calculator(law, records) for law in (taxcalc.Policy(), reform)]
        for one in made:
            one.advance_to_year(YEAR)
        return made

    def settled(laws: list[Any]) -> None:
        for one in laws:
            one.calc_all()
        laws[0].distribution_tables(laws[1], "weighted_deciles")
        laws[0].difference_table(laws[1], "weighted_deciles", "combined")

    seconds = warm(prepared, settled)
    return {
        "name": f"Tax-Calculator {taxcalc.__version__}",
        "units": records.array_length,
    } | seconds


def measure_openfisca(persons: int) -> dict[str, Any]:
    """Single persons with a wage in France, and a reform of the income tax's first rate."""
    from importlib.metadata import version

    import numpy as np
    from openfisca_core.reforms import Reform
    from openfisca_core.simulation_builder import SimulationBuilder
    from openfisca_france import FranceTaxBenefitSystem

    system = FranceTaxBenefitSystem()

    def higher(parameters: Any) -> Any:
        scale = parameters.impot_revenu.bareme_ir_depuis_1945.bareme
        scale.brackets[1].rate.update(start=f"instant:{YEAR}-01-01", value=0.12)
        return parameters

    class FirstRate(Reform):
        def apply(self) -> None:
            self.modify_parameters(higher)

    laws = (system, FirstRate(system))
    wages = np.exp(np.random.default_rng(1).normal(10.2, 0.6, persons))

    def prepared() -> list[Any]:
        made = []
        for law in laws:
            one = SimulationBuilder().build_default_simulation(law, persons)
            one.set_input("date_naissance", "ETERNITY", np.full(persons, "1980-01-01", "M8[D]"))
            for month in range(1, 13):
                one.set_input("salaire_de_base", f"{YEAR}-{month:02d}", wages / 12)
            made.append(one)
        return made

    def settled(simulations: list[Any]) -> None:
        found = [one.calculate("revenu_disponible", str(YEAR)) for one in simulations]
        tenth = np.argsort(np.argsort(wages)) * 10 // persons
        for amounts in (*found, found[1] - found[0]):
            np.bincount(tenth, amounts)

    name = f"OpenFisca-France {version('openfisca-france')}"
    return {"name": name, "units": persons} | warm(prepared, settled)


def warm(prepared: Callable[[], list[Any]], settled: Callable[[list[Any]], None]) -> dict[str, Any]:
    """Seconds of the second run, all in memory; the first loads and compiles."""
    settled(prepared())
    ready = prepared()
    start, busy = time.perf_counter(), time.process_time()
    settled(ready)
    return {"seconds": time.perf_counter() - start, "processor": time.process_time() - busy}


def environment() -> Path:
    """The Python of an environment with both models.

    Refuses: CalledProcessError where pip cannot get them.
    """
    python = FOLDER / "bin/python"
    if not python.exists():
        venv.create(FOLDER, with_pip=True)
    wanted = list(PACKAGES.values())
    subprocess.run([python, "-m", "pip", "install", "--quiet", *wanted], check=True)
    return python


def beside(persons: int) -> list[dict[str, Any]]:
    """What both models take; one that cannot be had or run is said and left out."""
    found = []
    try:
        python = environment()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"the other models cannot be had, so nothing stands beside: {error}")
        return found
    for model in PACKAGES:
        asked = [python, __file__, "--measure", model, "--persons", str(persons)]
        ran = subprocess.run(asked, capture_output=True, text=True, check=False)
        if ran.returncode:
            last = (ran.stderr.strip().splitlines() or ["no word"])[-1]
            print(f"{model} cannot be run: {last}")
            continue
        found.append(json.loads(ran.stdout.splitlines()[-1]))
    return found


def told(one: dict[str, Any], ours: float) -> str:
    """A model's line: its rate, and ours as a multiple of it."""
    rate = one["units"] / one["seconds"]
    return (
        f"{one['name']}: {one['units']:,} units under both laws, with tables, "
        f"{one['seconds']:.2f} s ({one['processor']:.2f} s of processor), {rate:,.0f} units a "
        f"second; gongji settles {ours / rate:.2f} times as many persons"
    )


def main() -> None:
    """Measure one model and print it as JSON; run by the environment's own Python."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--measure", choices=list(PACKAGES), required=True)
    parser.add_argument("--persons", type=int, default=100_000)
    given = parser.parse_args()
    measures = {"taxcalc": measure_taxcalc, "openfisca": measure_openfisca}
    print(json.dumps(measures[given.measure](given.persons)))


if __name__ == "__main__":
    sys.exit(main())
