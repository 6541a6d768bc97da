"""Every fault of the lists can still be made: its place is there once, and its tests exist."""

from pathlib import Path

from tests.faults_in_code.bite import changed, read_faults

ROOT = Path(__file__).parents[2]


def test_every_fault_can_be_made() -> None:
    wrong = []
    for fault in sorted(read_faults(), key=lambda one: one.file):
        try:
            changed(fault)
        except (ValueError, OSError, SyntaxError) as error:
            wrong.append(f"{fault.file}: {error}")
    assert not wrong, "\n".join(wrong)


def test_the_tests_that_faults_name_exist() -> None:
    named = {test.split("::")[0] for fault in read_faults() for test in fault.tests}
    missing = [name for name in sorted(named) if not (ROOT / name).exists()]
    assert not missing, missing


def test_there_are_faults_in_every_room_and_no_two_of_one_name() -> None:
    names = [(fault.room, fault.name) for fault in read_faults()]
    assert len(names) >= 150 and len(names) == len(set(names))
