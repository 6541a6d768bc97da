"""Files of the gateway: the rows an institution uploaded for 3202, and tickets for files we made.

A ticket's number is made of the file's name, its content and the day: the same file asked for twice
on a day is one ticket, and nothing is ever written over.
"""

import hashlib
import io
import re
import zipfile
import zlib
from datetime import datetime, time, timedelta
from time import monotonic
from typing import Any

import psycopg

from gongji.gateway.transactions import Call, normalise, parse_scaled, show_instant
from gongji.refusals import Refusal
from gongji.settlement.reconcile import DeclaredRow
from gongji.tabular.csv_files import decode
from gongji.units import CHINA, MAX_FEN

LONGEST = 64 * 1024 * 1024
"""The most bytes that an uploaded file may have when unpacked."""
MOST_ROWS = 200_000
"""The most lines that it may have, empty ones counted."""
SECONDS = 20
"""How long reading them may take."""
_LOOKS = 1000
COLUMNS = (
    "setl_id",
    "mdtrt_id",
    "psn_no",
    "medfee_sumamt",
    "fund_pay_sumamt",
    "acct_pay",
    "refd_setl_flag",
)
"""The columns of the uploaded file, in their order (3202)."""
_NUMBER = 30
_MADE = (1980, 1, 1, 0, 0, 0)
_KEEP = """insert into file_ticket (number, institution, name, content, made_at, expires_at)
values (%s, %s, %s, %s, %s, %s) on conflict (number) do nothing"""
_TAKE = """select content from file_ticket
where number = %s and institution = %s and expires_at > %s"""


def take_ticket(
    connection: psycopg.Connection[Any], number: str, institution: str, now: datetime
) -> bytes:
    """The content of a file that an institution uploaded.

    Refuses: file_ticket_unknown.
    """
    row = connection.execute(_TAKE, [number, institution, now]).fetchone()
    if row is None:
        raise Refusal("file_ticket_unknown", "file_qury_no", {"value": number[:40]})
    return bytes(row[0])


def keep_ticket(
    call: Call, institution: str, filename: str, content: bytes, mark: str = ""
) -> tuple[str, str]:
    """A ticket under which 9102 hands a file out, and until when.

    `institution` is who may fetch it (`plc`: everyone); `mark` stands for the content where it
    is known without making the file again.
    """
    number, ends = _number(call, filename, mark.encode() or content)
    values = [number, institution, filename, content, call.now, ends]
    call.connection.execute(_KEEP, values)
    return number, show_instant(ends) or ""


def kept_until(call: Call, filename: str, mark: str) -> tuple[str, str] | None:
    """The ticket of a file that was made today under this mark, and until when it is kept."""
    number, ends = _number(call, filename, mark.encode())
    found = call.connection.execute("select 1 from file_ticket where number = %s", [number])
    return (number, show_instant(ends) or "") if found.fetchone() else None


def _number(call: Call, filename: str, content: bytes) -> tuple[str, datetime]:
    digest = hashlib.sha256(f"{filename}\n{call.today}\n".encode() + content).hexdigest()
    tomorrow = datetime.combine(call.today, time(), CHINA) + timedelta(days=1)
    return digest[:_NUMBER], tomorrow + timedelta(seconds=call.settings.file_seconds)


def zipped(name: str, text: str) -> bytes:
    """A ZIP with one text file, the same bytes for the same text."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, _MADE), text.encode(), zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def read_rows(content: bytes) -> list[DeclaredRow]:
    """The rows of an uploaded file: a ZIP with one text, or the text itself.

    Refuses: statement_unreadable, statement_row_invalid with the row.
    """
    text = _text(_unpacked(content))
    if text.count("\n") > MOST_ROWS:
        raise _unreadable(f"多于 {MOST_ROWS} 行；请按较短的日期分几次对账")
    rows = []
    until = monotonic() + SECONDS
    for number, line in enumerate(text.split("\n"), start=1):
        if not number % _LOOKS and monotonic() > until:
            raise _unreadable(f"{SECONDS} 秒内没有读完；请按较短的日期分几次对账")
        cells = [cell.strip() for cell in line.split("\t")]
        if not any(cells) or (number == 1 and cells[0].lower() in ("setl_id", "结算id")):
            continue
        rows.append(_row(number, cells))
    return rows


def _unpacked(content: bytes) -> bytes:
    if not content.startswith(b"PK"):
        return content
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [one for one in archive.infolist() if not one.is_dir()]
            if len(names) != 1:
                raise _unreadable(f"压缩包里应当只有一个文件，现有 {len(names)} 个")
            with archive.open(names[0]) as file:
                found = file.read(LONGEST + 1)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, EOFError, OSError) as error:
        raise _unreadable("压缩包已损坏、加密或用了别的压缩方法") from error
    if len(found) > LONGEST:
        raise _unreadable(f"解压后超过 {LONGEST // (1024 * 1024)} MB")
    return found


def _text(content: bytes) -> str:
    try:
        return decode(content)
    except UnicodeDecodeError:
        raise _unreadable("编码不是 UTF-8 或 GB18030") from None


_POWER = re.compile(r"e\+?[0-9]", re.IGNORECASE)
"""A power of ten in a file: what a spreadsheet left of a long number; 2.8e-14 is a float's zero."""


def _unreadable(reason: str) -> Refusal:
    return Refusal("statement_unreadable", "file_qury_no", {"reason": reason})


def _row(number: int, cells: list[str]) -> DeclaredRow:
    if len(cells) != len(COLUMNS):
        reason = f"应有 {len(COLUMNS)} 列，以制表符分隔，现有 {len(cells)} 列"
        raise _invalid(number, "列", reason)
    named = {name: normalise(cell) or "" for name, cell in zip(COLUMNS, cells, strict=True)}
    for name in ("psn_no", "medfee_sumamt", "fund_pay_sumamt", "acct_pay"):
        if not named[name]:
            raise _invalid(number, name, "不能为空")
    if not named["setl_id"] and not named["mdtrt_id"]:
        raise _invalid(number, "setl_id", "结算ID和就诊ID不能都为空")
    if named["refd_setl_flag"] not in ("", "0", "1"):
        raise _invalid(number, "refd_setl_flag", "可取：0、1")
    amounts = []
    for name in ("medfee_sumamt", "fund_pay_sumamt", "acct_pay"):
        amount = parse_scaled(named[name], 2)
        if amount is None or _POWER.search(named[name]):
            raise _invalid(number, name, f"{named[name][:40]} 不是至多两位小数的金额")
        if abs(amount) > MAX_FEN:
            raise _invalid(number, name, "超过上限")
        amounts.append(amount)
    total, fund, account = amounts
    return DeclaredRow(
        named["setl_id"],
        named["mdtrt_id"],
        named["psn_no"],
        total,
        fund,
        account,
        named["refd_setl_flag"] == "1",
    )


def _invalid(number: int, field: str, reason: str) -> Refusal:
    return Refusal("statement_row_invalid", field, {"row": str(number), "reason": reason})
