"""What a process with the settings of its environment does: one line of JSON, for the tests."""

import json
import warnings
from typing import Any


def main() -> None:
    """Ask the pages as visitors would, and print what they answered."""
    from gongji.service.settings import set_up_django

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        set_up_django()
    from django.conf import settings
    from django.core.cache import cache
    from django.test import Client

    from gongji.platform.actors import Actor
    from gongji.platform.installation import (
        installed_areas,
        owner_connection,
        publish_installed,
    )
    from gongji.portal import sign_in

    with owner_connection() as connection:
        publish_installed(connection, Actor.job("serve"))

    found: dict[str, Any] = {}
    client = Client(headers={"host": "pages.example", "accept-language": "zh-CN"})

    def asked(forwarded: str) -> int:
        answer = client.get("/api/v1/areas/430500/rules", headers={"x-forwarded-for": forwarded})
        if answer.status_code == 429:
            found["wait"] = int(answer["Retry-After"])
        return int(answer.status_code)

    found["rate"] = [asked("203.0.113.5") for _ in range(4)]
    found["another"] = asked("203.0.113.6")
    found["claimed"] = asked("203.0.113.7, 203.0.113.5")
    found["behind"] = asked("203.0.113.5, 203.0.113.8")
    hosts = ("pages.example", "127.0.0.9", "localhost", "127.0.0.1")
    found["hosts"] = {
        host: client.get("/areas", headers={"host": host}).status_code for host in hosts
    }
    found["areas"] = [area.code for area in installed_areas().every({})]
    found["law"] = installed_areas().law_hash(
        "430500", installed_areas().every({})[0].laws[0].since
    )
    cache.set("code:43050000000000000001", "123456")
    given = {"psn_no": "43050000000000000001", "code": "123456"}
    found["code"] = client.post("/sign-in", given).status_code
    page = client.get("/sign-in")
    found["sign_in"] = page.content.decode()
    found["policy"] = page["Content-Security-Policy"]
    found["apps"] = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"]
    found["told"] = sign_in.number_told({"certificate": "110101190001010041"})
    found["key"] = settings.SECRET_KEY
    found["debug"] = settings.DEBUG
    print(json.dumps(found))


if __name__ == "__main__":
    main()
