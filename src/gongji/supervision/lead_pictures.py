"""Pictures of the report, drawn as SVG: the funnel, the ladder, an institution over time.

Numbers of axes are plain; names of institutions stand in the tables, not in the pictures, so that
no font with Chinese letters is needed.
"""

import io
from typing import Any

import numpy as np
import polars as pl

from gongji.supervision.own_past import WEIGHT
from gongji.supervision.peers import LIMIT

WIDE, HIGH = 7.2, 3.6
HONEST, BEYOND, BAND = "#5b7c99", "#c0392b", "#9aa7b2"
LADDER = 20


def _axes() -> tuple[Any, Any]:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDE, HIGH))
    axes = figure.add_axes((0.1, 0.16, 0.87, 0.8))
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _plain_logarithms(axis: Any) -> None:
    """A logarithmic axis whose ticks are plain numbers, which are drawn much faster too."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def _drawn(figure: Any) -> str:
    """A figure as SVG, the same for the same figure."""
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "gongji", "svg.fonttype": "path"}):
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()[text.getvalue().index("<svg") :]


def funnel(compared: pl.DataFrame) -> str:
    """Institutions of one group on one indicator: ratio over visits, and the limits."""
    figure, axes = _axes()
    visits = compared["visits"].to_numpy()
    ratios, z = compared["ratio"].to_numpy(), compared["z"].to_numpy()
    spread = float(compared["spread"][0])
    middle = float(np.median(ratios))
    there = np.abs(z) > 1e-6
    chance = np.zeros(len(z))
    whole = np.abs(ratios[there] - middle) / np.abs(z[there])
    chance[there] = np.sqrt(np.maximum(whole**2 - spread**2, 0)) * np.sqrt(visits[there])
    of_one = float(np.median(chance[there])) if there.any() else 0.0
    along = np.geomspace(max(visits.min(), 1), visits.max() * 1.1, 80)
    width = LIMIT * np.sqrt(spread**2 + of_one**2 / along)
    axes.fill_between(
        along, np.exp(middle - width), np.exp(middle + width), color=BAND, alpha=0.25, lw=0
    )
    axes.axhline(np.exp(middle), color=BAND, lw=1)
    over = z > LIMIT
    axes.scatter(visits[~over], np.exp(ratios[~over]), s=16, color=HONEST)
    axes.scatter(visits[over], np.exp(ratios[over]), s=28, color=BEYOND)
    axes.set_xscale("log")
    axes.set_yscale("log")
    _plain_logarithms(axes.xaxis)
    _plain_logarithms(axes.yaxis)
    axes.set_xlabel("n")
    axes.set_ylabel("O / E")
    return _drawn(figure)


def ladder(leads: pl.DataFrame) -> str:
    """The first leads by money, the greatest on top."""
    figure, axes = _axes()
    first = leads.head(LADDER)
    money = first["money"].to_numpy() / 100 / 10_000
    places = np.arange(len(money))[::-1]
    axes.hlines(places, 0, money, color=BAND, lw=2)
    axes.scatter(money, places, s=28, color=BEYOND)
    axes.set_yticks(places, [str(rank) for rank in first["rank"]])
    axes.set_xlabel("10 000 CNY")
    axes.set_xlim(left=0)
    return _drawn(figure)


def over_time(months: pl.DataFrame) -> str:
    """One institution by month: its cost, what the season lets expect, its average and limit."""
    figure, axes = _axes()
    when = np.arange(len(months))
    expected = months["expected"].to_numpy() / 1e6
    axes.plot(when, months["total"].to_numpy() / 1e6, color=HONEST, marker="o", ms=4)
    axes.plot(when, expected, color=BAND, ls="--")
    axes.plot(when, expected * np.exp(months["limit"].to_numpy()), color=BAND, lw=1)
    beyond = months["beyond"].to_numpy()
    axes.scatter(when[beyond], months["total"].to_numpy()[beyond] / 1e6, s=48, color=BEYOND)
    axes.set_xticks(when, [f"{day:%m}" for day in months["month"]])
    axes.set_ylabel("10 000 CNY")
    axes.set_xlabel(f"EWMA {WEIGHT}")
    return _drawn(figure)
