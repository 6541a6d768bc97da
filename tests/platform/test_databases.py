"""The tests' own server: another can be started in a process whose first one is gone."""

import os
import subprocess
import sys

import pytest

TWICE = """
import os
from tests import databases
found = []
for _ in range(2):
    with databases.server() as address, databases.copy(address):
        from django.conf import settings
        from django.db import connection
        from gongji.platform.environment import environment
        with connection.cursor() as cursor:
            cursor.execute("select current_database(), count(*) > 9 from django_migrations")
            assert cursor.fetchone() == (databases.TEMPLATE, True)
        assert settings.GONGJI_LOOKUP_KEY == environment().lookup_key
        found.append((address, environment().data))
    assert not environment.cache_info().currsize and not found[-1][1].exists()
    assert not {"DATABASE_URL", "GONGJI_DATA", "GONGJI_DEMO"} & set(os.environ)
assert len(set(found)) == 2
"""


@pytest.mark.slow
def test_a_second_server_of_a_process_is_as_the_first() -> None:
    ours = ("DATABASE_URL", "GONGJI_DATA", "GONGJI_DEMO")
    variables = {name: text for name, text in os.environ.items() if name not in ours}
    ran = subprocess.run(
        [sys.executable, "-c", TWICE], env=variables, text=True, stderr=subprocess.PIPE
    )
    assert ran.returncode == 0, ran.stderr
