"""How far a command is, on stderr while it is a terminal: what it does now, how many of how many.

The time left is told only where the number of what is to be done is known, and of the part that
runs now; a part that counts without a known end says so by counting.
"""

import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from types import TracebackType


class ProgressBar:
    """A bar that appears where somebody looks, and leaves nothing behind.

    Shape:   `unit` is what is counted; `total` zero where it is not known yet.
    """

    def __init__(
        self, unit: str = "", total: int | None = 0, shown: bool = True, name: str = ""
    ) -> None:
        self.unit, self.total, self.name = unit, total or 0, name
        self._bar: Any = _bar(unit) if shown and sys.stderr.isatty() else None
        self._task: Any = None

    def __enter__(self) -> "ProgressBar":
        if self._bar is not None:
            self._bar.start()
            self.begin(self.name, self.total)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: "TracebackType | None",
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self, name: str, total: int) -> None:
        """A part of the work begins, of so many; the estimate begins anew with it."""
        self.name, self.total = name, total
        if self._bar is None:
            return
        if self._task is not None:
            self._bar.remove_task(self._task)
        self._task = self._bar.add_task(name, total=total or None)

    def update(self, count: int = 1) -> None:
        """So many more are done."""
        if self._bar is not None:
            self._bar.advance(self._task, count)

    def say(self, name: str) -> None:
        """What is being done now, within the part that runs."""
        if self._bar is not None:
            self._bar.update(self._task, description=name)

    def of(self, count: int, total: int) -> None:
        """So many more are done, of so many in all."""
        if self._bar is not None:
            self._bar.update(self._task, total=total or None)
        self.update(count)


def _bar(unit: str) -> Any:
    """The bar of the library: what, bar, how many of how many, since when, how long still."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar

    return Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TextColumn("已用"),
        TimeElapsedColumn(),
        TextColumn("约剩"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )


def say_if_first_run() -> bool:
    """Say that the loops are compiled now, where their machine code is not kept yet.

    Returns: whether it is so.
    """
    from gongji.batch.numba_rows import is_compiled

    first = not is_compiled()
    if first:
        said = "第一次运行：正在编译结算程序（约半分钟，只此一次；编译结果保存在用户的缓存目录）"
        click.echo(said, err=True)
    return first
