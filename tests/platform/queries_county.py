"""A county with a gateway for the tests of queries and filings: what `gateways` makes, and one of
Yunfu.

Plain functions, no fixtures.
"""

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from tests import databases
from tests.platform import gateways
from tests.platform.counter import Counter
from tests.platform.gateways import CLINIC, HOSPITAL, OTHER, PHARMACY, Client, bill, opened

from gongji.gateway.wire.codes import sentence as sentence_of

YUNFU = "445300"


@dataclass
class Standing:
    """A county, its gateway, and clients of its institutions."""

    owner: psycopg.Connection[Any]
    county: Counter
    yunfu: Counter
    port: int
    clock: Callable[[], datetime] = field(default_factory=gateways.Clock)

    def __post_init__(self) -> None:
        self.client, self.other, self.pharmacy, self.clinic = (
            Client(self.port, code, clock=self.clock)
            for code in (HOSPITAL, OTHER, PHARMACY, CLINIC)
        )
        self.persons = 100

    def insured(self, balance_fen: int = 100_000, **spell: Any) -> str:
        """A new person of Shaoyang."""
        self.persons += 1
        return gateways.insure(self.county, self.persons, balance_fen, **spell)

    def settled(self, psn_no: str, client: Client | None = None) -> dict[str, Any]:
        """A visit of 30.00 settled; gives setlinfo."""
        asking = client or self.client
        visit = opened(asking, psn_no)
        found: dict[str, Any] = asking.do("2207", bill(psn_no, visit, "30.00"))["setlinfo"]
        return found

    def fetched(self, ticket: dict[str, Any], client: Client | None = None) -> list[list[str]]:
        """The rows of a file by its ticket (9102)."""
        asking = client or self.client
        named = {name: ticket[name] for name in ("file_qury_no", "filename")}
        given = {"fsDownloadIn": named | {"fixmedins_code": "plc"}}
        status, body = asking.post(json.dumps(asking.envelope("9102", given)).encode())
        assert status == 200
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            (name,) = archive.namelist()
            lines = archive.read(name).decode().splitlines()
        return [line.split("\t") for line in lines]


def refused(client: Client, code: str, infno: str, given: Any) -> str:
    """The sentence of a transaction that is refused with this code."""
    sentence = client.refused(infno, given)
    form = re.sub(r"\\{\w+\\}", ".*", re.escape(sentence_of(code)))
    assert re.fullmatch(form, sentence), f"{code}: {sentence}"
    return sentence


@contextmanager
def standing(
    server: str, clock: Callable[[], datetime] | None = None, **settings: Any
) -> Iterator[Standing]:
    """Everything in a database of its own."""
    told = clock or gateways.Clock()
    with (
        databases.copy(server) as database,
        psycopg.connect(database, autocommit=True) as owner,
    ):
        county = gateways.fill_county(owner)
        yunfu = Counter(owner, YUNFU)
        yunfu.institution(1, "1")
        yunfu.institution(2, "3")
        yunfu.institution(3, "1", agreement=False)
        gateways.give_secret(owner, CLINIC)
        for number in range(200, 215):
            gateways.insure(yunfu, number, 0)
        with gateways.serving(database, told, **settings) as port:
            yield Standing(owner, county, yunfu, port, told)
