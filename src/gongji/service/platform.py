"""What everything that works on the platform begins with: its rules, its keys, its database.

Imported late where a command must start fast.
"""

import time
from typing import Any

import httpx
import psycopg

from gongji.platform import database
from gongji.platform.environment import environment
from gongji.platform.identity import Identity
from gongji.refusals import Fault
from gongji.settlement.rules import Rules


def platform_rules() -> Rules:
    """The rules that the environment names, with its figures for parameters."""
    return Rules(environment().rulebooks, environment().parameters)


def platform_identity() -> Identity:
    """The keys of the environment, which open identity numbers and find them."""
    return Identity(environment().identity_key, environment().lookup_key)


def platform_connection() -> psycopg.Connection[Any]:
    """A connection in the role of the owner; statements stand by themselves."""
    return psycopg.connect(database.owner_dsn(), autocommit=True)


def wait_until_ready(address: str, seconds: float = 60) -> None:
    """Wait for a door to answer.

    Refuses: Fault if it does not.
    """
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{address}/ready", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise Fault(f"接口 {address} 没有就绪")
