"""Reading a drawn figure back: its texts, marks and values."""

from functools import lru_cache
from itertools import combinations
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from bias_transfer.report.figures._marks import INTERVAL, REFERENCE


def texts(within: Figure | Axes) -> list[str]:
    return [text.get_text() for text in within.findobj(Text) if text.get_text()]


def count(axes: Axes, gid: str) -> int:
    """Count the finite points of all marks of one kind."""
    points = sum(len(each.get_offsets()) for each in axes.collections if each.get_gid() == gid)
    return points + sum(int(np.isfinite(line).sum()) for line in heights(axes, gid))


def heights(axes: Axes, gid: str) -> list[NDArray[np.float64]]:
    """Return the heights of each line of one kind."""
    return [
        np.asarray(line.get_ydata(), dtype=float) for line in axes.lines if line.get_gid() == gid
    ]


def dots(axes: Axes, gid: str) -> list[NDArray[np.float64]]:
    """Return the places along the axis of each collection of dots of one kind."""
    return [
        np.asarray(each.get_offsets())[:, 0] for each in axes.collections if each.get_gid() == gid
    ]


def intervals(axes: Axes, along: Literal["x", "y"]) -> NDArray[np.float64]:
    """Return both ends of each interval along an axis, shape (intervals, 2)."""
    here, there = (0, 1) if along == "x" else (1, 0)
    lines = [
        np.asarray(segment)
        for each in axes.collections
        if each.get_gid() == INTERVAL and isinstance(each, LineCollection)
        for segment in each.get_segments()
    ]
    ends = [line[:, here] for line in lines if line[0, there] == line[1, there]]
    return np.array(ends).reshape(-1, 2)


def references(axes: Axes) -> list[float]:
    """Return where the dashed "no bias" lines stand."""
    lines = [line for line in axes.lines if line.get_gid() == REFERENCE]
    ends = [(np.asarray(line.get_xdata()), np.asarray(line.get_ydata())) for line in lines]
    return [float(x[0]) if x[0] == x[1] else float(y[0]) for x, y in ends]


def rows(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def ticks(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_xticklabels()]


@lru_cache(maxsize=32)
def boxes(figure: Figure) -> list[tuple[str, Bbox]]:
    """Return every visible text and where it stands, in pixels; a figure is laid out once."""
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    # Ticks outside the axis limits exist but are not drawn.
    unseen = {
        tick.label1
        for axes in figure.axes
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim()))
        for tick in axis.get_major_ticks()
        if not min(limits) <= tick.get_loc() <= max(limits)
    }
    return [
        (text.get_text(), Text.get_window_extent(text, renderer))
        for text in figure.findobj(Text)
        if text.get_visible() and text.get_text().strip() and text not in unseen
    ]


def off_page(figure: Figure) -> list[str]:
    """Return the texts that the page cuts."""
    page = figure.bbox
    return [
        text
        for text, box in boxes(figure)
        if box.x0 < page.x0 or box.x1 > page.x1 or box.y0 < page.y0 or box.y1 > page.y1
    ]


def overlaps(figure: Figure) -> list[tuple[str, str]]:
    """Return the pairs of texts that hide each other."""
    return [
        (first, second)
        for (first, a), (second, b) in combinations(boxes(figure), 2)
        if a.x0 < b.x1 and b.x0 < a.x1 and a.y0 < b.y1 and b.y0 < a.y1
    ]
