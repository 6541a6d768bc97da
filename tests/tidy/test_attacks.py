"""The page on attacks names tests that there are, each in one place."""

from attacks import files, named, places


def test_every_attack_names_tests_that_there_are() -> None:
    wrong = []
    for attack, names in named():
        wrong += [attack] if not names else []
        wrong += [f"{attack}: {name}" for name in names if len(places().get(name, ())) != 1]
    assert not wrong, "\n".join(wrong)
    assert len(named()) > 50 and "platform/test_local_users.py" in files()
