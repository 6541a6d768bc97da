"""The report's pictures: SVG text drawn here, whose Chinese is drawn by the reader's browser."""

import io
import logging
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import polars as pl

from gongji.simulation.before_after import Evaluation, MonthFigure, level
from gongji.simulation.outcome_tables import BAND_NAMES
from gongji.simulation.solving import CostMap
from gongji.units import FEN_PER_YUAN

INK, GREY, BASE, REFORM = "#2b2b2b", "#8c8c8c", "#8fa9b8", "#0f6e8c"
CLASS_COLORS = ("#1f7a4d", "#8cc6a4", "#d9d9d9", "#e8b48a", "#b5532a")
FONTS = ["Noto Sans CJK SC", "Source Han Sans SC", "Microsoft YaHei", "PingFang SC", "DejaVu Sans"]
LINE_COLORS = (GREY, "#0f6e8c", "#d9822b", "#8a3b78")
WIDE, LOW = 9.0, 3.6
ACROSS = 3
"""So many small pictures stand beside each other."""


def _drawn(
    draw: Callable[[Any], None], size: tuple[float, float] = (WIDE, LOW), **grid: Any
) -> str:
    """An SVG of what is drawn on axes, or on a grid of axes, the same each time."""
    import matplotlib
    from matplotlib.figure import Figure

    settings: Any = {
        "font.family": FONTS,
        "svg.fonttype": "none",
        "svg.hashsalt": "gongji",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": GREY,
        "text.color": INK,
        "axes.unicode_minus": False,
    }
    logger = logging.getLogger("matplotlib.font_manager")
    before = logger.level
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.setLevel(logging.ERROR)
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.subplots(**grid))
        made = io.StringIO()
        figure.savefig(made, format="svg", metadata={"Date": None, "Creator": None})
        logger.setLevel(before)
    text = made.getvalue()
    return text[text.index("<svg") :]


def pairs_picture(frame: pl.DataFrame, name: str, columns: tuple[str, str], unit: str) -> str:
    """Two bars a row: under the present law and under the reform."""
    scale = {"万元": 1_000_000, "元": FEN_PER_YUAN, "%": 0.01, "人": 1}[unit]

    def draw(axes: Any) -> None:
        labels = frame[name].to_list()
        for shift, column, color, label in zip(
            (-0.2, 0.2), columns, (BASE, REFORM), ("现行", "改革"), strict=True
        ):
            heights = [(value or 0) / scale for value in frame[column].to_list()]
            places = [place + shift for place in range(len(labels))]
            axes.bar(places, heights, 0.4, color=color, label=label)
        axes.set_xticks(range(len(labels)), labels)
        axes.set_ylabel(unit)
        axes.legend(frameon=False)

    return _drawn(draw)


def classes_picture(frame: pl.DataFrame) -> str:
    """One bar of five classes, as shares of persons."""

    def draw(axes: Any) -> None:
        left = 0.0
        for name, share, color in zip(
            frame["class"].to_list(), frame["share"].to_list(), CLASS_COLORS, strict=True
        ):
            width = (share or 0) * 100
            axes.barh(0, width, left=left, color=color, label=f"{name} {width:.1f}%")
            left += width
        axes.set_yticks([])
        axes.set_xlim(0, 100)
        axes.set_xlabel("占参保人的百分比")
        axes.legend(frameon=False, ncols=5, loc="upper center", bbox_to_anchor=(0.5, 1.2))

    return _drawn(draw)


def ceilings_picture(frame: pl.DataFrame) -> str:
    """How near to the ceiling persons come, under each law, those without payment left out."""

    def draw(axes: Any) -> None:
        bands = BAND_NAMES[1:]
        count = len(frame)
        for number, row in enumerate(frame.iter_rows(named=True)):
            whole = max(sum(row[band] or 0 for band in bands), 1)
            places = [place + (number - (count - 1) / 2) * 0.2 for place in range(len(bands))]
            shares = [(row[band] or 0) / whole * 100 for band in bands]
            color = (BASE, REFORM)[row["law"] == "改革"]
            alpha = 1.0 if row["status"] == "退休" else 0.55
            label = f"{row['status']}·{row['law']}"
            axes.bar(places, shares, 0.2, color=color, alpha=alpha, label=label)
        axes.set_xticks(range(len(bands)), bands)
        axes.set_ylabel("占有支付者的 %")
        axes.legend(frameon=False)

    return _drawn(draw)


def fund_picture(frame: pl.DataFrame, column: str) -> str:
    """The fund by year, a curve for each line."""

    def draw(axes: Any) -> None:
        for name, color in zip(
            frame["line"].unique(maintain_order=True), LINE_COLORS, strict=False
        ):
            own = frame.filter(pl.col("line") == name)
            values = [value / 1e10 for value in own[column].to_list()]
            axes.plot(own["year"].to_list(), values, marker="o", color=color, label=name)
        axes.set_xticks(frame["year"].unique().sort().to_list())
        axes.set_ylabel("亿元")
        axes.legend(frameon=False)

    return _drawn(draw)


def curve_picture(
    points: Sequence[tuple[float, float]], found: tuple[float, float], names: tuple[str, str]
) -> str:
    """A figure against what it costs, and where the target is met."""

    def draw(axes: Any) -> None:
        ordered = sorted(points)
        axes.plot([x for x, _ in ordered], [y for _, y in ordered], color=BASE, marker=".")
        axes.plot(*found, marker="o", color=REFORM)
        axes.axhline(found[1], color=GREY, linewidth=0.8, linestyle=":")
        axes.set_xlabel(names[0])
        axes.set_ylabel(names[1])

    return _drawn(draw)


def months_picture(made: Evaluation, one: MonthFigure) -> str:
    """An indicator by month, the area's own beside others', with the month of the reform."""

    def draw(axes: Any) -> None:
        for place, (name, months) in enumerate(made.months.items()):
            days = months["month"].to_list()
            values = [level(one, months, [day]) for day in days]
            color = REFORM if not place else GREY
            axes.plot(days, values, marker="o", color=color, label=name, zorder=2 - bool(place))
        axes.axvline(made.day, color=LINE_COLORS[2], linewidth=1, linestyle="--")
        axes.set_ylabel(one.unit)
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False)

    return _drawn(draw)


def map_picture(made: CostMap, scale: float, unit: str, names: tuple[str, str]) -> str:
    """Two figures and lines of equal cost; today's figures are in the middle."""

    def draw(axes: Any) -> None:
        across = [one.number for one in made.firsts]
        heights = [[row[j] * scale for row in made.change] for j in range(len(made.numbers))]
        lines = axes.contour(across, made.numbers, heights, colors=REFORM, linewidths=1.2)
        axes.clabel(lines, fmt=lambda value: f"{value:+g}{unit}", fontsize=9)
        if min(map(min, heights)) <= 0 <= max(map(max, heights)):
            axes.contour(across, made.numbers, heights, levels=[0], colors=INK, linewidths=2)
        axes.set_xlabel(names[0])
        axes.set_ylabel(names[1])

    return _drawn(draw)


def kinds_picture(frame: pl.DataFrame) -> str:
    """A small picture for each kind of person: by area what is paid and borne, yuan a head."""
    kinds = frame["kind"].unique(maintain_order=True).to_list()
    rows = -(-len(kinds) // ACROSS)
    areas = frame["area"].n_unique()
    parts = (
        ("pool_fen", "统筹支付", BASE),
        ("supplements_fen", "补充支付", LINE_COLORS[3]),
        ("own_fen", "个人负担", GREY),
    )

    def draw(grid: Any) -> None:
        for axes, kind in zip(grid.flat, kinds, strict=False):
            own = frame.filter(pl.col("kind") == kind).reverse()
            left = [0.0] * len(own)
            for column, label, color in parts:
                heads = zip(own[column].to_list(), own["persons"].to_list(), strict=True)
                widths = [
                    (fen or 0) / FEN_PER_YUAN / max(persons or 0, 1) for fen, persons in heads
                ]
                axes.barh(own["area"].to_list(), widths, left=left, color=color, label=label)
                left = [one + more for one, more in zip(left, widths, strict=True)]
            axes.set_title(kind, fontsize=10)
        for axes in grid.flat[len(kinds) :]:
            axes.set_visible(False)
        handles = grid.flat[0].get_legend_handles_labels()
        grid.flat[0].figure.legend(*handles, frameon=False, ncols=3, loc="outside upper center")

    shape = {"nrows": rows, "ncols": ACROSS, "sharex": True, "sharey": True, "squeeze": False}
    return _drawn(draw, (WIDE, rows * (0.6 + 0.22 * areas) + 0.6), **shape)
