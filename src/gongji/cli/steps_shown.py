"""The parts of settling a file, shown on a bar."""

from gongji.batch.adjudicate import FileSteps
from gongji.cli.progress import ProgressBar

COMPILING = "编译"
"""What the first run does before its first rows are settled."""


class StepsShown(FileSteps):
    """Tells a bar which part begins and how far it is; `first_run` where it compiles first."""

    def __init__(self, bar: ProgressBar, first_run: bool = False) -> None:
        self.bar, self.first_run = bar, first_run

    def begin(self, name: str, total: int) -> None:
        """A part of the work begins."""
        if name == "结算" and self.first_run:
            self.first_run = False
            name, total = COMPILING, 0
        self.bar.begin(name, total)

    def update(self, count: int) -> None:
        """So many rows more of it are done."""
        self.bar.update(count)
