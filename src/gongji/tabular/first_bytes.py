"""What a file is by its first bytes, whatever its name says."""

import gzip
import zlib
from pathlib import Path

from gongji.refusals import Refusal

GZIP, PARQUET, ZIP = b"\x1f\x8b", b"PAR1", b"PK\x03\x04"
BROKEN_GZIP = (EOFError, gzip.BadGzipFile, zlib.error)
"""What the library says of a file that is packed badly or not at all."""
_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SAID = {
    ZIP: (".xlsx", "内容是 Excel 工作簿；请把文件名的结尾改为 .xlsx"),
    PARQUET: (".parquet", "内容是 Parquet；请把文件名的结尾改为 .parquet"),
    GZIP: (".gz", "内容是 gzip 压缩的；请把文件名的结尾改为 .csv.gz，或先解压"),
    _OLD_EXCEL: ("", "是旧版 Excel（.xls）或加了密码的工作簿；请去掉密码，另存为 .xlsx"),
}


def check_kind(path: Path) -> None:
    """A file is of the kind that its ending says, as far as its first bytes tell.

    Refuses: file_unreadable, with what to do.
    """
    with path.open("rb") as file:
        begin = file.read(8)
    for sign, (ending, reason) in _SAID.items():
        if begin.startswith(sign) and path.suffix.lower() != ending:
            raise Refusal("file_unreadable", "文件", {"value": path.name, "reason": reason})
