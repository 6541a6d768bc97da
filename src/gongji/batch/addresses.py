"""Where buckets and their results lie: a folder of this machine, or an address that Arrow reaches.

Far files are brought into a folder of this machine, worked on as any, and taken back; a record
comes after what it tells of, so that a worker that is lost leaves nothing half done.
"""

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyarrow import fs

from gongji.refusals import Refusal


@dataclass(frozen=True)
class Address:
    """A folder; `filesystem` is None where it is one of this machine (or seen as such by all)."""

    text: str
    path: str
    filesystem: fs.FileSystem | None = None

    def __str__(self) -> str:
        return self.text

    @classmethod
    def of(cls, text: str) -> "Address":
        """The folder of a path, or of an address such as hdfs://… or s3://….

        Refuses: value_invalid for an address that Arrow cannot reach.
        """
        if "://" not in text:
            return cls(str(Path(text).resolve()), str(Path(text).resolve()))
        try:
            filesystem, path = fs.FileSystem.from_uri(text)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
            values = {"value": text, "allowed": f"Arrow 能访问的地址（{error}）"}
            raise Refusal("value_invalid", "目录", values) from None
        return cls(text, path, filesystem)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        if self.filesystem is None:
            (Path(self.path) / name).unlink(missing_ok=True)
        elif self._has(name):
            self.filesystem.delete_file(f"{self.path}/{name}")

    @contextmanager
    def brought(self, names: Iterable[str]) -> Iterator[Path]:
        """A folder of this machine that has these files, as far as they are there."""
        if self.filesystem is None:
            yield Path(self.path)
            return
        with tempfile.TemporaryDirectory(prefix="gongji-files-") as scratch:
            for name in names:
                self._fetch(name, Path(scratch))
            yield Path(scratch)

    @contextmanager
    def kept(self, names: Sequence[str]) -> Iterator[Path]:
        """A folder of this machine in which these files are made, or made anew.

        Ensures: at a good end they are taken to their place in this order.
        """
        if self.filesystem is None:
            Path(self.path).mkdir(exist_ok=True)
            yield Path(self.path)
            return
        with self.brought(names) as folder:
            yield folder
            for path in (folder / name for name in names):
                if path.is_file():
                    self._put(path)

    def _has(self, name: str) -> bool:
        assert self.filesystem is not None
        info = self.filesystem.get_file_info(f"{self.path}/{name}")
        return bool(info.type == fs.FileType.File)

    def _fetch(self, name: str, folder: Path) -> None:
        assert self.filesystem is not None
        if self._has(name):
            far = self.filesystem.open_input_stream(f"{self.path}/{name}")
            with far, (folder / name).open("wb") as near:
                shutil.copyfileobj(far, near)

    def _put(self, path: Path) -> None:
        """Take a file there; it appears whole."""
        assert self.filesystem is not None
        self.filesystem.create_dir(self.path, recursive=True)
        beside, target = f"{self.path}/.{path.name}.partial", f"{self.path}/{path.name}"
        with path.open("rb") as near, self.filesystem.open_output_stream(beside) as far:
            shutil.copyfileobj(near, far)
        self.filesystem.move(beside, target)
