"""A database of tables that an earlier version made is refused in words."""

import psycopg
import pytest

from gongji.cli import serve
from gongji.platform import installation
from gongji.refusals import Fault


def test_tables_of_an_earlier_version_are_refused_in_words(
    owner: psycopg.Connection[tuple[object, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner.execute("drop table key_fingerprint")
    monkeypatch.setattr(
        installation, "owner_connection", lambda: psycopg.connect(owner.info.dsn, autocommit=True)
    )
    with pytest.raises(Fault, match="更早的开发版本"):
        serve._check_keys()
