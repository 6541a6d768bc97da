"""Waiting for a gateway to answer."""

import time

import httpx

from gongji.refusals import Fault


def wait_until_ready(address: str, seconds: float = 60) -> None:
    """Wait for a gateway to answer.

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
