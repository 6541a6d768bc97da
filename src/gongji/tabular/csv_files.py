"""CSV files: encoding, what separates cells, the header wherever it stands, rows of any width.

Rows of one width are read by Arrow, as fast as a disk gives them. At the first row of another width
the rest is read row by row: that row is told, the others stand.
"""

import csv
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from gongji.refusals import Refusal
from gongji.tabular.cell_forms import column_name
from gongji.tabular.first_bytes import check_kind
from gongji.tabular.header_rows import LOOKED_AT, WHOLE_ROW, check_header, sum_reason
from gongji.tabular.workbooks import Record, Texts

if TYPE_CHECKING:
    import pyarrow as pa

_BLOCK = 1 << 26
_CHUNK = 1 << 16
SEPARATORS = {",": "逗号", "\t": "制表符", ";": "分号", "|": "竖线"}
"""What may stand between cells, and its name; the header tells which it is."""
_ASCII, _WIDE_SIGN = rb"[\x00-\x09\x0b-\x7f]*", rb"[\xe2-\xe9\xef][\x80-\xbf]{2}"
_UTF_8_LINE = re.compile(rb"^" + _ASCII + rb"(?:" + _WIDE_SIGN + _ASCII + rb"){4,}\n", re.M)
"""A line of ASCII and of Chinese signs in UTF-8, four at least: none in GB 18030 looks so by
chance."""
MARK = "\ufeff"
ENCODINGS = ("utf-8-sig", "gb18030")
"""In what texts arrive: UTF-8 with or without its mark; GB 18030 as China's spreadsheets write."""


def decode(content: bytes) -> str:
    """A whole content as text.

    Refuses: UnicodeDecodeError where it is in none of ENCODINGS.
    """
    try:
        # The codec that drops the mark is written in Python, and this is asked for every message.
        return content.decode().removeprefix(MARK)
    except UnicodeDecodeError:
        return content.decode(ENCODINGS[1])


def encoding_of(path: Path) -> str:
    """The encoding of a whole file: a sign of another may come late.

    Refuses: file_unreadable, with the line from which on it is in none.
    """
    state = path.stat()
    return _encoding(path, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=64)
def _encoding(path: Path, size: int, changed: int) -> str:
    check_kind(path)
    with path.open("rb") as file:
        begin = file.read(4)
    if begin[:2] in (BOM_UTF16_LE, BOM_UTF16_BE):
        return "utf-16"
    # Without its mark: the names of columns are ASCII, every other byte of them is empty.
    if len(begin) == 4 and not any(begin[1::2]):
        return "utf-16-le"
    if len(begin) == 4 and not any(begin[::2]):
        return "utf-16-be"
    lines = []
    for encoding in ENCODINGS:
        line = _first_unread(path, encoding)
        if not line and encoding == "gb18030" and (line := _first_of_utf_8(path)):
            raise _mixed(path, f"第 {line} 行是 UTF-8，别的行是 GB 18030")
        if not line:
            return encoding
        lines.append(line)
    line = max(lines)
    raise _mixed(path, f"前 {line - 1} 行是一种编码，第 {line} 行起是另一种")


def _mixed(path: Path, said: str) -> Refusal:
    """The refusal of a file whose lines are in several encodings, or in none."""
    reason = f"编码不是 UTF-8 或 GB 18030（{said}）；请另存为 UTF-8 的 CSV"
    return Refusal("file_unreadable", "文件", {"value": path.name, "reason": reason})


def _first_of_utf_8(path: Path) -> int:
    """The first line of a file in GB 18030 that is UTF-8 with Chinese signs, or 0: such lines are
    read as other signs without an error."""
    lines, rest = 1, b""
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            whole, _, rest = (rest + block).rpartition(b"\n")
            if found := _UTF_8_LINE.search(whole + b"\n"):
                return lines + whole[: found.start()].count(b"\n")
            lines += whole.count(b"\n") + 1
    return lines if _UTF_8_LINE.search(rest + b"\n") else 0


def _first_unread(path: Path, encoding: str) -> int:
    """The first line that is not in an encoding, counted from one; 0 where all are."""
    decoder = getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        while True:
            begin = file.tell()
            block = file.read(_BLOCK)
            held = decoder.getstate()[0]
            # What is ASCII is so in every encoding that is asked for.
            if not block.isascii() or held:
                try:
                    decoder.decode(block, final=not block)
                except UnicodeDecodeError as error:
                    return _line_at(path, begin - len(held) + error.start)
            if not block:
                return 0


def _line_at(path: Path, place: int) -> int:
    """In which line, counted from one, so many bytes of a file end."""
    with path.open("rb") as file:
        sizes = (min(_BLOCK, place - start) for start in range(0, place, _BLOCK))
        return 1 + sum(file.read(size).count(b"\n") for size in sizes)


@dataclass(frozen=True)
class CsvHead:
    """A CSV file whose header is read: where in the file its rows begin."""

    path: Path
    encoding: str
    columns: Texts
    lines: int
    """How many lines the file has up to its header."""
    separator: str = ","

    @property
    def told(self) -> str:
        """How the file is read, where it is not UTF-8 with commas."""
        separator = "" if self.separator == "," else f"以{SEPARATORS[self.separator]}分隔"
        encoding = "" if self.encoding == ENCODINGS[0] else self.encoding.upper()
        return "，".join(filter(None, (separator, encoding)))

    def records(self) -> Iterator[Record]:
        """The rows; lines without anything are not counted, rows without anything passed over."""
        with self.path.open(encoding=self.encoding, newline="") as file:
            for _ in range(self.lines):
                next(file)
            rows = csv.reader(file, delimiter=self.separator)
            for number, row in enumerate(filter(None, rows), start=1):
                cells = tuple(row)
                if _blank(cells[len(self.columns) :]):
                    cells = cells[: len(self.columns)]
                if any(cells) and not _blank(cells):
                    yield Record(number, cells, self._problems(cells))

    def _problems(self, cells: Texts) -> tuple[tuple[str, str], ...]:
        """What is wrong with a row as a whole."""
        first = next((cell.strip() for cell in cells if cell.strip()), "")
        if said := sum_reason(first):
            return ((WHOLE_ROW, said),)
        if len(cells) == len(self.columns):
            return ()
        wide = len(cells) > len(self.columns)
        found = "单元格比列名多" if wide else "单元格比列名少"
        mark = SEPARATORS[self.separator]
        advice = f"格内的{mark}（如金额里的）请去掉，或给这一格加引号" if wide else "请补上分隔符"
        if any("\n" in cell for cell in cells):
            advice = "引号可能没有成对"
        reason = f"{found}：有 {len(cells)} 格，列名有 {len(self.columns)} 个；{advice}"
        return ((WHOLE_ROW, reason),)


def _blank(cells: Texts) -> bool:
    return not any(cell.strip() for cell in cells)


def _is_header(number: int, row: list[str], header_row: int) -> bool:
    return number >= header_row if header_row else not _blank(tuple(row))


def _separator(path: Path, encoding: str, header_row: int) -> str:
    """What makes most columns of the header; of those that make as many the first."""
    widths = {}
    for mark in SEPARATORS:
        with path.open(encoding=encoding, newline="") as file:
            rows = enumerate(csv.reader(file, delimiter=mark), start=1)
            header = (row for number, row in rows if _is_header(number, row, header_row))
            widths[mark] = len(next(header, []))
    return max(widths, key=lambda mark: widths[mark])


def read_head(path: Path, header_row: int = 0) -> CsvHead:
    """The header of a file: the first row that is not blank, or the row of this number.

    Refuses: header_invalid; value_invalid for a header row that there is not.
    """
    encoding = encoding_of(path)
    separator = _separator(path, encoding, header_row)
    with path.open(encoding=encoding, newline="") as file:
        reader, above = csv.reader(file, delimiter=separator), list[list[str]]()
        for number, row in enumerate(reader, start=1):
            if not _is_header(number, row, header_row):
                above.append([cell.strip() for cell in row])
                continue
            lines = reader.line_num
            columns = tuple(column_name(cell) for cell in row)
            below = [columns, *([c.strip() for c in r] for r in islice(reader, LOOKED_AT))]
            check_header(path, columns, below, above)
            return CsvHead(path, encoding, columns, lines, separator)
    if header_row:
        values = {"value": str(header_row), "allowed": "文件里有的行"}
        raise Refusal("value_invalid", "--header-row", values)
    check_header(path, ())
    raise AssertionError


class _AnotherWidth(Exception):
    """A row is wider or narrower than the header."""


def arrow_pieces(head: CsvHead, names: list[str]) -> Iterator["pa.Table"]:
    """The rows as tables of texts of some columns, with ROW and FAULT."""
    import pyarrow as pa

    from gongji.tabular.arrow_tables import numbered, records_table

    done = 0
    try:
        for piece in _arrow(head, names):
            yield numbered(piece, done + 1)
            done += piece.num_rows
    except (_AnotherWidth, pa.ArrowInvalid):
        rest = (record for record in head.records() if record.number > done)
        while chunk := list(islice(rest, _CHUNK)):
            yield records_table(chunk, head.columns, names)


def _arrow(head: CsvHead, names: list[str]) -> Iterator["pa.Table"]:
    import pyarrow as pa
    import pyarrow.csv as pacsv

    encoding = {"utf-8-sig": "utf8"}.get(head.encoding, head.encoding)
    if encoding.startswith("utf-16"):
        raise _AnotherWidth
    reading = pacsv.ReadOptions(
        column_names=list(head.columns), block_size=_BLOCK, encoding=encoding
    )
    converting = pacsv.ConvertOptions(
        column_types=dict.fromkeys(head.columns, pa.string()), include_columns=names
    )
    parsing = pacsv.ParseOptions(delimiter=head.separator, newlines_in_values=True)
    with head.path.open("rb") as file:
        for _ in range(head.lines):
            # Lines that end as on the oldest machines are one line to Arrow.
            if b"\r" in file.readline().rstrip(b"\r\n"):
                raise _AnotherWidth
        start = file.tell()
        if not file.read(1):
            return
        file.seek(start)
        with pacsv.open_csv(file, reading, parsing, converting) as reader:
            for batch in reader:
                yield pa.Table.from_batches([batch])
