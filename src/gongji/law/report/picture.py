"""Draw curves: two panels side by side, one line for each level of institution."""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gongji.law.report.curve import STATUSES, Curve
from gongji.refusals import GongjiError
from gongji.units import FEN_PER_YUAN

FONTS = (
    "NotoSansCJK",
    "NotoSansSC",
    "NotoSansHans",
    "SourceHanSans",
    "wqy-microhei",
    "wqy-zenhei",
    "msyh",
    "PingFang",
    "HiraginoSansGB",
    "simhei",
    "simsun",
    "DroidSansFallback",
)
"""Beginnings of the file names of fonts that hold Chinese, the best first."""

COLORS = {"一级": "#0f6e8c", "二级": "#d9822b", "三级": "#8a3b78", "药店": "#5b7f3a"}
_LEFT = 0.06
INK, GREY, FULL, PAPER = "#2b2b2b", "#8c8c8c", "#bdbdbd", "#e4e4e4"
KINDS = (".svg", ".png")


class NoFont(GongjiError):
    """A picture made of pixels needs a Chinese font, and there is none."""

    def __str__(self) -> str:
        return (
            "没有找到中文字体，PNG 里的汉字会成为方框。请安装中文字体"
            "（Debian：apt install fonts-noto-cjk），用 --font 指定字体文件，或改存 .svg"
        )


def can_draw() -> bool:
    """Whether pictures can be drawn here: their library is an extra (`gongji[plot]`)."""
    try:
        import matplotlib
    except ModuleNotFoundError:
        return False
    return bool(matplotlib)


NOT_DRAWN = "没有装画图的组件，报告没有图；需要时先运行：pip install 'gongji[plot]'，再写一次报告"
"""What a report says that has no pictures."""


def draw(curves: Sequence[Curve], title: str, subtitle: str, path: Path, font: Path | None) -> None:
    """Save a picture; an SVG keeps its text as text, so that a browser brings the font.

    Refuses: NoFont for a PNG without a Chinese font.
    """
    import matplotlib
    from matplotlib.figure import Figure

    family = _family(font)
    if family is None and path.suffix != ".svg":
        raise NoFont
    families = [family] if family else ["DejaVu Sans"]
    settings: Any = {
        "font.family": [*families, "sans-serif"],
        "svg.fonttype": "none",
        "svg.hashsalt": "gongji",
        "axes.unicode_minus": False,
    }
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        # Without a Chinese font the glyphs are missing here, not in the browser.
        warnings.simplefilter("ignore", UserWarning)
        figure = Figure(figsize=(11.5, 5.8), facecolor="white")
        _panels(figure, curves)
        figure.text(_LEFT, 0.94, title, fontsize=16, color=INK)
        figure.text(_LEFT, 0.89, subtitle, fontsize=10, color=GREY)
        for line, missing in enumerate(dict.fromkeys(c.missing for c in curves if c.missing)):
            note = f"○ 此后需要规则没有给出的参数：{missing}"
            figure.text(_LEFT, 0.03 + 0.03 * line, note, fontsize=9, color=GREY)
        beside = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
        try:
            metadata = {"Date": None} if path.suffix == ".svg" else None
            figure.savefig(beside, dpi=160, metadata=metadata)
            os.replace(beside, path)
        finally:
            beside.unlink(missing_ok=True)


def _family(font: Path | None) -> str | None:
    """The name of a font that holds Chinese, made known to matplotlib."""
    from matplotlib import font_manager

    files = [font] if font else sorted(map(Path, font_manager.findSystemFonts()), key=_preference)
    for file in files:
        if font or _preference(file) < len(FONTS):
            font_manager.fontManager.addfont(file)
            return str(font_manager.FontProperties(fname=file).get_name())
    return None


def _preference(file: Path) -> int:
    """The place of a font in FONTS; the length of FONTS for any other."""
    plain = "Regular" in file.stem or "-" not in file.stem
    for number, name in enumerate(FONTS):
        if plain and file.stem.lower().startswith(name.lower()):
            return number
    return len(FONTS)


def _panels(figure: Any, curves: Sequence[Curve]) -> None:
    statuses = [status for status in STATUSES if any(c.status == status for c in curves)]
    axes = figure.subplots(1, len(statuses), sharex=True, sharey=True, squeeze=False)[0]
    figure.subplots_adjust(left=_LEFT, right=0.94, top=0.73, bottom=0.155, wspace=0.26)
    highest = max(paid for curve in curves for _, paid in curve.points) / FEN_PER_YUAN or 1
    longest = max(curve.points[-1][0] for curve in curves) / FEN_PER_YUAN
    for panel, status in zip(axes, statuses, strict=True):
        drawn = [curve for curve in curves if curve.status == status]
        panel.plot([0, longest], [0, longest], color=FULL, linewidth=1.2, linestyle=(0, (4, 3)))
        for curve in drawn:
            _line(panel, curve)
        _dress(panel)
        _names(panel, STATUSES[status], drawn)
        _amounts(panel, drawn, highest)
    axes[0].set_ylim(0, highest * 1.06)
    axes[0].set_xlim(0, longest)


def _dress(panel: Any) -> None:
    for side in ("top", "right", "left"):
        panel.spines[side].set_visible(False)
    panel.spines["bottom"].set_color(GREY)
    panel.grid(axis="y", color=PAPER, linewidth=0.8)
    panel.set_axisbelow(True)
    panel.tick_params(colors=GREY, labelsize=9, length=0, labelleft=True)
    panel.set_xlabel("政策范围内费用（元）；虚线为费用全额", fontsize=9, color=GREY)
    for axis in (panel.xaxis, panel.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:,.0f}")


def _line(panel: Any, curve: Curve) -> None:
    xs = [cost / FEN_PER_YUAN for cost, _ in curve.points]
    ys = [paid / FEN_PER_YUAN for _, paid in curve.points]
    color = COLORS[curve.levels[0]]
    panel.plot(xs, ys, color=color, linewidth=2.2, solid_capstyle="round")
    if curve.missing:
        panel.plot(
            xs[-1:],
            ys[-1:],
            "o",
            markersize=7,
            markerfacecolor="white",
            markeredgewidth=1.8,
            markeredgecolor=color,
            clip_on=False,
        )


def _names(panel: Any, status: str, curves: Sequence[Curve]) -> None:
    """Above the panel: the status, the names of the lines in their colours, the unit."""
    panel.text(0, 1.145, status, transform=panel.transAxes, fontsize=13, color=INK)
    panel.text(0, 1.05, "统筹基金支付（元）", transform=panel.transAxes, fontsize=9, color=GREY)
    at = 0.13
    for curve in curves:
        color = COLORS[curve.levels[0]]
        panel.plot(
            [at, at + 0.045],
            [1.165, 1.165],
            color=color,
            linewidth=3,
            clip_on=False,
            transform=panel.transAxes,
        )
        panel.text(
            at + 0.06, 1.145, curve.name, transform=panel.transAxes, fontsize=10.5, color=color
        )
        at += 0.11 + 0.035 * len(curve.name)


def _amounts(panel: Any, curves: Sequence[Curve], highest: float) -> None:
    """The last amount of each line at its end, equal ones once, moved apart where they overlap."""
    apart = highest * 0.055
    height = -apart
    ends: dict[float, tuple[float, list[str]]] = {}
    for curve in curves:
        cost, paid = (amount / FEN_PER_YUAN for amount in curve.points[-1])
        farthest, colors = ends.get(paid, (0, []))
        ends[paid] = max(farthest, cost), [*colors, COLORS[curve.levels[0]]]
    for paid, (cost, colors) in sorted(ends.items()):
        height = max(paid, height + apart)
        panel.annotate(
            f"{paid:,.0f}",
            (cost, height),
            xytext=(10, 0),
            textcoords="offset points",
            va="center",
            fontsize=9.5,
            color=colors[0] if len(colors) == 1 else INK,
            annotation_clip=False,
        )
