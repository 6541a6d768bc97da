"""Populations: made up and raked to margins, or the buckets of real visits; what each was held to.

A made-up population is drawn block by block, each block meeting the margins by itself, so that its
size is bounded by no memory. What came out is measured on the rows as they were written and shown
beside what was wanted. This module knows no law.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow.feather import read_table, write_feather

from gongji.batch.buckets import MOST_BUCKETS, Manifest, write_buckets
from gongji.batch.work_steps import UNWATCHED, WorkSteps
from gongji.refusals import Refusal
from gongji.simulation.margins import AGES, LEVELS, Margins
from gongji.simulation.raking import F64, I64, dealt, rake, whole_numbers
from gongji.tabular.whole_files import write_whole
from gongji.units import FEN_PER_YUAN, day_of

BLOCK = 200_000
"""So many persons are drawn at a time."""
BUCKET_PERSONS = 62_500
"""A bucket of more takes more memory than needs be."""
FEWEST_BUCKETS = 16
PEOPLE, VISITS, ABOUT = "persons", "visits", "population.json"
TOLERANCE = 0.02
"""A target missed by more, relative to it, leaves the population uncalibrated."""
CHRONIC = ("高血压", "糖尿病", "冠心病", "恶性肿瘤门诊治疗", "慢性阻塞性肺疾病")
LEVEL_CODES = ("1", "2", "3", "")
BENEFITS = ("ordinary", "chronic")
ACTIVE, RETIRED = 0, 1
TRIALS = 14
"""Steps in which the concentration is fitted."""


class Target(msgspec.Struct, frozen=True):
    """A figure that a population was held to, and what came out."""

    name: str
    wanted: float
    found: float
    source: str
    sureness: str

    @property
    def missed(self) -> float:
        """By how much it was missed, relative to it."""
        return abs(self.found - self.wanted) / abs(self.wanted) if self.wanted else abs(self.found)

    @property
    def met(self) -> bool:
        """Whether it was met."""
        return self.missed <= TOLERANCE


class Population(msgspec.Struct, frozen=True):
    """What a folder of persons and visits stands for.

    Shape:   each person stands for `represented` / `persons` persons; `year` is that of the visits;
             `per_head` yearly income, spending and stock of the pool in fen, where they are known.
    """

    title: str
    area: str
    year: int
    persons: int
    represented: int
    made_up: bool
    seed: int = 0
    targets: tuple[Target, ...] = ()
    per_head: dict[str, int] = {}

    @classmethod
    def read(cls, folder: Path) -> "Population":
        """What a folder says of itself.

        Refuses: value_invalid for a folder that is no population.
        """
        try:
            return msgspec.json.decode((folder / ABOUT).read_bytes(), type=cls)
        except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
            allowed = "由 gongji population 写出的目录"
            values = {"value": str(folder), "allowed": allowed}
            raise Refusal("value_invalid", "POPULATION", values) from None

    @property
    def weight(self) -> float:
        """How many persons one stands for."""
        return self.represented / self.persons

    @property
    def calibrated(self) -> bool:
        """Whether it was held to targets and met them all."""
        return bool(self.targets) and all(target.met for target in self.targets)

    def write(self, folder: Path) -> None:
        """Say it in the folder, whole."""
        write_whole(folder / ABOUT, msgspec.json.format(msgspec.json.encode(self)))


@dataclass(frozen=True)
class PopulationWish:
    """The population that is to be made up."""

    area: str
    persons: int
    year: int
    margins: Margins
    seed: int = 1
    buckets: int = 0
    """Into how many files; 0 for as many as keep each small."""

    @property
    def files(self) -> int:
        """How many files of persons, and as many of visits, are written."""
        needed = max(FEWEST_BUCKETS, -(-self.persons // BUCKET_PERSONS))
        return self.buckets or min(needed, MOST_BUCKETS)

    @property
    def visits(self) -> int:
        """How many visits the margins make of so many persons, about."""
        each = (self.margins[name].number for name in ("人均普通门诊次数", "人均慢特病次数"))
        return round(self.persons * sum(each))


@dataclass
class _Block:
    """Persons as columns of numbers, and their expected visits by benefit."""

    status: I64
    sex: I64
    born: I64
    chronic: I64
    account: I64
    base: I64
    expected: F64
    """Relative number of ordinary visits."""


@dataclass
class _Measure:
    """What is measured of rows as they pass."""

    counts: list[I64] = field(default_factory=list)
    sums: dict[str, float] = field(default_factory=dict)
    written: int = 0
    """How many visits."""

    def add(self, name: str, amount: float) -> None:
        """Add to a sum."""
        self.sums[name] = self.sums.get(name, 0.0) + float(amount)


def make_population(
    wanted: PopulationWish, folder: Path, steps: WorkSteps = UNWATCHED
) -> Population:
    """Draw a population and write it as buckets of persons and of visits.

    Shape:   `steps` hears of visits drawn, in a part that its caller began, then of their sorting.
    Refuses: value_invalid for too few persons or margins that contradict each other.
    Ensures: the same wishes give the same bytes.
    """
    if wanted.persons < 100:
        raise Refusal(
            "value_invalid", "--persons", {"value": str(wanted.persons), "allowed": "不少于 100"}
        )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ABOUT).unlink(missing_ok=True)
    rng = np.random.default_rng(wanted.seed)
    spread = _fitted_spread(wanted.margins, np.random.default_rng(wanted.seed + 1))
    measure = _Measure()
    with tempfile.TemporaryDirectory(prefix=".drawn-", dir=folder) as aside:
        blocks: list[Path] = []

        def visits() -> Iterator[pa.Table]:
            done = 0
            while done < wanted.persons:
                left = wanted.persons - done
                count = left if left < 2 * BLOCK else BLOCK
                block = _draw_block(wanted, count, spread, rng)
                # Persons are drawn with their visits and written after them; until then they wait
                # in files, since those of a province would fill the memory.
                blocks.append(Path(aside) / f"{done}.arrow")
                write_feather(_people_table(wanted, block, done), blocks[-1], "uncompressed")
                yield _visits_table(wanted, block, done, rng, measure)
                _measure_people(wanted, block, measure)
                done += count

        write_buckets(visits(), folder / VISITS, wanted.files, steps)
        people = (read_table(block) for block in blocks)
        write_buckets(people, folder / PEOPLE, wanted.files, table=PEOPLE)
    margins = wanted.margins
    made = Population(
        f"{margins.title}（虚构）",
        wanted.area,
        wanted.year,
        wanted.persons,
        round(margins["参保人数"].number) or wanted.persons,
        True,
        wanted.seed,
        _targets(wanted, measure),
        {
            name: round(margins[f"人均统筹{name}"].number * FEN_PER_YUAN)
            for name in ("收入", "支出", "结存")
        },
    )
    made.write(folder)
    return made


def _cells(margins: Margins, count: int) -> I64:
    """How many persons by sex, age and status."""
    shares = np.zeros((len(AGES), 2))
    retired = margins["退休占比"].number
    for status, (name, part) in enumerate((("在职年龄", 1 - retired), ("退休年龄", retired))):
        for band, share in margins[name].shares.items():
            shares[AGES.index(band), status] = share * part
    seed = np.ones((2, len(AGES), 2))
    # Women retire at 50 or 55, men at 60.
    seed[0, AGES.index("50-54"), RETIRED] = seed[0, AGES.index("55-59"), RETIRED] = 0.05
    seed[1, AGES.index("50-54"), ACTIVE] = seed[1, AGES.index("55-59"), ACTIVE] = 0.3
    women = margins["女性占比"].number
    fitted = rake(seed, {(0,): np.array([1 - women, women]), (1, 2): shares})
    return whole_numbers(fitted, count)


def _draw_block(
    wanted: PopulationWish, count: int, spread: tuple[float, float], rng: np.random.Generator
) -> _Block:
    """Persons of a block and how often each is expected to come."""
    margins = wanted.margins
    cells = _cells(margins, count)
    places = rng.permutation(np.repeat(np.arange(cells.size), cells.reshape(-1)))
    sex, band, status = np.unravel_index(places, cells.shape)
    age = np.zeros(count, np.int64)
    for number, name in enumerate(AGES):
        low, high = map(int, name.split("-"))
        inside = np.flatnonzero(band == number)
        age[inside] = rng.integers(low, high + 1, len(inside))
    born = day_of(date(wanted.year, 1, 1)) - (age * 365.2425 + rng.random(count) * 365).astype(int)
    chance = np.maximum(age - 25, 1) ** 2.0
    share = margins["慢特病人员占比"].number
    ill = whole_numbers(np.array([share, 1 - share]), count)
    # The heaviest of weighted random keys: exactly so many, the old more often.
    keys = np.log(rng.random(count)) / chance
    chronic = np.full(count, -1)
    chosen = np.argsort(-keys, kind="stable")[: int(ill[0])]
    chronic[chosen] = rng.integers(0, len(CHRONIC), int(ill[0]))
    share = margins["有个人账户占比"].number
    account = 1 - dealt((share, 1 - share), count, rng)
    yuan = np.where(status == RETIRED, margins["月养老金"].number, margins["月缴费基数"].number)
    base = np.exp(rng.normal(-0.08, 0.4, count)) * yuan * FEN_PER_YUAN
    expected = _frailty(margins, status, spread, rng)
    return _Block(status, sex, born, chronic, account, base.astype(np.int64), expected)


def _means(margins: Margins) -> tuple[float, float]:
    """Mean ordinary visits of an active person and of a retiree."""
    retired, ratio = margins["退休占比"].number, margins["退休与在职次数之比"].number
    active = margins["人均普通门诊次数"].number / (1 - retired + retired * ratio)
    return active, active * ratio


def _frailty(
    margins: Margins, status: I64, spread: tuple[float, float], rng: np.random.Generator
) -> F64:
    """How many ordinary visits each person is expected to have; some never come."""
    never, shape = spread
    count = len(status)
    drawn = rng.gamma(shape, 1 / shape, count) * (rng.random(count) >= never)
    expected = np.zeros(count)
    for number, mean in enumerate(_means(margins)):
        inside = status == number
        whole = drawn[inside].sum()
        if whole:
            expected[inside] = drawn[inside] * mean * inside.sum() / whole
    return expected


def _fitted_spread(margins: Margins, rng: np.random.Generator) -> tuple[float, float]:
    """Who never comes, and the shape of the others' differences, fitted to two known shares."""
    trial = 100_000
    retired = round(trial * margins["退休占比"].number)
    status = np.repeat([ACTIVE, RETIRED], [trial - retired, retired])
    seeds = int(rng.integers(1 << 30))
    low, high, never, middle = 0.1, 20.0, 0.0, 0.8
    for _ in range(TRIALS):
        middle = (low * high) ** 0.5
        never = 0.0
        for _ in range(3):
            zero, top = _concentration(margins, status, (never, middle), seeds)
            missing = (margins["无就诊占比"].number - zero) / max(1 - zero, 0.01)
            never = min(max(0.0, never + missing * (1 - never)), 0.9)
        _, top = _concentration(margins, status, (never, middle), seeds)
        low, high = (middle, high) if top > margins["次数最多的一成占比"].number else (low, middle)
    return never, middle


def _concentration(
    margins: Margins, status: I64, spread: tuple[float, float], seed: int
) -> tuple[float, float]:
    """The share without a visit, and the share of visits of the tenth with most."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(_frailty(margins, status, spread, rng))
    return _shares(counts)


def _shares(counts: I64) -> tuple[float, float]:
    """The share of zeros, and what the tenth of persons with most has of all visits."""
    ordered = np.sort(counts)[::-1]
    whole = max(int(ordered.sum()), 1)
    head = int(ordered[: round(len(ordered) * 0.1)].sum())
    return float((counts == 0).mean()), head / whole


def _people_table(wanted: PopulationWish, block: _Block, first: int) -> pa.Table:
    count = len(block.status)
    chronic = pa.array(np.array([*CHRONIC, ""], object)[block.chronic], pa.string())
    return pa.table(
        {
            "person": _names("p", first, count),
            "sex": pa.array(np.array(["1", "2"], object)[block.sex], pa.string()),
            "born": pa.array(block.born.astype(np.int32), pa.date32()),
            "died": pa.nulls(count, pa.date32()),
            "status": pa.array(np.array(["active", "retired"], object)[block.status], pa.string()),
            "area": pa.array([wanted.area], pa.string()).take(pa.array(np.zeros(count, np.int32))),
            "disease": chronic,
            "has_account": pa.array(block.account == 1),
            "base_fen": pa.array(block.base),
        }
    )


def _names(letter: str, first: int, count: int) -> pa.Array:
    """Ids in order, as texts of one length."""
    numbers = pa.array(np.arange(first, first + count)).cast(pa.string())
    padded = pc.utf8_lpad(numbers, 9, "0")
    return pc.binary_join_element_wise(letter, padded, "")


def _visits_table(
    wanted: PopulationWish, block: _Block, first: int, rng: np.random.Generator, measure: _Measure
) -> pa.Table:
    """All visits of a block, in exactly the margins' numbers."""
    margins, count = wanted.margins, len(block.status)
    ordinary = np.zeros(count, np.int64)
    sizes = np.bincount(block.status, minlength=2) * np.array(_means(margins))
    due = whole_numbers(sizes, round(margins["人均普通门诊次数"].number * count))
    for number in (ACTIVE, RETIRED):
        inside = block.status == number
        ordinary[inside] = _dealt_visits(block.expected[inside], int(due[number]), rng)
    ill = block.chronic >= 0
    often = ill * rng.gamma(2.0, 0.5, count)
    chronic = _dealt_visits(often, margins["人均慢特病次数"].number * count, rng)
    measure.counts.append(ordinary)
    person = np.concatenate([np.repeat(np.arange(count), n) for n in (ordinary, chronic)])
    benefit = np.repeat([0, 1], [ordinary.sum(), chronic.sum()])
    size = len(person)
    level = dealt(list(margins["级别占比"].shares.values()), size, rng)
    month = dealt(list(margins["月份占比"].shares.values()), size, rng)
    starts = np.array([day_of(date(wanted.year, m, 1)) for m in range(1, 13)])
    lengths = np.diff([*starts, day_of(date(wanted.year + 1, 1, 1))])
    day = starts[month] + (rng.random(size) * lengths[month]).astype(np.int64)
    total = _amounts(margins, level, benefit, rng)
    share = _spread_share(margins["政策范围内占比"].number, total, rng)
    in_scope = np.minimum(np.rint(total * share).astype(np.int64), total)
    for number, name in enumerate(LEVELS):
        at = level == number
        measure.add(f"次数.{name}", at.sum())
        at &= benefit == 0
        measure.add(f"普通次数.{name}", at.sum())
        measure.add(f"费用.{name}", total[at].sum())
    for number in range(12):
        measure.add(f"月.{number + 1}", (month == number).sum())
    measure.add("范围内", in_scope.sum())
    measure.add("费用", total.sum())
    measure.add("慢特病次数", chronic.sum())
    measure.written += size
    order = np.lexsort((day, person))
    columns = (person, day, benefit, level, total, in_scope)
    person, day, benefit, level, total, in_scope = (column[order] for column in columns)
    pharmacy = (level == LEVELS.index("药店")).astype(np.int8)
    return pa.table(
        {
            "visit": _names("v", measure.written - size, size),
            "person": pa.array(_names("p", first, count)).take(pa.array(person)),
            "institution": _coded(level * 40 + rng.integers(0, 40, size), _institutions()),
            "area": _coded(np.zeros(size, np.int8), [wanted.area]),
            "date": pa.array(day.astype(np.int32), pa.date32()),
            "status": _coded(block.status[person], ["active", "retired"]),
            "benefit": _coded(benefit, list(BENEFITS)),
            "disease": _coded(
                np.where(benefit == 1, block.chronic[person], len(CHRONIC)), [*CHRONIC, ""]
            ),
            "level": _coded(level, list(LEVEL_CODES)),
            "institution_kind": _coded(pharmacy, ["hospital", "pharmacy"]),
            "prescriber_level": _coded(pharmacy, ["", "2"]),
            "total_fen": pa.array(total),
            "in_scope_fen": pa.array(in_scope),
        }
    )


def _institutions() -> list[str]:
    return [f"{'YLWD'[level]}{number:02d}" for level in range(4) for number in range(40)]


def _coded(codes: I64, texts: list[str]) -> pa.Array:
    indices = pa.array(codes.astype(np.int32))
    return pa.DictionaryArray.from_arrays(indices, pa.array(texts, pa.string()))


def _dealt_visits(expected: F64, total: float, rng: np.random.Generator) -> I64:
    """How often each comes: so many visits in all, dealt by how many each is expected to have."""
    whole = expected.sum()
    if not whole:
        return np.zeros(len(expected), np.int64)
    return rng.multinomial(round(total), expected / whole)


def _amounts(margins: Margins, level: I64, benefit: I64, rng: np.random.Generator) -> I64:
    """The cost of each visit in fen; by level the mean is met."""
    sigma = margins["费用离散程度"].number
    drawn = np.exp(rng.normal(0, sigma, len(level)))
    total = np.zeros(len(level), np.int64)
    for number, mean in enumerate(margins["次均费用"].by_category.values()):
        for kind, wanted in ((0, mean), (1, margins["慢特病次均费用"].number)):
            at = (level == number) & (benefit == kind)
            if at.any():
                total[at] = np.rint(drawn[at] / drawn[at].mean() * wanted * FEN_PER_YUAN)
    return np.maximum(total, 1)


def _spread_share(mean: float, total: I64, rng: np.random.Generator) -> F64:
    """The share of each visit's cost that is in scope; of all cost the margin is met."""
    half = min(1 - mean, mean, 0.15)
    share = mean + (rng.random(len(total)) * 2 - 1) * half
    off = mean * total.sum() - (share * total).sum()
    met: F64 = np.clip(share + off / max(float(total.sum()), 1.0), 0, 1)
    return met


def _measure_people(wanted: PopulationWish, block: _Block, measure: _Measure) -> None:
    count = len(block.status)
    for name, found in (
        ("人", count),
        ("退休", (block.status == RETIRED).sum()),
        ("女", (block.sex == 1).sum()),
        ("账户", block.account.sum()),
        ("慢", (block.chronic >= 0).sum()),
        ("退休次数", measure.counts[-1][block.status == RETIRED].sum()),
    ):
        measure.add(name, found)


def _targets(wanted: PopulationWish, measure: _Measure) -> tuple[Target, ...]:
    """What was wanted and what came out, measured on the rows."""
    sums = measure.sums
    counts = np.concatenate(measure.counts)
    people, visits = sums["人"], float(counts.sum())
    zero, top = _shares(counts)
    active = (visits - sums["退休次数"]) / (people - sums["退休"])
    found: dict[str, float | dict[str, float]] = {
        "退休占比": sums["退休"] / people,
        "女性占比": sums["女"] / people,
        "有个人账户占比": sums["账户"] / people,
        "慢特病人员占比": sums["慢"] / people,
        "人均普通门诊次数": visits / people,
        "人均慢特病次数": sums["慢特病次数"] / people,
        "退休与在职次数之比": sums["退休次数"] / max(sums["退休"], 1) / active,
        "无就诊占比": zero,
        "次数最多的一成占比": top,
        "政策范围内占比": sums["范围内"] / sums["费用"],
        "级别占比": {name: sums[f"次数.{name}"] / (visits + sums["慢特病次数"]) for name in LEVELS},
        "次均费用": {
            name: sums[f"费用.{name}"] / max(sums[f"普通次数.{name}"], 1) / FEN_PER_YUAN
            for name in LEVELS
        },
        "月份占比": {
            str(month): sums[f"月.{month}"] / (visits + sums["慢特病次数"])
            for month in range(1, 13)
        },
    }
    made = []
    for name, value in found.items():
        margin = wanted.margins[name]
        if isinstance(value, dict):
            wishes = margin.by_category if name == "次均费用" else margin.shares
            made += [
                Target(f"{name}·{part}", wish, value[part], margin.source, margin.sureness)
                for part, wish in wishes.items()
            ]
        else:
            made.append(Target(name, margin.number, value, margin.source, margin.sureness))
    return tuple(made)


def from_visits(folder: Path, area: str, year: int) -> Population:
    """What a folder of buckets of real visits stands for: each person for one, held to nothing."""
    persons = Manifest.read(folder).persons
    return Population("实际就诊", area, year, persons, persons, False)
