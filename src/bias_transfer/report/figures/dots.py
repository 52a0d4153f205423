"""Rows of dots: one row an intervention, one dot an item, coloured by rank in the first row."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D

from bias_transfer.report.figures import style
from bias_transfer.report.figures.style import Array, Measure

# Inches a letter of an item's name takes, a little more than the average.
_LETTER = 0.053
_MEDIAN_WIDTH = 1.8


@dataclass(frozen=True)
class Group:
    """Models that one row of dots averages over; without any the row stays empty."""

    label: str
    table: pd.DataFrame

    @property
    def text(self) -> str:
        """The label and how many models there are."""
        models = self.table["model"].nunique()
        count = f"\nmean of {models} models" if models > 1 else "\n1 model" if models else ""
        return self.label + count


@dataclass(frozen=True)
class Row:
    """One row of dots.

    Attributes
    ----------
    label
        Written to the left of the row.
    means
        What `style.item_means` returns; without any item the row says that there is no model.
    ends
        Names of the lowest and the highest dot; a single one is the highest dot's.
    notes
        Lines to write to the right of the row, above the number of undefined observations.
    """

    label: str
    means: pd.DataFrame
    ends: tuple[str, ...]
    notes: tuple[str, ...] = ()


def draw_rows(axes: Axes, rows: Sequence[Row], measure: Measure) -> None:
    """Draw rows of dots below each other, and how each correlates with the first one.

    Parameters
    ----------
    axes
        The panel, the limits along its rows already set.
    rows
        From top to bottom; ranks in the first one give the items their colours.
    measure
        Gives the scale, the label of the axis and the value that means "no bias".
    """
    first = rows[0].means["value"]
    colours = _rank_colours(first)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [row.label for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(measure.axis)
    if measure.neutral is not None:
        style.draw_reference(axes, measure.neutral, "x")
    for height, row in enumerate(rows):
        if row.means.empty:
            style.say_no_model_in_row(axes, height)
            continue
        _draw_dots(axes, height, row, measure, colours)
        texts = [*row.notes, _undefined_text(row.means)]
        if height > 0:
            correlation = style.correlation(first, row.means["value"])[0]
            texts.insert(0, style.correlation_text(correlation))
        _write_beside(axes, height, texts)


def _rank_colours(values: pd.Series) -> dict[str, str]:
    """Colour each item by the rank of its value, dark for low and yellow for high."""
    ranks = values.dropna().rank(method="first")
    last = max(1, len(ranks) - 1)
    return {str(item): _rank_colour((rank - 1) / last) for item, rank in ranks.items()}


def _rank_colour(share: float) -> str:
    """Return the colour of a rank, 0 for the lowest and 1 for the highest."""
    # The palest end of the map would vanish on white.
    return to_hex(colormaps["viridis"](0.92 * share))


def _draw_dots(
    axes: Axes, height: int, row: Row, measure: Measure, colours: Mapping[str, str]
) -> None:
    """Draw one dot an item, their median, the names of both ends and the items without a value."""
    values = row.means["value"]
    defined = values.dropna().sort_values(kind="stable")
    drawn = measure.drawn(defined.to_numpy(dtype=float))
    if len(drawn):
        # Multiples of the golden ratio spread neighbours evenly without a random number.
        jitter = np.arange(len(drawn)) * (math.sqrt(5) - 1) / 2 % 1 - 0.5
        axes.scatter(
            drawn,
            height + 0.06 + 0.4 * jitter,
            s=14,
            c=[colours.get(str(item), style.GREY) for item in defined.index],
            linewidths=0,
            alpha=0.9,
            zorder=3,
            gid=style.DEFINED,
        )
        median = float(np.median(drawn))
        axes.plot(
            [median] * 2,
            [height - 0.2, height + 0.32],
            color=style.ORANGE,
            linewidth=_MEDIAN_WIDTH,
        )
        _name_ends(axes, height, drawn[[0, -1]], row.ends)
    lost = int(values.isna().sum())
    style.mark_undefined(
        axes, height + 0.06 + 0.4 * (np.arange(lost) + 0.5 - lost / 2) / max(lost, 1), "right"
    )


def _name_ends(axes: Axes, height: int, ends: Array, names: Sequence[str]) -> None:
    """Name the lowest and the highest dot above the row; the highest alone if both do not fit."""
    width = style.inches_wide(axes)
    points = axes.transData.transform(np.column_stack([ends, [height, height]]))
    low, high = (float(x) for x in axes.transAxes.inverted().transform(points)[:, 0])
    low_width, high_width = (_LETTER * len(name) / width for name in (names[0], names[-1]))
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
            fontsize=6.5,
            va="bottom",
            path_effects=style.halo(),
            zorder=4,
        )


def _undefined_text(means: pd.DataFrame) -> str:
    return style.undefined_text(int(means["undefined"].sum()), int(means["observations"].sum()))


def _write_beside(axes: Axes, height: int, texts: Sequence[str]) -> None:
    axes.text(
        1.045,
        height,
        "\n".join(texts),
        transform=axes.get_yaxis_transform(),
        fontsize=style.SMALL,
        va="center",
    )


def handles(where: str) -> list[Line2D]:
    """Return the legend entries of `draw_rows`; `where` says what the first row shows."""
    return [
        style.dot_handle(_rank_colour(0.0), f"lowest {where}"),
        style.dot_handle(_rank_colour(0.5), f"middle {where}"),
        style.dot_handle(_rank_colour(1.0), f"highest {where}"),
        style.dot_handle(style.GREY, f"undefined {where}"),
        Line2D([], [], color=style.ORANGE, linewidth=_MEDIAN_WIDTH, label="median of the row"),
        style.undefined_handle(),
    ]
