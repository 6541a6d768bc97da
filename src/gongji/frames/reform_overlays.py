"""`gongji.reform`: figures laid over an area's law from a day on, with what they change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from gongji.frames.facts_given import fact_text, paths_of, texts_of
from gongji.law.checks.library import Library
from gongji.law.engine.area import Area
from gongji.law.engine.areas import Areas
from gongji.law.engine.overlay import Overlay
from gongji.law.engine.visit import read_date
from gongji.law.report.compare import SAME, LawDifference, compare
from gongji.law.rulebook.figure_paths import Given
from gongji.units import date_of

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, eq=False, repr=False)
class ReformOverlay:
    """A reform that was checked against the law it changes; see `gongji.reform`."""

    overlay: Overlay
    before: Area
    after: Area
    _rows: tuple[LawDifference, ...] = field(default=())

    @property
    def area(self) -> str:
        """The area's code."""
        return self.overlay.area

    @property
    def start(self) -> date:
        """The first day of the reform."""
        return date_of(self.overlay.start)

    @property
    def name(self) -> str:
        """What citations call it."""
        return self.overlay.name

    @property
    def figures(self) -> dict[str, Given]:
        """The figures by their paths."""
        return dict(self.overlay.figures)

    @property
    def hash(self) -> str:
        """The SHA-256 of the law at the first day, the reform in it."""
        return self.after.law(self.overlay.start).hash

    @property
    def changes(self) -> "pl.DataFrame":
        """What the law says before and under the reform, each with its articles."""
        from gongji.frames.law_frames import differences_frame

        return differences_frame(list(self._rows))

    def to_dict(self) -> dict[str, object]:
        """The reform for machines."""
        return {
            "area": self.area,
            "name": self.name,
            "start": str(self.start),
            "figures": self.figures,
            "hash": self.hash,
            "changes": [
                {"subject": row.subject, "item": row.item, "where": dict(row.where)}
                | {"before": row.left, "after": row.right, "articles": row.right_articles}
                for row in self._rows
            ],
        }

    def __repr__(self) -> str:
        figures = "、".join(f"{path} = {figure}" for path, figure in self.figures.items())
        return f"<改革“{self.name}” {self.area} 自 {self.start} 起：{figures}>"

    def _repr_markdown_(self) -> str:
        place = self.before.law(self.overlay.start).place
        heads = [f"**改革“{self.name}”** {place}，自 {self.start} 起"]
        heads += ["", "| 规定 | 条件 | 原为 | 改为 | 依据 |", "| --- | --- | --- | --- | --- |"]
        rows = [
            f"| {row.subject} {row.item} | {'，'.join(f'{f}：{v}' for f, v in row.where)} "
            f"| {row.left} | {row.right} | {row.right_articles} |"
            for row in self._rows
        ]
        return "\n".join([*heads, *rows])


def reform(
    area: str,
    figures: Mapping[str, Given],
    *,
    start: date | str,
    name: str = "",
    folders: Sequence[str | Path] = (),
    settings: Mapping[str, object] | None = None,
) -> ReformOverlay:
    """Figures in the place of an area's own from a day on, as a law that frames are settled by.

    Shape:   `figures` path -> figure as a rulebook writes it (docs/inside/amendment.md;
             `gongji.parameters` lists the paths); `name` is what citations call it.
    Refuses: area_unknown, date_outside; RulebookError with every figure that does not fit.

    >>> import gongji
    >>> ceiling = {"待遇.普通门诊.最高支付限额.退休": "3000元"}
    >>> more = gongji.reform("430500", ceiling, start="2023-01-01", name="提高限额")
    >>> more
    <改革“提高限额” 430500 自 2023-01-01 起：待遇.普通门诊.最高支付限额.退休 = 3000元>
    >>> more.changes["left"][0], more.changes["right"][0]
    ('2,000.00 元', '3,000.00 元')
    """
    areas = Areas(Library(paths_of(folders)), everywhere=texts_of(settings))
    before = areas.home(area)
    day = read_date("start", fact_text("start", start))
    said = name or "、".join(f"{path.split('.', 1)[-1]}改为{f}" for path, f in figures.items())
    overlay = Overlay(before.code, day, dict(figures), said)
    after = overlay.changed(before)
    found = compare(before, day, after, day)
    rows = tuple(row for row in found if row.mark != SAME)
    return ReformOverlay(overlay, before, after, rows)
