"""Each setting of the environment reaches what it sets of the pages: in a process of its own."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests.portal import people, settings_reach

TESTS = Path(__file__).parents[1]
SECRET, IDENTITY, LOOKUP = (base64.b64encode(bytes(range(n, n + 32))).decode() for n in (1, 2, 3))
GIVEN = {
    "GONGJI_DEMO": "0",
    "GONGJI_SECRET_KEY": SECRET,
    "GONGJI_IDENTITY_KEY": IDENTITY,
    "GONGJI_LOOKUP_KEY": LOOKUP,
    "GONGJI_API_RATE": "3/h",
    "GONGJI_PROXIES": "1",
    "GONGJI_ALLOWED_HOSTS": "pages.example",
    "GONGJI_HOST": "127.0.0.9",
    "GONGJI_RULEBOOKS": str(TESTS / "rulebooks" / "330000"),
    "GONGJI_PARAMETERS": "430500:disease_ceiling=1234",
    "GONGJI_OIDC_SERVER": "https://issuer.example:8443/realm",
    "GONGJI_OIDC_CLIENT": "the-client",
    "GONGJI_OIDC_SECRET": "the-secret",
    "GONGJI_OIDC_CLAIM": "certificate",
}


@pytest.fixture(scope="module")
def found(family_template: tuple[str, Any], tmp_path_factory: Any) -> Iterator[dict[str, Any]]:
    """What a process with these settings answered."""
    from gongji.platform.identity import Identity

    identity = Identity(bytes(range(2, 34)), bytes(range(3, 35)))
    with people.copy_of(family_template[0]) as address:
        with psycopg.connect(address, autocommit=True) as owner:
            owner.execute(
                "update person set certificate_hash = %s where psn_no = '43050000000000000003'",
                [identity.lookup_hash("01", "110101190001010041")],
            )
        kept = {name: text for name, text in os.environ.items() if not name.startswith("GONGJI_")}
        environment = (
            kept
            | GIVEN
            | {
                "DATABASE_URL": address,
                "GONGJI_DATA": str(tmp_path_factory.mktemp("data")),
            }
        )
        done = subprocess.run(
            [sys.executable, settings_reach.__file__],
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr
        yield json.loads(done.stdout.splitlines()[-1])


def test_the_rate_and_the_wait_are_those_of_the_setting(found: dict[str, Any]) -> None:
    assert found["rate"] == [200, 200, 200, 429]
    # An hour less the moments that the test has taken.
    assert 3000 < found["wait"] <= 3600


def test_who_a_caller_is_the_last_proxy_says(found: dict[str, Any]) -> None:
    assert found["another"] == 200, "another caller behind the same proxy"
    assert found["claimed"] == 429, "what a caller claims before the proxy's word changes nothing"
    assert found["behind"] == 200


def test_the_pages_answer_to_the_names_given_and_to_the_address_they_listen_on(
    found: dict[str, Any],
) -> None:
    assert found["hosts"] == {
        "pages.example": 200,
        "127.0.0.9": 200,
        "localhost": 400,
        "127.0.0.1": 400,
    }


def test_rulebooks_and_figures_of_the_installation_are_those_of_the_pages(
    found: dict[str, Any],
) -> None:
    from gongji.law.checks.library import Library
    from gongji.law.engine.areas import Areas

    assert found["areas"] == sorted({*Library().areas(), "330100", "330200"})
    law = Areas().area("430500").laws[0]
    asked = Areas(parameters={"430500": {"disease_ceiling": "1234"}}).law_hash("430500", law.since)
    assert found["law"] == asked != Areas().law_hash("430500", law.since)


def test_outside_a_demonstration_codes_open_nothing(found: dict[str, Any]) -> None:
    assert found["code"] == 403
    assert "43050000000000000001" not in found["sign_in"] and found["debug"] is False


def test_the_issuer_is_the_one_given(found: dict[str, Any]) -> None:
    assert "/accounts/oidc/issuer/login/" in found["sign_in"]
    assert found["policy"].endswith("; form-action 'self' https://issuer.example:8443")
    (app,) = found["apps"]
    assert (app["client_id"], app["secret"]) == ("the-client", "the-secret")
    assert app["settings"] == {"server_url": "https://issuer.example:8443/realm"}


def test_the_claim_and_the_keys_are_those_given(found: dict[str, Any]) -> None:
    assert found["told"] == "43050000000000000003"
    assert found["key"] == SECRET
