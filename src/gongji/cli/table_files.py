"""Tables as a command line names them: files, `-`, `.csv.gz`, a folder of Parquet files.

What no reader reads as it stands is laid out in a folder of its own that lasts as long as the
command. A result for `-` or `.csv.gz` is written there first, whole as any other, and sent on when
the command has ended well.
"""

import gzip
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from gongji.cli.options import writable
from gongji.tabular.first_bytes import BROKEN_GZIP, GZIP, PARQUET, ZIP
from gongji.tabular.whole_files import appearing, under_way

if TYPE_CHECKING:
    from pyarrow import Schema

    from gongji.batch.addresses import Address

STANDARD = "-"
SAID = {"in": "标准输入", "out": "标准输出"}
_FAR = "://"
_META = "gongji.table_files"


def _folder(context: click.Context) -> Path:
    """A folder that lasts as long as the command."""
    held = context.meta.setdefault(_META, {})
    if "folder" not in held:
        made = tempfile.TemporaryDirectory(prefix="gongji-")
        root = context.find_root()
        root.call_on_close(made.cleanup)
        root.with_resource(under_way(Path(made.name), Path(made.name)))
        held["folder"] = Path(made.name)
    found: Path = held["folder"]
    return found


class TableInput(click.Path):
    """A table to read: a file of any kind that is read, `-` for standard input, or `.csv.gz`.

    Shape:   with `folders` a folder too; with `joined` one that holds Parquet files only is read as
             one file, in the order of their names, any other is given as it is; with `far` an
             address that Arrow reaches (hdfs://…) is given as an Address.
    """

    def __init__(self, folders: bool = False, joined: bool = False, far: bool = False) -> None:
        super().__init__(exists=True, dir_okay=folders, path_type=Path, allow_dash=True)
        self.joined, self.far = joined, far

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path of a file that is read as it stands."""
        if self.far and _FAR in str(value):
            return _address(str(value))
        path = super().convert(value, param, ctx)
        if ctx is None or ctx.resilient_parsing:
            return path
        if str(value) == STANDARD:
            return _spooled(sys.stdin.buffer, _folder(ctx), SAID["in"])
        path = Path(str(path))
        if self.joined and path.is_dir() and _only_parquet(path):
            return self._one_file(path, ctx)
        if path.name.lower().endswith(".csv.gz"):
            try:
                with gzip.open(path) as file:
                    return _spooled(file, _folder(ctx), path.name.removesuffix(".gz"), ".csv")
            except BROKEN_GZIP as error:
                raise click.BadParameter(f"不是完好的 .gz 文件：{path}（{error}）") from None
        return path

    def _one_file(self, folder: Path, context: click.Context) -> Path:
        """The Parquet files of a folder as one, row after row."""
        from pyarrow import ArrowInvalid, parquet

        made = _folder(context) / f"{folder.resolve().name}.parquet"
        files = sorted(folder.glob("*.parquet"))
        file = files[0]
        try:
            schema = parquet.read_schema(file)
            with parquet.ParquetWriter(made, schema) as writer:
                for file in files:
                    given = parquet.ParquetFile(file)
                    if sorted(given.schema_arrow.names) != sorted(schema.names):
                        raise click.BadParameter(_other_columns(file, given.schema_arrow, schema))
                    for batch in given.iter_batches():
                        writer.write_batch(batch.select(schema.names).cast(schema))
        except ArrowInvalid as error:
            said = f"{file} 不完好，或列的类型与 {files[0].name} 不同（{error}）"
            raise click.BadParameter(said) from None
        return made


def _other_columns(file: Path, given: "Schema", first: "Schema") -> str:
    """What to say of a file whose columns are not those of the first of its folder."""
    only = [f"多出 {name}" for name in given.names if name not in first.names]
    only += [f"缺少 {name}" for name in first.names if name not in given.names]
    return f"目录中各文件的列不同：{file.name} {'、'.join(only)}"


def _address(text: str) -> Any:
    from gongji.batch.addresses import Address

    return Address.of(text)


def _only_parquet(folder: Path) -> bool:
    """Whether a folder holds Parquet files, and nothing else but marks of what wrote them."""
    names = [item.name for item in folder.iterdir() if not item.name.startswith((".", "_"))]
    return bool(names) and all(name.endswith(".parquet") for name in names)


def _spooled(file: IO[bytes] | gzip.GzipFile, folder: Path, name: str, ending: str = "") -> Path:
    """What comes from a stream as a file, its kind told by its first bytes."""
    first = file.read(4)
    if first.startswith(GZIP) and not ending:
        made = folder / f"{name}.gz"
        made.write_bytes(first)
        with made.open("ab") as whole:
            shutil.copyfileobj(file, whole)
        with gzip.open(made) as inner:
            return _spooled(inner, folder, name, ".csv")
    kinds = {PARQUET: ".parquet", ZIP: ".xlsx"}
    path = folder / (name if name.endswith(".csv") else name + (ending or kinds.get(first, ".csv")))
    with path.open("wb") as whole:
        whole.write(first)
        shutil.copyfileobj(file, whole)
    return path


class TableOutput(click.Path):
    """A table to write: a file, `-` for standard output (CSV), or `.csv.gz`; `far` as of inputs."""

    def __init__(self, folders: bool = False, far: bool = False) -> None:
        super().__init__(dir_okay=folders, path_type=Path, allow_dash=True)
        self.far = far

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path of a file that is written as it stands."""
        if self.far and _FAR in str(value):
            return _address(str(value))
        path = Path(str(super().convert(value, param, ctx)))
        if ctx is None or ctx.resilient_parsing:
            return path
        if param is not None:
            writable(ctx, param, path)
        if str(value) == STANDARD:
            return _sent_on(_folder(ctx) / f"{SAID['out']}.csv", None, ctx)
        if path.name.lower().endswith(".csv.gz"):
            return _sent_on(_folder(ctx) / path.name.removesuffix(".gz"), path, ctx)
        return path


def _sent_on(made: Path, path: Path | None, context: click.Context) -> Path:
    """A file that is sent on when the command ends, if it is there: it is there only if whole."""

    def send() -> None:
        if not made.exists():
            return
        with made.open("rb") as whole:
            if path is None:
                shutil.copyfileobj(whole, sys.stdout.buffer)
                sys.stdout.buffer.flush()
                return
            with appearing(path) as beside, gzip.open(beside, "wb") as file:
                shutil.copyfileobj(whole, file)

    context.meta.setdefault(_META, {}).setdefault("shown", {})[made] = path
    context.find_root().call_on_close(send)
    return made


def shown(path: "Path | Address") -> str:
    """A result's path as the user gave it."""
    context = click.get_current_context(silent=True)
    named = context.meta.get(_META, {}).get("shown", {}) if context else {}
    given = named.get(path, path) if isinstance(path, Path) else path
    return SAID["out"] if given is None else str(given)


def to_standard_output() -> bool:
    """Whether the result itself goes to standard output: what else is said goes to stderr."""
    context = click.get_current_context(silent=True)
    named = context.meta.get(_META, {}).get("shown", {}) if context else {}
    return None in named.values()


def report_beside(output: Path) -> Path:
    """Where the rows go that cannot be read, where nobody named a file: beside the result.

    Beside standard output there is no place: it is in the folder of the command.
    """
    context = click.get_current_context(silent=True)
    named = context.meta.get(_META, {}).get("shown", {}) if context else {}
    given = named.get(output, output)
    if given is None:
        return Path(f"gongji-{os.getpid()}.rejected.csv")
    name = given.name.removesuffix(".gz")
    return Path(given).with_name(f"{Path(name).stem}.rejected.csv")
