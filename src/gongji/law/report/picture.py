"""Draw curves, one line for each level of institution: a sheet with two panels side by side, or a
narrow picture with one below the other, whose letters can be read on a telephone.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from gongji.law.report.curve import STATUSES, Curve
from gongji.refusals import GongjiError
from gongji.tabular.whole_files import appearing
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
NARROW, LETTERS = 340, 13
"""How wide a narrow picture is, and how high its letters are, in points: on a telephone of 390
pixels a point is a pixel or more."""
_TITLE, _PANEL, _LINE = 24, 216, 19
"""Heights of a narrow picture in points: above all, a panel with its names, a line of text."""
_ACROSS = 25
"""Chinese characters in a line of a narrow picture."""


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
    from matplotlib.figure import Figure

    family = _family(font)
    if family is None and path.suffix != ".svg":
        raise NoFont
    with _settings(family):
        figure = Figure(figsize=(11.5, 5.8), facecolor="white")
        _panels(figure, curves)
        figure.text(_LEFT, 0.94, title, fontsize=16, color=INK)
        figure.text(_LEFT, 0.89, subtitle, fontsize=10, color=GREY)
        for line, missing in enumerate(dict.fromkeys(c.missing for c in curves if c.missing)):
            note = f"○ 此后需要规则没有给出的参数：{missing}"
            figure.text(_LEFT, 0.03 + 0.03 * line, note, fontsize=9, color=GREY)
        _save(figure, path)


@contextmanager
def _settings(family: str | None) -> Iterator[None]:
    """Matplotlib's settings for a picture whose text stays text, in a font that is there."""
    import matplotlib

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
        yield


def _save(figure: Any, path: Path) -> None:
    """Save a picture whole; an SVG is the same each time."""
    kind = path.suffix[1:]
    metadata = {"Date": None} if kind == "svg" else None
    with appearing(path) as beside:
        figure.savefig(beside, format=kind, dpi=160, metadata=metadata)


def draw_narrow(
    curves: Sequence[Curve], title: Sequence[str], path: Path, say: Callable[[str], str]
) -> None:
    """Save a picture for a telephone as SVG: a panel for each status, one for both if alike.

    Shape:   `say` puts the picture's words, `title` included, into the reader's language.
    """
    from matplotlib.figure import Figure

    panels = _narrow_panels(curves)
    head = [line for text in title for line in _wrapped(say(text))]
    missing = dict.fromkeys(c.missing.partition("（")[0] for c in curves if c.missing)
    foot = [
        line for name in missing for line in _wrapped(f"○ {say('此后的数字尚未公布：')}{say(name)}")
    ]
    above, below = _TITLE + _LINE * len(head), _LINE * (len(foot) + 1)
    height = above + _PANEL * len(panels) + below
    with _settings(_family(None)):
        figure = Figure(figsize=(NARROW / 72, height / 72), facecolor="white")
        for number, line in enumerate(head):
            at = 1 - (_LINE * (number + 1)) / height
            figure.text(0.02, at, line, fontsize=LETTERS, color=INK)
        for number, line in enumerate(foot):
            at = _LINE * (len(foot) - number - 0.7) / height
            figure.text(0.02, at, line, fontsize=LETTERS, color=INK)
        for number, (name, drawn) in enumerate(panels):
            bottom = below + _PANEL * (len(panels) - number - 1) + 46
            place = (0.16, bottom / height, 0.68, (_PANEL - 100) / height)
            _narrow_panel(figure.add_axes(place), say(name), drawn, _ends(curves), say)
        _save(figure, path)


def _wrapped(text: str) -> list[str]:
    """A text in lines of a narrow picture; a Latin letter takes half of a Chinese one."""
    lines, room = [""], _ACROSS * 2
    for sign in text:
        width = 2 if ord(sign) > 0x2E80 else 1
        if room < width:
            # A Latin word goes to the next line whole.
            kept, space, word = lines[-1].rpartition(" ")
            broken = space and sign.isascii()
            lines[-1] = kept if broken else lines[-1]
            lines.append(word if broken else "")
            room = _ACROSS * 2 - len(lines[-1])
        lines[-1] += sign
        room -= width
    return [line.strip() for line in lines]


def _narrow_panels(curves: Sequence[Curve]) -> list[tuple[str, list[Curve]]]:
    """The curves of each status under its name; once, where both are paid alike."""
    found = [
        (STATUSES[status], [curve for curve in curves if curve.status == status])
        for status in STATUSES
    ]
    found = [(name, drawn) for name, drawn in found if drawn]
    alike = {tuple(replace(curve, status="") for curve in drawn) for _, drawn in found}
    if len(found) > 1 and len(alike) == 1:
        return [("、".join(name for name, _ in found), found[0][1])]
    return found


def _ends(curves: Sequence[Curve]) -> tuple[float, float]:
    """The highest cost and the highest payment in yuan: the scale that all panels share."""
    longest = max(curve.points[-1][0] for curve in curves) / FEN_PER_YUAN
    return longest, max(paid for one in curves for _, paid in one.points) / FEN_PER_YUAN or 1


def _narrow_panel(
    panel: Any,
    status: str,
    curves: Sequence[Curve],
    ends: tuple[float, float],
    say: Callable[[str], str],
) -> None:
    from matplotlib.ticker import MaxNLocator

    longest, highest = ends
    panel.plot([0, longest], [0, longest], color=FULL, linewidth=1.2, linestyle=(0, (4, 3)))
    for curve in curves:
        _line(panel, curve)
    _dress(panel)
    panel.tick_params(colors=INK, labelsize=LETTERS, length=0, labelleft=True)
    panel.set_xlabel(say("费用（元）"), fontsize=LETTERS, color=INK)
    panel.xaxis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
    panel.yaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 5, 10]))
    panel.set_ylim(0, highest * 1.06)
    panel.set_xlim(0, longest)
    panel.text(
        -0.2,
        1.3,
        f"{status} · {say('报多少（元）')}",
        transform=panel.transAxes,
        fontsize=LETTERS,
        color=INK,
    )
    at = -0.2
    for curve in curves:
        name, color = say(curve.name), COLORS[curve.levels[0]]
        panel.text(at, 1.11, f"━ {name}", transform=panel.transAxes, fontsize=LETTERS, color=color)
        at += 0.14 + sum(0.058 if ord(sign) > 0x2E80 else 0.032 for sign in name)
    _amounts(panel, curves, highest, LETTERS, 0.13)


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
    longest, highest = _ends(curves)
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


def _amounts(
    panel: Any, curves: Sequence[Curve], highest: float, letters: float = 9.5, gap: float = 0.055
) -> None:
    """The last amount of each line at its end, equal ones once, moved apart where they overlap."""
    apart = highest * gap
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
            xytext=(10 if letters < LETTERS else 5, 0),
            textcoords="offset points",
            va="center",
            fontsize=letters,
            color=colors[0] if len(colors) == 1 else INK,
            annotation_clip=False,
        )
