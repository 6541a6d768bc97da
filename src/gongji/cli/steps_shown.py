"""The parts of settling a file, shown on a bar."""

from gongji.batch.adjudicate import FileSteps
from gongji.cli.progress import ProgressBar


class StepsShown(FileSteps):
    """Tells a bar which part begins and how far it is."""

    def __init__(self, bar: ProgressBar) -> None:
        self.bar = bar

    def begin(self, name: str, total: int) -> None:
        """A part of the work begins."""
        self.bar.begin(name, total)

    def update(self, rows: int) -> None:
        """So many rows more of it are done."""
        self.bar.update(rows)
