"""The tests' own server: another can be started in a process whose first one is gone."""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

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


MIGRATED = """
import os
import subprocess
import sys
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from gongji.platform import database
from gongji.platform.environment import environment

environment()  # It makes the folder a demonstration's.
server = database.embedded(Path(sys.argv[1]) / "postgresql", keep=True)
try:
    with psycopg.connect(server.address(), autocommit=True) as connection:
        for statement in sys.argv[2:]:
            connection.execute(statement)
    address = make_conninfo(server.address("gongji"), user="gongji_owner", password="made up")
    command = [sys.executable, "-m", "gongji", "serve", "--migrate-only"]
    ran = subprocess.run(command, env=os.environ | {"DATABASE_URL": address})
    sys.exit(ran.returncode)
finally:
    server.stop()
"""


@pytest.mark.slow
def test_an_owner_who_is_no_superuser_makes_all_that_the_service_needs() -> None:
    guide = (Path(__file__).parents[2] / "docs/operate/deployment.md").read_text()
    statements = re.findall(r"^create (?:role|database) .*;$", guide, re.MULTILINE)
    assert len(statements) == 2
    statements = [statement.replace("…", "made up") for statement in statements]
    variables = {name: text for name, text in os.environ.items() if name != "DATABASE_URL"}
    with tempfile.TemporaryDirectory(prefix="gongji-test-") as data:
        ran = subprocess.run(
            [sys.executable, "-c", MIGRATED, data, *statements],
            env=variables | {"GONGJI_DATA": data, "GONGJI_DEMO": "1"},
            text=True,
            capture_output=True,
        )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "数据库的表已是最新" in ran.stdout
