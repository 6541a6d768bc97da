"""Where the tables of several files stand: `--sheet` and `--header-row`, of each file apart.

Without a name the options are of the file that a command is about; `lines=` before the value makes
them of the file that `--lines` gives, and so on.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gongji.refusals import Refusal

if TYPE_CHECKING:
    from gongji.tabular.header_rows import TableFile, TablePlace

MAIN = ""
"""The name of the file that a command is about."""

sheets_option = click.option(
    "--sheet",
    "sheets",
    multiple=True,
    metavar="[文件=]表名",
    help="Excel 中用哪一张工作表；不给则用唯一有内容的那张。其他文件的写成 lines=表名。",
)
header_rows_option = click.option(
    "--header-row",
    "header_rows",
    multiple=True,
    metavar="[文件=]行号",
    help="列名在第几行（Excel 的行号）；不给则是第一个有内容的行。其他文件的写成 lines=行号。",
)


class TablePlaces:
    """Where the table of each file stands, as the two options say; `named` are the other files."""

    def __init__(
        self, sheets: tuple[str, ...], rows: tuple[str, ...], named: Mapping[str, Path | None]
    ) -> None:
        self.named = {name: path for name, path in named.items() if path is not None}
        self.sheets = self._parted("--sheet", sheets, tuple(named))
        numbers = self._parted("--header-row", rows, tuple(named))
        self.rows = {name: _row(text) for name, text in numbers.items()}

    def _parted(
        self, option: str, given: tuple[str, ...], known: tuple[str, ...]
    ) -> dict[str, str]:
        found: dict[str, str] = {}
        for text in given:
            name, equals, value = text.partition("=")
            if not equals or name not in known:
                name, value = MAIN, text
            elif name not in self.named:
                raise click.UsageError(f"{option} {text}：没有给出 --{name}。")
            if name in found:
                raise click.UsageError(f"{option} {text}：同一个文件给了两次。")
            found[name] = value
        return found

    def of(self, name: str = MAIN) -> "TablePlace":
        """Where the table of a file stands."""
        from gongji.tabular.header_rows import TablePlace

        return TablePlace(self.sheets.get(name, ""), self.rows.get(name, 0))

    def file(self, name: str) -> "TableFile | None":
        """A file with where its table stands; None where it is not given."""
        from gongji.tabular.header_rows import TableFile

        return TableFile(self.named[name], self.of(name)) if name in self.named else None

    @contextmanager
    def naming(self, main: Path) -> Iterator[None]:
        """What is refused of another file tells the options as they are written for it."""
        files = {path.name: name for name, path in self.named.items() if path.name != main.name}
        try:
            yield
        except Refusal as refusal:
            name = files.get(refusal.values.get("value", ""))
            if name is None or refusal.code not in ("header_invalid", "sheet_unclear"):
                raise
            values = dict(refusal.values)
            if "reason" in values:
                values["reason"] = values["reason"].replace(_ROW, f"{_ROW}{name}=")
            if "option" in values:
                values["option"] = f"--sheet {name}=表名"
            raise Refusal(refusal.code, refusal.field, values) from None


_ROW = "--header-row "


def _row(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise click.UsageError(f"--header-row {text}：应为行号，如 3 或 lines=3。")
    return int(text)
