"""Rules that checking must not let pass, a table for each: figures supplied by users, meters over a
reform, conditions of gates beyond what a number holds, kernels that break a promise."""

from pathlib import Path

import pytest

from gongji.law.checks.library import Library
from gongji.law.checks.proof import prove
from gongji.law.compile.parameters_given import check
from gongji.law.kernel import pour
from gongji.law.rulebook.law import Law
from gongji.refusals import Refusal, RulebookError
from made_rulebooks import AREA, head, library, write

PARAMETERS = """\
事实:
  年龄段: {取自: 年龄, 段: {年轻: 0, 年长: 60}, 依据: 第一条}
参数:
  比例: {代号: rate, 单位: "%", 按: [医院级别, 参保状态], 依据: 第一条, 说明: 另定}
  限额: {代号: ceiling, 单位: 元, 依据: 第一条, 说明: 另定}
  工资: {代号: wage, 单位: 元, 依据: 第一条, 说明: 公布, 各年: {"2022": 80000元}}
  按龄: {代号: by_age, 单位: 元, 按: [年龄段], 依据: 第一条, 说明: 另定}
"""


def laws(folder: Path) -> list[Law]:
    """Two spans of law: in the second the rate is by level only."""
    write(folder, head() + PARAMETERS)
    later = head("2024-01-01", "某政〔2024〕1号", "  替换: [参数.比例]\n")
    text = '参数:\n  比例: {代号: rate, 单位: "%", 按: [医院级别], 依据: 第一条, 说明: 另定}\n'
    write(folder, later + text, "2024-01-01")
    return Library([folder]).laws(AREA)


@pytest.mark.parametrize(
    ("path", "text", "field"),
    [
        ("rate", "85%", ""),
        ("rate", "0%", ""),
        ("rate", "100%", ""),
        ("rate", "100.0001%", "rate"),
        ("rate", "-1%", "rate"),
        ("rate", "85", "rate"),
        ("rate.3", "85%", ""),
        # Known to the first law only, which is enough.
        ("rate.3.active", "85%", ""),
        ("rate.三级", "85%", "--set"),
        ("rate.4", "85%", "--set"),
        ("rate.active.3", "85%", "--set"),
        ("rate.3.active.x", "85%", "--set"),
        ("ceiling", "1200", ""),
        ("ceiling", "1200元", ""),
        ("ceiling", "0", ""),
        ("ceiling", "10000000000", ""),
        ("ceiling", "10000000000.01", "ceiling"),
        ("ceiling", "-1", "ceiling"),
        ("ceiling", "85%", "ceiling"),
        ("ceiling", "1.234", "ceiling"),
        ("ceiling.2023", "1200", ""),
        ("ceiling.active", "1200", "--set"),
        ("wage", "90000", ""),
        ("wage.2023", "90000", ""),
        ("wage.23", "90000", "--set"),
        ("wage.2023.1", "90000", "--set"),
        ("by_age.年轻", "10", ""),
        ("by_age.少年", "10", "--set"),
        ("nothing", "1", "--set"),
        ("", "1", "--set"),
    ],
)
def test_a_figure_supplied_names_a_parameter_and_can_be_read(
    tmp_path: Path, path: str, text: str, field: str
) -> None:
    found = laws(tmp_path)
    assert len(found) == 2
    if not field:
        check(found, {path: text})
        return
    with pytest.raises(Refusal) as refusal:
        check(found, {path: text})
    assert (refusal.value.code, refusal.value.field) == ("value_invalid", field)


METER = "起付计量: {代号: used, 量: 起付, 期: 年, 起: 7月, 分: [参保状态]}"


@pytest.mark.parametrize(
    ("meter", "sound"),
    [
        (METER, True),
        (METER.replace("used", "other"), True),
        (METER.replace("量: 起付", "量: 支付"), False),
        (METER.replace("期: 年, 起: 7月", "期: 月"), False),
        (METER.replace("7月", "1月"), False),
        (METER.replace("7月", "8月"), False),
        (METER.replace("[参保状态]", "[医院级别]"), False),
        (METER.replace(", 分: [参保状态]", ""), False),
    ],
)
def test_a_meter_goes_on_through_a_reform_only_as_it_was(
    tmp_path: Path, meter: str, sound: bool
) -> None:
    """What, over what period from which month, apart by what."""
    write(tmp_path, head() + f"计量:\n  {METER}\n")
    later = head("2024-01-01", more="  替换: [计量.起付计量]\n")
    write(tmp_path, later + f"计量:\n  {meter}\n", "2024-01-01")
    if sound:
        assert len(Library([tmp_path]).laws(AREA)) == 2
        return
    with pytest.raises(RulebookError) as error:
        Library([tmp_path]).laws(AREA)
    (problem,) = error.value.problems
    assert "与此前同名的计量不同" in problem.message
    assert problem.key == "计量.起付计量" and problem.file.endswith("2024-01-01.yaml")


def gates(count: int) -> str:
    """So many different conditions, each a gate."""
    facts = "".join(
        f"  事实{number}: {{列: fact_{number}, 类: 是否, 依据: 第一条}}\n"
        for number in range(count)
    )
    rows = "".join(
        f"  门{number}: {{当: {{事实{number}: 是}}, 拒付: not_eligible, 依据: 第一条}}\n"
        for number in range(count)
    )
    return f"事实:\n{facts}门槛:\n{rows}"


def test_as_many_conditions_of_gates_as_bits_and_no_more(tmp_path: Path) -> None:
    """Of the 62 bits the conditions of the nation's law take seven."""
    assert library(tmp_path / "a", gates(55)).laws(AREA)
    with pytest.raises(RulebookError) as error:
        library(tmp_path / "b", gates(56)).laws(AREA)
    assert "门槛的条件超过 62 种" in error.value.problems[0].message


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        ("  替换: [待遇.慢性病]\n", "文件.替换", "没有此前的规定“待遇.慢性病”"),
        ("  缺省: [待遇.慢性病]\n", "文件.缺省", "没有规定“待遇.慢性病”"),
    ],
)
def test_what_a_document_replaces_or_leaves_to_others_exists(
    tmp_path: Path, change: str, key: str, words: str
) -> None:
    """At the line that names it."""
    path = write(tmp_path, head(more=change) + "计量:\n  付: {代号: a, 量: 支付, 期: 年}\n")
    with pytest.raises(RulebookError) as error:
        Library([tmp_path]).laws(AREA)
    (problem,) = error.value.problems
    assert problem.key == key and words in problem.message
    assert path.read_text().splitlines()[problem.line - 1] == change.rstrip("\n")


def program(*steps: list[int], tails: tuple[list[int], ...] = ()) -> list[int]:
    """A program without gates."""
    body = [number for one in steps for number in one]
    last = [number for one in tails for number in one]
    return [0, len(steps), len(tails), pour.HEADER + len(body), *body, *last]


def step(rate: int, *limits: tuple[int, int], base: int = pour.LEFT, group: int = 1) -> list[int]:
    """A step with limits as bands (0), deductibles (1) or ceilings (2); rate in percent."""
    numbers = [base, 0, rate * 10_000]
    for place in range(3):
        inside = limits if place == group else ()
        numbers += [number for limit in inside for number in limit] + [pour.END]
    return numbers


UNCOVERED = [
    (
        "two supplements on the deductibles",
        (step(10, base=pour.BORNE_DEDUCTIBLE), step(10, base=pour.BORNE_DEDUCTIBLE)),
        "同一笔负担",
    ),
    (
        "one on all that is left, then on a part",
        (step(10), step(10, base=pour.BORNE_SHARE)),
        "同一笔负担",
    ),
    ("a floor, then on what is left", (step(61, base=pour.FLOOR), step(10)), ""),
    ("on two parts", (step(10, base=pour.BORNE_DEDUCTIBLE), step(10, base=pour.BEYOND)), ""),
    ("on a part, then on all that is left", (step(10, base=pour.BORNE_SHARE), step(10)), ""),
    ("a deductible that the layers share", (step(10, (50_000, 0)),), "共用计量"),
    ("a deductible of its own", (step(10, (50_000, 5)),), ""),
    ("a band that the layers share", (step(10, (90_000, 0), group=0),), "共用计量"),
]


@pytest.mark.parametrize(
    ("tails", "words"), [row[1:] for row in UNCOVERED], ids=[row[0] for row in UNCOVERED]
)
def test_what_the_argument_does_not_cover_is_not_called_proved(
    tails: tuple[list[int], ...], words: str
) -> None:
    """Whether or not a counterexample is found."""
    found = prove(program(step(60, (30_000, 0)), tails=tails))
    assert bool(found.broken or found.uncovered) == bool(words)
    assert not found.uncovered or words in found.uncovered


def test_a_fall_of_one_fen_beside_a_kink_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that pays a fen less for one cost just above the ceiling, with empty meters or
    with a meter one fen below its limit only."""
    code = program(step(60, (30_000, 0)), step(50, (40_000, 1), group=2))
    assert not prove(code).broken
    true = pour.pour_through

    def wrong(at: int, held: tuple[int, ...]):  # type: ignore[no-untyped-def]
        def poured(code, cells, costs, parts, flags, amounts, meters, out, why):  # type: ignore[no-untyped-def]
            before = tuple(meters[:2])
            found = true(code, cells, costs, parts, flags, amounts, meters, out, why)
            if costs[0] == at and before == held:
                out[pour.PAID] -= 1
            return found

        return poured

    for at, held in ((30_002, (0, 0)), (3, (29_999, 0)), (30_002, (0, 39_999))):
        monkeypatch.setattr(pour, "pour_through", wrong(at, held))
        assert prove(code).broken, (at, held)
