"""Rows of dots: one row a set of models, one dot an item, coloured by rank in the first row."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from bias_transfer.analysis.description import Quantity
from bias_transfer.report.figures import _text
from bias_transfer.report.figures._axes import set_limits
from bias_transfer.report.figures._labels import halo
from bias_transfer.report.figures._look import GREY, SMALL, TICK, inches, inches_wide
from bias_transfer.report.figures._marks import (
    DEFINED,
    dot_handle,
    draw_intervals,
    draw_reference,
    mark_undefined,
    say_no_model_in_row,
    undefined_handle,
)
from bias_transfer.report.figures._means import Means, every_end, every_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

_NAME = SMALL
# Values that differ by no more share an end of a row.
_SAME = 1e-9


@dataclass(frozen=True, eq=False)
class Row:
    """One row of dots.

    Attributes
    ----------
    label
        Written to the left of the row.
    means
        What is drawn; without any item the row says that there is no model.
    correlation
        With the unmodified model, to be written to the right; None leaves it out.
    """

    label: str
    means: Means
    correlation: float | None = None

    @property
    def text(self) -> str:
        """The label, and how many models there are."""
        return _text.row_label(self.label, _text.models(self.means.models))

    @property
    def numbers(self) -> list[str]:
        """What stands beside the row."""
        texts = [] if self.correlation is None else [_text.correlation(self.correlation)]
        return [*texts, _text.undefined(self.means.undefined, self.means.observations)]


def draw_rows(
    axes: Axes, rows: Sequence[Row], quantity: Quantity, title: Callable[[str], str]
) -> None:
    """Draw rows of dots below each other, and write beside each what its numbers are.

    Parameters
    ----------
    axes
        The panel.
    rows
        From top to bottom; ranks in the first one give the items their colours.
    quantity
        Gives the scale, the label of the axis and the value that means "no bias".
    title
        Gives an item's name.
    """
    colours = _rank_colours(rows[0].means.drawn)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [row.text for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(_text.axis_label(quantity.axis, 1.3 * inches_wide(axes)))
    draw_reference(axes, quantity.neutral, "x")
    for height, row in enumerate(rows):
        if row.means.drawn.empty:
            say_no_model_in_row(axes, height)
            continue
        _draw_dots(axes, height, row.means, colours, title)
        axes.text(
            1.045,
            height,
            "\n".join(row.numbers),
            transform=axes.get_yaxis_transform(),
            fontsize=SMALL,
            va="center",
        )


def set_scale(axes: Axes, rows: Sequence[Row], quantity: Quantity) -> None:
    """Fit the axis of values to all rows that share it."""
    means = [row.means for row in rows]
    set_limits(axes, "x", every_value(means), every_end(means), quantity, 0.1)


def left_margin(rows: Sequence[Row]) -> float:
    """Return the inches that the labels of rows take to the left of a panel."""
    return 0.25 + inches([row.text for row in rows], TICK)


def right_margin(rows: Sequence[Row]) -> float:
    """Return the inches that the numbers beside rows take to the right of a panel."""
    return 0.2 + inches([text for row in rows for text in row.numbers], SMALL)


def _rank_colours(values: pd.Series) -> dict[str, str]:
    """Colour each item by the rank of its value, dark for low and yellow for high."""
    ranks = values.dropna().rank(method="first")
    last = max(1, len(ranks) - 1)
    return {str(item): _rank_colour((rank - 1) / last) for item, rank in ranks.items()}


def _rank_colour(share: float) -> str:
    """Return the colour of a rank, 0 for the lowest and 1 for the highest."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    # The palest end of the map would vanish on white.
    return to_hex(colormaps["viridis"](0.92 * share))


def _draw_dots(
    axes: Axes,
    height: int,
    means: Means,
    colours: Mapping[str, str],
    title: Callable[[str], str],
) -> None:
    """Draw one dot an item and its interval, the names of both ends, the items without a value."""
    values = means.drawn
    defined = values.dropna().sort_values(kind="stable")
    if len(defined):
        # Multiples of the golden ratio spread neighbours evenly without a random number.
        jitter = np.arange(len(defined)) * (math.sqrt(5) - 1) / 2 % 1 - 0.5
        heights = height + 0.06 + 0.4 * jitter
        low, high = (each[defined.index].to_numpy(dtype=float) for each in (means.low, means.high))
        draw_intervals(axes, heights, low, high, "x")
        axes.scatter(
            defined.to_numpy(dtype=float),
            heights,
            s=14,
            c=[colours.get(str(item), GREY) for item in defined.index],
            linewidths=0,
            alpha=0.9,
            zorder=3,
            gid=DEFINED,
        )
    # Where the outermost dot may not be named, no other stands for it.
    ends = {
        end: name
        for end in map(float, defined.iloc[[0, -1]] if len(defined) else ())
        if (name := _name(means.to_name, end, title))
    }
    if ends:
        places, names = np.array([min(ends), max(ends)]), list(ends.values())
        _name_ends(axes, height, places, names if np.ptp(places) > _SAME else names[:1])
    lost = int(values.isna().sum())
    mark_undefined(
        axes, height + 0.06 + 0.4 * (np.arange(lost) + 0.5 - lost / 2) / max(lost, 1), "right"
    )


def _name(values: pd.Series, end: float, title: Callable[[str], str]) -> str:
    """Name the items at one end, if any; many can share it, as a rate of zero does."""
    names = [title(str(item)) for item in values.index[(values - end).abs() <= _SAME]]
    return f"{names[0]} and {len(names) - 1} more" if len(names) > 1 else "".join(names)


def _name_ends(axes: Axes, height: int, ends: NDArray[np.float64], names: Sequence[str]) -> None:
    """Name the lowest and the highest dot above the row; the highest alone if both do not fit."""
    width = inches_wide(axes)
    points = axes.transData.transform(np.column_stack([ends, [height, height]]))
    low, high = (float(x) for x in axes.transAxes.inverted().transform(points)[:, 0])
    low_width, high_width = (inches([name], _NAME) / width for name in (names[0], names[-1]))
    starts = [
        min(max(low - low_width / 2, 0.02), 1 - low_width),
        min(max(high - high_width / 2, 0), 1 - high_width),
    ]
    if starts[0] + low_width > starts[1]:
        starts = [max(low - low_width, 0.02), min(high, 1 - high_width)]
    labels = [(starts[1], names[-1])]
    if len(names) > 1 and starts[0] + low_width <= starts[1]:
        labels.append((starts[0], names[0]))
    for start, name in labels:
        axes.text(
            start,
            height - 0.22,
            name,
            transform=axes.get_yaxis_transform(),
            fontsize=_NAME,
            va="bottom",
            path_effects=halo(),
            zorder=4,
        )


def handles(where: str) -> list[Line2D]:
    """Return the legend entries of `draw_rows`; `where` says what the first row shows."""
    return [
        dot_handle(_rank_colour(0.0), f"lowest {where}"),
        dot_handle(_rank_colour(0.5), f"middle {where}"),
        dot_handle(_rank_colour(1.0), f"highest {where}"),
        dot_handle(GREY, f"undefined {where}"),
        undefined_handle(),
    ]
