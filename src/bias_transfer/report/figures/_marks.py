"""Marks that every figure shares: values that do not exist, the "no bias" line, legend entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from bias_transfer.analysis.description import Quantity
from bias_transfer.report.figures._labels import halo
from bias_transfer.report.figures._look import GREY, INK, legend_entry
from bias_transfer.report.figures._text import NO_MODEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

Side = Literal["bottom", "left", "right"]

# Names by which a drawn mark is found again, in a test or in an edited drawing.
DEFINED = "defined"
UNDEFINED = "undefined"
REFERENCE = "reference"
INTERVAL = "interval"

_UNDEFINED_MARKER = "D"
_DASHES = (0, (4, 3))


def mark_undefined(
    axes: Axes, positions: NDArray[np.float64], side: Side, colour: str = INK
) -> None:
    """Draw one hollow mark a position at an edge of the panel, for values that do not exist.

    Parameters
    ----------
    axes
        The panel, its limits already set.
    positions
        Where along the edge, in data units.
    side
        The edge.
    colour
        The marks' outline.
    """
    if len(positions) == 0:
        return
    edge = np.full(len(positions), 1.0 if side == "right" else 0.0)
    along_x = side == "bottom"
    axes.scatter(
        positions if along_x else edge,
        edge if along_x else positions,
        transform=axes.get_xaxis_transform() if along_x else axes.get_yaxis_transform(),
        marker=_UNDEFINED_MARKER,
        s=20,
        facecolors="white",
        edgecolors=colour,
        linewidths=0.9,
        clip_on=False,
        zorder=5,
        gid=UNDEFINED,
    )


def draw_intervals(
    axes: Axes,
    positions: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    along: Literal["x", "y"],
    *,
    colour: str = GREY,
    width: float = 0.6,
) -> None:
    """Draw a thin line from end to end of each interval that is known, below the points.

    Parameters
    ----------
    axes
        The panel.
    positions
        Where each line stands on the other axis, in data units.
    low, high
        The ends.
    along
        The axis that the lines run along.
    colour, width
        Of the lines.
    """
    known = np.isfinite(positions) & np.isfinite(low) & np.isfinite(high)
    draw = axes.hlines if along == "x" else axes.vlines
    draw(
        positions[known],
        low[known],
        high[known],
        color=colour,
        linewidth=width,
        alpha=0.6,
        zorder=1.8,
        gid=INTERVAL,
    )


def interval_handles(*quantities: Quantity, colour: str = GREY) -> list[Line2D]:
    """Return the legend entry for the lines of `draw_intervals`, if any quantity has them."""
    of_templates = any(each.per_template for each in quantities)
    of_counts = any(each.variance for each in quantities)
    why = [
        *(["upstream from the spread over templates"] if of_templates else []),
        *(["downstream from the counts of test rows"] if of_counts else []),
    ]
    if not why:
        return []
    label = f"95 % interval: {', '.join(why)}"
    if of_counts:
        label += "; what another fine-tuning seed would change is not in it"
    # See `_axes.set_limits`.
    label += "; one that reaches the edge goes on beyond it"
    return [legend_entry(color=colour, linewidth=1.0, alpha=0.6, label=label)]


def undefined_handle() -> Line2D:
    """Return the legend entry for the marks of `mark_undefined`."""
    return legend_entry(
        linestyle="none",
        marker=_UNDEFINED_MARKER,
        markersize=4.5,
        markerfacecolor="white",
        markeredgecolor=INK,
        label="undefined: no value to draw",
    )


def dot_handle(colour: str, label: str, marker: str = "o") -> Line2D:
    """Return the legend entry of a dot."""
    return legend_entry(linestyle="none", marker=marker, markersize=4.5, color=colour, label=label)


def text_handle(label: str) -> Line2D:
    """Return a legend entry that explains what is written, not drawn."""
    return legend_entry(linestyle="none", label=label)


def draw_reference(axes: Axes, value: float | None, axis: Literal["x", "y"]) -> None:
    """Draw the dashed line at the value that means "no bias", if there is one."""
    if value is not None and np.isfinite(value):
        draw = axes.axvline if axis == "x" else axes.axhline
        draw(value, color=INK, linewidth=0.9, linestyle=_DASHES, zorder=1.5, gid=REFERENCE)


def reference_handle(text: str) -> Line2D:
    """Return the legend entry for the line of `draw_reference`."""
    return legend_entry(color=INK, linewidth=0.9, linestyle=_DASHES, label=text)


def reference_handles(*quantities: Quantity) -> list[Line2D]:
    """Return the legend entries for the lines of some quantities, of those that have one."""
    texts = [each.neutral_text for each in quantities if each.neutral is not None]
    return [reference_handle(text) for text in dict.fromkeys(texts)]


def say_no_model(axes: Axes) -> None:
    """Leave a panel empty and say why."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.text(0.5, 0.5, NO_MODEL, transform=axes.transAxes, ha="center", va="center", color=GREY)


def say_no_model_in_row(axes: Axes, height: float) -> None:
    """Leave one row of a panel empty and say why."""
    axes.text(
        0.5,
        height,
        NO_MODEL,
        transform=axes.get_yaxis_transform(),
        ha="center",
        va="center",
        color=GREY,
        path_effects=halo(),
    )
