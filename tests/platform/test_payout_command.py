"""`gongji agency payout`, `claims`, `charge-backs`: from what waits to the bank's file and back."""

import csv
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner
from tests.platform.agency_till import NUMBER, Till, open_till
from tests.platform.review_world import AREA

from gongji.agency.payouts import orders_of
from gongji.cli.main import cli
from gongji.platform import database as where
from gongji.platform.environment import environment
from gongji.platform.inbox import inbox_of
from gongji.platform.message_seal import seal_of
from gongji.tabular.sheets import Sheet


@pytest.fixture
def till(server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Till]:
    """A till by the keys of the installation."""
    with open_till(server) as made:
        keys = environment().identity_key, environment().lookup_key
        made.inbox, made.seal = inbox_of(*keys), seal_of(*keys)
        monkeypatch.setattr(where, "owner_dsn", lambda: made.address)
        yield made


def run(*words: str) -> str:
    told = CliRunner().invoke(cli, ["agency", *words], standalone_mode=False)
    if told.exception:
        raise told.exception
    return told.output


def test_persons_are_paid_from_the_command_line(till: Till, tmp_path: Path) -> None:
    till.owed("B1")
    waits = tmp_path / "waits.xlsx"
    assert "待支付 1 笔 528.00 元，其中可以支付 1 笔 528.00 元" in run(
        *("payout", "list", "--area", AREA, "-o", str(waits))
    )
    sheet = Sheet(waits)
    assert list(sheet.columns) == ["分录", "资金", "人员编号", "姓名", "金额", "状态"]
    ((row,),) = sheet.chunks()
    assert row[3:5] == ("测*", "528")
    told = run("payout", "make", "--area", AREA, "--as", "kuaiji")
    batch = re.findall(r"第 (\d+) 批：1 笔，528.00 元", told)[0]
    assert '"lacks": "under_way"' in run("payout", "list", "--area", AREA, "--json")
    assert "已办结 支付 1 笔" in run("payout", "confirm", batch, "--as", "chuna")
    file, book = tmp_path / "bank.csv", tmp_path / "bank.xlsx"
    assert "第 1 次写出" in run("payout", "file", batch, "--as", "chuna", "-o", str(file))
    rows = list(csv.reader(file.read_text(encoding="utf-8-sig").splitlines()))
    assert rows[1][5] == NUMBER and rows[-1][7] == "528.00"
    assert "第 2 次写出" in run("payout", "file", batch, "--as", "chuna", "-o", str(book))
    assert next(iter(Sheet(book).chunks()))[0][5] == NUMBER
    (order,) = orders_of(till.owner, int(batch))
    (paid_on,) = till.owner.execute(
        "select accounting_date from entry where id = %s", [order.entry]
    ).fetchone() or (None,)
    back = run(
        *("payout", "returned", str(order.id), "--area", AREA, "--on", str(paid_on)),
        *("--ref", "T1", "--reason", "户名不符", "--as", "chuna"),
    )
    number = re.findall(r"第 (\d+) 号退票", back)[0]
    assert "退票 528.00 元" in run("payout", "accept", number, "--as", "kuaiji")
    assert "退票，待更正账户" in run("payout", "list", "--area", AREA)
    acted = till.owner.execute(
        "select count(*) from access_log where actor_kind = 'operator' and what like '命令行%'"
    ).fetchone()
    assert acted == (6,)


def test_claims_and_charge_backs_are_listed(till: Till, tmp_path: Path) -> None:
    file = tmp_path / "claims.csv"
    assert "0 笔，尚欠 0.00 元" in run("claims", "--area", AREA, "-o", str(file))
    assert "第三人" in file.read_text(encoding="utf-8-sig")
    days = ("--from", "2026-01-01", "--to", str(date.today()))
    assert "0 笔，0.00 元" in run("charge-backs", "--area", AREA, *days)
