"""How often a caller may ask the public interface: count, minute, wait, who counts as one."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from tests.portal.conftest import Family, sign_in

AREA = "/api/v1/areas/430500/articles"
QUOTE = (
    b'{"facts": {"area": "430500", "date": "2023-02-01", "status": "active", "level": "3",'
    b' "in_scope": "4000"}}'
)


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """The clock of the throttle and of what it keeps; three times a minute is allowed."""
    from gongji.api.service import LIMIT

    told = {"now": 1_700_000_000.0}
    made = SimpleNamespace(time=lambda: told["now"])
    for module in ("base", "locmem"):
        monkeypatch.setattr(f"django.core.cache.backends.{module}.time", made)
    monkeypatch.setattr(LIMIT, "timer", lambda: told["now"])
    monkeypatch.setattr(LIMIT, "num_requests", 3)
    return lambda after: told.update(now=1_700_000_000.0 + after)


def ask(client: Any, **more: Any) -> tuple[int, str]:
    """Status and wait of a look at the articles of an area."""
    answer = client.get(AREA, **more)
    return answer.status_code, answer.headers.get("Retry-After", "")


def test_a_minute_after_the_first_look_one_may_look_again(
    client: Any, seconds: Callable[[float], None]
) -> None:
    looks = []
    for after in (0, 10, 20, 30, 59.4, 59.9, 60, 60.5):
        seconds(after)
        looks.append(ask(client))
    # A look that was refused does not count; the wait is until the first of three is a minute old.
    assert looks == [
        (200, ""),
        (200, ""),
        (200, ""),
        (429, "30"),
        (429, "1"),
        (429, "1"),
        (200, ""),
        (429, "10"),
    ]


def test_whoever_is_refused_is_told_in_the_form_of_every_refusal(
    client: Any, seconds: Callable[[float], None]
) -> None:
    seconds(0)
    for _ in range(3):
        ask(client)
    answer = client.get(AREA)
    assert answer.status_code == 429
    assert answer["Content-Type"].startswith("application/problem+json")
    told = answer.json()
    assert (told["refusal"], told["field"]) == ("rate_limited", "") and told["reason"]


def test_all_operations_count_together_and_the_description_does_not(
    client: Any, seconds: Callable[[float], None]
) -> None:
    seconds(0)

    def quote() -> int:
        answer = client.post("/api/v1/quote", QUOTE, content_type="application/json")
        return int(answer.status_code)

    assert client.get("/api/v1/areas").status_code == 200
    assert client.get("/api/v1/areas/430500/rules").status_code == 200
    assert quote() == 200
    assert quote() == 429 and ask(client)[0] == 429
    assert client.get("/api/v1/areas").status_code == 429
    assert client.get("/api/v1/areas/430500/rules").status_code == 429
    for path in ("/api/v1/openapi.json", "/api/v1/docs", "/", "/areas"):
        assert client.get(path).status_code == 200, path


def test_who_is_signed_in_is_counted_as_everybody(
    client: Any, family: Family, seconds: Callable[[float], None]
) -> None:
    seconds(0)
    sign_in(client, family.person)
    assert [ask(client)[0] for _ in range(4)] == [200, 200, 200, 429]


def test_each_address_has_its_own_count(client: Any, seconds: Callable[[float], None]) -> None:
    seconds(0)
    for address in ("192.0.2.7", "192.0.2.8"):
        looks = [ask(client, REMOTE_ADDR=address)[0] for _ in range(4)]
        assert looks == [200, 200, 200, 429], address


PROXIES = {
    # proxies, what the request's address and header say, who the caller is
    (0, "192.0.2.7", ""): "192.0.2.7",
    (0, "192.0.2.7", "203.0.113.1"): "192.0.2.7",
    (1, "192.0.2.7", "203.0.113.1"): "203.0.113.1",
    (1, "192.0.2.7", "203.0.113.9, 203.0.113.1"): "203.0.113.1",
    (2, "192.0.2.7", "203.0.113.9, 203.0.113.1, 192.0.2.8"): "203.0.113.1",
    (2, "192.0.2.7", "203.0.113.1"): "203.0.113.1",
    (1, "192.0.2.7", ""): "192.0.2.7",
}


@pytest.mark.parametrize(("proxies", "address", "forwarded"), PROXIES)
def test_who_a_caller_is_depends_on_the_proxies_that_stand_before(
    client: Any, monkeypatch: pytest.MonkeyPatch, proxies: int, address: str, forwarded: str
) -> None:
    from django.core.cache import cache
    from ninja.conf import settings

    monkeypatch.setattr(settings, "NUM_PROXIES", proxies)
    monkeypatch.setattr("django.conf.settings.GONGJI_PROXY_ADDRESSES", ("192.0.2.0/24",))
    given = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    assert client.get("/api/v1/areas", REMOTE_ADDR=address, **given).status_code == 200
    caller = PROXIES[proxies, address, forwarded]
    counted = {
        name: len(cache.get(f"throttle_anon_{name}", []))
        for name in ("192.0.2.7", "192.0.2.8", "203.0.113.1", "203.0.113.9")
    }
    assert {name for name, looks in counted.items() if looks} == {caller}


def test_without_a_setting_it_is_a_hundred_and_twenty_a_minute_of_no_proxy() -> None:
    from gongji.platform.environment import SETTINGS

    default = {setting.name: setting.default for setting in SETTINGS}
    assert (default["GONGJI_API_RATE"], default["GONGJI_PROXIES"]) == ("120/m", "0")


def test_the_rate_in_force_is_that_of_the_settings(client: Any) -> None:
    from django.conf import settings
    from ninja.conf import settings as of_ninja

    from gongji.api.service import LIMIT

    count, _, _ = settings.GONGJI_API_RATE.partition("/")
    assert LIMIT.rate == settings.GONGJI_API_RATE and LIMIT.num_requests == int(count)
    assert of_ninja.NUM_PROXIES == settings.NINJA_NUM_PROXIES
